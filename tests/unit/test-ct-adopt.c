/* test-ct-adopt.c - the table of connections in a store: what the next process finds again,
 * whatever became of the store meanwhile. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/ct/ct-private.h"
#include "lib/mem.h"
#include "tests/unit/ct-memstore.h"

#define T0   INT64_C(5000000)
#define STEP 70000 /* Of the clock, past the timeout of what got no reply. */

static uint8_t see(struct ct *ct, struct frame f, int64_t now)
{
    return run_args(ct, &f, &(struct ct_args){0}, now).state & ~CS_TRK;
}

static uint8_t commit(struct ct *ct, struct frame f, uint32_t mark, uint8_t label, int64_t now)
{
    struct ct_args args = {.commit = true, .mark = mark, .mark_mask = UINT32_MAX};
    if (label) {
        memset(args.label, label, 16);
        memset(args.label_mask, 0xff, 16);
    }
    return run_args(ct, &f, &args, now).state & ~CS_TRK;
}

static struct frame udp(bool ip6, uint16_t sport, bool back)
{
    return (struct frame){.ip6 = ip6, .proto = IPPROTO_HDR_UDP, .sport = sport, .back = back};
}

static void tcp(struct ct *ct, bool ip6, uint16_t sport, int64_t now)
{
    struct frame f = {.ip6 = ip6, .proto = IPPROTO_HDR_TCP, .sport = sport, .wscale = 8};
    f.flags = SYN, f.seq = 99;
    assert_int_equal(commit(ct, f, sport, 0, now), CS_NEW);
    f.back = true, f.flags = SYN | ACK, f.seq = 199, f.ack = 100;
    assert_int_equal(see(ct, f, now), CS_EST | CS_RPL);
    f = (struct frame){.ip6 = ip6, .proto = IPPROTO_HDR_TCP, .sport = sport, .flags = ACK};
    f.seq = 100, f.ack = 200;
    assert_int_equal(see(ct, f, now), CS_EST);
}

static struct frame data(bool ip6, uint16_t sport, bool back, uint32_t seq, uint32_t ack)
{
    return (struct frame){.ip6 = ip6,
                          .proto = IPPROTO_HDR_TCP,
                          .sport = sport,
                          .back = back,
                          .flags = ACK | PSH,
                          .seq = seq,
                          .ack = ack,
                          .len = 100};
}

/* 2 * N connections of UDP and 2 * N of TCP; a third of the former have a label. */
#define N 3000
static void fill_table(struct ct *ct, uint16_t n)
{
    for (uint16_t i = 0; i < n; i++) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            uint16_t port = (uint16_t)(1 + i);
            uint8_t label = i % 3 ? 0 : (uint8_t)(1 + i % 200);
            assert_int_equal(commit(ct, udp(ip6, port, false), i, label, T0), CS_NEW);
            if (i & 1) {
                assert_int_equal(see(ct, udp(ip6, port, true), T0), CS_EST | CS_RPL);
            }
            tcp(ct, ip6, port, T0);
            rcu_quiescent_state();
        }
    }
}

static char *dump(struct ct *ct, int64_t now)
{
    struct text t = TEXT_INIT;
    struct ct_info info;
    for (uint32_t pos = 0; ct_dump(ct, &(struct ct_filter){0}, &pos, &info, 1, now);) {
        ct_info_format(&info, true, true, now, 0, &t);
        text_putc(&t, '\n');
    }
    return text_steal(&t);
}

static void test_adopt(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    memstore_init(&m);
    struct ct *ct = memstore_open(&m, T0, &a);
    assert_non_null(ct);
    assert_false(a.found);
    fill_table(ct, N);
    /* Some have gone again, and their slots with them. */
    struct ct_filter f = {.mark = 7, .mark_mask = UINT32_MAX};
    unsigned gone = ct_flush(ct, &f, T0);
    assert_int_equal(gone, 4);
    char *before = dump(ct, T0 + 10);
    ct_free(ct);

    ct = memstore_open(&m, T0 + 10, &a);
    assert_non_null(ct);
    assert_true(a.found);
    assert_null(a.refused);
    assert_int_equal(a.n_kept, 4 * N - gone);
    assert_int_equal(a.n_expired + a.n_damaged + a.n_locked, 0);
    assert_int_equal(ct_count(ct), 4 * N - gone);
    assert_int_equal(ct_zone_get_count(ct, 0), 4 * N - gone);
    char *after = dump(ct, T0 + 10);
    assert_string_equal(before, after);
    free(before);
    free(after);
    /* They go on: both directions, in and out of sequence; new ones find free slots. */
    for (uint16_t port = 100; port < 200; port++) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            assert_int_equal(see(ct, data(ip6, port, false, 100, 200), T0 + 20), CS_EST);
            assert_int_equal(see(ct, data(ip6, port, true, 200, 200), T0 + 20), CS_EST | CS_RPL);
            assert_int_equal(see(ct, data(ip6, port, true, 900000000, 200), T0 + 20), CS_INV);
        }
        rcu_quiescent_state();
    }
    assert_int_equal(commit(ct, udp(false, 60000, false), 0, 0, T0 + 20), CS_NEW);
    assert_int_equal(see(ct, udp(false, 60000, true), T0 + 20), CS_EST | CS_RPL);
    ct_free(ct);

    /* A process that lived later: what got no reply is gone.  One whose clock stands behind: the
     * times that are left stay. */
    ct = memstore_open(&m, T0 + STEP, &a);
    assert_int_equal(a.n_kept, 2 * N - 2);
    assert_int_equal(a.n_expired, 2 * N - 2 + 1);
    before = dump(ct, T0 + STEP);
    ct_sweep(ct, T0 + STEP, 10); /* It leaves its clock. */
    ct_free(ct);
    ct = memstore_open(&m, T0 - 1000000, &a);
    assert_int_equal(a.n_kept, 2 * N - 2);
    after = dump(ct, T0 - 1000000);
    free(before);
    free(after);
    /* By mark: all are looked at until the sweep has put them into their lists. */
    f.mark = 399;
    assert_true(ct->table.tags.partial);
    assert_int_equal(ct_flush(ct, &f, T0 - 1000000), 2);
    while (ct->table.tags.partial) {
        ct_sweep(ct, T0 - 1000000, 1000);
    }
    uint32_t listed = 0;
    for (uint32_t list = 1; list <= CT_TAG_LISTS; list++) {
        listed += ct_tag_size(&ct->table, CT_TAG_MARK, list);
    }
    assert_int_equal(listed, ct_count(ct));
    f.mark = 401;
    assert_int_equal(ct_flush(ct, &f, T0 - 1000000), 2);
    ct_free(ct);
    memstore_deinit(&m);
}

static void poke(const struct memstore *m, size_t at, const void *bytes, size_t n)
{
    assert_int_equal(pwrite(m->fd, bytes, n, (off_t)at), n);
}

static size_t conn_at(const struct memstore *m, unsigned part, unsigned slot)
{
    return memstore_part(m, part) + slot * sizeof(struct ct_conn);
}

/* A store with a few connections of each kind. */
static void make_small(struct memstore *m)
{
    struct ct_adopted a;
    memstore_init(m);
    struct ct *ct = memstore_open(m, T0, &a);
    assert_non_null(ct);
    fill_table(ct, 3);
    ct_free(ct);
}

static void copy(const struct memstore *from, const struct memstore *to, size_t at)
{
    static uint8_t chunk[CT_ARENA_CHUNK];
    assert_int_equal(pread(from->fd, chunk, sizeof chunk, (off_t)at), sizeof chunk);
    poke(to, at, chunk, sizeof chunk);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *why;
    } cases[] = {
        {offsetof(struct ct_header, magic), "it is no table of connections"},
        {offsetof(struct ct_header, version), "it is of another version"},
        {offsetof(struct ct_header, boot_id), "its header is damaged"},
        {offsetof(struct ct_header, seed), "its header is damaged"},
        {offsetof(struct ct_header, now_ms) + 7, "its clock is damaged"},
        {offsetof(struct ct_header, parts) + 1, "it has another layout"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct memstore m;
        struct ct_adopted a;
        make_small(&m);
        poke(&m, cases[i].at, "\x77", 1);
        struct ct *ct = memstore_open(&m, T0, &a);
        assert_non_null(ct);
        assert_string_equal(a.refused, cases[i].why);
        assert_int_equal(ct_count(ct), 0);
        /* It begins anew, and what it keeps then is found. */
        fill_table(ct, 3);
        ct_free(ct);
        ct = memstore_open(&m, T0, &a);
        assert_null(a.refused);
        assert_int_equal(a.n_kept, 12);
        ct_free(ct);
        /* Another boot; a file that was cut off. */
        m.store.boot_id[0] = 99;
        ct = memstore_open(&m, T0, &a);
        assert_string_equal(a.refused, "it is of another boot");
        ct_free(ct);
        assert_int_equal(ftruncate(m.fd, 100), 0);
        ct = memstore_open(&m, T0, &a);
        assert_string_equal(a.refused, "it is cut off");
        ct_free(ct);
        memstore_deinit(&m);
    }
}

static void test_entries(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    struct ct_conn c;
    make_small(&m);
    /* Slot 1: a copy of slot 2 over it.  Slot 3: the tuple is half another's.  Slot 4: locked. */
    assert_int_equal(pread(m.fd, &c, sizeof c, (off_t)conn_at(&m, 0, 2)), sizeof c);
    poke(&m, conn_at(&m, 0, 1), &c, sizeof c);
    poke(&m, conn_at(&m, 0, 3) + offsetof(struct ct_conn, key.port), "\x12", 1);
    poke(&m, conn_at(&m, 0, 4) + offsetof(struct ct_conn, lock), "\x01", 1);
    /* IPv6: a state that there is not; a half-made one; an address of another. */
    poke(&m, conn_at(&m, 2, 2) + offsetof(struct ct_conn, peer[1].state), "\x63", 1);
    poke(&m, conn_at(&m, 2, 3) + offsetof(struct ct_conn, flags), "\x00", 1);
    poke(&m, memstore_part(&m, 4) + 4 * sizeof(struct ct_addr6), "\x63", 1);
    struct ct *ct = memstore_open(&m, T0, &a);
    assert_non_null(ct);
    assert_int_equal(a.n_kept, 12 - 5);
    assert_int_equal(a.n_damaged, 4);
    assert_int_equal(a.n_locked, 1);
    assert_int_equal(ct_count(ct), 7);
    fill_table(ct, 100); /* Nothing is locked, and no list is broken. */
    assert_int_equal(ct_flush(ct, &(struct ct_filter){.has_zone = true}, T0), 400);
    assert_int_equal(ct_count(ct), 0);
    ct_free(ct);
    memstore_deinit(&m);
}

/* ---- damage ---- */

#define N_SLOTS 8u /* Of each family, slot 0 and one behind the last included: make_small(). */

/* A store like another, to be damaged again and again. */
static void copy_small(const struct memstore *from, const struct memstore *to)
{
    struct ct_header h;
    assert_int_equal(pread(from->fd, &h, sizeof h, 0), sizeof h);
    copy(from, to, 0);
    for (unsigned part = 0; part < h.n_parts; part++) {
        copy(from, to, h.parts[part].offset);
    }
}

static void flip(const struct memstore *m, size_t at)
{
    uint8_t byte;
    assert_int_equal(pread(m->fd, &byte, 1, (off_t)at), 1);
    byte ^= (uint8_t)(1u << at % 8);
    poke(m, at, &byte, 1);
}

/* The next process begins, and works.  How many of the twelve it has kept. */
static uint32_t open_and_use(struct memstore *m, bool sweep)
{
    struct ct_adopted a;
    struct ct *ct = memstore_open(m, T0, &a);
    assert_non_null(ct);
    assert_true(a.n_kept <= 12);
    assert_int_equal(ct_count(ct), a.n_kept);
    free(dump(ct, T0));
    for (uint16_t port = 1; port < 5; port++) {
        commit(ct, udp(false, port, true), 1, 1, T0);
        commit(ct, udp(true, port, false), 1, 1, T0);
        see(ct, data(false, port, false, 100, 200), T0);
    }
    if (sweep) { /* What goes rests, for milliseconds. */
        ct_sweep(ct, T0 + 1000000000, 1000);
    }
    ct_free(ct);
    rcu_quiescent_state();
    return a.n_kept;
}

/* Every byte that is in use, damaged: never a crash, and what is left works.  Of the entries those
 * of every second slot at a time: their neighbours are whole, and stay. */
static void test_damage(void **state)
{
    (void)state;
    static const struct {
        unsigned part[2]; /* The same of both families. */
        size_t size;
    } rows[] = {{{0, 2}, sizeof(struct ct_conn)}, {{1, 3}, 16}, {{4, 4}, sizeof(struct ct_addr6)}};
    struct memstore m, damaged;
    struct ct_header h;
    unsigned n_lost = 0;
    make_small(&m);
    memstore_init(&damaged);
    assert_int_equal(pread(m.fd, &h, sizeof h, 0), sizeof h);
    for (size_t at = 0; at < offsetof(struct ct_header, parts) + h.n_parts * sizeof h.parts[0];
         at++) {
        copy_small(&m, &damaged);
        flip(&damaged, at);
        n_lost += 12 - open_and_use(&damaged, at % 50 == 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (size_t at = 0; at < 2 * rows[i].size; at++) {
            copy_small(&m, &damaged);
            for (size_t slot = at % 2; slot < N_SLOTS; slot += 2) {
                for (unsigned f = 0; f < 2 && (!f || rows[i].part[0] != rows[i].part[1]); f++) {
                    flip(&damaged, h.parts[rows[i].part[f]].offset + slot * rows[i].size + at / 2);
                }
            }
            uint32_t n = open_and_use(&damaged, at % 50 == 0);
            assert_in_range(n, 6, 12);
            n_lost += 12 - n;
        }
    }
    assert_true(n_lost > 500);
    memstore_deinit(&damaged);
    memstore_deinit(&m);
}

/* Live entries that lie ahead of 'cut', with all that belongs to them. */
static uint32_t whole_ahead(const struct memstore *m, const struct ct_header *h, size_t cut)
{
    uint32_t n = 0;
    for (unsigned f = 0; f < 2; f++) {
        for (unsigned slot = 1; slot < N_SLOTS; slot++) {
            struct ct_conn c;
            assert_int_equal(pread(m->fd, &c, sizeof c, (off_t)conn_at(m, 2 * f, slot)), sizeof c);
            size_t end = conn_at(m, 2 * f, slot + 1);
            if (c.flags & CT_F_LABEL) {
                end = h->parts[2 * f + 1].offset + (slot + 1) * 16;
            }
            if (f) {
                end = h->parts[4].offset + (slot + 1) * sizeof(struct ct_addr6);
            }
            n += c.flags & CT_F_LIVE && end <= cut;
        }
    }
    return n;
}

/* A file that was cut off anywhere: refused up to the end of its header, and behind that all
 * entries that are whole go on, and none else. */
static void test_cut_off(void **state)
{
    (void)state;
    struct memstore m, cut;
    struct ct_header h;
    struct ct_adopted a;
    make_small(&m);
    memstore_init(&cut);
    assert_int_equal(pread(m.fd, &h, sizeof h, 0), sizeof h);
    for (size_t at = 0; at < sizeof h; at += at < 64 ? 1 : 64) {
        copy_small(&m, &cut);
        assert_int_equal(ftruncate(cut.fd, (off_t)at), 0);
        struct ct *ct = memstore_open(&cut, T0, &a);
        assert_non_null(ct);
        assert_string_equal(a.refused ? a.refused : "new", at ? "it is cut off" : "new");
        assert_int_equal(ct_count(ct), 0);
        ct_free(ct);
    }
    for (unsigned part = 0; part < h.n_parts; part++) {
        const size_t element = MIN(h.parts[part].element, 128);
        const size_t each = part < 5 ? 4 : N_SLOTS; /* Of this slot each byte; behind them none. */
        for (size_t at = 0; at < N_SLOTS * element; at += at / element == each ? 1 : element / 2) {
            size_t end = h.parts[part].offset + at;
            copy_small(&m, &cut);
            assert_int_equal(ftruncate(cut.fd, (off_t)end), 0);
            uint32_t n = open_and_use(&cut, false);
            uint32_t least = whole_ahead(&m, &h, end);
            assert_in_range(n, least, least + 1); /* What follows may have been zero. */
            assert_true(n == least || at % element);
        }
    }
    memstore_deinit(&cut);
    memstore_deinit(&m);
}

/* A store without room: the table goes on in memory, and the next process finds the rest. */
static void test_no_room(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    memstore_init(&m);
    m.room = 1300000; /* Half of it for what helpers expect. */
    struct ct *ct = memstore_open(&m, T0, &a);
    assert_non_null(ct);
    fill_table(ct, N);
    assert_int_equal(ct_count(ct), 4 * N);
    assert_int_equal(see(ct, udp(true, N, false), T0), CS_EST);
    ct_free(ct);
    m.room = 0;
    ct = memstore_open(&m, T0, &a);
    assert_null(a.refused);
    assert_in_range(a.n_kept, 1000, 4 * N - 1000);
    struct ct_info info;
    for (uint32_t pos = 0; ct_dump(ct, &(struct ct_filter){0}, &pos, &info, 1, T0);) {
        uint16_t i = (uint16_t)(ntohs(info.orig.src_port) - 1);
        bool labelled = info.orig.proto == IPPROTO_HDR_UDP && i % 3 == 0;
        assert_int_equal(info.label[5], labelled ? 1 + i % 200 : 0);
    }
    ct_free(ct);
    memstore_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adopt),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_entries), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_cut_off), cmocka_unit_test(test_no_room),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
