/* test-classifier.c - lookups against a naive list of rules: same rule, a sound mask, versions. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofproto/table/table-private.h"

static uint64_t rng_state = 0x1234567;

static uint32_t rnd(uint32_t n)
{
    rng_state = rng_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(rng_state >> 33) % n;
}

/* Words in use, with few values each, so that rules and flows meet. */
static const size_t used_ofs[] = {
    offsetof(struct flow, key.ct_state), offsetof(struct flow, key.eth_type),
    offsetof(struct flow, key.eth_src),  offsetof(struct flow, key.ip_src),
    offsetof(struct flow, key.ip_ttl),   offsetof(struct flow, key.tp_src),
    offsetof(struct flow, metadata),     offsetof(struct flow, regs[3]),
    offsetof(struct flow, in_port),
};
#define N_USED ARRAY_SIZE(used_ofs)

static uint64_t *word_of(struct flow *f, unsigned i)
{
    return &flow_words_mut(f)[used_ofs[i] / 8];
}

/* Fields with a trie: values that part at any bit, often at the same ones. */
static const struct {
    size_t ofs;
    unsigned n_bytes;
} prefix_fields[] = {
#define PREFIX_FIELD(MEMBER) {offsetof(struct flow, key.MEMBER), sizeof(((struct key *)0)->MEMBER)},
    KEY_PREFIX_MEMBERS(PREFIX_FIELD)
#undef PREFIX_FIELD
};

static void flip_bits(uint8_t *field, unsigned n_bytes)
{
    for (unsigned n = rnd(3); n; n--) {
        unsigned bit = rnd(3) ? rnd(10) : rnd(n_bytes * 8);
        field[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
}

static void random_flow(struct flow *f)
{
    memset(f, 0, sizeof *f);
    for (unsigned i = 0; i < N_USED; i++) {
        *word_of(f, i) = rnd(4) | (uint64_t)rnd(4) << 40;
    }
    for (unsigned i = 0; i < PREFIX_N_FIELDS; i++) {
        flip_bits((uint8_t *)f + prefix_fields[i].ofs, prefix_fields[i].n_bytes);
    }
}

static void random_prefix(uint8_t *mask, unsigned n_bytes)
{
    unsigned n = rnd(2) ? 1 + rnd(10) : 1 + rnd(n_bytes * 8);

    memset(mask, 0, n_bytes);
    for (unsigned bit = 0; bit < n; bit++) {
        mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
}

static void random_match(struct match *m)
{
    static const uint64_t masks[] = {3, 1, UINT64_MAX, UINT64_C(3) << 40, UINT64_C(1) << 41};

    memset(m, 0, sizeof *m);
    random_flow(&m->flow);
    for (unsigned i = 0; i < N_USED; i++) {
        if (!rnd(3)) {
            *word_of(&m->mask, i) = masks[rnd(ARRAY_SIZE(masks))];
        }
    }
    for (unsigned i = 0; i < PREFIX_N_FIELDS; i++) {
        if (!rnd(4)) {
            random_prefix((uint8_t *)&m->mask + prefix_fields[i].ofs, prefix_fields[i].n_bytes);
        }
    }
    for (unsigned w = 0; w < FLOW_WORDS; w++) {
        flow_words_mut(&m->flow)[w] &= flow_words(&m->mask)[w];
    }
}

static bool covers(const struct match *m, const struct flow *f)
{
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        if ((flow_words(&m->flow)[i] ^ flow_words(f)[i]) & flow_words(&m->mask)[i]) {
            return false;
        }
    }
    return true;
}

/* The naive table. */
struct naive {
    struct match match;
    uint16_t priority;
    uint64_t added, removed;
    struct rule *rule;
};
#define N_NAIVE 2000
static struct naive naive[N_NAIVE];
static unsigned n_naive;

static uint16_t best_priority(const struct flow *f, uint64_t version, bool *found)
{
    uint16_t best = 0;

    *found = false;
    for (unsigned i = 0; i < n_naive; i++) {
        const struct naive *n = &naive[i];
        if (n->added <= version && version < n->removed && covers(&n->match, f) &&
            (!*found || n->priority > best)) {
            best = n->priority;
            *found = true;
        }
    }
    return best;
}

static struct naive *naive_of(const struct rule *r)
{
    for (unsigned i = 0; i < n_naive; i++) {
        if (naive[i].rule == r) {
            return &naive[i];
        }
    }
    return NULL;
}

static void check_flow(struct tables *ts, uint64_t version, const struct flow *f)
{
    struct flow wc = {0};
    bool found;
    struct rule *r = tables_lookup(ts, 0, version, f, &wc);
    uint16_t best = best_priority(f, version, &found);

    assert_int_equal(r != NULL, found);
    if (r) {
        const struct naive *n = naive_of(r);
        assert_non_null(n);
        assert_int_equal(r->priority, best);
        assert_true(covers(&n->match, f));
        assert_true(n->added <= version && version < n->removed);
        for (unsigned i = 0; i < FLOW_WORDS; i++) { /* The rule's own mask is in. */
            assert_int_equal(flow_words(&n->match.mask)[i] & ~flow_words(&wc)[i], 0);
        }
    }
    /* Whatever differs only outside the mask finds the same rule under the same mask. */
    for (unsigned k = 0; k < 20; k++) {
        struct flow other, wc2 = {0};
        random_flow(&other);
        for (unsigned i = 0; i < FLOW_WORDS; i++) {
            uint64_t m = flow_words(&wc)[i];
            flow_words_mut(&other)[i] =
                (flow_words(f)[i] & m) | ((flow_words(&other)[i] ^ rnd(16)) & ~m);
        }
        assert_ptr_equal(tables_lookup(ts, 0, version, &other, &wc2), r);
        assert_memory_equal(&wc2, &wc, sizeof wc);
    }
}

static void add_random(struct tables *ts)
{
    struct rule_args args = {.priority = (uint16_t)rnd(6)};
    struct naive *n = &naive[n_naive];

    random_match(&n->match);
    if (n_naive == N_NAIVE || table_find(ts, 0, &n->match, args.priority)) {
        return;
    }
    n->rule = tables_insert(ts, &n->match, &args, rule_acts_new(NULL, 0));
    n->priority = args.priority;
    n->added = tables_version(ts) + 1;
    n->removed = UINT64_MAX;
    rule_ref(n->rule); /* So that its address is not used again. */
    n_naive++;
}

static void remove_random(struct tables *ts)
{
    struct naive *n = n_naive ? &naive[rnd(n_naive)] : NULL;

    if (n && n->removed == UINT64_MAX) {
        struct rule *r = table_find(ts, 0, &n->match, n->priority);
        assert_ptr_equal(r, n->rule);
        tables_remove(ts, r);
        n->removed = tables_version(ts) + 1;
    }
}

static void forget_all(void)
{
    for (unsigned i = 0; i < n_naive; i++) {
        rule_unref(naive[i].rule);
    }
    n_naive = 0;
}

static void finish(struct tables *ts)
{
    tables_unref(ts);
    forget_all();
    for (int i = 0; i < 4; i++) { /* Callbacks queue more callbacks. */
        urcu_qsbr_barrier();
    }
}

static void test_differential(void **state)
{
    for (unsigned round = 0; round < 20; round++) {
        struct tables *ts = tables_new(round);
        for (unsigned step = 0; step < 60; step++) {
            for (unsigned i = rnd(20); i; i--) {
                add_random(ts);
            }
            for (unsigned i = rnd(16); i; i--) {
                remove_random(ts);
            }
            struct flow f;
            random_flow(&f);
            uint64_t before = tables_version(ts);
            check_flow(ts, before, &f); /* Not yet published. */
            tables_publish(ts);
            check_flow(ts, before, &f); /* The older version is still whole... */
            check_flow(ts, tables_version(ts), &f);
            if (!rnd(4)) {
                urcu_qsbr_barrier();
                tables_reclaim(ts, 1 + rnd(10)); /* ...until nobody can hold it. */
            }
            random_flow(&f);
            check_flow(ts, tables_version(ts), &f);
        }
        finish(ts);
    }
}

/* All that is within is met, and of the rules with just that mask nothing else. */
static void test_walk(void **state)
{
    enum { N = 400 };
    struct match *matches = xcalloc(N, sizeof *matches);
    struct tables *ts = tables_new(4);

    for (unsigned i = 0; i < N; i++) {
        random_match(&matches[i]);
        if (i % 2) {
            matches[i].mask = matches[i - 1].mask;
            for (unsigned w = 0; w < FLOW_WORDS; w++) {
                flow_words_mut(&matches[i].flow)[w] &= flow_words(&matches[i].mask)[w];
            }
        }
        struct rule_args args = {.priority = (uint16_t)i};
        tables_insert(ts, &matches[i], &args, rule_acts_new(NULL, 0));
    }
    const struct classifier *c = &ts->table[0]->cls;
    for (unsigned i = 0; i < N; i++) {
        bool met[N] = {false};
        struct classifier_walk w;
        classifier_walk_begin(&w, c, &matches[i]);
        for (const struct rule *r; (r = classifier_walk_next(&w)) != NULL;) {
            assert_false(met[r->priority]);
            met[r->priority] = true;
            const struct match *m = &matches[r->priority];
            assert_true(memcmp(&m->mask, &matches[i].mask, sizeof m->mask) ||
                        match_equal(m, &matches[i]));
        }
        for (unsigned j = 0; j < N; j++) {
            assert_true(met[j] || !match_is_subset(&matches[j], &matches[i]));
        }
    }
    free(matches);
    tables_unref(ts);
    urcu_qsbr_barrier();
    urcu_qsbr_barrier();
}

/* Rules for other hosts leave most of an address out of the mask; one for this host brings it in.
 */
static void test_prefixes(void **state)
{
    struct tables *ts = tables_new(9);
    struct match m = {0};
    struct flow f = {0}, wc = {0};
    struct rule_args args = {.priority = 5};

    m.mask.key.ip_dst = UINT32_MAX;
    m.flow.key.ip_dst = htonl(0x0a000001);
    struct rule *r = tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    m.mask.key.ip_dst = htonl(0xffff0000);
    m.flow.key.ip_dst = htonl(0x0a800000);
    tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    memset(&m, 0, sizeof m);
    m.mask.key.tp_dst = UINT16_MAX;
    m.flow.key.tp_dst = htons(80);
    tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    tables_publish(ts);

    f.key.ip_dst = htonl(0x0b000001); /* Parts from both at the eighth bit. */
    f.key.tp_dst = htons(0x8000);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, htonl(0xff000000));
    assert_int_equal(wc.key.tp_dst, htons(0x8000));

    memset(&wc, 0, sizeof wc);
    f.key.ip_dst =
        htonl(0x0a000000); /* From the host at the last, from the network at the ninth. */
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, htonl(0xffffffff));

    tables_remove(ts, r); /* What nobody can look for any more is forgotten. */
    tables_publish(ts);
    for (int i = 0; i < 3; i++) {
        urcu_qsbr_barrier();
        tables_reclaim(ts, 1000);
    }
    memset(&wc, 0, sizeof wc);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, htonl(0xff800000));
    finish(ts);
}

/* A subtable with very many rules looks at its fields in full; others go on as they were. */
static void test_many_prefixes(void **state)
{
    enum { N = SUBTABLE_PREFIXES + 100 };
    struct rule **r = xcalloc(N, sizeof(struct rule *));
    struct tables *ts = tables_new(11);
    struct rule_args args = {.priority = 5};
    struct match m = {0};
    struct flow f = {0}, wc = {0};

    m.mask.key.tp_dst = UINT16_MAX;
    m.flow.key.tp_dst = htons(80);
    tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    memset(&m, 0, sizeof m);
    m.mask.key.ip_dst = UINT32_MAX;
    for (uint32_t i = 0; i < N; i++) {
        m.flow.key.ip_dst = htonl(0x0a000000 + i);
        r[i] = tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    }
    tables_publish(ts);
    f.key.ip_dst = htonl(0x0a000000 + N - 1); /* In no trie. */
    assert_ptr_equal(tables_lookup(ts, 0, tables_version(ts), &f, &wc), r[N - 1]);
    memset(&wc, 0, sizeof wc);
    f.key.ip_dst = htonl(0xc0000000);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, UINT32_MAX);
    assert_int_equal(wc.key.tp_dst, htons(0xffc0)); /* Parts from 80 at the tenth bit. */
    for (uint32_t i = 0; i < N; i++) {
        tables_remove(ts, r[i]);
    }
    tables_publish(ts);
    for (int i = 0; i < 3; i++) {
        urcu_qsbr_barrier();
        tables_reclaim(ts, UINT32_MAX);
    }
    memset(&wc, 0, sizeof wc);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, 0);
    free(r);
    finish(ts);
}

static void test_priority_falls(void **state)
{
    struct tables *ts = tables_new(1);
    struct match m = {0};
    struct rule *r[300];
    struct flow f = {0}, wc = {0};

    flow_words_mut(&m.mask)[0] = UINT64_MAX;
    for (unsigned i = 0; i < 300; i++) {
        flow_words_mut(&m.flow)[0] = i;
        struct rule_args args = {.priority = (uint16_t)(i * 10)};
        r[i] = tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    }
    tables_publish(ts);
    for (unsigned i = 300; i-- > 1;) {
        tables_remove(ts, r[i]);
        tables_publish(ts);
    }
    for (int i = 0; i < 3; i++) {
        urcu_qsbr_barrier();
        tables_reclaim(ts, 1000);
    }
    assert_ptr_equal(tables_lookup(ts, 0, tables_version(ts), &f, &wc), r[0]);
    assert_int_equal(tables_n_rules(ts), 1);
    finish(ts);
}

/* A rule on other metadata alone leaves layer 3 out of the mask. */
static void test_stages(void **state)
{
    struct tables *ts = tables_new(7);
    struct match m = {0};
    struct flow f = {0}, wc = {0};

    m.mask.in_port = UINT32_MAX;
    m.flow.in_port = htonl(1);
    m.mask.key.eth_type = UINT16_MAX;
    m.flow.key.eth_type = htons(0x800);
    m.mask.key.ip_dst = UINT32_MAX;
    m.flow.key.ip_dst = htonl(0x0a000001);
    struct rule_args args = {.priority = 5};
    tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
    tables_publish(ts);

    f.in_port = htonl(2);
    f.key.eth_type = htons(0x800);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.in_port, UINT32_MAX);
    assert_int_equal(wc.key.eth_type, 0);
    assert_int_equal(wc.key.ip_dst, 0);
    f.in_port = htonl(1);
    f.key.eth_type = htons(0x86dd);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.eth_type, UINT16_MAX);
    assert_int_equal(wc.key.ip_dst, 0);
    f.key.eth_type = htons(0x800);
    assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_int_equal(wc.key.ip_dst, htonl(0xf8000000)); /* Parts at the fifth bit. */
    f.key.ip_dst = htonl(0x0a000001);
    assert_non_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    assert_null(tables_lookup(ts, 1, tables_version(ts), &f, &wc));
    finish(ts);
}

/* ---- readers beside the writer ---- */

struct reader {
    struct tables *tables;
    unsigned n_wrong;
    uint64_t n_lookups;
    bool stop;
};

/* Every version has exactly one of the two rules: at 1 with priority 7, or at 2 with 8. */
static void *read_all_the_time(void *r_)
{
    struct reader *r = r_;
    struct flow f = {0};

    urcu_qsbr_register_thread();
    f.key.eth_type = htons(0x800);
    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        struct flow wc = {0};
        uint64_t version = tables_version(r->tables);
        struct rule *one = tables_lookup(r->tables, 1, version, &f, &wc);
        struct rule *two = tables_lookup(r->tables, 2, version, &f, &wc);
        r->n_wrong += (one && one->priority == 7) == (two && two->priority == 8);
        r->n_lookups++;
        urcu_qsbr_quiescent_state();
    }
    urcu_qsbr_unregister_thread();
    return NULL;
}

static void test_threads(void **state)
{
    struct tables *ts = tables_new(3);
    struct reader readers[2] = {{.tables = ts}, {.tables = ts}};
    pthread_t threads[2];
    struct match m = {0};
    struct rule *current = NULL, *noise[64] = {NULL};

    m.mask.key.eth_type = UINT16_MAX;
    m.flow.key.eth_type = htons(0x800);
    for (unsigned i = 0; i < 20000; i++) {
        struct rule_args args = {.table_id = (uint8_t)(1 + i % 2),
                                 .priority = (uint16_t)(7 + i % 2)};
        struct rule *old = current;
        current = tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
        if (old) {
            tables_remove(ts, old);
        }
        struct rule **other = &noise[rnd(64)];
        if (*other) {
            tables_remove(ts, *other);
            *other = NULL;
        } else {
            struct match n;
            random_match(&n);
            args.priority = 100; /* Found by nothing that is looked up. */
            n.mask.key.packet_type = n.flow.key.packet_type = UINT32_MAX;
            *other = table_find(ts, args.table_id, &n, 100)
                         ? NULL
                         : tables_insert(ts, &n, &args, rule_acts_new(NULL, 0));
        }
        tables_publish(ts);
        tables_reclaim(ts, 100);
        urcu_qsbr_quiescent_state();
        for (unsigned t = 0; !i && t < 2; t++) {
            pthread_create(&threads[t], NULL, read_all_the_time, &readers[t]);
        }
    }
    urcu_qsbr_thread_offline();
    for (unsigned t = 0; t < 2; t++) {
        __atomic_store_n(&readers[t].stop, true, __ATOMIC_RELAXED);
        pthread_join(threads[t], NULL);
        assert_int_equal(readers[t].n_wrong, 0);
        assert_true(readers[t].n_lookups > 0);
    }
    urcu_qsbr_thread_online();
    finish(ts);
}

static int setup(void **state)
{
    urcu_qsbr_register_thread();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differential),   cmocka_unit_test(test_walk),
        cmocka_unit_test(test_priority_falls), cmocka_unit_test(test_stages),
        cmocka_unit_test(test_prefixes),       cmocka_unit_test(test_many_prefixes),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
