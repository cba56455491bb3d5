/* fdb.c - see fdb.h.  An entry's port and time change in place; lists in order of use, one of
 * all and one of each port, say who goes first.  Times of use come late and out of order by a
 * statistics period, which ageing tolerates. */
#include "ofproto/xlate/fdb.h"

#include <stdlib.h>
#include <urcu/urcu-qsbr.h>

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/mem.h"
#include "ofproto/table/index.h"

/* Addresses behind one port. */
struct fdb_port {
    struct hmap_node node; /* In the table, by port. */
    uint32_t port, n;
    struct fdb_entry *oldest, *newest;
};

struct fdb_entry {
    struct rcu_head rcu;
    uint32_t hash;
    uint32_t port; /* Atomic. */
    int64_t used_ms;
    struct fdb_entry *next, *prev; /* Least recently used first. */
    struct fdb_port *of;
    struct fdb_entry *of_next, *of_prev; /* The same of its port. */
    uint16_t vlan;
    uint8_t mac[6];
};

struct fdb {
    struct index index;
    uint64_t seed;
    uint32_t refs, n, max;
    int64_t age_ms;
    struct fdb_entry *oldest, *newest;
    struct hmap ports; /* Those with addresses. */
    struct rcu_head rcu;
};

struct fdb *fdb_new(uint64_t seed, uint32_t max, int64_t age_ms)
{
    struct fdb *fdb = xzalloc(sizeof *fdb);

    index_init(&fdb->index);
    hmap_init(&fdb->ports);
    fdb->seed = seed;
    fdb->refs = 1;
    fdb->max = max;
    fdb->age_ms = age_ms;
    return fdb;
}

void fdb_ref(struct fdb *fdb)
{
    __atomic_add_fetch(&fdb->refs, 1, __ATOMIC_RELAXED);
}

static void fdb_free_rcu(struct rcu_head *rcu)
{
    struct fdb *fdb = container_of_(rcu, struct fdb, rcu);

    for (struct fdb_entry *e = fdb->oldest, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    struct fdb_port *p, *next_port;
    HMAP_FOR_EACH_SAFE(p, next_port, node, &fdb->ports) {
        hmap_remove(&fdb->ports, &p->node);
        free(p);
    }
    hmap_deinit(&fdb->ports);
    index_deinit(&fdb->index);
    free(fdb);
}

void fdb_unref(struct fdb *fdb)
{
    if (fdb && __atomic_sub_fetch(&fdb->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        urcu_qsbr_call_rcu(&fdb->rcu, fdb_free_rcu);
    }
}

static uint32_t hash_address(const struct fdb *fdb, uint16_t vlan, const uint8_t mac[6])
{
    uint64_t word = vlan;

    memcpy((uint8_t *)&word + 2, mac, 6);
    return hash_u64(word, fdb->seed);
}

static struct fdb_entry *find(const struct fdb *fdb, uint16_t vlan, const uint8_t mac[6])
{
    struct index_probe p;
    struct fdb_entry *e = index_first(&fdb->index, hash_address(fdb, vlan, mac), &p);

    while (e && (e->vlan != vlan || memcmp(e->mac, mac, 6))) {
        e = index_next(&p);
    }
    return e;
}

bool fdb_lookup(const struct fdb *fdb, uint16_t vlan, const uint8_t mac[6], uint32_t *ofp_port)
{
    const struct fdb_entry *e = find(fdb, vlan, mac);

    if (e) {
        *ofp_port = __atomic_load_n(&e->port, __ATOMIC_RELAXED);
    }
    return e != NULL;
}

/* ---- control thread ---- */

static void list_remove(struct fdb *fdb, struct fdb_entry *e)
{
    *(e->prev ? &e->prev->next : &fdb->oldest) = e->next;
    *(e->next ? &e->next->prev : &fdb->newest) = e->prev;
}

static void list_append(struct fdb *fdb, struct fdb_entry *e)
{
    e->next = NULL;
    e->prev = fdb->newest;
    *(fdb->newest ? &fdb->newest->next : &fdb->oldest) = e;
    fdb->newest = e;
}

/* ---- by port ---- */

static struct fdb_port *port_of(struct fdb *fdb, uint32_t ofp_port)
{
    const size_t hash = hash_u64(ofp_port, fdb->seed);
    struct fdb_port *p;

    HMAP_FOR_EACH_WITH_HASH(p, node, hash, &fdb->ports) {
        if (p->port == ofp_port) {
            return p;
        }
    }
    p = xzalloc(sizeof *p);
    p->port = ofp_port;
    hmap_insert(&fdb->ports, &p->node, hash);
    return p;
}

static void port_append(struct fdb_port *p, struct fdb_entry *e)
{
    e->of = p;
    e->of_next = NULL;
    e->of_prev = p->newest;
    *(p->newest ? &p->newest->of_next : &p->oldest) = e;
    p->newest = e;
    p->n++;
}

static void port_remove(struct fdb_entry *e)
{
    struct fdb_port *p = e->of;

    *(e->of_prev ? &e->of_prev->of_next : &p->oldest) = e->of_next;
    *(e->of_next ? &e->of_next->of_prev : &p->newest) = e->of_prev;
    p->n--;
}

static void port_forget_empty(struct fdb *fdb, struct fdb_port *p)
{
    if (!p->n) {
        hmap_remove(&fdb->ports, &p->node);
        free(p);
    }
}

static bool goes_before(const struct fdb_port *a, const struct fdb_port *b)
{
    return a->n != b->n ? a->n > b->n : a->oldest->used_ms < b->oldest->used_ms;
}

/* Who makes room: whoever floods the table with addresses takes his own places away. */
static struct fdb_entry *least_needed(struct fdb *fdb)
{
    struct fdb_port *p, *most = NULL;

    HMAP_FOR_EACH(p, node, &fdb->ports) {
        most = !most || goes_before(p, most) ? p : most;
    }
    return most->oldest;
}

static void free_entry(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct fdb_entry, rcu));
}

static void drop(struct fdb *fdb, struct fdb_entry *e)
{
    index_remove(&fdb->index, e->hash, e);
    list_remove(fdb, e);
    port_remove(e);
    port_forget_empty(fdb, e->of);
    fdb->n--;
    urcu_qsbr_call_rcu(&e->rcu, free_entry);
}

static void use(struct fdb *fdb, struct fdb_entry *e, int64_t now_ms)
{
    if (now_ms > e->used_ms) {
        e->used_ms = now_ms;
        list_remove(fdb, e);
        list_append(fdb, e);
        port_remove(e);
        port_append(e->of, e);
    }
}

bool fdb_learn(struct fdb *fdb, uint16_t vlan, const uint8_t mac[6], uint32_t ofp_port,
               int64_t now_ms)
{
    struct fdb_entry *e = find(fdb, vlan, mac);

    if (mac[0] & 1) {
        return false;
    }
    if (e) {
        bool moved = e->port != ofp_port;
        use(fdb, e, now_ms);
        if (moved) {
            struct fdb_port *before = e->of;
            port_remove(e);
            port_append(port_of(fdb, ofp_port), e);
            port_forget_empty(fdb, before);
        }
        __atomic_store_n(&e->port, ofp_port, __ATOMIC_RELAXED);
        return moved;
    }
    while (fdb->oldest && fdb->n >= fdb->max) {
        drop(fdb, least_needed(fdb));
    }
    e = xzalloc(sizeof *e);
    e->hash = hash_address(fdb, vlan, mac);
    e->port = ofp_port;
    e->vlan = vlan;
    memcpy(e->mac, mac, 6);
    e->used_ms = now_ms;
    list_append(fdb, e);
    port_append(port_of(fdb, ofp_port), e);
    index_insert(&fdb->index, e->hash, e);
    fdb->n++;
    return true;
}

void fdb_refresh(struct fdb *fdb, uint16_t vlan, const uint8_t mac[6], uint32_t ofp_port,
                 int64_t used_ms)
{
    struct fdb_entry *e = find(fdb, vlan, mac);

    if (e && e->port == ofp_port) {
        use(fdb, e, used_ms);
    }
}

void fdb_expire(struct fdb *fdb, int64_t now_ms,
                void (*gone)(void *aux, uint16_t vlan, const uint8_t mac[6]), void *aux)
{
    while (fdb->oldest && fdb->oldest->used_ms + fdb->age_ms <= now_ms) {
        if (gone) {
            gone(aux, fdb->oldest->vlan, fdb->oldest->mac);
        }
        drop(fdb, fdb->oldest);
    }
}

void fdb_flush(struct fdb *fdb)
{
    while (fdb->oldest) {
        drop(fdb, fdb->oldest);
    }
}

void fdb_flush_port(struct fdb *fdb, uint32_t ofp_port)
{
    for (struct fdb_entry *e = fdb->oldest, *next; e; e = next) {
        next = e->next;
        if (e->port == ofp_port) {
            drop(fdb, e);
        }
    }
}

void fdb_flush_vlans(struct fdb *fdb, const uint64_t *vlans)
{
    for (struct fdb_entry *e = fdb->oldest, *next; e; e = next) {
        next = e->next;
        if (vlans[e->vlan / 64] & BIT64(e->vlan % 64)) {
            drop(fdb, e);
        }
    }
}

void fdb_set(struct fdb *fdb, uint32_t max, int64_t age_ms)
{
    fdb->max = max;
    fdb->age_ms = age_ms;
    while (fdb->n > max) {
        drop(fdb, least_needed(fdb));
    }
}

uint32_t fdb_count(const struct fdb *fdb)
{
    return fdb->n;
}

void fdb_dump(const struct fdb *fdb, void (*visit)(void *aux, const struct fdb_entry_info *),
              void *aux)
{
    for (const struct fdb_entry *e = fdb->oldest; e; e = e->next) {
        struct fdb_entry_info info = {.vlan = e->vlan, .ofp_port = e->port, .used_ms = e->used_ms};
        memcpy(info.mac, e->mac, 6);
        visit(aux, &info);
    }
}
