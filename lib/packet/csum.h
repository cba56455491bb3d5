/* csum.h - Internet checksums: whole and verified.
 *
 * Layer 1, pure.  RFC 1071, CRC32c for SCTP (RFC 9260).  Updates of a sum by what changed are in
 * edit_ip.c. */
#pragma once

#include "lib/packet/packet.h"

uint32_t csum_add(uint32_t partial, const void *, size_t n); /* Sum of 16-bit words, unfolded. */
be16 csum_fold(uint32_t partial);                            /* Complement of the folded sum. */
be16 csum(const void *, size_t n);
/* Of an IPv4 header; 'n' is its length, at least 20. */
static inline bool csum_header4_ok(const uint8_t *l3, uint32_t n)
{
    uint32_t w[5];
    if (n != sizeof w) {
        return csum(l3, n) == 0;
    }
    memcpy(w, l3, sizeof w);
    uint64_t sum = (uint64_t)w[0] + w[1] + w[2] + w[3] + w[4];
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}
uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint16_t l4_len);
uint32_t csum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint32_t l4_len);
/* Of the packet whose IP header is at 'l3', as ip_parse() found it; 'l4_len' may differ from it. */
struct ip_info;
uint32_t csum_pseudo(const uint8_t *l3, const struct ip_info *, uint32_t l4_len);
uint32_t csum_crc32c(const void *,
                     size_t n); /* As it stands in the SCTP header, host order of le. */

/* Is the IPv4 header checksum right? */
bool csum_ip4_ok(const struct packet *);
/* Verifies the transport checksum if csum is CSUM_UNKNOWN, and records CSUM_VALID or CSUM_BAD. True
 * if it is good, partial, absent where it may be (UDP over IPv4), or not checkable (fragment). */
bool csum_l4_ok(struct packet *);
/* Computes and stores the transport checksum of a parsed IP packet whose protocol has one (UDP:
 * also where it was absent), whatever stood there.  Nothing on fragments and on truncated headers.
 */
void csum_l4_set(struct packet *);
/* CSUM_PARTIAL to a complete checksum; needs no GSO. */
void csum_complete(struct packet *);
/* For a frame that came without a word on its checksum, not parsed yet: where the field of TCP or
 * UDP holds the sum of the pseudo-header alone, a sender on this host left the rest to a device
 * that did not do it; the frame becomes CSUM_PARTIAL.  Of complete checksums one in 65,536 looks
 * so, and comes out the same. */
void csum_find_partial(struct packet *);
