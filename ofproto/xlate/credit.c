/* credit.c - see credit.h. */
#include "ofproto/xlate/credit.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/groups.h"
#include "ofproto/xlate/continuation.h"
#include "ofproto/xlate/fdb.h"
#include "ofproto/xlate/learned.h"
#include "ofproto/xlate/mirror.h"
#include "ofproto/xlate/tunnel.h"

struct credit *credit_new(void)
{
    struct credit *c = xzalloc(sizeof *c);

    c->items = c->own;
    c->cap = CREDIT_OWN;
    return c;
}

static void item_release(const struct credit *c, const struct credit_item *it, int64_t now_ms)
{
    switch ((enum credit_type)it->type) {
    case CREDIT_RULE:
        rule_unref(it->u.rule);
        break;
    case CREDIT_TABLE:
        tables_unref(it->u.tables);
        break;
    case CREDIT_CONTINUATION:
        continuation_put(c->continuations, it->u.continuation, now_ms);
        break;
    case CREDIT_MAC_SRC:
    case CREDIT_MAC_DST:
        fdb_unref(it->u.fdb);
        break;
    case CREDIT_LEARNED:
        learned_unref(it->u.learned);
        break;
    case CREDIT_FIN:
        rule_unref(it->u.fin.rule);
        tables_unref(it->u.fin.tables);
        break;
    case CREDIT_GROUP:
        groups_unref(it->u.group);
        break;
    case CREDIT_MIRROR:
        mirror_count_unref(it->u.mirror);
        break;
    case CREDIT_TUNNEL_RX:
    case CREDIT_TUNNEL_TX:
        tunnel_stats_unref(it->u.tunnel);
        break;
    }
}

void credit_free(struct credit *c, int64_t now_ms)
{
    if (!c) {
        return;
    }
    for (unsigned i = 0; i < c->n; i++) {
        item_release(c, &c->items[i], now_ms);
    }
    continuations_unref(c->continuations);
    if (c->items != c->own) {
        free(c->items);
    }
    free(c);
}

static struct credit_item *add(struct credit *c, enum credit_type type)
{
    if (c->n == c->cap) {
        c->cap *= 2;
        if (c->items == c->own) {
            c->items = xcalloc(c->cap, sizeof c->items[0]);
            memcpy(c->items, c->own, sizeof c->own);
        } else {
            c->items = xrealloc(c->items, c->cap * sizeof c->items[0]);
        }
    }
    struct credit_item *it = &c->items[c->n++];
    memset(it, 0, sizeof *it);
    it->type = (uint8_t)type;
    return it;
}

void credit_add_rule(struct credit *c, struct rule *r)
{
    if (!rule_try_ref(r)) {
        c->stale = true;
        return;
    }
    struct credit_item *it = add(c, CREDIT_RULE);
    it->table_id = r->table_id;
    it->u.rule = r;
}

void credit_add_table(struct credit *c, struct tables *ts, uint8_t id, const struct rule *found)
{
    struct credit_item *it = add(c, CREDIT_TABLE);

    tables_ref(ts);
    it->table_id = id;
    it->matched = found != NULL;
    /* What conjunctions led to stands at their priority, which may be any. */
    it->port = found && !found->by_conj ? found->priority : 0;
    it->u.tables = ts;
}

void credit_add_continuation(struct credit *c, struct continuations *cs, struct continuation *cont)
{
    if (!c->continuations) {
        c->continuations = cs;
        continuations_ref(cs);
    }
    add(c, CREDIT_CONTINUATION)->u.continuation = cont; /* The reference moves here. */
}

void credit_add_group(struct credit *c, struct group_entry *e, uint32_t bucket)
{
    if (!groups_try_ref(e)) {
        c->stale = true;
        return;
    }
    struct credit_item *it = add(c, CREDIT_GROUP);
    it->port = bucket;
    it->u.group = e;
}

void credit_add_mac(struct credit *c, enum credit_type type, struct fdb *fdb, uint16_t vlan,
                    const uint8_t mac[6], uint32_t port)
{
    struct credit_item *it = add(c, type);

    fdb_ref(fdb);
    it->vlan = vlan;
    memcpy(it->mac, mac, 6);
    it->port = port;
    it->u.fdb = fdb;
}

void credit_add_mirror(struct credit *c, struct mirror_count *m)
{
    mirror_count_ref(m);
    add(c, CREDIT_MIRROR)->u.mirror = m;
}

void credit_add_learned(struct credit *c, struct learned *l)
{
    learned_ref(l);
    add(c, CREDIT_LEARNED)->u.learned = l;
    c->acts_on_rules = true;
}

void credit_add_fin(struct credit *c, struct tables *ts, const struct rule *r, uint16_t idle,
                    uint16_t hard)
{
    struct rule *rule = (struct rule *)(uintptr_t)r; /* Only its references are changed here. */

    if (!rule_try_ref(rule)) {
        c->stale = true;
        return;
    }
    struct credit_item *it = add(c, CREDIT_FIN);
    tables_ref(ts);
    it->u.fin.tables = ts;
    it->u.fin.rule = rule;
    it->u.fin.idle = idle;
    it->u.fin.hard = hard;
    c->acts_on_rules = true;
}

void credit_add_tunnel(struct credit *c, enum credit_type type, struct tunnel_stats *stats)
{
    add(c, type)->u.tunnel = tunnel_stats_ref(stats);
}

void credit_apply(const struct credit *c, const struct dp_flow_stats *delta)
{
    if (!delta->packets) {
        return;
    }
    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        if (it->type == CREDIT_RULE) {
            rule_credit(it->u.rule, delta->packets, delta->bytes, delta->used_ms);
        } else if (it->type == CREDIT_TABLE) {
            table_credit(it->u.tables, it->table_id, delta->packets,
                         it->matched ? delta->packets : 0);
        } else if (it->type == CREDIT_MAC_SRC) {
            fdb_refresh(it->u.fdb, it->vlan, it->mac, it->port, delta->used_ms);
        } else if (it->type == CREDIT_GROUP && it->port != CREDIT_GROUP_WATCHED) {
            groups_credit(it->u.group, it->port, delta->packets, delta->bytes);
        } else if (it->type == CREDIT_MIRROR) {
            it->u.mirror->packets += delta->packets;
            it->u.mirror->bytes += delta->bytes;
        } else if (it->type == CREDIT_TUNNEL_RX) {
            it->u.tunnel->rx_packets += delta->packets;
            it->u.tunnel->rx_bytes += delta->bytes;
        } else if (it->type == CREDIT_TUNNEL_TX) {
            it->u.tunnel->tx_packets += delta->packets;
            it->u.tunnel->tx_bytes += delta->bytes;
        }
    }
}

void credit_note_opaque(struct credit *c, const struct key *packet, const struct key *seen)
{
    const uint32_t *a = (const uint32_t *)(const void *)packet;
    const uint32_t *b = (const uint32_t *)(const void *)seen;

    for (unsigned w = 0; w < KEY_WORDS; w++) {
        if (key_words(packet)[w] != key_words(seen)[w]) {
            unsigned h = 2 * w;
            c->opaque[h / 64] |= a[h] != b[h] ? BIT64(h % 64) : 0;
            c->opaque[h / 64] |= a[h + 1] != b[h + 1] ? BIT64(h % 64 + 1) : 0;
        }
    }
}

uint64_t credit_opaque_bits(const struct credit *c, unsigned w)
{
    unsigned both = (unsigned)(c->opaque[w / 32] >> (w % 32 * 2)) & 3;
    uint32_t halves[2] = {both & 1 ? UINT32_MAX : 0, both & 2 ? UINT32_MAX : 0};
    uint64_t mask;

    memcpy(&mask, halves, sizeof mask);
    return mask;
}

/* Can a packet of the cached flow match 'm'?  Words that lookups saw rewritten say nothing. */
static bool may_match(const struct credit *c, const struct match *m, const struct key *key,
                      const struct key *mask)
{
    for (unsigned w = 0; w < KEY_WORDS; w++) {
        const uint64_t matched = flow_words(&m->mask)[w];
        if (!matched) {
            continue; /* Most: of a hundred thousand flows only what matters is fetched. */
        }
        uint64_t differs =
            (flow_words(&m->flow)[w] ^ key_words(key)[w]) & matched & key_words(mask)[w];
        if (differs & ~credit_opaque_bits(c, w)) {
            return false;
        }
    }
    return c->in_port_opaque || !((m->flow.in_port ^ c->in_port) & m->mask.in_port);
}

/* What learn says depends on how many flows there are. */
static bool depends_on_count(const struct credit_item *it, const struct tables *ts)
{
    return it->type == CREDIT_LEARNED && it->u.learned->limit && it->u.learned->tables == ts;
}

bool credit_searched(const struct credit *c, const struct tables *ts, uint8_t id, uint32_t *reach)
{
    bool found = false;

    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        if (it->type == CREDIT_TABLE && it->u.tables == ts && it->table_id == id) {
            *reach = found ? MIN(*reach, it->port) : it->port;
            found = true;
        }
    }
    return found;
}

bool credit_counted(const struct credit *c, const struct tables *ts, uint8_t id)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (depends_on_count(&c->items[i], ts) && c->items[i].u.learned->args.table_id == id) {
            return true;
        }
    }
    return false;
}

bool credit_depends(const struct credit *c, const struct tables *ts, uint8_t id,
                    const struct match *m, uint16_t priority, const struct key *key,
                    const struct key *mask)
{
    const uint16_t reach = m->mask.conj_id ? UINT16_MAX : priority; /* As its clauses' priority. */

    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        if (it->type == CREDIT_TABLE && it->u.tables == ts && it->table_id == id &&
            reach >= it->port && may_match(c, m, key, mask)) {
            return true;
        }
        if (depends_on_count(it, ts) && it->u.learned->args.table_id == id) {
            return true;
        }
    }
    return false;
}

bool credit_visits(const struct credit *c, const struct tables *ts, const uint64_t bitmap[4])
{
    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        uint8_t id = depends_on_count(it, ts) ? it->u.learned->args.table_id : it->table_id;
        if (((it->type == CREDIT_TABLE && it->u.tables == ts) || depends_on_count(it, ts)) &&
            bitmap[id / 64] & BIT64(id % 64)) {
            return true;
        }
    }
    return false;
}

bool credit_uses_group(const struct credit *c, const struct group_entry *e)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (c->items[i].type == CREDIT_GROUP && c->items[i].u.group == e) {
            return true;
        }
    }
    return false;
}

bool credit_uses_mac(const struct credit *c, const struct fdb *fdb, uint16_t vlan,
                     const uint8_t mac[6])
{
    for (unsigned i = 0; i < c->n; i++) {
        const struct credit_item *it = &c->items[i];
        if ((it->type == CREDIT_MAC_SRC || it->type == CREDIT_MAC_DST) && it->u.fdb == fdb &&
            it->vlan == vlan && !memcmp(it->mac, mac, 6)) {
            return true;
        }
    }
    return false;
}
