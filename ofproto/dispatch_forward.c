/* dispatch_forward.c - see dispatch_forward.h.  Each hears of it in its own version. */
#include "ofproto/dispatch_forward.h"

#include "ofp/bundle.h"

static void encode_group(const void *gm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    group_mod_encode(gm, version, xid, w);
}

static void encode_meter(const void *mm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    if (version < OFP13_VERSION) {
        w->err = true; /* It has no meters. */
    } else {
        meter_mod_encode(mm, version, xid, w);
    }
}

void dispatch_forward(struct bridge *br, const struct ofconn *by, const void *msg, size_t len)
{
    struct wire_rd r;
    struct msg_header h;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h)) {
        return;
    }
    if (h.type == MSG_GROUP_MOD || h.type == MSG_NXT_GROUP_MOD) {
        struct group_mod gm;
        if (!group_mod_decode(&r, &h, &gm)) {
            connmgr_requestforward(br->conns, by, REQUESTFORWARD_GROUP_MOD, encode_group, &gm,
                                   h.xid);
            group_mod_deinit(&gm);
        }
    } else if (h.type == MSG_METER_MOD) {
        struct meter_mod mm;
        if (!meter_mod_decode(&r, &h, &mm)) {
            connmgr_requestforward(br->conns, by, REQUESTFORWARD_METER_MOD, encode_meter, &mm,
                                   h.xid);
            meter_deinit(&mm.meter);
        }
    }
}
