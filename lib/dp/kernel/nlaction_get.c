/* nlaction_get.c - see nlaction.h: OVS_ACTION_ATTR_* as datapath actions. */
#include <string.h>

#include "lib/dp/kernel/nlaction-private.h"
#include "lib/dp/kernel/nlkey.h"

#define MAX_DEPTH 16 /* As the kernel's own limit. */

static struct dp_action *put(struct dp_actions *l, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(l, type, sizeof *a);
    a->u32 = u32;
    return a;
}

/* ---- set ---- */

static void read_members(const struct nlaction_header *h, const uint8_t *from,
                         union dp_set_value *v)
{
    uint8_t *to = (uint8_t *)v;

    for (const struct nlaction_member *m = h->m; m < h->m + NLACTION_MAX_MEMBERS && m->n; m++) {
        if (m->host32) {
            uint32_t x;
            memcpy(&x, from + m->attr, 4);
            memcpy(to + m->value, &(be32){htonl(x)}, 4);
        } else {
            memcpy(to + m->value, from + m->attr, m->n);
        }
    }
}

/* The attribute as a key of its own. */
static bool get_tunnel(const struct nlrd *attr, struct dp_actions *l)
{
    struct nlrd r;
    struct key k;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE) {
            return false; /* No key has it. */
        }
    }
    if (!nlkey_get(attr->data - NLA_HDRLEN, (size_t)attr->n + NLA_HDRLEN, false, &k)) {
        return false;
    }
    dp_actions_set_tunnel(l, &k);
    return true;
}

/* One header, whole or with its mask. */
static bool get_set(const struct nlrd *attr, bool masked, struct dp_actions *l)
{
    struct nlrd r;
    unsigned i = 0;

    nlrd_init(&r, attr->data, attr->n);
    if (!nlrd_next(&r)) {
        return false;
    }
    if (r.type == OVS_KEY_ATTR_TUNNEL) {
        return !masked && get_tunnel(&r, l);
    }
    while (i < NLACTION_N_HEADERS && nlaction_headers[i].attr != r.type) {
        i++;
    }
    if (!r.type || i == NLACTION_N_HEADERS ||
        r.n != (masked ? 2u : 1u) * nlaction_headers[i].size) {
        return false;
    }
    const struct nlaction_header *h = &nlaction_headers[i];
    static const uint8_t ones[64] = {[0 ... 63] = 0xff};
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = i;
    read_members(h, r.data, &s->value);
    read_members(h, masked ? r.data + h->size : ones, &s->mask);
    return true;
}

/* ---- ct ---- */

static bool get_nat(const struct nlrd *attr, struct dp_action_ct *ct)
{
    struct nlrd r;

    ct->nat = true;
    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        bool known = false;
        if (r.type == OVS_NAT_ATTR_IP_MIN || r.type == OVS_NAT_ATTR_IP_MAX) {
            if (r.n != 4 && r.n != 16) {
                return false;
            }
            ct->nat_af = r.n == 4 ? 4 : 6;
            memcpy(r.type == OVS_NAT_ATTR_IP_MIN ? ct->nat_min : ct->nat_max, r.data, r.n);
            known = true;
        } else if (r.type == OVS_NAT_ATTR_PROTO_MIN) {
            ct->nat_port_min = nlrd_u16(&r);
            known = true;
        } else if (r.type == OVS_NAT_ATTR_PROTO_MAX) {
            ct->nat_port_max = nlrd_u16(&r);
            known = true;
        }
        for (size_t i = 0; i < NLACTION_N_NAT_FLAGS; i++) {
            if (nlaction_nat_flags[i].attr == r.type) {
                ct->nat_flags |= nlaction_nat_flags[i].flag;
                known = true;
            }
        }
        if (!known) {
            return false;
        }
    }
    if (ct->nat_af && is_all_zeros(ct->nat_max, 16)) {
        memcpy(ct->nat_max, ct->nat_min, 16);
    }
    ct->nat_port_max = MAX(ct->nat_port_max, ct->nat_port_min);
    return !r.err;
}

static bool get_ct_member(struct nlrd *r, struct dp_action_ct *ct)
{
    switch (r->type) {
    case OVS_CT_ATTR_COMMIT:
    case OVS_CT_ATTR_FORCE_COMMIT:
        ct->commit = true;
        ct->force |= r->type == OVS_CT_ATTR_FORCE_COMMIT;
        return true;
    case OVS_CT_ATTR_ZONE:
        ct->zone = nlrd_u16(r);
        return true;
    case OVS_CT_ATTR_MARK:
        if (r->n != 8) {
            return false;
        }
        memcpy(&ct->mark, r->data, 4);
        memcpy(&ct->mark_mask, r->data + 4, 4);
        return true;
    case OVS_CT_ATTR_LABELS:
        if (r->n != 32) {
            return false;
        }
        nlkey_label(ct->label, r->data);
        nlkey_label(ct->label_mask, r->data + 16);
        return true;
    case OVS_CT_ATTR_HELPER:
        ct->alg = r->n == 4 && !memcmp(r->data, "ftp", 4)    ? 21
                  : r->n == 5 && !memcmp(r->data, "tftp", 5) ? 69
                                                             : 0;
        return ct->alg;
    case OVS_CT_ATTR_NAT:
        return get_nat(r, ct);
    case OVS_CT_ATTR_EVENTMASK: /* Not shown. */
        return true;
    default:
        return false;
    }
}

static bool get_ct(const struct nlrd *attr, struct dp_actions *l)
{
    struct dp_action_ct *ct = dp_actions_put(l, DP_ACTION_CT, sizeof *ct);
    const char *timeout = NULL;
    struct nlrd r;

    ct->cookie = UINT64_MAX;
    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_CT_ATTR_TIMEOUT && r.n && !r.data[r.n - 1]) {
            timeout = (const char *)r.data; /* Its name has the zone in it. */
        } else if (!get_ct_member(&r, ct)) {
            return false;
        }
    }
    if (timeout) {
        ct->timeout = (uint8_t)dp_ct_timeout_of_name(ct->zone, timeout);
        if (!ct->timeout) {
            return false;
        }
    }
    return !r.err;
}

/* ---- the rest ---- */

static bool get_userspace(const struct nlrd *attr, struct dp_actions *l)
{
    struct nlrd r, data = {0};
    uint32_t pid = 0, tunnel_port = UINT32_MAX;
    bool actions = false;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_USERSPACE_ATTR_PID) {
            pid = nlrd_u32(&r);
        } else if (r.type == OVS_USERSPACE_ATTR_USERDATA) {
            data = r;
        } else if (r.type == OVS_USERSPACE_ATTR_EGRESS_TUN_PORT) {
            tunnel_port = nlrd_u32(&r);
        } else if (r.type == OVS_USERSPACE_ATTR_ACTIONS) {
            actions = true;
        } else {
            return false;
        }
    }
    struct dp_action_userspace *u = dp_actions_put(l, DP_ACTION_USERSPACE, sizeof *u + data.n);
    u->pid = pid;
    u->actions = actions;
    u->has_tunnel_port = tunnel_port <= UINT16_MAX;
    u->tunnel_port = u->has_tunnel_port ? (uint16_t)tunnel_port : 0;
    u->a.u32 = data.n;
    if (data.n && !l->overflow) {
        memcpy(u->cookie, data.data, data.n);
    }
    return !r.err;
}

static bool get_one(struct nlrd *r, struct dp_actions *, unsigned depth);

static bool get_list(const struct nlrd *attr, struct dp_actions *l, unsigned depth)
{
    struct nlrd r;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (!depth || !get_one(&r, l, depth - 1)) {
            return false;
        }
    }
    return !r.err;
}

static bool get_clone(const struct nlrd *attr, struct dp_actions *l, unsigned depth)
{
    size_t ofs = dp_actions_clone_begin(l);
    bool ok = get_list(attr, l, depth);

    dp_actions_clone_end(l, ofs);
    return ok;
}

static bool get_sample(const struct nlrd *attr, struct dp_actions *l, unsigned depth)
{
    struct nlrd r, list = {0};
    uint32_t probability = 0;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_SAMPLE_ATTR_PROBABILITY) {
            probability = nlrd_u32(&r);
        } else if (r.type == OVS_SAMPLE_ATTR_ACTIONS) {
            list = r;
        }
    }
    const size_t ofs = dp_actions_sample_begin(l, probability);
    bool ok = !r.err && get_list(&list, l, depth);
    dp_actions_sample_end(l, ofs);
    return ok;
}

static bool get_check_pkt_len(const struct nlrd *attr, struct dp_actions *l, unsigned depth)
{
    struct nlrd r, gt = {0}, le = {0};
    const size_t ofs = l->len;
    uint16_t size = 0;

    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_CHECK_PKT_LEN_ATTR_PKT_LEN) {
            size = nlrd_u16(&r);
        } else if (r.type == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER) {
            gt = r;
        } else if (r.type == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL) {
            le = r;
        }
    }
    dp_actions_put(l, DP_ACTION_CHECK_PKT_LEN, sizeof(struct dp_action_check_pkt_len));
    const size_t first = l->len;
    bool ok = !r.err && get_list(&gt, l, depth);
    const size_t second = l->len;
    ok = ok && get_list(&le, l, depth);
    if (ok && !l->overflow) {
        struct dp_action_check_pkt_len *c = (void *)(l->data + ofs);
        c->a.u32 = size;
        c->a.len = (uint16_t)(l->len - ofs);
        c->gt_len = (uint32_t)(second - first);
        c->le_len = (uint32_t)(l->len - second);
    }
    return ok;
}

static bool get_kernel(const struct nlrd *r, struct dp_actions *l, unsigned depth)
{
    struct nlrd list;
    size_t ofs;

    if (!nlaction_kernel_get(r, l, &ofs, &list)) {
        return false;
    }
    bool ok = get_list(&list, l, depth);
    action_kernel_end(l, ofs);
    return ok;
}

static bool get_hash(const struct nlrd *r, struct dp_actions *l)
{
    struct ovs_action_hash hash;

    if (r->n != sizeof hash) {
        return false;
    }
    memcpy(&hash, r->data, sizeof hash);
    if (hash.hash_alg != OVS_HASH_ALG_L4) {
        return get_kernel(r, l, 0);
    }
    put(l, DP_ACTION_HASH, hash.hash_basis);
    return true;
}

static bool get_push_vlan(const struct nlrd *r, struct dp_actions *l)
{
    struct ovs_action_push_vlan v;

    if (r->n != sizeof v) {
        return false;
    }
    memcpy(&v, r->data, sizeof v);
    put(l, DP_ACTION_PUSH_VLAN, (uint32_t)ntohs(v.vlan_tpid) << 16 | ntohs(v.vlan_tci));
    return true;
}

static bool get_push_mpls(const struct nlrd *r, struct dp_actions *l)
{
    struct dp_action_push_mpls *m = dp_actions_put(l, DP_ACTION_PUSH_MPLS, sizeof *m);
    struct ovs_action_push_mpls v;

    if (r->n != sizeof v) {
        return false;
    }
    memcpy(&v, r->data, sizeof v);
    m->lse = v.mpls_lse;
    m->eth_type = v.mpls_ethertype;
    return true;
}

static bool get_one(struct nlrd *r, struct dp_actions *l, unsigned depth)
{
    uint32_t max_len;

    switch (r->type) {
    case OVS_ACTION_ATTR_OUTPUT:
        dp_actions_output(l, nlrd_u32(r));
        return !r->err;
    case OVS_ACTION_ATTR_USERSPACE:
        return get_userspace(r, l);
    case OVS_ACTION_ATTR_SET:
    case OVS_ACTION_ATTR_SET_MASKED:
        return get_set(r, r->type == OVS_ACTION_ATTR_SET_MASKED, l);
    case OVS_ACTION_ATTR_PUSH_VLAN:
        return get_push_vlan(r, l);
    case OVS_ACTION_ATTR_POP_VLAN:
        put(l, DP_ACTION_POP_VLAN, 0);
        return true;
    case OVS_ACTION_ATTR_RECIRC:
        put(l, DP_ACTION_RECIRC, nlrd_u32(r));
        return !r->err;
    case OVS_ACTION_ATTR_HASH:
        return get_hash(r, l);
    case OVS_ACTION_ATTR_PUSH_MPLS:
        return get_push_mpls(r, l);
    case OVS_ACTION_ATTR_POP_MPLS:
        put(l, DP_ACTION_POP_MPLS, ntohs(nlrd_u16(r)));
        return !r->err;
    case OVS_ACTION_ATTR_CT:
        return get_ct(r, l);
    case OVS_ACTION_ATTR_TRUNC:
        max_len = nlrd_u32(r);
        put(l, DP_ACTION_TRUNC, max_len);
        return !r->err;
    case OVS_ACTION_ATTR_CT_CLEAR:
        put(l, DP_ACTION_CT_CLEAR, 0);
        return true;
    case OVS_ACTION_ATTR_METER:
        put(l, DP_ACTION_METER, nlrd_u32(r));
        return !r->err;
    case OVS_ACTION_ATTR_CLONE:
        return get_clone(r, l, depth);
    case OVS_ACTION_ATTR_SAMPLE:
        return get_sample(r, l, depth);
    case OVS_ACTION_ATTR_CHECK_PKT_LEN:
        return get_check_pkt_len(r, l, depth);
    default:
        return get_kernel(r, l, depth);
    }
}

bool nlaction_get(const struct nlrd *attr, struct dp_actions *l)
{
    struct nlrd r = *attr;
    return get_one(&r, l, MAX_DEPTH) && !l->overflow;
}
