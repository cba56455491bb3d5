/* field_seeds.h - a valid FLOW_MOD for every match field that can be sent, from fields.def. */
#pragma once

#include "ofp/flow_mod.h"

/* Calls 'emit' with one message for each: it matches the field with what its prerequisite wants,
 * and sets it if that is allowed.  NULL, or what went wrong (heap). */
char *field_seeds(void (*emit)(void *aux, const void *msg, size_t len), void *aux) MUST_USE;
