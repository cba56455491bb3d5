/* xlate_choose.c - multipath, bundle and bundle_load: one of several, by a hash.  See
 * xlate-private.h; semantics: the Nicira extension. */
#include "lib/hash.h"
#include "ofproto/xlate/xlate-private.h"

enum algorithm { MODULO_N, HASH_THRESHOLD, HRW, ITER_HASH };

#define MAX_ITERATIONS 64

static uint32_t weight_of(uint32_t hash, uint32_t i)
{
    return (uint32_t)hash_u64((uint64_t)hash << 32 | i, 0);
}

static uint32_t highest_weight(uint32_t hash, uint32_t n)
{
    uint32_t best = 0, best_weight = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t w = weight_of(hash, i);
        if (w > best_weight) {
            best_weight = w;
            best = i;
        }
    }
    return best;
}

/* Hashes again until the link is there, so that links can be added up to 'max' without moving the
 * others' packets. */
static uint32_t iterate(uint32_t hash, uint32_t n, uint32_t max)
{
    for (uint32_t i = 0; i < MAX_ITERATIONS; i++) {
        uint32_t link = weight_of(hash, i) % MAX(max, n);
        if (link < n) {
            return link;
        }
    }
    return hash % n;
}

void xlate_multipath(struct xlate_ctx *ctx, const struct act_multipath *a)
{
    uint32_t hash = xlate_hash(ctx, (enum act_hash)a->fields, a->basis);
    uint32_t n = a->max_link + 1u;
    uint8_t link[4];

    switch ((enum algorithm)a->algorithm) {
    case MODULO_N:
        put_be32(link, hash % n);
        break;
    case HASH_THRESHOLD:
        put_be32(link, (uint32_t)((uint64_t)hash * n >> 32));
        break;
    case HRW:
        put_be32(link, highest_weight(hash, n));
        break;
    case ITER_HASH:
    default:
        put_be32(link, iterate(hash, n, a->arg));
        break;
    }
    xlate_write(ctx, &a->dst, link, sizeof link);
    xlate_trace_value(ctx, &a->dst);
}

/* ---- bundles ---- */

static bool is_live(struct xlate_ctx *ctx, uint32_t ofp_port)
{
    const struct xlate_port *p = xlate_cfg_ofp_port(ctx->s.bridge, ofp_port);

    ctx->out->credit->watches = true;
    return ofp_port == OFPP_NONE || (p && __atomic_load_n(&p->live, __ATOMIC_RELAXED));
}

static uint32_t first_live(struct xlate_ctx *ctx, const struct act_bundle *a)
{
    for (unsigned i = 0; i < a->n_members; i++) {
        if (is_live(ctx, a->members[i])) {
            return a->members[i];
        }
    }
    return OFPP_NONE;
}

static uint32_t live_by_weight(struct xlate_ctx *ctx, const struct act_bundle *a)
{
    uint32_t hash = xlate_hash(ctx, (enum act_hash)a->fields, a->basis);
    uint32_t best = OFPP_NONE, best_weight = 0;

    for (unsigned i = 0; i < a->n_members; i++) {
        uint32_t w = weight_of(hash, i);
        if (w >= best_weight && is_live(ctx, a->members[i])) {
            best_weight = w;
            best = a->members[i];
        }
    }
    return best;
}

static uint32_t choose(struct xlate_ctx *ctx, const struct act_bundle *a)
{
    return a->algorithm ? live_by_weight(ctx, a) : first_live(ctx, a);
}

void xlate_bundle(struct xlate_ctx *ctx, const struct act_bundle *a)
{
    uint32_t port = choose(ctx, a);

    if (port != OFPP_NONE) {
        xlate_output(ctx, port, 0);
    }
}

void xlate_bundle_load(struct xlate_ctx *ctx, const struct act_bundle *a)
{
    uint8_t port[2];

    put_be16(port, port_to_10(choose(ctx, a)));
    xlate_write(ctx, &a->dst, port, sizeof port);
    xlate_trace_value(ctx, &a->dst);
}
