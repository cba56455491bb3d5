/* dispatch.c - from a decoded header to what the switch does: one row a message.
 * Journey: ofconn -> dispatch() -> a handler below, in dispatch_stats.c, or in the file that owns
 * the thing -> reply or error.  HELLO, ECHO, roles and async configuration are conn's. */
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/switch.h"
#include "ofp/table_features.h"
#include "ofp/table_mod.h"
#include "ofproto/dispatch_bundle.h"
#include "ofproto/dispatch_ext.h"
#include "ofproto/dispatch_features.h"
#include "ofproto/dispatch_forward.h"
#include "ofproto/dispatch_group.h"
#include "ofproto/dispatch_meter.h"
#include "ofproto/dispatch_queue.h"
#include "ofproto/dispatch_stats.h"
#include "ofproto/bridge_monitor.h"
#include "ofproto/bridge_table.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/session.h"

LOG_MODULE(dispatch);

#define OFPC_FRAG_REASM 2

static struct act_limits limits(void)
{
    return (struct act_limits){.n_tables = OFP_N_TABLES, .cur_table = 255};
}

static void reply(struct ofconn *conn, struct wire_wr *w)
{
    ofconn_send(conn, w->data, w->len);
    wire_wr_deinit(w);
}

static enum ofp_error on_features(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct switch_features f = {.datapath_id = br->datapath_id,
                                .n_buffers = SESSION_N_BUFFERS,
                                .n_tables = OFP_N_TABLES,
                                .auxiliary_id = ofconn_aux_id(conn),
                                .capabilities = OFPC_FLOW_STATS | OFPC_TABLE_STATS |
                                                OFPC_PORT_STATS | OFPC_GROUP_STATS |
                                                OFPC_QUEUE_STATS | OFPC_ARP_MATCH_IP,
                                .actions = table_features_known_actions(h->version)};
    struct ofp_port *ports = NULL;

    if (h->version < OFP13_VERSION) { /* Later there is PORT_DESC. */
        ports = xcalloc(hmap_count(&br->ports) + 1, sizeof *ports);
        for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
            ports[f.n_ports++] = bridge_port_by_ofp(br, n)->desc;
        }
        f.ports = ports;
    }
    switch_features_encode(&f, h->version, h->xid, &w);
    free(ports);
    if (w.err) { /* More ports than a message has room for. */
        log_warn_rl("%s: too many ports for FEATURES_REPLY of %s", br->name,
                    msg_version_name(h->version));
        wire_wr_deinit(&w);
        return OFPERR_OFPBRC_BAD_LEN;
    }
    reply(conn, &w);
    return OFPERR_OK;
}

static enum ofp_error on_get_config(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct switch_config c = {.flags = br->frags, .miss_send_len = ofconn_miss_send_len(conn)};

    switch_config_encode(&c, true, h->version, h->xid, &w);
    reply(conn, &w);
    return OFPERR_OK;
}

static enum ofp_error on_set_config(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    struct switch_config c;
    enum ofp_error error = switch_config_decode(r, h, &c);

    if (error) {
        return error;
    }
    if (c.flags > XLATE_FRAGS_NX_MATCH) {
        return OFPERR_OFPSCFC_BAD_FLAGS;
    }
    if (c.flags == OFPC_FRAG_REASM) {
        /* No error: the controller reads back that the mode has stayed. */
        log_warn_rl("%s: reassembling fragments is not supported", br->name);
    } else if (c.flags != br->frags && !ofconn_is_slave(conn)) {
        br->frags = (uint8_t)c.flags;
        ofproto_cfg_changed(br->ofproto);
    }
    ofconn_set_miss_send_len(conn, c.miss_send_len);
    return OFPERR_OK;
}

static enum ofp_error on_flow_mod(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    struct act_limits l = limits();
    struct flow_mod fm;
    enum ofp_error error = flow_mod_decode(r, h, &l, &fm);

    if (!error) {
        bridge_flow_ethernet(&fm.match);
        error = bridge_flow_mod(br, &fm, conn, r->start);
        flow_mod_deinit(&fm);
    }
    return error;
}

static enum ofp_error on_packet_out(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    struct act_limits l = limits();
    struct packet_out po;
    enum ofp_error error = packet_out_decode(r, h, &l, &po);

    if (!error) {
        error = bridge_packet_out_check(br, &po);
        error = error ? error : bridge_packet_out_send(br, conn, &po);
        packet_out_deinit(&po);
    }
    return error;
}

static enum ofp_error on_resume(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                                struct wire_rd *r)
{
    (void)conn;
    struct packet_in pin;
    enum ofp_error error = packet_in_decode_resume(r, h, true, &pin);
    return error ? error : bridge_packet_resume(br, &pin);
}

static enum ofp_error on_port_mod(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    (void)conn;
    struct port_mod m;
    enum ofp_error error = port_mod_decode(r, h, &m);
    return error ? error : bridge_port_mod(br, &m);
}

static enum ofp_error on_table_mod(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    (void)conn;
    struct table_config c;
    enum ofp_error error = table_mod_decode(r, h, &c);

    return error ? error : bridge_table_mod(br, &c, h->version);
}

static enum ofp_error on_barrier(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                                 struct wire_rd *r)
{
    (void)r;
    session_barrier(session_of(conn, br), h);
    return OFPERR_OK;
}

/* 'changes': refused to a connection in the role of a slave. */
static const struct {
    enum ofp_error (*handle)(struct bridge *, struct ofconn *, const struct msg_header *,
                             struct wire_rd *);
    bool changes;
} handlers[MSG_N_TYPES] = {
    [MSG_FEATURES_REQUEST] = {on_features, false},
    [MSG_GET_CONFIG_REQUEST] = {on_get_config, false},
    [MSG_SET_CONFIG] = {on_set_config, false},
    [MSG_FLOW_MOD] = {on_flow_mod, true},
    [MSG_GROUP_MOD] = {dispatch_group_mod, true},
    [MSG_METER_MOD] = {dispatch_meter_mod, true},
    [MSG_PACKET_OUT] = {on_packet_out, true},
    [MSG_PORT_MOD] = {on_port_mod, true},
    [MSG_TABLE_MOD] = {on_table_mod, true},
    [MSG_BARRIER_REQUEST] = {on_barrier, false},
    [MSG_QUEUE_GET_CONFIG_REQUEST] = {dispatch_queue_get_config, false},
    [MSG_BUNDLE_CONTROL] = {dispatch_bundle_control, true},
    [MSG_BUNDLE_ADD_MESSAGE] = {dispatch_bundle_add, true},
    [MSG_ONFT_BUNDLE_CONTROL] = {dispatch_bundle_control, true},
    [MSG_ONFT_BUNDLE_ADD_MESSAGE] = {dispatch_bundle_add, true},
    [MSG_NXT_FLOW_MOD] = {on_flow_mod, true},
    [MSG_NXT_RESUME] = {on_resume, true},
    [MSG_FLOW_MONITOR_REQUEST] = {bridge_monitor_request, false},
    [MSG_NXST_FLOW_MONITOR_REQUEST] = {bridge_monitor_request, false},
    [MSG_ONFST_FLOW_MONITOR_REQUEST] = {bridge_monitor_request, false},
    [MSG_NXT_FLOW_MONITOR_CANCEL] = {bridge_monitor_cancel, false},
    [MSG_ONFT_FLOW_MONITOR_CANCEL] = {bridge_monitor_cancel, false},
    [MSG_NXT_GROUP_MOD] = {dispatch_group_mod, true},
    [MSG_NXT_CT_FLUSH] = {dispatch_ct_flush, true},
    [MSG_NXT_CT_FLUSH_ZONE] = {dispatch_ct_flush_zone, true},
    [MSG_NXT_TLV_TABLE_MOD] = {dispatch_tlv_mod, true},
    [MSG_NXT_TLV_TABLE_REQUEST] = {dispatch_tlv_request, false},
    [MSG_NXST_IPFIX_BRIDGE_REQUEST] = {dispatch_ipfix_bridge, false},
    [MSG_NXST_IPFIX_FLOW_REQUEST] = {dispatch_ipfix_flow, false},
    [MSG_NXST_FLOW_REQUEST] = {dispatch_flow_stats, false},
    [MSG_NXST_AGGREGATE_REQUEST] = {dispatch_flow_stats, false},
    [MSG_NXST_GROUP_REQUEST] = {dispatch_group_stats, false},
    [MSG_NXST_GROUP_DESC_REQUEST] = {dispatch_group_desc, false},
    [MSG_NXST_GROUP_FEATURES_REQUEST] = {dispatch_group_features, false},
    [MSG_TABLE_DESC_REQUEST] = {dispatch_table_desc, false},
    [MSG_QUEUE_DESC_REQUEST] = {dispatch_queue_desc, false},
    [MSG_DESC_REQUEST] = {dispatch_desc, false},
    [MSG_FLOW_STATS_REQUEST] = {dispatch_flow_stats, false},
    [MSG_AGGREGATE_STATS_REQUEST] = {dispatch_flow_stats, false},
    [MSG_TABLE_STATS_REQUEST] = {dispatch_table_stats, false},
    [MSG_TABLE_FEATURES_REQUEST] = {dispatch_table_features, false},
    [MSG_PORT_STATS_REQUEST] = {dispatch_port_stats, false},
    [MSG_PORT_DESC_REQUEST] = {dispatch_port_desc, false},
    [MSG_QUEUE_STATS_REQUEST] = {dispatch_queue_stats, false},
    [MSG_GROUP_STATS_REQUEST] = {dispatch_group_stats, false},
    [MSG_GROUP_DESC_REQUEST] = {dispatch_group_desc, false},
    [MSG_GROUP_FEATURES_REQUEST] = {dispatch_group_features, false},
    [MSG_METER_STATS_REQUEST] = {dispatch_meter_stats, false},
    [MSG_METER_CONFIG_REQUEST] = {dispatch_meter_config, false},
    [MSG_METER_FEATURES_REQUEST] = {dispatch_meter_features, false},
};

static bool is_multipart_request(enum msg_type t)
{
    return strstr(msg_name(t), " request") != NULL;
}

enum ofp_error dispatch_change(struct bridge *br, struct ofconn *conn, const void *msg, size_t len)
{
    struct wire_rd r;
    struct msg_header h;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    if (!error) {
        h.tlvs = br->tlvs;
        bridge_monitor_cause(br, conn, h.xid);
        error = handlers[h.type].handle(br, conn, &h, &r);
    }
    return error;
}

enum ofp_error dispatch_change_flow(struct bridge *br, struct ofconn *conn, struct flow_mod *fm,
                                    const uint8_t *msg)
{
    bridge_monitor_cause(br, conn, get_be32(msg + 4));
    bridge_flow_ethernet(&fm->match);
    return bridge_flow_mod(br, fm, conn, msg);
}

void dispatch(struct bridge *br, struct ofconn *conn, const struct msg_header *h, const void *msg,
              size_t len)
{
    struct wire_rd r;
    struct msg_header again;
    enum ofp_error error;

    counter_inc(COUNTER_ofproto_recv_openflow);
    wire_rd_init(&r, msg, len);
    error = msg_decode_header(&r, &again);
    if (!error) {
        if (!handlers[h->type].handle) {
            error = is_multipart_request(h->type) ? OFPERR_OFPBRC_BAD_STAT : OFPERR_OFPBRC_BAD_TYPE;
        } else if (handlers[h->type].changes && ofconn_is_slave(conn)) {
            error = OFPERR_OFPBRC_IS_SECONDARY;
        } else if (h->mp_flags & OFPMPF_MORE && h->type != MSG_TABLE_FEATURES_REQUEST) {
            /* No other request that this switch answers has more than one part. */
            error = OFPERR_OFPBRC_MULTIPART_BUFFER_OVERFLOW;
        } else {
            bridge_monitor_cause(br, conn, h->xid);
            error = handlers[h->type].handle(br, conn, h, &r);
            bridge_monitor_cause(br, NULL, 0);
            bridge_monitor_flush(br);
            if (!error) {
                dispatch_forward(br, conn, msg, len);
            }
        }
    }
    if (error) {
        log_dbg_rl("%s: %s answered by %s", br->name, msg_name(h->type), ofp_error_name(error));
        ofconn_send_error(conn, error, msg, len);
    }
}
