/* direct-private.h - what the files of direct commands share. */
#pragma once

#include "dpctl/direct.h"
#include "lib/dp/direct.h"

/* One command under way. */
struct direct_call {
    struct dp_direct *d;
    bool more, stats, names, may_create, clear;
    int argc; /* Behind options and, where the command has one, the datapath. */
    const char *const *argv;
    const char *dp; /* Name of the datapath, without its type; NULL: the command has none. */
    int id;
    struct text *out;
};

typedef char *direct_fn(struct direct_call *);

/* `WHAT: WHY` of an errno. */
char *direct_failed(int error, const char *what, ...) PRINTF_LIKE(2, 3);
/* The name behind `system@`; NULL and '*error': of another type. */
const char *direct_dp_name(const char *arg, char **error);

/* direct_dp.c */
char *direct_add_dp(struct direct_call *);
char *direct_del_dp(struct direct_call *);
char *direct_dump_dps(struct direct_call *);
char *direct_show(struct direct_call *);
char *direct_add_if(struct direct_call *);
char *direct_set_if(struct direct_call *);
char *direct_del_if(struct direct_call *);
char *direct_cache_get_size(struct direct_call *);
char *direct_cache_set_size(struct direct_call *);

/* direct_flows.c */
char *direct_dump_flows(struct direct_call *);
char *direct_add_flow(struct direct_call *);
char *direct_mod_flow(struct direct_call *);
char *direct_del_flow(struct direct_call *);
char *direct_get_flow(struct direct_call *);
char *direct_add_flows(struct direct_call *);
char *direct_mod_flows(struct direct_call *);
char *direct_del_flows(struct direct_call *);

/* Ports of the datapath by number and by name, read when the command begins. */
struct direct_ports {
    struct direct_port {
        struct dp_port_info info;
        struct dp_port_stats stats;
    } * rows; /* In the order of their numbers. */
    size_t n;
};
int direct_ports_read(struct direct_call *, struct direct_ports *);
const struct direct_port *direct_ports_find(const struct direct_ports *, const char *name);
