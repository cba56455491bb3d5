/* odp-private.h - ODP text of keys and actions: the rows that printing and parsing share, and the
 * values of which they are made.
 *
 * Layer 3, any thread.  A header of a key is a row of odp_key_attrs, in the order in which keys are
 * printed; what is no plain list of members has its own two functions.  Set actions print and read
 * the same members from a union dp_set_value: odp_set_attrs.
 *
 * Invariants: what is printed reads as what it was made of, but for what text leaves out: bits that
 * are not matched, a tag's presence bit, what the executor adds.  Errors: lib/text.h. */
#pragma once

#include "lib/dp/action.h"

enum odp_style {
    ODP_DEC,
    ODP_HEX,
    ODP_0X /* Zero too. */,
    ODP_BYTE /* 0x0f */,
    ODP_IP4,
    ODP_IP6,
    ODP_MAC
};

struct odp_member {
    const char *name; /* NULL: the value alone, as in `skb_mark(0x7)`. */
    enum odp_style style;
    uint16_t ofs, n; /* Place and size of the big-endian member in the structure. */
    uint32_t full;   /* Mask that counts as exact; 0: all bits. */
};

/* One key on its way into text. */
struct odp_out {
    struct text *t;
    size_t start; /* Where the present list of headers begins. */
    const struct key *key, *mask;
    bool verbose;
    const struct dp_format *format;
    unsigned n_open; /* encap( that are not closed yet. */
};

/* Text on its way into a key. */
struct odp_in {
    struct key *key, *mask; /* mask NULL: not wanted; masks are read over. */
    bool (*port_by_name)(void *aux, const char *, uint32_t *);
    void *aux;
    unsigned n_vlans, depth;
};

struct odp_attr {
    const char *name;
    const struct odp_member *m;
    size_t n;
    bool (*when)(const struct odp_out *);         /* NULL: always. */
    void (*put)(struct odp_out *);                /* NULL: the members. */
    char *(*parse)(struct odp_in *, char *value); /* NULL: the members. */
    bool quiet;                                   /* Only what is matched, verbose or not. */
};
extern const struct odp_attr odp_key_attrs[];
extern const size_t odp_n_key_attrs;

/* The members of `set`, by enum dp_set_header. */
struct odp_set_attr {
    const char *name;
    const struct odp_member *m; /* NULL: vlan, mpls, tunnel, which have functions. */
    size_t n;
};
extern const struct odp_set_attr odp_set_attrs[];
extern const size_t odp_n_set_attrs;

struct odp_flags {
    const char *const *names; /* Of bit 0 on. */
    size_t n;
    uint32_t all;
};
extern const struct odp_flags odp_ct_state, odp_tcp_flags, odp_tunnel_flags;

extern const struct odp_member odp_ct_label;            /* Of a `ct` action's label or mask. */
extern const char *const odp_action_names[DP_ACTION_N]; /* action_format.c */

/* ---- odp_member.c: values ---- */

/* `name(members)`, with a comma ahead unless the text is just 'start' long.  Members that 'mask'
 * leaves out are shown only if 'verbose'; without any the whole header is left out. */
void odp_put_header(struct text *, size_t start, const char *name, const struct odp_member *,
                    size_t n, const void *value, const void *mask, bool verbose);
void odp_put_comma(struct text *, size_t start);
/* `+syn-ack`; where the mask is 'exact', `syn|ack` as nothing is left open. */
void odp_put_flags(struct text *, uint32_t value, uint32_t mask, uint32_t exact,
                   const struct odp_flags *);
void odp_put_mpls_lse(struct text *, uint32_t lse, uint32_t mask); /* Host order. */
void odp_put_vlan_tci(struct text *, uint16_t tci, uint16_t mask, bool verbose);

/* The part behind a '/', which is cut off; NULL: there is none. */
char *odp_split_mask(char *value);
/* `VALUE[/MASK]`, each at most 'max'; without a mask that is 'max'. */
bool odp_read_number(char *value, uint64_t max, uint64_t *v, uint64_t *mask);
/* The inside of a header; 'mask' may be NULL. */
char *odp_parse_members(const char *header, char *text, const struct odp_member *, size_t n,
                        void *value, void *mask) MUST_USE;
char *odp_parse_member(const char *header, const char *name, char *value, const struct odp_member *,
                       size_t n, void *to, void *mask) MUST_USE;
/* `0x21[/MASK]`, `syn|ack` (exact), `+syn-ack` (those named are matched). */
bool odp_read_flags(char *, const struct odp_flags *, uint32_t *flags, uint32_t *mask);
/* One part of an MPLS label or of a tag, added to '*v' and '*mask'; '*seen': a bit for each part.
 */
bool odp_read_mpls_part(const char *name, char *value, uint32_t *v, uint32_t *mask, unsigned *seen);
bool odp_read_vlan_part(const char *name, char *value, uint16_t *v, uint16_t *mask);
char *odp_bad_value(const char *header, const char *value);

/* ---- key_format.c ---- */
void odp_put_recirc_id(struct odp_out *);
void odp_put_skb_priority(struct odp_out *);
void odp_put_in_port(struct odp_out *);
void odp_put_ct_state(struct odp_out *);
void odp_put_tuple(struct odp_out *);
void odp_put_packet_type(struct odp_out *);
void odp_put_eth(struct odp_out *);
void odp_put_vlans(struct odp_out *);
void odp_put_eth_type(struct odp_out *);
void odp_put_ip(struct odp_out *);
void odp_put_exthdrs(struct odp_out *);
void odp_put_key32(struct odp_out *);
void odp_put_tcp_flags(struct odp_out *);
void odp_put_mpls(struct odp_out *);
void odp_put_arp(struct odp_out *);
void odp_put_nsh(struct odp_out *);

/* ---- key_parse.c ---- */
char *odp_parse_recirc_id(struct odp_in *, char *);
char *odp_parse_skb_priority(struct odp_in *, char *);
char *odp_parse_in_port(struct odp_in *, char *);
char *odp_parse_ct_state(struct odp_in *, char *);
char *odp_parse_packet_type(struct odp_in *, char *);
char *odp_parse_vlan(struct odp_in *, char *);
char *odp_parse_encap(struct odp_in *, char *);
char *odp_parse_eth_type(struct odp_in *, char *);
char *odp_parse_ip4(struct odp_in *, char *);
char *odp_parse_ip6(struct odp_in *, char *);
char *odp_parse_key32(struct odp_in *, char *);
char *odp_parse_tcp_flags(struct odp_in *, char *);
char *odp_parse_mpls(struct odp_in *, char *);

/* ---- tunnel_text.c ---- */
void odp_put_tunnel(struct odp_out *);
char *odp_parse_tunnel(struct odp_in *, char *);
void odp_put_tunnel_set(struct text *, const struct dp_action_set *);
char *odp_parse_tunnel_set(char *text, struct dp_actions *); /* Appends it. */

/* ---- set_parse.c ---- */
char *odp_parse_set(char *value, struct dp_actions *); /* What stands in `set(`; appends it. */

/* ---- geneve_text.c ---- */
/* `geneve({...}{...}),`; the key has a tunnel. */
void odp_put_geneve(struct text *, const struct key *, const struct key *mask, bool verbose);
char *odp_parse_geneve(struct odp_in *, char *value);
