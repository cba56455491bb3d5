/* ofctl_dump.c - see ofctl.h: dump-flows.
 *
 * Plain, it prints the replies as they are.  With names, sorting or without statistics, it collects
 * the flows and prints them alone. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "utilities/ofctl.h"

struct flow_list {
    struct flow_stats *flows; /* Heap. */
    size_t n, cap;
};

static void collect(struct session *s, const uint8_t *msg, size_t len, void *aux)
{
    struct flow_list *list = aux;
    struct msg_header h;
    struct wire_rd r;
    bool end = false;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    if (!error && h.type != flow_stats_reply_type(s->protocol)) {
        error = OFPERR_OFPBRC_BAD_TYPE;
    }
    while (!error) {
        if (list->n == list->cap) {
            list->cap = MAX(2 * list->cap, 64);
            list->flows = xrealloc(list->flows, list->cap * sizeof *list->flows);
        }
        error = flow_stats_decode(&r, &h, &list->flows[list->n], &end);
        if (error || end) {
            break;
        }
        list->n++;
    }
    if (error) {
        cmd_fatal("%s: OpenFlow packet receive failed (%s)", ofconn_target(s->conn),
                  ofp_error_name(error));
    }
}

/* -1, 0, 1 by one key; flows that lack the field go last either way. */
static int compare_key(const struct sort_key *key, const struct flow_stats *a,
                       const struct flow_stats *b)
{
    int order;

    if (!key->field) {
        order = a->priority < b->priority ? -1 : a->priority > b->priority;
    } else {
        const struct field *f = key->field;
        struct field_value va, vb;
        bool wild_a = field_is_wild(f, &a->match.mask) || !field_prereq_ok(f, &a->match);
        bool wild_b = field_is_wild(f, &b->match.mask) || !field_prereq_ok(f, &b->match);
        if (wild_a || wild_b) {
            return wild_a - wild_b;
        }
        field_get(f, &a->match.flow, &va);
        field_get(f, &b->match.flow, &vb);
        order = memcmp(&va, &vb, f->n_bytes);
    }
    return key->descending ? -order : order;
}

static const struct ofctl *comparing; /* qsort() has no argument for it. */

static int compare(const void *a_, const void *b_)
{
    const struct flow_stats *a = a_, *b = b_;

    for (size_t i = 0; i < comparing->n_sort; i++) {
        int order = compare_key(&comparing->sort[i], a, b);
        if (order) {
            return order;
        }
    }
    return 0;
}

static void print_flows(struct session *s, struct wire_wr *request, uint32_t xid)
{
    struct flow_list list = {NULL, 0, 0};
    struct text t = TEXT_INIT;

    session_dump(s, request, xid, collect, &list);
    if (s->ctl->n_sort && list.n) {
        comparing = s->ctl;
        qsort(list.flows, list.n, sizeof *list.flows, compare);
    }
    for (size_t i = 0; i < list.n; i++) {
        text_clear(&t);
        flow_stats_format(&list.flows[i], s->out, !s->ctl->no_stats, &t);
        printf("%s%s\n", *text_cstr(&t) == ' ' ? "" : " ", text_cstr(&t));
        acts_deinit(&list.flows[i].acts);
    }
    text_deinit(&t);
    free(list.flows);
}

void ofctl_dump_flows(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_stats_request request;
    struct session s;

    session_open(&s, ctl, argv[1]);
    uint32_t usable =
        flows_parse_request(argc > 2 ? argv[2] : "", false, names_input(&s.names), &request);
    session_choose_dump_protocol(&s, usable);
    uint32_t xid = ofconn_next_xid(s.conn);
    flow_stats_request_encode(&request, s.protocol, xid, &w);
    if (ctl->n_sort || ctl->no_stats || s.out) {
        print_flows(&s, &w, xid);
    } else {
        session_print_replies(&s, &w, xid);
    }
    session_close(&s);
}
