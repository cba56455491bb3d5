/* msg-again.c - see msg-again.h: the table, and bodies that are passed on as they are. */
#include "tests/unit/msg-again.h"

#include "ofp/switch.h"

static msg_again_fn *const again[MSG_N_TYPES] = {
#define MSG(ID, NAME, DIR, FORM, V10, V11, V12, V13, V14, V15, MIN_, UNIT, BODY) \
    [MSG_##ID] = again_##BODY,
#include "ofp/messages.def"
#undef MSG
};

void msg_again(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct wire_rd body = *r;
    again[h->type](&body, h, w);
}

void again_empty(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    if (!wire_rd_left(r)) {
        msg_encode_simple(h->type, h->version, h->xid, NULL, 0, w);
    }
}

void again_echo(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t n = wire_rd_left(r);
    msg_encode_simple(h->type, h->version, h->xid, wire_rd_bytes(r, n), n, w);
}

void again_hello(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t versions;
    if (!hello_decode_body(r, h->version, &versions) && versions & OFP_VERSIONS) {
        hello_encode(versions, h->xid, w);
    }
}

void again_error(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct wire_rd payload;
    const uint8_t *msg = r->start; /* The reader began at the header. */
    enum ofp_error error = ofp_error_decode(msg, h->len, &payload);
    if (error) {
        ofp_error_encode(error, h->version, h->xid, payload.p, wire_rd_left(&payload), w);
    }
}
