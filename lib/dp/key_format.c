/* key_format.c - see action.h: a key with its mask in ODP text.  Which headers there are, and in
 * which order, say the rows of odp_rows.c; here is what is more than its members. */
#include "lib/dp/odp-private.h"

static const struct odp_attr *attr_of(const char *name)
{
    const struct odp_attr *a = odp_key_attrs;
    while (strcmp(a->name, name)) {
        a++;
    }
    return a;
}

static void put_members(const struct odp_out *o, const char *name, bool verbose)
{
    const struct odp_attr *a = attr_of(name);
    odp_put_header(o->t, o->start, name, a->m, a->n, o->key, o->mask, verbose);
}

static void put_mask(const struct odp_out *o, uint32_t mask)
{
    if (mask != UINT32_MAX) {
        text_printf(o->t, "/%#x", mask);
    }
}

/* The kernel's flows of others need not match it. */
void odp_put_recirc_id(struct odp_out *o)
{
    uint32_t mask = o->format->kernel ? ntohl(o->mask->recirc_id) : UINT32_MAX;

    if (mask || o->verbose) {
        odp_put_comma(o->t, o->start);
        text_printf(o->t, "recirc_id(%#x", ntohl(o->key->recirc_id));
        put_mask(o, mask);
        text_putc(o->t, ')');
    }
}

void odp_put_skb_priority(struct odp_out *o)
{
    if (o->verbose) {
        text_puts(o->t, ",skb_priority(0/0)"); /* No such member; readers expect the word. */
    }
}

void odp_put_in_port(struct odp_out *o)
{
    const struct dp_format *f = o->format;
    uint32_t mask = f->kernel ? o->mask->in_port : UINT32_MAX;
    const char *name =
        f->port_name && mask == UINT32_MAX ? f->port_name(f->aux, o->key->in_port) : NULL;

    if (!mask && !o->verbose) {
        return;
    }
    odp_put_comma(o->t, o->start);
    if (name) {
        text_printf(o->t, "in_port(%s)", name);
    } else {
        text_printf(o->t, "in_port(%u", o->key->in_port);
        put_mask(o, mask);
        text_putc(o->t, ')');
    }
}

void odp_put_ct_state(struct odp_out *o)
{
    uint32_t value = ntohl(o->key->ct_state) & CS_ALL, mask = ntohl(o->mask->ct_state) & CS_ALL;

    if (o->verbose) {
        odp_put_comma(o->t, o->start);
        text_printf(o->t, "ct_state(%#x/%#x)", value, mask);
    } else if (mask) {
        odp_put_comma(o->t, o->start);
        text_puts(o->t, "ct_state(");
        odp_put_flags(o->t, value, mask, 0, &odp_ct_state);
        text_putc(o->t, ')');
    }
}

/* Of connections only; the rows say of which family. */
void odp_put_tuple(struct odp_out *o)
{
    bool v6 = attr_of("ct_tuple6")->when(o);
    put_members(o, v6 ? "ct_tuple6" : "ct_tuple4", o->verbose && o->key->ct_proto);
}

void odp_put_packet_type(struct odp_out *o)
{
    const uint32_t type = ntohl(o->key->packet_type);

    if (!o->format->kernel) { /* Always matched. */
        text_printf(o->t, ",packet_type(ns=%u,id=%#x)", type >> 16, type & 0xffff);
    }
}

void odp_put_eth(struct odp_out *o)
{
    const size_t before = o->t->len;

    if (o->key->packet_type) {
        return;
    }
    put_members(o, "eth", o->verbose);
    if (o->format->kernel && o->t->len == before) {
        odp_put_comma(o->t, o->start);
        text_puts(o->t, "eth()");
    }
}

/* Tags that are matched (or all, if verbose) open an encap(). */
void odp_put_vlans(struct odp_out *o)
{
    for (int i = 0; i < KEY_MAX_VLANS && o->key->vlan[i].tci; i++) {
        uint16_t mask = ntohs(o->mask->vlan[i].tci);
        if (!mask && !o->mask->vlan[i].tpid && !o->verbose) {
            continue;
        }
        odp_put_comma(o->t, o->start);
        text_printf(o->t, "eth_type(0x%04x),vlan(", ntohs(o->key->vlan[i].tpid));
        odp_put_vlan_tci(o->t, ntohs(o->key->vlan[i].tci), mask, o->verbose);
        text_puts(o->t, "),encap(");
        o->start = o->t->len;
        o->n_open++;
    }
}

void odp_put_eth_type(struct odp_out *o)
{
    uint16_t type = ntohs(o->key->eth_type), mask = ntohs(o->mask->eth_type);

    if (!mask && !o->verbose) {
        return;
    }
    odp_put_comma(o->t, o->start);
    if (type < 0x600) {
        text_puts(o->t, "eth_type(0/0xffff)");
    } else if (mask == UINT16_MAX) {
        text_printf(o->t, "eth_type(0x%04x)", type);
    } else {
        text_printf(o->t, "eth_type(0x%04x/0x%04x)", type, mask);
    }
}

/* Attribute 32, bytes in the kernel's order. */
void odp_put_key32(struct odp_out *o)
{
    uint16_t value = ntohs(o->key->ip6_exthdr), mask = ntohs(o->mask->ip6_exthdr);
    uint8_t v[2], m[2];

    if (!o->format->kernel || !o->format->ip6_exthdr) {
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
void odp_put_ip(struct odp_out *o)
{
    const bool v6 = key_is_ip6(o->key);
    const size_t before = o->t->len;
    uint8_t frag = o->key->ip_frag & 3, mask = o->mask->ip_frag & 3;

    put_members(o, v6 ? "ipv6" : "ipv4", o->verbose);
    if (mask) { /* An enumeration: never shown unless it is matched. */
        if (o->t->len > before) {
            text_chomp(o->t, ')');
            text_putc(o->t, ',');
        } else {
            odp_put_comma(o->t, o->start);
            text_puts(o->t, v6 ? "ipv6(" : "ipv4(");
        }
        text_printf(o->t, "frag=%s", frag & KEY_FRAG_LATER ? "later" : frag ? "first" : "no");
        if (mask != 3) {
            text_printf(o->t, "/%#x", mask);
        }
        text_putc(o->t, ')');
    }
}

void odp_put_tcp_flags(struct odp_out *o)
{
    uint16_t mask = ntohs(o->mask->tcp_flags) & 0xfff;

    if (mask) {
        odp_put_comma(o->t, o->start);
        text_puts(o->t, "tcp_flags(");
        odp_put_flags(o->t, ntohs(o->key->tcp_flags), mask, 0xfff, &odp_tcp_flags);
        text_putc(o->t, ')');
    } else if (o->verbose) {
        odp_put_comma(o->t, o->start);
        text_puts(o->t, "tcp_flags(0/0)");
    }
}

void odp_put_mpls(struct odp_out *o)
{
    if (!o->verbose && is_all_zeros(o->mask->mpls_lse, sizeof o->mask->mpls_lse)) {
        return;
    }
    odp_put_comma(o->t, o->start);
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
        odp_put_comma(o->t, inside);
        odp_put_mpls_lse(o->t, lse, mask);
        if (lse & 0x100) {
            break;
        }
    }
    text_putc(o->t, ')');
}

void odp_put_exthdrs(struct odp_out *o)
{
    if (!o->format->kernel) {
        put_members(o, "ipv6_exthdrs", false);
    }
}

/* Of the kernel's flows other tools take these for wholly matched with more bits than there are:
 * ARP's opcode has two bytes, of which the kernel knows one; NSH's flags and TTL have one each. */
static void put_in_bytes(const struct odp_out *o, const char *name)
{
    const struct odp_attr *a = attr_of(name);
    struct odp_member m[10];

    for (size_t i = 0; i < MIN(a->n, ARRAY_SIZE(m)); i++) {
        m[i] = a->m[i];
        if (o->format->kernel && m[i].ofs == offsetof(struct key, ip_proto)) {
            m[i].full = UINT16_MAX;
        } else if (o->format->kernel && m[i].n == 1 && m[i].full) {
            m[i].full = UINT8_MAX;
            m[i].style = is_all_ones((const uint8_t *)o->mask + m[i].ofs, 1) ? ODP_DEC : ODP_BYTE;
        }
    }
    odp_put_header(o->t, o->start, name, m, a->n, o->key, o->mask, o->verbose);
}

void odp_put_arp(struct odp_out *o)
{
    put_in_bytes(o, "arp");
}

void odp_put_nsh(struct odp_out *o)
{
    put_in_bytes(o, "nsh");
}

static void format_key(struct odp_out *o)
{
    for (size_t i = 0; i < odp_n_key_attrs; i++) {
        const struct odp_attr *a = &odp_key_attrs[i];
        if (a->when && !a->when(o)) {
            continue;
        }
        if (a->put) {
            a->put(o);
        } else {
            odp_put_header(o->t, o->start, a->name, a->m, a->n, o->key, o->mask,
                           o->verbose && !a->quiet);
        }
    }
    while (o->n_open--) {
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
        key = &masked;
    }
    struct odp_out o = {
        .t = t, .start = t->len, .key = key, .mask = mask, .verbose = verbose, .format = f};
    format_key(&o);
}

void dp_key_format(const struct key *key, const struct key *mask, bool verbose,
                   const char *(*port_name)(void *aux, uint32_t), void *aux, struct text *t)
{
    const struct dp_format f = {.port_name = port_name, .aux = aux};
    dp_format_key(key, mask, verbose, &f, t);
}
