/* ct-nat.h - what the tests of address translation share. */
#pragma once

#include "tests/unit/ct-frames.h"

#include <arpa/inet.h>
#include <urcu-qsbr.h>

#define T0 INT64_C(5000000)

static inline struct ct *new_ct(void)
{
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 2000, .hash_seed = 99});
    assert_non_null(ct);
    return ct;
}

static inline void set_addr(uint8_t addr[16], bool ip6, uint8_t last)
{
    memset(addr, 0, 16);
    addr[0] = ip6 ? 0xfc : 10;
    addr[ip6 ? 15 : 3] = last;
}

/* Addresses by their last bytes; 0: none. */
static inline struct ct_nat nat_of(bool ip6, uint8_t flags, uint8_t min, uint8_t max,
                                   uint16_t port_min, uint16_t port_max)
{
    struct ct_nat nat = {.flags = flags,
                         .is_ip6 = ip6 && min,
                         .has_addr = min,
                         .port_min = port_min,
                         .port_max = port_max};
    if (min) {
        set_addr(nat.addr_min, ip6, min);
        set_addr(nat.addr_max, ip6, max);
    }
    return nat;
}

/* ---- what a packet says ---- */

static inline void put_tuple(struct text *t, const uint8_t *l3, bool back)
{
    struct ip_info ip;
    assert_true(ip_parse(l3, 65535, true, &ip));
    const uint8_t *l4 = l3 + ip.l4_ofs;
    unsigned end = ip.version == 6 ? 23 : 15, size = ip.version == 6 ? 16 : 4;
    bool icmp = ip.proto == IPPROTO_HDR_ICMP || ip.proto == IPPROTO_HDR_ICMP6;
    unsigned src = get_be16(l4 + (icmp ? 4 : 0)), dst = get_be16(l4 + (icmp ? 4 : 2));
    unsigned a = l3[end], b = l3[end + size];
    text_printf(t, "%u:%u>%u:%u", back ? b : a, back ? dst : src, back ? a : b, back ? src : dst);
}

/* "1:1000>2:80": last bytes of the addresses, and ports. */
static inline const char *tuple_text(const struct packet *p)
{
    static char buf[2][64];
    static unsigned n;
    struct text t = TEXT_INIT;
    put_tuple(&t, p->data + p->l3_ofs, false);
    snprintf(buf[++n % 2], sizeof buf[0], "%s", text_cstr(&t));
    text_deinit(&t);
    return buf[n % 2];
}

static inline void check_sums(struct packet *p)
{
    struct ip_info ip;
    assert_true(ip_packet(p, &ip));
    p->csum = CSUM_UNKNOWN;
    assert_true(ip.version == 6 || csum_ip4_ok(p));
    assert_true(csum_l4_ok(p));
}

struct result {
    struct packet_ct ct;
    bool ok;
    char text[64];
};

static inline struct result run(struct ct *ct, const struct frame *f, const struct ct_args *args)
{
    struct result r;
    struct packet *p = frame_packet(f);
    r.ok = ct_execute(ct, p, args, T0) == CT_GOES_ON;
    r.ct = p->ct;
    check_sums(p);
    snprintf(r.text, sizeof r.text, "%s", tuple_text(p));
    packet_free(p);
    return r;
}

/* Commits with this translation. */
static inline struct result commit(struct ct *ct, const struct frame *f, const struct ct_nat *nat)
{
    return run(ct, f, &(struct ct_args){.commit = true, .nat = nat});
}

static const struct ct_nat bare;
static const struct ct_args nat_only = {.nat = &bare};

/* An answer to the packet "A:a>B:b". */
static inline struct frame answer(const struct frame *f, const char *text)
{
    struct frame r = *f;
    unsigned a, ap, b, bp;
    assert_int_equal(sscanf(text, "%u:%u>%u:%u", &a, &ap, &b, &bp), 4);
    r.a = (uint8_t)a;
    r.b = (uint8_t)b;
    r.sport = (uint16_t)ap;
    r.dport = (uint16_t)bp;
    r.back = !f->back;
    if (f->proto == IPPROTO_HDR_TCP) {
        r.flags = SYN | ACK;
        r.seq = 500;
        r.ack = f->seq + 1;
    } else if (f->type) {
        r.type = f->ip6 ? 129 : 0;
    }
    return r;
}
