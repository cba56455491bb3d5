/* action_kernel.c - see action_kernel.h: one row an action, its text both ways. */
#include "lib/dp/action_kernel.h"

#include <stdlib.h>

#include "lib/dp/odp-private.h"
#include "lib/mem.h"

#define NSH_BASE    8
#define NSH_CONTEXT 16
#define NSH_MAX     (NSH_BASE + 248) /* As the kernel takes it, if not the header: 252. */

struct reading {
    uint8_t data[ACTION_KERNEL_MAX];
    size_t n;
    char *list; /* Text of the nested list; NULL: there is none. */
};

/* ---- bytes ---- */

static uint32_t get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bool read_u32(struct reading *r, size_t at, const char *s)
{
    uint32_t v;

    if (!text_to_u32(s, &v)) {
        return false;
    }
    memcpy(r->data + at, &v, sizeof v);
    r->n = MAX(r->n, at + sizeof v);
    return true;
}

static void put_hex(struct text *t, const uint8_t *p, size_t n)
{
    text_puts(t, "0x");
    for (size_t i = 0; i < n; i++) {
        text_printf(t, "%02x", p[i]);
    }
}

/* `0x0a0b`, at most 'max' bytes, appended. */
static bool read_hex(struct reading *r, const char *s, size_t max)
{
    size_t n = 0;
    uint8_t *bytes = strncmp(s, "0x", 2) ? NULL : text_to_hex(s + 2, &n);
    bool ok = bytes && n <= max && r->n + n <= sizeof r->data;

    if (ok && n) {
        memcpy(r->data + r->n, bytes, n);
        r->n += n;
    }
    free(bytes);
    return ok;
}

/* ---- push_eth ---- */

static void put_push_eth(const struct action_kernel *k, struct text *t)
{
    text_puts(t, "src=");
    text_mac(t, k->data);
    text_puts(t, ",dst=");
    text_mac(t, k->data + 6);
}

static bool read_push_eth(struct reading *r, const char *name, char *value)
{
    r->n = 12;
    return (!strcmp(name, "src") && text_to_mac(value, r->data)) ||
           (!strcmp(name, "dst") && text_to_mac(value, r->data + 6));
}

/* ---- push_nsh ---- */

static void put_push_nsh(const struct action_kernel *k, struct text *t)
{
    const uint32_t path = ntohl(get_u32(k->data + 4));

    text_printf(t, "flags=%u,ttl=%u,mdtype=%u,np=%u,spi=0x%x,si=%u", k->data[0], k->data[1],
                k->data[2], k->data[3], path >> 8, path & 0xff);
    for (unsigned i = 0; k->data[2] == 1 && i < 4; i++) {
        text_printf(t, ",c%u=0x%x", i + 1, ntohl(get_u32(k->data + NSH_BASE + 4 * i)));
    }
    if (k->data[2] == 2) {
        text_puts(t, k->n > NSH_BASE ? ",md2=" : ",md2=0");
        if (k->n > NSH_BASE) {
            put_hex(t, k->data + NSH_BASE, k->n - NSH_BASE);
        }
    }
}

static bool read_push_nsh(struct reading *r, const char *name, char *value)
{
    static const char *const bytes[] = {"flags", "ttl", "mdtype", "np"};
    uint32_t v, path = ntohl(get_u32(r->data + 4));

    if (!r->n) {
        r->data[2] = 1; /* As the peer's words mean it where nothing is said. */
        r->n = NSH_BASE + NSH_CONTEXT;
    }
    if (!strcmp(name, "md2")) {
        r->n = NSH_BASE;
        return r->data[2] == 2 && (!strcmp(value, "0") || (read_hex(r, value, NSH_MAX - NSH_BASE) &&
                                                           (r->n - NSH_BASE) % 4 == 0));
    }
    if (!text_to_u32(value, &v)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        if (!strcmp(name, bytes[i])) {
            r->data[i] = (uint8_t)v;
            r->n = r->data[2] == 2 ? NSH_BASE : NSH_BASE + NSH_CONTEXT;
            return v <= UINT8_MAX;
        }
    }
    if (name[0] == 'c' && name[1] >= '1' && name[1] <= '4' && !name[2]) {
        v = htonl(v);
        memcpy(r->data + NSH_BASE + 4 * (name[1] - '1'), &v, sizeof v);
        return r->data[2] == 1;
    }
    const bool spi = !strcmp(name, "spi"), si = !strcmp(name, "si");
    path = spi ? v << 8 | (path & 0xff) : (path & ~UINT32_C(0xff)) | v;
    path = htonl(path);
    memcpy(r->data + 4, &path, sizeof path);
    return (spi && v <= 0xffffff) || (si && v <= UINT8_MAX);
}

static bool good_nsh(const uint8_t *p, size_t n)
{
    return n >= NSH_BASE && n <= NSH_MAX && n % 4 == 0 &&
           (p[2] == 1 ? n == NSH_BASE + NSH_CONTEXT : p[2] == 2);
}

/* ---- hash, add_mpls ---- */

static void put_hash_sym(const struct action_kernel *k, struct text *t)
{
    text_printf(t, "sym_l4(%u)", get_u32(k->data));
}

static bool read_hash_sym(struct reading *r, const char *name, char *value)
{
    return !strcmp(name, "sym_l4") && read_u32(r, 0, value);
}

static void put_add_mpls(const struct action_kernel *k, struct text *t)
{
    odp_put_mpls_lse(t, ntohl(get_u32(k->data)), UINT32_MAX);
    text_printf(t, ",eth_type=0x%x", k->data[4] << 8 | k->data[5]);
}

static bool read_add_mpls(struct reading *r, const char *name, char *value)
{
    uint32_t lse = ntohl(get_u32(r->data)), mask = 0;
    unsigned seen = 0;
    uint16_t type;

    r->n = 8; /* Flags: behind the Ethernet header. */
    if (!strcmp(name, "eth_type")) {
        bool ok = text_to_u16(value, &type) && (type == 0x8847 || type == 0x8848);
        r->data[4] = ok ? (uint8_t)(type >> 8) : 0;
        r->data[5] = ok ? (uint8_t)type : 0;
        return ok;
    }
    bool ok = odp_read_mpls_part(name, value, &lse, &mask, &seen);
    lse = htonl(lse);
    memcpy(r->data, &lse, sizeof lse);
    return ok;
}

/* ---- lists ---- */

static bool read_dec_ttl(struct reading *r, const char *name, char *value)
{
    r->list = value;
    return !strcmp(name, "le_1");
}

/* ---- psample, drop ---- */

static void put_psample(const struct action_kernel *k, struct text *t)
{
    text_printf(t, "group=%u", get_u32(k->data));
    if (k->n > 4) {
        text_puts(t, ",cookie=");
        put_hex(t, k->data + 4, k->n - 4);
    }
}

static bool read_psample(struct reading *r, const char *name, char *value)
{
    return (!strcmp(name, "group") && !r->n && read_u32(r, 0, value)) ||
           (!strcmp(name, "cookie") && r->n == 4 && read_hex(r, value, 16));
}

/* ---- rows ---- */

static const struct row {
    const char *name;
    uint16_t min, max; /* Bytes. */
    void (*put)(const struct action_kernel *, struct text *);
    bool (*read)(struct reading *, const char *name, char *value); /* One member. */
    const char *list; /* The word ahead of the list; NULL: has none. */
    bool bare;        /* No parentheses. */
} rows[ACTION_KERNEL_N] = {
    [ACTION_KERNEL_PUSH_ETH] = {"push_eth", 12, 12, put_push_eth, read_push_eth, NULL, false},
    [ACTION_KERNEL_POP_ETH] = {"pop_eth", 0, 0, NULL, NULL, NULL, true},
    [ACTION_KERNEL_PUSH_NSH] = {"push_nsh", NSH_BASE, NSH_MAX, put_push_nsh, read_push_nsh, NULL,
                                false},
    [ACTION_KERNEL_POP_NSH] = {"pop_nsh", 0, 0, NULL, NULL, NULL, false},
    [ACTION_KERNEL_HASH_SYM] = {"hash", 4, 4, put_hash_sym, read_hash_sym, NULL, false},
    [ACTION_KERNEL_ADD_MPLS] = {"add_mpls", 8, 8, put_add_mpls, read_add_mpls, NULL, false},
    [ACTION_KERNEL_DEC_TTL] = {"dec_ttl", 0, 0, NULL, read_dec_ttl, "le_1", false},
    [ACTION_KERNEL_PSAMPLE] = {"psample", 4, 20, put_psample, read_psample, NULL, false},
    /* An empty list drops, too, and has this word. */
    [ACTION_KERNEL_DROP] = {"drop", 4, 4, NULL, NULL, NULL, true},
};

size_t action_kernel_begin(struct dp_actions *l, enum action_kernel_kind kind, const void *data,
                           size_t n)
{
    const size_t ofs = l->len;
    struct action_kernel *k = dp_actions_put(l, DP_ACTION_KERNEL, sizeof *k + ROUND_UP(n, 8));

    k->a.u32 = kind;
    k->n = (uint32_t)n;
    if (n) {
        memcpy(k->data, data, n);
    }
    return ofs;
}

void action_kernel_end(struct dp_actions *l, size_t ofs)
{
    if (!l->overflow) {
        struct action_kernel *k = (void *)(l->data + ofs);
        k->a.len = (uint16_t)(l->len - ofs);
        k->list_len = (uint32_t)(k->a.len - sizeof *k - ROUND_UP(k->n, 8));
    }
}

bool action_kernel_check(const struct action_kernel *k)
{
    const uint32_t kind = k->a.u32;

    return k->a.len >= sizeof *k && kind < ACTION_KERNEL_N && k->n >= rows[kind].min &&
           k->n <= rows[kind].max && (rows[kind].list || !k->list_len) &&
           sizeof *k + ROUND_UP((uint64_t)k->n, 8) + k->list_len == k->a.len &&
           (kind != ACTION_KERNEL_PUSH_NSH || good_nsh(k->data, k->n));
}

void action_kernel_put(const struct action_kernel *k, void (*list)(void *aux, struct text *),
                       void *aux, struct text *t)
{
    const struct row *r = &rows[k->a.u32];

    text_puts(t, r->name);
    text_puts(t, r->bare ? "" : "(");
    if (r->put) {
        r->put(k, t);
    }
    if (r->list) {
        text_printf(t, "%s%s(", r->put ? "," : "", r->list);
        list(aux, t);
        text_putc(t, ')');
    }
    text_puts(t, r->bare ? "" : ")");
}

enum action_kernel_kind action_kernel_of(const char *name)
{
    for (unsigned i = 0; i < ACTION_KERNEL_N; i++) {
        if (i != ACTION_KERNEL_DROP && !strcmp(rows[i].name, name)) {
            return i;
        }
    }
    return ACTION_KERNEL_N;
}

char *action_kernel_parse(enum action_kernel_kind kind, char *value,
                          char *(*list)(void *aux, char *text), void *aux, struct dp_actions *l)
{
    const struct row *row = &rows[kind];
    struct reading r = {.n = 0};
    char *cursor = value, *k, *v, *error = NULL;

    while (text_next_kv(&cursor, &k, &v)) {
        if (!row->read || !row->read(&r, k, v)) {
            return xasprintf("%s: %s=%s is none of its members, or has another value", row->name, k,
                             v);
        }
    }
    if (r.n < row->min || (row->list && !r.list) ||
        (kind == ACTION_KERNEL_PUSH_NSH && !good_nsh(r.data, r.n)) ||
        (kind == ACTION_KERNEL_ADD_MPLS && !r.data[4])) {
        return xasprintf("%s: not all of its members are there", row->name);
    }
    const size_t ofs = action_kernel_begin(l, kind, r.data, r.n);
    if (r.list) {
        error = list(aux, r.list);
    }
    action_kernel_end(l, ofs);
    return error;
}
