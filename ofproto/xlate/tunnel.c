/* tunnel.c - see tunnel.h: options, names, statistics.  The map is in tunnel_map.c. */
#include "ofproto/xlate/tunnel.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/text.h"

#define DEFAULT_TTL 64
#define TOS_ECN     3

bool tunnel_is_type(const char *type)
{
    enum tunnel_type t;
    return tunnel_type_by_name(type, &t);
}

/* ---- options ---- */

struct parser {
    const char *name, *type;
    tunnel_option *option;
    void *aux;
    struct tunnel_config *c;
};

static const char *get(const struct parser *p, const char *key)
{
    return p->option ? p->option(p->aux, key) : NULL;
}

static char *bad(const struct parser *p, const char *key, const char *value, const char *wanted)
{
    return xasprintf("%s: options:%s=%s: %s", p->name, key, value, wanted);
}

static bool to_address(const char *s, uint8_t ip[16])
{
    be32 ip4;

    if (text_to_ip4(s, &ip4)) {
        memset(ip, 0, 10);
        ip[10] = ip[11] = 0xff;
        memcpy(ip + 12, &ip4, 4);
        return ip4 != 0;
    }
    return text_to_ip6(s, ip) && !is_all_zeros(ip, 16);
}

static char *parse_address(const struct parser *p, const char *key, uint8_t ip[16], bool *flow)
{
    const char *s = get(p, key);

    *flow = s && !strcmp(s, "flow");
    return s && !*flow && !to_address(s, ip) ? bad(p, key, s, "not an IP address, nor `flow'")
                                             : NULL;
}

/* 'key' stands for both directions, unless one is given by itself. */
static char *parse_key(const struct parser *p, const char *key, be64 *value, bool *present,
                       bool *flow)
{
    const char *s = get(p, key);
    uint64_t n = 0;

    if (!s) {
        key = "key";
        s = get(p, key);
    }
    *present = s != NULL;
    *flow = s && !strcmp(s, "flow");
    if (s && !*flow && !text_to_u64(s, &n)) {
        return bad(p, key, s, "not a number, nor `flow'");
    }
    *value = htobe64(n);
    return NULL;
}

static char *parse_byte(const struct parser *p, const char *key, uint8_t dflt, uint8_t *value,
                        bool *inherit)
{
    const char *s = get(p, key);

    *value = dflt;
    *inherit = s && !strcmp(s, "inherit");
    return s && !*inherit && !text_to_u8(s, value) ? bad(p, key, s, "not 0..255, nor `inherit'")
                                                   : NULL;
}

static char *parse_bool(const struct parser *p, const char *key, bool dflt, bool *value)
{
    const char *s = get(p, key);

    *value = s ? !strcmp(s, "true") : dflt;
    return s && !*value && strcmp(s, "false") ? bad(p, key, s, "not `true' or `false'") : NULL;
}

static char *parse_port(const struct parser *p)
{
    const char *s = get(p, "dst_port");

    p->c->dst_port = tunnel_types[p->c->type].dst_port;
    if (s && !p->c->dst_port) {
        return bad(p, "dst_port", s, "tunnels of this type have no ports");
    }
    return s && (!text_to_u16(s, &p->c->dst_port) || !p->c->dst_port)
               ? bad(p, "dst_port", s, "not 1..65535")
               : NULL;
}

static char *parse_extensions(const struct parser *p)
{
    const char *exts = get(p, "exts"), *packets = get(p, "packet_type");

    if (packets && strcmp(packets, "legacy_l2")) {
        return bad(p, "packet_type", packets, "only legacy_l2, Ethernet frames, is supported");
    }
    p->c->gbp = exts && !strcmp(exts, "gbp");
    if (exts && *exts && (!p->c->gbp || p->c->type != TUNNEL_VXLAN)) {
        return bad(p, "exts", exts, "there is only gbp, of vxlan");
    }
    return NULL;
}

static bool is_ip4(const uint8_t ip[16])
{
    return is_all_zeros(ip, 10) && ip[10] == 0xff && ip[11] == 0xff;
}

static char *check_addresses(const struct parser *p)
{
    const struct tunnel_config *c = p->c;
    bool has_remote = !is_all_zeros(c->remote, 16), has_local = !is_all_zeros(c->local, 16);

    if (!has_remote && !c->remote_flow) {
        return xasprintf("%s: %s type requires valid 'remote_ip' argument", p->name, p->type);
    }
    if (c->local_flow && !c->remote_flow) {
        return xasprintf("%s: %s type requires 'remote_ip=flow' with 'local_ip=flow'", p->name,
                         p->type);
    }
    if (has_remote && has_local && is_ip4(c->remote) != is_ip4(c->local)) {
        return xasprintf("%s: local_ip and remote_ip are of different families", p->name);
    }
    return NULL;
}

char *tunnel_config_parse(const char *name, const char *type, tunnel_option *option, void *aux,
                          struct tunnel_config *c)
{
    struct parser p = {name, type, option, aux, c};
    char *error = NULL;

    memset(c, 0, sizeof *c);
    if (!tunnel_type_by_name(type, &c->type)) {
        return xasprintf("%s: %s is not a type of tunnel", name, type);
    }
    error = parse_address(&p, "remote_ip", c->remote, &c->remote_flow);
    error = error ? error : parse_address(&p, "local_ip", c->local, &c->local_flow);
    error = error ? error : check_addresses(&p);
    error =
        error ? error : parse_key(&p, "in_key", &c->in_key, &c->in_key_present, &c->in_key_flow);
    error = error ? error
                  : parse_key(&p, "out_key", &c->out_key, &c->out_key_present, &c->out_key_flow);
    error = error ? error : parse_byte(&p, "tos", 0, &c->tos, &c->tos_inherit);
    c->tos &= (uint8_t)~TOS_ECN;
    error = error ? error : parse_byte(&p, "ttl", DEFAULT_TTL, &c->ttl, &c->ttl_inherit);
    error = error ? error : parse_bool(&p, "df_default", true, &c->df);
    error = error ? error : parse_bool(&p, "csum", false, &c->csum);
    error = error ? error : parse_port(&p);
    return error ? error : parse_extensions(&p);
}

/* ---- text ---- */

static void put(struct text *t, const char *name)
{
    text_printf(t, "%s%s=", t->len ? ", " : "", name);
}

static void put_address(struct text *t, const char *name, const uint8_t ip[16], bool flow)
{
    be32 ip4;

    if (flow) {
        put(t, name);
        text_puts(t, "flow");
    } else if (!is_all_zeros(ip, 16)) {
        put(t, name);
        if (is_ip4(ip)) {
            memcpy(&ip4, ip + 12, 4);
            text_ip4(t, ip4);
        } else {
            text_ip6(t, ip);
        }
    }
}

static void put_key(struct text *t, const char *name, be64 key, bool present, bool flow)
{
    if (present) {
        put(t, name);
        if (flow) {
            text_puts(t, "flow");
        } else {
            text_printf(t, "%" PRIu64, (uint64_t)be64toh(key));
        }
    }
}

static void put_byte(struct text *t, const char *name, const char *format, uint8_t value,
                     uint8_t dflt, bool inherit)
{
    if (inherit) {
        put(t, name);
        text_puts(t, "inherit");
    } else if (value != dflt) {
        char number[8];
        snprintf(number, sizeof number, *format == 'x' ? "0x%x" : "%u", value);
        put(t, name);
        text_puts(t, number);
    }
}

static void put_word(struct text *t, const char *name, const char *value, bool shown)
{
    if (shown) {
        put(t, name);
        text_puts(t, value);
    }
}

void tunnel_config_format(const struct tunnel_config *c, struct text *out)
{
    bool same = c->in_key_present && c->out_key_present && c->in_key_flow == c->out_key_flow &&
                c->in_key == c->out_key;
    struct text text = TEXT_INIT, *t = &text;

    put_word(t, "csum", "true", c->csum);
    put_word(t, "df_default", "false", !c->df);
    if (c->dst_port != tunnel_types[c->type].dst_port) {
        put(t, "dst_port");
        text_printf(t, "%u", c->dst_port);
    }
    put_word(t, "exts", "gbp", c->gbp);
    put_key(t, "in_key", c->in_key, c->in_key_present && !same, c->in_key_flow);
    put_key(t, "key", c->in_key, same, c->in_key_flow);
    put_address(t, "local_ip", c->local, c->local_flow);
    put_key(t, "out_key", c->out_key, c->out_key_present && !same, c->out_key_flow);
    put_address(t, "remote_ip", c->remote, c->remote_flow);
    put_byte(t, "tos", "x", c->tos, 0, c->tos_inherit);
    put_byte(t, "ttl", "u", c->ttl, DEFAULT_TTL, c->ttl_inherit);
    text_puts(out, text_cstr(t));
    text_deinit(t);
}

bool tunnel_config_clashes(const struct tunnel_config *a, const struct tunnel_config *b)
{
    return a->type == b->type && a->dst_port == b->dst_port && a->in_key_flow == b->in_key_flow &&
           a->in_key == b->in_key && a->remote_flow == b->remote_flow &&
           a->local_flow == b->local_flow && !memcmp(a->remote, b->remote, 16) &&
           !memcmp(a->local, b->local, 16);
}

void tunnel_device_name(const struct tunnel_config *c, char name[TUNNEL_DEVICE_NAME])
{
    const struct tunnel_type_info *info = &tunnel_types[c->type];

    if (info->dst_port) {
        snprintf(name, TUNNEL_DEVICE_NAME, "%.9s_%u", info->device, c->dst_port);
    } else {
        snprintf(name, TUNNEL_DEVICE_NAME, "%.15s", info->device);
    }
}

/* ---- statistics ---- */

struct tunnel_stats *tunnel_stats_new(void)
{
    struct tunnel_stats *s = xzalloc(sizeof *s);

    s->refs = 1;
    return s;
}

struct tunnel_stats *tunnel_stats_ref(struct tunnel_stats *s)
{
    __atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

void tunnel_stats_unref(struct tunnel_stats *s)
{
    if (s && __atomic_fetch_sub(&s->refs, 1, __ATOMIC_ACQ_REL) == 1) {
        free(s);
    }
}
