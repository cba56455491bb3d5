/* packet_in.c - see packet_io.h: PACKET_IN of OpenFlow 1.0 (section 5.4.1), 1.1 (A.4.1), 1.2, and
 * 1.3 to 1.5 (1.3.5 section 7.4.1), NXT_PACKET_IN (nicira-ext).  Lists of properties are in
 * packet_in2.c. */
#include "ofp/flow_mod.h"
#include "ofp/packet_io-private.h"
#include "ofp/port.h"

#define MATCH_TYPE_OXM 1

enum ofp_error packet_in_decode_metadata(struct wire_rd *r, const struct msg_header *h,
                                         struct match *match)
{
    uint16_t type = wire_rd_u16(r);
    uint16_t len = wire_rd_u16(r);
    if (r->err || len < 4) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (type != MATCH_TYPE_OXM) {
        return OFPERR_OFPBMC_BAD_TYPE;
    }
    struct wire_rd body = wire_rd_sub(r, ROUND_UP(len, 8) - 4u);
    if (r->err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    return match_decode_tlvs(&body, len - 4u, h, false, match, NULL, NULL);
}

/* The oldest versions say only this of the packet. */
static void set_in_port(struct packet_in *pi, uint32_t port)
{
    pi->metadata.flow.in_port = htonl(port);
    pi->metadata.mask.in_port = UINT32_MAX;
}

static enum ofp_error decode10(struct wire_rd *r, struct packet_in *pi)
{
    pi->total_len = wire_rd_u16(r);
    set_in_port(pi, port_from_10(wire_rd_u16(r)));
    pi->reason = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    return OFPERR_OK;
}

static enum ofp_error decode11(struct wire_rd *r, struct packet_in *pi)
{
    uint32_t port = wire_rd_u32(r);

    wire_rd_skip(r, 4); /* The physical port. */
    pi->total_len = wire_rd_u16(r);
    pi->reason = wire_rd_u8(r);
    pi->table_id = wire_rd_u8(r);
    set_in_port(pi, port);
    return ofp_port_ok(port) || r->err ? OFPERR_OK : OFPERR_OFPBAC_BAD_OUT_PORT;
}

static enum ofp_error decode12(struct wire_rd *r, const struct msg_header *h, struct packet_in *pi)
{
    pi->total_len = wire_rd_u16(r);
    pi->reason = wire_rd_u8(r);
    pi->table_id = wire_rd_u8(r);
    if (h->version >= OFP13_VERSION) {
        pi->cookie = wire_rd_u64(r);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = packet_in_decode_metadata(r, h, &pi->metadata);
    wire_rd_skip(r, 2);
    return error;
}

static enum ofp_error decode_nx(struct wire_rd *r, const struct msg_header *h, struct packet_in *pi)
{
    pi->total_len = wire_rd_u16(r);
    pi->reason = wire_rd_u8(r);
    pi->table_id = wire_rd_u8(r);
    pi->cookie = wire_rd_u64(r);
    uint16_t match_len = wire_rd_u16(r);
    wire_rd_skip(r, 6);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = match_decode_tlvs(r, match_len, h, false, &pi->metadata, NULL, NULL);
    wire_rd_skip(r, ROUND_UP(match_len, 8u) - match_len);
    if (!error && r->err) {
        error = OFPERR_OFPBMC_BAD_LEN;
    }
    wire_rd_skip(r, 2);
    return error;
}

static enum ofp_error decode(struct wire_rd *r, const struct msg_header *h, struct packet_in *pi)
{
    pi->buffer_id = wire_rd_u32(r);
    enum ofp_error error = h->type == MSG_NXT_PACKET_IN  ? decode_nx(r, h, pi)
                           : h->version == OFP10_VERSION ? decode10(r, pi)
                           : h->version == OFP11_VERSION ? decode11(r, pi)
                                                         : decode12(r, h, pi);
    if (error) {
        return error;
    }
    pi->data_len = (uint32_t)wire_rd_left(r);
    pi->data = wire_rd_bytes(r, pi->data_len);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error packet_in_decode(struct wire_rd *r, const struct msg_header *h, struct packet_in *pi)
{
    *pi = (struct packet_in){.buffer_id = OFP_NO_BUFFER, .cookie = UINT64_MAX};
    match_init(&pi->metadata);
    return h->type == MSG_NXT_PACKET_IN2 ? packet_in2_decode(r, h, false, pi) : decode(r, h, pi);
}

enum ofp_error packet_in_decode_resume(struct wire_rd *r, const struct msg_header *h, bool strict,
                                       struct packet_in *pi)
{
    *pi = (struct packet_in){.buffer_id = OFP_NO_BUFFER, .cookie = UINT64_MAX};
    match_init(&pi->metadata);
    return packet_in2_decode(r, h, strict, pi);
}

enum packet_in_format packet_in_format_of(enum msg_type type)
{
    return type == MSG_NXT_PACKET_IN    ? PACKET_IN_NXT
           : type == MSG_NXT_PACKET_IN2 ? PACKET_IN_NXT2
                                        : PACKET_IN_STANDARD;
}

/* ---- encode ---- */

uint8_t packet_in_reason_for(uint8_t reason, uint8_t version)
{
    if (version < OFP15_VERSION && reason > PIR_PACKET_OUT) {
        reason = PIR_NO_MATCH; /* The misses by a rule and without one. */
    }
    /* 1.3 has the first three; what comes from a group or an action set is an action to it. */
    return version < OFP14_VERSION && reason > PIR_INVALID_TTL ? PIR_ACTION : reason;
}

static void encode_start(const struct packet_in *pi, uint8_t version, struct wire_wr *w)
{
    uint32_t port = ntohl(pi->metadata.flow.in_port);
    uint8_t reason = packet_in_reason_for(pi->reason, version);
    uint16_t total_len = (uint16_t)MIN(pi->total_len, UINT16_MAX);

    wire_wr_u32(w, pi->buffer_id);
    if (version == OFP11_VERSION) {
        wire_wr_u32(w, port);
        wire_wr_u32(w, port);
    }
    wire_wr_u16(w, total_len);
    if (version == OFP10_VERSION) {
        wire_wr_u16(w, port_to_10(port));
    }
    wire_wr_u8(w, reason);
    wire_wr_u8(w, version == OFP10_VERSION ? 0 : pi->table_id);
}

static void encode_standard(const struct packet_in *pi, uint8_t version, struct wire_wr *w)
{
    encode_start(pi, version, w);
    if (version >= OFP13_VERSION) {
        wire_wr_u64(w, pi->cookie);
    }
    if (version >= OFP12_VERSION) {
        match_encode_metadata(&pi->metadata, version, w);
        wire_wr_zeros(w, 2);
    }
}

static void encode_nx(const struct packet_in *pi, uint8_t version, struct wire_wr *w)
{
    wire_wr_u32(w, pi->buffer_id);
    wire_wr_u16(w, (uint16_t)MIN(pi->total_len, UINT16_MAX));
    wire_wr_u8(w, packet_in_reason_for(pi->reason, version));
    wire_wr_u8(w, pi->table_id);
    wire_wr_u64(w, pi->cookie);
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_zeros(w, 6);
    size_t match = w->len;
    match_encode_metadata_tlvs(&pi->metadata, OFP10_VERSION, w); /* NXM in all versions. */
    wire_wr_patch16(w, len_ofs, (uint16_t)(w->len - match));
    wire_wr_pad(w, match, 8);
    wire_wr_zeros(w, 2);
}

void packet_in_encode(const struct packet_in *pi, uint8_t version, enum packet_in_format format,
                      uint32_t xid, struct wire_wr *w)
{
    static const enum msg_type types[] = {
        [PACKET_IN_STANDARD] = MSG_PACKET_IN,
        [PACKET_IN_NXT] = MSG_NXT_PACKET_IN,
        [PACKET_IN_NXT2] = MSG_NXT_PACKET_IN2,
    };
    size_t start = msg_start(w, types[format], version, xid);

    if (format == PACKET_IN_NXT2) {
        packet_in2_encode(pi, version, w);
    } else {
        (format == PACKET_IN_NXT ? encode_nx : encode_standard)(pi, version, w);
        wire_wr_bytes(w, pi->data, pi->data_len);
    }
    msg_finish(w, start);
}

void packet_in_encode_resume(const struct packet_in *pi, uint8_t version, uint32_t xid,
                             struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_RESUME, version, xid);

    packet_in2_encode(pi, version, w);
    msg_finish(w, start);
}
