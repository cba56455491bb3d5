/* geneve_opt.h - the options of a Geneve header, as bytes: one after the other, and made.
 *
 * Layer 1, pure.  Journey: a tunnel port leaves them on the packet (struct packet), parse_key()
 * puts them into the key as they are, translation looks for those that its bridge has mapped
 * (tlv_table.h) and writes those that a packet leaves with.
 *
 * Format (RFC 8926 section 3.5): class 16, type 8, reserved 3, length 5 bits in words of four
 * bytes, value.  Not here: what an option means. */
#pragma once

#include "lib/base.h"

#define GENEVE_OPT_HEADER   4
#define GENEVE_OPT_CRITICAL 0x80 /* Of the type: who does not know it must drop the packet. */

struct geneve_opt {
    uint16_t class;
    uint8_t type;
    uint8_t len;  /* Bytes of the value. */
    unsigned ofs; /* Of its header, in the block. */
    const uint8_t *value;
};

/* The option at '*ofs', which moves behind it.  False: the end, or what is no option. */
bool geneve_opt_next(const uint8_t *block, unsigned n, unsigned *ofs, struct geneve_opt *) MUST_USE;
/* Is the block options to its last byte? */
bool geneve_opts_ok(const uint8_t *block, unsigned n) MUST_USE;
/* Appends one ('value': opt->len bytes, a multiple of 4) to 'n' bytes of a block with room for
 * 'cap'; its new length, or 0: no room. */
unsigned geneve_opt_put(uint8_t *block, unsigned n, unsigned cap,
                        const struct geneve_opt *opt) MUST_USE;
