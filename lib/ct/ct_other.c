/* ct_other.c - protocols without states of their own: UDP, UDP-Lite and DCCP by their ports, ICMP,
 * the rest by its addresses.  Layer 2, pure.  See ct_proto-private.h. */
#include "lib/ct/ct_proto-private.h"
#include "lib/packet/ip.h"

enum ct_other_state { OTHER_FIRST, OTHER_SINGLE, OTHER_MULTIPLE };

static enum ct_timeout timeout_of(const struct ct_conn *c)
{
    static const uint8_t timeouts[3][3] = {
        {CT_TO_UDP_FIRST, CT_TO_UDP_SINGLE, CT_TO_UDP_MULTIPLE},
        {CT_TO_ICMP_FIRST, CT_TO_ICMP_FIRST, CT_TO_ICMP_REPLY},
        {CT_TO_GRE_UNREPLIED, CT_TO_GRE_UNREPLIED, CT_TO_GRE_REPLIED},
    };
    uint8_t proto = c->key.proto;
    bool icmp = proto == IPPROTO_HDR_ICMP || proto == IPPROTO_HDR_ICMP6;
    return timeouts[icmp ? 1 : proto == IPPROTO_HDR_GRE ? 2 : 0][c->peer[0].state];
}

void ct_other_new(struct ct_conn *c, const struct ct_when *when)
{
    c->peer[0].state = OTHER_FIRST;
    ct_conn_refresh(c, timeout_of(c), when);
}

bool ct_other_state_ok(const struct ct_conn *c)
{
    return c->peer[0].state <= OTHER_MULTIPLE;
}

enum ct_verdict ct_other_update(struct ct_conn *c, unsigned dir, const struct ct_when *when)
{
    uint8_t *state = &c->peer[0].state;
    *state = dir ? OTHER_MULTIPLE : MAX(*state, OTHER_SINGLE);
    ct_conn_refresh(c, timeout_of(c), when);
    return CT_VALID;
}
