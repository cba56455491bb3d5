/* datapaths.h - the datapaths that the configuration has called for, one a type, with the bridges
 * on them.
 *
 * Layer 5.  Opened when the first bridge of a type appears, closed with the last.  Owner: the
 * control thread. */
#pragma once

#include "ofproto/bridge.h"
#include "ofproto/ofproto.h"

struct datapaths;

struct datapaths *datapaths_new(struct loop *, const char *rundir);
/* 'destroy': see dp_close().  Bridges must be gone. */
void datapaths_free(struct datapaths *, bool destroy);
/* See ofproto_set_restore_wait(). */
void datapaths_set_restore_wait(struct datapaths *, bool on);
/* The datapath of this type, opened if it is not.  NULL, or a heap error text. */
char *datapaths_get(struct datapaths *, const char *type, struct ofproto **) MUST_USE;
/* Closes those without bridges. */
void datapaths_trim(struct datapaths *);
struct ofproto *datapaths_next(const struct datapaths *,
                               const struct ofproto *); /* NULL: the first. */
struct bridge *datapaths_bridge(const struct datapaths *, const char *name);
struct loop *datapaths_loop(const struct datapaths *);
