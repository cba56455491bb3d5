/* link.h - the kernel's network devices by rtnetlink: events, look-ups, up and down, MTU, and the
 * ingress drop behind an AF_PACKET port.
 *
 * Layer 1.  Owner: the control thread.  The calls are synchronous with the kernel only (no
 * waiting on peers) and act in the network namespace of the calling thread.  Changing needs
 * NET_ADMIN; a namespace without rtnetlink gives the error of the system call.
 * Functions that can fail return 0 or a positive errno value. */
#pragma once

#include <net/if.h>

#include "lib/io/loop.h"

struct link_info {
    int ifindex;
    char name[IFNAMSIZ];
    unsigned flags; /* IFF_*. */
    unsigned mtu;
    uint8_t mac[6];
    bool admin_up; /* IFF_UP */
    bool carrier;  /* IFF_LOWER_UP: the link works. */
    bool ethernet; /* Frames have Ethernet headers; not so on tunnels of IP.  False for loopback. */
    bool gone;     /* In events: the device has been removed (or left the namespace). */
};

/* All devices of the namespace.  An event says the state as of now, repeated events are possible.
 * NULL instead of the information: events were lost, look at everything again. */
struct link_monitor;
typedef void link_monitor_cb(void *aux, const struct link_info *);
int link_monitor_new(struct loop *, link_monitor_cb *, void *aux, struct link_monitor **);
void link_monitor_free(struct link_monitor *); /* NULL is fine. */

int link_get(const char *name, struct link_info *); /* ENODEV: no such device. */
struct link_stats { /* What the device itself counts as received wrong, and its collisions. */
    uint64_t rx_frame_errors, rx_over_errors, rx_crc_errors, collisions;
    uint64_t tx_aborted_errors, tx_carrier_errors;
};
int link_get_stats(int ifindex, struct link_stats *);
int link_set_up(int ifindex, bool up);
int link_set_mtu(int ifindex, unsigned mtu);
int link_set_mac(int ifindex, const uint8_t mac[6]);

/* The router by which packets to an address leave this host: 4 bytes of AF_INET or 16 of AF_INET6,
 * all zeros if there is none between.  ENETUNREACH and its kin: no route. */
int link_route_get(int family, const void *address, void *router);

/* Whether the host's stack takes what arrives on the device.  On: a classifier at the clsact
 * ingress hook drops every frame, after AF_PACKET has had its copy.  Idempotent; recognised as ours
 * by its priority, handle and program, so that what a killed process left is replaced or removed.
 * Off: also removes the clsact qdisc if nothing else is attached to it. */
int link_ingress_drop(int ifindex, bool on);
/* Removes the drops of devices that no AF_PACKET socket receives from: a killed process left them
 * where it is not to come back.  Those of other processes that live stay.  How many it removed. */
unsigned link_ingress_drop_clean(void);
