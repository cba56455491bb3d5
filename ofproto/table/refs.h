/* refs.h - how many rules and groups refer to what has a number: groups, meters and, in
 * acts, tunnel options.
 *
 * Layer 4, pure.  Journey: a rule or group comes or goes -> refs_add_acts() -> statistics, and
 * whether a deletion has rules to look for.
 *
 * Invariants: each rule and each group counts once for a number, however often it names it (of
 * more than REFS_DISTINCT numbers in one list, the later ones may count more).  What comes and what
 * goes is counted alike.
 * Owner: the control thread. */
#pragma once

#include "lib/hmap.h"
#include "ofp/group.h"

#define REFS_DISTINCT 64

enum ref_kind { REF_GROUP_BY_RULE, REF_GROUP_BY_GROUP, REF_METER, REF_TUN_OPTION };

struct refs {
    struct hmap map; /* struct ref */
};

void refs_init(struct refs *);
void refs_deinit(struct refs *);
uint32_t refs_count(const struct refs *, enum ref_kind, uint32_t id);
void refs_add(struct refs *, enum ref_kind, uint32_t id, int n); /* 'n': 1 or -1. */
/* What the acts of a rule name. */
void refs_add_acts(struct refs *, const void *acts, size_t len, int n);
/* What a group names: in the acts of buckets, and as a group to watch. */
void refs_add_group(struct refs *, const struct group *, int n);
uint64_t refs_tun_options(const struct refs *); /* Bit N: tun_metadataN is referred to. */
/* Calls 'cb' with the number of each such group; false from it ends the walk and is the result. */
bool refs_of_group(const struct group *, acts_ref_cb *cb, void *aux);
