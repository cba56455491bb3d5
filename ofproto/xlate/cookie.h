/* cookie.h - what a `userspace` datapath action carries: why the packet goes to the controller, or
 * for whom it is a sample.
 *
 * Layer 4, pure.  Journey: CONTROLLER output in translation -> cookie_put() -> DP_ACTION_USERSPACE
 * -> every packet -> dp_handler.userspace -> cookie_get() -> PACKET_IN.
 *
 * Invariant: only facts that are equal for all packets of the cached flow stand in it; the rest
 * comes from the packet's key at that point.  It travels as a struct dp_cookie, whose recirc_id
 * names a continuation with what more there is; registers that are not zero follow it. */
#pragma once

#include "lib/dp/action.h"
#include "lib/dp/cookie.h"
#include "ofp/packet_io.h"

struct tlv_table;

struct cookie {
    uint32_t bridge_id;
    uint32_t in_port;     /* OpenFlow port. */
    uint64_t rule_cookie; /* All ones: no rule. */
    be64 metadata;
    uint16_t max_len;
    uint16_t controller_id;
    uint8_t reason; /* enum packet_in_reason */
    uint8_t table_id;
    uint8_t ct; /* enum cookie_ct */
    uint16_t inv_zone;
    bool paused;           /* The packet waits until the controller gives it back. */
    uint32_t continuation; /* Its id: xlate_controller.c; 0: none. */
    be32 regs[FLOW_N_REGS];
};

/* Where the packet's ct fields come from. */
enum cookie_ct {
    COOKIE_CT_NONE, /* Untracked, whatever the key says. */
    COOKIE_CT_KEY,  /* As in the key. */
    COOKIE_CT_INV,  /* +trk+inv in inv_zone. */
};

/* Of xlate_sample.c. */
struct cookie_sample {
    uint32_t bridge_id;
    uint32_t in_port, out_port; /* OpenFlow ports; OFPP_NONE: not known. */
    uint32_t dp_out_port;       /* The same of the datapath. */
    bool of_flow;               /* By the action; the rest is zero for samples of a bridge. */
    uint8_t direction;          /* 0 unsaid, 1 ingress, 2 egress */
    uint16_t probability;       /* Of 65535. */
    uint32_t collector_set, domain, point;
};

void cookie_put(struct dp_actions *, const struct cookie *);
bool cookie_get(const void *data, size_t len, struct cookie *);
void cookie_put_sample(struct dp_actions *, const struct cookie_sample *);
bool cookie_get_sample(const void *data, size_t len, struct cookie_sample *);
/* DP_COOKIE_NONE: it has none. */
enum dp_cookie_type cookie_type(const void *data, size_t len);
/* The pipeline fields of a PACKET_IN: in_port, metadata, registers, ct, tunnel: what is not zero;
 * tunnel options that the bridge's table maps (NULL: none). */
void cookie_match(const struct cookie *, const struct key *, const struct tlv_table *,
                  struct match *);
