/* xlate-env.h - a small world for tests of translation: two bridges joined by patch ports.
 *
 * br0: OpenFlow ports 1-4 are datapath ports 11-14, LOCAL is 10, port 9 leads to br1.
 * br1: OpenFlow ports 1-2 are datapath ports 21-22, LOCAL is 20, port 5 leads to br0. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofproto/table/groups.h"
#include "ofproto/table/meter_ids.h"
#include "ofproto/xlate/cookie.h"
#include "ofproto/xlate/xlate.h"

struct world {
    struct tables *tables[2];
    struct fdb *fdb[2];
    struct continuations *continuations;
    struct xlate_cfg *cfg;
    struct xlate_bridge *br[2];
};

static const struct dp_features all_features = {.ct = true,
                                                .ct_zone = true,
                                                .ct_mark = true,
                                                .ct_label = true,
                                                .ct_orig_tuple = true,
                                                .ct_nat = true,
                                                .ct_alg = true,
                                                .ct_clear = true,
                                                .recirc = true,
                                                .clone = true,
                                                .hash = true,
                                                .meter = true,
                                                .trunc = true,
                                                .max_vlan_headers = 2,
                                                .max_mpls_depth = 3};

static inline void world_ports(struct world *w, unsigned b, uint32_t n)
{
    uint32_t first = b ? 20 : 10;
    char name[16];

    xlate_cfg_add_port(w->br[b], OFPP_LOCAL, first, b ? "br1" : "br0", NULL);
    for (uint32_t i = 1; i <= n; i++) {
        snprintf(name, sizeof name, "p%u", first + i);
        xlate_cfg_add_port(w->br[b], i, first + i, name, NULL);
    }
}

static inline void world_init_with(struct world *w, const struct dp_features *features)
{
    w->continuations = continuations_new(1, 1000);
    w->cfg = xlate_cfg_new(features, w->continuations);
    for (unsigned b = 0; b < 2; b++) {
        w->tables[b] = tables_new(b + 5);
        w->fdb[b] = fdb_new(b, 100, FDB_DEFAULT_AGE_MS);
        w->br[b] = xlate_cfg_add_bridge(w->cfg, b + 1, b ? "br1" : "br0", w->tables[b], w->fdb[b]);
    }
    world_ports(w, 0, 4);
    world_ports(w, 1, 2);
    xlate_cfg_add_port(w->br[0], 9, DP_PORT_NONE, "patch0", "patch1");
    xlate_cfg_add_port(w->br[1], 5, DP_PORT_NONE, "patch1", "patch0");
    xlate_cfg_finish(w->cfg);
}

static inline void world_init(struct world *w)
{
    world_init_with(w, &all_features);
}

static inline void world_deinit(struct world *w)
{
    xlate_cfg_free(w->cfg);
    for (unsigned b = 0; b < 2; b++) {
        tables_unref(w->tables[b]);
        fdb_unref(w->fdb[b]);
    }
    continuations_unref(w->continuations);
}

static inline int world_setup(void **state)
{
    urcu_qsbr_register_thread();
    return 0;
}

/* After all tests: what waits for a grace period goes, so that leaks show. */
static inline int world_teardown(void **state)
{
    for (int i = 0; i < 5; i++) { /* Callbacks queue more callbacks. */
        urcu_qsbr_barrier();
    }
    return 0;
}

static inline void world_add_group(struct world *w, const char *text)
{
    char *copy = xstrdup(text);
    struct group_mod gm;
    char *error = group_mod_parse(copy, GM_ADD, NULL, &gm, NULL);

    if (error) {
        print_message("%s: %s\n", text, error);
        fail();
    }
    groups_insert(w->tables[0], &gm.group, 0);
    free(copy);
}

/* `meter N`: the datapath's 100 + N. */
static inline void world_add_meter(struct world *w, unsigned id)
{
    meter_ids_set(w->tables[0], id, &(struct meter_id){.dp_id = 100 + id});
}

/* One rule in text; `br1 ` ahead of it: for that bridge.  Or `group ...`, `meter N`. */
static inline void world_add_rule(struct world *w, const char *rule)
{
    if (!strncmp(rule, "group ", 6)) {
        world_add_group(w, rule + 6);
        return;
    }
    if (!strncmp(rule, "meter ", 6)) {
        world_add_meter(w, (unsigned)atoi(rule + 6));
        return;
    }
    unsigned b = !strncmp(rule, "br1 ", 4);
    char *text = xstrdup(rule + (b ? 4 : 0));
    struct flow_mod fm;
    char *error = flow_mod_parse(text, FM_ADD, NULL, &fm);

    if (error) {
        print_message("%s: %s\n", rule, error);
        fail();
    }
    assert_int_equal(xlate_can_execute(fm.acts.data, fm.acts.len, &all_features), OFPERR_OK);
    struct rule_args args = {.table_id = fm.table_id == 255 ? 0 : fm.table_id,
                             .priority = fm.priority,
                             .cookie = fm.new_cookie};
    tables_insert(w->tables[b], &fm.match, &args, rule_acts_new(fm.acts.data, fm.acts.len));
    flow_mod_deinit(&fm);
    free(text);
}

/* Rules separated by newlines, then published. */
static inline void world_add_rules(struct world *w, const char *rules)
{
    char *copy = xstrdup(rules), *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        world_add_rule(w, line);
    }
    tables_publish(w->tables[0]);
    tables_publish(w->tables[1]);
    free(copy);
}

/* A key in match syntax; in_port is the datapath port. */
static inline struct key world_key(const char *packet)
{
    char *match = xasprintf("%s", packet);
    struct flow_mod fm;
    char *error = flow_mod_parse(match, FM_DELETE, NULL, &fm);

    if (error) {
        print_message("%s: %s\n", packet, error);
        fail();
    }
    struct key key = fm.match.flow.key;
    key.in_port = ntohl(fm.match.flow.in_port);
    if (!key.eth_type) {
        key.eth_type = htons(0x05ff);
    }
    if (key.vlan[0].tci) {
        key.vlan[0].tpid = htons(0x8100);
    }
    flow_mod_deinit(&fm);
    free(match);
    return key;
}

static inline void world_xlate(struct world *w, const struct key *key, struct xlate_out *out)
{
    struct xlate_in in = {.cfg = w->cfg, .key = key, .now_ms = 1000};

    xlate_out_init(out);
    xlate(&in, out);
}

/* Actions as text, packet-ins as `controller(reason,port,table,max_len)`. */
static inline void world_format(const struct xlate_out *out, struct text *t)
{
    const struct dp_action *a;

    if (out->error) {
        text_printf(t, "error: %s", xlate_error_text(out->error));
        return;
    }
    DP_ACTION_FOR_EACH(a, out->actions.data, out->actions.len) {
        if (t->len) {
            text_putc(t, ',');
        }
        if (a->type == DP_ACTION_USERSPACE) {
            const struct dp_action_userspace *u = (const void *)a;
            struct cookie c;
            assert_true(cookie_get(u->cookie, u->a.u32, &c));
            text_printf(t, "controller(%d,%u,%d,%d", c.reason, c.in_port, c.table_id, c.max_len);
            text_printf(t, "%s)", c.ct == COOKIE_CT_INV ? ",inv" : c.ct ? "" : ",untracked");
        } else {
            dp_actions_format(a, a->len, NULL, NULL, t);
        }
    }
    if (!t->len) {
        text_puts(t, "drop");
    }
}
