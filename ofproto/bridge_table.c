/* bridge_table.c - see bridge_table.h. */
#include "ofproto/bridge_table.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"
#include "ofproto/bridge_keep.h"
#include "ofproto/ofproto-private.h"

struct bridge_table {
    char *name;     /* Of the row, */
    char *mod_name; /* or a controller's. */
    uint32_t limit;
    bool row_evicts;      /* Flow_Table says so... */
    bool mod_evicts;      /* ...or a controller. */
    uint8_t miss;         /* enum table_miss */
    bool warns, was_down; /* Vacancy events; the last one was "down". */
    uint8_t vacancy_down, vacancy_up;
    bool has_queue;
    struct evict queue;
};

struct bridge_tables {
    struct bridge_table *table[OFP_N_TABLES]; /* NULL: nothing is special. */
};

struct bridge_tables *bridge_tables_new(void)
{
    return xzalloc(sizeof(struct bridge_tables));
}

void bridge_tables_free(struct bridge_tables *ts)
{
    for (unsigned id = 0; ts && id < OFP_N_TABLES; id++) {
        struct bridge_table *t = ts->table[id];
        if (t) {
            evict_deinit(&t->queue);
            free(t->name);
            free(t->mod_name);
            free(t);
        }
    }
    free(ts);
}

static struct bridge_table *find(const struct bridge *br, uint8_t id)
{
    return id < OFP_N_TABLES ? br->table_cfgs->table[id] : NULL;
}

static struct bridge_table *make(struct bridge *br, uint8_t id)
{
    struct bridge_table **t = &br->table_cfgs->table[id];

    if (!*t) {
        *t = xzalloc(sizeof **t);
        (*t)->limit = BRIDGE_TABLE_NO_LIMIT;
        evict_init(&(*t)->queue);
    }
    return *t;
}

/* ---- eviction ---- */

static bool evicts(const struct bridge_table *t)
{
    return t->row_evicts || t->mod_evicts;
}

static bool push_one(void *queue, struct rule *rule)
{
    evict_push(queue, rule);
    return true;
}

/* The queue is there only while the table evicts. */
static void update_queue(struct bridge *br, uint8_t id)
{
    struct bridge_table *t = find(br, id);

    if (evicts(t) && !t->has_queue) {
        struct match any;
        match_init(&any);
        struct rule_criteria all = {
            .table_id = id, .match = &any, .out_port = OFPP_ANY, .out_group = OFPG_ANY};
        tables_select(br->tables, &all, push_one, &t->queue);
    } else if (!evicts(t)) {
        evict_deinit(&t->queue);
    }
    t->has_queue = evicts(t);
}

enum ofp_error bridge_table_make_room(struct bridge *br, uint8_t id)
{
    struct bridge_table *t = find(br, id);

    if (tables_n_rules(br->tables) >= BRIDGE_TABLE_NO_LIMIT) {
        return OFPERR_OFPFMFC_TABLE_FULL;
    }
    while (t && table_n_rules(br->tables, id) >= t->limit) {
        struct rule *victim = t->limit && t->has_queue ? evict_pop(&t->queue) : NULL;
        if (!victim) {
            return OFPERR_OFPFMFC_TABLE_FULL;
        }
        counter_inc(COUNTER_ofproto_evict);
        bridge_flow_evict(br, victim);
    }
    return OFPERR_OK;
}

/* ---- vacancy ---- */

/* Percent of the table that is free. */
static uint8_t vacancy(const struct bridge *br, uint8_t id, const struct bridge_table *t)
{
    uint64_t n = table_n_rules(br->tables, id);
    return n >= t->limit ? 0 : (uint8_t)((t->limit - n) * 100 / t->limit);
}

static void check_vacancy(struct bridge *br, uint8_t id, struct bridge_table *t)
{
    uint8_t free_now = t->warns ? vacancy(br, id, t) : 0;
    bool down = t->warns && !t->was_down && free_now < t->vacancy_down;
    bool up = t->warns && t->was_down && free_now > t->vacancy_up;

    if (down || up) {
        struct table_config c;
        t->was_down = down;
        bridge_table_get(br, id, &c);
        connmgr_table_status(br->conns, down ? TABLE_VACANCY_DOWN : TABLE_VACANCY_UP, &c);
    }
}

void bridge_table_changed(struct bridge *br, uint8_t id, struct rule *rule)
{
    struct bridge_table *t = find(br, id);

    if (t) {
        if (rule && t->has_queue) {
            evict_push(&t->queue, rule);
        }
        check_vacancy(br, id, t);
    }
}

/* ---- configuration ---- */

static void mod_one(struct bridge *br, uint8_t id, const struct table_config *c, uint8_t version)
{
    struct bridge_table *t = make(br, id);

    if (version == OFP11_VERSION || version == OFP12_VERSION) {
        if (t->miss != c->miss_config) {
            t->miss = (uint8_t)c->miss_config;
            ofproto_cfg_changed(br->ofproto);
        }
    } else if (version >= OFP14_VERSION) {
        t->mod_evicts = c->evict;
        t->warns = c->warn_vacant;
        if (c->has_vacancy) {
            t->vacancy_down = c->vacancy_down;
            t->vacancy_up = c->vacancy_up;
        }
        t->was_down = false;
        update_queue(br, id);
        check_vacancy(br, id, t);
    }
}

enum ofp_error bridge_table_mod(struct bridge *br, const struct table_config *c, uint8_t version)
{
    if (c->table_id >= OFP_N_TABLES && c->table_id != OFPTT_ALL) {
        return OFPERR_OFPTMFC_BAD_TABLE;
    }
    /* Importance before lifetime is the one order there is here. */
    if (c->evict && c->eviction_flags != TABLE_EVICT_UNSET &&
        c->eviction_flags & ~(uint32_t)(TABLE_EVICT_IMPORTANCE | TABLE_EVICT_LIFETIME)) {
        return OFPERR_OFPTMFC_BAD_CONFIG;
    }
    unsigned first = c->table_id == OFPTT_ALL ? 0 : c->table_id;
    unsigned last = c->table_id == OFPTT_ALL ? OFP_N_TABLES - 1 : c->table_id;
    for (unsigned id = first; id <= last; id++) {
        mod_one(br, (uint8_t)id, c, version);
    }
    bridge_keep_table(br, c, version);
    return OFPERR_OK;
}

void bridge_table_get(const struct bridge *br, uint8_t id, struct table_config *c)
{
    const struct bridge_table *t = find(br, id);

    table_config_init(c);
    c->table_id = id;
    if (!t) {
        return;
    }
    c->miss_config = (enum table_miss)t->miss;
    c->evict = evicts(t);
    c->eviction_flags = TABLE_EVICT_IMPORTANCE | TABLE_EVICT_LIFETIME;
    c->warn_vacant = c->has_vacancy = t->warns;
    if (t->warns) {
        c->vacancy_down = t->vacancy_down;
        c->vacancy_up = t->vacancy_up;
        c->vacancy = vacancy(br, id, t);
    }
}

void bridge_table_get_mods(const struct bridge *br, uint8_t id, struct table_config *c)
{
    const struct bridge_table *t = find(br, id);

    table_config_init(c);
    c->table_id = id;
    if (t) {
        c->miss_config = (enum table_miss)t->miss;
        c->evict = t->mod_evicts;
        c->warn_vacant = c->has_vacancy = t->warns;
        c->vacancy_down = t->vacancy_down;
        c->vacancy_up = t->vacancy_up;
    }
}

const char *bridge_table_mod_name(const struct bridge *br, uint8_t id)
{
    const struct bridge_table *t = find(br, id);
    return t ? t->mod_name : NULL;
}

const char *bridge_table_name(const struct bridge *br, uint8_t id)
{
    const struct bridge_table *t = find(br, id);
    return !t ? NULL : t->name ? t->name : t->mod_name;
}

void bridge_table_rename(struct bridge *br, uint8_t id, const char *name)
{
    const char *now = bridge_table_name(br, id);

    if (strcmp(name, now ? now : "")) {
        struct bridge_table *t = make(br, id);
        free(t->mod_name);
        t->mod_name = *name ? xstrdup(name) : NULL;
        bridge_keep_table_name(br, id, name);
    }
}

uint32_t bridge_table_limit(const struct bridge *br, uint8_t id)
{
    const struct bridge_table *t = find(br, id);
    return t ? t->limit : BRIDGE_TABLE_NO_LIMIT;
}

void bridge_table_configure(struct bridge *br, uint8_t id, const struct bridge_table_config *c)
{
    static const struct bridge_table_config plain = {.limit = BRIDGE_TABLE_NO_LIMIT};
    struct bridge_table *t = c ? make(br, id) : find(br, id);

    if (!t) {
        return;
    }
    c = c ? c : &plain;
    free(t->name);
    t->name = c->name ? xstrdup(c->name) : NULL;
    t->limit = c->limit;
    t->row_evicts = c->evict;
    update_queue(br, id);
    /* What was taken before the limit came goes if the table makes room. */
    struct rule *victim;
    bool any = false;
    while (t->has_queue && table_n_rules(br->tables, id) > t->limit &&
           (victim = evict_pop(&t->queue))) {
        bridge_flow_evict(br, victim);
        any = true;
    }
    if (any) {
        tables_publish(br->tables);
    }
    check_vacancy(br, id, t);
}

void bridge_tables_to_cfg(const struct bridge *br, struct xlate_bridge *xb)
{
    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        const struct bridge_table *t = br->table_cfgs->table[id];
        xb->miss[id] = t ? t->miss : TABLE_MISS_DEFAULT;
    }
}
