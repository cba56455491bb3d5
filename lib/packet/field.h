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
    PREREQ_N
};

/* A protocol's word in text (`tcp6`) and what it stands for. */
struct field_word {
    const char *word;
    uint16_t eth_type; /* 0: none, `eth`. */
    uint8_t ip_proto;  /* 0: none. */
};
extern const struct field_word field_words[]; /* Ends with a NULL word. */

/* An OXM/NXM code point.  'header' is the 32-bit header without mask bit, payload length unmasked
 * (for class 0xffff including the four bytes of 'experimenter'); 0 = none.  'min_version' is the
 * first OpenFlow wire version (1 = 1.0 .. 6 = 1.5) that this switch sends it in; all are accepted
 * in all. */
struct field_codepoint {
    const char *name; /* "NXM_OF_IN_PORT"; NULL: no such code point. */
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
    uint8_t size;      /* Bytes of the container; 0: none of its own (tunnel options), or none. */
    uint8_t shift;     /* Of the value's bit 0 within the container. */
    uint64_t store;    /* The container's bits that belong to the field, if size <= 8. */
    enum field_maskable maskable;
    enum field_access access;
    enum field_prereq prereq;
    enum field_format format;
    uint8_t first_version; /* Wire version whose standard has it, 0 = extension only. */
    struct field_codepoint cp[FIELD_MAX_CODEPOINTS]; /* By min_version. */
};

#define FIELD_VALUE_MAX TUN_OPTION_MAX /* Others have 16 at most. */
struct field_value {
    uint8_t b[FIELD_VALUE_MAX];
};

extern const struct field fields[MF_N_IDS];

/* Tunnel options.  The rows in fields[] are for where no TLV table is known: values are 124 bytes
 * long, right-aligned, and travel at the length they need.  A table that maps an option to 'len'
 * bytes (a multiple of 4, 4..124) makes it a field of that length, whose row this is. */
static inline bool field_is_tun(const struct field *f)
{
    return f->id >= MF_TUN_METADATA0 && f->id <= MF_TUN_METADATA63;
}
static inline unsigned field_tun_index(const struct field *f)
{
    return (unsigned)(f->id - MF_TUN_METADATA0);
}
static inline bool field_is_mapped(const struct field *f)
{
    return f != &fields[f->id];
}
const struct field *field_tun_mapped(unsigned index, unsigned len);
/* Takes an option out of a flow that has a table. */
void field_tun_delete(const struct field *, struct flow *);
/* Bits of a mapped option, which lies where the table says, beside those that are matched already.
 * False: the table (or NULL) does not map the field, or there is no room. */
bool match_add_tun(struct match *, const struct tlv_table *, const struct field *,
                   const struct field_value *value, const struct field_value *mask) MUST_USE;
/* Bytes that value and mask (NULL: exact) have on the wire: n_bytes, but for unmapped options. */
unsigned field_wire_len(const struct field *, const struct field_value *value,
                        const struct field_value *mask);

/* The low 64 bits of a value as an integer, and back (the rest becomes zero); all ones. */
uint64_t field_value_to_u64(const struct field *, const struct field_value *);
void field_value_from_u64(const struct field *, uint64_t, struct field_value *);
void field_value_ones(const struct field *, struct field_value *);

const struct field *field_by_name(const char *); /* Name, alias or code point name. */
/* 'header' with the mask bit and masked length already normalised away; NULL if unknown. */
const struct field *field_by_header(uint32_t header, uint32_t experimenter);
/* By class and field number only; NULL if unknown.  What length the code point has is in 'header'
 * of the result. */
const struct field_codepoint *field_codepoint_by_header(uint32_t header, uint32_t experimenter,
                                                        const struct field **);
/* The code point this switch sends in OpenFlow 'version' (1..6; 1 also means NXM lists): the newest
 * that the version reaches, else the oldest there is, since peers take all of them in all versions.
 * NULL: the field cannot be sent. */
const struct field_codepoint *field_codepoint(const struct field *, uint8_t version);
/* "NXM_OF_ETH_DST" where there is such a name, else the field's own: what subfields print. */
const char *field_code_name(const struct field *);

/* Values in and out of struct flow (or of a mask).  'out' is n_bytes long, zero-extended; the rest
 * of the structure is zero.  Tunnel options are read and written where the flow's TLV table says,
 * and become there by being written; without it, and where the table has no such field, they read
 * as zero and are not written: see match_put_tun().
 * Fields of a VLAN tag set VLAN_CFI too: a flow that has them has a tag (dl_vlan 0xffff removes
 * it).  The caller sees to prerequisites. */
void field_get(const struct field *, const struct flow *, struct field_value *out);
void field_set(const struct field *, const struct field_value *, struct flow *);
/* Sets only the bits that 'mask' has. */
void field_set_masked(const struct field *, const struct field_value *,
                      const struct field_value *mask, struct flow *);
/* Into a match: value & mask, and what the field implies (VLAN_CFI for dl_vlan and dl_vlan_pcp,
 * packet_type Ethernet for Ethernet fields).  A zero mask makes the field wild, but of a tunnel
 * option it says that it is there; those are packed, and dropped if there is no room. */
void field_set_match(const struct field *, const struct field_value *,
                     const struct field_value *mask, struct match *);
void field_mask_exact(const struct field *, struct flow *mask); /* All its bits to one. */
/* Of tunnel options, whose places a flow alone does not tell, never. */
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
struct subfield { /* Without padding: actions that hold one are compared as bytes. */
    const struct field *field;
    uint32_t ofs, n_bits;
};
/* The lowest min(n_bits,64) bits; wider subfields use the byte forms. */
uint64_t subfield_get(const struct subfield *, const struct flow *);
void subfield_set(const struct subfield *, uint64_t, struct flow *);
void subfield_move(const struct subfield *src, const struct subfield *dst, struct flow *);
void subfield_mask(const struct subfield *, struct flow *mask); /* Sets its bits to one. */

/* Big-endian bit strings: copies 'n' bits from bit 'src_ofs' to bit 'dst_ofs'. */
void bits_copy(const void *src, unsigned src_len, unsigned src_ofs, void *dst, unsigned dst_len,
               unsigned dst_ofs, unsigned n);
