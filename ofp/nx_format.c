/* nx_format.c - see nx_format.h. */
#include "ofp/nx_format.h"

#define FLOW_FORMAT_OF10 0
#define FLOW_FORMAT_NXM  2

enum ofp_error nx_format_decode_flow(struct wire_rd *r, uint32_t *protocol)
{
    uint32_t format = wire_rd_u32(r);

    if (r->err || wire_rd_left(r)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (format != FLOW_FORMAT_OF10 && format != FLOW_FORMAT_NXM) {
        return OFPERR_OFPBRC_EPERM;
    }
    *protocol = format == FLOW_FORMAT_NXM ? PROTOCOL_NXM : PROTOCOL_OF10;
    return OFPERR_OK;
}

void nx_format_encode_flow(uint32_t protocol, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_SET_FLOW_FORMAT, OFP10_VERSION, xid);

    wire_wr_u32(w, protocol & PROTOCOL_NXM_ALL ? FLOW_FORMAT_NXM : FLOW_FORMAT_OF10);
    msg_finish(w, start);
}

enum ofp_error nx_format_decode_table_id(struct wire_rd *r, bool *on)
{
    *on = wire_rd_u8(r) != 0;
    wire_rd_skip(r, 7);
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void nx_format_encode_table_id(bool on, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_FLOW_MOD_TABLE_ID, version, xid);

    wire_wr_u8(w, on);
    wire_wr_zeros(w, 7);
    msg_finish(w, start);
}

enum ofp_error nx_format_decode_packet_in(struct wire_rd *r, enum packet_in_format *format)
{
    uint32_t number = wire_rd_u32(r);

    if (r->err || wire_rd_left(r)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (number > PACKET_IN_NXT2) {
        return OFPERR_OFPBRC_EPERM;
    }
    *format = (enum packet_in_format)number;
    return OFPERR_OK;
}

void nx_format_encode_packet_in(enum packet_in_format format, uint8_t version, uint32_t xid,
                                struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_SET_PACKET_IN_FORMAT, version, xid);

    wire_wr_u32(w, format);
    msg_finish(w, start);
}

void nx_format_encode_flow_age(uint8_t version, uint32_t xid, struct wire_wr *w)
{
    msg_finish(w, msg_start(w, MSG_NXT_FLOW_AGE, version, xid));
}
