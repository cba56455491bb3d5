/* act_refs.c - which groups or meters a list of acts names; see act.h. */
#include "ofp/act.h"

bool acts_refs(const void *acts, size_t len, enum act_type type, acts_ref_cb *cb, void *aux)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == type && !cb(aux, ((const struct act_u32 *)(const void *)a)->value)) {
            return false;
        }
        if (a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE) {
            const struct act_write_actions *wa = (const void *)a;
            if (!acts_refs(act_write_actions_nested(wa), wa->nested_len, type, cb, aux)) {
                return false;
            }
        }
    }
    return true;
}

static bool differs(void *id, uint32_t other)
{
    return *(const uint32_t *)id != other;
}

bool acts_output_to_group(const void *acts, size_t len, uint32_t id)
{
    return !acts_refs(acts, len, ACT_GROUP, differs, &id);
}
