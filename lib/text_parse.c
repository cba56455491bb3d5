/* text_parse.c - the literals that users type: numbers, addresses, hex strings, and the list
 * grammar of flows and actions.  See text.h. */
#include "lib/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"

bool text_to_u64(const char *s, uint64_t *v)
{
    char *end;

    if (!isdigit((unsigned char)*s)) {
        return false; /* strtoull would take blanks and signs. */
    }
    errno = 0;
    *v = strtoull(s, &end, 0);
    return !errno && !*end;
}

static bool to_uint(const char *s, uint64_t max, uint64_t *v)
{
    return text_to_u64(s, v) && *v <= max;
}

bool text_to_u32(const char *s, uint32_t *v)
{
    uint64_t x;
    bool ok = to_uint(s, UINT32_MAX, &x);
    *v = ok ? (uint32_t)x : 0;
    return ok;
}

bool text_to_u16(const char *s, uint16_t *v)
{
    uint64_t x;
    bool ok = to_uint(s, UINT16_MAX, &x);
    *v = ok ? (uint16_t)x : 0;
    return ok;
}

bool text_to_u8(const char *s, uint8_t *v)
{
    uint64_t x;
    bool ok = to_uint(s, UINT8_MAX, &x);
    *v = ok ? (uint8_t)x : 0;
    return ok;
}

bool text_to_mac(const char *s, uint8_t mac[6])
{
    int n = 0;
    unsigned b[6];

    if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &n) != 6 ||
        s[n]) {
        return false;
    }
    for (int i = 0; i < 6; i++) {
        mac[i] = (uint8_t)b[i];
    }
    return true;
}

bool text_to_ip4(const char *s, be32 *ip)
{
    return inet_pton(AF_INET, s, ip) == 1;
}

bool text_to_ip6(const char *s, uint8_t ip[16])
{
    return inet_pton(AF_INET6, s, ip) == 1;
}

uint8_t *text_to_hex(const char *s, size_t *len)
{
    uint8_t *out = xmalloc(strlen(s) / 2 + 1);
    size_t n = 0;
    int half = -1;

    for (; *s; s++) {
        int c = tolower((unsigned char)*s);
        int d = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0) {
            if ((isspace(c) || c == '.') && half < 0) {
                continue;
            }
            free(out);
            return NULL;
        }
        if (half < 0) {
            half = d;
        } else {
            out[n++] = (uint8_t)(half << 4 | d);
            half = -1;
        }
    }
    if (half >= 0) {
        free(out);
        return NULL;
    }
    *len = n;
    return out;
}

/* The character behind the bracket that matches the one at 's', or the end. */
static char *skip_brackets(char *s)
{
    int depth = 0;

    for (; *s; s++) {
        if (*s == '(' || *s == '[' || *s == '{') {
            depth++;
        } else if ((*s == ')' || *s == ']' || *s == '}') && --depth <= 0) {
            return s + 1;
        }
    }
    return s;
}

/* The character behind the quoted string that begins at 's', or the end. */
static char *skip_quoted(char *s)
{
    for (s++; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1]) {
            s++;
        }
    }
    return s + (*s == '"');
}

static bool is_separator(char c)
{
    return c == ',' || isspace((unsigned char)c);
}

/* The end of a value: the next separator outside brackets and quotes. */
static char *value_end(char *s)
{
    while (*s && !is_separator(*s)) {
        if (*s == '(' || *s == '[' || *s == '{') {
            s = skip_brackets(s);
        } else if (*s == '"') {
            s = skip_quoted(s);
        } else {
            s++;
        }
    }
    return s;
}

bool text_next_kv(char **cursor, char **key, char **value)
{
    char *s = *cursor;

    while (is_separator(*s)) {
        s++;
    }
    if (!*s) {
        *cursor = s;
        return false;
    }
    *key = s;
    while (*s && !is_separator(*s) && !strchr("=:(", *s)) {
        if (*s == '[') {
            s = skip_brackets(s);
        } else if (*s == '"') {
            s = skip_quoted(s);
        } else {
            s++;
        }
    }
    char delimiter = *s;
    char *end;
    if (delimiter == '(') {
        *value = s + 1;
        end = skip_brackets(s);
        bool closed = end[-1] == ')' && end > s + 1;
        /* `check_pkt_larger(N)->FIELD` and the like go on behind the bracket: then all of it is the
         * value. */
        char *more = value_end(end);
        if (more == end && closed) {
            end[-1] = '\0';
        } else if (more != end) {
            *value = s + 1;
            end = more;
        }
        *s = '\0';
    } else if (delimiter == '=' || delimiter == ':') {
        *value = s + 1;
        end = value_end(s + 1);
        *s = '\0';
    } else {
        end = s;
        *value = s; /* "" once terminated. */
    }
    *cursor = *end ? end + 1 : end;
    *end = '\0';
    return true;
}
