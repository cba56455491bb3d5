/* match.h - a match on the wire and in text.
 *
 * Layer 2, pure.  OXM and NXM lists by walking fields.def; order on output as the reference has it.
 */
#pragma once

#include "ofp/act.h"
#include "ofp/msg.h"

/* The `struct ofp_match` of the version: 1.0's, 1.1's own, or from 1.2 on (and for who sends it, in
 * 1.1) that of type OXM with its padding.  Encode leaves out what the version's match cannot say:
 * protocol.h tells. */
enum ofp_error match_decode(struct wire_rd *, const struct msg_header *, struct match *) MUST_USE;
void match_encode(const struct match *, uint8_t version, struct wire_wr *);
/* What flow-mods ask of a match beyond its prerequisites: the addresses of the connection's tuple
 * go with packets of their IP version. */
enum ofp_error match_check_tuple(const struct match *) MUST_USE;
/* A bare list of TLVs of 'len' bytes, as NXM messages and packet-out of 1.5 carry it.  'cookie' and
 * its mask may be NULL; then NXM_NX_COOKIE is refused.  Without 'strict', unknown fields and
 * prerequisites are let pass (packet-in metadata). */
enum ofp_error match_decode_tlvs(struct wire_rd *, size_t len, const struct msg_header *,
                                 bool strict, struct match *, be64 *cookie,
                                 be64 *cookie_mask) MUST_USE;
/* Returns the length written (no padding). */
size_t match_encode_tlvs(const struct match *, uint8_t version, struct wire_wr *);
/* Both of a packet-in's metadata: all bits of a packet's ct_state are known, and it goes out
 * without a mask, where a flow's never does.  Version 1.2 or later. */
size_t match_encode_metadata_tlvs(const struct match *, uint8_t version, struct wire_wr *);
void match_encode_metadata(const struct match *, uint8_t version, struct wire_wr *);

/* The errors of one TLV: BAD_FIELD unknown; BAD_LEN cut short, or (with *field set) a length that
 * the field does not have, which match lists report as BAD_FIELD and actions as OFPBAC_BAD_SET_LEN;
 * BAD_MASK, BAD_WILDCARDS, BAD_VALUE; NXFMFC_INVALID_TLV_FIELD.  The reader moves past it all the
 * same. */
/* One TLV (header, value, mask if present) for set_field and the like.  Tunnel options become the
 * field of the length that the header's table maps them to. */
enum ofp_error tlv_decode(struct wire_rd *, const struct msg_header *, const struct field **,
                          struct field_value *value,
                          struct field_value *mask /* all ones if absent */,
                          bool *has_mask) MUST_USE;
/* A 4-byte (or 8-byte experimenter) header alone. */
enum ofp_error tlv_header_decode(struct wire_rd *, const struct msg_header *, const struct field **,
                                 bool *has_mask) MUST_USE;
void tlv_encode(const struct field *, const struct field_value *,
                const struct field_value *mask /* or NULL */, uint8_t version, struct wire_wr *);
void tlv_header_encode(const struct field *, uint8_t version, bool has_mask, struct wire_wr *);
/* Tunnel option 'index' of a match, which has it; and a decoded one into a match, which has not.
 * 'mask' NULL: none was there. */
void tlv_tun_encode(const struct match *, unsigned index, struct wire_wr *);
enum ofp_error tlv_tun_put(const struct msg_header *, const struct field *,
                           const struct field_value *value, const struct field_value *mask,
                           struct match *) MUST_USE;

/* ---- text ---- */

/* `priority=N,` (unless 32768 or negative = not shown) and the fields in the reference's order. */
void match_format(const struct match *, const struct name_map *, int priority, struct text *);
/* One `key` or `key=value` item: a field, or a protocol word.  *found is false if it is neither.
 * NULL or an error text. */
char *match_parse_item(const char *key, const char *value, const struct name_map *, struct match *,
                       bool *found) MUST_USE;
/* The same; tells the field (NULL: a protocol word) and what of it was given. */
char *match_parse_field(const char *key, const char *value, const struct name_map *, struct match *,
                        bool *found, const struct field **, struct field_value *mask) MUST_USE;
/* Drops fields whose prerequisites are not met, as the text tools do.  True if something was
 * dropped; the dropped form is described in 'what' if not NULL. */
bool match_normalise(struct match *, struct text *what);
/* Does something of the match say already that packets have an Ethernet header? */
bool match_implies_ethernet(const struct match *);
/* A value of a field as text, in the field's own format; mask NULL = exact. */
void field_format(const struct field *, const struct field_value *, const struct field_value *mask,
                  const struct name_map *, struct text *);
char *field_parse(const struct field *, const char *text, const struct name_map *,
                  struct field_value *value, struct field_value *mask) MUST_USE;
/* FIELD, FIELD[], FIELD[b], FIELD[a..b] with its NXM or own name. */
char *subfield_parse(const char *, struct subfield *) MUST_USE;
void subfield_format(const struct subfield *, struct text *);
/* A flow (a packet's, not a match) as packet summaries and traces print it. */
void flow_format(const struct flow *, const struct name_map *, struct text *);
