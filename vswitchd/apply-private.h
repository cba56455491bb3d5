/* apply-private.h - what apply has made, for the files that compare it with what is wanted. */
#pragma once

#include "lib/text.h"
#include "vswitchd/apply.h"
#include "vswitchd/config.h"
#include "vswitchd/datapaths.h"

struct applied_port {
    struct applied_port *next;
    char *name;        /* Of the interface. */
    char *how;         /* Type, options and wanted number: another one means another device. */
    uint32_t ofp_port; /* 0: it could not be made. */
    char *error;       /* Why not. */
    bool wanted;       /* Mark of the comparison under way. */
};

struct applied_bridge {
    struct applied_bridge *next;
    char *name, *type;
    struct bridge *bridge; /* NULL: it could not be made. */
    char *error;
    struct applied_port *ports;
    bool wanted;
};

struct apply {
    struct config *config;
    struct datapaths *datapaths;
    struct applied_bridge *bridges;
    struct loop_timer retry, status, statistics;
    char *tls; /* What TLS was configured with last, as one text. */
};

/* apply_port.c: the ports of one bridge.  True: something failed and is to be tried again. */
bool apply_ports(struct apply *, struct applied_bridge *, const struct config_row *bridge);
void apply_ports_free(struct applied_bridge *);
/* apply_status.c: status columns from what is. */
void apply_status_port(struct apply *, const struct applied_bridge *, const struct applied_port *);
void apply_status_run(void *apply);
void apply_statistics_run(void *apply);
struct applied_port *apply_find_port(const struct applied_bridge *, const char *name);
/* apply_mirror.c */
void apply_mirrors(struct apply *, const struct applied_bridge *, const struct config_row *bridge);
void apply_mirror_statistics(struct apply *, const struct applied_bridge *);
/* The bitmap of a column of VLANs in 'words'; NULL: it has none. */
const uint64_t *apply_vlan_bitmap(const struct config_row *, enum column_id,
                                  uint64_t words[PORT_VLAN_WORDS]);
/* apply_qos.c: the queues of a port that is there. */
void apply_qos(struct apply *, const struct applied_bridge *, const struct applied_port *,
               const struct config_row *port);
/* apply_ipfix.c */
void apply_ipfix(struct apply *, const struct applied_bridge *, const struct config_row *bridge);
/* apply_table.c */
void apply_tables(struct apply *, const struct applied_bridge *, const struct config_row *bridge);
/* apply_zone.c */
void apply_zones(struct apply *);
/* apply_tls.c */
void apply_tls(struct apply *);
