/* ct_ftp.c - see ct_alg-private.h: lines of FTP that name a place for a data connection.
 *
 * Layer 2, pure.  RFC 959 sections 4.1.2 (PORT) and 4.2 (227), RFC 2428 (EPRT, EPSV and 229).
 * Nothing in a line is believed: all numbers are ranged, and whoever asks compares the address with
 * the sender's. */
#include "lib/ct/ct_alg-private.h"

#include "lib/text.h"

#define PORT_MIN 1024 /* Nobody's data connection goes to a privileged port. */

/* A decimal number of at most 'digits' digits at *s; -1: none. */
static int32_t number(const char **s, const char *end, int digits)
{
    int32_t n = 0;
    int i = 0;
    for (; i < digits && *s < end && **s >= '0' && **s <= '9'; i++) {
        n = n * 10 + *(*s)++ - '0';
    }
    return i ? n : -1;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool set_port(struct ct_ftp *f, int32_t port)
{
    f->port = (uint16_t)port;
    return port >= PORT_MIN && port <= UINT16_MAX;
}

/* h1,h2,h3,h4,p1,p2 */
static bool parse_commas(const char *s, const char *end, struct ct_ftp *f)
{
    int32_t v[6];
    for (int i = 0; i < 6; i++) {
        if (i && (s >= end || *s++ != ',')) {
            return false;
        }
        v[i] = number(&s, end, 3);
        if (v[i] < 0 || v[i] > 255) {
            return false;
        }
    }
    if (s < end && is_digit(*s)) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        f->addr[i] = (uint8_t)v[i];
    }
    f->end = s;
    return set_port(f, v[4] << 8 | v[5]);
}

/* |1|a.b.c.d|port| or |2|x::y|port|, with any delimiter. */
static bool parse_eprt(const char *s, const char *end, struct ct_ftp *f)
{
    char text[48];
    be32 ip4;
    if (end - s < 4 || s[0] <= ' ' || is_digit(s[0]) || s[2] != s[0] ||
        (s[1] != '1' && s[1] != '2')) {
        return false;
    }
    f->delimiter = s[0];
    f->is_ip6 = s[1] == '2';
    f->begin = s + 3;
    const char *stop = memchr(f->begin, f->delimiter, (size_t)(end - f->begin));
    if (!stop || (size_t)(stop - f->begin) >= sizeof text) {
        return false;
    }
    memcpy(text, f->begin, (size_t)(stop - f->begin));
    text[stop - f->begin] = '\0';
    if (f->is_ip6 ? !text_to_ip6(text, f->addr) : !text_to_ip4(text, &ip4)) {
        return false;
    }
    if (!f->is_ip6) {
        memcpy(f->addr, &ip4, 4);
    }
    s = stop + 1;
    int32_t port = number(&s, end, 5);
    f->end = s;
    return s < end && *s == f->delimiter && set_port(f, port);
}

/* (|||port|) */
static bool parse_229(const char *s, const char *end, struct ct_ftp *f)
{
    if (end - s < 5 || s[0] != '(' || s[1] <= ' ' || is_digit(s[1]) || s[2] != s[1] ||
        s[3] != s[1]) {
        return false;
    }
    char delimiter = s[1];
    s += 4;
    f->begin = s;
    int32_t port = number(&s, end, 5);
    f->end = s;
    return s < end && *s == delimiter && set_port(f, port);
}

static bool is_word(const char *line, size_t n, const char word[5])
{
    for (size_t i = 0; i < MIN(n, 5u); i++) {
        char c = line[i] >= 'a' && line[i] <= 'z' ? (char)(line[i] - 'a' + 'A') : line[i];
        if (c != word[i]) {
            return false;
        }
    }
    return true;
}

/* Where the arguments begin; NULL: not yet, or none. */
static const char *arguments(const char *line, const char *end, bool from_client)
{
    const char *s = line + (from_client ? 5 : 4);
    if (end - line < 5) {
        return NULL;
    }
    if (from_client || line[2] == '7') {
        while (s < end && (from_client ? *s == ' ' : !is_digit(*s))) {
            s++;
        }
        return s < end ? s : NULL;
    }
    return memchr(s, '(', (size_t)(end - s));
}

bool ct_ftp_may_be(const char *line, size_t n, bool from_client)
{
    return from_client ? is_word(line, n, "PORT ") || is_word(line, n, "EPRT ")
                       : is_word(line, MIN(n, 4u), "227 ") || is_word(line, MIN(n, 4u), "229 ");
}

bool ct_ftp_has_arguments(const char *line, size_t n, bool from_client)
{
    return ct_ftp_may_be(line, n, from_client) && arguments(line, line + n, from_client);
}

bool ct_ftp_parse(const char *line, size_t n, bool from_client, struct ct_ftp *f)
{
    const char *end = line + n;
    memset(f, 0, sizeof *f);
    if (!ct_ftp_may_be(line, n, from_client)) {
        return false;
    }
    const char *s = arguments(line, end, from_client);
    if (!s) {
        return false;
    }
    if (from_client ? line[0] == 'P' || line[0] == 'p' : line[2] == '7') {
        f->form = CT_FTP_COMMAS;
        f->begin = s;
        return parse_commas(s, end, f);
    }
    f->form = from_client ? CT_FTP_EPRT : CT_FTP_229;
    return from_client ? parse_eprt(s, end, f) : parse_229(s, end, f);
}

size_t ct_ftp_format(const struct ct_ftp *f, const uint8_t addr[16], uint16_t port,
                     char out[CT_FTP_TEXT])
{
    struct text t = TEXT_INIT;
    be32 ip4;
    memcpy(&ip4, addr, 4);
    switch (f->form) {
    case CT_FTP_COMMAS:
        text_printf(&t, "%u,%u,%u,%u,%u,%u", addr[0], addr[1], addr[2], addr[3], port >> 8,
                    port & 0xff);
        break;
    case CT_FTP_EPRT:
        if (f->is_ip6) {
            text_ip6(&t, addr);
        } else {
            text_ip4(&t, ip4);
        }
        text_printf(&t, "%c%u", f->delimiter, port);
        break;
    case CT_FTP_229:
        text_printf(&t, "%u", port);
        break;
    }
    size_t n = MIN(t.len, (size_t)CT_FTP_TEXT);
    memcpy(out, t.s, n);
    text_deinit(&t);
    return n;
}
