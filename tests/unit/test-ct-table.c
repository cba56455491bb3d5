/* test-ct-table.c - the table of connections: growth, expiry, eviction, limits, reuse of slots, a
 * comparison with a naive tracker, and many threads at once. */
#include "tests/unit/ct-frames.h"

#include <pthread.h>
#include <sys/resource.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"
#include "lib/mem.h"

#define T0 INT64_C(5000000)

static struct ct *new_ct(uint32_t max)
{
    struct ct_config config = {.max_conns = max, .hash_seed = 99};
    struct ct *ct = ct_new(&config);
    assert_non_null(ct);
    return ct;
}

static struct frame nth(uint32_t i, bool back)
{
    return (struct frame){.ip6 = i & 1,
                          .proto = IPPROTO_HDR_UDP,
                          .back = back,
                          .sport = (uint16_t)(1 + i / 2 % 50000),
                          .dport = (uint16_t)(1 + i / 100000)};
}

static uint8_t commit_nth(struct ct *ct, uint32_t i, bool back, int64_t now)
{
    struct frame f = nth(i, back);
    return run_args(ct, &f, &(struct ct_args){.commit = true}, now).state & ~CS_TRK;
}

static uint8_t see_nth(struct ct *ct, uint32_t i, bool back, int64_t now)
{
    struct frame f = nth(i, back);
    return run_args(ct, &f, &(struct ct_args){0}, now).state & ~CS_TRK;
}

static void test_growth(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct ct *ct = new_ct(100000);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(commit_nth(ct, i, false, T0), CS_NEW);
        rcu_quiescent_state();
    }
    assert_int_equal(ct_count(ct), N);
    assert_true(ct->table.n_buckets >= N / CT_BUCKET_LOAD - 8);
    unsigned n_chained = 0; /* What follows is about these, too. */
    for (uint32_t b = 0; b < ct->table.n_buckets; b++) {
        n_chained += ct_table_bucket(&ct->table, b)->more != 0;
    }
    assert_in_range(n_chained, 1, ct->table.n_buckets / 4);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(see_nth(ct, i, true, T0 + 1000), CS_EST | CS_RPL);
    }

    struct ct_filter all = {0};
    struct ct_info infos[64];
    uint32_t pos = 0, seen = 0;
    for (unsigned n; (n = ct_dump(ct, &all, &pos, infos, 64, T0 + 1000)) != 0;) {
        seen += n;
    }
    assert_int_equal(seen, N);
    assert_int_equal(ct_dump(ct, &all, &pos, infos, 64, T0 + 1000), 0); /* It stays at the end. */

    /* Expired entries are not matched before the sweep, which goes in slices. */
    assert_int_equal(see_nth(ct, 5, false, T0 + 31000), CS_NEW);
    assert_int_equal(ct_count(ct), N);
    assert_int_equal(ct_sweep(ct, T0 + 30999, 2 * N), 0);
    assert_int_equal(ct_sweep(ct, T0 + 31000, 500), 500);
    assert_int_equal(ct_count(ct), N - 500);
    for (int i = 0; i < 1000 && ct_count(ct); i++) {
        assert_true(ct_sweep(ct, T0 + 31000, 500) <= 500);
    }
    assert_int_equal(ct_count(ct), 0);

    /* Slots come back after a grace period: the arena does not grow again. */
    uint32_t used = ct->table.pools[0].n_used + ct->table.pools[1].n_used;
    rcu_barrier();
    rcu_barrier();
    for (uint32_t i = 0; i < N; i++) {
        commit_nth(ct, i, false, T0 + 40000);
    }
    assert_int_equal(ct_count(ct), N);
    assert_int_equal(ct->table.pools[0].n_used + ct->table.pools[1].n_used, used);
    ct_free(ct);
}

static void test_stale_reference(void **state)
{
    (void)state;
    struct ct *ct = new_ct(1000);
    struct frame f = nth(0, false);
    struct ct_args args = {.commit = true, .mark = 1, .mark_mask = 1, .admitted_by = 77};
    memset(args.label, 0x55, 16);
    memset(args.label_mask, 0xff, 16);
    struct packet *p = frame_packet(&f), *other = NULL;
    ct_execute(ct, p, &args, T0);
    struct ct_ref old = p->ct.conn;
    assert_int_equal(ct_table_conn(&ct->table, old.index)->admitted_by, 77);
    args.admitted_by = 78; /* Who commits it once more did not admit it. */
    ct_execute(ct, p, &args, T0);
    assert_int_equal(ct_table_conn(&ct->table, old.index)->admitted_by, 77);
    assert_false(
        ct_table_remove(&ct->table, old.index, old.generation + 1, CT_ANY_CLASS, CT_ANY_TIME));
    assert_int_equal(ct_flush(ct, &(struct ct_filter){0}, T0), 1);
    assert_false(ct_table_remove(&ct->table, old.index, old.generation, CT_ANY_CLASS, CT_ANY_TIME));
    rcu_barrier();
    rcu_barrier();
    /* Until the slot is another connection's. */
    memset(args.label_mask + 1, 0, 15);
    for (uint16_t i = 2; i < 500 && (!other || other->ct.conn.index != old.index); i++) {
        if (other) {
            packet_free(other);
        }
        other = frame_packet(&(struct frame){.proto = IPPROTO_HDR_UDP, .sport = i});
        ct_execute(ct, other, &args, T0);
    }
    assert_int_equal(other->ct.conn.index, old.index);
    assert_int_not_equal(other->ct.conn.generation, old.generation);
    assert_int_equal(other->ct.label[0], 0x55);
    assert_int_equal(other->ct.label[1], 0); /* Not the last owner's. */
    /* A second pass of the first packet must not write to it. */
    args.mark = args.mark_mask = 8;
    ct_execute(ct, p, &args, T0);
    assert_true(p->ct.conn.index != old.index);
    args = (struct ct_args){0};
    ct_execute(ct, other, &args, T0);
    assert_int_equal(other->ct.mark, 1);
    packet_free(p);
    packet_free(other);
    ct_free(ct);
}

/* The class lists: linked both ways, and all of the class. */
static void check_lists(const struct ct *ct)
{
    const struct ct_table *t = &ct->table;
    uint32_t listed = 0, live = 0;
    for (int i = 0; i < CT_N_SHARDS; i++) {
        for (int class = 0; class < CT_N_CLASSES; class ++) {
            uint32_t previous = 0, index = t->shards[i].head[class];
            for (; index; index = ct_table_conn(t, index)->link[1]) {
                const struct ct_conn *c = ct_table_conn(t, index);
                assert_int_equal(c->link[0], previous);
                assert_int_equal(c->class, class);
                assert_true(c->flags & CT_F_LIVE);
                previous = index;
                listed++;
            }
            assert_int_equal(t->shards[i].tail[class], previous);
        }
    }
    for (uint32_t pos = 0; (pos = ct_table_next(t, pos)) != 0;) {
        const struct ct_conn *c = ct_table_conn(t, pos);
        live += c->flags & CT_F_LIVE && c->class < CT_N_CLASSES;
    }
    assert_int_equal(listed, live);
}

/* A TCP connection of A's port 'sport' with B, brought so far: 0 = SYN, 1 = established, 2 = its
 * side closed. */
static void tcp_conn(struct ct *ct, uint16_t sport, int stage)
{
    struct frame f[] = {
        {.flags = SYN, .seq = 1},
        {.flags = SYN | ACK, .seq = 1, .ack = 2, .back = true},
        {.flags = ACK, .seq = 2, .ack = 2},
        {.flags = FIN | ACK, .seq = 2, .ack = 2},
    };
    for (int i = 0; i < (stage == 0 ? 1 : stage == 1 ? 3 : 4); i++) {
        f[i].proto = IPPROTO_HDR_TCP;
        f[i].sport = sport;
        run_commit(ct, &f[i], 0, T0);
    }
}

static bool has_tcp(struct ct *ct, uint16_t sport)
{
    struct ct_filter filter = {0};
    filter.orig.has = CT_TF_SRC_PORT;
    filter.orig.tuple.src_port = htons(sport);
    return ct_dump(ct, &filter, &(uint32_t){0}, &(struct ct_info){0}, 1, T0) == 1;
}

static void test_eviction(void **state)
{
    (void)state;
    struct ct *ct = new_ct(9);
    uint64_t full = counter_read(COUNTER_conntrack_full);
    uint64_t unreplied = counter_read(COUNTER_conntrack_evict_unreplied);
    uint64_t closing = counter_read(COUNTER_conntrack_evict_closing);
    for (uint16_t i = 0; i < 9; i++) {
        tcp_conn(ct, (uint16_t)(10 + i), i % 3);
    }
    assert_int_equal(ct_count(ct), 9);
    /* Three unreplied go first, then three closing; then nothing. */
    for (uint16_t i = 0; i < 6; i++) {
        tcp_conn(ct, (uint16_t)(50 + i), 1);
        assert_int_equal(ct_count(ct), 9);
        assert_true(has_tcp(ct, (uint16_t)(50 + i)));
        unsigned n_unreplied = 0, n_closing = 0;
        for (uint16_t j = 0; j < 9; j++) {
            bool has = has_tcp(ct, (uint16_t)(10 + j));
            n_unreplied += j % 3 == 0 && has;
            n_closing += j % 3 == 2 && has;
            assert_true(j % 3 != 1 || has);
        }
        assert_int_equal(n_unreplied, i < 3 ? 2 - i : 0);
        assert_int_equal(n_closing, i < 3 ? 3 : 5 - i);
    }
    assert_int_equal(counter_read(COUNTER_conntrack_evict_unreplied) - unreplied, 3);
    assert_int_equal(counter_read(COUNTER_conntrack_evict_closing) - closing, 3);
    assert_int_equal(counter_read(COUNTER_conntrack_full) - full, 0);
    struct frame syn = {.proto = IPPROTO_HDR_TCP, .flags = SYN, .sport = 99};
    assert_state(run_commit(ct, &syn, 0, T0), "new"); /* Not committed. */
    assert_false(has_tcp(ct, 99));
    assert_int_equal(counter_read(COUNTER_conntrack_full) - full, 1);

    /* More room; less room than there is; what has expired makes room. */
    assert_true(ct_set_max(ct, 10));
    assert_int_equal(ct_get_max(ct), 10);
    tcp_conn(ct, 99, 1);
    assert_int_equal(ct_count(ct), 10);
    assert_true(ct_set_max(ct, 5));
    tcp_conn(ct, 100, 0);
    assert_int_equal(ct_count(ct), 10);
    assert_false(has_tcp(ct, 100));
    syn.sport = 101;
    assert_state(run_commit(ct, &syn, 0, T0 + 86400000), "new");
    assert_int_equal(ct_count(ct), 10);
    assert_false(ct_set_max(ct, UINT32_MAX));
    ct_free(ct);
}

/* Within a class the oldest goes. */
static void test_eviction_is_oldest_first(void **state)
{
    (void)state;
    struct ct *ct = new_ct(4);
    struct ct_lookup q = {.key = {.proto = 17}};
    uint32_t made[8];
    for (uint16_t i = 0; i < 8; i++) {
        q.key.port[0] = q.key.port[1] = 7;
        q.key.ip4[0] = q.key.ip4[1] = i;
        ct_table_prepare(&ct->table, &q);
        q.hash = 1; /* One shard. */
        made[i] = ct_slot_alloc(&ct->table, &q, T0);
        assert_int_not_equal(made[i], 0);
        ct_table_conn(&ct->table, made[i])->expires_ms = T0 + 1000;
        assert_true(ct_table_insert(&ct->table, made[i], &q, T0));
        for (int j = 0; j <= i; j++) {
            bool live = ct_table_conn(&ct->table, made[j])->flags & CT_F_LIVE;
            assert_int_equal(live, j > i - 4);
        }
    }
    check_lists(ct);
    /* The same tuple cannot be inserted twice. */
    uint32_t twin = ct_slot_alloc(&ct->table, &q, T0);
    assert_false(ct_table_insert(&ct->table, twin, &q, T0));
    ct_free(ct);
}

/* Memory runs out: packets stay new, and all else goes on. */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct rlimit old, tight = {.rlim_cur = 1};
    struct ct *ct = new_ct(100000);
    uint32_t i = 0;
    commit_nth(ct, 0, false, T0);
    commit_nth(ct, 1, false, T0);
    getrlimit(RLIMIT_DATA, &old);
    tight.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_DATA, &tight);
    for (i = 2; i < 3000; i++) {
        struct ct_lookup q = {.is_ip6 = i & 1, .key = {.proto = 17, .port = {(be16)i, 5}}};
        ct_table_prepare(&ct->table, &q);
        uint32_t index = ct_slot_alloc(&ct->table, &q, T0);
        if (!index) {
            break;
        }
        ct_table_conn(&ct->table, index)->expires_ms = T0 + 60000;
        ct_table_insert(&ct->table, index, &q, T0);
    }
    setrlimit(RLIMIT_DATA, &old);
    assert_in_range(i, 3, 2999);
    assert_int_equal(ct_count(ct), i);
    assert_int_equal(see_nth(ct, 0, true, T0), CS_EST | CS_RPL);
    assert_int_equal(commit_nth(ct, 50000, false, T0), CS_NEW); /* There is memory again. */
    assert_int_equal(ct_count(ct), i + 1);
    ct_free(ct);
}

/* ---- against a naive tracker ---- */

struct naive {
    bool ip6, live, replied;
    uint8_t proto, a, b;
    uint16_t sport, dport, zone;
    uint32_t mark;
    int64_t expires;
};
#define MAX_NAIVE 4096
static struct naive list[MAX_NAIVE];
static unsigned n_list;

static struct naive *naive_find(const struct frame *f, uint16_t zone, int64_t now, bool *back)
{
    bool icmp = f->proto == 1 || f->proto == 58;
    /* Of the packet; of an ICMP reply, of its request. */
    bool turn = f->back && !icmp;
    uint8_t src = turn ? f->b : f->a, dst = turn ? f->a : f->b;
    uint16_t sport = turn ? f->dport : f->sport, dport = icmp ? 0 : turn ? f->sport : f->dport;
    for (unsigned i = 0; i < n_list; i++) {
        struct naive *n = &list[i];
        if (!n->live || n->expires <= now || n->ip6 != f->ip6 || n->proto != f->proto ||
            n->zone != zone) {
            continue;
        }
        if (n->a == src && n->b == dst && n->sport == sport && n->dport == dport) {
            *back = icmp && f->back;
            return n;
        }
        if (!icmp && n->a == dst && n->b == src && n->sport == dport && n->dport == sport) {
            *back = true;
            return n;
        }
    }
    return NULL;
}

static uint8_t naive_run(const struct frame *f, uint16_t zone, bool commit, uint32_t mark,
                         int64_t now, uint32_t *mark_out)
{
    bool icmp = f->proto == 1 || f->proto == 58, back = false;
    struct naive *n = naive_find(f, zone, now, &back);
    *mark_out = 0;
    if (n) {
        n->replied |= back;
        n->expires = now + (n->replied ? 30000 : 60000);
        n->mark = commit ? mark : n->mark;
        *mark_out = n->mark;
        return !n->replied ? CS_NEW : back ? CS_EST | CS_RPL : CS_EST;
    }
    if (icmp && f->back) {
        return CS_INV;
    }
    if (commit) {
        assert_true(n_list < MAX_NAIVE);
        list[n_list] = (struct naive){.ip6 = f->ip6,
                                      .live = true,
                                      .proto = f->proto,
                                      .a = f->back ? f->b : f->a,
                                      .b = f->back ? f->a : f->b,
                                      .sport = f->back ? f->dport : f->sport,
                                      .dport = icmp      ? 0
                                               : f->back ? f->sport
                                                         : f->dport,
                                      .zone = zone,
                                      .mark = mark,
                                      .expires = now + 60000};
        n_list++;
        *mark_out = mark;
    }
    return CS_NEW;
}

static void test_differential(void **state)
{
    (void)state;
    struct ct *ct = new_ct(100000);
    int64_t now = T0;
    srand(4);
    n_list = 0;
    for (int i = 0; i < 20000; i++) {
        struct frame f = {.ip6 = rand() & 1, .back = rand() & 1};
        bool icmp = rand() % 3 == 0;
        f.proto = !icmp ? (rand() % 3 ? 17 : 33) : f.ip6 ? 58 : 1;
        f.a = (uint8_t)(1 + rand() % 2);
        f.b = (uint8_t)(1 + rand() % 2);
        f.sport = (uint16_t)(1 + rand() % 3);
        f.dport = (uint16_t)(1 + rand() % 3);
        if (icmp) {
            f.type = f.ip6 ? (f.back ? 129 : 128) : f.back ? 0 : 8;
        }
        uint16_t zone = (uint16_t)(rand() % 3);
        struct ct_args args = {.zone = zone,
                               .commit = rand() % 4 == 0,
                               .mark = (uint32_t)rand(),
                               .mark_mask = UINT32_MAX};
        uint32_t mark;
        uint8_t want = naive_run(&f, zone, args.commit, args.mark, now, &mark);
        struct packet_ct got = run_args(ct, &f, &args, now);
        if (got.state != (want | CS_TRK) || got.mark != mark) {
            fail_msg("packet %d: state 0x%x mark %u instead of 0x%x and %u", i, got.state, got.mark,
                     want | CS_TRK, mark);
        }
        now += rand() % 1500;
        if (rand() % 50 == 0) {
            ct_sweep(ct, now, (unsigned)rand() % 100);
            rcu_quiescent_state();
            unsigned kept = 0;
            for (unsigned j = 0; j < n_list; j++) {
                if (list[j].expires > now) {
                    list[kept++] = list[j];
                }
            }
            n_list = kept;
        }
    }
    ct_free(ct);
}

/* ---- many threads ---- */

#define THREADS 4
#define ROUNDS  300

static void *stress_worker(void *arg)
{
    struct ct *ct = arg;
    static unsigned ids;
    unsigned seed = __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED);
    struct packet *packets[256];
    rcu_register_thread();
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        struct frame f = nth((uint32_t)i * 7 + (seed & 1), i & 1);
        if (i % 3 == 0) {
            f.proto = IPPROTO_HDR_TCP;
            f.flags = i % 4 == 0 ? SYN : i % 4 == 1 ? SYN | ACK : i % 4 == 2 ? ACK : RST | ACK;
        }
        packets[i] = frame_packet(&f);
        packets[i]->csum = CSUM_VALID;
    }
    for (int64_t n = 0; n < 80000; n++) {
        struct packet *p = packets[rand_r(&seed) % ARRAY_SIZE(packets)];
        struct ct_args args = {.zone = (uint16_t)(rand_r(&seed) % 40),
                               .commit = rand_r(&seed) & 1,
                               .force = rand_r(&seed) % 8 == 0,
                               .mark = 0x5a5a5a5a,
                               .mark_mask = UINT32_MAX};
        args.force = args.force && args.commit;
        memset(args.label, 0x77, 16);
        memset(args.label_mask, 0xff, 16);
        ct_clear(p);
        ct_execute(ct, p, &args, T0 + n);
        /* Whole or not at all. */
        if (p->ct.mark != 0 && (p->ct.mark != 0x5a5a5a5a || p->ct.label[9] != 0x77)) {
            abort();
        }
        if (n % 16 == 0) {
            rcu_quiescent_state();
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        packet_free(packets[i]);
    }
    rcu_unregister_thread();
    return NULL;
}

static void test_stress(void **state)
{
    (void)state;
    struct ct *ct = new_ct(3000);
    pthread_t threads[THREADS];
    struct ct_info infos[16];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, stress_worker, ct), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct ct_filter filter = {.has_zone = true, .zone = (uint16_t)(i % 40)};
        ct_sweep(ct, T0 + i * 200, 1000);
        ct_dump(ct, &filter, &(uint32_t){0}, infos, 16, T0);
        if (i % 10 == 0) {
            ct_flush(ct, &filter, T0);
        }
        rcu_quiescent_state();
    }
    rcu_thread_offline();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    rcu_thread_online();
    assert_true(ct_count(ct) <= 3000);
    /* The lists and the count agree with what is in the slots. */
    uint32_t live = 0, walked = 0;
    for (uint32_t pos = 0; (pos = ct_table_next(&ct->table, pos)) != 0;) {
        live += ct_table_conn(&ct->table, pos)->flags & CT_F_LIVE;
    }
    assert_int_equal(live, ct_count(ct));
    for (uint32_t b = 0; b < ct->table.n_buckets; b++) {
        const struct ct_bucket *bucket = ct_table_bucket(&ct->table, b);
        for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
            uint32_t index = (uint32_t)bucket->slot[i];
            if (index) {
                const struct ct_conn *c = ct_table_conn(&ct->table, index);
                assert_true(c->flags & CT_F_LIVE);
                assert_int_equal(ct_bucket_hash(bucket->slot[i]), c->hash);
                walked++;
            }
        }
        for (uint32_t index = bucket->more; index; index = ct_table_conn(&ct->table, index)->next) {
            assert_true(ct_table_conn(&ct->table, index)->flags & CT_F_LIVE);
            walked++;
        }
    }
    assert_int_equal(walked, live);
    check_lists(ct);
    ct_flush(ct, &(struct ct_filter){0}, T0);
    ct->sweep_pos = 0;
    ct_sweep(ct, INT64_MAX - 1, 100000);
    assert_int_equal(ct_count(ct), 0);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),        cmocka_unit_test(test_stale_reference),
        cmocka_unit_test(test_eviction),      cmocka_unit_test(test_eviction_is_oldest_first),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_differential),
        cmocka_unit_test(test_stress),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
