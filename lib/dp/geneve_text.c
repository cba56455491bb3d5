/* geneve_text.c - see odp-private.h: Geneve options in ODP text,
 * `geneve({class=0x102,type=0x80,len=4,0x1/0xff}{...})` within `tunnel(`. */
#include <stdlib.h>

#include "lib/dp/odp-private.h"
#include "lib/mem.h"
#include "lib/packet/geneve_opt.h"

#define LEN_BITS  0x1f /* Of a header's last byte; the others are reserved. */
#define VALUE_MAX (LEN_BITS * 4)

/* ---- printing ---- */

/* `0`, or digits without zeros ahead of them. */
static void put_hex(struct text *t, const uint8_t *p, unsigned n)
{
    for (; n && !*p; n--) {
        p++;
    }
    if (n) {
        text_printf(t, "0x%x", *p);
    } else {
        text_putc(t, '0');
    }
    for (unsigned i = 1; i < n; i++) {
        text_printf(t, "%02x", p[i]);
    }
}

static void put_number(struct text *t, const char *name, const char *format, unsigned value,
                       unsigned mask, unsigned full)
{
    if (mask) {
        text_printf(t, "%s=", name);
        text_printf(t, format[0] == 'x' ? "%#x" : "%u", value);
        if (mask != full) {
            text_printf(t, "/%#x", mask);
        }
        text_putc(t, ',');
    }
}

static void put_option(struct text *t, const struct geneve_opt *o, const uint8_t *mask,
                       bool verbose)
{
    const uint8_t *value_mask = mask + GENEVE_OPT_HEADER;

    text_putc(t, '{');
    put_number(t, "class", "x", o->class, get_be16(mask), UINT16_MAX);
    put_number(t, "type", "x", o->type, mask[2], UINT8_MAX);
    put_number(t, "len", "u", o->len, mask[3] & LEN_BITS, LEN_BITS);
    if (o->len && (verbose || !is_all_zeros(value_mask, o->len))) {
        put_hex(t, o->value, o->len);
        if (!is_all_ones(value_mask, o->len)) {
            text_putc(t, '/');
            put_hex(t, value_mask, o->len);
        }
    } else {
        text_chomp(t, ',');
    }
    text_putc(t, '}');
}

void odp_put_geneve(struct text *t, const struct key *key, const struct key *mask, bool verbose)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    text_puts(t, "geneve(");
    while (geneve_opt_next(key->tun_opt, key->tun_opt_len, &ofs, &o)) {
        put_option(t, &o, mask->tun_opt + o.ofs, verbose);
    }
    text_puts(t, "),");
}

/* ---- parsing ---- */

/* Digits into the low end of 'n' bytes. */
static bool read_hex(const char *s, uint8_t *to, unsigned n)
{
    char digits[2 * VALUE_MAX + 1];
    size_t len = strlen(s), got;

    memset(to, 0, n);
    if (!strcmp(s, "0")) {
        return true;
    }
    if (strncmp(s, "0x", 2) || len < 3 || len - 2 > 2 * n) {
        return false;
    }
    memset(digits, '0', sizeof digits);
    memcpy(digits + 2 * n - (len - 2), s + 2, len - 1);
    uint8_t *bytes = text_to_hex(digits, &got);
    bool ok = bytes && got == n;
    if (ok) {
        memcpy(to, bytes, n);
    }
    free(bytes);
    return ok;
}

/* One option under way: a header and room for the longest value, and their mask. */
struct reading {
    uint8_t value[GENEVE_OPT_HEADER + VALUE_MAX], mask[GENEVE_OPT_HEADER + VALUE_MAX];
    unsigned len;
};

static bool read_value(struct reading *r, char *text)
{
    const char *mask = odp_split_mask(text);

    memset(r->mask + GENEVE_OPT_HEADER, 0xff, r->len);
    return read_hex(text, r->value + GENEVE_OPT_HEADER, r->len) &&
           (!mask || read_hex(mask, r->mask + GENEVE_OPT_HEADER, r->len));
}

static bool read_member(struct reading *r, const char *name, char *text)
{
    uint64_t v, m;

    if (!strcmp(name, "class")) {
        bool ok = odp_read_number(text, UINT16_MAX, &v, &m);
        put_be16(r->value, (uint16_t)v);
        put_be16(r->mask, (uint16_t)m);
        return ok;
    }
    if (!strcmp(name, "type")) {
        bool ok = odp_read_number(text, UINT8_MAX, &v, &m);
        r->value[2] = (uint8_t)v;
        r->mask[2] = (uint8_t)m;
        return ok;
    }
    if (strcmp(name, "len") || !odp_read_number(text, UINT8_MAX, &v, &m) || v > VALUE_MAX ||
        v % 4) {
        return false;
    }
    r->len = (unsigned)v;
    r->value[3] = (uint8_t)(v / 4);
    r->mask[3] = m & LEN_BITS;
    return true;
}

/* `class=0x102,type=0x80,len=4,0x1/0xff`; false: malformed. */
static bool read_option(struct reading *r, char *text)
{
    char *cursor = text, *k, *v;
    bool ok = true;

    memset(r, 0, sizeof *r);
    while (ok && text_next_kv(&cursor, &k, &v)) {
        ok = *v ? read_member(r, k, v) : read_value(r, k);
    }
    return ok;
}

char *odp_parse_geneve(struct odp_in *p, char *value)
{
    unsigned n = 0;
    struct reading r;

    while (*value == '{') {
        char *end = strchr(++value, '}');
        if (!end) {
            return xasprintf("geneve: no } at the end of {%s", value);
        }
        *end = '\0';
        if (!read_option(&r, value)) {
            return xasprintf("geneve: bad option {%s}", value);
        }
        if (n + GENEVE_OPT_HEADER + r.len > KEY_TUN_OPT_MAX) {
            return xasprintf("geneve: more than %u bytes of options", KEY_TUN_OPT_MAX);
        }
        memcpy(p->key->tun_opt + n, r.value, GENEVE_OPT_HEADER + r.len);
        if (p->mask) {
            memcpy(p->mask->tun_opt + n, r.mask, GENEVE_OPT_HEADER + r.len);
        }
        n += GENEVE_OPT_HEADER + r.len;
        value = end + 1 + (end[1] == ',');
    }
    if (*value) {
        return odp_bad_value("geneve", value);
    }
    p->key->tun_opt_len = (uint8_t)n;
    if (p->mask) {
        p->mask->tun_opt_len = UINT8_MAX;
    }
    return NULL;
}
