/* nlwr.h - netlink attributes into a bounded buffer, and out of one that may be malformed.
 *
 * Layer 3, pure.  The kernel datapath's counterpart of lib/wire: errors stick, later calls do
 * nothing, one check at the end.  Payloads are host endian unless their type says otherwise.
 * libmnl has the constants of the format; its own writers do not check, or check each call.
 *
 * Format: <linux/netlink.h>: {u16 length without padding, u16 type}, payload, padding to 4. */
#pragma once

#include <linux/netlink.h>

#include "lib/base.h"

struct nlwr {
    uint8_t *data; /* The caller's, 4-byte aligned. */
    size_t len, cap;
    bool err; /* Something did not fit. */
};

void nlwr_init(struct nlwr *, void *data, size_t cap);
/* Room for the payload, zeroed with its padding; NULL: no room. */
void *nlwr_put(struct nlwr *, uint16_t type, size_t n);
void nlwr_put_data(struct nlwr *, uint16_t type, const void *, size_t n);
void nlwr_put_u8(struct nlwr *, uint16_t type, uint8_t);
void nlwr_put_u16(struct nlwr *, uint16_t type, uint16_t); /* be16 as well: bytes as they are. */
void nlwr_put_u32(struct nlwr *, uint16_t type, uint32_t);
void nlwr_put_u64(struct nlwr *, uint16_t type, uint64_t);
void nlwr_put_str(struct nlwr *, uint16_t type, const char *); /* With its NUL. */
void nlwr_put_flag(struct nlwr *, uint16_t type);
size_t nlwr_nest(struct nlwr *, uint16_t type); /* Until nlwr_end() of what it returns. */
void nlwr_end(struct nlwr *, size_t nest);

/* Attributes of a buffer, in order: `struct nlrd r; nlrd_init(&r, data, n); while (nlrd_next(&r))`.
 * A malformed rest sets 'err' and ends the walk. */
struct nlrd {
    const uint8_t *p, *end;
    bool err;
    uint16_t type;       /* Without the flags NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
    uint16_t n;          /* Bytes of the payload. */
    const uint8_t *data; /* 4-byte aligned. */
};
void nlrd_init(struct nlrd *, const void *data, size_t n);
bool nlrd_next(struct nlrd *);
/* The payload as an integer; 0 and 'err' if it has another length. */
uint8_t nlrd_u8(struct nlrd *);
uint16_t nlrd_u16(struct nlrd *);
uint32_t nlrd_u32(struct nlrd *);
uint64_t nlrd_u64(struct nlrd *);
