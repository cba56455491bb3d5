/* switch.h - what a switch says of itself: HELLO, FEATURES, CONFIG, DESC, TABLE, TABLE_FEATURES,
 * ECHO.  Layer 2, pure. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

/* HELLO.  'versions' is a bitmap, bit n = wire version n. */
void hello_encode(uint32_t versions, uint32_t xid, struct wire_wr *);
/* What the peer can speak, by bitmap if valid, else everything up to the header's version. */
enum ofp_error hello_decode(const void *msg, size_t len, uint32_t *versions) MUST_USE;
/* Its body, behind the header; *versions is right in any case, the error says that some element was
 * malformed or unknown. */
enum ofp_error hello_decode_body(struct wire_rd *, uint8_t version, uint32_t *versions);
uint8_t hello_negotiate(uint32_t ours, uint32_t theirs); /* Highest common version, 0 = none. */

struct switch_features {
    uint64_t datapath_id;
    uint32_t n_buffers;
    uint8_t n_tables, auxiliary_id;
    uint32_t capabilities; /* OFPC_* as in 1.3 */
};
#define OFPC_FLOW_STATS  0x01
#define OFPC_TABLE_STATS 0x02
#define OFPC_PORT_STATS  0x04
#define OFPC_GROUP_STATS 0x08
#define OFPC_IP_REASM    0x20
#define OFPC_QUEUE_STATS 0x40
void switch_features_encode(const struct switch_features *, uint8_t version, uint32_t xid,
                            struct wire_wr *);
enum ofp_error switch_features_decode(struct wire_rd *, const struct msg_header *,
                                      struct switch_features *) MUST_USE;

struct switch_config {
    uint16_t flags; /* Fragment handling, low two bits. */
    uint16_t miss_send_len;
};
/* GET_CONFIG_REPLY (reply) or SET_CONFIG. */
void switch_config_encode(const struct switch_config *, bool reply, uint8_t version, uint32_t xid,
                          struct wire_wr *);
enum ofp_error switch_config_decode(struct wire_rd *, struct switch_config *) MUST_USE;

struct switch_desc {
    char manufacturer[257], hardware[257], software[257], serial[33], dp[257];
};
void switch_desc_encode_reply(const struct switch_desc *, uint8_t version, uint32_t xid,
                              struct wire_wr *);
enum ofp_error switch_desc_decode(struct wire_rd *, struct switch_desc *) MUST_USE;

struct table_stats {
    uint8_t table_id;
    uint32_t active;
    uint64_t lookup, matched;
};
void table_stats_encode(const struct table_stats *, uint8_t version, struct wire_wr *);
enum ofp_error table_stats_decode(struct wire_rd *, uint8_t version, struct table_stats *,
                                  bool *end) MUST_USE;

/* TABLE_FEATURES (read only so far): one entry of the reply for table 'id' of 'n_tables'; all
 * tables are alike. */
struct table_features {
    uint8_t table_id, n_tables;
    char name[33];
    uint32_t max_entries;
};
void table_features_encode(const struct table_features *, uint8_t version, struct wire_wr *);

/* Messages without a body, or with a verbatim one: ECHO, BARRIER, FEATURES_REQUEST,
 * GET_CONFIG_REQUEST, DESC, TABLE requests. */
void msg_encode_simple(enum msg_type, uint8_t version, uint32_t xid, const void *body,
                       size_t body_len, struct wire_wr *);
