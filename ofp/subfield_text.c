/* subfield_text.c - see match.h: NXM_NX_REG0[0..15] and the like. */
#include "ofp/match.h"

#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"

/* A bit number at *s, which moves past it; far beyond any field if it overflows. */
static bool parse_bit(const char **s, unsigned *bit)
{
    char *tail;

    if (!isdigit((unsigned char)**s)) {
        return false;
    }
    unsigned long v = strtoul(*s, &tail, 10);
    *bit = (unsigned)MIN(v, 9999ul);
    *s = tail;
    return true;
}

static bool parse_range(const char *s, unsigned *start, unsigned *end)
{
    if (!parse_bit(&s, start)) {
        return false;
    }
    *end = *start;
    if (s[0] == '.' && s[1] == '.') {
        s += 2;
        if (!parse_bit(&s, end)) {
            return false;
        }
    }
    return s[0] == ']' && !s[1];
}

char *subfield_parse(const char *s, struct subfield *sf)
{
    size_t n = strcspn(s, "[");
    char *name = xstrndup(s, n);
    const struct field *f = field_by_name(name);
    char *error = NULL;

    if (!f) {
        error = xasprintf("%s: unknown field `%s'", s, name);
    } else if (!f->size && !field_is_tun(f)) {
        error = xasprintf("%s: field %s is not supported", s, name);
    }
    free(name);
    if (error) {
        return error;
    }
    *sf = (struct subfield){f, 0, f->n_bits};
    if (!s[n] || !strcmp(s + n, "[]")) {
        return NULL;
    }
    unsigned start, end;
    if (!parse_range(s + n + 1, &start, &end)) {
        return xasprintf("%s: syntax error expecting [] or [<bit>] or [<start>..<end>]", s);
    }
    if (start > end) {
        return xasprintf("%s: starting bit %u is after ending bit %u", s, start, end);
    }
    if (end >= f->n_bits) {
        return xasprintf("%s: %s bit %u is not valid because field is only %u bits wide", s,
                         start >= f->n_bits ? "starting" : "ending",
                         start >= f->n_bits ? start : end, f->n_bits);
    }
    sf->ofs = (uint16_t)start;
    sf->n_bits = (uint16_t)(end - start + 1);
    return NULL;
}

void subfield_format(const struct subfield *sf, struct text *t)
{
    text_puts(t, field_code_name(sf->field));
    if (sf->ofs == 0 && sf->n_bits == sf->field->n_bits) {
        text_puts(t, "[]");
    } else if (sf->n_bits == 1) {
        text_printf(t, "[%u]", sf->ofs);
    } else {
        /* A peer may name no bits at all: [0..-1]. */
        text_printf(t, "[%u..%d]", sf->ofs, (int)(sf->ofs + sf->n_bits) - 1);
    }
}
