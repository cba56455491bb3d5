/* test-flow-mod.c - the text of flows, requests and packet-outs, and their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"

static char *print(const struct wire_wr *w)
{
    struct text s = TEXT_INIT;
    msg_print(w->data, w->len, NULL, 2, &s);
    text_chomp(&s, '\n');
    return text_steal(&s);
}

/* What 'command' makes of 'text': the message printed, or the error. */
static char *flow_mod_text(const char *text, int command, struct wire_wr *w)
{
    char *copy = xstrdup(text);
    struct flow_mod fm;
    char *err = flow_mod_parse(copy, command, NULL, &fm);
    free(copy);
    if (err) {
        return err;
    }
    flow_mod_encode(&fm, PROTOCOL_OF13, 1, w);
    flow_mod_deinit(&fm);
    assert_false(w->err);
    return print(w);
}

static void test_flows(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex, *printed;
    } rows[] = {
#define FLOW(TEXT, HEX, PRINTED)  {TEXT, HEX, PRINTED},
#define FLOW_ERROR(TEXT, PRINTED) {TEXT, NULL, PRINTED},
#include "tests/unit/flow-samples.def"
#undef FLOW
#undef FLOW_ERROR
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        char *got = flow_mod_text(rows[i].text, FM_ADD, &w);
        assert_string_equal(got, rows[i].printed);
        if (rows[i].hex) {
            size_t len;
            uint8_t *want = text_to_hex(rows[i].hex, &len);
            assert_int_equal(w.len, len);
            assert_memory_equal(w.data, want, len);
            free(want);
        }
        free(got);
        wire_wr_deinit(&w);
    }
}

#define P "OFPT_FLOW_MOD (OF1.3) (xid=0x1): "
static const struct {
    int command; /* -1: by the text's first word. */
    const char *text, *printed;
} commands[] = {
    {FM_MODIFY, "out_port=2,actions=1", "unknown keyword out_port"},
    {FM_ADD, "out_port=2,actions=1", "unknown keyword out_port"},
    {FM_DELETE, "out_port=foo,ip", "foo is not a valid OpenFlow port"},
    {FM_DELETE, "out_port=LOCAL,ip", P "DEL table:255 ip out_port:LOCAL actions=drop"},
    {FM_DELETE, "out_group=foo,ip", "foo is not a valid OpenFlow group"},
    {FM_DELETE, "out_group=ANY,ip", P "DEL table:255 ip actions=drop"},
    {FM_DELETE, "ip,actions=1", "unknown keyword actions"},
    {FM_DELETE, "priority=5", "unknown keyword priority"},
    {FM_DELETE_STRICT, "priority=5", P "DEL_STRICT table:255 priority=5 actions=drop"},
    {FM_DELETE, "cookie=5",
     "cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=5/-1)"},
    {FM_DELETE, "cookie=5/-1", P "DEL table:255 cookie:0x5/0xffffffffffffffff actions=drop"},
    {FM_DELETE, "cookie=5/7,table=3", P "DEL table:3 cookie:0x5/0x7 actions=drop"},
    {FM_DELETE, "cookie=0xff/0xf", P "DEL table:255 cookie:0xf/0xf actions=drop"},
    {FM_DELETE, "cookie=5/x", "invalid numeric format x"},
    {FM_DELETE, "send_flow_rem", "field send_flow_rem missing value"},
    {FM_DELETE, "idle_timeout=4", "unknown keyword idle_timeout"},
    {FM_DELETE, "importance=4", "unknown keyword importance"},
    {FM_MODIFY, "importance=9,actions=1", "unknown keyword importance"},
    {FM_MODIFY, "cookie=5,actions=1", P "MOD actions=output:1"},
    {FM_MODIFY, "cookie=5/7,cookie=9,actions=1", P "MOD cookie:0x5/0x7 actions=output:1"},
    {FM_MODIFY_STRICT, "table=4,priority=9,actions=1",
     P "MOD_STRICT table:4 priority=9 actions=output:1"},
    {FM_MODIFY, "ip", "must specify an action"},
    {-1, "ip,actions=1", P "ADD ip actions=output:1"},
    {-1, "add ip,actions=1", P "ADD ip actions=output:1"},
    {-1, "\tadd ip,actions=1", P "ADD ip actions=output:1"},
    {-1, "modify,ip,actions=2", P "MOD ip actions=output:2"},
    {-1, "modify_strict ip,actions=2", P "MOD_STRICT ip actions=output:2"},
    {-1, " delete_strict priority=4,ip", P "DEL_STRICT table:255 priority=4,ip actions=drop"},
    {-1, "delete_ priority=4,ip", P "DEL_STRICT table:255 priority=4,ip actions=drop"},
    {-1, "m ip actions=drop", P "MOD ip actions=drop"},
    {-1, "delete,ip", P "DEL table:255 ip actions=drop"},
    {-1, "delete", P "DEL table:255 actions=drop"},
    {-1, "frob ip,actions=1", "field frob missing value"},
    {-1, "delet ip", P "DEL table:255 ip actions=drop"},
    {-1, "add", "must specify an action"},
    {-1, "", "must specify an action"},
};
#undef P

static void test_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        char *got = flow_mod_text(commands[i].text, commands[i].command, &w);
        assert_string_equal(got, commands[i].printed);
        free(got);
        wire_wr_deinit(&w);
    }
}

static const struct {
    const char *text, *printed;
} requests[] = {
    {"", "OFPST_FLOW request (OF1.3) (xid=0x1):"},
    {"ip,out_port=1", "OFPST_FLOW request (OF1.3) (xid=0x1): out_port=1 ip"},
    {"table=0", "OFPST_FLOW request (OF1.3) (xid=0x1): table=0"},
    {"cookie=9/-1,duration=4", "OFPST_FLOW request (OF1.3) (xid=0x1):"},
    {"priority=9", "unknown keyword priority"},
    {"idle_timeout=4", "unknown keyword idle_timeout"},
    {"actions=4", "unknown keyword actions"},
    {"cookie=9", "cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=9/-1)"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        char *copy = xstrdup(requests[i].text);
        struct flow_stats_request req;
        char *got = flow_stats_request_parse(copy, false, NULL, &req);
        if (!got) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            flow_stats_request_encode(&req, PROTOCOL_OF13, 1, &w);
            got = print(&w);
            wire_wr_deinit(&w);
        }
        assert_string_equal(got, requests[i].printed);
        free(got);
        free(copy);
    }
}

/* A line of dump-flows can be fed back, and prints the same. */
static void test_dump_is_input(void **state)
{
    (void)state;
    static const char *const lines[] = {
        " cookie=0x0, duration=5.123s, table=0, n_packets=3, n_bytes=4, ip actions=output:2",
        " cookie=0xabcdef, duration=5s, table=7, n_packets=3, n_bytes=4, idle_timeout=1, "
        "hard_timeout=2, send_flow_rem check_overlap priority=0 actions=drop",
        " cookie=0x0, duration=0.351s, table=2, n_packets=0, n_bytes=0, "
        "priority=10,ct_state=+est+trk,ip actions=ct(commit,zone=5,exec(set_field:0x1->ct_mark))",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        char *copy = xstrdup(lines[i]);
        struct flow_mod fm;
        assert_null(flow_mod_parse(copy, FM_ADD, NULL, &fm));
        struct flow_stats fs = {
            .match = fm.match,
            .table_id = fm.table_id,
            .priority = fm.priority,
            .idle_timeout = fm.idle_timeout,
            .hard_timeout = fm.hard_timeout,
            .flags = fm.flags,
            .cookie = fm.new_cookie,
            .idle_age = -1,
            .hard_age = -1,
            .acts = fm.acts,
        };
        struct text got = TEXT_INIT, want = TEXT_INIT;
        flow_stats_format(&fs, NULL, false, &got);
        /* The same without what --no-stats leaves out. */
        text_putc(&want, ' ');
        if (fm.new_cookie) {
            text_printf(&want, "cookie=0x%" PRIx64 ", ", fm.new_cookie);
        }
        if (fm.table_id) {
            text_printf(&want, "table=%u, ", fm.table_id);
        }
        text_puts(&want, strstr(strstr(lines[i], "n_bytes="), ", ") + 2);
        assert_string_equal(text_cstr(&got), text_cstr(&want));
        text_deinit(&got);
        text_deinit(&want);
        flow_mod_deinit(&fm);
        free(copy);
    }
}

static void test_ages(void **state)
{
    (void)state;
    struct flow_stats fs = {.duration_sec = 5, .duration_nsec = 1000, .idle_age = 3, .hard_age = 5};
    fs.priority = OFP_DEFAULT_PRIORITY;
    match_init(&fs.match);
    struct text s = TEXT_INIT;
    flow_stats_format(&fs, NULL, true, &s);
    assert_string_equal(text_cstr(&s), " cookie=0x0, duration=5.000001s, table=0, n_packets=0, "
                                       "n_bytes=0, idle_age=3, actions=drop");
    fs.hard_age = 4;
    fs.importance = 7;
    fs.n_bytes = UINT64_MAX;
    text_clear(&s);
    flow_stats_format(&fs, NULL, true, &s);
    assert_string_equal(text_cstr(&s),
                        " cookie=0x0, duration=5.000001s, table=0, n_packets=0, n_bytes=?, "
                        "importance=7, idle_age=3, hard_age=4, actions=drop");
    text_deinit(&s);
}

#define FRAME                                                                                    \
    "505400000007505400000008080045000028000000004006000001020304050607080050005100000000000000" \
    "005002000012340000"
#define P "OFPT_PACKET_OUT (OF1.3) (xid=0x1): "
static const struct {
    const char *text, *printed; /* The first line. */
} packet_outs[] = {
    {"in_port=1 packet=" FRAME " actions=1", P "in_port=1 actions=output:1 data_len=54"},
    {"in_port=1,packet=" FRAME, P "in_port=1 actions=drop data_len=54"},
    {"packet=" FRAME " actions=1", P "in_port=CONTROLLER actions=output:1 data_len=54"},
    {"in_port=none,packet=" FRAME ",actions=1", P "in_port=ANY actions=output:1 data_len=54"},
    {"in_port=1,in_port=2,packet=" FRAME, P "in_port=2 actions=drop data_len=54"},
    {"in_port=1,reg0=5,packet=" FRAME, P "in_port=1 actions=drop data_len=54"},
    {"in_port=1,packet=" FRAME " actions=set_field:3->udp_dst",
     P "in_port=1 actions=set_field:3->udp_dst data_len=54"},
    {"in_port=1,actions=1", "must specify packet"},
    {"in_port=xx,packet=" FRAME " actions=1", "xx is not a valid OpenFlow port"},
    {"in_port=TABLE,packet=" FRAME, "TABLE is not a valid OpenFlow port for PACKET_OUT"},
    {"in_port=1,packet=zz actions=1", "packet: Trailing garbage in packet data"},
    {"in_port=1,packet= actions=1", "field packet missing value"},
    {"in_port=1,packet=0011 actions=1", "packet: Packet data too short for Ethernet"},
    {"in_port=1,ip,packet=" FRAME, "field ip missing value"},
    {"in_port=1,foo=1,packet=" FRAME, "unknown keyword foo"},
    {"in_port=1,eth_type=0x800,packet=" FRAME,
     "eth_type is not a valid pipeline field for PACKET_OUT"},
    {"in_port=1,tcp_src=5,packet=" FRAME, "tcp_src is not a valid pipeline field for PACKET_OUT"},
    {"in_port=1,packet=" FRAME " actions=goto_table:3", "goto_table instruction not allowed here"},
};
#undef P

static void test_packet_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(packet_outs); i++) {
        char *copy = xstrdup(packet_outs[i].text);
        struct packet_out po;
        char *got = packet_out_parse(copy, NULL, &po);
        if (!got) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            packet_out_encode(&po, OFP13_VERSION, 1, &w);
            packet_out_deinit(&po);
            got = print(&w);
            got[strcspn(got, "\n")] = '\0';
            wire_wr_deinit(&w);
        }
        assert_string_equal(got, packet_outs[i].printed);
        free(got);
        free(copy);
    }
}

/* A set_field on what the frame is not: refused by the switch, printed by the tools. */
static void test_packet_out_checks(void **state)
{
    (void)state;
    static const struct {
        const char *actions;
        enum ofp_error error;
    } rows[] = {{"set_field:3->tcp_dst", OFPERR_OK},
                {"set_field:3->udp_dst", OFPERR_OFPBAC_MATCH_INCONSISTENT},
                {"output:3", OFPERR_OK}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *text = xasprintf("in_port=1,packet=" FRAME " actions=%s", rows[i].actions);
        struct packet_out po;
        assert_null(packet_out_parse(text, NULL, &po));
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        packet_out_encode(&po, OFP13_VERSION, 1, &w);
        packet_out_deinit(&po);
        struct wire_rd r;
        wire_rd_init(&r, w.data, w.len);
        struct msg_header h;
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        const struct act_limits limits = {.max_ports = 0xff00};
        enum ofp_error err = packet_out_decode(&r, &h, &limits, &po);
        assert_string_equal(ofp_error_name(err), ofp_error_name(rows[i].error));
        if (!err) {
            packet_out_deinit(&po);
        }
        wire_wr_deinit(&w);
        free(text);
    }
}

/* Other versions: said so, never half done. */
static void test_versions(void **state)
{
    (void)state;
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        char text[] = "table=3,ip,importance=5,actions=output:2";
        struct flow_mod fm;
        assert_null(flow_mod_parse(text, FM_ADD, NULL, &fm));
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        flow_mod_encode(&fm, protocol_plain(v), 1, &w);
        assert_false(w.err);
        flow_mod_deinit(&fm);
        if (!w.err) {
            struct wire_rd r;
            wire_rd_init(&r, w.data, w.len);
            struct msg_header h;
            assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
            assert_int_equal(flow_mod_decode(&r, &h, NULL, &fm), OFPERR_OK);
            assert_int_equal(fm.importance, v >= OFP14_VERSION ? 5 : 0);
            flow_mod_deinit(&fm);
        }
        wire_wr_deinit(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_dump_is_input),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_packet_out),
        cmocka_unit_test(test_packet_out_checks),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
