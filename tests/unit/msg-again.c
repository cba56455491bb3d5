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

/* What has no codec yet.  A module that brings one removes its lines. */
#define NONE(BODY)                                                                 \
    void again_##BODY(struct wire_rd *r UNUSED, const struct msg_header *h UNUSED, \
                      struct wire_wr *w UNUSED)                                    \
    {                                                                              \
    }
NONE(raw)
NONE(hello)
NONE(error)
