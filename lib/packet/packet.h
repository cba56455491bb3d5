/* packet.h - a frame on its journey, with the metadata that travels with it.
 *
 * Layer 1.  Owned by exactly one worker (or by the control thread, for packet-out and
 * packet-in) at a time; a clone is a full copy.  Journey: a port fills it, parse_key() sets the
 * offsets, exec edits it, ct sets the ct members, a port sends it and it returns to its pool.
 *
 * Invariants: base <= data, data + len <= base + cap.  Offsets are from 'data' and
 * valid only after parse_key(); PACKET_NO_OFS = absent.  csum == CSUM_PARTIAL means that the
 * transport checksum field holds the pseudo-header sum only, as virtio-net and CHECKSUM_PARTIAL
 * have it, and that csum_start and csum_ofs say where; a rewrite of what the pseudo-header covers
 * must keep that true. gso_type != GSO_NONE means a super-frame that must be segmented into
 * gso_size payloads before a way out that cannot carry it. */
#pragma once

#include "lib/packet/key.h"

#define PACKET_NO_OFS UINT16_MAX
#define PACKET_HEADROOM \
    64 /* Spare bytes ahead of a frame, for VLAN and MPLS pushes and virtio headers. */

enum packet_csum {
    CSUM_UNKNOWN, /* As on the wire: verify before trusting. */
    CSUM_VALID,   /* Verified, by us or by the source. */
    CSUM_PARTIAL,
    CSUM_BAD,
};
enum packet_gso { GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP /* UFO-like L4 segmentation */ };

/* A connection as the tracker knows it; generation 0 = none. */
struct ct_ref {
    uint32_t index;
    uint32_t generation;
};

/* What one pass through the tracker left on the packet.  All zero: untracked. */
struct packet_ct {
    uint8_t state; /* CS_* */
    uint8_t orig_proto;
    uint16_t zone;     /* Host order. */
    uint32_t mark;     /* Host order. */
    uint8_t label[16]; /* Big endian, as in key.ct_label. */
    be16 orig_tp_src, orig_tp_dst;
    bool orig_is_ip6;
    uint8_t inv_reason;                 /* Of CS_INV, for lib/ct. */
    uint8_t orig_src[16], orig_dst[16]; /* IPv4: the first four bytes. */
    struct ct_ref conn;
};

/* The tunnel that a packet came through, or that `set(tunnel)` wants it to leave by. */
struct packet_tunnel {
    be64 id;
    be32 src, dst; /* 0: see ip6. */
    uint8_t ip6_src[16], ip6_dst[16];
    be16 flags; /* KEY_TUN_* */
    be16 gbp_id;
    uint8_t gbp_flags;
    uint8_t tos, ttl;
    uint8_t opt_len;     /* Bytes of options: those of packet.tun_opt that mean something. */
    be16 tp_src, tp_dst; /* Outer UDP ports it came with; 0: none. */
};

/* packet_type (OpenFlow 1.5.1 section 7.2.3.11): a name space, and in that of EtherTypes one. */
#define PT_NS_ETHERTYPE  1
#define PT_ETHERTYPE(ET) htonl((uint32_t)PT_NS_ETHERTYPE << 16 | (ET))

struct packet_pool;

struct packet {
    uint8_t *data; /* First byte of the frame, or of the header that packet_type names. */
    uint32_t len;
    uint32_t cap; /* Of the buffer at 'base'. */
    uint8_t *base;
    struct packet_pool *pool; /* Where packet_free() puts it; NULL: heap. */

    uint16_t l3_ofs;      /* Network header. */
    uint16_t l4_ofs;      /* Transport header; absent in later fragments. */
    uint16_t payload_ofs; /* After the transport header. */
    uint16_t mpls_ofs;    /* First label stack entry. */
    be32 packet_type;     /* As key.packet_type: 0 if 'data' begins with an Ethernet header. */

    uint8_t csum; /* enum packet_csum: of the transport checksum. */
    uint8_t gso_type;
    uint16_t gso_size;
    uint16_t csum_start, csum_ofs; /* Only for CSUM_PARTIAL; start from 'data', ofs from start. */
    uint16_t gso_hdr_len;
    uint16_t frag_max; /* Largest fragment (its IP length) it was put together from; 0: none. */
    be32 frag_id;      /* And the identification of IPv6's. */

    uint32_t in_port; /* Datapath port. */
    uint32_t recirc_id;
    uint32_t mark;     /* skb_mark */
    uint32_t priority; /* Queue of the port it leaves by; 0: none was chosen. */
    uint32_t hash;     /* dp_hash */
    struct packet_ct ct;
    struct packet_tunnel tun;
    bool has_tunnel;
    uint8_t n_recirc; /* Passes so far; bounded. */
    bool trunc;       /* Truncate at output to trunc_len. */
    uint32_t trunc_len;
    uint8_t tun_opt[KEY_TUN_OPT_MAX]; /* Last: neither cleared nor copied beyond tun.opt_len. */
};

/* Heap packets (control side, tests); 'size' bytes of data room behind the headroom. */
struct packet *packet_new(uint32_t size);
struct packet *packet_new_data(const void *frame, uint32_t len);
void packet_free(struct packet *); /* Back to its pool, or to the heap. */
/* A copy with the same metadata from 'pool' (NULL: heap); NULL when the pool is empty and may not
 * grow. */
struct packet *packet_clone(const struct packet *, struct packet_pool *) MUST_USE;
/* The same without the frame: room for 'room' bytes behind the headroom, len 0. */
struct packet *packet_clone_meta(const struct packet *, struct packet_pool *,
                                 uint32_t room) MUST_USE;
/* Forgets everything but the buffer: no frame, metadata zero, offsets absent. */
void packet_reset(struct packet *);
/* EtherType (host order) of what begins 'at' bytes behind 'data', behind an Ethernet header and its
 * tags or as the type of the packet; 0: unknown, or out of an absent offset. */
static inline uint16_t packet_eth_type(const struct packet *p, uint32_t at)
{
    uint32_t type = ntohl(p->packet_type);

    if (UNLIKELY(type)) {
        return !at && type >> 16 == PT_NS_ETHERTYPE ? (uint16_t)type : 0;
    }
    return at >= 14 && at != PACKET_NO_OFS ? get_be16(p->data + at - 2) : 0;
}
uint8_t *packet_push(struct packet *,
                     uint32_t n); /* Room ahead; NULL if the headroom is used up. */
void packet_pull(struct packet *, uint32_t n);
uint8_t *packet_put(struct packet *, uint32_t n); /* Room behind; NULL if full. */

/* A per-thread free list of equal buffers. */
struct packet_pool *packet_pool_new(uint32_t buf_size, uint32_t n_prealloc, uint32_t n_max);
void packet_pool_free(struct packet_pool *);
struct packet *packet_pool_get(struct packet_pool *); /* NULL at the limit. */
