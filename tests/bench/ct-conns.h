/* ct-conns.h - what the benchmarks of the tracker share: memory, packets of the 'i'th
 * connection, built in place.  Checksums are taken as valid (CSUM_VALID), as a port with offloads
 * gives them. */
#pragma once

#include <stdlib.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct.h"
#include "lib/hash.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/bench/bench.h"

#define T0     INT64_C(1000000)
#define ROUNDS 2000000u

static inline long rss_kib(void)
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

static inline struct packet *new_frame(bool ip6, uint8_t proto)
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
static inline void set_conn(struct packet *p, uint32_t i, bool back, uint8_t flags, uint32_t seq,
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

static inline void establish(struct ct *ct, struct packet *p, uint32_t i, bool tcp)
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
