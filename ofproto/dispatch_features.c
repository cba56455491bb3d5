/* dispatch_features.c - see dispatch_features.h.
 * Journey: a multipart request -> its parts, kept with the session until the last one is there ->
 * each entry is compared with what the table can do -> all are taken, or none -> the reply.
 *
 * What our tables can do does not change: their names do, and a request that leaves out a table or
 * asks for anything else is refused as a whole.  Specification: OpenFlow 1.3.5 section 7.3.5.5;
 * 1.5.1 section 7.3.5.18 (commands). */
#include "ofproto/dispatch_features.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/table_features.h"
#include "ofproto/bridge_table.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/session.h"

#define MAX_BYTES   (UINT32_C(2) << 20) /* Of the parts of a request: ours have 0.4 MB. */
#define MAX_ENTRIES 1000000             /* What is said of a table without a limit. */

struct features_request {
    uint32_t xid;
    struct wire_wr entries;
};

void dispatch_features_get(const struct bridge *br, uint8_t id, uint8_t version,
                           struct table_features *f)
{
    const char *name = bridge_table_name(br, id);
    struct table_config c;

    bridge_table_get(br, id, &c);
    table_features_ours(f, id, OFP_N_TABLES, version);
    f->max_entries = MIN(bridge_table_limit(br, id), MAX_ENTRIES);
    f->miss_config = c.miss_config;
    f->can_evict = f->can_warn_vacant = version >= OFP14_VERSION;
    if (name) {
        snprintf(f->name, sizeof f->name, "%s", name);
    }
}

/* ---- replies ---- */

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

static void reply(const struct bridge *br, struct ofconn *conn, const struct msg_header *h)
{
    struct mp_reply mp;

    mp_reply_init(&mp, MSG_TABLE_FEATURES_REPLY, h->version, h->xid, send_part, conn);
    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        struct table_features f;
        dispatch_features_get(br, (uint8_t)id, h->version, &f);
        table_features_encode(&f, h->version, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
}

/* ---- parts ---- */

void dispatch_features_closed(struct session *s)
{
    if (s->features) {
        wire_wr_deinit(&s->features->entries);
        free(s->features);
        s->features = NULL;
    }
}

/* A request whose first part another one follows is given up. */
static enum ofp_error keep(struct session *s, const struct msg_header *h, const struct wire_rd *r)
{
    if (s->features && s->features->xid != h->xid) {
        dispatch_features_closed(s);
    }
    if (!s->features) {
        s->features = xzalloc(sizeof *s->features);
        s->features->xid = h->xid;
        s->features->entries = WIRE_WR_INIT(MAX_BYTES);
    }
    wire_wr_bytes(&s->features->entries, r->p, wire_rd_left(r));
    if (s->features->entries.err) {
        dispatch_features_closed(s);
        return OFPERR_OFPBRC_MULTIPART_BUFFER_OVERFLOW;
    }
    return OFPERR_OK;
}

/* ---- changes ---- */

static bool same_actions(const struct table_action_features *a,
                         const struct table_action_features *b)
{
    return a->actions == b->actions && !memcmp(&a->set_field, &b->set_field, sizeof a->set_field);
}

static bool same_instructions(const struct table_instruction_features *a,
                              const struct table_instruction_features *b)
{
    return a->instructions == b->instructions && !memcmp(a->next, b->next, sizeof a->next) &&
           same_actions(&a->write, &b->write) && same_actions(&a->apply, &b->apply);
}

static bool same_props(const struct table_features *a, const struct table_features *b)
{
    return same_instructions(&a->hit, &b->hit) && same_instructions(&a->miss, &b->miss) &&
           !memcmp(&a->match, &b->match, sizeof a->match) &&
           !memcmp(&a->mask, &b->mask, sizeof a->mask) &&
           !memcmp(&a->wildcard, &b->wildcard, sizeof a->wildcard);
}

/* Is this what the table can do? */
static enum ofp_error check(const struct bridge *br, const struct table_features *want,
                            uint8_t version)
{
    struct table_features have;

    if (want->table_id >= OFP_N_TABLES) {
        return OFPERR_OFPTFFC_BAD_TABLE;
    }
    dispatch_features_get(br, want->table_id, version, &have);
    if (want->command == TABLE_FEATURES_DISABLE) {
        return OFPERR_OFPTFFC_EPERM;
    }
    if (want->metadata_match != have.metadata_match ||
        want->metadata_write != have.metadata_write) {
        return OFPERR_OFPTFFC_BAD_METADATA;
    }
    if (want->max_entries != have.max_entries) {
        return OFPERR_OFPTFFC_BAD_MAX_ENT;
    }
    if (want->can_evict != have.can_evict || want->can_warn_vacant != have.can_warn_vacant) {
        return OFPERR_OFPTFFC_BAD_CAPA;
    }
    return want->has_props && !same_props(want, &have) ? OFPERR_OFPTFFC_BAD_FEATURES : OFPERR_OK;
}

/* Every entry, or the first error; 'apply': the checks are behind us. */
static enum ofp_error walk(struct bridge *br, const struct msg_header *h, struct wire_rd r,
                           bool apply)
{
    uint8_t seen[OFP_N_TABLES] = {0};
    unsigned n_seen = 0;
    bool all = false;

    while (true) {
        struct table_features f;
        bool end;
        enum ofp_error error = table_features_decode(&r, h, &f, &end);
        if (error || end) {
            return error                           ? error
                   : all && n_seen != OFP_N_TABLES ? OFPERR_OFPTFFC_EPERM /* None can go. */
                                                   : OFPERR_OK;
        }
        error = check(br, &f, h->version);
        if (error) {
            return error;
        }
        if (seen[f.table_id]) {
            return OFPERR_NXTFFC_DUP_TABLE;
        }
        seen[f.table_id] = 1;
        n_seen++;
        all |= f.command == TABLE_FEATURES_REPLACE; /* Before 1.5 there is no other command. */
        if (apply) {
            bridge_table_rename(br, f.table_id, f.name);
        }
    }
}

/* Errors that 1.5 brought are, before, of an argument that is not supported. */
static enum ofp_error for_version(enum ofp_error error, uint8_t version)
{
    switch (error) {
    case OFPERR_OFPTFFC_BAD_CAPA:
    case OFPERR_OFPTFFC_BAD_MAX_ENT:
    case OFPERR_OFPTFFC_BAD_FEATURES:
        return version >= OFP15_VERSION ? error : OFPERR_OFPBPC_BAD_VALUE;
    default:
        return error;
    }
}

static enum ofp_error change(struct bridge *br, struct session *s, const struct msg_header *h)
{
    struct wire_rd r;

    wire_rd_init(&r, s->features->entries.data, s->features->entries.len);
    enum ofp_error error = walk(br, h, r, false);
    return error ? for_version(error, h->version) : walk(br, h, r, true);
}

enum ofp_error dispatch_table_features(struct bridge *br, struct ofconn *conn,
                                       const struct msg_header *h, struct wire_rd *r)
{
    struct session *s = session_of(conn, br);
    bool more = h->mp_flags & OFPMPF_MORE;
    enum ofp_error error = OFPERR_OK;

    if (more || wire_rd_left(r) || (s->features && s->features->xid == h->xid)) {
        error = ofconn_is_slave(conn) ? OFPERR_OFPBRC_IS_SECONDARY : keep(s, h, r);
        if (error || more) {
            return error;
        }
        error = change(br, s, h);
        dispatch_features_closed(s);
    }
    if (!error) {
        reply(br, conn, h);
    }
    return error;
}
