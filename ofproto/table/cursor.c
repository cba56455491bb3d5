/* cursor.c - walks over the live rules that survive changes.  See table.h. */
#include "ofproto/table/table-private.h"

/* To the first rule of the first table from 'id' on that has any. */
static void settle(struct tables_cursor *c, const struct tables *ts, unsigned id)
{
    for (; id < OFP_N_TABLES; id++) {
        c->table_id = id;
        c->rule = ts->table[id] ? ts->table[id]->first : NULL;
        if (c->rule) {
            return;
        }
        if (c->one_table) {
            break;
        }
    }
    c->rule = NULL;
    c->table_id = OFP_N_TABLES;
}

void tables_cursor_init(struct tables_cursor *c, struct tables *ts, uint8_t id)
{
    c->one_table = id != OFPTT_ALL;
    settle(c, ts, c->one_table ? id : 0);
    c->next = ts->cursors;
    c->pprev = &ts->cursors;
    if (c->next) {
        c->next->pprev = &c->next;
    }
    ts->cursors = c;
}

void tables_cursor_deinit(struct tables_cursor *c)
{
    *c->pprev = c->next;
    if (c->next) {
        c->next->pprev = c->pprev;
    }
}

static void advance(struct tables_cursor *c, const struct tables *ts)
{
    struct rule *next = c->rule->list_next;

    if (next) {
        c->rule = next;
    } else {
        settle(c, ts, c->one_table ? OFP_N_TABLES : c->table_id + 1);
    }
}

struct rule *tables_cursor_next(struct tables_cursor *c, struct tables *ts)
{
    struct rule *r = c->rule;

    if (r) {
        advance(c, ts);
    }
    return r;
}

void cursor_rule_gone(struct tables *ts, const struct rule *r, struct rule *next)
{
    for (struct tables_cursor *c = ts->cursors; c; c = c->next) {
        if (c->rule != r) {
            continue;
        }
        if (next) {
            c->rule = next;
        } else {
            advance(c, ts);
        }
    }
}
