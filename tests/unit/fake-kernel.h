/* fake-kernel.h - stands in for openvswitch.ko behind a struct nlsock: flows by UFID, families,
 * packets; answers as the kernel does, or as the test says.  Included once, by a test program. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

static struct fake_kernel {
    struct fk_flow *flows;
    struct fk_answer *first, **tail;
    unsigned n_put, n_deleted, n_executed, n_dumped, n_requests;
    int fail_cmd, fail_family, fail_error; /* Requests with this command are answered so. */
    bool lose;                             /* ... carried out, but the answers lost. */
    bool interrupt;                        /* Dumps say that they are not whole. */
    int send_error;
    bool hidden; /* Dumps show nothing: somebody has deleted all flows. */
} fk;

static uint16_t fk_family_id(enum nlsock_family f)
{
    return (uint16_t)(f == NLSOCK_CTRL ? GENL_ID_CTRL : 0x20 + f);
}

static struct nlsock_families fk_families(void)
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
    *fk.tail = a;
    fk.tail = &a->next;
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

static int fk_new(const struct kflow_id *id, const struct nlrd *all, uint16_t flags)
{
    struct fk_flow **at = fk_find(id), *f;
    struct nlrd r = *all;

    if (*at && flags & (NLM_F_CREATE | NLM_F_EXCL)) {
        return EEXIST;
    }
    f = xzalloc(sizeof *f);
    f->id = *id;
    f->attrs = xzalloc((size_t)(r.end - r.p) + 1);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY || r.type == OVS_FLOW_ATTR_MASK ||
            r.type == OVS_FLOW_ATTR_ACTIONS) {
            size_t n = NLA_HDRLEN + NLA_ALIGN(r.n);
            memcpy(f->attrs + f->n_attrs, r.data - NLA_HDRLEN, n);
            f->n_attrs += n;
        }
    }
    f->next = fk.flows;
    fk.flows = f;
    fk.n_put++;
    return 0;
}

static int fk_del(const struct kflow_id *id, const struct nlmsghdr *req)
{
    _Alignas(8) uint8_t buf[4096];
    struct fk_flow **at = fk_find(id), *f = *at;

    if (!f) {
        return ENOENT;
    }
    *at = f->next;
    fk.n_deleted++;
    if (!fk.lose) {
        fk_push(0, buf, fk_flow_msg(buf, f, req, OVS_FLOW_CMD_DEL, false));
    }
    fk_free(f);
    return 0;
}

static void fk_request(const struct nlmsghdr *req)
{
    const uint8_t *b = (const uint8_t *)req;
    const struct genlmsghdr *g = (const void *)(b + NLMSG_HDRLEN);
    struct kflow_id id = {{0, 0}};
    uint32_t ufid_flags = 0;
    struct nlrd r, all;
    int error = 0;

    fk.n_requests++;
    nlrd_init(&all, b + FK_HEADERS, req->nlmsg_len - FK_HEADERS);
    for (r = all; nlrd_next(&r);) {
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
    } else if (req->nlmsg_type == fk_family_id(NLSOCK_PACKET)) {
        fk.n_executed++;
    } else if (g->cmd == OVS_FLOW_CMD_NEW) {
        error = fk_new(&id, &all, req->nlmsg_flags);
    } else if (g->cmd == OVS_FLOW_CMD_DEL) {
        error = fk_del(&id, req);
    } else if (g->cmd == OVS_FLOW_CMD_GET) {
        fk_dump(req, !ufid_flags);
        return;
    }
    if (fail && fk.lose) {
        fk_push(fk.fail_error, NULL, 0);
    } else {
        fk_ack(req, error);
    }
}

static ssize_t fk_send(void *aux UNUSED, const void *data, size_t n)
{
    const uint8_t *at = data;

    if (fk.send_error) {
        errno = fk.send_error;
        return -1;
    }
    while (n) {
        const struct nlmsghdr *req = (const void *)at;
        assert_in_range(req->nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN, n);
        fk_request(req);
        size_t whole = MIN((size_t)NLMSG_ALIGN(req->nlmsg_len), n);
        at += whole;
        n -= whole;
    }
    return (ssize_t)(at - (const uint8_t *)data);
}

static ssize_t fk_recv(void *aux UNUSED, void *to, size_t cap)
{
    struct fk_answer *a = fk.first;
    ssize_t n = -1;

    if (!a) {
        errno = EAGAIN;
        return -1;
    }
    fk.first = a->next;
    if (!fk.first) {
        fk.tail = &fk.first;
    }
    errno = a->error;
    if (!a->error) {
        assert_in_range(a->n, 0, cap);
        memcpy(to, a->bytes, a->n);
        n = (ssize_t)a->n;
    }
    free(a);
    return n;
}

static void fk_close(void *aux UNUSED)
{
}

static struct nlsock *fk_open(const struct nlsock_families *families)
{
    const struct nlsock_transport t = {
        .send = fk_send, .recv = fk_recv, .close = fk_close, .fd = -1, .port_id = 77};
    struct nlsock *s = nlsock_new(&t);

    s->families = families;
    return s;
}

static void fk_drop_answers(void)
{
    while (fk.first) {
        struct fk_answer *a = fk.first;
        fk.first = a->next;
        free(a);
    }
    fk.tail = &fk.first;
}

static void fk_init(void)
{
    memset(&fk, 0, sizeof fk);
    fk.tail = &fk.first;
}

static void fk_deinit(void)
{
    fk_drop_answers();
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
