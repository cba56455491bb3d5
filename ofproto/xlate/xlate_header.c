/* xlate_header.c - changes to the packet as OpenFlow sees it: fields, tags, labels.  See
 * xlate-private.h.
 *
 * Whatever looks at a bit puts it into the mask; what only writes marks it as written. */
#include "ofproto/xlate/xlate-private.h"

#define MPLS_BOS   UINT32_C(0x100)
#define MPLS_LABEL 12 /* Shift. */

#define LABEL_IPV4_NULL 0
#define LABEL_IPV6_NULL 2
#define DEFAULT_TTL     64

bool xlate_is_ip(const struct key *k)
{
    return key_is_ip4(k) || key_is_ip6(k);
}

bool xlate_is_mpls(const struct key *k)
{
    return k->eth_type == htons(0x8847) || k->eth_type == htons(0x8848);
}

bool xlate_must_be_ethernet(struct xlate_ctx *ctx, const char *what)
{
    if (ctx->s.flow.key.packet_type) {
        xlate_trace_note(ctx, "Dropping packet as %s is for Ethernet only", what);
        xlate_error(ctx, XLATE_UNSUPPORTED_PACKET_TYPE);
    }
    return !ctx->s.flow.key.packet_type;
}

/* ---- VLAN ---- */

unsigned xlate_vlan_depth(const struct key *k)
{
    unsigned n = 0;

    while (n < KEY_MAX_VLANS && k->vlan[n].tci & htons(VLAN_CFI)) {
        n++;
    }
    return n;
}

static void look_at_vlans(struct xlate_ctx *ctx)
{
    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
}

bool xlate_is_tag(be16 eth_type)
{
    return eth_type == htons(0x8100) || eth_type == htons(0x88a8);
}

/* A new tag begins with the VID and the priority of the one that was outermost (OpenFlow 1.3.5
 * section 5.12.1), or with none. */
static struct key_vlan new_tag(const struct key *k, uint16_t tpid)
{
    return (struct key_vlan){htons(tpid), k->vlan[0].tci | htons(VLAN_CFI)};
}

/* Onto as many tags as a key can have: the innermost of them goes out of sight, and its TPID is the
 * EtherType, as when the packet is parsed again. */
static void push_more(struct xlate_ctx *ctx, uint16_t tpid)
{
    struct key *k = &ctx->s.flow.key;
    const struct key_vlan tag = new_tag(k, tpid);

    xlate_commit(ctx);
    xlate_commit_action(ctx, DP_ACTION_PUSH_VLAN, (uint32_t)tpid << 16 | ntohs(tag.tci));
    k->eth_type = k->vlan[KEY_MAX_VLANS - 1].tpid;
    memmove(&k->vlan[1], &k->vlan[0], sizeof k->vlan - sizeof k->vlan[0]);
    k->vlan[0] = tag;
    memset(k->mpls_lse, 0, sizeof k->mpls_lse);
    xlate_forget_payload(ctx);
    memcpy(ctx->base.vlan, k->vlan, sizeof k->vlan);
    memset(ctx->base.mpls_lse, 0, sizeof ctx->base.mpls_lse);
    ctx->base.eth_type = k->eth_type;
    ctx->s.unparsed = false;
    ctx->lasting = true;
}

void xlate_push_vlan(struct xlate_ctx *ctx, uint16_t tpid)
{
    struct key *k = &ctx->s.flow.key;
    const struct key_vlan tag = new_tag(k, tpid);

    if (!xlate_must_be_ethernet(ctx, "push_vlan")) {
        return;
    }
    look_at_vlans(ctx);
    if (xlate_vlan_depth(k) == KEY_MAX_VLANS) {
        push_more(ctx, tpid);
        return;
    }
    if (xlate_vlan_depth(k) >= ctx->cfg->features.max_vlan_headers) {
        xlate_error(ctx, XLATE_TOO_MANY_LABELS);
        return;
    }
    memmove(&k->vlan[1], &k->vlan[0], sizeof k->vlan - sizeof k->vlan[0]);
    k->vlan[0] = tag;
}

void xlate_pop_vlan(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key;

    look_at_vlans(ctx);
    memmove(&k->vlan[0], &k->vlan[1], sizeof k->vlan - sizeof k->vlan[0]);
    k->vlan[KEY_MAX_VLANS - 1] = (struct key_vlan){0, 0};
}

void xlate_pop_vlan_act(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;

    ctx->wc.key.eth_type = UINT16_MAX;
    if (xlate_vlan_depth(k) == KEY_MAX_VLANS && xlate_is_tag(k->eth_type)) {
        xlate_pop_vlan(ctx);
        xlate_commit(ctx);
        ctx->lasting = ctx->s.freezing = true; /* The next tag is out of sight. */
    } else {
        xlate_pop_vlan(ctx);
    }
}

void xlate_set_vlan(struct xlate_ctx *ctx, uint16_t tci, uint16_t mask, bool push_if_absent)
{
    struct key_vlan *v = &ctx->s.flow.key.vlan[0];

    look_at_vlans(ctx);
    if (!(v->tci & htons(VLAN_CFI))) {
        if (!push_if_absent) {
            return;
        }
        xlate_push_vlan(ctx, 0x8100);
    }
    v->tci = htons((uint16_t)((ntohs(v->tci) & ~mask) | (tci & mask)));
}

/* After a field of the outer tag was written: a tag begins or ends with its CFI bit. */
static void settle_vlan(struct xlate_ctx *ctx)
{
    struct key_vlan *v = &ctx->s.flow.key.vlan[0];

    if (!(v->tci & htons(VLAN_CFI))) {
        v->tci |= htons(VLAN_CFI); /* To be popped. */
        xlate_pop_vlan_act(ctx);
    } else if (!v->tpid) {
        v->tpid = htons(0x8100);
    }
}

/* ---- MPLS ---- */

unsigned xlate_mpls_depth(const struct key *k)
{
    if (!xlate_is_mpls(k)) {
        return 0;
    }
    for (unsigned n = 0; n < KEY_MAX_MPLS; n++) {
        if (k->mpls_lse[n] & htonl(MPLS_BOS)) {
            return n + 1;
        }
    }
    return KEY_MAX_MPLS;
}

/* Is the bottom of the stack, if there is one, within the key? */
bool xlate_mpls_all_seen(const struct key *k)
{
    unsigned n = xlate_mpls_depth(k);
    return !n || k->mpls_lse[n - 1] & htonl(MPLS_BOS);
}

void xlate_look_at_labels(struct xlate_ctx *ctx)
{
    memset(ctx->wc.key.mpls_lse, 0xff, sizeof ctx->wc.key.mpls_lse);
}

void xlate_forget_payload(struct xlate_ctx *ctx)
{
    size_t ofs = offsetof(struct key, ip_src);

    memset((uint8_t *)&ctx->s.flow.key + ofs, 0, sizeof(struct key) - ofs);
    memset((uint8_t *)&ctx->s.written + ofs, 0, sizeof(struct key) - ofs);
}

uint32_t xlate_first_label(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    uint32_t label = key_is_ip6(k) ? LABEL_IPV6_NULL : LABEL_IPV4_NULL, ttl = DEFAULT_TTL;

    if (xlate_is_ip(k)) {
        ctx->wc.key.ip_ttl = UINT8_MAX;
        ttl = k->ip_ttl ? k->ip_ttl : DEFAULT_TTL;
    }
    return label << MPLS_LABEL | MPLS_BOS | ttl;
}

/* Without an Ethernet header it is the packet's type. */
static void set_eth_type(struct key *k, uint16_t eth_type)
{
    k->eth_type = htons(eth_type);
    k->packet_type = k->packet_type ? PT_ETHERTYPE(eth_type) : 0;
}

void xlate_push_mpls(struct xlate_ctx *ctx, uint16_t eth_type)
{
    struct key *k = &ctx->s.flow.key;
    unsigned n = xlate_mpls_depth(k);
    uint32_t lse;

    xlate_encap_commit(ctx);
    xlate_look_at_labels(ctx);
    if (n >= MIN(KEY_MAX_MPLS, ctx->cfg->features.max_mpls_depth)) {
        xlate_error(ctx, XLATE_TOO_MANY_LABELS);
        return;
    }
    if (n) {
        lse = ntohl(k->mpls_lse[0]) & ~MPLS_BOS;
    } else {
        lse = xlate_first_label(ctx);
        xlate_commit(ctx); /* Changes to what is now out of sight. */
        xlate_forget_payload(ctx);
    }
    memmove(&k->mpls_lse[1], &k->mpls_lse[0], sizeof k->mpls_lse - sizeof k->mpls_lse[0]);
    k->mpls_lse[0] = htonl(lse);
    set_eth_type(k, eth_type);
}

void xlate_pop_mpls(struct xlate_ctx *ctx, uint16_t eth_type)
{
    struct key *k = &ctx->s.flow.key;
    unsigned n = xlate_mpls_depth(k);

    if (!n) {
        return;
    }
    xlate_encap_commit(ctx);
    xlate_look_at_labels(ctx);
    bool bottom = (k->mpls_lse[0] & htonl(MPLS_BOS)) != 0;
    bool all_seen = xlate_mpls_all_seen(k);
    if (!all_seen) {
        xlate_commit_blind_pop(ctx, eth_type);
    }
    set_eth_type(k, eth_type);
    memmove(&k->mpls_lse[0], &k->mpls_lse[1], sizeof k->mpls_lse - sizeof k->mpls_lse[0]);
    k->mpls_lse[KEY_MAX_MPLS - 1] = 0;
    if (bottom || !xlate_is_mpls(k)) {
        memset(k->mpls_lse, 0, sizeof k->mpls_lse);
        xlate_forget_payload(ctx);
    }
    if (!all_seen) {
        memcpy(ctx->base.mpls_lse, k->mpls_lse, sizeof k->mpls_lse);
        ctx->base.eth_type = k->eth_type;
        ctx->base.packet_type = k->packet_type;
    }
    ctx->s.unparsed = bottom || !all_seen || !xlate_is_mpls(k);
}

/* ---- fields ---- */

/* Does the packet have the field?  Later fragments have no layer 4. */
static bool has_field(struct xlate_ctx *ctx, const struct field *f)
{
    const struct key *k = &ctx->s.flow.key;

    field_prereq_mask(f, &ctx->s.flow, &ctx->wc);
    if (!field_prereq_met(f, &ctx->s.flow)) {
        return false;
    }
    bool l4 = f->ofs >= offsetof(struct key, tp_src) && f->ofs < offsetof(struct key, nsh_flags);
    return !l4 || !(k->ip_frag & KEY_FRAG_LATER);
}

static bool is_vlan_field(const struct field *f)
{
    return f->ofs >= offsetof(struct key, vlan) && f->ofs < offsetof(struct key, mpls_lse);
}

static bool is_mpls_field(const struct field *f)
{
    return f->ofs >= offsetof(struct key, mpls_lse) && f->ofs < offsetof(struct key, pbb_isid);
}

/* Tags and labels are looked at whole when they are changed: they are pushed and popped as units.
 */
static void before_write(struct xlate_ctx *ctx, const struct field *f)
{
    if (xlate_type_is(f)) {
        xlate_commit(ctx);
    }
    if (is_vlan_field(f)) {
        look_at_vlans(ctx);
    } else if (is_mpls_field(f)) {
        xlate_look_at_labels(ctx);
    }
}

static void after_write(struct xlate_ctx *ctx, const struct field *f, const struct flow *bits)
{
    if (xlate_type_is(f)) {
        xlate_type_written(ctx, f);
    } else if (is_vlan_field(f)) {
        settle_vlan(ctx);
    } else if (!is_mpls_field(f)) {
        uint64_t *w = (uint64_t *)(void *)&ctx->s.written;
        for (unsigned i = 0; i < KEY_WORDS; i++) {
            w[i] |= key_words(&bits->key)[i];
        }
        xlate_options_written(ctx, &bits->tun);
    }
}

void xlate_set_field(struct xlate_ctx *ctx, const struct act_set_field *a)
{
    struct flow bits = {.tun.table = ctx->s.flow.tun.table};

    if (!has_field(ctx, a->field)) {
        return;
    }
    before_write(ctx, a->field);
    field_set_masked(a->field, &a->value, &a->mask, &ctx->s.flow);
    field_set(a->field, &a->mask, &bits);
    after_write(ctx, a->field, &bits);
}

void xlate_reg_move(struct xlate_ctx *ctx, const struct act_reg_move *a)
{
    struct flow bits = {.tun.table = ctx->s.flow.tun.table};

    if (!has_field(ctx, a->src.field) || !has_field(ctx, a->dst.field)) {
        return;
    }
    subfield_mask(&a->src, &ctx->wc);
    before_write(ctx, a->dst.field);
    subfield_move(&a->src, &a->dst, &ctx->s.flow);
    subfield_mask(&a->dst, &bits);
    after_write(ctx, a->dst.field, &bits);
}

void xlate_write(struct xlate_ctx *ctx, const struct subfield *dst, const uint8_t *bytes,
                 unsigned n)
{
    const struct field *f = dst->field;
    struct field_value value = {{0}}, ones, mask = {{0}};
    struct flow bits = {.tun.table = ctx->s.flow.tun.table};

    if (!has_field(ctx, f)) {
        return;
    }
    memset(&ones, 0xff, sizeof ones);
    bits_copy(bytes, n, 0, value.b, f->n_bytes, dst->ofs, MIN(8 * n, dst->n_bits));
    bits_copy(ones.b, f->n_bytes, 0, mask.b, f->n_bytes, dst->ofs, dst->n_bits);
    before_write(ctx, f);
    field_set_masked(f, &value, &mask, &ctx->s.flow);
    subfield_mask(dst, &bits);
    after_write(ctx, f, &bits);
}
