/* show.h - a datapath and its ports as dpctl show prints them, and how ports are named in commands.
 *
 * Layer 5, any thread. */
#pragma once

#include "lib/dp/dp.h"

struct show_lookups {
    uint64_t hits, misses, lost, flows;
    const struct dp_mask_stats *masks; /* NULL: has none. */
};
void show_put_datapath(struct text *, const char *type, const char *name,
                       const struct show_lookups *);
/* Nothing where there is no cache of masks. */
#define SHOW_CACHE "masks-cache"
void show_put_caches(struct text *, const struct dp_mask_stats *);
/* 'stats' NULL: without. */
void show_put_port(struct text *, uint32_t port_no, const char *name, const char *type,
                   const struct dp_port_stats *stats);

/* IFACE[,type=T][,port_no=N][,KEY=VALUE]...; 'copy' is the caller's to free, after an error too. */
struct show_new_port {
    char *copy, *name;
    const char *type; /* "system" if not said. */
    bool has_type;
    uint32_t number;    /* DP_PORT_NONE: not said. */
    uint16_t dst_port;  /* 0: not said. */
    const char *option; /* One that is none of these; NULL: there is none. */
};
char *show_parse_port(const char *, struct show_new_port *) MUST_USE;
/* What set-if says of a port that is there, and whose options are not set this way.  NULL, or a
 * heap error text. */
char *show_must_be(const struct show_new_port *, const struct dp_port_info *is) MUST_USE;
