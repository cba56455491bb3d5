/* ct_filter.c - the arguments of flush-conntrack and of a dump: [zone=N] [mark=X[/M]]
 * [labels=Y[/N]] [proto=P] [state=S] [ORIG [REPLY]], tuples as key=value lists.  Pure text.  Errors
 * are the words users know, without the caller's prefix and errno text. */
#include <stdlib.h>

#include "lib/ct/ct_info.h"
#include "lib/mem.h"
#include "lib/packet/ip.h"

enum field_type { FT_IP4, FT_IP6, FT_U8, FT_PORT, FT_ICMP_U8, FT_ICMP_ID };

static const struct field {
    const char *name;
    uint8_t type; /* enum field_type */
    uint8_t bit;  /* CT_TF_* */
    uint8_t ofs;  /* In struct ct_tuple. */
} fields[] = {
    {"ct_nw_src", FT_IP4, CT_TF_SRC, offsetof(struct ct_tuple, src)},
    {"ct_nw_dst", FT_IP4, CT_TF_DST, offsetof(struct ct_tuple, dst)},
    {"ct_ipv6_src", FT_IP6, CT_TF_SRC, offsetof(struct ct_tuple, src)},
    {"ct_ipv6_dst", FT_IP6, CT_TF_DST, offsetof(struct ct_tuple, dst)},
    {"ct_nw_proto", FT_U8, CT_TF_PROTO, offsetof(struct ct_tuple, proto)},
    {"ct_tp_src", FT_PORT, CT_TF_SRC_PORT, offsetof(struct ct_tuple, src_port)},
    {"ct_tp_dst", FT_PORT, CT_TF_DST_PORT, offsetof(struct ct_tuple, dst_port)},
    {"icmp_type", FT_ICMP_U8, CT_TF_ICMP_TYPE, offsetof(struct ct_tuple, icmp_type)},
    {"icmp_code", FT_ICMP_U8, CT_TF_ICMP_CODE, offsetof(struct ct_tuple, icmp_code)},
    {"icmp_id", FT_ICMP_ID, CT_TF_ICMP_ID, offsetof(struct ct_tuple, src_port)},
};

static const struct field *field_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (!strcmp(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool is_icmp(const struct ct_tuple *t)
{
    return t->proto == IPPROTO_HDR_ICMP || t->proto == IPPROTO_HDR_ICMP6;
}

static bool parse_value(const struct field *f, const char *value, uint8_t *to)
{
    uint16_t v16;
    be32 ip;
    switch ((enum field_type)f->type) {
    case FT_IP4:
        if (!text_to_ip4(value, &ip)) {
            return false;
        }
        memcpy(to, &ip, sizeof ip);
        return true;
    case FT_IP6:
        return text_to_ip6(value, to);
    case FT_U8:
    case FT_ICMP_U8:
        return text_to_u8(value, to);
    case FT_PORT:
    case FT_ICMP_ID:
        if (!text_to_u16(value, &v16)) {
            return false;
        }
        put_be16(to, v16);
        return true;
    }
    return false;
}

static char *parse_field(const char *key, const char *value, struct ct_tuple_filter *tf)
{
    const struct field *f = field_by_name(key);
    bool is_addr = f && (f->type == FT_IP4 || f->type == FT_IP6);
    if (!*value) {
        return xasprintf("field %s missing value", key);
    }
    if (!f) {
        return xasprintf("invalid conntrack tuple field: %s", key);
    }
    if (is_addr && tf->has & (CT_TF_SRC | CT_TF_DST) && tf->tuple.is_ip6 != (f->type == FT_IP6)) {
        return xasprintf("the L3 protocol does not match %s", value);
    }
    if (tf->has & f->bit) {
        return xasprintf("%s is set multiple times", key);
    }
    bool is_l4 = f->type == FT_PORT || f->type == FT_ICMP_U8 || f->type == FT_ICMP_ID;
    if (is_l4 && is_icmp(&tf->tuple) != (f->type != FT_PORT)) {
        return xstrdup("invalid L4 fields");
    }
    if (!parse_value(f, value, (uint8_t *)&tf->tuple + f->ofs)) {
        return xasprintf("failed to parse field %s", key);
    }
    tf->has |= f->bit;
    if (is_addr) {
        tf->tuple.is_ip6 = f->type == FT_IP6;
    }
    return NULL;
}

static char *parse_tuple(const char *s, struct ct_tuple_filter *tf)
{
    char *copy = xstrdup(s), *cursor = copy, *key, *value, *error = NULL;
    while (!error && text_next_kv(&cursor, &key, &value)) {
        error = parse_field(key, value, tf);
    }
    free(copy);
    uint8_t ports = CT_TF_SRC_PORT | CT_TF_DST_PORT;
    if (!error && tf->has & ports) {
        if (!tf->tuple.proto) {
            error = xstrdup("port is set without protocol");
        } else if (is_icmp(&tf->tuple)) {
            error = xstrdup("invalid L4 fields"); /* The protocol came after the ports. */
        }
    }
    return error;
}

/* A 128-bit number: 0x hex of any length up to 32 digits, or up to 64 bits otherwise. */
static bool parse_u128(const char *s, uint8_t v[16])
{
    memset(v, 0, 16);
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        size_t n = strspn(s + 2, "0123456789abcdefABCDEF");
        if (!n || s[2 + n]) {
            return false;
        }
        for (size_t i = 0; i < n; i++) { /* From the last digit. */
            char digit[2] = {s[2 + n - 1 - i], '\0'};
            unsigned nibble = (unsigned)strtoul(digit, NULL, 16);
            if (i >= 32) {
                if (nibble) {
                    return false;
                }
                continue;
            }
            v[15 - i / 2] |= (uint8_t)(nibble << (i & 1 ? 4 : 0));
        }
        return true;
    }
    uint64_t low;
    if (!text_to_u64(s, &low)) {
        return false;
    }
    put_be64(v + 8, low);
    return true;
}

/* VALUE[/MASK] of 16 bytes, all bits without a mask. */
static char *parse_masked(const char *name, const char *s, uint8_t value[16], uint8_t mask[16])
{
    char *copy = xstrdup(s), *slash = strchr(copy, '/');
    bool ok = true;
    memset(mask, 0xff, 16);
    if (slash) {
        *slash = '\0';
        ok = parse_u128(slash + 1, mask);
    }
    ok = ok && parse_u128(copy, value);
    free(copy);
    return ok ? NULL : xasprintf("failed to parse %s", name);
}

static char *parse_mark(const char *s, struct ct_filter *f)
{
    uint8_t value[16], mask[16];
    char *error = parse_masked("mark", s, value, mask);
    if (!error && (!is_all_zeros(value, 12) || (strchr(s, '/') && !is_all_zeros(mask, 12)))) {
        error = xstrdup("failed to parse mark");
    }
    if (!error) {
        f->mark = get_be32(value + 12);
        f->mark_mask = get_be32(mask + 12);
    }
    return error;
}

/* One word of it: the first of these that it begins with. */
static char *parse_word(char *word, struct ct_filter *f, struct ct_tuple_filter **next)
{
    if (!strncmp(word, "zone=", 5)) {
        f->has_zone = text_to_u16(word + 5, &f->zone);
        return f->has_zone ? NULL : xstrdup("failed to parse zone");
    }
    if (!strncmp(word, "mark=", 5)) {
        return parse_mark(word + 5, f);
    }
    if (!strncmp(word, "labels=", 7)) {
        return parse_masked("labels", word + 7, f->label, f->label_mask);
    }
    if (!strncmp(word, "proto=", 6)) {
        f->has_proto = ct_proto_parse(word + 6, &f->proto);
        return f->has_proto ? NULL : xstrdup("failed to parse proto");
    }
    if (!strncmp(word, "state=", 6)) {
        f->state = ct_state_parse(word + 6);
        return f->state ? NULL : xstrdup("failed to parse state");
    }
    struct ct_tuple_filter *t = *next;
    *next = t == &f->orig ? &f->reply : NULL;
    return t ? parse_tuple(word, t) : xstrdup("invalid arguments");
}

char *ct_filter_parse(int argc, char *const argv[], struct ct_filter *f)
{
    struct ct_tuple_filter *next = &f->orig;
    char *error = NULL;

    *f = (struct ct_filter){0};
    for (int i = 0; !error && i < argc; i++) {
        error = parse_word(argv[i], f, &next);
    }
    return error;
}
