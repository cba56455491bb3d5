/* wire.c - see wire.h. */
#include "lib/wire.h"

#include <stdlib.h>

#include "lib/mem.h"

#define FIRST_CAP 512 /* Most messages are shorter. */

void wire_wr_init(struct wire_wr *w, size_t max)
{
    *w = WIRE_WR_INIT(max);
}

void wire_wr_deinit(struct wire_wr *w)
{
    free(w->data);
    *w = WIRE_WR_INIT(w->max);
}

uint8_t *wire_wr_grow(struct wire_wr *w, size_t n)
{
    if (w->err || n > w->max || w->len > w->max - n) {
        w->err = true;
        return NULL;
    }
    if (w->len + n > w->cap) {
        size_t cap = MAX(w->cap * 2, w->len + n);
        w->cap = MIN(MAX(cap, FIRST_CAP), w->max);
        w->data = xrealloc(w->data, w->cap);
    }
    uint8_t *p = w->data ? w->data + w->len : NULL;
    w->len += n;
    return p;
}

void wire_wr_bytes(struct wire_wr *w, const void *src, size_t n)
{
    uint8_t *p = wire_wr_room(w, n);
    if (p && n) {
        memcpy(p, src, n);
    }
}

void wire_wr_zeros(struct wire_wr *w, size_t n)
{
    uint8_t *p = wire_wr_room(w, n);
    if (p && n) {
        memset(p, 0, n);
    }
}

void wire_wr_patch16(struct wire_wr *w, size_t ofs, uint16_t v)
{
    if (!w->err && ofs + 2 <= w->len) {
        put_be16(w->data + ofs, v);
    }
}

void wire_wr_pad(struct wire_wr *w, size_t start, size_t align)
{
    size_t over = (w->len - start) % align;
    if (over) {
        wire_wr_zeros(w, align - over);
    }
}
