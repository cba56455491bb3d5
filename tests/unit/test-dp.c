/* test-dp.c - the datapath interface, end to end on the dummy type, and with threads on pcap ports:
 * misses, cached flows, credits, walks, recirculation.  The tracker is a stand-in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "lib/counter.h"
#include "lib/dp/port/pcapfile.h"
#include "lib/dp/user/pass.h"
#include "lib/io/loop.h"
#include "lib/mem.h"
#include "lib/packet/compose.h"

/* ---- stand-ins ---- */

static int fake_ct;

struct ct *ct_new(const struct ct_config *config UNUSED)
{
    return (struct ct *)(void *)&fake_ct;
}

void ct_free(struct ct *ct UNUSED)
{
}

unsigned ct_sweep(struct ct *ct UNUSED, int64_t now_ms UNUSED, unsigned budget UNUSED)
{
    return 0;
}

void ct_execute(struct ct *ct UNUSED, struct packet *p, const struct ct_args *args,
                int64_t now_ms UNUSED)
{
    p->ct.state = CS_TRK | CS_NEW;
    p->ct.zone = args->zone;
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
    struct book *books[4096];
    unsigned n_books;
} t;

static void forward(const struct key *k, struct dp_verdict *v)
{
    dp_actions_output(&v->actions, k->in_port == 1 ? 2 : 1);
}

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k,
                    int64_t now_ms UNUSED, struct dp_verdict *v)
{
    t.n_misses++;
    v->mask.eth_type = 0xffff;
    v->cache = !t.no_cache;
    if (!t.no_credit) {
        assert_in_range(t.n_books, 0, ARRAY_SIZE(t.books) - 1);
        v->credit = t.books[t.n_books++] = xzalloc(sizeof(struct book));
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

/* ---- ports ---- */

static void test_ports(void **state UNUSED)
{
    struct fixture *f = start();
    struct dp_port_info info;
    struct dp_port_stats s;
    uint32_t no;
    struct {
        const char *name, *type;
        uint32_t want;
        const char *error;
    } bad[] = {
        {"p1", "system", DP_PORT_NONE, "could not add network device p1 to ovs-test (File exists)"},
        {"p9", "system", 7,
         "could not add network device p9 to ovs-test (Device or resource busy)"},
        {"p9", "system", 70000, "could not add network device p9 to ovs-test (File too large)"},
        {"p9", "warp", DP_PORT_NONE,
         "could not open network device p9 (Address family not supported by protocol)"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *error = dp_port_add(f->dp, bad[i].name, bad[i].type, bad[i].want, option, f, &no);
        assert_string_equal(error, bad[i].error);
        assert_int_equal(no, DP_PORT_NONE);
        free(error);
    }
    assert_true(dp_port_get(f->dp, 2, &info));
    assert_string_equal(info.name, "p2");
    assert_string_equal(info.type, "internal");
    assert_true(info.link_up);
    assert_int_equal(dp_port_set_up(f->dp, 2, false), 0);
    assert_int_equal(t.n_changed, 1);
    assert_true(dp_port_get(f->dp, 2, &info));
    assert_false(info.admin_up);
    assert_false(dp_port_get(f->dp, 3, &info));
    assert_int_not_equal(dp_port_set_up(f->dp, 3, true), 0);

    receive(f, 1);
    dp_port_get_stats(f->dp, 1, &s);
    assert_int_equal(s.rx_packets, 1);
    assert_int_equal(s.rx_bytes, 49);
    dp_port_get_stats(f->dp, 99, &s);
    assert_true(s.rx_packets == UINT64_MAX);

    /* A port that is gone: the flow to it stays, its packets are counted. */
    uint64_t before = counter_read(COUNTER_drop_no_port);
    dp_port_del(f->dp, 2, true);
    dp_port_del(f->dp, 2, true);
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_no_port), before + 1);
    assert_false(dp_port_receive(f->dp, 2, frame(1)));
    add_port(f, "p2", "system", DP_PORT_NONE, &no);
    assert_int_equal(no, 2);
    receive(f, 1);
    assert_int_equal(sent(f, 2), 1);
    stop(f);

    struct dp *dp;
    char *error = dp_open("kernel", "x", NULL, &handler, &dp);
    assert_string_equal(error, "unknown datapath type kernel");
    free(error);
}

static void test_tx_pcap(void **state UNUSED)
{
    struct fixture *f = open_dp("dummy");
    uint32_t no, len;

    strcpy(f->tx_pcap, "/nonexistent/x.pcap");
    char *error = dp_port_add(f->dp, "p1", "dummy", DP_PORT_NONE, option, f, &no);
    assert_string_equal(error, "could not open network device p1 (No such file or directory)");
    free(error);

    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-%d.pcap", (int)getpid());
    add_port(f, "p1", "dummy", 2, &no);
    f->tx_pcap[0] = '\0';
    add_port(f, "p2", "dummy", 1, &no);
    receive(f, 1);
    receive(f, 1);

    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-%d.pcap", (int)getpid());
    struct pcapfile_reader *r = pcapfile_open(f->tx_pcap);
    assert_non_null(r);
    struct packet *want = frame(53);
    for (int i = 0; i < 2; i++) {
        const void *data = pcapfile_next(r, &len);
        assert_non_null(data);
        assert_int_equal(len, want->len);
        assert_memory_equal(data, want->data, len);
    }
    assert_null(pcapfile_next(r, &len));
    pcapfile_reader_close(r);
    packet_free(want);
    unlink(f->tx_pcap);
    stop(f);
}

/* ---- flows ---- */

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
    return v->decision;
}

static struct visits walk(struct fixture *f, enum dp_flow_decision decision)
{
    struct visits v = {.decision = decision, .output = 7};
    dp_flow_walk(f->dp, visit, &v);
    return v;
}

static void test_flows(void **state UNUSED)
{
    struct fixture *f = start();

    check_totals(f, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        receive(f, 1);
        receive(f, 2);
    }
    assert_int_equal(t.n_misses, 2);
    assert_int_equal(sent(f, 1), 3);
    assert_int_equal(sent(f, 2), 3);
    check_totals(f, 4, 2, 2);
    struct visits v = walk(f, DP_FLOW_KEEP);
    assert_int_equal(v.n, 2);
    assert_int_equal(v.packets, 6);
    receive(f, 1);
    assert_int_equal(walk(f, DP_FLOW_KEEP).packets, 7);

    /* Other actions, same mask. */
    v = walk(f, DP_FLOW_REPLACE);
    assert_int_equal(v.n, 2);
    assert_int_equal(t.books[0]->n_released, 1);
    receive(f, 1);
    receive(f, 2);
    assert_int_equal(t.n_misses, 2);
    assert_int_equal(sent(f, 7), 2);
    assert_int_equal(walk(f, DP_FLOW_KEEP).packets, 9);

    /* A wider mask: the flows go. */
    v = (struct visits){.decision = DP_FLOW_REPLACE, .wider = true};
    dp_flow_walk(f->dp, visit, &v);
    check_totals(f, 7, 2, 0);
    receive(f, 1);
    assert_int_equal(t.n_misses, 3);
    assert_int_equal(walk(f, DP_FLOW_DELETE).n, 1);
    assert_int_equal(walk(f, DP_FLOW_DELETE).n, 0);
    receive(f, 1);
    assert_int_equal(t.n_misses, 4);
    stop(f);
}

static void test_not_cached(void **state UNUSED)
{
    struct fixture *f = start();

    t.no_cache = true;
    for (int i = 0; i < 3; i++) {
        receive(f, 1);
    }
    assert_int_equal(t.n_misses, 3);
    assert_int_equal(sent(f, 2), 3);
    assert_int_equal(walk(f, DP_FLOW_KEEP).n, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(t.books[i]->packets, 1);
        assert_int_equal(t.books[i]->bytes, 49);
        assert_int_equal(t.books[i]->n_released, 1);
    }
    t.no_credit = true;
    receive(f, 1);
    stop(f);
}

static void test_idle(void **state UNUSED)
{
    struct fixture *f = start();

    env_time_stop();
    loop_turn(f->loop, 0);
    receive(f, 1);
    receive(f, 2);
    env_time_warp(9000);
    loop_turn(f->loop, 0);
    check_totals(f, 0, 2, 2);
    assert_int_equal(t.books[0]->packets, 1); /* The timer credits. */
    receive(f, 1);
    env_time_warp(2000);
    loop_turn(f->loop, 0);
    check_totals(f, 1, 2, 1);
    assert_int_equal(t.books[0]->packets, 2);
    assert_int_equal(t.books[1]->n_released, 1);
    env_time_warp(9000);
    loop_turn(f->loop, 0);
    check_totals(f, 1, 2, 0);
    stop(f);
}

/* ---- passes ---- */

static void put_recirc(struct dp_verdict *v, uint32_t id)
{
    struct dp_action *a = dp_actions_put(&v->actions, DP_ACTION_RECIRC, sizeof *a);
    a->u32 = id;
}

static void recirc_three(const struct key *k, struct dp_verdict *v)
{
    uint32_t id = ntohl(k->recirc_id);
    if (id < 3) {
        put_recirc(v, id + 1);
    } else {
        dp_actions_output(&v->actions, 2);
    }
}

static void recirc_for_ever(const struct key *k UNUSED, struct dp_verdict *v)
{
    put_recirc(v, 5);
    put_recirc(v, 5);
}

static void recirc_once(const struct key *k UNUSED, struct dp_verdict *v)
{
    put_recirc(v, 5);
}

static void free_packet(void *aux UNUSED, struct packet *p, uint32_t port UNUSED)
{
    packet_free(p);
}

/* A whole batch that multiplies: the budget of passes bounds it. */
static void test_pass_budget(void **state UNUSED)
{
    struct pass *p = xzalloc(sizeof *p);
    struct packet *batch[PASS_BATCH];

    memset(&t, 0, sizeof t);
    t.no_credit = true;
    t.translate = recirc_for_ever;
    assert_true(pass_init(p, &handler, NULL, 1, NULL, free_packet, NULL));
    for (int i = 0; i < PASS_BATCH; i++) {
        batch[i] = frame(1);
        batch[i]->in_port = 1;
    }
    pass_run(p, batch, PASS_BATCH, 1);
    assert_int_equal(p->queue_n, 0);
    assert_int_equal(p->hits + p->misses, PASS_BATCH + PASS_BUDGET);
    cache_remove_all(&p->cache);
    struct cache_msg *m = cache_msg_take(&p->cache.outbox), *next;
    for (; m; m = next) {
        next = m->next;
        if (m->kind == CACHE_MSG_FLOW) {
            free(container_of_(m, struct cache_flow, msg)->acts);
            free(container_of_(m, struct cache_flow, msg));
        } else {
            free(container_of_(m, struct cache_subtable, msg));
        }
    }
    pass_deinit(p);
    free(p);
}

static void test_recirc(void **state UNUSED)
{
    struct fixture *f = start();

    t.translate = recirc_three;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(t.n_misses, 4);
    assert_int_equal(sent(f, 2), 2);
    check_totals(f, 4, 4, 4);
    stop(f);

    f = start();
    t.translate = recirc_once;
    receive(f, 1);
    check_totals(f, PASS_MAX_RECIRC - 1, 2, 2);
    stop(f);

    f = start();
    t.translate = recirc_for_ever;
    uint64_t before = counter_read(COUNTER_drop_recirc_limit);
    receive(f, 1);
    assert_true(counter_read(COUNTER_drop_recirc_limit) > before);
    struct visits v = walk(f, DP_FLOW_KEEP);
    assert_int_equal(v.n, 2);
    assert_in_range(v.packets, 2 * PASS_MAX_RECIRC, PASS_BUDGET + 1);
    stop(f);
}

static void test_miss_budget(void **state UNUSED)
{
    struct fixture *f = start();
    uint64_t h, m, lost, n;

    t.translate = recirc_for_ever;
    t.no_cache = true;
    receive(f, 1);
    dp_flow_stats_total(f->dp, &h, &m, &lost, &n);
    assert_int_equal(t.n_misses, PASS_MISS_BUDGET);
    assert_true(lost > 0);
    assert_int_equal(m, t.n_misses + lost);
    stop(f);
}

static void empty(const struct key *k UNUSED, struct dp_verdict *v)
{
    v->drop_reason = COUNTER_drop_ttl;
}

static void too_long(const struct key *k UNUSED, struct dp_verdict *v)
{
    while (!v->actions.overflow) {
        dp_actions_output(&v->actions, 2);
    }
}

static void to_userspace(const struct key *k UNUSED, struct dp_verdict *v)
{
    struct dp_action_userspace *u = dp_actions_put(&v->actions, DP_ACTION_USERSPACE, sizeof *u + 4);
    u->a.u32 = 4;
    memcpy(u->cookie, "abcd", 4);
    dp_actions_output(&v->actions, 2);
}

static void test_verdicts(void **state UNUSED)
{
    struct fixture *f = start();

    uint64_t ttl = counter_read(COUNTER_drop_ttl);
    t.translate = empty;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_ttl), ttl + 2);
    walk(f, DP_FLOW_DELETE);

    uint64_t xlate = counter_read(COUNTER_drop_xlate_error);
    t.translate = too_long;
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_xlate_error), xlate + 1);
    assert_int_equal(sent(f, 2), 0);
    check_totals(f, 1, 2, 0);

    t.translate = to_userspace;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(t.n_userspace, 2);
    assert_int_equal(t.userspace_len, 49);
    assert_int_equal(sent(f, 2), 2);

    uint64_t small = counter_read(COUNTER_drop_parse_short);
    assert_true(dp_port_receive(f->dp, 1, packet_new_data("short", 5)));
    assert_int_equal(counter_read(COUNTER_drop_parse_short), small + 1);
    stop(f);
}

/* A super-frame with a partial checksum leaves by a port that can do neither. */
static void test_offload(void **state UNUSED)
{
    struct fixture *f = start();
    static uint8_t payload[5000];
    struct key k = {.eth_type = htons(0x800),
                    .ip_src = htonl(1),
                    .ip_dst = htonl(2),
                    .ip_proto = 6,
                    .ip_ttl = 64,
                    .tcp_flags = htons(0x10)};

    for (int i = 0; i < 2; i++) {
        struct packet *p = compose_packet(&k, payload, sizeof payload);
        p->csum = CSUM_PARTIAL;
        p->csum_start = 34;
        p->csum_ofs = 16;
        p->gso_type = GSO_TCPV4;
        p->gso_size = 1000;
        p->gso_hdr_len = 54;
        if (i) {
            t.translate = to_userspace;
            walk(f, DP_FLOW_DELETE);
        }
        assert_true(dp_port_receive(f->dp, 1, p));
        assert_int_equal(sent(f, 2), 5 * (i + 1));
    }
    assert_int_equal(t.n_userspace, 5);
    assert_int_equal(t.userspace_len, 1054);
    stop(f);
}

static void test_execute(void **state UNUSED)
{
    struct fixture *f = start();
    struct dp_actions a;

    dp_actions_init(&a);
    dp_actions_output(&a, 1);
    dp_actions_output(&a, 2);
    dp_execute(f->dp, frame(1), a.data, a.len);
    dp_quiesce(f->dp);
    assert_int_equal(sent(f, 1), 1);
    assert_int_equal(sent(f, 2), 1);
    assert_int_equal(t.n_misses, 0);
    dp_actions_deinit(&a);
    dp_execute(f->dp, frame(1), NULL, 0);
    stop(f);
}

/* ---- threads ---- */

static void write_pcap(const char *path, unsigned n)
{
    struct pcapfile_writer *w = pcapfile_create(path);
    assert_non_null(w);
    for (unsigned i = 0; i < n; i++) {
        struct packet *p = frame((uint16_t)(i % 50));
        pcapfile_write(w, p->data, p->len);
        packet_free(p);
    }
    pcapfile_close(w);
}

static void by_port(const struct key *k, struct dp_verdict *v)
{
    v->mask.tp_dst = 0xffff;
    forward(k, v);
}

static enum dp_flow_decision delete_all(void *aux, const struct dp_flow_view *view UNUSED,
                                        struct dp_verdict *r UNUSED)
{
    ++*(unsigned *)aux;
    return DP_FLOW_DELETE;
}

static void test_threads(void **state UNUSED)
{
    struct fixture *f = open_dp("netdev");
    struct dp_actions a;
    const unsigned n = 5000;
    unsigned n_deleted = 0;
    uint64_t packets = 0;

    t.translate = by_port;
    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-tx-%d.pcap", (int)getpid());
    add_port(f, "out", "pcap", 2, &f->port[1]);
    char out[64];
    strcpy(out, f->tx_pcap);
    f->tx_pcap[0] = '\0';
    snprintf(f->rx_pcap, sizeof f->rx_pcap, "/tmp/test-dp-rx-%d.pcap", (int)getpid());
    write_pcap(f->rx_pcap, n);
    add_port(f, "in", "pcap", 1, &f->port[0]);
    while (sent(f, 2) < n) {
        dp_flow_walk(f->dp, delete_all, &n_deleted);
        dp_quiesce(f->dp);
    }
    dp_actions_init(&a);
    dp_actions_output(&a, 2);
    dp_execute(f->dp, frame(1), a.data, a.len);
    dp_actions_deinit(&a);
    dp_quiesce(f->dp);
    dp_flow_walk(f->dp, delete_all, &n_deleted);
    dp_quiesce(f->dp);
    assert_int_equal(sent(f, 2), n + 1);
    uint64_t h, m, lost, flows;
    dp_flow_stats_total(f->dp, &h, &m, &lost, &flows);
    assert_int_equal(h + m, n);
    assert_int_equal(flows, 0);
    assert_int_equal(m, t.n_books);
    dp_port_del(f->dp, 1, false);
    dp_close(f->dp, true);
    for (unsigned i = 0; i < t.n_books; i++) {
        assert_int_equal(t.books[i]->n_released, 1);
        packets += t.books[i]->packets;
        free(t.books[i]);
    }
    assert_int_equal(packets, n);
    unlink(out);
    unlink(f->rx_pcap);
    loop_free(f->loop);
    free(f);
}

/* More flows than one turn of the loop looks at. */
static void test_many(void **state UNUSED)
{
    struct fixture *f = start();
    const unsigned n = 45000;

    env_time_stop();
    loop_turn(f->loop, 0);
    t.translate = by_port;
    t.no_credit = true;
    for (unsigned i = 0; i < n; i++) {
        assert_true(dp_port_receive(f->dp, 1, frame((uint16_t)i)));
    }
    check_totals(f, 0, n, n);
    env_time_warp(11000);
    assert_true(dp_port_receive(f->dp, 1, frame(7)));
    loop_turn(f->loop, 0);
    check_totals(f, 1, n, n); /* Not yet through. */
    unsigned n_deleted = 0;
    dp_flow_walk(f->dp, delete_all, &n_deleted); /* Between two slices. */
    check_totals(f, 1, n, 0);
    assert_in_range(n_deleted, 1, n - 1);
    for (int i = 0; i < 10; i++) {
        loop_turn(f->loop, 0);
    }
    receive(f, 1);
    env_time_warp(11000);
    for (int i = 0; i < 10; i++) {
        loop_turn(f->loop, 0);
    }
    check_totals(f, 1, n + 1, 0);
    stop(f);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),       cmocka_unit_test(test_tx_pcap),
        cmocka_unit_test(test_flows),       cmocka_unit_test(test_not_cached),
        cmocka_unit_test(test_threads), /* Before the time stands still. */
        cmocka_unit_test(test_idle),        cmocka_unit_test(test_recirc),
        cmocka_unit_test(test_verdicts),    cmocka_unit_test(test_miss_budget),
        cmocka_unit_test(test_pass_budget), cmocka_unit_test(test_many),
        cmocka_unit_test(test_offload),     cmocka_unit_test(test_execute),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
