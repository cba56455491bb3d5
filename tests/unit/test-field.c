/* test-field.c - match fields: the rows against the reference's facts, values in and out of flows,
 * bit ranges, prerequisites, and matches compared as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/hash.h"
#include "lib/packet/field_map.h"

struct fact {
    const char *name, *alias;
    unsigned n_bytes, n_bits;
    enum field_maskable maskable;
    enum field_access access;
    enum field_prereq prereq;
    uint8_t first_version;
    struct field_codepoint cp[FIELD_MAX_CODEPOINTS];
};

static const struct fact facts[] = {
#include "tests/unit/field-facts.h"
};

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_SIZE(facts), MF_N_IDS);
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
        const struct fact *w = &facts[i];
        const struct field *f = field_by_name(w->name);
        assert_non_null(f);
        assert_string_equal(f->name, w->name);
        if (w->alias) {
            assert_ptr_equal(field_by_name(w->alias), f);
        }
        assert_int_equal(!w->alias, !f->alias);
        assert_int_equal(f->n_bytes, w->n_bytes);
        assert_int_equal(f->n_bits, w->n_bits);
        assert_int_equal(f->maskable, w->maskable);
        assert_int_equal(f->access, w->access);
        assert_int_equal(f->prereq, w->prereq);
        assert_int_equal(f->first_version, w->first_version);
        unsigned n = 0;
        while (n < FIELD_MAX_CODEPOINTS && w->cp[n].name) {
            const struct field_codepoint *cp = &w->cp[n++];
            assert_ptr_equal(field_by_name(cp->name), f);
            assert_ptr_equal(field_by_header(cp->header, cp->experimenter), f);
            const struct field *g;
            const struct field_codepoint *found =
                field_codepoint_by_header(cp->header ^ 1, cp->experimenter, &g);
            assert_ptr_equal(f, g);
            assert_string_equal(found->name, cp->name);
            assert_int_equal(found->header, cp->header);
            assert_int_equal(found->min_version, cp->min_version);
            assert_null(field_by_header(cp->header ^ 1, cp->experimenter));
        }
        assert_true(n == FIELD_MAX_CODEPOINTS || !f->cp[n].name);
    }
    assert_null(field_by_name("no_such_field"));
    assert_null(field_by_name(""));
    assert_null(field_by_header(0x80014444, 0));
}

static void test_codepoint_choice(void **state)
{
    (void)state;
    static const struct {
        enum field_id id;
        uint8_t version;
        const char *want;
    } cases[] = {
        {MF_TCP_FLAGS, 1, "NXM_NX_TCP_FLAGS"},     {MF_TCP_FLAGS, 3, "NXM_NX_TCP_FLAGS"},
        {MF_TCP_FLAGS, 4, "ONFOXM_ET_TCP_FLAGS"},  {MF_TCP_FLAGS, 6, "OXM_OF_TCP_FLAGS"},
        {MF_DP_HASH, 4, "NXM_NX_DP_HASH"},         {MF_IP_SRC, 1, "NXM_OF_IP_SRC"},
        {MF_IP_SRC, 4, "OXM_OF_IPV4_SRC"},         {MF_ACTSET_OUTPUT, 3, "ONFOXM_ET_ACTSET_OUTPUT"},
        {MF_PACKET_TYPE, 4, "OXM_OF_PACKET_TYPE"}, {MF_DL_VLAN, 4, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct field_codepoint *cp = field_codepoint(&fields[cases[i].id], cases[i].version);
        if (cases[i].want) {
            assert_string_equal(cp->name, cases[i].want);
        } else {
            assert_null(cp);
        }
    }
    assert_string_equal(field_code_name(&fields[MF_ETH_DST]), "NXM_OF_ETH_DST");
    assert_string_equal(field_code_name(&fields[MF_VLAN_VID]), "OXM_OF_VLAN_VID");
    assert_string_equal(field_code_name(&fields[MF_DL_VLAN]), "dl_vlan");
}

static uint64_t rnd(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static void random_value(const struct field *f, struct field_value *v)
{
    memset(v, 0, sizeof *v);
    for (unsigned i = 0; i < f->n_bytes; i++) {
        v->b[i] = (uint8_t)rnd();
    }
    if (f->size <= 8) {
        uint64_t keep = f->format == FMT_PORT ? 0x7fff : f->store >> f->shift;
        field_value_from_u64(f, field_value_to_u64(f, v) & keep, v);
    }
}

static void test_get_set(void **state)
{
    (void)state;
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        struct flow flow, mask;
        struct field_value v, w, ones;
        if (!f->size) {
            continue;
        }
        memset(&mask, 0, sizeof mask);
        assert_true(field_is_wild(f, &mask));
        assert_false(field_is_exact(f, &mask));
        field_mask_exact(f, &mask);
        assert_true(field_is_exact(f, &mask));
        assert_false(field_is_wild(f, &mask));
        for (int k = 0; k < 50; k++) {
            random_value(f, &v);
            memset(&flow, k & 1 ? 0xff : 0, sizeof flow);
            struct flow before = flow;
            field_set(f, &v, &flow);
            field_get(f, &flow, &w);
            assert_memory_equal(&v, &w, sizeof v);
            assert_true(field_value_ok(f, &v) || f->id == MF_NSH_MDTYPE);
            /* Nothing outside the exact mask changes. */
            for (size_t i = 0; i < sizeof flow; i++) {
                uint8_t diff =
                    (uint8_t)(((const uint8_t *)&flow)[i] ^ ((const uint8_t *)&before)[i]);
                assert_int_equal(diff & ~((const uint8_t *)&mask)[i], 0);
            }
            field_value_ones(f, &ones);
            memset(&w, 0, sizeof w);
            field_set_masked(f, &ones, &w, &flow);
            field_get(f, &flow, &w);
            assert_memory_equal(&v, &w, sizeof v);
        }
    }
}

static void test_value_limits(void **state)
{
    (void)state;
    static const struct {
        enum field_id id;
        uint64_t max;
    } cases[] = {
        {MF_IP_DSCP, 63},      {MF_NW_ECN, 3},           {MF_IP_FRAG, 3},
        {MF_ARP_OP, 255},      {MF_VLAN_VID, 0x1fff},    {MF_DL_VLAN, 0xfff},
        {MF_VLAN_PCP, 7},      {MF_IPV6_LABEL, 0xfffff}, {MF_MPLS_LABEL, 0xfffff},
        {MF_MPLS_TC, 7},       {MF_MPLS_BOS, 1},         {MF_TCP_FLAGS, 0xfff},
        {MF_TUN_FLAGS, 1},     {MF_CT_STATE, 0xff},      {MF_NSH_TTL, 63},
        {MF_NSH_MDTYPE, 2},    {MF_NSH_SPI, 0xffffff},   {MF_NW_TOS, 0xfc},
        {MF_REG5, UINT32_MAX}, {MF_IN_PORT_OXM, 0xfeff},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct field *f = &fields[cases[i].id];
        struct field_value v;
        field_value_from_u64(f, cases[i].max, &v);
        assert_true(field_value_ok(f, &v));
        if (cases[i].max != UINT32_MAX) {
            field_value_from_u64(f, cases[i].max + 1, &v);
            assert_false(field_value_ok(f, &v));
        }
    }
}

/* The naive version: one bit at a time. */
static void naive_copy(const uint8_t *src, unsigned sn, unsigned so, uint8_t *dst, unsigned dn,
                       unsigned d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned bit = (unsigned)src[sn - 1 - (so + i) / 8] >> (so + i) % 8 & 1;
        uint8_t *p = &dst[dn - 1 - (d + i) / 8];
        *p = (uint8_t)((*p & ~(1u << (d + i) % 8)) | bit << (d + i) % 8);
    }
}

static void test_bits_copy(void **state)
{
    (void)state;
    for (int k = 0; k < 20000; k++) {
        uint8_t src[16], a[16], b[16];
        for (int i = 0; i < 16; i++) {
            src[i] = (uint8_t)rnd();
            a[i] = b[i] = (uint8_t)rnd();
        }
        unsigned sn = 1 + rnd() % 16, dn = 1 + rnd() % 16;
        unsigned so = (unsigned)(rnd() % (sn * 8)), d = (unsigned)(rnd() % (dn * 8));
        unsigned n = (unsigned)(rnd() % (MIN(sn * 8 - so, dn * 8 - d) + 1));
        bits_copy(src, sn, so, a, dn, d, n);
        naive_copy(src, sn, so, b, dn, d, n);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_subfields(void **state)
{
    (void)state;
    struct flow f;
    memset(&f, 0, sizeof f);
    struct subfield hi = {&fields[MF_XXREG0], 96, 32}, mid = {&fields[MF_XREG0], 28, 8};
    subfield_set(&hi, 0x12345678, &f);
    assert_int_equal(ntohl(f.regs[0]), 0x12345678);
    subfield_set(&mid, 0xab, &f);
    assert_int_equal(ntohl(f.regs[0]), 0x1234567a);
    assert_int_equal(ntohl(f.regs[1]), 0xb0000000);
    assert_int_equal(subfield_get(&mid, &f), 0xab);
    struct subfield label = {&fields[MF_CT_LABEL], 4, 128 - 4}, reg = {&fields[MF_REG9], 8, 24};
    subfield_move(&hi, &label, &f);
    assert_int_equal(f.key.ct_label[15], 0xa0);
    subfield_move(&label, &reg, &f);
    assert_int_equal(ntohl(f.regs[9]), 0x34567a00);
    struct flow mask;
    memset(&mask, 0, sizeof mask);
    subfield_mask(&mid, &mask);
    assert_int_equal(ntohl(mask.regs[0]), 0xf);
    assert_int_equal(ntohl(mask.regs[1]), 0xf0000000);
    subfield_mask(&(struct subfield){&fields[MF_IN_PORT], 3, 2}, &mask);
    assert_int_equal(mask.in_port, UINT32_MAX);
}

static void test_ports(void **state)
{
    (void)state;
    static const struct {
        uint16_t port10;
        uint32_t port;
    } cases[] = {{1, 1}, {0xfeff, 0xfeff}, {0xff00, 0xffffff00}, {0xfffe, 0xfffffffe}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct flow f;
        struct field_value v;
        memset(&f, 0, sizeof f);
        put_be16(v.b, cases[i].port10);
        field_set(&fields[MF_IN_PORT], &v, &f);
        assert_int_equal(ntohl(f.in_port), cases[i].port);
        field_get(&fields[MF_IN_PORT], &f, &v);
        assert_int_equal(get_be16(v.b), cases[i].port10);
    }
}

static void set(struct match *m, enum field_id id, uint64_t value)
{
    struct field_value v, ones;
    field_value_from_u64(&fields[id], value, &v);
    field_value_ones(&fields[id], &ones);
    field_set_match(&fields[id], &v, &ones, m);
}

static void test_match_vlan(void **state)
{
    (void)state;
    struct match m;
    match_init(&m);
    set(&m, MF_DL_VLAN, 5);
    assert_int_equal(ntohs(m.flow.key.vlan[0].tci), 0x1005);
    assert_int_equal(ntohs(m.mask.key.vlan[0].tci), 0x1fff);
    assert_int_equal(m.mask.key.packet_type, UINT32_MAX);
    match_init(&m);
    set(&m, MF_DL_VLAN, 0xffff);
    assert_int_equal(ntohs(m.flow.key.vlan[0].tci), 0);
    assert_int_equal(ntohs(m.mask.key.vlan[0].tci), 0x1fff);
    match_init(&m);
    set(&m, MF_DL_VLAN_PCP, 0);
    assert_int_equal(ntohs(m.flow.key.vlan[0].tci), 0x1000);
    assert_int_equal(ntohs(m.mask.key.vlan[0].tci), 0xf000);
    match_init(&m);
    set(&m, MF_VLAN_VID, 5);
    assert_int_equal(ntohs(m.flow.key.vlan[0].tci), 5);
    assert_int_equal(ntohs(m.mask.key.vlan[0].tci), 0x1fff);
}

static void test_prereqs(void **state)
{
    (void)state;
    static const struct {
        enum field_id field;
        uint64_t eth_type, proto, type, code;
        bool ok;
    } cases[] = {
        {MF_TCP_SRC, 0x0800, 6, 0, 0, true},       {MF_TCP_SRC, 0x86dd, 6, 0, 0, true},
        {MF_TCP_SRC, 0x0800, 17, 0, 0, false},     {MF_TCP_SRC, 0x0806, 6, 0, 0, false},
        {MF_IP_SRC, 0x86dd, 0, 0, 0, false},       {MF_NW_TOS, 0x86dd, 0, 0, 0, true},
        {MF_ARP_OP, 0x8035, 0, 0, 0, true},        {MF_MPLS_TC, 0x8848, 0, 0, 0, true},
        {MF_ICMP_TYPE, 0x86dd, 1, 0, 0, false},    {MF_ICMPV6_TYPE, 0x86dd, 58, 0, 0, true},
        {MF_ND_TARGET, 0x86dd, 58, 135, 0, true},  {MF_ND_TARGET, 0x86dd, 58, 136, 0, true},
        {MF_ND_SLL, 0x86dd, 58, 136, 0, false},    {MF_ND_TLL, 0x86dd, 58, 136, 0, true},
        {MF_ND_TARGET, 0x86dd, 58, 135, 1, false}, {MF_ND_TARGET, 0x86dd, 58, 137, 0, false},
        {MF_PBB_ISID, 0x88e7, 0, 0, 0, true},      {MF_NSH_SI, 0x894f, 0, 0, 0, true},
        {MF_VLAN_PCP, 0, 0, 0, 0, false},          {MF_ETH_SRC, 0, 0, 0, 0, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct match m;
        match_init(&m);
        set(&m, MF_ETH_TYPE, cases[i].eth_type);
        set(&m, MF_NW_PROTO, cases[i].proto);
        if (cases[i].type) {
            set(&m, MF_ICMPV6_TYPE, cases[i].type);
            set(&m, MF_ICMPV6_CODE, cases[i].code);
        }
        const struct field *f = &fields[cases[i].field];
        assert_int_equal(field_prereq_ok(f, &m), cases[i].ok);
        assert_int_equal(field_prereq_met(f, &m.flow), cases[i].ok);
        /* What was looked at decides: a flow that agrees there gives the same answer. */
        struct flow mask, other;
        memset(&mask, 0, sizeof mask);
        field_prereq_mask(f, &m.flow, &mask);
        memset(&other, 0xa5, sizeof other);
        for (size_t k = 0; k < FLOW_WORDS; k++) {
            flow_words_mut(&other)[k] = (flow_words(&other)[k] & ~flow_words(&mask)[k]) |
                                        (flow_words(&m.flow)[k] & flow_words(&mask)[k]);
        }
        assert_int_equal(field_prereq_met(f, &other), cases[i].ok);
    }
}

static void test_prereq_ct(void **state)
{
    (void)state;
    static const struct {
        uint32_t value, mask;
        bool ok;
    } cases[] = {
        {0, 0, false},
        {CS_TRK, CS_TRK, false},
        {CS_TRK, CS_TRK | CS_INV, true},
        {CS_TRK | CS_INV, CS_TRK | CS_INV, false},
        {CS_TRK | CS_NEW, CS_TRK | CS_NEW, true},
        {CS_SNAT, CS_SNAT, true},
        {0, CS_EST, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct match m;
        match_init(&m);
        m.flow.key.ct_state = htonl(cases[i].value);
        m.mask.key.ct_state = htonl(cases[i].mask);
        assert_int_equal(field_prereq_ok(&fields[MF_CT_NW_PROTO], &m), cases[i].ok);
    }
    struct match m;
    match_init(&m);
    assert_false(field_prereq_ok(&fields[MF_IN_PHY_PORT], &m));
    set(&m, MF_IN_PORT_OXM, 0);
    assert_true(field_prereq_ok(&fields[MF_IN_PHY_PORT], &m));
}

/* Random sparse matches over a few bits, so that relations do occur; compared with the definitions
 * by enumeration of all packets over those bits. */
static void test_match_relations(void **state)
{
    (void)state;
    for (int k = 0; k < 3000; k++) {
        struct match m[2];
        for (int i = 0; i < 2; i++) {
            match_init(&m[i]);
            uint32_t mask = (uint32_t)rnd() & 0xf;
            m[i].mask.regs[3] = htonl(mask);
            m[i].flow.regs[3] = htonl((uint32_t)rnd() & mask);
        }
        bool subset = true, overlap = false, equal = true;
        for (uint32_t x = 0; x < 16; x++) {
            struct flow f;
            memset(&f, 0x5a, sizeof f);
            f.regs[3] = htonl(x);
            bool a = match_covers(&m[0], &f), b = match_covers(&m[1], &f);
            subset &= !a || b;
            overlap |= a && b;
            equal &= a == b;
        }
        assert_int_equal(match_is_subset(&m[0], &m[1]), subset);
        assert_int_equal(match_overlaps(&m[0], &m[1]), overlap);
        assert_int_equal(match_equal(&m[0], &m[1]), equal);
        if (equal) {
            assert_int_equal(match_hash(&m[0], 7), match_hash(&m[1], 7));
        }
    }
    struct match m;
    match_init(&m);
    assert_true(match_is_catchall(&m));
    m.mask.key.packet_type = UINT32_MAX;
    assert_true(match_is_catchall(&m));
    m.flow.key.packet_type = 1;
    assert_false(match_is_catchall(&m));
}

/* A set of fields and field_is_wild() say the same, of single bits and of many at random. */
static void check_map(const struct flow *mask)
{
    struct field_map map;
    enum field_id expected = MF_N_IDS;
    unsigned n = 0, n_listed = 0;

    field_map_init(&map, mask);
    for (unsigned id = MF_N_IDS; id-- > 0;) {
        bool has = !field_is_wild(&fields[id], mask);
        assert_int_equal(field_map_has(&map, (enum field_id)id), has);
        n += has;
        expected = has ? (enum field_id)id : expected;
    }
    assert_int_equal(field_map_next(&map, 0), expected);
    FIELD_FOR_EACH(id, &map) {
        assert_true(field_map_has(&map, id));
        n_listed++;
    }
    assert_int_equal(n_listed, n);
}

static void test_map(void **state)
{
    (void)state;
    struct flow mask;
    uint64_t h = 1;

    memset(&mask, 0, sizeof mask);
    check_map(&mask);
    for (size_t bit = 0; bit < 8 * sizeof mask; bit++) {
        memset(&mask, 0, sizeof mask);
        ((uint8_t *)&mask)[bit / 8] = (uint8_t)(1u << bit % 8);
        check_map(&mask);
    }
    for (int i = 0; i < 1000; i++) {
        memset(&mask, 0, sizeof mask);
        for (int k = 0; k < i % 50; k++) {
            h = hash_mix(h, (uint64_t)i);
            ((uint8_t *)&mask)[h % sizeof mask] |= (uint8_t)(h >> 32);
        }
        check_map(&mask);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_codepoint_choice),
        cmocka_unit_test(test_get_set),
        cmocka_unit_test(test_value_limits),
        cmocka_unit_test(test_bits_copy),
        cmocka_unit_test(test_subfields),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_match_vlan),
        cmocka_unit_test(test_prereqs),
        cmocka_unit_test(test_prereq_ct),
        cmocka_unit_test(test_match_relations),
        cmocka_unit_test(test_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
