/* tlv_table_msg.h - messages about the table of tunnel options: NXT_TLV_TABLE_MOD, _REPLY.
 * Layer 2, pure.  The table itself is not here. */
#pragma once

#include "lib/packet/tlv_table.h"
#include "ofp/msg.h"

struct tlv_maps {
    struct tlv_mapping *maps; /* Heap, or NULL.  A length may be 0: for the table to refuse. */
    size_t n;
};
void tlv_maps_deinit(struct tlv_maps *);

struct tlv_table_mod {
    enum tlv_command command;
    struct tlv_maps maps;
};
/* The caller deinits 'maps', after an error too.  Errors: NXTTMFC_BAD_COMMAND, NXTTMFC_BAD_OPT_LEN,
 * NXTTMFC_BAD_FIELD_IDX. */
enum ofp_error tlv_table_mod_decode(struct wire_rd *, struct tlv_table_mod *) MUST_USE;
void tlv_table_mod_encode(const struct tlv_table_mod *, uint8_t version, uint32_t xid,
                          struct wire_wr *);
void tlv_table_mod_format(const struct tlv_table_mod *, struct text *);
/* `{class=0xffff,type=0,len=4}->tun_metadata0`, with commas between.  NULL or an error text; the
 * caller deinits 'maps' in both cases. */
char *tlv_maps_parse(const char *, struct tlv_maps *) MUST_USE;

struct tlv_table_reply {
    uint32_t max_space;  /* Bytes of all options together. */
    uint16_t max_fields; /* Options. */
    struct tlv_maps maps;
};
enum ofp_error tlv_table_reply_decode(struct wire_rd *, struct tlv_table_reply *) MUST_USE;
void tlv_table_reply_encode(const struct tlv_table_reply *, uint8_t version, uint32_t xid,
                            struct wire_wr *);
void tlv_table_reply_format(const struct tlv_table_reply *, struct text *);
