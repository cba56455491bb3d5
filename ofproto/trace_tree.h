/* trace_tree.h - the events of a translation as a tree, and the tree as text.
 *
 * Layer 4.  A table stands in the list whose action led to it; what follows in that list is
 * one step deeper, so that only what comes last keeps its column, as ovs-appctl ofproto/trace has
 * it. */
#pragma once

#include "ofproto/xlate/xlate.h"

struct trace_node;

#define TRACE_MAX_NODES 20000 /* Beyond that a trace is cut short, and says so. */

struct trace_tree {
    struct trace_node *root;
    struct trace_node *at[XLATE_MAX_NESTING + 2];    /* By depth: where its events go; */
    struct trace_node *first[XLATE_MAX_NESTING + 2]; /* its first table. */
    int depth;
    unsigned n_nodes;
    const struct name_map *names;
    char *reason; /* Of a drop: what was said last that can be one; heap. */
};

void trace_tree_init(struct trace_tree *, const struct name_map *);
void trace_tree_deinit(struct trace_tree *);
void trace_tree_event(struct trace_tree *, const struct xlate_trace_event *);
void trace_tree_format(const struct trace_tree *, struct text *);
