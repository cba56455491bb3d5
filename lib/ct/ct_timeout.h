/* ct_timeout.h - timeout policies: how long the connections of a zone live after their last packet.
 *
 * Layer 2, pure.  The names are those of table CT_Timeout_Policy, for this tracker and the
 * kernel's; a row of ct_timeouts.def each.
 *
 * Invariants: workers read a zone's policy under RCU, once a packet, and not at all while no zone
 * has one.  A change holds from a connection's next packet on: what it has been given stays. */
#pragma once

#include "lib/ct/ct.h"

enum ct_timeout {
#define CT_TIMEOUT(ID, NAME, SECONDS) CT_TO_##ID,
#include "lib/ct/ct_timeouts.def"
#undef CT_TIMEOUT
    CT_N_TIMEOUTS
};

/* What a policy says; of the rest the defaults hold. */
struct ct_timeouts {
    uint64_t has; /* BIT64(enum ct_timeout) */
    uint32_t seconds[CT_N_TIMEOUTS];
};
_Static_assert(CT_N_TIMEOUTS <= 64, "a bit each");

const char *ct_timeout_name(enum ct_timeout);
bool ct_timeout_parse(const char *name, enum ct_timeout *) MUST_USE; /* False: no such name. */

/* Control thread.  NULL, or one that says nothing: back to the defaults. */
void ct_zone_set_timeouts(struct ct *, uint16_t zone, const struct ct_timeouts *);
