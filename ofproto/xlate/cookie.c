/* cookie.c - see cookie.h. */
#include "ofproto/xlate/cookie.h"

#include "lib/packet/geneve_opt.h"
#include "lib/packet/tlv_table.h"

/* What the layout that others know has no member for, in its 'id'. */
struct own {
    uint32_t bridge_id;
    uint8_t table_id, ct;
    uint16_t inv_zone;
    be64 metadata;
};
_Static_assert(sizeof(struct own) == sizeof(((struct dp_cookie *)0)->id), "it must fit");

/* A map of the registers that are not zero, and these: only if there are some. */
#define REGS_MAX (sizeof(uint32_t) + FLOW_N_REGS * sizeof(be32))

static size_t put_regs(const be32 regs[FLOW_N_REGS], uint8_t to[REGS_MAX])
{
    uint32_t map = 0;
    uint8_t *p = to + sizeof map;

    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (regs[i]) {
            map |= UINT32_C(1) << i;
            memcpy(p, &regs[i], sizeof regs[i]);
            p += sizeof regs[i];
        }
    }
    memcpy(to, &map, sizeof map);
    return map ? (size_t)(p - to) : 0;
}

static bool get_regs(const uint8_t *p, size_t n, be32 regs[FLOW_N_REGS])
{
    uint32_t map = 0;

    if (n) {
        if (n < sizeof map) {
            return false;
        }
        memcpy(&map, p, sizeof map);
        n -= sizeof map;
        p += sizeof map;
    }
    if (n != (size_t)__builtin_popcount(map) * sizeof regs[0]) {
        return false;
    }
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (map & UINT32_C(1) << i) {
            memcpy(&regs[i], p, sizeof regs[i]);
            p += sizeof regs[i];
        }
    }
    return true;
}

void cookie_put(struct dp_actions *actions, const struct cookie *c)
{
    const struct own own = {.bridge_id = c->bridge_id,
                            .table_id = c->table_id,
                            .ct = c->ct,
                            .inv_zone = c->inv_zone,
                            .metadata = c->metadata};
    struct dp_cookie d = {.type = DP_COOKIE_CONTROLLER, .in_port = c->in_port};
    uint8_t regs[REGS_MAX];
    size_t n = put_regs(c->regs, regs);
    struct dp_action_userspace *a =
        dp_actions_put(actions, DP_ACTION_USERSPACE, sizeof *a + sizeof d + n);

    if (actions->overflow) {
        return; /* 'a' is the scratch action, too small for a cookie. */
    }
    memcpy(d.id, &own, sizeof own);
    d.controller.reason = c->reason;
    put_be64(&d.controller.rule_cookie, c->rule_cookie);
    d.controller.controller_id = c->controller_id;
    d.controller.max_len = c->max_len;
    d.controller.continuation = c->paused;
    d.controller.recirc_id = c->continuation;
    a->a.u32 = (uint32_t)(sizeof d + n);
    memcpy(a->cookie, &d, sizeof d);
    memcpy(a->cookie + sizeof d, regs, n);
}

bool cookie_get(const void *data, size_t len, struct cookie *c)
{
    struct dp_cookie d;
    struct own own;

    memset(c, 0, sizeof *c);
    if (len < sizeof d) {
        return false;
    }
    memcpy(&d, data, sizeof d);
    memcpy(&own, d.id, sizeof own);
    *c = (struct cookie){.bridge_id = own.bridge_id,
                         .in_port = d.in_port,
                         .rule_cookie = get_be64(&d.controller.rule_cookie),
                         .metadata = own.metadata,
                         .max_len = d.controller.max_len,
                         .controller_id = d.controller.controller_id,
                         .reason = (uint8_t)d.controller.reason,
                         .table_id = own.table_id,
                         .ct = own.ct,
                         .inv_zone = own.inv_zone,
                         .paused = d.controller.continuation != 0,
                         .continuation = d.controller.recirc_id};
    return d.type == DP_COOKIE_CONTROLLER &&
           get_regs((const uint8_t *)data + sizeof d, len - sizeof d, c->regs);
}

/* ---- samples ---- */

/* In the cookie's 'id': what its layout has no member for. */
struct own_sample {
    uint32_t bridge_id, out_port;
};
_Static_assert(sizeof(struct own_sample) <= sizeof(((struct dp_cookie *)0)->id), "it must fit");

enum dp_cookie_type cookie_type(const void *data, size_t len)
{
    uint16_t type = DP_COOKIE_NONE;

    memcpy(&type, data, MIN(len, sizeof type));
    return type;
}

void cookie_put_sample(struct dp_actions *actions, const struct cookie_sample *c)
{
    const struct own_sample own = {.bridge_id = c->bridge_id, .out_port = c->out_port};
    struct dp_cookie d = {.in_port = c->in_port};
    struct dp_action_userspace *a =
        dp_actions_put(actions, DP_ACTION_USERSPACE, sizeof *a + sizeof d);

    if (actions->overflow) {
        return;
    }
    memcpy(d.id, &own, sizeof own);
    if (c->of_flow) {
        d.type = DP_COOKIE_FLOW_SAMPLE;
        d.flow_sample.probability = c->probability;
        d.flow_sample.collector_set_id = c->collector_set;
        d.flow_sample.obs_domain_id = c->domain;
        d.flow_sample.obs_point_id = c->point;
        d.flow_sample.output_port = c->dp_out_port;
        d.flow_sample.direction = c->direction;
    } else {
        d.type = DP_COOKIE_IPFIX;
        d.ipfix.output_port = c->dp_out_port;
    }
    a->a.u32 = sizeof d;
    memcpy(a->cookie, &d, sizeof d);
}

bool cookie_get_sample(const void *data, size_t len, struct cookie_sample *c)
{
    struct dp_cookie d;
    struct own_sample own;

    memset(c, 0, sizeof *c);
    if (len != sizeof d) {
        return false;
    }
    memcpy(&d, data, sizeof d);
    memcpy(&own, d.id, sizeof own);
    c->bridge_id = own.bridge_id;
    c->in_port = d.in_port;
    c->out_port = own.out_port;
    if (d.type == DP_COOKIE_FLOW_SAMPLE) {
        c->of_flow = true;
        c->probability = d.flow_sample.probability;
        c->collector_set = d.flow_sample.collector_set_id;
        c->domain = d.flow_sample.obs_domain_id;
        c->point = d.flow_sample.obs_point_id;
        c->dp_out_port = d.flow_sample.output_port;
        c->direction = (uint8_t)MIN(d.flow_sample.direction, 2);
    } else {
        c->dp_out_port = d.ipfix.output_port;
    }
    return d.type == DP_COOKIE_FLOW_SAMPLE || d.type == DP_COOKIE_IPFIX;
}

/* ---- the fields of a PACKET_IN ---- */

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

/* The options that the bridge maps; a table's places do not overlap, so that there is room. */
static void put_options(const struct key *key, const struct tlv_table *t, struct match *m)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    while (geneve_opt_next(key->tun_opt, key->tun_opt_len, &ofs, &o)) {
        const struct tlv_mapping *map = tlv_table_find(t, o.class, o.type);
        if (map && map->len == o.len &&
            !match_put_tun(m, map->index, (int)tlv_table_ofs(t, map->index), o.len, o.value,
                           NULL)) {
            continue; /* It came twice. */
        }
    }
}

void cookie_match(const struct cookie *c, const struct key *key, const struct tlv_table *tlvs,
                  struct match *m)
{
    memset(m, 0, sizeof *m);
    m->flow.in_port = htonl(c->in_port);
    m->mask.in_port = UINT32_MAX;
    PUT(m, metadata, c->metadata);
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        put_bytes(m, offsetof(struct flow, regs) + i * sizeof(be32), &c->regs[i], sizeof(be32));
    }
    PUT(m, key.packet_type, key->packet_type);
    PUT(m, key.skb_mark, key->skb_mark);
    PUT(m, key.tun_id, key->tun_id);
    PUT(m, key.tun_src, key->tun_src);
    PUT(m, key.tun_dst, key->tun_dst);
    PUT(m, key.tun_ip6_src, key->tun_ip6_src);
    PUT(m, key.tun_ip6_dst, key->tun_ip6_dst);
    if (tlvs) {
        put_options(key, tlvs, m);
    }
    put_ct(c, key, m);
}
