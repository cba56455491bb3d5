/* error.c - see error.h.  Errors travel in three forms: standard type and code, the Nicira vendor
 * error of 1.0 and 1.1, the experimenter error of 1.2 and later (OpenFlow 1.3.5 section 7.4.4). */
#include "ofp/error.h"

#include "ofp/msg.h"

#define ERROR_MSG_TYPE 1
#define REQUEST_MAX    64 /* Bytes of the request that go back: what the specification asks for. */

/* Error types on the wire that mean "see what follows". */
#define TYPE_NX_VENDOR    0xb0c2
#define TYPE_EXPERIMENTER 0xffff

enum err_form { FORM_NONE, FORM_STD, FORM_NX_VENDOR, FORM_EXPERIMENTER };

struct err_code {
    uint8_t form; /* enum err_form */
    uint32_t vendor;
    uint16_t type, code; /* FORM_EXPERIMENTER: only 'code'. */
};

struct err_row {
    const char *name;
    struct err_code code[OFP15_VERSION]; /* By version - 1. */
};

#define S(TYPE, CODE)           \
    {                           \
        FORM_STD, 0, TYPE, CODE \
    }
#define NXV(TYPE, CODE)                          \
    {                                            \
        FORM_NX_VENDOR, NX_VENDOR_ID, TYPE, CODE \
    }
#define NX(N)                                 \
    {                                         \
        FORM_EXPERIMENTER, NX_VENDOR_ID, 0, N \
    }
#define ONF(N)                                 \
    {                                          \
        FORM_EXPERIMENTER, ONF_VENDOR_ID, 0, N \
    }
#define NONE               \
    {                      \
        FORM_NONE, 0, 0, 0 \
    }
static const struct err_row rows[OFPERR_N] = {
    [OFPERR_OK] = {.name = "OK"},
#define OFPERR(ID, ...) [OFPERR_##ID] = {#ID, {__VA_ARGS__}},
#include "ofp/errors.def"
#undef OFPERR
};
#undef S
#undef NXV
#undef NX
#undef ONF
#undef NONE

const char *ofp_error_name(enum ofp_error err)
{
    return (unsigned)err < OFPERR_N ? rows[err].name : "(unknown error)";
}

bool ofp_error_by_name(const char *name, enum ofp_error *err)
{
    for (int i = OFPERR_OK + 1; i < OFPERR_N; i++) {
        if (!strcmp(rows[i].name, name)) {
            *err = (enum ofp_error)i;
            return true;
        }
    }
    return false;
}

void ofp_error_encode(enum ofp_error err, uint8_t version, uint32_t xid, const void *data,
                      size_t data_len, struct wire_wr *w)
{
    const struct err_code *c = &rows[err].code[version - 1];
    if (c->form == FORM_NONE) {
        c = &rows[OFPERR_NXBRC_UNENCODABLE_ERROR].code[version - 1];
    }

    size_t start = w->len;
    wire_wr_u8(w, version);
    wire_wr_u8(w, ERROR_MSG_TYPE);
    wire_wr_u16(w, 0);
    wire_wr_u32(w, xid);
    switch ((enum err_form)c->form) {
    case FORM_NX_VENDOR:
        wire_wr_u16(w, TYPE_NX_VENDOR);
        wire_wr_u16(w, 0);
        wire_wr_u32(w, c->vendor);
        wire_wr_u16(w, c->type);
        wire_wr_u16(w, c->code);
        break;
    case FORM_EXPERIMENTER:
        wire_wr_u16(w, TYPE_EXPERIMENTER);
        wire_wr_u16(w, c->code);
        wire_wr_u32(w, c->vendor);
        break;
    case FORM_NONE:
    case FORM_STD:
        wire_wr_u16(w, c->type);
        wire_wr_u16(w, c->code);
        break;
    }
    wire_wr_bytes(w, data, data_len);
    msg_finish(w, start);
}

void ofp_error_encode_reply(enum ofp_error err, const void *request, size_t request_len,
                            struct wire_wr *w)
{
    const uint8_t *p = request;
    uint8_t version = request_len ? p[0] : OFP13_VERSION;
    if (version < OFP10_VERSION || version > OFP15_VERSION) {
        version = OFP13_VERSION; /* What the peer speaks is unknown; this one it must know. */
    }
    uint32_t xid = request_len >= OFP_HEADER_LEN ? get_be32(p + 4) : 0;
    ofp_error_encode(err, version, xid, request, MIN(request_len, REQUEST_MAX), w);
}

void ofp_error_encode_hello(enum ofp_error err, uint8_t version, const char *text,
                            struct wire_wr *w)
{
    if (version < OFP10_VERSION || version > OFP15_VERSION) {
        version = OFP13_VERSION;
    }
    ofp_error_encode(err, version, 0, text, MIN(strlen(text), 1024), w);
}

/* The code that the message carries; 'form' FORM_NONE if it is none that can be read. */
static struct err_code read_code(struct wire_rd *r, uint8_t version)
{
    struct err_code c = {.form = FORM_STD};
    c.type = wire_rd_u16(r);
    c.code = wire_rd_u16(r);
    if (version >= OFP12_VERSION && c.type == TYPE_EXPERIMENTER) {
        c.form = FORM_EXPERIMENTER;
        c.type = 0;
        c.vendor = wire_rd_u32(r);
    } else if (version < OFP12_VERSION && c.type == TYPE_NX_VENDOR && !c.code) {
        c.form = FORM_NX_VENDOR;
        c.vendor = wire_rd_u32(r);
        c.type = wire_rd_u16(r);
        c.code = wire_rd_u16(r);
    }
    if (r->err) {
        c.form = FORM_NONE;
    }
    return c;
}

enum ofp_error ofp_error_decode(const void *msg, size_t len, struct wire_rd *payload)
{
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    uint8_t version = wire_rd_u8(&r);
    uint8_t type = wire_rd_u8(&r);
    wire_rd_skip(&r, 6);
    struct err_code c = read_code(&r, version);
    wire_rd_init(payload, r.p, wire_rd_left(&r));
    if (c.form == FORM_NONE || type != ERROR_MSG_TYPE || version < OFP10_VERSION ||
        version > OFP15_VERSION) {
        return OFPERR_OK;
    }
    for (int i = OFPERR_OK + 1; i < OFPERR_N; i++) {
        const struct err_code *k = &rows[i].code[version - 1];
        if (k->form == c.form && k->vendor == c.vendor && k->type == c.type && k->code == c.code) {
            return (enum ofp_error)i;
        }
    }
    return OFPERR_OK;
}
