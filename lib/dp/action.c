/* action.c - see action.h: building a list.  Its text is in action_format.c. */
#include "lib/dp/action.h"

#include <stdlib.h>

#include "lib/dp/action_kernel.h"
#include "lib/mem.h"

void dp_actions_init(struct dp_actions *list)
{
    *list = DP_ACTIONS_INIT;
}

void dp_actions_deinit(struct dp_actions *list)
{
    free(list->data);
    *list = DP_ACTIONS_INIT;
}

void dp_actions_clear(struct dp_actions *list)
{
    list->len = 0;
    list->overflow = false;
}

void *dp_actions_put(struct dp_actions *list, enum dp_action_type type, size_t len)
{
    len = ROUND_UP(MAX(len, sizeof(struct dp_action)), 8);
    if (len > DP_ACTIONS_MAX || list->len + len > DP_ACTIONS_MAX) {
        /* The list is of no use any more: its buffer serves as the scratch action. */
        list->overflow = true;
        list->len = 0;
    }
    if (list->len + len > list->cap) {
        list->cap = ROUND_UP(MAX(list->cap * 2, list->len + MAX(len, 64)), 8);
        list->data = xrealloc(list->data, list->cap);
    }

    struct dp_action *a = (struct dp_action *)(void *)(list->data + list->len);
    memset(a, 0, len);
    a->type = (uint16_t)type;
    a->len = (uint16_t)len;
    if (!list->overflow) {
        list->len += len;
    }
    return a;
}

void dp_actions_output(struct dp_actions *list, uint32_t port)
{
    struct dp_action *a = dp_actions_put(list, DP_ACTION_OUTPUT, sizeof *a);
    a->u32 = port;
}

void dp_actions_set_tunnel(struct dp_actions *list, const struct key *k)
{
    struct dp_action_set *s = dp_actions_put(list, DP_ACTION_SET, sizeof *s + k->tun_opt_len);
    union dp_set_value *v = &s->value;

    s->a.u32 = DP_SET_TUNNEL;
    v->tunnel.id = k->tun_id;
    v->tunnel.src = k->tun_src;
    v->tunnel.dst = k->tun_dst;
    memcpy(v->tunnel.ip6_src, k->tun_ip6_src, 16);
    memcpy(v->tunnel.ip6_dst, k->tun_ip6_dst, 16);
    v->tunnel.tos = k->tun_tos;
    v->tunnel.ttl = k->tun_ttl;
    v->tunnel.flags = k->tun_flags;
    v->tunnel.tp_src = k->tun_tp_src;
    v->tunnel.tp_dst = k->tun_tp_dst;
    v->tunnel.gbp_id = k->tun_gbp_id;
    v->tunnel.gbp_flags = k->tun_gbp_flags;
    v->tunnel.erspan_ver = k->tun_erspan_ver;
    v->tunnel.erspan_idx = k->tun_erspan_idx;
    v->tunnel.erspan_dir = k->tun_erspan_dir;
    v->tunnel.erspan_hwid = k->tun_erspan_hwid;
    v->tunnel.opt_len = k->tun_opt_len;
    memset(&s->mask.tunnel, 0xff, sizeof s->mask.tunnel);
    memcpy(s->options, k->tun_opt, k->tun_opt_len);
}

void dp_action_tunnel_key(const struct dp_action_set *s, struct key *k)
{
    const union dp_set_value *v = &s->value;

    *k = (struct key){.tun_id = v->tunnel.id,
                      .tun_src = v->tunnel.src,
                      .tun_dst = v->tunnel.dst,
                      .tun_tos = v->tunnel.tos,
                      .tun_ttl = v->tunnel.ttl,
                      .tun_flags = v->tunnel.flags,
                      .tun_tp_src = v->tunnel.tp_src,
                      .tun_tp_dst = v->tunnel.tp_dst,
                      .tun_gbp_id = v->tunnel.gbp_id,
                      .tun_gbp_flags = v->tunnel.gbp_flags,
                      .tun_erspan_ver = v->tunnel.erspan_ver,
                      .tun_erspan_idx = v->tunnel.erspan_idx,
                      .tun_erspan_dir = v->tunnel.erspan_dir,
                      .tun_erspan_hwid = v->tunnel.erspan_hwid,
                      .tun_opt_len = v->tunnel.opt_len};
    memcpy(k->tun_ip6_src, v->tunnel.ip6_src, 16);
    memcpy(k->tun_ip6_dst, v->tunnel.ip6_dst, 16);
    memcpy(k->tun_opt, s->options, v->tunnel.opt_len);
}

static void nest_end(struct dp_actions *list, size_t ofs)
{
    if (!list->overflow) {
        struct dp_action *a = (struct dp_action *)(void *)(list->data + ofs);
        a->len = (uint16_t)(list->len - ofs);
    }
}

size_t dp_actions_clone_begin(struct dp_actions *list)
{
    size_t ofs = list->len;
    dp_actions_put(list, DP_ACTION_CLONE, sizeof(struct dp_action));
    return ofs;
}

void dp_actions_clone_end(struct dp_actions *list, size_t ofs)
{
    nest_end(list, ofs);
}

size_t dp_actions_sample_begin(struct dp_actions *list, uint32_t probability)
{
    size_t ofs = list->len;
    struct dp_action *a = dp_actions_put(list, DP_ACTION_SAMPLE, sizeof *a);
    a->u32 = probability;
    return ofs;
}

void dp_actions_sample_end(struct dp_actions *list, size_t ofs)
{
    nest_end(list, ofs);
}

void dp_actions_clone_since(struct dp_actions *list, size_t ofs)
{
    dp_actions_put(list, DP_ACTION_CLONE, sizeof(struct dp_action));
    if (!list->overflow) {
        uint8_t *at = list->data + ofs;
        struct dp_action a = {.type = DP_ACTION_CLONE};
        memmove(at + sizeof a, at, list->len - sizeof a - ofs);
        memcpy(at, &a, sizeof a);
        dp_actions_clone_end(list, ofs);
    }
}

/* ---- lists from elsewhere ---- */

#define MAX_DEPTH 32

/* With the options behind it. */
static size_t size_of_set(const struct dp_action *a)
{
    const struct dp_action_set *s = (const void *)a;

    if (a->len < sizeof *s || a->u32 != DP_SET_TUNNEL) {
        return sizeof *s;
    }
    unsigned n = s->value.tunnel.opt_len;
    return n <= KEY_TUN_OPT_MAX ? sizeof *s + n : SIZE_MAX;
}

/* Bytes of an action at least. */
static size_t size_of(const struct dp_action *a)
{
    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_SET:
        return size_of_set(a);
    case DP_ACTION_PUSH_MPLS:
        return sizeof(struct dp_action_push_mpls);
    case DP_ACTION_CT:
        return sizeof(struct dp_action_ct);
    case DP_ACTION_CHECK_PKT_LEN:
        return sizeof(struct dp_action_check_pkt_len);
    case DP_ACTION_USERSPACE:
        return sizeof(struct dp_action_userspace) + a->u32;
    case DP_ACTION_KERNEL:
        return sizeof(struct action_kernel);
    case DP_ACTION_OUTPUT:
    case DP_ACTION_PUSH_VLAN:
    case DP_ACTION_POP_VLAN:
    case DP_ACTION_RECIRC:
    case DP_ACTION_HASH:
    case DP_ACTION_POP_MPLS:
    case DP_ACTION_TRUNC:
    case DP_ACTION_CT_CLEAR:
    case DP_ACTION_METER:
    case DP_ACTION_CLONE:
    case DP_ACTION_SAMPLE:
    case DP_ACTION_COPY_TTL:
    case DP_ACTION_PUSH_PBB:
    case DP_ACTION_POP_PBB:
        return sizeof *a;
    case DP_ACTION_N:
        break;
    }
    return SIZE_MAX; /* No such action. */
}

static bool check(const uint8_t *p, size_t len, unsigned depth);

static bool check_branches(const struct dp_action *a, unsigned depth)
{
    const struct dp_action_check_pkt_len *c = (const void *)a;

    return (uint64_t)c->gt_len + c->le_len == a->len - sizeof *c && c->gt_len % 8 == 0 &&
           check(dp_action_branch(c, true), c->gt_len, depth) &&
           check(dp_action_branch(c, false), c->le_len, depth);
}

static bool check_kernel(const struct dp_action *a, unsigned depth)
{
    const struct action_kernel *k = (const void *)a;

    return action_kernel_check(k) && check(action_kernel_list(k), k->list_len, depth);
}

static bool check(const uint8_t *p, size_t len, unsigned depth)
{
    while (len) {
        const struct dp_action *a = (const void *)p;
        if (len < sizeof *a || a->len < sizeof *a || a->len % 8 || a->len > len ||
            size_of(a) > a->len) {
            return false;
        }
        if ((a->type == DP_ACTION_CLONE || a->type == DP_ACTION_SAMPLE) &&
            (!depth || !check(p + sizeof *a, a->len - sizeof *a, depth - 1))) {
            return false;
        }
        if (a->type == DP_ACTION_CHECK_PKT_LEN && (!depth || !check_branches(a, depth - 1))) {
            return false;
        }
        if (a->type == DP_ACTION_KERNEL && (!depth || !check_kernel(a, depth - 1))) {
            return false;
        }
        p += a->len;
        len -= a->len;
    }
    return true;
}

bool dp_actions_check(const void *data, size_t len)
{
    return check(data, len, MAX_DEPTH);
}

const struct dp_action *dp_actions_last(const struct dp_actions *list)
{
    const struct dp_action *a, *last = NULL;

    DP_ACTION_FOR_EACH(a, list->data, list->len) {
        last = a;
    }
    return last;
}
