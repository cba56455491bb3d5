/* action_format.c - see action.h: datapath actions in ODP text. */
#include "lib/dp/action.h"

#include <stdio.h>

#include "lib/dp/action_kernel.h"
#include "lib/dp/cookie.h"
#include "lib/dp/odp-private.h"

#define MAX_DEPTH 32 /* Of nested clones shown; lists that exec runs are shallower. */

const char *const odp_action_names[DP_ACTION_N] = {
#define DP_ACTION(ID, NAME, ...) [DP_ACTION_##ID] = NAME,
#include "lib/dp/actions.def"
#undef DP_ACTION
};

static void put_set(const struct dp_action *a, struct text *t)
{
    const struct dp_action_set *s = (const void *)a;

    if (a->u32 >= odp_n_set_attrs) {
        return;
    }
    const struct odp_set_attr *attr = &odp_set_attrs[a->u32];
    text_putc(t, '(');
    if (attr->m) {
        odp_put_header(t, t->len, attr->name, attr->m, attr->n, &s->value, &s->mask, false);
    } else if (a->u32 == DP_SET_TUNNEL) {
        odp_put_tunnel_set(t, s);
    } else {
        text_printf(t, "%s(", attr->name);
        if (a->u32 == DP_SET_VLAN) {
            odp_put_vlan_tci(t, ntohs(s->value.vlan_tci), ntohs(s->mask.vlan_tci), false);
        } else {
            odp_put_mpls_lse(t, ntohl(s->value.mpls_lse), ntohl(s->mask.mpls_lse));
        }
        text_putc(t, ')');
    }
    text_putc(t, ')');
}

static void put_push_vlan(const struct dp_action *a, struct text *t)
{
    text_putc(t, '(');
    if (a->u32 >> 16 != 0x8100) {
        text_printf(t, "tpid=0x%04x,", a->u32 >> 16);
    }
    text_printf(t, "vid=%u,pcp=%u)", a->u32 & VLAN_VID_MASK, a->u32 >> VLAN_PCP_SHIFT & 7);
}

static void put_push_mpls(const struct dp_action *a, struct text *t)
{
    const struct dp_action_push_mpls *m = (const void *)a;

    text_putc(t, '(');
    odp_put_mpls_lse(t, ntohl(m->lse), UINT32_MAX);
    text_printf(t, ",eth_type=0x%x)", ntohs(m->eth_type));
}

static void put_nat_address(struct text *t, uint8_t af, const uint8_t *a, bool brackets)
{
    if (af == 4) {
        be32 ip;
        memcpy(&ip, a, sizeof ip);
        text_ip4(t, ip);
    } else {
        text_puts(t, brackets ? "[" : "");
        text_ip6(t, a);
        text_puts(t, brackets ? "]" : "");
    }
}

static void put_nat(const struct dp_action_ct *ct, struct text *t)
{
    const char *sep = "=";

    text_puts(t, "nat");
    if (!(ct->nat_flags & (DP_NAT_SRC | DP_NAT_DST))) {
        text_putc(t, ',');
        return;
    }
    text_puts(t, ct->nat_flags & DP_NAT_SRC ? "(src" : "(dst");
    if (ct->nat_af) {
        text_puts(t, sep);
        put_nat_address(t, ct->nat_af, ct->nat_min, ct->nat_port_min);
        if (memcmp(ct->nat_min, ct->nat_max, 16)) {
            text_putc(t, '-');
            put_nat_address(t, ct->nat_af, ct->nat_max, ct->nat_port_min);
        }
        sep = ":";
    }
    if (ct->nat_port_min) {
        text_printf(t, "%s%u", sep, ct->nat_port_min);
        if (ct->nat_port_max != ct->nat_port_min) {
            text_printf(t, "-%u", ct->nat_port_max);
        }
    }
    text_puts(t, ct->nat_flags & DP_NAT_PERSISTENT ? ",persistent" : "");
    text_puts(t, ct->nat_flags & DP_NAT_HASH ? ",hash" : "");
    text_puts(t, ct->nat_flags & DP_NAT_RANDOM ? ",random" : "");
    text_puts(t, "),");
}

void dp_ct_timeout_name(uint16_t zone, enum dp_ct_timeout to, char name[DP_CT_TIMEOUT_NAME])
{
    static const char *const protocols[DP_CT_N_TIMEOUTS] = {
        [DP_CT_TIMEOUT_NONE] = "",        [DP_CT_TIMEOUT_TCP4] = "tcp4",
        [DP_CT_TIMEOUT_TCP6] = "tcp6",    [DP_CT_TIMEOUT_UDP4] = "udp4",
        [DP_CT_TIMEOUT_UDP6] = "udp6",    [DP_CT_TIMEOUT_ICMP4] = "icmp4",
        [DP_CT_TIMEOUT_ICMP6] = "icmpv6", [DP_CT_TIMEOUT_SCTP4] = "sctp4",
        [DP_CT_TIMEOUT_SCTP6] = "sctp6",
    };
    snprintf(name, DP_CT_TIMEOUT_NAME, "ovs_tp_%u_%s", zone, protocols[to]);
}

static void put_ct(const struct dp_action *a, struct text *t)
{
    const struct dp_action_ct *ct = (const void *)a;
    struct text args = TEXT_INIT;

    if (ct->commit) {
        text_puts(&args, ct->force ? "force_commit," : "commit,");
    }
    if (ct->zone) {
        text_printf(&args, "zone=%u,", ct->zone);
    }
    if (ct->mark_mask) {
        text_printf(&args, "mark=%#x/%#x,", ct->mark, ct->mark_mask);
    }
    if (!is_all_zeros(ct->label_mask, 16)) {
        struct text one = TEXT_INIT;
        odp_put_header(&one, 0, "", &odp_ct_label, 1, ct->label, ct->label_mask, false);
        text_put(&args, one.s + 1, one.len - 2); /* Without its parentheses. */
        text_putc(&args, ',');
        text_deinit(&one);
    }
    if (ct->alg) {
        text_printf(&args, "helper=%s,", ct->alg == 21 ? "ftp" : "tftp");
    }
    if (ct->timeout && ct->timeout < DP_CT_N_TIMEOUTS) {
        char name[DP_CT_TIMEOUT_NAME];
        dp_ct_timeout_name(ct->zone, ct->timeout, name);
        text_printf(&args, "timeout=%s,", name);
    }
    if (ct->nat) {
        put_nat(ct, &args);
    }
    text_chomp(&args, ',');
    if (args.len) {
        text_printf(t, "(%s)", text_cstr(&args));
    }
    text_deinit(&args);
}

static void put_userspace(const struct dp_action *a, const struct dp_format *names, struct text *t)
{
    const struct dp_action_userspace *u = (const void *)a;

    text_printf(t, "(pid=%" PRIu32, u->pid ? u->pid : names->upcall_pid);
    size_t start = t->len;
    if (a->u32) {
        text_putc(t, ',');
    }
    if (a->u32 && ((names->kernel && a->u32 != sizeof(struct dp_cookie)) ||
                   !dp_cookie_format(u->cookie, a->u32, t))) {
        text_truncate(t, start);
        text_puts(t, ",userdata(");
        for (uint32_t i = 0; i < a->u32; i++) {
            text_printf(t, "%02x", u->cookie[i]);
        }
        text_putc(t, ')');
    }
    text_puts(t, u->actions ? ",actions" : "");
    if (u->has_tunnel_port) {
        text_printf(t, ",tunnel_out_port=%u", u->tunnel_port);
    }
    text_putc(t, ')');
}

static void put_list(const void *data, size_t len, const struct dp_format *, unsigned depth,
                     struct text *);

static void put_branch(const struct dp_action *a, bool gt, const struct dp_format *names,
                       unsigned depth, struct text *t)
{
    const struct dp_action_check_pkt_len *c = (const void *)a;
    size_t len = gt ? c->gt_len : c->le_len;

    text_puts(t, gt ? ",gt(" : ",le(");
    if (len) {
        put_list(dp_action_branch(c, gt), len, names, depth + 1, t);
    } else {
        text_puts(t, "drop");
    }
    text_putc(t, ')');
}

static void put_check_pkt_len(const struct dp_action *a, const struct dp_format *names,
                              unsigned depth, struct text *t)
{
    text_printf(t, "(size=%u", a->u32);
    put_branch(a, true, names, depth, t);
    put_branch(a, false, names, depth, t);
    text_putc(t, ')');
}

struct nested {
    const struct action_kernel *k;
    const struct dp_format *names;
    unsigned depth;
};

static void put_nested(void *x_, struct text *t)
{
    const struct nested *x = x_;
    put_list(action_kernel_list(x->k), x->k->list_len, x->names, x->depth + 1, t);
}

static void put_action(const struct dp_action *a, const struct dp_format *names, unsigned depth,
                       struct text *t)
{
    const char *port;

    if (a->type >= DP_ACTION_N) {
        return;
    }
    if (a->type != DP_ACTION_OUTPUT) { /* A bare port is an output. */
        text_puts(t, odp_action_names[a->type]);
    }
    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_OUTPUT:
        port = names->port_name ? names->port_name(names->aux, a->u32) : NULL;
        if (port) {
            text_puts(t, port);
        } else {
            text_printf(t, "%u", a->u32);
        }
        break;
    case DP_ACTION_USERSPACE:
        put_userspace(a, names, t);
        break;
    case DP_ACTION_SET:
        put_set(a, t);
        break;
    case DP_ACTION_PUSH_VLAN:
        put_push_vlan(a, t);
        break;
    case DP_ACTION_RECIRC:
        text_printf(t, "(%#x)", a->u32);
        break;
    case DP_ACTION_HASH:
        text_printf(t, "(l4(%u))", a->u32);
        break;
    case DP_ACTION_PUSH_MPLS:
        put_push_mpls(a, t);
        break;
    case DP_ACTION_POP_MPLS:
        text_printf(t, "(eth_type=0x%x)", a->u32);
        break;
    case DP_ACTION_CT:
        put_ct(a, t);
        break;
    case DP_ACTION_TRUNC:
    case DP_ACTION_METER:
        text_printf(t, "(%u)", a->u32);
        break;
    case DP_ACTION_COPY_TTL:
        text_puts(t, a->u32 ? "(in)" : "(out)");
        break;
    case DP_ACTION_PUSH_PBB:
        text_printf(t, "(tci=%#x)", a->u32);
        break;
    case DP_ACTION_CLONE:
        text_putc(t, '(');
        put_list(a + 1, a->len - sizeof *a, names, depth + 1, t);
        text_putc(t, ')');
        break;
    case DP_ACTION_SAMPLE:
        text_printf(t, "(sample=%.1f%%,actions(", 100.0 * a->u32 / DP_SAMPLE_ALWAYS);
        put_list(a + 1, a->len - sizeof *a, names, depth + 1, t);
        text_puts(t, "))");
        break;
    case DP_ACTION_CHECK_PKT_LEN:
        put_check_pkt_len(a, names, depth, t);
        break;
    case DP_ACTION_KERNEL:
        action_kernel_put((const void *)a, put_nested,
                          &(struct nested){(const void *)a, names, depth}, t);
        break;
    case DP_ACTION_POP_VLAN:
    case DP_ACTION_POP_PBB:
    case DP_ACTION_CT_CLEAR:
    case DP_ACTION_N:
        break;
    }
}

static void put_list(const void *data, size_t len, const struct dp_format *names, unsigned depth,
                     struct text *t)
{
    const struct dp_action *a;
    const size_t start = t->len;

    if (len == 0) {
        text_puts(t, "drop");
        return;
    }
    if (depth >= MAX_DEPTH) {
        text_puts(t, "...");
        return;
    }
    DP_ACTION_FOR_EACH(a, data, len) {
        if (t->len > start) {
            text_putc(t, ',');
        }
        put_action(a, names, depth, t);
    }
}

void dp_format_actions(const void *data, size_t len, const struct dp_format *f, struct text *t)
{
    put_list(data, len, f, 0, t);
}

void dp_actions_format(const void *data, size_t len, const char *(*port_name)(void *aux, uint32_t),
                       void *aux, struct text *t)
{
    const struct dp_format f = {.port_name = port_name, .aux = aux};
    put_list(data, len, &f, 0, t);
}

void dp_format_slow(unsigned reasons, const struct dp_format *f, struct text *t)
{
    struct dp_actions list = DP_ACTIONS_INIT;
    struct dp_cookie cookie;
    struct dp_action_userspace *u =
        dp_actions_put(&list, DP_ACTION_USERSPACE, sizeof *u + sizeof cookie);

    dp_cookie_slow_path(&cookie, reasons);
    u->a.u32 = sizeof cookie;
    memcpy(u->cookie, &cookie, sizeof cookie);
    put_list(list.data, list.len, f, 0, t);
    dp_actions_deinit(&list);
}
