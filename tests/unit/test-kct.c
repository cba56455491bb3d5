/* test-kct.c - the kernel's connections: ctnetlink's bytes, and its answers from a stand-in for the
 * kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/dp/kernel/kct-private.h"
#include "lib/dp/kernel/kct_info.h"
#include "lib/env.h"
#include "lib/mem.h"

/* What Linux 6.12 answered for connections that were made by hand, and what Debian's ovs-dpctl
 * dump-conntrack -m -s made of it. */
#define NOW   INT64_C(100000)
#define WALL  INT64_C(1795775513849) /* A second after they were made. */
#define START ",start=2026-11-27T10:31:52.849"

static const struct {
    const char *hex, *text;
} samples[] = {
#define SAMPLE(HEX, TEXT) {HEX, TEXT},
#include "tests/unit/kct-samples.def"
#undef SAMPLE
};

struct bytes {
    _Alignas(8) uint8_t b[1024];
    size_t n;
};

static struct bytes sample(size_t i)
{
    struct bytes x = {.n = 0};
    uint8_t *raw = text_to_hex(samples[i].hex, &x.n);

    assert_non_null(raw);
    assert_true(x.n <= sizeof x.b);
    memcpy(x.b, raw, x.n);
    free(raw);
    return x;
}

static void test_golden(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        struct bytes x = sample(i);
        struct text t = TEXT_INIT;
        struct ct_info info;
        assert_true(kct_info_get(x.b, x.n, NOW, WALL, &info));
        ct_info_format(&info, true, true, NOW, WALL, &t);
        assert_string_equal(text_cstr(&t), samples[i].text);
        text_deinit(&t);
    }
}

/* Cut short anywhere, or with any byte changed: refused, or read without harm.  What lacks a tuple
 * is refused. */
static void test_damaged(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        const struct bytes whole = sample(i);
        struct ct_info info;
        for (size_t n = 0, start = 0; n < whole.n; n++) {
            const struct nlattr *a = (const void *)(whole.b + start);
            if (n == start + NLA_ALIGN(a->nla_len)) {
                start = n;
                a = (const void *)(whole.b + start);
            }
            bool cut = n > start && n < start + a->nla_len; /* Else between two attributes. */
            uint8_t *copy = xmemdup(whole.b, n + !n);       /* For the sanitizer. */
            bool ok = kct_info_get(copy, n, NOW, WALL, &info);
            assert_int_equal(ok, !cut && n >= 0x68 - 3); /* Two tuples are needed. */
            free(copy);
        }
        for (size_t at = 0; at < whole.n; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                struct bytes x = whole;
                struct text t = TEXT_INIT;
                x.b[at] ^= (uint8_t)BIT(bit);
                if (kct_info_get(x.b, x.n, NOW, WALL, &info)) {
                    ct_info_format(&info, true, true, NOW, WALL, &t);
                }
                text_deinit(&t);
            }
        }
    }
}

static void test_wrong_lengths(void **state UNUSED)
{
    /* Of sample 0: a port, the zone, the mark, flags of TCP, each a byte shorter. */
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"0600020000050000", "0500020000050000"},
        {"0600120000070000", "0500120000070000"},
        {"08000700000001f4", "07000700000001f4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        char *hex = xstrdup(samples[0].hex), *at = strstr(hex, changes[i].from);
        struct ct_info info;
        size_t n;
        assert_non_null(at);
        memcpy(at, changes[i].to, strlen(changes[i].to));
        uint8_t *raw = text_to_hex(hex, &n);
        assert_false(kct_info_get(raw, n, NOW, WALL, &info));
        free(raw);
        free(hex);
    }
    /* A tuple with something behind its parts that is no attribute. */
    char *hex = xasprintf("38000180%.*sff000300%s", 0x30 * 2, samples[0].hex + 8,
                          samples[0].hex + 0x34 * 2);
    struct ct_info info;
    size_t n;
    uint8_t *raw = text_to_hex(hex, &n);
    assert_false(kct_info_get(raw, n, NOW, WALL, &info));
    raw[0x34] = 4; /* An empty one is let pass. */
    assert_true(kct_info_get(raw, n, NOW, WALL, &info));
    free(raw);
    free(hex);
}

/* The kernel's states of TCP in the words of dump-conntrack, as Debian's ovs-dpctl has them. */
static void test_tcp_states(void **state UNUSED)
{
    static const char *const names[] = {"CLOSED",     "SYN_SENT",   "SYN_RECV", "ESTABLISHED",
                                        "FIN_WAIT_1", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT",
                                        "CLOSING",    "SYN_SENT",   "CLOSED"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        char *hex = xstrdup(samples[4].hex), *at = strstr(hex, "0500010003000000"), want[64];
        struct text t = TEXT_INIT;
        struct ct_info info;
        size_t n;
        assert_non_null(at);
        at[9] = "0123456789a"[i];
        uint8_t *raw = text_to_hex(hex, &n);
        assert_true(kct_info_get(raw, n, NOW, WALL, &info));
        ct_info_format(&info, true, false, NOW, WALL, &t);
        snprintf(want, sizeof want, "(state_orig=%s,state_reply=%s,", names[i], names[i]);
        assert_non_null(strstr(text_cstr(&t), want));
        text_deinit(&t);
        free(raw);
        free(hex);
    }
}

/* ---- a stand-in for the kernel ---- */

#define MAX_REQUESTS 64

struct fake {
    struct nlsock *sock;
    struct bytes queue[256]; /* Datagrams that wait. */
    size_t first, n;
    struct bytes requests[MAX_REQUESTS]; /* Behind the netlink header, type first. */
    size_t n_requests;
    int error;     /* Of whatever is asked, 0: none. */
    size_t copies; /* Of the sample a dump brings. */
};

static void reply(struct fake *f, uint16_t type, uint32_t seq, const void *data, size_t n)
{
    struct bytes *x = &f->queue[f->n++ % ARRAY_SIZE(f->queue)];
    struct nlmsghdr h = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + n),
                         .nlmsg_type = type,
                         .nlmsg_seq = seq};

    assert_true(f->n - f->first <= ARRAY_SIZE(f->queue));
    assert_true(h.nlmsg_len <= sizeof x->b);
    memcpy(x->b, &h, sizeof h);
    memcpy(x->b + NLMSG_HDRLEN, data, n);
    x->n = h.nlmsg_len;
}

static void reply_message(struct fake *f, uint16_t type, uint32_t seq, const struct bytes *attrs)
{
    struct bytes x = {.n = 4 + attrs->n};

    x.b[0] = AF_INET;
    memcpy(x.b + 4, attrs->b, attrs->n);
    reply(f, type, seq, x.b, x.n);
}

static void reply_error(struct fake *f, const struct nlmsghdr *request, int error)
{
    struct nlmsgerr e = {.error = -error, .msg = *request};
    reply(f, NLMSG_ERROR, request->nlmsg_seq, &e, sizeof e);
}

/* Policies that a former process left, and others that are none of ours. */
static const char *const policies[] = {"ovs_tp_7_tcp4",  "ovs_tp_7_udp6", "ovs_tp_300_icmp4",
                                       "ovs_tp_9_other", "tcp",           "ovs_tp_70000_tcp4"};

static void answer(struct fake *f, const struct nlmsghdr *h)
{
    static const uint8_t stats[] = {8, 0, 1, 0, 0, 0, 0, 5, 8, 0, 2, 0, 0, 2, 0, 0};
    struct bytes numbers = {.n = sizeof stats};
    const uint16_t get = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
                   get_stats = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;

    memcpy(numbers.b, stats, sizeof stats);
    if (!f->error && h->nlmsg_type == get) {
        assert_true((h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
        for (size_t i = 0; i < f->copies * ARRAY_SIZE(samples); i++) {
            struct bytes x = sample(i % ARRAY_SIZE(samples));
            reply_message(f, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, h->nlmsg_seq, &x);
        }
        reply(f, NLMSG_DONE, h->nlmsg_seq, &(int){0}, sizeof(int));
        return;
    }
    if (!f->error &&
        h->nlmsg_type == (NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8 | IPCTNL_MSG_TIMEOUT_GET)) {
        for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
            struct bytes x = {.n = NLA_HDRLEN + strlen(policies[i]) + 1};
            memcpy(x.b, &(struct nlattr){.nla_len = (uint16_t)x.n, .nla_type = CTA_TIMEOUT_NAME},
                   NLA_HDRLEN);
            memcpy(x.b + NLA_HDRLEN, policies[i], strlen(policies[i]) + 1);
            reply_message(f, NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8 | IPCTNL_MSG_TIMEOUT_NEW,
                          h->nlmsg_seq, &x);
        }
        reply(f, NLMSG_DONE, h->nlmsg_seq, &(int){0}, sizeof(int));
        return;
    }
    if (!f->error && h->nlmsg_type == get_stats) {
        reply_message(f, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, h->nlmsg_seq,
                      &numbers);
    }
    reply_error(f, h, f->error);
}

static ssize_t fake_send(void *f_, const void *data, size_t n)
{
    struct fake *f = f_;
    const uint8_t *at = data;

    for (size_t left = n; left;) {
        const struct nlmsghdr *h = (const void *)at;
        size_t whole = NLMSG_ALIGN(h->nlmsg_len);
        assert_true(left >= NLMSG_HDRLEN && h->nlmsg_len <= left && f->n_requests < MAX_REQUESTS);
        struct bytes *r = &f->requests[f->n_requests++];
        r->n = h->nlmsg_len;
        memcpy(r->b, at, r->n);
        answer(f, h);
        at += whole;
        left -= whole;
    }
    return (ssize_t)n;
}

static ssize_t fake_recv(void *f_, void *data, size_t n)
{
    struct fake *f = f_;

    if (f->first == f->n) {
        errno = EAGAIN;
        return -1;
    }
    const struct bytes *x = &f->queue[f->first++ % ARRAY_SIZE(f->queue)];
    assert_true(x->n <= n);
    memcpy(data, x->b, x->n);
    return (ssize_t)x->n;
}

static void fake_close(void *f UNUSED)
{
}

struct fixture {
    struct kernel k;
    struct fake dump, requests, generic;
};

static const struct nlsock_families netfilter = {
    .id = {[NLSOCK_CONNTRACK] = NFNL_SUBSYS_CTNETLINK,
           [NLSOCK_CTTIMEOUT] = NFNL_SUBSYS_CTNETLINK_TIMEOUT}};

static struct nlsock *fake_open(struct fake *f, const struct nlsock_families *families)
{
    const struct nlsock_transport t = {
        .send = fake_send, .recv = fake_recv, .close = fake_close, .aux = f, .fd = -1};

    f->sock = nlsock_new(&t);
    f->sock->families = families;
    return f->sock;
}

static int setup(void **state)
{
    static const struct dp_class class = {.conns = &kct_conns};
    struct fixture *x = xzalloc(sizeof *x);

    x->k.up.class = &class;
    x->k.up.loop = loop_new();
    x->k.ct_dump = fake_open(&x->dump, &netfilter);
    x->k.ct_requests = fake_open(&x->requests, &netfilter);
    x->k.families.id[NLSOCK_CT_LIMIT] = 0x21;
    x->k.sock = fake_open(&x->generic, &x->k.families);
    x->k.ifindex = 7;
    x->dump.copies = 1;
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    kct_deinit(&x->k, false);
    nlsock_free(x->k.sock);
    loop_free(x->k.up.loop);
    free(x);
    return 0;
}

static bool count_conn(void *n_, const struct ct_info *info UNUSED)
{
    return ++*(unsigned *)n_ != 3;
}

static bool count_all(void *n_, const struct ct_info *info UNUSED)
{
    ++*(unsigned *)n_;
    return true;
}

static void test_dump(void **state)
{
    struct fixture *x = *state;
    struct ct_filter all = {0}, zone = {.has_zone = true, .zone = 8},
                     udp = {.orig = {.has = CT_TF_PROTO, .tuple = {.proto = 17}}};
    unsigned n = 0;

    assert_int_equal(dp_conns_dump(&x->k.up, &all, count_all, &n), 0);
    assert_int_equal(n, ARRAY_SIZE(samples));
    assert_int_equal(dp_conns_dump(&x->k.up, &zone, count_all, &n), 0);
    assert_int_equal(n, ARRAY_SIZE(samples));
    assert_int_equal(dp_conns_dump(&x->k.up, &udp, count_all, &n), 0);
    assert_int_equal(n, ARRAY_SIZE(samples) + 1);
    x->dump.error = EPERM;
    assert_int_equal(dp_conns_dump(&x->k.up, &all, count_all, &n), EPERM);
}

/* Step by step, given up on the way; a datapath that goes meanwhile. */
static void test_dump_steps(void **state)
{
    struct fixture *x = *state;
    struct ct_filter all = {0};
    struct dp_conns_dump *d;
    unsigned n = 0;

    assert_int_equal(dp_conns_dump_start(&x->k.up, &all, &d), 0);
    assert_null(x->k.ct_dump); /* It is in use. */
    for (unsigned i = 1; i <= ARRAY_SIZE(samples); i++) {
        assert_true(dp_conns_dump_some(&x->k.up, d, count_all, &n));
        assert_int_equal(n, i);
    }
    assert_false(dp_conns_dump_some(&x->k.up, d, count_all, &n));
    assert_false(dp_conns_dump_some(&x->k.up, d, count_all, &n));
    assert_int_equal(dp_conns_dump_end(&x->k.up, d), 0);
    assert_ptr_equal(x->k.ct_dump, x->dump.sock);

    n = 0; /* Enough after three. */
    assert_int_equal(dp_conns_dump(&x->k.up, &all, count_conn, &n), 0);
    assert_int_equal(n, 3);
    assert_null(x->k.ct_dump); /* The rest is not waited for. */

    x->k.ct_dump = fake_open(&x->dump, &netfilter);
    assert_int_equal(dp_conns_dump_start(&x->k.up, &all, &d), 0);
    assert_true(dp_conns_dump_some(&x->k.up, d, count_all, &n));
    assert_int_equal(dp_conns_dump_end(NULL, d), 0);

    /* An answer that never comes. */
    x->k.ct_dump = fake_open(&x->dump, &netfilter);
    assert_int_equal(dp_conns_dump_start(&x->k.up, &all, &d), 0);
    x->dump.first = x->dump.n;
    assert_false(dp_conns_dump_some(&x->k.up, d, count_all, &n));
    assert_int_equal(dp_conns_dump_end(&x->k.up, d), ETIMEDOUT);
    assert_null(x->k.ct_dump);
}

static void test_flush(void **state)
{
    struct fixture *x = *state;
    struct ct_filter all = {0}, zone = {.has_zone = true, .zone = 7};

    assert_int_equal(kct_conns.flush(&x->k.up, &all), 0);
    assert_int_equal(x->requests.n_requests, 1);
    assert_int_equal(x->requests.requests[0].n, NLMSG_HDRLEN + 4); /* No tuple: all. */
    assert_int_equal(x->dump.n_requests, 0);

    x->requests.n_requests = 0;
    assert_int_equal(kct_conns.flush(&x->k.up, &zone), 0);
    assert_int_equal(x->requests.n_requests, ARRAY_SIZE(samples));
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        /* The sample's own original tuple, then the zone, then its id. */
        const struct bytes *r = &x->requests.requests[i], whole = sample(i);
        const struct nlmsghdr *h = (const void *)r->b;
        size_t tuple = whole.b[0];
        assert_int_equal(h->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
        assert_int_equal(r->b[NLMSG_HDRLEN], tuple == 0x54 ? AF_INET6 : AF_INET);
        assert_int_equal(r->n, NLMSG_HDRLEN + 4 + tuple + 16);
        assert_memory_equal(r->b + NLMSG_HDRLEN + 4, whole.b, tuple);
        assert_memory_equal(r->b + NLMSG_HDRLEN + 4 + tuple, "\x06\0\x12\0\0\x07\0\0\x08\0\x0c\0",
                            12);
    }
    /* One that has ended meanwhile is no error; anything else is. */
    x->requests.error = ENOENT;
    assert_int_equal(kct_conns.flush(&x->k.up, &zone), 0);
    x->requests.error = EPERM;
    assert_int_equal(kct_conns.flush(&x->k.up, &zone), EPERM);
}

/* A whole tuple without a zone means zone 0. */
static void test_flush_exact(void **state)
{
    struct fixture *x = *state;
    char *args[] = {
        xstrdup("ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_nw_proto=17,ct_tp_src=5,ct_tp_"
                "dst=6")};
    struct ct_filter f;

    assert_null(ct_filter_parse(1, args, &f));
    assert_int_equal(kct_conns.flush(&x->k.up, &f), 0);
    assert_int_equal(x->requests.n_requests, 0);
    f.has_zone = true;
    f.zone = 7;
    assert_int_equal(kct_conns.flush(&x->k.up, &f), 0);
    assert_int_equal(x->requests.n_requests, 1);
    free(args[0]);
}

static void test_numbers(void **state)
{
    static const int errors[] = {EPERM, ENOENT, EBUSY, ENOMEM, EOPNOTSUPP};
    struct fixture *x = *state;
    uint32_t n;

    assert_int_equal(kct_conns.count(&x->k.up, &n), 0);
    assert_int_equal(n, 5);
    assert_int_equal(kct_conns.get_max(&x->k.up, &n), 0);
    assert_int_equal(n, 0x20000);
    assert_null(kct_conns.set_tcp_liberal);
    x->requests.error = EINVAL; /* nfnetlink without conntrack. */
    assert_int_equal(kct_conns.count(&x->k.up, &n), EOPNOTSUPP);
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        x->requests.error = errors[i];
        assert_int_equal(kct_conns.count(&x->k.up, &n), errors[i]);
        assert_int_equal(kct_conns.get_max(&x->k.up, &n), errors[i]);
    }
}

static void test_limits(void **state)
{
    static const uint8_t want[] = {
        0x21, 0,    5,    0,                 /* Family, flags: REQUEST | ACK. */
        1,    0,    0,    0,    0,  0, 0, 0, /* Sequence, port. */
        1,    1,    0,    0,    7,  0, 0, 0, /* SET, version, the datapath. */
        28,   0,    1,    128,               /* Nested. */
        0xff, 0xff, 0xff, 0xff, 10, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
    };
    const struct dp_zone_limit limits[] = {{DP_ZONE_DEFAULT, 10, 0}, {5, 3, 0}};
    struct fixture *x = *state;

    assert_int_equal(kct_set_limits(&x->k.up, limits, 2), 0);
    assert_int_equal(x->generic.requests[0].n, 4 + sizeof want);
    assert_memory_equal(x->generic.requests[0].b + 4, want, sizeof want);
    x->k.families.id[NLSOCK_CT_LIMIT] = 0; /* Before Linux 4.18. */
    assert_int_equal(kct_del_limits(&x->k.up, limits, 2), EOPNOTSUPP);
    assert_int_equal(x->generic.n_requests, 1);
}

static unsigned requests_of(const struct fixture *x, uint8_t cmd)
{
    unsigned n = 0;
    for (unsigned i = 0; i < x->requests.n_requests; i++) {
        const struct nlmsghdr *h = (const void *)x->requests.requests[i].b;
        n += h->nlmsg_type == (NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8 | cmd);
    }
    return n;
}

/* What a zone's policy becomes in the kernel, and that it stays while flows name it. */
static void test_timeouts(void **state)
{
    static const uint8_t want[] = {
        18,  0,   1, 0, 'o', 'v', 's', '_', 't', 'p', '_', '5', '_', 't', 'c',
        'p', '4', 0, 0, 0,   6,   0,   2,   0,   0,   2,   0,   0, /* AF_INET, network order. */
        5,   0,   3, 0, 6,   0,   0,   0,                          /* TCP. */
        12,  0,   4, 0, 8,   0,   3,   0,   0,   0,   0,   77,     /* Established: 77 s. */
    };
    const struct ct_timeouts t = {.has = BIT64(CT_TO_TCP_ESTABLISHED) | BIT64(CT_TO_UDP_FIRST),
                                  .seconds = {[CT_TO_TCP_ESTABLISHED] = 77}};
    struct fixture *x = *state;

    assert_int_equal(dp_conns_set_timeouts(&x->k.up, 5, &t), EOPNOTSUPP);
    x->k.action_env.ct_timeout = true;
    assert_int_equal(dp_conns_set_timeouts(&x->k.up, 5, &t), 0);
    assert_int_equal(requests_of(x, IPCTNL_MSG_TIMEOUT_NEW), DP_CT_N_TIMEOUTS - 1);
    const struct bytes *r = &x->requests.requests[0];
    assert_int_equal(((const struct nlmsghdr *)(const void *)r->b)->nlmsg_flags,
                     NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
    assert_int_equal(r->n, NLMSG_HDRLEN + 4 + sizeof want);
    assert_memory_equal(r->b + NLMSG_HDRLEN + 4, want, sizeof want);
    assert_true(x->k.ct_timeout_zones[0] == BIT64(5));

    x->requests.n_requests = 0;
    assert_int_equal(dp_conns_set_timeouts(&x->k.up, 5, NULL), 0);
    assert_true(x->k.ct_timeout_zones[0] == 0);
    assert_int_equal(x->requests.n_requests, 0); /* Flows may name it. */
    x->requests.error = EBUSY;
    kct_timeouts_tick(&x->k);
    kct_timeouts_tick(&x->k);
    assert_int_equal(requests_of(x, IPCTNL_MSG_TIMEOUT_DELETE), 2 * (DP_CT_N_TIMEOUTS - 1));
    x->requests.error = 0;
    x->requests.n_requests = 0;
    kct_timeouts_tick(&x->k);
    kct_timeouts_tick(&x->k); /* It has gone. */
    assert_int_equal(requests_of(x, IPCTNL_MSG_TIMEOUT_DELETE), DP_CT_N_TIMEOUTS - 1);
    x->requests.error = EPERM;
    assert_int_equal(dp_conns_set_timeouts(&x->k.up, 70, &t), EPERM);
    assert_true(x->k.ct_timeout_zones[70 / 64] == 0);
}

/* What a former process left goes, but for zones that get a policy again. */
static void test_timeouts_inherited(void **state)
{
    const struct ct_timeouts t = {.has = BIT64(CT_TO_UDP_SINGLE)};
    struct fixture *x = *state;

    kct_timeouts_inherit(&x->k);
    assert_int_equal(x->requests.n_requests, 0); /* This kernel has none. */
    x->k.action_env.ct_timeout = true;
    kct_timeouts_inherit(&x->k);
    for (unsigned i = 0; i < 65536 / 64; i++) {
        uint64_t want = i == 0 ? BIT64(7) : i == 300 / 64 ? BIT64(300 % 64) : 0;
        assert_true(x->k.ct_timeout_old[i] == want);
    }
    assert_int_equal(dp_conns_set_timeouts(&x->k.up, 7, &t), 0);
    x->requests.n_requests = 0;
    kct_timeouts_tick(&x->k);
    assert_int_equal(requests_of(x, IPCTNL_MSG_TIMEOUT_DELETE), DP_CT_N_TIMEOUTS - 1);
    const struct bytes *r = &x->requests.requests[0];
    assert_memory_equal(r->b + NLMSG_HDRLEN + 8, "ovs_tp_300_", 11);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_tcp_states),
        cmocka_unit_test_setup_teardown(test_dump, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dump_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeouts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeouts_inherited, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
