/* kct_timeout.c - timeout policies by zone in the kernel: objects of nfnetlink_cttimeout, which
 * flows name in their ct action.
 *
 * A zone's policy is an object a protocol and family, with names that any process finds again.  It
 * can be changed at any time; it is removed when no flow names it, which the kernel says by EBUSY
 * until then; those of a former process whose zones have none any more, too.  nf_conntrack has no
 * udp_first, and one timeout for all of ICMP. */
#include <errno.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/dp/kernel/kct-private.h"
#include "lib/mem.h"

#define N_ZONES        65536
#define DELETE_AT_ONCE 64 /* Zones tried by one tick. */

/* Which timeout is which attribute. */
struct attr {
    enum ct_timeout to;
    uint16_t type;
};

static const struct attr tcp[] = {
    {CT_TO_TCP_SYN_SENT, CTA_TIMEOUT_TCP_SYN_SENT},
    {CT_TO_TCP_SYN_RECV, CTA_TIMEOUT_TCP_SYN_RECV},
    {CT_TO_TCP_ESTABLISHED, CTA_TIMEOUT_TCP_ESTABLISHED},
    {CT_TO_TCP_FIN_WAIT, CTA_TIMEOUT_TCP_FIN_WAIT},
    {CT_TO_TCP_CLOSE_WAIT, CTA_TIMEOUT_TCP_CLOSE_WAIT},
    {CT_TO_TCP_LAST_ACK, CTA_TIMEOUT_TCP_LAST_ACK},
    {CT_TO_TCP_TIME_WAIT, CTA_TIMEOUT_TCP_TIME_WAIT},
    {CT_TO_TCP_CLOSE, CTA_TIMEOUT_TCP_CLOSE},
    {CT_TO_TCP_SYN_SENT2, CTA_TIMEOUT_TCP_SYN_SENT2},
    {CT_TO_TCP_RETRANSMIT, CTA_TIMEOUT_TCP_RETRANS},
    {CT_TO_TCP_UNACK, CTA_TIMEOUT_TCP_UNACK},
};
static const struct attr udp[] = {
    {CT_TO_UDP_SINGLE, CTA_TIMEOUT_UDP_UNREPLIED},
    {CT_TO_UDP_MULTIPLE, CTA_TIMEOUT_UDP_REPLIED},
};
static const struct attr icmp[] = {{CT_TO_ICMP_FIRST, CTA_TIMEOUT_ICMP_TIMEOUT}};
static const struct attr icmp6[] = {{CT_TO_ICMP_FIRST, CTA_TIMEOUT_ICMPV6_TIMEOUT}};
static const struct attr sctp[] = {
    {CT_TO_SCTP_CLOSED, CTA_TIMEOUT_SCTP_CLOSED},
    {CT_TO_SCTP_COOKIE_WAIT, CTA_TIMEOUT_SCTP_COOKIE_WAIT},
    {CT_TO_SCTP_COOKIE_ECHOED, CTA_TIMEOUT_SCTP_COOKIE_ECHOED},
    {CT_TO_SCTP_ESTABLISHED, CTA_TIMEOUT_SCTP_ESTABLISHED},
    {CT_TO_SCTP_SHUTDOWN_SENT, CTA_TIMEOUT_SCTP_SHUTDOWN_SENT},
    {CT_TO_SCTP_SHUTDOWN_RECD, CTA_TIMEOUT_SCTP_SHUTDOWN_RECD},
    {CT_TO_SCTP_SHUTDOWN_ACK_SENT, CTA_TIMEOUT_SCTP_SHUTDOWN_ACK_SENT},
    {CT_TO_SCTP_HEARTBEAT_SENT, CTA_TIMEOUT_SCTP_HEARTBEAT_SENT},
};

#define ATTRS(A) (A), ARRAY_SIZE(A)
static const struct object {
    int family;
    uint8_t proto;
    const struct attr *attrs;
    size_t n;
} objects[DP_CT_N_TIMEOUTS] = {
    [DP_CT_TIMEOUT_TCP4] = {AF_INET, IPPROTO_TCP, ATTRS(tcp)},
    [DP_CT_TIMEOUT_TCP6] = {AF_INET6, IPPROTO_TCP, ATTRS(tcp)},
    [DP_CT_TIMEOUT_UDP4] = {AF_INET, IPPROTO_UDP, ATTRS(udp)},
    [DP_CT_TIMEOUT_UDP6] = {AF_INET6, IPPROTO_UDP, ATTRS(udp)},
    [DP_CT_TIMEOUT_ICMP4] = {AF_INET, IPPROTO_ICMP, ATTRS(icmp)},
    [DP_CT_TIMEOUT_ICMP6] = {AF_INET6, IPPROTO_ICMPV6, ATTRS(icmp6)},
    [DP_CT_TIMEOUT_SCTP4] = {AF_INET, IPPROTO_SCTP, ATTRS(sctp)},
    [DP_CT_TIMEOUT_SCTP6] = {AF_INET6, IPPROTO_SCTP, ATTRS(sctp)},
};

static uint64_t *bits(uint64_t **map)
{
    *map = *map ? *map : xcalloc(N_ZONES / 64, sizeof **map);
    return *map;
}

static int put_object(struct kernel *k, uint16_t zone, enum dp_ct_timeout which,
                      const struct ct_timeouts *t)
{
    const struct object *o = &objects[which];
    char name[DP_CT_TIMEOUT_NAME];
    struct nlwr w;

    dp_ct_timeout_name(zone, which, name);
    nlsock_begin(k->ct_requests, NLSOCK_CTTIMEOUT, IPCTNL_MSG_TIMEOUT_NEW,
                 NLM_F_CREATE | NLM_F_REPLACE, AF_UNSPEC, &w);
    nlwr_put_str(&w, CTA_TIMEOUT_NAME, name);
    nlwr_put_u16(&w, CTA_TIMEOUT_L3PROTO, htons((uint16_t)o->family));
    nlwr_put_u8(&w, CTA_TIMEOUT_L4PROTO, o->proto);
    size_t nest = nlwr_nest(&w, CTA_TIMEOUT_DATA);
    for (size_t i = 0; i < o->n; i++) {
        if (t->has & BIT64(o->attrs[i].to)) {
            nlwr_put_u32(&w, o->attrs[i].type, htonl(t->seconds[o->attrs[i].to]));
        }
    }
    nlwr_end(&w, nest);
    return nlsock_call(k->ct_requests, &w, NULL, NULL);
}

static int delete_object(struct kernel *k, uint16_t zone, enum dp_ct_timeout which)
{
    char name[DP_CT_TIMEOUT_NAME];
    struct nlwr w;

    dp_ct_timeout_name(zone, which, name);
    nlsock_begin(k->ct_requests, NLSOCK_CTTIMEOUT, IPCTNL_MSG_TIMEOUT_DELETE, 0, AF_UNSPEC, &w);
    nlwr_put_str(&w, CTA_TIMEOUT_NAME, name);
    return nlsock_call(k->ct_requests, &w, NULL, NULL);
}

/* False: something of it is in use still. */
static bool delete_zone(struct kernel *k, uint16_t zone)
{
    bool gone = true;

    for (unsigned which = 1; which < DP_CT_N_TIMEOUTS; which++) {
        gone &= delete_object(k, zone, which) != EBUSY;
    }
    return gone;
}

int kct_set_timeouts(struct dp *dp, uint16_t zone, const struct ct_timeouts *t)
{
    struct kernel *k = kernel_of(dp);
    int error = k->action_env.ct_timeout ? kct_need_requests(k) : EOPNOTSUPP;

    if (error) {
        return error;
    }
    uint64_t *word = &bits(&k->ct_timeout_zones)[zone / 64];
    uint64_t *old = &bits(&k->ct_timeout_old)[zone / 64];
    if (!t || !t->has) {
        *old |= *word & BIT64(zone % 64); /* Once the flows that name it have gone. */
        *word &= ~BIT64(zone % 64);
        return 0;
    }
    for (unsigned which = 1; !error && which < DP_CT_N_TIMEOUTS; which++) {
        error = put_object(k, zone, which, t);
        /* Without SCTP in the kernel its flows' timeouts are nobody's. */
        if (error && objects[which].proto == IPPROTO_SCTP) {
            error = 0;
        }
    }
    if (!error) {
        *word |= BIT64(zone % 64);
        *old &= ~BIT64(zone % 64);
    }
    return error;
}

static void on_object(void *k_, const struct nlsock_msg *m)
{
    struct kernel *k = k_;
    unsigned zone;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (m->family == NLSOCK_CTTIMEOUT && nlrd_next(&r)) {
        const char *name = (const char *)r.data;
        if (r.type == CTA_TIMEOUT_NAME && r.n && !r.data[r.n - 1] &&
            sscanf(name, "ovs_tp_%5u_", &zone) == 1 && zone < N_ZONES &&
            dp_ct_timeout_of_name((uint16_t)zone, name)) {
            bits(&k->ct_timeout_old)[zone / 64] |= BIT64(zone % 64);
        }
    }
}

void kct_timeouts_inherit(struct kernel *k)
{
    struct nlwr w;

    if (!k->action_env.ct_timeout || kct_need_requests(k)) {
        return;
    }
    nlsock_begin(k->ct_requests, NLSOCK_CTTIMEOUT, IPCTNL_MSG_TIMEOUT_GET, NLM_F_DUMP, AF_UNSPEC,
                 &w);
    int unused UNUSED = nlsock_call(k->ct_requests, &w, on_object, k); /* Then they stay. */
}

void kct_timeouts_tick(struct kernel *k)
{
    unsigned n = 0;

    for (unsigned i = 0; k->ct_timeout_old && i < N_ZONES / 64; i++) {
        uint64_t *word = &k->ct_timeout_old[i];
        for (uint64_t left = *word; left && n < DELETE_AT_ONCE; left &= left - 1, n++) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            if (delete_zone(k, (uint16_t)(i * 64 + bit))) {
                *word &= ~BIT64(bit);
            }
        }
    }
}

/* Those that stay are found again by the next daemon. */
void kct_timeouts_deinit(struct kernel *k, bool destroy)
{
    for (unsigned zone = 0; destroy && k->ct_timeout_zones && zone < N_ZONES; zone++) {
        if ((k->ct_timeout_zones[zone / 64] | k->ct_timeout_old[zone / 64]) & BIT64(zone % 64)) {
            (void)delete_zone(k, (uint16_t)zone);
        }
    }
    free(k->ct_timeout_zones);
    free(k->ct_timeout_old);
    k->ct_timeout_zones = k->ct_timeout_old = NULL;
}
