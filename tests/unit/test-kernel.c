/* test-kernel.c - the kernel datapath from dp_open() on, with its threads, on a kernel that the
 * test plays: dispatch by CPU, upcalls good and bad, taking over, what others delete. */
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/dp/cookie.h"
#include "lib/dp/dp.h"
#include "lib/dp/kernel/kernel.h"
#include "lib/io/loop.h"
#include "lib/packet/compose.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/kernel-random.h"

/* ---- in place of nlsock_open.c ---- */

int nlsock_open(bool news, struct nlsock **out)
{
    *out = fk_open_sock(news);
    return 0;
}

int nlsock_join(struct nlsock *s UNUSED, uint32_t group UNUSED)
{
    return 0;
}

int nlsock_open_netfilter(struct nlsock **out UNUSED, int flags UNUSED)
{
    return EPROTONOSUPPORT;
}

/* ---- a translation, and its books ---- */

static struct {
    struct loop *loop;
    struct dp *dp;
    unsigned n_misses, n_userspace, n_credits, n_released;
    uint64_t packets;
    struct key last; /* Under the fake kernel's lock. */
    struct key mask;
    unsigned ahead; /* Misses ahead of the last one of port 7, or of a second pass. */
    bool slow;      /* With an action that the kernel has not. */
    bool edit;      /* With one that it has. */
} t;

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k,
                    int64_t now UNUSED, struct dp_verdict *v)
{
    v->mask = t.mask;
    v->credit = xmalloc(1);
    if (t.slow) {
        struct dp_action_set *set = dp_actions_put(&v->actions, DP_ACTION_SET, sizeof *set);
        set->a.u32 = DP_SET_PBB;
    }
    if (t.edit) {
        struct dp_action_set *set = dp_actions_put(&v->actions, DP_ACTION_SET, sizeof *set);
        set->a.u32 = DP_SET_ETH;
        set->mask.eth.dst[0] = 0xff;
    }
    dp_actions_output(&v->actions, 2);
    pthread_mutex_lock(&fk.lock);
    t.last = *k;
    t.n_credits++;
    if (k->in_port == 7 || k->recirc_id) {
        t.ahead = t.n_misses;
    }
    pthread_mutex_unlock(&fk.lock);
    __atomic_add_fetch(&t.n_misses, 1, __ATOMIC_RELEASE);
}

static void on_userspace(void *aux UNUSED, const struct packet *p, const struct key *k UNUSED,
                         const void *cookie, size_t len)
{
    assert_int_equal(len, 3);
    assert_memory_equal(cookie, "abc", 3);
    assert_int_equal(p->csum == CSUM_PARTIAL, false);
    __atomic_add_fetch(&t.n_userspace, 1, __ATOMIC_RELEASE);
}

static void on_credit(void *aux UNUSED, void *credit UNUSED, const struct dp_flow_stats *d)
{
    t.packets += d->packets;
}

static void on_release(void *aux UNUSED, void *credit)
{
    t.n_released++;
    free(credit);
}

static const struct dp_handler handler = {
    .miss = on_miss, .userspace = on_userspace, .credit = on_credit, .release = on_release};

static int setup(void **state UNUSED)
{
    rcu_register_thread();
    memset(&t, 0, sizeof t);
    fk_init();
    t.loop = loop_new();
    return 0;
}

static int teardown(void **state UNUSED)
{
    loop_free(t.loop);
    fk_deinit();
    rcu_unregister_thread();
    return 0;
}

static struct kernel *open_dp(void)
{
    char *error = dp_open("system", "ovs-system", t.loop, &handler, &t.dp);
    assert_null(error);
    return kernel_of(t.dp);
}

static void close_dp(bool destroy)
{
    dp_close(t.dp, destroy);
    assert_int_equal(t.n_credits, t.n_released);
}

static enum dp_flow_decision keep(void *n, const struct dp_flow_view *v UNUSED,
                                  struct dp_verdict *r UNUSED)
{
    ++*(unsigned *)n;
    return DP_FLOW_KEEP;
}

static unsigned n_flows(void)
{
    unsigned n = 0;
    dp_flow_walk(t.dp, keep, &n);
    return n;
}

/* Until '*n' is 'want'. */
static void wait_for(const unsigned *n, unsigned want)
{
    for (unsigned i = 0; i < 5000 && __atomic_load_n(n, __ATOMIC_ACQUIRE) != want; i++) {
        usleep(1000);
    }
    assert_int_equal(__atomic_load_n(n, __ATOMIC_ACQUIRE), want);
}

/* ---- upcalls ---- */

static struct fk_sock *sock_of(uint32_t pid)
{
    for (unsigned i = 0; i < fk.n_socks; i++) {
        if (fk.socks[i].pid == pid) {
            return &fk.socks[i];
        }
    }
    fail_msg("no socket %u", pid);
    return NULL;
}

#define PRIORITY 0x10003 /* Of all packets that come up. */

static void put_upcall(struct nlwr *w, const struct key *k, const void *cookie, size_t n_cookie)
{
    struct packet *p = compose_packet(k, "payload", 7);

    nlwr_put_data(w, OVS_PACKET_ATTR_PACKET, p->data, p->len);
    size_t nest = nlwr_nest(w, OVS_PACKET_ATTR_KEY);
    nlkey_put(k, NULL, &kernel_all, w);
    nlwr_put_u32(w, OVS_KEY_ATTR_PRIORITY, PRIORITY);
    nlwr_end(w, nest);
    if (cookie) {
        nlwr_put_data(w, OVS_PACKET_ATTR_USERDATA, cookie, n_cookie);
    }
    packet_free(p);
}

/* 'n' bytes of an upcall's attributes to the socket that serves this CPU. */
static void send_upcall(unsigned cpu, uint8_t cmd, const void *attrs, size_t n)
{
    struct nlwr w = {.data = (uint8_t *)(uintptr_t)attrs, .len = n};

    pthread_mutex_lock(&fk.lock);
    fk.to = sock_of(fk.pids[cpu % fk.n_pids]);
    fk_reply(NULL, NLSOCK_PACKET, cmd, 1, &w);
    pthread_mutex_unlock(&fk.lock);
}

static void upcall_with(unsigned cpu, const struct key *k, const void *cookie, size_t n_cookie)
{
    _Alignas(8) uint8_t buf[4096];
    struct nlwr w;

    nlwr_init(&w, buf, sizeof buf);
    put_upcall(&w, k, cookie, n_cookie);
    send_upcall(cpu, cookie ? OVS_PACKET_CMD_ACTION : OVS_PACKET_CMD_MISS, w.data, w.len);
}

static void upcall(unsigned cpu, const struct key *k, const char *cookie)
{
    upcall_with(cpu, k, cookie, cookie ? strlen(cookie) : 0);
}

/* A packet of a flow that the kernel has as a slow one. */
static void upcall_slow(unsigned cpu, const struct key *k, unsigned reasons)
{
    struct dp_cookie cookie;

    dp_cookie_slow_path(&cookie, reasons);
    upcall_with(cpu, k, &cookie, sizeof cookie);
}

static struct key udp(unsigned i)
{
    return (struct key){.in_port = 1,
                        .eth_type = htons(0x0800),
                        .eth_src = {2},
                        .eth_dst = {4},
                        .ip_proto = 17,
                        .ip_ttl = 64,
                        .ip_src = htonl(0x0a000000 + i),
                        .tp_dst = htons(53)};
}

static void test_per_cpu(void **state UNUSED)
{
    const struct kernel *k = open_dp();

    t.mask.ip_src = UINT32_MAX;
    assert_true(k->per_cpu);
    assert_int_equal(k->action_env.upcall_pid, UINT32_MAX);
    assert_true(fk.features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU);
    assert_int_equal(fk.n_pids, sysconf(_SC_NPROCESSORS_CONF));
    for (unsigned cpu = 0; cpu < fk.n_pids; cpu++) { /* Each CPU has a thread, in turn. */
        assert_int_equal(fk.pids[cpu], upcall_pid(&k->threads[cpu % k->n_threads]));
        assert_true(sock_of(fk.pids[cpu])->news);
    }
    for (unsigned i = 0; i < 200; i++) { /* 100 flows, from all CPUs. */
        struct key key = udp(i / 2);
        upcall(i, &key, NULL);
    }
    wait_for(&t.n_misses, 200);
    struct key key = udp(1);
    upcall(1, &key, "abc");
    upcall(0, &key, "abc");
    wait_for(&t.n_userspace, 2);
    wait_for(&fk.n_executed, 200);
    assert_int_equal(n_flows(), 100);
    assert_int_equal(fk_count(), 100);
    assert_int_equal(t.packets, 200);
    close_dp(true);
    assert_false(fk.exists);
}

/* A reassembled packet's largest fragment, and its hash, go back with it. */
static void test_mru(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[4096];
    struct key key = udp(1);
    struct nlwr w;

    open_dp();
    nlwr_init(&w, buf, sizeof buf);
    put_upcall(&w, &key, NULL, 0);
    nlwr_put_u16(&w, OVS_PACKET_ATTR_MRU, 1400);
    nlwr_put_u64(&w, OVS_PACKET_ATTR_HASH, UINT64_C(0x100000007));
    send_upcall(0, OVS_PACKET_CMD_MISS, w.data, w.len);
    wait_for(&fk.n_executed, 1);
    assert_int_equal(fk.mru, 1400);
    assert_true(fk.hash == UINT64_C(0x100000007));
    close_dp(true);
}

static void test_per_port(void **state UNUSED)
{
    fk.no_per_cpu = true;
    const struct kernel *k = open_dp();

    assert_false(k->per_cpu);
    assert_int_equal(k->action_env.upcall_pid, upcall_pid(&k->threads[0]));
    assert_true(fk.features & OVS_DP_F_VPORT_PIDS);
    close_dp(true);
}

static enum dp_flow_decision look_slow(void *want, const struct dp_flow_view *v,
                                       struct dp_verdict *r UNUSED)
{
    assert_int_equal(v->slow, *(const unsigned *)want);
    return DP_FLOW_KEEP;
}

/* The one flow in the kernel has these reasons in its cookie, and nothing but that. */
static void assert_slow_flow(unsigned reasons)
{
    struct dp_cookie cookie, want;
    struct nlrd all, actions, u;

    dp_cookie_slow_path(&want, reasons);
    memset(&cookie, 0, sizeof cookie);
    assert_int_equal(fk_count(), 1);
    nlrd_init(&all, fk.flows->attrs, fk.flows->n_attrs);
    while (nlrd_next(&all)) {
        if (all.type == OVS_FLOW_ATTR_ACTIONS) {
            nlrd_init(&actions, all.data, all.n);
            assert_true(nlrd_next(&actions));
            assert_int_equal(actions.type, OVS_ACTION_ATTR_USERSPACE);
            nlrd_init(&u, actions.data, actions.n);
            while (nlrd_next(&u)) {
                if (u.type == OVS_USERSPACE_ATTR_USERDATA) {
                    assert_int_equal(u.n, sizeof cookie);
                    memcpy(&cookie, u.data, u.n);
                }
            }
            assert_false(nlrd_next(&actions));
        }
    }
    assert_memory_equal(&cookie, &want, sizeof want);
    dp_flow_walk(t.dp, look_slow, &reasons);
}

/* What looks at more than the kernel's key has comes up packet by packet, and each pays once. */
static void test_slow_match(void **state UNUSED)
{
    struct key nd = {.in_port = 1,
                     .eth_type = htons(0x86dd),
                     .ip_proto = 58,
                     .ip_ttl = 255,
                     .tp_src = htons(135)};
    uint64_t before = counter_read(COUNTER_dp_slow_path);

    open_dp();
    t.mask.nd_options_type = 0xff;
    upcall(0, &nd, NULL);
    wait_for(&fk.n_executed, 1);
    assert_slow_flow(DP_SLOW_MATCH);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &nd, DP_SLOW_MATCH);
    }
    upcall(0, &nd, NULL); /* It came before the flow was there. */
    wait_for(&t.n_misses, 12);
    wait_for(&fk.n_executed, 12);
    fk.flows->stats = (struct ovs_flow_stats){.n_packets = 10, .n_bytes = 1000};
    assert_int_equal(n_flows(), 1);
    assert_int_equal(t.packets, 12);
    assert_int_equal(counter_read(COUNTER_dp_slow_path) - before, 10);
    assert_int_equal(t.n_userspace, 0);
    close_dp(true);
    assert_int_equal(t.packets, 12);
}

/* So does what it cannot run. */
static void test_slow_action(void **state UNUSED)
{
    struct key key = udp(1);

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    t.slow = true;
    upcall(0, &key, NULL);
    wait_for(&fk.n_executed, 1);
    assert_slow_flow(DP_SLOW_ACTION);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &key, DP_SLOW_ACTION);
    }
    wait_for(&fk.n_executed, 11);
    assert_int_equal(fk.priority, PRIORITY); /* The queue that was chosen before. */
    fk.flows->stats = (struct ovs_flow_stats){.n_packets = 10, .n_bytes = 1000};
    assert_int_equal(n_flows(), 1);
    assert_int_equal(t.packets, 11);
    close_dp(true);
}

/* And what it knows, and refuses: no packet of it is lost, the first ones included. */
static void test_refused_action(void **state UNUSED)
{
    struct key key = udp(1);
    uint64_t dropped = counter_read(COUNTER_drop_kernel);

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    const unsigned n_put = fk.n_put; /* By the probes. */
    t.edit = true;
    fk.refuse = OVS_ACTION_ATTR_SET_MASKED;
    upcall(0, &key, NULL);
    wait_for(&fk.n_executed, 1);
    assert_int_equal(fk.n_refused, 2); /* The flow and its packet. */
    assert_slow_flow(DP_SLOW_ACTION | DP_SLOW_REFUSED);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &key, DP_SLOW_ACTION | DP_SLOW_REFUSED);
    }
    wait_for(&fk.n_executed, 11);
    assert_int_equal(fk.n_refused, 2); /* It is not asked again. */
    for (unsigned i = 2; i < 202; i++) {
        key = udp(i);
        upcall(i, &key, NULL);
    }
    wait_for(&fk.n_executed, 211);
    wait_for(&fk.n_put, n_put + 201);
    assert_int_equal(n_flows(), 201);
    assert_int_equal(t.packets, 211);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped);
    close_dp(true);
}

static void send_out(bool with_ct)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    const struct key key = udp(1);

    if (with_ct) {
        dp_actions_put(&l, DP_ACTION_CT, sizeof(struct dp_action_ct));
    }
    struct dp_action_set *set = dp_actions_put(&l, DP_ACTION_SET, sizeof *set);
    set->a.u32 = DP_SET_ETH;
    set->mask.eth.dst[0] = 0xff;
    dp_actions_output(&l, 2);
    dp_execute(t.dp, compose_packet(&key, "", 0), l.data, l.len);
    dp_actions_deinit(&l);
}

/* A packet-out too; but not where some of it may have been done. */
static void test_refused_packet(void **state UNUSED)
{
    uint64_t dropped = counter_read(COUNTER_drop_kernel);

    open_dp();
    fk.refuse = OVS_ACTION_ATTR_SET_MASKED;
    send_out(false);
    assert_int_equal(fk.n_executed, 1);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped);
    send_out(true);
    assert_int_equal(fk.n_executed, 1);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped + 1);
    close_dp(true);
}

/* 30,000 misses of port 1 at once, one among them of another port or of a second pass. */
static void flood(uint32_t port, uint32_t recirc_id)
{
    _Alignas(8) uint8_t buf[4096];
    uint64_t dropped = counter_read(COUNTER_drop_miss_budget);
    struct nlwr w;

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    pthread_mutex_lock(&fk.lock); /* All of it at once. */
    fk.to = sock_of(fk.pids[0]);
    for (unsigned i = 0; i < 30000; i++) {
        struct key key = udp(i % 100);
        key.in_port = i == 15000 ? port : 1;
        key.recirc_id = i == 15000 ? htonl(recirc_id) : 0;
        nlwr_init(&w, buf, sizeof buf);
        put_upcall(&w, &key, NULL, 0);
        fk_reply(NULL, NLSOCK_PACKET, OVS_PACKET_CMD_MISS, 1, &w);
    }
    pthread_mutex_unlock(&fk.lock);
    struct key last = udp(50000);
    uint64_t n = 0, lost = 0;
    for (unsigned i = 0; i < 20000 && n + lost < 30000; i++) {
        usleep(1000);
        n = __atomic_load_n(&t.n_misses, __ATOMIC_ACQUIRE);
        lost = counter_read(COUNTER_drop_miss_budget) - dropped;
    }
    assert_int_equal(n + lost, 30000);
    /* 15000 others were ahead of it. */
    assert_in_range(t.ahead, 1, 1200);
    assert_in_range(lost, 1000, 15000);
    upcall(0, &last, NULL);
    wait_for(&t.n_misses, (unsigned)n + 1);
    close_dp(true);
}

/* A port that floods the switch with new flows lets others have their turn, and loses alone. */
static void test_fair(void **state UNUSED)
{
    flood(7, 0);
}

/* What has begun is brought to its end: the flood does not hold it up. */
static void test_begun_first(void **state UNUSED)
{
    flood(1, 5);
}

static void test_bad_upcalls(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[4096], copy[4096];
    uint64_t before = counter_read(COUNTER_drop_parse_short);
    struct key key = udp(1);
    struct nlwr w;
    unsigned n_sent = 0;

    open_dp();
    nlwr_init(&w, buf, sizeof buf);
    put_upcall(&w, &key, NULL, 0);
    for (size_t n = 0; n < w.len; n += 4) { /* Cut. */
        send_upcall(0, OVS_PACKET_CMD_MISS, buf, n);
        n_sent++;
    }
    srand(5);
    for (unsigned i = 0; i < 20000; i++) { /* Spoilt. */
        memcpy(copy, buf, w.len);
        for (unsigned j = 1 + random_below(4); j; j--) {
            copy[random_below((uint32_t)w.len)] = (uint8_t)random_below(256);
        }
        send_upcall(i, (uint8_t)random_below(5), copy, w.len);
    }
    pthread_mutex_lock(&fk.lock); /* Datagrams that are no messages, and messages lost. */
    fk.to = sock_of(fk.pids[0]);
    fk_push(ENOBUFS, NULL, 0);
    fk_push(ENOSPC, NULL, 0);
    fk_push(0, "x", 1);
    fk_push(0, buf, 40);
    pthread_mutex_unlock(&fk.lock);
    t.n_misses = 0;
    key = udp(77);
    unsigned lost = kernel_of(t.dp)->n_threads;
    for (unsigned i = 0; i < lost; i++) {
        upcall(i, &key, NULL); /* Every thread still lives. */
    }
    for (unsigned i = 0; i < 5000; i++) {
        pthread_mutex_lock(&fk.lock);
        bool idle = true;
        for (unsigned j = 0; j < fk.n_socks; j++) {
            idle &= !fk.socks[j].news || !fk.socks[j].first;
        }
        pthread_mutex_unlock(&fk.lock);
        if (idle) {
            break;
        }
        usleep(1000);
    }
    assert_true(counter_read(COUNTER_drop_parse_short) > before + n_sent / 2);
    close_dp(true);
}

/* Taking over: flows and ports of a former process stay until dp_settled(). */
static void test_adopt(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[64];
    struct dp_features f;
    struct nlrd all;
    struct nlwr w;

    fk.exists = true;
    fk.ports[0].no = 1;
    fk.ports[0].type = OVS_VPORT_TYPE_NETDEV;
    strcpy(fk.ports[0].name, "lo");
    fk.ports[1].no = 7;
    fk.ports[1].type = OVS_VPORT_TYPE_INTERNAL;
    strcpy(fk.ports[1].name, "br-old");
    fk.n_ports = 2;
    nlwr_init(&w, buf, sizeof buf);
    size_t acts = nlwr_nest(&w, OVS_FLOW_ATTR_ACTIONS);
    nlwr_put_u32(&w, OVS_ACTION_ATTR_RECIRC, 41);
    nlwr_end(&w, acts);
    nlrd_init(&all, w.data, w.len);
    fk_new(&(struct kflow_id){{1, 1}}, &all, NLM_F_CREATE);

    open_dp();
    dp_get_features(t.dp, &f);
    assert_int_equal(f.first_recirc_id, 42);
    uint32_t no;
    assert_null(dp_port_add(t.dp, "lo", "system", DP_PORT_NONE, NULL, NULL, &no));
    assert_int_equal(no, 1);
    n_flows();
    assert_int_equal(fk_count(), 1);
    assert_int_equal(fk.n_ports, 2);
    dp_settled(t.dp);
    n_flows();
    assert_int_equal(fk_count(), 0);
    assert_int_equal(fk.n_ports, 1);
    assert_string_equal(fk.ports[0].name, "lo");
    close_dp(false);
    assert_true(fk.exists); /* For the next one. */
    assert_int_equal(fk.n_ports, 1);
}

/* `ovs-dpctl del-if` and del-dp. */
static void test_deleted_by_others(void **state UNUSED)
{
    uint32_t no;
    struct kernel *k = open_dp();

    assert_null(dp_port_add(t.dp, "lo", "system", 5, NULL, NULL, &no));
    assert_int_equal(no, 5);
    fk.n_ports = 0;
    kport_restore(k);
    assert_int_equal(fk.n_ports, 1);
    assert_int_equal(fk.ports[0].no, 5);

    struct key key = udp(1);
    upcall(0, &key, NULL);
    wait_for(&t.n_misses, 1);
    wait_for(&fk.n_executed, 1);
    pthread_mutex_lock(&fk.lock);
    fk.exists = false;
    fk.n_ports = 0;
    fk.hidden = true;
    fk.fail_family = NLSOCK_FLOW;
    fk.fail_cmd = OVS_FLOW_CMD_GET;
    fk.fail_error = ENODEV;
    pthread_mutex_unlock(&fk.lock);
    loop_timer_cancel(&k->timer);
    k->timer.cb(k);
    assert_true(loop_timer_pending(&k->timer)); /* Again, and not before its time. */
    assert_true(k->timer.at_ms >= loop_now(t.loop) + MAX(1000, 4 * k->flows.walk_ms));
    assert_true(fk.exists);
    assert_int_equal(fk.n_ports, 1);
    assert_int_equal(fk.ports[0].no, 5);
    fk.fail_error = 0;
    n_flows();
    n_flows();
    assert_int_equal(n_flows(), 0);
    close_dp(true);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_per_cpu),     TEST(test_per_port),       TEST(test_mru),
        TEST(test_fair),        TEST(test_begun_first),    TEST(test_slow_match),
        TEST(test_slow_action), TEST(test_refused_action), TEST(test_refused_packet),
        TEST(test_bad_upcalls), TEST(test_adopt),          TEST(test_deleted_by_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
