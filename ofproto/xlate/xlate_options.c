/* xlate_options.c - tunnel options: out of the packet's key into what OpenFlow sees, and into the
 * header that a packet leaves with.  See xlate-private.h, lib/packet/tlv_table.h.
 *
 * The key has them as they came.  OpenFlow sees those that the bridge's TLV table maps, in
 * flow.tun; lookups and acts leave there, and in wc.tun, what they looked at, and
 * xlate_options_settle() says it in bits of the key: the headers of all options, which say where
 * each one is, and the bytes of values that were asked for.  RFC 8926 section 3.5. */
#include "lib/packet/geneve_opt.h"
#include "lib/packet/tlv_table.h"
#include "ofproto/xlate/xlate-private.h"

#define HEADER_LEN_MASK 0x1f /* Its other bits are reserved. */

/* NULL: not one of the bridge's; so is one of another length. */
static const struct tlv_mapping *mapping_of(const struct tlv_table *t, const struct geneve_opt *o)
{
    const struct tlv_mapping *m = t ? tlv_table_find(t, o->class, o->type) : NULL;
    return m && m->len == o->len ? m : NULL;
}

static void look_at_headers(struct xlate_ctx *ctx)
{
    const struct key *k = ctx->in->key;
    struct key *wc = &ctx->wc.key;
    struct geneve_opt o;
    unsigned ofs = 0;

    wc->tun_opt_len = UINT8_MAX;
    while (geneve_opt_next(k->tun_opt, k->tun_opt_len, &ofs, &o)) {
        memset(wc->tun_opt + o.ofs, 0xff, GENEVE_OPT_HEADER - 1);
        wc->tun_opt[o.ofs + GENEVE_OPT_HEADER - 1] |= HEADER_LEN_MASK;
    }
    /* What is no option: all of it. */
    memset(wc->tun_opt + ofs, 0xff, k->tun_opt_len - ofs);
}

void xlate_options_read(struct xlate_ctx *ctx, bool from_packet)
{
    const struct tlv_table *t = ctx->s.bridge->tlvs;
    struct flow *f = &ctx->s.flow;

    tlv_table_read(t, f->key.tun_opt, f->key.tun_opt_len, &f->tun);
    ctx->wc.tun.table = t;
    ctx->s.tun_from_packet = from_packet && key_has_tunnel(ctx->in->key);
    memset(&ctx->s.tun_written, 0, sizeof ctx->s.tun_written);
}

void xlate_options_forget(struct xlate_ctx *ctx)
{
    xlate_options_settle(ctx);
    xlate_options_read(ctx, false);
}

bool xlate_options_accept(struct xlate_ctx *ctx)
{
    const struct key *k = ctx->in->key;
    struct geneve_opt o;
    unsigned ofs = 0;

    look_at_headers(ctx);
    while (geneve_opt_next(k->tun_opt, k->tun_opt_len, &ofs, &o)) {
        if (o.type & GENEVE_OPT_CRITICAL && !mapping_of(ctx->s.bridge->tlvs, &o)) {
            xlate_trace_note(ctx,
                             "dropping packet with critical tunnel option class %#x type %#x, "
                             "which the bridge does not map",
                             o.class, o.type);
            return false;
        }
    }
    if (ofs != k->tun_opt_len) {
        xlate_trace_note(ctx, "dropping packet with malformed tunnel options");
        return false;
    }
    return true;
}

void xlate_options_settle(struct xlate_ctx *ctx)
{
    const struct key *k = ctx->in->key;
    struct flow_tun *wc = &ctx->wc.tun;
    struct geneve_opt o;
    unsigned ofs = 0;

    if (ctx->s.tun_from_packet && wc->present) {
        look_at_headers(ctx);
        while (geneve_opt_next(k->tun_opt, k->tun_opt_len, &ofs, &o)) {
            const struct tlv_mapping *m = mapping_of(wc->table, &o);
            const uint8_t *bits = m ? wc->space + tlv_table_ofs(wc->table, m->index) : NULL;
            uint8_t *to = ctx->wc.key.tun_opt + o.ofs + GENEVE_OPT_HEADER;
            for (unsigned i = 0; m && i < m->len; i++) {
                to[i] |= bits[i];
            }
        }
    }
    wc->present = 0;
    memset(wc->space, 0, sizeof wc->space);
}

/* What of the options nobody wrote depends on the packet. */
static void look_at_all(struct xlate_ctx *ctx)
{
    const struct flow_tun *f = &ctx->s.flow.tun, *written = &ctx->s.tun_written;
    struct flow_tun *wc = &ctx->wc.tun;

    if (!ctx->s.tun_from_packet || !f->table) {
        return;
    }
    wc->present |= tlv_table_mapped(f->table) & ~written->present;
    for (uint64_t map = f->present; map; map &= map - 1) {
        unsigned index = (unsigned)__builtin_ctzll(map), ofs = tlv_table_ofs(f->table, index);
        for (unsigned i = ofs; i < ofs + tlv_table_get(f->table, index)->len; i++) {
            wc->space[i] |= (uint8_t)~written->space[i];
        }
    }
}

bool xlate_options_write(struct xlate_ctx *ctx, struct key *to)
{
    const struct flow_tun *f = &ctx->s.flow.tun;
    unsigned n = 0;

    look_at_all(ctx);
    memset(to->tun_opt, 0, sizeof to->tun_opt);
    for (uint64_t map = f->present; map; map &= map - 1) {
        unsigned index = (unsigned)__builtin_ctzll(map);
        const struct tlv_mapping *m = tlv_table_get(f->table, index);
        n = geneve_opt_put(to->tun_opt, n, KEY_TUN_OPT_MAX,
                           &(struct geneve_opt){.class = m->option_class,
                                                .type = m->option_type,
                                                .len = m->len,
                                                .value =
                                                    f->space + tlv_table_ofs(f->table, index)});
        if (!n) {
            xlate_error(ctx, XLATE_TOO_MANY_OPTIONS);
            return false;
        }
    }
    to->tun_opt_len = (uint8_t)n;
    return true;
}

void xlate_options_delete(struct xlate_ctx *ctx, const struct field *f)
{
    field_tun_delete(f, &ctx->s.flow);
    ctx->s.tun_written.present |= BIT64(field_tun_index(f));
}

void xlate_options_written(struct xlate_ctx *ctx, const struct flow_tun *bits)
{
    struct flow_tun *w = &ctx->s.tun_written;

    w->present |= bits->present;
    for (unsigned i = 0; bits->present && i < TUN_SPACE; i++) {
        w->space[i] |= bits->space[i];
    }
}
