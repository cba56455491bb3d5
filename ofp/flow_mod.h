/* flow_mod.h - FLOW_MOD, FLOW_REMOVED, and the flow and aggregate statistics; their text.
 *
 * Layer 2, pure.  Bodies only: the reader stands behind the header (msg.h), which says in which
 * format they are; encoders take one of PROTOCOL_* (protocol.h).  What the format has no room for
 * is left out.  Lists of acts inside are owned by the structure; the _deinit function frees them.
 */
#pragma once

#include "ofp/match.h"
#include "ofp/msg.h"
#include "ofp/protocol.h"

enum flow_mod_command { FM_ADD, FM_MODIFY, FM_MODIFY_STRICT, FM_DELETE, FM_DELETE_STRICT };

#define OFPFF_SEND_FLOW_REM  0x01
#define OFPFF_CHECK_OVERLAP  0x02
#define OFPFF_RESET_COUNTS   0x04
#define OFPFF_NO_PKT_COUNTS  0x08
#define OFPFF_NO_BYT_COUNTS  0x10
#define OFP_NO_BUFFER        UINT32_C(0xffffffff)
#define OFP_DEFAULT_PRIORITY 32768

struct flow_mod {
    uint8_t command;  /* enum flow_mod_command; other values are refused in decode (BAD_COMMAND). */
    uint8_t table_id; /* OFPTT_ALL: any; in 1.0, for the switch to choose. */
    struct match match;
    uint16_t priority;
    uint64_t cookie, cookie_mask; /* Host order. */
    uint64_t new_cookie;          /* ADD, and 1.0: the rule's. */
    bool modify_cookie;
    /* Of 1.0 or 1.1: an ADD resets the counters of the flow that it replaces, a MODIFY that no flow
     * matches adds one. */
    bool before_12;
    bool any_table; /* 1.0, without a table: then 'table_id' is OFPTT_ALL. */
    uint16_t idle_timeout, hard_timeout, importance;
    uint32_t buffer_id, out_port, out_group;
    uint16_t flags; /* OFPFF_* */
    struct acts acts;
};

void flow_mod_deinit(struct flow_mod *);
/* 'limits' may be NULL (printing): no port is too high then. */
enum ofp_error flow_mod_decode(struct wire_rd *, const struct msg_header *,
                               const struct act_limits *, struct flow_mod *) MUST_USE;
/* A whole message. */
void flow_mod_encode(const struct flow_mod *, uint32_t protocol, uint32_t xid, struct wire_wr *);
/* The format that a message about flows is in, and its answer is to be in. */
uint32_t flow_mod_protocol(const struct msg_header *);
/* Fields whose prerequisites are not matched are dropped, as match_normalise() does.
 * `priority=1,ip,actions=..` for 'command'; the string is modified.  -1 as command: the text starts
 * with a command word (add-flows files).  NULL, or an error text. */
char *flow_mod_parse(char *text, int command, const struct name_map *, struct flow_mod *) MUST_USE;
/* What parsing finds out beside the flow. */
struct flow_notes {
    uint32_t usable;     /* Flow formats (protocol.h) that can carry it. */
    struct text dropped; /* What match_normalise() says; empty if nothing was dropped. */
};
#define FLOW_NOTES_INIT ((struct flow_notes){0, TEXT_INIT})
/* The same with notes.  Actions that do not fit the match, but that versions before 1.1 would take,
 * then are no error, but take the others out of 'usable'.  The caller deinits 'dropped'. */
char *flow_mod_parse_notes(char *text, int command, const struct name_map *, struct flow_mod *,
                           struct flow_notes *) MUST_USE;
/* Cuts `action=...` or `actions=...` off the end of 'text'; what follows the `=`, or NULL. */
char *flow_mod_split_actions(char *text);
void flow_mod_print(const struct flow_mod *, const struct name_map *, struct text *);

/* FLOW and AGGREGATE requests, and those for counters alone (1.5, flow_counters.h). */
struct flow_stats_request {
    bool aggregate, counters;
    uint8_t table_id;
    uint32_t out_port, out_group;
    uint64_t cookie, cookie_mask;
    struct match match;
};
enum ofp_error flow_stats_request_decode(struct wire_rd *, const struct msg_header *,
                                         struct flow_stats_request *) MUST_USE;
void flow_stats_request_encode(const struct flow_stats_request *, uint32_t protocol, uint32_t xid,
                               struct wire_wr *);
char *flow_stats_request_parse(char *text, bool aggregate, const struct name_map *,
                               struct flow_stats_request *) MUST_USE;
char *flow_stats_request_parse_notes(char *text, bool aggregate, const struct name_map *,
                                     struct flow_stats_request *, struct flow_notes *) MUST_USE;

struct flow_stats {
    struct match match;
    uint8_t table_id;
    uint16_t priority, idle_timeout, hard_timeout, flags, importance;
    uint32_t duration_sec, duration_nsec;
    uint64_t cookie, n_packets, n_bytes;
    int idle_age, hard_age; /* -1 unknown. */
    struct acts acts;
};
/* Reads the next entry of a reply; OFPERR_OK and *end at the end.  The caller deinits acts. */
enum ofp_error flow_stats_decode(struct wire_rd *, const struct msg_header *, struct flow_stats *,
                                 bool *end) MUST_USE;
void flow_stats_encode(const struct flow_stats *, uint32_t protocol,
                       struct wire_wr *); /* One entry. */
enum msg_type flow_stats_reply_type(uint32_t protocol);
/* One line of dump-flows, without newline. */
void flow_stats_format(const struct flow_stats *, const struct name_map *, bool stats,
                       struct text *);

struct aggregate_stats {
    uint64_t n_packets, n_bytes;
    uint32_t n_flows;
};
enum ofp_error aggregate_stats_decode(struct wire_rd *, const struct msg_header *,
                                      struct aggregate_stats *) MUST_USE;
void aggregate_stats_encode_reply(const struct aggregate_stats *, uint32_t protocol, uint32_t xid,
                                  struct wire_wr *);

/* The words of OFPFF_* flags, a space behind each; and a table's number or name. */
void flow_format_flags(uint16_t flags, struct text *);
void flow_format_table(uint8_t table, const struct name_map *, struct text *);

enum flow_removed_reason {
    FR_IDLE_TIMEOUT,
    FR_HARD_TIMEOUT,
    FR_DELETE,
    FR_GROUP_DELETE,
    FR_METER_DELETE,
    FR_EVICTION
};
void flow_removed_format_reason(uint8_t reason, struct text *); /* Or a number. */
struct flow_removed {
    struct match match;
    uint64_t cookie, n_packets, n_bytes;
    uint16_t priority, idle_timeout, hard_timeout;
    uint8_t reason, table_id; /* OFPTT_ALL: 1.0 does not say. */
    uint32_t duration_sec, duration_nsec;
};
enum ofp_error flow_removed_decode(struct wire_rd *, const struct msg_header *,
                                   struct flow_removed *) MUST_USE;
void flow_removed_encode(const struct flow_removed *, uint32_t protocol, uint32_t xid,
                         struct wire_wr *);
