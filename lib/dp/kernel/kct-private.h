/* kct-private.h - what the files of the kernel's connections share. */
#pragma once

#include "lib/dp/kernel/kernel.h"

/* kct_limit.c: operations of struct dp_conns_class. */
int kct_get_limits(struct dp *, const struct dp_zone_limit *zones, size_t n, dp_zone_limit_cb *,
                   void *aux);
int kct_set_limits(struct dp *, const struct dp_zone_limit *, size_t n);
int kct_del_limits(struct dp *, const struct dp_zone_limit *zones, size_t n);

/* kct_event.c */
extern const struct dp_conn_events_class kct_conn_events;
void kct_events_deinit(struct kernel *);

/* kct_timeout.c: the same. */
int kct_set_timeouts(struct dp *, uint16_t zone, const struct ct_timeouts *);
void kct_timeouts_deinit(struct kernel *, bool destroy);
/* kct.c: opens k->ct_requests if it is not. */
int kct_need_requests(struct kernel *) MUST_USE;
