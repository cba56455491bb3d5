/* table_stats.h - TABLE: a flow table's counters; before 1.3 also what it can do.
 * Layer 2, pure. */
#pragma once

#include "ofp/table_features.h"

struct table_stats {
    uint8_t table_id;
    uint32_t active;
    uint64_t lookup, matched;
};
/* 'features' NULL: nothing is said of them (their fields are zeros before 1.3). */
void table_stats_encode(const struct table_stats *, const struct table_features *, uint8_t version,
                        struct wire_wr *);
/* One entry; at the end *end. */
enum ofp_error table_stats_decode(struct wire_rd *, uint8_t version, struct table_stats *,
                                  struct table_features *, bool *end) MUST_USE;

/* Prints tables one after the other; those that are like the one before are folded. */
struct table_printer {
    struct text *out;
    const struct name_map *names;
    uint8_t version;
    bool any;
    int first_ditto; /* Of the tables like 'prev' that are not printed yet; -1: none. */
    struct table_features prev;
    struct table_stats prev_stats;
};
void table_printer_init(struct table_printer *, uint8_t version, const struct name_map *,
                        struct text *);
/* 'stats' NULL: TABLE_FEATURES. */
void table_printer_add(struct table_printer *, const struct table_features *,
                       const struct table_stats *stats);
void table_printer_end(struct table_printer *);
