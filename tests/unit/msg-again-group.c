/* msg-again-group.c - see msg-again.h: groups and meters. */
#include "ofp/group.h"
#include "ofp/meter.h"
#include "tests/unit/msg-again.h"

void again_group_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct group_mod gm;
    if (!group_mod_decode(r, h, &gm)) {
        group_mod_encode(&gm, h->version, h->xid, w);
        group_mod_deinit(&gm);
    }
}

void again_group_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t id;
    bool desc = h->type == MSG_GROUP_DESC_REQUEST || h->type == MSG_NXST_GROUP_DESC_REQUEST;
    if (!group_request_decode(r, h, &id)) {
        group_request_encode(desc ? MSG_GROUP_DESC_REQUEST : MSG_GROUP_STATS_REQUEST, id,
                             h->version, h->xid, w);
    }
}

void again_group_desc_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct group g;
    bool end;
    while (!group_desc_decode(r, h, &g, &end) && !end) {
        group_desc_encode(&g, h->version, w);
        group_deinit(&g);
    }
    msg_finish(w, start);
}

void again_group_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct group_stats s;
    bool end;
    while (!group_stats_decode(r, h, &s, &end) && !end) {
        group_stats_encode(&s, h->version, w);
        group_stats_deinit(&s);
    }
    msg_finish(w, start);
}

void again_group_features_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct group_features f;
    if (!group_features_decode(r, &f)) {
        group_features_encode_reply(&f, h->version, h->xid, w);
    }
}

void again_meter_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct meter_mod mm;
    if (!meter_mod_decode(r, h, &mm)) {
        meter_mod_encode(&mm, h->version, h->xid, w);
        meter_deinit(&mm.meter);
    }
}

void again_meter_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t id;
    if (!meter_request_decode(r, &id)) {
        meter_request_encode(h->type, id, h->version, h->xid, w);
    }
}

void again_meter_config_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct meter m;
    bool end;
    while (!meter_config_decode(r, &m, &end) && !end) {
        meter_config_encode(&m, w);
        meter_deinit(&m);
    }
    msg_finish(w, start);
}

void again_meter_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct meter_stats s;
    bool end;
    while (!meter_stats_decode(r, &s, &end) && !end) {
        meter_stats_encode(&s, w);
        meter_stats_deinit(&s);
    }
    msg_finish(w, start);
}

void again_meter_features_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct meter_features f;
    if (!meter_features_decode(r, &f)) {
        meter_features_encode_reply(&f, h->version, h->xid, w);
    }
}
