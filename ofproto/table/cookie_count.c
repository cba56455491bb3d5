/* cookie_count.c - how many rules of a table have a cookie, where `learn` has a limit on them.  See
 * table.h.  A count that was asked for once is kept as long as the tables are. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/table-private.h"

struct cookie_count {
    uint64_t cookie;
    uint8_t table_id;
    uint32_t n; /* Atomic. */
};

static uint32_t hash_of(uint8_t id, uint64_t cookie)
{
    return (uint32_t)hash_u64(cookie, id);
}

static struct cookie_count *find(const struct tables *ts, uint8_t id, uint64_t cookie)
{
    struct index_probe p;
    struct cookie_count *c = index_first(&ts->cookies, hash_of(id, cookie), &p);

    while (c && (c->cookie != cookie || c->table_id != id)) {
        c = index_next(&p);
    }
    return c;
}

void cookie_count_init(struct tables *ts)
{
    index_init(&ts->cookies);
}

void cookie_count_deinit(struct tables *ts)
{
    uint32_t pos = 0;

    for (struct cookie_count *c; (c = index_walk(&ts->cookies, &pos)) != NULL;) {
        free(c);
    }
    index_deinit(&ts->cookies);
}

void cookie_count_change(struct tables *ts, const struct rule *r, int by)
{
    struct cookie_count *c = ts->n_cookies ? find(ts, r->table_id, r->cookie) : NULL;

    if (c) {
        __atomic_store_n(&c->n, c->n + (uint32_t)by, __ATOMIC_RELAXED);
    }
}

uint32_t tables_cookie_count(const struct tables *ts, uint8_t id, uint64_t cookie)
{
    const struct cookie_count *c = find(ts, id, cookie);
    return c ? __atomic_load_n(&c->n, __ATOMIC_RELAXED) : 0;
}

void tables_count_cookie(struct tables *ts, uint8_t id, uint64_t cookie)
{
    const struct table *t = table_get(ts, id);

    if (find(ts, id, cookie)) {
        return;
    }
    struct cookie_count *c = xzalloc(sizeof *c);
    c->cookie = cookie;
    c->table_id = id;
    for (const struct rule *r = t ? t->first : NULL; r; r = r->list_next) {
        c->n += r->cookie == cookie;
    }
    index_insert(&ts->cookies, hash_of(id, cookie), c);
    ts->n_cookies++;
}
