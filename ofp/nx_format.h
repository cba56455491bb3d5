/* nx_format.h - Nicira's messages by which a controller chooses the forms of a connection:
 * NXT_SET_FLOW_FORMAT, NXT_FLOW_MOD_TABLE_ID, NXT_SET_PACKET_IN_FORMAT, NXT_FLOW_AGE (nicira-ext).
 *
 * Layer 2, pure. */
#pragma once

#include "ofp/packet_io.h"
#include "ofp/protocol.h"

/* PROTOCOL_OF10 or PROTOCOL_NXM; what is neither is refused with OFPBRC_EPERM. */
enum ofp_error nx_format_decode_flow(struct wire_rd *, uint32_t *protocol) MUST_USE;
void nx_format_encode_flow(uint32_t protocol, uint32_t xid, struct wire_wr *);

/* Is the table in the command of flow modifications? */
enum ofp_error nx_format_decode_table_id(struct wire_rd *, bool *) MUST_USE;
void nx_format_encode_table_id(bool, uint8_t version, uint32_t xid, struct wire_wr *);

/* Unknown formats are refused with OFPBRC_EPERM. */
enum ofp_error nx_format_decode_packet_in(struct wire_rd *, enum packet_in_format *) MUST_USE;
void nx_format_encode_packet_in(enum packet_in_format, uint8_t version, uint32_t xid,
                                struct wire_wr *);

/* Ages of flows in the statistics: once had to be asked for, now always there. */
void nx_format_encode_flow_age(uint8_t version, uint32_t xid, struct wire_wr *);
