/* packet.c - see packet.h.  A packet and its buffer are one block of memory; a pool is a stack of
 * such blocks, kept by the thread that owns it. */
#include "lib/packet/packet.h"

#include <stdlib.h>

#include "lib/mem.h"

#define TAILROOM 64 /* Spare bytes behind a heap copy, for padding and small growth. */

struct packet_pool {
    uint32_t buf_size; /* Data room behind the headroom. */
    uint32_t n_max;
    uint32_t n_made; /* Blocks that exist, in 'free' or out with a packet. */
    uint32_t n_free;
    bool closed;          /* packet_pool_free() was called; the last packet takes the pool along. */
    struct packet **free; /* n_max pointers. */
};

static struct packet *init_block(struct packet *p, struct packet_pool *pool, uint32_t size)
{
    if (p) {
        p->base = (uint8_t *)(p + 1);
        p->cap = PACKET_HEADROOM + size;
        p->pool = pool;
        packet_reset(p);
    }
    return p;
}

static size_t block_size(uint32_t size)
{
    return sizeof(struct packet) + PACKET_HEADROOM + (size_t)size;
}

struct packet *packet_new(uint32_t size)
{
    return init_block(xmalloc(block_size(size)), NULL, size);
}

struct packet *packet_new_data(const void *frame, uint32_t len)
{
    struct packet *p = packet_new(len + TAILROOM);
    if (len) {
        memcpy(packet_put(p, len), frame, len);
    }
    return p;
}

static void pool_destroy(struct packet_pool *pool)
{
    for (uint32_t i = 0; i < pool->n_free; i++) {
        free(pool->free[i]);
    }
    free(pool->free);
    free(pool);
}

void packet_free(struct packet *p)
{
    if (!p) {
        return;
    }
    struct packet_pool *pool = p->pool;
    if (!pool) {
        free(p);
        return;
    }
    pool->free[pool->n_free++] = p;
    if (UNLIKELY(pool->closed) && pool->n_free == pool->n_made) {
        pool_destroy(pool);
    }
}

struct packet *packet_clone_meta(const struct packet *src, struct packet_pool *pool, uint32_t room)
{
    struct packet *p;

    if (pool && room <= pool->buf_size) {
        p = packet_pool_get(pool);
    } else {
        /* No pool, or a super-frame and a pool of small buffers. */
        p = init_block(mem_try_alloc(block_size(room)), NULL, room);
    }
    if (!p) {
        return NULL;
    }

    uint8_t *base = p->base, *data = p->data;
    uint32_t cap = p->cap;
    struct packet_pool *own = p->pool;
    memcpy(p, src, offsetof(struct packet, tun_opt)); /* A constant number: many times as fast. */
    if (UNLIKELY(src->tun.opt_len)) {
        memcpy(p->tun_opt, src->tun_opt, src->tun.opt_len);
    }
    p->base = base;
    p->cap = cap;
    p->pool = own;
    p->data = data;
    p->len = 0;
    return p;
}

struct packet *packet_clone(const struct packet *src, struct packet_pool *pool)
{
    /* Spare room only where it costs nothing: a frame that just fits a pool buffer gets one. */
    uint32_t room = pool && src->len <= pool->buf_size ? src->len : src->len + TAILROOM;
    struct packet *p = packet_clone_meta(src, pool, room);
    if (p) {
        memcpy(p->data, src->data, src->len);
        p->len = src->len;
    }
    return p;
}

void packet_reset(struct packet *p)
{
    uint8_t *base = p->base;
    uint32_t cap = p->cap;
    struct packet_pool *pool = p->pool;

    memset(p, 0, offsetof(struct packet, tun_opt));
    p->base = base;
    p->cap = cap;
    p->pool = pool;
    p->data = base + PACKET_HEADROOM;
    p->l3_ofs = p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
}

uint8_t *packet_push(struct packet *p, uint32_t n)
{
    if ((size_t)(p->data - p->base) < n) {
        return NULL;
    }
    p->data -= n;
    p->len += n;
    return p->data;
}

void packet_pull(struct packet *p, uint32_t n)
{
    n = MIN(n, p->len);
    p->data += n;
    p->len -= n;
}

uint8_t *packet_put(struct packet *p, uint32_t n)
{
    size_t used = (size_t)(p->data - p->base) + p->len;
    if (p->cap - used < n) {
        return NULL;
    }
    uint8_t *tail = p->data + p->len;
    p->len += n;
    return tail;
}

static struct packet *pool_grow(struct packet_pool *pool)
{
    if (pool->n_made >= pool->n_max) {
        return NULL;
    }
    struct packet *p = init_block(mem_try_alloc(block_size(pool->buf_size)), pool, pool->buf_size);
    pool->n_made += p != NULL;
    return p;
}

struct packet_pool *packet_pool_new(uint32_t buf_size, uint32_t n_prealloc, uint32_t n_max)
{
    struct packet_pool *pool = xmalloc(sizeof *pool);
    *pool = (struct packet_pool){.buf_size = buf_size, .n_max = n_max};
    pool->free = xcalloc(n_max, sizeof(struct packet *));
    for (uint32_t i = 0; i < MIN(n_prealloc, n_max); i++) {
        struct packet *p = pool_grow(pool);
        if (!p) {
            break;
        }
        pool->free[pool->n_free++] = p;
    }
    return pool;
}

void packet_pool_free(struct packet_pool *pool)
{
    if (!pool) {
        return;
    }
    pool->closed = true;
    if (pool->n_free == pool->n_made) {
        pool_destroy(pool);
    }
}

struct packet *packet_pool_get(struct packet_pool *pool)
{
    if (LIKELY(pool->n_free > 0)) {
        struct packet *p = pool->free[--pool->n_free];
        packet_reset(p);
        return p;
    }
    return pool_grow(pool);
}
