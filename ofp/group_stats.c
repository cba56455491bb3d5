/* group_stats.c - see group.h: requests, statistics and features of groups. */
#include "ofp/group.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"

#define STATS_LEN 40 /* Of an entry without buckets; 32 without duration. */

enum msg_type group_msg_type(enum msg_type standard, uint8_t version)
{
    static const struct {
        enum msg_type standard, nicira;
        uint8_t last; /* Up to which version it is Nicira's. */
    } forms[] = {
        {MSG_GROUP_STATS_REQUEST, MSG_NXST_GROUP_REQUEST, OFP10_VERSION},
        {MSG_GROUP_STATS_REPLY, MSG_NXST_GROUP_REPLY, OFP10_VERSION},
        {MSG_GROUP_DESC_REQUEST, MSG_NXST_GROUP_DESC_REQUEST, OFP10_VERSION},
        {MSG_GROUP_DESC_REPLY, MSG_NXST_GROUP_DESC_REPLY, OFP10_VERSION},
        {MSG_GROUP_FEATURES_REQUEST, MSG_NXST_GROUP_FEATURES_REQUEST, OFP11_VERSION},
        {MSG_GROUP_FEATURES_REPLY, MSG_NXST_GROUP_FEATURES_REPLY, OFP11_VERSION},
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (forms[i].standard == standard && version <= forms[i].last) {
            return forms[i].nicira;
        }
    }
    return standard;
}

/* ---- requests ---- */

static bool has_number(enum msg_type type, uint8_t version)
{
    return type != MSG_GROUP_DESC_REQUEST || version >= OFP15_VERSION;
}

enum ofp_error group_request_decode(struct wire_rd *r, const struct msg_header *h, uint32_t *id)
{
    *id = OFPG_ALL;
    if (has_number(h->type, h->version)) {
        *id = wire_rd_u32(r);
        wire_rd_skip(r, 4);
    }
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void group_request_encode(enum msg_type standard, uint32_t id, uint8_t version, uint32_t xid,
                          struct wire_wr *w)
{
    enum msg_type type = group_msg_type(standard, version);
    size_t start = msg_start(w, type, version, xid);

    if (has_number(type, version)) {
        wire_wr_u32(w, id);
        wire_wr_zeros(w, 4);
    }
    msg_finish(w, start);
}

/* ---- statistics ---- */

/* 1.3 added it, and Nicira's form of 1.0 is younger. */
static bool has_duration(uint8_t version)
{
    return version == OFP10_VERSION || version >= OFP13_VERSION;
}

void group_stats_deinit(struct group_stats *s)
{
    free(s->buckets);
    s->buckets = NULL;
    s->n_buckets = 0;
}

enum ofp_error group_stats_decode(struct wire_rd *r, const struct msg_header *h,
                                  struct group_stats *s, bool *end)
{
    *s = (struct group_stats){.duration_sec = UINT32_MAX, .duration_nsec = UINT32_MAX};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    bool duration = has_duration(h->version);
    struct wire_rd e = *r;
    uint16_t len = wire_rd_u16(&e);
    wire_rd_skip(&e, 2);
    s->id = wire_rd_u32(&e);
    s->ref_count = wire_rd_u32(&e);
    wire_rd_skip(&e, 4);
    s->n_packets = wire_rd_u64(&e);
    s->n_bytes = wire_rd_u64(&e);
    if (duration) {
        s->duration_sec = wire_rd_u32(&e);
        s->duration_nsec = wire_rd_u32(&e);
    }
    size_t fixed = duration ? STATS_LEN : STATS_LEN - 8;
    if (e.err || len < fixed) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    s->n_buckets = (len - fixed) / sizeof *s->buckets;
    if (wire_rd_left(&e) / sizeof *s->buckets < s->n_buckets) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    s->buckets = s->n_buckets ? xcalloc(s->n_buckets, sizeof *s->buckets) : NULL;
    for (size_t i = 0; i < s->n_buckets; i++) {
        s->buckets[i].n_packets = wire_rd_u64(&e);
        s->buckets[i].n_bytes = wire_rd_u64(&e);
    }
    *r = e; /* Behind the last whole bucket, as the reference does. */
    return OFPERR_OK;
}

void group_stats_encode(const struct group_stats *s, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_zeros(w, 4);
    wire_wr_u32(w, s->id);
    wire_wr_u32(w, s->ref_count);
    wire_wr_zeros(w, 4);
    wire_wr_u64(w, s->n_packets);
    wire_wr_u64(w, s->n_bytes);
    if (has_duration(version)) {
        wire_wr_u32(w, s->duration_sec);
        wire_wr_u32(w, s->duration_nsec);
    }
    for (size_t i = 0; i < s->n_buckets; i++) {
        wire_wr_u64(w, s->buckets[i].n_packets);
        wire_wr_u64(w, s->buckets[i].n_bytes);
    }
    if (w->len - start > UINT16_MAX) {
        w->err = true;
    } else if (!w->err) {
        wire_wr_patch16(w, start, (uint16_t)(w->len - start));
    }
}

void group_stats_format(const struct group_stats *s, struct text *t)
{
    text_printf(t, "group_id=%" PRIu32 ",", s->id);
    if (s->duration_sec != UINT32_MAX) {
        text_puts(t, "duration=");
        format_duration(t, s->duration_sec, s->duration_nsec);
        text_putc(t, ',');
    }
    text_printf(t, "ref_count=%" PRIu32 ",packet_count=%" PRIu64 ",byte_count=%" PRIu64,
                s->ref_count, s->n_packets, s->n_bytes);
    for (size_t i = 0; i < s->n_buckets; i++) {
        const struct bucket_stats *b = &s->buckets[i];
        if (b->n_packets != UINT64_MAX) {
            text_printf(t, ",bucket%zu:packet_count=%" PRIu64 ",byte_count=%" PRIu64, i,
                        b->n_packets, b->n_bytes);
        }
    }
}

/* ---- features ---- */

enum ofp_error group_features_decode(struct wire_rd *r, struct group_features *f)
{
    f->types = wire_rd_u32(r);
    f->capabilities = wire_rd_u32(r);
    for (size_t i = 0; i < GROUP_N_TYPES; i++) {
        f->max_groups[i] = wire_rd_u32(r);
    }
    for (size_t i = 0; i < GROUP_N_TYPES; i++) {
        f->actions[i] = wire_rd_u32(r);
    }
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void group_features_encode_reply(const struct group_features *f, uint8_t version, uint32_t xid,
                                 struct wire_wr *w)
{
    enum msg_type type = group_msg_type(MSG_GROUP_FEATURES_REPLY, version);
    size_t start = msg_start(w, type, version, xid);

    wire_wr_u32(w, f->types);
    wire_wr_u32(w, f->capabilities);
    for (size_t i = 0; i < GROUP_N_TYPES; i++) {
        wire_wr_u32(w, f->max_groups[i]);
    }
    for (size_t i = 0; i < GROUP_N_TYPES; i++) {
        wire_wr_u32(w, f->actions[i]);
    }
    msg_finish(w, start);
}

/* The names of a version's standard actions, by number: in 1.0, in 1.1, later. */
static void format_actions(uint32_t bits, uint8_t version, struct text *t)
{
    enum { NO = 32 };
    static const struct {
        const char *name;
        uint8_t bit[3];
    } names[] = {
        {"output", {0, 0, 0}},
        {"group", {NO, 22, 22}},
        {"enqueue", {11, NO, NO}},
        {"set_field", {NO, NO, 25}},
        {"set_vlan_vid", {1, 1, NO}},
        {"set_vlan_pcp", {2, 2, NO}},
        {"strip_vlan", {3, 18, 18}},
        {"push_vlan", {NO, 17, 17}},
        {"mod_dl_src", {4, 3, NO}},
        {"mod_dl_dst", {5, 4, NO}},
        {"mod_nw_src", {6, 5, NO}},
        {"mod_nw_dst", {7, 6, NO}},
        {"mod_nw_tos", {8, 7, NO}},
        {"mod_nw_ecn", {NO, 8, NO}},
        {"mod_nw_ttl", {NO, 23, 23}},
        {"mod_tp_src", {9, 9, NO}},
        {"mod_tp_dst", {10, 10, NO}},
        {"dec_ttl", {NO, 24, 24}},
        {"set_mpls_label", {NO, 13, NO}},
        {"set_mpls_tc", {NO, 14, NO}},
        {"set_mpls_ttl", {NO, 15, 15}},
        {"dec_mpls_ttl", {NO, 16, 16}},
        {"push_mpls", {NO, 19, 19}},
        {"pop_mpls", {NO, 20, 20}},
        {"copy_ttl_out", {NO, 11, 11}},
        {"copy_ttl_in", {NO, 12, 12}},
        {"push_pbb", {NO, NO, 26}},
        {"pop_pbb", {NO, NO, 27}},
        {"set_queue", {NO, 21, 21}},
    };
    unsigned column = MIN(version - 1u, 2u);
    const char *separator = "";

    if (version < OFP13_VERSION) {
        bits &= BIT(26) - 1; /* MAC in MAC came last. */
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        unsigned bit = names[i].bit[column];
        if (bit != NO && bits & BIT(bit)) {
            text_printf(t, "%s%s", separator, names[i].name);
            separator = " ";
        }
    }
    text_puts(t, *separator ? "" : "<none>");
}

void group_features_format(const struct group_features *f, uint8_t version, struct text *t)
{
    static const char *const names[] = {"all", "select", "indirect", "fast failover"};

    text_printf(t, "\n Group table:\n    Types:  0x%" PRIx32 "\n    Capabilities:  0x%" PRIx32 "\n",
                f->types, f->capabilities);
    for (size_t i = 0; i < GROUP_N_TYPES; i++) {
        if (f->types & BIT(i)) {
            text_printf(t,
                        "    %s group:\n       max_groups=%#" PRIx32 "\n       actions: ", names[i],
                        f->max_groups[i]);
            format_actions(f->actions[i], version, t);
            text_putc(t, '\n');
        }
    }
}
