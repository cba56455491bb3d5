/* kprobe_more.c - see kernel.h: what this kernel's actions know beyond what is used, or refused one
 * by one; for dpif/show-dp-features.
 *
 * An action is known if a flow with it is taken.  As kprobe.c's, the flows match an input port that
 * no vport has, and the kernel does not log its refusals. */
#include "lib/dp/kernel/kernel.h"

#define PROBE_PORT  0xfffe
#define MAX_NESTING 10 /* Deeper is as good as any. */
/* Attributes of kernels newer than the headers that this is built with. */
#define ATTR_ADD_MPLS   22
#define ATTR_DEC_TTL    23
#define ATTR_DROP       24
#define DEC_TTL_ACTION  1
#define HASH_ALG_SYM_L4 1

static const uint64_t probe_id[2] = {UINT64_C(0x50524f4245), 2};

/* ---- the actions ---- */

static void put_check_pkt_len(struct nlwr *w)
{
    size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_CHECK_PKT_LEN);
    nlwr_put_u16(w, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, 100);
    nlwr_end(w, nlwr_nest(w, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER));
    nlwr_end(w, nlwr_nest(w, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL));
    nlwr_end(w, nest);
}

static void put_timeout(struct nlwr *w)
{
    size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_CT);
    nlwr_put_flag(w, OVS_CT_ATTR_COMMIT);
    nlwr_put_str(w, NLACTION_CT_TIMEOUT, "probe"); /* One that there is not is no error. */
    nlwr_end(w, nest);
}

static void put_nat(struct nlwr *w, bool any)
{
    size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_CT);
    nlwr_put_flag(w, OVS_CT_ATTR_COMMIT);
    size_t nat = nlwr_nest(w, OVS_CT_ATTR_NAT);
    if (any) {
        nlwr_put_flag(w, OVS_NAT_ATTR_SRC);
        nlwr_put_u32(w, OVS_NAT_ATTR_IP_MIN, 0);
    }
    nlwr_end(w, nat);
    nlwr_end(w, nest);
}

static void put_plain_nat(struct nlwr *w)
{
    put_nat(w, false);
}

static void put_nat_to_any(struct nlwr *w)
{
    put_nat(w, true);
}

static void put_drop(struct nlwr *w)
{
    nlwr_put_u32(w, ATTR_DROP, 0);
}

static void put_add_mpls(struct nlwr *w)
{
    /* struct ovs_action_add_mpls: be32 entry, be16 type, u16 flags. */
    struct {
        be32 lse;
        be16 type;
        uint16_t flags;
    } mpls = {htonl(0x100), htons(0x8847), 0};
    nlwr_put_data(w, ATTR_ADD_MPLS, &mpls, sizeof mpls);
}

static void put_dec_ttl(struct nlwr *w)
{
    size_t nest = nlwr_nest(w, ATTR_DEC_TTL);
    nlwr_end(w, nlwr_nest(w, DEC_TTL_ACTION));
    nlwr_end(w, nest);
}

static void put_sym_l4(struct nlwr *w)
{
    nlwr_put_data(w, OVS_ACTION_ATTR_HASH,
                  &(struct ovs_action_hash){.hash_alg = HASH_ALG_SYM_L4, .hash_basis = 1},
                  sizeof(struct ovs_action_hash));
}

static void put_samples(struct nlwr *w, unsigned depth)
{
    if (depth) {
        size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_SAMPLE);
        nlwr_put_u32(w, OVS_SAMPLE_ATTR_PROBABILITY, UINT32_MAX);
        size_t actions = nlwr_nest(w, OVS_SAMPLE_ATTR_ACTIONS);
        put_samples(w, depth - 1);
        nlwr_end(w, actions);
        nlwr_end(w, nest);
    }
}

/* ---- asking ---- */

static struct nlwr *begin(struct kernel *k, uint8_t cmd, uint16_t flags, struct nlwr *w)
{
    nlsock_begin(k->sock, NLSOCK_FLOW, cmd, flags, k->ifindex, w);
    nlwr_put_data(w, OVS_FLOW_ATTR_UFID, probe_id, sizeof probe_id);
    return w;
}

static bool knows(struct kernel *k, void (*put)(struct nlwr *), unsigned n_samples)
{
    const struct key key = {.in_port = PROBE_PORT, .eth_type = htons(0x0800), .ip_proto = 6};
    const struct nlkey_features plain = {.max_vlans = 1, .max_mpls = 1};
    struct nlwr w;

    begin(k, OVS_FLOW_CMD_NEW, NLM_F_CREATE, &w);
    size_t nest = nlwr_nest(&w, OVS_FLOW_ATTR_KEY);
    nlkey_put(&key, NULL, &plain, &w);
    nlwr_end(&w, nest);
    nest = nlwr_nest(&w, OVS_FLOW_ATTR_ACTIONS);
    if (put) {
        put(&w);
    } else {
        put_samples(&w, n_samples);
    }
    nlwr_end(&w, nest);
    nlwr_put_flag(&w, OVS_FLOW_ATTR_PROBE);
    return !nlsock_call(k->sock, &w, NULL, NULL) &&
           !nlsock_call(k->sock, begin(k, OVS_FLOW_CMD_DEL, 0, &w), NULL, NULL);
}

static void put_line(struct text *t, const char *name, bool yes)
{
    text_printf(t, "%s: %s\n", name, yes ? "Yes" : "No");
}

void kprobe_format_more(const struct dp *up, struct text *t)
{
    static const struct {
        const char *name;
        void (*put)(struct nlwr *);
    } rows[] = {
        {"Check pkt length action", put_check_pkt_len},
        {"Conntrack timeout policy", put_timeout},
        {"Explicit Drop action", put_drop},
        {"Conntrack NAT", put_plain_nat},
        {"Conntrack all-zero IP SNAT", put_nat_to_any},
        {"MPLS Label add", put_add_mpls},
        {"Decrement TTL action", put_dec_ttl},
    };
    struct kernel *k = kernel_of(up);
    unsigned depth = 0;

    while (depth < MAX_NESTING && knows(k, NULL, depth + 1)) {
        depth++;
    }
    text_printf(t, "Sample nesting: %u\n", depth);
    text_printf(t, "Max dp_hash algorithm: %d\n", knows(k, put_sym_l4, 0));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        put_line(t, rows[i].name, knows(k, rows[i].put, 0));
    }
    put_line(t, "Conntrack zone limits", k->families.id[NLSOCK_CT_LIMIT] != 0);
    put_line(t, "Per-CPU upcall dispatch", k->per_cpu);
}
