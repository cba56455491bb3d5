/* format.c - see format.h. */
#include "ofp/format.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "ofp/msg.h"

void format_bits(struct text *s, uint32_t bits, const struct bit_name *names, size_t n,
                 char separator)
{
    if (!bits) {
        text_putc(s, '0');
        return;
    }
    bool any = false;
    for (size_t i = 0; i < n && bits; i++) {
        if (bits & names[i].bit) {
            if (any) {
                text_putc(s, separator);
            }
            text_puts(s, names[i].name);
            bits &= ~names[i].bit;
            any = true;
        }
    }
    if (bits) {
        if (any) {
            text_putc(s, separator);
        }
        text_printf(s, "0x%" PRIx32, bits);
    }
}

void format_decimal(struct text *s, uint64_t value)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[sizeof digits - ++n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    text_put(s, digits + sizeof digits - n, n);
}

void format_hex(struct text *s, uint64_t value)
{
    char digits[18];
    unsigned n = 0;

    do {
        digits[sizeof digits - ++n] = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value);
    digits[sizeof digits - ++n] = 'x';
    digits[sizeof digits - ++n] = '0';
    text_put(s, digits + sizeof digits - n, n);
}

/* A fraction of 'n' digits; more where a peer says that a second has more. */
static void put_fraction(struct text *s, uint32_t value, unsigned n)
{
    char digits[11];
    unsigned at = sizeof digits;

    for (; value || n; n -= n > 0) {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    digits[--at] = '.';
    text_put(s, digits + at, sizeof digits - at);
}

void format_duration(struct text *s, uint32_t sec, uint32_t nsec)
{
    format_decimal(s, sec);
    if (nsec && nsec % 1000000 == 0) {
        put_fraction(s, nsec / 1000000, 3);
    } else if (nsec) {
        put_fraction(s, nsec, 9);
        while (s->s[s->len - 1] == '0') {
            text_truncate(s, s->len - 1);
        }
    }
    text_putc(s, 's');
}

void format_counter(struct text *s, const char *name, uint64_t value)
{
    if (value == UINT64_MAX) {
        text_printf(s, "%s=?", name);
    } else {
        text_puts(s, name);
        text_putc(s, '=');
        format_decimal(s, value);
    }
}

void format_raw(struct text *s, uint8_t version, const void *data, size_t len)
{
    const uint8_t *p = data;

    text_printf(s, "1.%u,", version - OFP10_VERSION);
    for (size_t i = 0; i < len; i++) {
        text_printf(s, "%02x", p[i]);
    }
}

uint8_t *format_raw_parse(const char *s, uint8_t *version, size_t *len)
{
    if (strncmp(s, "1.", 2) || s[2] < '0' || s[2] > '5' || s[3] != ',') {
        return NULL;
    }
    *version = (uint8_t)(OFP10_VERSION + s[2] - '0');
    return text_to_hex(s + 4, len);
}

bool format_raw_word_parse(const char *text, const char *word, uint8_t **data, size_t *len)
{
    uint8_t version;

    *data = NULL;
    text += strspn(text, " ");
    if (strncmp(text, word, strlen(word)) || text[strlen(word)] != '(') {
        return false;
    }
    char *hex = xstrdup(text + strlen(word) + 1);
    char *end = strchr(hex, ')');
    if (end && !end[1 + strspn(end + 1, " \n")]) {
        *end = '\0';
        *data = format_raw_parse(hex, &version, len);
    }
    free(hex);
    return true;
}

bool format_same(const struct wire_wr *a, const struct wire_wr *b)
{
    if (a->err || b->err) {
        return a->err && b->err;
    }
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

void format_escaped(struct text *s, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] >= 0x7f || p[i] == '\\' || p[i] == '"') {
            text_printf(s, "\\%03o", p[i]);
        } else {
            text_putc(s, (char)p[i]);
        }
    }
}

void format_printable(struct text *s, const void *data, size_t len)
{
    const char *p = data;
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '"' || p[i] == '\\') {
            text_putc(s, p[i]);
        } else {
            format_escaped(s, p + i, 1);
        }
    }
}
