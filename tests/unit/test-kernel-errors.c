/* test-kernel-errors.c - the kernel datapath on a kernel that answers each command with each
 * plausible errno, or loses the answer: everything is tried, nothing breaks, and the same datapath
 * works again as soon as the kernel does. */
#include <urcu-qsbr.h>

#include "lib/dp/dp.h"
#include "lib/dp/kernel/kernel.h"
#include "lib/io/loop.h"
#include "lib/log.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/fake-open.h"
#include "tests/unit/kernel-random.h"

static unsigned n_credits, n_released;
static uint64_t n_packets;

static void on_credit(void *aux UNUSED, void *credit UNUSED, const struct dp_flow_stats *d)
{
    n_packets += d->packets;
}

static void on_release(void *aux UNUSED, void *credit)
{
    n_released++;
    free(credit);
}

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k UNUSED,
                    int64_t now UNUSED, struct dp_verdict *v)
{
    v->cache = false;
}

static const struct dp_handler handler = {.miss = on_miss,
                                          .credit = on_credit,
                                          .release = on_release};

/* Each command that is ever sent. */
static const struct {
    int family, cmd;
} commands[] = {
    {NLSOCK_DATAPATH, OVS_DP_CMD_NEW},       {NLSOCK_DATAPATH, OVS_DP_CMD_DEL},
    {NLSOCK_DATAPATH, OVS_DP_CMD_GET},       {NLSOCK_DATAPATH, OVS_DP_CMD_SET},
    {NLSOCK_VPORT, OVS_VPORT_CMD_NEW},       {NLSOCK_VPORT, OVS_VPORT_CMD_DEL},
    {NLSOCK_VPORT, OVS_VPORT_CMD_GET},       {NLSOCK_FLOW, OVS_FLOW_CMD_NEW},
    {NLSOCK_FLOW, OVS_FLOW_CMD_DEL},         {NLSOCK_FLOW, OVS_FLOW_CMD_GET},
    {NLSOCK_FLOW, OVS_FLOW_CMD_SET},         {NLSOCK_PACKET, OVS_PACKET_CMD_EXECUTE},
    {NLSOCK_METER, OVS_METER_CMD_FEATURES},  {NLSOCK_METER, OVS_METER_CMD_SET},
    {NLSOCK_METER, OVS_METER_CMD_DEL},       {NLSOCK_METER, OVS_METER_CMD_GET},
    {NLSOCK_CT_LIMIT, OVS_CT_LIMIT_CMD_SET}, {NLSOCK_CT_LIMIT, OVS_CT_LIMIT_CMD_DEL},
    {NLSOCK_CT_LIMIT, OVS_CT_LIMIT_CMD_GET},
};
static const int errors[] = {EPERM,  ENOENT, EINTR,  E2BIG,    ENOMEM, EBUSY,      EEXIST,
                             ENODEV, EINVAL, ERANGE, EMSGSIZE, EPROTO, EOPNOTSUPP, ENOBUFS};

/* A flow, as an upcall thread puts it. */
static void put_flow(struct kernel *k, unsigned i)
{
    struct key key = {.in_port = 1, .eth_type = htons(0x0800), .ip_src = htonl(i)};
    struct dp_verdict v = {.cache = true, .mask.ip_src = UINT32_MAX, .credit = xmalloc(1)};
    struct nlwr w;
    bool is_new;

    n_credits++;
    dp_actions_init(&v.actions);
    dp_actions_output(&v.actions, 2);
    struct kflow *f = kflow_prepare(&k->flows, &key, &v, loop_now(k->up.loop), &is_new);
    if (f && is_new) {
        kflow_hit(f, 100, loop_now(k->up.loop));
        nlsock_begin(k->sock, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE | NLM_F_EXCL, k->ifindex,
                     &w);
        assert_true(kflow_put(&k->flows, f, &w));
        int error = nlsock_call(k->sock, &w, NULL, NULL);
        kflow_installed(f, !error || nlsock_is_unknown(error));
    } else {
        kflow_run_once(&k->flows, v.credit, 100, loop_now(k->up.loop));
    }
    dp_actions_deinit(&v.actions);
}

static enum dp_flow_decision decide(void *d, const struct dp_flow_view *view, struct dp_verdict *v)
{
    const enum dp_flow_decision decision = *(const enum dp_flow_decision *)d;

    if (decision == DP_FLOW_REPLACE || decision == DP_FLOW_RENEW) {
        v->credit = xmalloc(1);
        n_credits++;
        v->mask = *view->mask;
        dp_actions_output(&v->actions, decision == DP_FLOW_RENEW ? 2 : 3);
    }
    return decision;
}

static void on_limit(void *aux UNUSED, const struct dp_zone_limit *l UNUSED)
{
}

/* Everything that is ever asked of the kernel; the callers of these live with whatever comes. */
static void use(struct dp *dp)
{
    static const enum dp_flow_decision all[] = {DP_FLOW_KEEP, DP_FLOW_RENEW, DP_FLOW_REPLACE,
                                                DP_FLOW_DELETE};
    const struct dp_zone_limit limit = {.zone = 5, .limit = 10};
    const struct dp_meter meter = {.n_bands = 1, .bands = {{.rate = 100}}};
    struct kernel *k = kernel_of(dp);
    struct dp_meter_stats meter_stats;
    struct dp_port_stats port_stats;
    uint64_t total[4];
    struct dp_mask_stats masks;
    struct dp_port_info info;
    int ignored UNUSED;
    uint32_t no;

    char *error = dp_port_add(dp, "lo", "system", DP_PORT_NONE, NULL, NULL, &no);
    if (!error) {
        (void)dp_port_get(dp, no, &info);
        dp_port_get_stats(dp, no, &port_stats);
    }
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        enum dp_flow_decision d = all[i];
        put_flow(k, 1);
        put_flow(k, 2);
        dp_flow_walk(dp, decide, &d);
    }
    struct packet *p = packet_new_data("0123456789abcdef", 16);
    struct dp_action output = {.type = DP_ACTION_OUTPUT, .len = sizeof output, .u32 = 1};
    dp_execute(dp, p, &output, sizeof output);
    ignored = dp_meter_set(dp, 1, &meter);
    ignored = dp_meter_get_stats(dp, 1, &meter_stats);
    dp_meter_del(dp, 1);
    ignored = dp_conns_set_limits(dp, &limit, 1);
    ignored = dp_conns_get_limits(dp, NULL, 0, on_limit, NULL);
    ignored = dp_conns_del_limits(dp, &limit, 1);
    dp_flow_stats_total(dp, &total[0], &total[1], &total[2], &total[3]);
    (void)dp_get_mask_stats(dp, &masks);
    dp_settled(dp);
    k->timer.cb(k); /* Expiry; a datapath that is gone is made again. */
    if (!error) {
        dp_port_del(dp, no, true);
    }
    free(error);
}

static void check(struct loop *loop, int family, int cmd, int with, bool lose)
{
    struct dp *dp;

    fk_deinit();
    fk_init();
    fk.exists = with % 2; /* What a former process left, or not. */
    fk.fail_family = family;
    fk.fail_cmd = cmd;
    fk.fail_error = with;
    fk.lose = lose;
    char *error = dp_open("system", "ovs-system", loop, &handler, &dp);
    if (error) {
        const bool old = family == NLSOCK_FLOW && cmd == OVS_FLOW_CMD_GET && with == EINVAL;
        assert_true(old || family == NLSOCK_DATAPATH);
        assert_non_null(strstr(error, "could not open datapath ovs-system"));
        assert_int_equal(old, strstr(error, "is too old, its flows have no identifiers") != NULL);
        assert_true(!old || fk.exists == with % 2); /* What was made for it has gone. */
        free(error);
        return;
    }
    use(dp);
    /* All is well again. */
    fk.fail_error = 0;
    const enum dp_flow_decision keep = DP_FLOW_KEEP, delete = DP_FLOW_DELETE;
    kernel_of(dp)->timer.cb(kernel_of(dp));
    dp_flow_walk(dp, decide, (void *)(uintptr_t)&keep);
    dp_flow_walk(dp, decide, (void *)(uintptr_t) & delete);
    assert_int_equal(fk_count(), 0);
    n_packets = 0;
    put_flow(kernel_of(dp), 7);
    assert_int_equal(fk_count(), 1);
    fk_hit(10, 1000, 1);
    dp_flow_walk(dp, decide, (void *)(uintptr_t)&keep);
    assert_int_equal(n_packets, 11);
    dp_close(dp, true);
    assert_int_equal(n_credits, n_released);
}

static void test_every_errno(void **state UNUSED)
{
    struct loop *loop = loop_new();

    free(log_set("console:off"));
    fk_init();
    for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
        for (size_t e = 0; e < 2 * ARRAY_SIZE(errors); e++) {
            check(loop, commands[c].family, commands[c].cmd, errors[e / 2], e % 2);
        }
    }
    fk_deinit();
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_errno)};

    rcu_register_thread();
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return status;
}
