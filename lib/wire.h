/* wire.h - the cursors over wire formats: one reads, one writes.
 *
 * Layer 0, any thread.  Every message codec is plain code over these two types.  Errors are
 * sticky: a read past the end, or a write past the limit, sets 'err' once; later calls do
 * nothing (reads give zero), and the caller checks once at the end.  All integers are big endian
 * on the wire and host order in the API. */
#pragma once

#include "lib/base.h"

struct wire_rd {
    const uint8_t *start; /* First byte of what this cursor covers. */
    const uint8_t *p;     /* Next byte. */
    const uint8_t *end;
    bool err;
};

static inline void wire_rd_init(struct wire_rd *r, const void *data, size_t len)
{
    /* Nothing may come as NULL, with which even adding 0 is undefined. */
    r->start = r->p = data ? data : (const void *)"";
    r->end = r->p + len;
    r->err = false;
}

static inline size_t wire_rd_left(const struct wire_rd *r)
{
    return (size_t)(r->end - r->p);
}

static inline size_t wire_rd_ofs(const struct wire_rd *r)
{
    return (size_t)(r->p - r->start);
}

/* The next 'n' bytes, and past them; NULL (and err) if fewer are left.  n == 0 gives a valid
 * pointer. */
static inline const uint8_t *wire_rd_bytes(struct wire_rd *r, size_t n)
{
    if (UNLIKELY(r->err || wire_rd_left(r) < n)) {
        r->err = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

static inline void wire_rd_skip(struct wire_rd *r, size_t n)
{
    (void)wire_rd_bytes(r, n);
}

static inline uint8_t wire_rd_u8(struct wire_rd *r)
{
    const uint8_t *p = wire_rd_bytes(r, 1);
    return p ? *p : 0;
}

static inline uint16_t wire_rd_u16(struct wire_rd *r)
{
    const uint8_t *p = wire_rd_bytes(r, 2);
    return p ? get_be16(p) : 0;
}

static inline uint32_t wire_rd_u32(struct wire_rd *r)
{
    const uint8_t *p = wire_rd_bytes(r, 4);
    return p ? get_be32(p) : 0;
}

static inline uint64_t wire_rd_u64(struct wire_rd *r)
{
    const uint8_t *p = wire_rd_bytes(r, 8);
    return p ? get_be64(p) : 0;
}

static inline void wire_rd_copy(struct wire_rd *r, void *dst, size_t n)
{
    const uint8_t *p = wire_rd_bytes(r, n);
    if (p) {
        memcpy(dst, p, n);
    } else {
        memset(dst, 0, n);
    }
}

/* A cursor over the next 'n' bytes; the outer one moves past them.  On error both have 'err'. */
static inline struct wire_rd wire_rd_sub(struct wire_rd *r, size_t n)
{
    struct wire_rd sub;
    const uint8_t *p = wire_rd_bytes(r, n);
    wire_rd_init(&sub, p ? p : r->end, p ? n : 0);
    sub.err = !p;
    return sub;
}

/* Writer: a growable buffer with a hard limit.  After 'err' the content is useless. */
struct wire_wr {
    uint8_t *data; /* Heap; owned until wire_wr_deinit(). */
    size_t len, cap;
    size_t max; /* Hard limit in bytes. */
    bool err;
};

#define WIRE_WR_INIT(MAX) ((struct wire_wr){.max = (MAX)})
void wire_wr_init(struct wire_wr *, size_t max);
void wire_wr_deinit(struct wire_wr *);
/* wire_wr_room() where the buffer has to grow, or may not. */
uint8_t *wire_wr_grow(struct wire_wr *, size_t n);

/* Room for 'n' more bytes at the end, length grown, content undefined; NULL on err.  The
 * pointer is valid until the next write. */
static inline uint8_t *wire_wr_room(struct wire_wr *w, size_t n)
{
    if (UNLIKELY(w->err || !w->data || n > w->cap - w->len)) {
        return wire_wr_grow(w, n);
    }
    uint8_t *p = w->data + w->len;
    w->len += n;
    return p;
}

void wire_wr_bytes(struct wire_wr *, const void *, size_t n);
void wire_wr_zeros(struct wire_wr *, size_t n);

static inline void wire_wr_u8(struct wire_wr *w, uint8_t v)
{
    uint8_t *p = wire_wr_room(w, sizeof v);
    if (p) {
        *p = v;
    }
}

static inline void wire_wr_u16(struct wire_wr *w, uint16_t v)
{
    uint8_t *p = wire_wr_room(w, sizeof v);
    if (p) {
        put_be16(p, v);
    }
}

static inline void wire_wr_u32(struct wire_wr *w, uint32_t v)
{
    uint8_t *p = wire_wr_room(w, sizeof v);
    if (p) {
        put_be32(p, v);
    }
}

static inline void wire_wr_u64(struct wire_wr *w, uint64_t v)
{
    uint8_t *p = wire_wr_room(w, sizeof v);
    if (p) {
        put_be64(p, v);
    }
}

/* Overwrites what was written at 'ofs'. */
void wire_wr_patch16(struct wire_wr *, size_t ofs, uint16_t v);
/* Zero-pads so that the length since 'start' is a multiple of 'align'. */
void wire_wr_pad(struct wire_wr *, size_t start, size_t align);
