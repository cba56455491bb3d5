/* xlate_set.c - the action set.  See xlate-private.h.
 *
 * It is kept in the order of writing and put in the order of execution at the end (OpenFlow 1.3.5
 * section 5.10, with the slots of ofp/act.h). */
#include "ofproto/xlate/xlate-private.h"

static enum act_slot slot_of(const struct act *a)
{
    return act_infos[a->type].slot;
}

static void append(struct acts *to, const struct act *a)
{
    memcpy(acts_put(to, (enum act_type)a->type, a->len), a, a->len);
}

static const struct act *find_slot(const struct acts *set, enum act_slot slot)
{
    const struct act *a;

    ACT_FOR_EACH(a, set->data, set->len) {
        if (slot_of(a) == slot) {
            return a;
        }
    }
    return NULL;
}

static void remove_act(struct acts *set, const struct act *a)
{
    size_t ofs = (size_t)((const uint8_t *)a - (const uint8_t *)set->data), len = a->len;

    memmove((uint8_t *)set->data + ofs, (uint8_t *)set->data + ofs + len, set->len - ofs - len);
    set->len -= len;
}

/* The actset_output field: the port of the set's output, if that is what would be done. */
static void update_actset_output(struct xlate_ctx *ctx)
{
    const struct act *a = find_slot(&ctx->s.set, ACT_SLOT_OUTPUT);
    uint32_t port = OFPP_UNSET;

    if (a && !find_slot(&ctx->s.set, ACT_SLOT_GROUP)) {
        port = ((const struct act_output *)(const void *)a)->port;
    }
    ctx->s.flow.actset_output = htonl(port);
}

void xlate_set_write(struct xlate_ctx *ctx, const void *acts, size_t len)
{
    struct acts *set = &ctx->s.set;
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        const struct act *old = slot_of(a) == ACT_SLOT_SET ? NULL : find_slot(set, slot_of(a));
        if (old) {
            remove_act(set, old);
        }
        if (set->len + a->len > ACTS_MAX) {
            xlate_error(ctx, XLATE_TOO_MANY_ACTIONS);
            return;
        }
        append(set, a);
        if (a->type == ACT_CT) {
            ctx->s.set_cookie = ctx->s.rule_cookie;
        }
    }
    update_actset_output(ctx);
}

void xlate_set_clear(struct xlate_ctx *ctx)
{
    ctx->s.set.len = 0;
    ctx->s.set_cookie = 0;
    update_actset_output(ctx);
}

/* All of one slot. */
static void take_slot(const struct acts *set, enum act_slot slot, struct acts *to)
{
    const struct act *a;

    ACT_FOR_EACH(a, set->data, set->len) {
        if (slot_of(a) == slot) {
            append(to, a);
        }
    }
}

void xlate_set_execute(struct xlate_ctx *ctx)
{
    struct acts set = ctx->s.set, list = ACTS_INIT;
    enum act_slot last = ACT_SLOT_GROUP;

    uint64_t set_cookie = ctx->s.set_cookie;

    acts_init(&ctx->s.set); /* What runs may write a new one, which does not run. */
    ctx->s.set_cookie = 0;
    if (set.len) {
        xlate_trace_event(ctx, XLATE_EV_SET);
    }
    while (last <= ACT_SLOT_CT && !find_slot(&set, last)) {
        last++;
    }
    if (last <= ACT_SLOT_CT) { /* Without one of these a set has no effect. */
        for (enum act_slot slot = ACT_SLOT_NONE + 1; slot <= ACT_SLOT_SET; slot++) {
            take_slot(&set, slot, &list);
        }
        take_slot(&set, last, &list);
        ctx->s.in_action_set = true;
        if (last == ACT_SLOT_CT) {
            ctx->s.rule_cookie = set_cookie; /* The rule hit last may be another. */
        }
        xlate_acts(ctx, list.data, list.len);
        ctx->s.in_action_set = false;
    }
    acts_deinit(&set);
    acts_deinit(&list);
}
