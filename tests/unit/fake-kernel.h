/* fake-kernel.h - stands in for openvswitch.ko behind a struct nlsock: flows by UFID, families,
 * packets; answers as the kernel does, or as the test says.  Included once, by a test program. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/dp/kernel/kflow.h"
#include "lib/mem.h"

#define FK_HEADERS (NLMSG_HDRLEN + GENL_HDRLEN + sizeof(struct ovs_header))

struct fk_flow {
    struct fk_flow *next;
    struct kflow_id id;
    struct ovs_flow_stats stats;
    uint64_t used_ms;
    uint8_t flags;
    uint8_t *attrs; /* KEY, MASK and ACTIONS as they came. */
    size_t n_attrs;
};

struct fk_answer {
    struct fk_answer *next;
    int error; /* Of recv(); else bytes. */
    size_t n;
    uint8_t bytes[];
};

#define FK_MAX_SOCKS 16
#define FK_MAX_PORTS 8

struct fk_sock {
    struct fk_answer *first, **tail;
    uint32_t pid;
    bool news; /* With an eventfd to poll; receiving does not wait. */
    int fd;
};

static struct fake_kernel {
    pthread_mutex_t lock; /* For all. */
    struct fk_sock socks[FK_MAX_SOCKS], *to;
    unsigned n_socks;
    struct fk_flow *flows;
    struct {
        uint32_t no, type;
        char name[16];
    } ports[FK_MAX_PORTS];
    unsigned n_ports;
    uint32_t pids[64]; /* Upcall sockets by CPU. */
    unsigned n_pids;
    uint32_t features;
    bool no_per_cpu, exists;
    unsigned n_put, n_set, n_deleted, n_executed, n_dumped, n_requests, n_refused;
    struct kflow_id last_deleted;
    int fail_cmd, fail_family, fail_error; /* Requests with this command are answered so. */
    bool lose;                             /* ... carried out, but the answers lost. */
    bool interrupt;                        /* Dumps say that they are not whole. */
    int send_error;
    uint16_t refuse; /* Lists with this action are refused by EINVAL; 0: none. */
    uint16_t mru;    /* Of the last packet to be executed that had them. */
    uint64_t hash;
    uint32_t priority;
    uint64_t late; /* Packets, of 100 bytes, that each flow sees just before it is deleted. */
    void (*spoil)(uint8_t *bytes, size_t *n); /* What is received. */
    bool hidden; /* Dumps show nothing: somebody has deleted all flows. */
} fk;

static uint16_t fk_family_id(enum nlsock_family f)
{
    return (uint16_t)(f == NLSOCK_CTRL ? GENL_ID_CTRL : 0x20 + f);
}

static inline struct nlsock_families fk_families(void)
{
    struct nlsock_families f = {.vport_group = 5};
    for (enum nlsock_family i = 0; i < NLSOCK_N_FAMILIES; i++) {
        f.id[i] = fk_family_id(i);
    }
    return f;
}

static void fk_push(int error, const void *bytes, size_t n)
{
    struct fk_answer *a = xzalloc(sizeof *a + n);

    a->error = error;
    a->n = n;
    if (n) {
        memcpy(a->bytes, bytes, n);
    }
    *fk.to->tail = a;
    fk.to->tail = &a->next;
    if (fk.to->news) {
        uint64_t one = 1;
        ssize_t unused UNUSED = write(fk.to->fd, &one, sizeof one);
    }
}

static void fk_ack(const struct nlmsghdr *req, int error)
{
    struct {
        struct nlmsghdr nlh;
        struct nlmsgerr e;
    } m = {.nlh = {.nlmsg_len = sizeof m, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = req->nlmsg_seq},
           .e = {.error = -error, .msg = *req}};
    fk_push(0, &m, sizeof m);
}

/* One flow's message appended to 'to'; its length. */
static size_t fk_flow_msg(uint8_t *to, const struct fk_flow *f, const struct nlmsghdr *req,
                          uint8_t cmd, bool whole)
{
    struct nlmsghdr *nlh = (void *)to;
    struct genlmsghdr *g = (void *)(to + NLMSG_HDRLEN);
    struct ovs_header *o = (void *)(to + NLMSG_HDRLEN + GENL_HDRLEN);
    struct nlwr w;

    nlwr_init(&w, to + FK_HEADERS, 4000);
    nlwr_put_data(&w, OVS_FLOW_ATTR_UFID, &f->id, sizeof f->id);
    if (f->stats.n_packets) {
        nlwr_put_data(&w, OVS_FLOW_ATTR_STATS, &f->stats, sizeof f->stats);
        nlwr_put_u64(&w, OVS_FLOW_ATTR_USED, f->used_ms);
        nlwr_put_u8(&w, OVS_FLOW_ATTR_TCP_FLAGS, f->flags);
    }
    if (whole) {
        memcpy(w.data + w.len, f->attrs, f->n_attrs);
        w.len += f->n_attrs;
    }
    *nlh = (struct nlmsghdr){.nlmsg_len = (uint32_t)(FK_HEADERS + w.len),
                             .nlmsg_type = fk_family_id(NLSOCK_FLOW),
                             .nlmsg_flags =
                                 (uint16_t)(NLM_F_MULTI | (fk.interrupt ? NLM_F_DUMP_INTR : 0)),
                             .nlmsg_seq = req->nlmsg_seq};
    *g = (struct genlmsghdr){.cmd = cmd, .version = 1};
    *o = (struct ovs_header){.dp_ifindex = 1};
    return NLMSG_ALIGN(nlh->nlmsg_len);
}

static void fk_dump(const struct nlmsghdr *req, bool whole)
{
    static _Alignas(8) uint8_t buf[40000];
    size_t n = 0;

    for (const struct fk_flow *f = fk.hidden ? NULL : fk.flows; f; f = f->next) {
        if (n > 30000) {
            fk_push(0, buf, n);
            n = 0;
        }
        n += fk_flow_msg(buf + n, f, req, OVS_FLOW_CMD_NEW, whole);
        fk.n_dumped++;
    }
    struct nlmsghdr *done = (void *)(buf + n);
    *done = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN + 4,
                              .nlmsg_type = NLMSG_DONE,
                              .nlmsg_seq = req->nlmsg_seq};
    memset(buf + n + NLMSG_HDRLEN, 0, 4);
    fk_push(0, buf, n + NLMSG_HDRLEN + 4);
}

static struct fk_flow **fk_find(const struct kflow_id *id)
{
    struct fk_flow **f = &fk.flows;
    while (*f && memcmp(&(*f)->id, id, sizeof *id)) {
        f = &(*f)->next;
    }
    return f;
}

static void fk_free(struct fk_flow *f)
{
    free(f->attrs);
    free(f);
}

static void fk_fill(struct fk_flow *f, struct nlrd r)
{
    free(f->attrs);
    f->attrs = xzalloc((size_t)(r.end - r.p) + 1);
    f->n_attrs = 0;
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY || r.type == OVS_FLOW_ATTR_MASK ||
            r.type == OVS_FLOW_ATTR_ACTIONS) {
            size_t n = NLA_HDRLEN + NLA_ALIGN(r.n);
            memcpy(f->attrs + f->n_attrs, r.data - NLA_HDRLEN, n);
            f->n_attrs += n;
        }
    }
}

static int fk_new(const struct kflow_id *id, const struct nlrd *all, uint16_t flags)
{
    struct fk_flow **at = fk_find(id), *f;

    if (*at && flags & (NLM_F_CREATE | NLM_F_EXCL)) {
        return EEXIST;
    }
    f = xzalloc(sizeof *f);
    f->id = *id;
    fk_fill(f, *all);
    f->next = fk.flows;
    fk.flows = f;
    fk.n_put++;
    return 0;
}

static int fk_set(const struct kflow_id *id, const struct nlrd *all, const struct nlmsghdr *req)
{
    _Alignas(8) uint8_t buf[4096];
    struct fk_flow *f = *fk_find(id);

    if (!f) {
        return ENOENT;
    }
    f->stats.n_packets += fk.late; /* They come by just before. */
    f->stats.n_bytes += 100 * fk.late;
    fk_fill(f, *all);
    fk.n_set++;
    if (!fk.lose) {
        fk_push(0, buf, fk_flow_msg(buf, f, req, OVS_FLOW_CMD_SET, false));
    }
    return 0;
}

static int fk_del(const struct kflow_id *id, const struct nlmsghdr *req)
{
    _Alignas(8) uint8_t buf[4096];
    struct fk_flow **at = fk_find(id), *f = *at;

    if (!f) {
        return ENOENT;
    }
    f->stats.n_packets += fk.late; /* They come by just before. */
    f->stats.n_bytes += 100 * fk.late;
    *at = f->next;
    fk.last_deleted = f->id;
    fk.n_deleted++;
    if (!fk.lose) {
        fk_push(0, buf, fk_flow_msg(buf, f, req, OVS_FLOW_CMD_DEL, false));
    }
    fk_free(f);
    return 0;
}

/* A message of another family than flows. */
static void fk_reply(const struct nlmsghdr *req, enum nlsock_family family, uint8_t cmd,
                     int dp_ifindex, const struct nlwr *attrs)
{
    _Alignas(8) uint8_t b[66000];
    size_t head = family == NLSOCK_CTRL ? NLMSG_HDRLEN + GENL_HDRLEN : FK_HEADERS;

    memset(b, 0, head);
    *(struct nlmsghdr *)(void *)b = (struct nlmsghdr){.nlmsg_len = (uint32_t)(head + attrs->len),
                                                      .nlmsg_type = fk_family_id(family),
                                                      .nlmsg_seq = req ? req->nlmsg_seq : 0};
    b[NLMSG_HDRLEN] = cmd;
    if (family != NLSOCK_CTRL) {
        memcpy(b + NLMSG_HDRLEN + GENL_HDRLEN, &dp_ifindex, sizeof dp_ifindex);
    }
    memcpy(b + head, attrs->data, attrs->len);
    fk_push(0, b, head + attrs->len);
}

#include "tests/unit/fake-meters.h"

static int fk_getfamily(const struct nlmsghdr *req)
{
    static const char *const names[] = {"nlctrl",     "ovs_datapath", "ovs_vport",   "ovs_flow",
                                        "ovs_packet", "ovs_meter",    "ovs_ct_limit"};
    _Alignas(8) uint8_t buf[64];
    struct nlwr w;
    struct nlrd r;

    nlrd_init(&r, (const uint8_t *)req + NLMSG_HDRLEN + GENL_HDRLEN,
              req->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
    while (nlrd_next(&r)) {
        for (enum nlsock_family i = 0; i < NLSOCK_N_FAMILIES; i++) {
            if (!strcmp((const char *)r.data, names[i])) {
                nlwr_init(&w, buf, sizeof buf);
                nlwr_put_u16(&w, CTRL_ATTR_FAMILY_ID, fk_family_id(i));
                fk_reply(req, NLSOCK_CTRL, CTRL_CMD_NEWFAMILY, 0, &w);
                return 0;
            }
        }
    }
    return ENOENT;
}

static int fk_datapath(const struct nlmsghdr *req, uint8_t cmd, struct nlrd r)
{
    _Alignas(8) uint8_t buf[8];
    struct nlwr w;
    int error = cmd == OVS_DP_CMD_NEW && fk.exists ? EEXIST : 0;

    if (cmd != OVS_DP_CMD_NEW && !fk.exists) {
        error = ENODEV;
    }
    while (!error && nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_USER_FEATURES) {
            uint32_t f = nlrd_u32(&r);
            error = f & OVS_DP_F_DISPATCH_UPCALL_PER_CPU && fk.no_per_cpu ? EOPNOTSUPP : 0;
            fk.features = f;
        } else if (r.type == OVS_DP_ATTR_PER_CPU_PIDS) {
            fk.n_pids = r.n / 4;
            memcpy(fk.pids, r.data, MIN((size_t)r.n, sizeof fk.pids));
        }
    }
    if (!error) {
        fk.exists = cmd != OVS_DP_CMD_DEL;
        nlwr_init(&w, buf, sizeof buf);
        fk_reply(req, NLSOCK_DATAPATH, cmd, 1, &w);
    }
    return error;
}

#include "tests/unit/fake-ports.h"

static void fk_execute(struct nlrd r)
{
    while (nlrd_next(&r)) {
        fk.mru = r.type == OVS_PACKET_ATTR_MRU ? nlrd_u16(&r) : fk.mru;
        fk.hash = r.type == OVS_PACKET_ATTR_HASH ? nlrd_u64(&r) : fk.hash;
        struct nlrd key = {0};
        if (r.type == OVS_PACKET_ATTR_KEY) {
            nlrd_init(&key, r.data, r.n);
        }
        while (nlrd_next(&key)) {
            fk.priority = key.type == OVS_KEY_ATTR_PRIORITY ? nlrd_u32(&key) : fk.priority;
        }
    }
    __atomic_add_fetch(&fk.n_executed, 1, __ATOMIC_RELEASE);
}

/* A flow's actions or a packet's: is the one there that is not to be? */
static bool fk_refuses(struct nlrd r, uint16_t type)
{
    struct nlrd list;

    while (fk.refuse && nlrd_next(&r)) {
        if (r.type == type) {
            nlrd_init(&list, r.data, r.n);
            while (nlrd_next(&list)) {
                if (list.type == fk.refuse) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool fk_is(const struct nlmsghdr *req, enum nlsock_family f)
{
    return req->nlmsg_type == fk_family_id(f);
}

static void fk_request(const struct nlmsghdr *req)
{
    const uint8_t *b = (const uint8_t *)req;
    const struct genlmsghdr *g = (const void *)(b + NLMSG_HDRLEN);

    if (fk_is(req, NLSOCK_CTRL)) {
        fk_ack(req, fk_getfamily(req));
        return;
    }
    struct kflow_id id = {{0, 0}};
    uint32_t ufid_flags = 0;
    struct nlrd r, all;
    int error = 0;

    fk.n_requests++;
    nlrd_init(&all, b + FK_HEADERS, req->nlmsg_len - FK_HEADERS);
    for (r = all; fk_is(req, NLSOCK_FLOW) && nlrd_next(&r);) {
        if (r.type == OVS_FLOW_ATTR_UFID && r.n == sizeof id) {
            memcpy(&id, r.data, sizeof id);
        } else if (r.type == OVS_FLOW_ATTR_UFID_FLAGS) {
            ufid_flags = nlrd_u32(&r);
        }
    }
    assert_false(r.err);
    bool fail = fk.fail_error && g->cmd == fk.fail_cmd &&
                req->nlmsg_type == fk_family_id((enum nlsock_family)fk.fail_family);
    if (fail && !fk.lose) {
        error = fk.fail_error;
    } else if (fk_is(req, NLSOCK_PACKET)
                   ? fk_refuses(all, OVS_PACKET_ATTR_ACTIONS)
                   : fk_is(req, NLSOCK_FLOW) && fk_refuses(all, OVS_FLOW_ATTR_ACTIONS)) {
        fk.n_refused++;
        error = EINVAL;
    } else if (req->nlmsg_type == fk_family_id(NLSOCK_PACKET)) {
        fk_execute(all);
    } else if (fk_is(req, NLSOCK_DATAPATH)) {
        error = fk_datapath(req, g->cmd, all);
    } else if (fk_is(req, NLSOCK_VPORT)) {
        error = fk_vport(req, g->cmd, all);
    } else if (fk_is(req, NLSOCK_METER)) {
        error = fk_meter(req, g->cmd, all);
    } else if (!fk_is(req, NLSOCK_FLOW)) {
        error = EOPNOTSUPP;
    } else if (g->cmd == OVS_FLOW_CMD_NEW) {
        error = fk_new(&id, &all, req->nlmsg_flags);
    } else if (g->cmd == OVS_FLOW_CMD_SET) {
        error = fk_set(&id, &all, req);
    } else if (g->cmd == OVS_FLOW_CMD_DEL) {
        error = fk_del(&id, req);
    } else if (g->cmd == OVS_FLOW_CMD_GET) {
        fk_dump(req, !ufid_flags);
        return;
    }
    if (fail && fk.lose) {
        fk_push(fk.fail_error, NULL, 0);
    } else if (error || req->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)) { /* Of a dump: its end. */
        fk_ack(req, error);
    }
}

static ssize_t fk_send(void *sock, const void *data, size_t n)
{
    const uint8_t *at = data;

    pthread_mutex_lock(&fk.lock);
    fk.to = sock;
    while (n && !fk.send_error) {
        const struct nlmsghdr *req = (const void *)at;
        assert_in_range(req->nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN, n);
        fk_request(req);
        size_t whole = MIN((size_t)NLMSG_ALIGN(req->nlmsg_len), n);
        at += whole;
        n -= whole;
    }
    pthread_mutex_unlock(&fk.lock);
    errno = fk.send_error;
    return fk.send_error ? -1 : (ssize_t)(at - (const uint8_t *)data);
}

static struct fk_answer *fk_take(struct fk_sock *s)
{
    pthread_mutex_lock(&fk.lock);
    struct fk_answer *a = s->first;
    if (a) {
        s->first = a->next;
        s->tail = s->first ? s->tail : &s->first;
    }
    if (s->news && !s->first) {
        uint64_t n;
        ssize_t unused UNUSED = read(s->fd, &n, sizeof n);
    }
    pthread_mutex_unlock(&fk.lock);
    return a;
}

static ssize_t fk_recv(void *sock, void *to, size_t cap)
{
    struct fk_answer *a = fk_take(sock);
    ssize_t n = -1;

    if (!a) {
        errno = EAGAIN;
        return -1;
    }
    int error = a->error;
    if (!error) {
        assert_in_range(a->n, 0, cap);
        memcpy(to, a->bytes, a->n);
        if (fk.spoil) {
            fk.spoil(to, &a->n);
        }
        n = (ssize_t)a->n;
    }
    free(a);
    errno = error;
    return n;
}

static void fk_drop(struct fk_sock *s)
{
    for (struct fk_answer *a; (a = fk_take(s));) {
        free(a);
    }
}

static void fk_close(void *sock_)
{
    struct fk_sock *s = sock_;

    fk_drop(s);
    if (s->news) {
        close(s->fd);
    }
}

static struct nlsock *fk_open_sock(bool news)
{
    pthread_mutex_lock(&fk.lock);
    assert_in_range(fk.n_socks, 0, FK_MAX_SOCKS - 1);
    struct fk_sock *s = &fk.socks[fk.n_socks++];
    *s = (struct fk_sock){.news = news, .pid = 100 + fk.n_socks, .fd = -1};
    s->tail = &s->first;
    s->fd = news ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    pthread_mutex_unlock(&fk.lock);
    const struct nlsock_transport t = {.send = fk_send,
                                       .recv = fk_recv,
                                       .close = fk_close,
                                       .aux = s,
                                       .fd = s->fd,
                                       .port_id = s->pid};
    return nlsock_new(&t);
}

static inline struct nlsock *fk_open(const struct nlsock_families *families)
{
    struct nlsock *s = fk_open_sock(false);

    s->families = families;
    return s;
}

static inline void fk_drop_answers(void)
{
    for (unsigned i = 0; i < fk.n_socks; i++) {
        fk_drop(&fk.socks[i]);
    }
}

static void fk_init(void)
{
    memset(&fk, 0, sizeof fk);
    pthread_mutex_init(&fk.lock, NULL);
}

static void fk_deinit(void)
{
    while (fk.flows) {
        struct fk_flow *f = fk.flows;
        fk.flows = f->next;
        fk_free(f);
    }
}

static inline unsigned fk_count(void)
{
    unsigned n = 0;
    for (const struct fk_flow *f = fk.flows; f; f = f->next) {
        n++;
    }
    return n;
}

/* The kernel forwards packets by the first flow. */
static inline void fk_hit(uint64_t packets, uint64_t bytes, uint64_t used_ms)
{
    assert_non_null(fk.flows);
    fk.flows->stats.n_packets += packets;
    fk.flows->stats.n_bytes += bytes;
    fk.flows->used_ms = used_ms;
}
