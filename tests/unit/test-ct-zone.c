/* test-ct-zone.c - zones of the tracker: limits, counts, flush by list, leniency; and the reasons
 * of what is invalid. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"
#include "lib/ct/ct_busy.h"

#define T0 INT64_C(5000000)

static struct ct *new_ct(void)
{
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 100000, .hash_seed = 99});
    assert_non_null(ct);
    return ct;
}

/* Commits the 'i'th connection of a zone. */
static enum ct_fate commit(struct ct *ct, uint16_t zone, uint32_t i, int64_t now)
{
    struct packet *p = frame_packet(&(struct frame){
        .ip6 = i & 1, .proto = IPPROTO_HDR_UDP, .sport = (uint16_t)(1 + i / 2), .dport = 7});
    enum ct_fate fate = ct_execute(
        ct, p,
        &(struct ct_args){.zone = zone, .commit = true, .mark = i % 3, .mark_mask = UINT32_MAX},
        now);
    assert_state(p->ct, "new");
    packet_free(p);
    return fate;
}

/* A zone's list is linked both ways and has all of its connections. */
static void check_zone(const struct ct *ct, uint16_t zone)
{
    const struct ct_zone *z = &ct->table.zones[zone];
    uint32_t previous = 0, n = 0;
    for (uint32_t i = z->head; i; i = ct_table_zone_link(&ct->table, i)->next) {
        const struct ct_conn *c = ct_table_conn(&ct->table, i);
        assert_int_equal(ct_table_zone_link(&ct->table, i)->prev, previous);
        assert_int_equal(c->key.zone, zone);
        assert_true(c->flags & CT_F_LIVE);
        previous = i;
        n++;
    }
    assert_int_equal(z->tail, previous);
    assert_int_equal(ct_zone_get_count(ct, zone), n);
}

static void test_limits(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    uint64_t refused = counter_read(COUNTER_conntrack_zone_full);
    ct_zone_set_limit(ct, 5, 3);
    ct_zone_set_limit(ct, CT_ZONE_DEFAULT, 2);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(commit(ct, 5, i, T0), i < 3 ? CT_GOES_ON : CT_DROPPED);
        assert_int_equal(commit(ct, 65535, i, T0), i < 2 ? CT_GOES_ON : CT_DROPPED);
    }
    assert_int_equal(counter_read(COUNTER_conntrack_zone_full) - refused, 2 + 3);
    assert_int_equal(ct_zone_get_count(ct, 5), 3);
    assert_int_equal(ct_zone_get_count(ct, 65535), 2);
    assert_int_equal(ct_count(ct), 5);
    assert_int_equal(commit(ct, 5, 0, T0), CT_GOES_ON); /* It is there already. */

    /* Its own limit goes before the default, and 0 is none. */
    assert_int_equal(ct_zone_get_limit(ct, 5), 3);
    assert_int_equal(ct_zone_get_limit(ct, 6), 2);
    assert_true(ct_zone_has_limit(ct, 5) && !ct_zone_has_limit(ct, 6));
    ct_zone_set_limit(ct, 6, 0);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(commit(ct, 6, i, T0), CT_GOES_ON);
    }
    ct_zone_del_limit(ct, 6); /* Those that are there stay. */
    assert_int_equal(ct_zone_get_limit(ct, 6), 2);
    assert_int_equal(commit(ct, 6, 50, T0), CT_DROPPED);
    assert_int_equal(ct_zone_get_count(ct, 6), 50);
    ct_zone_del_limit(ct, CT_ZONE_DEFAULT);
    assert_int_equal(commit(ct, 6, 50, T0), CT_GOES_ON);

    /* What has expired counts no longer, swept or not. */
    assert_int_equal(commit(ct, 5, 9, T0 + 59999), CT_DROPPED);
    assert_int_equal(commit(ct, 5, 9, T0 + 60000), CT_GOES_ON);
    assert_int_equal(ct_zone_get_count(ct, 5), 3);
    check_zone(ct, 5);
    check_zone(ct, 6);
    while (ct_sweep(ct, T0 + 600000, 1000)) {
    }
    assert_int_equal(ct_zone_get_count(ct, 5) + ct_zone_get_count(ct, 6), 0);
    check_zone(ct, 6);
    ct_free(ct);
}

/* Between the packet's asking for room and its entry's coming into the table the zone filled up. */
static void test_limit_meanwhile(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_table *t = &ct->table;
    commit(ct, 5, 0, T0);
    for (uint32_t limit = 1; limit <= 2; limit++) {
        struct ct_lookup q = {.key = {.zone = 5, .proto = IPPROTO_HDR_UDP, .port = {1, 2}}};
        ct_table_prepare(t, &q);
        ct_zone_set_limit(ct, 5, 0);
        uint32_t index = ct_slot_alloc(t, &q, T0);
        assert_true(index);
        ct_zone_set_limit(ct, 5, limit);
        assert_int_equal(ct_table_insert(t, index, &q, T0), limit == 2);
        assert_int_equal(ct_zone_get_count(ct, 5), limit);
        assert_int_equal(ct_count(ct), limit);
        check_zone(ct, 5);
    }
    ct_free(ct);
}

/* The zone's own are gone, others are not even looked at. */
static void test_flush(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    for (uint32_t i = 0; i < 3000; i++) {
        commit(ct, 1, i, T0);
        commit(ct, (uint16_t)(i % 2 ? 2 : 40000), i, T0);
        rcu_quiescent_state();
    }
    struct ct_filter f = {.has_zone = true, .zone = 2};
    uint32_t others = ct->table.zones[1].head;
    assert_int_equal(ct_flush(ct, &f, T0), 1500);
    assert_int_equal(ct->table.zones[1].head, others);
    assert_int_equal(ct_zone_get_count(ct, 2), 0);
    check_zone(ct, 2);
    f = (struct ct_filter){.has_zone = true, .zone = 1, .mark = 1, .mark_mask = UINT32_MAX};
    assert_int_equal(ct_flush(ct, &f, T0), 1000);
    assert_int_equal(ct_zone_get_count(ct, 1), 2000);
    check_zone(ct, 1);
    f.has_zone = false;
    assert_int_equal(ct_flush(ct, &f, T0), 500); /* Zone 40000's. */
    assert_int_equal(ct_flush(ct, &(struct ct_filter){.has_zone = true, .zone = 77}, T0), 0);
    assert_int_equal(ct_flush(ct, &(struct ct_filter){0}, T0), 3000);
    check_zone(ct, 1);
    check_zone(ct, 40000);
    ct_free(ct);
}

/* Every connection with a mark (a label) is in the list of it, once, and no other. */
static void check_tags(const struct ct *ct, enum ct_tag tag)
{
    const struct ct_table *t = &ct->table;
    uint32_t listed = 0, want = 0;
    for (uint32_t list = 1; list <= CT_TAG_LISTS; list++) {
        listed += ct_tag_size(t, tag, list);
        uint32_t n = 0, generation, first = 0;
        for (; n <= ct_tag_size(t, tag, list); n++) {
            uint32_t i = ct_tag_turn(&((struct ct *)(uintptr_t)ct)->table, tag, list, &generation);
            if (!i || i == first) {
                break;
            }
            first = first ? first : i;
            const struct ct_conn *c = ct_table_conn(t, i);
            assert_true(c->flags & CT_F_LIVE);
            assert_int_equal(tag == CT_TAG_MARK ? ct_tag_of_mark(c->mark)
                                                : ct_tag_of_label(ct_table_label(t, i)),
                             list);
        }
        assert_int_equal(n, ct_tag_size(t, tag, list));
    }
    for (uint32_t pos = 0; (pos = ct_table_next(t, pos)) != 0;) {
        const struct ct_conn *c = ct_table_conn(t, pos);
        bool has = tag == CT_TAG_MARK
                       ? c->mark != 0
                       : c->flags & CT_F_LABEL && !is_all_zeros(ct_table_label(t, pos), 16);
        want += c->flags & CT_F_LIVE && has;
    }
    assert_int_equal(listed, want);
}

static void mark(struct ct *ct, uint16_t zone, uint32_t i, uint32_t mark, uint8_t label)
{
    struct packet *p = frame_packet(&(struct frame){
        .ip6 = i & 1, .proto = IPPROTO_HDR_UDP, .sport = (uint16_t)(1 + i / 2), .dport = 7});
    struct ct_args args = {.zone = zone,
                           .commit = true,
                           .mark = mark,
                           .mark_mask = UINT32_MAX,
                           .label = {[9] = label}};
    memset(args.label_mask, 0xff, 16);
    ct_execute(ct, p, &args, T0);
    packet_free(p);
}

static void test_flush_tags(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    for (uint32_t i = 0; i < 4000; i++) {
        mark(ct, (uint16_t)(i % 4), i, i % 1000, (uint8_t)(i % 50));
        rcu_quiescent_state();
    }
    check_tags(ct, CT_TAG_MARK);
    check_tags(ct, CT_TAG_LABEL);
    for (uint32_t i = 0; i < 4000; i += 3) { /* Others than at first, or none. */
        mark(ct, (uint16_t)(i % 4), i, i % 7, (uint8_t)(i % 2));
    }
    check_tags(ct, CT_TAG_MARK);
    check_tags(ct, CT_TAG_LABEL);
    /* One that is not of the mark is not looked at: its slot may hold anything. */
    struct ct_filter f = {.mark = 500, .mark_mask = UINT32_MAX};
    uint32_t other = ct->table.zones[1].head;
    struct ct_conn *c = ct_table_conn(&ct->table, other);
    assert_int_not_equal(c->mark, 500);
    const uint32_t n = ct_count(ct), was = c->mark;
    c->mark = 500; /* Behind the lists' back. */
    assert_in_range(ct_flush(ct, &f, T0), 1, 4);
    assert_true(c->flags & CT_F_LIVE);
    c->mark = was;
    assert_in_range(n - ct_count(ct), 1, 4);
    /* With some bits, by label, by zone too, and what those without any may be meant by. */
    f = (struct ct_filter){.mark = 0x200, .mark_mask = 0xf00};
    assert_true(ct_flush(ct, &f, T0) > 0);
    assert_int_equal(ct_flush(ct, &f, T0), 0);
    f = (struct ct_filter){.label = {[9] = 7}};
    memset(f.label_mask, 0xff, 16);
    assert_true(ct_flush(ct, &f, T0) > 0);
    assert_int_equal(ct_flush(ct, &f, T0), 0);
    f = (struct ct_filter){.has_zone = true, .zone = 2, .mark = 6, .mark_mask = UINT32_MAX};
    assert_true(ct_flush(ct, &f, T0) > 0);
    f = (struct ct_filter){.mark = 0, .mark_mask = UINT32_MAX};
    assert_true(ct_flush(ct, &f, T0) > 0);
    check_tags(ct, CT_TAG_MARK);
    check_tags(ct, CT_TAG_LABEL);
    for (uint32_t pos = 0; (pos = ct_table_next(&ct->table, pos)) != 0;) {
        c = ct_table_conn(&ct->table, pos);
        assert_true(!(c->flags & CT_F_LIVE) || (c->mark && (c->mark & 0xf00) != 0x200));
    }
    assert_true(ct_flush(ct, &(struct ct_filter){0}, T0) > 0);
    check_tags(ct, CT_TAG_MARK);
    check_tags(ct, CT_TAG_LABEL);
    ct_free(ct);
}

static void establish(struct ct *ct, uint16_t zone)
{
    run_commit(ct, &(struct frame){.proto = 6, .flags = SYN, .seq = 100}, zone, T0);
    run_commit(
        ct, &(struct frame){.proto = 6, .flags = SYN | ACK, .seq = 500, .ack = 101, .back = true},
        zone, T0);
}

static void test_liberal(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame far = {.proto = 6, .flags = ACK, .seq = 10000000, .ack = 501, .len = 9};
    establish(ct, 3);
    establish(ct, 4);
    ct_zone_set_liberal(ct, 4, true);
    assert_state(run_commit(ct, &far, 3, T0), "inv");
    assert_state(run_commit(ct, &far, 4, T0), "est");
    ct_zone_set_liberal(ct, 4, false);
    far.seq += 10000000;
    assert_state(run_commit(ct, &far, 4, T0), "inv");
    ct_free(ct);
}

/* How long what this packet commits, or keeps alive, is to live now. */
static int64_t lifetime(struct ct *ct, uint16_t zone, const struct frame *f, int64_t now)
{
    struct ct_filter filter = {
        .has_zone = true, .zone = zone, .has_proto = true, .proto = f->proto};
    struct ct_info info;
    uint32_t pos = 0;
    run_commit(ct, f, zone, now);
    assert_int_equal(ct_dump(ct, &filter, &pos, &info, 1, now), 1);
    return info.timeout_ms;
}

static void test_timeouts(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_timeouts t = {.has = BIT64(CT_TO_UDP_FIRST) | BIT64(CT_TO_TCP_SYN_SENT),
                            .seconds = {[CT_TO_UDP_FIRST] = 7, [CT_TO_TCP_SYN_SENT] = UINT32_MAX}};
    const struct frame udp = {.proto = 17}, back = {.proto = 17, .back = true},
                       syn = {.proto = 6, .flags = SYN}, icmp = {.proto = 1, .type = 8};
    ct_zone_set_timeouts(ct, 5, &t);
    assert_int_equal(lifetime(ct, 5, &udp, T0), 7000);
    assert_int_equal(lifetime(ct, 6, &udp, T0), 60000); /* Another zone. */
    assert_int_equal(lifetime(ct, 5, &syn, T0), INT64_C(1000) * UINT32_MAX);
    assert_int_equal(lifetime(ct, 5, &icmp, T0), 60000);
    assert_int_equal(lifetime(ct, 5, &back, T0), 30000); /* What the policy does not say. */
    assert_int_equal(ct_count(ct), 4);

    /* A change holds from the next packet on. */
    t = (struct ct_timeouts){.has = BIT64(CT_TO_UDP_MULTIPLE),
                             .seconds = {[CT_TO_UDP_MULTIPLE] = 2}};
    ct_zone_set_timeouts(ct, 5, &t);
    assert_int_equal(lifetime(ct, 5, &back, T0 + 1), 2000);
    t = (struct ct_timeouts){
        .has = BIT64(CT_TO_SCTP_COOKIE_WAIT) | BIT64(CT_TO_GRE_UNREPLIED),
        .seconds = {[CT_TO_SCTP_COOKIE_WAIT] = 50, [CT_TO_GRE_UNREPLIED] = 40}};
    ct_zone_set_timeouts(ct, 65535, &t);
    assert_int_equal(lifetime(ct, 65535, &(struct frame){.proto = 132}, T0), 50000);
    assert_int_equal(lifetime(ct, 65535, &(struct frame){.proto = 47}, T0), 40000);

    /* Zero seconds: forgotten at once. */
    t = (struct ct_timeouts){.has = BIT64(CT_TO_UDP_FIRST)};
    ct_zone_set_timeouts(ct, 9, &t);
    run_commit(ct, &udp, 9, T0);
    assert_state(run_commit(ct, &back, 9, T0), "new");

    ct_zone_set_timeouts(ct, 9, NULL);
    ct_zone_set_timeouts(ct, 5, &(struct ct_timeouts){0});
    assert_int_equal(lifetime(ct, 5, &back, T0 + 2), 30000);
    assert_int_equal(ct->n_policies, 1); /* Zone 65535's, which goes with the tracker. */
    ct_free(ct);
}

static void test_timeout_names(void **state)
{
    (void)state;
    enum ct_timeout to;
    for (unsigned i = 0; i < CT_N_TIMEOUTS; i++) {
        assert_true(ct_timeout_parse(ct_timeout_name(i), &to));
        assert_int_equal(to, i);
    }
    assert_false(ct_timeout_parse("tcp", &to) || ct_timeout_parse("", &to));
}

/* Who fills the table. */
static void test_busy(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct text t = TEXT_INIT;
    struct ct_busy busy;
    for (uint32_t i = 0; i < 1200; i++) {
        struct frame f = {.proto = IPPROTO_HDR_UDP,
                          .a = (uint8_t)(i % 2 ? 66 : 1 + i % 200),
                          .b = 250,
                          .sport = (uint16_t)(1 + i)};
        run_args(ct, &f,
                 &(struct ct_args){.zone = (uint16_t)(i % 4 ? i % 4 : 40000), .commit = true}, T0);
    }
    commit(ct, 1, 0, T0);
    commit(ct, 3, 1, T0);
    commit(ct, 3, 3, T0);
    ct_busy_look(ct, &busy);
    assert_int_equal(busy.zones[0].zone, 3);
    assert_int_equal(busy.zones[0].n, 302);
    assert_int_equal(busy.zones[1].zone, 1);
    assert_int_equal(busy.zones[2].zone, 2);
    assert_int_equal(busy.sources[0].addr[3], 66);
    assert_in_range(busy.sources[0].percent, 40, 50);
    ct_busy_format(&busy, &t);
    assert_non_null(strstr(text_cstr(&t),
                           "busiest zones 3 (302 connections), 1 (301 connections), 2 "
                           "(300 connections); sources 10.0.0.66 ("));
    text_deinit(&t);
    ct_free(ct);
}

/* Of translated connections the sources are those who began them. */
static void test_busy_translated(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_busy busy;
    struct ct_nat nat = {.flags = CT_NAT_SRC,
                         .has_addr = true,
                         .addr_min = {10, 0, 0, 77},
                         .addr_max = {10, 0, 0, 77}};
    for (uint32_t i = 0; i < 20000; i++) {
        struct frame f = {.proto = IPPROTO_HDR_UDP, .a = 66, .b = 250, .sport = (uint16_t)(1 + i)};
        run_args(ct, &f, &(struct ct_args){.commit = true, .nat = &nat}, T0);
    }
    ct_busy_look(ct, &busy);
    assert_int_equal(busy.sources[0].addr[3], 66);
    assert_int_equal(busy.sources[0].percent, 100);
    assert_int_equal(busy.sources[1].percent, 0);
    ct_free(ct);
}

/* ---- reasons ---- */

static const struct {
    enum ct_reason want;
    struct frame f;
    uint8_t at, xor; /* A byte of the frame that is spoilt; 0: none. */
    bool keep_csum;  /* The checksum stays taken for right. */
} spoilt[] = {
    {CT_INV_malformed, {.proto = 6, .flags = SYN}, 14 + 20 + 12, 0x60, true},
    {CT_INV_malformed, {.proto = 17}, 14 + 20 + 5, 0xff, true},
    {CT_INV_ip_csum, {.proto = 17}, 14 + 15, 1, true},
    {CT_INV_l4_csum, {.proto = 17, .len = 5}, 14 + 30, 1, false},
    {CT_INV_port_zero, {.proto = 17, .sport = 1}, 14 + 20 + 1, 1, true},
    {CT_INV_icmp_type, {.proto = 1, .type = 37}, 0, 0, false},
    {CT_INV_icmp_type, {.proto = 58, .type = 128}, 0, 0, false},
    {CT_INV_icmp_reply, {.proto = 1, .type = 0}, 0, 0, false},
    {CT_INV_icmp_quote, {.proto = 1, .type = 3}, 0, 0, false},
    {CT_INV_tcp_flags, {.proto = 6, .flags = SYN | FIN}, 0, 0, false},
    {CT_INV_sctp_chunks, {.proto = 132}, 14 + 20 + 15, 3, true},
    {CT_INV_sctp_new, {.proto = 132, .type = 3, .seq = 5}, 0, 0, false},
    {CT_INV_tcp_synack, {.proto = 6, .flags = SYN | ACK, .sport = 9}, 0, 0, false},
    {CT_INV_tcp_reset, {.proto = 6, .flags = RST | ACK, .seq = 900, .ack = 501}, 0, 0, false},
    {CT_INV_tcp_window, {.proto = 6, .flags = ACK, .seq = 9999999, .len = 1}, 0, 0, false},
    {CT_INV_tcp_ack, {.proto = 6, .flags = ACK, .seq = 101, .ack = 9999999}, 0, 0, false},
};

static void check_reason(struct ct *ct, struct packet *p, enum ct_reason want, int i)
{
    uint64_t before = counter_read(ct_reason_counter(want));
    struct key key;
    parse_key(p, &key);
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    if (p->ct.state != (CS_TRK | CS_INV) || p->ct.inv_reason != want ||
        counter_read(ct_reason_counter(want)) != before + 1) {
        fail_msg("row %d: state %#x, reason %d instead of %d", i, p->ct.state, p->ct.inv_reason,
                 want);
    }
    packet_free(p);
}

static void test_reasons(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    establish(ct, 0);
    for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
        struct packet *p = frame_packet(&spoilt[i].f);
        p->data[spoilt[i].at] ^= spoilt[i].xor ;
        p->csum = spoilt[i].keep_csum ? CSUM_VALID : CSUM_UNKNOWN;
        check_reason(ct, p, spoilt[i].want, (int)i);
    }
    struct packet *q = frame_packet(&(struct frame){.proto = 17, .sport = 3});
    struct frame error = {.proto = 1, .type = 3, .quote = q->data + 14, .n_quote = q->len - 14};
    check_reason(ct, frame_packet(&error), CT_INV_icmp_unknown, -1);
    put_be16(q->data + 14 + 6, 5); /* A later fragment. */
    put_be16(q->data + 14 + 10, 0);
    be16 sum = csum(q->data + 14, 20);
    memcpy(q->data + 14 + 10, &sum, 2);
    check_reason(ct, q, CT_INV_fragment, -2);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_limit_meanwhile),
        cmocka_unit_test(test_flush),           cmocka_unit_test(test_flush_tags),
        cmocka_unit_test(test_liberal),         cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_timeout_names),   cmocka_unit_test(test_busy),
        cmocka_unit_test(test_busy_translated), cmocka_unit_test(test_reasons),
    };
    rcu_register_thread();
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return result;
}
