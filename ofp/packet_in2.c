/* packet_in2.c - see packet_io.h: NXT_PACKET_IN2 and NXT_RESUME (nicira-ext): a list of properties
 * {type, length, data}, padded to 8 bytes.  The continuation is opaque: it is the switch's own, and
 * the controller only gives it back. */
#include "ofp/flow_mod.h"
#include "ofp/packet_io-private.h"

enum property {
    PROP_PACKET,
    PROP_FULL_LEN,
    PROP_BUFFER_ID,
    PROP_TABLE_ID,
    PROP_COOKIE,
    PROP_REASON,
    PROP_METADATA,
    PROP_USERDATA,
    PROP_CONTINUATION,
};
#define HEADER_LEN   4
#define HEADER64_LEN 8 /* Of those that align their data: padded with zeros. */

/* The sizes of what has a fixed one, padding in front included.  Single bytes may have any behind
 * them: some senders count those in. */
static const uint8_t sizes[] = {
    [PROP_FULL_LEN] = 4, [PROP_BUFFER_ID] = 4, [PROP_TABLE_ID] = 1,
    [PROP_COOKIE] = 12,  [PROP_REASON] = 1,
};

static bool size_ok(uint16_t type, uint32_t len)
{
    uint8_t size = type < ARRAY_SIZE(sizes) ? sizes[type] : 0;
    return !size || (size == 1 ? len >= 1 : len == size);
}

static enum ofp_error take_property(uint16_t type, struct wire_rd *p, const struct msg_header *h,
                                    bool strict, struct packet_in *pi)
{
    uint32_t len = (uint32_t)wire_rd_left(p);

    if (!size_ok(type, len)) {
        return OFPERR_OFPBPC_BAD_LEN;
    }
    switch (type) {
    case PROP_PACKET:
        pi->data_len = len;
        pi->data = wire_rd_bytes(p, len);
        return OFPERR_OK;
    case PROP_FULL_LEN:
        pi->total_len = wire_rd_u32(p);
        return OFPERR_OK;
    case PROP_BUFFER_ID:
        pi->buffer_id = wire_rd_u32(p);
        return OFPERR_OK;
    case PROP_TABLE_ID:
        pi->table_id = wire_rd_u8(p);
        return OFPERR_OK;
    case PROP_COOKIE:
        wire_rd_skip(p, HEADER64_LEN - HEADER_LEN);
        pi->cookie = wire_rd_u64(p);
        return OFPERR_OK;
    case PROP_REASON:
        pi->reason = wire_rd_u8(p);
        return OFPERR_OK;
    case PROP_METADATA:
        return match_decode_tlvs(p, len, h, strict, &pi->metadata, NULL, NULL);
    case PROP_USERDATA:
        pi->userdata_len = len;
        pi->userdata = wire_rd_bytes(p, len);
        return OFPERR_OK;
    case PROP_CONTINUATION:
        if (len < HEADER64_LEN - HEADER_LEN) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
        wire_rd_skip(p, HEADER64_LEN - HEADER_LEN);
        pi->continuation_len = len - (HEADER64_LEN - HEADER_LEN);
        pi->continuation = wire_rd_bytes(p, pi->continuation_len);
        return OFPERR_OK;
    default:
        return strict ? OFPERR_OFPBPC_BAD_TYPE : OFPERR_OK;
    }
}

enum ofp_error packet_in2_decode(struct wire_rd *r, const struct msg_header *h, bool strict,
                                 struct packet_in *pi)
{
    if (wire_rd_left(r) % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    while (wire_rd_left(r)) {
        uint16_t type = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        if (len < HEADER_LEN) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
        struct wire_rd data = wire_rd_sub(r, len - HEADER_LEN);
        wire_rd_skip(r, ROUND_UP(len, 8u) - len);
        if (r->err) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
        enum ofp_error error = take_property(type, &data, h, strict, pi);
        if (error) {
            return error;
        }
    }
    if (!pi->data_len || (pi->total_len && pi->total_len < pi->data_len)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    pi->total_len = pi->total_len ? pi->total_len : pi->data_len;
    return OFPERR_OK;
}

/* ---- encode ---- */

static size_t begin(struct wire_wr *w, enum property type)
{
    size_t start = w->len;
    wire_wr_u16(w, (uint16_t)type);
    wire_wr_u16(w, 0);
    return start;
}

static void end(struct wire_wr *w, size_t start)
{
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    wire_wr_pad(w, start, 8);
}

static void put_bytes(struct wire_wr *w, enum property type, const void *data, size_t len)
{
    size_t start = begin(w, type);
    wire_wr_bytes(w, data, len);
    end(w, start);
}

static void put_u32(struct wire_wr *w, enum property type, uint32_t value)
{
    size_t start = begin(w, type);
    wire_wr_u32(w, value);
    end(w, start);
}

static void put_u8(struct wire_wr *w, enum property type, uint8_t value)
{
    put_bytes(w, type, &value, 1);
}

static void put_cookie(struct wire_wr *w, uint64_t cookie)
{
    size_t start = begin(w, PROP_COOKIE);
    wire_wr_zeros(w, HEADER64_LEN - HEADER_LEN);
    wire_wr_u64(w, cookie);
    end(w, start);
}

static void put_metadata(struct wire_wr *w, const struct match *m, uint8_t version)
{
    size_t start = begin(w, PROP_METADATA);
    match_encode_metadata_tlvs(m, version, w);
    end(w, start);
}

void packet_in2_encode(const struct packet_in *pi, uint8_t version, struct wire_wr *w)
{
    put_bytes(w, PROP_PACKET, pi->data, pi->data_len);
    if (pi->total_len != pi->data_len) {
        put_u32(w, PROP_FULL_LEN, pi->total_len);
    }
    if (pi->buffer_id != OFP_NO_BUFFER) {
        put_u32(w, PROP_BUFFER_ID, pi->buffer_id);
    }
    put_u8(w, PROP_TABLE_ID, pi->table_id);
    if (pi->cookie != UINT64_MAX) {
        put_cookie(w, pi->cookie);
    }
    put_u8(w, PROP_REASON, packet_in_reason_for(pi->reason, version));
    put_metadata(w, &pi->metadata, version);
    if (pi->userdata_len) {
        put_bytes(w, PROP_USERDATA, pi->userdata, pi->userdata_len);
    }
    if (pi->continuation_len) {
        size_t start = begin(w, PROP_CONTINUATION);
        wire_wr_zeros(w, HEADER64_LEN - HEADER_LEN);
        wire_wr_bytes(w, pi->continuation, pi->continuation_len);
        end(w, start);
    }
}
