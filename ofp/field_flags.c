/* field_flags.c - see field-text-private.h: the fields whose bits have names. */
#include "ofp/field-text-private.h"

#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"

static const char *const ct_state_names[] = {"new", "est", "rel",  "rpl",
                                             "inv", "trk", "snat", "dnat"};
static const char *const tcp_flag_names[] = {"fin", "syn", "rst", "psh",   "ack",   "urg",
                                             "ece", "cwr", "ns",  "[200]", "[400]", "[800]"};
static const char *const tun_flag_names[] = {"oam"};

static const struct flag_set ct_state = {"ct_state", 0xff, ct_state_names};
static const struct flag_set tcp_flags = {"TCP", 0xfff, tcp_flag_names};
static const struct flag_set tun_flags = {"tunnel", 0x1, tun_flag_names};

const struct frag_word frag_words[] = {
    {"no", 0, KEY_FRAG_ANY | KEY_FRAG_LATER},
    {"first", KEY_FRAG_ANY, KEY_FRAG_ANY | KEY_FRAG_LATER},
    {"later", KEY_FRAG_ANY | KEY_FRAG_LATER, KEY_FRAG_ANY | KEY_FRAG_LATER},
    {"yes", KEY_FRAG_ANY, KEY_FRAG_ANY},
    {"not_later", 0, KEY_FRAG_LATER},
    {NULL, 0, 0},
};

const struct flag_set *flag_set_of(enum field_format format)
{
    switch (format) {
    case FMT_CT_STATE:
        return &ct_state;
    case FMT_TCP_FLAGS:
        return &tcp_flags;
    case FMT_TUN_FLAGS:
        return &tun_flags;
    default:
        return NULL;
    }
}

void flag_set_format(const struct flag_set *set, uint32_t value, uint32_t mask, struct text *t)
{
    bool exact = (mask & set->all) == set->all;
    size_t start = t->len;

    for (unsigned i = 0; set->all >> i; i++) {
        if (exact && value >> i & 1) {
            text_puts(t, t->len > start ? "|" : "");
            text_puts(t, set->names[i]);
        } else if (!exact && mask >> i & 1) {
            text_putc(t, value >> i & 1 ? '+' : '-');
            text_puts(t, set->names[i]);
        }
    }
    if (t->len == start) {
        text_putc(t, '0');
    }
}

/* The bit whose name is the first 'n' characters of 's', or 0. */
static uint32_t flag_by_name(const struct flag_set *set, const char *s, size_t n)
{
    for (unsigned i = 0; set->all >> i; i++) {
        if (strlen(set->names[i]) == n && !strncmp(set->names[i], s, n)) {
            return BIT(i);
        }
    }
    return 0;
}

static char *unknown(const struct flag_set *set, const char *s)
{
    return xasprintf("%s: unknown %s flag(s)", s, set->noun);
}

static char *parse_numbers(const struct flag_set *set, const char *s, uint32_t *value,
                           uint32_t *mask)
{
    const char *slash = strchr(s, '/');
    char *first = slash ? xstrndup(s, (size_t)(slash - s)) : xstrdup(s);
    bool ok = text_to_u32(first, value);

    free(first);
    *mask = UINT32_MAX;
    if (ok && slash) {
        ok = text_to_u32(slash + 1, mask) && !(*mask & ~set->all);
    }
    return ok && !(*value & ~set->all) ? NULL : unknown(set, s);
}

char *flag_set_parse(const struct flag_set *set, const char *s, uint32_t *value, uint32_t *mask)
{
    *value = *mask = 0;
    if (isdigit((unsigned char)*s)) {
        return parse_numbers(set, s, value, mask);
    }
    const char *all = s;
    bool masked = *s == '+' || *s == '-';
    for (;;) {
        bool on = !masked || *s == '+';
        s += masked;
        size_t n = strcspn(s, masked ? "+-" : "|");
        uint32_t bit = flag_by_name(set, s, n);
        if (!bit) {
            return unknown(set, masked ? s : all);
        }
        if (masked && *mask & bit) {
            return xasprintf("%s: Each %s flag can be specified only once", s, set->noun);
        }
        *mask |= bit;
        *value |= on ? bit : 0;
        s += n;
        if (!*s) {
            break;
        }
        s += !masked;
    }
    if (!masked) {
        *mask = UINT32_MAX;
    }
    return NULL;
}
