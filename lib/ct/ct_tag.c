/* ct_tag.c - see ct_tag-private.h. */
#include "lib/ct/ct_table-private.h"

#include "lib/hash.h"
#include "lib/mem.h"

struct link {
    uint32_t prev, next;
};

bool ct_tags_init(struct ct_table *t, uint32_t n_slots)
{
    struct ct_tags *tags = &t->tags;
    bool ok = true;
    for (int tag = 0; tag < CT_N_TAGS; tag++) {
        for (int f = 0; f < 2; f++) {
            ok =
                ok && ct_arena_reserve(&tags->links[tag][f], (size_t)n_slots * sizeof(struct link));
        }
        struct ct_arena *room = &tags->rooms[tag];
        const size_t bytes = CT_TAG_LISTS * sizeof *tags->lists[tag];
        ok = ok && ct_arena_reserve(room, bytes) && ct_arena_grow(room, bytes);
        tags->lists[tag] = (struct ct_tag_list *)(void *)room->base;
    }
    return ok;
}

void ct_tags_release(struct ct_table *t)
{
    for (int tag = 0; tag < CT_N_TAGS; tag++) {
        ct_arena_release(&t->tags.links[tag][0]);
        ct_arena_release(&t->tags.links[tag][1]);
        ct_arena_release(&t->tags.rooms[tag]);
    }
    memset(&t->tags, 0, sizeof t->tags);
}

uint32_t ct_tag_of_mark(uint32_t mark)
{
    return mark ? 1 + (uint32_t)(hash_u64(mark, 0) % CT_TAG_LISTS) : 0;
}

uint32_t ct_tag_of_label(const uint8_t *label)
{
    uint64_t w[2];
    memcpy(w, label, sizeof w);
    return w[0] | w[1] ? 1 + (uint32_t)(hash_words(w, 2, 0) % CT_TAG_LISTS) : 0;
}

/* ---- links ---- */

static struct link *link_of(const struct ct_table *t, enum ct_tag tag, uint32_t index)
{
    const struct ct_arena *a = &t->tags.links[tag][index >> 31];
    return (struct link *)(void *)a->base + (index & CT_INDEX_SLOT);
}

static bool has_link(const struct ct_table *t, enum ct_tag tag, uint32_t index)
{
    const uint32_t *n = &t->tags.n_slots[tag][index >> 31];
    return (index & CT_INDEX_SLOT) < __atomic_load_n(n, __ATOMIC_ACQUIRE);
}

static bool make_link(struct ct_table *t, enum ct_tag tag, uint32_t index)
{
    struct ct_arena *a = &t->tags.links[tag][index >> 31];
    if (has_link(t, tag, index)) {
        return true;
    }
    ct_spin_lock(&t->grow_lock);
    bool ok = ct_arena_grow(a, ((size_t)(index & CT_INDEX_SLOT) + 1) * sizeof(struct link));
    if (ok) {
        __atomic_store_n(&t->tags.n_slots[tag][index >> 31],
                         (uint32_t)(a->committed / sizeof(struct link)), __ATOMIC_RELEASE);
    }
    ct_spin_unlock(&t->grow_lock);
    return ok;
}

/* ---- a list, locked ---- */

static void append(struct ct_table *t, enum ct_tag tag, struct ct_tag_list *l, uint32_t index)
{
    *link_of(t, tag, index) = (struct link){.prev = l->tail};
    if (l->tail) {
        link_of(t, tag, l->tail)->next = index;
    } else {
        l->head = index;
    }
    l->tail = index;
}

static void take_out(struct ct_table *t, enum ct_tag tag, struct ct_tag_list *l, uint32_t index)
{
    struct link *k = link_of(t, tag, index);
    if (k->prev) {
        link_of(t, tag, k->prev)->next = k->next;
    } else {
        l->head = k->next;
    }
    if (k->next) {
        link_of(t, tag, k->next)->prev = k->prev;
    } else {
        l->tail = k->prev;
    }
    *k = (struct link){0, 0};
}

static bool is_in(const struct ct_table *t, enum ct_tag tag, const struct ct_tag_list *l,
                  uint32_t index)
{
    const struct link *k = link_of(t, tag, index);
    return k->prev || k->next || l->head == index;
}

/* ---- for the table ---- */

void ct_tag_move(struct ct_table *t, enum ct_tag tag, uint32_t index, uint32_t from, uint32_t to)
{
    if (from && has_link(t, tag, index)) {
        struct ct_tag_list *l = &t->tags.lists[tag][from - 1];
        ct_spin_lock(&l->lock);
        if (is_in(t, tag, l, index)) {
            take_out(t, tag, l, index);
            l->n--;
        }
        ct_spin_unlock(&l->lock);
    }
    if (to && !make_link(t, tag, index)) {
        __atomic_store_n(&t->tags.failed, true, __ATOMIC_RELAXED);
        __atomic_store_n(&t->tags.partial, true, __ATOMIC_RELEASE);
    } else if (to) {
        struct ct_tag_list *l = &t->tags.lists[tag][to - 1];
        ct_spin_lock(&l->lock);
        if (!is_in(t, tag, l, index)) {
            append(t, tag, l, index);
            l->n++;
        }
        ct_spin_unlock(&l->lock);
    }
}

static uint32_t tag_of(const struct ct_table *t, enum ct_tag tag, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    return tag == CT_TAG_MARK      ? ct_tag_of_mark(c->mark)
           : c->flags & CT_F_LABEL ? ct_tag_of_label(ct_table_label(t, index))
                                   : 0;
}

static bool has_tag(const struct ct_table *t, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    return c->mark || c->flags & CT_F_LABEL;
}

void ct_tags_enter(struct ct_table *t, uint32_t index)
{
    if (LIKELY(!has_tag(t, index))) {
        return;
    }
    for (enum ct_tag tag = 0; tag < CT_N_TAGS; tag++) {
        ct_tag_move(t, tag, index, 0, tag_of(t, tag, index));
    }
}

void ct_tags_leave(struct ct_table *t, uint32_t index)
{
    if (LIKELY(!has_tag(t, index))) {
        return;
    }
    for (enum ct_tag tag = 0; tag < CT_N_TAGS; tag++) {
        ct_tag_move(t, tag, index, tag_of(t, tag, index), 0);
    }
}

void ct_tags_visit(struct ct_table *t, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    ct_spin_lock(&c->lock);
    const uint8_t flags = ct_conn_flags(c);
    if (flags & CT_F_LIVE && !(flags & CT_F_TWIN)) {
        ct_tags_enter(t, index);
    }
    ct_spin_unlock(&c->lock);
}

/* ---- walks ---- */

uint32_t ct_tag_turn(struct ct_table *t, enum ct_tag tag, uint32_t list, uint32_t *generation)
{
    struct ct_tag_list *l = &t->tags.lists[tag][list - 1];
    ct_spin_lock(&l->lock);
    uint32_t index = l->head;
    if (index) {
        *generation = __atomic_load_n(&ct_table_conn(t, index)->generation, __ATOMIC_RELAXED);
        take_out(t, tag, l, index);
        append(t, tag, l, index);
    }
    ct_spin_unlock(&l->lock);
    return index;
}

uint32_t ct_tag_size(const struct ct_table *t, enum ct_tag tag, uint32_t list)
{
    return __atomic_load_n(&t->tags.lists[tag][list - 1].n, __ATOMIC_RELAXED);
}
