/* nlsock_open.c - generic netlink's sockets.  Tests that stand in for the kernel have their own. */
#include <errno.h>
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
