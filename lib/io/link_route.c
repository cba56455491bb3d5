/* link_route.c - where packets to an address go from this host: see link.h.  rtnetlink(7). */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "lib/io/link-private.h"
#include "lib/io/link.h"

struct answer {
    int family;
    void *router;
    size_t len;
};

static int route_cb(const struct nlmsghdr *nlh, void *a_)
{
    const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
    struct answer *a = a_;
    const struct nlattr *attr;

    if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof *rtm ||
        rtm->rtm_family != a->family) {
        return MNL_CB_OK;
    }
    mnl_attr_for_each(attr, nlh, sizeof *rtm)
    {
        if (mnl_attr_get_type(attr) == RTA_GATEWAY && mnl_attr_get_payload_len(attr) == a->len) {
            memcpy(a->router, mnl_attr_get_payload(attr), a->len);
        }
    }
    return MNL_CB_OK;
}

int link_route_get(int family, const void *address, void *router)
{
    _Alignas(8) char buffer[256];
    struct answer a = {.family = family, .router = router, .len = family == AF_INET ? 4 : 16};
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct rtmsg *rtm;

    memset(router, 0, a.len);
    nlh->nlmsg_type = RTM_GETROUTE;
    rtm = mnl_nlmsg_put_extra_header(nlh, sizeof *rtm);
    rtm->rtm_family = (uint8_t)family;
    rtm->rtm_dst_len = (uint8_t)(8 * a.len);
    mnl_attr_put(nlh, RTA_DST, a.len, address);
    return link_transact(nlh, route_cb, &a);
}
