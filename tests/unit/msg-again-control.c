/* msg-again-control.c - see msg-again.h: controllers, bundles, tunnel options, tracked connections,
 * exporters. */
#include "ofp/async.h"
#include "ofp/bundle.h"
#include "ofp/controller.h"
#include "ofp/ct_flush.h"
#include "ofp/ipfix.h"
#include "ofp/role.h"
#include "ofp/tlv_table_msg.h"
#include "tests/unit/msg-again.h"

void again_role(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct role_msg m;
    if (!role_decode(r, h, &m)) {
        role_encode(&m, h->type, h->version, h->xid, w);
    }
}

void again_nx_role(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    again_role(r, h, w);
}

void again_role_status(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct role_status rs;
    if (!role_status_decode(r, &rs)) {
        role_status_encode(&rs, h->version, h->xid, w);
    }
}

void again_async(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct async_config a;
    if (!async_decode(r, h, &a)) {
        async_encode(&a, h->type, h->version, h->xid, w);
    }
}

void again_nx_controller_id(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint16_t id;
    if (!controller_id_decode(r, &id)) {
        controller_id_encode(id, h->version, h->xid, w);
    }
}

void again_controller_status(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct controller_status c;
    if (!controller_status_decode(r, &c)) {
        size_t start = msg_start(w, h->type, h->version, h->xid);
        controller_status_encode(&c, w);
        msg_finish(w, start);
    }
}

void again_controller_status_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct controller_status c;
    size_t start = msg_start(w, h->type, h->version, h->xid);
    while (wire_rd_left(r) && !controller_status_decode(r, &c)) {
        controller_status_encode(&c, w);
    }
    msg_finish(w, start);
}

void again_bundle_control(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct bundle_control c;
    if (!bundle_control_decode(r, &c)) {
        bundle_control_encode(&c, h->version, h->xid, w);
    }
}

void again_bundle_add(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct bundle_add a;
    if (!bundle_add_decode(r, h, &a)) {
        bundle_add_encode(&a, h->version, h->xid, w);
    }
}

void again_bundle_features_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct bundle_features f;
    if (!bundle_features_decode(r, h, &f)) {
        bundle_features_encode(&f, h->type == MSG_BUNDLE_FEATURES_REPLY, h->xid, w);
    }
}

void again_bundle_features_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    again_bundle_features_request(r, h, w);
}

void again_requestforward(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct requestforward rf;
    if (!requestforward_decode(r, h, &rf)) {
        requestforward_encode(&rf, h->version, h->xid, w);
    }
}

void again_tlv_table_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct tlv_table_mod m;
    if (!tlv_table_mod_decode(r, &m)) {
        tlv_table_mod_encode(&m, h->version, h->xid, w);
    }
    tlv_maps_deinit(&m.maps);
}

void again_tlv_table_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct tlv_table_reply t;
    if (!tlv_table_reply_decode(r, &t)) {
        tlv_table_reply_encode(&t, h->version, h->xid, w);
    }
    tlv_maps_deinit(&t.maps);
}

void again_ct_flush_zone(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint16_t zone;
    if (!ct_flush_zone_decode(r, &zone)) {
        ct_flush_zone_encode(zone, h->version, h->xid, w);
    }
}

void again_ct_flush(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct ct_flush f;
    if (!ct_flush_decode(r, &f)) {
        ct_flush_encode(&f, h->version, h->xid, w);
    }
}

void again_ipfix_stats(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct ipfix_stats s;
    bool end;
    while (!ipfix_stats_decode(r, &s, &end) && !end) {
        ipfix_stats_encode(&s, w);
    }
    msg_finish(w, start);
}
