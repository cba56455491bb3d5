/* format-private.h - members of headers in ODP text: `src=10.0.0.1/255.0.0.0,ttl=64`.
 *
 * Layer 3, any thread.  Keys and set actions print the same members from different structures; a
 * table of rows says where each is. */
#pragma once

#include "lib/dp/action.h"

enum format_style { FS_DEC, FS_HEX, FS_0X /* Zero too. */, FS_IP4, FS_IP6, FS_MAC };

struct format_member {
    const char *name; /* NULL: the value alone, as in `skb_mark(0x7)`. */
    enum format_style style;
    uint16_t ofs, n; /* Place and size of the big-endian member in the structure. */
    uint32_t full;   /* Mask that counts as exact; 0: all bits. */
};

/* `name(members)`, with a comma ahead unless the text is just 'start' long.  Members that 'mask'
 * leaves out are shown only if 'verbose'; without any the whole header is left out. */
void format_header(struct text *, size_t start, const char *name, const struct format_member *,
                   size_t n, const void *value, const void *mask, bool verbose);
void format_mpls_lse(struct text *, uint32_t lse, uint32_t mask); /* Host order. */
void format_vlan_tci(struct text *, uint16_t tci, uint16_t mask, bool verbose);
/* `+syn-ack`; where the mask is 'all', `syn|ack` as nothing is left open. */
void format_flags(struct text *, uint32_t value, uint32_t mask, uint32_t all,
                  const char *const names[], size_t n);
/* `tunnel(...)` of a key, with a comma ahead as in format_header().  'kernel': as in struct
 * dp_format. */
void format_tunnel_key(struct text *, size_t start, const struct key *, const struct key *mask,
                       bool verbose, bool kernel);
void format_tunnel_set(struct text *, const union dp_set_value *);
