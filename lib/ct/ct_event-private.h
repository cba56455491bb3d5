/* ct_event-private.h - what the table tells of its entries; see ct_event.h. */
#pragma once

#include "lib/ct/ct_event.h"
#include "lib/ct/ct_table-private.h"

struct ct_events;
void ct_events_free(struct ct_events *);

/* Entry locked. */
void ct_event_put(struct ct_table *, uint32_t index, enum ct_event_type, int64_t now_ms);
/* Entry locked: what an UPDATE tells of, as one number. */
uint64_t ct_event_look(const struct ct_table *, uint32_t index);

static inline bool ct_event_wanted(const struct ct_table *t, enum ct_event_type type)
{
    return UNLIKELY(__atomic_load_n(&t->event_mask, __ATOMIC_RELAXED) & BIT(type));
}

/* Entry locked. */
static inline void ct_event(struct ct_table *t, uint32_t index, enum ct_event_type type,
                            int64_t now_ms)
{
    if (ct_event_wanted(t, type)) {
        ct_event_put(t, index, type, now_ms);
    }
}
