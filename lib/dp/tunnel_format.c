/* tunnel_format.c - see action.h: tunnels in ODP text, `tunnel(tun_id=0x5,src=...,flags(df|key))`
 * in keys and in `set`. */
#include "lib/dp/action.h"
#include "lib/dp/format-private.h"

#define KEY_TUN_SHOWN (KEY_TUN_OAM | KEY_TUN_DF | KEY_TUN_CSUM | KEY_TUN_KEY)
static const char *const flag_names[] = {"oam", "df", "csum", "key"};

#define M(NAME, STYLE, MEMBER)                                                               \
    {                                                                                        \
        NAME, FS_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), 0 \
    }

static const struct format_member members4[] = {
    M("tun_id", 0X, tun_id), M("src", IP4, tun_src), M("dst", IP4, tun_dst),
    M("tos", HEX, tun_tos),  M("ttl", DEC, tun_ttl),
};
static const struct format_member members6[] = {
    M("tun_id", 0X, tun_id), M("ipv6_src", IP6, tun_ip6_src), M("ipv6_dst", IP6, tun_ip6_dst),
    M("tos", HEX, tun_tos),  M("ttl", DEC, tun_ttl),
};
static const struct format_member gbp[] = {M("id", DEC, tun_gbp_id),
                                           M("flags", HEX, tun_gbp_flags)};

/* Behind `tunnel(` and what stands in it already. */
static void put_gbp(struct text *t, const struct key *key, const struct key *mask, bool verbose)
{
    size_t before = t->len;

    if (!(key->tun_flags & htons(KEY_TUN_GBP)) && !key->tun_gbp_id && !key->tun_gbp_flags) {
        return;
    }
    text_puts(t, "vxlan(");
    size_t inside = t->len;
    format_header(t, inside, "gbp", gbp, ARRAY_SIZE(gbp), key, mask, verbose);
    if (t->len == inside) {
        text_truncate(t, before);
    } else {
        text_puts(t, "),");
    }
}

/* The kernel gives attributes of a tunnel back that are there: no TOS of zero. */
static void put_members(struct text *t, size_t start, const struct key *key, const struct key *mask,
                        bool verbose, bool kernel)
{
    bool v6 = !key->tun_dst && !key->tun_src && !is_all_zeros(key->tun_ip6_dst, 16);
    const struct format_member *all = v6 ? members6 : members4;
    struct format_member m[ARRAY_SIZE(members4)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(members4); i++) {
        if (!kernel || key->tun_tos || all[i].ofs != offsetof(struct key, tun_tos)) {
            m[n++] = all[i];
        }
    }
    format_header(t, start, "tunnel", m, n, key, mask, verbose);
}

void format_tunnel_key(struct text *t, size_t start, const struct key *key, const struct key *mask,
                       bool verbose, bool kernel)
{
    bool none = !key->tun_dst && !key->tun_src && is_all_zeros(key->tun_ip6_dst, 16);
    uint16_t flags = ntohs(mask->tun_flags) & KEY_TUN_SHOWN;
    size_t before = t->len;

    if (none && kernel) {
        return;
    }
    verbose &= !none; /* There is no tunnel: only what is matched nevertheless. */
    put_members(t, start, key, mask, verbose, kernel);
    if (t->len > before) {
        text_chomp(t, ')');
        text_putc(t, ',');
    } else {
        text_puts(t, t->len > start ? ",tunnel(" : "tunnel(");
    }
    size_t inside = t->len;
    put_gbp(t, key, mask, verbose);
    if (flags || verbose) {
        text_puts(t, "flags(");
        format_flags(t, ntohs(key->tun_flags), flags, 0, flag_names, ARRAY_SIZE(flag_names));
        text_puts(t, "),");
    }
    if (t->len == inside && t->s[t->len - 1] == '(') {
        text_truncate(t, before);
    } else {
        text_chomp(t, ',');
        text_putc(t, ')');
    }
}

void format_tunnel_set(struct text *t, const union dp_set_value *v)
{
    const uint16_t flags = ntohs(v->tunnel.flags);
    struct key value = {.tun_id = v->tunnel.id,
                        .tun_src = v->tunnel.src,
                        .tun_dst = v->tunnel.dst,
                        .tun_tos = v->tunnel.tos,
                        .tun_ttl = v->tunnel.ttl,
                        .tun_gbp_id = v->tunnel.gbp_id,
                        .tun_gbp_flags = v->tunnel.gbp_flags};
    struct key shown = value;

    memcpy(value.tun_ip6_src, v->tunnel.ip6_src, 16);
    memcpy(value.tun_ip6_dst, v->tunnel.ip6_dst, 16);
    /* What is zero is left out, but the TTL, and a key that is there. */
    shown.tun_id = value.tun_id || flags & KEY_TUN_KEY ? UINT64_MAX : 0;
    shown.tun_src = value.tun_src ? UINT32_MAX : 0;
    shown.tun_dst = value.tun_dst ? UINT32_MAX : 0;
    memset(shown.tun_ip6_src, is_all_zeros(v->tunnel.ip6_src, 16) ? 0 : 0xff, 16);
    memset(shown.tun_ip6_dst, is_all_zeros(v->tunnel.ip6_dst, 16) ? 0 : 0xff, 16);
    shown.tun_tos = value.tun_tos ? UINT8_MAX : 0;
    shown.tun_ttl = UINT8_MAX;
    bool has_gbp = value.tun_gbp_id || value.tun_gbp_flags;
    shown.tun_gbp_id = has_gbp ? UINT16_MAX : 0;
    shown.tun_gbp_flags = has_gbp ? UINT8_MAX : 0;
    if (value.tun_dst) {
        format_header(t, t->len, "tunnel", members4, ARRAY_SIZE(members4), &value, &shown, false);
    } else {
        format_header(t, t->len, "tunnel", members6, ARRAY_SIZE(members6), &value, &shown, false);
    }
    text_chomp(t, ')');
    text_putc(t, ',');
    if (v->tunnel.tp_dst) {
        text_printf(t, "tp_dst=%u,", ntohs(v->tunnel.tp_dst));
    }
    put_gbp(t, &value, &shown, false);
    if (flags) {
        text_puts(t, "flags(");
        format_flags(t, flags, UINT16_MAX, UINT16_MAX, flag_names, ARRAY_SIZE(flag_names));
        text_puts(t, "),");
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}
