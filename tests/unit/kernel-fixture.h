/* kernel-fixture.h - the kernel datapath from dp_open() on, with its threads, on a kernel that the
 * test plays; a translation that keeps books, and upcalls.  Included once, by a test program. */
#pragma once

#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/dp/cookie.h"
#include "lib/dp/dp.h"
#include "lib/dp/kernel/kernel.h"
#include "lib/io/loop.h"
#include "lib/packet/compose.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/fake-open.h"
#include "tests/unit/kernel-random.h"

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
        t.ahead = __atomic_load_n(&t.n_misses, __ATOMIC_RELAXED);
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

static inline struct kernel *open_dp(void)
{
    char *error = dp_open("system", "ovs-system", t.loop, &handler, &t.dp);
    assert_null(error);
    return kernel_of(t.dp);
}

static inline void close_dp(bool destroy)
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

static inline unsigned n_flows(void)
{
    unsigned n = 0;
    dp_flow_walk(t.dp, keep, &n);
    return n;
}

/* Until '*n' is 'want'. */
static inline void wait_for(const unsigned *n, unsigned want)
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

static inline void put_upcall(struct nlwr *w, const struct key *k, const void *cookie,
                              size_t n_cookie)
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
static inline void send_upcall(unsigned cpu, uint8_t cmd, const void *attrs, size_t n)
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

static inline void upcall(unsigned cpu, const struct key *k, const char *cookie)
{
    upcall_with(cpu, k, cookie, cookie ? strlen(cookie) : 0);
}

/* A packet of a flow that the kernel has as a slow one. */
static inline void upcall_slow(unsigned cpu, const struct key *k, unsigned reasons)
{
    struct dp_cookie cookie;

    dp_cookie_slow_path(&cookie, reasons);
    upcall_with(cpu, k, &cookie, sizeof cookie);
}

static inline struct key udp(unsigned i)
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
