/* ct_zone.h - limits, counts and leniency by zone, for higher layers.
 *
 * Layer 2, pure; control thread, while workers track.  A zone costs memory from its first
 * connection or setting on.  A commit that a limit forbids drops its packet
 * (counted), as the kernel does. */
#pragma once

#include "lib/ct/ct.h"

#define CT_N_ZONES      65536
#define CT_ZONE_DEFAULT (-1) /* Of limits: of zones without one of their own. */

/* 'zone' is CT_ZONE_DEFAULT or a zone's number; limit 0: none. */
void ct_zone_set_limit(struct ct *, int32_t zone, uint32_t limit);
void ct_zone_del_limit(struct ct *, int32_t zone);             /* Back to the default; of it: 0. */
uint32_t ct_zone_get_limit(const struct ct *, int32_t zone);   /* The one that holds for it. */
bool ct_zone_has_limit(const struct ct *, uint16_t zone);      /* One of its own. */
uint32_t ct_zone_get_count(const struct ct *, uint16_t zone);  /* Connections, without a walk. */
void ct_zone_set_liberal(struct ct *, uint16_t zone, bool on); /* As ct_config.tcp_liberal. */
