/* kct_info.h - the kernel's connections as ctnetlink has them (CTA_*), both ways.
 *
 * Layer 3, pure.  Journey: IPCTNL_MSG_CT_GET's answer -> kct_info_get() -> dump; what is to go ->
 * kct_info_put_tuple() -> IPCTNL_MSG_CT_DELETE.
 *
 * Facts: <linux/netfilter/nfnetlink_conntrack.h>; integers are big endian. */
#pragma once

#include "lib/ct/ct_info.h"
#include "lib/dp/kernel/nlwr.h"

/* Times of 'info' are made from what is said relative to now.  False: malformed, or nothing that
 * has tuples. */
bool kct_info_get(const void *attrs, size_t n, int64_t now_ms, int64_t wall_ms,
                  struct ct_info *) MUST_USE;
/* What names the connection to the kernel: original tuple, zone, id. */
void kct_info_put_name(const struct ct_info *, struct nlwr *);
