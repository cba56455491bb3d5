/* bundle.h - bundles of messages, and other messages that carry one: BUNDLE_CONTROL,
 * BUNDLE_ADD_MESSAGE, BUNDLE_FEATURES, REQUESTFORWARD.
 * Layer 2, pure.  What is inside stays bytes of the caller's message. */
#pragma once

#include "ofp/msg.h"

#define BUNDLE_ATOMIC  1
#define BUNDLE_ORDERED 2
#define BUNDLE_TIME    4 /* 1.5 */

enum bundle_type {
    BUNDLE_OPEN_REQUEST,
    BUNDLE_OPEN_REPLY,
    BUNDLE_CLOSE_REQUEST,
    BUNDLE_CLOSE_REPLY,
    BUNDLE_COMMIT_REQUEST,
    BUNDLE_COMMIT_REPLY,
    BUNDLE_DISCARD_REQUEST,
    BUNDLE_DISCARD_REPLY,
    BUNDLE_N_TYPES
};

struct bundle_control {
    uint32_t id;
    uint16_t type; /* enum bundle_type, or what came. */
    uint16_t flags;
    const uint8_t *props; /* Properties (experimenters', time), as they are. */
    size_t props_len;
};
enum ofp_error bundle_control_decode(struct wire_rd *, struct bundle_control *) MUST_USE;
/* ONF's messages in 1.3. */
void bundle_control_encode(const struct bundle_control *, uint8_t version, uint32_t xid,
                           struct wire_wr *);
void bundle_control_format(const struct bundle_control *, struct text *);

struct bundle_add {
    uint32_t id;
    uint16_t flags;
    enum msg_type type; /* Of the message inside, */
    const uint8_t *msg; /* which has the version and xid of the one outside. */
    size_t msg_len;
    const uint8_t *props;
    size_t props_len;
};
/* Errors: OFPBFC_BAD_VERSION, OFPBFC_MSG_BAD_LEN, OFPBFC_MSG_BAD_XID, OFPBFC_MSG_UNSUP (malformed,
 * or may not be in a bundle). */
enum ofp_error bundle_add_decode(struct wire_rd *, const struct msg_header *,
                                 struct bundle_add *) MUST_USE;
void bundle_add_encode(const struct bundle_add *, uint8_t version, uint32_t xid, struct wire_wr *);
void bundle_add_format(const struct bundle_add *, struct text *); /* Without the message. */

/* A message that changed groups or meters, as other controllers see it. */
enum requestforward_reason { REQUESTFORWARD_GROUP_MOD, REQUESTFORWARD_METER_MOD };
struct requestforward {
    enum requestforward_reason reason;
    struct msg_header h; /* Of the message inside. */
    const uint8_t *msg;
    size_t msg_len;
};
enum ofp_error requestforward_decode(struct wire_rd *, const struct msg_header *,
                                     struct requestforward *) MUST_USE;
/* Nicira's message to 1.2, ONF's in 1.3. */
void requestforward_encode(const struct requestforward *, uint8_t version, uint32_t xid,
                           struct wire_wr *);

/* 1.5: what the switch can do with bundles.  'props' as they are. */
struct bundle_features {
    uint32_t bits; /* Request: 1 timestamp, 2 time_set_sched.  Reply: BUNDLE_*. */
    const uint8_t *props;
    size_t props_len;
};
enum ofp_error bundle_features_decode(struct wire_rd *, const struct msg_header *,
                                      struct bundle_features *) MUST_USE;
void bundle_features_encode(const struct bundle_features *, bool reply, uint32_t xid,
                            struct wire_wr *);
void bundle_features_format(const struct bundle_features *, bool reply, struct text *);
