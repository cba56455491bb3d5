/* match.c - see match.h: matches as lists of TLVs.
 *
 * OpenFlow 1.3.5 section 7.2.3; the order on output is the one Open vSwitch has, which puts every
 * prerequisite before what needs it.  Text is in match_text.c. */
#include "ofp/match-private.h"

#include "lib/packet/field_map.h"
#include "ofp/msg.h"

#define MATCH11_LEN         88
#define NXM_NX_COOKIE       0x00013c08u
#define NXM_NX_COOKIE_W     0x00013d10u
#define PACKET_TYPE_DEFAULT 0

/* Takes a cookie if one is next: it has the class and field of mpls_ttl, but another length. */
static bool take_cookie(struct wire_rd *r, be64 *cookie, be64 *cookie_mask)
{
    struct wire_rd peek = *r;
    uint32_t header = wire_rd_u32(&peek);

    if (header != NXM_NX_COOKIE && header != NXM_NX_COOKIE_W) {
        return false;
    }
    wire_rd_copy(&peek, cookie, sizeof *cookie);
    *cookie_mask = UINT64_MAX;
    if (header == NXM_NX_COOKIE_W) {
        wire_rd_copy(&peek, cookie_mask, sizeof *cookie_mask);
    }
    *r = peek;
    return true;
}

static enum ofp_error decode_one(struct wire_rd *r, const struct msg_header *h, bool strict,
                                 struct match *m)
{
    const struct field *f;
    struct field_value value, mask;
    bool has_mask;
    enum ofp_error error = tlv_decode(r, h, &f, &value, &mask, &has_mask);

    if (error == OFPERR_OFPBMC_BAD_LEN && f && !field_is_mapped(f) && !r->err) {
        error = OFPERR_OFPBMC_BAD_FIELD; /* A length this field does not have. */
    }
    if (error) {
        return error == OFPERR_OFPBMC_BAD_FIELD && !strict && !r->err ? OFPERR_OK : error;
    }
    if (strict && !field_prereq_ok(f, m)) {
        return OFPERR_OFPBMC_BAD_PREREQ;
    }
    if (!field_is_wild(f, &m->mask)) {
        return OFPERR_OFPBMC_DUP_FIELD;
    }
    if (field_is_tun(f)) {
        return tlv_tun_put(h, f, &value, has_mask ? &mask : NULL, m);
    }
    field_set_match(f, &value, &mask, m);
    return OFPERR_OK;
}

enum ofp_error match_decode_tlvs(struct wire_rd *r, size_t len, const struct msg_header *h,
                                 bool strict, struct match *m, be64 *cookie, be64 *cookie_mask)
{
    struct wire_rd list = wire_rd_sub(r, len);

    match_init(m);
    if (cookie) {
        *cookie = *cookie_mask = 0;
    }
    if (list.err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    while (wire_rd_left(&list)) {
        if (cookie && take_cookie(&list, cookie, cookie_mask)) {
            if (list.err) {
                return OFPERR_OFPBMC_BAD_LEN;
            }
            if (*cookie & ~*cookie_mask) {
                return OFPERR_OFPBMC_BAD_WILDCARDS;
            }
            continue;
        }
        enum ofp_error error = decode_one(&list, h, strict, m);
        if (error) {
            return error;
        }
    }
    return OFPERR_OK;
}

enum ofp_error match_decode(struct wire_rd *r, const struct msg_header *h, struct match *m)
{
    if (h->version == OFP10_VERSION) {
        return match10_decode(r, m);
    }
    size_t start = wire_rd_ofs(r);
    uint16_t type = wire_rd_u16(r), len = wire_rd_u16(r);

    if (r->err || type != OFPMT_OXM || len < 4) {
        match_init(m); /* Else match_decode_tlvs() does it: it is long. */
    }
    if (r->err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (type == OFPMT_STANDARD && h->version == OFP11_VERSION) {
        return len == MATCH11_LEN ? match11_decode(r, m) : OFPERR_OFPBMC_BAD_LEN;
    }
    if (type != OFPMT_OXM) {
        return OFPERR_OFPBMC_BAD_TYPE;
    }
    if (len < 4) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    enum ofp_error error = match_decode_tlvs(r, len - 4u, h, true, m, NULL, NULL);
    if (error) {
        return error;
    }
    wire_rd_skip(r, ROUND_UP(len, 8u) - (wire_rd_ofs(r) - start));
    return r->err ? OFPERR_OFPBMC_BAD_LEN : OFPERR_OK;
}

enum ofp_error match_check_tuple(const struct match *m)
{
    static const struct {
        enum field_id id, like; /* The field and one with the prerequisite. */
    } pairs[] = {
        {MF_CT_NW_SRC, MF_IP_SRC},
        {MF_CT_NW_DST, MF_IP_DST},
        {MF_CT_IPV6_SRC, MF_IPV6_SRC},
        {MF_CT_IPV6_DST, MF_IPV6_DST},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (!field_is_wild(&fields[pairs[i].id], &m->mask) &&
            !field_prereq_ok(&fields[pairs[i].like], m)) {
            return OFPERR_OFPBAC_MATCH_INCONSISTENT;
        }
    }
    return OFPERR_OK;
}

/* Output order.  Where two rows share storage, prerequisites or the version decide which is sent.
 */
enum when { ALWAYS, NXM_ONLY, OXM_ONLY, TUN, REGS32, REGS64 }; /* From TUN on: many fields. */
struct place {
    enum field_id id;
    enum when when;
};

static const struct place order[] = {
    {MF_DP_HASH, ALWAYS},         {MF_RECIRC_ID, ALWAYS},      {MF_CONJ_ID, ALWAYS},
    {MF_IN_PORT, NXM_ONLY},       {MF_IN_PORT_OXM, OXM_ONLY},  {MF_IN_PHY_PORT, ALWAYS},
    {MF_ACTSET_OUTPUT, ALWAYS},   {MF_ETH_SRC, ALWAYS},        {MF_ETH_DST, ALWAYS},
    {MF_ETH_TYPE, ALWAYS},        {MF_VLAN_TCI, NXM_ONLY},     {MF_VLAN_VID, OXM_ONLY},
    {MF_VLAN_PCP, OXM_ONLY},      {MF_PBB_ISID, ALWAYS},       {MF_PBB_UCA, ALWAYS},
    {MF_MPLS_TC, ALWAYS},         {MF_MPLS_BOS, ALWAYS},       {MF_MPLS_TTL, ALWAYS},
    {MF_MPLS_LABEL, ALWAYS},      {MF_IP_SRC, ALWAYS},         {MF_IP_DST, ALWAYS},
    {MF_IPV6_SRC, ALWAYS},        {MF_IPV6_DST, ALWAYS},       {MF_IP_FRAG, ALWAYS},
    {MF_NW_TOS, NXM_ONLY},        {MF_IP_DSCP, OXM_ONLY},      {MF_NW_ECN, ALWAYS},
    {MF_NW_TTL, ALWAYS},          {MF_IPV6_LABEL, ALWAYS},     {MF_IPV6_EXTHDR, ALWAYS},
    {MF_NW_PROTO, ALWAYS},        {MF_TCP_SRC, ALWAYS},        {MF_TCP_DST, ALWAYS},
    {MF_TCP_FLAGS, ALWAYS},       {MF_UDP_SRC, ALWAYS},        {MF_UDP_DST, ALWAYS},
    {MF_SCTP_SRC, ALWAYS},        {MF_SCTP_DST, ALWAYS},       {MF_ICMP_TYPE, ALWAYS},
    {MF_ICMP_CODE, ALWAYS},       {MF_ICMPV6_TYPE, ALWAYS},    {MF_ICMPV6_CODE, ALWAYS},
    {MF_ND_RESERVED, ALWAYS},     {MF_ND_TARGET, ALWAYS},      {MF_ND_OPTIONS_TYPE, ALWAYS},
    {MF_ND_SLL, ALWAYS},          {MF_ND_TLL, ALWAYS},         {MF_ARP_OP, ALWAYS},
    {MF_ARP_SPA, ALWAYS},         {MF_ARP_TPA, ALWAYS},        {MF_ARP_SHA, ALWAYS},
    {MF_ARP_THA, ALWAYS},         {MF_TUN_ID, ALWAYS},         {MF_TUN_FLAGS, ALWAYS},
    {MF_TUN_SRC, ALWAYS},         {MF_TUN_DST, ALWAYS},        {MF_TUN_IPV6_SRC, ALWAYS},
    {MF_TUN_IPV6_DST, ALWAYS},    {MF_TUN_GBP_ID, ALWAYS},     {MF_TUN_GBP_FLAGS, ALWAYS},
    {MF_TUN_METADATA0, TUN}, /* And all that follow it. */
    {MF_TUN_ERSPAN_IDX, ALWAYS},  {MF_TUN_ERSPAN_VER, ALWAYS}, {MF_TUN_ERSPAN_DIR, ALWAYS},
    {MF_TUN_ERSPAN_HWID, ALWAYS}, {MF_TUN_GTPU_FLAGS, ALWAYS}, {MF_TUN_GTPU_MSGTYPE, ALWAYS},
    {MF_NSH_FLAGS, ALWAYS},       {MF_NSH_TTL, ALWAYS},        {MF_NSH_MDTYPE, ALWAYS},
    {MF_NSH_NP, ALWAYS},          {MF_NSH_SPI, ALWAYS},        {MF_NSH_SI, ALWAYS},
    {MF_NSH_C1, ALWAYS},          {MF_NSH_C2, ALWAYS},         {MF_NSH_C3, ALWAYS},
    {MF_NSH_C4, ALWAYS},          {MF_REG0, REGS32}, /* And all that follow it. */
    {MF_XREG0, REGS64},           {MF_PKT_MARK, ALWAYS},       {MF_CT_STATE, ALWAYS},
    {MF_CT_ZONE, ALWAYS},         {MF_CT_MARK, ALWAYS},        {MF_CT_LABEL, ALWAYS},
    {MF_CT_NW_SRC, ALWAYS},       {MF_CT_IPV6_SRC, ALWAYS},    {MF_CT_NW_DST, ALWAYS},
    {MF_CT_IPV6_DST, ALWAYS},     {MF_CT_NW_PROTO, ALWAYS},    {MF_CT_TP_SRC, ALWAYS},
    {MF_CT_TP_DST, ALWAYS},       {MF_METADATA, ALWAYS},
};

/* Fields of other protocols that live in the same place must not be sent.  Those of the connection
 * tuple and of NSH have a place of their own; what the match lacks is for the receiver to refuse.
 */
static bool applies(const struct field *f, const struct match *m)
{
    return f->prereq == PREREQ_CT || f->prereq == PREREQ_NSH || field_prereq_ok(f, m);
}

/* What is being encoded. */
struct encoding {
    const struct match *m;
    struct field_map map; /* What is matched. */
    bool of_packet;       /* It is a packet's metadata. */
    uint8_t version;
    struct wire_wr *w;
};

static void put_field(const struct encoding *e, enum field_id id)
{
    const struct field *f = &fields[id];
    const struct match *m = e->m;
    struct field_value value, mask;

    if (!field_map_has(&e->map, id) || !applies(f, m)) {
        return;
    }
    field_get(f, &m->flow, &value);
    field_get(f, &m->mask, &mask);
    /* Bits that nobody knows are not promised to be zero; but switches send the state of a packet
     * whole. */
    bool open = (f->format == FMT_CT_STATE && !e->of_packet) || f->format == FMT_TUN_FLAGS;
    bool exact = field_is_exact(f, &m->mask) && !open;
    /* Unmaskable fields are matched whole or not at all: masked pieces can only come from
     * vlan_tci, whose priority bits OXM cannot mask. */
    tlv_encode(f, &value, exact || f->maskable == MASK_NONE ? NULL : &mask, e->version, e->w);
}

bool match_implies_ethernet(const struct match *m)
{
    const struct key *mask = &m->mask.key;

    return mask->eth_type || mask->vlan[0].tci || mask->vlan[1].tci ||
           !is_all_zeros(mask->eth_src, sizeof mask->eth_src) ||
           !is_all_zeros(mask->eth_dst, sizeof mask->eth_dst);
}

/* A range of a family of registers, as long as the family's rows are adjacent. */
static void put_regs(const struct encoding *e, enum field_id first, enum field_id last)
{
    for (enum field_id id = field_map_next(&e->map, first); id <= last;
         id = field_map_next(&e->map, id + 1u)) {
        put_field(e, id);
    }
}

static void put_place(const struct encoding *e, const struct place *place)
{
    const struct match *m = e->m;
    bool oxm = e->version >= OFP12_VERSION, regs64 = e->version >= OFP15_VERSION;

    switch (place->when) {
    case ALWAYS:
        put_field(e, place->id);
        break;
    case NXM_ONLY:
        if (!oxm) {
            put_field(e, place->id);
        }
        break;
    case OXM_ONLY:
        /* No tag: then its priority, which vlan_tci=0 names too, says nothing. */
        if (oxm && (place->id != MF_VLAN_PCP || m->flow.key.vlan[0].tci & htons(0x1fff))) {
            put_field(e, place->id);
        }
        break;
    case TUN:
        for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
            tlv_tun_encode(m, (unsigned)__builtin_ctzll(map), e->w);
        }
        break;
    case REGS32:
        if (!regs64) {
            put_regs(e, MF_REG0, MF_REG31);
        }
        break;
    case REGS64:
        if (regs64) {
            put_regs(e, MF_XREG0, MF_XREG15);
        }
        break;
    }
}

static size_t encode_tlvs(const struct match *m, bool of_packet, uint8_t version, struct wire_wr *w)
{
    struct encoding e = {.m = m, .of_packet = of_packet, .version = version, .w = w};
    size_t start = w->len;

    field_map_init(&e.map, &m->mask);
    if (m->flow.key.packet_type != PACKET_TYPE_DEFAULT || !match_implies_ethernet(m)) {
        put_field(&e, MF_PACKET_TYPE);
    }
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        if (order[i].when >= TUN || field_map_has(&e.map, order[i].id)) {
            put_place(&e, &order[i]);
        }
    }
    return w->len - start;
}

size_t match_encode_tlvs(const struct match *m, uint8_t version, struct wire_wr *w)
{
    return encode_tlvs(m, false, version, w);
}

size_t match_encode_metadata_tlvs(const struct match *m, uint8_t version, struct wire_wr *w)
{
    return encode_tlvs(m, true, version, w);
}

static void encode_oxm(const struct match *m, bool of_packet, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_u16(w, OFPMT_OXM);
    wire_wr_u16(w, 0);
    size_t len = 4 + encode_tlvs(m, of_packet, version, w);
    wire_wr_patch16(w, start + 2, (uint16_t)len);
    wire_wr_pad(w, start, 8);
}

void match_encode(const struct match *m, uint8_t version, struct wire_wr *w)
{
    if (version <= OFP11_VERSION) {
        (version == OFP10_VERSION ? match10_encode : match11_encode)(m, w);
    } else {
        encode_oxm(m, false, version, w);
    }
}

void match_encode_metadata(const struct match *m, uint8_t version, struct wire_wr *w)
{
    encode_oxm(m, true, version, w);
}
