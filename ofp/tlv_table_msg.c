/* tlv_table_msg.c - see tlv_table_msg.h; nicira-ext. */
#include "ofp/tlv_table_msg.h"

#include <stdlib.h>

#include "lib/mem.h"

#define MAP_LEN    8
#define LEN_MAX    124
#define N_FIELDS   64
#define LEN_FACTOR 4

void tlv_maps_deinit(struct tlv_maps *maps)
{
    free(maps->maps);
    *maps = (struct tlv_maps){.maps = NULL};
}

static void add(struct tlv_maps *maps, const struct tlv_mapping *map)
{
    maps->maps = xrealloc(maps->maps, (maps->n + 1) * sizeof *maps->maps);
    maps->maps[maps->n++] = *map;
}

static enum ofp_error decode_maps(struct wire_rd *r, unsigned n_fields, struct tlv_maps *maps)
{
    maps->maps = xcalloc(wire_rd_left(r) / MAP_LEN + 1, sizeof *maps->maps);
    while (wire_rd_left(r)) {
        struct tlv_mapping m = {.option_class = wire_rd_u16(r)};
        m.option_type = wire_rd_u8(r);
        m.len = wire_rd_u8(r);
        m.index = wire_rd_u16(r);
        wire_rd_skip(r, 2);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        if (m.len % LEN_FACTOR || m.len > LEN_MAX) {
            return OFPERR_NXTTMFC_BAD_OPT_LEN;
        }
        if (m.index >= n_fields) {
            return OFPERR_NXTTMFC_BAD_FIELD_IDX;
        }
        maps->maps[maps->n++] = m;
    }
    return OFPERR_OK;
}

static void encode_maps(const struct tlv_maps *maps, struct wire_wr *w)
{
    for (size_t i = 0; i < maps->n; i++) {
        wire_wr_u16(w, maps->maps[i].option_class);
        wire_wr_u8(w, maps->maps[i].option_type);
        wire_wr_u8(w, maps->maps[i].len);
        wire_wr_u16(w, maps->maps[i].index);
        wire_wr_zeros(w, 2);
    }
}

static void format_maps(const struct tlv_maps *maps, struct text *s)
{
    text_puts(s, " mapping table:\n  class  type  length  match field\n"
                 " ------  ----  ------  --------------");
    for (size_t i = 0; i < maps->n; i++) {
        const struct tlv_mapping *m = &maps->maps[i];
        text_printf(s, "\n %#6x  %#4x  %6u  tun_metadata%u", m->option_class, m->option_type,
                    m->len, m->index);
    }
}

/* ---- NXT_TLV_TABLE_MOD ---- */

enum ofp_error tlv_table_mod_decode(struct wire_rd *r, struct tlv_table_mod *m)
{
    *m = (struct tlv_table_mod){.command = TLV_ADD};
    uint16_t command = wire_rd_u16(r);
    wire_rd_skip(r, 6);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (command > TLV_CLEAR) {
        return OFPERR_NXTTMFC_BAD_COMMAND;
    }
    m->command = (enum tlv_command)command;
    return decode_maps(r, N_FIELDS, &m->maps);
}

void tlv_table_mod_encode(const struct tlv_table_mod *m, uint8_t version, uint32_t xid,
                          struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_TLV_TABLE_MOD, version, xid);
    wire_wr_u16(w, m->command);
    wire_wr_zeros(w, 6);
    encode_maps(&m->maps, w);
    msg_finish(w, start);
}

void tlv_table_mod_format(const struct tlv_table_mod *m, struct text *s)
{
    static const char *const commands[] = {"ADD", "DEL", "CLEAR"};

    text_printf(s, "\n %s", commands[m->command]);
    if (m->command != TLV_CLEAR) {
        format_maps(&m->maps, s);
    }
}

/* ---- text ---- */

/* 'prefix', then a number up to one of 'stops'. */
static bool take_number(const char **p, const char *prefix, const char *stops, uint32_t max,
                        uint32_t *value)
{
    char word[16];

    if (strncmp(*p, prefix, strlen(prefix))) {
        return false;
    }
    *p += strlen(prefix);
    size_t len = strcspn(*p, stops);
    if (len >= sizeof word) {
        return false;
    }
    memcpy(word, *p, len);
    word[len] = '\0';
    *p += len;
    return text_to_u32(word, value) && *value <= max;
}

static bool parse_map(const char **p, struct tlv_mapping *m)
{
    uint32_t class, type, len, index;

    if (!take_number(p, "{class=", ",", UINT16_MAX, &class) ||
        !take_number(p, ",type=", ",", UINT8_MAX, &type) ||
        !take_number(p, ",len=", "}", UINT8_MAX, &len) ||
        !take_number(p, "}->tun_metadata", ",", UINT16_MAX, &index)) {
        return false;
    }
    *m = (struct tlv_mapping){.option_class = (uint16_t) class,
                              .option_type = (uint8_t)type,
                              .len = (uint8_t)len,
                              .index = (uint16_t)index};
    return true;
}

char *tlv_maps_parse(const char *text, struct tlv_maps *maps)
{
    *maps = (struct tlv_maps){.maps = NULL};
    for (const char *p = text; *p; p += *p == ',') {
        struct tlv_mapping m;
        if (!parse_map(&p, &m)) {
            return xasprintf("%s: invalid tlv mapping", text);
        }
        add(maps, &m);
    }
    return NULL;
}

/* ---- NXT_TLV_TABLE_REPLY ---- */

enum ofp_error tlv_table_reply_decode(struct wire_rd *r, struct tlv_table_reply *t)
{
    *t = (struct tlv_table_reply){.max_space = wire_rd_u32(r)};
    t->max_fields = wire_rd_u16(r);
    wire_rd_skip(r, 10);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : decode_maps(r, t->max_fields, &t->maps);
}

void tlv_table_reply_encode(const struct tlv_table_reply *t, uint8_t version, uint32_t xid,
                            struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_TLV_TABLE_REPLY, version, xid);
    wire_wr_u32(w, t->max_space);
    wire_wr_u16(w, t->max_fields);
    wire_wr_zeros(w, 10);
    encode_maps(&t->maps, w);
    msg_finish(w, start);
}

void tlv_table_reply_format(const struct tlv_table_reply *t, struct text *s)
{
    unsigned used = 0;

    for (size_t i = 0; i < t->maps.n; i++) {
        used += t->maps.maps[i].len;
    }
    text_printf(s, "\n max option space=%" PRIu32 " max fields=%u\n allocated option space=%u\n\n",
                t->max_space, t->max_fields, used);
    format_maps(&t->maps, s);
}
