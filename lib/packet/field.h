/* field.h - match fields: one row each in fields.def, and what derives from the rows.
 *
 * Layer 1, pure.  A row says: name, alias, where the bits live in struct flow, width, mask rule,
 * access, prerequisite, text format, code points (NXM, OXM, experimenter), first OpenFlow version,
 * section of the specification.  Decode, encode, checks, text parse and format walk the rows; no
 * other place of the tree names a field's width or header.
 *
 * A field's value travels as struct field_value: big endian, 'n_bytes' long, right-aligned within
 * its declared bits (vlan_pcp is one byte, 0..7). */
#pragma once

#include "lib/packet/flow.h"
#include "lib/text.h"

enum field_id {
#define FIELD(ID, ...) MF_##ID,
#include "lib/packet/fields.def"
#undef FIELD
    MF_N_IDS
};

enum field_maskable { MASK_NONE, MASK_BIT };
enum field_access { ACCESS_RO, ACCESS_RW, ACCESS_CT /* Only inside ct(exec()). */ };

enum field_format {
    FMT_DECIMAL,
    FMT_HEX,
    FMT_MAC,
    FMT_IP4,
    FMT_IP6,
    FMT_PORT10, /* 16-bit OpenFlow 1.0 port. */
    FMT_PORT,   /* 32-bit port. */
    FMT_FRAG,
    FMT_CT_STATE,
    FMT_TCP_FLAGS,
    FMT_TUN_FLAGS,
    FMT_PACKET_TYPE,
};

/* Prerequisites: rows of protocols.def. */
enum field_prereq {
#define PROTO(ID, ...) PREREQ_##ID,
#include "lib/packet/protocols.def"
#undef PROTO
    PREREQ_N
};

/* An OXM/NXM code point.  'header' is the 32-bit header without mask bit, payload length unmasked
 * (for class 0xffff including the four bytes of 'experimenter'); 0 = none.  'min_version' is the
 * first OpenFlow wire version (1 = 1.0 .. 6 = 1.5) that this switch sends it in; all are accepted
 * in all. */
struct field_codepoint {
    uint32_t header;
    uint32_t experimenter;
    uint8_t min_version;
};
#define FIELD_MAX_CODEPOINTS 3

struct field {
    enum field_id id;
    const char *name;
    const char *alias; /* Or NULL. */
    uint16_t n_bytes;  /* Of the value on the wire. */
    uint16_t n_bits;   /* Significant, right-aligned. */
    uint16_t ofs;      /* Byte offset of the container in struct flow. */
    uint8_t size;      /* Bytes of the container. */
    uint8_t shift;     /* Of the value's bit 0 within the container. */
    enum field_maskable maskable;
    enum field_access access;
    enum field_prereq prereq;
    enum field_format format;
    struct field_codepoint cp[FIELD_MAX_CODEPOINTS]; /* Preferred name: the first. */
    const char *cp_name[FIELD_MAX_CODEPOINTS];       /* "NXM_OF_IN_PORT" and so on. */
    uint8_t first_version; /* Wire version carrying it, 0 = extension only. */
    const char *spec;      /* Section. */
};

#define FIELD_VALUE_MAX 16 /* Tunnel metadata, longer, keeps its bytes elsewhere. */
struct field_value {
    uint8_t b[FIELD_VALUE_MAX];
};

extern const struct field fields[MF_N_IDS];

const struct field *field_by_name(const char *); /* Name, alias or code point name. */
/* 'header' with the mask bit and masked length already normalised away; NULL if unknown. */
const struct field *field_by_header(uint32_t header, uint32_t experimenter);
/* The code point this switch sends in OpenFlow 'version' (1..6); NULL: the field cannot be sent. */
const struct field_codepoint *field_codepoint(const struct field *, uint8_t version);

/* Values in and out of struct flow (or of a mask).  'out' is n_bytes long, zero-extended. */
void field_get(const struct field *, const struct flow *, struct field_value *out);
void field_set(const struct field *, const struct field_value *, struct flow *);
/* Sets only the bits that 'mask' has. */
void field_set_masked(const struct field *, const struct field_value *,
                      const struct field_value *mask, struct flow *);
void field_mask_exact(const struct field *, struct flow *mask); /* All its bits to one. */
bool field_is_exact(const struct field *, const struct flow *mask);
bool field_is_wild(const struct field *, const struct flow *mask);
/* Is the value one the field may have (limits of fields.tsv)? */
bool field_value_ok(const struct field *, const struct field_value *);
/* Is the prerequisite met by what 'm' matches exactly? */
bool field_prereq_ok(const struct field *, const struct match *m);
/* Does this packet have the field (run-time prerequisite)? */
bool field_prereq_met(const struct field *, const struct flow *);
/* The bits that field_prereq_met() looked at, or-ed into 'mask'. */
void field_prereq_mask(const struct field *, const struct flow *, struct flow *mask);

/* A range of bits of a field, bit 0 = least significant. */
struct subfield {
    const struct field *field;
    uint16_t ofs, n_bits;
};
/* The lowest min(n_bits,64) bits; wider subfields use the byte forms. */
uint64_t subfield_get(const struct subfield *, const struct flow *);
void subfield_set(const struct subfield *, uint64_t, struct flow *);
void subfield_move(const struct subfield *src, const struct subfield *dst, struct flow *);
void subfield_mask(const struct subfield *, struct flow *mask); /* Sets its bits to one. */

/* Big-endian bit strings: copies 'n' bits from bit 'src_ofs' to bit 'dst_ofs'. */
void bits_copy(const void *src, unsigned src_len, unsigned src_ofs, void *dst, unsigned dst_len,
               unsigned dst_ofs, unsigned n);
