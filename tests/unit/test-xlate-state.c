/* test-xlate-state.c - what translation remembers and owes: MAC learning, credits, dependencies,
 * continuations, packet-out, refusals. */
#include "tests/unit/xlate-env.h"

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa}, mac_b[6] = {2, 0, 0, 0, 0, 0xb};

#define A_TO_B "dl_src=02:00:00:00:00:0a,dl_dst=02:00:00:00:00:0b,"
#define B_TO_A "dl_src=02:00:00:00:00:0b,dl_dst=02:00:00:00:00:0a,"

/* Translates, checks the actions, applies the effects; the credit is the caller's. */
static struct credit *go(struct world *w, const char *packet, const char *want)
{
    struct key key = world_key(packet);
    struct text got = TEXT_INIT;
    struct xlate_out out;

    world_xlate(w, &key, &out);
    world_format(&out, &got);
    assert_string_equal(text_cstr(&got), want);
    for (unsigned i = 0; i < out.n_effects; i++) {
        const struct xlate_effect *e = &out.effects[i];
        fdb_learn(e->fdb, e->vlan, e->mac, e->ofp_port, 1000);
    }
    struct credit *c = out.credit;
    out.credit = NULL;
    xlate_out_deinit(&out);
    text_deinit(&got);
    return c;
}

static void go_free(struct world *w, const char *packet, const char *want)
{
    credit_free(go(w, packet, want), 0);
}

static void test_normal(void **state)
{
    struct world w;
    uint32_t port;

    world_init(&w);
    world_add_rules(&w, "priority=0,actions=NORMAL");
    go_free(&w, "in_port=11," A_TO_B "ip", "12,13,14,10");
    assert_true(fdb_lookup(w.fdb[0], 0, mac_a, &port));
    assert_int_equal(port, 1);
    struct credit *c = go(&w, "in_port=12," B_TO_A "ip", "11");
    assert_true(credit_uses_mac(c, w.fdb[0], 0, mac_a));
    assert_true(credit_uses_mac(c, w.fdb[0], 0, mac_b));
    assert_false(credit_uses_mac(c, w.fdb[0], 1, mac_b));
    assert_false(credit_uses_mac(c, w.fdb[1], 0, mac_b));
    go_free(&w, "in_port=11," A_TO_B "ip", "12");
    go_free(&w, "in_port=12," A_TO_B "ip", "drop"); /* Moved, and its peer is there too. */
    assert_true(fdb_lookup(w.fdb[0], 0, mac_a, &port));
    assert_int_equal(port, 2);
    go_free(&w, "in_port=11,dl_vlan=9," A_TO_B "ip", "12,13,14,10"); /* VLANs are apart. */
    go_free(&w, "in_port=11,dl_src=02:00:00:00:00:0a,dl_dst=01:80:c2:00:00:0e", "drop");
    go_free(&w, "in_port=11,dl_src=02:00:00:00:00:0a,dl_dst=01:80:c2:00:00:10", "12,13,14,10");

    /* Time. */
    struct dp_flow_stats delta = {.packets = 1, .bytes = 60, .used_ms = 5000};
    fdb_learn(w.fdb[0], 0, mac_b, 2, 1000);
    credit_apply(c, &delta);
    fdb_expire(w.fdb[0], 1000 + FDB_DEFAULT_AGE_MS, NULL, NULL);
    assert_false(fdb_lookup(w.fdb[0], 0, mac_a, &port));
    assert_true(fdb_lookup(w.fdb[0], 0, mac_b, &port));
    fdb_expire(w.fdb[0], 5000 + FDB_DEFAULT_AGE_MS, NULL, NULL);
    assert_int_equal(fdb_count(w.fdb[0]), 0);
    credit_free(c, 0);
    world_deinit(&w);
}

/* A switch that nobody controls: NORMAL in the place of its rules, through patch ports too. */
static void test_fail_open(void **state)
{
    struct world w;
    uint32_t port;

    world_init(&w);
    world_add_rules(&w, "priority=0,actions=drop\n"
                        "priority=65535,in_port=2,actions=9\n"
                        "br1 priority=65535,actions=drop");
    go_free(&w, "in_port=11," A_TO_B "ip", "drop");
    w.br[0]->fail_open = true;
    go_free(&w, "in_port=11," A_TO_B "ip", "12,13,14,10");
    assert_true(fdb_lookup(w.fdb[0], 0, mac_a, &port));
    go_free(&w, "in_port=12," B_TO_A "ip", "11");
    w.br[1]->fail_open = true;
    go_free(&w, "in_port=11," A_TO_B "tcp", "12");
    w.br[0]->fail_open = false;
    go_free(&w, "in_port=12," B_TO_A "ip", "21,22,20");
    assert_int_equal(tables_n_rules(w.tables[0]), 2);
    world_deinit(&w);
}

/* Port 1 is an access port of VLAN 5, port 2 carries only VLAN 5 and 6. */
static void test_normal_vlans(void **state)
{
    struct world w;
    struct xlate_port *p1, *p2;

    world_init(&w);
    p1 = (struct xlate_port *)xlate_cfg_ofp_port(w.br[0], 1);
    p2 = (struct xlate_port *)xlate_cfg_ofp_port(w.br[0], 2);
    p1->vlan = (struct port_vlan){.mode = PORT_VLAN_ACCESS, .tag = 5};
    p2->vlan.trunks = xcalloc(PORT_VLAN_WORDS, sizeof p2->vlan.trunks[0]);
    p2->vlan.trunks[0] = BIT64(5) | BIT64(6);
    world_add_rules(&w, "actions=NORMAL");
    go_free(&w, "in_port=11," A_TO_B "ip", "push_vlan(vid=5,pcp=0),12,13,14,10");
    go_free(&w, "in_port=11,dl_vlan=5," A_TO_B "ip", "drop");
    go_free(&w, "in_port=12,dl_vlan=5,dl_vlan_pcp=3," B_TO_A "ip", "pop_vlan,11");
    go_free(&w, "in_port=12,dl_vlan=7," B_TO_A "ip", "drop");
    go_free(&w, "in_port=12," B_TO_A "ip", "drop");
    go_free(&w, "in_port=13,dl_vlan=6,dl_src=02:00:00:00:00:0c,dl_dst=ff:ff:ff:ff:ff:ff",
            "12,14,10");
    go_free(&w, "in_port=13,dl_src=02:00:00:00:00:0c,dl_dst=ff:ff:ff:ff:ff:ff", "14,10");
    world_deinit(&w);
}

static void test_fdb_limit(void **state)
{
    struct fdb *fdb = fdb_new(3, 10, 1000);
    uint32_t port;

    for (unsigned i = 0; i < 100; i++) {
        uint8_t mac[6] = {2, 0, 0, 0, 1, (uint8_t)i};
        assert_true(fdb_learn(fdb, 0, mac, i, i));
        fdb_refresh(fdb, 0, (const uint8_t[6]){2, 0, 0, 0, 1, 0}, 0, i);
    }
    assert_int_equal(fdb_count(fdb), 10);
    assert_true(fdb_lookup(fdb, 0, (const uint8_t[6]){2, 0, 0, 0, 1, 0}, &port));
    assert_false(fdb_lookup(fdb, 0, (const uint8_t[6]){2, 0, 0, 0, 1, 1}, &port));
    assert_true(fdb_lookup(fdb, 0, (const uint8_t[6]){2, 0, 0, 0, 1, 99}, &port));
    assert_false(fdb_learn(fdb, 0, (const uint8_t[6]){3, 0, 0, 0, 1, 0}, 1, 1));
    fdb_flush_port(fdb, 99);
    assert_int_equal(fdb_count(fdb), 9);
    fdb_flush(fdb);
    assert_int_equal(fdb_count(fdb), 0);
    fdb_unref(fdb);
}

static struct rule *rule_of(struct world *w, uint8_t table, const char *match)
{
    struct flow_mod fm;
    char *text = xstrdup(match);

    assert_null(flow_mod_parse(text, FM_DELETE_STRICT, NULL, &fm));
    struct rule *r = table_find(w->tables[0], table, &fm.match, fm.priority);
    flow_mod_deinit(&fm);
    free(text);
    return r;
}

/* The cookies of the ct acts that a packet runs into, one after the other. */
static void check_cookies(struct world *w, const char *packet, const uint64_t *want, size_t n)
{
    struct key key = world_key(packet);
    const struct dp_action *a;
    struct xlate_out out;
    size_t i = 0;

    world_xlate(w, &key, &out);
    assert_int_equal(out.error, XLATE_OK);
    DP_ACTION_FOR_EACH(a, out.actions.data, out.actions.len) {
        if (a->type == DP_ACTION_CT) {
            assert_true(i < n);
            assert_int_equal(((const struct dp_action_ct *)(const void *)a)->cookie, want[i++]);
        }
    }
    assert_int_equal(i, n);
    xlate_out_deinit(&out);
}

static void test_commit_cookie(void **state)
{
    struct world w;

    world_init(&w);
    world_add_rules(&w, "cookie=1,in_port=1,ip,actions=ct(commit),resubmit(,1),ct(commit,zone=1)\n"
                        "cookie=2,table=1,ip,actions=ct(commit,zone=2),ct(zone=3)\n"
                        /* By the action set, and what is hit after it was written. */
                        "cookie=3,in_port=2,ip,actions=write_actions(ct(commit)),goto_table:2\n"
                        "cookie=4,table=2,priority=0,actions=write_metadata:1\n"
                        "cookie=5,table=2,priority=1,udp,actions=clear_actions\n"
                        /* Over a recirculation. */
                        "cookie=6,in_port=3,ip,actions=write_actions(ct(commit)),goto_table:3\n"
                        "cookie=7,table=3,ip,actions=ct(table=2)\n"
                        "cookie=8,in_port=4,mpls,actions=pop_mpls:0x0800,"
                        "write_actions(ct(commit)),goto_table:2");
    check_cookies(&w, "in_port=11,ip", (const uint64_t[]){1, 2, 0, 1}, 4);
    check_cookies(&w, "in_port=12,tcp", (const uint64_t[]){3}, 1);
    check_cookies(&w, "in_port=12,udp", NULL, 0);
    credit_free(go(&w, "in_port=13,tcp", "ct,recirc(0x1),ct(commit)"), 0);
    check_cookies(&w, "in_port=13,tcp", (const uint64_t[]){0, 6}, 2);
    check_cookies(&w, "recirc_id=1,in_port=13,ct_state=+trk+new,tcp", (const uint64_t[]){6}, 1);
    credit_free(go(&w, "in_port=14,mpls,mpls_bos=1", "pop_mpls(eth_type=0x800),recirc(0x2)"), 0);
    check_cookies(&w, "recirc_id=2,in_port=14,tcp", (const uint64_t[]){8}, 1);
    world_deinit(&w);
}

static void test_credit(void **state)
{
    struct world w;
    uint64_t lookups, matched;
    struct dp_flow_stats delta = {.packets = 5, .bytes = 500, .used_ms = 42};

    world_init(&w);
    world_add_rules(&w,
                    "ip,actions=resubmit(,1),resubmit(,2),resubmit(,7),2\ntable=1,ip,actions=3\n"
                    "table=2,arp,actions=4");
    struct credit *c = go(&w, "in_port=11,ip", "13,12");
    struct rule *r = rule_of(&w, 1, "ip");
    credit_apply(c, &delta);
    assert_int_equal(r->packets, 5);
    assert_int_equal(r->bytes, 500);
    assert_int_equal(r->used_ms, 42);
    table_stats(w.tables[0], 2, &lookups, &matched);
    assert_int_equal(lookups, 5);
    assert_int_equal(matched, 0);
    table_stats(w.tables[0], 7, &lookups, &matched); /* Never had a rule. */
    assert_int_equal(lookups, 5);
    table_stats(w.tables[0], 1, &lookups, &matched);
    assert_int_equal(matched, 5);
    tables_remove(w.tables[0], r); /* The credit outlives the rule in the table. */
    tables_publish(w.tables[0]);
    urcu_qsbr_barrier();
    tables_reclaim(w.tables[0], 100);
    credit_apply(c, &delta);
    assert_int_equal(r->packets, 10);
    credit_free(c, 0);
    world_deinit(&w);
}

static bool depends_at(struct world *w, const char *packet, unsigned table, uint16_t priority,
                       const char *change)
{
    struct key key = world_key(packet);
    struct xlate_out out;
    struct flow_mod fm;
    char *text = xstrdup(change);

    assert_null(flow_mod_parse(text, FM_DELETE, NULL, &fm));
    world_xlate(w, &key, &out);
    bool yes = credit_depends(out.credit, w->tables[0], (uint8_t)table, &fm.match, priority, &key,
                              &out.mask);
    xlate_out_deinit(&out);
    flow_mod_deinit(&fm);
    free(text);
    return yes;
}

static bool depends(struct world *w, const char *packet, unsigned table, const char *change)
{
    return depends_at(w, packet, table, OFP_DEFAULT_PRIORITY, change);
}

static void test_depends(void **state)
{
    struct world w;

    world_init(&w);
    world_add_rules(&w, "ip,nw_dst=10.0.0.0/8,actions=mod_nw_src:9.9.9.9,load:1->NXM_NX_REG0[],"
                        "goto_table:1\ntable=1,ip,nw_src=9.9.9.9,actions=2");
    static const char packet[] = "in_port=11,ip,nw_src=10.0.0.1,nw_dst=10.0.0.2";
    assert_true(depends(&w, packet, 0, ""));
    assert_true(depends(&w, packet, 0, "ip,nw_dst=10.0.0.2"));
    assert_true(depends(&w, packet, 0, "tcp")); /* Wild in the flow. */
    assert_false(depends(&w, packet, 0, "arp"));
    assert_false(depends(&w, packet, 0, "ip,nw_dst=11.0.0.2"));
    assert_false(depends(&w, packet, 0, "in_port=2"));
    assert_true(depends(&w, packet, 0, "in_port=1"));
    assert_true(depends(&w, packet, 1, "ip,nw_src=9.9.9.9"));
    assert_true(depends(&w, packet, 1, "reg0=1"));
    assert_false(depends(&w, packet, 1, "arp"));
    assert_false(depends(&w, packet, 2, ""));
    assert_false(depends_at(&w, packet, 0, OFP_DEFAULT_PRIORITY - 1, "")); /* Below what is hit. */
    assert_true(depends_at(&w, packet, 0, OFP_DEFAULT_PRIORITY + 1, "tcp"));
    assert_true(depends_at(&w, "in_port=11,arp", 0, 0, "arp")); /* Nothing is hit. */
    world_deinit(&w);
}

/* What conjunctions lead to has their priority, whatever its own. */
static void test_depends_conj(void **state)
{
    struct world w;

    world_init(&w);
    world_add_rules(&w, "priority=50,in_port=1,actions=conjunction(7,1/2)\n"
                        "priority=50,ip,actions=conjunction(7,2/2)\n"
                        "priority=50,arp,actions=conjunction(8,2/2)\n"
                        "priority=90,conj_id=7,actions=2\n"
                        "priority=60,icmp,actions=3");
    go_free(&w, "in_port=11,udp", "12");
    assert_true(depends_at(&w, "in_port=11,udp", 0, 70, "udp"));
    assert_true(depends_at(&w, "in_port=11,udp", 0, 50, "udp"));
    go_free(&w, "in_port=11,icmp", "13");
    assert_false(depends_at(&w, "in_port=11,icmp", 0, 50, "ip"));
    assert_true(depends_at(&w, "in_port=11,icmp", 0, 1, "conj_id=8"));
    world_deinit(&w);
}

static void test_packet_out(void **state)
{
    static const struct {
        const char *acts, *want;
        uint32_t in_port;
    } cases[] = {
        {"2,3,CONTROLLER:10", "12,13,controller(5,1,0,10)", 1},
        {"2", "drop", 2},
        {"TABLE", "14", 1},
        {"TABLE", "drop", OFPP_CONTROLLER},
        {"set_field:7->reg0,resubmit(,5),3", "12,13", OFPP_CONTROLLER},
        {"IN_PORT", "12", 2},
        {"mod_dl_dst:00:00:00:00:00:01,NORMAL", "set(eth(dst=00:00:00:00:00:01)),11,12,13,14,10",
         OFPP_CONTROLLER},
        {"ct(table=5),3", "ct,recirc(0x1),13", OFPP_CONTROLLER},
    };
    struct world w;

    world_init(&w);
    world_add_rules(&w, "in_port=1,actions=4\ntable=5,reg0=7,actions=2");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct key key = world_key("ip,nw_src=10.0.0.1");
        struct acts acts = ACTS_INIT;
        struct xlate_out out;
        struct text got = TEXT_INIT;
        char *text = xstrdup(cases[i].acts);
        assert_null(acts_parse(text, NULL, false, &acts));
        key.in_port = DP_PORT_NONE;
        struct xlate_in in = {.cfg = w.cfg,
                              .key = &key,
                              .bridge = w.br[0],
                              .ofp_in_port = cases[i].in_port,
                              .is_packet_out = true,
                              .acts = acts.data,
                              .acts_len = acts.len};
        xlate_out_init(&out);
        xlate(&in, &out);
        world_format(&out, &got);
        assert_string_equal(text_cstr(&got), cases[i].want);
        assert_false(out.cache);
        xlate_out_deinit(&out);
        acts_deinit(&acts);
        text_deinit(&got);
        free(text);
    }
    world_deinit(&w);
}

static void test_port_config(void **state)
{
    struct world w;

    world_init(&w);
    ((struct xlate_port *)xlate_cfg_ofp_port(w.br[0], 2))->config = OFPPC_NO_FWD;
    ((struct xlate_port *)xlate_cfg_ofp_port(w.br[0], 3))->config = OFPPC_NO_FLOOD;
    ((struct xlate_port *)xlate_cfg_ofp_port(w.br[0], 4))->config = OFPPC_NO_RECV;
    world_add_rules(&w,
                    "table=0,priority=9,ip,actions=FLOOD\ntable=0,priority=8,arp,actions=ALL,2");
    go_free(&w, "in_port=11,ip", "14,10");
    go_free(&w, "in_port=11,arp", "13,14,10");
    go_free(&w, "in_port=14,ip", "drop");
    world_deinit(&w);
}

/* A former process' flows in the kernel name smaller ids. */
static void test_continuations_start(void **state UNUSED)
{
    struct continuations *cs = continuations_new(1, 3);
    struct continuation_state st = {.bridge_id = 1};

    continuations_start_at(cs, 71);
    continuations_start_at(cs, 5);
    struct continuation *a = continuation_get(cs, &st, NULL, NULL, NULL);
    assert_int_equal(a->id, 71);
    continuation_put(cs, a, 0);
    continuations_unref(cs);
}

static void test_continuations(void **state)
{
    struct continuations *cs = continuations_new(1, 3);
    struct continuation_state st = {.bridge_id = 1, .table_id = 2};
    uint64_t set[2] = {1, 2};

    struct continuation *a = continuation_get(cs, &st, NULL, NULL, NULL);
    assert_ptr_equal(continuation_get(cs, &st, NULL, NULL, NULL), a);
    st.n_set = sizeof set;
    struct continuation *b = continuation_get(cs, &st, NULL, set, NULL);
    assert_int_not_equal(a->id, b->id);
    set[1] = 3;
    struct continuation *c = continuation_get(cs, &st, NULL, set, NULL);
    assert_int_not_equal(c->id, b->id);
    set[1] = 4;
    assert_null(continuation_get(cs, &st, NULL, set, NULL)); /* Capped. */
    assert_ptr_equal(continuation_find(cs, b->id), b);
    assert_null(continuation_find(cs, 77));
    continuation_put(cs, a, 100);
    assert_int_equal(continuations_reclaim(cs, 1000000, 10), 0);
    continuation_put(cs, a, 100);
    continuation_put(cs, b, 200);
    assert_int_equal(continuations_reclaim(cs, 99 + CONTINUATION_REST_MS, 10), 0);
    st.n_set = 0;
    assert_ptr_equal(continuation_get(cs, &st, NULL, NULL, NULL), a); /* Up again. */
    uint32_t b_id = b->id;
    assert_int_equal(continuations_reclaim(cs, 200 + CONTINUATION_REST_MS, 10), 1);
    assert_null(continuation_find(cs, b_id));
    assert_int_equal(continuations_count(cs), 2);
    st.table_id = 9;
    b = continuation_get(cs, &st, NULL, NULL, NULL);
    assert_int_not_equal(b->id, b_id); /* Ids are not used again soon. */
    continuation_put(cs, a, 0);
    continuation_put(cs, b, 0);
    continuation_put(cs, c, 0);
    continuations_unref(cs);
}

/* Of these many bytes. */
#define TLV_DATA_56                                            \
    "0123456789abcdef0123456789abcdef0123456789abcdef01234567" \
    "89abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TLV_DATA_112 "0x" TLV_DATA_56 TLV_DATA_56
#define TLV_DATA_124 TLV_DATA_112 "000000000000000000000000"
static void test_can_execute(void **state)
{
    static const struct {
        const char *acts;
        enum ofp_error want, want_bare; /* With all features, with none. */
    } cases[] = {
        {"2", OFPERR_OK, OFPERR_OK},
        {"group:1", OFPERR_OK, OFPERR_OK}, /* Whether it is there the bridge knows. */
        {"meter:1", OFPERR_OK, OFPERR_OFPMMFC_INVALID_METER},
        {"set_queue:61439,pop_queue,enqueue:1:0", OFPERR_OK, OFPERR_OK},
        {"set_queue:61440", OFPERR_OFPBAC_BAD_QUEUE, OFPERR_OFPBAC_BAD_QUEUE},
        {"enqueue:1:61440", OFPERR_OFPBAC_BAD_QUEUE, OFPERR_OFPBAC_BAD_QUEUE},
        {"controller(id=1,reason=group)", 0, 0},
        {"controller(userdata=01,pause)", OFPERR_OK, OFPERR_OK},
        {"controller(meter_id=1)", OFPERR_OK, OFPERR_OFPMMFC_INVALID_METER},
        {"learn(table=1)", OFPERR_OK, OFPERR_OK},
        {"learn(table=1,load:1->NXM_NX_TUN_ID[])", OFPERR_OK, OFPERR_OK},
        {"fin_timeout(idle_timeout=1)", OFPERR_OK, OFPERR_OK},
        {"clone(1)", OFPERR_OK, OFPERR_OK},
        {"clone(clone(set_queue:61440))", OFPERR_OFPBAC_BAD_QUEUE, OFPERR_OFPBAC_BAD_QUEUE},
        {"clone(ct(commit))", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"output(port=1,max_len=99)", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"encap(nsh)", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"encap(nsh(md_type=2,tlv(1,2," TLV_DATA_124 "),tlv(1,2," TLV_DATA_112 ")))", OFPERR_OK,
         OFPERR_OFPBAC_BAD_TYPE},
        {"encap(nsh(md_type=2,tlv(1,2," TLV_DATA_124 "),tlv(1,2," TLV_DATA_112 "00)))",
         OFPERR_NXBAC_BAD_ED_PROP, OFPERR_NXBAC_BAD_ED_PROP},
        {"write_actions(decap)", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"dec_nsh_ttl,push_pbb:0x88e7", OFPERR_OK, OFPERR_OK},
        {"pop_pbb", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"copy_ttl_in", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"set_field:0x800->eth_type", OFPERR_OK, OFPERR_OFPBAC_BAD_TYPE},
        {"write_actions(set_queue:61440)", OFPERR_OFPBAC_BAD_QUEUE, OFPERR_OFPBAC_BAD_QUEUE},
        {"ct(commit)", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"ct(commit,nat(src=1.1.1.1))", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"ct(nat)", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"ct(commit,alg=ftp)", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"ct(commit,exec(set_field:1->ct_label))", OFPERR_OK, OFPERR_NXBAC_CT_DATAPATH_SUPPORT},
        {"set_field:1->nsh_si,set_field:1->nd_options_type", OFPERR_OK, OFPERR_OK},
        {"set_field:1->tun_id,set_field:1->reg9", OFPERR_OK, OFPERR_OK},
    };
    struct dp_features none = {.max_vlan_headers = 2};
    struct dp_features bare_ct = {.ct = true, .max_vlan_headers = 2};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        char *text = xstrdup(cases[i].acts);
        char *error = acts_parse(text, NULL, true, &acts);
        assert_null(error);
        assert_int_equal(xlate_can_execute(acts.data, acts.len, &all_features), cases[i].want);
        assert_int_equal(xlate_can_execute(acts.data, acts.len, &none), cases[i].want_bare);
        if (strstr(cases[i].acts, "nat(") || strstr(cases[i].acts, "(nat") ||
            strstr(cases[i].acts, "alg=")) {
            assert_int_equal(xlate_can_execute(acts.data, acts.len, &bare_ct),
                             OFPERR_NXBAC_CT_DATAPATH_SUPPORT);
        }
        acts_deinit(&acts);
        free(text);
    }
}

/* Tables 0..n-1 with these acts, %u being the next table. */
static void add_chain(struct world *w, unsigned n, const char *acts)
{
    for (unsigned i = 0; i < n; i++) {
        struct text t = TEXT_INIT;
        text_printf(&t, "table=%u,ip,actions=", i);
        text_printf(&t, acts, i + 1, i + 1);
        world_add_rule(w, text_cstr(&t));
        text_deinit(&t);
    }
}

static void test_bounds(void **state)
{
    static const struct {
        unsigned n;
        const char *acts, *last, *want;
    } cases[] = {
        {253, "resubmit(,%u)", "table=253,actions=2", "12"},
        {253, "resubmit(,%u)", "table=253,actions=resubmit(,0)",
         "error: over max translation depth"},
        {253, "goto_table:%u", "table=253,actions=2", "12"},
        {253, "goto_table:%u", "table=253,actions=resubmit(,0)", "error: too many resubmits"},
        {10, "resubmit(,%u),resubmit(,%u)", "table=10,actions=load:0->NXM_NX_REG0[]", "drop"},
        {13, "resubmit(,%u),resubmit(,%u)", "table=13,actions=2", "error: too many resubmits"},
        {11, "resubmit(,%u),resubmit(,%u)", "table=11,actions=2,3,4", "error: too many actions"},
        {11, "resubmit(,%u),resubmit(,%u)", "table=11,actions=write_actions(load:0->NXM_NX_REG0[])",
         "error: too many actions"},
        {1, "push_mpls:0x8847,push_mpls:0x8847,push_mpls:0x8847,push_mpls:0x8847,resubmit(,%u)",
         "table=1,actions=2", "error: too many VLAN tags or MPLS labels"},
        /* The third tag is what the EtherType says: no rule behind it matches ip. */
        {3, "push_vlan:0x8100,resubmit(,%u)", "table=3,actions=2",
         "push_vlan(vid=0,pcp=0),push_vlan(vid=0,pcp=0),push_vlan(vid=0,pcp=0),12"},
        {4, "push_vlan:0x8100,resubmit(,%u)", "table=4,actions=2", "drop"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world w;
        world_init(&w);
        add_chain(&w, cases[i].n, cases[i].acts);
        world_add_rules(&w, cases[i].last);
        go_free(&w, "in_port=11,ip", cases[i].want);
        world_deinit(&w);
    }
}

static void test_queue_dscp(void **state)
{
    static const struct xlate_queue_dscp dscps[] = {{0, 8}, {3, 46}, {40000, 63}};
    struct world w;

    world_init(&w);
    xlate_port_set_dscps((struct xlate_port *)(uintptr_t)xlate_cfg_ofp_port(w.br[0], 2), dscps,
                         ARRAY_SIZE(dscps));
    xlate_port_set_dscps((struct xlate_port *)(uintptr_t)xlate_cfg_ofp_port(w.br[1], 1), dscps, 1);
    world_add_rules(&w,
                    "in_port=1,actions=set_queue:3,output:2,output:3\n"
                    "in_port=3,actions=set_queue:2,output:2,set_queue:40000,output:2\n"
                    /* Over a patch port the queue, and over recirculation that it was chosen. */
                    "in_port=4,actions=set_queue:0,output:9,output:2\n"
                    "br1 in_port=5,actions=output:1,output:2\n"
                    "in_port=LOCAL,actions=set_queue:0,ct(table=1)\n"
                    "table=1,actions=output:2,push_mpls:0x8847,output:3");
    go_free(&w, "in_port=11,ip,nw_tos=32",
            "set(ipv4(tos=0xb8/0xfc)),set(skb_priority(0x3)),12,"
            "set(ipv4(tos=0x20/0xfc)),13");
    go_free(&w, "in_port=11,ipv6,nw_tos=184",
            "set(ipv6(tclass=0xb8/0xfc)),set(skb_priority(0x3)),12,13");
    go_free(&w, "in_port=11,arp", "set(skb_priority(0x3)),12,13");
    go_free(&w, "in_port=13,ip",
            "set(skb_priority(0x2)),12,set(ipv4(tos=0xfc/0xfc)),"
            "set(skb_priority(0x9c40)),12");
    go_free(&w, "in_port=14,ip",
            "set(ipv4(tos=0x20/0xfc)),21,set(ipv4(tos=0/0xfc)),22,"
            "set(ipv4(tos=0x20/0xfc)),12");
    credit_free(go(&w, "in_port=10,ip", "ct,recirc(0x1)"), 0);
    go_free(&w, "recirc_id=1,in_port=10,ct_state=+trk+new,ip",
            "set(ipv4(tos=0x20/0xfc)),12,set(ipv4(tos=0/"
            "0xfc)),push_mpls(label=0,tc=0,ttl=64,bos=1,eth_type=0x8847),13");
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_queue_dscp),    cmocka_unit_test(test_fail_open),
        cmocka_unit_test(test_normal),        cmocka_unit_test(test_normal_vlans),
        cmocka_unit_test(test_fdb_limit),     cmocka_unit_test(test_credit),
        cmocka_unit_test(test_depends),       cmocka_unit_test(test_depends_conj),
        cmocka_unit_test(test_packet_out),    cmocka_unit_test(test_port_config),
        cmocka_unit_test(test_continuations), cmocka_unit_test(test_continuations_start),
        cmocka_unit_test(test_can_execute),   cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_commit_cookie),
    };
    return cmocka_run_group_tests(all, world_setup, world_teardown);
}
