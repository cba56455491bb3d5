/* test-bundle-flow.c - flow-mods kept from a bundle's message to its commit: what comes back is
 * what went in, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofproto/bundle_flow.h"

static void parse(const char *text, enum flow_mod_command command, struct flow_mod *fm)
{
    char *copy = xstrdup(text);
    char *error = flow_mod_parse(copy, (int)command, NULL, fm);

    assert_null(error);
    free(copy);
}

static void assert_same(const struct flow_mod *a, const struct flow_mod *b)
{
    assert_int_equal(a->command, b->command);
    assert_int_equal(a->table_id, b->table_id);
    assert_true(match_equal(&a->match, &b->match));
    assert_int_equal(a->priority, b->priority);
    assert_true(a->cookie == b->cookie && a->cookie_mask == b->cookie_mask);
    assert_true(a->new_cookie == b->new_cookie && a->modify_cookie == b->modify_cookie);
    assert_true(a->before_12 == b->before_12 && a->any_table == b->any_table);
    assert_int_equal(a->idle_timeout, b->idle_timeout);
    assert_int_equal(a->hard_timeout, b->hard_timeout);
    assert_int_equal(a->importance, b->importance);
    assert_int_equal(a->buffer_id, b->buffer_id);
    assert_int_equal(a->out_port, b->out_port);
    assert_int_equal(a->out_group, b->out_group);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->acts.len, b->acts.len);
    if (a->acts.len) {
        assert_memory_equal(a->acts.data, b->acts.data, a->acts.len);
    }
}

static const struct {
    enum flow_mod_command command;
    const char *text;
    bool kept;
} flows[] = {
    {FM_ADD, "actions=drop", true},
    {FM_ADD, "table=3,priority=7,cookie=0x1234,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=output:2",
     true},
    {FM_ADD,
     "idle_timeout=5,hard_timeout=6,importance=7,send_flow_rem,ipv6,ipv6_dst=::1,"
     "ct_state=+trk+est,reg31=0x5/0xff,metadata=0x123456789,conj_id=3,"
     "actions=ct(commit,zone=5,exec(load:1->NXM_NX_CT_MARK[])),set_field:1->reg0,goto_table:5",
     true},
    {FM_ADD, "tun_metadata3=0x12,actions=drop", false},
    {FM_ADD, "ip,actions=set_field:0x12->tun_metadata3,output:1", false},
    {FM_MODIFY, "cookie=0x5/0xf,arp,actions=output:1,output:2", true},
    {FM_DELETE, "cookie=0x5/-1,out_port=4,out_group=9,dl_vlan=5", true},
    {FM_DELETE_STRICT, "table=9,priority=9,in_port=1", true},
};

static void test_round_trip(void **state)
{
    (void)state;
    struct wire_wr w = WIRE_WR_INIT(1 << 20);
    struct flow_mod fm, back;
    size_t ofs = 0;

    for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
        parse(flows[i].text, flows[i].command, &fm);
        fm.before_12 = i % 2;
        fm.any_table = i % 3 == 1;
        bundle_flow_put(&w, &fm);
        flow_mod_deinit(&fm);
    }
    assert_false(w.err);
    for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
        bool kept = bundle_flow_get(&w, &ofs, &back);
        assert_int_equal(kept, flows[i].kept);
        if (kept) {
            parse(flows[i].text, flows[i].command, &fm);
            fm.before_12 = i % 2;
            fm.any_table = i % 3 == 1;
            assert_same(&fm, &back);
            flow_mod_deinit(&fm);
        }
    }
    assert_int_equal(ofs, w.len);
    wire_wr_deinit(&w);
}

/* Where there is no room, those before it are there, and those behind it are not. */
static void test_full(void **state)
{
    (void)state;
    struct wire_wr w = WIRE_WR_INIT(400);
    struct flow_mod fm, back;
    size_t ofs = 0, n = 0;

    parse(flows[1].text, flows[1].command, &fm);
    for (int i = 0; i < 10; i++) {
        bundle_flow_put(&w, &fm);
    }
    assert_true(w.err);
    while (bundle_flow_get(&w, &ofs, &back)) {
        assert_same(&fm, &back);
        n++;
    }
    assert_true(n >= 1 && n < 10);
    flow_mod_deinit(&fm);
    wire_wr_deinit(&w);
}

/* Rows of flows that are alike in parts, told from those before them. */
static void test_alike(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "tcp,nw_src=10.0.0.1,tp_dst=80,actions=output:2",
        "tcp,nw_src=10.0.0.2,tp_dst=81,actions=output:2",
        "tcp,nw_src=10.0.0.2,tp_dst=81,actions=output:3",
        "tcp,nw_src=10.0.0.3,tp_dst=81,actions=output:2",
        "tcp,nw_src=10.0.0.0/24,tp_dst=81,actions=output:2",
        "tcp,nw_src=10.0.0.3,tp_dst=81,actions=output:2,output:3",
        "tcp,nw_src=10.0.0.3,tp_dst=82,actions=output:2,output:3",
        "tun_metadata3=0x12,actions=drop",
        "tcp,nw_src=10.0.0.3,tp_dst=83,actions=output:3,output:2",
        "priority=5,tcp,nw_src=10.0.0.3,tp_dst=83,actions=output:3,output:2",
        "tcp,nw_src=10.0.0.3,tp_dst=84,actions=drop",
        "tcp,nw_src=10.0.0.3,tp_dst=85,actions=drop",
        "arp,actions=drop",
        "arp,actions=drop",
    };
    static const bool whole[ARRAY_SIZE(texts)] = {
        [0] = true, [4] = true, [5] = true, [9] = true, [10] = true, [12] = true};
    struct wire_wr w = WIRE_WR_INIT(1 << 20);
    struct flow_mod fm, back;
    size_t ofs = 0;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        size_t before = w.len;
        parse(texts[i], FM_ADD, &fm);
        bundle_flow_put(&w, &fm);
        assert_int_equal(w.len - before > 90, whole[i]);
        flow_mod_deinit(&fm);
    }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (bundle_flow_get(&w, &ofs, &back)) {
            parse(texts[i], FM_ADD, &fm);
            assert_same(&fm, &back);
            flow_mod_deinit(&fm);
        } else {
            assert_int_equal(i, 7);
        }
    }
    assert_int_equal(ofs, w.len);
    wire_wr_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
