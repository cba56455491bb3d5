/* bench-conntrack.c - the figures of the tracker that are kept an eye on, a line each: name, value,
 * unit.  One thread but for the last, IPv4, packets in bursts as a worker has them.  Each figure is
 * of a process of its own.  Of a new connection, ..._new is what the packet's thread pays, and
 * ..._new_ahead what the control thread does to have its memory ready (ct_room.h).
 *
 * bench-conntrack [CONNECTIONS [FIGURE...]]: default 1000000, for the large table, and all figures;
 * one is named as here, "tcp_new". */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ct/ct_burst.h"
#include "lib/ct/ct_room.h"
#include "tests/bench/ct-conns.h"

static struct ct *ct;
static uint32_t large = 1000000;

static void open_ct(uint32_t n)
{
    ct = ct_new(&(struct ct_config){.max_conns = n + 1000, .hash_seed = 42});
    if (!ct) {
        fprintf(stderr, "bench-conntrack: no address space for %u connections\n", n);
        exit(1);
    }
}

static void fill(struct packet *p, uint32_t n, bool tcp)
{
    for (uint32_t i = 0; i < n; i++) {
        establish(ct, p, i, tcp);
        rcu_quiescent_state();
        if (ct_room_wanted(ct)) {
            ct_room_make(ct);
        }
    }
}

/* Packets as a worker has them: a burst at a time. */
struct burst {
    struct packet *p[CT_BURST_MAX];
    struct ct_burst *ahead;
};

static struct burst new_burst(bool tcp)
{
    struct burst b = {.ahead = ct_burst_new()};
    for (int i = 0; i < CT_BURST_MAX; i++) {
        b.p[i] = new_frame(false, tcp ? IPPROTO_HDR_TCP : IPPROTO_HDR_UDP);
    }
    return b;
}

/* How many of them are as wanted. */
static unsigned track(struct burst *b, const struct ct_args *args, int64_t now_ms, uint8_t state)
{
    unsigned number[CT_BURST_MAX], n = 0;
    ct_burst_begin(b->ahead);
    for (int i = 0; i < CT_BURST_MAX; i++) {
        number[i] = ct_burst_add(ct, b->ahead, b->p[i], args->zone);
    }
    ct_burst_look(ct, b->ahead);
    for (int i = 0; i < CT_BURST_MAX; i++) {
        ct_burst_execute(ct, b->ahead, number[i], b->p[i], args, now_ms);
        n += (b->p[i]->ct.state & state) != 0;
    }
    return n;
}

/* ns a packet of 'n' established connections, met by chance. */
static void established(const char *name, uint32_t n)
{
    struct burst b = new_burst(true);
    int64_t t[2];
    uint64_t good = 0;
    open_ct(n);
    fill(b.p[0], n, true);
    for (int with = 0; with < 2; with++) { /* The packets alone, then tracked too. */
        t[with] = now_ns();
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint32_t k = (uint32_t)(hash_u64(i, 1) % n);
            set_conn(b.p[i % CT_BURST_MAX], k, i & 1, 0x10, i & 1 ? 200 : 100, i & 1 ? 100 : 200);
            if (with && i % CT_BURST_MAX == CT_BURST_MAX - 1) {
                good += track(&b, &(struct ct_args){0}, T0 + 1, CS_EST);
            }
        }
        t[with] = now_ns() - t[with];
    }
    line(name, good == ROUNDS ? (double)(t[1] - t[0]) / ROUNDS : -1, "ns");
}

/* ---- two threads ---- */

#define SHARE (ROUNDS / 4 / CT_BURST_MAX) /* Bursts. */

struct worker {
    uint32_t n, first;
    uint64_t good;
    int64_t ns;
};

/* Its own packets of the connections of both. */
static void *work(void *w_)
{
    struct worker *w = w_;
    struct burst b = new_burst(true);
    rcu_register_thread();
    for (uint32_t i = 0; i < CT_BURST_MAX; i++) {
        uint32_t k = (uint32_t)(hash_u64(i, w->first) % w->n);
        set_conn(b.p[i], k, i & 1, 0x10, i & 1 ? 200 : 100, i & 1 ? 100 : 200);
    }
    int64_t t = now_ns();
    for (uint32_t i = 0; i < SHARE; i++) {
        w->good += track(&b, &(struct ct_args){0}, T0 + 1, CS_EST);
        for (int j = 0; j < CT_BURST_MAX; j++) {
            ct_clear(b.p[j]);
        }
        rcu_quiescent_state();
    }
    w->ns = now_ns() - t;
    rcu_unregister_thread();
    return NULL;
}

static void run(struct worker *w, int n)
{
    pthread_t threads[2];
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, work, &w[i]);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How many times what one does two do, in turns: the median.  Of the time that each has had of a
 * core, so that what else the machine does counts little. */
static void two_threads(void)
{
    enum { N = 10000, TURNS = 9 };
    struct packet *p = new_frame(false, IPPROTO_HDR_TCP);
    double factor[TURNS];
    uint64_t good = 0;
    open_ct(N);
    fill(p, N, true);
    rcu_thread_offline();
    for (uint32_t i = 0; i < TURNS; i++) {
        struct worker one = {.n = N, .first = 3 * i};
        struct worker two[] = {{.n = N, .first = 3 * i + 1}, {.n = N, .first = 3 * i + 2}};
        run(&one, 1);
        run(two, 2);
        factor[i] = (double)one.ns / (double)two[0].ns + (double)one.ns / (double)two[1].ns;
        good += one.good + two[0].good + two[1].good;
    }
    rcu_thread_online();
    qsort(factor, TURNS, sizeof *factor, by_value);
    line("ct_two_threads", good == 3ull * TURNS * SHARE * CT_BURST_MAX ? factor[TURNS / 2] : -1,
         "times");
}

static void established_1(void)
{
    established("ct_tcp_established_1", 1);
}

static void established_10k(void)
{
    established("ct_tcp_established_10k", 10000);
}

static void established_1m(void)
{
    established("ct_tcp_established_1m", large);
}

/* ns for 'n' connections, each looked up, and committed by its first packet; with 'tracked' false
 * for their packets alone.  What the table does ahead of need, on a daemon's control thread, is not
 * in it but added to '*ahead'. */
static int64_t make_all(struct burst *b, uint32_t n, bool tcp, bool tracked, int64_t *ahead)
{
    int64_t t = now_ns(), others = 0;
    for (uint32_t i = 0; i < n; i++) {
        set_conn(b->p[i % CT_BURST_MAX], i, false, tcp ? 0x02 : 0, 99, 0);
        if (tracked && i % CT_BURST_MAX == CT_BURST_MAX - 1) {
            track(b, &(struct ct_args){.commit = true}, T0, CS_NEW);
            rcu_quiescent_state();
            if (ct_room_wanted(ct)) {
                int64_t m = now_ns();
                ct_room_make(ct);
                others += now_ns() - m;
            }
        }
    }
    *ahead += others;
    return now_ns() - t - others;
}

/* 'reused': in slots that others have had. */
static void make(const char *name, bool tcp, bool reused)
{
    struct burst b = new_burst(tcp);
    uint32_t n = large / CT_BURST_MAX * CT_BURST_MAX;
    int64_t ahead = 0;
    open_ct(large);
    if (reused) {
        make_all(&b, n, tcp, true, &ahead);
        ct_sweep(ct, T0 + 100000000, 2 * large + 1000);
        for (int i = 0; i < 3; i++) {
            rcu_barrier();
        }
        ahead = 0;
    }
    int64_t alone = make_all(&b, n, tcp, false, &ahead);
    int64_t ns = make_all(&b, n, tcp, true, &ahead) - alone;
    line(name, ct_count(ct) == n ? (double)ns / n : -1, "ns");
    if (!reused) {
        char ahead_name[64];
        snprintf(ahead_name, sizeof ahead_name, "%s_ahead", name);
        line(ahead_name, (double)ahead / n, "ns");
    }
}

static void udp_new(void)
{
    make("ct_udp_new", false, false);
}

static void tcp_new(void)
{
    make("ct_tcp_new", true, false);
}

static void tcp_new_reused(void)
{
    make("ct_tcp_new_reused", true, true);
}

static void expire(void)
{
    open_ct(large);
    fill(new_frame(false, IPPROTO_HDR_UDP), large, false);
    int64_t t = now_ns();
    unsigned n = ct_sweep(ct, T0 + 100000000, 2 * large + 1000);
    line("ct_expire", n == large ? (double)(now_ns() - t) / n : -1, "ns");
}

/* ns an entry of the zone that is flushed; nine in ten are another's. */
static void flush_zone(void)
{
    struct packet *p = new_frame(false, IPPROTO_HDR_UDP);
    open_ct(large);
    for (uint32_t i = 0; i < large; i++) {
        set_conn(p, i, false, 0, 0, 0);
        ct_execute(ct, p, &(struct ct_args){.zone = i % 10 ? 1 : 2, .commit = true}, T0);
        rcu_quiescent_state();
    }
    int64_t t = now_ns();
    unsigned n = ct_flush(ct, &(struct ct_filter){.has_zone = true, .zone = 2}, T0);
    line("ct_flush_zone", n == (large + 9) / 10 ? (double)(now_ns() - t) / n : -1, "ns");
}

static void bytes(void)
{
    struct packet *p = new_frame(false, IPPROTO_HDR_TCP);
    long before = rss_kib();
    open_ct(large);
    fill(p, large, true);
    line("ct_bytes_per_connection", (double)(rss_kib() - before) * 1024 / large, "bytes");
}

static bool is_chosen(const char *name, int n, char *const chosen[])
{
    bool yes = false;
    for (int i = 0; i < n; i++) {
        yes |= !strcmp(chosen[i], name);
    }
    return yes;
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*run)(void);
    } figures[] = {
#define FIGURE(NAME) {#NAME, NAME}
        FIGURE(established_1), FIGURE(established_10k), FIGURE(established_1m), FIGURE(udp_new),
        FIGURE(tcp_new),       FIGURE(tcp_new_reused),  FIGURE(expire),         FIGURE(flush_zone),
        FIGURE(bytes),         FIGURE(two_threads),
#undef FIGURE
    };
    int status = 0, one;
    large = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : large;
    for (size_t i = 0; i < ARRAY_SIZE(figures) && large >= 10; i++) {
        if (argc > 2 && !is_chosen(figures[i].name, argc - 2, argv + 2)) {
            continue;
        }
        pid_t pid = fork();
        if (pid == 0) {
            rcu_register_thread();
            figures[i].run();
            fflush(stdout);
            _exit(0);
        }
        status |= pid < 0 || waitpid(pid, &one, 0) != pid || one;
    }
    return status;
}
