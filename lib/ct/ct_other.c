/* ct_other.c - protocols without states of their own: UDP, ICMP, SCTP by its ports, the rest by its
 * addresses.  Layer 2, pure.  See ct_proto-private.h. */
#include "lib/ct/ct_proto-private.h"
#include "lib/packet/ip.h"

enum ct_other_state { OTHER_FIRST, OTHER_SINGLE, OTHER_MULTIPLE };

static bool is_icmp(const struct ct_conn *c)
{
    return c->key.proto == IPPROTO_HDR_ICMP || c->key.proto == IPPROTO_HDR_ICMP6;
}

void ct_other_new(struct ct_conn *c, int64_t now_ms)
{
    c->peer[0].state = OTHER_FIRST;
    ct_conn_refresh(c, is_icmp(c) ? CT_TO_ICMP_FIRST : CT_TO_UDP_FIRST, now_ms);
}

bool ct_other_state_ok(const struct ct_conn *c)
{
    return c->peer[0].state <= OTHER_MULTIPLE;
}

enum ct_verdict ct_other_update(struct ct_conn *c, unsigned dir, int64_t now_ms)
{
    static const uint8_t timeouts[2][3] = {
        {CT_TO_UDP_FIRST, CT_TO_UDP_SINGLE, CT_TO_UDP_MULTIPLE},
        {CT_TO_ICMP_FIRST, CT_TO_ICMP_FIRST, CT_TO_ICMP_REPLY},
    };
    uint8_t *state = &c->peer[0].state;
    *state = dir ? OTHER_MULTIPLE : MAX(*state, OTHER_SINGLE);
    ct_conn_refresh(c, timeouts[is_icmp(c)][*state], now_ms);
    return CT_VALID;
}
