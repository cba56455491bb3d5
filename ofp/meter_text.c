/* meter_text.c - the text of meters, both ways; see meter.h.
 *
 * Words are separated by commas, blanks and `=` alike; the bands stand last. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"
#include "ofp/meter.h"

static const struct bit_name flag_names[] = {
    {OFPMF_KBPS, "kbps"}, {OFPMF_PKTPS, "pktps"}, {OFPMF_BURST, "burst"}, {OFPMF_STATS, "stats"}};
static const struct bit_name band_bits[] = {{BIT(METER_BAND_DROP), "drop"},
                                            {BIT(METER_BAND_DSCP_REMARK), "dscp_remark"}};

/* Meters that are no numbers. */
static const struct {
    const char *name;
    uint32_t id;
} meter_names[] = {{"all", OFPM_ALL}, {"controller", OFPM_CONTROLLER}, {"slowpath", OFPM_SLOWPATH}};

/* ---- parse ---- */

static char *next_key(char **save)
{
    return strtok_r(NULL, "=, \t\r\n", save);
}

/* The word behind `key`. */
static char *next_value(const char *key, char **save, char **value)
{
    *value = strtok_r(NULL, ", \t\r\n", save);
    return *value ? NULL : xasprintf("field %s missing value", key);
}

static char *parse_u32(const char *value, uint32_t *out)
{
    return text_to_u32(value, out) ? NULL : xasprintf("invalid numeric format %s", value);
}

static char *parse_id(const char *value, uint32_t *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(meter_names); i++) {
        if (!strcmp(value, meter_names[i].name)) {
            *id = meter_names[i].id;
            return NULL;
        }
    }
    char *error = parse_u32(value, id);
    return !error && (!*id || *id > OFPM_MAX) ? xstrdup("invalid value for meter") : error;
}

static bool parse_flag(const char *key, uint16_t *flags)
{
    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
        if (!strcmp(key, flag_names[i].name)) {
            *flags |= (uint16_t)flag_names[i].bit;
            return true;
        }
    }
    return false;
}

static char *parse_head(char *text, int command, struct meter *m, bool *has_id)
{
    char *save = text, *value, *error = NULL;

    for (char *key; !error && (key = next_key(&save));) {
        if (command != MM_DELETE && parse_flag(key, &m->flags)) {
            continue;
        }
        error = next_value(key, &save, &value);
        if (error) {
            break;
        }
        if (!strcmp(key, "meter")) {
            error = parse_id(value, &m->id);
            *has_id = true;
        } else {
            error = xasprintf("unknown keyword %s", key);
        }
    }
    return error;
}

/* A band begins with its type. */
static char *begin_band(const char *value, struct meter *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(band_bits); i++) {
        if (!strcmp(value, band_bits[i].name)) {
            m->bands = xrealloc(m->bands, (m->n_bands + 1) * sizeof *m->bands);
            m->bands[m->n_bands++] = (struct meter_band){.type = (uint16_t)(METER_BAND_DROP + i)};
            return NULL;
        }
    }
    return xasprintf("field type unknown value %s", value);
}

static char *parse_band_item(const char *key, const char *value, struct meter *m)
{
    struct meter_band *b = m->n_bands ? &m->bands[m->n_bands - 1] : NULL;

    if (!strcmp(key, "type")) {
        return begin_band(value, m);
    } else if (!b) {
        return xstrdup("band must start with the 'type' keyword");
    } else if (!strcmp(key, "rate")) {
        return parse_u32(value, &b->rate);
    } else if (!strcmp(key, "burst_size")) {
        return parse_u32(value, &b->burst_size);
    } else if (!strcmp(key, "prec_level")) {
        if (b->type != METER_BAND_DSCP_REMARK) {
            return xstrdup("Only 'dscp_remark' band may have 'prec_level'");
        }
        return text_to_u8(value, &b->prec_level) ? NULL
                                                 : xasprintf("invalid prec_level \"%s\"", value);
    }
    return xasprintf("unknown keyword %s", key);
}

static char *check_band(const struct meter *m, const struct meter_band *b)
{
    if (b->type == METER_BAND_DSCP_REMARK && !b->prec_level) {
        return xstrdup("'dscp_remark' band must have 'prec_level'");
    }
    if (!b->rate) {
        return xstrdup("band must have 'rate'");
    }
    if (m->flags & OFPMF_BURST && !b->burst_size) {
        return xstrdup("band must have 'burst_size' when 'burst' flag is set");
    }
    if (!(m->flags & OFPMF_BURST) && b->burst_size) {
        return xstrdup("band may have 'burst_size' only when 'burst' flag is set");
    }
    return NULL;
}

static char *parse_bands(char *text, struct meter *m)
{
    char *save = text, *value, *error = NULL;

    for (char *key; !error && (key = next_key(&save));) {
        error = next_value(key, &save, &value);
        error = error ? error : parse_band_item(key, value, m);
    }
    if (!error && !m->n_bands) {
        error = xstrdup("meter must have bands");
    }
    for (size_t i = 0; !error && i < m->n_bands; i++) {
        error = check_band(m, &m->bands[i]);
    }
    return error;
}

char *meter_mod_parse(char *text, int command, struct meter_mod *mm)
{
    struct meter *m = &mm->meter;
    bool has_id = false, has_bands = command != MM_DELETE;
    char *bands = NULL;

    bool is_raw;
    char *error = meter_parse_raw(text, command, mm, &is_raw);
    if (is_raw) {
        return error;
    }
    *mm = (struct meter_mod){.command = (uint16_t)command};
    if (has_bands) {
        char *word = strstr(text, "band");
        bands = word ? strchr(word, '=') : NULL;
        if (!bands) {
            return xstrdup("must specify bands");
        }
        *word = '\0';
    }
    error = parse_head(text, command, m, &has_id);
    if (!error && !has_id) {
        error = xstrdup("must specify 'meter'");
    }
    if (!error && has_bands && !(m->flags & (OFPMF_KBPS | OFPMF_PKTPS))) {
        error = xstrdup("meter must specify either 'kbps' or 'pktps'");
    }
    if (!error && has_bands) {
        error = parse_bands(bands + 1, m);
    }
    if (error) {
        meter_deinit(m);
    }
    return error;
}

/* ---- format ---- */

void meter_format_id(uint32_t id, char separator, struct text *t)
{
    text_printf(t, "meter%c", separator);
    for (size_t i = 0; i < ARRAY_SIZE(meter_names); i++) {
        if (meter_names[i].id == id) {
            text_puts(t, meter_names[i].name);
            return;
        }
    }
    if (id > OFPM_MAX) {
        text_puts(t, "unknown");
    } else {
        text_printf(t, "%" PRIu32, id);
    }
}

static void format_flags(uint16_t flags, struct text *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
        if (flags & flag_names[i].bit) {
            text_printf(t, "%s ", flag_names[i].name);
            flags &= (uint16_t)~flag_names[i].bit;
        }
    }
    if (flags) {
        text_printf(t, "flags:0x%x ", flags);
    }
}

void meter_words(const struct meter *m, struct text *t)
{
    meter_format_id(m->id, '=', t);
    text_putc(t, ' ');
    format_flags(m->flags, t);
    text_puts(t, "bands=\n");
    for (size_t i = 0; i < m->n_bands; i++) {
        const struct meter_band *b = &m->bands[i];
        text_printf(t, "type=%s rate=%" PRIu32, band_bits[b->type - METER_BAND_DROP].name, b->rate);
        if (m->flags & OFPMF_BURST) {
            text_printf(t, " burst_size=%" PRIu32, b->burst_size);
        }
        if (b->type == METER_BAND_DSCP_REMARK) {
            text_printf(t, " prec_level=%u", b->prec_level);
        }
        text_putc(t, '\n');
    }
}

void meter_command_format(uint16_t command, struct text *t)
{
    static const char *const names[] = {"ADD", "MOD", "DEL"};

    if (command < ARRAY_SIZE(names)) {
        text_printf(t, " %s ", names[command]);
    } else {
        text_printf(t, " cmd:%u ", command);
    }
}

void meter_stats_format(const struct meter_stats *s, struct text *t)
{
    meter_format_id(s->id, ':', t);
    text_printf(t,
                " flow_count:%" PRIu32 " packet_in_count:%" PRIu64 " byte_in_count:%" PRIu64
                " duration:",
                s->n_flows, s->n_packets, s->n_bytes);
    format_duration(t, s->duration_sec, s->duration_nsec);
    text_puts(t, " bands:\n");
    for (size_t i = 0; i < s->n_bands; i++) {
        text_printf(t, "%zu: packet_count:%" PRIu64 " byte_count:%" PRIu64 "\n", i,
                    s->bands[i].n_packets, s->bands[i].n_bytes);
    }
}

void meter_features_format(const struct meter_features *f, struct text *t)
{
    text_printf(t, "\nmax_meter:%" PRIu32 " max_bands:%u max_color:%u\nband_types: ", f->max_meters,
                f->max_bands, f->max_color);
    format_bits(t, f->band_types, band_bits, ARRAY_SIZE(band_bits), ' ');
    text_puts(t, "\ncapabilities: ");
    format_bits(t, f->capabilities, flag_names, ARRAY_SIZE(flag_names), ' ');
}
