/* odp_member.c - see odp-private.h: values of members in ODP text, both ways. */
#include <stdlib.h>

#include "lib/dp/odp-private.h"
#include "lib/mem.h"

static uint64_t load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void store(uint8_t *p, size_t n, uint64_t v)
{
    while (n--) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

/* ---- printing ---- */

static void put_value(struct text *t, enum odp_style style, const uint8_t *p, size_t n)
{
    be32 ip4;

    switch (style) {
    case ODP_DEC:
        text_printf(t, "%" PRIu64, load(p, n));
        break;
    case ODP_HEX:
        for (; n > 8 && !*p; n--) {
            p++;
        }
        if (n > 8) {
            text_printf(t, "%#" PRIx64, load(p, n - 8));
            text_printf(t, "%016" PRIx64, load(p + n - 8, 8));
        } else {
            text_printf(t, "%#" PRIx64, load(p, n));
        }
        break;
    case ODP_0X:
        text_printf(t, "0x%" PRIx64, load(p, n));
        break;
    case ODP_BYTE:
        text_printf(t, "0x%02x", *p);
        break;
    case ODP_IP4:
        memcpy(&ip4, p, 4);
        text_ip4(t, ip4);
        break;
    case ODP_IP6:
        text_ip6(t, p);
        break;
    case ODP_MAC:
        text_mac(t, p);
        break;
    }
}

static void put_member(struct text *t, const struct odp_member *m, const uint8_t *value,
                       const uint8_t *mask)
{
    if (m->name) {
        text_printf(t, "%s=", m->name);
    }
    put_value(t, m->style, value + m->ofs, m->n);
    bool exact = m->full ? (load(mask + m->ofs, m->n) & m->full) == m->full
                         : is_all_ones(mask + m->ofs, m->n);
    if (!exact) {
        text_putc(t, '/');
        put_value(t, m->style == ODP_DEC ? ODP_HEX : m->style, mask + m->ofs, m->n);
    }
}

void odp_put_comma(struct text *t, size_t start)
{
    if (t->len > start) {
        text_putc(t, ',');
    }
}

void odp_put_header(struct text *t, size_t start, const char *name, const struct odp_member *m,
                    size_t n, const void *value, const void *mask, bool verbose)
{
    const size_t before = t->len;

    odp_put_comma(t, start);
    text_printf(t, "%s(", name);
    const size_t inside = t->len;
    for (size_t i = 0; i < n; i++) {
        if (verbose || !is_all_zeros((const uint8_t *)mask + m[i].ofs, m[i].n)) {
            odp_put_comma(t, inside);
            put_member(t, &m[i], value, mask);
        }
    }
    if (t->len > inside) {
        text_putc(t, ')');
    } else {
        text_truncate(t, before);
    }
}

void odp_put_flags(struct text *t, uint32_t value, uint32_t mask, uint32_t all,
                   const struct odp_flags *flags)
{
    const bool exact = mask == all;
    const size_t start = t->len;

    for (size_t i = 0; i < flags->n; i++) {
        const bool on = value & BIT(i);
        if (exact && on) {
            text_puts(t, t->len > start ? "|" : "");
            text_puts(t, flags->names[i]);
        } else if (!exact && mask & BIT(i)) {
            text_putc(t, on ? '+' : '-');
            text_puts(t, flags->names[i]);
        }
    }
    if (t->len == start) {
        text_puts(t, "0");
    }
}

/* ---- parsing ---- */

char *odp_bad_value(const char *header, const char *value)
{
    return xasprintf("%s: bad value for %s", value, header);
}

char *odp_split_mask(char *value)
{
    char *slash = strchr(value, '/');

    if (!slash) {
        return NULL;
    }
    *slash = '\0';
    return slash + 1;
}

bool odp_read_number(char *value, uint64_t max, uint64_t *v, uint64_t *mask)
{
    const char *m = odp_split_mask(value);

    *mask = max;
    return text_to_u64(value, v) && *v <= max && (!m || (text_to_u64(m, mask) && *mask <= max));
}

/* Up to 32 hex digits, or a number. */
static bool read_long(const char *s, uint8_t *p, size_t n)
{
    char padded[33];
    size_t digits = strlen(s) - 2, len;

    if (strncmp(s, "0x", 2)) {
        uint64_t v;
        bool ok = text_to_u64(s, &v);
        memset(p, 0, n);
        store(p + n - 8, 8, ok ? v : 0);
        return ok;
    }
    if (!digits || digits > 2 * n || n > 16) {
        return false;
    }
    memset(padded, '0', sizeof padded);
    memcpy(padded + 2 * n - digits, s + 2, digits + 1);
    uint8_t *bytes = text_to_hex(padded, &len);
    bool ok = bytes && len == n;
    if (ok) {
        memcpy(p, bytes, n);
    }
    free(bytes);
    return ok;
}

static bool read_value(const struct odp_member *m, const char *s, uint8_t *p)
{
    uint64_t v;

    switch (m->style) {
    case ODP_MAC:
        return text_to_mac(s, p);
    case ODP_IP4:
        return text_to_ip4(s, (be32 *)(void *)p);
    case ODP_IP6:
        return text_to_ip6(s, p);
    case ODP_DEC:
    case ODP_HEX:
    case ODP_0X:
    case ODP_BYTE:
        break;
    }
    if (m->n > 8) {
        return read_long(s, p, m->n);
    }
    if (!text_to_u64(s, &v) || (m->n < 8 && v >> (8 * m->n)) ||
        (m->full && v & ~(uint64_t)m->full)) {
        return false;
    }
    store(p, m->n, v);
    return true;
}

static void fill_exact(const struct odp_member *m, uint8_t *mask)
{
    if (m->full) {
        store(mask, m->n, m->full);
    } else {
        memset(mask, 0xff, m->n);
    }
}

static bool read_member(const struct odp_member *m, char *text, uint8_t *value, uint8_t *mask)
{
    const char *mask_text = odp_split_mask(text);

    if (!read_value(m, text, value + m->ofs)) {
        return false;
    }
    if (!mask) {
        return true;
    }
    if (!mask_text) {
        fill_exact(m, mask + m->ofs);
        return true;
    }
    return read_value(m, mask_text, mask + m->ofs);
}

char *odp_parse_member(const char *header, const char *name, char *text,
                       const struct odp_member *rows, size_t n, void *value, void *mask)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(rows[i].name ? rows[i].name : "", name)) {
            return read_member(&rows[i], text, value, mask) ? NULL : odp_bad_value(header, text);
        }
    }
    return *name ? xasprintf("%s: unknown member %s", header, name) : odp_bad_value(header, text);
}

char *odp_parse_members(const char *header, char *text, const struct odp_member *rows, size_t n,
                        void *value, void *mask)
{
    char *cursor = text, *k, *v, *error = NULL;

    if (n && !rows[0].name) {
        return odp_parse_member(header, "", text, rows, n, value, mask);
    }
    while (!error && text_next_kv(&cursor, &k, &v)) {
        error = odp_parse_member(header, k, v, rows, n, value, mask);
    }
    return error;
}

static bool read_names(const char *s, const struct odp_flags *flags, uint32_t *value,
                       uint32_t *mask)
{
    bool exact = *s != '+' && *s != '-';

    *mask = exact ? flags->all : 0;
    while (*s) {
        bool off = *s == '-';
        s += *s == '-' || *s == '+' || *s == '|';
        size_t len = strcspn(s, "+-|"), i = 0;
        while (i < flags->n &&
               (strlen(flags->names[i]) != len || strncmp(flags->names[i], s, len))) {
            i++;
        }
        if (i == flags->n) {
            return false;
        }
        *value |= off ? 0 : BIT(i);
        *mask |= BIT(i);
        s += len;
    }
    return true;
}

bool odp_read_flags(char *s, const struct odp_flags *flags, uint32_t *value, uint32_t *mask)
{
    uint64_t v, m;

    *value = 0;
    if (*s >= '0' && *s <= '9') {
        bool ok = odp_read_number(s, flags->all, &v, &m);
        *value = (uint32_t)v;
        *mask = (uint32_t)m;
        return ok;
    }
    return *s && read_names(s, flags, value, mask);
}

/* ---- MPLS labels and tags ---- */

void odp_put_mpls_lse(struct text *t, uint32_t lse, uint32_t mask)
{
    if (mask == UINT32_MAX) {
        text_printf(t, "label=%u,tc=%u,ttl=%u,bos=%u", lse >> 12, lse >> 9 & 7, lse & 0xff,
                    lse >> 8 & 1);
    } else {
        text_printf(t, "label=%u/0x%x,tc=%u/%x,ttl=%u/0x%x,bos=%u/%x", lse >> 12, mask >> 12,
                    lse >> 9 & 7, mask >> 9 & 7, lse & 0xff, mask & 0xff, lse >> 8 & 1,
                    mask >> 8 & 1);
    }
}

bool odp_read_mpls_part(const char *name, char *value, uint32_t *lse, uint32_t *mask,
                        unsigned *seen)
{
    static const struct {
        const char *name;
        unsigned shift;
        uint32_t max;
    } parts[] = {{"label", 12, 0xfffff}, {"tc", 9, 7}, {"ttl", 0, 0xff}, {"bos", 8, 1}};
    uint64_t v, m;
    size_t i = 0;

    while (i < ARRAY_SIZE(parts) && strcmp(parts[i].name, name)) {
        i++;
    }
    if (i == ARRAY_SIZE(parts) || !odp_read_number(value, parts[i].max, &v, &m)) {
        return false;
    }
    *seen |= BIT(i);
    *lse |= (uint32_t)v << parts[i].shift;
    *mask |= (uint32_t)m << parts[i].shift;
    return true;
}

void odp_put_vlan_tci(struct text *t, uint16_t tci, uint16_t mask, bool verbose)
{
    unsigned vid_mask = mask & VLAN_VID_MASK, pcp_mask = mask >> VLAN_PCP_SHIFT;

    if (verbose || vid_mask || !pcp_mask) {
        text_printf(t, "vid=%u", tci & VLAN_VID_MASK);
        if (vid_mask != VLAN_VID_MASK) {
            text_printf(t, "/0x%x", vid_mask);
        }
    }
    if (verbose || pcp_mask) {
        text_printf(t, "%spcp=%u", verbose || vid_mask ? "," : "", tci >> VLAN_PCP_SHIFT);
        if (pcp_mask != 7) {
            text_printf(t, "/0x%x", pcp_mask);
        }
    }
}

bool odp_read_vlan_part(const char *name, char *value, uint16_t *tci, uint16_t *mask)
{
    static const struct {
        const char *name;
        unsigned shift;
        uint16_t max;
    } parts[] = {{"vid", 0, VLAN_VID_MASK}, {"pcp", VLAN_PCP_SHIFT, 7}, {"cfi", 12, 1}};
    uint64_t v, m;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!strcmp(parts[i].name, name)) {
            const uint16_t bits = (uint16_t)(parts[i].max << parts[i].shift);
            bool ok = odp_read_number(value, parts[i].max, &v, &m);
            *tci = (uint16_t)((*tci & ~bits) | (unsigned)(v << parts[i].shift));
            *mask = (uint16_t)((*mask & ~bits) | (unsigned)(m << parts[i].shift));
            return ok;
        }
    }
    return false;
}
