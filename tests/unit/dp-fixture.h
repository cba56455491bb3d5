/* dp-fixture.h - a datapath for tests: dummy ports, a translation that the test steers, and the
 * books of credits.  The tracker is a stand-in.  Included once, by a test program. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "lib/counter.h"
#include "lib/ct/ct_burst.h"
#include "lib/ct/ct_busy.h"
#include "lib/ct/ct_event.h"
#include "lib/ct/ct_expected.h"
#include "lib/ct/ct_frag.h"
#include "lib/ct/ct_index.h"
#include "lib/ct/ct_room.h"
#include "lib/ct/ct_zone.h"
#include "lib/dp/dp.h"
#include "lib/io/loop.h"
#include "lib/mem.h"
#include "lib/packet/compose.h"

/* ---- stand-ins ---- */

static int fake_ct;

struct ct *ct_new(const struct ct_config *config UNUSED)
{
    return (struct ct *)(void *)&fake_ct;
}

bool ct_start(struct ct *ct UNUSED, const struct ct_config *config UNUSED)
{
    return true;
}

void ct_free(struct ct *ct UNUSED)
{
}

void ct_zone_set_timeouts(struct ct *ct UNUSED, uint16_t zone UNUSED,
                          const struct ct_timeouts *timeouts UNUSED)
{
}

void ct_events_listen(struct ct *ct UNUSED, unsigned mask UNUSED, void (*ready)(void *) UNUSED,
                      void *aux UNUSED)
{
}

bool ct_event_next(struct ct *ct UNUSED, struct ct_event *event UNUSED)
{
    return false;
}

uint64_t ct_events_lost(const struct ct *ct UNUSED)
{
    return 0;
}

size_t ct_index_size(const struct ct *ct UNUSED)
{
    return 0;
}

size_t ct_index_write(struct ct *ct UNUSED, void *to UNUSED)
{
    return 0;
}

void ct_index_slots(const struct ct *ct UNUSED, uint32_t n_slots[2])
{
    n_slots[0] = n_slots[1] = 1;
}

unsigned ct_sweep(struct ct *ct UNUSED, int64_t now_ms UNUSED, unsigned budget UNUSED)
{
    return 0;
}

bool ct_room_wanted(struct ct *ct UNUSED)
{
    return false;
}

void ct_room_make(struct ct *ct UNUSED)
{
}

/* Of each worker. */
struct ct_burst {
    unsigned n, n_looked;
    const struct packet *shown[CT_BURST_MAX];
};

static unsigned n_ahead; /* Packets that ct_execute() knew from the burst. */

struct ct_burst *ct_burst_new(void)
{
    return xzalloc(sizeof(struct ct_burst));
}

void ct_burst_free(struct ct_burst *b)
{
    free(b);
}

void ct_burst_begin(struct ct_burst *b)
{
    b->n = b->n_looked = 0;
}

unsigned ct_burst_add(const struct ct *ct UNUSED, struct ct_burst *b, struct packet *p,
                      uint16_t zone UNUSED)
{
    assert_int_equal(b->n_looked, 0);
    b->shown[b->n] = p;
    return ++b->n;
}

void ct_burst_look(const struct ct *ct UNUSED, struct ct_burst *b)
{
    ((struct ct_burst *)b)->n_looked = b->n;
}

enum ct_fate ct_burst_execute(struct ct *ct UNUSED, const struct ct_burst *b, unsigned number,
                              struct packet *p, const struct ct_args *args, int64_t now_ms UNUSED)
{
    if (number) {
        assert_in_range(number, 1, b->n_looked);
        assert_ptr_equal(b->shown[number - 1], p);
        __atomic_add_fetch(&n_ahead, 1, __ATOMIC_RELAXED);
    }
    p->ct.state = CS_TRK | CS_NEW;
    p->ct.zone = args->zone;
    return CT_GOES_ON;
}

struct packet *ct_frag_take(struct ct *ct UNUSED, struct packet *p, uint16_t zone UNUSED,
                            int64_t now_ms UNUSED)
{
    return p;
}

void ct_frag_get_limits(const struct ct *ct UNUSED, struct ct_frag_limits *limits)
{
    *limits = (struct ct_frag_limits){.max_held = 1};
}

void ct_frag_set_limits(struct ct *ct UNUSED, const struct ct_frag_limits *limits UNUSED)
{
}

void ct_frag_get_stats(struct ct *ct UNUSED, struct ct_frag_stats *stats)
{
    *stats = (struct ct_frag_stats){0};
}

unsigned ct_expected_dump(struct ct *ct UNUSED, uint32_t *pos UNUSED, struct ct_expected *xs UNUSED,
                          unsigned n UNUSED, int64_t now_ms UNUSED)
{
    return 0;
}

bool ct_dump_some(struct ct *ct UNUSED, const struct ct_filter *f UNUSED, uint32_t *pos UNUSED,
                  unsigned budget UNUSED, struct ct_info *infos UNUSED, unsigned *n,
                  int64_t now_ms UNUSED)
{
    *n = 0;
    return false;
}

unsigned ct_flush(struct ct *ct UNUSED, const struct ct_filter *f UNUSED, int64_t now_ms UNUSED)
{
    return 0;
}

bool ct_filter_matches(const struct ct_filter *f UNUSED, const struct ct_info *info UNUSED)
{
    return false;
}

bool ct_filter_is_exact(const struct ct_filter *f UNUSED)
{
    return false;
}

uint32_t ct_count(const struct ct *ct UNUSED)
{
    return 0;
}

uint32_t ct_get_max(const struct ct *ct UNUSED)
{
    return 0;
}

bool ct_set_max(struct ct *ct UNUSED, uint32_t max UNUSED)
{
    return false;
}

void ct_set_tcp_liberal(struct ct *ct UNUSED, bool liberal UNUSED)
{
}

void ct_zone_set_limit(struct ct *ct UNUSED, int32_t zone UNUSED, uint32_t limit UNUSED)
{
}

void ct_zone_del_limit(struct ct *ct UNUSED, int32_t zone UNUSED)
{
}

void ct_busy_look(const struct ct *ct UNUSED, struct ct_busy *b UNUSED)
{
}

void ct_busy_format(const struct ct_busy *b UNUSED, struct text *t UNUSED)
{
}

uint32_t ct_zone_get_limit(const struct ct *ct UNUSED, int32_t zone UNUSED)
{
    return 0;
}

bool ct_zone_has_limit(const struct ct *ct UNUSED, uint16_t zone UNUSED)
{
    return false;
}

uint32_t ct_zone_get_count(const struct ct *ct UNUSED, uint16_t zone UNUSED)
{
    return 0;
}

void ct_zone_set_liberal(struct ct *ct UNUSED, uint16_t zone UNUSED, bool on UNUSED)
{
}

void ct_clear(struct packet *p)
{
    p->ct = (struct packet_ct){0};
}

/* ---- a translation that the tests steer, and its book-keeping ---- */

struct book { /* One credit. */
    uint64_t packets, bytes;
    unsigned n_released;
};

static struct {
    unsigned n_misses, n_userspace, n_changed;
    uint32_t userspace_len;
    bool no_cache, no_credit;
    void (*translate)(const struct key *, struct dp_verdict *);
    struct book *books[65536];
    unsigned n_books;
} t;

static void forward(const struct key *k, struct dp_verdict *v)
{
    dp_actions_output(&v->actions, k->in_port == 1 ? 2 : 1);
}

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k,
                    int64_t now_ms UNUSED, struct dp_verdict *v)
{
    __atomic_add_fetch(&t.n_misses, 1, __ATOMIC_RELAXED); /* Several workers. */
    v->mask.eth_type = 0xffff;
    v->cache = !t.no_cache;
    if (!t.no_credit) {
        unsigned i = __atomic_fetch_add(&t.n_books, 1, __ATOMIC_RELAXED);
        assert_in_range(i, 0, ARRAY_SIZE(t.books) - 1);
        v->credit = t.books[i] = xzalloc(sizeof(struct book));
    }
    t.translate(k, v);
}

static void on_userspace(void *aux UNUSED, const struct packet *p, const struct key *k UNUSED,
                         const void *cookie, size_t len)
{
    assert_int_equal(len, 4);
    assert_memory_equal(cookie, "abcd", 4);
    assert_int_not_equal(p->csum, CSUM_PARTIAL);
    t.n_userspace++;
    t.userspace_len = p->len;
}

static void on_credit(void *aux UNUSED, void *credit, const struct dp_flow_stats *d)
{
    struct book *b = credit;
    assert_int_equal(b->n_released, 0);
    b->packets += d->packets;
    b->bytes += d->bytes;
}

static void on_release(void *aux UNUSED, void *credit)
{
    ((struct book *)credit)->n_released++;
}

static void on_changed(void *aux UNUSED, uint32_t port_no UNUSED)
{
    t.n_changed++;
}

static const struct dp_handler handler = {.miss = on_miss,
                                          .userspace = on_userspace,
                                          .credit = on_credit,
                                          .release = on_release,
                                          .port_changed = on_changed};

struct fixture {
    struct loop *loop;
    struct dp *dp;
    uint32_t port[3];
    char tx_pcap[64], rx_pcap[64];
};

static const char *option(void *aux, const char *key)
{
    const struct fixture *f = aux;
    return !strcmp(key, "tx_pcap") ? f->tx_pcap : !strcmp(key, "rx_pcap") ? f->rx_pcap : NULL;
}

static void add_port(struct fixture *f, const char *name, const char *type, uint32_t want,
                     uint32_t *no)
{
    char *error = dp_port_add(f->dp, name, type, want, option, f, no);
    assert_null(error);
}

static struct fixture *open_dp(const char *type)
{
    struct fixture *f = xzalloc(sizeof *f);

    memset(&t, 0, sizeof t);
    t.translate = forward;
    f->loop = loop_new();
    assert_null(dp_open(type, "ovs-test", f->loop, &handler, &f->dp));
    return f;
}

static struct fixture *start(void)
{
    struct fixture *f = open_dp("dummy");
    add_port(f, "p1", "system", DP_PORT_NONE, &f->port[0]);
    add_port(f, "p2", "internal", DP_PORT_NONE, &f->port[1]);
    add_port(f, "p3", "dummy", 7, &f->port[2]);
    assert_int_equal(f->port[0], 1);
    assert_int_equal(f->port[1], 2);
    assert_int_equal(f->port[2], 7);
    return f;
}

static void stop(struct fixture *f)
{
    dp_close(f->dp, true);
    loop_free(f->loop);
    for (unsigned i = 0; i < t.n_books; i++) {
        assert_int_equal(t.books[i]->n_released, 1);
        free(t.books[i]);
    }
    t.n_books = 0;
    free(f);
}

static struct packet *frame(uint16_t dst_port)
{
    struct key k = {.eth_type = htons(0x800),
                    .eth_dst = {2, 0, 0, 0, 0, 2},
                    .eth_src = {2, 0, 0, 0, 0, 1},
                    .ip_src = htonl(0x0a000001),
                    .ip_dst = htonl(0x0a000002),
                    .ip_proto = 17,
                    .ip_ttl = 64,
                    .tp_src = htons(1000),
                    .tp_dst = htons(dst_port)};
    return compose_packet(&k, "payload", 7);
}

static void receive(struct fixture *f, uint32_t port)
{
    assert_true(dp_port_receive(f->dp, port, frame(53)));
}

static uint64_t sent(struct fixture *f, uint32_t port)
{
    struct dp_port_stats s;
    dp_port_get_stats(f->dp, port, &s);
    return s.tx_packets;
}

static void check_totals(struct fixture *f, uint64_t hits, uint64_t misses, uint64_t flows)
{
    uint64_t h, m, l, n;
    dp_flow_stats_total(f->dp, &h, &m, &l, &n);
    assert_int_equal(h, hits);
    assert_int_equal(m, misses);
    assert_int_equal(l, 0);
    assert_int_equal(n, flows);
}

struct visits {
    enum dp_flow_decision decision;
    unsigned n;
    uint64_t packets;
    bool wider;
    uint32_t output;
    struct fixture *late; /* A packet comes by just before the decision takes effect. */
};

static enum dp_flow_decision visit(void *aux, const struct dp_flow_view *view, struct dp_verdict *r)
{
    struct visits *v = aux;
    const struct book *b = view->credit;

    v->n++;
    v->packets += view->stats.packets;
    assert_true(view->mask->in_port == UINT32_MAX && view->mask->recirc_id == UINT32_MAX);
    assert_int_equal(view->mask->eth_type, 0xffff);
    assert_int_equal(view->key->eth_type, htons(0x800));
    assert_int_equal(view->key->ip_src, 0);
    if (b) {
        assert_int_equal(b->packets, view->stats.packets);
        assert_int_equal(b->bytes, view->stats.bytes);
    }
    if (v->decision == DP_FLOW_REPLACE) {
        r->credit = t.books[t.n_books++] = xzalloc(sizeof(struct book));
        ((struct book *)r->credit)->packets = view->stats.packets;
        ((struct book *)r->credit)->bytes = view->stats.bytes;
        r->mask.eth_type = 0xffff;
        r->mask.ip_src = v->wider ? htonl(1) : 0;
        dp_actions_output(&r->actions, v->output);
    }
    if (v->late) {
        receive(v->late, view->key->in_port);
        ((struct book *)r->credit)->packets++; /* As if it had been there from the beginning. */
        ((struct book *)r->credit)->bytes += view->stats.bytes / view->stats.packets;
    }
    return v->decision;
}

static struct visits walk(struct fixture *f, enum dp_flow_decision decision)
{
    struct visits v = {.decision = decision, .output = 7};
    dp_flow_walk(f->dp, visit, &v);
    return v;
}

static int setup(void **state UNUSED)
{
    setenv("SLUICE_WORKERS", "2", 1);
    rcu_register_thread();
    return 0;
}

static int teardown(void **state UNUSED)
{
    rcu_unregister_thread();
    return 0;
}
