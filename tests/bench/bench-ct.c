/* bench-ct.c - nanoseconds per operation of the connection tracker, and bytes per connection.
 *
 * bench-ct [CONNECTIONS...]: default 1000 100000 1000000.  One thread; packets are built in place,
 * their checksums are taken as valid (CSUM_VALID), as a port with offloads gives them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct.h"
#include "lib/hash.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

#define T0     INT64_C(1000000)
#define ROUNDS 2000000u

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static long rss_kib(void)
{
    long size = 0, rss = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &size, &rss) != 2) {
            rss = 0;
        }
        fclose(f);
    }
    return rss * 4;
}

static struct packet *new_frame(bool ip6, uint8_t proto)
{
    uint8_t b[14 + 40 + 20] = {0};
    uint32_t l3 = ip6 ? 40 : 20, l4 = proto == IPPROTO_HDR_TCP ? 20 : 8;
    put_be16(b + 12, ip6 ? 0x86dd : 0x0800);
    uint8_t *ip = b + 14;
    if (ip6) {
        ip[0] = 0x60;
        put_be16(ip + 4, (uint16_t)l4);
        ip[6] = proto;
    } else {
        ip[0] = 0x45;
        put_be16(ip + 2, (uint16_t)(l3 + l4));
        ip[9] = proto;
    }
    if (proto == IPPROTO_HDR_TCP) {
        ip[l3 + 12] = 5 << 4;
        put_be16(ip + l3 + 14, 8000);
    } else {
        put_be16(ip + l3 + 4, 8);
    }
    struct packet *p = packet_new_data(b, 14 + l3 + l4);
    struct key key;
    parse_key(p, &key);
    return p;
}

/* The frame becomes the 'i'th connection's, from A or from B. */
static void set_conn(struct packet *p, uint32_t i, bool back, uint8_t flags, uint32_t seq,
                     uint32_t ack)
{
    uint8_t *ip = p->data + 14;
    bool ip6 = ip[0] == 0x60;
    uint8_t *l4 = ip + (ip6 ? 40 : 20);
    uint32_t n = ip6 ? 16 : 4;
    uint8_t *src = ip + (ip6 ? 8 : 12), *dst = src + n;
    put_be32((back ? dst : src) + n - 4, 0x0a000000 | (i >> 8));
    put_be32((back ? src : dst) + n - 4, 0x14000001);
    put_be16(l4 + (back ? 2 : 0), (uint16_t)(1024 + (i & 0xff)));
    put_be16(l4 + (back ? 0 : 2), 443);
    if (flags) {
        put_be32(l4 + 4, seq);
        put_be32(l4 + 8, ack);
        l4[13] = flags;
    }
    if (!ip6) {
        put_be16(ip + 10, 0);
        be16 sum = csum(ip, 20);
        memcpy(ip + 10, &sum, 2);
    }
    p->csum = CSUM_VALID;
    ct_clear(p);
}

static void establish(struct ct *ct, struct packet *p, uint32_t i, bool tcp)
{
    static const struct {
        bool back;
        uint8_t flags;
        uint32_t seq, ack;
    } steps[] = {{false, 0x02, 99, 0}, {true, 0x12, 199, 100}, {false, 0x10, 100, 200}};
    struct ct_args commit = {.commit = true};
    for (int s = 0; s < (tcp ? 3 : 2); s++) {
        set_conn(p, i, steps[s].back, tcp ? steps[s].flags : 0, steps[s].seq, steps[s].ack);
        ct_execute(ct, p, &commit, T0);
    }
}

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
    printf("ct %s%c %7u conns: make %6.0f ns, packet %5.0f ns (one connection %3.0f ns), "
           "sweep out %4.0f ns, %4.0f bytes%s\n",
           tcp ? "tcp" : "udp", ip6 ? '6' : '4', n, make, ns[0], ns[1], sweep, bytes,
           bad || swept != n ? " WRONG RESULTS" : "");
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
