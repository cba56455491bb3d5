/* dispatch_bundle.c - see dispatch_bundle.h.
 * Journey: OPEN, ADD_MESSAGE..., COMMIT -> here -> dispatch_change() for each message, in order, in
 * a transaction of the tables -> tables_commit(), or at the first error tables_abort().
 *
 * A message is decoded when it comes, so that its errors come at once, and but for most flow-mods
 * (bundle_flow.h) again at the commit, when only the state of the switch can still refuse it. Every
 * bundle is atomic and ordered, whatever its flags ask for; to packets between two passes it is
 * where ATOMIC is asked for, and the datapath ours (take_effect()).  Flow-mods in a bundle send no
 * buffered packet.  What a connection can have here is bounded, and a bundle that nothing happens
 * to is dropped. Specification: OpenFlow 1.4.1 sections 6.8 and 7.3.9; in 1.3 EXT-230.
 *
 * A packet-out is checked at its place among the messages, and its packet sent, without a buffer,
 * when all has been committed: it meets the tables as the whole bundle leaves them. */
#include "ofproto/dispatch_bundle.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/bundle.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"
#include "ofproto/bridge_keep.h"
#include "ofproto/bridge_monitor.h"
#include "ofproto/bridge_table.h"
#include "ofproto/bundle_flow.h"
#include "ofproto/dispatch_forward.h"
#include "ofproto/learn.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"
#include "ofproto/table/table.h"

#define MAX_BUNDLES 16
#define MAX_BYTES   (UINT32_C(256) << 20) /* Of messages, in all bundles of a connection. */
#define IDLE_MS     10000
#define CHUNK       24576 /* Bytes of messages in one, if it is more than one message. */
#define ETH_LEN     14

struct bundle {
    struct bundle *next;
    struct session *session; /* Borrowed: it owns the bundle. */
    uint32_t id;
    uint16_t flags;
    bool closed;
    struct wire_wr open; /* The message that opened it. */
    struct chunk *first, *last;
    size_t flow_bytes; /* Of records in all chunks. */
    bool others;       /* There are messages beside flow-mods. */
    struct loop_timer idle;
};

/* Messages in order.  A commit frees chunk after chunk, and the rules that it makes take their
 * place: memory that was never touched before costs more than all that is done with it. */
struct chunk {
    struct chunk *next;
    struct wire_wr messages; /* Whole ones. */
    struct wire_wr flows;    /* Flow-mods among them, as far as there is room: bundle_flow.h. */
};

/* ---- the bundles of a connection ---- */

static struct bundle **find(struct session *s, uint32_t id)
{
    struct bundle **b = &s->bundles;

    while (*b && (*b)->id != id) {
        b = &(*b)->next;
    }
    return b;
}

static void drop_chunk(struct bundle *b)
{
    struct chunk *c = b->first;

    b->first = c->next;
    b->session->bundle_bytes -= c->messages.len;
    wire_wr_deinit(&c->messages);
    wire_wr_deinit(&c->flows);
    free(c);
}

static void drop(struct bundle **at)
{
    struct bundle *b = *at;

    *at = b->next;
    while (b->first) {
        drop_chunk(b);
    }
    loop_timer_cancel(&b->idle);
    wire_wr_deinit(&b->open);
    free(b);
}

void bundles_discard(struct session *s)
{
    while (s->bundles) {
        drop(&s->bundles);
    }
}

static void on_idle(void *b_)
{
    struct bundle *b = b_;

    ofconn_send_error(b->session->conn, OFPERR_OFPBFC_TIMEOUT, b->open.data, b->open.len);
    drop(find(b->session, b->id));
}

static enum ofp_error open(struct session *s, uint32_t id, uint16_t flags, const void *msg,
                           size_t len)
{
    size_t n = 0;

    if (flags & ~(BUNDLE_ATOMIC | BUNDLE_ORDERED)) {
        return flags & BUNDLE_TIME ? OFPERR_OFPBFC_SCHED_NOT_SUPPORTED : OFPERR_OFPBFC_BAD_FLAGS;
    }
    for (const struct bundle *b = s->bundles; b; b = b->next) {
        n++;
    }
    if (n >= MAX_BUNDLES) {
        return OFPERR_OFPBFC_OUT_OF_BUNDLES;
    }
    struct bundle *b = xzalloc(sizeof *b);
    *b = (struct bundle){.session = s,
                         .id = id,
                         .flags = flags,
                         .open = WIRE_WR_INIT(OFP_MAX_LEN),
                         .next = s->bundles};
    wire_wr_bytes(&b->open, msg, len);
    loop_timer_init(&b->idle, s->bridge->ofproto->loop, on_idle, b);
    loop_timer_after(&b->idle, IDLE_MS);
    s->bundles = b;
    return OFPERR_OK;
}

/* ---- messages ---- */

static const struct act_limits limits = {.n_tables = OFP_N_TABLES, .cur_table = OFPTT_ALL};

static bool is_flow_mod(enum msg_type type)
{
    return type == MSG_FLOW_MOD || type == MSG_NXT_FLOW_MOD;
}

static enum ofp_error decode_flow_mod(struct wire_rd *r, const struct msg_header *h,
                                      struct flow_mod *fm)
{
    enum ofp_error error = flow_mod_decode(r, h, &limits, fm);

    if (!error && fm->buffer_id != OFP_NO_BUFFER) {
        error = OFPERR_OFPBRC_BUFFER_UNKNOWN;
        flow_mod_deinit(fm);
    }
    return error;
}

static enum ofp_error check_group_mod(struct wire_rd *r, const struct msg_header *h)
{
    struct group_mod gm;
    enum ofp_error error = group_mod_decode(r, h, &gm);

    if (!error) {
        error = group_mod_check(&gm, h->version);
        group_mod_deinit(&gm);
    }
    return error;
}

static enum ofp_error read_port_mod(const uint8_t *msg, size_t len, struct port_mod *m)
{
    struct wire_rd r;
    struct msg_header h;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    return error ? error : port_mod_decode(&r, &h, m);
}

/* MSG_N_TYPES: it cannot be read. */
static enum msg_type type_of(const uint8_t *msg, size_t len)
{
    struct wire_rd r;
    struct msg_header h;

    wire_rd_init(&r, msg, len);
    return msg_decode_header(&r, &h) ? MSG_N_TYPES : h.type;
}

static enum ofp_error read_packet_out(const struct bridge *br, const uint8_t *msg, size_t len,
                                      struct packet_out *po)
{
    struct wire_rd r;
    struct msg_header h;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    h.tlvs = br->tlvs;
    return error ? error : packet_out_decode(&r, &h, &limits, po);
}

static enum ofp_error check_packet_out(const struct bridge *br, const struct bundle_add *a)
{
    struct packet_out po;
    enum ofp_error error = read_packet_out(br, a->msg, a->msg_len, &po);

    if (!error) {
        error = po.buffer_id != OFP_NO_BUFFER ? OFPERR_OFPBRC_BUFFER_UNKNOWN
                : !po.data_len                ? OFPERR_OFPBRC_BUFFER_EMPTY
                : po.data_len < ETH_LEN       ? OFPERR_OFPBRC_BAD_PACKET
                                              : OFPERR_OK;
        packet_out_deinit(&po);
    }
    return error;
}

/* With OFPERR_OK 'fm' is a flow-mod's, the caller's to deinit. */
static enum ofp_error check_message(const struct bridge *br, const struct bundle_add *a,
                                    struct flow_mod *fm)
{
    struct wire_rd r;
    struct msg_header h;
    struct port_mod pm;

    wire_rd_init(&r, a->msg, a->msg_len);
    enum ofp_error error = msg_decode_header(&r, &h);
    if (error) {
        return error;
    }
    h.tlvs = br->tlvs;
    switch (a->type) {
    case MSG_FLOW_MOD:
    case MSG_NXT_FLOW_MOD:
        return decode_flow_mod(&r, &h, fm);
    case MSG_GROUP_MOD:
    case MSG_NXT_GROUP_MOD:
        return check_group_mod(&r, &h);
    case MSG_PORT_MOD:
        return port_mod_decode(&r, &h, &pm);
    case MSG_PACKET_OUT:
        return check_packet_out(br, a);
    default:
        return OFPERR_OFPBFC_MSG_UNSUP;
    }
}

/* ---- commit ---- */

/* Port-mods are not in the tables: what each one found, to go back to. */
struct undo {
    struct port_mod *mods;
    size_t n, cap;
};

static void note_port(struct bridge *br, const uint8_t *msg, size_t len, struct undo *undo)
{
    struct port_mod m;

    if (read_port_mod(msg, len, &m) || !bridge_port_by_ofp(br, m.port)) {
        return;
    }
    m.config = bridge_port_by_ofp(br, m.port)->desc.config;
    if (undo->n == undo->cap) {
        undo->cap = undo->cap ? 2 * undo->cap : 8;
        undo->mods = xrealloc(undo->mods, undo->cap * sizeof *undo->mods);
    }
    undo->mods[undo->n++] = m;
}

static void undo_ports(struct bridge *br, const struct undo *undo)
{
    for (size_t i = undo->n; i-- > 0;) {
        (void)bridge_port_mod(br, &undo->mods[i]);
    }
}

/* A packet-out at its place: could it be sent? */
static enum ofp_error try_packet_out(const struct bridge *br, const uint8_t *msg, size_t len)
{
    struct packet_out po;
    enum ofp_error error = read_packet_out(br, msg, len, &po);

    if (!error) {
        error = bridge_packet_out_check(br, &po);
        packet_out_deinit(&po);
    }
    return error;
}

/* Calls 'each' for the messages of a bundle. */
static void for_each(const struct bundle *b, struct bridge *br, struct ofconn *conn,
                     void (*each)(struct bridge *, struct ofconn *, const uint8_t *, size_t))
{
    for (const struct chunk *c = b->first; c; c = c->next) {
        for (size_t ofs = 0, len; ofs < c->messages.len; ofs += len) {
            len = get_be16(c->messages.data + ofs + 2);
            each(br, conn, c->messages.data + ofs, len);
        }
    }
}

static void forward(struct bridge *br, struct ofconn *conn, const uint8_t *msg, size_t len)
{
    dispatch_forward(br, conn, msg, len);
}

/* It was tried: what is wrong with it now is the packet's, which is dropped. */
static void send_packet_out(struct bridge *br, struct ofconn *conn, const uint8_t *msg, size_t len)
{
    struct packet_out po;

    if (type_of(msg, len) == MSG_PACKET_OUT && !read_packet_out(br, msg, len, &po)) {
        (void)bridge_packet_out_send(br, conn, &po);
        packet_out_deinit(&po);
    }
}

/* What has been taken back in the tables, for those who were told of it. */
static void on_undone(void *br_, enum undo_kind kind, void *what)
{
    struct bridge *br = br_;
    struct rule *rule = what;
    struct group_entry *group = what;

    switch (kind) {
    case UNDO_RULE_CAME:
        bridge_keep_rule_gone(br, rule);
        bridge_table_changed(br, rule->table_id, NULL);
        break;
    case UNDO_GROUP_CAME:
        if (!groups_live(br->tables, group->group.id)) {
            bridge_keep_group(br, group->group.id, true);
        }
        break;
    case UNDO_GROUP_WENT:
        bridge_keep_group(br, group->group.id, false);
        break;
    case UNDO_RULE_WENT:
        if (rule_is_live(rule)) {
            bridge_keep_rule(br, rule);
            bridge_table_changed(br, rule->table_id, rule);
        }
        learn_rule_added(br, rule);
        break;
    case UNDO_RULE_NEVER:
        learn_rule_forgotten(br, rule);
        break;
    }
}

/* '*flow': the place of the next flow-mod's record. */
static enum ofp_error change(struct bridge *br, struct ofconn *conn, const struct chunk *c,
                             const uint8_t *msg, size_t *flow, struct undo *undo)
{
    size_t len = get_be16(msg + 2);
    enum msg_type type = type_of(msg, len);
    struct flow_mod fm;

    if (is_flow_mod(type) && bundle_flow_get(&c->flows, flow, &fm)) {
        return dispatch_change_flow(br, conn, &fm, msg);
    }
    if (type == MSG_PORT_MOD) {
        note_port(br, msg, len, undo);
    }
    return type == MSG_PACKET_OUT ? try_packet_out(br, msg, len)
                                  : dispatch_change(br, conn, msg, len);
}

/* The message at fault gets its error. */
static enum ofp_error change_all(struct bridge *br, struct ofconn *conn, const struct chunk *c,
                                 struct undo *undo)
{
    enum ofp_error error = OFPERR_OK;
    size_t flow = 0;

    for (size_t ofs = 0, len; ofs < c->messages.len && !error; ofs += len) {
        const uint8_t *msg = c->messages.data + ofs;
        len = get_be16(msg + 2);
        error = change(br, conn, c, msg, &flow, undo);
        if (error) {
            ofconn_send_error(conn, error, msg, len);
        }
    }
    return error;
}

static void publish(void *br_)
{
    struct bridge *br = br_;

    tables_commit(br->tables);
    if (loop_call_pending(&br->ofproto->cfg_call)) {
        ofproto_cfg_update(br->ofproto); /* Ports as the bundle leaves them. */
    }
}

/* Packets meet what the bundle leaves, rules, groups and ports, at once, those on their way to a
 * further pass included; where that is not asked for, or the datapath cannot, each look-up does. */
static void take_effect(struct bridge *br, const struct bundle *b)
{
    bool ports = loop_call_pending(&br->ofproto->cfg_call);

    if (!(b->flags & BUNDLE_ATOMIC) ||
        !revalidate_atomic(br->ofproto->revalidator, ports ? NULL : br->tables, publish, br)) {
        tables_commit(br->tables);
    }
}

/* All or nothing; messages for which nothing is left to do go on the way. */
static enum ofp_error commit(struct bridge *br, struct ofconn *conn, struct bundle *b)
{
    struct removed_rule **removed = br->removed_tail;
    size_t noted = bridge_monitor_mark(br);
    enum ofp_error error = OFPERR_OK;
    struct undo undo = {0};

    tables_begin(br->tables);
    for (struct chunk *c = b->first, *next; c && !error; c = next) {
        next = c->next;
        error = change_all(br, conn, c, &undo);
        if (!b->others) {
            drop_chunk(b);
        }
    }
    if (error) {
        tables_abort(br->tables, on_undone, br);
        bridge_flow_forget_removed(br, removed);
        bridge_monitor_forget(br, noted);
        undo_ports(br, &undo);
    } else {
        take_effect(br, b);
        for_each(b, br, conn, forward);
        for_each(b, br, conn, send_packet_out);
    }
    free(undo.mods);
    bridge_flow_arm(br);
    return error ? OFPERR_OFPBFC_MSG_FAILED : OFPERR_OK;
}

/* ---- rows of the table ---- */

static enum ofp_error control(struct session *s, const struct bundle_control *c, const void *msg,
                              size_t len)
{
    struct bundle **b = find(s, c->id);
    enum ofp_error error = OFPERR_OK;

    if (c->type == BUNDLE_OPEN_REQUEST) {
        return *b ? OFPERR_OFPBFC_BUNDLE_EXIST : open(s, c->id, c->flags, msg, len);
    }
    if (c->type != BUNDLE_CLOSE_REQUEST && c->type != BUNDLE_COMMIT_REQUEST &&
        c->type != BUNDLE_DISCARD_REQUEST) {
        return OFPERR_OFPBFC_BAD_TYPE;
    }
    if (!*b) {
        return OFPERR_OFPBFC_BAD_ID;
    }
    if (c->type != BUNDLE_DISCARD_REQUEST && c->flags != (*b)->flags) {
        return OFPERR_OFPBFC_BAD_FLAGS;
    }
    if (c->type == BUNDLE_CLOSE_REQUEST) {
        error = (*b)->closed ? OFPERR_OFPBFC_BUNDLE_CLOSED : OFPERR_OK;
        (*b)->closed = true;
        loop_timer_after(&(*b)->idle, IDLE_MS);
        return error;
    }
    if (c->type == BUNDLE_COMMIT_REQUEST) {
        error = commit(s->bridge, s->conn, *b);
    }
    drop(b);
    return error;
}

enum ofp_error dispatch_bundle_control(struct bridge *br, struct ofconn *conn,
                                       const struct msg_header *h, struct wire_rd *r)
{
    struct session *s = session_of(conn, br);
    struct bundle_control c;
    enum ofp_error error = bundle_control_decode(r, &c);
    struct wire_wr request = WIRE_WR_INIT(OFP_MAX_LEN), w = WIRE_WR_INIT(OFP_MAX_LEN);

    if (error) {
        return error;
    }
    bundle_control_encode(&c, h->version, h->xid, &request);
    error = control(s, &c, request.data, request.len);
    wire_wr_deinit(&request);
    if (!error) {
        c.type++; /* The reply to each request. */
        c.props_len = 0;
        bundle_control_encode(&c, h->version, h->xid, &w);
        ofconn_send(conn, w.data, w.len);
        wire_wr_deinit(&w);
    }
    return error;
}

static struct chunk *chunk_for(struct bundle *b, size_t len)
{
    struct chunk *c = b->first ? b->last : NULL;

    if (!c || c->messages.len + len > CHUNK) {
        struct chunk *new = xmalloc(sizeof *new);
        *new =
            (struct chunk){.messages = WIRE_WR_INIT(MAX_BYTES), .flows = WIRE_WR_INIT(MAX_BYTES)};
        *(c ? &c->next : &b->first) = new;
        b->last = c = new;
    }
    return c;
}

/* 'fm': if it is a flow-mod. */
static void put_message(struct bundle *b, const struct bundle_add *a, const struct flow_mod *fm)
{
    struct chunk *c = chunk_for(b, a->msg_len);

    wire_wr_bytes(&c->messages, a->msg, a->msg_len);
    b->session->bundle_bytes += a->msg_len;
    if (!is_flow_mod(a->type)) {
        b->others = true;
    } else if (b->flow_bytes < MAX_BYTES) {
        size_t before = c->flows.len;
        bundle_flow_put(&c->flows, fm);
        b->flow_bytes += c->flows.len - before;
    }
    loop_timer_after(&b->idle, IDLE_MS);
}

/* Opens the bundle if there is none of the number. */
enum ofp_error dispatch_bundle_add(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    struct session *s = session_of(conn, br);
    struct bundle_add a;
    enum ofp_error error = bundle_add_decode(r, h, &a);

    if (error) {
        return error;
    }
    struct bundle **b = find(s, a.id);
    if (*b && (*b)->closed) {
        return OFPERR_OFPBFC_BUNDLE_CLOSED;
    }
    if (*b && (*b)->flags != a.flags) {
        return OFPERR_OFPBFC_BAD_FLAGS;
    }
    if (s->bundle_bytes + a.msg_len > MAX_BYTES) {
        return OFPERR_OFPBFC_MSG_TOO_MANY;
    }
    struct flow_mod fm;
    error = check_message(br, &a, &fm);
    if (error) {
        return error;
    }
    if (!*b) {
        error = open(s, a.id, a.flags, a.msg, a.msg_len);
        b = find(s, a.id);
    }
    if (!error) {
        put_message(*b, &a, &fm);
    }
    if (is_flow_mod(a.type)) {
        flow_mod_deinit(&fm);
    }
    return error;
}
