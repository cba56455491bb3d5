/* ofconn_async.c - which asynchronous messages a connection gets: its role and its masks.
 * See ofconn-private.h.  OpenFlow 1.3.5 sections 6.3.4, 6.3.5, 7.3.9, 7.3.10. */
#include "ofproto/conn/ofconn-private.h"

#define PACKET_IN_DEFAULT    (UINT32_MAX & ~BIT(PIR_INVALID_TTL))
#define PORT_STATUS_DEFAULT  (BIT(PORT_ADD) | BIT(PORT_DELETE) | BIT(PORT_MODIFY))
#define FLOW_REMOVED_DEFAULT 0x3f
#define FLOW_REMOVED_13      0xf /* Idle, hard, delete, group delete: the reasons of 1.3. */

void ofconn_async_init(struct ofconn *c)
{
    struct async_config *a = &c->async;

    *a = (struct async_config){.given = UINT32_MAX};
    a->mask[ASYNC_PACKET_IN][0] = PACKET_IN_DEFAULT;
    a->mask[ASYNC_PORT_STATUS][0] = a->mask[ASYNC_PORT_STATUS][1] = PORT_STATUS_DEFAULT;
    a->mask[ASYNC_FLOW_REMOVED][0] = FLOW_REMOVED_DEFAULT;
    a->mask[ASYNC_TABLE_STATUS][0] = a->mask[ASYNC_TABLE_STATUS][1] =
        BIT(TABLE_VACANCY_DOWN) | BIT(TABLE_VACANCY_UP);
}

bool ofconn_wants(const struct ofconn *c, enum async_kind kind, unsigned reason)
{
    if (!c->version || c->dying || c->aux_id || (c->service && !c->miss_send_len)) {
        return false;
    }
    return reason < 32 && c->async.mask[kind][c->role == ROLE_SECONDARY] & BIT(reason);
}

/* What the message says; kinds that are not in it stay as they are. */
enum ofp_error ofconn_handle_set_async(struct ofconn *c, const struct msg_header *h,
                                       struct wire_rd *r)
{
    struct async_config a;
    struct ofconn *main = connmgr_main(c);
    enum ofp_error error = async_decode(r, h, &a);

    if (error) {
        return error;
    }
    for (unsigned i = 0; i < 2 * ASYNC_N_KINDS; i++) {
        unsigned kind = i / 2, secondary = i & 1 ? 0 : 1;
        if (a.given & BIT(i)) {
            main->async.mask[kind][secondary] = a.mask[kind][secondary];
        }
    }
    if (!main->miss_send_len) {
        main->miss_send_len = DEFAULT_MISS_LEN; /* Who asks for messages is to get them. */
    }
    return OFPERR_OK;
}

void ofconn_handle_get_async(struct ofconn *c, const struct msg_header *h)
{
    struct async_config a = connmgr_main(c)->async;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    for (int i = 0; i < 2 && c->version < OFP14_VERSION; i++) {
        a.mask[ASYNC_FLOW_REMOVED][i] &= FLOW_REMOVED_13;
    }
    async_encode(&a, MSG_GET_ASYNC_REPLY, c->version, h->xid, &w);
    ofconn_send(c, w.data, w.len);
    wire_wr_deinit(&w);
}

/* ---- roles ---- */

/* To who asked for it as the primary that it was, or as the secondary that it is. */
static void demote(struct ofconn *c)
{
    const uint64_t *id = connmgr_generation(c->mgr, false);
    const struct role_status rs = {.role = ROLE_SECONDARY,
                                   .reason = ROLE_REQUESTED,
                                   .generation_id = id ? *id : UINT64_MAX};
    bool wanted = ofconn_wants(c, ASYNC_ROLE_STATUS, ROLE_REQUESTED);

    c->role = ROLE_SECONDARY;
    if (c->version >= OFP13_VERSION &&
        (wanted || ofconn_wants(c, ASYNC_ROLE_STATUS, ROLE_REQUESTED))) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        role_status_encode(&rs, c->version, 0, &w);
        ofconn_send_async(c, w.data, w.len);
        wire_wr_deinit(&w);
    }
}

/* One primary at a time: the one before becomes a secondary. */
static void demote_others(struct ofconn *c)
{
    for (struct ofconn *o = connmgr_first(c->mgr); o; o = o->next) {
        if (o != c && o->role == ROLE_PRIMARY) {
            demote(o);
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
    const uint64_t *id = connmgr_generation(c->mgr, false);
    struct role_msg reply = {.role = connmgr_main(c)->role,
                             .has_generation_id = id != NULL,
                             .generation_id = id ? *id : UINT64_MAX};
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    bool nx = h->type == MSG_NXT_ROLE_REQUEST;

    role_encode(&reply, nx ? MSG_NXT_ROLE_REPLY : MSG_ROLE_REPLY, c->version, h->xid, &w);
    ofconn_send(c, w.data, w.len);
    wire_wr_deinit(&w);
}

enum ofp_error ofconn_handle_role(struct ofconn *c, const struct msg_header *h, struct wire_rd *r)
{
    struct role_msg request;
    struct ofconn *main = connmgr_main(c);
    enum ofp_error error = role_decode(r, h, &request);

    if (!error && h->type == MSG_ROLE_REQUEST && request.role >= ROLE_PRIMARY) {
        error = check_generation(c, request.generation_id);
    }
    if (error) {
        return error;
    }
    if (request.role != ROLE_NOCHANGE) {
        main->role = request.role;
        if (main->role == ROLE_PRIMARY) {
            demote_others(main);
        }
    }
    reply_role(c, h);
    return OFPERR_OK;
}
