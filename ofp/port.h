/* port.h - the port structure and the messages that carry it: PORT_STATUS, PORT_MOD, PORT_DESC.
 * Layer 2, pure.  All versions: 1.0 has 16-bit numbers and its own feature bits, 1.4 properties. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"
#include "ofp/prop.h"

#define OFPPC_PORT_DOWN    0x01
#define OFPPC_NO_STP       0x02 /* 1.0 */
#define OFPPC_NO_RECV      0x04
#define OFPPC_NO_RECV_STP  0x08 /* 1.0 */
#define OFPPC_NO_FLOOD     0x10 /* 1.0; kept by the switch, shown on 1.0 only */
#define OFPPC_NO_FWD       0x20
#define OFPPC_NO_PACKET_IN 0x40
#define OFPPS_LINK_DOWN    0x01
#define OFPPS_BLOCKED      0x02  /* 1.1 */
#define OFPPS_LIVE         0x04  /* 1.1 */
#define OFPPS_STP_MASK     0x300 /* 1.0: listen, learn, forward, block */

#define OFP_PORT_NAME_LEN 16
#define OFPP_FIRST_BAD    UINT32_C(0xff00) /* Ports end below this: 16 bits and 1.0's reserved. */

struct ofp_port {
    uint32_t number;
    uint8_t hw_addr[6];
    char name[64]; /* NUL-terminated; cut to 15 characters on the wire. */
    uint32_t config, state;
    uint32_t curr, advertised, supported, peer; /* OFPPF_* as in 1.1 and later. */
    uint32_t curr_kbps, max_kbps;               /* 1.0 tells by the features alone. */
    struct prop_list props;                     /* 1.4+: of optical ports and of experimenters. */
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
/* A number of 16 bits (1.0) or 32; OFPBAC_BAD_OUT_PORT if it may not be.  Padding is the caller's.
 */
enum ofp_error ofp_port_decode_number(struct wire_rd *, uint8_t version, uint32_t *) MUST_USE;
void ofp_port_encode_number(uint32_t, uint8_t version, struct wire_wr *);

enum port_status_reason { PORT_ADD, PORT_DELETE, PORT_MODIFY };
void port_status_encode(enum port_status_reason, const struct ofp_port *, uint8_t version,
                        uint32_t xid, struct wire_wr *);
enum ofp_error port_status_decode(struct wire_rd *, const struct msg_header *,
                                  enum port_status_reason *, struct ofp_port *) MUST_USE;

struct port_mod {
    uint32_t port;
    uint8_t hw_addr[6];
    uint32_t config, mask, advertise; /* 'advertise' 0: unchanged. */
};
enum ofp_error port_mod_decode(struct wire_rd *, const struct msg_header *,
                               struct port_mod *) MUST_USE;
void port_mod_encode(const struct port_mod *, uint8_t version, uint32_t xid, struct wire_wr *);

/* PORT_STATS and PORT_DESC requests (the latter has no port before 1.5: OFPP_ANY). */
enum ofp_error port_request_decode(struct wire_rd *, const struct msg_header *,
                                   uint32_t *port) MUST_USE;
void port_request_encode(enum msg_type, uint32_t port, uint8_t version, uint32_t xid,
                         struct wire_wr *);
