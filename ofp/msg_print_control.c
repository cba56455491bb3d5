/* msg_print_control.c - prints messages about controllers, bundles, tunnel options, tracked
 * connections and exporters; see msg_print.h. */
#include "ofp/async.h"
#include "ofp/bundle.h"
#include "ofp/controller.h"
#include "ofp/ct_flush.h"
#include "ofp/ipfix.h"
#include "ofp/msg_print.h"
#include "ofp/role.h"
#include "ofp/tlv_table_msg.h"

/* ---- controllers ---- */

enum ofp_error msg_print_role(struct msg_print *p, struct wire_rd *r)
{
    struct role_msg m;
    enum ofp_error err = role_decode(r, p->h, &m);
    if (!err) {
        role_format(&m, p->out);
    }
    return err;
}

enum ofp_error msg_print_nx_role(struct msg_print *p, struct wire_rd *r)
{
    return msg_print_role(p, r);
}

enum ofp_error msg_print_role_status(struct msg_print *p, struct wire_rd *r)
{
    struct role_status rs;
    enum ofp_error err = role_status_decode(r, &rs);
    if (!err) {
        role_status_format(&rs, p->out);
    }
    return err;
}

enum ofp_error msg_print_async(struct msg_print *p, struct wire_rd *r)
{
    struct async_config a;
    enum ofp_error err = async_decode(r, p->h, &a);
    if (!err) {
        async_format(&a, p->h->version, p->out);
    }
    return err;
}

enum ofp_error msg_print_nx_controller_id(struct msg_print *p, struct wire_rd *r)
{
    uint16_t id;
    enum ofp_error err = controller_id_decode(r, &id);
    if (err && err != OFPERR_NXBRC_MUST_BE_ZERO) {
        return err;
    }
    text_printf(p->out, " id=%u", id);
    return OFPERR_OK;
}

enum ofp_error msg_print_controller_status(struct msg_print *p, struct wire_rd *r)
{
    struct controller_status c;
    enum ofp_error err = controller_status_decode(r, &c);
    if (!err) {
        controller_status_format(&c, p->out);
    }
    return err;
}

enum ofp_error msg_print_controller_status_reply(struct msg_print *p, struct wire_rd *r)
{
    while (wire_rd_left(r)) {
        text_putc(p->out, '\n');
        enum ofp_error err = msg_print_controller_status(p, r);
        if (err) {
            return err;
        }
    }
    return OFPERR_OK;
}

/* ---- messages within messages ---- */

enum ofp_error msg_print_bundle_control(struct msg_print *p, struct wire_rd *r)
{
    struct bundle_control c;
    enum ofp_error err = bundle_control_decode(r, &c);
    if (!err) {
        bundle_control_format(&c, p->out);
    }
    return err;
}

enum ofp_error msg_print_bundle_add(struct msg_print *p, struct wire_rd *r)
{
    struct bundle_add a;
    enum ofp_error err = bundle_add_decode(r, p->h, &a);
    if (!err) {
        bundle_add_format(&a, p->out);
        msg_print_nested(p, a.msg, a.msg_len);
    }
    return err;
}

static enum ofp_error print_bundle_features(struct msg_print *p, struct wire_rd *r)
{
    struct bundle_features f;
    enum ofp_error err = bundle_features_decode(r, p->h, &f);
    if (!err) {
        bundle_features_format(&f, p->h->type == MSG_BUNDLE_FEATURES_REPLY, p->out);
    }
    return err;
}

enum ofp_error msg_print_bundle_features_request(struct msg_print *p, struct wire_rd *r)
{
    return print_bundle_features(p, r);
}

enum ofp_error msg_print_bundle_features_reply(struct msg_print *p, struct wire_rd *r)
{
    return print_bundle_features(p, r);
}

enum ofp_error msg_print_requestforward(struct msg_print *p, struct wire_rd *r)
{
    struct requestforward rf;
    enum ofp_error err = requestforward_decode(r, p->h, &rf);
    if (err) {
        return err;
    }
    size_t before = p->out->len;
    text_printf(p->out, " reason=%s",
                rf.reason == REQUESTFORWARD_GROUP_MOD ? "group_mod" : "meter_mod");
    err = msg_print_nested_body(p, rf.msg, &rf.h);
    if (err) {
        text_truncate(p->out, before);
    }
    return err;
}

/* ---- others ---- */

enum ofp_error msg_print_tlv_table_mod(struct msg_print *p, struct wire_rd *r)
{
    struct tlv_table_mod m;
    enum ofp_error err = tlv_table_mod_decode(r, &m);
    if (!err) {
        tlv_table_mod_format(&m, p->out);
    }
    tlv_maps_deinit(&m.maps);
    return err;
}

enum ofp_error msg_print_tlv_table_reply(struct msg_print *p, struct wire_rd *r)
{
    struct tlv_table_reply t;
    enum ofp_error err = tlv_table_reply_decode(r, &t);
    if (!err) {
        tlv_table_reply_format(&t, p->out);
    }
    tlv_maps_deinit(&t.maps);
    return err;
}

enum ofp_error msg_print_ct_flush_zone(struct msg_print *p, struct wire_rd *r)
{
    uint16_t zone;
    enum ofp_error err = ct_flush_zone_decode(r, &zone);
    if (err && err != OFPERR_NXBRC_MUST_BE_ZERO) {
        return err;
    }
    text_printf(p->out, " zone_id=%u", zone);
    return OFPERR_OK;
}

enum ofp_error msg_print_ct_flush(struct msg_print *p, struct wire_rd *r)
{
    struct ct_flush f;
    enum ofp_error err = ct_flush_decode(r, &f);
    if (!err) {
        ct_flush_format(&f, p->out);
    }
    return err;
}

enum ofp_error msg_print_ipfix_stats(struct msg_print *p, struct wire_rd *r)
{
    bool bridge = p->h->type == MSG_NXST_IPFIX_BRIDGE_REPLY;
    if (!bridge) {
        text_printf(p->out, " %zu ids\n", wire_rd_left(r) / 88);
    }
    for (;;) {
        struct ipfix_stats stats;
        bool end;
        enum ofp_error err = ipfix_stats_decode(r, &stats, &end);
        if (err || end) {
            return err;
        }
        ipfix_stats_format(&stats, bridge, p->out);
    }
}
