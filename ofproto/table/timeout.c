/* timeout.c - idle and hard timeouts: a heap of rules by the time they may be due.  See table.h.
 *
 * Traffic moves a rule's real due time on without touching the heap; a rule that comes to the top
 * too early goes back with its new time. */
#include "lib/mem.h"
#include "ofproto/table/table-private.h"

static int64_t idle_due(const struct rule *r)
{
    return r->idle_timeout ? r->used_ms + r->idle_timeout * INT64_C(1000) : INT64_MAX;
}

static int64_t hard_due(const struct rule *r)
{
    return r->hard_timeout ? r->modified_ms + r->hard_timeout * INT64_C(1000) : INT64_MAX;
}

static void place(struct tables *ts, uint32_t i, struct heap_entry e)
{
    ts->heap[i] = e;
    e.rule->heap_pos = i;
}

static void sift_up(struct tables *ts, uint32_t i, struct heap_entry e)
{
    while (i && ts->heap[(i - 1) / 2].due_ms > e.due_ms) {
        place(ts, i, ts->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(ts, i, e);
}

static void sift_down(struct tables *ts, uint32_t i, struct heap_entry e)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < ts->n_heap && ts->heap[child + 1].due_ms < ts->heap[child].due_ms) {
            child++;
        }
        if (child >= ts->n_heap || ts->heap[child].due_ms >= e.due_ms) {
            break;
        }
        place(ts, i, ts->heap[child]);
        i = child;
    }
    place(ts, i, e);
}

void timeout_add(struct tables *ts, struct rule *r)
{
    int64_t due = MIN(idle_due(r), hard_due(r));

    if (due == INT64_MAX) {
        return;
    }
    if (ts->n_heap == ts->cap_heap) {
        ts->cap_heap = ts->cap_heap ? ts->cap_heap * 2 : 16;
        ts->heap = xrealloc(ts->heap, ts->cap_heap * sizeof ts->heap[0]);
    }
    ts->n_heap++;
    sift_up(ts, ts->n_heap - 1, (struct heap_entry){due, r});
}

void timeout_remove(struct tables *ts, struct rule *r)
{
    uint32_t i = r->heap_pos;

    if (i == RULE_NO_HEAP) {
        return;
    }
    r->heap_pos = RULE_NO_HEAP;
    struct heap_entry last = ts->heap[--ts->n_heap];
    if (i == ts->n_heap) {
        return;
    }
    if (i && ts->heap[(i - 1) / 2].due_ms > last.due_ms) {
        sift_up(ts, i, last);
    } else {
        sift_down(ts, i, last);
    }
}

static uint16_t cut(uint16_t timeout, uint16_t most)
{
    return most && (!timeout || timeout > most) ? most : timeout;
}

void tables_cut_timeouts(struct tables *ts, struct rule *r, uint16_t idle, uint16_t hard)
{
    timeout_remove(ts, r);
    r->idle_timeout = cut(r->idle_timeout, idle);
    r->hard_timeout = cut(r->hard_timeout, hard);
    timeout_add(ts, r);
}

bool tables_expire(struct tables *ts, int64_t now_ms, unsigned budget,
                   void (*expired)(void *aux, struct rule *, enum rule_timeout), void *aux)
{
    while (ts->n_heap && ts->heap[0].due_ms <= now_ms) {
        struct rule *r = ts->heap[0].rule;
        if (!budget--) {
            return true;
        }
        if (hard_due(r) <= now_ms) {
            expired(aux, r, RULE_HARD);
        } else if (idle_due(r) <= now_ms) {
            expired(aux, r, RULE_IDLE);
        } else {
            sift_down(ts, 0, (struct heap_entry){MIN(idle_due(r), hard_due(r)), r});
        }
    }
    return false;
}

int64_t tables_next_timeout(const struct tables *ts)
{
    return ts->n_heap ? ts->heap[0].due_ms : INT64_MAX;
}
