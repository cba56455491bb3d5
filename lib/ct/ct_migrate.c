/* ct_migrate.c - see ct_kept-private.h: a table that an older build left, in that build's layout.
 *
 * Layer 2, pure; the thread that makes the tracker, before any packet.
 *
 * One row a layout: the version and hash in its header, the sizes of its parts' elements, and how
 * an entry becomes one of today's.  What the store has is read into memory, the store is made new,
 * the entries are written to the same slots (a translated one names its twin by it), and ct_adopt()
 * then looks at each as at any other: a converter need not check what that does.
 *
 * Who changes struct ct_conn, or what its numbers mean: KEPT_VERSION goes up, and the layout as it
 * was becomes a row here, with a copy of the struct if its places have changed. */
#include "lib/ct/ct_kept-private.h"
#include "lib/ct/ct_proto-private.h"
#include "lib/ct/ct_table-private.h"
#include "lib/packet/ip.h"

enum part { CONNS4, LABELS4, CONNS6, LABELS6, ADDRS6, N_PARTS };

struct ct_layout {
    uint32_t version, n_parts; /* At least N_PARTS, in that order; the others are not read. */
    uint32_t element[N_PARTS];
    uint64_t (*hash)(void);
    /* 'to' is zero.  False: such an entry has no counterpart. */
    bool (*convert)(const void *from, struct ct_conn *to);
};

/* ---- version 1: before helpers had a state of their own, and SCTP its numbers ---- */

static uint64_t v1_hash(void)
{
    return ct_kept_layout_of(1); /* The places are today's. */
}

static bool v1_convert(const void *from, struct ct_conn *to)
{
    memcpy(to, from, sizeof *to);
    if (to->key.proto == IPPROTO_HDR_SCTP) {
        return false; /* It had two states only, and no tags. */
    }
    if (ct_helper_of(to) == CT_HELPER_FTP) {
        to->helper = CT_HELPER_NONE; /* It would need a struct ct_alg. */
    }
    return true;
}

static const struct ct_layout layouts[] = {
    {1,
     5,
     {sizeof(struct ct_conn), 16, sizeof(struct ct_conn), 16, sizeof(struct ct_addr6)},
     v1_hash,
     v1_convert},
};

/* ---- the way from one to the other ---- */

const struct ct_layout *ct_layout_find(uint32_t version)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        if (layouts[i].version == version) {
            return &layouts[i];
        }
    }
    return NULL;
}

bool ct_layout_is_of(const struct ct_layout *l, const struct ct_header *h)
{
    bool ok = h->layout == l->hash() && h->n_parts == l->n_parts && h->n_parts <= CT_KEPT_PARTS_MAX;
    for (unsigned i = 0; ok && i < N_PARTS; i++) {
        ok = h->parts[i].element == l->element[i];
    }
    return ok;
}

/* What the store has of a part, in memory.  False: no memory. */
static bool read_part(const struct ct_store *store, const struct ct_part *p, struct ct_arena *copy)
{
    struct ct_arena in_store;
    const uint64_t step = ct_arena_room(1);
    uint64_t bytes = MIN(MIN(p->kept, p->kept_again), p->reserved);

    *copy = (struct ct_arena){0};
    if (p->offset % step || p->offset >= store->size) {
        return true; /* Nothing: damaged, or never used. */
    }
    bytes = MIN(bytes, store->size - p->offset);
    if (!bytes) {
        return true;
    }
    /* Lazy: taken as it is, holes too, without room for more. */
    bool ok = ct_arena_reserve_in(&in_store, bytes, store, p->offset, true) &&
              ct_arena_grow(&in_store, bytes) && ct_arena_reserve(copy, bytes) &&
              ct_arena_grow(copy, bytes);
    if (ok) {
        memcpy(copy->base, in_store.base, bytes);
        copy->committed = bytes;
    }
    ct_arena_release(&in_store);
    return ok;
}

bool ct_migrate_read(const struct ct_store *store, const struct ct_header *h,
                     struct ct_migration *m)
{
    m->seed = h->seed;
    m->now_ms = h->now_ms;
    bool ok = true;
    for (unsigned i = 0; i < N_PARTS; i++) {
        ok = ok && read_part(store, &h->parts[i], &m->parts[i]);
    }
    return ok;
}

void ct_migrate_free(struct ct_migration *m)
{
    for (unsigned i = 0; i < N_PARTS; i++) {
        ct_arena_release(&m->parts[i]);
    }
}

/* Beside the entry of a slot. */
static bool copy_rest(struct ct_table *t, const struct ct_migration *m, uint32_t index)
{
    uint32_t slot = index & CT_INDEX_SLOT;
    const struct ct_arena *labels = &m->parts[index >> 31 ? LABELS6 : LABELS4];
    const struct ct_arena *addrs = &m->parts[ADDRS6];
    struct ct_conn *c = ct_table_conn(t, index);
    if (index & CT_INDEX_IP6 && ((size_t)slot + 1) * sizeof(struct ct_addr6) <= addrs->committed) {
        memcpy(ct_table_addr6(t, index), addrs->base + slot * sizeof(struct ct_addr6),
               sizeof(struct ct_addr6));
    }
    if (!(c->flags & CT_F_LABEL)) {
        return true;
    }
    if (((size_t)slot + 1) * 16 > labels->committed || !ct_table_touch_label(t, index)) {
        return false;
    }
    memcpy(ct_table_label(t, index), labels->base + (size_t)slot * 16, 16);
    return true;
}

static bool write_pool(struct ct_table *t, const struct ct_layout *l, const struct ct_migration *m,
                       bool is_ip6, uint32_t *n_unfit)
{
    struct ct_pool *pool = &t->pools[is_ip6];
    const struct ct_arena *from = &m->parts[is_ip6 ? CONNS6 : CONNS4];
    size_t size = l->element[is_ip6 ? CONNS6 : CONNS4];
    size_t n = MIN(from->committed / size, pool->n_slots);
    if (!ct_arena_grow(&pool->conns, n * sizeof(struct ct_conn)) ||
        !ct_arena_grow(&pool->labels, n * 16) ||
        (is_ip6 && !ct_arena_grow(&pool->addrs, n * sizeof(struct ct_addr6)))) {
        return false;
    }
    for (uint32_t slot = 1; slot < n; slot++) {
        uint32_t index = slot | (is_ip6 ? CT_INDEX_IP6 : 0);
        struct ct_conn *c = ct_table_conn(t, index);
        bool ok = l->convert(from->base + slot * size, c);
        if (!(c->flags & CT_F_LIVE)) {
            memset(c, 0, sizeof *c);
        } else if (!ok || !copy_rest(t, m, index)) {
            memset(c, 0, sizeof *c);
            ++*n_unfit;
        }
    }
    return true;
}

bool ct_migrate_write(struct ct_table *t, const struct ct_layout *l, const struct ct_migration *m,
                      struct ct_adopted *out)
{
    out->from_version = l->version;
    return write_pool(t, l, m, false, &out->n_unfit) && write_pool(t, l, m, true, &out->n_unfit);
}
