/* act-private.h - what the files behind act.h share: the wire rows of actions.def and the checks
 * that decode and text parse have in common.
 *
 * Layer 2, pure; for ofp/act*.c only. */
#pragma once

#include "ofp/act.h"
#include "ofp/match.h"
#include "ofp/msg.h"

/* Which wire form; the values of struct act's 'raw'. */
enum act_raw {
    RAW_NONE, /* Canonical. */
#define ACT_WIRE(ID, ...) RAW_##ID,
#include "ofp/actions.def"
    RAW_N
};

/* Instructions, in the order of actions.def. */
enum act_inst {
#define ACT_INST(ID, ...) INST_##ID,
#include "ofp/actions.def"
    INST_N
};

#define ACT_TYPE_NONE    ACT_N_TYPES
#define ACT_FIELD_NONE   MF_N_IDS
#define ACT_NO_NUMBER    0xffff /* No standard number; also the type of experimenter actions. */
#define ACT_EXPERIMENTER 0xffff

struct act_wire;

/* Where a list of acts stands; decides what may be in it. */
enum act_outer { OUTER_NONE, OUTER_WRITE_ACTIONS, OUTER_CT, OUTER_CLONE };

/* Lists in lists, on the wire and in text; the outermost counts. */
#define ACT_MAX_DEPTH 100

struct act_decoder {
    struct acts *out;
    const struct msg_header *h; /* Version and TLV table. */
    enum act_outer outer;
    unsigned depth; /* How many lists stand around what is read. */
    bool metadata;  /* NXAST_WRITE_METADATA may be in it: 1.0 has no instructions. */
};

/* 'r' covers the body: behind type and length, or behind the experimenter's subtype; the padding at
 * the end belongs to it.  Short bodies may be left to r->err, which is BAD_LEN. */
typedef enum ofp_error act_dec_fn(struct act_decoder *, const struct act_wire *, struct wire_rd *r);
/* Writes the body. */
typedef void act_enc_fn(const struct act *, const struct act_wire *, uint8_t version,
                        struct wire_wr *);

struct act_wire {
    const char *name;
    enum act_type type; /* Or ACT_TYPE_NONE. */
    uint16_t number[6]; /* By version - 1. */
    uint32_t vendor;    /* 0: none. */
    uint16_t subtype;
    uint8_t first, last; /* Versions of the experimenter's form. */
    uint16_t min, max;
    act_dec_fn *dec; /* NULL: not supported. */
    act_enc_fn *enc;
    enum field_id field; /* Or ACT_FIELD_NONE. */
};
extern const struct act_wire act_wires[RAW_N];

/* The codecs that the rows name. */
#define ACT_CODEC(NAME)        \
    act_dec_fn act_dec_##NAME; \
    act_enc_fn act_enc_##NAME;
ACT_CODEC(null)
ACT_CODEC(output10)
ACT_CODEC(output)
ACT_CODEC(output_reg)
ACT_CODEC(output_reg2)
ACT_CODEC(controller)
ACT_CODEC(controller2)
ACT_CODEC(learn)
ACT_CODEC(clone)
ACT_CODEC(encap)
ACT_CODEC(decap)
ACT_CODEC(set_vlan_vid)
ACT_CODEC(set_vlan_pcp)
ACT_CODEC(push_vlan)
ACT_CODEC(push_mpls)
ACT_CODEC(push_pbb)
ACT_CODEC(u8)
ACT_CODEC(u16)
ACT_CODEC(u32)
ACT_CODEC(legacy)
ACT_CODEC(nw_tos)
ACT_CODEC(tunnel)
ACT_CODEC(tunnel64)
ACT_CODEC(set_field)
ACT_CODEC(reg_load)
ACT_CODEC(reg_load2)
ACT_CODEC(reg_move)
ACT_CODEC(copy_field)
ACT_CODEC(resubmit)
ACT_CODEC(resubmit_table)
ACT_CODEC(ct)
ACT_CODEC(nat)
ACT_CODEC(note)
ACT_CODEC(write_metadata)
ACT_CODEC(enqueue)
ACT_CODEC(output_trunc)
ACT_CODEC(stack)
ACT_CODEC(multipath)
ACT_CODEC(bundle)
ACT_CODEC(check_pkt_larger)
ACT_CODEC(delete_field)
ACT_CODEC(fin_timeout)
ACT_CODEC(dec_ttl_ids)
ACT_CODEC(conjunction)
ACT_CODEC(sample)
ACT_CODEC(sample4)
ACT_CODEC(debug)
#undef ACT_CODEC

struct act_inst_info {
    const char *name;
    uint16_t number;
    uint8_t first, last;
    uint16_t min, max;
};
extern const struct act_inst_info act_insts[INST_N];

/* Can the row go out in 'version'? */
static inline bool act_wire_valid(const struct act_wire *row, uint8_t version)
{
    return row->number[version - 1] != ACT_NO_NUMBER ||
           (row->vendor && version >= row->first && version <= row->last);
}

/* The first row of 'type' that 'version' has; NULL if none. */
const struct act_wire *act_wire_pick(enum act_type type, uint8_t version);

/* ---- set_field ---- */

/* Is there no mask, that is one of ones in every byte?  One that has just the field's bits is kept
 * as it came: it goes out as a mask (load:5->mpls_label[] has 20 of 32 bits). */
bool act_mask_full(const struct field *, const struct field_value *mask);
/* Cuts the value to the mask. */
void act_set_field_normalise(struct act_set_field *sf);
/* The next run of one bits of the mask from bit '*ofs' on, at most 64 long; false at the end.
 * '*value' is right-aligned. */
bool act_set_field_run(const struct act_set_field *sf, unsigned *ofs, unsigned *n_bits,
                       uint64_t *value);
/* Adds `load:value->dst`; the value's 'len' bytes are big endian, aligned to the right. */
void act_put_load(struct acts *out, const struct subfield *dst, const void *value, size_t len);
/* A field where only four bytes have room: no experimenter fields. */
enum ofp_error act_decode_header4(const struct act_decoder *, struct wire_rd *r,
                                  const struct field **) MUST_USE;
/* A subfield of such a header and this range, which is checked. */
enum ofp_error act_decode_subfield4(const struct act_decoder *, struct wire_rd *r, unsigned ofs,
                                    unsigned n_bits, struct subfield *) MUST_USE;
enum ofp_error act_check_range(const struct subfield *) MUST_USE; /* Or BAD_SET_LEN. */
/* Nicira's actions name a field by its oldest code point, in every version. */
#define ACT_NX_HEADERS OFP10_VERSION
bool act_is_experimenter(const struct field *); /* A header of eight bytes. */
bool act_has_header4(const struct field *);     /* One of four. */
/* A header of four or eight bytes, which must be known and have no mask: OFPBMC errors. */
enum ofp_error act_decode_header(const struct act_decoder *, struct wire_rd *r,
                                 const struct field **) MUST_USE;
/* The header and the range where these have room for four and two bytes. */
void act_encode_header4(const struct field *, struct wire_wr *);
uint16_t act_ofs_nbits(const struct subfield *);
/* Is what is left of the action padding? */
static inline bool act_rest_is_zero(const struct wire_rd *r)
{
    return is_all_zeros(r->p, wire_rd_left(r));
}
/* Does the wire form set one fixed field, with the soft rules of OpenFlow 1.0? */
bool act_raw_is_legacy(uint8_t raw);

/* ---- checks ---- */

bool act_meter_ok(uint32_t id); /* Can there be such a meter? */
/* May 'a' stand in 'outer'?  On error '*why' is a heap text. */
enum ofp_error act_verify(const struct act *a, enum act_outer outer, char **why) MUST_USE;
enum ofp_error act_nat_verify(const struct act_nat *, unsigned present) MUST_USE;
/* The specifications of a flow that is learned by one with this match. */
enum ofp_error act_learn_check(const struct act_learn *, const struct match *) MUST_USE;

/* NULL, or why a list that has a conjunction may not have what else is in it. */
char *act_conjunction_verify(const void *acts, size_t len) MUST_USE;
bool act_port_has_queues(uint32_t port); /* enqueue */
bool act_port_is_member(uint32_t port);  /* bundle */

/* ---- lists inside lists ---- */

/* Acts that are being built inside another: begin puts the outer one; end sets its lengths and
 * fails when it became too long. */
size_t act_nest_begin(struct acts *, enum act_type, size_t size);
bool act_nest_end(struct acts *, size_t ofs, size_t size);

/* Decodes a list of actions of exactly r's bytes. */
enum ofp_error act_decode_list(struct act_decoder *, struct wire_rd *r) MUST_USE;
/* Actions of exactly 'len' bytes of internal form. */
void act_encode_list(const void *acts, size_t len, uint8_t version, struct wire_wr *);
/* One act in the form of 'row', header included. */
void act_encode_as(const struct act *, const struct act_wire *row, uint8_t version,
                   struct wire_wr *);

const struct act_wire *act_sample_row(const struct act_sample *);
void act_encode_enqueue_11(const struct act_enqueue *, uint8_t version, struct wire_wr *);

/* ---- text ---- */

struct act_parser {
    const struct name_map *names;
    struct acts *out;
    enum act_outer outer;
    bool instructions; /* Allowed at this place. */
    unsigned depth;    /* How many lists stand around what is read. */
    uint8_t raw;       /* The word's, of the action at hand. */
    const char *word;
    bool bytes; /* The word was bytes of an action list, which the decoder has checked. */
};

/* NULL, or a heap string.  'arg' is modified. */
typedef char *act_parse_fn(struct act_parser *, char *arg);
/* The parsers that the words name. */
act_parse_fn act_parse_output;
act_parse_fn act_parse_controller;
act_parse_fn act_parse_u32;
act_parse_fn act_parse_null;
act_parse_fn act_parse_set_field;
act_parse_fn act_parse_load;
act_parse_fn act_parse_move;
act_parse_fn act_parse_set_vlan_vid;
act_parse_fn act_parse_mod_vlan_vid;
act_parse_fn act_parse_set_vlan_pcp;
act_parse_fn act_parse_mod_vlan_pcp;
act_parse_fn act_parse_push_vlan;
act_parse_fn act_parse_legacy;
act_parse_fn act_parse_nw_tos;
act_parse_fn act_parse_nw_ecn;
act_parse_fn act_parse_u8;
act_parse_fn act_parse_dec_ttl;
act_parse_fn act_parse_u16;
act_parse_fn act_parse_set_tunnel;
act_parse_fn act_parse_resubmit;
act_parse_fn act_parse_ct;
act_parse_fn act_parse_learn;
act_parse_fn act_parse_clone;
act_parse_fn act_parse_encap;
act_parse_fn act_parse_decap;
act_parse_fn act_parse_nat;
act_parse_fn act_parse_note;
act_parse_fn act_parse_meter;
act_parse_fn act_parse_clear_actions;
act_parse_fn act_parse_write_actions;
act_parse_fn act_parse_write_metadata;
act_parse_fn act_parse_goto_table;
act_parse_fn act_parse_apply_actions;
act_parse_fn act_parse_raw_actions;
act_parse_fn act_parse_raw_instructions;
act_parse_fn act_parse_enqueue;
act_parse_fn act_parse_output_trunc;
act_parse_fn act_parse_stack;
act_parse_fn act_parse_multipath;
act_parse_fn act_parse_bundle;
act_parse_fn act_parse_check_pkt_larger;
act_parse_fn act_parse_delete_field;
act_parse_fn act_parse_fin_timeout;
act_parse_fn act_parse_conjunction;
act_parse_fn act_parse_sample;

char *act_parse_list(struct act_parser *, char *text) MUST_USE;

/* Integers wider than 64 bits: big endian, aligned to the right. */
#define ACT_WIDE_MAX 256 /* Bytes: learn has 11 bits for a number of bits. */
/* Decimal, 0x hex or leading-0 octal; what follows it, or NULL: not an integer, or too long. */
const char *act_wide_parse(const char *, uint8_t wide[ACT_WIDE_MAX]);
/* Is nothing set above the lowest 'n_bits'? */
bool act_wide_fits(const uint8_t *, size_t len, unsigned n_bits);
void act_wide_format(const uint8_t *, size_t len, struct text *); /* 0x hex; 0. */

/* The whole argument as an integer up to 'max'. */
char *act_parse_int(const struct act_parser *, const char *arg, uint64_t max, uint64_t *) MUST_USE;
bool act_parse_table(const struct name_map *, const char *, uint8_t *table); /* Name or number. */
bool act_is_output_trunc(const char *arg);                                   /* Of output. */
/* A subfield that messages can name; in four bytes ('all' is the text for the error). */
char *act_parse_subfield(const char *, struct subfield *) MUST_USE;
char *act_parse_subfield4(const char *, const char *all, struct subfield *) MUST_USE;
/* The error of 'all', where the value has more bits than 'dst'. */
char *act_too_wide(const char *all, const struct subfield *dst, const struct field_value *,
                   const struct name_map *) MUST_USE;
#define ACT_REASON_ACTION 1
const char *act_reason_name(uint8_t reason); /* Of packet-ins; NULL if unknown. */
/* Where name_map.exact: what words do not say in full, as bytes. */
void act_format_exact(const void *acts, size_t len, const struct name_map *, struct text *);
void act_format_table(uint8_t table, const struct name_map *, struct text *);
void act_format_nat(const struct act_nat *, struct text *);
void act_format_enqueue(const struct act_enqueue *, const struct name_map *, struct text *);
void act_format_output_trunc(const struct act_output_trunc *, const struct name_map *,
                             struct text *);
void act_format_stack(const struct act_stack *, struct text *);
void act_format_multipath(const struct act_multipath *, struct text *);
void act_format_bundle(const struct act_bundle *, const struct name_map *, struct text *);
void act_format_check_pkt_larger(const struct act_check_pkt_larger *, struct text *);
void act_format_fin_timeout(const struct act_fin_timeout *, struct text *);
void act_format_dec_ttl_ids(const struct act_dec_ttl_ids *, struct text *);
void act_format_conjunction(const struct act_conjunction *, struct text *);
void act_format_sample(const struct act_sample *, const struct name_map *, struct text *);
void act_format_controller(const struct act_controller *, struct text *);
void act_format_learn(const struct act_learn *, const struct name_map *, struct text *);
void act_format_encap(const struct act_encap *, struct text *);
void act_format_decap(const struct act_u32 *, struct text *);
