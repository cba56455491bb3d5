/* netdev.h - what the kernel says about a port's device.
 *
 * Layer 3, control thread.  Works on names, through lib/io/link.h and ethtool's ioctl. */
#pragma once

#include "lib/dp/port/port.h"

/* Fills mac, mtu, states, speed and duplex; 'gone' if there is no such device. */
void netdev_get_info(const char *name, struct dp_port_info *);
/* The kinds of errors that the device counts; they stay unknown where it cannot be asked. */
void netdev_get_stats(const struct port *, struct dp_port_stats *);
int netdev_set_up(const char *name, bool up); /* 0 or a positive errno. */
/* The kernel would drop a frame longer than the device takes (a super-frame it cuts), and not tell.
 * Any thread. */
bool netdev_too_long(const struct port *, const struct packet *);
unsigned netdev_rx_queues(const char *name); /* At least 1, where it cannot be asked. */
