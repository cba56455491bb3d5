/* trace_tree.c - see trace_tree.h. */
#include "ofproto/trace_tree.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/match.h"

struct trace_node {
    struct trace_node *first, **tail, *next;
    enum xlate_event kind;
    char *text;
};

static struct trace_node *node_new(enum xlate_event kind, char *text)
{
    struct trace_node *n = xzalloc(sizeof *n);

    n->kind = kind;
    n->text = text;
    n->tail = &n->first;
    return n;
}

void trace_tree_init(struct trace_tree *t, const struct name_map *names)
{
    memset(t, 0, sizeof *t);
    t->root = node_new(XLATE_EV_END, NULL);
    t->names = names;
}

/* Depth first without recursion: trees are as deep as resubmits go. */
void trace_tree_deinit(struct trace_tree *t)
{
    struct trace_node *list = t->root;

    while (list) {
        struct trace_node *n = list;
        *n->tail = n->next; /* Its children go ahead of its siblings. */
        list = n->first;
        free(n->text);
        free(n);
    }
    free(t->reason);
    t->root = NULL;
}

/* ---- growing ---- */

static struct trace_node *parent_of(const struct trace_tree *t, int depth)
{
    while (depth > 0 && !t->at[depth]) {
        depth--;
    }
    return t->at[depth] ? t->at[depth] : t->root;
}

/* Takes 'text' over.  NULL: the tree is large enough. */
static struct trace_node *add(struct trace_tree *t, struct trace_node *parent,
                              enum xlate_event kind, char *text)
{
    if (t->n_nodes > TRACE_MAX_NODES) {
        free(text);
        return NULL;
    }
    if (++t->n_nodes > TRACE_MAX_NODES) {
        kind = XLATE_EV_WARN;
        free(text);
        text = xstrdup("the rest of this trace is left out");
    }
    struct trace_node *n = node_new(kind, text);
    *parent->tail = n;
    parent->tail = &n->next;
    return n;
}

/* What is deeper is over. */
static void settle(struct trace_tree *t, int depth)
{
    for (; t->depth > depth; t->depth--) {
        t->at[t->depth] = t->first[t->depth] = NULL;
    }
    t->depth = depth;
}

static void set_reason(struct trace_tree *t, const char *text)
{
    free(t->reason);
    t->reason = xstrdup(text);
}

static void add_bridge(struct trace_tree *t, const struct xlate_trace_event *ev)
{
    int d = ev->depth;
    struct trace_node *parent = d ? parent_of(t, d - 1) : t->root;

    t->at[d] = add(t, parent, ev->event, xasprintf("bridge(\"%s\")", ev->bridge->name));
    t->first[d] = NULL;
}

static char *rule_text(const struct trace_tree *t, const struct xlate_trace_event *ev)
{
    struct match m;
    struct text s = TEXT_INIT;

    text_printf(&s, "%2u. ", ev->table_id);
    size_t start = s.len;
    rule_match(ev->rule, &m);
    match_format(&m, t->names, -1, &s);
    text_printf(&s, "%spriority %u", s.len > start ? ", " : "", ev->rule->priority);
    if (ev->rule->cookie) {
        text_printf(&s, ", cookie %#" PRIx64, ev->rule->cookie);
    }
    return text_steal(&s);
}

static void add_table(struct trace_tree *t, const struct xlate_trace_event *ev)
{
    int d = ev->depth;
    bool hit = ev->event == XLATE_EV_RULE;
    char *reason = hit ? xasprintf("the rule in table %u outputs nowhere", ev->table_id)
                       : xasprintf("no rule in table %u matches", ev->table_id);
    struct trace_node *n = add(t, parent_of(t, d), ev->event,
                               hit ? rule_text(t, ev) : xasprintf("%2u. No match.", ev->table_id));

    set_reason(t, reason);
    free(reason);
    if (n && (!hit || !ev->rule->acts->len)) {
        add(t, n, XLATE_EV_ACT, xstrdup("drop"));
    }
    t->at[d] = n ? n : t->at[d];
    t->first[d] = t->first[d] ? t->first[d] : n;
}

static char *act_text(const struct trace_tree *t, const struct act *a)
{
    struct text s = TEXT_INIT;

    acts_format(a, a->len, t->names, &s);
    return text_steal(&s);
}

/* What stands in ct() follows it line by line. */
static void add_act(struct trace_tree *t, const struct xlate_trace_event *ev)
{
    struct trace_node *parent = parent_of(t, ev->depth);
    const struct act *n;

    add(t, parent, ev->event, act_text(t, ev->act));
    if (ev->act->type != ACT_CT) {
        return;
    }
    const struct act_ct *ct = (const struct act_ct *)(const void *)ev->act;
    ACT_FOR_EACH(n, act_ct_nested(ct), ct->nested_len) {
        add(t, parent, ev->event, act_text(t, n));
    }
    if (!ct->nested_len) {
        add(t, parent, ev->event, xstrdup("drop"));
    }
}

void trace_tree_event(struct trace_tree *t, const struct xlate_trace_event *ev)
{
    int d = ev->depth;

    settle(t, d);
    switch (ev->event) {
    case XLATE_EV_BRIDGE:
        add_bridge(t, ev);
        break;
    case XLATE_EV_RULE:
    case XLATE_EV_MISS:
        add_table(t, ev);
        break;
    case XLATE_EV_THAW: {
        struct trace_node *n = add(t, parent_of(t, d), ev->event, xstrdup("thaw"));
        if (n) {
            add(t, n, XLATE_EV_THAW, xstrdup(ev->text));
        }
        break;
    }
    case XLATE_EV_SET: {
        struct trace_node *parent = t->first[d] ? t->first[d] : parent_of(t, d);
        struct trace_node *n = add(t, parent, ev->event, xstrdup("--. Executing action set:"));
        t->at[d] = n ? n : t->at[d];
        break;
    }
    case XLATE_EV_ACT:
        add_act(t, ev);
        break;
    case XLATE_EV_WARN:
        set_reason(t, ev->text);
        add(t, parent_of(t, d), ev->event, xstrdup(ev->text));
        break;
    case XLATE_EV_NOTE:
    case XLATE_EV_ERROR:
        add(t, parent_of(t, d), ev->event, xstrdup(ev->text));
        break;
    case XLATE_EV_RECIRC:
    case XLATE_EV_END:
        break;
    }
}

/* ---- text ---- */

static bool is_leaf(enum xlate_event kind)
{
    return kind == XLATE_EV_ACT || kind == XLATE_EV_NOTE || kind == XLATE_EV_WARN ||
           kind == XLATE_EV_ERROR;
}

#define MAX_COLUMNS 400

static void put_line(struct text *t, unsigned level, const struct trace_node *n)
{
    int columns = (int)MIN(level * 4, MAX_COLUMNS);

    if (n->kind == XLATE_EV_BRIDGE) {
        text_printf(t, "\n%*s%s\n%*s", columns, "", n->text, columns, "");
        for (size_t i = strlen(n->text); i > 0; i--) {
            text_putc(t, '-');
        }
        text_putc(t, '\n');
        return;
    }
    const char *before = n->kind == XLATE_EV_NOTE    ? " -> "
                         : n->kind == XLATE_EV_WARN  ? " >> "
                         : n->kind == XLATE_EV_ERROR ? " >>>> "
                                                     : "";
    text_printf(t, "%*s%s%s%s\n", columns, "", before, n->text,
                n->kind == XLATE_EV_ERROR ? " <<<<" : "");
}

static void format(const struct trace_node *list, unsigned level, struct text *t)
{
    for (const struct trace_node *n = list; n; n = n->next) {
        unsigned deeper = is_leaf(n->kind) || n->next;
        put_line(t, level + deeper, n);
        format(n->first, level + 2 * deeper, t);
    }
}

void trace_tree_format(const struct trace_tree *t, struct text *out)
{
    format(t->root->first, 0, out);
}
