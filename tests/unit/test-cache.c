/* test-cache.c - the flow cache against a naive list of flows: random keys, masks, removals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/dp/user/cache-private.h"
#include "lib/mem.h"

#define N_MASKS 12
#define N_FLOWS 400
#define N_STEPS 60000

static uint64_t rnd_state = 42;

static uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(rnd_state >> 33) % n;
}

/* Few values, so that keys meet. */
static void random_key(struct key *k)
{
    memset(k, 0, sizeof *k);
    k->in_port = rnd(3);
    k->recirc_id = htonl(rnd(2));
    k->eth_type = htons(0x800);
    k->eth_dst[5] = (uint8_t)rnd(8);
    k->ip_src = htonl(0x0a000000 | rnd(16));
    k->ip_dst = htonl(0x0a000000 | rnd(16));
    k->ip_proto = rnd(2) ? 6 : 17;
    k->ip_ttl = (uint8_t)rnd(256);
    k->tp_src = htons((uint16_t)rnd(4));
    k->tp_dst = htons((uint16_t)rnd(4));
    k->nsh_ttl = (uint8_t)rnd(2);
}

static void random_mask(struct key *m)
{
    memset(m, 0, sizeof *m);
    m->in_port = UINT32_MAX;
    m->recirc_id = UINT32_MAX;
    m->eth_type = rnd(2) ? 0xffff : 0;
    m->eth_dst[5] = rnd(3) ? 0 : 0xff;
    m->ip_src = rnd(2) ? htonl(UINT32_MAX << rnd(5)) : 0;
    m->ip_dst = rnd(2) ? htonl(UINT32_MAX << rnd(5)) : 0;
    m->ip_proto = rnd(2) ? 0xff : 0;
    m->tp_src = rnd(3) ? 0 : 0xffff;
    m->tp_dst = rnd(3) ? 0 : 0xffff;
    m->nsh_ttl = rnd(8) ? 0 : 0xff;
}

static bool matches(const struct key *k, const struct key *flow, const struct key *mask)
{
    for (unsigned i = 0; i < KEY_WORDS; i++) {
        if ((key_words(k)[i] ^ key_words(flow)[i]) & key_words(mask)[i]) {
            return false;
        }
    }
    return true;
}

struct naive {
    struct cache_flow *flow; /* NULL: free place. */
    struct key key, mask;
};

static struct cache_acts *some_acts(void)
{
    const struct dp_verdict v = {.actions = DP_ACTIONS_INIT};
    struct cache_acts *a = cache_acts_new(&v);
    assert_non_null(a);
    return a;
}

static unsigned reap(struct cache *c)
{
    struct cache_msg *m = cache_msg_take(&c->outbox), *next;
    unsigned n = 0;

    for (; m; m = next) {
        next = m->next;
        switch (m->kind) {
        case CACHE_MSG_FLOW:
            assert_true(container_of_(m, struct cache_flow, msg)->dead);
            free(container_of_(m, struct cache_flow, msg)->acts);
            cache_flow_free(container_of_(m, struct cache_flow, msg));
            n++;
            break;
        case CACHE_MSG_ACTS:
            free(container_of_(m, struct cache_acts, msg));
            break;
        case CACHE_MSG_SUBTABLE:
            free(container_of_(m, struct cache_subtable, msg));
            break;
        }
    }
    return n;
}

/* As a worker looks up. */
static struct cache_flow *look(struct cache *c, const struct key *k)
{
    struct cache_probe p;

    cache_probe(c, k, &p);
    struct cache_flow *f = cache_exact_find(c, &p);
    if (!f) {
        f = cache_masked_find(c, k);
        if (f) {
            cache_exact_add(c, &p, f);
        }
    }
    return f;
}

static void check_lookup(struct cache *c, const struct naive *list, const struct key *k)
{
    const struct cache_flow *f = look(c, k);
    bool any = false, same = false;

    for (unsigned i = 0; i < N_FLOWS; i++) {
        if (list[i].flow && matches(k, &list[i].key, &list[i].mask)) {
            any = true;
            same |= list[i].flow == f;
        }
    }
    assert_int_equal(any, f != NULL);
    assert_true(!any || same);
}

static void add_flow(struct cache *c, struct naive *n, const struct key masks[])
{
    random_key(&n->key);
    n->mask = masks[rnd(N_MASKS)];
    if (cache_masked_find(c, &n->key)) {
        return; /* A worker adds only what it did not find. */
    }
    struct cache_acts *a = some_acts();
    n->flow = cache_add(c, &n->key, &n->mask, a, 0);
    if (!n->flow) {
        free(a);
        return;
    }
    struct key got;
    cache_flow_key(n->flow, &got);
    assert_true(matches(&got, &n->key, &n->mask));
}

static void differential(unsigned flow_limit, uint32_t slots)
{
    static struct naive list[N_FLOWS];
    struct key masks[N_MASKS];
    struct cache c;
    unsigned asked = 0, reaped = 0;

    memset(list, 0, sizeof list);
    assert_true(cache_init(&c, 7, slots, flow_limit));
    for (int i = 0; i < N_MASKS; i++) {
        random_mask(&masks[i]);
    }
    for (unsigned step = 0; step < N_STEPS; step++) {
        struct naive *n = &list[rnd(N_FLOWS)];
        struct key k;
        random_key(&k);
        if (!n->flow && rnd(4) == 0) {
            add_flow(&c, n, masks);
        } else if (n->flow && rnd(30) == 0) {
            cache_msg_push(&c.inbox, &n->flow->msg);
            asked++;
            n->flow = NULL;
            if (rnd(3) == 0) {
                n = &list[rnd(N_FLOWS)]; /* Several at once. */
                if (n->flow) {
                    cache_msg_push(&c.inbox, &n->flow->msg);
                    asked++;
                    n->flow = NULL;
                }
            }
            cache_run_inbox(&c);
            reaped += reap(&c);
        } else {
            check_lookup(&c, list, &k);
        }
        assert_true(c.n_flows <= flow_limit);
    }
    assert_int_equal(asked, reaped);
    unsigned n_left = c.n_flows;
    cache_remove_all(&c);
    assert_int_equal(reap(&c), n_left);
    assert_int_equal(c.n_subtables, 0);
    cache_deinit(&c);
}

static void test_differential(void **state UNUSED)
{
    differential(CACHE_FLOW_LIMIT, 256);
    differential(CACHE_FLOW_LIMIT, 4);
    differential(20, 64);
}

/* What nothing matches is not part of the exact key; what a new mask brings is. */
static void test_relevant(void **state UNUSED)
{
    struct key k = {.in_port = 1, .ip_ttl = 64}, k2 = k, mask = {0};
    struct cache_probe p;
    struct cache c;

    k2.ip_ttl = 63;
    assert_true(cache_init(&c, 1, 16, 10));
    struct cache_flow *f = cache_add(&c, &k, &mask, some_acts(), 0);
    assert_ptr_equal(look(&c, &k), f);
    cache_probe(&c, &k2, &p);
    assert_ptr_equal(cache_exact_find(&c, &p), f);

    mask.ip_ttl = 0xff;
    struct key other = {.in_port = 2, .ip_ttl = 63};
    struct cache_flow *g = cache_add(&c, &other, &mask, some_acts(), 0);
    assert_int_not_equal(p.generation, c.generation);
    cache_probe(&c, &k2, &p);
    assert_null(cache_exact_find(&c, &p));
    assert_ptr_equal(look(&c, &other), g);

    /* The mask goes with its last flow. */
    cache_msg_push(&c.inbox, &g->msg);
    cache_run_inbox(&c);
    assert_int_equal(c.relevant.n, 1);
    assert_null(look(&c, &other));
    cache_remove_all(&c);
    assert_int_equal(reap(&c), 2);
    cache_deinit(&c);
}

static void test_no_memory(void **state UNUSED)
{
    struct key k = {.in_port = 1}, mask = {0};
    struct cache c;

    for (int i = 0; i < 2; i++) {
        mem_fail_after(i);
        assert_false(cache_init(&c, 1, 16, 10));
    }
    mem_fail_after(-1);
    assert_true(cache_init(&c, 1, 16, 10));
    struct cache_acts *a = some_acts();
    for (int i = 0; i < 4; i++) { /* List, subtable, buckets, flow. */
        mem_fail_after(i);
        assert_null(cache_add(&c, &k, &mask, a, 0));
        assert_int_equal(c.n_subtables, 0);
        mem_fail_after(-1);
        free(c.subtables);
        c.subtables = NULL;
        c.cap_subtables = 0;
    }
    for (int i = 0; i < 2; i++) {
        mem_fail_after(i);
        assert_false(cache_can_run_once(&c));
    }
    mem_fail_after(-1);
    assert_true(cache_can_run_once(&c));
    cache_run_once(&c, NULL, 60, 0, 1);
    assert_non_null(cache_add(&c, &k, &mask, a, 0));
    cache_remove_all(&c);
    assert_int_equal(reap(&c), 2);
    cache_deinit(&c);
}

/* A flood of verdicts that cannot be installed does not pile up for ever. */
static void test_once_limit(void **state UNUSED)
{
    struct cache c;

    assert_true(cache_init(&c, 1, 16, 10));
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < CACHE_ONCE_LIMIT; i++) {
            assert_true(cache_can_run_once(&c));
            cache_run_once(&c, NULL, 60, 0, 1);
        }
        assert_false(cache_can_run_once(&c));
        assert_int_equal(reap(&c), CACHE_ONCE_LIMIT);
    }
    cache_deinit(&c);
}

static void set_prefix(uint8_t *mask, unsigned n_bits)
{
    for (unsigned i = 0; i < n_bits; i++) {
        mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
}

/* Packets made to need 32 x 16 x 16 masks, and rules that make some more: masks are few in the end,
 * each has all bits that were looked at, and each packet finds its flow. */
static void test_masks_are_bounded(void **state UNUSED)
{
    struct cache c;
    unsigned n = 0;

    assert_true(cache_init(&c, 1, 16, 100000));
    for (unsigned i = 0; i < 32 * 16 * 16; i++) {
        struct key mask = {.eth_type = UINT16_MAX}, k = {.in_port = 1, .eth_type = 8};
        if (i >= 4096) {
            ((uint8_t *)&mask.eth_src)[i % 6] = (uint8_t)i;
        }
        set_prefix((uint8_t *)&mask.ip_src, 1 + i % 32);
        set_prefix((uint8_t *)&mask.tp_src, 1 + i / 32 % 16);
        set_prefix((uint8_t *)&mask.tp_dst, 1 + i / 512);
        k.ip_src = rnd(UINT32_MAX);
        k.tp_src = (be16)rnd(UINT16_MAX);
        k.tp_dst = (be16)rnd(UINT16_MAX);
        struct cache_flow *f = look(&c, &k);
        if (!f) {
            f = cache_add(&c, &k, &mask, some_acts(), 0);
            assert_non_null(f);
            n++;
            for (unsigned w = 0; w < KEY_WORDS; w++) {
                assert_int_equal(key_words(&mask)[w] & ~key_words(&f->subtable->mask.key)[w], 0);
            }
            assert_ptr_equal(look(&c, &k), f);
        }
        assert_true(c.n_subtables <= CACHE_MASKS_MAX + 48); /* New bits of eth_src came in. */
        assert_true(i >= 4096 || c.n_subtables <= CACHE_MASKS_FREE + 8);
    }
    assert_true(c.n_subtables > CACHE_MASKS_FREE);
    cache_remove_all(&c);
    assert_int_equal(reap(&c), n);
    cache_deinit(&c);
}

/* One port's flood leaves room for others. */
static void test_port_share(void **state UNUSED)
{
    enum { LIMIT = 100 };
    struct key mask = {.ip_src = UINT32_MAX};
    struct cache c;

    assert_true(cache_init(&c, 1, 16, LIMIT));
    struct cache_acts *a = some_acts();
    for (uint32_t i = 0; i < LIMIT; i++) {
        struct key k = {.in_port = 1, .ip_src = i};
        struct cache_flow *f = cache_add(&c, &k, &mask, a, 0);
        assert_int_equal(f != NULL, i < CACHE_PORT_SHARE(LIMIT));
        a = f ? some_acts() : a;
    }
    struct key k = {.in_port = 2};
    struct cache_flow *f = cache_add(&c, &k, &mask, a, 0);
    assert_non_null(f);
    cache_msg_push(&c.inbox, &c.flows->list_next->msg);
    cache_run_inbox(&c);
    k.in_port = 1;
    assert_non_null(cache_add(&c, &k, &mask, some_acts(), 0));
    cache_remove_all(&c);
    assert_int_equal(reap(&c), CACHE_PORT_SHARE(LIMIT) + 2);
    cache_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differential),      cmocka_unit_test(test_relevant),
        cmocka_unit_test(test_no_memory),         cmocka_unit_test(test_once_limit),
        cmocka_unit_test(test_masks_are_bounded), cmocka_unit_test(test_port_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
