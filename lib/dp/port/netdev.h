/* netdev.h - what the kernel says about a port's device.
 *
 * Layer 3, control thread.  Works on names, through lib/io/link.h and ethtool's ioctl. */
#pragma once

#include "lib/dp/dp.h"

/* Fills mac, mtu, states, speed and duplex; 'gone' if there is no such device. */
void netdev_get_info(const char *name, struct dp_port_info *);
int netdev_set_up(const char *name, bool up); /* 0 or a positive errno. */
