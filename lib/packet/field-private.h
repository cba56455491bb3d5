/* field-private.h - what the files behind field.h share; for lib/packet only.
 *
 * Layer 1, pure.  Raw access works on containers of up to eight bytes, right-aligned host order
 * values, without the tag logic of field_set(). */
#pragma once

#include "lib/packet/field.h"

uint64_t field_raw_get(const struct field *, const struct flow *);
void field_raw_set(const struct field *, uint64_t, struct flow *);
/* Of a tunnel option, by the flow's table: see field_get(), field_set(). */
void field_tun_get(const struct field *, const struct flow *, struct field_value *out);
void field_tun_set(const struct field *, const struct field_value *, struct flow *);
/* Does the prerequisite, or one behind it, say that this is an Ethernet frame's field? */
bool field_needs_ethernet(const struct field *);
