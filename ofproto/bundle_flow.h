/* bundle_flow.h - flow-mods of a bundle as they were decoded when they came, until the commit.
 *
 * Layer 4, control thread.  Journey: dispatch_bundle.c decodes a flow-mod to tell its errors at
 * once
 * -> bundle_flow_put() -> bundle_flow_get() at the commit, which need not decode it again.
 *
 * A record has only the words of the match that are matched, and of flows like the one before it
 * only their values, since a struct flow_mod of 100,000 flows would be more memory than their
 * rules.  Those with tunnel options have no room for their
 * places here: they are decoded again. */
#pragma once

#include "lib/wire.h"
#include "ofp/flow_mod.h"

/* Appends a record.  'w' stands between records; with w->err the record is not there. */
void bundle_flow_put(struct wire_wr *w, const struct flow_mod *);
/* The record at '*ofs', and past it; the acts are lent.  False: the message is to be decoded. */
bool bundle_flow_get(const struct wire_wr *w, size_t *ofs, struct flow_mod *) MUST_USE;
