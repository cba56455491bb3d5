/* evict.c - see evict.h: a binary heap whose keys may lag behind. */
#include "ofproto/table/evict.h"

#include <stdlib.h>

#include "lib/mem.h"

void evict_init(struct evict *e)
{
    *e = (struct evict){.heap = NULL};
}

void evict_deinit(struct evict *e)
{
    for (size_t i = 0; i < e->n; i++) {
        rule_unref(e->heap[i].rule);
    }
    free(e->heap);
    evict_init(e);
}

int64_t evict_ends_ms(const struct rule *r)
{
    int64_t idle = r->idle_timeout ? r->used_ms + r->idle_timeout * INT64_C(1000) : INT64_MAX;
    int64_t hard = r->hard_timeout ? r->created_ms + r->hard_timeout * INT64_C(1000) : INT64_MAX;
    return MIN(idle, hard);
}

static bool before(const struct evict_entry *a, const struct evict_entry *b)
{
    return a->importance != b->importance ? a->importance < b->importance
           : a->ends_ms != b->ends_ms     ? a->ends_ms < b->ends_ms
                                          : a->seq < b->seq;
}

static void swap(struct evict_entry *a, struct evict_entry *b)
{
    struct evict_entry t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct evict *e, size_t i)
{
    for (; i && before(&e->heap[i], &e->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(&e->heap[i], &e->heap[(i - 1) / 2]);
    }
}

static void sift_down(struct evict *e, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < e->n; k++) {
            least = before(&e->heap[k], &e->heap[least]) ? k : least;
        }
        if (least == i) {
            return;
        }
        swap(&e->heap[i], &e->heap[least]);
        i = least;
    }
}

static void drop(struct evict *e, size_t i)
{
    rule_unref(e->heap[i].rule);
    e->heap[i] = e->heap[--e->n];
    if (i < e->n) {
        sift_down(e, i);
    }
}

/* Without the rules that are gone. */
static void compact(struct evict *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n; i++) {
        if (rule_is_live(e->heap[i].rule)) {
            e->heap[n++] = e->heap[i];
        } else {
            rule_unref(e->heap[i].rule);
        }
    }
    e->n = n;
    for (size_t i = n / 2; i-- > 0;) {
        sift_down(e, i);
    }
}

void evict_push(struct evict *e, struct rule *r)
{
    if (e->n == e->cap) {
        compact(e);
        if (e->n * 2 >= e->cap) {
            e->cap = e->cap ? 2 * e->cap : 64;
            e->heap = xrealloc(e->heap, e->cap * sizeof *e->heap);
        }
    }
    rule_ref(r);
    e->heap[e->n] = (struct evict_entry){r, evict_ends_ms(r), e->pushed++, r->importance};
    sift_up(e, e->n++);
}

struct rule *evict_pop(struct evict *e)
{
    while (e->n) {
        struct evict_entry *top = &e->heap[0];
        struct rule *r = top->rule;
        int64_t ends = evict_ends_ms(r);
        if (!rule_is_live(r)) {
            drop(e, 0);
        } else if (ends > top->ends_ms) {
            top->ends_ms = ends; /* It was used since. */
            sift_down(e, 0);
        } else {
            drop(e, 0);
            return r;
        }
    }
    return NULL;
}
