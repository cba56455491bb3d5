/* nlaction-private.h - the rows that nlaction.c (to the kernel) and nlaction_get.c (from it) share:
 * which member of a `set` stands where in the kernel's attribute. */
#pragma once

#include <linux/openvswitch.h>

#include "lib/dp/action_kernel.h"
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

/* nlaction_kernel.c: actions of action_kernel.h. */
struct nlaction_kernel_nest {
    size_t at[2]; /* What is open. */
    unsigned n;
    bool has_list; /* It goes where the writer is now. */
};
void nlaction_kernel_put(const struct action_kernel *, struct nlaction_kernel_nest *,
                         struct nlwr *);
void nlaction_kernel_end(const struct nlaction_kernel_nest *, struct nlwr *);
/* Its bytes, and the attribute of its list (n == 0: there is none), which the caller reads before
 * action_kernel_end(*ofs).  False: none of these, or malformed. */
bool nlaction_kernel_get(const struct nlrd *, struct dp_actions *, size_t *ofs,
                         struct nlrd *list) MUST_USE;
