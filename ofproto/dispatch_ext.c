/* dispatch_ext.c - see dispatch_ext.h. */
#include "ofproto/dispatch_ext.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/ct_flush.h"
#include "ofp/tlv_table_msg.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(dispatch_ext);

/* ---- tunnel options ---- */

enum ofp_error dispatch_tlv_mod(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                                struct wire_rd *r)
{
    (void)conn;
    (void)h;
    struct tlv_table_mod m;
    enum ofp_error error = tlv_table_mod_decode(r, &m);

    error = error ? error : bridge_tlv_change(br, m.command, m.maps.maps, m.maps.n);
    tlv_maps_deinit(&m.maps);
    return error;
}

enum ofp_error dispatch_tlv_request(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct tlv_table_reply reply = {.max_space = TUN_SPACE, .max_fields = 64};
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint64_t mapped = tlv_table_mapped(br->tlvs);

    reply.maps.maps = xcalloc(64, sizeof *reply.maps.maps);
    for (unsigned i = 0; i < 64; i++) {
        if (mapped & BIT64(i)) {
            reply.maps.maps[reply.maps.n++] = *tlv_table_get(br->tlvs, i);
        }
    }
    tlv_table_reply_encode(&reply, h->version, h->xid, &w);
    ofconn_send(conn, w.data, w.len);
    wire_wr_deinit(&w);
    tlv_maps_deinit(&reply.maps);
    return OFPERR_OK;
}

/* ---- exporters of IPFIX ---- */

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

enum ofp_error dispatch_ipfix_bridge(struct bridge *br, struct ofconn *conn,
                                     const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct ipfix_stats s;
    struct mp_reply mp;

    if (!bridge_ipfix_get_stats(br, 0, &s)) {
        return OFPERR_NXST_NOT_CONFIGURED;
    }
    mp_reply_init(&mp, MSG_NXST_IPFIX_BRIDGE_REPLY, h->version, h->xid, send_part, conn);
    ipfix_stats_encode(&s, mp_reply_entry(&mp));
    mp_reply_entry_end(&mp);
    mp_reply_finish(&mp);
    return OFPERR_OK;
}

enum ofp_error dispatch_ipfix_flow(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct ipfix_stats s;
    struct mp_reply mp;

    if (!bridge_ipfix_get_stats(br, 1, &s)) {
        return OFPERR_NXST_NOT_CONFIGURED;
    }
    mp_reply_init(&mp, MSG_NXST_IPFIX_FLOW_REPLY, h->version, h->xid, send_part, conn);
    for (size_t i = 1; bridge_ipfix_get_stats(br, i, &s); i++) {
        ipfix_stats_encode(&s, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    return OFPERR_OK;
}

/* ---- tracked connections ---- */

static void flush(const struct bridge *br, const struct ct_filter *filter)
{
    int error = dp_conns_flush(br->ofproto->dp, filter);

    if (error) {
        log_warn_rl("%s: connections could not be flushed (%s)", bridge_name(br), strerror(error));
    }
}

/* One end's address of the message, where IPv4 is mapped into IPv6, for the tracker. */
static bool take_address(const uint8_t from[16], bool is_ip6, uint8_t to[16])
{
    if (is_all_zeros(from, 16)) {
        return false;
    }
    memcpy(to, is_ip6 ? from : from + 12, is_ip6 ? 16 : 4);
    return true;
}

static void take_tuple(const struct ct_flush *f, const struct ct_flush_tuple *from,
                       struct ct_tuple_filter *to)
{
    struct ct_tuple *t = &to->tuple;

    t->is_ip6 = f->family == 6;
    t->proto = f->ip_proto;
    to->has |= f->ip_proto ? CT_TF_PROTO : 0;
    to->has |= take_address(from->src, t->is_ip6, t->src) ? CT_TF_SRC : 0;
    to->has |= take_address(from->dst, t->is_ip6, t->dst) ? CT_TF_DST : 0;
    if (ct_flush_is_icmp(f)) {
        /* Zeros are any here too: type 0 is the answer to another one. */
        t->src_port = htons(from->src_port);
        t->icmp_type = (uint8_t)from->dst_port;
        t->icmp_code = (uint8_t)(from->dst_port >> 8);
        to->has |= from->src_port ? CT_TF_ICMP_ID : 0;
        to->has |= t->icmp_type ? CT_TF_ICMP_TYPE : 0;
        to->has |= t->icmp_code ? CT_TF_ICMP_CODE : 0;
    } else {
        t->src_port = htons(from->src_port);
        t->dst_port = htons(from->dst_port);
        to->has |= from->src_port ? CT_TF_SRC_PORT : 0;
        to->has |= from->dst_port ? CT_TF_DST_PORT : 0;
    }
}

static bool tuple_is_empty(const struct ct_flush_tuple *t)
{
    return is_all_zeros(t->src, 16) && is_all_zeros(t->dst, 16) && !t->src_port && !t->dst_port;
}

enum ofp_error dispatch_ct_flush(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                                 struct wire_rd *r)
{
    (void)conn;
    (void)h;
    struct ct_flush f;
    struct ct_filter filter = {0};
    enum ofp_error error = ct_flush_decode(r, &f);

    if (error) {
        return error;
    }
    filter.has_zone = f.has_zone;
    filter.zone = f.zone;
    filter.mark = f.mark;
    filter.mark_mask = f.mark_mask;
    memcpy(filter.label, f.labels, sizeof filter.label);
    memcpy(filter.label_mask, f.labels_mask, sizeof filter.label_mask);
    take_tuple(&f, &f.orig, &filter.orig);
    if (!tuple_is_empty(&f.reply)) {
        take_tuple(&f, &f.reply, &filter.reply);
    }
    flush(br, &filter);
    return OFPERR_OK;
}

enum ofp_error dispatch_ct_flush_zone(struct bridge *br, struct ofconn *conn,
                                      const struct msg_header *h, struct wire_rd *r)
{
    (void)conn;
    (void)h;
    struct ct_filter filter = {.has_zone = true};
    enum ofp_error error = ct_flush_zone_decode(r, &filter.zone);

    if (!error) {
        flush(br, &filter);
    }
    return error;
}
