/* fuzz-ct.c - libFuzzer target: packets of few ends through ct_execute(), with zones, commits,
 * marks, helpers and translation as the input says; table, dump and flush between them.
 *
 * Input: records of STEP bytes, and a payload.
 *   0  what: WHAT_* (bits 0-3); the transport checksum is right (unless bit 4); bits 5-7: time
 *   1  addresses and ports of the source (2 bits each) and the destination
 *   2  how: HOW_*
 *   3  TCP flags; type of ICMP or of SCTP's chunk
 *   4  by how much sequence number and acknowledgment are off (4 bits each); mark
 *   5  length of the payload
 * What must hold: states that ct() may give, right checksums behind translation, as many
 * connections as are dumped, none after a flush. */
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct_frag.h"
#include "lib/ct/ct_zone.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/fuzz/fuzz.h"

#define STEP      6u
#define MAX_CONNS 24u

enum what {
    WHAT_TCP,
    WHAT_UDP,
    WHAT_ICMP,
    WHAT_SCTP,
    WHAT_UDPLITE,
    WHAT_DCCP,
    WHAT_GRE,
    WHAT_RAW,   /* The payload is the packet, from its IP header on. */
    WHAT_ERROR, /* An ICMP error that quotes the last packet. */
    WHAT_FRAG,  /* The payload is an IPv4 fragment's. */
    WHAT_FLUSH,
    WHAT_SWEEP,
    WHAT_LIMIT,
    WHAT_LIBERAL,
    WHAT_IP6, /* Its transport by the byte 'type'. */
    WHAT_AGAIN,
};
#define HOW_COMMIT BIT(0)
#define HOW_FORCE  BIT(1)
#define HOW_NAT    BIT(2) /* Bare, unless it is also: */
#define HOW_SRC    BIT(3)
#define HOW_DST    BIT(4)
#define HOW_PORTS  BIT(5) /* A range of them, random if not committed by force. */
#define HOW_ZONE   BIT(6)
#define HOW_ALG    BIT(7)

static const uint8_t protos[] = {6, 17, 1, 132, 136, 33, 47};
static const uint16_t ports[] = {21, 69, 1024, 65535};
static struct ct *ct;
static int64_t now;
static uint8_t last[600]; /* From the IP header on. */
static uint32_t last_len;

static void expect(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static uint8_t proto_of(const uint8_t *s)
{
    uint8_t p = protos[(s[0] & 15) < sizeof protos ? s[0] & 15 : s[3] % sizeof protos];
    return p == 1 && (s[0] & 15) == WHAT_IP6 ? 58 : p;
}

/* Header and payload of the transport; its length. */
static uint32_t transport(const uint8_t *s, const uint8_t *payload, uint8_t *l4)
{
    uint32_t size = 8;
    uint8_t proto = proto_of(s);
    put_be16(l4, ports[s[1] >> 2 & 3]);
    put_be16(l4 + 2, ports[s[1] >> 6]);
    switch (proto) {
    case 6:
        put_be32(l4 + 4, 1000u + (uint32_t)(s[4] & 15) * ((s[4] & 8) ? 0x10000000 : 10));
        put_be32(l4 + 8, s[3] & 16 ? 1000u + (uint32_t)(s[4] >> 4) * 10 : 0);
        l4[12] = 5 << 4;
        l4[13] = s[3];
        put_be16(l4 + 14, 60000);
        size = 20;
        break;
    case 17:
        put_be16(l4 + 4, (uint16_t)(8 + s[5]));
        break;
    case 1:
    case 58:
        l4[0] = s[3];
        l4[1] = 0;
        put_be16(l4 + 4, s[1] >> 2 & 3);
        break;
    case 132:
        put_be32(l4 + 4, s[4] >> 4);
        l4[12] = s[3] & 15;
        l4[13] = s[3] >> 7;
        put_be16(l4 + 14, s[5] + 4u);
        size = 16;
        break;
    default:
        break;
    }
    memcpy(l4 + size, payload, s[5]);
    return size + s[5];
}

static void address(uint8_t *at, bool ip6, unsigned host)
{
    at[0] = ip6 ? 0xfc : 10;
    at[ip6 ? 15 : 3] = (uint8_t)(1 + host);
}

/* An IP header ahead of 'n' bytes at 'ip' + its length; the length of all. */
static uint32_t finish(uint8_t *ip, bool ip6, uint8_t proto, const uint8_t *s, uint32_t n)
{
    ip[0] = ip6 ? 0x60 : 0x45;
    ip[ip6 ? 6 : 9] = proto;
    ip[ip6 ? 7 : 8] = 64;
    address(ip + (ip6 ? 8 : 12), ip6, s[1] & 3);
    address(ip + (ip6 ? 24 : 16), ip6, s[1] >> 4 & 3);
    put_be16(ip + (ip6 ? 4 : 2), (uint16_t)(ip6 ? n : 20 + n));
    if ((s[0] & 15) == WHAT_FRAG) { /* Four datagrams, offsets of 8 to 120 bytes. */
        put_be16(ip + 4, s[3] >> 6);
        put_be16(ip + 6, (uint16_t)((s[3] & 32) << 8 | (s[3] & 15)));
    }
    return n + (ip6 ? 40 : 20);
}

/* The IP packet of a record at 'ip'. */
static uint32_t compose(const uint8_t *s, const uint8_t *payload, uint8_t *ip)
{
    enum what what = s[0] & 15;
    if (what == WHAT_RAW) {
        memcpy(ip, payload, s[5]);
        return s[5];
    }
    if (what == WHAT_AGAIN) {
        memcpy(ip, last, last_len);
        return last_len;
    }
    if (what == WHAT_ERROR && last_len) {
        bool ip6 = last[0] >> 4 == 6;
        uint8_t *l4 = ip + (ip6 ? 40 : 20);
        uint32_t n = last_len < 8u + s[5] ? last_len : 8u + s[5];
        l4[0] = s[3] & 15;
        memcpy(l4 + 8, last, n);
        return finish(ip, ip6, ip6 ? 58 : 1, s, 8 + n);
    }
    if (what == WHAT_FRAG) {
        memcpy(ip + 20, payload, s[5]);
        return finish(ip, false, protos[s[3] >> 4 & 1], s, s[5]);
    }
    bool ip6 = what == WHAT_IP6;
    return finish(ip, ip6, proto_of(s), s, transport(s, payload, ip + (ip6 ? 40 : 20)));
}

static struct packet *make(const uint8_t *s, const uint8_t *payload)
{
    uint8_t frame[14 + sizeof last] = {[0] = 2, [6] = 2};
    uint32_t n = compose(s, payload, frame + 14);
    put_be16(frame + 12, n && frame[14] >> 4 == 6 ? 0x86dd : 0x0800);
    if (n >= 20 && frame[14] == 0x45) {
        put_be16(frame + 24, 0);
        be16 sum = csum(frame + 14, 20);
        memcpy(frame + 24, &sum, 2);
    }
    struct packet *p = packet_new_data(frame, 14 + n);
    struct key key;
    parse_key(p, &key);
    struct ip_info ip;
    if (!(s[0] & 16) && ip_packet(p, &ip) && !ip.frag) {
        csum_l4_set(p);
    }
    p->csum = CSUM_UNKNOWN;
    return p;
}

static void check_state(const struct packet *p)
{
    uint8_t state = p->ct.state;
    expect(state & CS_TRK, "not tracked");
    expect(!(state & CS_INV) || state == (CS_TRK | CS_INV), "invalid, and something else");
    expect(!(state & CS_INV) || p->ct.inv_reason, "invalid without a reason");
    expect((state & (CS_NEW | CS_EST)) != (CS_NEW | CS_EST), "new and established");
    expect(!(state & CS_NEW && state & CS_RPL), "new, and a reply");
    expect(state & (CS_INV | CS_NEW | CS_EST | CS_REL), "no state");
}

static void check_frame(struct packet *p, bool was_ok, uint32_t was_len)
{
    struct ip_info ip;
    p->csum = CSUM_UNKNOWN;
    expect(p->len <= was_len + 64, "longer than a helper makes it");
    expect(!was_ok || (ip_packet(p, &ip) && csum_l4_ok(p) && (ip.version == 6 || csum_ip4_ok(p))),
           "what came out is damaged");
}

static void set_args(const uint8_t *s, bool ip6, struct ct_args *args, struct ct_nat *nat)
{
    uint8_t how = s[2];
    *args = (struct ct_args){.zone = how & HOW_ZONE ? 65535 : 0,
                             .commit = how & HOW_COMMIT,
                             .force = how & HOW_COMMIT && how & HOW_FORCE,
                             .mark = s[4],
                             .mark_mask = s[4] & 1 ? UINT32_MAX : 0};
    args->label[s[4] & 15] = args->label_mask[s[4] & 15] = s[4] & 2 ? 0xff : 0;
    args->alg = how & HOW_ALG ? proto_of(s) == 6 ? 21 : 69 : 0;
    *nat = (struct ct_nat){.is_ip6 = ip6};
    if (how & (HOW_SRC | HOW_DST)) {
        nat->flags = how & HOW_SRC ? CT_NAT_SRC : CT_NAT_DST;
        nat->has_addr = !(how & HOW_PORTS) || how & HOW_DST;
        address(nat->addr_min, ip6, 2);
        address(nat->addr_max, ip6, 3);
    }
    if (nat->has_addr && how & HOW_PORTS) {
        nat->flags |= args->force ? CT_NAT_PERSISTENT : CT_NAT_RANDOM;
        nat->port_min = 1024;
        nat->port_max = 1026;
    }
    args->nat = how & (HOW_NAT | HOW_SRC | HOW_DST) ? nat : NULL;
}

static void track(const uint8_t *s, const uint8_t *payload)
{
    struct packet *p = make(s, payload);
    struct ip_info ip;
    struct ct_args args;
    struct ct_nat nat;
    last_len = p->len - 14 < sizeof last ? p->len - 14 : 0;
    memcpy(last, p->data + 14, last_len);
    set_args(s, p->data[14] >> 4 == 6, &args, &nat);
    p = ct_frag_take(ct, p, args.zone, now);
    if (!p) {
        return;
    }
    bool ok = ip_packet(p, &ip) && csum_l4_ok(p) && (ip.version == 6 || csum_ip4_ok(p));
    uint32_t len = p->len;
    bool goes_on = ct_execute(ct, p, &args, now) == CT_GOES_ON;
    if (goes_on) {
        check_state(p);
        args.commit |= (s[3] & 1) != 0; /* Once more, as pipelines do. */
        goes_on = ct_execute(ct, p, &args, now) == CT_GOES_ON;
    }
    if (goes_on) {
        check_state(p);
        check_frame(p, ok && !(p->ct.state & CS_INV), len);
    }
    packet_free(p);
}

static uint32_t dumped(void)
{
    struct ct_info infos[8];
    struct text t = TEXT_INIT;
    uint32_t pos = 0, sum = 0;
    for (unsigned n; (n = ct_dump(ct, &(struct ct_filter){0}, &pos, infos, 8, now)) > 0;) {
        for (unsigned i = 0; i < n; i++) {
            ct_info_format(&infos[i], true, true, now, 0, &t);
            ct_info_json(&infos[i], now, 0, &t);
        }
        sum += n;
    }
    text_deinit(&t);
    return sum;
}

static void sweep(void)
{
    for (int i = 0; i < 2; i++) { /* The first ends where the last one's round does. */
        ct_sweep(ct, now, 10000);
    }
}

static void step(const uint8_t *s, const uint8_t *payload)
{
    static const int64_t times[] = {0, 1, 1000, 3000, 16000, 31000, 100000, 400000};
    struct ct_filter f = {.has_zone = true, .zone = s[2] & HOW_ZONE ? 65535 : 0};
    now += times[s[0] >> 5];
    switch ((enum what)(s[0] & 15)) {
    case WHAT_FLUSH:
        f.mark = s[4];
        f.mark_mask = s[3] & 1 ? 0xff : 0;
        f.orig.has = s[3] & 2 ? CT_TF_SRC : 0;
        address(f.orig.tuple.src, false, s[1] & 3);
        ct_flush(ct, &f, now);
        break;
    case WHAT_SWEEP:
        sweep();
        expect(dumped() == ct_count(ct), "the dump has not all, or more");
        break;
    case WHAT_LIMIT:
        ct_zone_set_limit(ct, f.zone, s[3] & 7);
        break;
    case WHAT_LIBERAL:
        ct_zone_set_liberal(ct, f.zone, s[3] & 1);
        break;
    default:
        track(s, payload);
    }
    expect(ct_count(ct) <= MAX_CONNS, "more than the limit");
}

/* A table for many inputs, since the making of one takes longer than they do; empty for each. */
static void begin(void)
{
    static unsigned n;
    if (!n) {
        rcu_register_thread();
    }
    if (n++ % 256 == 0) {
        ct_free(ct);
        ct = ct_new(&(struct ct_config){.max_conns = MAX_CONNS, .hash_seed = 1});
        now = 1000;
    }
    last_len = 0;
}

static void end(void)
{
    sweep(); /* What has expired is neither dumped nor flushed. */
    ct_flush(ct, &(struct ct_filter){0}, now);
    expect(!ct_count(ct) && !dumped(), "something is left after all were flushed");
    for (int zone = 0; zone < 65536; zone += 65535) {
        ct_zone_del_limit(ct, zone);
        ct_zone_set_liberal(ct, (uint16_t)zone, false);
    }
    now += 1000000; /* Fragments and what is expected have gone by then. */
    sweep();
    rcu_quiescent_state();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    for (size_t at = 0; at + STEP <= size;) {
        uint8_t s[STEP];
        memcpy(s, data + at, STEP);
        at += STEP;
        s[5] = (uint8_t)(s[5] < size - at ? s[5] : size - at);
        step(s, data + at);
        at += s[5];
        rcu_quiescent_state();
    }
    end();
    return 0;
}
