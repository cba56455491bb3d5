/* ct_info.h - a connection as it can be seen: a copy of an entry, its texts, and the filter that
 * dumps, flushes and statistics pick by.
 *
 * Layer 2, pure, no state.  Both executors' connections are shown so: lib/ct fills it from its
 * entries, lib/dp/kernel from ctnetlink. */
#pragma once

#include "lib/packet/packet.h"
#include "lib/text.h"

struct ct_tuple {
    bool is_ip6;
    uint8_t proto;
    uint8_t src[16], dst[16]; /* IPv4: the first four bytes. */
    be16 src_port, dst_port;  /* ICMP: id in both. */
    uint8_t icmp_type, icmp_code;
};

enum ct_tcp_state {
    CT_TCP_CLOSED,
    CT_TCP_LISTEN,
    CT_TCP_SYN_SENT,
    CT_TCP_SYN_RECV,
    CT_TCP_ESTABLISHED,
    CT_TCP_CLOSE_WAIT,
    CT_TCP_FIN_WAIT_1,
    CT_TCP_CLOSING,
    CT_TCP_LAST_ACK,
    CT_TCP_FIN_WAIT_2,
    CT_TCP_TIME_WAIT
};

enum ct_sctp_state { /* As users number them. */
                     CT_SCTP_CLOSED,
                     CT_SCTP_COOKIE_WAIT,
                     CT_SCTP_COOKIE_ECHOED,
                     CT_SCTP_ESTABLISHED,
                     CT_SCTP_SHUTDOWN_SENT,
                     CT_SCTP_SHUTDOWN_RECD,
                     CT_SCTP_SHUTDOWN_ACK_SENT,
                     CT_SCTP_HEARTBEAT_SENT,
                     CT_SCTP_N_STATES
};

struct ct_info { /* A copy of an entry. */
    struct ct_tuple orig, reply;
    uint16_t zone;
    uint32_t mark;
    uint8_t label[16];
    uint64_t packets[2], bytes[2]; /* By direction, 0 = original. */
    int64_t start_ms;              /* Monotonic; 0 = not known. */
    int64_t timeout_ms;            /* Left. */
    uint8_t tcp_state[2];          /* enum ct_tcp_state, by sender. */
    uint8_t tcp_wscale[2];
    uint8_t tcp_flags[2]; /* CT_TCP_F_* */
    bool seen_reply;
    uint16_t alg;
    bool has_sctp;
    uint8_t sctp_state;    /* enum ct_sctp_state, or the kernel's own. */
    uint32_t sctp_vtag[2]; /* Of its packets, by sender; host order. */
    /* The kernel's only; zero of ours. */
    uint32_t id, status; /* IPS_* bits. */
    bool has_parent;
    struct ct_tuple parent; /* Of a related connection. */
    char helper[17];
};
#define CT_TCP_F_WINDOW_SCALE 0x01
#define CT_TCP_F_SACK_PERM    0x02
#define CT_TCP_F_CLOSE_INIT   0x04
#define CT_TCP_F_BE_LIBERAL   0x08
#define CT_TCP_F_DATA_UNACK   0x10
#define CT_TCP_F_MAXACK_SET   0x20

/* What dump, flush and statistics pick.  A zeroed filter picks all. */
struct ct_filter {
    bool has_zone;
    uint16_t zone;
    uint32_t mark, mark_mask;
    uint8_t label[16], label_mask[16];
    bool has_proto;
    uint8_t proto;
    const char *state; /* Of ct_state_parse(), or NULL. */
    /* Partial tuples: only what 'has' bits name is compared. */
    struct ct_tuple_filter {
        uint8_t has; /* CT_TF_* */
        struct ct_tuple tuple;
    } orig, reply;
};
#define CT_TF_SRC       0x01
#define CT_TF_DST       0x02
#define CT_TF_PROTO     0x04
#define CT_TF_SRC_PORT  0x08
#define CT_TF_DST_PORT  0x10
#define CT_TF_ICMP_TYPE 0x20
#define CT_TF_ICMP_CODE 0x40
#define CT_TF_ICMP_ID   0x80

/* ---- filters ---- */

bool ct_filter_matches(const struct ct_filter *, const struct ct_info *);
/* The whole original tuple is given, and nothing else but a zone, which is 0 without one. */
bool ct_filter_is_exact(const struct ct_filter *);
/* Parses the arguments of flush-conntrack; NULL, or a heap error text (without the " (Invalid
 * argument)" that users see behind it). */
char *ct_filter_parse(int argc, char *const argv[], struct ct_filter *) MUST_USE;

/* ---- texts ---- */

/* dump-conntrack text of one entry, without newline: section 7 of the reference. */
void ct_info_format(const struct ct_info *, bool more, bool stats, int64_t now_ms, int64_t wall_ms,
                    struct text *);
/* The same as an object of JSON, in one line without its end. */
void ct_info_json(const struct ct_info *, int64_t now_ms, int64_t wall_ms, struct text *);
bool ct_info_replied(const struct ct_info *);
/* Of TCP and SCTP the state's name; of others "REPLIED" or "UNREPLIED". */
const char *ct_info_state(const struct ct_info *);
const char *ct_state_parse(const char *);              /* NULL: no such state. */
const char *ct_proto_name(uint8_t);                    /* NULL: has none. */
bool ct_proto_parse(const char *, uint8_t *) MUST_USE; /* A name or a number. */
/* The one state that both ends make, in the words of the classic diagram. */
uint8_t ct_info_tcp_state(const struct ct_info *);
const char *ct_tcp_state_name(uint8_t state); /* enum ct_tcp_state */
