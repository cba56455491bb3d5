/* ct_kept.c - see ct_kept-private.h: the header of a store.
 *
 * Layer 2, pure; the thread that makes the tracker. */
#include "lib/ct/ct_kept-private.h"

#include <stddef.h>

#include "lib/ct/ct_index.h"
#include "lib/ct/ct_table-private.h"
#include "lib/hash.h"

#define KEPT_VERSION 2u /* Of what the numbers in an entry mean: goes up when that changes. */
#define CLOCK_MAX    (INT64_MAX / 4)
#define CHECKED      offsetof(struct ct_header, check)
#define HEADER_MAX   CT_ARENA_CHUNK

_Static_assert(sizeof(struct ct_header) <= HEADER_MAX, "one chunk");

static const char magic[8] = "SluiceCt";

uint64_t ct_kept_layout_of(uint32_t version)
{
#define FIELD(F) offsetof(struct ct_conn, F), sizeof(((struct ct_conn *)NULL)->F)
    static const uint32_t facts[] = {
        sizeof(struct ct_conn),
        FIELD(hash),
        FIELD(generation),
        FIELD(lock),
        FIELD(flags),
        FIELD(class),
        FIELD(icmp_code),
        FIELD(key),
        FIELD(expires_ms),
        FIELD(peer),
        offsetof(struct ct_peer, seq_hi),
        offsetof(struct ct_peer, max_win),
        offsetof(struct ct_peer, wscale),
        offsetof(struct ct_peer, state),
        FIELD(packets),
        FIELD(bytes),
        FIELD(start_ms),
        FIELD(admitted_by),
        FIELD(mark),
        FIELD(twin),
        1, /* Byte order of the host: this word. */
    };
#undef FIELD
    return hash_bytes(facts, sizeof facts, version);
}

uint64_t ct_kept_layout(void)
{
    return ct_kept_layout_of(KEPT_VERSION);
}

bool ct_kept_reserve(struct ct_kept *k, struct ct_arena *arena, size_t n, size_t element, bool lazy)
{
    size_t bytes = n * element;
    if (!k->store) {
        return ct_arena_reserve(arena, bytes);
    }
    if (k->n_arenas == CT_KEPT_PARTS_MAX) {
        return false;
    }
    struct ct_part *w = &k->want[k->n_arenas];
    const struct ct_part *last = k->n_arenas ? w - 1 : NULL;
    w->offset = last ? last->offset + last->reserved : ct_arena_room(HEADER_MAX);
    w->reserved = ct_arena_room(bytes);
    w->element = (uint32_t)element;
    k->arenas[k->n_arenas++] = arena;
    return ct_arena_reserve_in(arena, bytes, k->store, w->offset, lazy);
}

static void fill_header(const struct ct_table *t, struct ct_header *h)
{
    const struct ct_kept *k = &t->kept;
    memset(h, 0, sizeof *h);
    memcpy(h->magic, magic, sizeof magic);
    h->version = KEPT_VERSION;
    h->n_parts = k->n_arenas;
    h->layout = ct_kept_layout();
    memcpy(h->boot_id, k->store->boot_id, sizeof h->boot_id);
    h->seed = t->seed;
    h->check = hash_bytes(h, CHECKED, 0);
    memcpy(h->parts, k->want, sizeof h->parts);
}

/* Parts at the end that an older build did not have yet are empty. */
static bool same_parts(const struct ct_kept *k, const struct ct_header *h)
{
    for (unsigned i = 0; i < MIN(h->n_parts, k->n_arenas); i++) {
        const struct ct_part *p = &h->parts[i], *w = &k->want[i];
        if (p->offset != w->offset || p->reserved != w->reserved || p->element != w->element) {
            return false;
        }
    }
    return h->n_parts >= CT_KEPT_PARTS_MIN && h->n_parts <= k->n_arenas;
}

static void add_parts(const struct ct_kept *k, struct ct_header *h)
{
    if (h->n_parts < k->n_arenas) {
        memcpy(&h->parts[h->n_parts], &k->want[h->n_parts],
               (k->n_arenas - h->n_parts) * sizeof h->parts[0]);
        h->n_parts = k->n_arenas;
        h->check = hash_bytes(h, CHECKED, 0);
    }
}

/* Why what a former process left is of no use, or NULL.  '*old': the layout that it has, if that is
 * not this build's. */
static const char *refusal(const struct ct_kept *k, const struct ct_header *h, int64_t now_ms,
                           const struct ct_layout **old)
{
    *old = NULL;
    if (memcmp(h->magic, magic, sizeof magic)) {
        return "it is no table of connections";
    }
    if (h->version != KEPT_VERSION && !(*old = ct_layout_find(h->version))) {
        return "it is of another version";
    }
    if (h->check != hash_bytes(h, CHECKED, 0)) {
        return "its header is damaged";
    }
    if (memcmp(h->boot_id, k->store->boot_id, sizeof h->boot_id)) {
        return "it is of another boot";
    }
    if (*old ? !ct_layout_is_of(*old, h) : h->layout != ct_kept_layout() || !same_parts(k, h)) {
        return "it has another layout";
    }
    return h->now_ms > CLOCK_MAX || now_ms > CLOCK_MAX ? "its clock is damaged" : NULL;
}

static struct ct_header *header_of(const struct ct_kept *k)
{
    return (struct ct_header *)(void *)k->arena.base;
}

/* What a file that was cut off has no more of will read as zero. */
static void mark_cut_off(struct ct_kept *k)
{
    for (unsigned i = 0; i < k->n_arenas; i++) {
        struct ct_part *p = &header_of(k)->parts[i];
        if (k->arenas[i]->chunks && k->store->size < p->offset + MIN(p->kept, p->kept_again)) {
            p->partial = 1;
        }
    }
}

static void use_parts(struct ct_kept *k)
{
    for (unsigned i = 0; i < k->n_arenas; i++) {
        k->arenas[i]->part = &header_of(k)->parts[i];
    }
}

/* The header is that of a table of ours: takes it over, by the index of the living process or entry
 * by entry. */
static bool take_over(struct ct_table *t, const struct ct_config *config, struct ct_adopted *out)
{
    t->seed = header_of(&t->kept)->seed;
    add_parts(&t->kept, header_of(&t->kept));
    mark_cut_off(&t->kept);
    use_parts(&t->kept);
    if (config->index && ct_adopt_grow(t)) {
        out->index_refused = ct_index_take(t, config->index, config->index_size);
        if (!out->index_refused) {
            out->n_kept = t->n;
            ct_kept_tick(&t->kept, config->now_ms);
            return true;
        }
    }
    return ct_adopt(t, config->now_ms, out);
}

static bool map_again(const struct ct_kept *k)
{
    for (unsigned i = 0; i < k->n_arenas; i++) {
        const struct ct_arena *a = k->arenas[i];
        if (!k->store->map(k->store->aux, a->base, a->offset, a->reserved)) {
            return false;
        }
    }
    return true;
}

/* A new header in an empty store. */
static bool make_new(struct ct_table *t, uint64_t now_ms)
{
    struct ct_kept *k = &t->kept;
    struct ct_header h;
    if (!k->store->reset(k->store->aux) || !map_again(k)) {
        return false;
    }
    ct_arena_release(&k->arena); /* What it took room for is gone. */
    fill_header(t, &h);
    h.now_ms = now_ms;
    if (!ct_arena_reserve_in(&k->arena, HEADER_MAX, k->store, 0, false) ||
        !ct_arena_grow(&k->arena, HEADER_MAX)) {
        return false;
    }
    memcpy(header_of(k), &h, sizeof h);
    use_parts(k);
    return true;
}

static bool migrate(struct ct_table *t, const struct ct_layout *old, int64_t now_ms,
                    struct ct_adopted *out)
{
    struct ct_migration m = {.seed = 0};
    bool ok = ct_migrate_read(t->kept.store, header_of(&t->kept), &m);
    if (ok) {
        t->seed = m.seed;
        ok = make_new(t, m.now_ms) && ct_migrate_write(t, old, &m, out);
    }
    ct_migrate_free(&m);
    return ok && ct_adopt(t, now_ms, out);
}

bool ct_kept_begin(struct ct_table *t, const struct ct_config *config, struct ct_adopted *out)
{
    const int64_t now_ms = config->now_ms;
    struct ct_kept *k = &t->kept;
    if (!k->store) {
        return true;
    }
    if (!ct_arena_reserve_in(&k->arena, HEADER_MAX, k->store, 0, false)) {
        return false;
    }
    out->found = k->store->size != 0;
    bool whole = k->store->size >= sizeof(struct ct_header);
    if (whole && !ct_arena_grow(&k->arena, HEADER_MAX)) {
        return false;
    }
    const struct ct_layout *old = NULL;
    out->refused = whole        ? refusal(k, header_of(k), now_ms, &old)
                   : out->found ? "it is cut off"
                                : NULL;
    if (out->found && !out->refused) {
        return old ? migrate(t, old, now_ms, out) : take_over(t, config, out);
    }
    return make_new(t, (uint64_t)now_ms);
}

void ct_kept_tick(struct ct_kept *k, int64_t now_ms)
{
    if (k->store) {
        __atomic_store_n(&header_of(k)->now_ms, (uint64_t)now_ms, __ATOMIC_RELAXED);
    }
}

void ct_kept_release(struct ct_kept *k)
{
    ct_arena_release(&k->arena);
}
