/* bench-ct.c - nanoseconds per operation of the connection tracker, and bytes per connection.
 *
 * bench-ct [CONNECTIONS...]: default 1000 100000 1000000.  One thread. */
#include "tests/bench/ct-conns.h"

static void bench(uint32_t n, bool ip6, bool tcp)
{
    struct ct_config config = {.max_conns = n + 1000, .hash_seed = 42};
    struct packet *p = new_frame(ip6, tcp ? IPPROTO_HDR_TCP : IPPROTO_HDR_UDP);
    struct ct_args args = {0};
    long rss = rss_kib();
    struct ct *ct = ct_new(&config);
    if (!ct) {
        fprintf(stderr, "bench-ct: no address space for %u connections\n", n);
        exit(1);
    }

    int64_t t = now_ns();
    for (uint32_t i = 0; i < n; i++) {
        establish(ct, p, i, tcp);
        rcu_quiescent_state();
    }
    double make = (double)(now_ns() - t) / n;
    double bytes = (double)(rss_kib() - rss) * 1024 / n;

    double ns[2], build;
    uint64_t bad = 0;
    t = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t k = (uint32_t)(hash_u64(i, 1) % n);
        set_conn(p, k, i & 1, tcp ? 0x10 : 0, i & 1 ? 200 : 100, i & 1 ? 100 : 200);
    }
    build = (double)(now_ns() - t) / ROUNDS;
    for (int again = 0; again < 2; again++) { /* All connections by chance; one only. */
        t = now_ns();
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint32_t k = (uint32_t)(hash_u64(again ? 0 : i, 1) % n);
            set_conn(p, k, i & 1, tcp ? 0x10 : 0, i & 1 ? 200 : 100, i & 1 ? 100 : 200);
            ct_execute(ct, p, &args, T0 + 1);
            bad += !(p->ct.state & CS_EST);
        }
        ns[again] = (double)(now_ns() - t) / ROUNDS - build;
    }
    t = now_ns();
    unsigned swept = 0;
    swept = ct_sweep(ct, T0 + 100000000, 4 * n + 100);
    double sweep = (double)(now_ns() - t) / n;
    const struct {
        const char *what;
        double value;
        const char *unit;
    } figures[] = {{"make", make, "ns"},
                   {"packet", ns[0], "ns"},
                   {"one_packet", ns[1], "ns"},
                   {"sweep", sweep, "ns"},
                   {"memory", bytes, "bytes"}};
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        char name[64];
        snprintf(name, sizeof name, "ct_%s%c_%s_%u", tcp ? "tcp" : "udp", ip6 ? '6' : '4',
                 figures[i].what, n);
        line(name, bad || swept != n ? -1 : figures[i].value, figures[i].unit);
    }
    packet_free(p);
    ct_free(ct);
}

int main(int argc, char *argv[])
{
    static const char *const defaults[] = {"1000", "100000", "1000000"};
    int n = argc > 1 ? argc - 1 : (int)ARRAY_SIZE(defaults);
    rcu_register_thread();
    for (int i = 0; i < n; i++) {
        for (int kind = 0; kind < 4; kind++) {
            const char *size = argc > 1 ? argv[1 + i] : defaults[i];
            bench((uint32_t)strtoul(size, NULL, 10), kind & 2, kind & 1);
        }
    }
    rcu_unregister_thread();
    return 0;
}
