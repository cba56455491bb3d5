/* table_features.h - TABLE_FEATURES: what a flow table can do.
 * Layer 2, pure.  TABLE replies of 1.0 to 1.2 say some of it too: see table_stats.h.
 *
 * Within a property the decoder drops instructions, actions and fields that have no row here. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

struct field_set {
    uint64_t w[DIV_ROUND_UP(MF_N_IDS, 64)]; /* Bit = enum field_id. */
};

static inline bool field_set_has(const struct field_set *s, int id)
{
    return s->w[id / 64] >> (id % 64) & 1;
}

static inline void field_set_add(struct field_set *s, int id)
{
    s->w[id / 64] |= BIT64(id % 64);
}

static inline bool field_set_empty(const struct field_set *s)
{
    return is_all_zeros(s, sizeof *s);
}

/* What may be done in one kind of instruction. */
struct table_action_features {
    uint32_t actions; /* Bit n = standard action n of the message's version. */
    struct field_set set_field;
};

struct table_instruction_features {
    uint32_t instructions; /* Bit n = instruction n. */
    uint8_t next[32];      /* Bitmap of tables. */
    struct table_action_features write, apply;
};

/* What becomes of packets that match nothing: 1.1 and 1.2. */
enum table_miss { TABLE_MISS_DEFAULT, TABLE_MISS_CONTROLLER, TABLE_MISS_CONTINUE, TABLE_MISS_DROP };
enum table_features_command { /* 1.5 */
                              TABLE_FEATURES_REPLACE,
                              TABLE_FEATURES_MODIFY,
                              TABLE_FEATURES_ENABLE,
                              TABLE_FEATURES_DISABLE,
};

struct table_features {
    uint8_t table_id;
    char name[33];
    uint64_t metadata_match, metadata_write;
    uint32_t max_entries;
    enum table_features_command command;
    enum table_miss miss_config;
    bool has_capabilities;           /* 1.4+: */
    bool can_evict, can_warn_vacant; /* eviction, vacancy events */
    /* Properties are there.  1.5 allows none: then only what stands above is meant. */
    bool has_props;
    /* Bit n: property 2n+1 is there, for table misses; those that are not say what holds for hits
     * (filled in by the decoder).  Instructions, next tables, actions, (n = 6, 7) set-fields. */
    uint8_t miss_given;
    struct table_instruction_features hit, miss;
    struct field_set match, mask, wildcard;
    /* All properties as they came, of which experimenters' are sent on and printed; points into the
     * message.  NULL: none. */
    const uint8_t *props;
    size_t props_len;
};
/* The next experimenter's property of 'r', which covers props; false at the end. */
struct prop;
bool table_features_next_exp(struct wire_rd *r, struct prop *) MUST_USE;

/* One entry.  Errors: OFPBPC_BAD_LEN, OFPTFFC_BAD_TABLE, OFPTFFC_BAD_COMMAND,
 * OFPTFFC_BAD_FEATURES (a property missing or twice), those of fields.  At the end *end. */
enum ofp_error table_features_decode(struct wire_rd *, const struct msg_header *,
                                     struct table_features *, bool *end) MUST_USE;
void table_features_encode(const struct table_features *, uint8_t version, struct wire_wr *);
/* What this switch's tables can do, by the rows of fields.def and actions.def; all are alike but
 * for the tables that may follow.  Clears the rest of the structure. */
void table_features_ours(struct table_features *, uint8_t table_id, uint8_t n_tables,
                         uint8_t version);

/* Standard actions of a version: those that have names, and the names, or `<none>`. */
uint32_t table_features_known_actions(uint8_t version);
void table_features_format_actions(uint32_t actions, uint8_t version, struct text *);
