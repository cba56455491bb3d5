/* direct_flow.c - see lib/dp/direct.h: flows of the kernel, as anybody has put them. */
#include "lib/dp/kernel/direct-private.h"
#include "lib/dp/kernel/nlaction.h"
#include "lib/dp/kernel/nlkey.h"

/* Everything that a kernel of today knows; an older one says EINVAL to what it does not. */
static const struct nlaction_env all_actions = {.set_masked = true,
                                                .ct_clear = true,
                                                .clone = true,
                                                .trunc = true,
                                                .meter = true,
                                                .force_commit = true,
                                                .ct_timeout = true,
                                                .push_eth = true,
                                                .push_nsh = true,
                                                .add_mpls = true,
                                                .check_pkt_len = true};

/* Attributes that old kernels do not know are there only if they are matched. */
static struct nlkey_features features_for(const struct key *key, const struct key *mask)
{
    const size_t deeper = sizeof key->mpls_lse - sizeof key->mpls_lse[0];
    bool one_label =
        is_all_zeros(&key->mpls_lse[1], deeper) && is_all_zeros(&mask->mpls_lse[1], deeper);

    return (struct nlkey_features){.ct_state = true,
                                   .ct_zone = true,
                                   .ct_mark = true,
                                   .ct_label = true,
                                   .ct_orig_tuple = true,
                                   .ct_orig_tuple6 = true,
                                   .ip6_exthdr = mask->ip6_exthdr != 0,
                                   .max_vlans = KEY_MAX_VLANS,
                                   .max_mpls = one_label ? 1 : KEY_MAX_MPLS,
                                   .bare_masks = true};
}

/* ---- from the kernel ---- */

struct walk {
    dp_direct_flow_cb *cb;
    void *aux;
};

static bool read_attr(struct nlrd *r, struct dp_direct_flow *f)
{
    struct ovs_flow_stats stats;

    switch (r->type) {
    case OVS_FLOW_ATTR_KEY:
        return nlkey_get(r->data, r->n, false, &f->key);
    case OVS_FLOW_ATTR_MASK:
        return nlkey_get(r->data, r->n, true, &f->mask);
    case OVS_FLOW_ATTR_ACTIONS:
        f->actions = r->data;
        f->actions_len = r->n;
        return true;
    case OVS_FLOW_ATTR_UFID:
        f->has_ufid = r->n == sizeof f->ufid;
        memcpy(f->ufid, r->data, MIN(r->n, sizeof f->ufid));
        return true;
    case OVS_FLOW_ATTR_STATS:
        if (r->n == sizeof stats) {
            memcpy(&stats, r->data, sizeof stats);
            f->stats.packets = stats.n_packets;
            f->stats.bytes = stats.n_bytes;
        }
        return true;
    case OVS_FLOW_ATTR_TCP_FLAGS:
        f->stats.tcp_flags = nlrd_u8(r);
        return true;
    case OVS_FLOW_ATTR_USED:
        f->stats.used_ms = (int64_t)nlrd_u64(r);
        return true;
    default:
        return true;
    }
}

static void on_flow(void *w_, const struct nlsock_msg *m)
{
    const struct walk *w = w_;
    struct dp_direct_flow f = {.has_ufid = false};
    struct nlrd r;
    bool ok = m->family == NLSOCK_FLOW;

    memset(&f.mask, 0xff, sizeof f.mask); /* Without the attribute all is matched. */
    nlrd_init(&r, m->attrs, m->n);
    while (ok && nlrd_next(&r)) {
        ok = read_attr(&r, &f);
    }
    if (ok && !r.err && w->cb) {
        w->cb(w->aux, &f);
    }
}

int dp_direct_flow_walk(struct dp_direct *d, int id, dp_direct_flow_cb *cb, void *aux)
{
    struct walk walk = {.cb = cb, .aux = aux};
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, id, &w);
    int error = nlsock_call(d->sock, &w, on_flow, &walk);
    return error == EINTR ? 0 : error; /* Others change flows meanwhile. */
}

static void put_bytes(const struct nlrd *r, struct text *t)
{
    text_printf(t, "action%u", r->type);
    for (uint16_t i = 0; i < r->n; i++) {
        text_printf(t, "%c%02x", i ? ' ' : '(', r->data[i]);
    }
    text_puts(t, r->n ? ")" : "");
}

void dp_direct_format_actions(const struct dp_direct_flow *f, const struct dp_format *format,
                              struct text *t)
{
    struct dp_actions one = DP_ACTIONS_INIT;
    const size_t start = t->len;
    struct nlrd r;

    nlrd_init(&r, f->actions, f->actions_len);
    while (nlrd_next(&r)) {
        text_puts(t, t->len > start ? "," : "");
        dp_actions_clear(&one);
        if (nlaction_get(&r, &one)) {
            dp_format_actions(one.data, one.len, format, t);
        } else {
            put_bytes(&r, t);
        }
    }
    if (t->len == start) {
        text_puts(t, "drop");
    }
    dp_actions_deinit(&one);
}

/* ---- to the kernel ---- */

/* Everything that is matched must have gone into an attribute of the mask. */
static bool is_whole(const struct key *mask, const void *attrs, size_t n)
{
    struct key seen;

    if (!nlkey_get(attrs, n, true, &seen)) {
        return false;
    }
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (key_words(mask)[i] & ~key_words(&seen)[i]) {
            return false;
        }
    }
    return true;
}

static void put_key(const struct dp_direct_request *q, struct nlwr *w, const char **why)
{
    const struct nlkey_features f = features_for(q->key, q->mask);
    size_t nest = nlwr_nest(w, OVS_FLOW_ATTR_KEY);

    nlkey_put(q->key, NULL, &f, w);
    nlwr_end(w, nest);
    nest = nlwr_nest(w, OVS_FLOW_ATTR_MASK);
    const size_t start = w->len;
    nlkey_put(q->key, q->mask, &f, w);
    if (!w->err && !is_whole(q->mask, w->data + start, w->len - start)) {
        *why = "a header is matched that packets of this EtherType and protocol have not, or that "
               "the kernel does not see";
    }
    nlwr_end(w, nest);
}

static bool put_actions(const struct dp_direct_request *q, struct nlwr *w, const char **why)
{
    size_t nest = nlwr_nest(w, OVS_FLOW_ATTR_ACTIONS);
    bool ok = nlaction_put(q->actions->data, q->actions->len, &all_actions, w, why);

    nlwr_end(w, nest);
    return ok;
}

int dp_direct_flow(struct dp_direct *d, int id, const struct dp_direct_request *q,
                   dp_direct_flow_cb *cb, void *aux, const char **why)
{
    static const struct {
        uint8_t cmd;
        uint16_t flags;
    } cmds[] = {
        [DP_DIRECT_ADD] = {OVS_FLOW_CMD_NEW, NLM_F_CREATE},
        [DP_DIRECT_MODIFY] = {OVS_FLOW_CMD_SET, 0},
        [DP_DIRECT_EITHER] = {OVS_FLOW_CMD_NEW, 0},
        [DP_DIRECT_DEL] = {OVS_FLOW_CMD_DEL, 0},
        [DP_DIRECT_GET] = {OVS_FLOW_CMD_GET, 0},
    };
    struct walk walk = {.cb = cb, .aux = aux};
    struct nlwr w;

    *why = NULL;
    nlsock_begin(d->sock, NLSOCK_FLOW, cmds[q->cmd].cmd,
                 (uint16_t)(cmds[q->cmd].flags | (cb ? NLM_F_ECHO : 0)), id, &w);
    if (q->ufid) {
        nlwr_put_data(&w, OVS_FLOW_ATTR_UFID, q->ufid, 16);
    }
    if (q->key) {
        put_key(q, &w, why);
    }
    if (*why || (q->actions && !put_actions(q, &w, why))) {
        return EOPNOTSUPP;
    }
    if (q->clear) {
        nlwr_put_flag(&w, OVS_FLOW_ATTR_CLEAR);
    }
    return w.err ? EMSGSIZE : nlsock_call(d->sock, &w, on_flow, &walk);
}

int dp_direct_flow_flush(struct dp_direct *d, int id)
{
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_FLOW, OVS_FLOW_CMD_DEL, 0, id, &w);
    return nlsock_call(d->sock, &w, NULL, NULL);
}
