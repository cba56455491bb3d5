/* kct-private.h - what the files of the kernel's connections share. */
#pragma once

#include "lib/dp/kernel/kernel.h"

/* kct_limit.c: operations of struct dp_conns_class. */
int kct_get_limits(struct dp *, const struct dp_zone_limit *zones, size_t n, dp_zone_limit_cb *,
                   void *aux);
int kct_set_limits(struct dp *, const struct dp_zone_limit *, size_t n);
int kct_del_limits(struct dp *, const struct dp_zone_limit *zones, size_t n);
