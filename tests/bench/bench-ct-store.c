/* bench-ct-store.c - the table of connections in a store: what it costs to make, to use and to take
 * over, and whether it stays as large as it is.
 *
 * bench-ct-store [CONNECTIONS...]: default 100000 1000000; 10000000 needs 2 GB.  One thread; UDP
 * over IPv4 (the size of an entry does not depend on the protocol); the store is an anonymous file,
 * as on tmpfs.  Prints lines `name value unit`. */
#include <stdio.h>
#include <time.h>

#include "lib/ct/ct_room.h"
#include "lib/hash.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/unit/ct-memstore.h"

#define T0     INT64_C(1000000)
#define ROUNDS 1000000u

/* Of this thread alone: others may have the core meanwhile. */
static double cpu_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double store_bytes(const struct memstore *m)
{
    struct stat st;
    return fstat(m->fd, &st) ? 0 : (double)st.st_blocks * 512;
}

static struct packet *new_frame(void)
{
    uint8_t b[14 + 20 + 8] = {0};
    struct key key;
    put_be16(b + 12, 0x0800);
    b[14] = 0x45;
    put_be16(b + 16, 28);
    b[23] = IPPROTO_HDR_UDP;
    put_be16(b + 38, 8);
    struct packet *p = packet_new_data(b, sizeof b);
    parse_key(p, &key);
    return p;
}

static void set_conn(struct packet *p, uint32_t i, bool back)
{
    uint8_t *ip = p->data + 14;
    put_be32(ip + (back ? 16 : 12), 0x0a000000 | (i >> 8));
    put_be32(ip + (back ? 12 : 16), 0x14000001);
    put_be16(ip + (back ? 22 : 20), (uint16_t)(1024 + (i & 0xff)));
    put_be16(ip + (back ? 20 : 22), 443);
    put_be16(ip + 10, 0);
    be16 sum = csum(ip, 20);
    memcpy(ip + 10, &sum, 2);
    p->csum = CSUM_VALID;
    ct_clear(p);
}

static struct ct *open_store(struct memstore *m, uint32_t n, int64_t now, struct ct_adopted *a)
{
    struct stat st;
    struct ct_config config = {
        .max_conns = n + 1000, .hash_seed = 77, .store = &m->store, .now_ms = now, .adopted = a};
    *a = (struct ct_adopted){.found = false};
    m->store.size = fstat(m->fd, &st) ? 0 : (size_t)st.st_size;
    struct ct *ct = ct_new(&config);
    if (!ct) {
        fprintf(stderr, "bench-ct-store: no address space for %u connections\n", n);
        exit(1);
    }
    return ct;
}

/* Returns how long the table has seen to memory ahead of need, which in a daemon is another
 * thread's. */
static double make(struct ct *ct, struct packet *p, uint32_t first, uint32_t n, int64_t now)
{
    struct ct_args commit = {.commit = true};
    double ahead = 0;
    for (uint32_t i = first; i < first + n; i++) {
        for (int back = 0; back < 2; back++) {
            set_conn(p, i, back);
            ct_execute(ct, p, &commit, now);
        }
        rcu_quiescent_state();
        if (ct_room_wanted(ct)) {
            double t = cpu_s();
            ct_room_make(ct);
            ahead += cpu_s() - t;
        }
    }
    return ahead;
}

static double packet_ns(struct ct *ct, struct packet *p, uint32_t n, unsigned *bad)
{
    struct ct_args args = {.commit = false};
    double ns[2];
    for (int run = 0; run < 2; run++) { /* Without and with the tracker. */
        double t = cpu_s();
        for (uint32_t i = 0; i < ROUNDS; i++) {
            set_conn(p, (uint32_t)(hash_u64(i, 1) % n), i & 1);
            if (run) {
                ct_execute(ct, p, &args, T0 + 1);
                *bad += !(p->ct.state & CS_EST);
            }
        }
        ns[run] = (cpu_s() - t) * 1e9 / ROUNDS;
    }
    return ns[1] - ns[0];
}

static void bench(uint32_t n)
{
    struct memstore m;
    struct ct_adopted a;
    struct packet *p = new_frame();
    unsigned bad = 0;
    memstore_init(&m);
    struct ct *ct = open_store(&m, n, T0, &a);
    double t = cpu_s();
    double ahead = make(ct, p, 0, n, T0);
    printf("ct_store_new_%u %.0f ns\n", n, (cpu_s() - t - ahead) * 1e9 / n);
    printf("ct_store_new_ahead_%u %.0f ns\n", n, ahead * 1e9 / n);
    printf("ct_store_packet_%u %.0f ns\n", n, packet_ns(ct, p, n, &bad));
    double bytes = store_bytes(&m);
    printf("ct_store_bytes_%u %.0f bytes\n", n, bytes / n);
    ct_free(ct);

    t = cpu_s();
    ct = open_store(&m, n, T0 + 2, &a);
    printf("ct_store_adopt_%u %.1f ms\n", n, (cpu_s() - t) * 1e3);
    bad += a.n_kept != n || ct_count(ct) != n;
    printf("ct_store_packet_adopted_%u %.0f ns\n", n, packet_ns(ct, p, n, &bad));
    /* All end and as many others begin, three times over, a tenth at a time. */
    int64_t now = T0 + 2;
    for (uint32_t round = 0; round < 30; round++) {
        uint32_t part = n / 10;
        now += 4000;
        ct_sweep(ct, now, 3 * n);
        rcu_barrier();
        make(ct, p, n + round * part, part, now);
    }
    printf("ct_store_growth_%u %.1f percent\n", n, (store_bytes(&m) / bytes - 1) * 100);
    printf("ct_store_live_%u %u connections%s\n", n, ct_count(ct), bad ? " WRONG RESULTS" : "");
    packet_free(p);
    ct_free(ct);
    memstore_deinit(&m);
}

int main(int argc, char *argv[])
{
    rcu_register_thread();
    for (int i = 1; i < argc; i++) {
        bench((uint32_t)strtoul(argv[i], NULL, 10));
    }
    if (argc < 2) {
        bench(100000);
        bench(1000000);
    }
    rcu_unregister_thread();
    return 0;
}
