/* ofctl_diff.c - see ofctl.h: comparing the flows of files and switches, and making a switch's
 * those of a file.
 *
 * Flows from files are encoded and decoded once, so that both sides have the form that the wire
 * gives them. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/hmap.h"
#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "utilities/ofctl.h"

/* What a flow is, beside what identifies it. */
struct version {
    bool present;
    uint64_t cookie;
    uint16_t idle_timeout, hard_timeout, importance, flags;
    struct acts acts;
};

struct entry {
    struct hmap_node node;
    uint8_t table;
    uint16_t priority;
    size_t order; /* Of first appearance. */
    struct match match;
    struct version side[2];
};

struct flow_table {
    struct hmap entries;
    size_t n;
};

static struct entry *get_entry(struct flow_table *t, uint8_t table, uint16_t priority,
                               const struct match *match)
{
    uint32_t hash = match_hash(match, (uint64_t)table << 16 | priority);
    struct entry *e;

    HMAP_FOR_EACH_WITH_HASH(e, node, hash, &t->entries) {
        if (e->table == table && e->priority == priority && match_equal(&e->match, match)) {
            return e;
        }
    }
    e = xzalloc(sizeof *e);
    e->table = table;
    e->priority = priority;
    e->match = *match;
    e->order = t->n++;
    hmap_insert(&t->entries, &e->node, hash);
    return e;
}

static struct version *start_version(struct entry *e, int side)
{
    struct version *v = &e->side[side];

    if (v->present) { /* The same flow twice: the later one counts. */
        acts_deinit(&v->acts);
    }
    v->present = true;
    return v;
}

static void add_flow_mod(struct flow_table *t, int side, const struct flow_mod *fm)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_mod canonical;
    struct msg_header h;
    struct wire_rd r;

    flow_mod_encode(fm, PROTOCOL_OF13, 1, &w);
    wire_rd_init(&r, w.data, w.len);
    enum ofp_error error = w.err ? OFPERR_OFPBRC_BAD_LEN : msg_decode_header(&r, &h);
    if (!error) {
        error = flow_mod_decode(&r, &h, NULL, &canonical);
    }
    if (error) {
        cmd_fatal("a flow cannot be sent (%s)", ofp_error_name(error));
    }
    struct version *v =
        start_version(get_entry(t, canonical.table_id, canonical.priority, &canonical.match), side);
    v->cookie = canonical.new_cookie;
    v->idle_timeout = canonical.idle_timeout;
    v->hard_timeout = canonical.hard_timeout;
    v->importance = canonical.importance;
    v->flags = canonical.flags;
    v->acts = canonical.acts; /* Moves. */
    wire_wr_deinit(&w);
}

static void read_file(const struct ofctl *ctl, struct flow_table *t, int side, const char *name,
                      const struct name_map *names)
{
    struct line_reader r;
    uint32_t usable = PROTOCOL_ANY;
    char *text;

    lines_open(&r, name, "open");
    while (lines_next(&r, &text)) {
        struct flow_mod fm;
        flows_parse(text, FM_ADD, names, r.name, r.number, &fm, &usable);
        flows_check_usable(ctl, usable);
        add_flow_mod(t, side, &fm);
        flow_mod_deinit(&fm);
    }
    lines_close(&r);
}

struct collecting {
    struct flow_table *table;
    int side;
};

static void collect(struct session *s, const uint8_t *msg, size_t len, void *aux)
{
    const struct collecting *c = aux;
    struct flow_stats fs;
    struct msg_header h;
    struct wire_rd r;
    bool end = false;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    while (!error) {
        error = flow_stats_decode(&r, &h, &fs, &end);
        if (error || end) {
            break;
        }
        struct version *v =
            start_version(get_entry(c->table, fs.table_id, fs.priority, &fs.match), c->side);
        v->cookie = fs.cookie;
        v->idle_timeout = fs.idle_timeout;
        v->hard_timeout = fs.hard_timeout;
        v->importance = fs.importance;
        v->flags = fs.flags;
        v->acts = fs.acts; /* Moves. */
    }
    if (error) {
        cmd_fatal("%s: OpenFlow packet receive failed (%s)", ofconn_target(s->conn),
                  ofp_error_name(error));
    }
}

static void read_switch(struct flow_table *t, int side, struct session *s)
{
    struct collecting c = {t, side};
    struct flow_stats_request all = {.table_id = OFPTT_ALL,
                                     .out_port = OFPP_ANY,
                                     .out_group = OFPG_ANY};
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    match_init(&all.match);
    uint32_t xid = ofconn_next_xid(s->conn);
    session_choose_dump_protocol(s, PROTOCOL_ANY);
    flow_stats_request_encode(&all, s->protocol, xid, &w);
    session_dump(s, &w, xid, collect, &c);
}

/* By table, then falling priority, then first appearance. */
static int compare_entries(const void *a_, const void *b_)
{
    const struct entry *a = *(struct entry *const *)a_, *b = *(struct entry *const *)b_;

    if (a->table != b->table) {
        return a->table < b->table ? -1 : 1;
    }
    if (a->priority != b->priority) {
        return a->priority > b->priority ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Heap array of all entries in order. */
static struct entry **sorted(const struct flow_table *t)
{
    struct entry **list = xcalloc(t->n + 1, sizeof *list), *e;
    size_t i = 0;

    HMAP_FOR_EACH(e, node, &t->entries) {
        list[i++] = e;
    }
    qsort(list, t->n, sizeof *list, compare_entries);
    return list;
}

static void deinit(struct flow_table *t)
{
    struct entry *e, *next;

    HMAP_FOR_EACH_SAFE(e, next, node, &t->entries) {
        hmap_remove(&t->entries, &e->node);
        acts_deinit(&e->side[0].acts);
        acts_deinit(&e->side[1].acts);
        free(e);
    }
    hmap_deinit(&t->entries);
}

static bool same(const struct entry *e)
{
    const struct version *a = &e->side[0], *b = &e->side[1];

    return a->present && b->present && a->cookie == b->cookie &&
           a->idle_timeout == b->idle_timeout && a->hard_timeout == b->hard_timeout &&
           a->importance == b->importance && acts_equal(&a->acts, &b->acts);
}

static void print_version(char sign, const struct entry *e, const struct version *v,
                          const struct name_map *names)
{
    struct text t = TEXT_INIT;

    if (!v->present) {
        return;
    }
    text_putc(&t, sign);
    if (e->table) {
        text_printf(&t, "table=%u ", e->table);
    }
    match_format(&e->match, names, e->priority, &t);
    if (v->cookie) {
        text_printf(&t, " cookie=0x%" PRIx64, v->cookie);
    }
    if (v->idle_timeout) {
        text_printf(&t, " idle_timeout=%u", v->idle_timeout);
    }
    if (v->hard_timeout) {
        text_printf(&t, " hard_timeout=%u", v->hard_timeout);
    }
    if (v->importance) {
        text_printf(&t, " importance=%u", v->importance);
    }
    text_puts(&t, " actions=");
    acts_format(v->acts.data, v->acts.len, names, &t);
    puts(text_cstr(&t));
    text_deinit(&t);
}

/* A switch by a name with a colon, or where no such file is. */
static bool is_file(const char *source)
{
    return *source == '/' || *source == '.' || (!ofconn_is_target(source) && !access(source, F_OK));
}

void ofctl_diff_flows(int argc, char *argv[], void *aux)
{
    struct flow_table t = {HMAP_INIT, 0};
    const struct name_map *names = NULL;
    struct session sessions[2];
    bool open[2] = {false, false}, differ = false;

    for (int side = 0; side < 2; side++) {
        open[side] = !is_file(argv[side + 1]);
        if (open[side]) {
            session_open(&sessions[side], aux, argv[side + 1]);
            read_switch(&t, side, &sessions[side]);
            names = names ? names : names_input(&sessions[side].names);
        }
    }
    for (int side = 0; side < 2; side++) {
        if (!open[side]) {
            read_file(aux, &t, side, argv[side + 1], names);
        }
    }
    const struct name_map *out = open[0] ? sessions[0].out : open[1] ? sessions[1].out : NULL;
    struct entry **list = sorted(&t);
    for (size_t i = 0; i < t.n; i++) {
        if (!same(list[i])) {
            differ = true;
            print_version('-', list[i], &list[i]->side[0], out);
            print_version('+', list[i], &list[i]->side[1], out);
        }
    }
    free(list);
    deinit(&t);
    for (int side = 0; side < 2; side++) {
        if (open[side]) {
            session_close(&sessions[side]);
        }
    }
    if (differ) {
        cmd_exit(2);
    }
}

static void put_change(struct session *s, const struct entry *e, enum flow_mod_command command,
                       const struct version *v, struct wire_wr *all)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_mod fm = {
        .command = (uint8_t)command,
        .table_id = e->table,
        .match = e->match,
        .priority = e->priority,
        .buffer_id = OFP_NO_BUFFER,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };

    if (command == FM_ADD) {
        fm.new_cookie = v->cookie;
        fm.modify_cookie = true;
        fm.idle_timeout = v->idle_timeout;
        fm.hard_timeout = v->hard_timeout;
        fm.importance = v->importance;
        fm.flags = v->flags;
        fm.acts = v->acts; /* Lent. */
    }
    flow_mod_encode(&fm, s->protocol, ofconn_next_xid(s->conn), &w);
    wire_wr_bytes(all, w.data, w.len);
    wire_wr_deinit(&w);
}

void ofctl_replace_flows(int argc, char *argv[], void *aux)
{
    enum { FILE_SIDE, SWITCH_SIDE };
    const struct ofctl *ctl = aux;
    struct flow_table t = {HMAP_INIT, 0};
    struct session s;
    struct wire_wr all = WIRE_WR_INIT(SIZE_MAX);
    unsigned n_sent = 0;

    session_open(&s, ctl, argv[1]);
    read_file(ctl, &t, FILE_SIDE, argv[2], names_input(&s.names));
    read_switch(&t, SWITCH_SIDE, &s);
    session_choose_protocol(&s, PROTOCOL_NXM_TID | PROTOCOL_OF11_UP);
    struct entry **list = sorted(&t);
    for (int adding = 0; adding < 2; adding++) { /* Deletions first, so that there is room. */
        for (size_t i = 0; i < t.n; i++) {
            struct entry *e = list[i];
            const struct version *v = &e->side[FILE_SIDE];
            if (!adding && !v->present) {
                put_change(&s, e, FM_DELETE_STRICT, v, &all);
            } else if (adding && v->present && (ctl->readd || !same(e))) {
                put_change(&s, e, FM_ADD, v, &all);
            } else {
                continue;
            }
            if (++n_sent % 500 == 0 && !ctl->bundle) {
                session_transact(&s, &all); /* So that error replies fit the socket's buffer. */
            }
        }
    }
    if (ctl->bundle) {
        session_bundle(&s, &all);
    } else {
        session_transact(&s, &all);
    }
    free(list);
    deinit(&t);
    session_close(&s);
}
