/* kprobe.c - see kernel.h: what this kernel can do, found out by asking it to.
 *
 * A key is known if a flow with it comes back the same (old kernels drop what they do not know); an
 * action, if a flow with it is taken.  OVS_FLOW_ATTR_PROBE keeps the kernel from logging the
 * refusals.  Probe flows name an input port that no vport has, so that no packet meets them. */
#include "lib/dp/action_kernel.h"
#include "lib/dp/kernel/kernel.h"
#include "lib/log.h"

LOG_MODULE(kprobe);

#define PROBE_PORT 0xfffe
#define ANY_PROTO  253 /* Without ports. */

struct probe {
    struct kernel *k;
    struct nlkey_features all; /* As if everything were known. */
    const struct key *key;
    bool same;
    bool no_ufids; /* A flow that was taken is not found by its UFID. */
};

static const uint64_t probe_id[2] = {UINT64_C(0x50524f4245), 1};

static void on_flow(void *p_, const struct nlsock_msg *m)
{
    struct probe *p = p_;
    struct nlrd r;
    struct key back;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY && nlkey_get(r.data, r.n, false, &back)) {
            p->same = !memcmp(&back, p->key, sizeof back);
        }
    }
}

static struct nlwr *begin(struct probe *p, uint8_t cmd, uint16_t flags, struct nlwr *w)
{
    nlsock_begin(p->k->sock, NLSOCK_FLOW, cmd, flags, p->k->ifindex, w);
    nlwr_put_data(w, OVS_FLOW_ATTR_UFID, probe_id, sizeof probe_id);
    return w;
}

/* Puts a flow, looks whether it comes back the same, deletes it.  False: it does not. */
static bool probe_flow(struct probe *p, const struct key *key, const struct dp_actions *actions,
                       const struct nlaction_env *env)
{
    struct nlwr w;
    const char *why;

    p->key = key;
    p->same = false;
    begin(p, OVS_FLOW_CMD_NEW, NLM_F_CREATE, &w);
    size_t nest = nlwr_nest(&w, OVS_FLOW_ATTR_KEY);
    nlkey_put(key, NULL, &p->all, &w);
    nlwr_end(&w, nest);
    nest = nlwr_nest(&w, OVS_FLOW_ATTR_ACTIONS);
    bool ok = nlaction_put(actions->data, actions->len, env, &w, &why);
    nlwr_end(&w, nest);
    nlwr_put_flag(&w, OVS_FLOW_ATTR_PROBE);
    if (!ok || nlsock_call(p->k->sock, &w, NULL, NULL)) {
        return false;
    }
    int error = nlsock_call(p->k->sock, begin(p, OVS_FLOW_CMD_GET, 0, &w), on_flow, p);
    p->no_ufids |= error == EINVAL;
    error |= nlsock_call(p->k->sock, begin(p, OVS_FLOW_CMD_DEL, 0, &w), NULL, NULL);
    return !error && p->same;
}

static struct key ip_key(void)
{
    return (struct key){.in_port = PROBE_PORT, .eth_type = htons(0x0800), .ip_proto = ANY_PROTO};
}

static bool knows_key(struct probe *p, const struct key *key)
{
    static const struct dp_actions none = {NULL, 0, 0, false};
    return probe_flow(p, key, &none, &(struct nlaction_env){.upcall_pid = 1});
}

static void probe_ct_keys(struct probe *p, struct nlkey_features *f)
{
    struct key k = ip_key();

    p->all = (struct nlkey_features){.max_vlans = 1, .max_mpls = 1, .ct_state = true};
    k.ct_state = htonl(CS_TRK | CS_NEW);
    f->ct_state = knows_key(p, &k);
    if (!f->ct_state) {
        return;
    }
    p->all.ct_zone = true;
    k.ct_zone = htons(1);
    f->ct_zone = p->all.ct_zone = knows_key(p, &k);
    p->all.ct_mark = true;
    k.ct_mark = htonl(1);
    f->ct_mark = p->all.ct_mark = knows_key(p, &k);
    p->all.ct_label = true;
    k.ct_label[15] = 1;
    f->ct_label = p->all.ct_label = knows_key(p, &k);

    struct key k4 = k, k6 = k;
    k4.ct_proto = k6.ct_proto = 6;
    p->all.ct_orig_tuple = p->all.ct_orig_tuple6 = true;
    k4.ct_ip_src = htonl(1);
    f->ct_orig_tuple = knows_key(p, &k4);
    k6.eth_type = htons(0x86dd);
    k6.ct_ip6_src[15] = 1;
    f->ct_orig_tuple6 = knows_key(p, &k6);
}

static void probe_depths(struct probe *p, struct nlkey_features *f)
{
    struct key k = ip_key();

    p->all = (struct nlkey_features){.max_vlans = 2, .max_mpls = 1};
    k.vlan[0] = (struct key_vlan){htons(0x88a8), htons(VLAN_CFI | 1)};
    k.vlan[1] = (struct key_vlan){htons(0x8100), htons(VLAN_CFI | 2)};
    f->max_vlans = knows_key(p, &k) ? 2 : 1;
    f->max_mpls = 0;
    for (unsigned n = KEY_MAX_MPLS; n && !f->max_mpls; n--) {
        k = (struct key){.in_port = PROBE_PORT, .eth_type = htons(0x8847)};
        for (unsigned i = 0; i < n; i++) {
            k.mpls_lse[i] = htonl((i + 1) << 12 | (i + 1 == n ? 0x100 : 0));
        }
        p->all.max_mpls = n;
        f->max_mpls = knows_key(p, &k) ? n : 0;
    }
    k = ip_key();
    k.eth_type = htons(0x86dd);
    k.ip6_exthdr = htons(1);
    p->all.ip6_exthdr = true;
    f->ip6_exthdr = knows_key(p, &k);
}

/* Is a flow with this one action taken, and packets of this protocol?  'env' says the action may be
 * written. */
static bool knows_action(struct probe *p, const void *action, size_t len, uint8_t proto,
                         const struct nlaction_env *env)
{
    struct dp_actions list = DP_ACTIONS_INIT;
    struct key k = ip_key();

    p->all = (struct nlkey_features){.max_vlans = 1, .max_mpls = 1};
    k.ip_proto = proto;
    struct dp_action *a = dp_actions_put(&list, ((const struct dp_action *)action)->type, len);
    uint16_t whole = a->len;
    memcpy(a, action, len);
    a->len = whole;
    bool known = probe_flow(p, &k, &list, env);
    dp_actions_deinit(&list);
    return known;
}

/* Headers around packets: one action of each kind stands for what takes them off, too. */
static void probe_encap(struct probe *p, const struct nlaction_env *all, struct nlaction_env *env)
{
    static const uint8_t nsh[24] = {0, 63, 1, 3, 0, 0, 0, 255};
    static const uint8_t mpls[8] = {0, 0, 1, 64, 0x88, 0x47, 0, 0};
    const struct {
        enum action_kernel_kind kind;
        const uint8_t *data;
        size_t n;
        bool *known;
    } rows[] = {
        {ACTION_KERNEL_POP_ETH, NULL, 0, &env->push_eth},
        {ACTION_KERNEL_PUSH_NSH, nsh, sizeof nsh, &env->push_nsh},
        {ACTION_KERNEL_ADD_MPLS, mpls, sizeof mpls, &env->add_mpls},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct dp_actions list = DP_ACTIONS_INIT;
        action_kernel_end(&list, action_kernel_begin(&list, rows[i].kind, rows[i].data, rows[i].n));
        *rows[i].known = knows_action(p, list.data, list.len, ANY_PROTO, all);
        dp_actions_deinit(&list);
    }
}

static void probe_actions(struct probe *p, struct nlaction_env *env, struct dp_features *features)
{
    const struct nlaction_env all = {.upcall_pid = 1,
                                     .set_masked = true,
                                     .ct_clear = true,
                                     .clone = true,
                                     .trunc = true,
                                     .check_pkt_len = true,
                                     .ct_timeout = true,
                                     .force_commit = true,
                                     .push_eth = true,
                                     .push_nsh = true,
                                     .add_mpls = true};
    struct nlaction_env eventmask = all;
    struct dp_action_set set = {.a = {.type = DP_ACTION_SET, .u32 = DP_SET_IP4}};
    struct dp_action_ct ct = {.a.type = DP_ACTION_CT, .commit = true, .zone = 1};
    struct dp_action_ct timeout = {.a.type = DP_ACTION_CT,
                                   .commit = true,
                                   .timeout = DP_CT_TIMEOUT_TCP4};
    struct dp_action_ct nat = {.a.type = DP_ACTION_CT, .nat = true};
    struct dp_action_ct alg = {.a.type = DP_ACTION_CT, .commit = true, .alg = 21}; /* Of TCP. */
    const struct dp_action clear = {.type = DP_ACTION_CT_CLEAR};
    const struct dp_action trunc = {.type = DP_ACTION_TRUNC, .u32 = 64};
    const struct dp_action clone = {.type = DP_ACTION_CLONE};
    const struct dp_action hash = {.type = DP_ACTION_HASH};
    const struct dp_action_check_pkt_len length = {
        .a = {.type = DP_ACTION_CHECK_PKT_LEN, .u32 = 100}};

    set.value.ip4.ttl = set.mask.ip4.ttl = 1;
    eventmask.ct_eventmask = true;
    *env = (struct nlaction_env){0};
    env->set_masked = knows_action(p, &set, sizeof set, ANY_PROTO, &all);
    env->ct_eventmask = knows_action(p, &ct, sizeof ct, ANY_PROTO, &eventmask);
    ct.force = true;
    env->force_commit = knows_action(p, &ct, sizeof ct, ANY_PROTO, &all);
    env->ct_clear = knows_action(p, &clear, sizeof clear, ANY_PROTO, &all);
    env->trunc = knows_action(p, &trunc, sizeof trunc, ANY_PROTO, &all);
    features->ct_nat = knows_action(p, &nat, sizeof nat, ANY_PROTO, &all);
    features->ct_alg = knows_action(p, &alg, sizeof alg, 6, &all);
    env->ct_timeout = knows_action(p, &timeout, sizeof timeout, 6, &all); /* Not there: no error. */
    env->check_pkt_len = knows_action(p, &length, sizeof length, ANY_PROTO, &all);
    env->clone = knows_action(p, &clone, sizeof clone, ANY_PROTO, &all);
    features->hash = knows_action(p, &hash, sizeof hash, ANY_PROTO, &all);
    probe_encap(p, &all, env);
}

bool kprobe_run(struct kernel *k)
{
    struct probe p = {.k = k, .all = {.max_vlans = 1, .max_mpls = 1}};
    struct nlkey_features *f = &k->key_features;
    const struct key plain = ip_key();

    if (!knows_key(&p, &plain) && p.no_ufids) {
        return false;
    }
    probe_ct_keys(&p, f);
    probe_depths(&p, f);
    k->features = (struct dp_features){.ct = f->ct_state,
                                       .ct_zone = f->ct_zone,
                                       .ct_mark = f->ct_mark,
                                       .ct_label = f->ct_label,
                                       .ct_orig_tuple = f->ct_orig_tuple,
                                       .recirc = true,
                                       .max_vlan_headers = f->max_vlans,
                                       .max_mpls_depth = f->max_mpls};
    probe_actions(&p, &k->action_env, &k->features);
    k->features.ct_clear = k->action_env.ct_clear;
    k->features.clone = k->action_env.clone;
    kmeter_probe(k);
    k->features.meter = k->action_env.meter = k->meter_features.max_meters != 0;
    log_info("%s: ct state %d zone %d mark %d label %d tuple %d/%d, nat %d, ftp %d, %u VLAN tags, "
             "%u MPLS labels, "
             "masked set %d, ct_clear %d, clone %d, trunc %d",
             k->up.name, f->ct_state, f->ct_zone, f->ct_mark, f->ct_label, f->ct_orig_tuple,
             f->ct_orig_tuple6, k->features.ct_nat, k->features.ct_alg, f->max_vlans, f->max_mpls,
             k->action_env.set_masked, k->action_env.ct_clear, k->action_env.clone,
             k->action_env.trunc);
    return true;
}
