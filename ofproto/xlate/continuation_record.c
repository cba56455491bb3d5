/* continuation_record.c - see continuation_record.h.
 *
 * Id (32 bits), name's length (8) and name; version of OpenFlow of the acts (8); input port (32),
 * metadata (64), registers (32 each), cookies of rule and set (64 each), table, flags (8 each),
 * zone (16), mirrors, queue (32 each); the acts, the set; the stack's length (32) and bytes, which
 * are what push has put there. Acts: how many (16), of each whether it is resolved (8), length (32)
 * and bytes. */
#include "ofproto/xlate/continuation_record.h"

#include "ofp/msg.h"

/* ---- writing ---- */

static bool put_acts(const void *acts, size_t len, uint8_t version, struct wire_wr *w)
{
    struct wire_wr list = WIRE_WR_INIT(CONTINUATION_RECORD_MAX);
    const struct act *a;
    uint16_t n = 0;

    ACT_FOR_EACH(a, acts, len) {
        if (act_infos[a->type].rank != ACT_RANK_APPLY) {
            return false;
        }
        n++;
    }
    wire_wr_u16(w, n);
    ACT_FOR_EACH(a, acts, len) {
        wire_wr_u8(w, a->resolved);
    }
    acts_encode_actions(acts, len, version, &list);
    bool ok = !list.err;
    wire_wr_u32(w, (uint32_t)list.len);
    wire_wr_bytes(w, list.data, list.len);
    wire_wr_deinit(&list);
    return ok;
}

static bool put(const struct continuation *c, const char *bridge, uint8_t version,
                struct wire_wr *w)
{
    const struct continuation_state *st = &c->state;
    const size_t n = strlen(bridge);

    if (n > UINT8_MAX || st->flags & CONTINUATION_TUNNEL) {
        return false;
    }
    wire_wr_u32(w, c->id);
    wire_wr_u8(w, (uint8_t)n);
    wire_wr_bytes(w, bridge, n);
    wire_wr_u8(w, version);
    wire_wr_u32(w, st->in_port);
    wire_wr_u64(w, be64toh(st->metadata));
    for (size_t i = 0; i < FLOW_N_REGS; i++) {
        wire_wr_u32(w, ntohl(st->regs[i]));
    }
    wire_wr_u64(w, st->rule_cookie);
    wire_wr_u64(w, st->set_cookie);
    wire_wr_u8(w, st->table_id);
    wire_wr_u8(w, st->flags);
    wire_wr_u16(w, st->inv_zone);
    wire_wr_u32(w, st->mirrors);
    wire_wr_u32(w, st->queue);
    if (!put_acts(c->acts, st->n_acts, version, w) ||
        !put_acts(continuation_set(c), st->n_set, version, w)) {
        return false;
    }
    wire_wr_u32(w, st->n_stack);
    wire_wr_bytes(w, continuation_stack(c), st->n_stack);
    return !w->err;
}

static bool same_bytes(const void *a, size_t n_a, const void *b, size_t n_b)
{
    return n_a == n_b && (!n_a || !memcmp(a, b, n_a));
}

/* Is what was written read as what it was? */
static bool is_exact(const struct continuation *c, const struct tlv_table *tlvs,
                     const struct wire_wr *w)
{
    struct continuation_record back;

    if (!continuation_record_get(w->data, w->len, tlvs, &back)) {
        return false;
    }
    back.state.bridge_id = c->state.bridge_id;
    bool same = !memcmp(&back.state, &c->state, sizeof c->state) &&
                same_bytes(back.acts.data, back.acts.len, c->acts, c->state.n_acts) &&
                same_bytes(back.set.data, back.set.len, continuation_set(c), c->state.n_set);
    continuation_record_deinit(&back);
    return same;
}

bool continuation_record_put(const struct continuation *c, const char *bridge,
                             const struct tlv_table *tlvs, struct wire_wr *w)
{
    /* An act remembers the words that it came in: 1.4 has those of today, 1.5 a few more, 1.0 the
     * oldest ones. */
    static const uint8_t versions[] = {OFP14_VERSION, OFP15_VERSION, OFP10_VERSION};

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        wire_wr_deinit(w);
        if (!put(c, bridge, versions[i], w)) {
            return false;
        }
        if (is_exact(c, tlvs, w)) {
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

static bool get_acts(struct wire_rd *rd, const struct msg_header *h, struct acts *acts)
{
    const uint16_t n = wire_rd_u16(rd);
    struct wire_rd resolved = wire_rd_sub(rd, n);
    const uint32_t len = wire_rd_u32(rd);
    struct wire_rd list = wire_rd_sub(rd, len);
    uint16_t n_read = 0;
    struct act *a;

    if (rd->err || acts_decode_actions(&list, len, h, acts)) {
        return false;
    }
    for (size_t at = 0; at < acts->len; at += a->len, n_read++) {
        a = (void *)((char *)acts->data + at);
        a->resolved = wire_rd_u8(&resolved);
    }
    return n_read == n && acts->len <= ACTS_MAX;
}

/* Items with their lengths behind them, from the top to the bottom. */
static bool is_stack(const uint8_t *data, size_t len)
{
    while (len) {
        size_t n = data[len - 1] + (size_t)1;
        if (n > len) {
            return false;
        }
        len -= n;
    }
    return true;
}

static void get_head(struct wire_rd *rd, struct continuation_record *r)
{
    r->id = wire_rd_u32(rd);
    r->n_bridge = wire_rd_u8(rd);
    r->bridge = (const char *)wire_rd_bytes(rd, r->n_bridge);
}

static void get_state(struct wire_rd *rd, struct continuation_state *st)
{
    st->in_port = wire_rd_u32(rd);
    st->metadata = htobe64(wire_rd_u64(rd));
    for (size_t i = 0; i < FLOW_N_REGS; i++) {
        st->regs[i] = htonl(wire_rd_u32(rd));
    }
    st->rule_cookie = wire_rd_u64(rd);
    st->set_cookie = wire_rd_u64(rd);
    st->table_id = wire_rd_u8(rd);
    st->flags = wire_rd_u8(rd);
    st->inv_zone = wire_rd_u16(rd);
    st->mirrors = wire_rd_u32(rd);
    st->queue = wire_rd_u32(rd);
}

bool continuation_record_get(const void *data, size_t len, const struct tlv_table *tlvs,
                             struct continuation_record *r)
{
    const uint8_t flags = CONTINUATION_TRACKED | CONTINUATION_INV | CONTINUATION_ACTS;
    struct msg_header h = {.type = MSG_FLOW_MOD, .tlvs = tlvs};
    struct wire_rd rd;

    *r = (struct continuation_record){.acts = ACTS_INIT, .set = ACTS_INIT};
    wire_rd_init(&rd, data, len);
    get_head(&rd, r);
    h.version = wire_rd_u8(&rd);
    get_state(&rd, &r->state);
    bool ok = !rd.err && r->id && msg_version_in(h.version, OFP10_VERSION, OFP15_VERSION) &&
              !(r->state.flags & ~flags) && get_acts(&rd, &h, &r->acts) &&
              get_acts(&rd, &h, &r->set);
    r->state.n_acts = (uint32_t)r->acts.len;
    r->state.n_set = (uint32_t)r->set.len;
    r->state.n_stack = wire_rd_u32(&rd);
    r->stack = wire_rd_bytes(&rd, r->state.n_stack);
    ok = ok && !rd.err && !wire_rd_left(&rd) && is_stack(r->stack, r->state.n_stack);
    if (!ok) {
        continuation_record_deinit(r);
    }
    return ok;
}

uint32_t continuation_record_id(const void *data, size_t len)
{
    struct continuation_record r;
    struct wire_rd rd;

    wire_rd_init(&rd, data, len);
    get_head(&rd, &r);
    return rd.err ? 0 : r.id;
}

bool continuation_record_is_of(const void *data, size_t len, const char *bridge)
{
    struct continuation_record r;
    struct wire_rd rd;

    wire_rd_init(&rd, data, len);
    get_head(&rd, &r);
    return !rd.err && r.n_bridge == strlen(bridge) && !memcmp(r.bridge, bridge, r.n_bridge);
}

void continuation_record_deinit(struct continuation_record *r)
{
    acts_deinit(&r->acts);
    acts_deinit(&r->set);
}
