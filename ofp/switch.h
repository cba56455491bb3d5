/* switch.h - what a switch says of itself: HELLO, FEATURES, CONFIG, DESC, ECHO.  Layer 2, pure. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"
#include "ofp/port.h"

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
    uint8_t n_tables, auxiliary_id; /* The latter 1.3+ */
    uint32_t capabilities;          /* OFPC_*; encoders leave out what the version lacks. */
    uint32_t actions;               /* 1.0: bit n = action n */
    /* To 1.2 the ports follow.  Encoders take them from here; decoders leave their reader at them,
     * for ofp_port_decode(). */
    const struct ofp_port *ports;
    size_t n_ports;
};
/* On the wire 1.0 has STP at the place of GROUP_STATS. */
#define OFPC_FLOW_STATS      0x001
#define OFPC_TABLE_STATS     0x002
#define OFPC_PORT_STATS      0x004
#define OFPC_GROUP_STATS     0x008 /* 1.1+ */
#define OFPC_STP             0x10000
#define OFPC_IP_REASM        0x020
#define OFPC_QUEUE_STATS     0x040
#define OFPC_ARP_MATCH_IP    0x080 /* 1.0, 1.1 */
#define OFPC_PORT_BLOCKED    0x100 /* 1.2+ */
#define OFPC_BUNDLES         0x200 /* 1.4+ */
#define OFPC_FLOW_MONITORING 0x400 /* 1.4+ */
void switch_features_encode(const struct switch_features *, uint8_t version, uint32_t xid,
                            struct wire_wr *);
enum ofp_error switch_features_decode(struct wire_rd *, const struct msg_header *,
                                      struct switch_features *) MUST_USE;
void switch_features_format(const struct switch_features *, uint8_t version, struct text *);

struct switch_config {
    uint16_t flags;   /* Fragment handling, low two bits. */
    bool invalid_ttl; /* To the controller; to 1.2. */
    uint16_t miss_send_len;
};
/* GET_CONFIG_REPLY (reply) or SET_CONFIG. */
void switch_config_encode(const struct switch_config *, bool reply, uint8_t version, uint32_t xid,
                          struct wire_wr *);
/* SET_CONFIG with flags that the version lacks: OFPSCFC_BAD_FLAGS. */
enum ofp_error switch_config_decode(struct wire_rd *, const struct msg_header *,
                                    struct switch_config *) MUST_USE;

struct switch_desc {
    char manufacturer[257], hardware[257], software[257], serial[33], dp[257];
};
void switch_desc_encode_reply(const struct switch_desc *, uint8_t version, uint32_t xid,
                              struct wire_wr *);
enum ofp_error switch_desc_decode(struct wire_rd *, struct switch_desc *) MUST_USE;

/* Messages without a body, or with a verbatim one: ECHO, BARRIER, FEATURES_REQUEST,
 * GET_CONFIG_REQUEST, DESC, TABLE requests. */
void msg_encode_simple(enum msg_type, uint8_t version, uint32_t xid, const void *body,
                       size_t body_len, struct wire_wr *);
