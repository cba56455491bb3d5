/* link_htb.c - see link_htb.h.  tc-htb(8); linux/pkt_sched.h. */
#include "lib/io/link_htb.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "lib/io/link-private.h"
#include "lib/mem.h"

#define ROOT        (1u << 16) /* 1: */
#define ALL         (ROOT | 0xfffe)
#define DEFAULT     1  /* 1:1 */
#define TICK_NS     64 /* Of the kernel's packet scheduler. */
#define MIN_RATE    1500
#define BURST_HZ    250 /* A bucket holds what comes between two runs of a slow clock. */
#define FRAME_EXTRA 64  /* Headers beyond the MTU. */
#define MAX_QUANTUM 60000

uint32_t link_htb_priority(uint32_t queue)
{
    return ROOT | (queue + 1);
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags, int ifindex,
                              uint32_t parent, uint32_t handle)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct tcmsg *tcm;

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = flags;
    tcm = mnl_nlmsg_put_extra_header(nlh, sizeof *tcm);
    tcm->tcm_ifindex = ifindex;
    tcm->tcm_parent = parent;
    tcm->tcm_handle = handle;
    return nlh;
}

/* NULL: not of this device, or malformed. */
static const struct tcmsg *message(const struct nlmsghdr *nlh, uint16_t type, int ifindex)
{
    const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

    return nlh->nlmsg_type == type && mnl_nlmsg_get_payload_len(nlh) >= sizeof *tcm &&
                   tcm->tcm_ifindex == ifindex
               ? tcm
               : NULL;
}

static bool is_kind(const struct nlmsghdr *nlh, const char *kind)
{
    const struct nlattr *attr;

    mnl_attr_for_each(attr, nlh, sizeof(struct tcmsg))
    {
        if (mnl_attr_get_type(attr) == TCA_KIND) {
            return mnl_attr_get_payload_len(attr) == strlen(kind) + 1 &&
                   !memcmp(mnl_attr_get_payload(attr), kind, strlen(kind) + 1);
        }
    }
    return false;
}

/* ---- the root ---- */

struct root {
    int ifindex;
    bool ours;
};

static int root_cb(const struct nlmsghdr *nlh, void *root_)
{
    struct root *root = root_;
    const struct tcmsg *tcm = message(nlh, RTM_NEWQDISC, root->ifindex);

    root->ours |=
        tcm && tcm->tcm_parent == TC_H_ROOT && tcm->tcm_handle == ROOT && is_kind(nlh, "htb");
    return MNL_CB_OK;
}

static int find_root(int ifindex, bool *ours)
{
    _Alignas(8) char buffer[256];
    struct root root = {.ifindex = ifindex};
    int error =
        link_transact(begin(buffer, RTM_GETQDISC, NLM_F_DUMP, ifindex, 0, 0), root_cb, &root);

    *ours = root.ours;
    return error;
}

static int add_root(int ifindex)
{
    _Alignas(8) char buffer[512];
    struct tc_htb_glob glob = {.version = 3, .rate2quantum = 10, .defcls = DEFAULT};
    bool ours;
    int error = find_root(ifindex, &ours);

    if (error || ours) {
        return error;
    }
    struct nlmsghdr *nlh =
        begin(buffer, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex, TC_H_ROOT, ROOT);
    mnl_attr_put_strz(nlh, TCA_KIND, "htb");
    struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
    mnl_attr_put(nlh, TCA_HTB_INIT, sizeof glob, &glob);
    mnl_attr_nest_end(nlh, options);
    return link_transact(nlh, NULL, NULL);
}

int link_htb_clear(int ifindex)
{
    _Alignas(8) char buffer[256];
    bool ours;
    int error = find_root(ifindex, &ours);

    if (error || !ours) {
        return error;
    }
    return link_transact(begin(buffer, RTM_DELQDISC, 0, ifindex, TC_H_ROOT, ROOT), NULL, NULL);
}

/* ---- classes ---- */

/* How long the bucket takes to fill, in the kernel's ticks. */
static uint32_t ticks(uint64_t rate, uint64_t burst)
{
    long double t = (long double)burst * 1000000000.0L / (long double)rate / TICK_NS;
    return t < UINT32_MAX ? (uint32_t)t : UINT32_MAX;
}

static int put_class(int ifindex, unsigned mtu, uint32_t parent, uint32_t handle,
                     const struct link_htb_queue *q)
{
    _Alignas(8) char buffer[512];
    uint64_t frame = mtu + FRAME_EXTRA;
    struct tc_htb_opt opt = {
        .rate = {.linklayer = TC_LINKLAYER_ETHERNET,
                 .rate = (uint32_t)MIN(q->min_rate, UINT32_MAX)},
        .ceil = {.linklayer = TC_LINKLAYER_ETHERNET,
                 .rate = (uint32_t)MIN(q->max_rate, UINT32_MAX)},
        .buffer = ticks(q->min_rate, MAX(q->burst, q->min_rate / BURST_HZ + frame)),
        .cbuffer = ticks(q->max_rate, MAX(q->burst, q->max_rate / BURST_HZ + frame)),
        .quantum = (uint32_t)MAX(MIN(q->min_rate / 10, MAX_QUANTUM), frame),
        .prio = q->priority};
    struct nlmsghdr *nlh = begin(buffer, RTM_NEWTCLASS, NLM_F_CREATE, ifindex, parent, handle);

    mnl_attr_put_strz(nlh, TCA_KIND, "htb");
    struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
    mnl_attr_put(nlh, TCA_HTB_PARMS, sizeof opt, &opt);
    if (q->min_rate >= UINT32_MAX) {
        mnl_attr_put_u64(nlh, TCA_HTB_RATE64, q->min_rate);
    }
    if (q->max_rate >= UINT32_MAX) {
        mnl_attr_put_u64(nlh, TCA_HTB_CEIL64, q->max_rate);
    }
    mnl_attr_nest_end(nlh, options);
    return link_transact(nlh, NULL, NULL);
}

struct walk {
    int ifindex;
    link_htb_stats_cb *cb;
    void *aux;
};

/* Since Linux 2.6 in TCA_STATS2; the count of packets in 64 bits apart from it. */
static void read_stats(const struct nlattr *stats2, struct link_htb_stats *s)
{
    const struct nlattr *attr;
    bool has_packets = false;

    mnl_attr_for_each_nested(attr, stats2)
    {
        const void *p = mnl_attr_get_payload(attr);
        size_t len = mnl_attr_get_payload_len(attr);
        struct gnet_stats_queue queue;
        struct gnet_stats_basic basic;
        switch (mnl_attr_get_type(attr)) {
        case TCA_STATS_BASIC:
            memset(&basic, 0, sizeof basic);
            memcpy(&basic, p, MIN(len, sizeof basic));
            s->bytes = basic.bytes;
            s->packets = has_packets ? s->packets : basic.packets;
            break;
        case TCA_STATS_PKT64:
            if (len == sizeof s->packets) {
                memcpy(&s->packets, p, len);
                has_packets = true;
            }
            break;
        case TCA_STATS_QUEUE:
            memset(&queue, 0, sizeof queue);
            memcpy(&queue, p, MIN(len, sizeof queue));
            s->dropped = queue.drops;
            break;
        default:
            break;
        }
    }
}

static int class_cb(const struct nlmsghdr *nlh, void *walk_)
{
    const struct walk *w = walk_;
    const struct tcmsg *tcm = message(nlh, RTM_NEWTCLASS, w->ifindex);
    const struct nlattr *attr;

    if (!tcm || tcm->tcm_handle <= ROOT || tcm->tcm_handle > ROOT + LINK_HTB_MAX_QUEUES) {
        return MNL_CB_OK;
    }
    struct link_htb_stats s = {.queue = tcm->tcm_handle - ROOT - 1};
    mnl_attr_for_each(attr, nlh, sizeof *tcm)
    {
        if (mnl_attr_get_type(attr) == TCA_STATS2) {
            read_stats(attr, &s);
        }
    }
    w->cb(w->aux, &s);
    return MNL_CB_OK;
}

int link_htb_get_stats(int ifindex, link_htb_stats_cb *cb, void *aux)
{
    _Alignas(8) char buffer[256];
    struct walk w = {ifindex, cb, aux};

    return link_transact(begin(buffer, RTM_GETTCLASS, NLM_F_DUMP, ifindex, 0, 0), class_cb, &w);
}

struct others {
    const struct link_htb_queue *wanted;
    size_t n_wanted;
    uint32_t *queues;
    size_t n;
};

static void other_cb(void *others_, const struct link_htb_stats *s)
{
    struct others *o = others_;

    for (size_t i = 0; i < o->n_wanted; i++) {
        if (o->wanted[i].queue == s->queue) {
            return;
        }
    }
    o->queues = xrealloc(o->queues, (o->n + 1) * sizeof *o->queues);
    o->queues[o->n++] = s->queue;
}

static int delete_others(int ifindex, const struct link_htb_queue *wanted, size_t n)
{
    _Alignas(8) char buffer[256];
    struct others o = {.wanted = wanted, .n_wanted = n};
    int error = link_htb_get_stats(ifindex, other_cb, &o);

    for (size_t i = 0; !error && i < o.n; i++) {
        error = link_transact(begin(buffer, RTM_DELTCLASS, 0, ifindex, ALL,
                                    link_htb_priority(o.queues[i])),
                              NULL, NULL);
    }
    free(o.queues);
    return error;
}

int link_htb_set(int ifindex, unsigned mtu, uint64_t max_rate, const struct link_htb_queue *queues,
                 size_t n)
{
    uint64_t all = MAX(max_rate, MIN_RATE);
    struct link_htb_queue q = {.min_rate = all, .max_rate = all};
    int error = add_root(ifindex);

    error = error ? error : put_class(ifindex, mtu, ROOT, ALL, &q);
    for (size_t i = 0; !error && i < n; i++) {
        q = queues[i];
        q.min_rate = MIN(MAX(q.min_rate, MIN_RATE), all);
        q.max_rate = MAX(q.max_rate ? MIN(q.max_rate, all) : all, q.min_rate);
        error = put_class(ifindex, mtu, ALL, link_htb_priority(q.queue), &q);
    }
    return error ? error : delete_others(ifindex, queues, n);
}
