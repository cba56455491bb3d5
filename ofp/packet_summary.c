/* packet_summary.c - the one line that PACKET_IN and PACKET_OUT prints show of a frame; see
 * packet_io.h.  The frame is only looked at: anything may be in it. */
#include "ofp/packet_io.h"

#include "lib/packet/parse.h"

#define NS_ETHERTYPE 1 /* packet_type's name space of EtherTypes. */

/* Where each protocol has its checksum behind the start of its header. */
static const struct {
    uint16_t eth_type; /* 0: either IP. */
    uint8_t ip_proto, ofs, len;
    const char *name;
} checksums[] = {
    {0, 6, 16, 2, "tcp"},      {0, 17, 6, 2, "udp"},        {0, 132, 8, 4, "sctp"},
    {0x0800, 1, 2, 2, "icmp"}, {0x86dd, 58, 2, 2, "icmp6"},
};

static void format_checksum(const struct packet *p, const struct key *key, struct text *s)
{
    if (p->l4_ofs == PACKET_NO_OFS || (!key_is_ip4(key) && !key_is_ip6(key)) ||
        key->ip_frag & KEY_FRAG_LATER) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(checksums); i++) {
        uint16_t eth_type = checksums[i].eth_type;
        if (key->ip_proto == checksums[i].ip_proto &&
            (!eth_type || key->eth_type == htons(eth_type)) &&
            p->len >= (uint32_t)p->l4_ofs + checksums[i].ofs + checksums[i].len) {
            const uint8_t *csum = p->data + p->l4_ofs + checksums[i].ofs;
            text_printf(s, " %s_csum:%" PRIx32, checksums[i].name,
                        checksums[i].len == 4 ? get_be32(csum) : get_be16(csum));
        }
    }
}

/* A frame that starts behind the Ethernet header is parsed behind an empty one: what type it is of,
 * packet_type says.  Tags need the header; of other name spaces nothing is known. */
static struct packet *with_ethernet(uint32_t packet_type, const void *frame, uint32_t len)
{
    uint8_t eth[14] = {0};
    uint16_t eth_type = (uint16_t)packet_type;
    struct text bytes = TEXT_INIT;

    bool known = packet_type >> 16 == NS_ETHERTYPE && eth_type >= 0x600 && eth_type != 0x8100 &&
                 eth_type != 0x88a8;
    put_be16(eth + 12, known ? eth_type : 0xffff);
    text_put(&bytes, (const char *)eth, sizeof eth);
    text_put(&bytes, frame, known ? len : 0);
    struct packet *p = packet_new_data(text_cstr(&bytes), (uint32_t)bytes.len);
    text_deinit(&bytes);
    return p;
}

void packet_summary(uint32_t packet_type, const void *frame, uint32_t len, struct text *s)
{
    struct packet *p =
        packet_type ? with_ethernet(packet_type, frame, len) : packet_new_data(frame, len);
    struct flow flow = {0};
    parse_key(p, &flow.key);
    flow.key.packet_type = htonl(packet_type);
    flow_format(&flow, NULL, s);
    format_checksum(p, &flow.key, s);
    packet_free(p);
}
