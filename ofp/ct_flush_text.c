/* ct_flush_text.c - see ct_flush.h; the text.  A tuple is a list of `key=value` as matches have it;
 * its keys are the rows below. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/ct_flush.h"
#include "ofp/match.h"

#define V4_OFS 12 /* Of the IPv4 address in a mapped one. */

/* ---- format ---- */

static void format_address(const uint8_t address[16], struct text *s)
{
    static const uint8_t prefix[V4_OFS] = {[10] = 0xff, [11] = 0xff};

    if (!memcmp(address, prefix, sizeof prefix)) {
        be32 ip;
        memcpy(&ip, address + V4_OFS, sizeof ip);
        text_ip4(s, ip);
    } else {
        text_ip6(s, address);
    }
}

static void format_tuple(const struct ct_flush *f, const struct ct_flush_tuple *t, struct text *s)
{
    const char *ip = f->family == 4 ? "nw" : "ipv6";

    text_printf(s, "ct_%s_src=", ip);
    format_address(t->src, s);
    text_printf(s, ",ct_%s_dst=", ip);
    format_address(t->dst, s);
    if (ct_flush_is_icmp(f)) {
        text_printf(s, ",icmp_id=%u,icmp_type=%u,icmp_code=%u", t->src_port, t->dst_port & 0xff,
                    t->dst_port >> 8);
    } else {
        text_printf(s, ",ct_tp_src=%u,ct_tp_dst=%u", t->src_port, t->dst_port);
    }
}

static void format_masked(const char *label, enum field_id id, const void *value, const void *mask,
                          struct text *s)
{
    const struct field *field = &fields[id];
    struct field_value v = {{0}}, m = {{0}};

    memcpy(v.b, value, field->n_bytes);
    memcpy(m.b, mask, field->n_bytes);
    if (!is_all_zeros(v.b, field->n_bytes) || !is_all_zeros(m.b, field->n_bytes)) {
        text_printf(s, " %s=", label);
        field_format(field, &v, &m, NULL, s);
    }
}

void ct_flush_format(const struct ct_flush *f, struct text *s)
{
    uint8_t mark[4], mask[4];

    put_be32(mark, f->mark);
    put_be32(mask, f->mark_mask);
    text_printf(s, " zone=%u", f->zone);
    format_masked("mark", MF_CT_MARK, mark, mask, s);
    format_masked("labels", MF_CT_LABEL, f->labels, f->labels_mask, s);
    text_puts(s, " '");
    format_tuple(f, &f->orig, s);
    text_printf(s, ",ct_nw_proto=%u' '", f->ip_proto);
    format_tuple(f, &f->reply, s);
    text_putc(s, '\'');
}

/* ---- parse ---- */

enum key_kind { KEY_IP4, KEY_IP6, KEY_PROTO, KEY_PORT, KEY_ICMP_ID, KEY_ICMP_TYPE, KEY_ICMP_CODE };

static const struct {
    const char *name;
    uint8_t kind; /* enum key_kind */
    bool dst;
} keys[] = {
    {"ct_nw_src", KEY_IP4, false},       {"ct_nw_dst", KEY_IP4, true},
    {"ct_ipv6_src", KEY_IP6, false},     {"ct_ipv6_dst", KEY_IP6, true},
    {"ct_nw_proto", KEY_PROTO, false},   {"ct_tp_src", KEY_PORT, false},
    {"ct_tp_dst", KEY_PORT, true},       {"icmp_id", KEY_ICMP_ID, false},
    {"icmp_type", KEY_ICMP_TYPE, false}, {"icmp_code", KEY_ICMP_CODE, false},
};

static char *parse_address(const char *key, const char *value, bool v4, struct ct_flush *f,
                           uint8_t address[16])
{
    uint8_t ip6[16] = {[10] = 0xff, [11] = 0xff};
    uint8_t family = v4 ? 4 : 6;
    be32 ip;

    if (!is_all_zeros(address, 16)) {
        return xasprintf("%s is set multiple times", key);
    }
    if (v4 ? !text_to_ip4(value, &ip) : !text_to_ip6(value, ip6)) {
        return xasprintf("failed to parse field %s", key);
    }
    if (v4) {
        memcpy(ip6 + V4_OFS, &ip, sizeof ip);
    }
    if (f->family && f->family != family) {
        return xasprintf("the L3 protocol does not match %s", value);
    }
    f->family = family;
    memcpy(address, ip6, sizeof ip6);
    return NULL;
}

static char *parse_key(size_t i, const char *value, struct ct_flush *f, struct ct_flush_tuple *t)
{
    const char *key = keys[i].name;
    uint16_t *port = keys[i].dst ? &t->dst_port : &t->src_port;
    bool ok = true;
    uint8_t byte = 0;

    switch ((enum key_kind)keys[i].kind) {
    case KEY_IP4:
    case KEY_IP6:
        return parse_address(key, value, keys[i].kind == KEY_IP4, f, keys[i].dst ? t->dst : t->src);
    case KEY_PROTO:
        ok = text_to_u8(value, &f->ip_proto);
        break;
    case KEY_PORT:
        ok = text_to_u16(value, port);
        break;
    case KEY_ICMP_ID:
    case KEY_ICMP_TYPE:
    case KEY_ICMP_CODE:
        if (!ct_flush_is_icmp(f)) {
            return xasprintf("invalid L4 fields");
        }
        if (keys[i].kind == KEY_ICMP_ID) {
            ok = text_to_u16(value, &t->src_port);
        } else {
            ok = text_to_u8(value, &byte);
            t->dst_port = keys[i].kind == KEY_ICMP_TYPE
                              ? (uint16_t)((t->dst_port & 0xff00) | byte)
                              : (uint16_t)((t->dst_port & 0xff) | byte << 8);
        }
        break;
    }
    return ok ? NULL : xasprintf("failed to parse field %s", key);
}

static char *parse_item(const char *key, const char *value, struct ct_flush *f,
                        struct ct_flush_tuple *t)
{
    if (!*value) {
        return xasprintf("field %s missing value", key);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(key, keys[i].name)) {
            return parse_key(i, value, f, t);
        }
    }
    return xasprintf("invalid conntrack tuple field: %s", key);
}

static char *parse_tuple(const char *text, struct ct_flush *f, struct ct_flush_tuple *t)
{
    char *copy = xstrdup(text), *cursor = copy, *key, *value, *error = NULL;

    while (!error && text_next_kv(&cursor, &key, &value)) {
        error = parse_item(key, value, f, t);
    }
    free(copy);
    if (!error && !f->ip_proto && (t->src_port || t->dst_port)) {
        error = xasprintf("port is set without protocol");
    }
    return error;
}

/* `NAME=VALUE[/MASK]` in a field's own format. */
static char *parse_masked(const char *name, const char *text, enum field_id id, void *value,
                          void *mask)
{
    struct field_value v, m;
    char *error = field_parse(&fields[id], text, NULL, &v, &m);

    if (error) {
        free(error);
        return xasprintf("failed to parse field %s", name);
    }
    memcpy(value, v.b, fields[id].n_bytes);
    memcpy(mask, m.b, fields[id].n_bytes);
    return NULL;
}

char *ct_flush_parse(size_t n, char *const words[], struct ct_flush *f)
{
    size_t i = 0;
    char *error = NULL;

    memset(f, 0, sizeof *f);
    if (i < n && !strncmp(words[i], "zone=", 5)) {
        if (!text_to_u16(words[i] + 5, &f->zone)) {
            return xasprintf("failed to parse zone");
        }
        f->has_zone = true;
        i++;
    }
    if (i < n && !strncmp(words[i], "mark=", 5)) {
        uint8_t mark[4] = {0}, mask[4] = {0};
        error = parse_masked("mark", words[i] + 5, MF_CT_MARK, mark, mask);
        f->mark = get_be32(mark);
        f->mark_mask = get_be32(mask);
        i++;
    }
    if (!error && i < n && !strncmp(words[i], "labels=", 7)) {
        error = parse_masked("labels", words[i] + 7, MF_CT_LABEL, f->labels, f->labels_mask);
        i++;
    }
    for (int reply = 0; !error && i < n && reply < 2; reply++, i++) {
        error = parse_tuple(words[i], f, reply ? &f->reply : &f->orig);
    }
    return error || i == n ? error : xasprintf("invalid arguments");
}
