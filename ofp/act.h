/* act.h - actions and instructions: one row each in actions.def, one internal form, and the lists
 * of them.
 *
 * Layer 2, pure.  The internal form is a sequence of struct act, each 8-byte aligned and 'len'
 * bytes long.  Instructions are acts too (ACT_METER, ACT_CLEAR_ACTIONS, ACT_WRITE_ACTIONS,
 * ACT_WRITE_METADATA, ACT_GOTO_TABLE) and stand in that order behind the apply actions (meter
 * first), which is the order of text and of execution.
 *
 * From the rows derive: decode, encode, text parse, text format, checks; translation has its own
 * array over the same rows (ofproto/xlate), so that a missing translator does not compile. */
#pragma once

#include "lib/packet/field.h"
#include "lib/wire.h"
#include "ofp/error.h"

/* ACT(ID, STRUCT, NAME, EXEC, RANK, SLOT) - columns are documented in actions.def. */
enum act_type {
#define ACT(ID, ...) ACT_##ID,
#include "ofp/actions.def"
    ACT_N_TYPES
};

/* The order of text and of execution: instructions and, as one of them, the apply actions. */
enum act_rank {
    ACT_RANK_METER,
    ACT_RANK_APPLY,
    ACT_RANK_CLEAR_ACTIONS,
    ACT_RANK_WRITE_ACTIONS,
    ACT_RANK_WRITE_METADATA,
    ACT_RANK_GOTO_TABLE,
};

/* Places of an action set, in order of execution.  ACT_SLOT_SET is cumulative, in the order
 * written; of GROUP and later only the first present takes effect.  All others: the last written
 * replaces. */
enum act_slot {
    ACT_SLOT_NONE, /* Not allowed in an action set. */
    ACT_SLOT_COPY_TTL_IN,
    ACT_SLOT_POP_VLAN,
    ACT_SLOT_POP_PBB,
    ACT_SLOT_POP_MPLS,
    ACT_SLOT_DECAP,
    ACT_SLOT_ENCAP,
    ACT_SLOT_PUSH_MPLS,
    ACT_SLOT_PUSH_PBB,
    ACT_SLOT_PUSH_VLAN,
    ACT_SLOT_COPY_TTL_OUT,
    ACT_SLOT_DEC_TTL,
    ACT_SLOT_DEC_MPLS_TTL,
    ACT_SLOT_DEC_NSH_TTL,
    ACT_SLOT_SET,
    ACT_SLOT_GROUP,
    ACT_SLOT_OUTPUT,
    ACT_SLOT_RESUBMIT,
    ACT_SLOT_CT_CLEAR,
    ACT_SLOT_CT,
};

/* The rows, by enum act_type. */
struct act_info {
    const char *name;
    enum act_rank rank;
    enum act_slot slot;
    bool exec; /* Translation executes it. */
};
extern const struct act_info act_infos[ACT_N_TYPES];

struct act {
    uint16_t type; /* enum act_type */
    uint16_t len;  /* Including this header; multiple of 8. */
    uint8_t
        raw; /* Which wire form it came in as (0: canonical), so that it goes out the same way. */
    uint8_t
        resolved; /* acts_check() found: the protocol of a mod_tp_*; the tag that vlan_tci is of. */
    uint8_t pad[2];
};

struct msg_header;
struct acts {
    void *data; /* Heap or NULL. */
    size_t len; /* Bytes. */
    size_t cap;
};

#define ACTS_INIT ((struct acts){NULL, 0, 0})
#define ACTS_MAX  262144 /* Bytes of internal form; longer lists are refused. */
void acts_init(struct acts *);
void acts_deinit(struct acts *);
void acts_copy(struct acts *dst, const struct acts *src); /* dst is initialised by this. */
bool acts_equal(const struct acts *, const struct acts *);
void *acts_put(struct acts *, enum act_type, size_t len); /* Zeroed but for the header. */

static inline const struct act *act_next(const struct act *a)
{
    return (const struct act *)(const void *)((const char *)a + a->len);
}

/* DATA may be NULL, with which even adding 0 is undefined. */
#define ACT_FOR_EACH(A, DATA, LEN)         \
    for ((A) = (const struct act *)(DATA); \
         (A) && (const char *)(A) < (const char *)(DATA) + (LEN); (A) = act_next(A))

/* OpenFlow ports, 32-bit space. */
#define OFPP_MAX         UINT32_C(0xffffff00)
#define OFPP_UNSET       UINT32_C(0xfffffff7)
#define OFPP_IN_PORT     UINT32_C(0xfffffff8)
#define OFPP_TABLE       UINT32_C(0xfffffff9)
#define OFPP_NORMAL      UINT32_C(0xfffffffa)
#define OFPP_FLOOD       UINT32_C(0xfffffffb)
#define OFPP_ALL         UINT32_C(0xfffffffc)
#define OFPP_CONTROLLER  UINT32_C(0xfffffffd)
#define OFPP_LOCAL       UINT32_C(0xfffffffe)
#define OFPP_ANY         UINT32_C(0xffffffff)
#define OFPP_NONE        OFPP_ANY
#define OFPG_ANY         UINT32_C(0xffffffff)
#define OFPTT_ALL        255
#define OFP_N_TABLES     254
#define OFPCML_NO_BUFFER 0xffff

/* The structures behind the types. */
struct act_null { /* ACT_POP_VLAN, ACT_DEC_TTL, ACT_CT_CLEAR, ACT_CLEAR_ACTIONS, ACT_EXIT, ... */
    struct act act;
};

struct act_output {
    struct act act;
    uint32_t port;    /* OFPP_* or a number. */
    uint16_t max_len; /* Only for OFPP_CONTROLLER. */
};

struct act_output_reg { /* output:FIELD[a..b] */
    struct act act;
    struct subfield src;
    uint16_t max_len;
};

struct act_push_vlan {
    struct act act;
    uint16_t eth_type; /* Host order. */
};

struct act_set_vlan { /* ACT_SET_VLAN_VID, ACT_SET_VLAN_PCP: the legacy forms kept apart on 1.0. */
    struct act act;
    uint16_t value;
    bool push_if_absent; /* mod_vlan_*: OpenFlow 1.0 meaning. */
    bool has_tag;        /* acts_check() knows that there is a tag at this place. */
};

struct act_u8 { /* ACT_SET_NW_TTL, ACT_SET_MPLS_TTL */
    struct act act;
    uint8_t value;
};

struct act_u16 { /* ACT_PUSH_MPLS, ACT_POP_MPLS, ACT_PUSH_PBB: an EtherType, host order. */
    struct act act;
    uint16_t value;
};

struct act_u32 { /* ACT_SET_QUEUE, ACT_GROUP, ACT_METER, ACT_DECAP (a packet type) */
    struct act act;
    uint32_t value;
};

/* ACT_SET_FIELD: set_field, reg_load, reg_load2 and the mod_* aliases.  'raw' of the header tells
 * them apart for encode and print. */
struct act_set_field {
    struct act act;
    const struct field *field;
    struct field_value value; /* value & ~mask == 0 */
    struct field_value mask;
};

struct act_reg_move { /* ACT_REG_MOVE */
    struct act act;
    struct subfield src, dst;
};

struct act_resubmit {
    struct act act;
    uint32_t in_port; /* OFPP_IN_PORT: unchanged. */
    uint8_t table;    /* 255: the current one. */
    bool ct;          /* resubmit(port,table,ct) */
};

struct act_ct {
    struct act act;
    bool commit, force;
    uint8_t table;     /* 255: no recirculation. */
    uint16_t alg;      /* 0, 21 ftp, 69 tftp. */
    uint16_t zone_imm; /* If zone_src.field is NULL. */
    struct subfield zone_src;
    uint32_t nested_len;  /* Bytes of nested acts behind this structure (act_ct_nested()). */
    uint16_t other_flags; /* Of the wire, without meaning; kept. */
    uint16_t pad;
    /* Nested acts follow: ACT_NAT, ACT_SET_FIELD, ACT_REG_MOVE. */
};

static inline const struct act *act_ct_nested(const struct act_ct *a)
{
    return (const struct act *)(const void *)(a + 1);
}

/* ACT_NAT, only nested in ACT_CT. */
#define NAT_SRC          0x01
#define NAT_DST          0x02
#define NAT_PERSISTENT   0x04
#define NAT_PROTO_HASH   0x08
#define NAT_PROTO_RANDOM 0x10
#define NAT_FLAGS        0x1f
struct act_nat {
    struct act act;
    uint16_t flags; /* NAT_* */
    uint8_t af;     /* Of the address range: 0 none, 4, 6. */
    uint8_t pad;
    uint16_t proto_min, proto_max;      /* Host order; 0 none, max 0: same as min. */
    uint8_t addr_min[16], addr_max[16]; /* IPv4: first four bytes.  max all zero: same as min. */
};

struct act_write_actions { /* ACT_WRITE_ACTIONS, ACT_CLONE: nested acts follow. */
    struct act act;
    uint32_t nested_len, pad;
};

static inline const struct act *act_write_actions_nested(const struct act_write_actions *a)
{
    return (const struct act *)(const void *)(a + 1);
}

struct act_write_metadata {
    struct act act;
    uint64_t value, mask; /* Host order. */
};

struct act_goto_table {
    struct act act;
    uint8_t table;
};

struct act_note {
    struct act act;
    uint16_t n; /* Bytes that follow. */
    uint8_t data[];
};

struct act_enqueue { /* Output through a queue; from OpenFlow 1.1 on three actions on the wire. */
    struct act act;
    uint32_t port, queue;
};

struct act_output_trunc { /* output(port=P,max_len=N) */
    struct act act;
    uint32_t port;
    uint32_t max_len; /* Bytes, OUTPUT_TRUNC_MIN at least. */
};
#define OUTPUT_TRUNC_MIN 14

struct act_stack { /* ACT_STACK_PUSH, ACT_STACK_POP */
    struct act act;
    struct subfield field;
};

/* What multipath and bundle hash over. */
enum act_hash {
    ACT_HASH_ETH_SRC,
    ACT_HASH_SYMMETRIC_L4,
    ACT_HASH_SYMMETRIC_L3L4,
    ACT_HASH_SYMMETRIC_L3L4_UDP,
    ACT_HASH_NW_SRC,
    ACT_HASH_NW_DST,
    ACT_HASH_SYMMETRIC_L3,
    ACT_N_HASHES
};

struct act_multipath {
    struct act act;
    uint16_t fields; /* enum act_hash */
    uint16_t basis;
    uint16_t algorithm; /* 0 modulo_n, 1 hash_threshold, 2 hrw, 3 iter_hash. */
    uint16_t max_link;  /* Links are 0...max_link. */
    uint32_t arg;
    uint32_t pad;
    struct subfield dst;
};

#define BUNDLE_MAX_MEMBERS 2048
struct act_bundle { /* ACT_BUNDLE, ACT_BUNDLE_LOAD */
    struct act act;
    uint16_t algorithm; /* 0 active_backup, 1 hrw. */
    uint16_t fields;    /* enum act_hash */
    uint16_t basis;
    uint16_t n_members;
    struct subfield dst; /* Where bundle_load stores the port; all zero in bundle. */
    uint32_t members[];  /* Ports. */
};

struct act_check_pkt_larger {
    struct act act;
    uint16_t pkt_len; /* Bytes of the frame, without FCS. */
    uint16_t pad[3];
    struct subfield dst; /* One bit. */
};

struct act_delete_field { /* A tunnel option. */
    struct act act;
    const struct field *field;
};

struct act_fin_timeout {
    struct act act;
    uint16_t idle, hard; /* Seconds; 0: leave. */
};

struct act_dec_ttl_ids { /* dec_ttl(ID,...): which controllers hear of an expired TTL. */
    struct act act;
    uint16_t n;
    uint16_t ids[];
};

#define CONJUNCTION_MAX_CLAUSES 64
struct act_conjunction {
    struct act act;
    uint8_t clause; /* From 0. */
    uint8_t n_clauses;
    uint32_t id;
};

struct act_sample {
    struct act act;
    uint16_t probability; /* Of 65535. */
    uint8_t direction;    /* 0 none, 1 ingress, 2 egress. */
    uint8_t pad;
    uint32_t collector_set_id;
    uint32_t sampling_port; /* OFPP_NONE: none. */
    uint32_t domain, point; /* If the fields below are NULL. */
    uint32_t pad2;
    struct subfield domain_src, point_src; /* 32 bits at most. */
};

struct act_controller { /* ACT_CONTROLLER: controller(...) with anything but the defaults. */
    struct act act;
    uint16_t max_len, controller_id;
    uint32_t meter_id; /* 0: none. */
    uint16_t n_userdata;
    uint8_t reason;
    bool pause;
    uint8_t userdata[]; /* n_userdata bytes. */
};

/* Is there more than max_len, id and reason, which the first form of the action has? */
static inline bool act_controller_is_extended(const struct act_controller *a)
{
    return a->meter_id || a->n_userdata || a->pause;
}

/* ACT_LEARN: specifications follow, each with the header of an act (its type means nothing). */
#define LEARN_SEND_FLOW_REM  0x1
#define LEARN_DELETE_LEARNED 0x2
struct act_learn {
    struct act act;
    uint32_t nested_len; /* Bytes of specifications behind this structure. */
    uint16_t idle_timeout, hard_timeout, fin_idle_timeout, fin_hard_timeout, priority;
    uint8_t flags; /* LEARN_* */
    uint8_t table;
    uint32_t limit; /* 0: none. */
    uint64_t cookie;
    struct subfield result; /* One bit; field NULL: none. */
};

enum act_learn_kind {
    LEARN_MATCH,  /* The learned flow matches 'dst' on the source. */
    LEARN_LOAD,   /* It sets 'dst' to the source. */
    LEARN_OUTPUT, /* It outputs to the port that the source names; no 'dst'. */
};

struct act_learn_spec {
    struct act act;
    struct subfield src, dst; /* Fields NULL: immediate; LEARN_OUTPUT.  Both have 'n_bits' bits. */
    uint16_t n_bits;
    uint8_t kind;  /* enum act_learn_kind */
    uint8_t imm[]; /* ROUND_UP(n_bits, 8) / 8 bytes, big endian, right-aligned. */
};

static inline const struct act *act_learn_specs(const struct act_learn *a)
{
    return (const struct act *)(const void *)(a + 1);
}

/* The flow that it makes of a packet: its match, and its acts behind what 'acts' has.  False: it
 * would match a tunnel option that the packet's bridge does not map. */
bool act_learn_build(const struct act_learn *, const struct flow *, struct match *,
                     struct acts *acts) MUST_USE;
void act_learn_mask(const struct act_learn *, struct flow *mask); /* What it takes of a packet. */

/* Packet types: name space 16 bits, type 16 bits. */
#define PACKET_TYPE_ETHERNET UINT32_C(0x00000000)
#define PACKET_TYPE_NEXT     UINT32_C(0x0000fffe) /* decap: what the header says. */
#define PACKET_TYPE_NSH      UINT32_C(0x0001894f)
#define PACKET_TYPE_MPLS     UINT32_C(0x00018847)
#define PACKET_TYPE_MPLS_MC  UINT32_C(0x00018848)

struct act_encap { /* ACT_ENCAP: properties follow. */
    struct act act;
    uint32_t nested_len; /* Bytes of properties behind this structure. */
    uint32_t packet_type;
    uint16_t hdr_size; /* As received; without meaning. */
    uint16_t pad[3];
};

/* A property, with the header of an act (its type means nothing). */
struct act_encap_prop {
    struct act act;
    uint16_t tlv_class;
    uint8_t type;   /* ENCAP_* */
    uint8_t value;  /* MD type, or the TLV's type. */
    uint8_t n_data; /* Of the TLV. */
    uint8_t data[];
};
#define ENCAP_NSH_MDTYPE 1
#define ENCAP_NSH_TLV    2

static inline const struct act *act_encap_props(const struct act_encap *a)
{
    return (const struct act *)(const void *)(a + 1);
}

/* ---- wire ---- */

/* What decode and check need to know beside the bytes. */
struct act_limits {
    uint32_t max_ports; /* Ports at and above this (and not reserved) are bad; 0 = no check. */
    uint16_t n_tables;  /* goto and resubmit targets; 0: for the switch to say. */
    uint8_t cur_table;  /* goto must lead further; 255 = unknown. */
};

/* Actions in the form of the header's version from 'len' bytes of 'r' into 'out', which is
 * initialised by the caller. */
enum ofp_error acts_decode_actions(struct wire_rd *r, size_t len, const struct msg_header *,
                                   struct acts *out) MUST_USE;
/* Instructions (1.1+); on 1.0 the same as actions. */
enum ofp_error acts_decode_instructions(struct wire_rd *r, size_t len, const struct msg_header *,
                                        struct acts *out) MUST_USE;
void acts_encode_actions(const void *acts, size_t len, uint8_t version, struct wire_wr *w);
void acts_encode_instructions(const void *acts, size_t len, uint8_t version, struct wire_wr *w);

/* Are these acts allowed behind 'match'?  The hard checks of the reference, section 3; where
 * 'strict', the soft inconsistencies too (OpenFlow 1.1+).  Side effect: set_field rows that only
 * now know their protocol (mod_tp_src) are resolved in place. */
enum ofp_error acts_check(struct acts *, const struct match *, const struct act_limits *,
                          bool strict) MUST_USE;
/* For packet-out, where the match comes from the packet. */
bool acts_output_to_port(const void *acts, size_t len, uint32_t port); /* For out_port filters. */
bool acts_output_to_group(const void *acts, size_t len, uint32_t id);  /* For out_group filters. */
/* Calls 'cb' with the number of each act of this type (ACT_GROUP, ACT_METER), nested ones too;
 * false from it ends the walk and is the result. */
typedef bool acts_ref_cb(void *aux, uint32_t id);
bool acts_refs(const void *acts, size_t len, enum act_type, acts_ref_cb *, void *aux);
/* Bit N: an act reads, writes, learns or deletes tun_metadataN. */
uint64_t acts_tun_options(const void *acts, size_t len);

/* ---- text ---- */

/* How text says things: port and table names, both ways; any member may be NULL. */
struct name_map {
    void *aux;
    bool exact; /* On output, what the usual words leave out is said by raw_actions(...) and its
                 * like: see act_raw.c. */
    bool only_actions; /* With it: the text stands where no instructions may. */
    bool (*port_by_name)(void *aux, const char *, uint32_t *port);
    const char *(*port_name)(void *aux, uint32_t port);
    bool (*table_by_name)(void *aux, const char *, uint8_t *table);
    const char *(*table_name)(void *aux, uint8_t table);
};

/* The text after `actions=` (modified while parsed).  NULL, or a heap string naming the word at
 * fault. */
char *acts_parse(char *text, const struct name_map *, bool instructions, struct acts *out) MUST_USE;
void acts_format(const void *acts, size_t len, const struct name_map *, struct text *);

/* Port numbers in text: number, reserved name, switch's name. */
bool port_parse(const char *, const struct name_map *, uint32_t *port);
void port_format(uint32_t port, const struct name_map *, struct text *);
/* 16-bit ports of 1.0 and Nicira forms. */
uint32_t port_from_10(uint16_t);
uint16_t port_to_10(uint32_t);
