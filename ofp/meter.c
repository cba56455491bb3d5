/* meter.c - see meter.h: meters on the wire.  Text is in meter_text.c. */
#include "ofp/meter.h"

#include <stdlib.h>

#include "lib/mem.h"

#define BAND_LEN   16
#define CONFIG_LEN 8  /* Of an entry without bands. */
#define STATS_LEN  40 /* The same. */

void meter_deinit(struct meter *m)
{
    free(m->bands);
    m->bands = NULL;
    m->n_bands = 0;
}

/* ---- bands ---- */

static enum ofp_error decode_band(struct wire_rd *r, struct meter_band *b)
{
    *b = (struct meter_band){.type = wire_rd_u16(r)};
    uint16_t len = wire_rd_u16(r);
    b->rate = wire_rd_u32(r);
    b->burst_size = wire_rd_u32(r);
    uint8_t level = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    if (r->err || len != BAND_LEN) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (b->type == METER_BAND_DSCP_REMARK) {
        b->prec_level = level;
    }
    return b->type == METER_BAND_DROP || b->type == METER_BAND_DSCP_REMARK
               ? OFPERR_OK
               : OFPERR_OFPMMFC_BAD_BAND;
}

/* The rest of 'r'; what was decoded is the meter's also on error. */
static enum ofp_error decode_bands(struct wire_rd *r, struct meter *m)
{
    enum ofp_error error = OFPERR_OK;

    m->bands = xcalloc(wire_rd_left(r) / BAND_LEN + 1, sizeof *m->bands);
    while (!error && wire_rd_left(r)) {
        error = decode_band(r, &m->bands[m->n_bands]);
        m->n_bands += !error;
    }
    return error;
}

static void encode_bands(const struct meter *m, struct wire_wr *w)
{
    for (size_t i = 0; i < m->n_bands; i++) {
        const struct meter_band *b = &m->bands[i];
        wire_wr_u16(w, b->type);
        wire_wr_u16(w, BAND_LEN);
        wire_wr_u32(w, b->rate);
        wire_wr_u32(w, b->burst_size);
        wire_wr_u8(w, b->prec_level);
        wire_wr_zeros(w, 3);
    }
}

/* ---- METER_MOD ---- */

enum ofp_error meter_mod_decode(struct wire_rd *r, const struct msg_header *h UNUSED,
                                struct meter_mod *mm)
{
    struct meter *m = &mm->meter;
    enum ofp_error error = OFPERR_OK;

    *mm = (struct meter_mod){.command = wire_rd_u16(r)};
    m->flags = wire_rd_u16(r);
    m->id = wire_rd_u32(r);
    if (r->err || wire_rd_left(r) % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (mm->command > MM_DELETE) {
        return OFPERR_OFPMMFC_BAD_COMMAND;
    }
    if (mm->command == MM_DELETE) {
        m->flags = 0; /* The number is all that counts. */
        return OFPERR_OK;
    }
    if (m->flags & OFPMF_KBPS && m->flags & OFPMF_PKTPS) {
        error = OFPERR_OFPMMFC_BAD_FLAGS;
    }
    error = error ? error : decode_bands(r, m);
    if (error) {
        meter_deinit(m);
    }
    return error;
}

enum ofp_error meter_mod_check(const struct meter_mod *mm, const struct meter_features *f)
{
    const struct meter *m = &mm->meter;

    if (mm->command == MM_DELETE) {
        return OFPERR_OK;
    }
    if (!m->id || (m->id > OFPM_MAX && m->id != OFPM_CONTROLLER && m->id != OFPM_SLOWPATH)) {
        return OFPERR_OFPMMFC_INVALID_METER;
    }
    if (m->id <= OFPM_MAX && m->id > f->max_meters) {
        return OFPERR_OFPMMFC_OUT_OF_METERS;
    }
    if (m->flags & ~f->capabilities) {
        return OFPERR_OFPMMFC_BAD_FLAGS;
    }
    if (m->n_bands > f->max_bands) {
        return OFPERR_OFPMMFC_OUT_OF_BANDS;
    }
    for (size_t i = 0; i < m->n_bands; i++) {
        if (!(f->band_types & BIT(m->bands[i].type))) {
            return OFPERR_OFPMMFC_BAD_BAND;
        }
    }
    return OFPERR_OK;
}

void meter_mod_encode(const struct meter_mod *mm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_METER_MOD, version, xid);

    wire_wr_u16(w, mm->command);
    wire_wr_u16(w, mm->meter.flags);
    wire_wr_u32(w, mm->meter.id);
    encode_bands(&mm->meter, w);
    msg_finish(w, start);
}

/* ---- requests ---- */

enum ofp_error meter_request_decode(struct wire_rd *r, uint32_t *id)
{
    *id = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void meter_request_encode(enum msg_type type, uint32_t id, uint8_t version, uint32_t xid,
                          struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);

    wire_wr_u32(w, id);
    wire_wr_zeros(w, 4);
    msg_finish(w, start);
}

/* ---- METER_CONFIG ---- */

enum ofp_error meter_config_decode(struct wire_rd *r, struct meter *m, bool *end)
{
    *m = (struct meter){0};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    uint16_t len = wire_rd_u16(r);
    struct wire_rd entry = wire_rd_sub(r, len >= CONFIG_LEN ? len - 2u : SIZE_MAX);
    m->flags = wire_rd_u16(&entry);
    m->id = wire_rd_u32(&entry);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = decode_bands(&entry, m);
    if (error) {
        meter_deinit(m);
    }
    return error;
}

void meter_config_encode(const struct meter *m, struct wire_wr *w)
{
    size_t len = CONFIG_LEN + m->n_bands * BAND_LEN;

    if (len > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_u16(w, (uint16_t)len);
    wire_wr_u16(w, m->flags);
    wire_wr_u32(w, m->id);
    encode_bands(m, w);
}

/* ---- statistics ---- */

void meter_stats_deinit(struct meter_stats *s)
{
    free(s->bands);
    s->bands = NULL;
    s->n_bands = 0;
}

enum ofp_error meter_stats_decode(struct wire_rd *r, struct meter_stats *s, bool *end)
{
    *s = (struct meter_stats){0};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    struct wire_rd e = *r;
    s->id = wire_rd_u32(&e);
    uint16_t len = wire_rd_u16(&e);
    wire_rd_skip(&e, 6);
    s->n_flows = wire_rd_u32(&e);
    s->n_packets = wire_rd_u64(&e);
    s->n_bytes = wire_rd_u64(&e);
    s->duration_sec = wire_rd_u32(&e);
    s->duration_nsec = wire_rd_u32(&e);
    if (e.err || len < STATS_LEN || len > wire_rd_left(r) ||
        (len - STATS_LEN) % sizeof(struct meter_band_stats)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    wire_rd_skip(r, len);
    s->n_bands = (len - STATS_LEN) / sizeof *s->bands;
    s->bands = s->n_bands ? xcalloc(s->n_bands, sizeof *s->bands) : NULL;
    for (size_t i = 0; i < s->n_bands; i++) {
        s->bands[i].n_packets = wire_rd_u64(&e);
        s->bands[i].n_bytes = wire_rd_u64(&e);
    }
    return OFPERR_OK;
}

void meter_stats_encode(const struct meter_stats *s, struct wire_wr *w)
{
    size_t len = STATS_LEN + s->n_bands * sizeof *s->bands;

    if (len > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_u32(w, s->id);
    wire_wr_u16(w, (uint16_t)len);
    wire_wr_zeros(w, 6);
    wire_wr_u32(w, s->n_flows);
    wire_wr_u64(w, s->n_packets);
    wire_wr_u64(w, s->n_bytes);
    wire_wr_u32(w, s->duration_sec);
    wire_wr_u32(w, s->duration_nsec);
    for (size_t i = 0; i < s->n_bands; i++) {
        wire_wr_u64(w, s->bands[i].n_packets);
        wire_wr_u64(w, s->bands[i].n_bytes);
    }
}

/* ---- features ---- */

enum ofp_error meter_features_decode(struct wire_rd *r, struct meter_features *f)
{
    f->max_meters = wire_rd_u32(r);
    f->band_types = wire_rd_u32(r);
    f->capabilities = wire_rd_u32(r);
    f->max_bands = wire_rd_u8(r);
    f->max_color = wire_rd_u8(r);
    wire_rd_skip(r, 2);
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void meter_features_encode_reply(const struct meter_features *f, uint8_t version, uint32_t xid,
                                 struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_METER_FEATURES_REPLY, version, xid);

    wire_wr_u32(w, f->max_meters);
    wire_wr_u32(w, f->band_types);
    wire_wr_u32(w, f->capabilities);
    wire_wr_u8(w, f->max_bands);
    wire_wr_u8(w, f->max_color);
    wire_wr_zeros(w, 2);
    msg_finish(w, start);
}
