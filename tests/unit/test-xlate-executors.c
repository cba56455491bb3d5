/* test-xlate-executors.c - the corpus of pipelines for both executors: with the same features the
 * same actions and masks, and what the kernel is given means the same. */
#include "lib/dp/dp.h"
#include "lib/dp/kernel/nlaction.h"
#include "lib/dp/kernel/nlkey.h"
#include "lib/io/loop.h"
#include "tests/unit/xlate-corpus.h"
#include "tests/unit/xlate-env.h"

/* A kernel that knows all that its ABI has (Linux 5.15 and later). */
static const struct nlkey_features kernel_keys = {.ct_state = true,
                                                  .ct_zone = true,
                                                  .ct_mark = true,
                                                  .ct_label = true,
                                                  .ct_orig_tuple = true,
                                                  .ct_orig_tuple6 = true,
                                                  .max_vlans = 2,
                                                  .max_mpls = 3};
static const struct nlaction_env kernel_actions = {.upcall_pid = UINT32_MAX,
                                                   .set_masked = true,
                                                   .ct_eventmask = true,
                                                   .ct_clear = true,
                                                   .clone = true,
                                                   .trunc = true,
                                                   .meter = true,
                                                   .force_commit = true,
                                                   .push_eth = true,
                                                   .push_nsh = true,
                                                   .add_mpls = true,
                                                   .check_pkt_len = true};

/* What the kernel cannot do, by the text of its actions; such flows are run by the daemon. */
static const char *const not_in_kernel[] = {"set(icmp(", "set(arp(", "set(nd("};

/* As kprobe.c makes them of such a kernel. */
static struct dp_features kernel_features(void)
{
    return (struct dp_features){.ct = kernel_keys.ct_state,
                                .ct_zone = kernel_keys.ct_zone,
                                .ct_mark = kernel_keys.ct_mark,
                                .ct_label = kernel_keys.ct_label,
                                .ct_orig_tuple = kernel_keys.ct_orig_tuple,
                                .ct_clear = kernel_actions.ct_clear,
                                .recirc = true,
                                .hash = true,
                                .ct_nat = true,
                                .ct_alg = true,
                                .meter = kernel_actions.meter,
                                .trunc = kernel_actions.trunc,
                                .clone = kernel_actions.clone,
                                .max_vlan_headers = kernel_keys.max_vlans,
                                .max_mpls_depth = kernel_keys.max_mpls};
}

static void none_miss(void *aux, const struct packet *p, const struct key *k, int64_t now_ms,
                      struct dp_verdict *v)
{
}

static struct dp_features userspace_features(void)
{
    const struct dp_handler handler = {.miss = none_miss};
    struct loop *loop = loop_new();
    struct dp_features f;
    struct dp *dp;

    char *error = dp_open("dummy", "ovs-dummy", loop, &handler, &dp);
    assert_null(error);
    dp_get_features(dp, &f);
    dp_close(dp, true);
    loop_free(loop);
    return f;
}

static bool kernel_can(const char *actions)
{
    for (size_t i = 0; i < ARRAY_SIZE(not_in_kernel); i++) {
        if (strstr(actions, not_in_kernel[i])) {
            return false;
        }
    }
    return true;
}

static void through_netlink(const struct key *key, const struct key *mask, bool is_mask,
                            struct key *back)
{
    _Alignas(8) uint8_t room[4096];
    struct nlwr w;

    nlwr_init(&w, room, sizeof room);
    nlkey_put(key, mask, &kernel_keys, &w);
    assert_false(w.err);
    assert_true(nlkey_get(room, w.len, is_mask, back));
}

/* Key, mask and actions as netlink has them: the same packets, and actions that can be written. */
static bool check_kernel(const struct key *key, const struct xlate_out *out, const char *actions)
{
    _Alignas(8) uint8_t room[8192];
    struct key mask = out->mask, key_back, mask_back;
    const uint8_t *k = (const void *)key, *m = (const void *)&out->mask;
    const uint8_t *kb = (const void *)&key_back, *mb = (const void *)&mask_back;
    const char *why = "";
    struct nlwr w;

    nlwr_init(&w, room, sizeof room);
    bool ok = nlaction_put(out->actions.data, out->actions.len, &kernel_actions, &w, &why);
    if (ok != kernel_can(actions) || (ok && w.err)) {
        print_message("%s: the kernel %s (%s)\n", actions, ok ? "takes it" : "cannot", why);
        return false;
    }
    nlkey_widen(key, &kernel_keys, &mask);
    through_netlink(key, NULL, false, &key_back);
    through_netlink(key, &mask, true, &mask_back);
    for (size_t i = 0; i < sizeof *key; i++) {
        /* Bits that the kernel drops are of headers that the packet has not: 0 there. */
        uint8_t dropped = m[i] & (uint8_t)~mb[i];
        if ((kb[i] ^ k[i]) & m[i] || (dropped & k[i])) {
            print_message("%s: byte %zu: key %02x mask %02x, the kernel's %02x %02x\n", actions, i,
                          k[i], m[i], kb[i], mb[i]);
            return false;
        }
    }
    return true;
}

static unsigned n_failed;

static void run_step(struct world w[2], const struct step *step, struct credit *credits[2])
{
    struct text text[2] = {TEXT_INIT, TEXT_INIT};
    struct xlate_out out[2];
    struct key key = world_key(step->packet);

    for (unsigned i = 0; i < 2; i++) {
        world_xlate(&w[i], &key, &out[i]);
        world_format(&out[i], &text[i]);
        credits[i] = out[i].credit;
        out[i].credit = NULL;
    }
    bool same = out[0].actions.len == out[1].actions.len &&
                (!out[0].actions.len ||
                 !memcmp(out[0].actions.data, out[1].actions.data, out[0].actions.len)) &&
                !memcmp(&out[0].mask, &out[1].mask, sizeof out[0].mask) &&
                !strcmp(text_cstr(&text[0]), text_cstr(&text[1]));
    if (!same) {
        print_message("packet %s:\n  userspace %s\n  kernel    %s\n", step->packet,
                      text_cstr(&text[0]), text_cstr(&text[1]));
    }
    if (!same || (!out[1].error && !check_kernel(&key, &out[1], text_cstr(&text[1])))) {
        print_message("packet %s\n", step->packet);
        n_failed++;
    }
    for (unsigned i = 0; i < 2; i++) {
        xlate_out_deinit(&out[i]);
        text_deinit(&text[i]);
    }
}

static void run(const struct test *t, const struct dp_features features[2])
{
    struct credit *credits[MAX_STEPS][2] = {{NULL}};
    struct world w[2];

    for (unsigned i = 0; i < 2; i++) {
        world_init_with(&w[i], &features[i]);
        world_add_rules(&w[i], t->rules);
    }
    for (unsigned n = 0; n < MAX_STEPS && t->steps[n].packet; n++) {
        run_step(w, &t->steps[n], credits[n]);
    }
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 0; n < MAX_STEPS; n++) {
            credit_free(credits[n][i], 2000);
        }
        continuations_reclaim(w[i].continuations, 2000 + CONTINUATION_REST_MS, 9);
        world_deinit(&w[i]);
    }
}

static void test_same(void **state)
{
    const struct dp_features features[2] = {userspace_features(), kernel_features()};

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        run(&tests[i], features);
    }
    assert_int_equal(n_failed, 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(all, world_setup, world_teardown);
}
