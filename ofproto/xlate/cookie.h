/* cookie.h - what a `userspace` datapath action carries: why the packet goes to the controller.
 *
 * Layer 4, pure.  Journey: CONTROLLER output in translation -> cookie_put() -> DP_ACTION_USERSPACE
 * -> every packet -> dp_handler.userspace -> cookie_get() -> PACKET_IN.
 *
 * Invariant: only facts that are equal for all packets of the cached flow stand in it; the rest
 * comes from the packet's key at that point.  It travels as a struct dp_cookie, whose recirc_id
 * names a continuation with what more there is; registers that are not zero follow it. */
#pragma once

#include "lib/dp/action.h"
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

void cookie_put(struct dp_actions *, const struct cookie *);
bool cookie_get(const void *data, size_t len, struct cookie *);
/* The pipeline fields of a PACKET_IN: in_port, metadata, registers, ct, tunnel: what is not zero;
 * tunnel options that the bridge's table maps (NULL: none). */
void cookie_match(const struct cookie *, const struct key *, const struct tlv_table *,
                  struct match *);
