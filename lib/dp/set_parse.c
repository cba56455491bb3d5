/* set_parse.c - see odp-private.h: `set(HEADER(member=value/mask,...))` from ODP text. */
#include "lib/dp/odp-private.h"
#include "lib/mem.h"

static char *parse_mpls(struct dp_action_set *s, char *text)
{
    char *cursor = text, *k, *v;
    uint32_t lse = 0, mask = 0;
    unsigned seen = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!odp_read_mpls_part(k, v, &lse, &mask, &seen)) {
            return odp_bad_value("mpls", k);
        }
    }
    s->value.mpls_lse = htonl(lse);
    s->mask.mpls_lse = htonl(mask);
    return NULL;
}

static char *parse_vlan(struct dp_action_set *s, char *text)
{
    char *cursor = text, *k, *v;
    uint16_t tci = 0, mask = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!odp_read_vlan_part(k, v, &tci, &mask)) {
            return odp_bad_value("vlan", k);
        }
    }
    s->value.vlan_tci = htons(tci);
    s->mask.vlan_tci = htons(mask);
    return NULL;
}

static char *parse_header(struct dp_action_set *s, char *text)
{
    const struct odp_set_attr *attr = &odp_set_attrs[s->a.u32];

    switch (s->a.u32) {
    case DP_SET_VLAN:
        return parse_vlan(s, text);
    case DP_SET_MPLS:
        return parse_mpls(s, text);
    default:
        return odp_parse_members(attr->name, text, attr->m, attr->n, &s->value, &s->mask);
    }
}

/* A header with a plain value and mask. */
static char *parse_plain(struct dp_actions *list, uint32_t header, char *text)
{
    struct dp_action_set *s = dp_actions_put(list, DP_ACTION_SET, sizeof *s);
    uint8_t *bits = (uint8_t *)&s->value;

    s->a.u32 = header;
    char *error = parse_header(s, text);
    for (size_t i = 0; i < sizeof s->value; i++) {
        bits[i] &= ((const uint8_t *)&s->mask)[i];
    }
    return error;
}

char *odp_parse_set(char *value, struct dp_actions *list)
{
    char *cursor = value, *k, *v;
    uint32_t header = 0;

    if (!text_next_kv(&cursor, &k, &v)) {
        return xstrdup("set: names no header");
    }
    while (header < odp_n_set_attrs && strcmp(odp_set_attrs[header].name, k)) {
        header++;
    }
    if (header == odp_n_set_attrs) {
        return xasprintf("set: unknown header %s", k);
    }
    char *error =
        header == DP_SET_TUNNEL ? odp_parse_tunnel_set(v, list) : parse_plain(list, header, v);
    if (!error && text_next_kv(&cursor, &k, &v)) {
        error = xasprintf("set: %s: one header at a time", k);
    }
    return error;
}
