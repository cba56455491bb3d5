/* cookie.h - what the `userspace` datapath action carries to the handler, and its ODP text.
 *
 * Layer 3, pure.  Its layout is the one that other tools of the datapath know, so that they name
 * what they find: `controller(reason=1,...)`, `slow_path(action)`.  What follows a struct
 * dp_cookie belongs to whoever wrote it; those tools print such a longer cookie as bytes.
 *
 * The types beside DP_COOKIE_SLOW_PATH are the translation's.  Host byte order, of one machine. */
#pragma once

#include "lib/base.h"
#include "lib/text.h"

enum dp_cookie_type {
    DP_COOKIE_NONE,
    DP_COOKIE_SFLOW,
    DP_COOKIE_SLOW_PATH,
    DP_COOKIE_FLOW_SAMPLE,
    DP_COOKIE_IPFIX,
    DP_COOKIE_CONTROLLER,
};

/* Why a packet takes the slow path. */
enum dp_slow {
    DP_SLOW_CFM = 1,
    DP_SLOW_BFD = 2,
    DP_SLOW_LACP = 4,
    DP_SLOW_STP = 8,
    DP_SLOW_LLDP = 16,
    DP_SLOW_ACTION = 32, /* The executor cannot run the actions. */
    DP_SLOW_MATCH = 64,  /* It cannot see what translation looked at. */
    /* With ACTION: it knows each of the actions, and has refused them together.  No text has it. */
    DP_SLOW_REFUSED = 128,
};

struct dp_cookie {
    uint16_t type; /* enum dp_cookie_type */
    uint16_t pad;
    uint32_t in_port; /* OpenFlow port. */
    uint8_t id[16];   /* The translation's own. */
    union {
        struct {
            be16 vlan_tci;
            uint16_t pad;
            uint32_t output;
        } sflow;
        struct {
            uint16_t refused; /* DP_SLOW_REFUSED, where other tools look at nothing. */
            uint16_t pad;
            uint32_t reasons; /* The other bits of enum dp_slow. */
        } slow_path;
        struct {
            uint16_t probability, pad;
            uint32_t collector_set_id, obs_domain_id, obs_point_id;
            uint32_t output_port; /* Of the datapath. */
            uint32_t direction;   /* 0 unsaid, 1 ingress, 2 egress */
        } flow_sample;
        struct {
            uint32_t output_port; /* Of the datapath. */
        } ipfix;
        struct {
            uint8_t dont_send, continuation;
            uint16_t reason; /* Of a PACKET_IN. */
            uint32_t recirc_id;
            be64 rule_cookie;
            uint16_t controller_id, max_len;
        } controller;
    };
};
_Static_assert(sizeof(struct dp_cookie) == 48, "other tools know it by its length");

void dp_cookie_slow_path(struct dp_cookie *, unsigned reasons);
/* `slow_path(action)`, whatever follows it.  False: not a cookie of this layout; nothing is
 * written. */
bool dp_cookie_format(const void *data, size_t len, struct text *);
/* `NAME(MEMBERS)` of the above.  NULL, or a heap error text. */
char *dp_cookie_parse(const char *name, char *members, struct dp_cookie *) MUST_USE;
