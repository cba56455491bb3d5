/* ct-replay.c - shows frames to the tracker: one line "MILLISECONDS HEX" each on standard input,
 * with Ethernet header.  Answers "new", "est|rpl", "inv reason" ..., after what is new was
 * committed.  For comparisons with other trackers (tests/system/test_nf_conntrack.py). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct.h"
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
    printf("%s%s\n", ct->state & CS_INV ? " " : "", reasons[ct->inv_reason]);
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
        packet_free(p);
        rcu_quiescent_state();
    }
    ct_free(ct);
    rcu_unregister_thread();
    return 0;
}
