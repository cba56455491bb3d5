/* meter_ids.c - see meter_ids.h. */
#include "ofproto/table/meter_ids.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/table-private.h"

struct entry {
    struct rcu_head rcu;
    uint32_t id;
    struct meter_id value;
};

static uint32_t hash_id(const struct tables *ts, uint32_t id)
{
    return hash_u64(id, ts->seed);
}

static struct entry *find(const struct tables *ts, uint32_t id)
{
    struct index_probe p;
    struct entry *e = index_first(&ts->meters, hash_id(ts, id), &p);

    while (e && e->id != id) {
        e = index_next(&p);
    }
    return e;
}

bool meter_ids_find(const struct tables *ts, uint32_t id, struct meter_id *value)
{
    const struct entry *e = find(ts, id);

    if (e) {
        *value = e->value;
    }
    return e != NULL;
}

static void free_entry(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct entry, rcu));
}

void meter_ids_set(struct tables *ts, uint32_t id, const struct meter_id *value)
{
    struct entry *old = find(ts, id), *e = xzalloc(sizeof *e);

    e->id = id;
    e->value = *value;
    if (old) {
        index_replace(&ts->meters, hash_id(ts, id), old, e);
        urcu_qsbr_call_rcu(&old->rcu, free_entry);
    } else {
        index_insert(&ts->meters, hash_id(ts, id), e);
    }
}

void meter_ids_unset(struct tables *ts, uint32_t id)
{
    struct entry *e = find(ts, id);

    if (e) {
        index_remove(&ts->meters, hash_id(ts, id), e);
        urcu_qsbr_call_rcu(&e->rcu, free_entry);
    }
}

uint32_t meter_ids_ref_count(const struct tables *ts, uint32_t id)
{
    return refs_count(&ts->refs, REF_METER, id);
}

void meter_ids_deinit(struct tables *ts)
{
    uint32_t pos = 0;
    struct entry *e;

    while ((e = index_walk(&ts->meters, &pos)) != NULL) {
        free(e);
    }
    index_deinit(&ts->meters);
}
