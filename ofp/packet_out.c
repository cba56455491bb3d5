/* packet_out.c - see packet_io.h: PACKET_OUT of OpenFlow 1.0 (section 5.3.6), 1.1 to 1.4 (1.3.5
 * section 7.3.7), and 1.5, whose match carries the pipeline's fields (7.3.6). */
#include <stdlib.h>

#include "lib/packet/parse.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io-private.h"
#include "ofp/port.h"

void packet_out_deinit(struct packet_out *po)
{
    acts_deinit(&po->acts);
    free(po->data_owned);
    po->data_owned = NULL;
}

bool packet_out_port_ok(uint32_t port)
{
    return port < OFPP_FIRST_BAD || port == OFPP_CONTROLLER || port == OFPP_LOCAL ||
           port == OFPP_ANY;
}

void packet_out_set_port(struct packet_out *po, uint32_t port)
{
    po->in_port = port;
    po->metadata.flow.in_port = htonl(port);
    po->metadata.mask.in_port = htonl(UINT32_MAX);
}

/* Everything the frame says, matched exactly: what its actions are checked against. */
static void packet_match(const struct packet_out *po, struct match *match)
{
    *match = po->metadata;
    if (!po->data_len) {
        return;
    }
    struct packet *packet = packet_new_data(po->data, po->data_len);
    packet->packet_type = po->metadata.flow.key.packet_type;
    parse_key(packet, &match->flow.key);
    packet_free(packet);
    memset(&match->mask.key, 0xff, sizeof match->mask.key);
}

bool packet_out_is_pipeline_field(const struct field *f)
{
    size_t ofs = f->ofs;
    bool tunnel = ofs < KEY_TUN_OFS + KEY_TUN_SIZE; /* The first members. */
    /* Metadata, registers, ports. */
    bool flow =
        ofs >= offsetof(struct flow, metadata) && ofs < offsetof(struct flow, actset_output);
    return tunnel || flow || f->id == MF_PACKET_TYPE;
}

static bool only_pipeline_fields(const struct match *m)
{
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        if (f->size && !field_is_wild(f, &m->mask) && !packet_out_is_pipeline_field(f)) {
            return false;
        }
    }
    return true;
}

static enum ofp_error decode_match15(struct wire_rd *r, const struct msg_header *h,
                                     struct packet_out *po)
{
    enum ofp_error error = packet_in_decode_metadata(r, h, &po->metadata);

    if (error) {
        return error;
    }
    if (!only_pipeline_fields(&po->metadata)) {
        return OFPERR_OFPBRC_PIPELINE_FIELDS_ONLY;
    }
    if (!po->metadata.mask.in_port) {
        return OFPERR_OFPBRC_BAD_PORT;
    }
    po->in_port = ntohl(po->metadata.flow.in_port);
    return OFPERR_OK;
}

/* Up to the actions, whose length is returned. */
static enum ofp_error decode_head(struct wire_rd *r, const struct msg_header *h,
                                  struct packet_out *po, uint16_t *actions_len)
{
    enum ofp_error error = OFPERR_OK;

    po->buffer_id = wire_rd_u32(r);
    if (h->version == OFP10_VERSION) {
        packet_out_set_port(po, port_from_10(wire_rd_u16(r)));
        *actions_len = wire_rd_u16(r);
    } else if (h->version < OFP15_VERSION) {
        packet_out_set_port(po, wire_rd_u32(r));
        *actions_len = wire_rd_u16(r);
        wire_rd_skip(r, 6);
    } else {
        *actions_len = wire_rd_u16(r);
        wire_rd_skip(r, 2);
        error = r->err ? OFPERR_OFPBRC_BAD_LEN : decode_match15(r, h, po);
    }
    if (error) {
        return error;
    }
    if (r->err || *actions_len > wire_rd_left(r) || *actions_len % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return packet_out_port_ok(po->in_port) ? OFPERR_OK : OFPERR_OFPBRC_BAD_PORT;
}

enum ofp_error packet_out_decode(struct wire_rd *r, const struct msg_header *h,
                                 const struct act_limits *limits, struct packet_out *po)
{
    *po = (struct packet_out){.buffer_id = OFP_NO_BUFFER, .acts = ACTS_INIT};
    match_init(&po->metadata);
    uint16_t actions_len;
    enum ofp_error err = decode_head(r, h, po, &actions_len);
    if (!err) {
        err = acts_decode_actions(r, actions_len, h, &po->acts);
    }
    if (!err) {
        po->data_len = (uint32_t)wire_rd_left(r);
        po->data = wire_rd_bytes(r, po->data_len);
        struct act_limits here = limits ? *limits : (struct act_limits){0};
        here.cur_table = OFPTT_ALL;
        struct match match;
        packet_match(po, &match);
        /* Without limits (printing) the frame may be anything. */
        bool strict = h->version > OFP10_VERSION;
        err = limits ? acts_check(&po->acts, &match, &here, strict) : OFPERR_OK;
    }
    if (err) {
        packet_out_deinit(po);
    }
    return err;
}

void packet_out_encode(const struct packet_out *po, uint8_t version, uint32_t xid,
                       struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PACKET_OUT, version, xid);
    wire_wr_u32(w, po->buffer_id);
    if (version == OFP10_VERSION) {
        wire_wr_u16(w, port_to_10(po->in_port));
    } else if (version < OFP15_VERSION) {
        wire_wr_u32(w, po->in_port);
    }
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    if (version >= OFP15_VERSION) {
        wire_wr_zeros(w, 2);
        match_encode(&po->metadata, version, w);
    } else if (version > OFP10_VERSION) {
        wire_wr_zeros(w, 6);
    }
    size_t actions = w->len;
    acts_encode_actions(po->acts.data, po->acts.len, version, w);
    wire_wr_patch16(w, len_ofs, (uint16_t)(w->len - actions));
    if (po->buffer_id == OFP_NO_BUFFER) {
        wire_wr_bytes(w, po->data, po->data_len);
    }
    msg_finish(w, start);
}
