/* table_stats.c - see table_stats.h.  OpenFlow 1.0 section 5.3.4, 1.1 section A.3.5.3, 1.2 section
 * A.3.5.3, 1.3.5 section 7.3.5.4. */
#include "ofp/table_stats.h"

#define NAME_LEN   32
#define CONFIG_MSK 3 /* 1.1, 1.2: enum table_miss, less one. */

/* The bits that 1.0 and 1.1 have for fields. */
static const struct {
    uint8_t field;
    uint32_t bits10, bit11;
} field_bits[] = {
    {MF_IN_PORT, BIT(0), BIT(0)},    {MF_VLAN_VID, BIT(1), BIT(1)},
    {MF_ETH_SRC, BIT(2), BIT(11)},   {MF_ETH_DST, BIT(3), BIT(12)},
    {MF_ETH_TYPE, BIT(4), BIT(3)},   {MF_NW_PROTO, BIT(5), BIT(5)},
    {MF_TCP_SRC, BIT(6), BIT(6)},    {MF_TCP_DST, BIT(7), BIT(7)},
    {MF_IP_SRC, 0x3f << 8, BIT(13)}, {MF_IP_DST, 0x3f << 14, BIT(14)},
    {MF_VLAN_PCP, BIT(20), BIT(2)},  {MF_NW_TOS, BIT(21), BIT(4)},
    {MF_MPLS_LABEL, 0, BIT(8)},      {MF_MPLS_TC, 0, BIT(9)},
    {MF_METADATA, 0, BIT(15)},
};

static void read_bits(uint32_t bits, uint8_t version, struct field_set *set)
{
    for (size_t i = 0; i < ARRAY_SIZE(field_bits); i++) {
        uint32_t mine = version == OFP10_VERSION ? field_bits[i].bits10 : field_bits[i].bit11;
        if (bits & mine) {
            field_set_add(set, field_bits[i].field);
        }
    }
}

static uint32_t write_bits(const struct field_set *set, uint8_t version)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < ARRAY_SIZE(field_bits); i++) {
        if (field_set_has(set, field_bits[i].field)) {
            bits |= version == OFP10_VERSION ? field_bits[i].bits10 : field_bits[i].bit11;
        }
    }
    return bits;
}

/* 1.2: bit n = field n of OXM's basic class, as far as it had it. */
static int oxm_bit(const struct field *f)
{
    const struct field_codepoint *cp = field_codepoint(f, OFP12_VERSION);

    return cp && cp->header >> 16 == 0x8000 && cp->min_version <= OFP12_VERSION
               ? (int)(cp->header >> 9 & 0x7f)
               : -1;
}

static void read_oxm_bits(struct wire_rd *r, struct field_set *set)
{
    uint64_t bits = wire_rd_u64(r);

    for (int i = 0; i < MF_N_IDS; i++) {
        int bit = oxm_bit(&fields[i]);
        if (fields[i].size && bit >= 0 && bit < 64 && bits & BIT64(bit)) {
            field_set_add(set, i);
        }
    }
}

static void write_oxm_bits(const struct field_set *set, struct wire_wr *w)
{
    uint64_t bits = 0;

    for (int i = 0; i < MF_N_IDS; i++) {
        int bit = oxm_bit(&fields[i]);
        if (bit >= 0 && bit < 64 && field_set_has(set, i)) {
            bits |= BIT64(bit);
        }
    }
    wire_wr_u64(w, bits);
}

static enum table_miss read_miss(struct wire_rd *r)
{
    uint32_t config = wire_rd_u32(r) & CONFIG_MSK;

    return config == CONFIG_MSK ? TABLE_MISS_CONTROLLER : (enum table_miss)(config + 1);
}

static uint32_t miss_bits(enum table_miss miss)
{
    return miss == TABLE_MISS_DEFAULT ? 0 : (uint32_t)miss - 1;
}

/* ---- decode ---- */

static void decode_11(struct wire_rd *r, struct table_features *f)
{
    read_bits(wire_rd_u32(r), OFP11_VERSION, &f->wildcard);
    read_bits(wire_rd_u32(r), OFP11_VERSION, &f->match);
    f->hit.instructions = wire_rd_u32(r);
    f->hit.write.actions = wire_rd_u32(r);
    f->hit.apply.actions = wire_rd_u32(r);
    f->miss_config = read_miss(r);
}

static void decode_12(struct wire_rd *r, struct table_features *f)
{
    read_oxm_bits(r, &f->match);
    read_oxm_bits(r, &f->wildcard);
    f->hit.write.actions = wire_rd_u32(r);
    f->hit.apply.actions = wire_rd_u32(r);
    read_oxm_bits(r, &f->hit.write.set_field);
    read_oxm_bits(r, &f->hit.apply.set_field);
    f->metadata_match = wire_rd_u64(r);
    f->metadata_write = wire_rd_u64(r);
    f->hit.instructions = wire_rd_u32(r);
    f->miss_config = read_miss(r);
}

enum ofp_error table_stats_decode(struct wire_rd *r, uint8_t version, struct table_stats *t,
                                  struct table_features *f, bool *end)
{
    *t = (struct table_stats){0};
    memset(f, 0, sizeof *f);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    t->table_id = f->table_id = wire_rd_u8(r);
    wire_rd_skip(r, version == OFP11_VERSION || version == OFP12_VERSION ? 7 : 3);
    if (version < OFP13_VERSION) {
        wire_rd_copy(r, f->name, NAME_LEN);
        f->name[NAME_LEN - 1] = '\0';
        if (version == OFP10_VERSION) {
            read_bits(wire_rd_u32(r), version, &f->wildcard);
            f->match = f->wildcard;
        } else if (version == OFP11_VERSION) {
            decode_11(r, f);
        } else {
            decode_12(r, f);
        }
        f->miss = f->hit;
        f->max_entries = wire_rd_u32(r);
    }
    t->active = wire_rd_u32(r);
    t->lookup = wire_rd_u64(r);
    t->matched = wire_rd_u64(r);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

/* ---- encode ---- */

static void encode_11(const struct table_features *f, struct wire_wr *w)
{
    wire_wr_u32(w, write_bits(&f->wildcard, OFP11_VERSION));
    wire_wr_u32(w, write_bits(&f->match, OFP11_VERSION));
    wire_wr_u32(w, f->hit.instructions);
    wire_wr_u32(w, f->hit.write.actions);
    wire_wr_u32(w, f->hit.apply.actions);
    wire_wr_u32(w, miss_bits(f->miss_config));
}

static void encode_12(const struct table_features *f, struct wire_wr *w)
{
    write_oxm_bits(&f->match, w);
    write_oxm_bits(&f->wildcard, w);
    wire_wr_u32(w, f->hit.write.actions);
    wire_wr_u32(w, f->hit.apply.actions);
    write_oxm_bits(&f->hit.write.set_field, w);
    write_oxm_bits(&f->hit.apply.set_field, w);
    wire_wr_u64(w, f->metadata_match);
    wire_wr_u64(w, f->metadata_write);
    wire_wr_u32(w, f->hit.instructions);
    wire_wr_u32(w, miss_bits(f->miss_config));
}

void table_stats_encode(const struct table_stats *t, const struct table_features *f,
                        uint8_t version, struct wire_wr *w)
{
    static const struct table_features nothing;

    f = f ? f : &nothing;
    wire_wr_u8(w, t->table_id);
    wire_wr_zeros(w, version == OFP11_VERSION || version == OFP12_VERSION ? 7 : 3);
    if (version < OFP13_VERSION) {
        char name[NAME_LEN] = "";
        memcpy(name, f->name, strnlen(f->name, sizeof name - 1));
        wire_wr_bytes(w, name, sizeof name);
        if (version == OFP10_VERSION) {
            wire_wr_u32(w, write_bits(&f->wildcard, version));
        } else if (version == OFP11_VERSION) {
            encode_11(f, w);
        } else {
            encode_12(f, w);
        }
        wire_wr_u32(w, f->max_entries);
    }
    wire_wr_u32(w, t->active);
    wire_wr_u64(w, t->lookup);
    wire_wr_u64(w, t->matched);
}
