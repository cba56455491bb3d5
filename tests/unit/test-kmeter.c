/* test-kmeter.c - meters in a kernel that is played: what is asked of it, and what it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <urcu/urcu-qsbr.h>

#include "lib/dp/kernel/kernel.h"
#include "lib/dp/meters.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/fake-open.h"

/* In place of nlsock_open.c. */
static struct loop *loop;

static const struct dp_handler handler;

static struct dp *open_dp(void)
{
    struct dp *dp;

    char *error = dp_open("system", "ovs-system", loop, &handler, &dp);
    assert_null(error);
    return dp;
}

static int setup(void **state UNUSED)
{
    urcu_qsbr_register_thread();
    memset(&fm, 0, sizeof fm);
    fk_init();
    loop = loop_new();
    return 0;
}

static int teardown(void **state UNUSED)
{
    loop_free(loop);
    fk_deinit();
    urcu_qsbr_unregister_thread();
    return 0;
}

static void assert_no_meters(void)
{
    for (unsigned i = 0; i < FK_METERS; i++) {
        assert_false(fm.there[i]);
    }
}

/* The first band of the last SET. */
static void assert_band(uint32_t rate, uint32_t burst)
{
    struct nlrd list, band, r;
    uint32_t got[4] = {0};

    nlrd_init(&list, fm.set.data, fm.set.len);
    assert_true(nlrd_next(&list));
    nlrd_init(&band, list.data, list.n);
    assert_true(nlrd_next(&band));
    nlrd_init(&r, band.data, band.n);
    while (nlrd_next(&r)) {
        got[r.type & 3] = nlrd_u32(&r);
    }
    assert_int_equal(got[OVS_BAND_ATTR_TYPE], OVS_METER_BAND_TYPE_DROP);
    assert_int_equal(got[OVS_BAND_ATTR_RATE], rate);
    assert_int_equal(got[OVS_BAND_ATTR_BURST], burst);
}

static void test_meters(void **state UNUSED)
{
    struct dp *dp = open_dp();
    struct dp_meter m = {.kbps = true, .n_bands = 1, .bands = {{DP_BAND_DROP, 20000, 0, 0}}};
    struct dp_meter_features f;
    struct dp_meter_stats s;
    struct dp_features features;

    assert_no_meters(); /* The probe leaves none. */
    dp_meter_get_features(dp, &f);
    assert_int_equal(f.max_meters, 65536);
    assert_int_equal(f.max_bands, 1);
    assert_false(f.dscp_remark);
    dp_get_features(dp, &features);
    assert_true(features.meter && features.hash);

    assert_int_equal(dp_meter_set(dp, 4, &m), 0);
    assert_band(20000, 2000);
    m.bands[0].rate = 10; /* Room for a super-frame in any case. */
    assert_int_equal(dp_meter_set(dp, 4, &m), 0);
    assert_band(10, 600);
    m.bands[0].burst = 5;
    assert_int_equal(dp_meter_set(dp, 4, &m), 0);
    assert_band(10, 5);
    assert_true(fm.there[4]);
    assert_int_equal(dp_meter_get_stats(dp, 4, &s), 0);
    assert_int_equal(s.packets, 7);
    assert_int_equal(s.bytes, 700);
    assert_int_equal(s.bands[0].packets, 3);
    assert_int_equal(s.bands[0].bytes, 300);
    assert_int_equal(dp_meter_get_stats(dp, 5, &s), ENOENT);
    m.bands[0].type = DP_BAND_DSCP_REMARK;
    assert_int_equal(dp_meter_set(dp, 5, &m), EOPNOTSUPP);
    dp_meter_del(dp, 4);
    assert_no_meters();
    dp_close(dp, true);
}

static void test_broken(void **state UNUSED)
{
    struct dp_meter_features f;
    struct dp_features features;

    fm.one = true;
    struct dp *dp = open_dp();
    dp_meter_get_features(dp, &f);
    assert_int_equal(f.max_meters, 0);
    dp_get_features(dp, &features);
    assert_false(features.meter);
    assert_no_meters();
    dp_close(dp, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_meters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
