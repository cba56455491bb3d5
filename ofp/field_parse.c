/* field_parse.c - see match.h: values of fields from text, by the format column of fields.def.
 * Numbers that do not fit the bits of a field, but its bytes, are cut, as users are used to. */
#include "ofp/field-text-private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/mem.h"

/* Hexadecimal digits, any number of them, to 'n' big-endian bytes. */
static bool hex_to_bytes(const char *s, uint8_t *out, unsigned n, const char **end, bool *too_large)
{
    const char *p = s;

    memset(out, 0, n);
    for (; isxdigit((unsigned char)*p); p++) {
        unsigned d = (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
        *too_large |= out[0] >> 4 != 0;
        for (unsigned i = 0; i + 1 < n; i++) {
            out[i] = (uint8_t)(out[i] << 4 | out[i + 1] >> 4);
        }
        out[n - 1] = (uint8_t)(out[n - 1] << 4 | d);
    }
    *end = p;
    return true; /* Bare `0x` is zero. */
}

/* An integer at 's' into the value's bytes.  The rest of the text is at *end. */
static bool parse_int(const char *s, const struct field *f, struct field_value *v, const char **end,
                      bool *too_large)
{
    memset(v, 0, sizeof *v);
    *too_large = false;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        return hex_to_bytes(s + 2, v->b, f->n_bytes, end, too_large);
    }
    if (!isdigit((unsigned char)*s) && *s != '-') {
        return false;
    }
    char *tail;
    errno = 0;
    unsigned long long x = strtoull(s, &tail, 0);
    *end = tail;
    *too_large = errno == ERANGE || (f->n_bytes < 8 && x >> 8 * f->n_bytes);
    field_value_from_u64(f, x, v);
    return tail > s;
}

static char *parse_integer(const struct field *f, const char *s, struct field_value *v,
                           struct field_value *mask)
{
    const char *end = s;
    bool too_large;

    if (!parse_int(s, f, v, &end, &too_large) || (*end && *end != '/')) {
        return xasprintf("%s: bad syntax for %s value", s, f->name);
    }
    if (too_large) {
        return xasprintf("%s: value too large for %u-byte field %s", s, f->n_bytes, f->name);
    }
    if (!*end) {
        field_value_ones(f, mask);
        return NULL;
    }
    if (!parse_int(end + 1, f, mask, &end, &too_large) || *end) {
        return xasprintf("%s: bad syntax for %s mask", s, f->name);
    }
    if (too_large) {
        return xasprintf("%s: mask too large for %u-byte field %s", s, f->n_bytes, f->name);
    }
    return NULL;
}

static void prefix_mask(unsigned plen, uint8_t *mask, unsigned n)
{
    memset(mask, 0, n);
    for (unsigned i = 0; i < plen; i++) {
        mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    }
}

static bool address(const char *s, uint8_t *out, unsigned n)
{
    be32 ip;

    switch (n) {
    case 4:
        if (!text_to_ip4(s, &ip)) {
            return false;
        }
        memcpy(out, &ip, sizeof ip);
        return true;
    case 6:
        return text_to_mac(s, out);
    default:
        return text_to_ip6(s, out);
    }
}

static char *parse_address(const struct field *f, const char *s, struct field_value *v,
                           struct field_value *mask)
{
    unsigned n = f->n_bytes;
    const char *kind = n == 4 ? "IP" : n == 6 ? "Ethernet" : "IPv6";
    const char *slash = strchr(s, '/');
    char *first = slash ? xstrndup(s, (size_t)(slash - s)) : xstrdup(s);
    bool ok = address(first, v->b, n);
    uint32_t plen;

    free(first);
    field_value_ones(f, mask);
    if (!ok) {
        return xasprintf("%s: invalid %s address", s, kind);
    }
    if (!slash || address(slash + 1, mask->b, n)) {
        return NULL;
    }
    if (n != 6 && text_to_u32(slash + 1, &plen) && plen <= n * 8) {
        prefix_mask(plen, mask->b, n);
        return NULL;
    }
    if (n != 6 && isdigit((unsigned char)slash[1])) {
        return xasprintf("%s: %s network prefix bits not between 0 and %u, inclusive", s,
                         n == 4 ? "IPv4" : "IPv6", n * 8);
    }
    return xasprintf("%s: invalid %s address", s, kind);
}

static char *parse_port(const struct field *f, const char *s, const struct name_map *names,
                        struct field_value *v, struct field_value *mask)
{
    uint32_t port;

    field_value_ones(f, mask);
    if (!port_parse(s, names, &port) ||
        (f->format == FMT_PORT10 && port >= 0xff00 && port < OFPP_MAX)) {
        return xasprintf(f->format == FMT_PORT10 ? "%s: invalid or unknown port for %s"
                                                 : "%s: port value out of range for %s",
                         s, f->name);
    }
    field_value_from_u64(f, f->format == FMT_PORT10 ? port_to_10(port) : port, v);
    return NULL;
}

static char *parse_frag(const struct field *f, const char *s, struct field_value *v,
                        struct field_value *mask)
{
    for (const struct frag_word *w = frag_words; w->word; w++) {
        if (!strcmp(w->word, s)) {
            field_value_from_u64(f, w->value, v);
            field_value_from_u64(f, w->mask, mask);
            return NULL;
        }
    }
    /* The pairs that have no word are printed, and so taken, in digits. */
    if (strchr(s, '/')) {
        char *error = parse_integer(f, s, v, mask);
        if (!error && mask->b[0] && mask->b[0] <= 3 && !(v->b[0] & ~mask->b[0])) {
            return NULL;
        }
        free(error);
    }
    return xasprintf("%s: unknown fragment type (valid types are \"no\", \"yes\", \"first\", "
                     "\"later\", \"not_later\"",
                     s);
}

static char *parse_flags(const struct field *f, const char *s, struct field_value *v,
                         struct field_value *mask)
{
    uint32_t value, bits;
    char *error = flag_set_parse(flag_set_of(f->format), s, &value, &bits);

    field_value_from_u64(f, value, v);
    field_value_from_u64(f, bits, mask);
    return error;
}

static char *parse_packet_type(const struct field *f, const char *s, struct field_value *v,
                               struct field_value *mask)
{
    static const char what[] = "bad syntax for packet type";
    unsigned long ns, type;
    char *end;

    field_value_ones(f, mask);
    if (*s == '(') {
        s++;
    } else if (!strchr(s, ')') && !strchr(s, ',')) {
        return xasprintf("%s: %s missing '('", s, what);
    } /* Else the list parser has taken the bracket off. */
    ns = strtoul(s, &end, 0);
    if (end == s || ns > UINT16_MAX) {
        return xasprintf("%s: %s ns", s, what);
    }
    if (*end != ',') {
        return xasprintf("%s: %s missing ','", s, what);
    }
    const char *second = end + 1;
    type = strtoul(second, &end, 0);
    if (end == second || type > UINT16_MAX) {
        return xasprintf("%s: %s ns_type", second, what);
    }
    if (*end && *end != ')') {
        return xasprintf("%s: %s missing ')'", second, what);
    }
    field_value_from_u64(f, ns << 16 | type, v);
    return NULL;
}

/* Cuts what the container has no room for; values and masks alike. */
static void cut(const struct field *f, struct field_value *v)
{
    uint64_t x = field_value_to_u64(f, v);

    if (f->size > 8 || field_is_tun(f) || f->format == FMT_PORT10 ||
        (f->id == MF_DL_VLAN && x == 0xffff)) {
        return;
    }
    field_value_from_u64(f, (x << f->shift & f->store) >> f->shift, v);
}

char *field_parse(const struct field *f, const char *s, const struct name_map *names,
                  struct field_value *value, struct field_value *mask)
{
    char *error = NULL;

    memset(value, 0, sizeof *value);
    memset(mask, 0, sizeof *mask);
    if (!strcmp(s, "*")) {
        return NULL;
    }
    switch (f->format) {
    case FMT_DECIMAL:
    case FMT_HEX:
        error = parse_integer(f, s, value, mask);
        break;
    case FMT_MAC:
    case FMT_IP4:
    case FMT_IP6:
        error = parse_address(f, s, value, mask);
        break;
    case FMT_PORT10:
    case FMT_PORT:
        error = parse_port(f, s, names, value, mask);
        break;
    case FMT_FRAG:
        error = parse_frag(f, s, value, mask);
        break;
    case FMT_CT_STATE:
    case FMT_TCP_FLAGS:
    case FMT_TUN_FLAGS:
        error = parse_flags(f, s, value, mask);
        break;
    case FMT_PACKET_TYPE:
        error = parse_packet_type(f, s, value, mask);
        break;
    }
    if (!error && f->maskable == MASK_NONE && !is_all_ones(mask->b, f->n_bytes) &&
        !is_all_zeros(mask->b, f->n_bytes)) {
        error = xasprintf("%s: invalid mask for field %s", s, f->name);
    }
    if (!error) {
        cut(f, value);
        for (unsigned i = 0; i < f->n_bytes; i++) {
            value->b[i] &= mask->b[i];
        }
    }
    return error;
}
