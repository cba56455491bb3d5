/* act_decode.c - lists of actions and of instructions from the wire; see act.h.
 *
 * The row of actions.def found by version and number (or vendor and subtype) says the lengths and
 * the decoder of the body; what may stand where is act_verify()'s.  OpenFlow 1.3.5 sections 7.2.4
 * and 7.2.5. */
#include "ofp/act-private.h"

#include <stdlib.h>

/* Rows of the standard's actions by number, which are small, and version: filled once by a
 * constructor before main() and constant afterwards, so any thread may read it.  RAW_NONE: none. */
#define N_INDEXED 32
static uint16_t by_number[OFP15_VERSION][N_INDEXED];

_Static_assert(RAW_NONE == 0, "what is not filled is none");

__attribute__((__constructor__)) static void index_rows(void)
{
    for (size_t i = RAW_N; i-- > RAW_NONE + 1;) { /* The first row of a number is the one. */
        for (unsigned v = 0; v < OFP15_VERSION; v++) {
            if (act_wires[i].number[v] < N_INDEXED) {
                by_number[v][act_wires[i].number[v]] = (uint16_t)i;
            }
        }
    }
}

/* The row for the action at 'r', which covers the rest of the list; '*header' gets its length. */
static enum ofp_error find_row(struct wire_rd r, uint8_t version, const struct act_wire **row,
                               size_t *header)
{
    uint16_t type = wire_rd_u16(&r), len = wire_rd_u16(&r);
    uint32_t vendor = 0;
    uint16_t subtype = 0;

    *header = 4;
    if (type == ACT_EXPERIMENTER) {
        vendor = wire_rd_u32(&r);
        subtype = wire_rd_u16(&r);
        *header = 10;
        /* The standard's own header ends behind the vendor; what follows is up to that. */
        if (len >= 8 && vendor != NX_VENDOR_ID && vendor != ONF_VENDOR_ID) {
            return OFPERR_OFPBAC_BAD_VENDOR;
        }
        if (r.err || len < 16) {
            return OFPERR_OFPBAC_BAD_LEN;
        }
    }
    if (type < N_INDEXED && by_number[version - 1][type] != RAW_NONE) {
        *row = &act_wires[by_number[version - 1][type]];
        return OFPERR_OK;
    }
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        const struct act_wire *w = &act_wires[i];
        if (vendor ? w->vendor == vendor && w->subtype == subtype && version >= w->first &&
                         version <= w->last
                   : w->number[version - 1] == type) {
            *row = w;
            return OFPERR_OK;
        }
    }
    return vendor ? OFPERR_OFPBAC_BAD_VENDOR_TYPE : OFPERR_OFPBAC_BAD_TYPE;
}

static enum ofp_error decode_one(struct act_decoder *d, struct wire_rd *r)
{
    const struct act_wire *row;
    size_t header;
    enum ofp_error error = find_row(*r, d->h->version, &row, &header);
    if (error) {
        return error;
    }
    if (!row->dec) {
        return row->vendor ? OFPERR_OFPBAC_BAD_VENDOR_TYPE : OFPERR_OFPBAC_BAD_TYPE;
    }
    uint16_t len = get_be16(r->p + 2);
    if (len < header || len % 8 || len > wire_rd_left(r)) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    if (len < row->min || len > row->max) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    struct wire_rd body = wire_rd_sub(r, len);
    wire_rd_skip(&body, header);
    size_t ofs = d->out->len;
    error = row->dec(d, row, &body);
    if (error) {
        return error;
    }
    if (body.err) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    if (d->out->len > ACTS_MAX) {
        return OFPERR_OFPBAC_TOO_MANY;
    }
    const struct act *a = (const void *)((char *)d->out->data + ofs);
    error = act_verify(a, d->outer, NULL);
    if (!error && a->type == ACT_WRITE_METADATA && !d->metadata) {
        error = OFPERR_OFPBIC_UNSUP_INST;
    }
    return error;
}

/* The acts from 'start' on. */
static enum ofp_error check_conjunctions(const struct acts *acts, size_t start)
{
    if (acts->len == start) {
        return OFPERR_OK;
    }
    char *why = act_conjunction_verify((const char *)acts->data + start, acts->len - start);
    free(why);
    return why ? OFPERR_NXBAC_BAD_CONJUNCTION : OFPERR_OK;
}

enum ofp_error act_decode_list(struct act_decoder *d, struct wire_rd *r)
{
    enum ofp_error error = OFPERR_OK;

    if (r->err || wire_rd_left(r) % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (d->depth >= ACT_MAX_DEPTH) {
        return OFPERR_OFPBAC_TOO_MANY;
    }
    size_t start = d->out->len;
    d->depth++;
    while (!error && wire_rd_left(r)) {
        error = decode_one(d, r);
    }
    d->depth--;
    return error ? error : check_conjunctions(d->out, start);
}

static bool version_ok(uint8_t version)
{
    return version >= OFP10_VERSION && version <= OFP15_VERSION;
}

static enum ofp_error decode_actions(struct wire_rd *r, size_t len, const struct msg_header *h,
                                     bool metadata, struct acts *out)
{
    struct act_decoder d = {.out = out, .h = h, .outer = OUTER_NONE, .metadata = metadata};

    if (!version_ok(h->version)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    if (!len) {
        return OFPERR_OK;
    }
    struct wire_rd list = wire_rd_sub(r, len);
    return act_decode_list(&d, &list);
}

enum ofp_error acts_decode_actions(struct wire_rd *r, size_t len, const struct msg_header *h,
                                   struct acts *out)
{
    return decode_actions(r, len, h, false, out);
}

/* ---- instructions ---- */

/* What was found of each; p is NULL if absent, else covers the body. */
struct instructions {
    struct wire_rd body[INST_N];
    bool present[INST_N];
};

static enum ofp_error find_instruction(struct wire_rd *r, uint8_t version, enum act_inst *inst)
{
    uint16_t type = get_be16(r->p), len = get_be16(r->p + 2);

    if (len % 8 || len < 8 || len > wire_rd_left(r)) {
        return OFPERR_OFPBIC_BAD_LEN;
    }
    if (type == ACT_EXPERIMENTER) {
        return OFPERR_OFPBIC_BAD_EXPERIMENTER;
    }
    for (*inst = 0; *inst < INST_N; (*inst)++) {
        const struct act_inst_info *info = &act_insts[*inst];
        if (type == info->number && version >= info->first && version <= info->last) {
            return len >= info->min && len <= info->max ? OFPERR_OK : OFPERR_OFPBIC_BAD_LEN;
        }
    }
    return OFPERR_OFPBIC_UNKNOWN_INST;
}

static enum ofp_error split_instructions(struct wire_rd *r, uint8_t version,
                                         struct instructions *in)
{
    if (r->err || wire_rd_left(r) % 8) {
        return OFPERR_OFPBIC_BAD_LEN;
    }
    while (wire_rd_left(r)) {
        enum act_inst inst;
        enum ofp_error error = find_instruction(r, version, &inst);
        if (error) {
            return error;
        }
        if (in->present[inst]) {
            return OFPERR_OFPBIC_DUP_INST;
        }
        in->present[inst] = true;
        in->body[inst] = wire_rd_sub(r, get_be16(r->p + 2));
        wire_rd_skip(&in->body[inst], 4);
    }
    return OFPERR_OK;
}

static enum ofp_error decode_write_actions(struct wire_rd *r, const struct msg_header *h,
                                           struct acts *out)
{
    struct act_decoder d = {.out = out, .h = h, .outer = OUTER_WRITE_ACTIONS};
    size_t ofs = act_nest_begin(out, ACT_WRITE_ACTIONS, sizeof(struct act_write_actions));

    wire_rd_skip(r, 4);
    enum ofp_error error = act_decode_list(&d, r);
    if (error) {
        return error;
    }
    return act_nest_end(out, ofs, sizeof(struct act_write_actions)) ? OFPERR_OK
                                                                    : OFPERR_OFPBAC_TOO_MANY;
}

static enum ofp_error put_meter(struct wire_rd *r, struct acts *out)
{
    struct act_u32 *a = acts_put(out, ACT_METER, sizeof *a);
    a->value = wire_rd_u32(r);
    return act_meter_ok(a->value) ? OFPERR_OK : OFPERR_OFPMMFC_INVALID_METER;
}

/* 1.0: what stands for the instruction must be the last. */
static enum ofp_error decode_instructions_10(struct wire_rd *r, size_t len,
                                             const struct msg_header *h, struct acts *out)
{
    bool metadata = false;
    const struct act *a;
    enum ofp_error error = decode_actions(r, len, h, true, out);

    if (error) {
        return error;
    }
    ACT_FOR_EACH(a, out->data, out->len) {
        if (metadata) {
            return OFPERR_OFPBAC_UNSUPPORTED_ORDER;
        }
        metadata = a->type == ACT_WRITE_METADATA;
    }
    return OFPERR_OK;
}

/* In the order of execution, whatever theirs on the wire. */
static enum ofp_error put_instructions(struct instructions *in, const struct msg_header *h,
                                       struct acts *out)
{
    struct act_decoder d = {.out = out, .h = h, .outer = OUTER_NONE};
    enum ofp_error error = OFPERR_OK;

    if (in->present[INST_METER]) {
        error = put_meter(&in->body[INST_METER], out);
    }
    if (!error && in->present[INST_APPLY_ACTIONS]) {
        wire_rd_skip(&in->body[INST_APPLY_ACTIONS], 4);
        error = act_decode_list(&d, &in->body[INST_APPLY_ACTIONS]);
    }
    if (!error && in->present[INST_CLEAR_ACTIONS]) {
        acts_put(out, ACT_CLEAR_ACTIONS, sizeof(struct act_null));
    }
    if (!error && in->present[INST_WRITE_ACTIONS]) {
        error = decode_write_actions(&in->body[INST_WRITE_ACTIONS], h, out);
    }
    if (!error && in->present[INST_WRITE_METADATA]) {
        struct wire_rd *r = &in->body[INST_WRITE_METADATA];
        struct act_write_metadata *a = acts_put(out, ACT_WRITE_METADATA, sizeof *a);
        wire_rd_skip(r, 4);
        a->value = wire_rd_u64(r);
        a->mask = wire_rd_u64(r);
    }
    if (!error && in->present[INST_GOTO_TABLE]) {
        struct act_goto_table *a = acts_put(out, ACT_GOTO_TABLE, sizeof *a);
        a->table = wire_rd_u8(&in->body[INST_GOTO_TABLE]);
    }
    return error;
}

enum ofp_error acts_decode_instructions(struct wire_rd *r, size_t len, const struct msg_header *h,
                                        struct acts *out)
{
    struct instructions in;

    if (h->version == OFP10_VERSION) {
        return decode_instructions_10(r, len, h, out);
    }
    if (!version_ok(h->version)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    if (!len) {
        return OFPERR_OK;
    }
    memset(&in, 0, sizeof in);
    struct wire_rd list = wire_rd_sub(r, len);
    enum ofp_error error = split_instructions(&list, h->version, &in);
    size_t start = out->len;
    if (!error) {
        error = put_instructions(&in, h, out);
    }
    return error ? error : check_conjunctions(out, start);
}
