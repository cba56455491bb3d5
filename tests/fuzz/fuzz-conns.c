/* fuzz-conns.c - libFuzzer target: a store of connections that a former process left, changed at
 * will, is adopted and then used.
 *
 * Input: a byte of options; then changes of a part (header, entries, labels, addresses), a place in
 * its first 64 kB, and a byte each: 5 bytes.  Options: bit 0, the hashes of the entries are made
 * right again, and bit 1 the header's check, so that what lies behind these is reached; bit 2: all
 * are flushed in the end; bit 3: the header is that of layout version 1. */
#include <urcu-qsbr.h>

#include "lib/hash.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ct-memstore.h"

#define T0      INT64_C(5000000)
#define N_CONNS 6u /* Of each family. */
#define N_PARTS 5u
#define SPAN    (64u * 1024)

static struct memstore pristine;
static size_t parts[N_PARTS];

static struct packet *make(unsigned i, bool ip6, bool back)
{
    uint8_t b[14 + 40 + 20] = {0};
    uint32_t l3 = ip6 ? 40 : 20;
    bool tcp = i & 1;
    uint8_t *ip = b + 14;
    put_be16(b + 12, ip6 ? 0x86dd : 0x0800);
    ip[0] = ip6 ? 0x60 : 0x45;
    put_be16(ip + (ip6 ? 4 : 2), (uint16_t)(tcp ? (ip6 ? 20 : 40) : (ip6 ? 8 : 28)));
    ip[ip6 ? 6 : 9] = tcp ? IPPROTO_HDR_TCP : IPPROTO_HDR_UDP;
    ip[l3 - 1] = back ? 1 : 2;
    ip[ip6 ? 23 : 15] = back ? 2 : 1;
    put_be16(ip + l3 + (back ? 2 : 0), (uint16_t)(1000 + i));
    put_be16(ip + l3 + (back ? 0 : 2), 80);
    if (tcp) {
        ip[l3 + 12] = 5 << 4;
        ip[l3 + 13] = back ? 0x12 : 0x02;
        put_be32(ip + l3 + 4, back ? 199 : 99);
        put_be32(ip + l3 + 8, back ? 100 : 0);
        put_be16(ip + l3 + 14, 8000);
    } else {
        put_be16(ip + l3 + 4, 8);
    }
    struct packet *p = packet_new_data(b, 14 + l3 + (tcp ? 20 : 8));
    struct key key;
    parse_key(p, &key);
    p->csum = CSUM_VALID;
    return p;
}

/* All of them, both ways; what is new is committed. */
static void traffic(struct ct *ct, unsigned first, int64_t now)
{
    struct ct_args args = {.commit = true, .mark = 7, .mark_mask = UINT32_MAX};
    args.label[3] = args.label_mask[3] = 0xff;
    for (unsigned i = first; i < first + N_CONNS; i++) {
        for (unsigned way = 0; way < 4; way++) {
            struct packet *p = make(i, way & 1, way & 2);
            ct_execute(ct, p, &args, now);
            packet_free(p);
        }
    }
    rcu_quiescent_state();
}

static void prepare(void)
{
    struct ct_adopted a;
    rcu_register_thread();
    memstore_init(&pristine);
    struct ct *ct = memstore_open(&pristine, T0, &a);
    traffic(ct, 0, T0);
    ct_free(ct);
    for (unsigned i = 1; i < N_PARTS; i++) {
        static const unsigned which[] = {0, 0, 1, 2, 4};
        parts[i] = memstore_part(&pristine, which[i]);
    }
}

static void mend_hashes(const uint8_t *header, uint8_t *conns, uint8_t *conns6,
                        const uint8_t *addrs)
{
    struct ct_table t = {.max = 0};
    t.seed = ((const struct ct_header *)(const void *)header)->seed;
    for (unsigned i = 0; i < 2 * SPAN / sizeof(struct ct_conn); i++) {
        unsigned slot = i / 2;
        struct ct_conn *c = (struct ct_conn *)(void *)(i & 1 ? conns6 : conns) + slot;
        struct ct_lookup q = {.is_ip6 = i & 1, .key = c->key};
        if (q.is_ip6 && (slot + 1) * sizeof q.addr6 <= SPAN) {
            memcpy(&q.addr6, addrs + slot * sizeof q.addr6, sizeof q.addr6);
        }
        if (c->flags & CT_F_LIVE) {
            ct_table_prepare(&t, &q);
            c->hash = q.hash;
        }
    }
}

/* The next process; whatever it found, it works. */
static void use(struct memstore *m, bool flush)
{
    struct ct_adopted a;
    struct ct_info infos[8];
    uint32_t pos = 0;
    struct ct *ct = memstore_open(m, T0, &a);
    if (!ct || (a.refused && ct_count(ct)) || a.n_kept > 4 * SPAN / sizeof(struct ct_conn)) {
        abort();
    }
    for (unsigned n = 0; ct_dump(ct, &(struct ct_filter){0}, &pos, infos, 8, T0) && n < 1000; n++) {
    }
    traffic(ct, 3, T0 + 1);
    if (flush) { /* What goes rests: that takes milliseconds. */
        ct_flush(ct, &(struct ct_filter){.has_zone = true}, T0 + 1);
        traffic(ct, 3, T0 + 2);
    }
    ct_free(ct);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t part[N_PARTS][SPAN] __attribute__((aligned(64)));
    struct memstore m;
    if (!pristine.fd) {
        prepare();
    }
    if (!size) {
        return 0;
    }
    for (unsigned i = 0; i < N_PARTS; i++) {
        if (pread(pristine.fd, part[i], SPAN, (off_t)parts[i]) != (ssize_t)SPAN) {
            abort();
        }
    }
    for (size_t at = 1; at + 5 <= size; at += 5) {
        part[data[at] % N_PARTS][get_be16(data + at + 1)] = data[at + 3] ^ data[at + 4];
    }
    if (data[0] & 1) {
        mend_hashes(part[0], part[1], part[3], part[4]);
    }
    struct ct_header *h = (struct ct_header *)(void *)part[0];
    if (data[0] & 8) { /* As an older build wrote it. */
        h->version = 1;
        h->n_parts = 5;
        h->layout = ct_kept_layout_of(1);
    }
    if (data[0] & 2) {
        h->check = hash_bytes(h, offsetof(struct ct_header, check), 0);
    }
    memstore_init(&m);
    for (unsigned i = 0; i < N_PARTS; i++) {
        if (pwrite(m.fd, part[i], SPAN, (off_t)parts[i]) != (ssize_t)SPAN) {
            abort();
        }
    }
    use(&m, data[0] & 4);
    memstore_deinit(&m);
    return 0;
}
