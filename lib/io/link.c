/* link.c - see link.h.  Requests use a socket each: they are rare. */
#include "lib/io/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <time.h>

#include "lib/io/link-private.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(link);

/* <linux/if.h> has it, which cannot be included together with <net/if.h>. */
#define LINK_LOWER_UP (1u << 16) /* IFF_LOWER_UP */

#define RECV_BUFFER   32768
#define MSGS_PER_TURN 64

struct link_monitor {
    struct mnl_socket *socket;
    struct loop_fd watch;
    link_monitor_cb *cb;
    void *aux;
    bool busy, freed;
};

int link_transact(struct nlmsghdr *request, mnl_cb_t cb, void *aux)
{
    static unsigned seq;
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    char *buffer = xmalloc(RECV_BUFFER);
    int error = 0, result = MNL_CB_OK;

    request->nlmsg_seq = ++seq;
    request->nlmsg_flags |= NLM_F_REQUEST;
    if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
        request->nlmsg_flags |= NLM_F_ACK;
    }
    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(nl, request, request->nlmsg_len) < 0) {
        error = errno;
    }
    while (!error && result > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(nl, buffer, RECV_BUFFER);
        if (n < 0) {
            error = errno;
        } else {
            result = mnl_cb_run(buffer, (size_t)n, request->nlmsg_seq, mnl_socket_get_portid(nl),
                                cb, aux);
            error = result < 0 ? errno : 0;
        }
    }
    if (nl) {
        mnl_socket_close(nl);
    }
    free(buffer);
    return error;
}

/* False: not a link message, or a malformed one. */
static bool parse_link(const struct nlmsghdr *nlh, struct link_info *info)
{
    const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
    const struct nlattr *attr;

    if (mnl_nlmsg_get_payload_len(nlh) < sizeof *ifi || ifi->ifi_family != AF_UNSPEC ||
        (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)) {
        return false; /* Bridge port messages have family AF_BRIDGE. */
    }
    memset(info, 0, sizeof *info);
    info->ifindex = ifi->ifi_index;
    info->flags = ifi->ifi_flags;
    info->admin_up = ifi->ifi_flags & IFF_UP;
    info->carrier = ifi->ifi_flags & LINK_LOWER_UP;
    info->ethernet = ifi->ifi_type == ARPHRD_ETHER;
    info->gone = nlh->nlmsg_type == RTM_DELLINK;
    mnl_attr_for_each(attr, nlh, sizeof *ifi)
    {
        size_t len = mnl_attr_get_payload_len(attr);
        switch (mnl_attr_get_type(attr)) {
        case IFLA_IFNAME:
            if (len && len <= sizeof info->name) {
                memcpy(info->name, mnl_attr_get_payload(attr), len);
                info->name[sizeof info->name - 1] = '\0';
            }
            break;
        case IFLA_MTU:
            if (len == 4) {
                info->mtu = mnl_attr_get_u32(attr);
            }
            break;
        case IFLA_ADDRESS:
            if (len == 6) {
                memcpy(info->mac, mnl_attr_get_payload(attr), 6);
            }
            break;
        default:
            break;
        }
    }
    return info->name[0] != '\0';
}

static int get_cb(const struct nlmsghdr *nlh, void *info)
{
    (void)parse_link(nlh, info);
    return MNL_CB_OK;
}

static int get(const char *name, int ifindex, struct link_info *info)
{
    _Alignas(8) char buffer[256];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *ifi;

    memset(info, 0, sizeof *info);
    nlh->nlmsg_type = RTM_GETLINK;
    ifi = mnl_nlmsg_put_extra_header(nlh, sizeof *ifi);
    ifi->ifi_index = ifindex;
    if (name) {
        if (strlen(name) >= IFNAMSIZ) {
            return ENODEV;
        }
        mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
    }
    int error = link_transact(nlh, get_cb, info);
    return error ? error : info->name[0] ? 0 : ENODEV;
}

int link_get(const char *name, struct link_info *info)
{
    return get(name, 0, info);
}

static int stats_cb(const struct nlmsghdr *nlh, void *s_)
{
    struct link_stats *s = s_;
    const struct nlattr *attr;

    if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg)) {
        return MNL_CB_OK;
    }
    mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
    {
        struct rtnl_link_stats64 stats;
        size_t len = mnl_attr_get_payload_len(attr);
        if (mnl_attr_get_type(attr) == IFLA_STATS64) {
            memset(&stats, 0, sizeof stats); /* Other kernels have more or less of it. */
            memcpy(&stats, mnl_attr_get_payload(attr), MIN(len, sizeof stats));
            s->rx_frame_errors = stats.rx_frame_errors;
            s->rx_over_errors = stats.rx_over_errors;
            s->rx_crc_errors = stats.rx_crc_errors;
            s->collisions = stats.collisions;
            s->tx_aborted_errors = stats.tx_aborted_errors;
            s->tx_carrier_errors = stats.tx_carrier_errors;
        }
    }
    return MNL_CB_OK;
}

int link_get_stats(int ifindex, struct link_stats *s)
{
    _Alignas(8) char buffer[256];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *ifi;

    memset(s, 0, sizeof *s);
    nlh->nlmsg_type = RTM_GETLINK;
    ifi = mnl_nlmsg_put_extra_header(nlh, sizeof *ifi);
    ifi->ifi_index = ifindex;
    return link_transact(nlh, stats_cb, s);
}

static struct nlmsghdr *begin_set(char *buffer, int ifindex, unsigned flags, unsigned change)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *ifi;

    nlh->nlmsg_type = RTM_NEWLINK;
    ifi = mnl_nlmsg_put_extra_header(nlh, sizeof *ifi);
    ifi->ifi_index = ifindex;
    ifi->ifi_flags = flags;
    ifi->ifi_change = change;
    return nlh;
}

int link_set_up(int ifindex, bool up)
{
    _Alignas(8) char buffer[256];
    return link_transact(begin_set(buffer, ifindex, up ? IFF_UP : 0, IFF_UP), NULL, NULL);
}

int link_set_mtu(int ifindex, unsigned mtu)
{
    _Alignas(8) char buffer[256];
    struct nlmsghdr *nlh = begin_set(buffer, ifindex, 0, 0);

    mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
    return link_transact(nlh, NULL, NULL);
}

int link_set_mac(int ifindex, const uint8_t mac[6])
{
    _Alignas(8) char buffer[256];
    struct nlmsghdr *nlh = begin_set(buffer, ifindex, 0, 0);

    mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
    return link_transact(nlh, NULL, NULL);
}

/* Events. */

static void destroy(struct link_monitor *m)
{
    loop_fd_deinit(&m->watch);
    mnl_socket_close(m->socket);
    free(m);
}

static int event_cb(const struct nlmsghdr *nlh, void *m_)
{
    struct link_monitor *m = m_;
    struct link_info info;

    if (!m->freed && parse_link(nlh, &info)) {
        m->cb(m->aux, &info);
    }
    return MNL_CB_OK;
}

static void events_ready(void *m_, unsigned events)
{
    struct link_monitor *m = m_;
    _Alignas(8) char buffer[RECV_BUFFER];

    (void)events;
    m->busy = true;
    for (int i = 0; i < MSGS_PER_TURN && !m->freed; i++) {
        ssize_t n = mnl_socket_recvfrom(m->socket, buffer, sizeof buffer);
        if (n < 0) {
            if (errno == ENOBUFS || errno == ENOSPC) {
                log_warn_rl("link events were lost, looking at all devices again");
                m->cb(m->aux, NULL);
            }
            break;
        }
        (void)mnl_cb_run(buffer, (size_t)n, 0, 0, event_cb, m);
    }
    m->busy = false;
    if (m->freed) {
        destroy(m);
    }
}

int link_monitor_new(struct loop *loop, link_monitor_cb *cb, void *aux, struct link_monitor **mp)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);

    *mp = NULL;
    if (!nl || mnl_socket_bind(nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
        int error = errno;
        if (nl) {
            mnl_socket_close(nl);
        }
        return error;
    }
    struct link_monitor *m = xzalloc(sizeof *m);
    m->socket = nl;
    m->cb = cb;
    m->aux = aux;
    loop_fd_init(&m->watch, loop, mnl_socket_get_fd(nl), events_ready, m);
    loop_fd_want(&m->watch, LOOP_READ);
    *mp = m;
    return 0;
}

void link_monitor_free(struct link_monitor *m)
{
    if (!m) {
        return;
    }
    if (m->busy) {
        m->freed = true;
    } else {
        destroy(m);
    }
}
