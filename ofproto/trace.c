/* trace.c - see trace.h: the blocks of a trace, one for the packet and one for each of its
 * recirculated instances. */
#include "ofproto/trace.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"
#include "lib/packet/tlv_table.h"
#include "ofp/match.h"
#include "ofproto/effect.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/trace_tree.h"

#define MAX_BLOCKS 64
#define RULE_LINE  "==============================================================================="

/* An instance that is still to be shown. */
struct instance {
    struct instance *next;
    struct key key;
    bool tracked, is_default; /* is_default: ct_state is nobody's wish. */
};

struct tracing {
    struct bridge *br;
    const struct trace_request *req;
    struct text *out;
    struct name_map names;
    struct trace_tree tree;
    struct flow flow, final; /* Of this block: at its beginning, at its end. */
    struct instance *first, **tail;
    const struct xlate_out *result;
    unsigned n_blocks, n_ct;
};

/* ---- names ---- */

static const char *port_name(void *br, uint32_t ofp_port)
{
    const struct bridge_port *p = bridge_port_find(br, ofp_port);
    return p ? p->name : NULL;
}

static bool port_by_name(void *br_, const char *name, uint32_t *ofp_port)
{
    const struct bridge *br = br_;
    const struct bridge_port *p;

    HMAP_FOR_EACH(p, node, &br->ports) {
        if (!strcmp(p->name, name)) {
            *ofp_port = p->ofp_port;
            return true;
        }
    }
    return false;
}

struct name_map trace_names(struct bridge *br)
{
    return (struct name_map){.aux = br, .port_by_name = port_by_name, .port_name = port_name};
}

static const char *dp_port_name(void *t_, uint32_t dp_port)
{
    const struct tracing *t = t_;
    const struct xlate_port *p = xlate_cfg_dp_port(t->br->ofproto->cfg, dp_port);
    return p ? p->name : NULL;
}

/* ---- recirculation ---- */

/* The action that ends where the list does now, if it is a ct. */
static const struct dp_action_ct *last_ct(const struct dp_actions *list)
{
    const struct dp_action *last = dp_actions_last(list);
    return last && last->type == DP_ACTION_CT ? (const void *)last : NULL;
}

static void after_ct(struct tracing *t, struct instance *i, const struct dp_action_ct *ct)
{
    struct key *k = &i->key;
    uint32_t mark = (ntohl(k->ct_mark) & ~ct->mark_mask) | ct->mark;

    i->tracked = true;
    i->is_default = t->n_ct >= t->req->n_ct_next;
    k->ct_state = htonl(i->is_default ? CS_TRK | CS_NEW : t->req->ct_next[t->n_ct]);
    t->n_ct++;
    k->ct_zone = htons(ct->zone);
    k->ct_mark = htonl(mark);
    for (unsigned b = 0; b < sizeof k->ct_label; b++) {
        k->ct_label[b] = (uint8_t)((k->ct_label[b] & ~ct->label_mask[b]) | ct->label[b]);
    }
}

static void on_recirc(struct tracing *t, const struct xlate_trace_event *ev)
{
    const struct dp_action_ct *ct = last_ct(&t->result->actions);
    struct instance *i;

    if (++t->n_blocks > MAX_BLOCKS) {
        return;
    }
    i = xzalloc(sizeof *i);
    i->key = *ev->key;
    i->key.recirc_id = htonl(ev->recirc_id);
    if (ct) {
        after_ct(t, i, ct);
    }
    *t->tail = i;
    t->tail = &i->next;
}

static void on_event(void *t_, const struct xlate_trace_event *ev)
{
    struct tracing *t = t_;

    if (ev->event == XLATE_EV_RECIRC) {
        on_recirc(t, ev);
    } else if (ev->event == XLATE_EV_END) {
        t->final = *ev->flow;
    }
    trace_tree_event(&t->tree, ev);
}

/* ---- a block ---- */

static void put_final_flow(struct tracing *t)
{
    struct text before = TEXT_INIT, after = TEXT_INIT;
    const struct name_map *names = t->req->names ? &t->names : NULL;

    flow_format(&t->flow, names, &before);
    t->final.actset_output = 0; /* Done by now. */
    flow_format(&t->final, names, &after);
    text_printf(t->out, "\nFinal flow: %s\n",
                strcmp(text_cstr(&before), text_cstr(&after)) ? text_cstr(&after) : "unchanged");
    text_deinit(&before);
    text_deinit(&after);
}

static void put_megaflow(struct tracing *t, const struct xlate_out *out)
{
    struct match m;

    match_init(&m);
    m.mask.key = out->mask;
    for (size_t i = 0; i < KEY_WORDS; i++) {
        flow_words_mut(&m.flow)[i] = flow_words(&t->flow)[i] & flow_words(&m.mask)[i];
    }
    m.flow.in_port = t->flow.in_port;
    m.mask.in_port = UINT32_MAX;
    trace_show_options(t->br, &t->flow.key, &out->mask, &m);
    text_puts(t->out, "Megaflow: ");
    match_format(&m, t->req->names ? &t->names : NULL, -1, t->out);
    text_putc(t->out, '\n');
}

/* Why nothing comes out. */
static const char *drop_reason(const struct tracing *t, const struct xlate_out *out)
{
    if (out->drop_reason == COUNTER_drop_ttl) {
        return "its TTL has run out";
    }
    return t->tree.reason ? t->tree.reason : "nothing says where to send it";
}

static void put_result(struct tracing *t, const struct xlate_out *out)
{
    const struct dp_format format = {.port_name = t->req->names ? dp_port_name : NULL, .aux = t};

    text_puts(t->out, "Datapath actions: ");
    if (out->actions.len) {
        dp_format_actions(out->actions.data, out->actions.len, &format, t->out);
    } else {
        text_puts(t->out, "drop");
    }
    text_putc(t->out, '\n');
    if (out->error) {
        text_printf(t->out, "Translation failed (%s), packet is dropped.\n",
                    xlate_error_text(out->error));
    } else if (!out->actions.len) {
        const char *why = drop_reason(t, out);
        const size_t n = strlen(why); /* Some are whole sentences. */
        text_printf(t->out, "Dropped because %.*s.\n", (int)(n - (n && why[n - 1] == '.')), why);
    }
}

static void run_block(struct tracing *t, struct xlate_in *in)
{
    struct ofproto *p = t->br->ofproto;
    struct xlate_out out;

    tlv_table_read(t->br->tlvs, t->flow.key.tun_opt, t->flow.key.tun_opt_len, &t->flow.tun);
    text_puts(t->out, "Flow: ");
    flow_format(&t->flow, t->req->names ? &t->names : NULL, t->out);
    text_putc(t->out, '\n');
    trace_tree_init(&t->tree, t->req->names ? &t->names : NULL);
    xlate_out_init(&out);
    t->result = &out;
    in->cfg = p->cfg;
    in->key = &t->flow.key;
    in->packet = t->req->packet;
    in->now_ms = loop_now(p->loop);
    in->trace = on_event;
    in->trace_aux = t;
    xlate(in, &out);
    trace_tree_format(&t->tree, t->out);
    put_final_flow(t);
    put_megaflow(t, &out);
    put_result(t, &out);
    for (unsigned i = 0; t->req->effects && i < out.n_effects; i++) {
        effect_apply(p, &out.effects[i], in->now_ms);
    }
    trace_tree_deinit(&t->tree);
    xlate_out_deinit(&out);
}

static void put_heading(struct tracing *t, const struct instance *i)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"};
    uint32_t id = ntohl(i->key.recirc_id), state = ntohl(i->key.ct_state);

    text_printf(t->out, "\n" RULE_LINE "\nrecirc(%#x)", id);
    if (i->tracked && i->is_default) {
        text_puts(t->out, " - resume conntrack with default ct_state=trk|new (use --ct-next to "
                          "customize)");
    } else if (i->tracked) {
        const char *separator = " - resume conntrack with ct_state=";
        for (size_t b = 0; b < ARRAY_SIZE(names); b++) {
            if (state & 1u << b) {
                text_printf(t->out, "%s%s", separator, names[b]);
                separator = "|";
            }
        }
    }
    text_puts(t->out, "\n" RULE_LINE "\n\n");
}

/* What OpenFlow will see of a recirculated instance: registers and metadata are in its
 * continuation. */
static void become(struct tracing *t, const struct instance *i)
{
    const struct ofproto *p = t->br->ofproto;
    const struct continuation *c = continuation_find(p->continuations, ntohl(i->key.recirc_id));
    be32 in_port = t->flow.in_port;

    memset(&t->flow, 0, sizeof t->flow);
    t->flow.key = i->key;
    t->flow.in_port = t->flow.in_phy_port = in_port;
    if (c) {
        t->flow.metadata = c->state.metadata;
        memcpy(t->flow.regs, c->state.regs, sizeof t->flow.regs);
        t->flow.in_port = t->flow.in_phy_port = htonl(c->state.in_port);
    }
}

char *trace_check_acts(struct bridge *br, const struct flow *flow, struct acts *acts)
{
    struct match m = {.flow = *flow};

    memset(&m.mask.key, 0xff, sizeof m.mask.key);
    enum ofp_error error = acts_check(acts, &m, &(struct act_limits){.cur_table = 255}, false);
    error = error ? error : bridge_acts_check(br, acts->data, acts->len);
    return error ? xasprintf("the actions cannot be executed (%s)", ofp_error_name(error)) : NULL;
}

void trace_run(struct bridge *br, const struct trace_request *req, struct text *out)
{
    struct ofproto *p = br->ofproto;
    struct tracing t = {.br = br, .req = req, .out = out, .names = trace_names(br)};
    const struct bridge_port *port = bridge_port_by_ofp(br, ntohl(req->flow.in_port));

    if (loop_call_pending(&p->cfg_call)) {
        ofproto_cfg_update(p);
    }
    t.tail = &t.first;
    t.flow = req->flow;
    t.flow.in_phy_port = t.flow.in_port;
    t.flow.key.in_port = port ? port->dp_port : DP_PORT_NONE;

    /* In this bridge whatever the port: a patch port has none in the datapath. */
    struct xlate_in in = {.bridge = xlate_cfg_bridge(p->cfg, br->id),
                          .ofp_in_port = ntohl(req->flow.in_port),
                          .is_packet_out = req->acts != NULL,
                          .metadata = &req->flow,
                          .acts = req->acts ? req->acts->data : NULL,
                          .acts_len = req->acts ? req->acts->len : 0};
    run_block(&t, &in);
    while (t.first) {
        struct instance *i = t.first;
        struct xlate_in again = {.cfg = p->cfg};
        t.first = i->next;
        t.tail = t.first ? t.tail : &t.first;
        put_heading(&t, i);
        become(&t, i);
        run_block(&t, &again);
        free(i);
    }
    if (t.n_blocks > MAX_BLOCKS) {
        text_puts(out, "\nFurther instances are left out.\n");
    }
}
