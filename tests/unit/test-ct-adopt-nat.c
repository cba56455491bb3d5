/* test-ct-adopt-nat.c - translated connections in a store: they and their twins come back together
 * or not at all. */
#include "tests/unit/ct-nat.h"

#include "lib/ct/ct-private.h"
#include "tests/unit/ct-memstore.h"

#define N 40

static void commit_all(struct ct *ct, uint16_t n)
{
    for (uint16_t i = 1; i <= n; i++) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 50, 7000, 7999);
            struct frame f = {.ip6 = ip6, .proto = IPPROTO_HDR_UDP, .sport = i};
            struct frame icmp = {
                .ip6 = ip6, .proto = ip6 ? 58 : 1, .type = ip6 ? 128 : 8, .sport = i};
            assert_true(commit(ct, &f, &nat).ok);
            assert_true(commit(ct, &icmp, &nat).ok);
        }
    }
}

/* Each live twin has its live connection, and the other way round. */
static unsigned check_twins(const struct ct *ct)
{
    const struct ct_table *t = &ct->table;
    unsigned n = 0;
    for (uint32_t index = 0; (index = ct_table_next(t, index)) != 0;) {
        const struct ct_conn *c = ct_table_conn(t, index);
        if (c->flags & CT_F_LIVE && c->flags & CT_F_ONE_WAY) {
            const struct ct_conn *other = ct_table_conn(t, c->twin);
            assert_int_equal(other->twin, index);
            assert_true(other->flags & CT_F_LIVE);
            assert_int_equal((c->flags ^ other->flags) & CT_F_ONE_WAY, CT_F_ONE_WAY);
            n++;
        }
    }
    return n / 2;
}

static void test_kept(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    memstore_init(&m);
    struct ct *ct = memstore_open(&m, T0, &a);
    commit_all(ct, N);
    struct text before = TEXT_INIT, after = TEXT_INIT;
    ct_dump_all(ct, &before, true, true, T0);
    ct_free(ct);
    ct = memstore_open(&m, T0, &a);
    assert_int_equal(a.n_kept, 4 * N);
    assert_int_equal(a.n_damaged, 0);
    assert_int_equal(check_twins(ct), 4 * N);
    ct_dump_all(ct, &after, true, true, T0);
    assert_string_equal(text_cstr(&before), text_cstr(&after));
    text_deinit(&before);
    text_deinit(&after);
    /* Answers find them. */
    unsigned n = 0;
    struct ct_info info;
    for (uint32_t pos = 0; ct_dump(ct, &(struct ct_filter){0}, &pos, &info, 1, T0);) {
        struct frame f = {.ip6 = info.orig.is_ip6,
                          .proto = info.orig.proto,
                          .type = info.reply.icmp_type};
        char text[64];
        snprintf(text, sizeof text, "50:%u>2:80", ntohs(info.reply.dst_port));
        struct frame reply = answer(&f, text);
        assert_int_equal(run(ct, &reply, &nat_only).ct.state, CS_TRK | CS_EST | CS_RPL | CS_DNAT);
        n++;
    }
    assert_int_equal(n, 4 * N);
    assert_int_equal(ct_flush(ct, &(struct ct_filter){0}, T0), 4 * N);
    assert_int_equal(check_twins(ct), 0);
    ct_free(ct);
    memstore_deinit(&m);
}

static void copy(const struct memstore *from, const struct memstore *to, size_t at, size_t n)
{
    uint8_t buf[8192];
    assert_true(n <= sizeof buf);
    ssize_t got = pread(from->fd, buf, n, (off_t)at);
    assert_true(got > 0);
    assert_int_equal(pwrite(to->fd, buf, (size_t)got, (off_t)at), got);
}

static void test_damage(void **state)
{
    (void)state;
    struct memstore m, damaged;
    struct ct_adopted a;
    unsigned less = 0;
    memstore_init(&m);
    memstore_init(&damaged);
    struct ct *ct = memstore_open(&m, T0, &a);
    commit_all(ct, 2);
    ct_free(ct);
    for (unsigned part = 0; part <= 4; part += 2) {
        for (size_t at = 0; at < 9 * (part < 4 ? sizeof(struct ct_conn) : sizeof(struct ct_addr6));
             at++) {
            assert_int_equal(ftruncate(damaged.fd, 0), 0);
            copy(&m, &damaged, 0, sizeof(struct ct_header));
            for (unsigned i = 0; i < 5; i += 2) {
                copy(&m, &damaged, memstore_part(&m, i), 4096);
            }
            size_t where = memstore_part(&m, part) + at;
            uint8_t byte;
            assert_int_equal(pread(damaged.fd, &byte, 1, (off_t)where), 1);
            byte ^= (uint8_t)(1u << at % 8);
            assert_int_equal(pwrite(damaged.fd, &byte, 1, (off_t)where), 1);
            ct = memstore_open(&damaged, T0, &a);
            assert_non_null(ct);
            assert_int_equal(check_twins(ct), a.n_kept);
            assert_int_equal(ct_count(ct), a.n_kept);
            less += a.n_kept < 8;
            commit_all(ct, 2);
            assert_int_equal(check_twins(ct), ct_count(ct));
            if (at % 11 == 0) { /* What goes rests, for milliseconds. */
                ct_flush(ct, &(struct ct_filter){0}, T0);
                assert_int_equal(ct_count(ct), 0);
            }
            ct_free(ct);
            rcu_quiescent_state();
        }
    }
    assert_true(less > 200);
    memstore_deinit(&damaged);
    memstore_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_damage),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
