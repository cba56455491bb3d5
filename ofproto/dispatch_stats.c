/* dispatch_stats.c - see dispatch_stats.h. */
#include "ofproto/dispatch_stats.h"

#include <stdio.h>

#include "ofp/switch.h"
#include "ofp/table_mod.h"
#include "ofp/table_stats.h"
#include "ofproto/bridge_table.h"
#include "ofproto/dispatch_features.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/session.h"

/* What controllers know a switch by; some choose a driver by these strings, so they are the ones of
 * the switch that this one is compatible with. */
#define DESC_MANUFACTURER "Nicira, Inc."
#define DESC_HARDWARE     "Open vSwitch"

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

static void reply(struct ofconn *conn, struct wire_wr *w)
{
    ofconn_send(conn, w->data, w->len);
    wire_wr_deinit(w);
}

enum ofp_error dispatch_desc(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                             struct wire_rd *r)
{
    (void)r;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct switch_desc d = {.manufacturer = DESC_MANUFACTURER,
                            .hardware = DESC_HARDWARE,
                            .software = PACKAGE_VERSION,
                            .serial = "None"};

    snprintf(d.dp, sizeof d.dp, "%s", br->dp_desc ? br->dp_desc : "None");
    switch_desc_encode_reply(&d, h->version, h->xid, &w);
    reply(conn, &w);
    return OFPERR_OK;
}

static bool count_one(void *a_, struct rule *rule)
{
    struct aggregate_stats *a = a_;
    a->n_packets += rule->packets;
    a->n_bytes += rule->bytes;
    a->n_flows++;
    return true;
}

enum ofp_error dispatch_flow_stats(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    struct flow_stats_request req;
    enum ofp_error error = flow_stats_request_decode(r, h, &req);

    if (error) {
        return error;
    }
    bridge_flow_ethernet(&req.match);
    if (req.table_id >= OFP_N_TABLES && req.table_id != OFPTT_ALL) {
        return OFPERR_OFPBRC_BAD_TABLE_ID;
    }
    if (!req.aggregate) {
        session_dump_flows(session_of(conn, br), h, &req);
        return OFPERR_OK;
    }
    struct rule_criteria c = {.table_id = req.table_id,
                              .match = &req.match,
                              .cookie = req.cookie,
                              .cookie_mask = req.cookie_mask,
                              .out_port = req.out_port,
                              .out_group = req.out_group};
    struct aggregate_stats a = {0};
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    ofproto_pull_stats(br->ofproto);
    tables_select(br->tables, &c, count_one, &a);
    aggregate_stats_encode_reply(&a, flow_mod_protocol(h), h->xid, &w);
    reply(conn, &w);
    return OFPERR_OK;
}

enum ofp_error dispatch_table_stats(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct mp_reply mp;

    ofproto_pull_stats(br->ofproto);
    mp_reply_init(&mp, MSG_TABLE_STATS_REPLY, h->version, h->xid, send_part, conn);
    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        struct table_stats s = {.table_id = (uint8_t)id,
                                .active = (uint32_t)table_n_rules(br->tables, (uint8_t)id)};
        table_stats(br->tables, (uint8_t)id, &s.lookup, &s.matched);
        struct table_features f;
        dispatch_features_get(br, (uint8_t)id, h->version, &f);
        table_stats_encode(&s, &f, h->version, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    return OFPERR_OK;
}

enum ofp_error dispatch_table_desc(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct mp_reply mp;

    mp_reply_init(&mp, MSG_TABLE_DESC_REPLY, h->version, h->xid, send_part, conn);
    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        struct table_config c;
        bridge_table_get(br, (uint8_t)id, &c);
        table_desc_encode(&c, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    return OFPERR_OK;
}

enum ofp_error dispatch_port_stats(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    uint32_t want;
    struct mp_reply mp;
    enum ofp_error error = port_request_decode(r, h, &want);

    if (error) {
        return error;
    }
    mp_reply_init(&mp, MSG_PORT_STATS_REPLY, h->version, h->xid, send_part, conn);
    for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
        if (want == OFPP_ANY || want == n) {
            struct ofp_port_stats s;
            bridge_port_get_stats(bridge_port_by_ofp(br, n), &s);
            ofp_port_stats_encode(&s, h->version, mp_reply_entry(&mp));
            mp_reply_entry_end(&mp);
        }
    }
    mp_reply_finish(&mp);
    return OFPERR_OK;
}

enum ofp_error dispatch_port_desc(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    uint32_t want;
    struct mp_reply mp;
    enum ofp_error error = port_request_decode(r, h, &want);

    if (error) {
        return error;
    }
    mp_reply_init(&mp, MSG_PORT_DESC_REPLY, h->version, h->xid, send_part, conn);
    for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
        if (want == OFPP_ANY || want == n) {
            ofp_port_encode(&bridge_port_by_ofp(br, n)->desc, h->version, mp_reply_entry(&mp));
            mp_reply_entry_end(&mp);
        }
    }
    mp_reply_finish(&mp);
    return OFPERR_OK;
}
