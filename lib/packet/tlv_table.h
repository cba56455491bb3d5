/* tlv_table.h - which tunnel option (Geneve class and type) is which tun_metadataN, and where in
 * struct flow it lies.
 *
 * Layer 1, pure.  One table a bridge.  Decoders find it in struct msg_header and make of a field's
 * number the field of the mapped length; a match takes the place from it.
 *
 * Invariants: a table never changes: tlv_table_change() makes a new one, all of the change or none
 * of it.  A mapping that is in use keeps its place and cannot be deleted, so that matches made with
 * an older table still hold; others may move to make room.  Lengths are multiples of 4, 4..124;
 * places do not overlap.
 * Threads: the reference count is atomic; any thread may read a table that it has a reference on.
 */
#pragma once

#include "lib/packet/field.h"

struct tlv_mapping {
    uint16_t option_class;
    uint8_t option_type;
    uint8_t len;    /* Bytes of the option's value. */
    uint16_t index; /* tun_metadataN */
};

enum tlv_command { TLV_ADD, TLV_DELETE, TLV_CLEAR };
enum tlv_error {
    TLV_OK,
    TLV_BAD_COMMAND,
    TLV_BAD_OPT_LEN,
    TLV_BAD_FIELD_IDX,
    TLV_TABLE_FULL,
    TLV_ALREADY_MAPPED, /* The field. */
    TLV_DUP_ENTRY,      /* The option. */
    TLV_INVALID_DEL,    /* In use. */
};

struct tlv_table;
struct tlv_table *tlv_table_new(void); /* Empty; one reference. */
struct tlv_table *tlv_table_ref(struct tlv_table *);
void tlv_table_unref(struct tlv_table *);

/* 'in_use': bit N if something refers to tun_metadataN.  Deletes go by index; what is not mapped is
 * passed over.  On success *out is the new table, with one reference. */
enum tlv_error tlv_table_change(const struct tlv_table *, enum tlv_command,
                                const struct tlv_mapping *, size_t n, uint64_t in_use,
                                struct tlv_table **out) MUST_USE;

uint64_t tlv_table_mapped(const struct tlv_table *); /* Bit N: tun_metadataN is mapped. */
/* NULL: not mapped. */
const struct tlv_mapping *tlv_table_get(const struct tlv_table *, unsigned index);
const struct tlv_mapping *tlv_table_find(const struct tlv_table *, uint16_t option_class,
                                         uint8_t option_type);
/* The field of the mapped length; NULL: not mapped. */
const struct field *tlv_table_field(const struct tlv_table *, unsigned index);
unsigned tlv_table_ofs(const struct tlv_table *, unsigned index); /* Of a mapped one. */
/* A packet's options (geneve_opt.h), 'n' bytes: '*tun' has those that the table (NULL: none) maps
 * to fields of just their length.  The table stays the caller's. */
void tlv_table_read(const struct tlv_table *, const uint8_t *options, unsigned n,
                    struct flow_tun *tun);
/* Does it map all options of the match, at the places that they have there? */
bool tlv_table_covers(const struct tlv_table *, const struct match *);
