/* test-xlate-options.c - tunnel options in translation: which of a packet's are seen, which packets
 * are dropped, and that a mask has all that was looked at: packets that are the same under it get
 * the same actions. */
#include "lib/packet/geneve_opt.h"
#include "lib/packet/tlv_table.h"
#include "tests/unit/packet-random.h"
#include "tests/unit/xlate-env.h"

/* Fields 0 (four bytes, critical), 1 (eight), 2 (four). */
static const struct tlv_mapping maps[] = {{0x102, 0x81, 4, 0}, {0x102, 2, 8, 1}, {0x103, 3, 4, 2}};

static const char *const rules[] = {
    "priority=10,tun_metadata2=0x77,actions=set_field:0x3->tun_metadata0,set_field:2.2.2.3->tun_"
    "dst,"
    "in_port",
    "priority=9,tun_metadata0=0x5/0xf,actions=output:1",
    "priority=8,tun_metadata1=0x700/0xff00,actions=resubmit(,1)",
    "priority=7,tun_metadata2,actions=ct(table=2)",
    "priority=6,actions=output:4",
    "table=1,priority=5,actions=move:NXM_NX_TUN_METADATA0[0..7]->NXM_NX_REG0[0..7],resubmit(,3)",
    "table=2,priority=5,tun_metadata2=0x1/0x1,actions=output:2",
    "table=2,priority=4,actions=output:3",
    "table=3,priority=5,reg0=0/0x1,actions=output:2",
    "table=3,priority=4,actions=load:0x9->NXM_NX_TUN_METADATA1[0..63],resubmit(,4)",
    "table=4,priority=5,tun_metadata1=9,actions=delete_field:tun_metadata1,resubmit(,5)",
    "table=5,priority=6,tun_metadata1,actions=output:1",
    "table=5,priority=5,actions=output:3",
};

/* A rule as a bridge with this table would get it: by the wire. */
static void add_rule(struct world *w, struct tlv_table *t, const char *rule)
{
    struct wire_wr wr = WIRE_WR_INIT(65535);
    struct msg_header h;
    struct flow_mod fm;
    struct wire_rd r;
    char *text = xstrdup(rule), *error = flow_mod_parse(text, FM_ADD, NULL, &fm);

    assert_null(error);
    flow_mod_encode(&fm, PROTOCOL_OF13, 1, &wr);
    flow_mod_deinit(&fm);
    wire_rd_init(&r, wr.data, wr.len);
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    h.tlvs = t;
    assert_int_equal(flow_mod_decode(&r, &h, &(struct act_limits){.n_tables = 254}, &fm),
                     OFPERR_OK);
    struct rule_args args = {.table_id = fm.table_id, .priority = fm.priority};
    tables_insert(w->tables[0], &fm.match, &args, rule_acts_new(fm.acts.data, fm.acts.len));
    flow_mod_deinit(&fm);
    wire_wr_deinit(&wr);
    free(text);
}

static struct tlv_table *open_world(struct world *w)
{
    static const struct tunnel_config geneve = {.type = TUNNEL_GENEVE,
                                                .dst_port = 6081,
                                                .remote_flow = true,
                                                .local_flow = true,
                                                .in_key_flow = true,
                                                .out_key_flow = true,
                                                .ttl = 64};
    struct tunnel_stats *stats = tunnel_stats_new();
    struct tlv_table *empty = tlv_table_new(), *t;

    assert_int_equal(tlv_table_change(empty, TLV_ADD, maps, ARRAY_SIZE(maps), 0, &t), TLV_OK);
    tlv_table_unref(empty);
    w->continuations = continuations_new(1, 1000);
    w->cfg = xlate_cfg_new(&all_features, w->continuations);
    for (unsigned b = 0; b < 2; b++) {
        w->tables[b] = tables_new(b + 5);
        w->fdb[b] = fdb_new(b, 100, FDB_DEFAULT_AGE_MS);
        w->br[b] = xlate_cfg_add_bridge(w->cfg, b + 1, b ? "br1" : "br0", w->tables[b], w->fdb[b]);
    }
    world_ports(w, 0, 4);
    xlate_port_set_tunnel(xlate_cfg_add_port(w->br[0], 6, 30, "geneve", NULL), &geneve, stats);
    tunnel_stats_unref(stats);
    xlate_cfg_finish(w->cfg);
    xlate_bridge_set_tlvs(w->br[0], t);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        add_rule(w, t, rules[i]);
    }
    tables_publish(w->tables[0]);
    return t;
}

static void add_option(struct key *k, uint16_t class, uint8_t type, unsigned len, uint64_t value)
{
    uint8_t bytes[TUN_OPTION_MAX] = {0};

    for (unsigned i = 0; i < 8 && i < len; i++) {
        bytes[len - 1 - i] = (uint8_t)(value >> (8 * i));
    }
    k->tun_opt_len = (uint8_t)geneve_opt_put(
        k->tun_opt, k->tun_opt_len, KEY_TUN_OPT_MAX,
        &(struct geneve_opt){.class = class, .type = type, .len = (uint8_t)len, .value = bytes});
    assert_true(k->tun_opt_len);
}

static struct key key_of_tunnel(void)
{
    struct key k = world_key("in_port=30,udp,nw_src=1.1.1.1");

    k.tun_src = htonl(0x01010101);
    k.tun_dst = htonl(0x02020202);
    return k;
}

/* Actions, without the names of recirculation ids, and the mask. */
static char *go(struct world *w, const struct key *k, struct key *mask)
{
    struct text got = TEXT_INIT;
    struct xlate_out out;

    world_xlate(w, k, &out);
    world_format(&out, &got);
    *mask = out.mask;
    credit_free(out.credit, 0);
    out.credit = NULL;
    xlate_out_deinit(&out);
    return text_steal(&got);
}

static void expect(struct world *w, const struct key *k, const char *want)
{
    struct key mask;
    char *got = go(w, k, &mask);

    assert_string_equal(got, want);
    free(got);
}

static void test_literal(void **state UNUSED)
{
    struct key k = key_of_tunnel();
    struct world w;
    struct tlv_table *t = open_world(&w);

    expect(&w, &k, "14");
    add_option(&k, 0x102, 0x81, 4, 0x15);
    expect(&w, &k, "11");
    add_option(&k, 0x999, 7, 12, 5); /* Nobody's, and not critical. */
    expect(&w, &k, "11");
    add_option(&k, 0x999, 0x87, 0, 0);
    expect(&w, &k, "drop");

    k = key_of_tunnel();
    add_option(&k, 0x102, 2, 4, 0x700); /* Of another length: not that option. */
    expect(&w, &k, "14");
    k = key_of_tunnel();
    add_option(&k, 0x102, 0x81, 8, 5); /* So a critical one drops the packet. */
    expect(&w, &k, "drop");
    k = key_of_tunnel();
    add_option(&k, 0x102, 2, 8, 0x700);
    expect(&w, &k, "12"); /* Option 0 is not there: it reads as zero. */
    add_option(&k, 0x102, 0x81, 4, 0x01);
    expect(&w, &k, "13"); /* Written, met, deleted. */
    k.tun_opt_len = (uint8_t)(k.tun_opt_len - 4);
    expect(&w, &k, "drop"); /* An option that ends behind the header. */

    /* What came and what was written leaves, in the order of the fields, and nothing else. */
    k = key_of_tunnel();
    add_option(&k, 0x103, 3, 4, 0x77);
    add_option(&k, 0x999, 7, 12, 5);
    add_option(&k, 0x102, 2, 8, 0x1234);
    expect(
        &w, &k,
        "set(tunnel(src=1.1.1.1,dst=2.2.2.3,ttl=64,tp_dst=6081,geneve({class=0x102,type=0x81,len=4,"
        "0x3}{class=0x102,type=0x2,len=8,0x1234}{class=0x103,type=0x3,len=4,0x77}))),30");

    world_deinit(&w);
    tlv_table_unref(t);
}

/* The mask of a packet without options says so, and of others their headers. */
static void test_mask(void **state UNUSED)
{
    struct key k = key_of_tunnel(), mask;
    struct world w;
    struct tlv_table *t = open_world(&w);

    free(go(&w, &k, &mask));
    assert_int_equal(mask.tun_opt_len, UINT8_MAX);
    assert_true(is_all_zeros(mask.tun_opt, sizeof mask.tun_opt));
    add_option(&k, 0x999, 7, 12, 5);
    add_option(&k, 0x102, 0x81, 4, 0x15);
    free(go(&w, &k, &mask));
    assert_memory_equal(mask.tun_opt, "\xff\xff\xff\x1f\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_memory_equal(mask.tun_opt + 16, "\xff\xff\xff\x1f\0\0\0\x0f\0\0\0\0", 12);
    world_deinit(&w);
    tlv_table_unref(t);
}

static void random_options_of(struct key *k)
{
    const unsigned n = random_below(5);

    for (unsigned i = 0; i < n; i++) {
        const unsigned which = random_below(ARRAY_SIZE(maps) + 1);
        if (which == ARRAY_SIZE(maps)) {
            add_option(k, 0x999, (uint8_t)(random_below(20) ? 7 : 0x87), 4 * random_below(4),
                       random_below(256));
        } else {
            add_option(k, maps[which].option_class, maps[which].option_type, maps[which].len,
                       random_below(2) ? random_below(16) : 0x700 | random_below(256));
        }
    }
}

static void test_mask_random(void **state UNUSED)
{
    struct world w;
    struct tlv_table *t = open_world(&w);
    unsigned n_drop = 0, n_changed = 0;

    for (unsigned i = 0; i < 3000; i++) {
        struct key k = key_of_tunnel(), other, mask, unused;
        random_options_of(&k);
        char *want = go(&w, &k, &mask);
        n_drop += !strcmp(want, "drop");
        for (unsigned j = 0; j < 5; j++) {
            other = k;
            for (unsigned b = 0; b < k.tun_opt_len; b++) {
                uint8_t bits = (uint8_t)(random_below(3) ? 0 : random_below(256));
                other.tun_opt[b] ^= bits & (uint8_t)~mask.tun_opt[b];
            }
            n_changed += memcmp(&other, &k, sizeof k) != 0;
            char *got = go(&w, &other, &unused);
            assert_string_equal(got, want);
            free(got);
        }
        free(want);
    }
    assert_true(n_drop > 20 && n_changed > 5000);
    world_deinit(&w);
    tlv_table_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_mask_random),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
