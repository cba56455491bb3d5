/* ofctl_group.c - see ofctl.h: groups.
 *
 * Text is read and checked as a whole before anything is sent; then each message is followed by a
 * barrier, and the first error ends the program. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/group.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

void group_mods_parse(char *text, int command, const struct name_map *names, const char *file,
                      int line, struct group_mod *gm, uint32_t *usable)
{
    uint32_t can;
    char *error = group_mod_parse(text, command, names, gm, &can);

    if (error && file) {
        cmd_fatal("%s:%d: %s", file, line, error);
    }
    cmd_check(error);
    *usable &= can;
}

void group_mods_encode(const struct group_mod *gm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    bool insert = gm->command == GM_INSERT_BUCKET;

    if ((insert || gm->command == GM_REMOVE_BUCKET) && !group_has_props(version)) {
        cmd_fatal("%s-bucket needs OpenFlow 1.5 or later ('-O OpenFlow15')",
                  insert ? "insert" : "remove");
    }
    group_mod_encode(gm, version, xid, w);
    if (w->err) {
        cmd_fatal("the group is too long for an OpenFlow message, or OpenFlow 1.%d cannot carry it",
                  version - 1);
    }
}

/* Sends all of them, each with a barrier behind it, or in a bundle. */
static void send_mods(struct session *s, const struct group_mod *gms, size_t n, uint32_t usable)
{
    flows_check_usable(s->ctl, usable);
    session_check_usable(s, usable);
    struct wire_wr all = WIRE_WR_INIT(SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        group_mods_encode(&gms[i], s->version, ofconn_next_xid(s->conn), &w);
        if (s->ctl->bundle) {
            wire_wr_bytes(&all, w.data, w.len);
            wire_wr_deinit(&w);
        } else {
            session_transact(s, &w);
        }
    }
    if (s->ctl->bundle) {
        session_bundle(s, &all);
    }
}

/* `command` -1: lines may begin with a word that says it. */
static void send_file(struct session *s, const char *name, int command)
{
    struct group_mod *gms = NULL;
    struct line_reader r;
    uint32_t usable = PROTOCOL_ANY;
    size_t n = 0;
    char *text;

    lines_open(&r, name, "open failed");
    while (lines_next(&r, &text)) {
        gms = xrealloc(gms, (n + 1) * sizeof *gms);
        group_mods_parse(text, command, names_input(&s->names), r.name, r.number, &gms[n++],
                         &usable);
    }
    lines_close(&r);
    send_mods(s, gms, n, usable);
    for (size_t i = 0; i < n; i++) {
        group_mod_deinit(&gms[i]);
    }
    free(gms);
}

/* `-` as the group reads groups from standard input. */
static void group_mod_command(int argc, char *argv[], int command, void *aux)
{
    struct session s;

    session_open(&s, aux, argv[1]);
    if (argc > 2 && !strcmp(argv[2], "-")) {
        send_file(&s, argv[2], command);
    } else {
        struct group_mod gm;
        uint32_t usable = PROTOCOL_ANY;
        char *text = xstrdup(argc > 2 ? argv[2] : "");
        group_mods_parse(text, command, names_input(&s.names), NULL, 0, &gm, &usable);
        send_mods(&s, &gm, 1, usable);
        group_mod_deinit(&gm);
        free(text);
    }
    session_close(&s);
}

void ofctl_add_group(int argc, char *argv[], void *aux)
{
    group_mod_command(argc, argv, GM_ADD, aux);
}

void ofctl_mod_group(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    group_mod_command(argc, argv, ctl->may_create ? GM_ADD_OR_MODIFY : GM_MODIFY, aux);
}

void ofctl_del_groups(int argc, char *argv[], void *aux)
{
    group_mod_command(argc, argv, GM_DELETE, aux);
}

void ofctl_insert_buckets(int argc, char *argv[], void *aux)
{
    group_mod_command(argc, argv, GM_INSERT_BUCKET, aux);
}

void ofctl_remove_buckets(int argc, char *argv[], void *aux)
{
    group_mod_command(argc, argv, GM_REMOVE_BUCKET, aux);
}

void ofctl_add_groups(int argc, char *argv[], void *aux)
{
    struct session s;

    session_open(&s, aux, argv[1]);
    send_file(&s, argv[2], -1);
    session_close(&s);
}

static void dump(const char *target, enum msg_type type, uint32_t id, void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;

    session_open(&s, aux, target);
    uint32_t xid = ofconn_next_xid(s.conn);
    if (type == MSG_GROUP_FEATURES_REQUEST) {
        msg_encode_simple(group_msg_type(type, s.version), s.version, xid, NULL, 0, &w);
    } else {
        group_request_encode(type, id, s.version, xid, &w);
    }
    session_print_replies(&s, &w, xid);
    session_close(&s);
}

/* A number that is none means all groups. */
void ofctl_dump_groups(int argc, char *argv[], void *aux)
{
    uint32_t id = OFPG_ALL;

    if (argc > 2 && !strcasecmp(argv[2], "any")) {
        id = OFPG_ANY;
    } else if (argc > 2 && !text_to_u32(argv[2], &id)) {
        id = OFPG_ALL;
    }
    dump(argv[1], MSG_GROUP_DESC_REQUEST, id, aux);
}

void ofctl_dump_group_stats(int argc, char *argv[], void *aux)
{
    struct group_mod gm;
    uint32_t usable = PROTOCOL_ANY;
    char *text = xstrdup(argc > 2 ? argv[2] : "");

    group_mods_parse(text, GM_DELETE, NULL, NULL, 0, &gm, &usable);
    free(text);
    dump(argv[1], MSG_GROUP_STATS_REQUEST, gm.group.id, aux);
}

void ofctl_dump_group_features(int argc, char *argv[], void *aux)
{
    dump(argv[1], MSG_GROUP_FEATURES_REQUEST, OFPG_ALL, aux);
}

void ofctl_parse_group(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct group_mod gm;
    uint32_t usable = PROTOCOL_ANY;
    char *text = xstrdup(argv[1]);

    group_mods_parse(text, GM_ADD, NULL, NULL, 0, &gm, &usable);
    uint8_t version = parse_choose_version(ctl, usable);
    group_mods_encode(&gm, version, 1, &w);
    parse_print_message(ctl, &w);
    group_mod_deinit(&gm);
    free(text);
}
