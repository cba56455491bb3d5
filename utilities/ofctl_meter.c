/* ofctl_meter.c - see ofctl.h: meters, which OpenFlow has since 1.3. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/meter.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

static void parse(const char *text, int command, struct meter_mod *mm)
{
    char *copy = xstrdup(text);
    cmd_check(meter_mod_parse(copy, command, mm));
    free(copy);
}

static void open_session(struct session *s, const char *target, const struct ofctl *ctl)
{
    flows_check_usable(ctl, PROTOCOL_OF13_UP);
    session_open(s, ctl, target);
    session_check_usable(s, PROTOCOL_OF13_UP);
}

static void encode(const struct meter_mod *mm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    meter_mod_encode(mm, version, xid, w);
    if (w->err) {
        cmd_fatal("the meter is too long for an OpenFlow message");
    }
}

static void send_mod(const char *target, struct meter_mod *mm, const struct ofctl *ctl)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;

    open_session(&s, target, ctl);
    encode(mm, s.version, ofconn_next_xid(s.conn), &w);
    session_transact(&s, &w);
    session_close(&s);
    meter_deinit(&mm->meter);
}

static void mod_command(char *argv[], int command, const struct ofctl *ctl)
{
    struct meter_mod mm;

    parse(argv[2], command, &mm);
    send_mod(argv[1], &mm, ctl);
}

void ofctl_add_meter(int argc, char *argv[], void *aux)
{
    mod_command(argv, MM_ADD, aux);
}

void ofctl_mod_meter(int argc, char *argv[], void *aux)
{
    mod_command(argv, MM_MODIFY, aux);
}

/* The meter that the command names, or all. */
static void parse_id(int argc, char *argv[], struct meter_mod *mm)
{
    *mm = (struct meter_mod){.command = MM_DELETE, .meter.id = OFPM_ALL};
    if (argc > 2) {
        parse(argv[2], MM_DELETE, mm);
    }
}

void ofctl_del_meters(int argc, char *argv[], void *aux)
{
    struct meter_mod mm;

    parse_id(argc, argv, &mm);
    send_mod(argv[1], &mm, aux);
}

static void dump(int argc, char *argv[], enum msg_type type, void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct meter_mod mm;
    struct session s;

    parse_id(argc, argv, &mm);
    open_session(&s, argv[1], aux);
    uint32_t xid = ofconn_next_xid(s.conn);
    if (type == MSG_METER_FEATURES_REQUEST) {
        msg_encode_simple(type, s.version, xid, NULL, 0, &w);
    } else {
        meter_request_encode(type, mm.meter.id, s.version, xid, &w);
    }
    session_print_replies(&s, &w, xid);
    session_close(&s);
}

void ofctl_dump_meters(int argc, char *argv[], void *aux)
{
    dump(argc, argv, MSG_METER_CONFIG_REQUEST, aux);
}

void ofctl_meter_stats(int argc, char *argv[], void *aux)
{
    dump(argc, argv, MSG_METER_STATS_REQUEST, aux);
}

void ofctl_meter_features(int argc, char *argv[], void *aux)
{
    dump(argc, argv, MSG_METER_FEATURES_REQUEST, aux);
}

void ofctl_parse_meter(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct meter_mod mm;

    parse(argv[1], MM_ADD, &mm);
    encode(&mm, parse_choose_version(ctl, PROTOCOL_OF13_UP), 1, &w);
    parse_print_message(ctl, &w);
    meter_deinit(&mm.meter);
}
