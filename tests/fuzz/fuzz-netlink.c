/* fuzz-netlink.c - the kernel datapath on a kernel whose every answer and upcall may be spoilt.
 *
 *   fuzz-netlink [--seed N] [--count N]
 *
 * A round opens the datapath on the fake kernel of tests/unit, adds a port, sends upcalls of every
 * protocol, walks over the flows and closes it; each datagram on the way is mutated with a
 * probability that the round chooses: bytes, lengths (truncated, nested wrongly, huge), types,
 * sequence numbers.  Status 0: nothing crashed, every credit was given back, and
 * the rounds came to something. */
#include <stdio.h>
#include <urcu-qsbr.h>

#include "lib/dp/dp.h"
#include "lib/dp/kernel/kernel.h"
#include "lib/io/loop.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/fake-open.h"
#include "tests/unit/kernel-random.h"

/* ---- mutation ---- */

static unsigned spoil_one_in; /* 0: none. */

static void spoil_once(uint8_t *b, size_t *n)
{
    static const uint16_t lengths[] = {0, 1, 3, 4, 5, 7, 8, 16, 0x7fff, 0x8000, 0xfffc, 0xffff};
    size_t at = random_below((uint32_t)*n), word = at & ~(size_t)3;
    uint16_t v;

    switch (random_below(5)) {
    case 0:
        b[at] ^= (uint8_t)(1 << random_below(8));
        break;
    case 1:
        b[at] = (uint8_t)random_below(256);
        break;
    case 2: /* Where lengths of attributes are. */
        v = lengths[random_below(ARRAY_SIZE(lengths))];
        memcpy(b + word, &v, MIN(sizeof v, *n - word));
        break;
    case 3: /* Where types are. */
        v = (uint16_t)random_below(64);
        if (word + 4 <= *n) {
            memcpy(b + word + 2, &v, sizeof v);
        }
        break;
    default:
        *n = at;
        break;
    }
}

static void spoil(uint8_t *b, size_t *n)
{
    for (unsigned i = 1 + random_below(3); i && *n && spoil_one_in && !random_below(spoil_one_in);
         i--) {
        spoil_once(b, n);
    }
}

/* ---- a round ---- */

static unsigned n_credits, n_released;
static unsigned n_opened, n_upcalls; /* Of all rounds: it must not all end at the door. */

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k UNUSED,
                    int64_t now UNUSED, struct dp_verdict *v)
{
    random_mask(&v->mask);
    v->credit = xmalloc(1);
    dp_actions_output(&v->actions, 2);
    __atomic_add_fetch(&n_credits, 1, __ATOMIC_RELAXED);
}

static void on_userspace(void *aux UNUSED, const struct packet *p UNUSED,
                         const struct key *k UNUSED, const void *cookie UNUSED, size_t n UNUSED)
{
}

static void on_credit(void *aux UNUSED, void *credit UNUSED, const struct dp_flow_stats *d UNUSED)
{
}

static void on_release(void *aux UNUSED, void *credit)
{
    n_released++;
    free(credit);
}

static enum dp_flow_decision decide(void *aux UNUSED, const struct dp_flow_view *view,
                                    struct dp_verdict *v)
{
    enum dp_flow_decision d = (enum dp_flow_decision)random_below(3);

    if (d == DP_FLOW_REPLACE) {
        v->mask = *view->mask;
        dp_actions_output(&v->actions, 3);
    }
    return d;
}

static void send_upcall(void)
{
    _Alignas(8) uint8_t buf[66000];
    struct key k;
    struct nlwr w;

    random_kernel_key(&k);
    struct packet *p = compose_packet(&k, "payload", 7);
    nlwr_init(&w, buf, sizeof buf);
    nlwr_put_data(&w, OVS_PACKET_ATTR_PACKET, p->data, p->len);
    size_t nest = nlwr_nest(&w, OVS_PACKET_ATTR_KEY);
    nlkey_put(&k, NULL, &kernel_all, &w);
    nlwr_end(&w, nest);
    if (random_below(4) == 0) {
        nlwr_put_data(&w, OVS_PACKET_ATTR_USERDATA, "cookie", 6);
        nlwr_put_u16(&w, OVS_PACKET_ATTR_MRU, 1500);
        nlwr_put_u64(&w, OVS_PACKET_ATTR_HASH, 7);
    }
    packet_free(p);
    pthread_mutex_lock(&fk.lock);
    for (unsigned i = 0; i < fk.n_socks; i++) {
        if (fk.n_pids && fk.socks[i].pid == fk.pids[random_below(fk.n_pids)]) {
            fk.to = &fk.socks[i];
            fk_reply(NULL, NLSOCK_PACKET, (uint8_t)(1 + random_below(2)), 1, &w);
        }
    }
    pthread_mutex_unlock(&fk.lock);
}

static bool idle(void)
{
    bool yes = true;

    pthread_mutex_lock(&fk.lock);
    for (unsigned i = 0; i < fk.n_socks; i++) {
        yes &= !fk.socks[i].news || !fk.socks[i].first;
    }
    pthread_mutex_unlock(&fk.lock);
    return yes;
}

static bool run_round(unsigned n)
{
    static const struct dp_handler handler = {
        .miss = on_miss, .userspace = on_userspace, .credit = on_credit, .release = on_release};
    struct loop *loop = loop_new();
    struct dp *dp;
    uint32_t no;

    fk_init();
    fk.exists = n % 2;
    fk.spoil = spoil;
    spoil_one_in = n % 3 == 0 ? 40 : 0; /* A good start lets the rest be reached. */
    n_credits = n_released = 0;
    char *error = dp_open("system", "ovs-system", loop, &handler, &dp);
    if (!error) {
        n_opened++;
        spoil_one_in = 2 + n % 4;
        free(dp_port_add(dp, "lo", "system", DP_PORT_NONE, NULL, NULL, &no));
        for (unsigned i = 0; i < 30; i++) {
            send_upcall();
        }
        for (unsigned i = 0; i < 1000 && !idle(); i++) {
            usleep(100);
        }
        for (unsigned i = 0; i < 3; i++) {
            dp_flow_walk(dp, decide, NULL);
        }
        kernel_of(dp)->timer.cb(kernel_of(dp));
        dp_settled(dp);
        dp_close(dp, n % 5 == 0);
    }
    free(error);
    loop_free(loop);
    fk_deinit();
    n_upcalls += n_credits;
    if (n_credits != n_released) {
        printf("round %u: %u credits, %u given back\n", n, n_credits, n_released);
    }
    return n_credits == n_released;
}

int main(int argc, char **argv)
{
    unsigned seed = 1, count = 2000;
    bool ok = true;

    for (int i = 1; i + 1 < argc; i += 2) {
        *(strcmp(argv[i], "--seed") ? &count : &seed) = (unsigned)atoi(argv[i + 1]);
    }
    rcu_register_thread();
    free(log_set("console:off"));
    srand(seed);
    for (unsigned n = 0; n < count && ok; n++) {
        ok = run_round(n);
    }
    rcu_unregister_thread();
    printf("%u rounds, %u opened, %u misses\n", count, n_opened, n_upcalls);
    return ok && n_opened > count / 2 && n_upcalls > count ? 0 : 1;
}
