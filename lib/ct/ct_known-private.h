/* ct_known-private.h - the shortest way through the tracker: a packet of TCP or UDP on a connection
 * that both ends have confirmed, where nothing but its numbers, its counters and its timeout
 * change.
 *
 * Layer 2, pure; ct.c only.  Any worker, the entry locked.  Comes before the long way, which is
 * right for every packet; what is done here must be what that does. */
#pragma once

#include "lib/ct/ct-private.h"
#include "lib/packet/ip.h"

/* No label, not translated, not expected by a helper. */
#define CT_KNOWN_MASK (CT_F_SEEN_REPLY | CT_F_LABEL | CT_F_ONE_WAY | CT_F_RELATED)

static ALWAYS_INLINE void ct_known_set_packet(const struct ct_table *t, struct packet_ct *pct,
                                              uint32_t index, uint8_t state)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    pct->state = CS_TRK | state;
    pct->orig_proto = c->key.proto;
    pct->zone = c->key.zone;
    pct->mark = c->mark;
    memset(pct->label, 0, sizeof pct->label);
    pct->orig_tp_src = c->key.port[0];
    pct->orig_tp_dst = c->key.port[1];
    pct->orig_is_ip6 = index & CT_INDEX_IP6;
    pct->inv_reason = 0;
    if (UNLIKELY(pct->orig_is_ip6)) {
        memcpy(pct->orig_src, ct_table_addr6(t, index), 32);
    } else {
        const be32 src[4] = {c->key.ip4[0]}, dst[4] = {c->key.ip4[1]};
        memcpy(pct->orig_src, src, sizeof src);
        memcpy(pct->orig_dst, dst, sizeof dst);
    }
    pct->conn = (struct ct_ref){index, c->generation};
}

/* False: not one of these, and nothing has changed.  Else all is done, and the entry unlocked. */
static ALWAYS_INLINE bool ct_known(struct ct *ct, struct packet_ct *pct, const struct ct_packet *x,
                                   uint32_t index, unsigned dir, bool commit, int64_t now_ms)
{
    struct ct_conn *c = ct_table_conn(&ct->table, index);
    const struct ct_when when = ct_when(ct, c->key.zone, now_ms);
    if (UNLIKELY(commit || (c->flags & CT_KNOWN_MASK) != CT_F_SEEN_REPLY || c->helper ||
                 c->class != CT_CLASS_ESTABLISHED)) {
        return false;
    }
    if (LIKELY(c->key.proto == IPPROTO_HDR_TCP)) {
        if (!ct_tcp_update_established(c, dir, &x->tcp, &when)) {
            return false;
        }
    } else if (c->key.proto == IPPROTO_HDR_UDP) {
        ct_other_update(c, dir, &when);
    } else {
        return false;
    }
    ct_conn_count(c, dir, x->l3_len);
    ct_known_set_packet(&ct->table, pct, index, dir ? CS_EST | CS_RPL : CS_EST);
    ct_spin_unlock(&c->lock);
    return true;
}
