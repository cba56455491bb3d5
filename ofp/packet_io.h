/* packet_io.h - PACKET_IN and PACKET_OUT.  Layer 2, pure. */
#pragma once

#include "ofp/match.h"
#include "ofp/msg.h"

enum packet_in_reason {
    PIR_NO_MATCH,
    PIR_ACTION,
    PIR_INVALID_TTL,
    PIR_ACTION_SET,
    PIR_GROUP,
    PIR_PACKET_OUT,
    PIR_EXPLICIT_MISS, /* What the switch knows of a miss, by a rule or without one: not on the */
    PIR_IMPLICIT_MISS, /* wire but of 1.5. */
};

struct packet_in {
    uint32_t buffer_id; /* OFP_NO_BUFFER or a buffer. */
    uint32_t total_len;
    uint8_t reason, table_id;
    uint64_t cookie;       /* All ones: no rule. */
    struct match metadata; /* in_port, metadata, registers, tunnel, ct: what is non-zero. */
    /* These point into the message, or are the caller's. */
    const uint8_t *data, *userdata, *continuation;
    uint32_t data_len, userdata_len, continuation_len;
};
/* PACKET_IN of any version, and Nicira's two forms, which can be had in any version too:
 * NXT_SET_PACKET_IN_FORMAT's numbers (nx_format.h). */
enum packet_in_format { PACKET_IN_STANDARD, PACKET_IN_NXT, PACKET_IN_NXT2 };
enum packet_in_format packet_in_format_of(enum msg_type);
enum ofp_error packet_in_decode(struct wire_rd *, const struct msg_header *,
                                struct packet_in *) MUST_USE;
void packet_in_encode(const struct packet_in *, uint8_t version, enum packet_in_format,
                      uint32_t xid, struct wire_wr *);
/* NXT_RESUME: a packet-in with its continuation, given back.  'strict' (the switch) refuses what it
 * does not know. */
enum ofp_error packet_in_decode_resume(struct wire_rd *, const struct msg_header *, bool strict,
                                       struct packet_in *) MUST_USE;
void packet_in_encode_resume(const struct packet_in *, uint8_t version, uint32_t xid,
                             struct wire_wr *);

struct packet_out {
    uint32_t buffer_id;
    uint32_t in_port;      /* In metadata too. */
    struct match metadata; /* 1.5 and text: pipeline fields.  1.3: in_port only. */
    struct acts acts;
    const uint8_t *data; /* Points into the message, or heap (text: 'data_owned'). */
    uint32_t data_len;
    uint8_t *data_owned;
};
void packet_out_deinit(struct packet_out *);
bool packet_out_is_pipeline_field(const struct field *); /* Not of the frame itself. */
bool packet_out_port_ok(uint32_t port);                  /* A port, CONTROLLER, LOCAL or ANY. */
void packet_out_set_port(struct packet_out *, uint32_t port); /* In both places. */
/* With 'limits', the actions are checked against what the frame is; NULL (printing): they are not.
 */
enum ofp_error packet_out_decode(struct wire_rd *, const struct msg_header *,
                                 const struct act_limits *, struct packet_out *) MUST_USE;
void packet_out_encode(const struct packet_out *, uint8_t version, uint32_t xid, struct wire_wr *);
/* "in_port=P packet=HEX [fields] actions=..." */
char *packet_out_parse(char *text, const struct name_map *, struct packet_out *) MUST_USE;
/* One-line summary of a frame of a packet_type (0: Ethernet; others start behind that header), as
 * in PACKET_IN prints: `tcp,vlan_tci=0x0000,... tcp_csum:1234`. */
void packet_summary(uint32_t packet_type, const void *frame, uint32_t len, struct text *);
