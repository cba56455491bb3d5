/* queue.h - queues of ports: QUEUE_GET_CONFIG (to 1.3), QUEUE_DESC (1.4+), QUEUE statistics.
 * Layer 2, pure. */
#pragma once

#include "ofp/msg.h"
#include "ofp/prop.h"

#define QUEUE_ALL        UINT32_C(0xffffffff)
#define QUEUE_RATE_UNSET UINT16_MAX

struct queue_request { /* Of configuration or statistics. */
    uint32_t port;     /* OFPP_ANY: all. */
    uint32_t queue;    /* QUEUE_ALL; QUEUE_GET_CONFIG always asks for all. */
};
/* By h->type: QUEUE_GET_CONFIG_REQUEST, QUEUE_DESC_REQUEST, QUEUE_STATS_REQUEST. */
enum ofp_error queue_request_decode(struct wire_rd *, const struct msg_header *,
                                    struct queue_request *) MUST_USE;
void queue_request_encode(const struct queue_request *, enum msg_type, uint8_t version,
                          uint32_t xid, struct wire_wr *);

struct queue_config {
    uint32_t port, queue;
    uint16_t min_rate, max_rate; /* In tenths of a percent, above 1000 disabled; or unset. */
    struct prop_list props;      /* Experimenters'. */
};
/* QUEUE_GET_CONFIG_REPLY begins with the port that was asked for. */
enum ofp_error queue_config_decode_port(struct wire_rd *, uint8_t version, uint32_t *port) MUST_USE;
void queue_config_encode_port(uint32_t port, uint8_t version, struct wire_wr *);
/* One entry of QUEUE_GET_CONFIG_REPLY (1.0 and 1.1 do not say the port: 'port' is taken) or
 * QUEUE_DESC_REPLY.  At the end *end. */
enum ofp_error queue_config_decode(struct wire_rd *, uint8_t version, uint32_t port,
                                   struct queue_config *, bool *end) MUST_USE;
void queue_config_encode(const struct queue_config *, uint8_t version, struct wire_wr *);

struct queue_stats { /* UINT64_MAX = unknown. */
    uint32_t port, queue;
    uint64_t bytes, packets, errors;
    uint32_t duration_sec, duration_nsec; /* UINT32_MAX = unknown. */
    struct prop_list props;               /* 1.4+: experimenters'. */
};
enum ofp_error queue_stats_decode(struct wire_rd *, uint8_t version, struct queue_stats *,
                                  bool *end) MUST_USE;
void queue_stats_encode(const struct queue_stats *, uint8_t version, struct wire_wr *);
