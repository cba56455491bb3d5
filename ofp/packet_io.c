/* packet_io.c - see packet_io.h.  PACKET_IN of 1.3 to 1.5, PACKET_OUT of 1.1 to 1.4 (OpenFlow 1.3.5
 * sections 7.4.1, 7.3.7); the pipeline fields of 1.5's PACKET_OUT are refused. */
#include "ofp/packet_io.h"

#include <stdlib.h>

#include "lib/packet/parse.h"
#include "ofp/flow_mod.h"
#include "ofp/port.h"

#define MATCH_TYPE_OXM 1

/* A match of type OXM whose fields need not be known or have their prerequisites: what a switch
 * says of a packet is shown as far as it is understood. */
static enum ofp_error decode_metadata(struct wire_rd *r, const struct msg_header *h,
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

enum ofp_error packet_in_decode(struct wire_rd *r, const struct msg_header *h, struct packet_in *pi)
{
    *pi = (struct packet_in){.buffer_id = OFP_NO_BUFFER};
    match_init(&pi->metadata);
    if (!msg_version_in(h->version, OFP13_VERSION, OFP15_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    pi->buffer_id = wire_rd_u32(r);
    pi->total_len = wire_rd_u16(r);
    pi->reason = wire_rd_u8(r);
    pi->table_id = wire_rd_u8(r);
    pi->cookie = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error err = decode_metadata(r, h, &pi->metadata);
    if (err) {
        return err;
    }
    wire_rd_skip(r, 2);
    pi->data_len = (uint32_t)wire_rd_left(r);
    pi->data = wire_rd_bytes(r, pi->data_len);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void packet_in_encode(const struct packet_in *pi, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PACKET_IN, version, xid);
    if (!msg_version_in(version, OFP13_VERSION, OFP15_VERSION)) {
        w->err = true;
    }
    wire_wr_u32(w, pi->buffer_id);
    wire_wr_u16(w, (uint16_t)MIN(pi->total_len, UINT16_MAX));
    /* 1.3 has the first three; what comes from a group or an action set is an action to it. */
    bool old = version == OFP13_VERSION && pi->reason > PIR_INVALID_TTL;
    wire_wr_u8(w, old ? PIR_ACTION : pi->reason);
    wire_wr_u8(w, pi->table_id);
    wire_wr_u64(w, pi->cookie);
    match_encode(&pi->metadata, version, w);
    wire_wr_zeros(w, 2);
    wire_wr_bytes(w, pi->data, pi->data_len);
    msg_finish(w, start);
}

/* ---- PACKET_OUT ---- */

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
    parse_key(packet, &match->flow.key);
    packet_free(packet);
    memset(&match->mask.key, 0xff, sizeof match->mask.key);
}

enum ofp_error packet_out_decode(struct wire_rd *r, const struct msg_header *h,
                                 const struct act_limits *limits, struct packet_out *po)
{
    *po = (struct packet_out){.buffer_id = OFP_NO_BUFFER, .acts = ACTS_INIT};
    match_init(&po->metadata);
    if (!msg_version_in(h->version, OFP11_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    po->buffer_id = wire_rd_u32(r);
    packet_out_set_port(po, wire_rd_u32(r));
    uint16_t actions_len = wire_rd_u16(r);
    wire_rd_skip(r, 6);
    if (r->err || actions_len > wire_rd_left(r)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!packet_out_port_ok(po->in_port)) {
        return OFPERR_OFPBRC_BAD_PORT;
    }
    enum ofp_error err = acts_decode_actions(r, actions_len, h, &po->acts);
    if (!err) {
        po->data_len = (uint32_t)wire_rd_left(r);
        po->data = wire_rd_bytes(r, po->data_len);
        struct act_limits here = limits ? *limits : (struct act_limits){0};
        here.cur_table = OFPTT_ALL;
        struct match match;
        packet_match(po, &match);
        /* Without limits (printing) the frame may be anything. */
        err = limits ? acts_check(&po->acts, &match, &here, true) : OFPERR_OK;
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
    if (!msg_version_in(version, OFP11_VERSION, OFP14_VERSION)) {
        w->err = true;
    }
    wire_wr_u32(w, po->buffer_id);
    wire_wr_u32(w, po->in_port);
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_zeros(w, 6);
    size_t actions = w->len;
    acts_encode_actions(po->acts.data, po->acts.len, version, w);
    wire_wr_patch16(w, len_ofs, (uint16_t)(w->len - actions));
    if (po->buffer_id == OFP_NO_BUFFER) {
        wire_wr_bytes(w, po->data, po->data_len);
    }
    msg_finish(w, start);
}
