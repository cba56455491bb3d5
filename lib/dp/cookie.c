/* cookie.c - see cookie.h. */
#include "lib/dp/cookie.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/key.h"

#define OFPP_NONE16 0xffff /* Where a cookie has no port. */

void dp_cookie_slow_path(struct dp_cookie *c, unsigned reasons)
{
    memset(c, 0, sizeof *c);
    c->type = DP_COOKIE_SLOW_PATH;
    c->in_port = OFPP_NONE16;
    c->slow_path.refused = (reasons & DP_SLOW_REFUSED) != 0;
    c->slow_path.reasons = reasons & ~(unsigned)DP_SLOW_REFUSED;
}

static const char *const slow_names[] = {"cfm", "bfd", "lacp", "stp", "lldp", "action", "match"};
static const char *const direction_names[] = {"", "ingress", "egress"};

static void put_slow_path(const struct dp_cookie *c, struct text *t)
{
    uint32_t rest = c->slow_path.reasons;

    text_puts(t, rest ? "slow_path(" : "slow_path(0");
    for (size_t i = 0; i < ARRAY_SIZE(slow_names); i++) {
        if (rest & UINT32_C(1) << i) {
            rest &= ~(UINT32_C(1) << i);
            text_printf(t, "%s,", slow_names[i]);
        }
    }
    if (rest) {
        text_printf(t, "%#" PRIx32, rest);
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}

static void put_flow_sample(const struct dp_cookie *c, struct text *t)
{
    const char *direction = direction_names[MIN(c->flow_sample.direction, 2)];

    text_printf(t,
                "flow_sample(probability=%" PRIu16 ",collector_set_id=%" PRIu32
                ",obs_domain_id=%" PRIu32 ",obs_point_id=%" PRIu32 ",output_port=%" PRIu32 "%s%s)",
                c->flow_sample.probability, c->flow_sample.collector_set_id,
                c->flow_sample.obs_domain_id, c->flow_sample.obs_point_id,
                c->flow_sample.output_port, *direction ? "," : "", direction);
}

static void put_controller(const struct dp_cookie *c, struct text *t)
{
    const be64 cookie = c->controller.rule_cookie;

    text_printf(t,
                "controller(reason=%" PRIu16 ",dont_send=%d,continuation=%d,recirc_id=%" PRIu32
                ",rule_cookie=%#" PRIx64 ",controller_id=%" PRIu16 ",max_len=%" PRIu16 ")",
                c->controller.reason, !!c->controller.dont_send, !!c->controller.continuation,
                c->controller.recirc_id, get_be64(&cookie), c->controller.controller_id,
                c->controller.max_len);
}

bool dp_cookie_format(const void *data, size_t len, struct text *t)
{
    struct dp_cookie c;

    if (len < sizeof c) {
        return false;
    }
    memcpy(&c, data, sizeof c);
    switch (c.type) {
    case DP_COOKIE_SFLOW:
        text_printf(t, "sFlow(vid=%d,pcp=%d,output=%" PRIu32 ")",
                    ntohs(c.sflow.vlan_tci) & VLAN_VID_MASK,
                    ntohs(c.sflow.vlan_tci) >> VLAN_PCP_SHIFT, c.sflow.output);
        return true;
    case DP_COOKIE_SLOW_PATH:
        put_slow_path(&c, t);
        return true;
    case DP_COOKIE_FLOW_SAMPLE:
        put_flow_sample(&c, t);
        return true;
    case DP_COOKIE_IPFIX:
        text_printf(t, "ipfix(output_port=%" PRIu32 ")", c.ipfix.output_port);
        return true;
    case DP_COOKIE_CONTROLLER:
        put_controller(&c, t);
        return true;
    default:
        return false;
    }
}

/* ---- parsing ---- */

static size_t find_name(const char *const names[], size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && strcmp(names[i], name)) {
        i++;
    }
    return i;
}

static char *parse_slow_path(char *text, struct dp_cookie *c)
{
    char *cursor = text, *k, *v;
    uint32_t rest;

    while (text_next_kv(&cursor, &k, &v)) {
        size_t i = find_name(slow_names, ARRAY_SIZE(slow_names), k);
        if (i < ARRAY_SIZE(slow_names)) {
            rest = UINT32_C(1) << i;
        } else if (!text_to_u32(k, &rest)) {
            return xasprintf("slow_path: unknown reason %s", k);
        }
        c->slow_path.reasons |= rest;
    }
    return NULL;
}

/* A member that is a number: its place in the cookie. */
struct member {
    const char *name;
    uint16_t ofs, n;
};
#define M(NAME, MEMBER)                                                                   \
    {                                                                                     \
        NAME, offsetof(struct dp_cookie, MEMBER), sizeof(((struct dp_cookie *)0)->MEMBER) \
    }
static const struct member sflow[] = {{"vid", 0, 0}, {"pcp", 0, 0}, M("output", sflow.output)};
static const struct member flow_sample[] = {
    M("probability", flow_sample.probability),
    M("collector_set_id", flow_sample.collector_set_id),
    M("obs_domain_id", flow_sample.obs_domain_id),
    M("obs_point_id", flow_sample.obs_point_id),
    M("output_port", flow_sample.output_port),
};
static const struct member ipfix[] = {M("output_port", ipfix.output_port)};
static const struct member controller[] = {
    M("reason", controller.reason),
    M("dont_send", controller.dont_send),
    M("continuation", controller.continuation),
    M("recirc_id", controller.recirc_id),
    M("rule_cookie", controller.rule_cookie),
    M("controller_id", controller.controller_id),
    M("max_len", controller.max_len),
};

/* All integers are the host's, but the rule's cookie. */
static bool store(struct dp_cookie *c, const struct member *m, uint64_t v)
{
    uint8_t *to = (uint8_t *)c + m->ofs;
    const uint8_t u8 = (uint8_t)v;
    const uint16_t u16 = (uint16_t)v;
    const uint32_t u32 = (uint32_t)v;

    switch (m->n) {
    case 0: /* Of a tag. */
        if (v > (*m->name == 'v' ? VLAN_VID_MASK : 7)) {
            return false;
        }
        c->sflow.vlan_tci |= htons((uint16_t)(v << (*m->name == 'v' ? 0 : VLAN_PCP_SHIFT)));
        return true;
    case 1:
        memcpy(to, &u8, sizeof u8);
        return v <= 1;
    case 2:
        memcpy(to, &u16, sizeof u16);
        return u16 == v;
    case 4:
        memcpy(to, &u32, sizeof u32);
        return u32 == v;
    default:
        put_be64(to, v);
        return true;
    }
}

static const struct {
    const char *name;
    enum dp_cookie_type type;
    const struct member *m;
    size_t n;
} kinds[] = {
    {"sFlow", DP_COOKIE_SFLOW, sflow, ARRAY_SIZE(sflow)},
    {"flow_sample", DP_COOKIE_FLOW_SAMPLE, flow_sample, ARRAY_SIZE(flow_sample)},
    {"ipfix", DP_COOKIE_IPFIX, ipfix, ARRAY_SIZE(ipfix)},
    {"controller", DP_COOKIE_CONTROLLER, controller, ARRAY_SIZE(controller)},
};

static char *parse_numbers(size_t kind, char *text, struct dp_cookie *c)
{
    const bool sample = kinds[kind].type == DP_COOKIE_FLOW_SAMPLE;
    char *cursor = text, *k, *v;
    uint64_t number;

    while (text_next_kv(&cursor, &k, &v)) {
        size_t i = 0, way = find_name(direction_names, ARRAY_SIZE(direction_names), k);
        if (sample && way < ARRAY_SIZE(direction_names) && !*v) {
            c->flow_sample.direction = (uint32_t)way;
            continue;
        }
        while (i < kinds[kind].n && strcmp(kinds[kind].m[i].name, k)) {
            i++;
        }
        if (i == kinds[kind].n) {
            return xasprintf("%s: unknown member %s", kinds[kind].name, k);
        }
        if (!text_to_u64(v, &number) || !store(c, &kinds[kind].m[i], number)) {
            return xasprintf("%s: bad value for %s of %s", v, k, kinds[kind].name);
        }
    }
    return NULL;
}

char *dp_cookie_parse(const char *name, char *members, struct dp_cookie *c)
{
    dp_cookie_slow_path(c, 0);
    if (!strcmp(name, "slow_path")) {
        return parse_slow_path(members, c);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kinds[i].name, name)) {
            c->type = (uint16_t)kinds[i].type;
            c->sflow.vlan_tci = c->type == DP_COOKIE_SFLOW ? htons(VLAN_CFI) : 0;
            return parse_numbers(i, members, c);
        }
    }
    return xasprintf("userspace: unknown member %s", name);
}
