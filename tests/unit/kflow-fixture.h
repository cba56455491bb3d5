/* kflow-fixture.h - a table of kernel flows on the fake kernel, and books that say what was paid.
 * Included once, by a test program. */
#pragma once

#include "lib/env.h"
#include "lib/io/loop.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/kernel-random.h"

struct book {
    uint64_t packets, bytes;
    unsigned n_released;
};

static struct {
    struct dp up;
    struct kflows flows;
    struct nlsock *sock;
    struct nlsock_families families;
    struct book books[64];
    unsigned n_books;
    enum dp_flow_decision decision;
    unsigned n_visits;
} t;

static inline void on_credit(void *aux UNUSED, void *credit, const struct dp_flow_stats *d)
{
    struct book *b = credit;
    assert_int_equal(b->n_released, 0);
    b->packets += d->packets;
    b->bytes += d->bytes;
}

static inline void on_release(void *aux UNUSED, void *credit)
{
    ((struct book *)credit)->n_released++;
}

static inline int setup(void **state UNUSED)
{
    static const struct nlaction_env env = {.upcall_pid = 1, .clone = true};

    memset(&t, 0, sizeof t);
    fk_init();
    t.families = fk_families();
    t.sock = fk_open(&t.families);
    t.up.name = (char *)(uintptr_t) "ovs-system";
    t.up.loop = loop_new();
    t.up.handler = (struct dp_handler){.credit = on_credit, .release = on_release};
    kflow_init(&t.flows, &t.up, 1, &kernel_all, &env);
    return 0;
}

static inline int teardown(void **state UNUSED)
{
    kflow_deinit(&t.flows);
    nlsock_free(t.sock);
    loop_free(t.up.loop);
    fk_deinit();
    for (unsigned i = 0; i < t.n_books; i++) {
        assert_int_equal(t.books[i].n_released, 1);
    }
    return 0;
}

static inline struct book *new_book(void)
{
    return &t.books[t.n_books++];
}

static inline struct key key_of(unsigned i)
{
    return (struct key){.in_port = 1,
                        .eth_type = htons(0x0800),
                        .ip_proto = 17,
                        .ip_src = htonl(i),
                        .tp_src = htons(7)};
}

static inline enum dp_flow_decision visit(void *aux UNUSED, const struct dp_flow_view *view,
                                          struct dp_verdict *v)
{
    t.n_visits++;
    if (t.decision == DP_FLOW_REPLACE || t.decision == DP_FLOW_RENEW) {
        v->credit = new_book();
        v->mask = *view->mask;
        dp_actions_output(&v->actions, t.decision == DP_FLOW_RENEW ? 2 : 9);
    }
    return t.decision;
}

static inline int walk(enum dp_flow_decision d)
{
    t.decision = d;
    t.n_visits = 0;
    return kflow_walk(&t.flows, t.sock, visit, NULL);
}
