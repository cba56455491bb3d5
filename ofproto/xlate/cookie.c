/* cookie.c - see cookie.h. */
#include "ofproto/xlate/cookie.h"

#define COOKIE_FIXED offsetof(struct cookie, regs)

void cookie_put(struct dp_actions *actions, const struct cookie *c)
{
    uint32_t map = 0;
    size_t n = 0;

    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (c->regs[i]) {
            map |= UINT32_C(1) << i;
            n++;
        }
    }
    size_t len = COOKIE_FIXED + n * sizeof c->regs[0];
    struct dp_action_userspace *a = dp_actions_put(actions, DP_ACTION_USERSPACE, sizeof *a + len);
    if (actions->overflow) {
        return; /* 'a' is the scratch action, too small for a cookie. */
    }
    a->a.u32 = (uint32_t)len;
    memcpy(a->cookie, c, COOKIE_FIXED);
    memcpy(a->cookie + offsetof(struct cookie, regs_map), &map, sizeof map);
    uint8_t *p = a->cookie + COOKIE_FIXED;
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (c->regs[i]) {
            memcpy(p, &c->regs[i], sizeof c->regs[i]);
            p += sizeof c->regs[i];
        }
    }
}

bool cookie_get(const void *data, size_t len, struct cookie *c)
{
    const uint8_t *p = data;

    memset(c, 0, sizeof *c);
    if (len < COOKIE_FIXED) {
        return false;
    }
    memcpy(c, p, COOKIE_FIXED);
    size_t n = (size_t)__builtin_popcount(c->regs_map);
    if (len != COOKIE_FIXED + n * sizeof c->regs[0]) {
        return false;
    }
    p += COOKIE_FIXED;
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (c->regs_map & UINT32_C(1) << i) {
            memcpy(&c->regs[i], p, sizeof c->regs[i]);
            p += sizeof c->regs[i];
        }
    }
    return true;
}

bool cookie_format(const void *data, size_t len, struct text *t)
{
    struct cookie c;

    if (!cookie_get(data, len, &c)) {
        return false;
    }
    text_printf(t,
                "controller(reason=%u,dont_send=0,continuation=0,recirc_id=0,rule_cookie=%#" PRIx64
                ",controller_id=%u,max_len=%u)",
                c.reason, c.rule_cookie, c.controller_id, c.max_len);
    return true;
}

/* A member that is not zero, with an all-ones mask. */
static void put_bytes(struct match *m, size_t ofs, const void *value, size_t n)
{
    if (!is_all_zeros(value, n)) {
        memcpy((uint8_t *)&m->flow + ofs, value, n);
        memset((uint8_t *)&m->mask + ofs, 0xff, n);
    }
}

#define PUT(M, MEMBER, VALUE) put_bytes(M, offsetof(struct flow, MEMBER), &(VALUE), sizeof(VALUE))

static void put_ct(const struct cookie *c, const struct key *key, struct match *m)
{
    struct key inv = {.ct_state = htonl(CS_TRK | CS_INV), .ct_zone = htons(c->inv_zone)};
    const struct key *k = c->ct == COOKIE_CT_KEY ? key : &inv;

    if (c->ct == COOKIE_CT_NONE || !k->ct_state) {
        return;
    }
    PUT(m, key.ct_state, k->ct_state);
    PUT(m, key.ct_zone, k->ct_zone);
    PUT(m, key.ct_mark, k->ct_mark);
    PUT(m, key.ct_label, k->ct_label);
    if (!k->ct_proto) {
        return;
    }
    PUT(m, key.ct_proto, k->ct_proto);
    PUT(m, key.ct_ip_src, k->ct_ip_src);
    PUT(m, key.ct_ip_dst, k->ct_ip_dst);
    PUT(m, key.ct_ip6_src, k->ct_ip6_src);
    PUT(m, key.ct_ip6_dst, k->ct_ip6_dst);
    PUT(m, key.ct_tp_src, k->ct_tp_src);
    PUT(m, key.ct_tp_dst, k->ct_tp_dst);
}

void cookie_match(const struct cookie *c, const struct key *key, struct match *m)
{
    memset(m, 0, sizeof *m);
    m->flow.in_port = htonl(c->in_port);
    m->mask.in_port = UINT32_MAX;
    PUT(m, metadata, c->metadata);
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        put_bytes(m, offsetof(struct flow, regs) + i * sizeof(be32), &c->regs[i], sizeof(be32));
    }
    PUT(m, key.skb_mark, key->skb_mark);
    PUT(m, key.tun_id, key->tun_id);
    PUT(m, key.tun_src, key->tun_src);
    PUT(m, key.tun_dst, key->tun_dst);
    PUT(m, key.tun_ip6_src, key->tun_ip6_src);
    PUT(m, key.tun_ip6_dst, key->tun_ip6_dst);
    put_ct(c, key, m);
}
