/* ofconn_async.c - which asynchronous messages a connection gets: its role and its masks.
 * See ofconn-private.h.  OpenFlow 1.3.5 sections 6.3.4, 6.3.5, 7.3.9, 7.3.10. */
#include "ofproto/conn/ofconn-private.h"

#define PACKET_IN_DEFAULT    (UINT32_MAX & ~BIT(PIR_INVALID_TTL))
#define PORT_STATUS_DEFAULT  (BIT(PORT_ADD) | BIT(PORT_DELETE) | BIT(PORT_MODIFY))
#define FLOW_REMOVED_DEFAULT 0xf /* Idle, hard, delete, group delete. */
/* Reasons that 1.3 knows, for the reply. */
#define PACKET_IN_KNOWN    0x7
#define FLOW_REMOVED_KNOWN 0xf

void ofconn_async_init(struct ofconn *c)
{
    memset(c->async, 0, sizeof c->async);
    c->async[ASYNC_PACKET_IN][0] = PACKET_IN_DEFAULT;
    c->async[ASYNC_PORT_STATUS][0] = c->async[ASYNC_PORT_STATUS][1] = PORT_STATUS_DEFAULT;
    c->async[ASYNC_FLOW_REMOVED][0] = FLOW_REMOVED_DEFAULT;
}

bool ofconn_wants(const struct ofconn *c, enum async_type type, unsigned reason)
{
    if (!c->version || c->dying || (c->service && !c->miss_send_len)) {
        return false;
    }
    return reason < 32 && c->async[type][c->role == ROLE_SECONDARY] & BIT(reason);
}

enum ofp_error ofconn_handle_set_async(struct ofconn *c, struct wire_rd *r)
{
    uint32_t masks[ASYNC_N][2];

    for (size_t i = 0; i < ASYNC_N; i++) {
        masks[i][0] = wire_rd_u32(r);
        masks[i][1] = wire_rd_u32(r);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    memcpy(c->async, masks, sizeof masks);
    if (!c->miss_send_len) {
        c->miss_send_len = DEFAULT_MISS_LEN; /* Who asks for messages is to get them. */
    }
    return OFPERR_OK;
}

void ofconn_handle_get_async(struct ofconn *c, const struct msg_header *h)
{
    static const uint32_t known[ASYNC_N] = {PACKET_IN_KNOWN, PORT_STATUS_DEFAULT,
                                            FLOW_REMOVED_KNOWN};
    uint8_t body[4 * 2 * ASYNC_N];
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    for (size_t i = 0; i < 2 * ASYNC_N; i++) {
        put_be32(body + 4 * i, c->async[i / 2][i % 2] & known[i / 2]);
    }
    msg_encode_simple(MSG_GET_ASYNC_REPLY, c->version, h->xid, body, sizeof body, &w);
    ofconn_send(c, w.data, w.len);
    wire_wr_deinit(&w);
}

/* ---- roles ---- */

enum { WIRE_NOCHANGE, WIRE_EQUAL, WIRE_PRIMARY, WIRE_SECONDARY };

/* One primary at a time: the one before becomes a secondary. */
static void demote_others(struct ofconn *c)
{
    for (struct ofconn *o = connmgr_first(c->mgr); o; o = o->next) {
        if (o != c && o->role == ROLE_PRIMARY) {
            o->role = ROLE_SECONDARY;
        }
    }
}

/* The generation counts for primary and secondary; roles from an older one are refused. */
static enum ofp_error check_generation(struct ofconn *c, uint64_t id)
{
    uint64_t *current = connmgr_generation(c->mgr, false);

    if (current && (int64_t)(id - *current) < 0) {
        return OFPERR_OFPRRFC_STALE;
    }
    *connmgr_generation(c->mgr, true) = id;
    return OFPERR_OK;
}

static void reply_role(struct ofconn *c, const struct msg_header *h)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint8_t body[16] = {0};

    if (h->type == MSG_NXT_ROLE_REQUEST) {
        put_be32(body, c->role);
        msg_encode_simple(MSG_NXT_ROLE_REPLY, c->version, h->xid, body, 4, &w);
    } else {
        const uint64_t *id = connmgr_generation(c->mgr, false);
        put_be32(body, c->role + (uint32_t)WIRE_EQUAL);
        put_be64(body + 8, id ? *id : UINT64_MAX);
        msg_encode_simple(MSG_ROLE_REPLY, c->version, h->xid, body, sizeof body, &w);
    }
    ofconn_send(c, w.data, w.len);
    wire_wr_deinit(&w);
}

enum ofp_error ofconn_handle_role(struct ofconn *c, const struct msg_header *h, struct wire_rd *r)
{
    bool nx = h->type == MSG_NXT_ROLE_REQUEST;
    uint32_t role = wire_rd_u32(r) + (nx ? WIRE_EQUAL : 0); /* Nicira's have no NOCHANGE. */

    if (!nx) {
        wire_rd_skip(r, 4);
    }
    uint64_t id = nx ? 0 : wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (role > WIRE_SECONDARY || (nx && role < WIRE_EQUAL)) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    if (!nx && role >= WIRE_PRIMARY) {
        enum ofp_error error = check_generation(c, id);
        if (error) {
            return error;
        }
    }
    if (role != WIRE_NOCHANGE) {
        c->role = (enum ofconn_role)(role - WIRE_EQUAL);
        if (c->role == ROLE_PRIMARY) {
            demote_others(c);
        }
    }
    reply_role(c, h);
    return OFPERR_OK;
}
