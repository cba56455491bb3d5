/* transaction.c - changes that are taken back as one: see table.h.
 *
 * The journal has each rule and group that came or went since tables_begin(), in order.  None of it
 * is published yet, so taking it back in reverse order finds every list as it was: what went stands
 * last in the limbo and takes its old place again; what came leaves for a version in which it was
 * never seen. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/table-private.h"

struct journal_entry {
    enum journal_kind kind;
    void *what; /* struct rule or struct group_entry */
    struct rule
        *place; /* Of a rule that came: the one it replaces; that went: the one before it. */
};

void journal_note(struct tables *ts, enum journal_kind kind, void *what, struct rule *place)
{
    if (!ts->in_transaction) {
        return;
    }
    if (ts->n_journal == ts->cap_journal) {
        ts->cap_journal = ts->cap_journal ? 2 * ts->cap_journal : 64;
        ts->journal = xrealloc(ts->journal, ts->cap_journal * sizeof *ts->journal);
    }
    ts->journal[ts->n_journal++] = (struct journal_entry){kind, what, place};
}

void tables_begin(struct tables *ts)
{
    tables_publish(ts);
    ts->in_transaction = true;
}

static void end(struct tables *ts)
{
    free(ts->journal);
    ts->journal = NULL;
    ts->n_journal = ts->cap_journal = 0;
    ts->in_transaction = false;
    tables_publish(ts);
}

void tables_commit(struct tables *ts)
{
    end(ts);
}

void tables_abort(struct tables *ts)
{
    size_t n = ts->n_journal;

    ts->in_transaction = false; /* Taking back is no change. */
    for (size_t i = n; i-- > 0;) {
        const struct journal_entry *e = &ts->journal[i];
        switch (e->kind) {
        case JOURNAL_RULE_CAME:
            tables_retract(ts, e->what, e->place);
            break;
        case JOURNAL_RULE_WENT:
            tables_revive(ts, e->what, e->place);
            break;
        case JOURNAL_GROUP_CAME:
            groups_retract(ts, e->what);
            break;
        case JOURNAL_GROUP_WENT:
            groups_revive(ts, e->what);
            break;
        }
    }
    /* The limbo is as it was at the beginning; now it gets what never came. */
    for (size_t i = 0; i < n; i++) {
        if (ts->journal[i].kind == JOURNAL_RULE_CAME) {
            tables_limbo_rule(ts, ts->journal[i].what);
        } else if (ts->journal[i].kind == JOURNAL_GROUP_CAME) {
            tables_limbo_group(ts, ts->journal[i].what);
        }
    }
    end(ts);
}
