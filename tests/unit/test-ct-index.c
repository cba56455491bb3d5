/* test-ct-index.c - the table of connections from one living process to the next: with the index
 * that the former one gives, which is used or refused, and from an older build's layout. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/ct/ct_index.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "tests/unit/ct-memstore.h"

#define T0 INT64_C(5000000)
#define N  2000

static struct frame udp(bool ip6, uint16_t sport, bool back)
{
    return (struct frame){.ip6 = ip6, .proto = IPPROTO_HDR_UDP, .sport = sport, .back = back};
}

static uint8_t see(struct ct *ct, struct frame f, uint16_t zone)
{
    return run_args(ct, &f, &(struct ct_args){.zone = zone}, T0).state & ~CS_TRK;
}

static uint8_t commit(struct ct *ct, struct frame f, uint16_t zone, uint8_t label)
{
    struct ct_args args = {.zone = zone, .commit = true, .mark = f.sport, .mark_mask = UINT32_MAX};
    if (label) {
        memset(args.label, label, 16);
        memset(args.label_mask, 0xff, 16);
    }
    return run_args(ct, &f, &args, T0).state & ~CS_TRK;
}

/* In two zones; half of them have had a reply, a third has a label. */
static void fill_table(struct ct *ct, uint16_t first, uint16_t n)
{
    for (uint16_t port = first; port < first + n; port++) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            uint16_t zone = port & 1 ? 0 : 9;
            assert_int_equal(commit(ct, udp(ip6, port, false), zone, port % 3 ? 0 : 5), CS_NEW);
            if (port & 2) {
                assert_int_equal(see(ct, udp(ip6, port, true), zone), CS_EST | CS_RPL);
            }
        }
        rcu_quiescent_state();
    }
}

static char *dump(struct ct *ct)
{
    struct text t = TEXT_INIT;
    struct ct_info info;
    for (uint32_t pos = 0; ct_dump(ct, &(struct ct_filter){0}, &pos, &info, 1, T0);) {
        ct_info_format(&info, true, true, T0, 0, &t);
        text_putc(&t, '\n');
    }
    return text_steal(&t);
}

/* As a process that was started while the other one had the store. */
static struct ct *prepare(struct memstore *m, struct ct_config *config, struct ct_adopted *a)
{
    *a = (struct ct_adopted){.found = false};
    *config = (struct ct_config){.max_conns = 100000,
                                 .hash_seed = 78,
                                 .store = &m->store,
                                 .now_ms = T0,
                                 .adopted = a,
                                 .later = true,
                                 .expect = {N, N / 2}};
    return ct_new(config);
}

static bool start(struct memstore *m, struct ct *ct, struct ct_config *config, const void *index,
                  size_t size)
{
    struct stat st;
    m->store.size = fstat(m->fd, &st) ? 0 : (size_t)st.st_size;
    config->index = index;
    config->index_size = size;
    return ct_start(ct, config);
}

static void *index_of(struct ct *ct, size_t *size)
{
    *size = ct_index_size(ct);
    void *index = xzalloc(*size);
    assert_int_equal(ct_index_write(ct, index), *size);
    return index;
}

static void use(struct ct *ct, unsigned n)
{
    for (uint16_t port = 1; port <= N; port += 7) {
        for (int ip6 = 0; ip6 < 2; ip6++) {
            uint16_t zone = port & 1 ? 0 : 9;
            bool gone = port == 77;
            assert_int_equal(see(ct, udp(ip6, port, true), zone), gone ? CS_NEW : CS_EST | CS_RPL);
        }
        rcu_quiescent_state();
    }
    fill_table(ct, N + 1000, 500); /* In free slots, and beyond. */
    assert_int_equal(ct_count(ct), n + 1000);
    unsigned n_of_9 = (n + 1000) / 2 + 1; /* 77, of zone 0, had gone. */
    assert_int_equal(ct_flush(ct, &(struct ct_filter){.has_zone = true, .zone = 9}, T0), n_of_9);
    assert_int_equal(ct_zone_get_count(ct, 9), 0);
    assert_int_equal(ct_flush(ct, &(struct ct_filter){.has_zone = false}, T0), (n + 1000) / 2 - 1);
    assert_int_equal(ct_count(ct), 0);
    fill_table(ct, 1, 300);
}

static void test_index(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    struct ct_config config;
    size_t size;
    memstore_init(&m);
    struct ct *former = memstore_open(&m, T0, &a);
    struct ct *next = prepare(&m, &config, &a);
    assert_non_null(next);
    fill_table(former, 1, N);
    ct_zone_set_limit(former, 5, 1234);
    ct_zone_set_limit(former, CT_ZONE_DEFAULT, 99999);
    struct ct_filter f = {.mark = 77, .mark_mask = UINT32_MAX};
    assert_int_equal(ct_flush(former, &f, T0), 2); /* Their slots rest. */
    char *before = dump(former);
    void *index = index_of(former, &size);

    assert_true(start(&m, next, &config, index, size));
    assert_true(a.found);
    assert_null(a.refused);
    assert_null(a.index_refused);
    assert_int_equal(a.n_kept, 2 * N - 2);
    char *after = dump(next);
    assert_string_equal(before, after);
    assert_int_equal(ct_zone_get_count(next, 0), N - 2);
    assert_int_equal(ct_zone_get_count(next, 9), N);
    assert_int_equal(ct_zone_get_limit(next, 5), 1234);
    assert_int_equal(ct_zone_get_limit(next, CT_ZONE_DEFAULT), 99999);
    use(next, 2 * N - 2);
    ct_free(next);
    ct_free(former);
    free(before);
    free(after);
    free(index);
    memstore_deinit(&m);
}

/* Nothing in it yet; then of one family only. */
static void test_empty(void **state)
{
    (void)state;
    for (uint16_t n = 0; n < 3; n++) {
        struct memstore m;
        struct ct_adopted a;
        struct ct_config config;
        size_t size;
        memstore_init(&m);
        struct ct *former = memstore_open(&m, T0, &a);
        struct ct *next = prepare(&m, &config, &a);
        for (uint16_t port = 1; port <= n; port++) {
            assert_int_equal(commit(former, udp(n == 2, port, false), 1, 0), CS_NEW);
        }
        void *index = index_of(former, &size);
        assert_true(start(&m, next, &config, index, size));
        assert_null(a.index_refused);
        assert_int_equal(ct_count(next), n);
        fill_table(next, 10, 10);
        free(index);
        ct_free(next);
        ct_free(former);
        memstore_deinit(&m);
    }
}

/* Of a table that is not handed over after all: it goes on. */
static void test_former_goes_on(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    size_t size;
    memstore_init(&m);
    struct ct *ct = memstore_open(&m, T0, &a);
    fill_table(ct, 1, N);
    for (int i = 0; i < 3; i++) {
        struct ct_filter f = {.mark = (uint32_t)(100 + i), .mark_mask = UINT32_MAX};
        assert_int_equal(ct_flush(ct, &f, T0), 2);
        free(index_of(ct, &size));
        assert_int_equal(
            ct_flush(ct, &(struct ct_filter){.mark = (uint32_t)(200 + i), .mark_mask = UINT32_MAX},
                     T0),
            2);
    }
    assert_int_equal(ct_count(ct), 2 * N - 12);
    fill_table(ct, N + 1000, 500);
    rcu_quiescent_state();
    ct_free(ct);
    memstore_deinit(&m);
}

/* An index that is not what it should be is made anew, and nothing is lost. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* SIZE_MAX: cut off. */
        const char *why;
    } cases[] = {{0, "it is of another version"},     {9, "it is damaged"},
                 {33, "it belongs to another table"}, {2003, "it is damaged"},
                 {SIZE_MAX, "it is damaged"},         {SIZE_MAX - 1, "it is of another version"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct memstore m;
        struct ct_adopted a;
        struct ct_config config;
        size_t size;
        memstore_init(&m);
        struct ct *former = memstore_open(&m, T0, &a);
        struct ct *next = prepare(&m, &config, &a);
        fill_table(former, 1, 100);
        uint8_t *index = index_of(former, &size);
        if (cases[i].at < size) {
            index[cases[i].at] ^= 0x10;
        }
        size_t given = cases[i].at == SIZE_MAX ? size - 1 : cases[i].at > size ? 3 : size;
        assert_true(start(&m, next, &config, index, given));
        assert_string_equal(a.index_refused, cases[i].why);
        assert_int_equal(a.n_kept, 200);
        assert_int_equal(ct_count(next), 200);
        fill_table(next, N, 100);
        free(index);
        ct_free(next);
        ct_free(former);
        memstore_deinit(&m);
    }
}

/* ---- an older build's layout ---- */

static void make_v1(const struct memstore *m)
{
    struct ct_header h;
    assert_int_equal(pread(m->fd, &h, sizeof h, 0), sizeof h);
    h.version = 1;
    h.n_parts = 5;
    h.layout = ct_kept_layout_of(1);
    h.check = hash_bytes(&h, offsetof(struct ct_header, check), 0);
    assert_int_equal(pwrite(m->fd, &h, sizeof h, 0), sizeof h);
}

static void test_migrate(void **state)
{
    (void)state;
    struct memstore m;
    struct ct_adopted a;
    memstore_init(&m);
    struct ct *ct = memstore_open(&m, T0, &a);
    fill_table(ct, 1, N);
    char *before = dump(ct);
    ct_free(ct);
    make_v1(&m);
    /* One of them is SCTP by its number: it has another meaning now. */
    size_t at = memstore_part(&m, 0) + 5 * sizeof(struct ct_conn);
    struct ct_conn c;
    assert_int_equal(pread(m.fd, &c, sizeof c, (off_t)at), sizeof c);
    struct ct_conn changed = c;
    changed.key.proto = IPPROTO_HDR_SCTP;
    assert_int_equal(pwrite(m.fd, &changed, sizeof c, (off_t)at), sizeof c);
    ct = memstore_open(&m, T0, &a);
    assert_non_null(ct);
    assert_null(a.refused);
    assert_int_equal(a.from_version, 1);
    assert_int_equal(a.n_unfit, 1);
    assert_int_equal(a.n_damaged, 0);
    assert_int_equal(a.n_kept, 2 * N - 1);
    /* All of it as it was, labels and IPv6 too, but for that one line. */
    char *after = dump(ct);
    const char *b = before, *d = after;
    unsigned n_missing = 0;
    while (*b) {
        size_t len = strcspn(b, "\n") + 1;
        if (!strncmp(b, d, len)) {
            d += len;
        } else {
            n_missing++;
        }
        b += len;
    }
    assert_int_equal(n_missing, 1);
    assert_int_equal(*d, 0);
    fill_table(ct, N + 1, 100);
    ct_free(ct);
    /* From now on it is today's. */
    ct = memstore_open(&m, T0, &a);
    assert_int_equal(a.from_version, 0);
    assert_int_equal(a.n_kept, 2 * N - 1 + 200);
    ct_free(ct);
    /* A layout of that version that nobody has written; one of the future. */
    make_v1(&m);
    struct ct_header h;
    assert_int_equal(pread(m.fd, &h, sizeof h, 0), sizeof h);
    h.layout++;
    h.check = hash_bytes(&h, offsetof(struct ct_header, check), 0);
    assert_int_equal(pwrite(m.fd, &h, sizeof h, 0), sizeof h);
    ct = memstore_open(&m, T0, &a);
    assert_string_equal(a.refused, "it has another layout");
    ct_free(ct);
    free(before);
    free(after);
    memstore_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),          cmocka_unit_test(test_empty),
        cmocka_unit_test(test_former_goes_on), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_migrate),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
