/* ct_nat.c - see ct_nat-private.h: packets of translated connections are rewritten.
 *
 * RFC 3022, RFC 5508 (ICMP).  Sums are updated by what changed, so that a damaged packet stays
 * damaged; super-frames and partial sums stay as they are but for their pseudo-header. */
#include "lib/ct/ct_nat-private.h"

#include "lib/packet/edit.h"
#include "lib/packet/ip.h"

static bool is_icmp(uint8_t proto)
{
    return proto == IPPROTO_HDR_ICMP || proto == IPPROTO_HDR_ICMP6;
}

/* 'back': the other way round. */
static void key_ends(const struct ct_table *t, uint32_t index, bool back, struct ct_ends *e)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    *e = (struct ct_ends){.is_ip6 = index & CT_INDEX_IP6, .proto = c->key.proto};
    for (int i = 0; i < 2; i++) {
        int at = back ? !i : i;
        if (e->is_ip6) {
            memcpy(e->addr[at], ct_table_addr6(t, index)->a[i], 16);
        } else {
            memcpy(e->addr[at], &c->key.ip4[i], 4);
        }
        e->port[at] = c->key.port[i];
    }
}

void ct_nat_ends(const struct ct_table *t, uint32_t index, unsigned dir, struct ct_ends *e)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    if (dir && c->flags & CT_F_NAT) {
        key_ends(t, c->twin, is_icmp(c->key.proto), e); /* ICMP keys are the requests'. */
    } else {
        key_ends(t, index, dir, e);
    }
}

static bool same_end(const struct ct_ends *a, int i, const struct ct_ends *b, int j)
{
    return !memcmp(a->addr[i], b->addr[j], 16) && a->port[i] == b->port[j];
}

void ct_nat_plan(const struct ct_table *t, uint32_t index, unsigned dir, struct ct_nat_plan *plan)
{
    struct ct_ends from, other;
    ct_nat_ends(t, index, dir, &from);
    ct_nat_ends(t, index, !dir, &other);
    plan->to = from;
    plan->state = 0;
    plan->quoted = (struct ct_shift){.pos = 0};
    if (UNLIKELY(from.proto == IPPROTO_HDR_TCP &&
                 ct_table_conn(t, index)->helper == CT_HELPER_FTP)) {
        plan->quoted = ct_table_alg(t, index)->shift[!dir];
    }
    for (int i = 0; i < 2; i++) {
        memcpy(plan->to.addr[i], other.addr[!i], 16);
        plan->to.port[i] = other.port[!i];
        bool same = same_end(&from, i, &plan->to, i);
        if (is_icmp(from.proto)) {
            /* The identifier is of both ends: its change counts as the requester's. */
            same = !memcmp(from.addr[i], plan->to.addr[i], 16) &&
                   (i != (int)dir || from.port[i] == plan->to.port[i]);
        }
        plan->state |= same ? 0 : i ? CS_DNAT : CS_SNAT;
    }
}

static void set_addresses(struct packet *p, const struct ct_ends *to, uint8_t which)
{
    if (to->is_ip6) {
        uint8_t mask[2][16];
        memset(mask[0], which & CS_SNAT ? 0xff : 0, 16);
        memset(mask[1], which & CS_DNAT ? 0xff : 0, 16);
        edit_ip6(p, to->addr[0], mask[0], to->addr[1], mask[1], 0, 0, 0, 0, 0, 0);
    } else {
        be32 src, dst;
        memcpy(&src, to->addr[0], 4);
        memcpy(&dst, to->addr[1], 4);
        edit_ip4(p, src, which & CS_SNAT ? UINT32_MAX : 0, dst, which & CS_DNAT ? UINT32_MAX : 0, 0,
                 0, 0, 0);
    }
}

void ct_nat_apply(struct packet *p, const struct ct_nat_plan *plan)
{
    const struct ct_ends *to = &plan->to;
    set_addresses(p, to, plan->state);
    if (is_icmp(to->proto)) {
        edit_icmp_id(p, to->port[0]);
    } else if (to->port[0]) {
        edit_ports(p, to->proto, to->port[0], UINT16_MAX, to->port[1], UINT16_MAX);
    }
}

static uint32_t shift_back(const void *shift, uint32_t seq)
{
    return seq - ct_shift_back(shift, seq);
}

void ct_nat_apply_error(struct packet *p, const struct ct_nat_plan *plan)
{
    const struct ct_ends *to = &plan->to;
    /* It quotes a packet of the other direction, as the error's receiver once sent it. */
    const bool ports = to->port[0] || is_icmp(to->proto);
    edit_quoted(p, to->addr[1], to->addr[0], ports, to->port[1], to->port[0]);
    if (UNLIKELY(plan->quoted.before || plan->quoted.after)) {
        edit_quoted_seq(p, shift_back, &plan->quoted);
    }
    set_addresses(p, to, plan->state);
}
