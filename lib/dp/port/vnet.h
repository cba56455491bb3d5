/* vnet.h - a packet's offload metadata as a virtio-net header, and back.
 *
 * Layer 3, pure.  AF_PACKET and TAP put this header ahead of each frame (struct virtio_net_hdr of
 * ten bytes, host byte order). */
#pragma once

#include <linux/virtio_net.h>

#include "lib/packet/packet.h"

void vnet_from_packet(const struct packet *, struct virtio_net_hdr *);
/* The frame is in the packet.  False: the header does not fit the frame, or asks for a kind of
 * segmentation that a packet cannot express. */
bool vnet_to_packet(const struct virtio_net_hdr *, struct packet *) MUST_USE;
/* Puts a VLAN tag back that the kernel took out; 'tci' as on the wire.  False: no headroom. */
bool vnet_restore_vlan(struct packet *, uint16_t tpid, uint16_t tci) MUST_USE;
