/* direct.h - datapaths of the kernel without a daemon: for tools that look at them, make them, and
 * put flows into them by hand.
 *
 * Layer 3, one thread; kernel/direct*.c.  What a daemon owns is behind dp.h: it knows its flows,
 * and takes those of others away.  A datapath is named by the ifindex of its local port ('id').
 *
 * Functions give 0 or a positive errno: ENODEV no such datapath or port, EEXIST, ENOENT no such
 * flow, EPERM, EINVAL the kernel does not take it. */
#pragma once

#include "lib/dp/dp.h"

struct dp_direct;

/* NULL, or a heap error text: no such kernel, no rights. */
char *dp_direct_open(struct dp_direct **) MUST_USE;
void dp_direct_close(struct dp_direct *);

int dp_direct_names(struct dp_direct *, void (*cb)(void *aux, const char *name), void *aux);
int dp_direct_find(struct dp_direct *, const char *name, int *id);
int dp_direct_new(struct dp_direct *, const char *name);
int dp_direct_del(struct dp_direct *, int id);

struct dp_direct_stats {
    uint64_t hits, misses, lost, flows;
    struct dp_mask_stats masks;
};
int dp_direct_get_stats(struct dp_direct *, int id, struct dp_direct_stats *);
/* Of the cache of masks; 0: none.  EOPNOTSUPP: this kernel has no such cache. */
int dp_direct_set_cache_size(struct dp_direct *, int id, uint32_t);

typedef void dp_direct_port_cb(void *aux, const struct dp_port_info *,
                               const struct dp_port_stats *);
int dp_direct_port_walk(struct dp_direct *, int id, dp_direct_port_cb *, void *aux);
/* 'dst_port' 0, 'gbp': of tunnels. 'want_no' DP_PORT_NONE: any. */
int dp_direct_port_add(struct dp_direct *, int id, const char *name, const char *type,
                       uint32_t want_no, uint16_t dst_port, bool gbp);
/* Other options for a tunnel's port.  EOPNOTSUPP: the kernel makes them with the port alone. */
int dp_direct_port_set(struct dp_direct *, int id, uint32_t port_no, uint16_t dst_port);
int dp_direct_port_del(struct dp_direct *, int id, uint32_t port_no);

/* A flow as the kernel has it. */
struct dp_direct_flow {
    struct key key, mask;
    uint8_t ufid[16];
    bool has_ufid;
    struct dp_flow_stats stats; /* used_ms: of CLOCK_MONOTONIC. */
    const void *actions;        /* As the kernel has them. */
    size_t actions_len;
};
/* What there is no action for is printed as bytes, `action24(00 00 00 00)`. */
void dp_direct_format_actions(const struct dp_direct_flow *, const struct dp_format *,
                              struct text *);

typedef void dp_direct_flow_cb(void *aux, const struct dp_direct_flow *);
int dp_direct_flow_walk(struct dp_direct *, int id, dp_direct_flow_cb *, void *aux);

enum dp_direct_cmd {
    DP_DIRECT_ADD,
    DP_DIRECT_MODIFY,
    DP_DIRECT_EITHER,
    DP_DIRECT_DEL,
    DP_DIRECT_GET
};
struct dp_direct_request {
    enum dp_direct_cmd cmd;
    const uint8_t *ufid;          /* 16 bytes; NULL: identified by its key. */
    const struct key *key, *mask; /* NULL with DEL, GET: by its UFID. */
    const struct dp_actions *actions;
    bool clear; /* Statistics, after they have been given to 'cb'. */
};
/* 'cb' (may be NULL) has the flow as it was found, and with EITHER, ADD as it is.  '*why': static
 * text if key or actions cannot be said to a kernel (EOPNOTSUPP); else NULL. */
int dp_direct_flow(struct dp_direct *, int id, const struct dp_direct_request *,
                   dp_direct_flow_cb *cb, void *aux, const char **why);
int dp_direct_flow_flush(struct dp_direct *, int id);
