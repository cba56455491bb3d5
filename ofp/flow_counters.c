/* flow_counters.c - see flow_counters.h: on the wire and as text.  OpenFlow 1.5.1 section 7.3.5.4.
 */
#include "ofp/flow_counters.h"

#include "ofp/flow_mod.h"
#include "ofp/format.h"

#define FIXED 8 /* Bytes of an entry before its match. */

enum ofp_error flow_counters_decode(struct wire_rd *r, const struct msg_header *h,
                                    struct flow_counters *fc, bool *end)
{
    memset(fc, 0, sizeof *fc);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    size_t len = wire_rd_u16(r);
    struct wire_rd entry = wire_rd_sub(r, len >= FIXED ? len - 2 : SIZE_MAX);
    wire_rd_skip(&entry, 2);
    fc->table_id = wire_rd_u8(&entry);
    fc->reason = wire_rd_u8(&entry);
    fc->priority = wire_rd_u16(&entry);
    if (r->err || entry.err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = match_decode(&entry, h, &fc->match);
    error = error ? error : oxs_decode(&entry, &fc->oxs);
    return !error && wire_rd_left(&entry) ? OFPERR_OFPBRC_BAD_LEN : error;
}

void flow_counters_encode(const struct flow_counters *fc, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_u16(w, 0);
    wire_wr_zeros(w, 2);
    wire_wr_u8(w, fc->table_id);
    wire_wr_u8(w, fc->reason);
    wire_wr_u16(w, fc->priority);
    match_encode(&fc->match, version, w);
    oxs_encode(&fc->oxs, w);
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

static void format_u64(struct text *s, const char *name, uint64_t value)
{
    if (value != UINT64_MAX) {
        text_printf(s, "%s=%" PRIu64 ", ", name, value);
    }
}

void flow_counters_format(const struct flow_counters *fc, const struct name_map *names,
                          struct text *s)
{
    const struct oxs *x = &fc->oxs;

    text_puts(s, fc->reason == 1 ? " reason=trigger, table=" : " table=");
    flow_format_table(fc->table_id, names, s);
    text_puts(s, ", ");
    if (x->duration_sec != UINT32_MAX) {
        text_puts(s, "duration=");
        format_duration(s, x->duration_sec, x->duration_nsec);
        text_puts(s, ", ");
    }
    if (x->idle_sec != UINT32_MAX) {
        text_printf(s, "idle_age=%" PRIu32 ", ", x->idle_sec);
    }
    format_u64(s, "n_packets", x->n_packets);
    format_u64(s, "n_bytes", x->n_bytes);
    match_format(&fc->match, names, fc->priority, s);
    text_chomp(s, ',');
    text_chomp(s, ' '); /* There is no match. */
    text_chomp(s, ',');
}
