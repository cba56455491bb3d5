/* tunnel_text.c - see odp-private.h: tunnels in ODP text,
 * `tunnel(tun_id=0x5,src=...,flags(df|key))` in keys and in `set`. */
#include <stdlib.h>

#include "lib/dp/odp-private.h"
#include "lib/mem.h"

#define KEY_TUN_SHOWN (KEY_TUN_OAM | KEY_TUN_DF | KEY_TUN_CSUM | KEY_TUN_KEY)

#define M(NAME, STYLE, MEMBER)                                                                \
    {                                                                                         \
        NAME, ODP_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), 0 \
    }

static const struct odp_member members[] = {
    M("tun_id", 0X, tun_id),         M("src", IP4, tun_src),          M("dst", IP4, tun_dst),
    M("ipv6_src", IP6, tun_ip6_src), M("ipv6_dst", IP6, tun_ip6_dst), M("tos", HEX, tun_tos),
    M("ttl", DEC, tun_ttl),          M("tp_src", DEC, tun_tp_src),    M("tp_dst", DEC, tun_tp_dst),
};
static const struct odp_member gbp[] = {M("id", DEC, tun_gbp_id), M("flags", HEX, tun_gbp_flags)};

/* Version 1 has an index, version 2 the others. */
static const struct odp_member erspan[] = {M("ver", DEC, tun_erspan_ver),
                                           M("dir", DEC, tun_erspan_dir),
                                           M("hwid", HEX, tun_erspan_hwid),
                                           M("idx", HEX, tun_erspan_idx)};
#define ERSPAN_2 3 /* Members of version 2. */

/* ---- printing ---- */

/* Behind `tunnel(` and what stands in it already. */
static void put_gbp(struct text *t, const struct key *key, const struct key *mask, bool verbose)
{
    size_t before = t->len;

    if (!(key->tun_flags & htons(KEY_TUN_GBP)) && !key->tun_gbp_id && !key->tun_gbp_flags) {
        return;
    }
    text_puts(t, "vxlan(");
    size_t inside = t->len;
    odp_put_header(t, inside, "gbp", gbp, ARRAY_SIZE(gbp), key, mask, verbose);
    if (t->len == inside) {
        text_truncate(t, before);
    } else {
        text_puts(t, "),");
    }
}

/* In keys an index has its mask always. */
static void put_erspan(struct text *t, const struct key *key, const struct key *mask, bool verbose,
                       bool is_key)
{
    const size_t before = t->len;

    if (key->tun_erspan_ver != 1) {
        if (key->tun_erspan_ver) {
            odp_put_header(t, before, "erspan", erspan, ERSPAN_2, key, mask, verbose);
        }
    } else if (verbose || mask->tun_erspan_ver || mask->tun_erspan_idx) {
        odp_put_header(t, before, "erspan", erspan, 1, key, mask, true);
        text_chomp(t, ')');
        text_printf(t, ",idx=%#x", ntohl(key->tun_erspan_idx));
        if (is_key) {
            text_printf(t, "/%#x", ntohl(mask->tun_erspan_idx));
        }
        text_putc(t, ')');
    }
    text_puts(t, t->len > before ? "," : "");
}

static bool is_of_family(const struct odp_member *m, bool v6)
{
    bool is4 = m->style == ODP_IP4, is6 = m->style == ODP_IP6;
    return v6 ? !is4 : !is6;
}

static bool is_at(const struct odp_member *m, size_t ofs)
{
    return m->ofs == ofs;
}

/* The kernel gives attributes of a tunnel back that are there: no address, TOS or outer port of
 * zero.  In other keys outer ports alone may be missing. */
static bool is_missing(const struct odp_member *m, const struct key *key, bool kernel)
{
    if (is_at(m, offsetof(struct key, tun_ttl)) ||
        !is_all_zeros((const uint8_t *)key + m->ofs, m->n)) {
        return false;
    }
    if (is_at(m, offsetof(struct key, tun_id))) {
        return kernel && !(key->tun_flags & htons(KEY_TUN_KEY));
    }
    return kernel || is_at(m, offsetof(struct key, tun_tp_src)) ||
           is_at(m, offsetof(struct key, tun_tp_dst));
}

/* Addresses of one family. */
static void put_members(struct text *t, size_t start, const struct key *key, const struct key *mask,
                        bool verbose, bool kernel)
{
    bool v6 = !key->tun_dst && !key->tun_src && !is_all_zeros(key->tun_ip6_dst, 16);
    struct odp_member m[ARRAY_SIZE(members)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if (is_of_family(&members[i], v6) && !is_missing(&members[i], key, kernel)) {
            m[n++] = members[i];
        }
    }
    odp_put_header(t, start, "tunnel", m, n, key, mask, verbose);
}

void odp_put_tunnel(struct odp_out *o)
{
    const struct key *key = o->key, *mask = o->mask;
    struct text *t = o->t;
    bool none = !key->tun_dst && !key->tun_src && is_all_zeros(key->tun_ip6_dst, 16);
    bool verbose = o->verbose && !none; /* No tunnel: only what is matched nevertheless. */
    uint16_t flags = ntohs(mask->tun_flags) & KEY_TUN_SHOWN;
    size_t before = t->len;

    if (none && o->format->kernel) {
        return;
    }
    put_members(t, o->start, key, mask, verbose, o->format->kernel);
    if (t->len > before) {
        text_chomp(t, ')');
        text_putc(t, ',');
    } else {
        text_puts(t, t->len > o->start ? ",tunnel(" : "tunnel(");
    }
    size_t inside = t->len;
    put_gbp(t, key, mask, verbose);
    put_erspan(t, key, mask, verbose, true);
    if (mask->tun_opt_len && (key->tun_opt_len || (!none && !o->format->kernel))) {
        odp_put_geneve(t, key, mask, verbose);
    }
    if (flags || verbose) {
        text_puts(t, "flags(");
        odp_put_flags(t, ntohs(key->tun_flags), flags, 0, &odp_tunnel_flags);
        text_puts(t, !flags && o->format->kernel ? "/0)," : "),");
    }
    if (t->len == inside && t->s[t->len - 1] == '(') {
        text_truncate(t, before);
    } else {
        text_chomp(t, ',');
        text_putc(t, ')');
    }
}

/* What is zero is left out, but the TTL, and a key or a policy that is there. */
static void shown_of_set(const struct key *v, struct key *shown)
{
    const uint16_t flags = ntohs(v->tun_flags);
    bool has_gbp = v->tun_gbp_id || v->tun_gbp_flags || flags & KEY_TUN_GBP;

    *shown = (struct key){.tun_id = v->tun_id || flags & KEY_TUN_KEY ? UINT64_MAX : 0,
                          .tun_src = v->tun_src ? UINT32_MAX : 0,
                          .tun_dst = v->tun_dst ? UINT32_MAX : 0,
                          .tun_tos = v->tun_tos ? UINT8_MAX : 0,
                          .tun_ttl = UINT8_MAX,
                          .tun_tp_src = v->tun_tp_src ? UINT16_MAX : 0,
                          .tun_tp_dst = v->tun_tp_dst ? UINT16_MAX : 0,
                          .tun_gbp_id = has_gbp ? UINT16_MAX : 0,
                          .tun_gbp_flags = has_gbp ? UINT8_MAX : 0,
                          .tun_erspan_ver = UINT8_MAX,
                          .tun_erspan_dir = UINT8_MAX,
                          .tun_erspan_hwid = UINT8_MAX};
    memset(shown->tun_ip6_src, is_all_zeros(v->tun_ip6_src, 16) ? 0 : 0xff, 16);
    memset(shown->tun_ip6_dst, is_all_zeros(v->tun_ip6_dst, 16) ? 0 : 0xff, 16);
    memset(shown->tun_opt, 0xff, sizeof shown->tun_opt);
}

void odp_put_tunnel_set(struct text *t, const struct dp_action_set *s)
{
    const uint16_t flags = ntohs(s->value.tunnel.flags) & KEY_TUN_SHOWN;
    struct key value, shown;

    dp_action_tunnel_key(s, &value);
    shown_of_set(&value, &shown);
    put_members(t, t->len, &value, &shown, false, false);
    text_chomp(t, ')');
    text_putc(t, ',');
    put_gbp(t, &value, &shown, false);
    put_erspan(t, &value, &shown, false, false);
    if (value.tun_opt_len) {
        odp_put_geneve(t, &value, &shown, false);
    }
    if (flags) {
        text_puts(t, "flags(");
        odp_put_flags(t, flags, UINT16_MAX, UINT16_MAX, &odp_tunnel_flags);
        text_puts(t, "),");
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}

/* ---- parsing ---- */

static void add_flags(struct odp_in *p, uint16_t flags)
{
    p->key->tun_flags |= htons(flags);
    if (p->mask) {
        p->mask->tun_flags |= htons(flags);
    }
}

/* `gbp(id=1,flags=0)`, behind `vxlan(`. */
static char *parse_vxlan(struct odp_in *p, char *value)
{
    char *cursor = value, *k, *v, *error = NULL;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (strcmp(k, "gbp")) {
            return xasprintf("vxlan: unknown member %s", k);
        }
        add_flags(p, KEY_TUN_GBP);
        error = odp_parse_members("gbp", v, gbp, ARRAY_SIZE(gbp), p->key, p->mask);
    }
    if (!error && p->mask && !p->mask->tun_gbp_id && !p->mask->tun_gbp_flags) {
        p->mask->tun_flags &= htons((uint16_t)~KEY_TUN_GBP); /* Shown, not matched. */
    }
    return error;
}

/* `ver=1,idx=7` or `ver=2,dir=1,hwid=7`. */
static char *parse_erspan(struct odp_in *p, char *value)
{
    char *error = odp_parse_members("erspan", value, erspan, ARRAY_SIZE(erspan), p->key, p->mask);
    const struct key *k = p->key;

    if (error) {
        return error;
    }
    if (k->tun_erspan_ver != 1 && k->tun_erspan_ver != 2) {
        return xstrdup("erspan: ver must be 1 or 2");
    }
    if (k->tun_erspan_ver == 1 ? k->tun_erspan_dir || k->tun_erspan_hwid : k->tun_erspan_idx != 0) {
        return xstrdup("erspan: version 1 has idx, version 2 has dir and hwid");
    }
    if (ntohl(k->tun_erspan_idx) > 0xfffff || k->tun_erspan_dir > 1 || k->tun_erspan_hwid > 63) {
        return xstrdup("erspan: idx has 20 bits, dir 1, hwid 6");
    }
    if (p->mask) {
        p->mask->tun_erspan_dir &= 1;
        p->mask->tun_erspan_hwid &= 0x3f;
    }
    return NULL;
}

static char *parse_flags(struct odp_in *p, char *value)
{
    uint32_t flags, mask;

    if (!odp_read_flags(value, &odp_tunnel_flags, &flags, &mask)) {
        return odp_bad_value("tunnel", value);
    }
    p->key->tun_flags = (p->key->tun_flags & htons(KEY_TUN_GBP)) | htons((uint16_t)flags);
    if (p->mask) {
        p->mask->tun_flags = (p->mask->tun_flags & htons(KEY_TUN_GBP)) | htons((uint16_t)mask);
    }
    return NULL;
}

char *odp_parse_tunnel(struct odp_in *p, char *value)
{
    char *cursor = value, *k, *v, *error = NULL;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "vxlan")) {
            error = parse_vxlan(p, v);
        } else if (!strcmp(k, "flags")) {
            error = parse_flags(p, v);
        } else if (!strcmp(k, "erspan")) {
            error = parse_erspan(p, v);
        } else if (!strcmp(k, "geneve")) {
            error = odp_parse_geneve(p, v);
        } else {
            error = odp_parse_member("tunnel", k, v, members, ARRAY_SIZE(members), p->key, p->mask);
        }
        if (!error && !strcmp(k, "tun_id")) { /* It is there, be it zero. */
            p->key->tun_flags |= htons(KEY_TUN_KEY);
            if (p->mask && p->mask->tun_id) {
                p->mask->tun_flags |= htons(KEY_TUN_KEY);
            }
        }
    }
    return error;
}

char *odp_parse_tunnel_set(char *text, struct dp_actions *list)
{
    struct key k = {0};
    struct odp_in p = {.key = &k};
    char *error = odp_parse_tunnel(&p, text);

    if (!error) {
        dp_actions_set_tunnel(list, &k);
    }
    return error;
}
