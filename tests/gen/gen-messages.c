/* gen-messages.c - see gen.h: messages from messages.def, with bytes that genuine ovs-ofctl sent
 * and the samples of the unit tests; and from the match samples, FLOW_MODs. */
#include <stdlib.h>

#include "lib/mem.h"
#include "tests/gen/gen.h"

static const struct {
    const char *name, *hex;
    enum gen_want want;
    enum ofp_error error;
} samples[] = {
#define MESSAGE(NAME, HEX, WANT, ERROR) {NAME, HEX, WANT, OFPERR_##ERROR},
#include "tests/gen/samples.h"
#undef MESSAGE
};

/* Rows whose body has one length only, in 1.3. */
static const bool exact[MSG_N_TYPES] = {
#define MSG(ID, NAME, DIR, FORM, V10, V11, V12, V13, V14, V15, MIN_, UNIT, BODY) \
    [MSG_##ID] = (UNIT) == 0,
#include "ofp/messages.def"
#undef MSG
};

static void emit(gen_fn *fn, void *aux, const char *row, const char *what, const uint8_t *msg,
                 size_t len, enum gen_want want, enum ofp_error error)
{
    const struct gen_sample s = {GEN_MESSAGE, row, what, msg[0], msg, len, want, error};
    fn(aux, &s);
}

static const char *row_name(const uint8_t *msg, size_t len, struct msg_header *h)
{
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    return msg_decode_header(&r, h) ? "(none)" : msg_name(h->type);
}

/* Every shorter length, the header's with it; and one byte more. */
static void gen_cuts(gen_fn *fn, void *aux, const char *row, const struct msg_header *h,
                     const uint8_t *msg, size_t len)
{
    bool fixed = h->type < MSG_N_TYPES && exact[h->type] && h->version == OFP13_VERSION;
    uint8_t *p = xzalloc(len + 1);

    memcpy(p, msg, len);
    for (size_t n = OFP_HEADER_LEN; n < len; n++) {
        put_be16(p + 2, (uint16_t)n);
        emit(fn, aux, row, "cut", p, n, fixed ? WANT_ERROR : WANT_ANY, OFPERR_OFPBRC_BAD_LEN);
    }
    if (len < OFP_MAX_LEN) {
        put_be16(p + 2, (uint16_t)(len + 1));
        emit(fn, aux, row, "longer by 1", p, len + 1, fixed ? WANT_ERROR : WANT_ANY,
             OFPERR_OFPBRC_BAD_LEN);
    }
    free(p);
}

static void gen_recorded_list(const struct gen_recorded *list, bool cuts, gen_fn *fn, void *aux)
{
    bool seen[MSG_N_TYPES + 1][OFP15_VERSION + 1] = {{false}};

    for (const struct gen_recorded *r = list; r->text; r++) {
        size_t len;
        uint8_t *msg = text_to_hex(r->hex, &len);
        struct msg_header h = {.type = MSG_N_TYPES};
        const char *row = row_name(msg, len, &h);
        enum ofp_error error = gen_refused(r);
        emit(fn, aux, row, r->text, msg, len,
             error                   ? WANT_ERROR
             : gen_is_known(r->text) ? WANT_ANY
                                     : WANT_SAME,
             error);
        if (cuts || !seen[h.type][r->version]) {
            gen_cuts(fn, aux, row, &h, msg, len);
            seen[h.type][r->version] = true;
        }
        free(msg);
    }
}

static void gen_samples(gen_fn *fn, void *aux)
{
    bool seen[MSG_N_TYPES + 1][OFP15_VERSION + 2] = {{false}};

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        struct msg_header h = {.type = MSG_N_TYPES};
        const char *row = row_name(msg, len, &h);
        if (len >= OFP_HEADER_LEN && get_be16(msg + 2) == len) {
            bool *cut = &seen[h.type][MIN(h.version, OFP15_VERSION + 1)];
            emit(fn, aux, row, samples[i].name, msg, len, samples[i].want, samples[i].error);
            if (!*cut) {
                gen_cuts(fn, aux, row, &h, msg, len);
                *cut = true;
            }
        }
        free(msg);
    }
}

void gen_messages(gen_fn *fn, void *aux)
{
    gen_recorded_list(gen_flow_mods, false, fn, aux);
    gen_recorded_list(gen_requests, true, fn, aux);
    gen_samples(fn, aux);
}
