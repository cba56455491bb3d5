/* test-kflow-adopt.c - the flows of a former process give way to ours, and what they carry is paid.
 */
#include "tests/unit/kflow-fixture.h"

static bool by_tunnel; /* The flows are of packets from a tunnel, without options. */

/* A former process' flow in the kernel: its name. */
static struct kflow_id add_former(struct kflows *former, unsigned i, uint32_t recirc_id,
                                  enum dp_action_type type, uint32_t arg)
{
    struct dp_verdict v = {.cache = true};
    struct key k = key_of(i);
    struct nlwr w;
    bool is_new;

    k.recirc_id = htonl(recirc_id);
    if (by_tunnel) {
        k.tun_src = htonl(1);
        k.tun_dst = htonl(2);
        v.mask.tun_opt_len = UINT8_MAX;
    }
    v.mask.ip_src = UINT32_MAX;
    dp_actions_init(&v.actions);
    struct dp_action *a = dp_actions_put(&v.actions, type, sizeof *a);
    a->u32 = arg;
    const struct kflow *f = kflow_prepare(former, &k, &v, 0, &is_new);
    assert_true(f && is_new);
    nlsock_begin(t.sock, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE | NLM_F_EXCL, 1, &w);
    assert_true(kflow_put(former, (struct kflow *)(uintptr_t)f, &w));
    assert_int_equal(nlsock_call(t.sock, &w, NULL, NULL), 0);
    dp_actions_deinit(&v.actions);
    return f->id;
}

static struct book *paid[4]; /* By ip_src. */
static uint32_t looks_at;    /* At more than the former process did. */

/* Our translation: as the former's, but that 7 is called 107, and that 3 goes to another port. */
static void on_miss(void *aux UNUSED, const struct packet *p, const struct key *k,
                    int64_t now UNUSED, struct dp_verdict *v)
{
    unsigned i = ntohl(k->ip_src), second = k->recirc_id != 0;

    assert_null(p);
    v->mask.ip_src = UINT32_MAX;
    v->mask.ip_dst = looks_at;
    v->mask.tun_opt_len = by_tunnel ? UINT8_MAX : 0;
    v->credit = paid[2 * second + (i == 1)] = new_book();
    struct dp_action *a =
        dp_actions_put(&v->actions, i == 1 && !second ? DP_ACTION_RECIRC : DP_ACTION_OUTPUT,
                       sizeof *a);
    a->u32 = i == 1 && !second ? 107 : 2;
    assert_true(!second || k->recirc_id == htonl(107));
}

/* A mask that demands that there are no tunnel options: the kernel matches so, and does not say it
 * in a dump. */
static void forget_no_options(uint8_t *attrs, size_t n)
{
    struct nlrd r, mask, tunnel;

    nlrd_init(&r, attrs, n);
    while (nlrd_next(&r)) {
        nlrd_init(&mask, r.data, r.type == OVS_FLOW_ATTR_MASK ? r.n : 0);
        while (nlrd_next(&mask)) {
            nlrd_init(&tunnel, mask.data, mask.type == OVS_KEY_ATTR_TUNNEL ? mask.n : 0);
            while (nlrd_next(&tunnel)) {
                if (tunnel.type == OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS && !tunnel.n) {
                    struct nlattr *a = (void *)(attrs + (tunnel.data - attrs) - NLA_HDRLEN);
                    a->nla_type = OVS_TUNNEL_KEY_ATTR_PAD;
                }
            }
        }
    }
}

static void take_over(unsigned n_deleted)
{
    static const struct nlaction_env env = {.upcall_pid = 1, .clone = true};
    struct kflows former;
    uint32_t first;

    t.up.handler.miss = on_miss;
    kflow_init(&former, &t.up, 1, &kernel_all, &env);
    add_former(&former, 1, 0, DP_ACTION_RECIRC, 7);
    struct kflow_id second = add_former(&former, 1, 7, DP_ACTION_OUTPUT, 2);
    add_former(&former, 3, 0, DP_ACTION_OUTPUT, 3);
    add_former(&former, 5, 9, DP_ACTION_OUTPUT, 3); /* A pass that nothing leads to. */
    kflow_deinit(&former);
    for (struct fk_flow *f = fk.flows; f; f = f->next) {
        forget_no_options(f->attrs, f->n_attrs);
        f->stats = (struct ovs_flow_stats){.n_packets = 10, .n_bytes = 1000};
    }
    assert_int_equal(kflow_inherit(&t.flows, t.sock, &first), 0);
    assert_int_equal(first, 10);
    assert_true(t.flows.keep_foreign);
    for (struct fk_flow *f = fk.flows; f; f = f->next) {
        f->stats = (struct ovs_flow_stats){.n_packets = 15, .n_bytes = 1500};
    }
    fk.late = 1;
    memset(paid, 0, sizeof paid);
    kflow_adopt(&t.flows, t.sock);
    assert_false(t.flows.keep_foreign);
    assert_int_equal(fk.n_deleted, n_deleted);
    /* Dumped before the first pass, and deleted after it. */
    assert_int_equal(!memcmp(&fk.last_deleted, &second, sizeof second), n_deleted == 3);
    walk(DP_FLOW_KEEP);
    assert_int_equal(fk_count(), 0);
    assert_int_equal(t.flows.foreign, 4);
}

/* What a former process' flows carry from the beginning of this one is paid to its rules. */
static void test_adopt(void **state UNUSED)
{
    looks_at = 0;
    take_over(3);
    assert_int_equal(paid[1]->packets, 6);
    assert_int_equal(paid[1]->bytes, 600);
    assert_int_equal(paid[3]->packets, 6); /* The second pass. */
    assert_int_equal(paid[0]->packets, 0); /* Other actions. */
}

/* Of a tunnel's packets it matters that they have no options, which the kernel matches, and does
 * not say in a dump. */
static void test_adopt_tunnel(void **state)
{
    by_tunnel = true;
    test_adopt(state);
    by_tunnel = false;
}

/* Ours look at more than theirs did: no rule of ours stands for all of their packets. */
static void test_adopt_finer(void **state UNUSED)
{
    looks_at = UINT32_MAX;
    take_over(2); /* Nor is it known what their ids are. */
    assert_int_equal(paid[1]->packets, 0);
    assert_int_equal(paid[0]->packets, 0);
    assert_null(paid[3]);
}

/* Dumps and deletions that fail leave it to the next walk; nothing is paid twice. */
static void test_adopt_errors(void **state UNUSED)
{
    static const int errors[] = {EPERM, ENOMEM, ENODEV, EBUSY, ENOBUFS, ENOENT};
    static const struct nlaction_env env = {.upcall_pid = 1, .clone = true};
    uint32_t first;

    looks_at = 0;
    t.up.handler.miss = on_miss;
    for (size_t e = 0; e < 2 * ARRAY_SIZE(errors); e++) {
        struct kflows former;
        kflow_init(&former, &t.up, 1, &kernel_all, &env);
        add_former(&former, 1, 0, DP_ACTION_RECIRC, 7);
        kflow_deinit(&former);
        assert_int_equal(kflow_inherit(&t.flows, t.sock, &first), 0);
        fk_hit(5, 500, 1);
        fk.fail_family = NLSOCK_FLOW;
        fk.fail_cmd = e % 2 ? OVS_FLOW_CMD_GET : OVS_FLOW_CMD_DEL;
        fk.fail_error = errors[e / 2];
        paid[1] = NULL;
        kflow_adopt(&t.flows, t.sock);
        assert_int_equal(paid[1] ? paid[1]->packets : 5, 5);
        fk.fail_error = 0;
        walk(DP_FLOW_KEEP);
        assert_int_equal(fk_count(), 0);
        assert_int_equal(paid[1] ? paid[1]->packets : 5, 5);
    }
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_adopt),
        TEST(test_adopt_tunnel),
        TEST(test_adopt_finer),
        TEST(test_adopt_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
