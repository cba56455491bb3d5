/* test-groups.c - groups: versions, references, chains; which bucket is chosen, fairly and for
 * ever; what translation makes of them and what that owes. */
#include "ofproto/table/groups.h"
#include "ofproto/table/select.h"
#include "tests/unit/xlate-env.h"

static void make_group(const char *text, struct group *g)
{
    char *copy = xstrdup(text);
    struct group_mod gm;
    char *error = group_mod_parse(copy, GM_ADD, NULL, &gm, NULL);

    if (error) {
        print_message("%s: %s\n", text, error);
        fail();
    }
    *g = gm.group;
    free(copy);
}

static struct group_entry *add_group(struct world *w, const char *text)
{
    struct group g;

    make_group(text, &g);
    uint32_t id = g.id;
    groups_insert(w->tables[0], &g, 0);
    tables_publish(w->tables[0]);
    return groups_live(w->tables[0], id);
}

static struct group_entry *replace_group(struct world *w, struct group_entry *old, const char *text,
                                         bool keep)
{
    struct group g;

    make_group(text, &g);
    groups_replace(w->tables[0], old, &g, keep);
    return groups_live(w->tables[0], old->group.id);
}

/* ---- the table ---- */

static void test_versions(void **state)
{
    struct world w;

    world_init(&w);
    struct tables *ts = w.tables[0];
    struct group_entry *e = add_group(&w, "group_id=1,type=all,bucket=bucket_id:3,1");
    uint64_t before = tables_version(ts);
    groups_credit(e, UINT32_MAX, 5, 50);
    groups_credit(e, 0, 7, 70);
    struct group_entry *now =
        replace_group(&w, e, "group_id=1,type=all,bucket=bucket_id:2,1,bucket=bucket_id:3,2", true);
    assert_ptr_equal(groups_find(ts, 1, before), e);
    tables_publish(ts);
    assert_ptr_equal(groups_find(ts, 1, before), e);
    assert_ptr_equal(groups_find(ts, 1, tables_version(ts)), now);
    /* What is paid in late to the old one is seen in the new. */
    groups_credit(e, UINT32_MAX, 1, 10);
    groups_credit(e, 0, 1, 10);
    assert_int_equal(now->total->packets, 6);
    assert_int_equal(now->buckets[0]->packets, 0);
    assert_int_equal(now->buckets[1]->packets, 8);
    assert_int_equal(now->buckets[1]->bytes, 80);
    struct group_entry *third = replace_group(&w, now, "group_id=1,type=all,bucket=1", false);
    assert_int_equal(third->total->packets, 6);
    assert_int_equal(third->buckets[0]->packets, 0);
    groups_remove(ts, third);
    tables_publish(ts);
    assert_null(groups_live(ts, 1));
    assert_null(groups_find(ts, 1, tables_version(ts)));
    assert_non_null(groups_find(ts, 1, before)); /* Until the readers of that time are done. */
    urcu_qsbr_barrier();
    while (tables_reclaim(ts, 100)) {
    }
    assert_null(groups_find(ts, 1, before));
    world_deinit(&w);
}

static void test_refs(void **state)
{
    struct world w;
    struct group g;

    world_init(&w);
    struct tables *ts = w.tables[0];
    struct group_entry *one = add_group(&w, "group_id=1,type=all,bucket=1");
    add_group(&w, "group_id=2,type=all,bucket=group:1,bucket=group:1");
    struct group_entry *three = add_group(&w, "group_id=3,type=ff,bucket=watch_group:2,actions=1");
    world_add_rules(&w, "priority=1,actions=group:1,group:1\n"
                        "priority=2,actions=write_actions(group:1)\n"
                        "priority=3,actions=group:3");
    assert_int_equal(groups_ref_count(ts, 1), 3); /* Each once. */
    assert_int_equal(groups_chained_count(ts, 1), 1);
    assert_int_equal(groups_ref_count(ts, 2), 1);
    assert_int_equal(groups_ref_count(ts, 3), 1);
    make_group("group_id=1,type=all,bucket=group:3", &g);
    assert_true(groups_loops(ts, &g));
    group_deinit(&g);
    make_group("group_id=3,type=all,bucket=group:2,bucket=group:1", &g);
    assert_false(groups_loops(ts, &g));
    group_deinit(&g);
    make_group("group_id=9,type=all,bucket=group:9", &g);
    assert_true(groups_loops(ts, &g));
    group_deinit(&g);
    groups_remove(ts, three);
    assert_int_equal(groups_ref_count(ts, 2), 0);
    struct match any;
    match_init(&any);
    tables_remove(ts, table_find(ts, 0, &any, 1));
    assert_int_equal(groups_ref_count(ts, 1), 2);
    assert_ptr_equal(groups_live(ts, 1), one);
    world_deinit(&w);
}

/* ---- the choice ---- */

#define N_FLOWS 10000

/* Which bucket each of N_FLOWS connections takes; counts them. */
static void choose(struct world *w, struct group_entry *e, uint16_t *choice, unsigned *n)
{
    struct key key = world_key("in_port=11,udp,nw_src=10.0.0.1,nw_dst=10.0.0.2");

    memset(n, 0, e->group.n_buckets * sizeof *n);
    for (unsigned i = 0; i < N_FLOWS; i++) {
        struct xlate_out out;
        key.tp_src = htons((uint16_t)(1024 + i % 50000));
        key.tp_dst = htons((uint16_t)(i / 7));
        key.ip_src = htonl(0x0a000000 + i % 251);
        world_xlate(w, &key, &out);
        assert_int_equal(out.error, XLATE_OK);
        choice[i] = UINT16_MAX;
        for (unsigned j = 0; j < out.credit->n; j++) {
            const struct credit_item *it = &out.credit->items[j];
            if (it->type == CREDIT_GROUP && it->port < e->group.n_buckets) {
                choice[i] = (uint16_t)it->port;
                n[it->port]++;
            }
        }
        xlate_out_deinit(&out);
    }
}

static void assert_share(unsigned got, unsigned part, unsigned total)
{
    unsigned fair = N_FLOWS * part / total;

    if (got < fair - fair / 20 || got > fair + fair / 20) {
        print_message("%u instead of %u\n", got, fair);
        fail();
    }
}

static void test_select(void **state)
{
    static const unsigned weights[] = {1, 1, 2, 4};
    static uint16_t before[N_FLOWS], after[N_FLOWS], again[N_FLOWS];
    unsigned n[4];
    struct world w;

    world_init(&w);
    world_add_rules(&w, "actions=group:1");
    struct group_entry *e = add_group(&w, "group_id=1,type=select,bucket=1,bucket=2,bucket=3,"
                                          "bucket=4");
    choose(&w, e, before, n);
    for (unsigned i = 0; i < 4; i++) {
        assert_share(n[i], 1, 4);
    }
    choose(&w, e, again, n);
    assert_memory_equal(before, again, sizeof before);

    /* A bucket that dies leaves its own to the others, and nobody else moves. */
    e = replace_group(&w, e,
                      "group_id=1,type=select,bucket=watch_port:1,1,bucket=watch_port:2,2,"
                      "bucket=watch_port:3,3,bucket=watch_port:4,4",
                      true);
    tables_publish(w.tables[0]);
    for (uint32_t p = 1; p <= 4; p++) {
        ((struct xlate_port *)(uintptr_t)xlate_cfg_ofp_port(w.br[0], p))->live = p != 2;
    }
    choose(&w, e, after, n);
    assert_int_equal(n[1], 0);
    for (unsigned i = 0; i < N_FLOWS; i++) {
        assert_true(before[i] == 1 ? after[i] != 1 : after[i] == before[i]);
    }
    assert_share(n[0], 1, 3);

    e = replace_group(&w, e,
                      "group_id=1,type=select,bucket=weight:1000,1,bucket=weight:1000,2,"
                      "bucket=weight:2000,3,bucket=weight:4000,4",
                      true);
    tables_publish(w.tables[0]);
    choose(&w, e, again, n);
    for (unsigned i = 0; i < 4; i++) {
        assert_share(n[i], weights[i], 8);
    }
    world_deinit(&w);
}

static void test_slots(void **state)
{
    static const uint16_t weights[][4] = {
        {1, 1, 0, 0}, {1, 1, 1, 0}, {1, 2, 3, 4}, {65535, 65535, 65535, 1}, {0, 7, 0, 0}};

    for (size_t i = 0; i < ARRAY_SIZE(weights); i++) {
        struct bucket b[4];
        unsigned total = 0, got[4] = {0};
        uint32_t n;
        for (unsigned j = 0; j < 4; j++) {
            b[j] = (struct bucket){.id = j, .weight = weights[i][j]};
            total += weights[i][j];
        }
        uint16_t *slots = select_slots_new(b, 4, &n);
        for (uint32_t s = 0; s < n; s++) {
            got[slots[s]]++;
        }
        for (unsigned j = 0; j < 4; j++) {
            double fair = (double)n * weights[i][j] / total;
            assert_true(got[j] <= fair + 1 && got[j] + 1 >= fair);
            assert_true(weights[i][j] || !got[j]);
        }
        free(slots);
    }
    uint32_t n;
    assert_null(select_slots_new(&(struct bucket){.weight = 0}, 1, &n));
    assert_null(select_slots_new(NULL, 0, &n));
}

/* ---- translation ---- */

static void check(struct world *w, const char *packet, const char *want)
{
    struct key key = world_key(packet);
    struct text got = TEXT_INIT;
    struct xlate_out out;

    world_xlate(w, &key, &out);
    world_format(&out, &got);
    assert_string_equal(text_cstr(&got), want);
    xlate_out_deinit(&out);
    text_deinit(&got);
}

static void test_buckets(void **state)
{
    struct world w;

    world_init(&w);
    world_add_rules(&w, "tcp,actions=group:1,output:4\n"
                        "udp,actions=group:2,output:4\n"
                        "icmp,actions=group:3,output:4\n"
                        "arp,actions=group:4,output:4\n"
                        "table=1,actions=output:3");
    add_group(&w, "group_id=1,type=all,bucket=output:2,set_field:02:00:00:00:00:01->eth_dst,"
                  "bucket=set_field:02:00:00:00:00:02->eth_dst,output:3,bucket=in_port");
    check(&w, "in_port=11,tcp,dl_dst=02:00:00:00:00:09",
          "set(eth(dst=02:00:00:00:00:01)),12,set(eth(dst=02:00:00:00:00:02)),13,"
          "set(eth(dst=02:00:00:00:00:09)),11,14");
    /* What a tracker leaves on a packet cannot be taken back: such a bucket is a clone. */
    add_group(&w, "group_id=2,type=all,bucket=ct(commit,zone=5,table=1),bucket=2");
    check(&w, "in_port=11,udp", "clone(ct(commit,zone=5),recirc(0x1)),12,14");
    add_group(&w, "group_id=3,type=indirect,bucket=controller");
    check(&w, "in_port=11,icmp", "controller(4,1,0,65535),14");
    /* Labels pushed and popped, without a trace behind it. */
    add_group(&w, "group_id=4,type=all,bucket=push_mpls:0x8847,set_field:9->mpls_label,output:2");
    check(&w, "in_port=11,arp",
          "clone(push_mpls(label=9,tc=0,ttl=64,bos=1,eth_type=0x8847),12),14");
    world_deinit(&w);
}

/* A tree of groups whose leaves are more than can be visited: an error, soon. */
static void test_bounds(void **state)
{
    struct world w;
    char text[512];

    world_init(&w);
    add_group(&w, "group_id=1,type=all,bucket=drop,bucket=drop");
    for (unsigned i = 2; i <= 100; i++) {
        snprintf(text, sizeof text, "group_id=%u,type=all,bucket=group:%u,bucket=group:%u", i,
                 i - 1, i - 1);
        add_group(&w, text);
    }
    world_add_rules(&w, "tcp,actions=group:30\nudp,actions=group:100\nicmp,actions=group:10,2\n"
                        "sctp,actions=group:200,2");
    check(&w, "in_port=11,tcp", "error: too many resubmits");
    check(&w, "in_port=11,udp", "error: over max translation depth");
    check(&w, "in_port=11,icmp", "12");
    check(&w, "in_port=11,sctp", "12");   /* Not there: the bridge refuses such rules. */
    for (unsigned i = 1; i <= 100; i++) { /* So with what watches: 2^98 ways to look. */
        snprintf(text, sizeof text,
                 i == 1 ? "group_id=%u,type=ff,bucket=watch_port:77,1"
                        : "group_id=%u,type=ff,bucket=watch_group:%u,1,bucket=watch_group:%u,2",
                 1000 + i, 999 + i, 999 + i);
        add_group(&w, text);
    }
    world_add_rules(&w, "arp,actions=group:1050");
    check(&w, "in_port=11,arp", "error: too many resubmits");
    world_deinit(&w);
}

static void test_dp_hash(void **state)
{
    struct world w;

    world_init(&w);
    world_add_rules(&w, "udp,actions=set_field:9->udp_dst,group:1,output:4");
    struct group_entry *e =
        add_group(&w, "group_id=1,type=select,selection_method=dp_hash,selection_method_param=3,"
                      "bucket=watch_port:2,2,bucket=watch_port:3,3");
    struct xlate_port *p2 = (struct xlate_port *)(uintptr_t)xlate_cfg_ofp_port(w.br[0], 2);
    struct xlate_port *p3 = (struct xlate_port *)(uintptr_t)xlate_cfg_ofp_port(w.br[0], 3);
    p2->live = p3->live = true;
    struct key key = world_key("in_port=11,udp,udp_dst=8");
    struct xlate_out out;
    struct text got = TEXT_INIT;
    world_xlate(&w, &key, &out);
    world_format(&out, &got);
    assert_string_equal(text_cstr(&got), "set(udp(dst=9)),hash(l4(3)),recirc(0x1)");
    assert_true(credit_uses_group(out.credit, e));
    key.recirc_id = htonl(1);
    key.tp_dst = htons(9);
    struct credit *keep = out.credit; /* Holds the continuation. */
    out.credit = NULL;
    xlate_out_deinit(&out);
    unsigned n[2] = {0};
    for (uint32_t hash = 1; hash <= 1000; hash++) {
        key.dp_hash = htonl(hash);
        world_xlate(&w, &key, &out);
        assert_int_equal(out.mask.dp_hash, htonl(e->n_slots - 1));
        text_clear(&got);
        world_format(&out, &got);
        bool second = !strcmp(text_cstr(&got), "13,14");
        assert_true(second || !strcmp(text_cstr(&got), "12,14"));
        n[second]++;
        assert_true(out.credit->watches);
        xlate_out_deinit(&out);
    }
    assert_in_range(n[0], 450, 550);
    p2->live = false;
    world_xlate(&w, &key, &out);
    text_clear(&got);
    world_format(&out, &got);
    assert_string_equal(text_cstr(&got), "13,14");
    xlate_out_deinit(&out);
    p3->live = false;
    world_xlate(&w, &key, &out);
    text_clear(&got);
    world_format(&out, &got);
    assert_string_equal(text_cstr(&got), "14");
    xlate_out_deinit(&out);
    credit_free(keep, 0);
    text_deinit(&got);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_refs),
        cmocka_unit_test(test_select),   cmocka_unit_test(test_slots),
        cmocka_unit_test(test_buckets),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_dp_hash),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
