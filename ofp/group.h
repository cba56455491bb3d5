/* group.h - groups: GROUP_MOD, GROUP_DESC, the group statistics and features; their text.
 *
 * Layer 2, pure.  Bodies only: the reader stands behind the header (msg.h).  OpenFlow 1.1 to 1.4
 * have buckets of fixed form; 1.5, and Nicira's extension of 1.0, number the buckets and carry
 * properties, among them Netronome's selection method (experimenter 0x154d).  Buckets and acts are
 * owned by the structure, on the heap; the _deinit function frees them.
 *
 * Sections 6.5, 7.3.4.3 and 7.3.5.8 to 7.3.5.10 of OpenFlow 1.5.1. */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

#define OFPG_MAX OFPP_MAX /* The greatest number of a group. */
#define OFPG_ALL UINT32_C(0xfffffffc)

enum group_type { GROUP_ALL, GROUP_SELECT, GROUP_INDIRECT, GROUP_FF, GROUP_N_TYPES };

enum group_command {
    GM_ADD,
    GM_MODIFY,
    GM_DELETE,
    GM_INSERT_BUCKET,
    GM_REMOVE_BUCKET = 5,
    GM_ADD_OR_MODIFY = 0x8000, /* Nicira's extension, in all versions. */
};

/* Numbers of buckets; greater ones are for commands only. */
#define BUCKET_MAX   UINT32_C(0xffffff00)
#define BUCKET_FIRST UINT32_C(0xfffffffd)
#define BUCKET_LAST  UINT32_C(0xfffffffe)
#define BUCKET_ALL   UINT32_C(0xffffffff)

struct bucket {
    uint32_t id; /* 1.1 to 1.4 send none: the place in the list. */
    uint16_t weight;
    uint32_t watch_port;  /* OFPP_ANY: none. */
    uint32_t watch_group; /* OFPG_ANY: none. */
    struct acts acts;
};

/* A field that a selection method hashes, and of which bits. */
struct group_field {
    const struct field *field;
    struct field_value mask;
};

struct group {
    uint32_t id;
    uint8_t type; /* enum group_type; a description may have others. */
    struct bucket *buckets;
    size_t n_buckets;
    /* Netronome's property: "", "hash" or "dp_hash" (others only while text is parsed). */
    char method[16];
    uint64_t method_param;
    struct group_field *fields; /* By field number; with "hash" only. */
    size_t n_fields;
};
void group_deinit(struct group *);
/* Do the messages of 'version' number buckets and have properties? */
static inline bool group_has_props(uint8_t version)
{
    return version == OFP10_VERSION || version >= OFP15_VERSION;
}

struct group_mod {
    uint16_t command;        /* enum group_command */
    uint32_t command_bucket; /* INSERT_BUCKET: behind which; REMOVE_BUCKET: which. */
    struct group group;
};
void group_mod_deinit(struct group_mod *);
/* What the reference takes; whether the switch can do it is group_mod_check()'s. */
enum ofp_error group_mod_decode(struct wire_rd *, const struct msg_header *,
                                struct group_mod *) MUST_USE;
/* BAD_COMMAND for the commands that 'version' lacks, INVALID_GROUP for reserved numbers. */
enum ofp_error group_mod_check(const struct group_mod *, uint8_t version) MUST_USE;
/* Are type, buckets and what they watch right together?  For a group that is put together. */
enum ofp_error group_check(const struct group *) MUST_USE;
void group_mod_encode(const struct group_mod *, uint8_t version, uint32_t xid, struct wire_wr *);
/* ` ADD group_id=1,type=all,bucket=...` */
void group_mod_format(const struct group_mod *, uint8_t version, const struct name_map *,
                      struct text *);

/* GROUP_DESC: the next entry of a reply; OFPERR_OK and *end at the end. */
enum ofp_error group_desc_decode(struct wire_rd *, const struct msg_header *, struct group *,
                                 bool *end) MUST_USE;
void group_desc_encode(const struct group *, uint8_t version, struct wire_wr *); /* One entry. */
/* `group_id=1,type=all,bucket=...` */
void group_format(const struct group *, uint8_t version, const struct name_map *, struct text *);

/* GROUP and GROUP_DESC requests; the latter has no number in 1.1 to 1.4: OFPG_ALL. */
enum ofp_error group_request_decode(struct wire_rd *, const struct msg_header *,
                                    uint32_t *id) MUST_USE;
void group_request_encode(enum msg_type, uint32_t id, uint8_t version, uint32_t xid,
                          struct wire_wr *);
/* GROUP_STATS, GROUP_DESC or GROUP_FEATURES requests and replies, as 'version' has them: its own or
 * Nicira's. */
enum msg_type group_msg_type(enum msg_type standard, uint8_t version);

struct bucket_stats {
    uint64_t n_packets, n_bytes; /* UINT64_MAX = unknown. */
};
struct group_stats {
    uint32_t id, ref_count;
    uint64_t n_packets, n_bytes;
    uint32_t duration_sec, duration_nsec; /* UINT32_MAX = unknown, as in 1.1 and 1.2. */
    struct bucket_stats *buckets;         /* Heap; group_stats_deinit(). */
    size_t n_buckets;
};
void group_stats_deinit(struct group_stats *);
enum ofp_error group_stats_decode(struct wire_rd *, const struct msg_header *, struct group_stats *,
                                  bool *end) MUST_USE;
void group_stats_encode(const struct group_stats *, uint8_t version, struct wire_wr *);
void group_stats_format(const struct group_stats *, struct text *);

struct group_features {
    uint32_t types;        /* Bit n: enum group_type n. */
    uint32_t capabilities; /* 1 weights, 2 liveness, 4 chaining, 8 with checks. */
    uint32_t max_groups[GROUP_N_TYPES];
    uint32_t actions[GROUP_N_TYPES]; /* Bit n: the version's action number n. */
};
enum ofp_error group_features_decode(struct wire_rd *, struct group_features *) MUST_USE;
void group_features_encode_reply(const struct group_features *, uint8_t version, uint32_t xid,
                                 struct wire_wr *);
void group_features_format(const struct group_features *, uint8_t version, struct text *);

/* ---- text ---- */

/* `group_id=1,type=all,bucket=...`, or what group_raw.c says, for 'command'; -1: the text may begin
 * with a command word, add if it has none.  The text is modified.  'usable' (may be NULL) gets the
 * flow formats that can carry it.  NULL, or an error text. */
char *group_mod_parse(char *text, int command, const struct name_map *, struct group_mod *,
                      uint32_t *usable) MUST_USE;
