/* fuzz-alg.c - libFuzzer target: what both ends of an FTP control connection say to the helper.
 *
 * The first byte: bit 0 IPv6, bit 1 translated.  Then segments: a byte of which bit 7 says from the
 * server, bit 6 that the stream does not go on (it comes again, or something else in its place),
 * the rest the length; and the payload. */
#include <string.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/fuzz/fuzz.h"

static struct ct *ct;
static bool ip6, translated;
static uint32_t seq[2];

static struct packet *segment(bool server, uint8_t flags, const uint8_t *data, size_t n)
{
    uint8_t frame[14 + 40 + 20 + 64] = {[0] = 2, [6] = 2};
    uint8_t *l3 = frame + 14, *l4 = l3 + (ip6 ? 40 : 20);
    size_t end = ip6 ? 23 : 15, size = ip6 ? 16 : 4;
    put_be16(frame + 12, ip6 ? 0x86dd : 0x0800);
    l3[0] = ip6 ? 0x60 : 0x45;
    put_be16(l3 + (ip6 ? 4 : 2), (uint16_t)((ip6 ? 20 : 40) + n));
    l3[ip6 ? 6 : 9] = 6;
    l3[ip6 ? 8 : 12] = l3[ip6 ? 24 : 16] = ip6 ? 0xfc : 10;
    l3[end] = server ? 2 : 1;
    l3[end + size] = server ? (translated ? 50 : 1) : 2;
    if (!ip6) {
        be16 sum = csum(l3, 20);
        memcpy(l3 + 10, &sum, 2);
    }
    put_be16(l4, server ? 21 : 1000);
    put_be16(l4 + 2, server ? 1000 : 21);
    put_be32(l4 + 4, seq[server]);
    put_be32(l4 + 8, flags & 0x10 ? seq[!server] : 0);
    l4[12] = 5 << 4;
    l4[13] = flags;
    put_be16(l4 + 14, 60000);
    if (n) {
        memcpy(l4 + 20, data, n);
    }
    struct packet *p = packet_new_data(frame, (uint32_t)(l4 + 20 + n - frame));
    struct key key;
    parse_key(p, &key);
    csum_l4_set(p);
    p->csum = CSUM_UNKNOWN;
    return p;
}

static void send_segment(bool server, uint8_t flags, const uint8_t *data, size_t n,
                         const struct ct_args *args)
{
    struct packet *p = segment(server, flags, data, n);
    if (ct_execute(ct, p, args, 1000) == CT_GOES_ON) {
        struct ip_info ip;
        p->csum = CSUM_UNKNOWN;
        if (!ip_packet(p, &ip) || !csum_l4_ok(p) || (!ip6 && !csum_ip4_ok(p))) {
            fuzz_expect((char[]){"what came out is damaged"});
        }
    }
    packet_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ct_nat nat = {0}, snat = {.flags = CT_NAT_SRC, .has_addr = true};
    if (!size) {
        return 0;
    }
    ip6 = data[0] & 1;
    translated = data[0] & 2;
    snat.is_ip6 = ip6;
    snat.addr_min[0] = ip6 ? 0xfc : 10;
    snat.addr_min[ip6 ? 15 : 3] = translated ? 50 : 1;
    memcpy(snat.addr_max, snat.addr_min, 16);
    seq[0] = 100;
    seq[1] = 900;
    ct = ct_new(&(struct ct_config){.max_conns = 10, .hash_seed = 1, .tcp_liberal = true});
    send_segment(false, 0x02, NULL, 0, &(struct ct_args){.commit = true, .alg = 21, .nat = &snat});
    seq[0]++;
    send_segment(true, 0x12, NULL, 0, &(struct ct_args){.nat = &nat});
    seq[1]++;
    for (size_t at = 1; at < size;) {
        bool server = data[at] & 0x80, stays = data[at] & 0x40;
        size_t n = data[at++] & 0x3f;
        n = n < size - at ? n : size - at;
        send_segment(server, 0x18, data + at, n, &(struct ct_args){.nat = &nat});
        seq[server] += stays ? 0 : (uint32_t)n;
        at += n;
    }
    ct_free(ct);
    return 0;
}
