/* text.c - growing strings: see text.h.  Literals are parsed in text_parse.c. */
#include "lib/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"

void text_deinit(struct text *t)
{
    free(t->s);
    *t = TEXT_INIT;
}

void text_clear(struct text *t)
{
    text_truncate(t, 0);
}

static void reserve(struct text *t, size_t n)
{
    if (t->len + n + 1 > t->cap) {
        t->cap = MAX(MAX(t->cap * 2, t->len + n + 1), 64);
        t->s = xrealloc(t->s, t->cap);
    }
}

void text_put(struct text *t, const char *s, size_t n)
{
    reserve(t, n);
    if (n) { /* Nothing may come as NULL. */
        memcpy(t->s + t->len, s, n);
    }
    t->len += n;
    t->s[t->len] = '\0';
}

void text_putc(struct text *t, char c)
{
    text_put(t, &c, 1);
}

void text_puts(struct text *t, const char *s)
{
    text_put(t, s, strlen(s));
}

void text_vprintf(struct text *t, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    reserve(t, 0);
    int n = vsnprintf(t->s + t->len, t->cap - t->len, fmt, ap);
    if (n > 0 && (size_t)n >= t->cap - t->len) {
        reserve(t, (size_t)n);
        vsnprintf(t->s + t->len, t->cap - t->len, fmt, again);
    }
    va_end(again);
    t->len += n > 0 ? (size_t)n : 0;
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    text_vprintf(t, fmt, ap);
    va_end(ap);
}

void text_chomp(struct text *t, char c)
{
    if (t->len && t->s[t->len - 1] == c) {
        t->s[--t->len] = '\0';
    }
}

void text_truncate(struct text *t, size_t len)
{
    if (len < t->len) {
        t->len = len;
        t->s[len] = '\0';
    }
}

const char *text_cstr(const struct text *t)
{
    return t->s ? t->s : "";
}

char *text_steal(struct text *t)
{
    char *s = t->s ? t->s : xstrdup("");
    *t = TEXT_INIT;
    return s;
}

void text_hexdump(struct text *t, const void *data, size_t n, size_t ofs)
{
    const uint8_t *p = data;

    for (size_t row = 0; row < n; row += 16) {
        text_printf(t, "%08zx  ", ofs + row);
        for (size_t i = 0; i < 16; i++) {
            if (row + i < n) {
                text_printf(t, "%02x%c", p[row + i], i == 7 ? '-' : ' ');
            } else {
                text_puts(t, "   ");
            }
        }
        text_putc(t, '|');
        for (size_t i = 0; i < 16; i++) {
            text_putc(t, row + i >= n ? ' ' : isprint(p[row + i]) ? (char)p[row + i] : '.');
        }
        text_puts(t, "|\n");
    }
}

void text_mac(struct text *t, const uint8_t m[6])
{
    text_printf(t, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

void text_ip4(struct text *t, be32 ip)
{
    const uint8_t *b = (const uint8_t *)&ip;
    char buf[INET_ADDRSTRLEN], *p = buf;

    for (int i = 0; i < 4; i++) { /* Dumps of flows are full of them. */
        if (b[i] >= 100) {
            *p++ = (char)('0' + b[i] / 100);
        }
        if (b[i] >= 10) {
            *p++ = (char)('0' + b[i] / 10 % 10);
        }
        *p++ = (char)('0' + b[i] % 10);
        *p++ = '.';
    }
    text_put(t, buf, (size_t)(p - buf) - 1);
}

void text_ip6(struct text *t, const uint8_t ip[16])
{
    char buf[INET6_ADDRSTRLEN];
    text_puts(t, inet_ntop(AF_INET6, ip, buf, sizeof buf));
}

static bool is_identifier(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_') {
        return false;
    }
    for (; *s; s++) {
        if (!isalnum((unsigned char)*s) && !strchr("_-.", *s)) {
            return false;
        }
    }
    return true;
}

void text_quoted_name(struct text *t, const char *name)
{
    if (is_identifier(name)) {
        text_puts(t, name);
        return;
    }
    text_putc(t, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') {
            text_putc(t, '\\');
        }
        if ((unsigned char)*name < 0x20) {
            text_printf(t, "\\u%04x", *name);
        } else {
            text_putc(t, *name);
        }
    }
    text_putc(t, '"');
}
