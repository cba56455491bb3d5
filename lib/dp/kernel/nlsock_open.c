/* nlsock_open.c - generic netlink's sockets, and netfilter's.  Tests that stand in for the kernel
 * have their own. */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "lib/dp/kernel/nlsock.h"

int nlsock_open(bool news, struct nlsock **out)
{
    return nlsock_open_real(NETLINK_GENERIC, news ? SOCK_NONBLOCK : 0, out);
}

int nlsock_join(struct nlsock *s, uint32_t group)
{
    return setsockopt(s->transport.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group)
               ? errno
               : 0;
}

int nlsock_open_netfilter(struct nlsock **out, int flags)
{
    static const struct nlsock_families subsystems = {
        .id = {[NLSOCK_CONNTRACK] = NFNL_SUBSYS_CTNETLINK,
               [NLSOCK_CTTIMEOUT] = NFNL_SUBSYS_CTNETLINK_TIMEOUT}};
    int error = nlsock_open_real(NETLINK_NETFILTER, flags, out);

    if (!error) {
        (*out)->families = &subsystems;
    }
    return error;
}
