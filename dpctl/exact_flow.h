/* exact_flow.h - one packet's flow from text, `in_port=1,tcp,tcp_dst=80`: ofproto/trace and the
 * filters of dumps.  Each field stands behind what it needs. */
#pragma once

#include "ofp/act.h"

/* One item into a match that has what came before.  NULL, or a heap error text.  '*exact': it
 * leaves nothing of its field open. */
char *exact_flow_item(const char *key, const char *value, const struct name_map *, struct match *,
                      bool *exact) MUST_USE;
/* All of it; nothing may be masked. */
char *exact_flow_parse(const char *, const struct name_map *, struct match *) MUST_USE;
