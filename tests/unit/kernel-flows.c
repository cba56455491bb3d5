/* kernel-flows.c - random flows put into the real openvswitch.ko and dumped back, and what it costs
 * to walk over many.
 *
 *   kernel-flows [COUNT [WALK]]
 *
 * COUNT flows (50000) with keys of every protocol and random masks: each must be taken, and come
 * back with the same bits.  Then a walk over WALK flows (200000) is timed: the CPU time of this
 * thread in user mode, and in all.  Makes a datapath of its own in a network namespace of its own;
 * needs root.  Status 77: this kernel has no openvswitch. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <urcu-qsbr.h>

#include "lib/dp/kernel/kernel.h"
#include "lib/mem.h"
#include "tests/unit/kernel-random.h"

#define N_MASKS 6 /* Of each, as many as there are sets of attributes and lengths of options. */

#define FLOW_ROOM 2000 /* Of a key and a mask with as many options as there can be. */

struct tally {
    struct kernel *k;
    unsigned n_put, n_refused, n_back, n_differ;
};

static void on_credit(void *aux UNUSED, void *credit UNUSED, const struct dp_flow_stats *d UNUSED)
{
}

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k UNUSED,
                    int64_t now UNUSED, struct dp_verdict *v)
{
    v->cache = false;
}

static struct kflow *find(struct kernel *k, const struct kflow_id *id)
{
    struct hmap *h = &k->flows.stripes[id->w[0] % KFLOW_STRIPES].flows;
    struct kflow *f;

    HMAP_FOR_EACH_WITH_HASH(f, node, (size_t)id->w[1], h) {
        if (!memcmp(&f->id, id, sizeof *id)) {
            return f;
        }
    }
    return NULL;
}

static void on_dumped(void *x_, const struct nlsock_msg *m)
{
    struct tally *x = x_;
    struct kflow_id id = {{0, 0}};
    struct key key = {0}, mask = {0};
    bool ok = true;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_UFID && r.n == sizeof id) {
            memcpy(&id, r.data, sizeof id);
        } else if (r.type == OVS_FLOW_ATTR_KEY) {
            ok &= nlkey_get(r.data, r.n, false, &key);
        } else if (r.type == OVS_FLOW_ATTR_MASK) {
            ok &= nlkey_get(r.data, r.n, true, &mask);
        }
    }
    const struct kflow *f = find(x->k, &id);
    struct key_pair ours = {.filled = {{0}}};
    if (f) {
        kflow_key(f, &ours);
    }
    for (size_t i = 0; f && ok && i < KEY_WORDS; i++) {
        ok = (key_words(&key)[i] & key_words(&ours.mask)[i]) ==
                 (key_words(&ours.key)[i] & key_words(&ours.mask)[i]) &&
             !(key_words(&mask)[i] & ~key_words(&ours.mask)[i]);
        if (!ok && x->n_differ < 5) {
            printf("word %zu of a key of type %04x protocol %u: %016lx under %016lx, back %016lx "
                   "under %016lx\n",
                   i, ntohs(ours.key.eth_type), ours.key.ip_proto,
                   (unsigned long)key_words(&ours.key)[i], (unsigned long)key_words(&ours.mask)[i],
                   (unsigned long)key_words(&key)[i], (unsigned long)key_words(&mask)[i]);
        }
    }
    x->n_back++;
    x->n_differ += !f || !ok;
}

/* What a batch is about. */
#define BATCH 128
struct putting {
    struct tally *x;
    struct nlsock_batch b;
    struct kflow *flows[BATCH];
};

static void on_put(void *p_, unsigned i, int error)
{
    struct putting *p = p_;
    struct key_pair pair = {.filled = {{0}}};
    const struct key *key = &pair.key;

    kflow_key(p->flows[i], &pair);

    kflow_installed(p->flows[i], !error);
    p->x->n_refused += error != 0;
    if (error && p->x->n_refused <= 5) {
        printf("refused (%s): type %04x protocol %u port %u tags %d labels %08x frag %u\n",
               strerror(error), ntohs(key->eth_type), key->ip_proto, ntohs(key->tp_src),
               (key->vlan[0].tci != 0) + (key->vlan[1].tci != 0), ntohl(key->mpls_lse[0]),
               key->ip_frag);
    }
}

static void run_puts(struct putting *p)
{
    int error = nlsock_batch_run(&p->b, NULL, on_put, p);

    if (error) {
        printf("a batch: %s\n", strerror(error));
    }
    nlsock_batch_begin(p->x->k->sock, &p->b);
}

/* One flow, as an upcall thread puts it. */
static void put(struct putting *p, const struct key *key, const struct key *mask)
{
    struct dp_verdict v = {.cache = true, .mask = *mask};
    struct kernel *k = p->x->k;
    struct nlwr w;
    bool is_new;

    dp_actions_init(&v.actions);
    struct kflow *f = kflow_prepare(&k->flows, key, &v, loop_now(k->up.loop), &is_new);
    dp_actions_deinit(&v.actions);
    if (!f || !is_new) {
        return;
    }
    if (p->b.n == BATCH ||
        !nlsock_batch_add(&p->b, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE | NLM_F_EXCL,
                          k->ifindex, FLOW_ROOM, &w)) {
        run_puts(p);
        p->x->n_refused += !nlsock_batch_add(&p->b, NLSOCK_FLOW, OVS_FLOW_CMD_NEW,
                                             NLM_F_CREATE | NLM_F_EXCL, k->ifindex, FLOW_ROOM, &w);
    }
    p->flows[p->b.n] = f;
    p->x->n_put++;
    p->x->n_refused += !kflow_put(&k->flows, f, &w);
    nlsock_batch_end(&p->b, &w);
}

static void on_many_done(void *x_, unsigned i UNUSED, int error)
{
    struct tally *x = x_;
    x->n_refused += error != 0;
}

/* 'n' flows more, of one mask, in batches. */
static void put_many(struct tally *x, unsigned n)
{
    struct kernel *k = x->k;
    struct nlsock_batch b;

    nlsock_batch_begin(k->sock, &b);
    for (unsigned i = 0; i < 2 * n && k->flows.n < n; i++) {
        struct key key = {.in_port = 1, .eth_type = htons(0x0800), .ip_src = htonl(i)};
        struct dp_verdict v = {.cache = true, .mask.ip_src = UINT32_MAX};
        struct nlwr w;
        bool is_new;
        struct kflow *f = kflow_prepare(&k->flows, &key, &v, loop_now(k->up.loop), &is_new);
        if (!f || !is_new) {
            continue;
        }
        if (b.n == 128 || !nlsock_batch_add(&b, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE,
                                            k->ifindex, FLOW_ROOM, &w)) {
            int error = nlsock_batch_run(&b, NULL, on_many_done, x);
            x->n_refused += error != 0;
            nlsock_batch_begin(k->sock, &b);
            x->n_refused += !nlsock_batch_add(&b, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE,
                                              k->ifindex, FLOW_ROOM, &w);
        }
        x->n_refused += !kflow_put(&k->flows, f, &w);
        nlsock_batch_end(&b, &w);
        kflow_installed(f, true);
    }
    int error = nlsock_batch_run(&b, NULL, on_many_done, x);
    x->n_refused += error != 0;
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static enum dp_flow_decision keep(void *n, const struct dp_flow_view *v UNUSED,
                                  struct dp_verdict *r UNUSED)
{
    ++*(unsigned *)n;
    return DP_FLOW_KEEP;
}

static void time_walk(struct dp *dp)
{
    struct rusage a, b;
    unsigned n = 0;

    getrusage(RUSAGE_THREAD, &a);
    dp_flow_walk(dp, keep, &n);
    getrusage(RUSAGE_THREAD, &b);
    double user = seconds(&b.ru_utime) - seconds(&a.ru_utime);
    double all = user + seconds(&b.ru_stime) - seconds(&a.ru_stime);
    printf("walk over %u flows: %.3f s of CPU, of which %.3f s in user mode\n", n, all, user);
}

int main(int argc, char **argv)
{
    static const struct dp_handler handler = {.miss = on_miss, .credit = on_credit};
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 50000;
    unsigned many = argc > 2 ? (unsigned)atoi(argv[2]) : KFLOW_LIMIT;
    struct loop *loop = loop_new();
    struct key key;
    struct dp *dp;
    struct nlwr w;

    rcu_register_thread();
    char *error = unshare(CLONE_NEWNET) ? xasprintf("unshare: %s", strerror(errno))
                                        : dp_open("system", "kflows", loop, &handler, &dp);
    if (error) {
        puts(error);
        return strstr(error, "no openvswitch") ? 77 : 1;
    }
    struct tally x = {.k = kernel_of(dp)};
    srand(6);
    static struct key masks[N_MASKS]; /* The kernel's memory for masks is small. */
    for (unsigned i = 0; i < N_MASKS; i++) {
        random_mask(&masks[i]);
        masks[i].packet_type = UINT32_MAX; /* A key of the kernel always says what the packet is. */
    }
    struct putting p = {.x = &x};
    nlsock_batch_begin(x.k->sock, &p.b);
    for (unsigned i = 0; i < 20 * count && x.n_put < count; i++) {
        random_kernel_key(&key);
        key.recirc_id = htonl(i + 1); /* Flows must not overlap: the kernel refuses them. */
        put(&p, &key, &masks[random_below(N_MASKS)]);
    }
    run_puts(&p);
    nlsock_begin(x.k->sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, x.k->ifindex, &w);
    int e = nlsock_call(x.k->sock, &w, on_dumped, &x);
    printf("%u flows put, %u refused, %u dumped, %u differ%s%s\n", x.n_put, x.n_refused, x.n_back,
           x.n_differ, e ? ": " : "", e ? strerror(e) : "");
    bool ok = !e && !x.n_refused && !x.n_differ && x.n_back == x.n_put && x.n_put == count;
    put_many(&x, many);
    ok &= !x.n_refused;
    if (many) {
        time_walk(dp);
        time_walk(dp);
    }
    dp_close(dp, true);
    loop_free(loop);
    return ok ? 0 : 1;
}
