/* act.c - lists of acts in the internal form, and the tables from actions.def.  See act.h. */
#include "ofp/act.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

#define YES true
#define NO  false
const struct act_info act_infos[ACT_N_TYPES] = {
#define ACT(ID, STRUCT, NAME, EXEC, RANK, SLOT) \
    [ACT_##ID] = {NAME, ACT_RANK_##RANK, ACT_SLOT_##SLOT, EXEC},
#include "ofp/actions.def"
};
#undef YES
#undef NO

/* Every structure must be usable in a list. */
#define ACT(ID, STRUCT, ...) \
    _Static_assert(_Alignof(struct STRUCT) <= 8, "acts are aligned to 8 bytes");
#include "ofp/actions.def"

/* What is nested stands right behind these. */
#define OUTER(STRUCT) _Static_assert(sizeof(struct STRUCT) % 8 == 0, "nested acts are aligned to 8")
OUTER(act_ct);
OUTER(act_write_actions);
OUTER(act_learn);
OUTER(act_encap);

void acts_init(struct acts *a)
{
    *a = ACTS_INIT;
}

void acts_deinit(struct acts *a)
{
    free(a->data);
    *a = ACTS_INIT;
}

void acts_copy(struct acts *dst, const struct acts *src)
{
    *dst = (struct acts){
        .data = src->len ? xmemdup(src->data, src->len) : NULL,
        .len = src->len,
        .cap = src->len,
    };
}

bool acts_equal(const struct acts *a, const struct acts *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

void *acts_put(struct acts *a, enum act_type type, size_t len)
{
    size_t size = ROUND_UP(len, 8);

    if (a->cap - a->len < size) {
        a->cap = MAX(a->cap * 2, a->len + size);
        a->data = xrealloc(a->data, a->cap);
    }
    struct act *act = (struct act *)(void *)((char *)a->data + a->len);
    memset(act, 0, size);
    act->type = (uint16_t)type;
    act->len = (uint16_t)size;
    a->len += size;
    return act;
}

size_t act_nest_begin(struct acts *a, enum act_type type, size_t size)
{
    size_t ofs = a->len;
    acts_put(a, type, size);
    return ofs;
}

bool act_nest_end(struct acts *a, size_t ofs, size_t size)
{
    struct act *act = (struct act *)(void *)((char *)a->data + ofs);
    size_t len = a->len - ofs;

    if (len > UINT16_MAX) {
        return false;
    }
    act->len = (uint16_t)len;
    uint32_t nested_len = (uint32_t)(len - size);
    switch (act->type) {
    case ACT_CT:
        ((struct act_ct *)(void *)act)->nested_len = nested_len;
        break;
    case ACT_LEARN:
        ((struct act_learn *)(void *)act)->nested_len = nested_len;
        break;
    case ACT_ENCAP:
        ((struct act_encap *)(void *)act)->nested_len = nested_len;
        break;
    default:
        ((struct act_write_actions *)(void *)act)->nested_len = nested_len;
        break;
    }
    return true;
}

bool acts_output_to_port(const void *acts, size_t len, uint32_t port)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        const void *p = a;
        if (a->type == ACT_OUTPUT && ((const struct act_output *)p)->port == port) {
            return true;
        }
        if (a->type == ACT_ENQUEUE && ((const struct act_enqueue *)p)->port == port) {
            return true;
        }
        if (a->type == ACT_CONTROLLER && port == OFPP_CONTROLLER) {
            return true;
        }
        if (a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE) {
            const struct act_write_actions *wa = p;
            if (acts_output_to_port(act_write_actions_nested(wa), wa->nested_len, port)) {
                return true;
            }
        }
    }
    return false;
}
