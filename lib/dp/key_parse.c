/* key_parse.c - see action.h: a key and its mask from ODP text.  The words are the rows of
 * odp_rows.c; here is what is more than its members.
 *
 * For the key of one packet a mask behind a value is read over, so that what dpctl/dump-flows shows
 * stands for one of its packets. */
#include <stdlib.h>

#include "lib/dp/odp-private.h"
#include "lib/mem.h"

#define MAX_DEPTH 4 /* Of encap(). */

static uint32_t masked(const struct odp_in *p, uint64_t mask)
{
    return p->mask ? (uint32_t)mask : 0;
}

/* ---- metadata ---- */

char *odp_parse_recirc_id(struct odp_in *p, char *value)
{
    uint64_t v, m;

    if (!odp_read_number(value, UINT32_MAX, &v, &m)) {
        return odp_bad_value("recirc_id", value);
    }
    p->key->recirc_id = htonl((uint32_t)v);
    if (p->mask) {
        p->mask->recirc_id = htonl((uint32_t)m);
    }
    return NULL;
}

/* No such member of ours. */
char *odp_parse_skb_priority(struct odp_in *p, char *value)
{
    uint64_t v, m;

    if (!odp_read_number(value, UINT32_MAX, &v, &m)) {
        return odp_bad_value("skb_priority", value);
    }
    return masked(p, m) ? xstrdup("skb_priority: cannot be matched here, only 0/0 can stand")
                        : NULL;
}

char *odp_parse_in_port(struct odp_in *p, char *value)
{
    uint64_t v, m;

    if (p->port_by_name && p->port_by_name(p->aux, value, &p->key->in_port)) {
        m = UINT32_MAX;
    } else if (odp_read_number(value, UINT32_MAX, &v, &m)) {
        p->key->in_port = (uint32_t)v;
    } else {
        return odp_bad_value("in_port", value);
    }
    if (p->mask) {
        p->mask->in_port = (uint32_t)m;
    }
    return NULL;
}

char *odp_parse_ct_state(struct odp_in *p, char *value)
{
    uint32_t flags, mask;

    if (!odp_read_flags(value, &odp_ct_state, &flags, &mask)) {
        return odp_bad_value("ct_state", value);
    }
    p->key->ct_state = htonl(flags);
    if (p->mask) {
        p->mask->ct_state = htonl(mask);
    }
    return NULL;
}

/* ---- Ethernet, tags ---- */

char *odp_parse_packet_type(struct odp_in *p, char *value)
{
    char *cursor = value, *k, *v;
    uint64_t ns = 0, id = 0, m;

    while (text_next_kv(&cursor, &k, &v)) {
        bool is_ns = !strcmp(k, "ns");
        if ((!is_ns && strcmp(k, "id")) || !odp_read_number(v, UINT16_MAX, is_ns ? &ns : &id, &m)) {
            return odp_bad_value("packet_type", v);
        }
    }
    p->key->packet_type = htonl((uint32_t)(ns << 16 | id));
    if (p->mask && p->key->packet_type) { /* Of Ethernet it is never more than said. */
        p->mask->packet_type = UINT32_MAX;
    }
    return NULL;
}

/* The EtherType ahead of it is the tag's. */
char *odp_parse_vlan(struct odp_in *p, char *value)
{
    char *cursor = value, *k, *v;
    uint16_t tci = VLAN_CFI, mask = VLAN_CFI;

    if (p->n_vlans >= KEY_MAX_VLANS) {
        return xstrdup("vlan: too many tags");
    }
    while (text_next_kv(&cursor, &k, &v)) {
        if (!odp_read_vlan_part(k, v, &tci, &mask)) {
            return odp_bad_value("vlan", k);
        }
    }
    p->key->vlan[p->n_vlans] = (struct key_vlan){p->key->eth_type, htons(tci)};
    p->key->eth_type = 0;
    if (p->mask) {
        p->mask->vlan[p->n_vlans] = (struct key_vlan){p->mask->eth_type, htons(mask)};
        p->mask->eth_type = 0;
    }
    p->n_vlans++;
    return NULL;
}

static char *parse_list(struct odp_in *p, char *text);

char *odp_parse_encap(struct odp_in *p, char *value)
{
    if (p->depth == MAX_DEPTH) {
        return xstrdup("encap: too deep");
    }
    p->depth++;
    char *error = parse_list(p, value);
    p->depth--;
    return error;
}

char *odp_parse_eth_type(struct odp_in *p, char *value)
{
    uint64_t v, m;

    if (!odp_read_number(value, UINT16_MAX, &v, &m)) {
        return odp_bad_value("eth_type", value);
    }
    bool none = p->mask && !v && m == UINT16_MAX; /* 802.2: how keys say that there is none. */
    p->key->eth_type = htons(none ? 0x05ff : (uint16_t)v);
    if (p->mask) {
        p->mask->eth_type = htons((uint16_t)m);
    }
    return NULL;
}

/* ---- layers 3 and 4 ---- */

static bool read_frag(struct odp_in *p, char *value)
{
    static const struct {
        const char *name;
        uint8_t bits;
    } kinds[] = {{"no", 0}, {"first", KEY_FRAG_ANY}, {"later", KEY_FRAG_ANY | KEY_FRAG_LATER}};
    const char *mask_text = odp_split_mask(value);
    uint8_t mask = KEY_FRAG_ANY | KEY_FRAG_LATER;

    if (mask_text && !text_to_u8(mask_text, &mask)) {
        return false;
    }
    if (p->mask) { /* The kernel's has more bits. */
        p->mask->ip_frag = mask & (KEY_FRAG_ANY | KEY_FRAG_LATER);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kinds[i].name, value)) {
            p->key->ip_frag = p->mask ? kinds[i].bits & p->mask->ip_frag : kinds[i].bits;
            return true;
        }
    }
    return false;
}

static const struct odp_attr *find_attr(const char *name)
{
    for (size_t i = 0; i < odp_n_key_attrs; i++) {
        if (!strcmp(odp_key_attrs[i].name, name)) {
            return &odp_key_attrs[i];
        }
    }
    return NULL;
}

/* The members of the row, and `frag=`. */
static char *parse_ip(struct odp_in *p, const char *header, char *value)
{
    const struct odp_attr *a = find_attr(header);
    char *cursor = value, *k, *v, *error = NULL;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "frag")) {
            error = read_frag(p, v) ? NULL : odp_bad_value(header, v);
        } else {
            error = odp_parse_member(header, k, v, a->m, a->n, p->key, p->mask);
        }
    }
    return error;
}

char *odp_parse_ip4(struct odp_in *p, char *value)
{
    return parse_ip(p, "ipv4", value);
}

char *odp_parse_ip6(struct odp_in *p, char *value)
{
    return parse_ip(p, "ipv6", value);
}

/* `00 40/ff ff`: in the kernel's order. */
static bool read_two_bytes(const char *s, be16 *to)
{
    size_t n;
    uint8_t *bytes = text_to_hex(s, &n);
    uint16_t v = 0;

    if (bytes && n == sizeof v) {
        memcpy(&v, bytes, sizeof v);
        *to = htons(v);
    }
    free(bytes);
    return bytes && n == sizeof v;
}

char *odp_parse_key32(struct odp_in *p, char *value)
{
    const char *mask = odp_split_mask(value);

    if (!read_two_bytes(value, &p->key->ip6_exthdr)) {
        return odp_bad_value("key32", value);
    }
    if (p->mask) {
        p->mask->ip6_exthdr = UINT16_MAX;
        if (mask && !read_two_bytes(mask, &p->mask->ip6_exthdr)) {
            return odp_bad_value("key32", mask);
        }
    }
    return NULL;
}

char *odp_parse_tcp_flags(struct odp_in *p, char *value)
{
    uint32_t flags, mask;

    if (!odp_read_flags(value, &odp_tcp_flags, &flags, &mask)) {
        return odp_bad_value("tcp_flags", value);
    }
    p->key->tcp_flags = htons((uint16_t)flags);
    if (p->mask) {
        p->mask->tcp_flags = htons((uint16_t)mask);
    }
    return NULL;
}

char *odp_parse_mpls(struct odp_in *p, char *value)
{
    char *cursor = value, *k, *v;
    unsigned n = 0, seen = 0;
    uint32_t lse = 0, mask = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        uint32_t part = 0, part_mask = 0;
        unsigned bit = 0;
        if (!odp_read_mpls_part(k, v, &part, &part_mask, &bit)) {
            return odp_bad_value("mpls", k);
        }
        if (seen & bit) { /* The next label. */
            n++;
            seen = lse = mask = 0;
        }
        if (n == KEY_MAX_MPLS) {
            return xstrdup("mpls: too many labels");
        }
        seen |= bit;
        lse |= part;
        mask |= part_mask;
        p->key->mpls_lse[n] = htonl(lse);
        if (p->mask) {
            p->mask->mpls_lse[n] = htonl(mask);
        }
    }
    return NULL;
}

/* ---- the list ---- */

static char *parse_list(struct odp_in *p, char *text)
{
    char *cursor = text, *header, *value, *error = NULL;

    while (!error && text_next_kv(&cursor, &header, &value)) {
        const struct odp_attr *a = find_attr(header);
        if (!a) {
            error = xasprintf("unknown header %s", header);
        } else if (a->parse) {
            error = a->parse(p, value);
        } else {
            error = odp_parse_members(header, value, a->m, a->n, p->key, p->mask);
        }
    }
    return error;
}

char *dp_flow_parse(const char *text, bool (*port_by_name)(void *aux, const char *, uint32_t *),
                    void *aux, struct key *key, struct key *mask)
{
    struct odp_in p = {.key = key, .mask = mask, .port_by_name = port_by_name, .aux = aux};
    char *copy = xstrdup(text);

    memset(key, 0, sizeof *key);
    if (mask) {
        memset(mask, 0, sizeof *mask);
    }
    char *error = parse_list(&p, copy);
    free(copy);
    return error;
}

char *dp_key_parse(const char *text, bool (*port_by_name)(void *aux, const char *, uint32_t *),
                   void *aux, struct key *key)
{
    return dp_flow_parse(text, port_by_name, aux, key, NULL);
}
