/* test-nlsock.c - requests, dumps and batches against every kind of answer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/dp/kernel/nlsock.h"

#define FLOW_ID 0x23

/* What the transport gives, in order. */
static struct answer {
    _Alignas(8) uint8_t b[256];
    ssize_t n; /* Negative: errno. */
} script[64];
static unsigned n_script, at, n_sent, n_got;
static uint32_t sent_seq[64];
static uint16_t sent_flags[64];
static bool many; /* The transport can receive several datagrams at once. */
static int send_errno;
static bool forever; /* Then the last answer again and again. */

static ssize_t on_send(void *aux UNUSED, const void *data, size_t n)
{
    const uint8_t *p = data;

    if (send_errno) {
        errno = send_errno;
        send_errno = send_errno == EINTR ? 0 : send_errno;
        return -1;
    }
    n_sent = 0;
    for (size_t ofs = 0; ofs < n && n_sent < 64;) {
        const struct nlmsghdr *h = (const void *)(p + ofs);
        sent_flags[n_sent] = h->nlmsg_flags;
        sent_seq[n_sent++] = h->nlmsg_seq;
        ofs += NLMSG_ALIGN(h->nlmsg_len);
    }
    return (ssize_t)n;
}

static ssize_t on_recv(void *aux UNUSED, void *to, size_t cap)
{
    if (at == n_script) {
        errno = EAGAIN;
        return -1;
    }
    const struct answer *a = &script[forever && at + 1 == n_script ? at : at++];
    if (a->n < 0) {
        errno = (int)-a->n;
        return -1;
    }
    assert_in_range(a->n, 0, cap);
    memcpy(to, a->b, (size_t)a->n);
    return a->n;
}

static int on_recv_many(void *aux, void *to, size_t slot, size_t *len, unsigned n)
{
    unsigned i = 0;

    do {
        ssize_t got = on_recv(aux, (uint8_t *)to + i * slot, slot);
        if (got < 0) {
            return -1;
        }
        len[i++] = (size_t)got;
    } while (i < n && at < n_script && script[at].n >= 0); /* What has come. */
    return (int)i;
}

static void on_close(void *aux UNUSED)
{
}

static struct nlsock_families families = {.id = {[NLSOCK_CTRL] = GENL_ID_CTRL,
                                                 [NLSOCK_DATAPATH] = 0x20,
                                                 [NLSOCK_VPORT] = 0x21,
                                                 [NLSOCK_PACKET] = 0x22,
                                                 [NLSOCK_FLOW] = FLOW_ID}};

static struct nlsock *open_sock(void)
{
    const struct nlsock_transport t = {.send = on_send,
                                       .recv = on_recv,
                                       .recv_many = many ? on_recv_many : NULL,
                                       .close = on_close,
                                       .fd = -1,
                                       .port_id = 9};
    struct nlsock *s = nlsock_new(&t);

    s->families = &families;
    n_script = at = n_got = 0;
    send_errno = 0;
    forever = false;
    return s;
}

/* Sequence numbers are relative to the first request's, 1. */
static struct answer *add(uint16_t type, uint16_t flags, uint32_t seq, uint32_t len)
{
    struct answer *a = &script[n_script++];

    memset(a, 0, sizeof *a);
    *(struct nlmsghdr *)(void *)a->b = (struct nlmsghdr){
        .nlmsg_len = len, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq};
    a->n = (ssize_t)MIN(len, sizeof a->b);
    return a;
}

static void add_ack(uint32_t seq, int error)
{
    struct answer *a = add(NLMSG_ERROR, 0, seq, NLMSG_HDRLEN + sizeof(struct nlmsgerr));
    int32_t code = (int32_t)(0 - (uint32_t)error);
    memcpy(a->b + NLMSG_HDRLEN, &code, sizeof code);
}

static void add_errno(int error)
{
    script[n_script++].n = -error;
}

static void add_message(uint32_t seq, uint16_t flags)
{
    add(FLOW_ID, flags, seq, NLMSG_HDRLEN + GENL_HDRLEN + 4 + 8);
}

static void on_message(void *aux UNUSED, const struct nlsock_msg *m)
{
    assert_int_equal(m->family, NLSOCK_FLOW);
    assert_int_equal(m->n, 8);
    n_got++;
}

static int call(struct nlsock *s, uint16_t flags)
{
    struct nlwr w;

    nlsock_begin(s, NLSOCK_FLOW, OVS_FLOW_CMD_GET, flags, 1, &w);
    nlwr_put_u32(&w, 1, 1);
    return nlsock_call(s, &w, on_message, NULL);
}

static void test_errno(void **state UNUSED)
{
    for (int e = 1; e < 134; e++) { /* Every errno there is. */
        struct nlsock *s = open_sock();
        add_ack(1, e);
        assert_int_equal(call(s, 0), e);
        nlsock_free(s);
        s = open_sock();
        send_errno = e;
        assert_int_equal(call(s, 0), e == EINTR ? ETIMEDOUT : e);
        nlsock_free(s);
        s = open_sock();
        add_errno(e);
        int want = e == EAGAIN || e == EINTR ? ETIMEDOUT : e;
        assert_int_equal(call(s, 0), want);
        nlsock_free(s);
    }
    struct nlsock *s = open_sock();
    add_ack(1, INT32_MIN); /* Its negation does not exist. */
    assert_int_not_equal(call(s, 0), 0);
    add_ack(2, -5); /* "Success", as for a count. */
    assert_int_equal(call(s, 0), 0);
    nlsock_free(s);
}

static void test_replies(void **state UNUSED)
{
    struct nlsock *s = open_sock();

    add_message(1, 0);
    add_ack(1, 0);
    assert_int_equal(call(s, 0), 0);
    assert_int_equal(n_got, 1);

    /* Of other requests, other families; too short for their headers; no messages at all. */
    add_message(1, 0);
    add_ack(1, EPERM);
    add_message(77, 0);
    add(0x99, 0, 2, NLMSG_HDRLEN + 12);
    add(FLOW_ID, 0, 2, NLMSG_HDRLEN + GENL_HDRLEN);
    add(FLOW_ID, 0, 2, NLMSG_HDRLEN);
    add(FLOW_ID, 0, 2, 8);
    add(FLOW_ID, 0, 2, 0);
    add(FLOW_ID, 0, 2, 0xffffffff)->n = 200;
    add(FLOW_ID, 0, 2, 201)->n = 200;
    script[n_script++].n = 0;
    script[n_script++].n = 3;
    add(NLMSG_NOOP, 0, 2, NLMSG_HDRLEN);
    add_message(2, 0);
    add_ack(2, 0);
    assert_int_equal(call(s, 0), 0);
    assert_int_equal(n_got, 2);

    add(NLMSG_ERROR, 0, 3, NLMSG_HDRLEN + 4); /* An acknowledgement cut off. */
    assert_int_equal(call(s, 0), EPROTO);
    nlsock_free(s);

    s = open_sock(); /* Chatter without end. */
    add_message(77, 0);
    forever = true;
    assert_int_equal(call(s, 0), EPROTO);
    nlsock_free(s);
}

static void test_dumps(void **state UNUSED)
{
    struct nlsock *s = open_sock();

    add_message(1, NLM_F_MULTI);
    add_message(1, NLM_F_MULTI);
    add(NLMSG_DONE, NLM_F_MULTI, 1, NLMSG_HDRLEN + 4);
    assert_int_equal(call(s, NLM_F_DUMP), 0);
    assert_int_equal(n_got, 2);
    add_message(2, NLM_F_MULTI | NLM_F_DUMP_INTR);
    add(NLMSG_DONE, NLM_F_MULTI, 2, NLMSG_HDRLEN + 4);
    assert_int_equal(call(s, NLM_F_DUMP), EINTR);
    add_message(3, NLM_F_MULTI); /* Said at the very end. */
    add(NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 3, NLMSG_HDRLEN + 4);
    assert_int_equal(call(s, NLM_F_DUMP), EINTR);
    add(NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 4, NLMSG_HDRLEN); /* Without a code. */
    assert_int_equal(call(s, NLM_F_DUMP), EINTR);
    add_message(5, NLM_F_MULTI);
    struct answer *a = add(NLMSG_DONE, NLM_F_MULTI, 5, NLMSG_HDRLEN + 4);
    int32_t code = -ENOMEM;
    memcpy(a->b + NLMSG_HDRLEN, &code, sizeof code);
    assert_int_equal(call(s, NLM_F_DUMP), ENOMEM);
    add_message(6, NLM_F_MULTI); /* And then nothing more. */
    assert_int_equal(call(s, NLM_F_DUMP), ETIMEDOUT);
    add_message(7, NLM_F_MULTI);
    add_errno(ENOBUFS);
    add(NLMSG_DONE, NLM_F_MULTI, 7, NLMSG_HDRLEN + 4);
    assert_int_equal(call(s, NLM_F_DUMP), ENOBUFS);
    nlsock_free(s);
}

static int results[64];

static void on_done(void *aux UNUSED, unsigned i, int error)
{
    results[i] = error;
}

static void fill(struct nlsock *s, struct nlsock_batch *b, unsigned n)
{
    struct nlwr w;

    nlsock_batch_begin(s, b);
    for (unsigned i = 0; i < n; i++) {
        assert_true(nlsock_batch_add(b, NLSOCK_FLOW, OVS_FLOW_CMD_DEL, 0, 1, 64, &w));
        nlwr_put_u32(&w, 1, i);
        nlsock_batch_end(b, &w);
    }
}

static void check_batches(void)
{
    struct nlsock *s = open_sock();
    struct nlsock_batch b;
    struct nlwr w;

    fill(s, &b, 5); /* Success is not acknowledged, but for the last. */
    add_ack(2, ENOENT);
    add_message(3, 0);
    add_ack(4, EINVAL);
    add_message(5, 0);
    add_ack(5, 0);
    assert_int_equal(nlsock_batch_run(&b, on_message, on_done, NULL), 0);
    assert_int_equal(n_sent, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sent_seq[i], i + 1);
        assert_int_equal(!!(sent_flags[i] & NLM_F_ACK), i == 4);
    }
    assert_int_equal(n_got, 2);
    assert_true(!results[0] && results[1] == ENOENT && !results[2] && results[3] == EINVAL &&
                !results[4]);

    fill(s, &b, 3); /* An answer is lost: nobody knows of the rest, nor waits for it. */
    add_ack(6, EEXIST);
    add_errno(ENOBUFS);
    add_ack(8, 0);
    assert_int_equal(nlsock_batch_run(&b, NULL, on_done, NULL), ENOBUFS);
    assert_true(results[0] == EEXIST && results[1] == ENOBUFS && results[2] == ENOBUFS);

    fill(s, &b, 2); /* What was late then is no answer now. */
    add_ack(10, EPERM);
    assert_int_equal(nlsock_batch_run(&b, NULL, on_done, NULL), 0);
    assert_true(!results[0] && results[1] == EPERM);

    fill(s, &b, 2); /* The acknowledgement never comes. */
    add_message(11, 0);
    assert_int_equal(nlsock_batch_run(&b, on_message, on_done, NULL), ETIMEDOUT);
    assert_true(results[0] == ETIMEDOUT && results[1] == ETIMEDOUT);

    fill(s, &b, 2); /* Chatter without end. */
    add_message(77, 0);
    forever = true;
    assert_int_equal(nlsock_batch_run(&b, on_message, on_done, NULL), EPROTO);
    assert_true(results[0] == EPROTO && results[1] == EPROTO);
    nlsock_free(s);
    s = open_sock();

    fill(s, &b, 2);
    send_errno = ENOMEM;
    assert_int_equal(nlsock_batch_run(&b, NULL, on_done, NULL), ENOMEM);
    assert_true(results[0] == ENOMEM && results[1] == ENOMEM);
    send_errno = 0;

    /* One that did not fit is not sent, and takes no number. */
    nlsock_batch_begin(s, &b);
    assert_true(nlsock_batch_add(&b, NLSOCK_FLOW, 1, 0, 1, 4, &w));
    nlwr_put_u32(&w, 1, 1);
    assert_true(w.err);
    nlsock_batch_end(&b, &w);
    assert_int_equal(b.n, 0);
    assert_true(nlsock_batch_add(&b, NLSOCK_FLOW, 1, 0, 1, 8, &w));
    nlsock_batch_end(&b, &w);
    add_ack(3, 0);
    assert_int_equal(nlsock_batch_run(&b, NULL, on_done, NULL), 0);
    assert_int_equal(sent_seq[0], 3);
    assert_false(nlsock_batch_add(&b, NLSOCK_FLOW, 1, 0, 1, NLSOCK_BUF, &w));
    assert_false(nlsock_batch_add(&b, NLSOCK_METER, 1, 0, 1, 8, &w)); /* This kernel has none. */
    assert_int_equal(nlsock_batch_run(&(struct nlsock_batch){.sock = s}, NULL, on_done, NULL), 0);
    nlsock_free(s);
}

static void test_batches(void **state UNUSED)
{
    check_batches();
    many = true;
    check_batches();
    many = false;
}

static void test_requests(void **state UNUSED)
{
    struct nlsock *s = open_sock();
    struct nlwr w;

    nlsock_begin(s, NLSOCK_METER, 1, 0, 1, &w);
    assert_int_not_equal(nlsock_call(s, &w, NULL, NULL), 0);
    nlsock_begin(s, NLSOCK_FLOW, 1, 0, 1, &w);
    nlwr_put(&w, 1, 65531);
    nlwr_put(&w, 1, 65531);
    assert_int_equal(nlsock_call(s, &w, NULL, NULL), EMSGSIZE);
    nlsock_free(s);
}

static void check_news_at_once(void)
{
    struct nlsock *s = open_sock();

    for (unsigned i = 0; i < NLSOCK_NEWS + 2; i++) {
        add_message(0, 0);
    }
    add_ack(0, EPERM); /* No news. */
    add_errno(ENOBUFS);
    add_message(0, 0);
    assert_int_equal(nlsock_recv_many(s, on_message, NULL), 0);
    assert_int_equal(n_got, NLSOCK_NEWS);
    int error = nlsock_recv_many(s, on_message, NULL);
    assert_int_equal(n_got, NLSOCK_NEWS + 2);
    assert_int_equal(error ? error : nlsock_recv_many(s, on_message, NULL), ENOBUFS);
    assert_int_equal(nlsock_recv_many(s, on_message, NULL), 0);
    assert_int_equal(n_got, NLSOCK_NEWS + 3);
    assert_int_equal(nlsock_recv_many(s, on_message, NULL), EAGAIN);
    nlsock_free(s);
}

static void test_news_at_once(void **state UNUSED)
{
    check_news_at_once();
    many = true;
    check_news_at_once();
    many = false;
}

static void test_news(void **state UNUSED)
{
    struct nlsock *s = open_sock();

    add_message(0, 0);
    add_ack(0, EPERM); /* No news. */
    add_errno(ENOBUFS);
    add(FLOW_ID, 0, 0, 3);
    assert_int_equal(nlsock_recv(s, on_message, NULL), 0);
    assert_int_equal(n_got, 1);
    assert_int_equal(nlsock_recv(s, on_message, NULL), 0);
    assert_int_equal(nlsock_recv(s, on_message, NULL), ENOBUFS);
    assert_int_equal(nlsock_recv(s, on_message, NULL), 0);
    assert_int_equal(nlsock_recv(s, on_message, NULL), EAGAIN);
    assert_int_equal(n_got, 1);
    nlsock_free(s);
}

static void test_no_openvswitch(void **state UNUSED)
{
    struct nlsock *s = open_sock();
    struct nlsock_families f;

    add_ack(1, ENOENT);
    assert_int_equal(nlsock_resolve(s, &f), ENOENT);
    add(GENL_ID_CTRL, 0, 2, NLMSG_HDRLEN + GENL_HDRLEN); /* An answer that names no number. */
    add_ack(2, 0);
    assert_int_equal(nlsock_resolve(s, &f), ENOENT);
    add_ack(3, EPERM);
    assert_int_equal(nlsock_resolve(s, &f), EPERM);
    nlsock_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errno),          cmocka_unit_test(test_replies),
        cmocka_unit_test(test_dumps),          cmocka_unit_test(test_batches),
        cmocka_unit_test(test_requests),       cmocka_unit_test(test_news),
        cmocka_unit_test(test_no_openvswitch), cmocka_unit_test(test_news_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
