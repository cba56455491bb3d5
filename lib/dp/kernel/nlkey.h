/* nlkey.h - struct key and its mask as OVS_KEY_ATTR_*, both ways.
 *
 * Layer 3, pure.  Journey: an upcall's OVS_PACKET_ATTR_KEY -> nlkey_get() -> translation, which
 * answers with a mask -> nlkey_put(), twice: OVS_FLOW_ATTR_KEY and OVS_FLOW_ATTR_MASK.
 *
 * Invariants: what nlkey_put() writes of a key that parse_key() made is taken by the kernel: each
 * protocol's attributes are there whole, in their nest, and no others.  nlkey_widen() sees to what
 * the kernel wants of masks.  get(put(x)) = x.
 * Facts: <linux/openvswitch.h>, net/openvswitch/flow_netlink.c by its behaviour.  NSH metadata
 * beyond MD type 1, and IPV6_EXTHDRS of kernels before 5.18, are not carried. */
#pragma once

#include "lib/dp/kernel/nlwr.h"
#include "lib/packet/key.h"

/* What this kernel knows (probed). */
struct nlkey_features {
    bool ct_state, ct_zone, ct_mark, ct_label, ct_orig_tuple, ct_orig_tuple6;
    bool ip6_exthdr;
    unsigned max_vlans, max_mpls;
    bool bare_masks; /* Attributes that nothing is matched of are left out of masks. */
};

/* The attributes of 'key'.  'mask' NULL: its values; else the values of 'mask' in the attributes
 * that 'key' has. */
void nlkey_put(const struct key *key, const struct key *mask, const struct nlkey_features *,
               struct nlwr *);
/* False: malformed, or something that a key cannot hold.  The attributes of a key or of a mask;
 * what is absent is zero.  'is_mask': also says how to read what stands for absence. */
bool nlkey_get(const void *attrs, size_t n, bool is_mask, struct key *) MUST_USE;
/* Adds to 'mask' what the kernel insists on, or looks at anyway: protocols whole where something of
 * them is matched, in_port and recirc_id exact, no bits of connections if it does not track.  Keys
 * that are equal under such a mask are one flow in the kernel. */
void nlkey_widen(const struct key *key, const struct nlkey_features *, struct key *mask);
/* Does the kernel see everything that this (wide) mask looks at?  What packets of the key's
 * protocols cannot have does not count.  '*seen': what it does see of it; a flow of that mask
 * stands for packets that translation may tell apart. */
enum nlkey_fit { NLKEY_NONE, NLKEY_LESS, NLKEY_ALL }; /* NONE: there is no such flow. */
enum nlkey_fit nlkey_fit(const struct key *key, const struct key *mask,
                         const struct nlkey_features *, struct key *seen) MUST_USE;
/* Of the above the tunnel alone, which `set` takes as well. */
void nlkey_put_tunnel(const struct key *key, const struct key *mask, struct nlwr *);
/* The kernel's order of a 128-bit label, both ways. */
void nlkey_label(uint8_t to[16], const uint8_t from[16]);
