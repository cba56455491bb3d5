/* action_parse.c - see action.h: datapath actions from ODP text, `set(ipv4(ttl=63)),2`.
 *
 * The words are those of actions.def and odp_rows.c; one function an action that has arguments. */
#include <stdlib.h>

#include "lib/dp/action_kernel.h"
#include "lib/dp/cookie.h"
#include "lib/dp/odp-private.h"
#include "lib/mem.h"

#define MAX_DEPTH 16 /* Of nested lists, as in the kernel. */

struct parsing {
    struct dp_actions *list;
    bool (*port_by_name)(void *aux, const char *, uint32_t *);
    void *aux;
    unsigned depth;
};

typedef char *parse_fn(struct parsing *, enum dp_action_type, char *value);

static char *parse_list(struct parsing *, char *text);

static struct dp_action *put(struct parsing *p, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(p->list, type, sizeof *a);
    a->u32 = u32;
    return a;
}

static char *bad_action(enum dp_action_type type, const char *value)
{
    return odp_bad_value(odp_action_names[type], value);
}

/* ---- a number, or nothing ---- */

static char *parse_none(struct parsing *p, enum dp_action_type type, char *value)
{
    if (*value) {
        return xasprintf("%s: takes no arguments", odp_action_names[type]);
    }
    put(p, type, 0);
    return NULL;
}

static char *parse_number(struct parsing *p, enum dp_action_type type, char *value)
{
    uint32_t v;

    if (!text_to_u32(value, &v)) {
        return bad_action(type, value);
    }
    put(p, type, v);
    return NULL;
}

/* `l4(BASIS)` */
static char *parse_hash(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v;
    uint32_t basis;

    if (!text_next_kv(&cursor, &k, &v) || strcmp(k, "l4") || !text_to_u32(v, &basis)) {
        return bad_action(type, value);
    }
    put(p, type, basis);
    return NULL;
}

static char *parse_push_vlan(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v;
    uint16_t tpid = 0x8100, tci = VLAN_CFI, mask = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "tpid") ? !text_to_u16(v, &tpid) : !odp_read_vlan_part(k, v, &tci, &mask)) {
            return bad_action(type, k);
        }
    }
    if (!(tci & VLAN_CFI)) {
        return bad_action(type, "cfi");
    }
    put(p, type, (uint32_t)tpid << 16 | tci);
    return NULL;
}

static char *parse_push_mpls(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v;
    struct dp_action_push_mpls *m = dp_actions_put(p->list, type, sizeof *m);
    uint32_t lse = 0, mask = 0;
    unsigned seen = 0;
    uint16_t eth_type = 0;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "eth_type") ? !text_to_u16(v, &eth_type)
                                   : !odp_read_mpls_part(k, v, &lse, &mask, &seen)) {
            return bad_action(type, k);
        }
    }
    if (eth_type != 0x8847 && eth_type != 0x8848) {
        return xstrdup("push_mpls: eth_type is not that of MPLS (0x8847, 0x8848)");
    }
    m->lse = htonl(lse);
    m->eth_type = htons(eth_type);
    return NULL;
}

static char *parse_pop_mpls(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v;
    uint16_t eth_type;

    if (!text_next_kv(&cursor, &k, &v) || strcmp(k, "eth_type") || !text_to_u16(v, &eth_type)) {
        return bad_action(type, value);
    }
    put(p, type, eth_type);
    return NULL;
}

/* `in`, `out` */
static char *parse_copy_ttl(struct parsing *p, enum dp_action_type type, char *value)
{
    if (strcmp(value, "in") && strcmp(value, "out")) {
        return bad_action(type, value);
    }
    put(p, type, !strcmp(value, "in"));
    return NULL;
}

static char *parse_push_pbb(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v;
    uint32_t tci;

    if (!text_next_kv(&cursor, &k, &v) || strcmp(k, "tci") || !text_to_u32(v, &tci)) {
        return bad_action(type, value);
    }
    put(p, type, tci);
    return NULL;
}

static char *parse_set(struct parsing *p, enum dp_action_type type UNUSED, char *value)
{
    return odp_parse_set(value, p->list);
}

/* ---- ct ---- */

static bool read_address(const char *s, size_t n, uint8_t *af, uint8_t to[16])
{
    char copy[64];
    be32 ip;

    if (n >= sizeof copy) {
        return false;
    }
    memcpy(copy, s, n);
    copy[n] = '\0';
    memset(to, 0, 16);
    if (text_to_ip4(copy, &ip)) {
        memcpy(to, &ip, sizeof ip);
        *af = 4;
        return true;
    }
    *af = 6;
    return text_to_ip6(copy, to);
}

/* One address of a range, in brackets or not, up to its '-' or the ':' of ports; moves on. */
static bool next_address(const char **s, uint8_t *af, uint8_t to[16])
{
    if (**s == '[') {
        const char *end = strchr(*s, ']');
        bool ok = end && read_address(*s + 1, (size_t)(end - *s) - 1, af, to);
        *s = end ? end + 1 : *s;
        return ok;
    }
    /* Without brackets only IPv4 has ports behind it. */
    size_t n = strcspn(*s, memchr(*s, '.', strcspn(*s, "-:")) ? "-:" : "-");
    bool ok = read_address(*s, n, af, to);
    *s += n;
    return ok;
}

static bool read_ports(const char *s, struct dp_action_ct *ct)
{
    char *copy = xstrdup(s), *dash = strchr(copy, '-');

    if (dash) {
        *dash = '\0';
    }
    bool ok = text_to_u16(copy, &ct->nat_port_min) && ct->nat_port_min &&
              text_to_u16(dash ? dash + 1 : copy, &ct->nat_port_max) &&
              ct->nat_port_max >= ct->nat_port_min;
    free(copy);
    return ok;
}

/* `10.0.0.1-10.0.0.9:80-90`, `[fc00::1]:80`, `fc00::1-fc00::2`, `80-90` */
static bool read_nat_range(const char *s, struct dp_action_ct *ct)
{
    uint8_t af;

    if (*s != '[' && !strpbrk(s, ".:")) {
        return read_ports(s, ct);
    }
    if (!next_address(&s, &ct->nat_af, ct->nat_min)) {
        return false;
    }
    memcpy(ct->nat_max, ct->nat_min, sizeof ct->nat_max);
    if (*s == '-') {
        s++;
        if (!next_address(&s, &af, ct->nat_max) || af != ct->nat_af) {
            return false;
        }
    }
    return !*s || (*s == ':' && read_ports(s + 1, ct));
}

static char *parse_nat(struct dp_action_ct *ct, char *text)
{
    static const struct {
        const char *name;
        uint8_t flag;
        bool range;
    } words[] = {
        {"src", DP_NAT_SRC, true},
        {"dst", DP_NAT_DST, true},
        {"hash", DP_NAT_HASH, false},
        {"random", DP_NAT_RANDOM, false},
        {"persistent", DP_NAT_PERSISTENT, false},
    };
    char *cursor = text, *k, *v;

    ct->nat = true;
    while (text_next_kv(&cursor, &k, &v)) {
        size_t i = 0;
        while (i < ARRAY_SIZE(words) && strcmp(words[i].name, k)) {
            i++;
        }
        if (i == ARRAY_SIZE(words)) {
            return xasprintf("nat: unknown member %s", k);
        }
        if (*v && (!words[i].range || !read_nat_range(v, ct))) {
            return odp_bad_value("nat", v);
        }
        ct->nat_flags |= words[i].flag;
    }
    const unsigned ways = ct->nat_flags & (DP_NAT_SRC | DP_NAT_DST);
    if (ways == (DP_NAT_SRC | DP_NAT_DST)) {
        return xstrdup("nat: src or dst, not both");
    }
    return ways || !ct->nat_flags ? NULL : xstrdup("nat: flags without src or dst");
}

static bool read_mark(char *text, struct dp_action_ct *ct)
{
    uint64_t v, m;

    if (!odp_read_number(text, UINT32_MAX, &v, &m)) {
        return false;
    }
    ct->mark_mask = (uint32_t)m;
    ct->mark = (uint32_t)(v & m);
    return true;
}

static bool read_helper(const char *s, struct dp_action_ct *ct)
{
    ct->alg = !strcmp(s, "ftp") ? 21 : !strcmp(s, "tftp") ? 69 : 0;
    return ct->alg;
}

static char *parse_label(char *text, struct dp_action_ct *ct)
{
    char *error =
        odp_parse_member("ct", "label", text, &odp_ct_label, 1, ct->label, ct->label_mask);
    for (unsigned i = 0; i < sizeof ct->label; i++) {
        ct->label[i] &= ct->label_mask[i];
    }
    return error;
}

static char *parse_ct_member(struct dp_action_ct *ct, const char *k, char *v)
{
    bool ok = true;

    if (!strcmp(k, "commit") || !strcmp(k, "force_commit")) {
        ct->commit = true;
        ct->force |= *k == 'f';
        ok = !*v;
    } else if (!strcmp(k, "zone")) {
        ok = text_to_u16(v, &ct->zone);
    } else if (!strcmp(k, "mark")) {
        ok = read_mark(v, ct);
    } else if (!strcmp(k, "label")) {
        return parse_label(v, ct);
    } else if (!strcmp(k, "helper")) {
        ok = read_helper(v, ct);
    } else if (!strcmp(k, "nat")) {
        return parse_nat(ct, v);
    } else {
        return xasprintf("ct: unknown member %s", k);
    }
    return ok ? NULL : odp_bad_value("ct", v);
}

enum dp_ct_timeout dp_ct_timeout_of_name(uint16_t zone, const char *name)
{
    char known[DP_CT_TIMEOUT_NAME];

    for (unsigned i = DP_CT_TIMEOUT_NONE + 1; i < DP_CT_N_TIMEOUTS; i++) {
        dp_ct_timeout_name(zone, (enum dp_ct_timeout)i, known);
        if (!strcmp(known, name)) {
            return (enum dp_ct_timeout)i;
        }
    }
    return DP_CT_TIMEOUT_NONE;
}

static char *parse_ct(struct parsing *p, enum dp_action_type type, char *value)
{
    struct dp_action_ct *ct = dp_actions_put(p->list, type, sizeof *ct);
    char *cursor = value, *k, *v, *error = NULL, *timeout = NULL;

    ct->cookie = UINT64_MAX; /* No rule's. */
    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "timeout")) {
            timeout = v; /* Its name has the zone in it, which may follow. */
        } else {
            error = parse_ct_member(ct, k, v);
        }
    }
    if (timeout && !error) {
        ct->timeout = (uint8_t)dp_ct_timeout_of_name(ct->zone, timeout);
        error = ct->timeout ? NULL : odp_bad_value("ct", timeout);
    }
    if (!error && !ct->commit && (ct->mark_mask || !is_all_zeros(ct->label_mask, 16))) {
        error = xstrdup("ct: mark and label need commit");
    }
    return error;
}

/* ---- userspace ---- */

static char *parse_userspace(struct parsing *p, enum dp_action_type type, char *value)
{
    char *cursor = value, *k, *v, *error = NULL;
    struct dp_cookie cookie;
    uint8_t *data = NULL;
    uint32_t pid = 0;
    uint16_t tunnel_port = 0;
    bool actions = false, has_port = false;
    size_t n = 0;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "pid")) {
            error = text_to_u32(v, &pid) ? NULL : bad_action(type, v);
        } else if (!strcmp(k, "actions") && !*v) {
            actions = true;
        } else if (!strcmp(k, "tunnel_out_port")) {
            has_port = true;
            error = text_to_u16(v, &tunnel_port) ? NULL : bad_action(type, v);
        } else if (data) {
            error = xasprintf("userspace: %s: there is userdata already", k);
        } else if (!strcmp(k, "userdata")) {
            data = text_to_hex(v, &n);
            error = data ? NULL : bad_action(type, v);
        } else if (!(error = dp_cookie_parse(k, v, &cookie))) {
            n = sizeof cookie;
            data = xmemdup(&cookie, n);
        }
    }
    if (!error) {
        struct dp_action_userspace *u = dp_actions_put(p->list, type, sizeof *u + n);
        u->pid = pid;
        u->actions = actions;
        u->has_tunnel_port = has_port;
        u->tunnel_port = tunnel_port;
        if (n && !p->list->overflow) {
            u->a.u32 = (uint32_t)n;
            memcpy(u->cookie, data, n);
        }
    }
    free(data);
    return error;
}

/* ---- nested lists ---- */

static char *parse_nested(struct parsing *p, char *text)
{
    if (p->depth == MAX_DEPTH) {
        return xstrdup("lists of actions nest too deeply");
    }
    p->depth++;
    char *error = parse_list(p, text);
    p->depth--;
    return error;
}

static char *nested_list(void *p, char *text)
{
    return parse_nested(p, text);
}

static char *parse_clone(struct parsing *p, enum dp_action_type type UNUSED, char *value)
{
    size_t ofs = dp_actions_clone_begin(p->list);
    char *error = parse_nested(p, value);

    dp_actions_clone_end(p->list, ofs);
    return error;
}

static bool read_percent(const char *s, uint32_t *probability)
{
    char *end;
    const double percent = strtod(s, &end);

    *probability = 0;
    if (end == s || strcmp(end, "%") || !(percent >= 0) || percent > 100) {
        return false;
    }
    *probability = (uint32_t)(DP_SAMPLE_ALWAYS * (percent / 100) + 0.5);
    return true;
}

static char *parse_sample(struct parsing *p, enum dp_action_type type UNUSED, char *value)
{
    char *cursor = value, *k, *v, *actions = NULL;
    uint32_t probability = 0;
    bool has_probability = false;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "actions") && !actions) {
            actions = v;
        } else if (!strcmp(k, "sample") && read_percent(v, &probability)) {
            has_probability = true;
        } else {
            return xasprintf("sample: %s=%s is none of its members, or has another value", k, v);
        }
    }
    if (!has_probability || !actions) {
        return xstrdup("sample: not all of its members are there");
    }
    size_t ofs = dp_actions_sample_begin(p->list, probability);
    char *error = parse_nested(p, actions);
    dp_actions_sample_end(p->list, ofs);
    return error;
}

static char *parse_check_pkt_len(struct parsing *p, enum dp_action_type type, char *value)
{
    const size_t ofs = p->list->len;
    char *cursor = value, *k, *v, *error = NULL, *gt = NULL, *le = NULL;
    uint16_t size = 0;
    bool has_size = false;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!strcmp(k, "size")) {
            has_size = text_to_u16(v, &size);
        } else if (!strcmp(k, "gt") && !gt) {
            gt = v;
        } else if (!strcmp(k, "le") && !le) {
            le = v;
        } else {
            return bad_action(type, k);
        }
    }
    if (!has_size || !gt || !le) {
        return xstrdup("check_pkt_len: needs size=N, gt(...) and le(...)");
    }
    dp_actions_put(p->list, type, sizeof(struct dp_action_check_pkt_len));
    const size_t first = p->list->len;
    error = parse_nested(p, gt);
    const size_t second = p->list->len;
    error = error ? error : parse_nested(p, le);
    if (!error && !p->list->overflow) {
        struct dp_action_check_pkt_len *c = (void *)(p->list->data + ofs);
        c->a.u32 = size;
        c->a.len = (uint16_t)(p->list->len - ofs);
        c->gt_len = (uint32_t)(second - first);
        c->le_len = (uint32_t)(p->list->len - second);
    }
    return error;
}

/* ---- lists ---- */

static parse_fn *const parsers[DP_ACTION_N] = {
    [DP_ACTION_OUTPUT] = parse_number, /* A bare port, mostly. */
    [DP_ACTION_USERSPACE] = parse_userspace,
    [DP_ACTION_SET] = parse_set,
    [DP_ACTION_PUSH_VLAN] = parse_push_vlan,
    [DP_ACTION_POP_VLAN] = parse_none,
    [DP_ACTION_RECIRC] = parse_number,
    [DP_ACTION_HASH] = parse_hash,
    [DP_ACTION_PUSH_MPLS] = parse_push_mpls,
    [DP_ACTION_POP_MPLS] = parse_pop_mpls,
    [DP_ACTION_CT] = parse_ct,
    [DP_ACTION_TRUNC] = parse_number,
    [DP_ACTION_CT_CLEAR] = parse_none,
    [DP_ACTION_METER] = parse_number,
    [DP_ACTION_CLONE] = parse_clone,
    [DP_ACTION_CHECK_PKT_LEN] = parse_check_pkt_len,
    [DP_ACTION_SAMPLE] = parse_sample,
    [DP_ACTION_COPY_TTL] = parse_copy_ttl,
    [DP_ACTION_PUSH_PBB] = parse_push_pbb,
    [DP_ACTION_POP_PBB] = parse_none,
};

/* A port wins over an action of its name, as it is printed. */
static char *parse_one(struct parsing *p, const char *name, char *value)
{
    uint32_t port;

    if (!*value &&
        (text_to_u32(name, &port) || (p->port_by_name && p->port_by_name(p->aux, name, &port)))) {
        dp_actions_output(p->list, port);
        return NULL;
    }
    const enum action_kernel_kind kind = action_kernel_of(name);
    if (kind != ACTION_KERNEL_N && (kind != ACTION_KERNEL_HASH_SYM || !strncmp(value, "sym_", 4))) {
        return action_kernel_parse(kind, value, nested_list, p, p->list);
    }
    for (unsigned i = 0; i < DP_ACTION_N; i++) {
        if (!strcmp(odp_action_names[i], name) && parsers[i]) {
            return parsers[i](p, (enum dp_action_type)i, value);
        }
    }
    return xasprintf("unknown action %s", name);
}

static char *parse_list(struct parsing *p, char *text)
{
    char *cursor = text, *k, *v, *error = NULL;
    unsigned n = 0;
    bool drop = false;

    while (!error && text_next_kv(&cursor, &k, &v)) {
        bool is_drop = !strcmp(k, "drop") && !*v;
        error = drop || (is_drop && n) ? xstrdup("drop: stands alone") : NULL;
        if (!error && !is_drop) {
            error = parse_one(p, k, v);
        }
        drop |= is_drop;
        n++;
    }
    return error;
}

char *dp_actions_parse(const char *text, bool (*port_by_name)(void *aux, const char *, uint32_t *),
                       void *aux, struct dp_actions *list)
{
    struct parsing p = {.list = list, .port_by_name = port_by_name, .aux = aux};
    char *copy = xstrdup(text);
    char *error = parse_list(&p, copy);

    free(copy);
    if (!error && list->overflow) {
        error = xasprintf("the list of actions is longer than %d bytes", DP_ACTIONS_MAX);
    }
    return error;
}
