/* test-xlate-fuzz.c - random rules and packets: bounds hold, masks are sound, and the datapath
 * actions do to a packet what OpenFlow's view of it says. */
#include "ofproto/xlate/rule_changes.h"
#include "tests/unit/xlate-env.h"

static uint64_t rng_state = 42;

static uint32_t rnd(uint32_t n)
{
    rng_state = rng_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(rng_state >> 33) % n;
}

#define PICK(A) (A)[rnd(ARRAY_SIZE(A))]

/* ---- random rules ---- */

static const char *const matches_any[] = {"",
                                          "in_port=1,",
                                          "reg0=1,",
                                          "metadata=3,",
                                          "vlan_tci=0,",
                                          "dl_vlan=5,",
                                          "dl_dst=00:00:00:00:00:02,",
                                          "ct_state=-trk,",
                                          "ct_state=+trk+inv,",
                                          "reg1=0/1,"};
static const char *const matches_l3[] = {"", "ip,", "tcp,", "arp,", "mpls,"};
static const char *const matches_ip[] = {"", "nw_src=10.0.0.0/8,", "nw_ttl=64,", "nw_tos=4,",
                                         "nw_dst=10.0.0.2,"};

static const char *const acts_any[] = {
    "2",
    "3",
    "4",
    "output:2",
    "set_field:00:00:00:00:00:02->eth_dst",
    "load:0x5->NXM_OF_ETH_SRC[0..7]",
    "set_field:1->reg0",
    "load:3->OXM_OF_METADATA[]",
    "move:NXM_OF_ETH_SRC[0..15]->NXM_NX_REG1[0..15]",
    "move:NXM_NX_REG1[]->NXM_NX_REG0[]",
    "move:NXM_NX_REG1[0..7]->NXM_OF_ETH_DST[8..15]",
    "set_field:7->pkt_mark",
    "resubmit(,1)",
    "resubmit(,2)",
    "resubmit(,3)",
    "resubmit(2,1)",
    "9",
    "mod_vlan_vid:6",
    "mod_vlan_pcp:3",
    "load:0->NXM_OF_VLAN_TCI[]",
    "load:0x1007->NXM_OF_VLAN_TCI[]",
    "ct(table=2)",
    "ct_clear",
    "note:00",
    "CONTROLLER:100",
    "NORMAL",
    "FLOOD",
    "push_vlan:0x8100",
    "exit",
    "push:NXM_OF_ETH_SRC[]",
    "push:NXM_NX_REG1[]",
    "pop:NXM_NX_REG1[0..15]",
    "pop:NXM_OF_ETH_DST[]",
    "output:NXM_NX_REG0[]",
    "output:NXM_NX_REG1[0..2]",
    "multipath(symmetric_l4,1,hrw,4,0,NXM_NX_REG1[0..15])",
    "multipath(nw_src,1,modulo_n,2,0,NXM_NX_REG0[])",
    "bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG1[0..15],members:1,2,9)",
    "clone(set_field:00:00:00:00:00:07->eth_dst,load:0->NXM_OF_VLAN_TCI[],2)",
    "learn(table=3,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:NXM_NX_REG1[]->NXM_NX_REG0[])",
    "learn(table=3,limit=1,result_dst=NXM_NX_REG0[0],NXM_OF_VLAN_TCI[])",
    "clone(ct(table=2),resubmit(,1),pop:NXM_NX_REG1[],exit)",
};
static const char *const acts_ip[] = {
    "dec_ttl",
    "dec_ttl(1,2)",
    "clone(dec_ttl,push_mpls:0x8847,3)",
    "push:NXM_OF_IP_SRC[]",
    "pop:NXM_OF_IP_DST[8..31]",
    "mod_nw_ttl:64",
    "mod_nw_ttl:9",
    "mod_nw_src:10.0.0.1",
    "mod_nw_dst:10.9.0.2",
    "move:NXM_OF_IP_SRC[0..7]->NXM_OF_IP_DST[8..15]",
    "mod_nw_tos:8",
    "load:1->NXM_NX_IP_ECN[]",
    "ct(commit,zone=5,exec(move:NXM_OF_IP_SRC[]->NXM_NX_CT_MARK[]))",
};
static const char *const acts_tcp[] = {"mod_tp_src:80", "mod_tp_dst:81",
                                       "move:NXM_OF_TCP_SRC[]->NXM_OF_TCP_DST[]"};
static const char *const acts_arp[] = {"set_field:2->arp_op", "set_field:10.0.0.9->arp_spa",
                                       "move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]"};
static const char *const acts_mpls[] = {"set_field:5->mpls_label", "dec_mpls_ttl",
                                        "pop_mpls:0x0800", "pop_mpls:0x8847", "set_mpls_ttl:7"};
static const char *const last_acts[] = {"", ",goto_table:%u",
                                        ",write_actions(set_field:5->reg2,output:3),goto_table:%u",
                                        ",clear_actions,write_actions(dec_ttl,output:2)"};

static const char *random_act(unsigned l3)
{
    if (l3 == 0 || rnd(2)) {
        return PICK(acts_any);
    }
    if (l3 >= 3) {
        return l3 == 3 ? PICK(acts_arp) : PICK(acts_mpls);
    }
    return l3 == 2 && rnd(2) ? PICK(acts_tcp) : PICK(acts_ip);
}

/* Rules that match together, and what they lead to.  Each id has a priority of its own: which of
 * two that match at the same one is found is not defined. */
static bool random_conjunction(struct flow_mod *fm, unsigned table)
{
    unsigned l3 = rnd(3), id = 1 + rnd(2);
    bool clause = rnd(3);
    struct text t = TEXT_INIT;

    text_printf(&t, "table=%u,priority=%u,%s%s", table,
                !clause   ? rnd(60000)
                : id == 1 ? 20001
                          : 40001,
                rnd(2) ? "" : PICK(matches_any), matches_l3[l3]);
    if (clause) {
        text_printf(&t, "actions=conjunction(%u,%u/2)", id, 1 + rnd(2));
    } else {
        text_printf(&t, "conj_id=%u,actions=%u", id, 2 + rnd(3));
    }
    char *text = text_steal(&t);
    char *error = flow_mod_parse(text, FM_ADD, NULL, fm);
    free(text);
    bool ok = !error;
    free(error);
    return ok;
}

/* False: this one is no valid rule (more tags than there can be, TTL of something not IP...). */
static bool random_flow_mod(struct flow_mod *fm, bool simple)
{
    unsigned l3 = rnd(ARRAY_SIZE(matches_l3)), table = rnd(2) ? 0 : rnd(4);
    struct text t = TEXT_INIT;

    if (!simple && rnd(6) == 0) {
        return random_conjunction(fm, table);
    }
    text_printf(&t, "table=%u,priority=%u,%s%s%s", table, rnd(60000),
                rnd(2) ? "" : PICK(matches_any), matches_l3[l3],
                (l3 == 1 || l3 == 2) && rnd(2) ? PICK(matches_ip) : "");
    text_puts(&t, "actions=");
    for (unsigned i = 0, n = 1 + rnd(6); i < n; i++) {
        text_printf(&t, "%s%s", i ? "," : "", random_act(l3));
    }
    text_printf(&t, PICK(last_acts), table + 1 + rnd(2));
    char *text = text_steal(&t);
    bool skip = simple && (strstr(text, "FLOOD") || strstr(text, "NORMAL") ||
                           strstr(text, "mpls") || (table && strstr(text, "resubmit")));
    char *error = skip ? xstrdup("skipped") : flow_mod_parse(text, FM_ADD, NULL, fm);
    free(text);
    bool ok = !error;
    free(error);
    return ok;
}

static bool insert(struct tables *ts, const struct flow_mod *fm)
{
    struct rule_args args = {.table_id = fm->table_id, .priority = fm->priority};

    if (xlate_can_execute(fm->acts.data, fm->acts.len, &all_features) ||
        table_find(ts, fm->table_id, &fm->match, fm->priority)) {
        return false;
    }
    tables_insert(ts, &fm->match, &args, rule_acts_new(fm->acts.data, fm->acts.len));
    return true;
}

static void add_random_rule(struct world *w, bool simple)
{
    struct flow_mod fm;

    if (random_flow_mod(&fm, simple)) {
        insert(w->tables[rnd(6) == 0], &fm);
        flow_mod_deinit(&fm);
    }
}

static struct key random_key(void)
{
    static const char *const keys[] = {
        "tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_ttl=64,tp_src=5,tp_dst=80",
        "ip,nw_src=11.0.0.1,nw_ttl=1,nw_tos=4",
        "arp,arp_op=1,arp_spa=10.0.0.9",
        "tcp,dl_vlan=5,nw_ttl=9,tp_src=80,tp_dst=81",
        "arp,dl_vlan=5,arp_op=2",
        "udp,dl_dst=00:00:00:00:00:02,dl_src=00:00:00:00:00:05,nw_ttl=64",
        "dl_dst=00:00:00:00:00:02",
        "tcp6,dl_dst=00:00:00:00:00:02",
        "mpls,mpls_label=5,mpls_bos=1,mpls_ttl=1",
        "mpls,mpls_label=5,mpls_bos=0,mpls_ttl=9",
    };
    char text[256];

    snprintf(text, sizeof text, "in_port=%u,%s", 11 + rnd(4), PICK(keys));
    return world_key(text);
}

/* Random bits wherever the mask does not look. */
static struct key perturb(const struct key *key, const struct key *mask)
{
    struct key k = *key;
    uint8_t *p = (uint8_t *)&k;

    for (size_t i = 0; i < sizeof k; i++) {
        p[i] ^= (uint8_t)(rnd(256) & ~((const uint8_t *)mask)[i]);
    }
    return k;
}

static void assert_same(const struct xlate_out *a, const struct xlate_out *b)
{
    assert_int_equal(a->error, b->error);
    assert_memory_equal(&a->mask, &b->mask, sizeof a->mask);
    assert_int_equal(a->actions.len, b->actions.len);
    if (a->actions.len) {
        assert_memory_equal(a->actions.data, b->actions.data, a->actions.len);
    }
}

/* Equal under the mask, equal result; and the same for the passes that this one leads to. */
static void check_masks(struct world *w, const struct key *key, unsigned pass, unsigned n_errors[])
{
    const struct dp_action *a;
    struct xlate_out out, other;

    world_xlate(w, key, &out);
    n_errors[out.error]++;
    assert_int_equal(out.mask.recirc_id, UINT32_MAX);
    assert_true(out.n_lookups <= XLATE_MAX_RESUBMITS + 1);
    for (unsigned j = 0; j < 5; j++) {
        struct key k2 = perturb(key, &out.mask);
        world_xlate(w, &k2, &other);
        assert_same(&out, &other);
        xlate_out_deinit(&other);
    }
    DP_ACTION_FOR_EACH(a, out.actions.data, out.actions.len) {
        if (a->type == DP_ACTION_RECIRC && pass < 4) {
            static const uint32_t states[] = {0, CS_TRK | CS_NEW, CS_TRK | CS_EST | CS_RPL,
                                              CS_TRK | CS_INV};
            struct key next = random_key();
            next.recirc_id = htonl(a->u32);
            next.ct_state = htonl(PICK(states));
            check_masks(w, &next, pass + 1, n_errors);
        }
    }
    xlate_out_deinit(&out);
}

static void test_masks(void **state)
{
    unsigned n_errors[XLATE_N_ERRORS] = {0};

    for (unsigned round = 0; round < 60; round++) {
        struct world w;
        world_init(&w);
        for (unsigned i = 5 + rnd(40); i; i--) {
            add_random_rule(&w, false);
        }
        tables_publish(w.tables[0]);
        tables_publish(w.tables[1]);
        for (unsigned i = 0; i < 100; i++) {
            struct key key = random_key();
            check_masks(&w, &key, 0, n_errors);
        }
        world_deinit(&w);
    }
    assert_true(n_errors[XLATE_OK] > 1000); /* The rules are not all nonsense. */
    assert_true(n_errors[XLATE_TOO_DEEP] + n_errors[XLATE_TOO_MANY_LOOKUPS] > 20);
    assert_true(n_errors[XLATE_TOO_MANY_LABELS] > 5);
    assert_int_equal(n_errors[XLATE_NO_CONTINUATION] + n_errors[XLATE_NO_BRIDGE], 0);
}

/* ---- the packet, as an executor would change it ---- */

static void set_bytes(void *to, const void *value, const void *mask, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t m = ((const uint8_t *)mask)[i];
        uint8_t *p = (uint8_t *)to + i;
        *p = (uint8_t)((*p & ~m) | ((const uint8_t *)value)[i]);
    }
}

#define SET(KEY, MEMBER) set_bytes(&k->KEY, &s->value.MEMBER, &s->mask.MEMBER, sizeof k->KEY)

/* False: of this header the model knows nothing. */
static bool model_set(struct key *k, const struct dp_action_set *s)
{
    switch ((enum dp_set_header)s->a.u32) {
    case DP_SET_ETH:
        SET(eth_src, eth.src);
        SET(eth_dst, eth.dst);
        break;
    case DP_SET_IP4:
        SET(ip_src, ip4.src);
        SET(ip_dst, ip4.dst);
        SET(ip_tos, ip4.tos);
        SET(ip_ttl, ip4.ttl);
        break;
    case DP_SET_TCP:
    case DP_SET_UDP:
        SET(tp_src, ports.src);
        SET(tp_dst, ports.dst);
        break;
    case DP_SET_ARP:
        SET(ip_src, arp.sip);
        SET(ip_dst, arp.tip);
        SET(arp_sha, arp.sha);
        SET(arp_tha, arp.tha);
        set_bytes(&k->ip_proto, (const uint8_t *)&s->value.arp.op + 1,
                  (const uint8_t *)&s->mask.arp.op + 1, 1);
        break;
    case DP_SET_SKB_MARK:
        SET(skb_mark, skb_mark);
        break;
    default:
        return false;
    }
    return true;
}

/* What the actions do to a packet, as bytes: of what they set, the packet that comes of it. */
static void put_effects(const struct key *key, const void *actions, size_t len, struct wire_wr *w)
{
    const struct dp_action *a;
    struct key k = *key;

    DP_ACTION_FOR_EACH(a, actions, len) {
        struct key before = k;
        if (a->type == DP_ACTION_CLONE) {
            put_effects(&k, a + 1, a->len - sizeof *a, w);
        } else if (a->type != DP_ACTION_SET ||
                   !model_set(&k, (const struct dp_action_set *)(const void *)a)) {
            wire_wr_bytes(w, a, a->len);
        } else if (memcmp(&k, &before, sizeof k)) {
            wire_wr_bytes(w, &k, sizeof k);
        }
    }
}

/* ---- dependencies ---- */

/* A set of changes says what each of them says. */
static void check_set(struct world *w, const struct flow_mod *fm, unsigned b,
                      const struct key *keys, const struct xlate_out *outs, unsigned n)
{
    struct flow_mod others[6];
    unsigned n_others = 0;
    struct rule_changes set = {0};

    assert_true(rule_changes_add(&set, w->tables[b], fm->table_id, &fm->match, fm->priority));
    while (n_others < ARRAY_SIZE(others)) {
        struct flow_mod *o = &others[n_others];
        if (random_flow_mod(o, false)) {
            assert_true(rule_changes_add(&set, w->tables[n_others++ % 2], o->table_id, &o->match,
                                         o->priority));
        }
    }
    for (unsigned i = 0; i < n; i++) {
        bool any = credit_depends(outs[i].credit, w->tables[b], fm->table_id, &fm->match,
                                  fm->priority, &keys[i], &outs[i].mask);
        for (unsigned j = 0; j < n_others; j++) {
            any |= credit_depends(outs[i].credit, w->tables[j % 2], others[j].table_id,
                                  &others[j].match, others[j].priority, &keys[i], &outs[i].mask);
        }
        assert_int_equal(rule_changes_concern(&set, outs[i].credit, &keys[i], &outs[i].mask), any);
    }
    rule_changes_clear(&set);
    for (unsigned i = 0; i < n_others; i++) {
        flow_mod_deinit(&others[i]);
    }
}

/* The same for each packet of 'a', whose mask may have fewer bits: what is known to be so already
 * need not be set. */
static void assert_same_effects(const struct xlate_out *a, const struct xlate_out *b,
                                const struct key *key)
{
    struct wire_wr wa = WIRE_WR_INIT(1 << 20), wb = WIRE_WR_INIT(1 << 20);

    assert_int_equal(a->error, b->error);
    put_effects(key, a->actions.data, a->actions.len, &wa);
    put_effects(key, b->actions.data, b->actions.len, &wb);
    assert_int_equal(wa.len, wb.len);
    if (wa.len) {
        assert_memory_equal(wa.data, wb.data, wa.len);
    }
    wire_wr_deinit(&wa);
    wire_wr_deinit(&wb);
}

/* A cached flow that does not depend on a new rule does the same with it.  (Priorities differ:
 * which of two equal ones is found is not defined.) */
static unsigned check_change(struct world *w)
{
    unsigned b = rnd(2), n_independent = 0;
    struct flow_mod fm;
    struct key keys[30];
    struct xlate_out before[30], after;

    if (!random_flow_mod(&fm, false)) {
        return 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        keys[i] = random_key();
        world_xlate(w, &keys[i], &before[i]);
    }
    check_set(w, &fm, b, keys, before, ARRAY_SIZE(keys));
    bool changed = insert(w->tables[b], &fm);
    tables_publish(w->tables[b]);
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        if (changed && !credit_depends(before[i].credit, w->tables[b], fm.table_id, &fm.match,
                                       fm.priority, &keys[i], &before[i].mask)) {
            struct key other = perturb(&keys[i], &before[i].mask);
            world_xlate(w, &other, &after);
            assert_same_effects(&before[i], &after, &other);
            xlate_out_deinit(&after);
            n_independent++;
        }
        xlate_out_deinit(&before[i]);
    }
    flow_mod_deinit(&fm);
    return n_independent;
}

static void test_dependencies(void **state)
{
    unsigned n = 0;

    for (unsigned round = 0; round < 40; round++) {
        struct world w;
        world_init(&w);
        for (unsigned i = 0; i < 40; i++) {
            n += check_change(&w);
        }
        world_deinit(&w);
    }
    assert_true(n > 5000);
}

struct model {
    struct flow seen[10000]; /* OpenFlow's view at each output, from the trace. */
    unsigned n_seen;
};

static void on_trace(void *m_, const struct xlate_trace_event *ev)
{
    struct model *m = m_;

    if (ev->event != XLATE_EV_ACT ||
        (ev->act->type != ACT_OUTPUT && ev->act->type != ACT_OUTPUT_REG)) {
        return;
    }
    uint32_t port =
        ev->act->type == ACT_OUTPUT
            ? ((const struct act_output *)(const void *)ev->act)->port
            : (uint32_t)subfield_get(&((const struct act_output_reg *)(const void *)ev->act)->src,
                                     ev->flow);
    uint32_t max = ev->bridge->id == 1 ? 4 : 2;
    if (port && port <= max && port != ntohl(ev->flow->in_port) &&
        m->n_seen < ARRAY_SIZE(m->seen)) {
        m->seen[m->n_seen++] = *ev->flow;
    }
}

/* Everything from the Ethernet header on, and skb_mark; tracker fields are not the packet's. */
static void assert_packet(const struct key *model, const struct key *seen)
{
    size_t ofs = offsetof(struct key, eth_type);

    assert_int_equal(model->skb_mark, seen->skb_mark);
    assert_memory_equal((const uint8_t *)model + ofs, (const uint8_t *)seen + ofs,
                        sizeof *model - ofs);
}

static void check_outputs(const struct model *m, const struct key *key, const void *actions,
                          size_t len, unsigned *n)
{
    const struct dp_action *a;
    struct key k = *key;

    DP_ACTION_FOR_EACH(a, actions, len) {
        if (a->type == DP_ACTION_CLONE) {
            check_outputs(m, &k, a + 1, a->len - sizeof *a, n);
        } else if (a->type == DP_ACTION_SET) {
            assert_true(model_set(&k, (const struct dp_action_set *)(const void *)a));
        } else if (a->type == DP_ACTION_PUSH_VLAN) {
            k.vlan[1] = k.vlan[0];
            k.vlan[0] = (struct key_vlan){htons((uint16_t)(a->u32 >> 16)), htons((uint16_t)a->u32)};
        } else if (a->type == DP_ACTION_POP_VLAN) {
            k.vlan[0] = k.vlan[1];
            k.vlan[1] = (struct key_vlan){0, 0};
        } else if (a->type == DP_ACTION_OUTPUT) {
            assert_true(*n < m->n_seen);
            assert_packet(&k, &m->seen[(*n)++].key);
        }
    }
}

static void test_outputs(void **state)
{
    static struct model m;
    unsigned n_outputs = 0;

    for (unsigned round = 0; round < 60; round++) {
        struct world w;
        world_init(&w);
        for (unsigned i = 15 + rnd(40); i; i--) {
            add_random_rule(&w, true);
        }
        tables_publish(w.tables[0]);
        tables_publish(w.tables[1]);
        for (unsigned i = 0; i < 400; i++) {
            struct key key = random_key();
            struct xlate_out out;
            struct xlate_in in = {.cfg = w.cfg, .key = &key, .trace = on_trace, .trace_aux = &m};
            m.n_seen = 0;
            xlate_out_init(&out);
            xlate(&in, &out);
            if (!out.error) {
                unsigned n = 0;
                check_outputs(&m, &key, out.actions.data, out.actions.len, &n);
                assert_int_equal(n, m.n_seen);
                n_outputs += m.n_seen;
            }
            xlate_out_deinit(&out);
        }
        world_deinit(&w);
    }
    assert_true(n_outputs > 5000);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_dependencies),
        cmocka_unit_test(test_outputs),
    };
    return cmocka_run_group_tests(all, world_setup, world_teardown);
}
