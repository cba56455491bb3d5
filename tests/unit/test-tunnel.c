/* test-tunnel.c - tunnel headers, options of tunnel ports, whose port a packet is, and what
 * translation makes of them. */
#include "tests/unit/xlate-env.h"

/* ---- headers ---- */

static struct packet *frame(void)
{
    uint8_t bytes[60] = {2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x90, 0x00, 1, 2, 3};
    return packet_new_data(bytes, sizeof bytes);
}

struct header_case {
    const char *what;
    enum tunnel_type type;
    bool gbp;
    struct packet_tunnel tun; /* Sent. */
    uint8_t bytes[24];
    unsigned n;
    uint16_t flags; /* Seen at the other end. */
};

/* clang-format off */
static const struct header_case header_cases[] = {
    {"vxlan", TUNNEL_VXLAN, false, {.id = 0}, {8, 0, 0, 0, 0, 0, 0, 0}, 8, KEY_TUN_KEY},
    {"vxlan with a key", TUNNEL_VXLAN, false, {.id = 0x123456, .gbp_id = 7},
     {8, 0, 0, 0, 0x12, 0x34, 0x56, 0}, 8, KEY_TUN_KEY},
    {"group policy", TUNNEL_VXLAN, true, {.id = 5, .gbp_id = 0x0102, .gbp_flags = 0x48},
     {0x88, 0x48, 1, 2, 0, 0, 5, 0}, 8, KEY_TUN_KEY | KEY_TUN_GBP},
    {"geneve", TUNNEL_GENEVE, false, {.id = 0xfffffe, .flags = KEY_TUN_OAM},
     {0, 0x80, 0x65, 0x58, 0xff, 0xff, 0xfe, 0}, 8, KEY_TUN_KEY | KEY_TUN_OAM},
    {"geneve with options", TUNNEL_GENEVE, false, {.id = 1, .opt_len = 12},
     {3, 0, 0x65, 0x58, 0, 0, 1, 0, 1, 2, 3, 1, 4, 5, 6, 7, 0xff, 0xff, 4, 0}, 20, KEY_TUN_KEY},
    {"geneve with a critical one", TUNNEL_GENEVE, false, {.id = 1, .opt_len = 4},
     {1, 0x40, 0x65, 0x58, 0, 0, 1, 0, 1, 2, 0x80, 0}, 12, KEY_TUN_KEY},
    {"gre", TUNNEL_GRE, false, {.id = 0}, {0, 0, 0x65, 0x58}, 4, 0},
    {"gre with a key", TUNNEL_GRE, false, {.id = 0x89abcdef, .flags = KEY_TUN_KEY},
     {0x20, 0, 0x65, 0x58, 0x89, 0xab, 0xcd, 0xef}, 8, KEY_TUN_KEY},
    {"gre with a checksum", TUNNEL_GRE, false, {.id = 1, .flags = KEY_TUN_KEY | KEY_TUN_CSUM},
     {0xa0, 0, 0x65, 0x58, 0x54, 0x91, 0, 0, 0, 0, 0, 1}, 12, KEY_TUN_KEY | KEY_TUN_CSUM},
};
/* clang-format on */

static void test_headers(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        uint8_t h[TUNNEL_MAX_HEADER], whole[100];
        struct packet *p = frame();

        p->tun = c->tun;
        p->tun.id = htobe64(c->tun.id);
        p->tun.gbp_id = htons(c->tun.gbp_id);
        p->tun.flags = htons(c->tun.flags);
        memcpy(p->tun_opt, c->bytes + 8, c->tun.opt_len);
        unsigned n = tunnel_header(p, c->type, c->gbp, h);
        if (n != c->n || memcmp(h, c->bytes, n)) {
            for (unsigned k = 0; k < n; k++) {
                print_message("%02x ", h[k]);
            }
            fail_msg("%s: wrong header", c->what);
        }
        memcpy(whole, h, n);
        memcpy(whole + n, p->data, p->len);
        struct packet *q = packet_new_data(whole, n + p->len);
        assert_true(tunnel_pop(q, c->type, c->gbp));
        assert_int_equal(q->len, p->len);
        assert_memory_equal(q->data, p->data, p->len);
        assert_true(q->has_tunnel);
        assert_int_equal(be64toh(q->tun.id), c->tun.id);
        assert_int_equal(ntohs(q->tun.flags), c->flags);
        assert_int_equal(ntohs(q->tun.gbp_id), c->gbp ? c->tun.gbp_id : 0);
        assert_int_equal(q->tun.opt_len, c->tun.opt_len);
        assert_memory_equal(q->tun_opt, c->bytes + 8, c->tun.opt_len);
        packet_free(p);
        packet_free(q);
    }
}

static void test_bad_headers(void **state UNUSED)
{
    static const struct {
        const char *what;
        enum tunnel_type type;
        uint8_t bytes[12];
    } cases[] = {
        {"no VNI", TUNNEL_VXLAN, {0}},
        {"Geneve of version 1", TUNNEL_GENEVE, {0x40, 0, 0x65, 0x58}},
        {"IP in Geneve", TUNNEL_GENEVE, {0, 0, 0x08, 0}},
        {"an option longer than all", TUNNEL_GENEVE, {1, 0, 0x65, 0x58, 0, 0, 0, 0, 1, 2, 3, 1}},
        {"options beyond the end", TUNNEL_GENEVE, {0x3f, 0, 0x65, 0x58}},
        {"routing in GRE", TUNNEL_GRE, {0x40, 0, 0x65, 0x58}},
        {"IP in GRE", TUNNEL_GRE, {0, 0, 0x08, 0}},
        {"a wrong checksum", TUNNEL_GRE, {0x80, 0, 0x65, 0x58, 1, 2, 0, 0}},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t whole[8 + 60] = {0};
        memcpy(whole, cases[i].bytes, sizeof cases[i].bytes);
        struct packet *p = packet_new_data(whole, sizeof whole);
        if (tunnel_pop(p, cases[i].type, false)) {
            fail_msg("%s: taken", cases[i].what);
        }
        packet_free(p);
    }
    /* Cut anywhere: never read beyond the end, taken only with a whole Ethernet header. */
    for (unsigned n = 0; n < 8 + 14; n++) {
        static const uint8_t vxlan[8 + 14] = {8};
        struct packet *p = packet_new_data(vxlan, n);
        assert_false(tunnel_pop(p, TUNNEL_VXLAN, true));
        packet_free(p);
    }
}

/* ---- options ---- */

/* `remote_ip=1.1.1.1 key=5` */
static const char *option(void *text, const char *key)
{
    static char value[64];
    size_t n = strlen(key);

    for (const char *s = text; s && *s; s = strchr(s, ' ') ? strchr(s, ' ') + 1 : NULL) {
        if (!strncmp(s, key, n) && s[n] == '=') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(s + n + 1, " "), s + n + 1);
            return value;
        }
    }
    return NULL;
}

static struct tunnel_config config(const char *type, const char *options)
{
    struct tunnel_config c;
    char *error = tunnel_config_parse("t0", type, option, (void *)(uintptr_t)options, &c);

    if (error) {
        fail_msg("%s %s: %s", type, options, error);
    }
    return c;
}

static void test_options(void **state UNUSED)
{
    static const struct {
        const char *type, *options, *text;
    } good[] = {
        {"vxlan", "remote_ip=1.1.1.1", "remote_ip=1.1.1.1"},
        {"vxlan", "remote_ip=1.1.1.1 key=5 dst_port=4789", "key=5, remote_ip=1.1.1.1"},
        {"vxlan", "remote_ip=flow local_ip=flow key=flow exts=gbp dst_port=8472",
         "dst_port=8472, exts=gbp, key=flow, local_ip=flow, remote_ip=flow"},
        {"geneve", "remote_ip=fc00::1 in_key=1 out_key=2 tos=0x13 ttl=3",
         "in_key=1, out_key=2, remote_ip=fc00::1, tos=0x10, ttl=3"},
        {"gre",
         "remote_ip=1.1.1.1 local_ip=2.2.2.2 tos=inherit ttl=inherit csum=true "
         "df_default=false packet_type=legacy_l2",
         "csum=true, df_default=false, local_ip=2.2.2.2, remote_ip=1.1.1.1, tos=inherit, "
         "ttl=inherit"},
    };
    static const struct {
        const char *type, *options, *error;
    } bad[] = {
        {"vxlan", "key=5", "t0: vxlan type requires valid 'remote_ip' argument"},
        {"vxlan", "remote_ip=hello", "t0: options:remote_ip=hello: not an IP address, nor `flow'"},
        {"vxlan", "remote_ip=0.0.0.0",
         "t0: options:remote_ip=0.0.0.0: not an IP address, nor `flow'"},
        {"gre", "remote_ip=1.1.1.1 local_ip=flow",
         "t0: gre type requires 'remote_ip=flow' with 'local_ip=flow'"},
        {"gre", "remote_ip=1.1.1.1 local_ip=fc00::1",
         "t0: local_ip and remote_ip are of different families"},
        {"gre", "remote_ip=1.1.1.1 key=x", "t0: options:key=x: not a number, nor `flow'"},
        {"gre", "remote_ip=1.1.1.1 dst_port=1",
         "t0: options:dst_port=1: tunnels of this type have no ports"},
        {"vxlan", "remote_ip=1.1.1.1 dst_port=65536", "t0: options:dst_port=65536: not 1..65535"},
        {"vxlan", "remote_ip=1.1.1.1 ttl=256", "t0: options:ttl=256: not 0..255, nor `inherit'"},
        {"vxlan", "remote_ip=1.1.1.1 csum=1", "t0: options:csum=1: not `true' or `false'"},
        {"vxlan", "remote_ip=1.1.1.1 exts=gpe",
         "t0: options:exts=gpe: there is only gbp, of vxlan"},
        {"geneve", "remote_ip=1.1.1.1 exts=gbp",
         "t0: options:exts=gbp: there is only gbp, of vxlan"},
        {"gre", "remote_ip=1.1.1.1 packet_type=ptap",
         "t0: options:packet_type=ptap: only legacy_l2, Ethernet frames, is supported"},
        {"lisp", "remote_ip=1.1.1.1", "t0: lisp is not a type of tunnel"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct tunnel_config c = config(good[i].type, good[i].options);
        struct text t = TEXT_INIT;
        tunnel_config_format(&c, &t);
        assert_string_equal(text_cstr(&t), good[i].text);
        text_deinit(&t);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct tunnel_config c;
        char *error =
            tunnel_config_parse("t0", bad[i].type, option, (void *)(uintptr_t)bad[i].options, &c);
        assert_non_null(error);
        assert_string_equal(error, bad[i].error);
        free(error);
    }
}

static void test_clashes(void **state UNUSED)
{
    struct tunnel_config a = config("vxlan", "remote_ip=1.1.1.1 key=5");
    static const struct {
        const char *options;
        bool clashes;
    } others[] = {
        {"remote_ip=1.1.1.1 key=5 ttl=9 csum=true", true},
        {"remote_ip=1.1.1.1 in_key=5 out_key=6", true},
        {"remote_ip=1.1.1.1 key=6", false},
        {"remote_ip=1.1.1.1 key=flow", false},
        {"remote_ip=1.1.1.2 key=5", false},
        {"remote_ip=1.1.1.1 local_ip=2.2.2.2 key=5", false},
        {"remote_ip=1.1.1.1 key=5 dst_port=8472", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct tunnel_config b = config("vxlan", others[i].options);
        assert_int_equal(tunnel_config_clashes(&a, &b), others[i].clashes);
    }
    char name[TUNNEL_DEVICE_NAME];
    tunnel_device_name(&a, name);
    assert_string_equal(name, "vxlan_sys_4789");
}

/* ---- translation ---- */

/* OpenFlow ports of br0 from 50 on; datapath ports 30 (VXLAN), 31 (Geneve), 32 (GRE). */
static const struct {
    const char *type, *options;
} tunnel_ports[] = {
    {"vxlan", "remote_ip=1.1.1.1 key=5"},                            /* 50 */
    {"vxlan", "remote_ip=1.1.1.1 local_ip=2.2.2.2 key=5"},           /* 51 */
    {"vxlan", "remote_ip=1.1.1.1 key=flow tos=inherit ttl=inherit"}, /* 52 */
    {"vxlan", "remote_ip=flow key=flow"},                            /* 53 */
    {"geneve", "remote_ip=fc00::1 key=7 df_default=false"},          /* 54 */
    {"gre", "remote_ip=1.1.1.1 csum=true ttl=7 tos=0x20"},           /* 55 */
    {"geneve", "remote_ip=flow local_ip=flow key=8"},                /* 56 */
};

static struct world w;

static int tunnels_setup(void **state)
{
    struct tunnel_stats *stats = tunnel_stats_new();

    world_init(&w);
    xlate_cfg_free(w.cfg);
    w.cfg = xlate_cfg_new(&all_features, w.continuations);
    for (unsigned b = 0; b < 2; b++) {
        w.br[b] = xlate_cfg_add_bridge(w.cfg, b + 1, b ? "br1" : "br0", w.tables[b], w.fdb[b]);
    }
    world_ports(&w, 0, 4);
    xlate_cfg_add_port(w.br[0], 9, DP_PORT_NONE, "patch0", "patch1");
    xlate_cfg_add_port(w.br[1], 5, DP_PORT_NONE, "patch1", "patch0");
    for (uint32_t i = 0; i < ARRAY_SIZE(tunnel_ports); i++) {
        struct tunnel_config c = config(tunnel_ports[i].type, tunnel_ports[i].options);
        struct xlate_port *p =
            xlate_cfg_add_port(i == 6 ? w.br[1] : w.br[0], 50 + i, 30 + c.type, "t", NULL);
        xlate_port_set_tunnel(p, &c, stats);
    }
    xlate_cfg_finish(w.cfg);
    tunnel_stats_unref(stats);
    return 0;
}

static int tunnels_teardown(void **state)
{
    world_deinit(&w);
    return 0;
}

static void check_key(const struct key *key, const char *what, const char *actions)
{
    struct xlate_out out;
    struct text t = TEXT_INIT;

    world_xlate(&w, key, &out);
    world_format(&out, &t);
    if (strcmp(text_cstr(&t), actions)) {
        fail_msg("%s: %s instead of %s", what, text_cstr(&t), actions);
    }
    text_deinit(&t);
    xlate_out_deinit(&out);
}

static void check(const char *packet, const char *actions)
{
    struct key key = world_key(packet);
    check_key(&key, packet, actions);
}

static void test_output(void **state UNUSED)
{
    world_add_rules(&w, "in_port=1,actions=50\n"
                        "in_port=2,ip,actions=52\n"
                        "in_port=2,arp,actions=52\n"
                        "in_port=3,tcp,actions=set_field:9.9.9.9->tun_dst,set_field:77->tun_id,53\n"
                        "in_port=3,udp,actions=53\n"
                        "in_port=3,icmp,actions=54,55\n"
                        "in_port=4,tcp,actions=set_field:5->tun_id,52,mod_nw_tos:8,52,2\n"
                        "in_port=4,udp,actions=set_field:3->tun_id,9\n"
                        "br1 in_port=5,actions=set_field:fc00::9->tun_ipv6_dst,56\n");
    check("in_port=11", "set(tunnel(tun_id=0x5,dst=1.1.1.1,ttl=64,tp_dst=4789,flags(df|key))),30");
    check("in_port=12,tcp,nw_tos=0x20,nw_ttl=9,nw_ecn=1",
          "set(tunnel(tun_id=0x0,dst=1.1.1.1,tos=0x21,ttl=9,tp_dst=4789,flags(df|key))),30");
    check("in_port=12,tcp,nw_tos=0,nw_ttl=9,nw_ecn=3",
          "set(tunnel(tun_id=0x0,dst=1.1.1.1,tos=0x2,ttl=9,tp_dst=4789,flags(df|key))),30");
    check("in_port=12,arp",
          "set(tunnel(tun_id=0x0,dst=1.1.1.1,ttl=64,tp_dst=4789,flags(df|key))),30");
    check("in_port=13,tcp",
          "set(tunnel(tun_id=0x4d,dst=9.9.9.9,ttl=64,tp_dst=4789,flags(df|key))),30");
    check("in_port=13,udp", "drop"); /* Nowhere to go. */
    check("in_port=13,icmp",
          "set(tunnel(tun_id=0x7,ipv6_dst=fc00::1,ttl=64,tp_dst=6081,flags(csum|key))),31,"
          "set(tunnel(dst=1.1.1.1,tos=0x20,ttl=7,flags(df|csum))),32");
    check("in_port=14,tcp,nw_ttl=2",
          "set(tunnel(tun_id=0x5,dst=1.1.1.1,ttl=2,tp_dst=4789,flags(df|key))),30,"
          "set(ipv4(tos=0x8/0xfc)),"
          "set(tunnel(tun_id=0x5,dst=1.1.1.1,tos=0x8,ttl=2,tp_dst=4789,flags(df|key))),30,12");
    /* Through a patch port: what the one bridge wrote is not the other's. */
    check("in_port=14,udp",
          "set(tunnel(tun_id=0x8,ipv6_dst=fc00::9,ttl=64,tp_dst=6081,flags(df|csum|key))),31");
}

static struct key arrives(uint32_t dp_port, uint64_t id, const char *from, const char *to)
{
    struct key k = world_key("in_port=1,tcp");

    k.in_port = dp_port;
    k.tun_id = htobe64(id);
    k.tun_flags = htons(KEY_TUN_KEY);
    k.tun_ttl = 64;
    if (strchr(from, ':')) {
        assert_true(text_to_ip6(from, k.tun_ip6_src) && text_to_ip6(to, k.tun_ip6_dst));
    } else {
        assert_true(text_to_ip4(from, &k.tun_src) && text_to_ip4(to, &k.tun_dst));
    }
    return k;
}

static void arrives_at(uint32_t dp_port, uint64_t id, const char *from, const char *to,
                       const char *actions)
{
    struct key k = arrives(dp_port, id, from, to);
    check_key(&k, from, actions);
}

static void test_input(void **state UNUSED)
{
    world_add_rules(&w, "in_port=50,actions=1\n"
                        "in_port=51,actions=2\n"
                        "in_port=52,tun_id=6,actions=3\n"
                        "in_port=53,tun_src=1.1.1.9,actions=4\n"
                        "in_port=54,actions=1,2\n"
                        "in_port=55,actions=1,3\n"
                        "br1 in_port=56,actions=5\n");
    arrives_at(30, 5, "1.1.1.1", "2.2.2.1", "11");
    arrives_at(30, 5, "1.1.1.1", "2.2.2.2", "12"); /* The local address decides. */
    arrives_at(30, 6, "1.1.1.1", "2.2.2.2", "13"); /* The key does not fit. */
    arrives_at(30, 5, "1.1.1.9", "2.2.2.2", "14"); /* Nor does the sender. */
    arrives_at(31, 7, "fc00::1", "fc00::2", "11,12");
    arrives_at(31, 7, "fc00::3", "fc00::2", "error: input port belongs to no bridge");
    arrives_at(31, 8, "fc00::3", "fc00::2", "drop");
    arrives_at(32, 0, "1.1.1.1", "2.2.2.2", "11,13");
    arrives_at(32, 1, "1.1.1.1", "2.2.2.2", "error: input port belongs to no bridge");
}

/* RFC 6040: outer CE goes in, where the inner packet can carry it. */
static void test_congestion(void **state UNUSED)
{
    world_add_rules(&w, "in_port=50,actions=1\n");
    struct key k = arrives(30, 5, "1.1.1.1", "2.2.2.1");

    k.tun_tos = 3;
    check_key(&k, "not capable", "drop");
    k.ip_tos = 0x21;
    check_key(&k, "capable", "set(ipv4(tos=0x3/0x3)),11");
    k.tun_tos = 2;
    check_key(&k, "no congestion", "11");
}

static void test_mask(void **state UNUSED)
{
    struct xlate_out out;

    world_add_rules(&w, "in_port=50,actions=1\n"
                        "in_port=1,actions=52\n");
    struct key k = arrives(30, 5, "1.1.1.1", "2.2.2.1");
    world_xlate(&w, &k, &out);
    assert_true(out.mask.tun_id == UINT64_MAX);
    assert_int_equal(out.mask.tun_src, UINT32_MAX);
    assert_int_equal(out.mask.tun_dst, UINT32_MAX);
    assert_int_equal(out.mask.tun_tos, 3);
    assert_int_equal(out.mask.tun_ttl, 0);
    assert_int_equal(out.mask.ip_tos, 0);
    xlate_out_deinit(&out);
    k = world_key("in_port=11,ip,nw_ttl=9");
    world_xlate(&w, &k, &out); /* Both inherited. */
    assert_int_equal(out.mask.ip_tos, 0xff);
    assert_int_equal(out.mask.ip_ttl, 0xff);
    xlate_out_deinit(&out);
}

/* What the pipeline wrote is still there behind ct(table=N). */
static void test_recirculation(void **state UNUSED)
{
    world_add_rules(&w, "in_port=1,ip,actions=set_field:6->tun_id,ct(table=1)\n"
                        "in_port=50,ip,actions=ct(table=2)\n"
                        "table=1,tun_id=6,actions=52\n"
                        "table=2,tun_id=5,tun_src=1.1.1.1,actions=2\n");
    struct key k = world_key("in_port=11,tcp,nw_ttl=64");
    check_key(&k, "out", "ct,recirc(0x1)");
    k.recirc_id = htonl(1);
    k.ct_state = htonl(CS_TRK | CS_NEW);
    check_key(&k, "out again",
              "set(tunnel(tun_id=0x6,dst=1.1.1.1,ttl=64,tp_dst=4789,flags(df|key))),30");
    k = arrives(30, 5, "1.1.1.1", "2.2.2.1");
    check_key(&k, "in", "ct,recirc(0x2)");
    k.recirc_id = htonl(2);
    k.ct_state = htonl(CS_TRK | CS_NEW);
    check_key(&k, "in again", "12");
}

static void test_own_address(void **state UNUSED)
{
    world_add_rules(&w, "in_port=53,actions=in_port\n"
                        "in_port=51,actions=set_field:8.8.8.8->tun_dst,53\n");
    arrives_at(30, 6, "1.1.1.9", "2.2.2.2", "drop"); /* tun_dst is still ours. */
    arrives_at(30, 5, "1.1.1.1", "2.2.2.2",
               "set(tunnel(tun_id=0x5,dst=8.8.8.8,ttl=64,tp_dst=4789,flags(df|key))),30");
}

static void test_statistics(void **state UNUSED)
{
    struct xlate_out out;
    const struct xlate_port *p = xlate_cfg_ofp_port(w.br[0], 50);

    world_add_rules(&w, "in_port=50,actions=1\n"
                        "in_port=1,actions=50\n");
    struct key k = arrives(30, 5, "1.1.1.1", "2.2.2.1");
    world_xlate(&w, &k, &out);
    credit_apply(out.credit, &(struct dp_flow_stats){.packets = 3, .bytes = 300});
    xlate_out_deinit(&out);
    k = world_key("in_port=11");
    world_xlate(&w, &k, &out);
    credit_apply(out.credit, &(struct dp_flow_stats){.packets = 2, .bytes = 120});
    xlate_out_deinit(&out);
    assert_int_equal(p->tunnel_stats->rx_packets, 3);
    assert_int_equal(p->tunnel_stats->rx_bytes, 300);
    assert_int_equal(p->tunnel_stats->tx_packets, 2);
    assert_int_equal(p->tunnel_stats->tx_bytes, 120);
}

#define WITH_TUNNELS(T) cmocka_unit_test_setup_teardown(T, tunnels_setup, tunnels_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_options),   cmocka_unit_test(test_clashes),
        WITH_TUNNELS(test_output),        WITH_TUNNELS(test_input),
        WITH_TUNNELS(test_congestion),    WITH_TUNNELS(test_mask),
        WITH_TUNNELS(test_recirculation), WITH_TUNNELS(test_own_address),
        WITH_TUNNELS(test_statistics),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
