/* test-table.c - what flow-mods, statistics and time do to tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofproto/table/table.h"

static void finish(struct tables *ts)
{
    tables_unref(ts);
    for (int i = 0; i < 4; i++) {
        urcu_qsbr_barrier();
    }
}

static struct match ip_match(uint32_t addr, uint32_t mask)
{
    struct match m = {0};

    m.mask.key.eth_type = UINT16_MAX;
    m.flow.key.eth_type = htons(0x800);
    m.mask.key.ip_dst = htonl(mask);
    m.flow.key.ip_dst = htonl(addr & mask);
    return m;
}

static struct rule *add(struct tables *ts, uint8_t id, uint32_t addr, uint32_t mask,
                        uint16_t priority, uint64_t cookie)
{
    struct match m = ip_match(addr, mask);
    struct rule_args args = {.table_id = id, .priority = priority, .cookie = cookie};

    return tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
}

static void test_find_and_overlap(void **state)
{
    struct tables *ts = tables_new(1);
    struct rule *r = add(ts, 3, 0x0a000000, 0xff000000, 10, 0);
    struct match m = ip_match(0x0a000000, 0xff000000), got;

    assert_ptr_equal(table_find(ts, 3, &m, 10), r);
    assert_null(table_find(ts, 3, &m, 11));
    assert_null(table_find(ts, 4, &m, 10));
    rule_match(r, &got);
    assert_memory_equal(&got, &m, sizeof m);
    assert_false(table_overlaps(ts, 3, &m, 10)); /* Only itself. */
    m = ip_match(0x0a010000, 0xffff0000);
    assert_true(table_overlaps(ts, 3, &m, 10));
    assert_false(table_overlaps(ts, 3, &m, 9));
    m = ip_match(0x0b010000, 0xffff0000);
    assert_false(table_overlaps(ts, 3, &m, 10));
    tables_remove(ts, r);
    m = ip_match(0x0a000000, 0xff000000);
    assert_null(table_find(ts, 3, &m, 10));
    assert_int_equal(table_n_rules(ts, 3), 0);
    uint64_t lookups, matched;
    table_credit(ts, 3, 5, 4);
    table_credit(ts, 254, 5, 4); /* There is no such table. */
    table_stats(ts, 3, &lookups, &matched);
    assert_true(lookups == 5 && matched == 4);
    finish(ts);
}

static void test_replace(void **state)
{
    struct tables *ts = tables_new(1);
    struct rule *r = add(ts, 0, 1, UINT32_MAX, 10, 5);
    struct match m = ip_match(1, UINT32_MAX);
    struct flow f = m.flow;
    uint64_t v1;

    tables_publish(ts);
    v1 = tables_version(ts);
    rule_ref(r);
    rule_credit(r, 3, 300, 77);
    struct rule_args args = {.priority = 10, .cookie = 6, .now_ms = 50};
    struct rule *s = tables_replace(ts, r, &args, rule_acts_new(NULL, 0), true, true);
    struct rule *t = tables_replace(ts, s, &args, rule_acts_new(NULL, 0), true, true);
    struct rule *u = tables_replace(ts, t, &args, rule_acts_new(NULL, 0), true, false);
    assert_ptr_equal(tables_lookup(ts, 0, v1, &f, NULL), r);
    tables_publish(ts);
    assert_ptr_equal(tables_lookup(ts, 0, v1, &f, NULL), r);
    assert_ptr_equal(tables_lookup(ts, 0, tables_version(ts), &f, NULL), u);
    rule_credit(r, 1, 100, 99);
    assert_int_equal(u->packets, 4);
    assert_int_equal(u->bytes, 400);
    assert_int_equal(u->used_ms, 99);
    assert_int_equal(t->used_ms, 77);
    assert_int_equal(u->created_ms, 50);
    assert_int_equal(tables_n_rules(ts), 1);
    urcu_qsbr_barrier();
    assert_true(tables_reclaim(ts, 2)); /* Three wait. */
    assert_false(tables_reclaim(ts, 2));
    rule_unref(r);
    finish(ts);
}

struct picked {
    struct tables *ts;
    uint64_t cookies;
    bool remove;
};

static bool pick(void *aux, struct rule *r)
{
    struct picked *p = aux;

    p->cookies |= BIT64(r->cookie);
    if (p->remove) {
        tables_remove(p->ts, r);
    }
    return true;
}

static void test_select(void **state)
{
    struct tables *ts = tables_new(1);
    struct match all = {0}, eight = ip_match(0x0a000000, 0xff000000);
    struct {
        uint8_t table;
        const struct match *match;
        uint64_t cookie, mask, want;
    } cases[] = {
        {OFPTT_ALL, &all, 0, 0, 0x1e},
        {1, &all, 0, 0, 0x0e},
        {1, &eight, 0, 0, 0x06},
        {OFPTT_ALL, &eight, 0, 0, 0x16},
        {1, &all, 2, UINT64_MAX, 0x04},
        {1, &all, 2, 2, 0x0c},
        {7, &all, 0, 0, 0},
    };

    add(ts, 1, 0x0a000000, 0xff000000, 1, 1);
    add(ts, 1, 0x0a010000, 0xffff0000, 2, 2);
    add(ts, 1, 0x0b000000, 0xff000000, 1, 3);
    add(ts, 2, 0x0a020000, 0xffff0000, 1, 4);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct picked p = {.ts = ts};
        struct rule_criteria c = {.table_id = cases[i].table,
                                  .match = cases[i].match,
                                  .cookie = cases[i].cookie,
                                  .cookie_mask = cases[i].mask,
                                  .out_port = OFPP_ANY,
                                  .out_group = OFPG_ANY};
        tables_select(ts, &c, pick, &p);
        assert_int_equal(p.cookies, cases[i].want);
    }
    struct picked p = {.ts = ts, .remove = true};
    struct rule_criteria c = {OFPTT_ALL, &eight, 0, 0, OFPP_ANY, OFPG_ANY};
    tables_select(ts, &c, pick, &p);
    assert_int_equal(tables_n_rules(ts), 1);
    c.out_port = 1; /* No rule outputs there. */
    c.match = &all;
    tables_select(ts, &c, pick, &p);
    assert_int_equal(tables_n_rules(ts), 1);
    finish(ts);
}

static void test_cursor(void **state)
{
    struct tables *ts = tables_new(1);
    struct rule *r[6];
    struct tables_cursor c, d;

    for (unsigned i = 0; i < 6; i++) {
        r[i] = add(ts, i < 3 ? 2 : 9, i, UINT32_MAX, 1, i);
    }
    tables_cursor_init(&c, ts, OFPTT_ALL);
    tables_cursor_init(&d, ts, 2);
    assert_ptr_equal(tables_cursor_next(&c, ts), r[0]);
    tables_remove(ts, r[1]); /* Where both stand or will. */
    struct rule_args args = {.table_id = 2, .priority = 1};
    struct rule *s = tables_replace(ts, r[2], &args, rule_acts_new(NULL, 0), false, false);
    assert_ptr_equal(tables_cursor_next(&c, ts), s);
    tables_remove(ts, r[3]);
    tables_publish(ts);
    urcu_qsbr_barrier();
    tables_reclaim(ts, 100);
    assert_ptr_equal(tables_cursor_next(&c, ts), r[4]);
    tables_remove(ts, r[5]);
    assert_null(tables_cursor_next(&c, ts));
    assert_null(tables_cursor_next(&c, ts));
    assert_ptr_equal(tables_cursor_next(&d, ts), r[0]);
    tables_cursor_deinit(&c);
    assert_ptr_equal(tables_cursor_next(&d, ts), s);
    assert_null(tables_cursor_next(&d, ts));
    tables_cursor_deinit(&d);
    finish(ts);
}

struct expiry {
    struct tables *ts;
    unsigned idle, hard;
    bool twice;
};

static void expire(void *aux, struct rule *r, enum rule_timeout why)
{
    struct expiry *e = aux;

    e->idle += why == RULE_IDLE;
    e->hard += why == RULE_HARD;
    tables_remove(e->ts, r);
}

static void test_timeouts(void **state)
{
    struct tables *ts = tables_new(1);
    struct expiry e = {.ts = ts};
    struct rule *kept = NULL;

    for (unsigned i = 0; i < 1000; i++) {
        struct match m = ip_match(i, UINT32_MAX);
        struct rule_args args = {.idle_timeout = (uint16_t)(i % 2 ? 10 + i % 7 : 0),
                                 .hard_timeout = (uint16_t)(i % 2 ? 0 : 20 + i % 5),
                                 .now_ms = 1000};
        struct rule *r = tables_insert(ts, &m, &args, rule_acts_new(NULL, 0));
        kept = i == 501 ? r : kept;
    }
    assert_int_equal(tables_next_timeout(ts), 11000);
    assert_false(tables_expire(ts, 10999, 10, expire, &e));
    assert_int_equal(e.idle + e.hard, 0);
    rule_credit(kept, 1, 1, 17000);
    assert_true(tables_expire(ts, 18000, 400, expire, &e)); /* Bounded. */
    while (tables_expire(ts, 18000, 100, expire, &e)) {
    }
    assert_int_equal(e.idle, 499);
    assert_int_equal(e.hard, 0);
    while (tables_expire(ts, 25000, 100, expire, &e)) {
    }
    assert_int_equal(e.hard, 500);
    assert_int_equal(tables_n_rules(ts), 1);
    assert_false(tables_expire(ts, kept->used_ms + kept->idle_timeout * 1000, 5, expire, &e));
    assert_int_equal(tables_n_rules(ts), 0);
    assert_int_equal(tables_next_timeout(ts), INT64_MAX);
    finish(ts);
}

static int setup(void **state)
{
    urcu_qsbr_register_thread();
    return 0;
}

/* ---- transactions ---- */

static size_t walk(struct tables *ts, uint64_t cookies[8])
{
    struct tables_cursor c;
    struct rule *r;
    size_t n = 0;

    tables_cursor_init(&c, ts, OFPTT_ALL);
    while ((r = tables_cursor_next(&c, ts)) && n < 8) {
        cookies[n++] = r->cookie;
    }
    tables_cursor_deinit(&c);
    return n;
}

/* Lookups of all versions before and after see what was; so does the writer. */
static void check_restored(struct tables *ts, struct rule *const r[3], uint64_t version)
{
    uint64_t cookies[8];
    struct flow flow = {0};

    flow.key.eth_type = htons(0x800);
    for (unsigned i = 0; i < 3; i++) {
        flow.key.ip_dst = htonl((i + 1) << 24 | 5);
        assert_ptr_equal(tables_lookup(ts, 0, tables_version(ts), &flow, NULL), r[i]);
        assert_ptr_equal(tables_lookup(ts, 0, version, &flow, NULL), r[i]);
        assert_true(rule_is_live(r[i]));
    }
    assert_int_equal(walk(ts, cookies), 3);
    assert_true(cookies[0] == 1 && cookies[1] == 2 && cookies[2] == 3);
    assert_int_equal(tables_n_rules(ts), 3);
}

/* What came and what went, told in the order of kinds. */
static void undone(void *n_, enum undo_kind kind, void *rule)
{
    int *n = n_;

    n[kind]++;
    for (enum undo_kind k = kind + 1; k <= UNDO_RULE_NEVER; k++) {
        assert_int_equal(n[k], 0);
    }
    assert_int_equal(((struct rule *)rule)->table_id & ~7, 0);
}

static void test_transaction(void **state)
{
    struct tables *ts = tables_new(1);
    struct rule *r[3], *now;
    struct rule_args args = {.cookie = 9, .idle_timeout = 5, .now_ms = 100};
    uint64_t cookies[8];

    for (unsigned i = 0; i < 3; i++) {
        r[i] = add(ts, 0, (i + 1) << 24, 0xff000000, 0, i + 1);
        rule_credit(r[i], 7, 70, 50);
    }
    tables_publish(ts);
    uint64_t version = tables_version(ts);
    for (int round = 0; round < 3; round++) {
        tables_begin(ts);
        version = tables_version(ts);
        now = tables_replace(ts, r[1], &args, rule_acts_new(NULL, 0), round == 0, false);
        now = tables_replace(ts, now, &args, rule_acts_new(NULL, 0), true, false);
        tables_remove(ts, now);
        tables_remove(ts, r[2]);
        tables_remove(ts, r[0]);
        add(ts, 0, 0x01000000, 0xff000000, 0, 11); /* In the place of one that went. */
        tables_remove(ts, add(ts, 7, 0x09000000, 0xff000000, 0, 12));
        tables_publish(ts); /* Is the transaction's. */
        assert_int_equal(tables_version(ts), version);
        assert_int_equal(tables_n_rules(ts), 1);
        if (round < 2) {
            int n[UNDO_RULE_NEVER + 1] = {0};
            tables_abort(ts, undone, n);
            assert_int_equal(n[UNDO_RULE_CAME], 4);
            assert_int_equal(n[UNDO_RULE_WENT], 6);
            assert_int_equal(n[UNDO_RULE_NEVER], 4);
            check_restored(ts, r, version);
            assert_int_equal(r[1]->packets, 7);
            assert_null(r[1]->successor);
            assert_int_equal(tables_next_timeout(ts), INT64_MAX);
        }
    }
    tables_commit(ts);
    assert_true(tables_version(ts) > version);
    assert_int_equal(walk(ts, cookies), 1);
    assert_int_equal(cookies[0], 11);
    finish(ts);
}

/* A walk that stands on a rule goes on from it, whatever came of it meanwhile. */
static void test_transaction_cursor(void **state)
{
    struct tables *ts = tables_new(1);
    struct rule_args args = {0};
    struct rule *r[3];
    struct tables_cursor c;

    for (unsigned i = 0; i < 3; i++) {
        r[i] = add(ts, 0, (i + 1) << 24, 0xff000000, 0, i + 1);
    }
    tables_cursor_init(&c, ts, OFPTT_ALL);
    assert_ptr_equal(tables_cursor_next(&c, ts), r[0]); /* Now it stands on the second. */
    tables_begin(ts);
    tables_replace(ts, r[1], &args, rule_acts_new(NULL, 0), true, true);
    int n[UNDO_RULE_NEVER + 1] = {0};
    tables_abort(ts, undone, n);
    assert_ptr_equal(tables_cursor_next(&c, ts), r[1]);
    assert_ptr_equal(tables_cursor_next(&c, ts), r[2]);
    assert_null(tables_cursor_next(&c, ts));
    tables_cursor_deinit(&c);
    finish(ts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_and_overlap), cmocka_unit_test(test_replace),
        cmocka_unit_test(test_select),           cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_transaction),      cmocka_unit_test(test_transaction_cursor),
        cmocka_unit_test(test_timeouts),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
