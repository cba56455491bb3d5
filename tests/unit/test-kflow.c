/* test-kflow.c - the kernel datapath's flows against a kernel that the test plays: statistics to
 * the packet, whatever is answered; what others do to the flows; limits. */
#include "tests/unit/kflow-fixture.h"

/* What an upcall thread does.  NULL: not cached. */
static struct kflow *install(const struct key *k, struct book *b, bool *is_new, int *error)
{
    struct dp_verdict v = {.cache = true, .credit = b};
    struct nlwr w;

    v.mask.ip_src = UINT32_MAX;
    dp_actions_init(&v.actions);
    dp_actions_output(&v.actions, 2);
    struct kflow *f = kflow_prepare(&t.flows, k, &v, loop_now(t.up.loop), is_new);
    *error = 0;
    if (f && *is_new) {
        kflow_hit(f, 100, loop_now(t.up.loop));
        nlsock_begin(t.sock, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE | NLM_F_EXCL, 1, &w);
        assert_true(kflow_put(&t.flows, f, &w));
        *error = nlsock_call(t.sock, &w, NULL, NULL);
        kflow_installed(f, !*error || nlsock_is_unknown(*error));
    } else {
        kflow_run_once(&t.flows, v.credit, 100, loop_now(t.up.loop));
    }
    dp_actions_deinit(&v.actions);
    return f;
}

static struct book *add(unsigned i)
{
    struct key k = key_of(i);
    struct book *b = new_book();
    bool is_new;
    int error;

    assert_non_null(install(&k, b, &is_new, &error));
    assert_true(is_new);
    assert_int_equal(error, 0);
    return b;
}

static void test_exact(void **state UNUSED)
{
    struct book *b = add(1), *other = new_book();
    struct key k = key_of(1);
    bool is_new;
    int error;

    assert_int_equal(fk_count(), 1);
    walk(DP_FLOW_KEEP);
    assert_int_equal(b->packets, 1); /* The upcall's own. */
    fk_hit(10, 1000, 5);
    walk(DP_FLOW_KEEP);
    walk(DP_FLOW_KEEP);
    assert_int_equal(b->packets, 11);
    assert_int_equal(b->bytes, 1100);
    /* A second packet of the burst: its own credit, once. */
    assert_non_null(install(&k, other, &is_new, &error));
    assert_false(is_new);
    fk_hit(5, 500, 6);
    walk(DP_FLOW_REPLACE);
    assert_int_equal(other->packets, 1);
    assert_int_equal(other->n_released, 1);
    assert_int_equal(b->packets, 16);
    assert_int_equal(b->n_released, 1);
    assert_int_equal(fk_count(), 1);
    assert_int_equal(fk.n_set, 1); /* At no moment was there no flow. */
    assert_int_equal(fk.n_deleted, 0);
    assert_int_equal(t.flows.n, 1);
    struct book *b2 = &t.books[t.n_books - 1];
    fk_hit(3, 300, 7);
    walk(DP_FLOW_DELETE);
    assert_int_equal(b2->packets, 3);
    assert_int_equal(b2->n_released, 1);
    assert_int_equal(b->packets, 16);
    assert_int_equal(fk_count(), 0);
    assert_int_equal(t.flows.n, 0);
}

/* The same actions for another rule: the kernel is not asked, and both are paid exactly. */
static void test_renew(void **state UNUSED)
{
    struct book *b = add(1);
    unsigned n_put = fk.n_put;

    fk_hit(10, 1000, 5);
    walk(DP_FLOW_RENEW);
    struct book *b2 = &t.books[t.n_books - 1];
    assert_ptr_not_equal(b, b2);
    assert_int_equal(b->packets, 11);
    assert_int_equal(b->n_released, 1);
    fk_hit(4, 400, 6);
    walk(DP_FLOW_KEEP);
    assert_int_equal(b2->packets, 4);
    assert_int_equal(b2->bytes, 400);
    assert_int_equal(fk.n_deleted, 0);
    assert_int_equal(fk.n_put, n_put);
    /* What no dump has told is told with the change. */
    fk_hit(5, 500, 7);
    fk.hidden = true;
    walk(DP_FLOW_RENEW);
    fk.hidden = false;
    assert_int_equal(b2->packets, 9);
    assert_int_equal(b2->n_released, 1);
    assert_int_equal(fk.n_set, 1);
    assert_int_equal(fk_count(), 1);
}

static void test_refused(void **state UNUSED)
{
    static const int errors[] = {EINVAL, EEXIST, ENODEV, ENOMEM, EPERM, EMSGSIZE, E2BIG};

    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        struct key k = key_of(1);
        struct book *b = new_book(), *again = new_book();
        bool is_new;
        int error;
        fk.fail_family = NLSOCK_FLOW;
        fk.fail_cmd = OVS_FLOW_CMD_NEW;
        fk.fail_error = errors[i];
        install(&k, b, &is_new, &error);
        assert_int_equal(error, errors[i]);
        fk.fail_error = 0;
        assert_null(install(&k, again, &is_new, &error));
        walk(DP_FLOW_KEEP); /* Then it is forgotten, and may be tried again. */
        assert_int_equal(t.flows.n, 0);
        assert_int_equal(b->packets, 1);
        assert_int_equal(b->n_released, 1);
        assert_int_equal(again->packets, 1);
    }
    add(1);
    assert_int_equal(fk_count(), 1);
}

/* What a flow counted between the dump and its end is told with the end. */
static void test_late(void **state UNUSED)
{
    struct book *b = add(1);

    fk_hit(10, 1000, 1);
    fk.late = 3;
    walk(DP_FLOW_REPLACE);
    struct book *b2 = &t.books[t.n_books - 1];
    assert_int_equal(b->packets, 14);
    assert_int_equal(b->bytes, 1400);
    fk_hit(2, 200, 1);
    walk(DP_FLOW_DELETE);
    assert_int_equal(b2->packets, 5);
    assert_int_equal(b2->bytes, 500);
    assert_int_equal(b->packets, 14);
}

/* The kernel did it, and nobody heard. */
static void test_lost_answers(void **state UNUSED)
{
    struct key k = key_of(1);
    struct book *b = new_book();
    bool is_new;
    int error;

    fk.fail_family = NLSOCK_FLOW;
    fk.fail_cmd = OVS_FLOW_CMD_NEW;
    fk.fail_error = ENOBUFS;
    fk.lose = true;
    install(&k, b, &is_new, &error);
    assert_int_equal(error, ENOBUFS);
    fk.fail_error = 0;
    fk.lose = false;
    fk_hit(4, 400, 1);
    walk(DP_FLOW_KEEP);
    assert_int_equal(b->packets, 5);
    assert_int_equal(fk_count(), 1);

    /* A deletion that was not answered is asked again, and the flow is not lost sight of. */
    fk.fail_cmd = OVS_FLOW_CMD_DEL;
    fk.fail_error = ENOBUFS; /* Not carried out either. */
    walk(DP_FLOW_DELETE);
    assert_int_equal(b->n_released, 0);
    assert_int_equal(fk_count(), 1);
    fk.fail_error = 0;
    fk_drop_answers();
    fk_hit(2, 200, 1);
    walk(DP_FLOW_KEEP);
    assert_int_equal(fk_count(), 0);
    assert_int_equal(b->packets, 7);
    assert_int_equal(b->n_released, 1);
}

static void test_replace_fails(void **state UNUSED)
{
    static const int errors[] = {EPERM, EBUSY, ENOMEM, EINVAL, ENOBUFS, ETIMEDOUT, ENOENT};

    fk.fail_family = NLSOCK_FLOW;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        struct book *b = add(1);
        fk_hit(3, 300, 1);
        fk.fail_cmd = OVS_FLOW_CMD_SET;
        fk.fail_error = errors[i];
        walk(DP_FLOW_REPLACE); /* It must not stay: its actions are old. */
        fk.fail_error = 0;
        fk_drop_answers();
        assert_int_equal(t.flows.n, 0);
        assert_int_equal(fk_count(), errors[i] == ENOENT); /* A kernel that lies. */
        assert_int_equal(b->packets, 4);
        assert_int_equal(b->n_released, 1);
        assert_int_equal(t.books[t.n_books - 1].n_released, 1);
        walk(DP_FLOW_KEEP);
        assert_int_equal(fk_count(), 0);

        if (errors[i] != ENOENT) {
            b = add(1); /* Nor can it be deleted: tried again. */
            fk.fail_cmd = OVS_FLOW_CMD_DEL;
            fk.fail_error = errors[i];
            walk(DP_FLOW_DELETE);
            fk_drop_answers();
            assert_int_equal(t.flows.n, 1);
            assert_int_equal(b->n_released, 0);
            fk.fail_error = 0;
            walk(DP_FLOW_KEEP);
            assert_int_equal(t.flows.n, 0);
            assert_int_equal(fk_count(), 0);
            assert_int_equal(b->n_released, 1);
        }
    }
}

/* Flows that somebody else deletes are forgotten, but not for a dump that failed. */
static void test_vanished(void **state UNUSED)
{
    struct book *b = add(1);

    fk_hit(1, 60, 1);
    walk(DP_FLOW_KEEP);
    fk.interrupt = true;
    fk.hidden = true;
    for (unsigned i = 0; i < 5; i++) {
        fk.fail_family = NLSOCK_FLOW;
        fk.fail_cmd = OVS_FLOW_CMD_GET;
        fk.fail_error = EBUSY;
        assert_int_equal(walk(DP_FLOW_KEEP), EBUSY);
    }
    fk.fail_error = 0;
    fk.interrupt = false;
    assert_int_equal(t.flows.n, 1);
    assert_int_equal(walk(DP_FLOW_KEEP), 0);
    assert_int_equal(t.flows.n, 1); /* It may have been on its way. */
    walk(DP_FLOW_KEEP);
    assert_int_equal(t.flows.n, 0);
    assert_int_equal(b->packets, 2);
    assert_int_equal(b->n_released, 1);
}

static void test_interrupted(void **state UNUSED)
{
    struct book *b = add(1);

    fk_hit(7, 700, 1);
    fk.interrupt = true;
    assert_int_equal(walk(DP_FLOW_KEEP), EINTR);
    assert_int_equal(b->packets, 8); /* What came counts. */
    assert_int_equal(t.n_visits, 1);
}

static void test_foreign(void **state UNUSED)
{
    static const uint8_t nothing[4];
    struct nlrd none;
    struct book *b;

    nlrd_init(&none, nothing, 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(fk_new(&(struct kflow_id){{i + 1, 1}}, &none, NLM_F_CREATE), 0);
    }
    t.flows.keep_foreign = true;
    b = add(1);
    walk(DP_FLOW_KEEP);
    assert_int_equal(fk_count(), 1001);
    t.flows.keep_foreign = false;
    walk(DP_FLOW_KEEP);
    assert_int_equal(fk_count(), 1);
    assert_int_equal(t.flows.foreign, 1000);
    assert_int_equal(b->n_released, 0);
}

static void test_limit(void **state UNUSED)
{
    struct key k = key_of(2);
    bool is_new;
    int error;

    t.flows.limit = 1;
    add(1);
    struct book *b = new_book();
    assert_null(install(&k, b, &is_new, &error));
    walk(DP_FLOW_KEEP);
    assert_int_equal(b->packets, 1);
    assert_int_equal(b->n_released, 1);

    assert_int_equal(kflow_adapt(200000, 200000, 4000), 50000);
    assert_int_equal(kflow_adapt(2000, 2000, 100000), KFLOW_LIMIT_MIN);
    assert_int_equal(kflow_adapt(40000, 40000, 1500), 30000);
    assert_int_equal(kflow_adapt(40000, 40000, 1100), 40000);
    assert_int_equal(kflow_adapt(40000, 30000, 100), 41000);
    assert_int_equal(kflow_adapt(40000, 3000, 100), 40000);
    assert_int_equal(kflow_adapt(200000, 200000, 100), 200000);
}

static void test_expiry(void **state UNUSED)
{
    env_time_stop();
    loop_turn(t.up.loop, 0);
    struct book *b = add(1);
    struct key k = key_of(3);
    struct dp_verdict v = {.cache = true};
    bool is_new;

    env_time_warp(9000);
    loop_turn(t.up.loop, 0);
    kflow_expire(&t.flows, t.sock);
    assert_int_equal(fk_count(), 1);
    fk_hit(1, 60, (uint64_t)loop_now(t.up.loop));
    env_time_warp(9000);
    loop_turn(t.up.loop, 0);
    /* One that the kernel has not answered yet is left alone, however old. */
    dp_actions_init(&v.actions);
    struct kflow *asked = kflow_prepare(&t.flows, &k, &v, 0, &is_new);
    assert_true(is_new);
    kflow_expire(&t.flows, t.sock);
    assert_int_equal(t.flows.n, 2);
    env_time_warp(1500);
    loop_turn(t.up.loop, 0);
    kflow_expire(&t.flows, t.sock);
    assert_int_equal(fk_count(), 0);
    assert_int_equal(b->packets, 2);
    assert_int_equal(t.flows.n, 1);
    kflow_installed(asked, false);
    kflow_expire(&t.flows, t.sock);
    assert_int_equal(t.flows.n, 0);
}

/* 50,000 flows with random keys put and dumped back: equal. */
static void on_whole(void *n_, const struct nlsock_msg *m)
{
    struct kflow_id id = {{0, 0}};
    struct key key = {0}, mask = {0};
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_UFID) {
            memcpy(&id, r.data, sizeof id);
        } else if (r.type == OVS_FLOW_ATTR_KEY) {
            assert_true(nlkey_get(r.data, r.n, false, &key));
        } else if (r.type == OVS_FLOW_ATTR_MASK) {
            assert_true(nlkey_get(r.data, r.n, true, &mask));
        }
    }
    struct kflow *f;
    struct hmap *h = &t.flows.stripes[id.w[0] % KFLOW_STRIPES].flows;
    HMAP_FOR_EACH_WITH_HASH(f, node, (size_t)id.w[1], h) {
        if (!memcmp(&f->id, &id, sizeof id)) {
            struct key_pair pair = {.filled = {{0}}};
            kflow_key(f, &pair);
            assert_memory_equal(&pair.key, &key, sizeof key);
            assert_int_equal(pair.mask.eth_type, mask.eth_type);
            ++*(unsigned *)n_;
            return;
        }
    }
    fail();
}

static void test_many(void **state UNUSED)
{
    unsigned n_put = 0, n_back = 0;
    struct nlwr w;

    srand(4);
    for (unsigned i = 0; i < 50000; i++) {
        struct dp_verdict v = {.cache = true};
        struct key k;
        bool is_new;
        random_kernel_key(&k);
        random_mask(&v.mask);
        dp_actions_init(&v.actions);
        struct kflow *f = kflow_prepare(&t.flows, &k, &v, 0, &is_new);
        if (f && is_new) {
            struct nlrd all;
            nlsock_begin(t.sock, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE, 1, &w);
            assert_true(kflow_put(&t.flows, f, &w));
            kflow_installed(f, true);
            nlrd_init(&all, w.data, w.len); /* Not by fk_find(), which is slow. */
            struct fk_flow *keep = fk.flows;
            fk.flows = NULL;
            assert_int_equal(fk_new(&f->id, &all, 0), 0);
            fk.flows->next = keep;
            n_put++;
        }
    }
    assert_in_range(n_put, 10000, 50000);
    nlsock_begin(t.sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, 1, &w);
    assert_int_equal(nlsock_call(t.sock, &w, on_whole, &n_back), 0);
    assert_int_equal(n_back, n_put);
    assert_int_equal(walk(DP_FLOW_KEEP), 0);
    assert_int_equal(t.n_visits, n_put);
}

/* The ids that a former process' flows name, at any depth. */
static void test_scan(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[256];
    struct nlwr w;
    struct nlrd all;
    uint32_t first;

    assert_int_equal(kflow_inherit(&t.flows, t.sock, &first), 0);
    assert_int_equal(first, 1);
    nlwr_init(&w, buf, sizeof buf);
    size_t key = nlwr_nest(&w, OVS_FLOW_ATTR_KEY);
    nlwr_put_u32(&w, OVS_KEY_ATTR_RECIRC_ID, 4);
    nlwr_end(&w, key);
    size_t acts = nlwr_nest(&w, OVS_FLOW_ATTR_ACTIONS);
    nlwr_put_u32(&w, OVS_ACTION_ATTR_RECIRC, 3);
    size_t cpl = nlwr_nest(&w, OVS_ACTION_ATTR_CHECK_PKT_LEN);
    nlwr_put_u16(&w, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, 100);
    size_t gt = nlwr_nest(&w, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER);
    size_t clone = nlwr_nest(&w, OVS_ACTION_ATTR_CLONE);
    nlwr_put_u32(&w, OVS_ACTION_ATTR_RECIRC, 70);
    nlwr_end(&w, clone);
    nlwr_end(&w, gt);
    nlwr_end(&w, cpl);
    nlwr_put_u32(&w, OVS_ACTION_ATTR_OUTPUT, 9999);
    nlwr_end(&w, acts);
    nlrd_init(&all, w.data, w.len);
    fk_new(&(struct kflow_id){{1, 1}}, &all, NLM_F_CREATE);
    assert_int_equal(kflow_inherit(&t.flows, t.sock, &first), 0);
    assert_int_equal(first, 71);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_exact),    TEST(test_late),         TEST(test_renew),
        TEST(test_refused),  TEST(test_lost_answers), TEST(test_replace_fails),
        TEST(test_vanished), TEST(test_interrupted),  TEST(test_foreign),
        TEST(test_limit),    TEST(test_expiry),       TEST(test_many),
        TEST(test_scan),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
