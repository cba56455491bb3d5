/* ct-replay.c - shows frames to the tracker: one line "MILLISECONDS HEX" each on standard input,
 * with Ethernet header.  Answers "new", "est|rpl", "inv reason" ..., after what is new was
 * committed, and the name of the timeout that its connection has now, or "-".  For comparisons
 * with other trackers (tests/system/test_nf_conntrack.py). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct_timeout.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

static const char *const reasons[] = {
    "",
#define CT_REASON(ID, DOC) #ID,
#include "lib/ct_reasons.def"
#undef CT_REASON
};

static uint32_t read_hex(const char *s, uint8_t *to, uint32_t room)
{
    uint32_t n = 0;
    unsigned byte;
    while (n < room && sscanf(s + 2 * n, "%2x", &byte) == 1) {
        to[n++] = (uint8_t)byte;
    }
    return n;
}

#define APART 10000u /* Seconds between the timeouts, so that each has its own. */

static void set_timeouts(struct ct *ct)
{
    struct ct_timeouts t = {.has = BIT64(CT_N_TIMEOUTS) - 1};
    for (unsigned i = 0; i < CT_N_TIMEOUTS; i++) {
        t.seconds[i] = (i + 1) * APART;
    }
    ct_zone_set_timeouts(ct, 0, &t);
}

/* Of the connection between the ends of 'p', whichever began it. */
static const char *timeout_of(struct ct *ct, const struct packet *p, int64_t ms)
{
    struct ct_info infos[8];
    struct ip_info ip;
    uint32_t pos = 0;
    be16 ports[2] = {0};
    if (!ip_packet(p, &ip)) {
        return "-";
    }
    if (ip.l4_len >= sizeof ports) {
        memcpy(ports, p->data + p->l3_ofs + ip.l4_ofs, sizeof ports);
    }
    for (unsigned n; (n = ct_dump(ct, &(struct ct_filter){0}, &pos, infos, 8, ms)) > 0;) {
        for (unsigned i = 0; i < n; i++) {
            const struct ct_tuple *o = &infos[i].orig;
            bool same = (o->src_port == ports[0] && o->dst_port == ports[1]) ||
                        (o->src_port == ports[1] && o->dst_port == ports[0]);
            bool any = !o->src_port || ip.proto == IPPROTO_HDR_ICMP;
            if (o->proto == ip.proto && (same || any)) {
                int64_t at = (infos[i].timeout_ms / 1000 + APART - 1) / APART;
                return ct_timeout_name((enum ct_timeout)(at - 1));
            }
        }
    }
    return "-";
}

static void show(const struct packet_ct *ct)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv"};
    const char *sep = "";
    for (int i = 0; i < 5; i++) {
        if (ct->state & BIT(i)) {
            printf("%s%s", sep, names[i]);
            sep = "|";
        }
    }
    printf("%s%s", ct->state & CS_INV ? " " : "", reasons[ct->inv_reason]);
}

int main(void)
{
    static char line[140000];
    static uint8_t frame[66000];
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 1000000, .hash_seed = 7});
    int64_t ms;
    int at;
    setvbuf(stdout, NULL, _IOLBF, 0);
    rcu_register_thread();
    if (ct) {
        set_timeouts(ct);
    }
    while (ct && fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%" SCNd64 " %n", &ms, &at) != 1) {
            return 1;
        }
        uint32_t n = read_hex(line + at, frame, sizeof frame);
        struct packet *p = packet_new_data(frame, n);
        struct key key;
        struct ct_args args = {0};
        parse_key(p, &key);
        ct_execute(ct, p, &args, ms);
        show(&p->ct);
        if (p->ct.state & CS_NEW) {
            args.commit = true;
            ct_execute(ct, p, &args, ms);
        }
        printf(" %s\n", timeout_of(ct, p, ms));
        packet_free(p);
        rcu_quiescent_state();
    }
    ct_free(ct);
    rcu_unregister_thread();
    return 0;
}
