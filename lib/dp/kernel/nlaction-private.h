/* nlaction-private.h - the rows that nlaction.c (to the kernel) and nlaction_get.c (from it) share:
 * which member of a `set` stands where in the kernel's attribute. */
#pragma once

#include <linux/openvswitch.h>

#include "lib/dp/kernel/nlaction.h"

struct nlaction_member {
    uint16_t value, attr; /* Places in union dp_set_value and in the attribute. */
    uint8_t n;
    bool host32; /* be32 here, u32 there; else the same bytes. */
};

#define NLACTION_MAX_MEMBERS 6
struct nlaction_header {
    uint16_t attr; /* OVS_KEY_ATTR_*; 0: the kernel cannot set it, or it nests. */
    uint8_t size;
    struct nlaction_member m[NLACTION_MAX_MEMBERS];
};
#define NLACTION_N_HEADERS (DP_SET_TUNNEL + 1)
extern const struct nlaction_header nlaction_headers[NLACTION_N_HEADERS]; /* enum dp_set_header */

/* Flags of OVS_CT_ATTR_NAT that are DP_NAT_*. */
#define NLACTION_N_NAT_FLAGS 5
extern const struct nlaction_nat_flag {
    uint8_t flag;
    uint16_t attr;
} nlaction_nat_flags[NLACTION_N_NAT_FLAGS];
