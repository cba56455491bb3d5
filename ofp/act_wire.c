/* act_wire.c - the wire rows of actions.def as arrays.  See act-private.h. */
#include "ofp/act-private.h"

/* Rows without a codec. */
#define act_dec_unsupported NULL
#define act_enc_unsupported NULL

/* The words of the rows; they are macros only here. */
#define N          ACT_NO_NUMBER
#define ANY        65528
#define VENDOR_NO  0
#define VENDOR_NX  NX_VENDOR_ID
#define VENDOR_ONF ONF_VENDOR_ID
#define ACT_NONE   ACT_TYPE_NONE
#define MF_NONE    ACT_FIELD_NONE

const struct act_wire act_wires[RAW_N] = {
#define ACT_WIRE(ID, NAME, TYPE, OF10, OF11, OF12, OF13, OF14, OF15, VENDOR, SUB, FIRST, LAST, \
                 MIN, MAX, CODEC_, FIELD)                                                      \
    [RAW_##ID] = {                                                                             \
        .name = NAME,                                                                          \
        .type = ACT_##TYPE,                                                                    \
        .number = {OF10, OF11, OF12, OF13, OF14, OF15},                                        \
        .vendor = VENDOR_##VENDOR,                                                             \
        .subtype = SUB,                                                                        \
        .first = FIRST,                                                                        \
        .last = LAST,                                                                          \
        .min = MIN,                                                                            \
        .max = MAX,                                                                            \
        .dec = act_dec_##CODEC_,                                                               \
        .enc = act_enc_##CODEC_,                                                               \
        .field = MF_##FIELD,                                                                   \
    },
#include "ofp/actions.def"
};

const struct act_inst_info act_insts[INST_N] = {
#define ACT_INST(ID, NAME, NUMBER, FIRST, LAST, MIN, MAX) \
    [INST_##ID] = {NAME, NUMBER, FIRST, LAST, MIN, MAX},
#include "ofp/actions.def"
};

const struct act_wire *act_wire_pick(enum act_type type, uint8_t version)
{
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        if (act_wires[i].type == type && act_wire_valid(&act_wires[i], version)) {
            return &act_wires[i];
        }
    }
    return NULL;
}
