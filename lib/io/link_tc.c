/* link_tc.c - the ingress drop of link.h: clsact qdisc, one cls_bpf filter in direct-action mode.
 *
 * The program is classic BPF, `return TC_ACT_SHOT`: handed over within the tc message, so that it
 * needs NET_ADMIN and nothing else (eBPF programs would need CAP_BPF after privileges are gone). */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/io/link-private.h"
#include "lib/io/link.h"
#include "lib/mem.h"

/* What makes the filter ours. */
#define DROP_PRIORITY 81
#define DROP_HANDLE   0x51u
#define DROP_NAME     "sluice-ingress-drop"

#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define EGRESS  TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

static const struct sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT)};

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags, int ifindex,
                              uint32_t parent, struct tcmsg **tcm)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = flags;
    *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof **tcm);
    (*tcm)->tcm_ifindex = ifindex;
    (*tcm)->tcm_parent = parent;
    return nlh;
}

static int qdisc(uint16_t type, uint16_t flags, int ifindex)
{
    _Alignas(8) char buffer[256];
    struct tcmsg *tcm;
    struct nlmsghdr *nlh = begin(buffer, type, flags, ifindex, TC_H_CLSACT, &tcm);

    tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
    return link_transact(nlh, NULL, NULL);
}

static int add_filter(int ifindex)
{
    _Alignas(8) char buffer[512];
    struct tcmsg *tcm;
    struct nlmsghdr *nlh =
        begin(buffer, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, ifindex, INGRESS, &tcm);

    tcm->tcm_handle = DROP_HANDLE;
    tcm->tcm_info = TC_H_MAKE(DROP_PRIORITY << 16, htons(ETH_P_ALL));
    mnl_attr_put_strz(nlh, TCA_KIND, "bpf");
    struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
    mnl_attr_put_u16(nlh, TCA_BPF_OPS_LEN, ARRAY_SIZE(program));
    mnl_attr_put(nlh, TCA_BPF_OPS, sizeof program, program);
    mnl_attr_put_strz(nlh, TCA_BPF_NAME, DROP_NAME);
    mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    mnl_attr_nest_end(nlh, options);
    return link_transact(nlh, NULL, NULL);
}

static int del_filter(int ifindex)
{
    _Alignas(8) char buffer[256];
    struct tcmsg *tcm;
    struct nlmsghdr *nlh = begin(buffer, RTM_DELTFILTER, 0, ifindex, INGRESS, &tcm);

    tcm->tcm_handle = DROP_HANDLE;
    tcm->tcm_info = TC_H_MAKE(DROP_PRIORITY << 16, htons(ETH_P_ALL));
    mnl_attr_put_strz(nlh, TCA_KIND, "bpf");
    return link_transact(nlh, NULL, NULL);
}

struct count {
    int ifindex;
    unsigned all;
};

static int count_cb(const struct nlmsghdr *nlh, void *count_)
{
    struct count *count = count_;
    const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

    if (nlh->nlmsg_type == RTM_NEWTFILTER && mnl_nlmsg_get_payload_len(nlh) >= sizeof *tcm &&
        tcm->tcm_ifindex == count->ifindex && tcm->tcm_handle) {
        count->all++;
    }
    return MNL_CB_OK;
}

static int count_filters(int ifindex, uint32_t parent, struct count *count)
{
    _Alignas(8) char buffer[256];
    struct tcmsg *tcm;
    struct nlmsghdr *nlh = begin(buffer, RTM_GETTFILTER, NLM_F_DUMP, ifindex, parent, &tcm);

    count->ifindex = ifindex;
    return link_transact(nlh, count_cb, count);
}

static int drop_on(int ifindex)
{
    int error = qdisc(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);

    if (error && error != EEXIST) {
        return error;
    }
    error = add_filter(ifindex);
    return error == EEXIST ? 0 : error;
}

static int drop_off(int ifindex)
{
    struct count count = {0};
    int error = del_filter(ifindex);

    if (error && error != ENOENT && error != EINVAL) {
        return error;
    }
    /* Filters of others keep the qdisc. */
    if (!count_filters(ifindex, INGRESS, &count) && !count_filters(ifindex, EGRESS, &count) &&
        !count.all) {
        (void)qdisc(RTM_DELQDISC, 0, ifindex);
    }
    return 0;
}

int link_ingress_drop(int ifindex, bool on)
{
    return on ? drop_on(ifindex) : drop_off(ifindex);
}

/* What killed processes left. */

struct indices {
    int *values;
    size_t n;
};

/* Devices with a clsact qdisc, as many as there are. */
static int qdisc_cb(const struct nlmsghdr *nlh, void *found_)
{
    struct indices *found = found_;
    const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

    if (nlh->nlmsg_type == RTM_NEWQDISC && mnl_nlmsg_get_payload_len(nlh) >= sizeof *tcm &&
        tcm->tcm_parent == TC_H_CLSACT) {
        found->values = xrealloc(found->values, (found->n + 1) * sizeof *found->values);
        found->values[found->n++] = tcm->tcm_ifindex;
    }
    return MNL_CB_OK;
}

static void find_qdiscs(struct indices *found)
{
    _Alignas(8) char buffer[256];
    struct tcmsg *tcm;
    struct nlmsghdr *nlh = begin(buffer, RTM_GETQDISC, NLM_F_DUMP, 0, 0, &tcm);

    (void)link_transact(nlh, qdisc_cb, found);
}

/* The kernel keeps a name of eBPF programs only. */
static bool has_our_program(const struct nlmsghdr *nlh)
{
    const struct nlattr *attr, *option;

    mnl_attr_for_each(attr, nlh, sizeof(struct tcmsg))
    {
        if (mnl_attr_get_type(attr) != TCA_OPTIONS) {
            continue;
        }
        mnl_attr_for_each_nested(option, attr)
        {
            if (mnl_attr_get_type(option) == TCA_BPF_OPS &&
                mnl_attr_get_payload_len(option) == sizeof program &&
                !memcmp(mnl_attr_get_payload(option), program, sizeof program)) {
                return true;
            }
        }
    }
    return false;
}

static int ours_cb(const struct nlmsghdr *nlh, void *count_)
{
    struct count *count = count_;
    const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

    if (nlh->nlmsg_type == RTM_NEWTFILTER && mnl_nlmsg_get_payload_len(nlh) >= sizeof *tcm &&
        tcm->tcm_ifindex == count->ifindex && tcm->tcm_handle == DROP_HANDLE &&
        TC_H_MAJ(tcm->tcm_info) >> 16 == DROP_PRIORITY && has_our_program(nlh)) {
        count->all++;
    }
    return MNL_CB_OK;
}

static bool has_our_drop(int ifindex)
{
    _Alignas(8) char buffer[256];
    struct count count = {.ifindex = ifindex};
    struct tcmsg *tcm;
    struct nlmsghdr *nlh = begin(buffer, RTM_GETTFILTER, NLM_F_DUMP, ifindex, INGRESS, &tcm);

    return !link_transact(nlh, ours_cb, &count) && count.all;
}

/* Whether an AF_PACKET socket gets all frames of the device.  Unknown: yes. */
static bool is_received(int ifindex)
{
    FILE *f = fopen("/proc/thread-self/net/packet", "r");
    bool found = !f;
    char line[256];

    while (!found && fgets(line, sizeof line, f)) {
        unsigned protocol;
        int device;
        /* sk RefCnt Type Proto Iface ...; the first line is a heading. */
        found = sscanf(line, "%*s %*s %*s %x %d", &protocol, &device) == 2 &&
                protocol == ETH_P_ALL && device == ifindex;
    }
    if (f) {
        fclose(f);
    }
    return found;
}

unsigned link_ingress_drop_clean(void)
{
    struct indices found = {0};
    unsigned n = 0;

    find_qdiscs(&found);
    for (size_t i = 0; i < found.n; i++) {
        if (has_our_drop(found.values[i]) && !is_received(found.values[i])) {
            n += !drop_off(found.values[i]);
        }
    }
    free(found.values);
    return n;
}
