/* ct-lines.c - the tracker behind lines, for tests/model/tracker.py.
 *
 * A line: MILLISECONDS ZONE COMMIT NAT ALG MARK/MASK LABEL/MASK HEX.  A fragment is kept, and
 * answered `held`, until its datagram is whole.  The frame goes through ct(zone=ZONE), and if it is
 * new and COMMIT is 1, through ct(commit) as well; COMMIT 2 is one ct(commit,force).  NAT: `-`
 * none, `n` bare, `sMIN,MAX,PORT,PORT` (addresses in hex, ports decimal, 0: none), `d...` likewise;
 * ranges apply to the commit.  The answer: the state after the first, `drop` or `ok`, why it is
 * invalid or -, mark, label, original protocol, addresses and ports, and the frame. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct.h"
#include "lib/ct/ct_frag.h"
#include "lib/packet/parse.h"

static const char *const reasons[] = {
    "-",
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

/* False: not such a text. */
static bool read_nat(const char *s, struct ct_nat *nat)
{
    char min[40], max[40];
    *nat = (struct ct_nat){.flags = 0};
    if (*s == 'n' || *s == '-') {
        return true;
    }
    nat->flags = *s == 's' ? CT_NAT_SRC : CT_NAT_DST;
    if (sscanf(s + 1, "%32[0-9a-f],%32[0-9a-f],%" SCNu16 ",%" SCNu16, min, max, &nat->port_min,
               &nat->port_max) != 4) {
        return false;
    }
    nat->has_addr = true;
    nat->is_ip6 = read_hex(min, nat->addr_min, 16) == 16;
    read_hex(max, nat->addr_max, 16);
    return true;
}

static void show_hex(const uint8_t *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        printf("%02x", s[i]);
    }
    putchar(' ');
}

static void show(const struct packet *p, uint8_t state, bool ok)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv"};
    const char *sep = "";
    for (int i = 0; i < 5; i++) {
        if (state & BIT(i)) {
            printf("%s%s", sep, names[i]);
            sep = "|";
        }
    }
    printf(" %s %s ", ok ? "ok" : "drop", reasons[p->ct.inv_reason]);
    printf("%08" PRIx32 " ", p->ct.mark);
    show_hex(p->ct.label, 16);
    printf("%u ", p->ct.orig_proto);
    show_hex(p->ct.orig_src, p->ct.orig_is_ip6 ? 16 : 4);
    show_hex(p->ct.orig_dst, p->ct.orig_is_ip6 ? 16 : 4);
    printf("%u %u ", ntohs(p->ct.orig_tp_src), ntohs(p->ct.orig_tp_dst));
    show_hex(p->data, p->len);
    putchar('\n');
}

/* MARK/MASK LABEL/MASK, and where the frame begins; 0: not such texts. */
static int read_marks(const char *s, struct ct_args *args)
{
    char label[2][33];
    int n = 0;
    if (sscanf(s, "%" SCNx32 "/%" SCNx32 " %32[0-9a-f]/%32[0-9a-f] %n", &args->mark,
               &args->mark_mask, label[0], label[1], &n) != 4 ||
        read_hex(label[0], args->label, 16) != 16 ||
        read_hex(label[1], args->label_mask, 16) != 16) {
        return 0;
    }
    return n;
}

int main(void)
{
    static char line[10000], spec[200];
    static uint8_t frame[4000];
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 100000, .hash_seed = 7});
    struct ct_args args = {0};
    struct ct_nat nat;
    int64_t ms;
    int at, n;
    unsigned commit;

    setvbuf(stdout, NULL, _IOLBF, 0);
    rcu_register_thread();
    while (ct && fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%" SCNd64 " %" SCNu16 " %u %199s %" SCNu16 " %n", &ms, &args.zone,
                   &commit, spec, &args.alg, &at) != 5 ||
            !read_nat(spec, &nat) || !(n = read_marks(line + at, &args))) {
            fprintf(stderr, "not a line: %s", line);
            return 1;
        }
        struct packet *p = packet_new_data(frame, read_hex(line + at + n, frame, sizeof frame));
        struct key key;
        parse_key(p, &key);
        p = ct_frag_take(ct, p, args.zone, ms);
        if (!p) {
            puts("held ok - 00");
            continue;
        }
        args.nat = *spec == '-' ? NULL : &nat;
        args.commit = args.force = commit == 2;
        bool ok = ct_execute(ct, p, &args, ms) == CT_GOES_ON;
        uint8_t state = p->ct.state;
        if (commit == 1 && state & CS_NEW) {
            args.commit = true;
            ok = ct_execute(ct, p, &args, ms) == CT_GOES_ON;
        }
        show(p, state, ok);
        packet_free(p);
        ct_sweep(ct, ms, 50);
        rcu_quiescent_state();
    }
    fflush(stdout);
    ct_free(ct);
    rcu_unregister_thread();
    return 0;
}
