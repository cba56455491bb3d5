/* test-ipfix.c - ofproto/ipfix_*: what is one flow, the cache, records and messages byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "lib/packet/parse.h"
#include "ofp/port.h"
#include "ofproto/ipfix_cache.h"

/* ---- packets ---- */

static const struct cookie_sample cookie = {.bridge_id = 1,
                                            .in_port = 3,
                                            .out_port = OFPP_NONE,
                                            .of_flow = true,
                                            .probability = 65535,
                                            .collector_set = 9,
                                            .domain = 11,
                                            .point = 22};

static struct key udp_key(void)
{
    struct key k = {.eth_type = htons(0x0800),
                    .eth_src = {2, 0, 0, 0, 0, 1},
                    .eth_dst = {2, 0, 0, 0, 0, 2},
                    .ip_src = htonl(0x0a000001),
                    .ip_dst = htonl(0x0a000002),
                    .ip_proto = 17,
                    .ip_ttl = 64,
                    .ip_tos = 0xb8,
                    .tp_src = htons(1000),
                    .tp_dst = htons(53)};
    return k;
}

static void read_packet(const struct cookie_sample *c, const struct key *k, size_t payload,
                        struct ipfix_flow_key *f, struct ipfix_flow_packet *p)
{
    static const uint8_t zeros[2000];
    struct packet *packet = compose_packet(k, zeros, (uint32_t)payload);
    struct key parsed;

    assert_true(parse_key(packet, &parsed));
    ipfix_flow_read(c, packet, &parsed, f, p);
    packet_free(packet);
}

static void test_flow(void **state)
{
    (void)state;
    struct ipfix_flow_key f, again;
    struct ipfix_flow_packet p;
    struct key k = udp_key();

    read_packet(&cookie, &k, 100, &f, &p);
    assert_int_equal(f.kind, IPFIX_IP4 | IPFIX_PORTS);
    assert_int_equal(f.domain, 11);
    assert_int_equal(f.point, 22);
    assert_int_equal(f.probability, UINT32_MAX);
    assert_int_equal(f.direction, 0);
    assert_int_equal(p.octets, 128);
    assert_int_equal(p.layer2_octets, 142);
    /* What makes no other flow, and what does. */
    k.ip_ttl = 3;
    read_packet(&cookie, &k, 0, &again, &p);
    assert_memory_equal(&f, &again, sizeof f);
    assert_int_equal(p.ttl, 3);
    k.tp_src = htons(1001);
    read_packet(&cookie, &k, 0, &again, &p);
    assert_memory_not_equal(&f, &again, sizeof f);
    /* The way, where nothing is said of it, and where something is. */
    struct cookie_sample c = cookie;
    c.out_port = 7;
    read_packet(&c, &k, 0, &f, &p);
    assert_int_equal(f.direction, 1);
    c.direction = 1;
    read_packet(&c, &k, 0, &f, &p);
    assert_int_equal(f.direction, 0);
    /* Padding of a frame is not of the packet. */
    struct packet *packet = compose_packet(&k, NULL, 0);
    struct key parsed;
    parse_key(packet, &parsed);
    packet->len += 18;
    ipfix_flow_read(&cookie, packet, &parsed, &f, &p);
    assert_int_equal(p.octets, 28);
    assert_int_equal(p.layer2_octets, 60);
    packet_free(packet);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint8_t proto, kind;
    } rows[] = {
        {0x0800, 6, IPFIX_IP4 | IPFIX_PORTS | IPFIX_TCP},
        {0x0800, 132, IPFIX_IP4 | IPFIX_PORTS},
        {0x0800, 1, IPFIX_IP4 | IPFIX_ICMP4},
        {0x0800, 58, IPFIX_IP4},
        {0x0800, 47, IPFIX_IP4},
        {0x86dd, 6, IPFIX_IP6 | IPFIX_PORTS | IPFIX_TCP},
        {0x86dd, 17, IPFIX_IP6 | IPFIX_PORTS},
        {0x86dd, 58, IPFIX_IP6 | IPFIX_ICMP6},
        {0x86dd, 1, IPFIX_IP6},
        {0x0806, 1, IPFIX_ANY},
        {0x1234, 0, IPFIX_ANY},
    };
    struct ipfix_flow_key f;
    struct ipfix_flow_packet p;
    bool seen[IPFIX_N_TEMPLATES] = {false};

    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        struct key k = {.eth_type = htons(rows[i / 2].type), .ip_proto = rows[i / 2].proto};
        k.ip_ttl = 64;
        if (i % 2) {
            k.vlan[0] = (struct key_vlan){htons(0x8100), htons(VLAN_CFI | 5)};
        }
        read_packet(&cookie, &k, 4, &f, &p);
        assert_int_equal(f.kind, rows[i / 2].kind | (i % 2 ? IPFIX_VLAN : 0));
        assert_int_equal(f.eth_header_len, i % 2 ? 18 : 14);
        assert_false(p.malformed);
        unsigned id = ipfix_message_template_id(f.kind);
        assert_in_range(id, 256, 256 + IPFIX_N_TEMPLATES - 1);
        seen[id - 256] = true;
    }
    for (size_t i = 0; i < IPFIX_N_TEMPLATES; i++) {
        assert_true(seen[i]); /* No template is of no use. */
    }
}

/* ---- the cache ---- */

static struct expired {
    struct ipfix_flow_key key;
    struct ipfix_count count;
    enum ipfix_reason reason;
} expired[2000];
static unsigned n_expired;

static void on_expire(void *aux, const struct ipfix_flow_key *key, const struct ipfix_count *count,
                      enum ipfix_reason reason)
{
    assert_ptr_equal(aux, expired);
    assert_in_range(n_expired, 0, ARRAY_SIZE(expired) - 1);
    expired[n_expired++] = (struct expired){*key, *count, reason};
}

static bool add(struct ipfix_cache *c, uint32_t number, int64_t now_ms)
{
    const struct ipfix_flow_key key = {.point = number};
    const struct ipfix_flow_packet p = {
        .octets = 100, .layer2_octets = 114, .tcp_flags = (uint16_t)(1 << number % 8), .ttl = 64};
    return ipfix_cache_add(c, &key, &p, now_ms, 1000000 + now_ms);
}

static void test_cache(void **state)
{
    (void)state;
    struct ipfix_cache c;

    n_expired = 0;
    ipfix_cache_init(&c, 1, 3, 10000, on_expire, expired);
    assert_int_equal(ipfix_cache_run(&c, 0), INT64_MAX);
    assert_true(add(&c, 1, 0));
    assert_true(add(&c, 2, 4000));
    assert_false(add(&c, 1, 9000));
    assert_int_equal(ipfix_cache_run(&c, 9999), 10000);
    assert_int_equal(n_expired, 0);
    /* So old is what began then, whatever came since. */
    assert_int_equal(ipfix_cache_run(&c, 10000), 14000);
    assert_int_equal(n_expired, 1);
    assert_int_equal(expired[0].key.point, 1);
    assert_int_equal(expired[0].reason, IPFIX_ACTIVE_TIMEOUT);
    assert_int_equal(expired[0].count.packets, 2);
    assert_int_equal(expired[0].count.octets, 200);
    assert_int_equal(expired[0].count.layer2_octets, 228);
    assert_int_equal(expired[0].count.start_ms, 1000000);
    assert_int_equal(expired[0].count.end_ms, 1009000);
    assert_int_equal(expired[0].count.tcp_flags, 2);
    /* A fourth one has no room: the oldest goes. */
    assert_true(add(&c, 1, 10000));
    assert_true(add(&c, 3, 11000));
    assert_true(add(&c, 4, 11000));
    assert_int_equal(n_expired, 2);
    assert_int_equal(expired[1].key.point, 2);
    assert_int_equal(expired[1].reason, IPFIX_LACK_OF_RESOURCES);
    assert_int_equal(hmap_count(&c.flows), 3);
    ipfix_cache_flush(&c);
    assert_int_equal(n_expired, 5);
    assert_int_equal(expired[4].key.point, 4);
    assert_int_equal(expired[4].reason, IPFIX_FORCED_END);
    assert_int_equal(ipfix_cache_run(&c, 11000), INT64_MAX);
    assert_true(add(&c, 1, 12000)); /* It is empty, and takes more. */
    ipfix_cache_deinit(&c);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct ipfix_cache c;

    n_expired = 0;
    ipfix_cache_init(&c, 1, 10, 10000, on_expire, expired);
    assert_true(add(&c, 1, 0));
    mem_fail_after(0);
    assert_true(add(&c, 2, 0));
    assert_false(add(&c, 1, 0));
    mem_fail_after(-1);
    assert_int_equal(n_expired, 1);
    assert_int_equal(expired[0].key.point, 2);
    assert_int_equal(expired[0].reason, IPFIX_LACK_OF_RESOURCES);
    ipfix_cache_flush(&c);
    assert_int_equal(n_expired, 2);
    assert_int_equal(expired[1].count.packets, 2);
    ipfix_cache_deinit(&c);
}

static void test_no_cache(void **state)
{
    (void)state;
    struct ipfix_cache c;

    for (unsigned i = 0; i < 2; i++) {
        n_expired = 0;
        ipfix_cache_init(&c, 1, i ? 100 : 0, i ? 0 : 10000, on_expire, expired);
        assert_true(add(&c, 1, 0));
        assert_true(add(&c, 1, 5));
        assert_int_equal(n_expired, 2);
        assert_int_equal(expired[1].count.packets, 1);
        assert_int_equal(expired[1].count.start_ms, 1000005);
        assert_int_equal(hmap_count(&c.flows), 0);
        ipfix_cache_deinit(&c);
    }
}

/* Against a list: any samples at any time. */
static void test_cache_random(void **state)
{
    (void)state;
    struct ipfix_cache c;
    uint64_t packets[50] = {0}, n = 0;

    n_expired = 0;
    ipfix_cache_init(&c, 7, 20, 3000, on_expire, expired);
    srand(1);
    for (int64_t now = 0; n_expired < 1500; now += rand() % 200) {
        unsigned which = (unsigned)rand() % 50;
        packets[which]++;
        n++;
        add(&c, which, now);
        int64_t next = ipfix_cache_run(&c, now);
        assert_true(next > now && next <= now + 3000);
        assert_in_range(hmap_count(&c.flows), 1, 20);
    }
    ipfix_cache_flush(&c);
    for (unsigned i = 0; i < n_expired; i++) {
        const struct ipfix_count *count = &expired[i].count;
        assert_true(count->end_ms - count->start_ms < 3000 + 200);
        assert_true(count->packets <= packets[expired[i].key.point]);
        packets[expired[i].key.point] -= count->packets;
        n -= count->packets;
    }
    assert_int_equal(n, 0);
    ipfix_cache_deinit(&c);
}

/* ---- bytes ---- */

static const uint8_t record_bytes[] = {
    0,    0,    0,  22,                   /* observationPointId */
    0,                                    /* flowDirection */
    0,    0,    1,  2,    2,    'p', '3', /* ingressInterface, interfaceName */
    0,    0,    0,  0,    0,              /* egressInterface, interfaceName */
    2,    0,    0,  0,    0,    1,   2,   0,
    0,    0,    0,  2,    8,    0,   14,       /* MACs, ethernetType, ethernetHeaderLength */
    4,    64,   17, 0xb8, 0x2e,                /* ipVersion, TTL, protocol, class, DSCP */
    10,   0,    0,  1,    10,   0,   0,   2,   /* addresses */
    3,    232,  0,  53,                        /* ports */
    0x3f, 0xf0, 0,  0,    0,    0,   0,   0,   /* samplingProbability: 1.0 */
    0,    0,    1,  0x79, 0,    0,   0,   0,   /* flowStartMilliseconds */
    0,    0,    1,  0x79, 0,    0,   1,   0,   /* flowEndMilliseconds */
    0,    0,    0,  0,    0,    0,   0,   3,   /* packetDeltaCount */
    0,    0,    0,  0,    0,    0,   1,   128, /* octetDeltaCount */
    0,    0,    0,  0,    0,    0,   1,   170, /* layer2OctetDeltaCount */
    2,                                         /* flowEndReason */
};
/* Its template, 260. */
static const uint16_t template_words[] = {
    260, 26, 138, 4, 61,  1, 10,  4, 82,  65535, 14, 4, 82,  65535, 56,  6, 80,  6,
    256, 2,  240, 1, 60,  1, 192, 1, 4,   1,     5,  1, 195, 1,     8,   4, 12,  4,
    7,   2,  11,  2, 311, 8, 152, 8, 153, 8,     2,  8, 1,   8,     352, 8, 136, 1,
};
static const struct ipfix_count count = {.packets = 3,
                                         .octets = 384,
                                         .layer2_octets = 426,
                                         .start_ms = INT64_C(0x17900000000),
                                         .end_ms = INT64_C(0x17900000100),
                                         .ttl = 64};

static struct ipfix_flow_key make_key(uint32_t domain)
{
    struct key k = udp_key();
    struct ipfix_flow_key f;
    struct ipfix_flow_packet p;

    read_packet(&cookie, &k, 100, &f, &p);
    f.domain = domain;
    return f;
}

static struct ipfix_record make_record(const struct ipfix_flow_key *key)
{
    return (struct ipfix_record){.key = key,
                                 .count = &count,
                                 .in = {0x102, "p3"},
                                 .out = {0, ""},
                                 .reason = IPFIX_ACTIVE_TIMEOUT};
}

static void test_bytes(void **state)
{
    (void)state;
    struct ipfix_flow_key key = make_key(11);
    struct ipfix_record r = make_record(&key);
    struct wire_wr w = WIRE_WR_INIT(1024);

    ipfix_message_put_record(&r, &w);
    assert_int_equal(w.len, sizeof record_bytes);
    assert_memory_equal(w.data, record_bytes, sizeof record_bytes);
    assert_int_equal(ipfix_message_template_id(key.kind), 260);
    w.len = 0;
    ipfix_message_put_template(4, &w);
    assert_int_equal(w.len, sizeof template_words);
    for (size_t i = 0; i < ARRAY_SIZE(template_words); i++) {
        assert_int_equal(get_be16(w.data + 2 * i), template_words[i]);
    }
    wire_wr_deinit(&w);
}

/* ---- messages ---- */

static struct sent {
    size_t len;
    uint8_t data[2000];
} sent[600];
static unsigned n_sent;

static void on_send(void *aux, const void *data, size_t len)
{
    assert_ptr_equal(aux, sent);
    assert_in_range(n_sent, 0, ARRAY_SIZE(sent) - 1);
    assert_in_range(len, 20, sizeof sent[0].data);
    sent[n_sent].len = len;
    memcpy(sent[n_sent++].data, data, len);
}

static uint32_t sequence_of(const struct sent *s)
{
    return get_be32(s->data + 8);
}

static void test_message(void **state)
{
    (void)state;
    struct ipfix_flow_key key = make_key(11);
    struct ipfix_record r = make_record(&key);
    struct ipfix_messages m;

    n_sent = 0;
    ipfix_messages_init(&m, 1400, 600000, on_send, sent);
    ipfix_messages_flush(&m, 5000);
    assert_int_equal(n_sent, 0);
    for (unsigned i = 0; i < 3; i++) {
        ipfix_messages_put(&m, &r, 1000, 5000);
    }
    unsigned n_templates = n_sent; /* Ahead of the records, in as many as they need. */
    assert_int_equal(n_templates, 2);
    for (unsigned i = 0; i < n_sent; i++) {
        assert_in_range(sent[i].len, 100, 1400);
        assert_int_equal(get_be16(sent[i].data), 10);
        assert_int_equal(get_be16(sent[i].data + 2), sent[i].len);
        assert_int_equal(get_be32(sent[i].data + 4), 5);
        assert_int_equal(sequence_of(&sent[i]), 0);
        assert_int_equal(get_be32(sent[i].data + 12), 11);
        assert_int_equal(get_be16(sent[i].data + 16), 2);
        assert_int_equal(get_be16(sent[i].data + 18), sent[i].len - 16);
    }
    ipfix_messages_flush(&m, 7000);
    assert_int_equal(n_sent, n_templates + 1);
    const struct sent *s = &sent[n_templates];
    size_t records = 3 * sizeof record_bytes, padded = ROUND_UP(records, 4);
    assert_int_not_equal(records, padded); /* So that there is something to be padded. */
    assert_int_equal(s->len, 16 + 4 + padded);
    assert_int_equal(get_be16(s->data + 2), s->len);
    assert_int_equal(get_be32(s->data + 4), 7);
    assert_int_equal(get_be16(s->data + 16), 260);
    assert_int_equal(get_be16(s->data + 18), 4 + padded);
    assert_memory_equal(s->data + 20, record_bytes, sizeof record_bytes);
    assert_memory_equal(s->data + 20 + 2 * sizeof record_bytes, record_bytes, sizeof record_bytes);
    assert_memory_equal(s->data + 20 + records, "\0\0\0", padded - records);
    /* The next one says how many there were; another template is another set. */
    ipfix_messages_put(&m, &r, 1000, 8000);
    key.kind |= IPFIX_VLAN;
    ipfix_messages_put(&m, &r, 1000, 8000);
    ipfix_messages_flush(&m, 8000);
    assert_int_equal(n_sent, n_templates + 2);
    s = &sent[n_sent - 1];
    assert_int_equal(sequence_of(s), 3);
    assert_int_equal(get_be16(s->data + 16), 260);
    assert_int_equal(get_be16(s->data + 16 + get_be16(s->data + 18)), 261);
    ipfix_messages_deinit(&m);
}

/* Full messages go, none is longer than was asked for, and no record is torn. */
static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 512, 700, 1400};
    struct ipfix_flow_key key = make_key(11);
    struct ipfix_record r = make_record(&key);
    struct ipfix_messages m;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        n_sent = 0;
        ipfix_messages_init(&m, sizes[i], 600000, on_send, sent);
        for (unsigned n = 0; n < 1000; n++) {
            ipfix_messages_put(&m, &r, 1000, 5000);
        }
        ipfix_messages_flush(&m, 5000);
        uint32_t sequence = 0;
        for (unsigned j = 0; j < n_sent; j++) {
            assert_in_range(sent[j].len, 20, MAX(sizes[i], 512));
            assert_int_equal(sequence_of(&sent[j]), sequence);
            if (get_be16(sent[j].data + 16) != 2) {
                sequence += (get_be16(sent[j].data + 18) - 4) / sizeof record_bytes;
            }
        }
        assert_int_equal(sequence, 1000);
        ipfix_messages_deinit(&m);
    }
}

static unsigned count_templates(unsigned from, uint32_t domain)
{
    unsigned n = 0;

    for (unsigned i = from; i < n_sent; i++) {
        n += get_be16(sent[i].data + 16) == 2 && get_be32(sent[i].data + 12) == domain;
    }
    return n;
}

static void test_domains(void **state)
{
    (void)state;
    struct ipfix_messages m;

    n_sent = 0;
    ipfix_messages_init(&m, 1400, 600000, on_send, sent);
    assert_int_equal(ipfix_messages_refresh(&m, 0, 0), INT64_MAX);
    for (unsigned i = 0; i < 6; i++) {
        struct ipfix_flow_key key = make_key(i % 2);
        struct ipfix_record r = make_record(&key);
        ipfix_messages_put(&m, &r, 1000 * i, 0);
    }
    ipfix_messages_flush(&m, 0);
    assert_int_equal(count_templates(0, 0), 2);
    assert_int_equal(count_templates(0, 1), 2);
    assert_int_equal(n_sent, 4 + 6);                     /* No message is of two domains, */
    assert_int_equal(sequence_of(&sent[n_sent - 1]), 2); /* and each counts its own records. */
    /* Again, when it is time. */
    unsigned before = n_sent;
    assert_int_equal(ipfix_messages_refresh(&m, 599999, 0), 600000);
    assert_int_equal(n_sent, before);
    assert_int_equal(ipfix_messages_refresh(&m, 600000, 0), 601000);
    assert_int_equal(count_templates(before, 0), 2);
    assert_int_equal(count_templates(before, 1), 0);
    assert_int_equal(sequence_of(&sent[n_sent - 1]), 3);
    ipfix_messages_deinit(&m);
}

/* More domains than it keeps: the one that was not used for longest begins anew. */
static void test_many_domains(void **state)
{
    (void)state;
    struct ipfix_messages m;

    ipfix_messages_init(&m, 1400, 600000, on_send, sent);
    for (uint32_t i = 0; i < IPFIX_MESSAGE_DOMAINS + 50; i++) {
        struct ipfix_flow_key key = make_key(i), first = make_key(0);
        struct ipfix_record r = make_record(&key), again = make_record(&first);
        n_sent = 0;
        ipfix_messages_put(&m, &r, 1000 + i, 0);
        ipfix_messages_put(&m, &again, 1000 + i, 0);
        ipfix_messages_flush(&m, 0);
        assert_in_range(hmap_count(&m.domains), 1, IPFIX_MESSAGE_DOMAINS);
        if (i) {
            assert_int_equal(count_templates(0, 0), 0); /* It is used all the time. */
            assert_int_equal(count_templates(0, i), 2);
        }
    }
    struct ipfix_flow_key key = make_key(1);
    struct ipfix_record r = make_record(&key);
    n_sent = 0;
    ipfix_messages_put(&m, &r, 9000, 0);
    assert_int_equal(count_templates(0, 1), 2);
    ipfix_messages_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow),         cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_cache),        cmocka_unit_test(test_no_cache),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_cache_random),
        cmocka_unit_test(test_bytes),        cmocka_unit_test(test_message),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_many_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
