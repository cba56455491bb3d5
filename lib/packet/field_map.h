/* field_map.h - which fields a mask has bits of, as a set.
 *
 * Layer 1, pure.  Matches have a handful of the fields that there are: who would ask
 * field_is_wild() of each in turn makes such a set once, from the words of the mask that are not
 * zero, and asks it instead.
 *
 * Invariant: a field is in the set if and only if it is not wild. */
#pragma once

#include "lib/packet/field.h"

#define FIELD_MAP_WORDS ((MF_N_IDS + 63) / 64)

struct field_map {
    uint64_t bits[FIELD_MAP_WORDS]; /* By enum field_id. */
};

void field_map_init(struct field_map *, const struct flow *mask);

static inline bool field_map_has(const struct field_map *m, enum field_id id)
{
    return m->bits[id / 64] >> id % 64 & 1;
}

/* The first field from 'from' on that is in the set; MF_N_IDS: there is none. */
static inline enum field_id field_map_next(const struct field_map *m, unsigned from)
{
    for (unsigned w = from / 64; w < FIELD_MAP_WORDS; w++) {
        uint64_t bits = m->bits[w] & (w == from / 64 ? UINT64_MAX << from % 64 : UINT64_MAX);
        if (bits) {
            return (enum field_id)(w * 64 + (unsigned)__builtin_ctzll(bits));
        }
    }
    return MF_N_IDS;
}

#define FIELD_FOR_EACH(ID, MAP)                                       \
    for (enum field_id ID = field_map_next(MAP, 0); (ID) != MF_N_IDS; \
         (ID) = field_map_next(MAP, (ID) + 1u))
