/* key_parse.c - see action.h: a key from ODP text.  The words are those of key_format.c; a mask
 * behind a value is read over, so that what dpctl/dump-flows shows stands for one of its packets.
 */
#include <stdlib.h>

#include "lib/dp/action.h"
#include "lib/mem.h"

#define MAX_DEPTH 4 /* Of encap(). */

enum style { AS_NUMBER, AS_MAC, AS_IP4, AS_IP6, AS_LABEL };

struct member {
    const char *header, *name; /* name "": the header's own value. */
    enum style style;
    uint16_t ofs, n;
};
#define M(HEADER, NAME, STYLE, MEMBER)                                                            \
    {                                                                                             \
        HEADER, NAME, AS_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER) \
    }
static const struct member members[] = {
    M("recirc_id", "", NUMBER, recirc_id),
    M("dp_hash", "", NUMBER, dp_hash),
    M("skb_mark", "", NUMBER, skb_mark),
    M("ct_zone", "", NUMBER, ct_zone),
    M("ct_mark", "", NUMBER, ct_mark),
    M("ct_label", "", LABEL, ct_label),
    M("ct_tuple4", "src", IP4, ct_ip_src),
    M("ct_tuple4", "dst", IP4, ct_ip_dst),
    M("ct_tuple4", "proto", NUMBER, ct_proto),
    M("ct_tuple4", "tp_src", NUMBER, ct_tp_src),
    M("ct_tuple4", "tp_dst", NUMBER, ct_tp_dst),
    M("ct_tuple6", "src", IP6, ct_ip6_src),
    M("ct_tuple6", "dst", IP6, ct_ip6_dst),
    M("ct_tuple6", "proto", NUMBER, ct_proto),
    M("ct_tuple6", "src_port", NUMBER, ct_tp_src),
    M("ct_tuple6", "dst_port", NUMBER, ct_tp_dst),
    M("tunnel", "tun_id", NUMBER, tun_id),
    M("tunnel", "src", IP4, tun_src),
    M("tunnel", "dst", IP4, tun_dst),
    M("tunnel", "ipv6_src", IP6, tun_ip6_src),
    M("tunnel", "ipv6_dst", IP6, tun_ip6_dst),
    M("tunnel", "tos", NUMBER, tun_tos),
    M("tunnel", "ttl", NUMBER, tun_ttl),
    M("gbp", "id", NUMBER, tun_gbp_id),
    M("gbp", "flags", NUMBER, tun_gbp_flags),
    M("eth", "src", MAC, eth_src),
    M("eth", "dst", MAC, eth_dst),
    M("eth_type", "", NUMBER, eth_type),
    M("ipv4", "src", IP4, ip_src),
    M("ipv4", "dst", IP4, ip_dst),
    M("ipv4", "proto", NUMBER, ip_proto),
    M("ipv4", "tos", NUMBER, ip_tos),
    M("ipv4", "ttl", NUMBER, ip_ttl),
    M("ipv6", "src", IP6, ip6_src),
    M("ipv6", "dst", IP6, ip6_dst),
    M("ipv6", "label", NUMBER, ip6_label),
    M("ipv6", "proto", NUMBER, ip_proto),
    M("ipv6", "tclass", NUMBER, ip_tos),
    M("ipv6", "hlimit", NUMBER, ip_ttl),
    M("ipv6_exthdrs", "hdrs", NUMBER, ip6_exthdr),
    M("tcp", "src", NUMBER, tp_src),
    M("tcp", "dst", NUMBER, tp_dst),
    M("udp", "src", NUMBER, tp_src),
    M("udp", "dst", NUMBER, tp_dst),
    M("sctp", "src", NUMBER, tp_src),
    M("sctp", "dst", NUMBER, tp_dst),
    M("icmp", "type", NUMBER, tp_src),
    M("icmp", "code", NUMBER, tp_dst),
    M("icmpv6", "type", NUMBER, tp_src),
    M("icmpv6", "code", NUMBER, tp_dst),
    M("nd", "target", IP6, nd_target),
    M("nd", "sll", MAC, arp_sha),
    M("nd", "tll", MAC, arp_tha),
    M("nd_ext", "nd_reserved", NUMBER, nd_reserved),
    M("nd_ext", "nd_options_type", NUMBER, nd_options_type),
    M("arp", "sip", IP4, ip_src),
    M("arp", "tip", IP4, ip_dst),
    M("arp", "op", NUMBER, ip_proto),
    M("arp", "sha", MAC, arp_sha),
    M("arp", "tha", MAC, arp_tha),
    M("nsh", "flags", NUMBER, nsh_flags),
    M("nsh", "ttl", NUMBER, nsh_ttl),
    M("nsh", "mdtype", NUMBER, nsh_mdtype),
    M("nsh", "np", NUMBER, nsh_np),
    M("nsh", "spi", NUMBER, nsh_spi),
    M("nsh", "si", NUMBER, nsh_si),
    M("nsh", "c1", NUMBER, nsh_c[0]),
    M("nsh", "c2", NUMBER, nsh_c[1]),
    M("nsh", "c3", NUMBER, nsh_c[2]),
    M("nsh", "c4", NUMBER, nsh_c[3]),
    M("pbb", "isid", NUMBER, pbb_isid),
    M("pbb", "uca", NUMBER, pbb_uca),
};

struct parsing {
    struct key *key;
    bool (*port_by_name)(void *aux, const char *, uint32_t *);
    void *aux;
    unsigned n_vlans;
};

static char *bad(const char *header, const char *value)
{
    return xasprintf("%s: bad value for %s", value, header);
}

/* ---- values ---- */

static void cut_mask(char *value)
{
    char *slash = strchr(value, '/');
    if (slash) {
        *slash = '\0';
    }
}

static void store(uint8_t *p, size_t n, uint64_t v)
{
    while (n--) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

static bool read_label(const char *s, uint8_t label[16])
{
    char padded[33];
    size_t n, digits;

    if (strncmp(s, "0x", 2)) {
        uint64_t v;
        bool ok = text_to_u64(s, &v);
        store(label + 8, 8, ok ? v : 0);
        return ok;
    }
    digits = strlen(s + 2);
    if (!digits || digits > 32) {
        return false;
    }
    memset(padded, '0', sizeof padded);
    memcpy(padded + 32 - digits, s + 2, digits + 1);
    uint8_t *bytes = text_to_hex(padded, &n);
    if (bytes) {
        memcpy(label, bytes, 16);
    }
    free(bytes);
    return bytes != NULL;
}

static bool read_value(const struct member *m, const char *s, struct key *k)
{
    uint8_t *p = (uint8_t *)k + m->ofs;
    uint64_t v;

    switch (m->style) {
    case AS_MAC:
        return text_to_mac(s, p);
    case AS_IP4:
        return text_to_ip4(s, (be32 *)(void *)p);
    case AS_IP6:
        return text_to_ip6(s, p);
    case AS_LABEL:
        return read_label(s, p);
    case AS_NUMBER:
        break;
    }
    if (!text_to_u64(s, &v) || (m->n < 8 && v >> (8 * m->n))) {
        return false;
    }
    store(p, m->n, v);
    return true;
}

/* `0x21`, `new|trk`, `+new+trk-est`. */
static bool read_flags(char *s, const char *const names[], size_t n, uint32_t *flags)
{
    *flags = 0;
    cut_mask(s);
    if (text_to_u32(s, flags)) {
        return true;
    }
    while (*s) {
        bool off = *s == '-';
        s += *s == '-' || *s == '+' || *s == '|';
        size_t len = strcspn(s, "+-|"), i = 0;
        while (i < n && (strlen(names[i]) != len || strncmp(names[i], s, len))) {
            i++;
        }
        if (i == n) {
            return false;
        }
        *flags |= off ? 0 : BIT(i);
        s += len;
    }
    return true;
}

/* ---- headers that are more than their members ---- */

static char *parse_port(struct parsing *p, const char *value)
{
    uint32_t *port = &p->key->in_port;

    return text_to_u32(value, port) || (p->port_by_name && p->port_by_name(p->aux, value, port))
               ? NULL
               : bad("in_port", value);
}

static char *parse_ct_state(struct parsing *p, char *value)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"};
    uint32_t flags;

    if (!read_flags(value, names, ARRAY_SIZE(names), &flags) || flags & ~(uint32_t)CS_ALL) {
        return bad("ct_state", value);
    }
    p->key->ct_state = htonl(flags);
    return NULL;
}

static char *parse_tcp_flags(struct parsing *p, char *value)
{
    static const char *const names[] = {"fin", "syn", "rst", "psh",   "ack",   "urg",
                                        "ece", "cwr", "ns",  "[200]", "[400]", "[800]"};
    uint32_t flags;

    if (!read_flags(value, names, ARRAY_SIZE(names), &flags) || flags > 0xfff) {
        return bad("tcp_flags", value);
    }
    p->key->tcp_flags = htons((uint16_t)flags);
    return NULL;
}

static char *parse_vlan(struct parsing *p, char *value)
{
    char *cursor = value, *k, *v;
    uint16_t vid = 0, pcp = 0;

    if (p->n_vlans >= KEY_MAX_VLANS) {
        return xstrdup("vlan: too many tags");
    }
    while (text_next_kv(&cursor, &k, &v)) {
        cut_mask(v);
        if (!text_to_u16(v, !strcmp(k, "vid") ? &vid : &pcp) || vid > VLAN_VID_MASK || pcp > 7 ||
            (strcmp(k, "vid") && strcmp(k, "pcp") && strcmp(k, "cfi"))) {
            return bad("vlan", k);
        }
        pcp = strcmp(k, "cfi") ? pcp : 0;
    }
    p->key->vlan[p->n_vlans++] =
        (struct key_vlan){p->key->eth_type,
                          htons((uint16_t)(VLAN_CFI | pcp << VLAN_PCP_SHIFT | vid))};
    p->key->eth_type = 0;
    return NULL;
}

static char *parse_mpls(struct parsing *p, char *value)
{
    static const struct {
        const char *name;
        unsigned shift;
        uint32_t max;
    } parts[] = {{"label", 12, 0xfffff}, {"tc", 9, 7}, {"ttl", 0, 0xff}, {"bos", 8, 1}};
    char *cursor = value, *k, *v;
    unsigned n = 0, seen = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        uint32_t x;
        size_t i = 0;
        cut_mask(v);
        while (i < ARRAY_SIZE(parts) && strcmp(parts[i].name, k)) {
            i++;
        }
        if (i == ARRAY_SIZE(parts) || !text_to_u32(v, &x) || x > parts[i].max) {
            return bad("mpls", k);
        }
        if (seen & BIT(i)) { /* The next label. */
            n++;
            seen = 0;
        }
        if (n == KEY_MAX_MPLS) {
            return xstrdup("mpls: too many labels");
        }
        seen |= BIT(i);
        p->key->mpls_lse[n] |= htonl(x << parts[i].shift);
    }
    return NULL;
}

static char *parse_packet_type(struct parsing *p, char *value)
{
    char *cursor = value, *k, *v;
    uint16_t ns = 0, id = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        cut_mask(v);
        if (!text_to_u16(v, !strcmp(k, "ns") ? &ns : &id)) {
            return bad("packet_type", v);
        }
    }
    p->key->packet_type = htonl((uint32_t)ns << 16 | id);
    return NULL;
}

static bool parse_frag(struct key *k, char *value)
{
    cut_mask(value);
    k->ip_frag = !strcmp(value, "first")   ? KEY_FRAG_ANY
                 : !strcmp(value, "later") ? KEY_FRAG_ANY | KEY_FRAG_LATER
                                           : 0;
    return k->ip_frag || !strcmp(value, "no");
}

static char *parse_member(struct parsing *p, const char *header, const char *name, char *value);

/* `gbp(id=1,flags=0)`, behind `vxlan(`. */
static char *parse_vxlan(struct parsing *p, char *value)
{
    char *cursor = value, *k, *v, *inner, *error = NULL;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (strcmp(k, "gbp")) {
            return xasprintf("vxlan: unknown member %s", k);
        }
        p->key->tun_flags |= htons(KEY_TUN_GBP);
        for (inner = v; !error && text_next_kv(&inner, &k, &v);) {
            error = parse_member(p, "gbp", k, v);
        }
    }
    return error;
}

/* False: like the members of any other header. */
static bool parse_tunnel_member(struct parsing *p, const char *name, char *value, char **error)
{
    static const char *const names[] = {"oam", "df", "csum", "key"};
    uint32_t flags;

    *error = NULL;
    if (!strcmp(name, "vxlan")) {
        *error = parse_vxlan(p, value);
    } else if (!strcmp(name, "flags")) {
        if (read_flags(value, names, ARRAY_SIZE(names), &flags) && flags <= UINT16_MAX) {
            p->key->tun_flags &= htons(KEY_TUN_GBP);
            p->key->tun_flags |= htons((uint16_t)flags);
        } else {
            *error = bad("tunnel", value);
        }
    } else if (!strcmp(name, "tun_id")) {
        p->key->tun_flags |= htons(KEY_TUN_KEY);
        return false;
    }
    /* The outer ports are no members of ours. */
    return !strcmp(name, "vxlan") || !strcmp(name, "flags") || !strcmp(name, "tp_src") ||
           !strcmp(name, "tp_dst");
}

static char *parse_member(struct parsing *p, const char *header, const char *name, char *value)
{
    bool known = false;
    char *error;

    if (!strcmp(header, "tunnel") && parse_tunnel_member(p, name, value, &error)) {
        return error;
    }

    if (!strcmp(name, "frag") && (!strcmp(header, "ipv4") || !strcmp(header, "ipv6"))) {
        return parse_frag(p->key, value) ? NULL : bad(header, value);
    }
    cut_mask(value);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        known |= !strcmp(members[i].header, header);
        if (!strcmp(members[i].header, header) && !strcmp(members[i].name, name)) {
            return read_value(&members[i], value, p->key) ? NULL : bad(header, value);
        }
    }
    return known ? xasprintf("%s: unknown member %s", header, name)
                 : xasprintf("unknown header %s", header);
}

/* ---- the list ---- */

static char *parse_list(struct parsing *p, char *text, unsigned depth);

static char *parse_header(struct parsing *p, const char *header, char *value, unsigned depth)
{
    static const struct {
        const char *name;
        char *(*parse)(struct parsing *, char *);
    } special[] = {
        {"ct_state", parse_ct_state}, {"tcp_flags", parse_tcp_flags},     {"vlan", parse_vlan},
        {"mpls", parse_mpls},         {"packet_type", parse_packet_type},
    };
    char *error = NULL, *cursor = value, *k, *v;

    if (!strcmp(header, "in_port")) {
        return parse_port(p, value);
    }
    if (!strcmp(header, "encap")) {
        return depth < MAX_DEPTH ? parse_list(p, value, depth + 1) : xstrdup("encap: too deep");
    }
    if (!strcmp(header, "skb_priority")) {
        return NULL; /* No such member of ours. */
    }
    for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
        if (!strcmp(special[i].name, header)) {
            return special[i].parse(p, value);
        }
    }
    if (!strchr(value, '=') && *value) {
        return parse_member(p, header, "", value);
    }
    while (!error && text_next_kv(&cursor, &k, &v)) {
        error = parse_member(p, header, k, v);
    }
    return error;
}

static char *parse_list(struct parsing *p, char *text, unsigned depth)
{
    char *cursor = text, *header, *value, *error = NULL;

    while (!error && text_next_kv(&cursor, &header, &value)) {
        error = parse_header(p, header, value, depth);
    }
    return error;
}

char *dp_key_parse(const char *text, bool (*port_by_name)(void *aux, const char *, uint32_t *),
                   void *aux, struct key *key)
{
    struct parsing p = {.key = key, .port_by_name = port_by_name, .aux = aux};
    char *copy = xstrdup(text);

    memset(key, 0, sizeof *key);
    char *error = parse_list(&p, copy, 0);
    free(copy);
    return error;
}
