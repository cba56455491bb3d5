/* test-port.c - what ports share: virtio-net headers, the queue with its offloads, pcap files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/dp/port/pcapfile.h"
#include "lib/dp/port/port.h"
#include "lib/dp/port/vnet.h"
#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/parse.h"

/* ---- virtio-net headers ---- */

static struct packet *tcp_frame(bool v6, uint32_t payload_len)
{
    static uint8_t payload[4096];
    struct key k = {.eth_type = htons(v6 ? 0x86dd : 0x800),
                    .eth_dst = {2},
                    .ip_proto = 6,
                    .ip_ttl = 64,
                    .tp_src = htons(1),
                    .tp_dst = htons(2),
                    .tcp_flags = htons(0x10)};
    if (v6) {
        k.ip6_src[15] = 1;
        k.ip6_dst[15] = 2;
    } else {
        k.ip_src = htonl(1);
        k.ip_dst = htonl(2);
    }
    return compose_packet(&k, payload, payload_len);
}

/* As the kernel gives a super-frame. */
static void make_super(struct packet *p, bool v6, uint16_t gso_size)
{
    struct key k;

    parse_key(p, &k);
    const uint8_t *ip = p->data + p->l3_ofs;
    uint32_t l4_len = p->len - p->l4_ofs;
    be32 src, dst;
    memcpy(&src, ip + 12, 4);
    memcpy(&dst, ip + 16, 4);
    uint32_t sum =
        v6 ? csum_pseudo6(ip + 8, ip + 24, 6, l4_len) : csum_pseudo4(src, dst, 6, (uint16_t)l4_len);
    put_be16(p->data + p->l4_ofs + 16, (uint16_t)~ntohs(csum_fold(sum)));
    p->csum = CSUM_PARTIAL;
    p->csum_start = p->l4_ofs;
    p->csum_ofs = 16;
    p->gso_type = v6 ? GSO_TCPV6 : GSO_TCPV4;
    p->gso_size = gso_size;
    p->gso_hdr_len = p->payload_ofs;
}

static void test_vnet_roundtrip(void **state UNUSED)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct packet *p = tcp_frame(v6, 3000), *q = packet_clone(p, NULL);
        struct virtio_net_hdr h;

        make_super(p, v6, 1000);
        vnet_from_packet(p, &h);
        assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_int_equal(h.gso_type, v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4);
        assert_true(vnet_to_packet(&h, q));
        assert_int_equal(q->csum, CSUM_PARTIAL);
        assert_int_equal(q->csum_start, p->csum_start);
        assert_int_equal(q->csum_ofs, 16);
        assert_int_equal(q->gso_type, p->gso_type);
        assert_int_equal(q->gso_size, 1000);
        assert_int_equal(q->gso_hdr_len, p->gso_hdr_len);

        p->data[p->csum_start + 13] |= 0x80; /* CWR */
        vnet_from_packet(p, &h);
        assert_true(h.gso_type & VIRTIO_NET_HDR_GSO_ECN);
        packet_reset(q);
        packet_put(q, p->len);
        assert_true(vnet_to_packet(&h, q));
        assert_int_equal(q->gso_type, p->gso_type);
        packet_free(p);
        packet_free(q);
    }
}

static void test_vnet_bad(void **state UNUSED)
{
    const struct {
        struct virtio_net_hdr h;
        bool ok;
        enum packet_csum csum;
    } rows[] = {
        {{0}, true, CSUM_UNKNOWN},
        {{.flags = VIRTIO_NET_HDR_F_DATA_VALID}, true, CSUM_VALID},
        {{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 98}, true, CSUM_PARTIAL},
        {{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 99}, false, 0},
        {{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 65}, false, 0},
        {{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535},
         false,
         0},
        {{.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 10}, false, 0}, /* No checksum. */
        {{.flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4}, false, 0},     /* No size. */
        {{.flags = 1, .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 10}, false, 0},
        {{.flags = 1, .gso_type = 77, .gso_size = 10}, false, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct packet *p = packet_new(100);
        packet_put(p, 100);
        assert_int_equal(vnet_to_packet(&rows[i].h, p), rows[i].ok);
        assert_true(!rows[i].ok || p->csum == rows[i].csum);
        packet_free(p);
    }
}

static void test_restore_vlan(void **state UNUSED)
{
    struct packet *p = tcp_frame(false, 2000);
    struct key k;

    make_super(p, false, 500);
    uint16_t start = p->csum_start, hdr_len = p->gso_hdr_len;
    assert_true(vnet_restore_vlan(p, 0x88a8, 0x6005));
    assert_int_equal(p->csum_start, start + 4);
    assert_int_equal(p->gso_hdr_len, hdr_len + 4);
    assert_true(parse_key(p, &k));
    assert_int_equal(k.vlan[0].tpid, htons(0x88a8));
    assert_int_equal(ntohs(k.vlan[0].tci), 0x6005 | VLAN_CFI);
    assert_int_equal(k.eth_dst[0], 2);
    assert_int_equal(k.tp_dst, htons(2));
    packet_free(p);

    for (uint32_t len = 0; len < 14; len++) {
        p = packet_new_data("123456789012345", len);
        assert_int_equal(vnet_restore_vlan(p, 0x8100, 1), len >= 12);
        packet_free(p);
    }
    p = packet_new_data("12345678901234", 14);
    packet_push(p, PACKET_HEADROOM);
    assert_false(vnet_restore_vlan(p, 0x8100, 1));
    packet_free(p);
}

/* ---- the queue ---- */

static struct packet *sent[256];
static unsigned n_sent, n_flushes;

static void fake_tx(struct port *p UNUSED, struct packet **pkts, unsigned n)
{
    n_flushes++;
    for (unsigned i = 0; i < n; i++) {
        assert_in_range(n_sent, 0, ARRAY_SIZE(sent) - 1);
        sent[n_sent++] = pkts[i];
    }
}

static void fake_close(struct port *p UNUSED, bool destroy UNUSED)
{
}

static const struct port_class fake = {.size = sizeof(struct port),
                                       .tx = fake_tx,
                                       .close = fake_close};

static struct port *fake_port(unsigned tx_can)
{
    struct port *p = xzalloc_cacheline(sizeof *p);
    p->class = &fake;
    p->tx_can = tx_can;
    pthread_mutex_init(&p->tx_lock, NULL);
    n_sent = n_flushes = 0;
    return p;
}

static void free_sent(struct port *p)
{
    for (unsigned i = 0; i < n_sent; i++) {
        packet_free(sent[i]);
    }
    port_free(p, false);
}

static void test_queue_offload(void **state UNUSED)
{
    const struct {
        unsigned can, n_sent;
        bool v6;
    } rows[] = {
        {0, 3, false},
        {0, 3, true},
        {PORT_TX_CSUM, 3, false},
        {PORT_TX_CSUM | PORT_TX_USO, 3, true},
        {PORT_TX_CSUM | PORT_TX_TSO, 1, false},
        {PORT_TX_CSUM | PORT_TX_TSO, 1, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct port *port = fake_port(rows[i].can);
        struct packet *p = tcp_frame(rows[i].v6, 3000);
        make_super(p, rows[i].v6, 1000);
        assert_true(port_queue(port, 3, p, NULL));
        port_flush(port, 3);
        assert_int_equal(n_flushes, 1);
        assert_int_equal(n_sent, rows[i].n_sent);
        for (unsigned j = 0; j < n_sent; j++) {
            struct key k;
            assert_true(parse_key(sent[j], &k));
            if (n_sent > 1) {
                assert_int_not_equal(sent[j]->csum, CSUM_PARTIAL);
                sent[j]->csum = CSUM_UNKNOWN;
                assert_true(csum_l4_ok(sent[j]));
            }
        }
        free_sent(port);
    }
}

static void test_queue_order(void **state UNUSED)
{
    struct port *port = fake_port(0);
    const unsigned n = 2 * PORT_TXQ_LEN + 5;

    for (unsigned i = 0; i < n; i++) {
        uint32_t id = i;
        assert_int_equal(port_queue(port, 0, packet_new_data(&id, sizeof id), NULL), i == 0);
    }
    port_flush(port, 0);
    port_flush(port, 0);
    assert_int_equal(n_flushes, 3);
    assert_int_equal(n_sent, n);
    for (unsigned i = 0; i < n; i++) {
        assert_memory_equal(sent[i]->data, &i, sizeof i);
    }
    /* What is still queued goes with the port. */
    port_queue(port, 5, packet_new_data("x", 1), NULL);
    free_sent(port);
}

/* ---- pcap files ---- */

static void test_pcap_bad(void **state UNUSED)
{
    char path[64];
    uint8_t file[2000];
    uint32_t len;

    snprintf(path, sizeof path, "/tmp/test-port-%d.pcap", (int)getpid());
    struct pcapfile_writer *w = pcapfile_create(path);
    assert_non_null(w);
    for (int i = 0; i < 3; i++) {
        struct packet *p = tcp_frame(false, 50);
        pcapfile_write(w, p->data, p->len);
        packet_free(p);
    }
    pcapfile_close(w);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(file, 1, sizeof file, f);
    fclose(f);

    /* Cut at each length, and each byte flipped: no more frames than record headers fit in. */
    for (size_t i = 0; i < 2 * size; i++) {
        uint8_t copy[sizeof file];
        memcpy(copy, file, size);
        copy[i % size] ^= i < size ? 0 : 0xff;
        f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(copy, 1, i < size ? i : size, f);
        fclose(f);
        struct pcapfile_reader *r = pcapfile_open(path);
        for (int n = 0; r && pcapfile_next(r, &len); n++) {
            assert_in_range(n, 0, size / 16);
        }
        pcapfile_reader_close(r);
    }
    unlink(path);
    assert_null(pcapfile_open(path));
    assert_null(pcapfile_create("/nonexistent/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vnet_roundtrip), cmocka_unit_test(test_vnet_bad),
        cmocka_unit_test(test_restore_vlan),   cmocka_unit_test(test_queue_offload),
        cmocka_unit_test(test_queue_order),    cmocka_unit_test(test_pcap_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
