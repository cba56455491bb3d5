/* table_mod.c - see table_mod.h.  OpenFlow 1.1 section A.3.3, 1.4 sections 7.3.3, 7.3.5.8, 7.4.5.
 */
#include "ofp/table_mod.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/format.h"
#include "ofp/prop.h"

#define CONFIG_MISS   3
#define CONFIG_EVICT  4
#define CONFIG_VACANT 8

#define PROP_EVICTION 2
#define PROP_VACANCY  3

void table_config_init(struct table_config *c)
{
    *c = (struct table_config){.eviction_flags = TABLE_EVICT_UNSET};
}

static void read_config(uint32_t bits, struct table_config *c)
{
    c->evict = bits & CONFIG_EVICT;
    c->warn_vacant = bits & CONFIG_VACANT;
}

static uint32_t config_bits(const struct table_config *c)
{
    return (c->evict ? CONFIG_EVICT : 0u) | (c->warn_vacant ? CONFIG_VACANT : 0u);
}

static enum ofp_error decode_prop(struct prop *p, struct table_config *c, bool *known)
{
    *known = true;
    if (p->type == PROP_EVICTION) {
        return prop_u32(p, &c->eviction_flags);
    }
    if (p->type == PROP_VACANCY) {
        c->has_vacancy = true;
        c->vacancy_down = wire_rd_u8(&p->body);
        c->vacancy_up = wire_rd_u8(&p->body);
        c->vacancy = wire_rd_u8(&p->body);
        wire_rd_skip(&p->body, 1);
        return p->body.err || wire_rd_left(&p->body) ? OFPERR_OFPBPC_BAD_LEN : OFPERR_OK;
    }
    *known = false;
    return OFPERR_OK;
}

static void put_props(const struct table_config *c, struct wire_wr *w)
{
    if (c->eviction_flags != TABLE_EVICT_UNSET) {
        prop_put_u32(w, PROP_EVICTION, c->eviction_flags);
    }
    if (c->has_vacancy) {
        prop_put_u32(w, PROP_VACANCY,
                     (uint32_t)c->vacancy_down << 24 | (uint32_t)c->vacancy_up << 16 |
                         (uint32_t)c->vacancy << 8);
    }
    wire_wr_bytes(w, c->props.bytes, c->props.len);
}

/* ---- TABLE_MOD ---- */

static enum ofp_error decode_mod_props(struct wire_rd *r, struct table_config *c)
{
    while (wire_rd_left(r)) {
        struct prop p;
        bool known = true;
        enum ofp_error error = prop_decode(r, &p);
        error = error ? error : decode_prop(&p, c, &known);
        if (error) {
            return error;
        }
        if (!known) {
            return OFPERR_OFPBRC_BAD_TYPE;
        }
        if (p.type == PROP_VACANCY &&
            (c->vacancy_down > c->vacancy_up || c->vacancy_up > 100 || c->vacancy)) {
            return OFPERR_OFPBPC_BAD_VALUE;
        }
    }
    return OFPERR_OK;
}

enum ofp_error table_mod_decode(struct wire_rd *r, const struct msg_header *h,
                                struct table_config *c)
{
    table_config_init(c);
    c->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    uint32_t bits = wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (h->version < OFP13_VERSION) {
        bits &= CONFIG_MISS;
        c->miss_config = bits == CONFIG_MISS ? TABLE_MISS_CONTROLLER : (enum table_miss)(bits + 1);
    } else if (h->version > OFP13_VERSION) {
        read_config(bits, c);
        return decode_mod_props(r, c);
    }
    return OFPERR_OK;
}

void table_mod_encode(const struct table_config *c, uint8_t version, uint32_t xid,
                      struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_TABLE_MOD, version, xid);
    wire_wr_u8(w, c->table_id);
    wire_wr_zeros(w, 3);
    if (version < OFP13_VERSION) {
        wire_wr_u32(w, c->miss_config ? (uint32_t)c->miss_config - 1 : 0);
    } else if (version == OFP13_VERSION) {
        wire_wr_u32(w, 0);
    } else {
        wire_wr_u32(w, config_bits(c));
        put_props(c, w);
    }
    msg_finish(w, start);
}

static void format_mod_eviction(const struct table_config *c, struct text *s)
{
    /* With flags, the reference takes them for its own setting of eviction; so do we. */
    static const char *const by_flags[] = {NULL, ", eviction=on", ", eviction=off"};

    if (c->eviction_flags == TABLE_EVICT_UNSET) {
        text_printf(s, ", eviction=%s", c->evict ? "on" : "off");
    } else if (c->eviction_flags >= ARRAY_SIZE(by_flags)) {
        text_puts(s, ", eviction=***error***");
    } else if (c->eviction_flags) {
        text_puts(s, by_flags[c->eviction_flags]);
    }
}

static const char *const misses[] = {NULL, "controller", "continue", "drop"};

void table_mod_format(const struct table_config *c, uint8_t version, const struct name_map *names,
                      struct text *s)
{
    if (c->table_id == OFPTT_ALL) {
        text_puts(s, " table_id: ALL_TABLES");
    } else {
        text_puts(s, " table_id=");
        flow_format_table(c->table_id, names, s);
    }
    if (c->miss_config) {
        text_printf(s, ", flow_miss_config=%s", misses[c->miss_config]);
    }
    if (version < OFP14_VERSION) {
        return;
    }
    format_mod_eviction(c, s);
    text_printf(s, ", vacancy=%s", c->warn_vacant ? "on" : "off");
    if (c->warn_vacant) {
        text_printf(s, " vacancy:%u,%u", c->vacancy_down, c->vacancy_up);
    }
}

static char *parse_percent(const char *word, const char *which, uint8_t *value)
{
    if (!*word) {
        return xasprintf("Vacancy %s value missing", which);
    }
    return text_to_u8(word, value) && *value <= 100
               ? NULL
               : xasprintf("Invalid vacancy %s value \"%s\"", which, word);
}

/* LOW,HIGH */
static char *parse_vacancy(const char *text, struct table_config *c)
{
    char *low = xstrdup(text), *high = low + strcspn(low, ",");

    if (*high) {
        *high++ = '\0';
    }
    char *error = parse_percent(low, "down", &c->vacancy_down);
    error = error ? error : parse_percent(high, "up", &c->vacancy_up);
    if (!error && c->vacancy_down > c->vacancy_up) {
        error = xasprintf("Invalid vacancy range, vacancy up should be greater than vacancy down "
                          "(%s)",
                          ofp_error_name(OFPERR_OFPBPC_BAD_VALUE));
    }
    free(low);
    c->warn_vacant = c->has_vacancy = true;
    c->vacancy = 0;
    return error;
}

#define VERSIONS(FIRST, LAST) (uint32_t)((BIT((LAST) + 1) - 1) & ~(BIT(FIRST) - 1))

char *table_mod_parse(const char *word, struct table_config *c, uint32_t *versions)
{
    *versions = VERSIONS(OFP11_VERSION, OFP12_VERSION);
    for (size_t i = 1; i < ARRAY_SIZE(misses); i++) {
        if (!strcmp(word, misses[i])) {
            c->miss_config = (enum table_miss)i;
            return NULL;
        }
    }
    *versions = VERSIONS(OFP14_VERSION, OFP15_VERSION);
    if (!strcmp(word, "evict") || !strcmp(word, "noevict")) {
        c->evict = word[0] == 'e';
        c->eviction_flags = TABLE_EVICT_UNSET; /* The switch's choice. */
        return NULL;
    }
    if (!strcmp(word, "novacancy")) {
        c->warn_vacant = c->has_vacancy = false;
        return NULL;
    }
    if (!strncmp(word, "vacancy:", 8)) {
        return parse_vacancy(word + 8, c);
    }
    return xasprintf("invalid table_mod setting %s", word);
}

/* ---- TABLE_DESC ---- */

enum ofp_error table_desc_decode(struct wire_rd *r, struct table_config *c, bool *end)
{
    table_config_init(c);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    size_t len = wire_rd_u16(r);
    struct wire_rd d = wire_rd_sub(r, r->err || len < 8 ? SIZE_MAX : len - 2);
    c->table_id = wire_rd_u8(&d);
    wire_rd_skip(&d, 1);
    read_config(wire_rd_u32(&d), c);
    if (r->err || d.err) {
        r->err = true;
        return OFPERR_OFPBRC_BAD_LEN;
    }
    while (wire_rd_left(&d)) {
        struct prop p;
        bool known;
        enum ofp_error error = prop_decode(&d, &p);
        error = error ? error : decode_prop(&p, c, &known);
        if (error) {
            return error;
        }
        if (!known) {
            prop_keep(&c->props, p.start, p.len);
        }
    }
    return OFPERR_OK;
}

void table_desc_encode(const struct table_config *c, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_u16(w, 0);
    wire_wr_u8(w, c->table_id);
    wire_wr_u8(w, 0);
    wire_wr_u32(w, config_bits(c));
    put_props(c, w);
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

void table_desc_format(const struct table_config *c, const struct name_map *names, struct text *s)
{
    static const struct bit_name flags[] = {{TABLE_EVICT_OTHER, "OTHER"},
                                            {TABLE_EVICT_IMPORTANCE, "IMPORTANCE"},
                                            {TABLE_EVICT_LIFETIME, "LIFETIME"}};
    text_puts(s, "\n  table ");
    flow_format_table(c->table_id, names, s);
    text_printf(s, ":\n   eviction=%s eviction_flags=", c->evict ? "on" : "off");
    if (c->eviction_flags == TABLE_EVICT_UNSET) {
        text_puts(s, "(default)");
    } else {
        format_bits(s, c->eviction_flags, flags, ARRAY_SIZE(flags), '|');
    }
    text_printf(s, "\n   vacancy=%s", c->warn_vacant ? "on" : "off");
    if (c->warn_vacant) {
        text_printf(s, " vacancy_down=%u%% vacancy_up=%u%% vacancy=%u%%", c->vacancy_down,
                    c->vacancy_up, c->vacancy);
    }
    text_putc(s, '\n');
}

/* ---- TABLE_STATUS ---- */

enum ofp_error table_status_decode(struct wire_rd *r, enum table_status_reason *reason,
                                   struct table_config *c)
{
    bool end;
    uint8_t value = wire_rd_u8(r);

    wire_rd_skip(r, 7);
    table_config_init(c);
    *reason = value == TABLE_VACANCY_UP ? TABLE_VACANCY_UP : TABLE_VACANCY_DOWN;
    if (value != *reason) {
        return OFPERR_OFPBPC_BAD_VALUE;
    }
    enum ofp_error error = table_desc_decode(r, c, &end);
    return !error && end ? OFPERR_OFPBRC_BAD_LEN : error;
}

void table_status_encode(enum table_status_reason reason, const struct table_config *c,
                         uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_TABLE_STATUS, version, xid);
    wire_wr_u8(w, (uint8_t)reason);
    wire_wr_zeros(w, 7);
    table_desc_encode(c, w);
    msg_finish(w, start);
}
