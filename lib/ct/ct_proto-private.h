/* ct_proto-private.h - what the packets of a protocol do to an entry.
 *
 * Layer 2, pure; lib/ct only.  ct_extract() says what a packet is; ct_tcp_* and ct_other_* then
 * move an entry that the caller has locked. */
#pragma once

#include "lib/ct/ct_conn-private.h"
#include "lib/ct/ct_reason-private.h"
#include "lib/ct/ct_timeout.h"

/* The moment of a packet, and how long the entries of its zone live. */
struct ct_when {
    int64_t now_ms;
    const uint32_t *seconds; /* By enum ct_timeout. */
};

static inline void ct_conn_refresh(struct ct_conn *c, enum ct_timeout to,
                                   const struct ct_when *when)
{
    __atomic_store_n(&c->expires_ms, when->now_ms + INT64_C(1000) * when->seconds[to],
                     __ATOMIC_RELAXED);
}

#define CT_FLAG_FIN 0x01
#define CT_FLAG_SYN 0x02
#define CT_FLAG_RST 0x04
#define CT_FLAG_PSH 0x08
#define CT_FLAG_ACK 0x10
#define CT_FLAG_URG 0x20

struct ct_tcp_seg {
    uint32_t seq, ack;
    uint32_t len; /* Payload; of a super-frame, all of it. */
    uint16_t win; /* As in the header. */
    uint8_t flags;
    uint8_t wscale; /* CT_WSCALE_SEEN | shift, or 0; only if SYN. */
};

/* A whole SCTP packet. */
struct ct_sctp_seg {
    const uint8_t *data;
    uint32_t len;
};

enum ct_kind {
    CT_KIND_INVALID,
    CT_KIND_PACKET,
    CT_KIND_ERROR, /* ICMP error: the lookup is for an answer to the packet that it quotes, which
                      goes the error's way. */
};

struct ct_packet {
    struct ct_lookup q; /* All but 'hash' and what a burst has seen. */
    uint8_t icmp_code;
    uint8_t reason;  /* enum ct_reason: of what is invalid. */
    uint32_t l3_len; /* For the byte counters. */
    union {
        struct ct_tcp_seg tcp;
        struct ct_sctp_seg sctp;
    };
};

/* Verifies lengths and checksums; says the reason of what is invalid. */
enum ct_kind ct_extract(struct packet *, uint16_t zone, struct ct_packet *);
/* The ICMP or ICMPv6 type that answers this type of request. */
uint8_t ct_extract_reply_type(bool is_ip6, uint8_t request);

static inline bool ct_tcp_flags_ok(uint8_t flags)
{
    if (flags & CT_FLAG_SYN) {
        if (flags & (CT_FLAG_RST | CT_FLAG_FIN)) {
            return false;
        }
    } else if (!(flags & (CT_FLAG_ACK | CT_FLAG_RST))) {
        return false;
    }
    return flags & CT_FLAG_ACK || !(flags & (CT_FLAG_FIN | CT_FLAG_PSH | CT_FLAG_URG));
}
/* May it begin a connection?  Not as half of a handshake that began elsewhere. */
static inline bool ct_tcp_begins(const struct ct_tcp_seg *s)
{
    return (s->flags & (CT_FLAG_SYN | CT_FLAG_ACK)) != (CT_FLAG_SYN | CT_FLAG_ACK);
}
/* It does: sets up the entry. */
void ct_tcp_new(struct ct_conn *, const struct ct_tcp_seg *, const struct ct_when *);
/* 'dir' 0: from the original sender. 'check': sequence numbers too.  CT_INVALID: nothing has
 * changed, and '*reason' says why. */
enum ct_verdict ct_tcp_update(struct ct_conn *, unsigned dir, const struct ct_tcp_seg *, bool check,
                              const struct ct_when *, enum ct_reason *reason);
/* Most segments: between two established ends, where it may lie; the states stay (a row of
 * ct_tcp_states.def says so) and nothing has to be taken back.  False: not one of these. */
bool ct_tcp_update_established(struct ct_conn *, unsigned dir, const struct ct_tcp_seg *,
                               const struct ct_when *);
static inline enum ct_class ct_tcp_class(const struct ct_conn *c)
{
    uint8_t lo = MIN(c->peer[0].state, c->peer[1].state);
    uint8_t hi = MAX(c->peer[0].state, c->peer[1].state);
    return hi >= CT_TCP_CLOSING      ? CT_CLASS_CLOSING
           : lo < CT_TCP_ESTABLISHED ? CT_CLASS_UNREPLIED
                                     : CT_CLASS_ESTABLISHED;
}

/* Are the chunks whole, and where they may stand? */
bool ct_sctp_ok(const struct ct_sctp_seg *);
/* As those of TCP; of packets that are ok. */
bool ct_sctp_new(struct ct_conn *, const struct ct_sctp_seg *, const struct ct_when *);
enum ct_verdict ct_sctp_update(struct ct_conn *, unsigned dir, const struct ct_sctp_seg *,
                               const struct ct_when *, enum ct_reason *reason);
enum ct_class ct_sctp_class(const struct ct_conn *);

/* All others. */
void ct_other_new(struct ct_conn *, const struct ct_when *);
/* Could the entry be one of these protocols'? */
bool ct_other_state_ok(const struct ct_conn *);
enum ct_verdict ct_other_update(struct ct_conn *, unsigned dir, const struct ct_when *);
