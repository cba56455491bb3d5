/* action.c - see action.h: building a list.  Its text is in action_format.c. */
#include "lib/dp/action.h"

#include <stdlib.h>

#include "lib/mem.h"

void dp_actions_init(struct dp_actions *list)
{
    *list = DP_ACTIONS_INIT;
}

void dp_actions_deinit(struct dp_actions *list)
{
    free(list->data);
    *list = DP_ACTIONS_INIT;
}

void dp_actions_clear(struct dp_actions *list)
{
    list->len = 0;
    list->overflow = false;
}

void *dp_actions_put(struct dp_actions *list, enum dp_action_type type, size_t len)
{
    len = ROUND_UP(MAX(len, sizeof(struct dp_action)), 8);
    if (len > DP_ACTIONS_MAX || list->len + len > DP_ACTIONS_MAX) {
        /* The list is of no use any more: its buffer serves as the scratch action. */
        list->overflow = true;
        list->len = 0;
    }
    if (list->len + len > list->cap) {
        list->cap = ROUND_UP(MAX(list->cap * 2, list->len + MAX(len, 64)), 8);
        list->data = xrealloc(list->data, list->cap);
    }

    struct dp_action *a = (struct dp_action *)(void *)(list->data + list->len);
    memset(a, 0, len);
    a->type = (uint16_t)type;
    a->len = (uint16_t)len;
    if (!list->overflow) {
        list->len += len;
    }
    return a;
}

void dp_actions_output(struct dp_actions *list, uint32_t port)
{
    struct dp_action *a = dp_actions_put(list, DP_ACTION_OUTPUT, sizeof *a);
    a->u32 = port;
}

size_t dp_actions_clone_begin(struct dp_actions *list)
{
    size_t ofs = list->len;
    dp_actions_put(list, DP_ACTION_CLONE, sizeof(struct dp_action));
    return ofs;
}

void dp_actions_clone_end(struct dp_actions *list, size_t ofs)
{
    if (!list->overflow) {
        struct dp_action *a = (struct dp_action *)(void *)(list->data + ofs);
        a->len = (uint16_t)(list->len - ofs);
    }
}
