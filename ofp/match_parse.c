/* match_parse.c - see match.h: fields and protocol words of a flow's text into a match. */
#include "ofp/match-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/field_map.h"

static const struct field_word *find_word(const char *key)
{
    for (const struct field_word *w = field_words; w->word; w++) {
        if (!strcmp(w->word, key)) {
            return w;
        }
    }
    return NULL;
}

static void set_number(enum field_id id, uint64_t x, struct match *m)
{
    struct field_value value, ones;

    field_value_from_u64(&fields[id], x, &value);
    field_value_ones(&fields[id], &ones);
    field_set_match(&fields[id], &value, &ones, m);
}

static void set_word(const struct field_word *w, struct match *m)
{
    if (!w->eth_type) {
        set_number(MF_PACKET_TYPE, 0, m);
        return;
    }
    set_number(MF_ETH_TYPE, w->eth_type, m);
    if (w->ip_proto) {
        set_number(MF_NW_PROTO, w->ip_proto, m);
    }
}

/* Tunnel options can be given once each, and their space is limited. */
static char *check_tun(const struct field *f, const struct match *m)
{
    return field_is_wild(f, &m->mask) ? NULL : xasprintf("field %s set multiple times", f->name);
}

static char *set_field(const struct field *f, const struct field_value *value,
                       const struct field_value *mask, struct match *m)
{
    /* No message carries these (dl_vlan, which has no code point either, goes as others). */
    if (!f->cp[0].name && f->prereq == PREREQ_NONE && !is_all_zeros(mask->b, f->n_bytes)) {
        return xstrdup("actions are invalid with specified match (OFPBAC_MATCH_INCONSISTENT)");
    }
    if (field_is_tun(f)) {
        char *error = check_tun(f, m);
        if (error) {
            return error;
        }
        bool exact = is_all_ones(mask->b, f->n_bytes);
        unsigned used = match_tun_used(m) + field_wire_len(f, value, exact ? NULL : mask);
        if (used > TUN_SPACE) {
            return xasprintf("field %s exceeds maximum size for tunnel metadata (used %u, max %d)",
                             f->name, used, TUN_SPACE);
        }
    }
    field_set_match(f, value, mask, m);
    return NULL;
}

/* `reg0[0..3]=5`: adds to what is already matched of the field. */
static char *parse_subfield_item(const char *key, const char *text, struct match *m,
                                 const struct field **given, struct field_value *given_mask)
{
    struct subfield sf;
    struct field_value value, mask, bits = {{0}};
    uint64_t x = 0;
    char *error = subfield_parse(key, &sf);

    if (error) {
        return error;
    }
    if (!text_to_u64(text, &x)) {
        return xasprintf("%s: cannot parse integer value: %s", key, text);
    }
    if (sf.n_bits < 64 && x >> sf.n_bits) {
        return xasprintf("%s: value 0x%" PRIx64 " does not fit into %u bits", key, x, sf.n_bits);
    }
    const struct field *f = sf.field;
    error = field_is_tun(f) ? check_tun(f, m) : NULL;
    if (error) {
        return error;
    }
    if (f->maskable == MASK_NONE && sf.n_bits != f->n_bits) {
        return xasprintf("%s: invalid mask for field %s", key, f->name);
    }
    put_be64(bits.b + sizeof bits.b - 8, x);
    field_get(f, &m->flow, &value);
    field_get(f, &m->mask, &mask);
    bits_copy(bits.b, sizeof bits.b, 0, value.b, f->n_bytes, sf.ofs, sf.n_bits);
    memset(&bits, 0xff, sizeof bits);
    bits_copy(bits.b, sizeof bits.b, 0, mask.b, f->n_bytes, sf.ofs, sf.n_bits);
    *given = f;
    bits_copy(bits.b, sizeof bits.b, 0, given_mask->b, f->n_bytes, sf.ofs, sf.n_bits);
    return set_field(f, &value, &mask, m);
}

char *match_parse_field(const char *key, const char *value, const struct name_map *names,
                        struct match *m, bool *found, const struct field **given,
                        struct field_value *given_mask)
{
    const struct field_word *word = *value ? NULL : find_word(key);
    const struct field *f = word ? NULL : field_by_name(key);

    *found = true;
    *given = f;
    memset(given_mask, 0, sizeof *given_mask);
    if (!strcmp(key, "raw_match")) {
        return match_parse_raw(value, m);
    }
    if (word) {
        set_word(word, m);
        return NULL;
    }
    if (f) {
        struct field_value v;
        value = *value ? value : "0/0"; /* `tun_metadata0`: it is there. */
        char *error = field_parse(f, value, names, &v, given_mask);
        return error ? error : set_field(f, &v, given_mask, m);
    }
    if (strchr(key, '[')) {
        return parse_subfield_item(key, value, m, given, given_mask);
    }
    *found = false;
    return NULL;
}

char *match_parse_item(const char *key, const char *value, const struct name_map *names,
                       struct match *m, bool *found)
{
    const struct field *f;
    struct field_value mask;

    return match_parse_field(key, value, names, m, found, &f, &mask);
}

/* Fields whose bits other fields share, or which mean nothing outside their protocol. */
static bool depends_on_protocol(const struct field *f)
{
    switch (f->prereq) {
    case PREREQ_NONE:
    case PREREQ_CT:
    case PREREQ_NSH:
    case PREREQ_VLAN_VID:
    case PREREQ_IN_PORT:
        return false;
    default:
        return true;
    }
}

static bool has_all_prereqs(const struct match *m, const struct field_map *map)
{
    FIELD_FOR_EACH(id, map) {
        if (depends_on_protocol(&fields[id]) && !field_prereq_ok(&fields[id], m)) {
            return false;
        }
    }
    return true;
}

bool match_normalise(struct match *m, struct text *what)
{
    struct flow keep, seen;
    struct field_map map;

    field_map_init(&map, &m->mask);
    if (has_all_prereqs(m, &map)) {
        return false;
    }
    struct match before = *m;
    memset(&keep, 0, sizeof keep);
    memset(&seen, 0, sizeof seen);
    FIELD_FOR_EACH(id, &map) {
        const struct field *f = &fields[id];
        if (depends_on_protocol(f)) {
            field_mask_exact(f, field_prereq_ok(f, &before) ? &keep : &seen);
        }
    }
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        uint64_t drop = flow_words(&seen)[i] & ~flow_words(&keep)[i];
        flow_words_mut(&m->flow)[i] &= ~drop;
        flow_words_mut(&m->mask)[i] &= ~drop;
    }
    bool changed = !match_equal(&before, m);
    if (changed && what) {
        text_puts(what, " pre: ");
        match_format(&before, NULL, -1, what);
        text_puts(what, "\npost: ");
        match_format(m, NULL, -1, what);
    }
    return changed;
}
