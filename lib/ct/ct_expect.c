/* ct_expect.c - see ct_alg-private.h: what helpers expect.  Any worker, under a lock of its own; a
 * new connection takes it only while something is expected.
 *
 * What has come stays for a while as taken, found by nobody but its control connection: a segment
 * that announced it and is sent once more is read as it was, and no second one is expected. */
#include "lib/ct/ct_alg-private.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/packet/ip.h"

#define N_BUCKETS  1024u
#define PORT_TRIES 64u

enum use { FREE, WAITS, TAKEN };

struct node {
    struct ct_expect e;
    uint64_t check; /* Of 'e', for who finds it in a store. */
    uint16_t next;  /* In its bucket, or free; 0: the end. */
    uint8_t used;   /* enum use */
};

struct ct_expects {
    struct ct_expects_head head;
    uint16_t free, n_ever;
    uint16_t buckets[N_BUCKETS];
    struct node nodes[CT_EXPECT_MAX + 1]; /* 0 is none. */
};

/* Of another size, tables of older builds would be refused: that needs a row of ct_migrate.c. */
_Static_assert(sizeof(struct node) == 112, "the layout of a part that is kept");

size_t ct_expects_size(void)
{
    return sizeof(struct ct_expects);
}

static unsigned bucket_of(const struct ct_ends *t, uint16_t zone)
{
    uint64_t w[5];
    memcpy(w, t->addr, 32);
    w[4] = (uint64_t)zone << 32 | (uint64_t)t->proto << 16 | t->port[1];
    return (unsigned)hash_words(w, 5, t->is_ip6) % N_BUCKETS;
}

static bool same(const struct ct_expect *e, const struct ct_ends *t, uint16_t zone)
{
    return e->zone == zone && e->tuple.is_ip6 == t->is_ip6 && e->tuple.proto == t->proto &&
           e->tuple.port[1] == t->port[1] && !memcmp(e->tuple.addr, t->addr, sizeof t->addr);
}

static uint64_t check_of(const struct node *n)
{
    return hash_bytes(&n->e, sizeof n->e, 1);
}

/* ---- locked ---- */

static struct node *find(struct ct_expects *x, const struct ct_ends *t, uint16_t zone)
{
    for (uint16_t i = x->buckets[bucket_of(t, zone)]; i; i = x->nodes[i].next) {
        if (same(&x->nodes[i].e, t, zone)) {
            return &x->nodes[i];
        }
    }
    return NULL;
}

static void set_use(struct ct_expects *x, struct node *n, enum use use)
{
    uint32_t others = x->head.n - (n->used == WAITS);
    n->used = (uint8_t)use;
    __atomic_store_n(&x->head.n, others + (use == WAITS), __ATOMIC_RELAXED);
}

static void drop(struct ct_expects *x, struct node *n)
{
    uint16_t index = (uint16_t)(n - x->nodes);
    uint16_t *p = &x->buckets[bucket_of(&n->e.tuple, n->e.zone)];
    while (*p != index) {
        p = &x->nodes[*p].next;
    }
    *p = n->next;
    set_use(x, n, FREE);
    n->next = x->free;
    x->free = index;
}

static bool put(struct ct_expects *x, const struct ct_expect *e)
{
    uint16_t index = x->free;
    if (index) {
        x->free = x->nodes[index].next;
    } else if (x->n_ever < CT_EXPECT_MAX) {
        index = ++x->n_ever;
    } else {
        return false;
    }
    uint16_t *head = &x->buckets[bucket_of(&e->tuple, e->zone)];
    struct node *n = &x->nodes[index];
    n->used = FREE;
    n->e = *e;
    n->check = check_of(n);
    n->next = *head;
    set_use(x, n, WAITS);
    *head = index;
    return true;
}

/* Those that are over go, and the oldest of a connection that has too many.  Returns the one that
 * this is once more. */
static struct node *tidy(struct ct_expects *x, const struct ct_expect *e, int64_t now_ms)
{
    struct node *again = NULL, *oldest = NULL, *taken = NULL;
    unsigned n = 0;
    for (uint16_t i = 1; i <= x->n_ever; i++) {
        struct node *o = &x->nodes[i];
        if (!o->used) {
            continue;
        }
        if (o->e.expires_ms <= now_ms) {
            drop(x, o);
            continue;
        }
        taken = o->used == TAKEN ? o : taken;
        if (o->e.master.index == e->master.index) {
            if (o->e.master.generation != e->master.generation) {
                drop(x, o);
                continue;
            }
            n++;
            oldest = !oldest || o->e.expires_ms < oldest->e.expires_ms ? o : oldest;
            bool it = o->e.asked == e->asked && !memcmp(o->e.tuple.addr, e->tuple.addr, 32);
            again = it ? o : again;
        }
    }
    if (!again && n >= CT_EXPECT_PER_MASTER) {
        drop(x, oldest);
    } else if (!again && taken && !x->free && x->n_ever == CT_EXPECT_MAX) {
        drop(x, taken); /* Those that wait have the room. */
    }
    return again;
}

static be16 add(struct ct_expects *x, struct ct_expect e, bool said_before, int64_t now_ms)
{
    struct node *again = tidy(x, &e, now_ms);
    if (again && !(said_before && again->used == TAKEN)) {
        again->e.expires_ms = e.expires_ms;
        again->check = check_of(again);
        set_use(x, again, WAITS);
    }
    if (again) {
        return again->e.tuple.port[1];
    }
    /* Of TFTP nobody could be told of another port. */
    bool movable = memcmp(&e.tuple, &e.to, sizeof e.to) && e.tuple.proto == IPPROTO_HDR_TCP;
    for (unsigned i = 0; i < (movable ? PORT_TRIES : 1); i++) {
        uint32_t port = ntohs(e.asked) + i;
        e.tuple.port[1] = htons((uint16_t)(port > UINT16_MAX ? port - UINT16_MAX + 1023 : port));
        struct node *other = find(x, &e.tuple, e.zone);
        if (other && (!movable || other->used == TAKEN)) {
            drop(x, other); /* Of a control connection that was before, most likely, or come. */
            other = NULL;
        }
        if (!other) {
            return put(x, &e) ? e.tuple.port[1] : 0;
        }
    }
    return 0;
}

/* ---- for all ---- */

be16 ct_expect_add(struct ct_expects *x, const struct ct_expect *e, bool again, int64_t now_ms)
{
    ct_spin_lock(&x->head.lock);
    be16 port = add(x, *e, again, now_ms);
    ct_spin_unlock(&x->head.lock);
    counter_inc(port ? COUNTER_conntrack_expect : COUNTER_conntrack_expect_full);
    return port;
}

bool ct_expect_find(struct ct_expects *x, const struct ct_lookup *q, bool take, int64_t now_ms,
                    struct ct_expect *out)
{
    if (LIKELY(!ct_expect_any(x)) || q->one_way) {
        return false;
    }
    struct ct_ends t = {.is_ip6 = q->is_ip6, .proto = q->key.proto, .port = {0, q->key.port[1]}};
    for (int i = 0; i < 2; i++) {
        if (q->is_ip6) {
            memcpy(t.addr[i], q->addr6.a[i], 16);
        } else {
            memcpy(t.addr[i], &q->key.ip4[i], 4);
        }
    }
    ct_spin_lock(&x->head.lock);
    struct node *n = find(x, &t, q->key.zone);
    bool ok = n && n->used == WAITS && n->e.expires_ms > now_ms;
    if (ok) {
        *out = n->e;
    }
    if (ok && take) {
        n->e.expires_ms = MIN(n->e.expires_ms, now_ms + CT_EXPECT_TAKEN_MS);
        set_use(x, n, TAKEN);
    }
    ct_spin_unlock(&x->head.lock);
    return ok;
}

bool ct_expect_next(struct ct_expects *x, uint32_t *pos, int64_t now_ms, struct ct_expect *out)
{
    bool found = false;
    ct_spin_lock(&x->head.lock);
    while (!found && *pos < x->n_ever) {
        const struct node *n = &x->nodes[++*pos];
        found = n->used == WAITS && n->e.expires_ms > now_ms;
        if (found) {
            *out = n->e;
        }
    }
    ct_spin_unlock(&x->head.lock);
    return found;
}

/* ---- what a former process left ---- */

static bool master_ok(const struct ct_table *t, struct ct_ref master)
{
    uint32_t slot = master.index & CT_INDEX_SLOT;
    if (!slot || slot >= t->pools[master.index >> 31].n_used) {
        return false;
    }
    const struct ct_conn *c = ct_table_conn(t, master.index);
    return c->flags & CT_F_LIVE && !(c->flags & CT_F_TWIN) && c->generation == master.generation &&
           ct_helper_of(c) != CT_HELPER_NONE;
}

struct ct_expects *ct_expects_begin(struct ct_table *t, int64_t now_ms)
{
    if (!ct_arena_grow(&t->expects, sizeof(struct ct_expects))) {
        return NULL;
    }
    struct ct_expects *x = (struct ct_expects *)(void *)t->expects.base;
    unsigned n = MIN(x->n_ever, CT_EXPECT_MAX);
    struct node *old = xmemdup(x->nodes, (n + 1) * sizeof *old);
    memset(x, 0, offsetof(struct ct_expects, nodes) + (n + 1) * sizeof *old);
    for (unsigned i = 1; i <= n; i++) {
        struct ct_expect *e = &old[i].e;
        /* A clock behind the former one's was warped, in a test. */
        if (old[i].used == WAITS && old[i].check == check_of(&old[i]) && master_ok(t, e->master) &&
            e->expires_ms > now_ms && !find(x, &e->tuple, e->zone)) {
            e->expires_ms = MIN(e->expires_ms, now_ms + CT_EXPECT_MS);
            put(x, e);
        }
    }
    free(old);
    return x;
}
