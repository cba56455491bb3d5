/* ct-frames.h - frames for the tests of the tracker, and the words for what it says. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/ct/ct.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20

struct frame {
    bool ip6;
    bool back; /* From B to A: ends swapped. */
    uint8_t proto;
    uint8_t a, b;          /* Last bytes of the addresses, default 1 and 2. */
    uint16_t sport, dport; /* Of A and B; ICMP: sport is the id.  Default 1000, 80. */
    uint8_t type, code;    /* ICMP.  SCTP: type and flags of the one chunk, without a tag INIT. */
    uint8_t flags;         /* TCP, from here on. */
    uint32_t seq, ack;     /* SCTP: tags of the packet and of INIT (default 7). */
    uint16_t win;
    int wscale; /* 1 + shift; 0 = no option. */
    uint32_t len;
    const uint8_t *quote; /* ICMP error: the packet it is about, from its IP header. */
    uint32_t n_quote;
};

static inline size_t put_l4(const struct frame *f, uint8_t *l4)
{
    uint16_t sport = f->sport ? f->sport : 1000, dport = f->dport ? f->dport : 80;
    size_t n = 8;
    switch (f->proto) {
    case IPPROTO_HDR_TCP:
        n = f->wscale ? 24 : 20;
        put_be32(l4 + 4, f->seq);
        put_be32(l4 + 8, f->ack);
        l4[12] = (uint8_t)(n / 4 << 4);
        l4[13] = f->flags;
        put_be16(l4 + 14, f->win ? f->win : 8000);
        if (f->wscale) {
            l4[20] = 1;
            l4[21] = 3;
            l4[22] = 3;
            l4[23] = (uint8_t)(f->wscale - 1);
        }
        break;
    case IPPROTO_HDR_UDP:
        put_be16(l4 + 4, (uint16_t)(8 + f->len));
        break;
    case IPPROTO_HDR_DCCP:
        n = 16;
        l4[4] = 4;
        break;
    case IPPROTO_HDR_SCTP: {
        uint8_t type = f->type || f->seq ? f->type : 1;
        n = type == 1 || type == 2 ? 32 : 16;
        put_be32(l4 + 4, f->seq);
        l4[12] = type;
        l4[13] = f->code;
        put_be16(l4 + 14, (uint16_t)(n - 12 + f->len));
        if (n == 32) {
            put_be32(l4 + 16, f->ack ? f->ack : 7);
        }
        break;
    }
    case IPPROTO_HDR_ICMP:
    case IPPROTO_HDR_ICMP6:
        l4[0] = f->type;
        l4[1] = f->code;
        if (f->quote) {
            memcpy(l4 + 8, f->quote, f->n_quote);
            return 8 + f->n_quote;
        }
        put_be16(l4 + 4, sport);
        return n + f->len;
    default:
        return n + f->len;
    }
    put_be16(l4, f->back ? dport : sport);
    put_be16(l4 + 2, f->back ? sport : dport);
    return n + f->len;
}

/* A heap packet, parsed, checksums right. */
static inline struct packet *frame_packet(const struct frame *f)
{
    uint8_t buf[66000] = {0};
    size_t l3 = f->ip6 ? 40 : 20;
    uint8_t a = f->a ? f->a : 1, b = f->b ? f->b : 2;
    uint8_t src = f->back ? b : a, dst = f->back ? a : b;
    size_t n = put_l4(f, buf + 14 + l3);
    uint8_t *ip = buf + 14;
    if (f->ip6) {
        put_be16(buf + 12, 0x86dd);
        ip[0] = 0x60;
        put_be16(ip + 4, (uint16_t)n);
        ip[6] = f->proto;
        ip[7] = 64;
        ip[8] = ip[24] = 0xfc;
        ip[23] = src;
        ip[39] = dst;
    } else {
        put_be16(buf + 12, 0x0800);
        ip[0] = 0x45;
        put_be16(ip + 2, (uint16_t)(l3 + n));
        ip[8] = 64;
        ip[9] = f->proto;
        ip[12] = ip[16] = 10;
        ip[15] = src;
        ip[19] = dst;
        be16 sum = csum(ip, 20);
        memcpy(ip + 10, &sum, 2);
    }
    struct packet *p = packet_new_data(buf, (uint32_t)(14 + l3 + n));
    struct key key;
    assert_true(parse_key(p, &key));
    csum_l4_set(p);
    p->csum = CSUM_UNKNOWN;
    return p;
}

/* "new", "est|rpl", "inv": without the trk that all have. */
static inline const char *state_text(uint8_t state, char buf[32])
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv"};
    buf[0] = '\0';
    for (int i = 0; i < 5; i++) {
        if (state & BIT(i)) {
            strcat(buf, buf[0] ? "|" : "");
            strcat(buf, names[i]);
        }
    }
    return state & CS_TRK ? buf : "untracked";
}

static inline struct packet_ct run_args(struct ct *ct, const struct frame *f,
                                        const struct ct_args *args, int64_t now)
{
    struct packet *p = frame_packet(f);
    ct_execute(ct, p, args, now);
    struct packet_ct result = p->ct;
    packet_free(p);
    return result;
}

/* As the usual pipeline: ct, and what is new is committed.  The state after the first. */
static inline struct packet_ct run_commit(struct ct *ct, const struct frame *f, uint16_t zone,
                                          int64_t now)
{
    struct packet *p = frame_packet(f);
    struct ct_args args = {.zone = zone};
    ct_execute(ct, p, &args, now);
    struct packet_ct result = p->ct;
    if (p->ct.state & CS_NEW) {
        args.commit = true;
        ct_execute(ct, p, &args, now);
        assert_int_equal(p->ct.state, result.state); /* It stays new. */
    }
    packet_free(p);
    return result;
}

#define assert_state(RESULT, WANT)                                     \
    do {                                                               \
        char buf_[32];                                                 \
        assert_string_equal(state_text((RESULT).state, buf_), (WANT)); \
    } while (0)

static inline void ct_dump_all(struct ct *ct, struct text *out, bool more, bool stats, int64_t now)
{
    struct ct_filter filter = {0};
    struct ct_info infos[3];
    uint32_t pos = 0;
    for (unsigned n; (n = ct_dump(ct, &filter, &pos, infos, ARRAY_SIZE(infos), now)) != 0;) {
        for (unsigned i = 0; i < n; i++) {
            ct_info_format(&infos[i], more, stats, now, now, out);
            text_putc(out, '\n');
        }
    }
}
