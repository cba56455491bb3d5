/* learn.c - see learn.h. */
#include "ofproto/learn.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(learn);

static struct bridge *bridge_of(struct ofproto *p, const struct tables *ts)
{
    struct bridge *br = p->bridges;

    while (br && br->tables != ts) {
        br = br->next;
    }
    return br;
}

/* ---- into the table ---- */

static void put_in(struct bridge *br, const struct learned *l)
{
    const struct rule_args *a = &l->args;
    const struct flow_mod fm = {
        .command = FM_ADD,
        .table_id = a->table_id,
        .priority = a->priority,
        .new_cookie = a->cookie,
        .idle_timeout = a->idle_timeout,
        .hard_timeout = a->hard_timeout,
        .flags = a->flags,
        .buffer_id = OFP_NO_BUFFER,
        .match = l->match,
        .acts = {.data = l->acts->data, .len = l->acts->len},
    };
    enum ofp_error error = bridge_flow_mod(br, &fm, NULL, NULL);

    if (error) {
        log_warn_rl("%s: learned flow is not added: %s", br->name, ofp_error_name(error));
    }
}

void learn_apply(struct ofproto *p, const struct learned *l, int64_t now_ms)
{
    struct bridge *br = bridge_of(p, l->tables);
    const struct rule_args *a = &l->args;

    if (!br || !tlv_table_covers(br->tlvs, &l->match)) { /* Made with a table of before. */
        return;
    }
    struct rule *old = table_find(br->tables, a->table_id, &l->match, a->priority);
    if (old && learned_is_rule(l, old)) {
        old->modified_ms = MAX(old->modified_ms, now_ms); /* The hard timeout begins anew. */
        return;
    }
    if (!old && l->limit) {
        tables_count_cookie(br->tables, a->table_id, a->cookie);
        if (tables_cookie_count(br->tables, a->table_id, a->cookie) >= l->limit) {
            return;
        }
    }
    put_in(br, l);
}

/* ---- credits ---- */

static void refresh(struct ofproto *p, const struct learned *l, int64_t used_ms)
{
    struct rule *old = table_find(l->tables, l->args.table_id, &l->match, l->args.priority);

    /* One that has gone comes back only by packets that came after it went. */
    if (old || used_ms > p->rules_ms) {
        learn_apply(p, l, used_ms);
    }
}

static void cut_timeouts(struct ofproto *p, const struct credit_item *it)
{
    struct bridge *br = bridge_of(p, it->u.fin.tables);

    if (br && rule_is_live(it->u.fin.rule)) {
        tables_cut_timeouts(br->tables, it->u.fin.rule, it->u.fin.idle, it->u.fin.hard);
        bridge_flow_arm(br);
    }
}

void learn_credit(struct ofproto *p, const struct credit *c, const struct dp_flow_stats *delta)
{
    if (!c->acts_on_rules || !delta->packets) {
        return;
    }
    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        if (it->type == CREDIT_LEARNED) {
            refresh(p, it->u.learned, delta->used_ms);
        } else if (it->type == CREDIT_FIN) {
            cut_timeouts(p, it);
        }
    }
}

/* ---- delete_learned ---- */

/* How many rules of the bridge learn flows of this table and cookie, to be deleted with them. */
struct learners {
    struct hmap_node node;
    uint64_t cookie;
    uint8_t table_id;
    unsigned n;
};

static size_t hash_learners(uint8_t table_id, uint64_t cookie)
{
    return hash_u64(cookie, table_id);
}

static struct learners *find(struct bridge *br, uint8_t table_id, uint64_t cookie)
{
    struct learners *l;

    HMAP_FOR_EACH_WITH_HASH(l, node, hash_learners(table_id, cookie), &br->learners) {
        if (l->table_id == table_id && l->cookie == cookie) {
            return l;
        }
    }
    return NULL;
}

static bool remove_learned(void *br, struct rule *rule)
{
    bridge_flow_delete_rule(br, rule);
    return true;
}

static void last_is_gone(struct bridge *br, uint8_t table_id, uint64_t cookie)
{
    struct match any;
    const struct rule_criteria criteria = {.table_id = table_id,
                                           .match = &any,
                                           .cookie = cookie,
                                           .cookie_mask = UINT64_MAX,
                                           .out_port = OFPP_ANY,
                                           .out_group = OFPG_ANY};

    match_init(&any);
    tables_select(br->tables, &criteria, remove_learned, br);
}

static void add_learner(struct bridge *br, const struct act_learn *a)
{
    struct learners *l;

    if (a->limit) {
        tables_count_cookie(br->tables, a->table, a->cookie);
    }
    if (!(a->flags & LEARN_DELETE_LEARNED)) {
        return;
    }
    l = find(br, a->table, a->cookie);
    if (!l) {
        l = xzalloc(sizeof *l);
        l->table_id = a->table;
        l->cookie = a->cookie;
        hmap_insert(&br->learners, &l->node, hash_learners(a->table, a->cookie));
    }
    l->n++;
}

/* True: it was the last. */
static bool uncount(struct bridge *br, const struct act_learn *a)
{
    struct learners *l = a->flags & LEARN_DELETE_LEARNED ? find(br, a->table, a->cookie) : NULL;

    if (!l || --l->n) {
        return false;
    }
    hmap_remove(&br->learners, &l->node);
    free(l);
    return true;
}

static void drop_learner(struct bridge *br, const struct act_learn *a)
{
    if (uncount(br, a)) {
        last_is_gone(br, a->table, a->cookie);
    }
}

static void forget_learner(struct bridge *br, const struct act_learn *a)
{
    (void)uncount(br, a);
}

static void each_learn(struct bridge *br, const void *acts, size_t len,
                       void (*cb)(struct bridge *, const struct act_learn *))
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == ACT_LEARN) {
            cb(br, (const struct act_learn *)(const void *)a);
        } else if (a->type == ACT_CLONE) {
            const struct act_write_actions *c = (const void *)a;
            each_learn(br, act_write_actions_nested(c), c->nested_len, cb);
        }
    }
}

void learn_rule_added(struct bridge *br, const struct rule *rule)
{
    each_learn(br, rule->acts->data, rule->acts->len, add_learner);
}

void learn_rule_gone(struct bridge *br, const struct rule *rule)
{
    each_learn(br, rule->acts->data, rule->acts->len, drop_learner);
}

void learn_rule_forgotten(struct bridge *br, const struct rule *rule)
{
    each_learn(br, rule->acts->data, rule->acts->len, forget_learner);
}

void learn_deinit(struct bridge *br)
{
    struct learners *l, *next;

    HMAP_FOR_EACH_SAFE(l, next, node, &br->learners) {
        hmap_remove(&br->learners, &l->node);
        free(l);
    }
    hmap_deinit(&br->learners);
}
