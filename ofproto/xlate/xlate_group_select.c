/* xlate_group_select.c - which bucket of a group of type SELECT a packet takes.  See
 * xlate-private.h, table/select.h.
 *
 * The hash is of chosen fields (selection_method=hash), of what tells connections apart, the same
 * for both directions (by default), or the datapath's (dp_hash), which a second pass sees as a
 * field.  What is hashed goes into the mask. */
#include "ofproto/xlate/xlate-private.h"

#include "lib/hash.h"
#include "ofproto/table/select.h"

/* ---- by default ---- */

/* One end of a connection. */
struct end {
    uint8_t address[16];
    be16 port, pad;
    uint32_t pad2;
};

struct both {
    struct end end[2];
    be16 eth_type, vlan;
    uint8_t proto, pad[3];
};

static void take_addresses(struct xlate_ctx *ctx, struct both *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *wc = &ctx->wc.key;

    if (key_is_ip6(k)) {
        memcpy(b->end[0].address, k->ip6_src, 16);
        memcpy(b->end[1].address, k->ip6_dst, 16);
        memset(wc->ip6_src, 0xff, 16);
        memset(wc->ip6_dst, 0xff, 16);
    } else {
        memcpy(b->end[0].address, &k->ip_src, 4);
        memcpy(b->end[1].address, &k->ip_dst, 4);
        wc->ip_src = wc->ip_dst = UINT32_MAX;
    }
}

static bool has_ports(const struct key *k)
{
    bool proto = k->ip_proto == IPPROTO_TCP || k->ip_proto == IPPROTO_UDP || k->ip_proto == 132;
    return proto && !(k->ip_frag & KEY_FRAG_ANY); /* All fragments of a packet go one way. */
}

static void take_ip(struct xlate_ctx *ctx, struct both *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *wc = &ctx->wc.key;

    take_addresses(ctx, b);
    b->proto = k->ip_proto;
    wc->ip_proto = UINT8_MAX;
    if (has_ports(k)) {
        b->end[0].port = k->tp_src;
        b->end[1].port = k->tp_dst;
        wc->tp_src = wc->tp_dst = UINT16_MAX;
    }
}

static void take_ethernet(struct xlate_ctx *ctx, struct both *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *wc = &ctx->wc.key;

    memcpy(b->end[0].address, k->eth_src, 6);
    memcpy(b->end[1].address, k->eth_dst, 6);
    memset(wc->eth_src, 0xff, 6);
    memset(wc->eth_dst, 0xff, 6);
    b->vlan = k->vlan[0].tci & htons(VLAN_CFI | VLAN_VID_MASK);
    wc->vlan[0].tci |= htons(VLAN_CFI | VLAN_VID_MASK);
}

static uint64_t default_hash(struct xlate_ctx *ctx)
{
    struct both b = {.eth_type = ctx->s.flow.key.eth_type};

    if (key_is_ip4(&ctx->s.flow.key) || key_is_ip6(&ctx->s.flow.key)) {
        take_ip(ctx, &b);
    } else {
        take_ethernet(ctx, &b);
    }
    if (memcmp(&b.end[0], &b.end[1], sizeof b.end[0]) > 0) {
        struct end e = b.end[0];
        b.end[0] = b.end[1];
        b.end[1] = e;
    }
    return hash_bytes(&b, sizeof b, 0);
}

/* ---- of chosen fields ---- */

static uint64_t fields_hash(struct xlate_ctx *ctx, const struct group *g)
{
    uint64_t h = g->method_param;

    for (size_t i = 0; i < g->n_fields; i++) {
        const struct field *f = g->fields[i].field;
        struct field_value v;
        struct flow bits = {0};

        field_prereq_mask(f, &ctx->s.flow, &ctx->wc);
        if (!field_prereq_met(f, &ctx->s.flow)) {
            continue;
        }
        field_get(f, &ctx->s.flow, &v);
        for (unsigned j = 0; j < f->n_bytes; j++) {
            v.b[j] &= g->fields[i].mask.b[j];
        }
        h = hash_bytes(v.b, f->n_bytes, h + f->id);
        field_set(f, &g->fields[i].mask, &bits);
        for (unsigned w = 0; w < FLOW_WORDS; w++) {
            flow_words_mut(&ctx->wc)[w] |= flow_words(&bits)[w];
        }
    }
    return h;
}

/* ---- the choice ---- */

static size_t best_of(struct xlate_ctx *ctx, const struct group *g, uint64_t hash)
{
    uint64_t best = 0;
    size_t choice = g->n_buckets;

    for (size_t i = 0; i < g->n_buckets; i++) {
        uint64_t score = select_score(&g->buckets[i], hash);
        if (score > best && xlate_group_bucket_is_live(ctx, &g->buckets[i])) {
            best = score;
            choice = i;
        }
    }
    return choice;
}

size_t xlate_group_select(struct xlate_ctx *ctx, const struct group *g)
{
    uint64_t hash = g->n_fields ? fields_hash(ctx, g) : default_hash(ctx);
    return best_of(ctx, g, hash);
}

size_t xlate_group_select_slot(struct xlate_ctx *ctx, const struct group_entry *e)
{
    uint32_t slot = ntohl(ctx->s.flow.key.dp_hash) & (e->n_slots - 1);
    size_t i = e->slots[slot];

    ctx->wc.key.dp_hash |= htonl(e->n_slots - 1);
    if (xlate_group_bucket_is_live(ctx, &e->group.buckets[i])) {
        return i;
    }
    return best_of(ctx, &e->group, slot); /* Only what the dead one had moves. */
}
