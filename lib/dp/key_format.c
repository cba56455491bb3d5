/* key_format.c - see action.h: a key with its mask in ODP text, and the members it shares with set
 * actions.  Shape and order are those of ovs-appctl dpctl/dump-flows on the userspace datapath. */
#include "lib/dp/action.h"
#include "lib/dp/format-private.h"

static uint64_t load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void put_value(struct text *t, enum format_style style, const uint8_t *p, size_t n)
{
    be32 ip4;

    switch (style) {
    case FS_DEC:
        text_printf(t, "%" PRIu64, load(p, n));
        break;
    case FS_HEX:
        for (; n > 8 && !*p; n--) {
            p++;
        }
        if (n > 8) {
            text_printf(t, "%#" PRIx64, load(p, n - 8));
            text_printf(t, "%016" PRIx64, load(p + n - 8, 8));
        } else {
            text_printf(t, "%#" PRIx64, load(p, n));
        }
        break;
    case FS_0X:
        text_printf(t, "0x%" PRIx64, load(p, n));
        break;
    case FS_IP4:
        memcpy(&ip4, p, 4);
        text_ip4(t, ip4);
        break;
    case FS_IP6:
        text_ip6(t, p);
        break;
    case FS_MAC:
        text_mac(t, p);
        break;
    }
}

static void put_member(struct text *t, const struct format_member *m, const uint8_t *value,
                       const uint8_t *mask)
{
    if (m->name) {
        text_printf(t, "%s=", m->name);
    }
    put_value(t, m->style, value + m->ofs, m->n);
    bool exact = m->full ? (load(mask + m->ofs, m->n) & m->full) == m->full
                         : is_all_ones(mask + m->ofs, m->n);
    if (!exact) {
        text_putc(t, '/');
        put_value(t, m->style == FS_DEC ? FS_HEX : m->style, mask + m->ofs, m->n);
    }
}

static void comma(struct text *t, size_t start)
{
    if (t->len > start) {
        text_putc(t, ',');
    }
}

void format_header(struct text *t, size_t start, const char *name, const struct format_member *m,
                   size_t n, const void *value, const void *mask, bool verbose)
{
    const size_t before = t->len;

    comma(t, start);
    text_printf(t, "%s(", name);
    const size_t inside = t->len;
    for (size_t i = 0; i < n; i++) {
        if (verbose || !is_all_zeros((const uint8_t *)mask + m[i].ofs, m[i].n)) {
            comma(t, inside);
            put_member(t, &m[i], value, mask);
        }
    }
    if (t->len > inside) {
        text_putc(t, ')');
    } else {
        text_truncate(t, before);
    }
}

void format_mpls_lse(struct text *t, uint32_t lse, uint32_t mask)
{
    if (mask == UINT32_MAX) {
        text_printf(t, "label=%u,tc=%u,ttl=%u,bos=%u", lse >> 12, lse >> 9 & 7, lse & 0xff,
                    lse >> 8 & 1);
    } else {
        text_printf(t, "label=%u/0x%x,tc=%u/%x,ttl=%u/0x%x,bos=%u/%x", lse >> 12, mask >> 12,
                    lse >> 9 & 7, mask >> 9 & 7, lse & 0xff, mask & 0xff, lse >> 8 & 1,
                    mask >> 8 & 1);
    }
}

void format_vlan_tci(struct text *t, uint16_t tci, uint16_t mask, bool verbose)
{
    unsigned vid_mask = mask & VLAN_VID_MASK, pcp_mask = mask >> VLAN_PCP_SHIFT;

    if (verbose || vid_mask || !pcp_mask) {
        text_printf(t, "vid=%u", tci & VLAN_VID_MASK);
        if (vid_mask != VLAN_VID_MASK) {
            text_printf(t, "/0x%x", vid_mask);
        }
    }
    if (verbose || pcp_mask) {
        text_printf(t, "%spcp=%u", verbose || vid_mask ? "," : "", tci >> VLAN_PCP_SHIFT);
        if (pcp_mask != 7) {
            text_printf(t, "/0x%x", pcp_mask);
        }
    }
}

/* ---- the key ---- */

#define M(NAME, STYLE, MEMBER)                                                               \
    {                                                                                        \
        NAME, FS_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), 0 \
    }
#define M_BITS(NAME, STYLE, MEMBER, FULL)                                                       \
    {                                                                                           \
        NAME, FS_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), FULL \
    }

static const struct format_member dp_hash[] = {M(NULL, HEX, dp_hash)};
static const struct format_member skb_mark[] = {M(NULL, HEX, skb_mark)};
static const struct format_member ct_zone[] = {M(NULL, HEX, ct_zone)};
static const struct format_member ct_mark[] = {M(NULL, HEX, ct_mark)};
static const struct format_member ct_label[] = {M(NULL, HEX, ct_label)};
static const struct format_member ct_tuple4[] = {
    M("src", IP4, ct_ip_src),    M("dst", IP4, ct_ip_dst),    M("proto", DEC, ct_proto),
    M("tp_src", DEC, ct_tp_src), M("tp_dst", DEC, ct_tp_dst),
};
static const struct format_member ct_tuple6[] = {
    M("src", IP6, ct_ip6_src),     M("dst", IP6, ct_ip6_dst),     M("proto", DEC, ct_proto),
    M("src_port", DEC, ct_tp_src), M("dst_port", DEC, ct_tp_dst),
};
static const struct format_member eth[] = {M("src", MAC, eth_src), M("dst", MAC, eth_dst)};
static const struct format_member ip4[] = {
    M("src", IP4, ip_src), M("dst", IP4, ip_dst), M("proto", DEC, ip_proto),
    M("tos", HEX, ip_tos), M("ttl", DEC, ip_ttl),
};
static const struct format_member ip6[] = {
    M("src", IP6, ip6_src),    M("dst", IP6, ip6_dst),   M_BITS("label", HEX, ip6_label, 0xfffff),
    M("proto", DEC, ip_proto), M("tclass", HEX, ip_tos), M("hlimit", DEC, ip_ttl),
};
static const struct format_member exthdr[] = {M_BITS("hdrs", HEX, ip6_exthdr, 0x1ff)};
static const struct format_member ports[] = {M("src", DEC, tp_src), M("dst", DEC, tp_dst)};
static const struct format_member icmp[] = {
    M_BITS("type", DEC, tp_src, 0xff),
    M_BITS("code", DEC, tp_dst, 0xff),
};
static const struct format_member nd[] = {
    M("target", IP6, nd_target),
    M("sll", MAC, arp_sha),
    M("tll", MAC, arp_tha),
};
static const struct format_member nd_ext[] = {
    M("nd_reserved", HEX, nd_reserved),
    M("nd_options_type", DEC, nd_options_type),
};
static const struct format_member arp[] = {
    M("sip", IP4, ip_src),  M("tip", IP4, ip_dst),  M("op", DEC, ip_proto),
    M("sha", MAC, arp_sha), M("tha", MAC, arp_tha),
};
/* The kernel knows the opcode's low byte: never is it wholly matched. */
static const struct format_member kernel_arp[] = {
    M("sip", IP4, ip_src),  M("tip", IP4, ip_dst),  M_BITS("op", DEC, ip_proto, 0xffff),
    M("sha", MAC, arp_sha), M("tha", MAC, arp_tha),
};
static const struct format_member nsh[] = {
    M_BITS("flags", DEC, nsh_flags, 3),
    M_BITS("ttl", DEC, nsh_ttl, 63),
    M("mdtype", DEC, nsh_mdtype),
    M("np", DEC, nsh_np),
    M_BITS("spi", HEX, nsh_spi, 0xffffff),
    M("si", DEC, nsh_si),
    M("c1", HEX, nsh_c[0]),
    M("c2", HEX, nsh_c[1]),
    M("c3", HEX, nsh_c[2]),
    M("c4", HEX, nsh_c[3]),
};
static const struct format_member pbb[] = {
    M_BITS("isid", HEX, pbb_isid, 0xffffff),
    M_BITS("uca", DEC, pbb_uca, 1),
};

/* One key on its way into text. */
struct out {
    struct text *t;
    size_t start; /* Where the present list of headers begins. */
    const struct key *key, *mask;
    bool verbose;
    const struct dp_format *format;
};

#define HEADER(O, NAME, ROWS, VERBOSE) \
    format_header((O)->t, (O)->start, NAME, ROWS, ARRAY_SIZE(ROWS), (O)->key, (O)->mask, VERBOSE)

void format_flags(struct text *t, uint32_t value, uint32_t mask, uint32_t all,
                  const char *const names[], size_t n)
{
    const bool exact = mask == all;
    const size_t start = t->len;

    for (size_t i = 0; i < n; i++) {
        const bool on = value & BIT(i);
        if (exact && on) {
            text_puts(t, t->len > start ? "|" : "");
            text_puts(t, names[i]);
        } else if (!exact && mask & BIT(i)) {
            text_putc(t, on ? '+' : '-');
            text_puts(t, names[i]);
        }
    }
    if (t->len == start) {
        text_puts(t, "0");
    }
}

static void put_ct_state(const struct out *o)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"};
    uint32_t value = ntohl(o->key->ct_state) & CS_ALL, mask = ntohl(o->mask->ct_state) & CS_ALL;

    if (o->verbose) {
        comma(o->t, o->start);
        text_printf(o->t, "ct_state(%#x/%#x)", value, mask);
    } else if (mask) {
        comma(o->t, o->start);
        text_puts(o->t, "ct_state(");
        format_flags(o->t, value, mask, 0, names, ARRAY_SIZE(names));
        text_putc(o->t, ')');
    }
}

static void put_metadata(const struct out *o, const char *port)
{
    const struct key *k = o->key;

    text_printf(o->t, "recirc_id(%#x)", ntohl(k->recirc_id));
    HEADER(o, "dp_hash", dp_hash, o->verbose);
    if (o->verbose) {
        text_puts(o->t, ",skb_priority(0/0)"); /* No such member; readers expect the word. */
    }
    format_tunnel_key(o->t, o->start, k, o->mask, o->verbose, o->format->kernel);
    if (port) {
        text_printf(o->t, ",in_port(%s)", port);
    } else {
        text_printf(o->t, ",in_port(%u)", k->in_port);
    }
    HEADER(o, "skb_mark", skb_mark, o->verbose);
    put_ct_state(o);
    HEADER(o, "ct_zone", ct_zone, o->verbose);
    HEADER(o, "ct_mark", ct_mark, o->verbose);
    HEADER(o, "ct_label", ct_label, o->verbose);
    bool tuple_is_ip6 = !is_all_zeros(k->ct_ip6_src, 16) || !is_all_zeros(k->ct_ip6_dst, 16);
    if (tuple_is_ip6 || key_is_ip6(k)) {
        HEADER(o, "ct_tuple6", ct_tuple6, o->verbose && k->ct_proto);
    } else {
        HEADER(o, "ct_tuple4", ct_tuple4, o->verbose && k->ct_proto);
    }
    if (!o->format->kernel) {
        text_puts(o->t, ",packet_type(ns=0,id=0)");
    }
}

/* Tags that are matched (or all, if verbose) open an encap(); returns how many. */
static unsigned put_vlans(struct out *o)
{
    unsigned n_open = 0;

    for (int i = 0; i < KEY_MAX_VLANS && o->key->vlan[i].tci; i++) {
        uint16_t mask = ntohs(o->mask->vlan[i].tci);
        if (!mask && !o->mask->vlan[i].tpid && !o->verbose) {
            continue;
        }
        comma(o->t, o->start);
        text_printf(o->t, "eth_type(0x%04x),vlan(", ntohs(o->key->vlan[i].tpid));
        format_vlan_tci(o->t, ntohs(o->key->vlan[i].tci), mask, o->verbose);
        text_puts(o->t, "),encap(");
        o->start = o->t->len;
        n_open++;
    }
    return n_open;
}

static void put_eth_type(const struct out *o)
{
    uint16_t type = ntohs(o->key->eth_type), mask = ntohs(o->mask->eth_type);

    if (!mask && !o->verbose) {
        return;
    }
    comma(o->t, o->start);
    if (type < 0x600) {
        text_puts(o->t, "eth_type(0/0xffff)");
    } else if (mask == UINT16_MAX) {
        text_printf(o->t, "eth_type(0x%04x)", type);
    } else {
        text_printf(o->t, "eth_type(0x%04x/0x%04x)", type, mask);
    }
}

/* Attribute 32, bytes in the kernel's order. */
static void put_kernel_exthdr(const struct out *o)
{
    uint16_t value = ntohs(o->key->ip6_exthdr), mask = ntohs(o->mask->ip6_exthdr);
    uint8_t v[2], m[2];

    if (!o->format->ip6_exthdr) {
        return;
    }
    memcpy(v, &value, 2);
    memcpy(m, &mask, 2);
    text_printf(o->t, ",key32(%02x %02x", v[0], v[1]);
    if (mask == UINT16_MAX) {
        text_putc(o->t, ')');
    } else {
        text_printf(o->t, "/%02x %02x)", m[0], m[1]);
    }
}

/* `ipv4(...,frag=no)`: the fragment bits stand inside the header's parentheses. */
static void put_ip(const struct out *o)
{
    const bool v6 = key_is_ip6(o->key);
    const size_t before = o->t->len;
    uint8_t frag = o->key->ip_frag & 3, mask = o->mask->ip_frag & 3;

    if (v6) {
        HEADER(o, "ipv6", ip6, o->verbose);
    } else {
        HEADER(o, "ipv4", ip4, o->verbose);
    }
    if (mask || o->verbose) {
        if (o->t->len > before) {
            text_chomp(o->t, ')');
            text_putc(o->t, ',');
        } else {
            comma(o->t, o->start);
            text_puts(o->t, v6 ? "ipv6(" : "ipv4(");
        }
        text_printf(o->t, "frag=%s", frag & KEY_FRAG_LATER ? "later" : frag ? "first" : "no");
        if (mask != 3) {
            text_printf(o->t, "/%#x", mask);
        }
        text_putc(o->t, ')');
    }
    if (v6 && o->format->kernel) {
        put_kernel_exthdr(o);
    } else if (v6) {
        HEADER(o, "ipv6_exthdrs", exthdr, false);
    }
}

static void put_tcp_flags(const struct out *o)
{
    static const char *const names[] = {"fin", "syn", "rst", "psh",   "ack",   "urg",
                                        "ece", "cwr", "ns",  "[200]", "[400]", "[800]"};
    uint16_t mask = ntohs(o->mask->tcp_flags) & 0xfff;

    if (mask) {
        comma(o->t, o->start);
        text_puts(o->t, "tcp_flags(");
        format_flags(o->t, ntohs(o->key->tcp_flags), mask, 0xfff, names, ARRAY_SIZE(names));
        text_putc(o->t, ')');
    } else if (o->verbose) {
        comma(o->t, o->start);
        text_puts(o->t, "tcp_flags(0/0)");
    }
}

static void put_icmp6(const struct out *o)
{
    const struct key *k = o->key;

    HEADER(o, "icmpv6", icmp, o->verbose);
    if ((k->tp_src == htons(135) || k->tp_src == htons(136)) && !k->tp_dst) {
        HEADER(o, "nd", nd, o->verbose);
        HEADER(o, "nd_ext", nd_ext, false);
    }
}

static void put_l4(const struct out *o)
{
    if (o->key->ip_frag & KEY_FRAG_LATER) {
        return;
    }
    switch (o->key->ip_proto) {
    case 6:
        HEADER(o, "tcp", ports, o->verbose);
        put_tcp_flags(o);
        break;
    case 17:
        HEADER(o, "udp", ports, o->verbose);
        break;
    case 132:
        HEADER(o, "sctp", ports, o->verbose);
        break;
    case 1:
        if (key_is_ip4(o->key)) {
            HEADER(o, "icmp", icmp, o->verbose);
        }
        break;
    case 58:
        if (key_is_ip6(o->key)) {
            put_icmp6(o);
        }
        break;
    default:
        break;
    }
}

static void put_mpls(const struct out *o)
{
    if (!o->verbose && is_all_zeros(o->mask->mpls_lse, sizeof o->mask->mpls_lse)) {
        return;
    }
    comma(o->t, o->start);
    text_puts(o->t, "mpls(");
    const size_t inside = o->t->len;
    for (int i = 0; i < KEY_MAX_MPLS; i++) {
        uint32_t lse = ntohl(o->key->mpls_lse[i]), mask = ntohl(o->mask->mpls_lse[i]);
        bool more = false; /* Deeper entries only as far as they are matched. */
        for (int j = i; j < KEY_MAX_MPLS; j++) {
            more |= o->mask->mpls_lse[j] != 0;
        }
        if (i && !more) {
            break;
        }
        comma(o->t, inside);
        format_mpls_lse(o->t, lse, mask);
        if (lse & 0x100) {
            break;
        }
    }
    text_putc(o->t, ')');
}

static void put_network(const struct out *o)
{
    switch (ntohs(o->key->eth_type)) {
    case 0x0800:
    case 0x86dd:
        put_ip(o);
        put_l4(o);
        break;
    case 0x0806:
    case 0x8035:
        if (o->format->kernel) {
            HEADER(o, "arp", kernel_arp, o->verbose);
        } else {
            HEADER(o, "arp", arp, o->verbose);
        }
        break;
    case 0x8847:
    case 0x8848:
        put_mpls(o);
        break;
    case 0x894f:
        HEADER(o, "nsh", nsh, o->verbose);
        break;
    case 0x88e7:
        HEADER(o, "pbb", pbb, o->verbose);
        break;
    default:
        break;
    }
}

static void format_key(struct out *o)
{
    const struct dp_format *f = o->format;

    put_metadata(o, f->port_name ? f->port_name(f->aux, o->key->in_port) : NULL);
    const size_t before = o->t->len;
    HEADER(o, "eth", eth, o->verbose);
    if (f->kernel && o->t->len == before && !o->key->packet_type) {
        text_puts(o->t, ",eth()");
    }
    unsigned n_open = put_vlans(o);
    put_eth_type(o);
    put_network(o);
    while (n_open--) {
        text_putc(o->t, ')');
    }
}

void dp_format_key(const struct key *key, const struct key *mask, bool verbose,
                   const struct dp_format *f, struct text *t)
{
    struct key masked;

    if (f->kernel) {
        uint64_t *w = (void *)&masked;
        for (size_t i = 0; i < KEY_WORDS; i++) {
            w[i] = key_words(key)[i] & key_words(mask)[i];
        }
        masked.in_port = key->in_port; /* Exact always. */
        masked.recirc_id = key->recirc_id;
        key = &masked;
    }
    struct out o = {
        .t = t, .start = t->len, .key = key, .mask = mask, .verbose = verbose, .format = f};
    format_key(&o);
}

void dp_key_format(const struct key *key, const struct key *mask, bool verbose,
                   const char *(*port_name)(void *aux, uint32_t), void *aux, struct text *t)
{
    const struct dp_format f = {.port_name = port_name, .aux = aux};
    dp_format_key(key, mask, verbose, &f, t);
}
