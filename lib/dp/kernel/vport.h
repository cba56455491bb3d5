/* vport.h - requests for the kernel's ports, and what it says of them and of masks.
 *
 * Layer 3; the owner of the socket calls.  The daemon's ports (kport.c) and those of tools without
 * one (direct.c) share it. */
#pragma once

#include "lib/dp/dp.h"
#include "lib/dp/kernel/nlsock.h"

struct vport {
    bool found;
    uint32_t no, type; /* OVS_VPORT_TYPE_* */
    char name[64];
    uint16_t dst_port; /* Of tunnels over UDP; with 'gbp' the kernel's options of a vport. */
    bool gbp;
    struct ovs_vport_stats stats;
};

/* How a type of interface is a type of vport; OVS_VPORT_TYPE_UNSPEC: there is none. */
uint32_t vport_type_number(const char *type);
const char *vport_type_name(uint32_t type); /* "unknown" */

/* What a message of the kernel says; 'found' if it is of a port. */
void vport_read(struct vport *, const struct nlsock_msg *);
void vport_on_msg(void *vport, const struct nlsock_msg *); /* The same, for nlsock_call(). */
/* Its statistics, with what its device counts by kinds. */
void vport_stats(const struct vport *, struct dp_port_stats *);
/* An attribute of a datapath that is about masks. */
void vport_read_masks(struct nlrd *, struct dp_mask_stats *);

int vport_get_by_name(struct nlsock *, int dp_ifindex, const char *name, struct vport *);
int vport_get_by_number(struct nlsock *, int dp_ifindex, uint32_t no, struct vport *);
/* 'wanted': its type and options; 'pids': who gets its upcalls. */
int vport_new(struct nlsock *, int dp_ifindex, const char *name, const struct vport *wanted,
              uint32_t want_no, const uint32_t *pids, unsigned n_pids, struct vport *);
int vport_set(struct nlsock *, int dp_ifindex, const struct vport *); /* Its options. */
int vport_del(struct nlsock *, int dp_ifindex, uint32_t no);
