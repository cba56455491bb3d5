/* gen.h - valid and invalid samples of the OpenFlow language, from the tables: every match field,
 * action, instruction and message, in every version.
 *
 * What a sample must give comes from the rows and from bytes that genuine ovs-ofctl sent
 * (flow-mods.def, requests.def), never from the codec.  The same seed gives the same samples. */
#pragma once

#include "ofp/act-private.h"

enum gen_kind {
    GEN_OXM,         /* A bare list of TLVs. */
    GEN_ACTIONS,     /* A list of actions. */
    GEN_INSTRUCTION, /* A list of instructions. */
    GEN_MESSAGE,
    GEN_N_KINDS
};
extern const char *const gen_kind_names[GEN_N_KINDS];

enum gen_want {
    WANT_SAME,  /* Decodes; encodes to the same bytes. */
    WANT_OK,    /* Decodes; comes out in another form, which is canonical. */
    WANT_ERROR, /* Exactly 'error'. */
    WANT_ANY    /* An error or none; what decodes has a canonical form. */
};

struct gen_sample {
    enum gen_kind kind;
    const char *row;  /* Its name. */
    const char *what; /* How it was made: "exact", "longer", ... */
    uint8_t version;
    const uint8_t *data;
    size_t len;
    enum gen_want want;
    enum ofp_error error;
};

typedef void gen_fn(void *aux, const struct gen_sample *);

void gen_fields(uint64_t seed, gen_fn *, void *aux);
void gen_actions(gen_fn *, void *aux);
void gen_instructions(gen_fn *, void *aux);
void gen_messages(gen_fn *, void *aux);
void gen_all(uint64_t seed, gen_fn *, void *aux);

/* Rows of actions.def that no recorded or written sample shows; ends with RAW_NONE. */
const enum act_raw *gen_actions_missing(void);

/* What genuine ovs-ofctl sent for a line of flows.txt. */
struct gen_recorded {
    uint8_t version;
    const char *text, *hex;
};
extern const struct gen_recorded gen_flow_mods[]; /* End with a NULL text. */
extern const struct gen_recorded gen_requests[];

/* What known.def says of a line of flows.txt: our bytes are others; the error that its message
 * gives. */
bool gen_is_known(const char *line);
enum ofp_error gen_refused(const struct gen_recorded *);

/* Where match and instructions of a FLOW_MOD or NXT_FLOW_MOD start; false if it is neither. */
struct gen_flow_parts {
    size_t match, acts; /* Offsets. */
};
bool gen_flow_parts(const uint8_t *msg, size_t len, struct gen_flow_parts *);
