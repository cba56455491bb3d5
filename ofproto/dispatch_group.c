/* dispatch_group.c - see dispatch_group.h. */
#include "ofproto/dispatch_group.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/table_features.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"

enum capability { SELECT_WEIGHT = 1, SELECT_LIVENESS = 2, CHAINING = 4, CHAINING_CHECKS = 8 };

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

enum ofp_error dispatch_group_mod(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    (void)conn;
    struct group_mod gm;
    enum ofp_error error = group_mod_decode(r, h, &gm);

    if (!error) {
        error = group_mod_check(&gm, h->version);
        error = error ? error : bridge_group_mod(br, &gm);
        group_mod_deinit(&gm);
    }
    return error;
}

static void put_stats(const struct bridge *br, const struct group_entry *e, uint8_t version,
                      struct mp_reply *mp)
{
    int64_t age = loop_now(br->ofproto->loop) - e->created_ms;
    size_t n = e->group.n_buckets;
    struct group_stats s = {.id = e->group.id,
                            .ref_count = groups_ref_count(br->tables, e->group.id),
                            .n_packets = e->total->packets,
                            .n_bytes = e->total->bytes,
                            .duration_sec = (uint32_t)(age / 1000),
                            .duration_nsec = (uint32_t)(age % 1000) * 1000000,
                            .buckets = xcalloc(n + 1, sizeof *s.buckets),
                            .n_buckets = n};

    for (size_t i = 0; i < n; i++) {
        s.buckets[i] = (struct bucket_stats){e->buckets[i]->packets, e->buckets[i]->bytes};
    }
    group_stats_encode(&s, version, mp_reply_entry(mp));
    mp_reply_entry_end(mp);
    group_stats_deinit(&s);
}

static void put_desc(const struct bridge *br, const struct group_entry *e, uint8_t version,
                     struct mp_reply *mp)
{
    (void)br;
    group_desc_encode(&e->group, version, mp_reply_entry(mp));
    mp_reply_entry_end(mp);
}

/* One entry for each group that is asked for. */
static enum ofp_error answer(struct bridge *br, struct ofconn *conn, const struct msg_header *h,
                             struct wire_rd *r,
                             void (*put)(const struct bridge *, const struct group_entry *,
                                         uint8_t version, struct mp_reply *))
{
    struct mp_reply mp;
    uint32_t id;
    size_t n;
    enum ofp_error error = group_request_decode(r, h, &id);

    if (error) {
        return error;
    }
    ofproto_pull_stats(br->ofproto);
    struct group_entry **list = groups_list(br->tables, &n);
    /* In messages.def each reply is the row behind its request. */
    mp_reply_init(&mp, h->type + 1, h->version, h->xid, send_part, conn);
    for (size_t i = 0; i < n; i++) {
        if (id == OFPG_ALL || id == OFPG_ANY || id == list[i]->group.id) {
            put(br, list[i], h->version, &mp);
        }
    }
    mp_reply_finish(&mp);
    free(list);
    return OFPERR_OK;
}

enum ofp_error dispatch_group_stats(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    return answer(br, conn, h, r, put_stats);
}

enum ofp_error dispatch_group_desc(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    return answer(br, conn, h, r, put_desc);
}

enum ofp_error dispatch_group_features(struct bridge *br, struct ofconn *conn,
                                       const struct msg_header *h, struct wire_rd *r)
{
    (void)br;
    (void)r;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct group_features f = {.capabilities =
                                   SELECT_WEIGHT | SELECT_LIVENESS | CHAINING | CHAINING_CHECKS};

    for (unsigned type = 0; type < GROUP_N_TYPES; type++) {
        f.types |= BIT(type);
        f.max_groups[type] = OFPG_MAX;
        f.actions[type] = table_features_known_actions(h->version);
    }
    group_features_encode_reply(&f, h->version, h->xid, &w);
    ofconn_send(conn, w.data, w.len);
    wire_wr_deinit(&w);
    return OFPERR_OK;
}
