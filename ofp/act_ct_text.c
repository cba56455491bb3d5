/* act_ct_text.c - ct(...) and nat(...) as users write them; see act-private.h. */
#include <stdlib.h>
#include <strings.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

static void format_addr(uint8_t af, const uint8_t *addr, bool bracket, struct text *t)
{
    if (af == 4) {
        be32 ip;
        memcpy(&ip, addr, sizeof ip);
        text_ip4(t, ip);
    } else {
        text_puts(t, bracket ? "[" : "");
        text_ip6(t, addr);
        text_puts(t, bracket ? "]" : "");
    }
}

static void format_nat_range(const struct act_nat *nat, struct text *t)
{
    size_t size = nat->af == 6 ? 16 : 4;

    text_putc(t, '=');
    format_addr(nat->af, nat->addr_min, nat->proto_min, t);
    if (!is_all_zeros(nat->addr_max, size) && memcmp(nat->addr_max, nat->addr_min, size)) {
        text_putc(t, '-');
        format_addr(nat->af, nat->addr_max, nat->proto_min, t);
    }
    if (nat->proto_min) {
        text_printf(t, ":%u", nat->proto_min);
        if (nat->proto_max && nat->proto_max != nat->proto_min) {
            text_printf(t, "-%u", nat->proto_max);
        }
    }
    text_puts(t, nat->flags & NAT_PERSISTENT ? ",persistent" : "");
    text_puts(t, nat->flags & NAT_PROTO_HASH ? ",hash" : "");
    text_puts(t, nat->flags & NAT_PROTO_RANDOM ? ",random" : "");
}

void act_format_nat(const struct act_nat *nat, struct text *t)
{
    text_puts(t, "nat");
    if (nat->flags & (NAT_SRC | NAT_DST)) {
        text_puts(t, nat->flags & NAT_SRC ? "(src" : "(dst");
        if (nat->af) {
            format_nat_range(nat, t);
        }
        text_putc(t, ')');
    }
}

/* ---- nat ---- */

/* An address at '*s', and past it: IPv4, IPv6, or IPv6 in brackets. */
static bool scan_addr(const char **s, uint8_t *af, uint8_t addr[16])
{
    char buf[64];
    bool bracket = **s == '[';
    const char *p = *s + bracket;
    size_t n = strspn(p, "0123456789.");
    /* `1.2.3.4:80` and `1::2` are told apart by what is in front of the first colon. */
    bool v4 = !bracket && memchr(p, '.', n);
    be32 ip;

    if (!v4) {
        n = strspn(p, "0123456789abcdefABCDEF:.");
    }
    if (n >= sizeof buf || (bracket && p[n] != ']')) {
        return false;
    }
    memcpy(buf, p, n);
    buf[n] = '\0';
    memset(addr, 0, 16);
    *s = p + n + bracket;
    *af = v4 ? 4 : 6;
    if (!v4) {
        return text_to_ip6(buf, addr);
    }
    if (!text_to_ip4(buf, &ip)) {
        return false;
    }
    memcpy(addr, &ip, sizeof ip);
    return true;
}

static bool scan_port(const char **s, uint16_t *port)
{
    char buf[8];
    size_t n = strspn(*s, "0123456789");

    if (!n || n >= sizeof buf) {
        return false;
    }
    memcpy(buf, *s, n);
    buf[n] = '\0';
    unsigned long v = strtoul(buf, NULL, 10);
    *port = (uint16_t)v;
    *s += n;
    return v <= UINT16_MAX;
}

/* A[-B][:P[-Q]] */
static char *parse_nat_range(const char *range, struct act_nat *nat)
{
    const char *s = range;
    uint8_t af_max = 0;
    bool ok = true;

    if (*s && (*s != ':' || s[1] == ':')) { /* An address of IPv6 may begin with a colon. */
        ok = scan_addr(&s, &nat->af, nat->addr_min);
        if (ok && *s == '-') {
            s++;
            ok = scan_addr(&s, &af_max, nat->addr_max) && af_max == nat->af &&
                 memcmp(nat->addr_max, nat->addr_min, 16) >= 0;
        }
    }
    if (ok && *s == ':') {
        s++;
        ok = scan_port(&s, &nat->proto_min);
        if (ok && *s == '-') {
            s++;
            ok = scan_port(&s, &nat->proto_max) && nat->proto_max >= nat->proto_min;
        }
    }
    if (!ok) {
        return xasprintf("invalid nat range \"%s\"", range);
    }
    if (*s) {
        return xasprintf("garbage (%s) after nat range \"%s\" (pos: %td)", s, range, s - range);
    }
    /* What the wire does not carry: addresses of zero, and ports without an address. */
    if (!nat->af || is_all_zeros(nat->addr_min, 16)) {
        nat->af = 0;
        memset(nat->addr_max, 0, sizeof nat->addr_max);
    }
    if (!nat->af || !nat->proto_min) {
        nat->proto_min = nat->proto_max = 0;
    }
    if (nat->proto_max == nat->proto_min) {
        nat->proto_max = 0;
    }
    if (!memcmp(nat->addr_max, nat->addr_min, 16)) {
        memset(nat->addr_max, 0, sizeof nat->addr_max);
    }
    return NULL;
}

static char *parse_nat_item(const char *key, const char *value, struct act_nat *nat)
{
    static const struct {
        const char *name;
        uint16_t flag;
    } flags[] = {
        {"persistent", NAT_PERSISTENT},
        {"hash", NAT_PROTO_HASH},
        {"random", NAT_PROTO_RANDOM},
        {"src", NAT_SRC},
        {"dst", NAT_DST},
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (!strcmp(key, flags[i].name)) {
            nat->flags |= flags[i].flag;
            bool range = flags[i].flag & (NAT_SRC | NAT_DST) && *value;
            return range ? parse_nat_range(value, nat) : NULL;
        }
    }
    return xasprintf("invalid key \"%s\" in \"nat\" argument", key);
}

char *act_parse_nat(struct act_parser *p, char *arg)
{
    struct act_nat nat = {.act = {.type = ACT_NAT, .len = sizeof nat}};
    char *key, *value, *error = NULL;

    while (!error && text_next_kv(&arg, &key, &value)) {
        error = parse_nat_item(key, value, &nat);
    }
    if (error) {
        return error;
    }
    if (nat.flags & NAT_SRC && nat.flags & NAT_DST) {
        return xstrdup("May only specify one of \"src\" or \"dst\".");
    }
    if (nat.flags && !(nat.flags & (NAT_SRC | NAT_DST))) {
        return xstrdup("Flags allowed only with \"src\" or \"dst\".");
    }
    if (nat.flags & NAT_PROTO_HASH && nat.flags & NAT_PROTO_RANDOM) {
        return xstrdup("Both \"hash\" and \"random\" are not allowed.");
    }
    memcpy(acts_put(p->out, ACT_NAT, sizeof nat), &nat, sizeof nat);
    return NULL;
}

/* ---- ct ---- */

static char *parse_ct_table(const struct act_parser *p, const char *value, uint8_t *table)
{
    if (!act_parse_table(p->names, value, table)) {
        return xasprintf("unknown table %s", value);
    }
    return *table == OFPTT_ALL ? xasprintf("invalid table %#x", *table) : NULL;
}

static char *parse_ct_zone(const char *value, struct act_ct *ct)
{
    if (text_to_u16(value, &ct->zone_imm)) {
        return NULL;
    }
    char *error = subfield_parse(value, &ct->zone_src);
    if (error) {
        ct->zone_src.field = NULL;
    }
    return error;
}

static char *parse_ct_alg(const char *value, struct act_ct *ct)
{
    ct->alg = !strcmp(value, "ftp") ? 21 : !strcmp(value, "tftp") ? 69 : 0;
    return ct->alg ? NULL : xasprintf("invalid conntrack helper \"%s\"", value);
}

/* exec(...) and nat(...) put what is nested behind the ct act. */
static char *parse_ct_item(struct act_parser *nested, struct act_ct *ct, const char *key,
                           char *value)
{
    if (!strcmp(key, "commit")) {
        ct->commit = true;
    } else if (!strcmp(key, "force")) {
        ct->force = true;
    } else if (!strcmp(key, "table")) {
        return parse_ct_table(nested, value, &ct->table);
    } else if (!strcmp(key, "zone")) {
        return parse_ct_zone(value, ct);
    } else if (!strcmp(key, "alg")) {
        return parse_ct_alg(value, ct);
    } else if (!strcmp(key, "nat")) {
        return act_parse_nat(nested, value);
    } else if (!strcmp(key, "exec")) {
        return act_parse_list(nested, value);
    } else {
        return xasprintf("invalid argument to \"ct\" action: `%s'", key);
    }
    return NULL;
}

char *act_parse_ct(struct act_parser *p, char *arg)
{
    struct act_ct ct = {.act = {.type = ACT_CT, .len = sizeof ct}, .table = OFPTT_ALL};
    size_t ofs = act_nest_begin(p->out, ACT_CT, sizeof ct);
    struct act_parser nested = {
        .names = p->names, .out = p->out, .outer = OUTER_CT, .depth = p->depth};
    char *key, *value, *error = NULL;

    if (p->outer == OUTER_CT) {
        return xstrdup("ct action doesn't support nested action ct");
    }
    while (!error && text_next_kv(&arg, &key, &value)) {
        error = parse_ct_item(&nested, &ct, key, value);
    }
    if (error) {
        return error;
    }
    if (ct.force && !ct.commit) {
        return xstrdup("\"force\" flag requires \"commit\" flag.");
    }
    memcpy((char *)p->out->data + ofs, &ct, sizeof ct);
    return act_nest_end(p->out, ofs, sizeof ct) ? NULL : xstrdup("ct: too many nested actions");
}
