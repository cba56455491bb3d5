/* ofctl_pcap.c - see ofctl.h: the OpenFlow messages in packet captures.
 *
 * Frame -> link and network header -> TCP segment with one of OpenFlow's ports -> its stream
 * (reassembly.h) -> messages by the length in their header.  Behind a gap, or where a stream is
 * seen only from its middle on, bytes are dropped until a segment begins like a message. */
#include <pcap/pcap.h>
#include <stdlib.h>
#include <time.h>

#include "lib/lazy.h"
#include "lib/mem.h"
#include "utilities/ofctl.h"
#include "utilities/reassembly.h"

#define PROTO_TCP      6
#define ETH_VLAN       0x8100
#define ETH_SVLAN      0x88a8
#define ETH_IP4        0x0800
#define ETH_IP6        0x86dd
#define DLT_SLL2       276 /* Older libraries lack the name. */
#define MAX_EXTENSIONS 8   /* Headers between IPv6 and TCP. */

/* For this command alone: all others do without it and what it brings. */
#define FUNCTIONS(X) \
    X(pcap_fopen_offline) X(pcap_datalink) X(pcap_next_ex) X(pcap_geterr) X(pcap_close)
static struct {
    FUNCTIONS(LAZY_POINTER)
} lib;
static const struct lazy_function functions[] = {FUNCTIONS(LAZY_ROW)};

struct capture {
    const struct ofctl *ctl;
    const uint16_t *ports;
    size_t n_ports;
    struct timeval when; /* Of the frame that is looked at. */
    size_t n_printed;
};

/* What of a message has come. */
struct partial {
    bool in_step;     /* At the start of a message, or within one that is known to be. */
    struct wire_wr w; /* Up to a whole message. */
};

/* ---- messages ---- */

static void put_address(struct text *t, const struct reassembly_flow *flow, const uint8_t *addr,
                        uint16_t port)
{
    if (flow->ip_version == 4) {
        be32 ip;
        memcpy(&ip, addr, sizeof ip);
        text_ip4(t, ip);
    } else {
        text_ip6(t, addr);
    }
    text_printf(t, ".%u", port);
}

static void print_one(struct capture *c, const struct reassembly_flow *flow, const uint8_t *msg,
                      size_t len)
{
    struct text t = TEXT_INIT;
    struct tm tm;
    char clock[16];

    if (c->n_printed++) {
        text_putc(&t, '\n');
    }
    if (c->ctl->timestamp) {
        gmtime_r(&c->when.tv_sec, &tm);
        strftime(clock, sizeof clock, "%H:%M:%S", &tm);
        text_printf(&t, "%s.%03ld ", clock, (long)c->when.tv_usec / 1000);
    }
    put_address(&t, flow, flow->src, flow->src_port);
    text_puts(&t, " > ");
    put_address(&t, flow, flow->dst, flow->dst_port);
    text_puts(&t, ":\n");
    msg_print(msg, len, NULL, c->ctl->verbosity + 1, &t);
    fputs(text_cstr(&t), stdout);
    text_deinit(&t);
}

static bool looks_like_message(const uint8_t *p, size_t len)
{
    return len >= OFP_HEADER_LEN && msg_version_in(p[0], OFP10_VERSION, OFP15_VERSION) &&
           get_be16(p + 2) >= OFP_HEADER_LEN;
}

static void stream_data(void *aux, const struct reassembly_flow *flow, void **owned, bool gap,
                        const uint8_t *data, size_t len)
{
    struct capture *c = aux;
    struct partial *p = *owned;

    if (!p) {
        p = *owned = xmalloc(sizeof *p);
        *p = (struct partial){.in_step = true, .w = WIRE_WR_INIT(OFP_MAX_LEN)};
    }
    if (gap) {
        p->in_step = false;
        p->w.len = 0;
    }
    if (!p->in_step) {
        p->in_step = looks_like_message(data, len);
    }
    while (p->in_step && len) {
        /* The header first, then what it says. */
        size_t want = p->w.len < OFP_HEADER_LEN ? OFP_HEADER_LEN : get_be16(p->w.data + 2);
        size_t n = MIN(len, want - p->w.len);
        wire_wr_bytes(&p->w, data, n);
        data += n;
        len -= n;
        if (p->w.len < OFP_HEADER_LEN) {
            continue;
        }
        want = get_be16(p->w.data + 2);
        if (p->w.len >= want) {
            print_one(c, flow, p->w.data, p->w.len);
            p->in_step = want >= OFP_HEADER_LEN; /* No message is shorter. */
            p->w.len = 0;
        }
    }
}

static void partial_free(void *owned)
{
    struct partial *p = owned;

    if (p) {
        wire_wr_deinit(&p->w);
        free(p);
    }
}

/* ---- frames ---- */

static bool is_openflow(const struct capture *c, uint16_t port)
{
    for (size_t i = 0; i < c->n_ports; i++) {
        if (c->ports[i] == port) {
            return true;
        }
    }
    return false;
}

static void read_tcp(const struct capture *c, struct reassembly *r, struct wire_rd *rd,
                     struct reassembly_flow *flow)
{
    size_t start = wire_rd_ofs(rd);

    flow->src_port = wire_rd_u16(rd);
    flow->dst_port = wire_rd_u16(rd);
    uint32_t seq = wire_rd_u32(rd);
    wire_rd_skip(rd, 4);
    size_t header = 4u * (wire_rd_u8(rd) >> 4);
    uint8_t flags = wire_rd_u8(rd);
    if (rd->err || header < 20 ||
        !(is_openflow(c, flow->src_port) || is_openflow(c, flow->dst_port))) {
        return;
    }
    wire_rd_skip(rd, header - (wire_rd_ofs(rd) - start));
    if (!rd->err) {
        size_t len = wire_rd_left(rd);
        reassembly_segment(r, flow, seq, (flags & 0x02) != 0, wire_rd_bytes(rd, len), len);
    }
}

/* Fragments are left alone: TCP avoids them. */
static void read_ip4(const struct capture *c, struct reassembly *r, struct wire_rd *rd)
{
    struct reassembly_flow flow;
    size_t available = wire_rd_left(rd);

    memset(&flow, 0, sizeof flow);
    flow.ip_version = 4;
    size_t header = 4u * (wire_rd_u8(rd) & 0xf);
    wire_rd_skip(rd, 1);
    size_t total = wire_rd_u16(rd);
    wire_rd_skip(rd, 2);
    uint16_t fragment = wire_rd_u16(rd) & 0x3fff;
    wire_rd_skip(rd, 1);
    uint8_t proto = wire_rd_u8(rd);
    wire_rd_skip(rd, 2);
    wire_rd_copy(rd, flow.src, 4);
    wire_rd_copy(rd, flow.dst, 4);
    if (rd->err || header < 20 || proto != PROTO_TCP || fragment) {
        return;
    }
    /* 0: left to the network card (segmentation offload). */
    total = total ? MIN(total, available) : available;
    wire_rd_skip(rd, header - 20);
    if (!rd->err && total >= header) {
        struct wire_rd tcp = wire_rd_sub(rd, total - header); /* Without the frame's padding. */
        read_tcp(c, r, &tcp, &flow);
    }
}

static void read_ip6(const struct capture *c, struct reassembly *r, struct wire_rd *rd)
{
    struct reassembly_flow flow;

    memset(&flow, 0, sizeof flow);
    flow.ip_version = 6;
    wire_rd_skip(rd, 4);
    size_t len = wire_rd_u16(rd);
    uint8_t proto = wire_rd_u8(rd);
    wire_rd_skip(rd, 1);
    wire_rd_copy(rd, flow.src, 16);
    wire_rd_copy(rd, flow.dst, 16);
    struct wire_rd body = wire_rd_sub(rd, len ? MIN(len, wire_rd_left(rd)) : wire_rd_left(rd));
    /* Hop-by-hop, routing and destination options. */
    for (int i = 0; i < MAX_EXTENSIONS && (proto == 0 || proto == 43 || proto == 60); i++) {
        proto = wire_rd_u8(&body);
        wire_rd_skip(&body, 8u * wire_rd_u8(&body) + 6);
    }
    if (!rd->err && !body.err && proto == PROTO_TCP) {
        read_tcp(c, r, &body, &flow);
    }
}

static void read_network(const struct capture *c, struct reassembly *r, uint16_t type,
                         struct wire_rd *rd)
{
    while (type == ETH_VLAN || type == ETH_SVLAN) {
        wire_rd_skip(rd, 2);
        type = wire_rd_u16(rd);
    }
    if (!rd->err && type == ETH_IP4) {
        read_ip4(c, r, rd);
    } else if (!rd->err && type == ETH_IP6) {
        read_ip6(c, r, rd);
    }
}

static void read_frame(const struct capture *c, struct reassembly *r, int link, struct wire_rd *rd)
{
    uint16_t type = 0;

    switch (link) {
    case DLT_EN10MB:
        wire_rd_skip(rd, 12);
        type = wire_rd_u16(rd);
        break;
    case DLT_LINUX_SLL:
        wire_rd_skip(rd, 14);
        type = wire_rd_u16(rd);
        break;
    case DLT_SLL2:
        type = wire_rd_u16(rd);
        wire_rd_skip(rd, 18);
        break;
    default: { /* Nothing before the IP header. */
        struct wire_rd first = *rd;
        type = wire_rd_u8(&first) >> 4 == 6 ? ETH_IP6 : ETH_IP4;
        break;
    }
    }
    read_network(c, r, type, rd);
}

static bool link_ok(int link)
{
    return link == DLT_EN10MB || link == DLT_LINUX_SLL || link == DLT_SLL2 || link == DLT_RAW ||
           link == DLT_IPV4 || link == DLT_IPV6;
}

void pcap_print(const struct ofctl *ctl, const char *file, const uint16_t *ports, size_t n_ports)
{
    static const uint16_t usual[] = {OFP_PORT, 6633};
    struct capture c = {.ctl = ctl,
                        .ports = n_ports ? ports : usual,
                        .n_ports = n_ports ? n_ports : ARRAY_SIZE(usual)};
    char why[PCAP_ERRBUF_SIZE];
    FILE *f = strcmp(file, "-") ? fopen(file, "rb") : stdin;

    if (!f) {
        cmd_fatal("%s: open failed (%m)", file);
    }
    cmd_check(lazy_load(SONAME_PCAP, functions, ARRAY_SIZE(functions)));
    pcap_t *pcap = lib.pcap_fopen_offline(f, why);
    if (!pcap) {
        cmd_fatal("%s: open failed (%s)", file, why);
    }
    int link = lib.pcap_datalink(pcap);
    if (!link_ok(link)) {
        cmd_fatal("%s: frames of link type %d are not supported", file, link);
    }
    struct reassembly *r = reassembly_new(stream_data, partial_free, &c);
    struct pcap_pkthdr *header;
    const u_char *frame;
    int status;
    while ((status = lib.pcap_next_ex(pcap, &header, &frame)) == 1) {
        struct wire_rd rd;
        c.when = header->ts;
        wire_rd_init(&rd, frame, header->caplen);
        read_frame(&c, r, link, &rd);
    }
    reassembly_free(r);
    if (status == PCAP_ERROR) {
        cmd_fatal("%s: %s", file, lib.pcap_geterr(pcap));
    }
    lib.pcap_close(pcap);
}

void ofctl_ofp_parse_pcap(int argc, char *argv[], void *aux)
{
    uint16_t ports[OFCTL_MAX_PORTS];
    size_t n = 0;

    for (int i = 2; i < argc; i++) {
        if (n == OFCTL_MAX_PORTS) {
            cmd_fatal("too many ports");
        }
        if (!text_to_u16(argv[i], &ports[n]) || !ports[n]) {
            cmd_fatal("%s: invalid port", argv[i]);
        }
        n++;
    }
    pcap_print(aux, argv[1], ports, n);
}
