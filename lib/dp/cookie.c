/* cookie.c - see cookie.h. */
#include "lib/dp/cookie.h"

#include "lib/packet/key.h"

#define OFPP_NONE16 0xffff /* Where a cookie has no port. */

void dp_cookie_slow_path(struct dp_cookie *c, unsigned reasons)
{
    memset(c, 0, sizeof *c);
    c->type = DP_COOKIE_SLOW_PATH;
    c->in_port = OFPP_NONE16;
    c->slow_path.reasons = reasons;
}

static void put_slow_path(const struct dp_cookie *c, struct text *t)
{
    static const char *const names[] = {"cfm", "bfd", "lacp", "stp", "lldp", "action", "match"};
    uint32_t rest = c->slow_path.reasons;

    text_puts(t, rest ? "slow_path(" : "slow_path(0");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (rest & UINT32_C(1) << i) {
            rest &= ~(UINT32_C(1) << i);
            text_printf(t, "%s,", names[i]);
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
    static const char *const directions[] = {"", ",ingress", ",egress"};

    text_printf(t,
                "flow_sample(probability=%" PRIu16 ",collector_set_id=%" PRIu32
                ",obs_domain_id=%" PRIu32 ",obs_point_id=%" PRIu32 ",output_port=%" PRIu32 "%s)",
                c->flow_sample.probability, c->flow_sample.collector_set_id,
                c->flow_sample.obs_domain_id, c->flow_sample.obs_point_id,
                c->flow_sample.output_port, directions[MIN(c->flow_sample.direction, 2)]);
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
