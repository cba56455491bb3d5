/* port.h - the port structure and the messages that carry it: PORT_STATUS, PORT_MOD, PORT_DESC,
 * PORT_STATS.  Layer 2, pure. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

#define OFPPC_PORT_DOWN    0x01
#define OFPPC_NO_STP       0x02 /* 1.0 */
#define OFPPC_NO_RECV      0x04
#define OFPPC_NO_RECV_STP  0x08 /* 1.0 */
#define OFPPC_NO_FLOOD     0x10 /* 1.0; kept by the switch, shown on 1.0 only */
#define OFPPC_NO_FWD       0x20
#define OFPPC_NO_PACKET_IN 0x40
#define OFPPS_LINK_DOWN    0x01
#define OFPPS_BLOCKED      0x02
#define OFPPS_LIVE         0x04

#define OFP_PORT_NAME_LEN 16
#define OFPP_FIRST_BAD    UINT32_C(0xff00) /* Ports end below this: 16 bits and 1.0's reserved. */

struct ofp_port {
    uint32_t number;
    uint8_t hw_addr[6];
    char name[64]; /* NUL-terminated; cut to 15 characters on the wire of 1.3. */
    uint32_t config, state;
    uint32_t curr, advertised, supported, peer; /* OFPPF_* */
    uint32_t curr_kbps, max_kbps;
};
enum ofp_error ofp_port_decode(struct wire_rd *, uint8_t version, struct ofp_port *) MUST_USE;
void ofp_port_encode(const struct ofp_port *, uint8_t version, struct wire_wr *);
void ofp_port_format(const struct ofp_port *, uint8_t version,
                     struct text *);                             /* The lines of `show`. */
void ofp_port_format_config(uint32_t config, struct text *);     /* OFPPC_* names, or 0. */
void ofp_port_format_features(uint32_t features, struct text *); /* OFPPF_* names, or 0. */

/* A number that may stand on the wire: a port's, or one of the reserved. */
static inline bool ofp_port_ok(uint32_t number)
{
    return number < OFPP_FIRST_BAD || number >= OFPP_MAX;
}

enum port_status_reason { PORT_ADD, PORT_DELETE, PORT_MODIFY };
void port_status_encode(enum port_status_reason, const struct ofp_port *, uint8_t version,
                        uint32_t xid, struct wire_wr *);
enum ofp_error port_status_decode(struct wire_rd *, const struct msg_header *,
                                  enum port_status_reason *, struct ofp_port *) MUST_USE;

struct port_mod {
    uint32_t port;
    uint8_t hw_addr[6];
    uint32_t config, mask, advertise;
};
enum ofp_error port_mod_decode(struct wire_rd *, const struct msg_header *,
                               struct port_mod *) MUST_USE;
void port_mod_encode(const struct port_mod *, uint8_t version, uint32_t xid, struct wire_wr *);

/* PORT_STATS and PORT_DESC requests (the latter has no port before 1.5: OFPP_ANY). */
enum ofp_error port_request_decode(struct wire_rd *, const struct msg_header *,
                                   uint32_t *port) MUST_USE;
void port_stats_request_encode(uint32_t port, uint8_t version, uint32_t xid, struct wire_wr *);

struct ofp_port_stats { /* UINT64_MAX = unknown. */
    uint32_t port;
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors,
        tx_errors;
    uint64_t rx_frame_err, rx_over_err, rx_crc_err, collisions;
    uint32_t duration_sec, duration_nsec; /* UINT32_MAX = unknown. */
};
void ofp_port_stats_encode(const struct ofp_port_stats *, uint8_t version, struct wire_wr *);
enum ofp_error ofp_port_stats_decode(struct wire_rd *, uint8_t version, struct ofp_port_stats *,
                                     bool *end) MUST_USE;
