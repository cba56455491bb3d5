/* table_mod.h - TABLE_MOD, TABLE_DESC, TABLE_STATUS: how a flow table is configured.
 * Layer 2, pure.  1.1 and 1.2: what becomes of packets that match nothing; 1.4+: eviction, vacancy
 * events; 1.3: nothing. */
#pragma once

#include "ofp/prop.h"
#include "ofp/table_features.h"

#define TABLE_EVICT_UNSET UINT32_MAX

struct table_config {
    uint8_t table_id; /* OFPTT_ALL in TABLE_MOD. */
    enum table_miss miss_config;
    /* 1.4+: */
    bool evict, warn_vacant;
    uint32_t eviction_flags; /* TABLE_EVICT_*, or TABLE_EVICT_UNSET. */
    bool has_vacancy;        /* The next ones are there.  In percent: */
    uint8_t vacancy_down, vacancy_up, vacancy;
    struct prop_list props; /* Of TABLE_DESC and TABLE_STATUS: experimenters'. */
};
void table_config_init(struct table_config *);

#define TABLE_EVICT_OTHER      1
#define TABLE_EVICT_IMPORTANCE 2
#define TABLE_EVICT_LIFETIME   4

enum ofp_error table_mod_decode(struct wire_rd *, const struct msg_header *,
                                struct table_config *) MUST_USE;
void table_mod_encode(const struct table_config *, uint8_t version, uint32_t xid, struct wire_wr *);
void table_mod_format(const struct table_config *, uint8_t version, const struct name_map *,
                      struct text *);
/* The words of `mod-table`: controller, continue, drop; evict, noevict, vacancy:LOW,HIGH,
 * novacancy. Changes this aspect of the configuration alone.  *versions gets the wire versions that
 * can say it (bit n = version n).  NULL or an error text. */
char *table_mod_parse(const char *word, struct table_config *, uint32_t *versions) MUST_USE;

/* One entry of TABLE_DESC; at the end *end. */
enum ofp_error table_desc_decode(struct wire_rd *, struct table_config *, bool *end) MUST_USE;
void table_desc_encode(const struct table_config *, struct wire_wr *);
void table_desc_format(const struct table_config *, const struct name_map *, struct text *);

enum table_status_reason { TABLE_VACANCY_DOWN = 3, TABLE_VACANCY_UP = 4 };
enum ofp_error table_status_decode(struct wire_rd *, enum table_status_reason *,
                                   struct table_config *) MUST_USE;
void table_status_encode(enum table_status_reason, const struct table_config *, uint8_t version,
                         uint32_t xid, struct wire_wr *);
