/* tlv_table.c - see tlv_table.h.  Space is given out in words of four bytes, first fit. */
#include "lib/packet/tlv_table.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/geneve_opt.h"

#define WORDS (TUN_SPACE / 4)
_Static_assert(WORDS == 64, "a map of words is 64 bits");

struct tlv_table {
    uint32_t refs;   /* Atomic. */
    uint64_t mapped; /* Bit N: maps[N] is one. */
    uint64_t taken;  /* Bit = word of the space. */
    struct tlv_mapping maps[TUN_OPTIONS];
    uint8_t word[TUN_OPTIONS]; /* Where it begins. */
};

struct tlv_table *tlv_table_new(void)
{
    struct tlv_table *t = xzalloc(sizeof *t);
    t->refs = 1;
    return t;
}

struct tlv_table *tlv_table_ref(struct tlv_table *t)
{
    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void tlv_table_unref(struct tlv_table *t)
{
    if (t && __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        free(t);
    }
}

uint64_t tlv_table_mapped(const struct tlv_table *t)
{
    return t->mapped;
}

static bool is_mapped(const struct tlv_table *t, unsigned index)
{
    return index < TUN_OPTIONS && t->mapped >> index & 1;
}

const struct tlv_mapping *tlv_table_get(const struct tlv_table *t, unsigned index)
{
    return is_mapped(t, index) ? &t->maps[index] : NULL;
}

const struct tlv_mapping *tlv_table_find(const struct tlv_table *t, uint16_t option_class,
                                         uint8_t option_type)
{
    for (uint64_t map = t->mapped; map; map &= map - 1) {
        const struct tlv_mapping *m = &t->maps[__builtin_ctzll(map)];
        if (m->option_class == option_class && m->option_type == option_type) {
            return m;
        }
    }
    return NULL;
}

const struct field *tlv_table_field(const struct tlv_table *t, unsigned index)
{
    return is_mapped(t, index) ? field_tun_mapped(index, t->maps[index].len) : NULL;
}

unsigned tlv_table_ofs(const struct tlv_table *t, unsigned index)
{
    return t->word[index] * 4u;
}

void tlv_table_read(const struct tlv_table *t, const uint8_t *options, unsigned n,
                    struct flow_tun *tun)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    *tun = (struct flow_tun){.table = t};
    while (t && geneve_opt_next(options, n, &ofs, &o)) {
        const struct tlv_mapping *m = tlv_table_find(t, o.class, o.type);
        if (m && m->len == o.len) {
            tun->present |= BIT64(m->index);
            memcpy(tun->space + tlv_table_ofs(t, m->index), o.value, o.len);
        }
    }
}

bool tlv_table_covers(const struct tlv_table *t, const struct match *m)
{
    for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
        unsigned i = (unsigned)__builtin_ctzll(map);
        if (!is_mapped(t, i) || t->maps[i].len != m->tun[i].len ||
            tlv_table_ofs(t, i) != m->tun[i].ofs) {
            return false;
        }
    }
    return true;
}

/* ---- changes ---- */

static uint64_t words_of(const struct tlv_table *t, unsigned index)
{
    return (BIT64(t->maps[index].len / 4) - 1) << t->word[index];
}

/* Finds a place for a mapping whose length is known; false: none. */
static bool place(struct tlv_table *t, unsigned index)
{
    unsigned n = t->maps[index].len / 4;

    for (unsigned w = 0; w + n <= WORDS; w++) {
        t->word[index] = (uint8_t)w;
        if (!(t->taken & words_of(t, index))) {
            t->taken |= words_of(t, index);
            return true;
        }
    }
    return false;
}

/* Places all that may move anew, the longest first. */
static bool compact(struct tlv_table *t, uint64_t fixed)
{
    uint64_t movable = t->mapped & ~fixed;

    t->taken = 0;
    for (uint64_t map = t->mapped & fixed; map; map &= map - 1) {
        t->taken |= words_of(t, (unsigned)__builtin_ctzll(map));
    }
    while (movable) {
        unsigned longest = (unsigned)__builtin_ctzll(movable);
        for (uint64_t map = movable; map; map &= map - 1) {
            unsigned i = (unsigned)__builtin_ctzll(map);
            longest = t->maps[i].len > t->maps[longest].len ? i : longest;
        }
        if (!place(t, longest)) {
            return false;
        }
        movable &= ~BIT64(longest);
    }
    return true;
}

static enum tlv_error add(struct tlv_table *t, const struct tlv_mapping *m, uint64_t in_use)
{
    if (is_mapped(t, m->index)) {
        return TLV_ALREADY_MAPPED;
    }
    if (tlv_table_find(t, m->option_class, m->option_type)) {
        return TLV_DUP_ENTRY;
    }
    t->maps[m->index] = *m;
    t->mapped |= BIT64(m->index);
    return place(t, m->index) || compact(t, in_use) ? TLV_OK : TLV_TABLE_FULL;
}

static enum tlv_error del(struct tlv_table *t, unsigned index, uint64_t in_use)
{
    if (!is_mapped(t, index)) {
        return TLV_OK;
    }
    if (in_use >> index & 1) {
        return TLV_INVALID_DEL;
    }
    t->taken &= ~words_of(t, index);
    t->mapped &= ~BIT64(index);
    return TLV_OK;
}

static enum tlv_error check(const struct tlv_mapping *m)
{
    if (!m->len || m->len % 4 || m->len > TUN_OPTION_MAX) {
        return TLV_BAD_OPT_LEN;
    }
    return m->index < TUN_OPTIONS ? TLV_OK : TLV_BAD_FIELD_IDX;
}

static enum tlv_error change(struct tlv_table *t, enum tlv_command command,
                             const struct tlv_mapping *m, size_t n, uint64_t in_use)
{
    enum tlv_error error = TLV_OK;

    for (size_t i = 0; i < n && !error; i++) {
        error = check(&m[i]);
    }
    switch (command) {
    case TLV_ADD:
        for (size_t i = 0; i < n && !error; i++) {
            error = add(t, &m[i], in_use);
        }
        return error;
    case TLV_DELETE:
        for (size_t i = 0; i < n && !error; i++) {
            error = del(t, m[i].index, in_use);
        }
        return error;
    case TLV_CLEAR:
        for (unsigned i = 0; i < TUN_OPTIONS && !error; i++) {
            error = del(t, i, in_use);
        }
        return error;
    default:
        return TLV_BAD_COMMAND;
    }
}

enum tlv_error tlv_table_change(const struct tlv_table *old, enum tlv_command command,
                                const struct tlv_mapping *m, size_t n, uint64_t in_use,
                                struct tlv_table **out)
{
    struct tlv_table *t = xmemdup(old, sizeof *t);

    t->refs = 1;
    *out = NULL;
    enum tlv_error error = change(t, command, m, n, in_use);
    if (error) {
        tlv_table_unref(t);
        return error;
    }
    *out = t;
    return TLV_OK;
}
