/* group-private.h - what the files behind group.h share: the lists inside a group.
 *
 * Layer 2, pure; for ofp/group*.c only. */
#pragma once

#include "ofp/group.h"

/* The rest of 'r' as buckets, whose type is already there; what was decoded is the group's also on
 * error. */
enum ofp_error buckets_decode(struct wire_rd *r, const struct msg_header *,
                              struct group *) MUST_USE;
/* Writes the buckets, and their length at 'len_ofs' (SIZE_MAX: nowhere). */
void buckets_encode(const struct group *, uint8_t version, struct wire_wr *, size_t len_ofs);
/* The properties that are left in 'r'. */
enum ofp_error group_props_decode(struct wire_rd *r, const struct msg_header *, uint16_t command,
                                  struct group *) MUST_USE;
void group_props_encode(const struct group *, uint8_t version, struct wire_wr *);
/* Adds one in its place; false if it is there already. */
bool group_add_field(struct group *, const struct field *, const struct field_value *mask);
/* A bucket with nothing in it; its number is the caller's to set. */
struct bucket *group_add_bucket(struct group *);
/* Is the number taken by one of the first 'n'? */
bool group_has_bucket(const struct group *, size_t n, uint32_t id);
static inline bool group_command_known(uint16_t command)
{
    return command <= GM_INSERT_BUCKET || command == GM_REMOVE_BUCKET ||
           command == GM_ADD_OR_MODIFY;
}
/* The weight that is not shown. */
static inline uint16_t group_default_weight(const struct group *g)
{
    return g->type == GROUP_SELECT ? 1 : 0;
}

/* ---- text ---- */

/* ` ADD `, and the group in the usual words behind it, with the bucket that the command is about.
 */
void group_command_format(const struct group_mod *, struct text *);
void group_words(const struct group_mod *, uint8_t version, const struct name_map *, struct text *);
/* `raw_group(VERSION,HEX)`, if the text begins with that; 'command' -1: any. */
char *group_parse_raw(const char *text, int command, struct group_mod *, bool *is_raw) MUST_USE;
