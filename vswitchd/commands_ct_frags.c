/* commands_ct_frags.c - dpctl/ipf-...: how fragments are put together for the connection tracker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "ofproto/ofproto_keep.h"
#include "vswitchd/commands-private.h"

#define MIN_LEN_LEAST 400 /* But for 0, which is none at all. */

/* The datapath's limits, of a request; false: the error has been sent. */
static bool get(struct control_request *req, struct datapaths *d, int argc,
                const char *const argv[], struct dpctl_args *a, struct ct_frag_limits *limits,
                struct ct_frag_stats *stats)
{
    if (!dpctl_args_parse(req, d, argc, argv, a)) {
        return false;
    }
    int error = dp_conns_get_frags(ofproto_dp(a->p), limits, stats);
    if (error) {
        dpctl_fail(req, xstrdup("ipf status could not be retrieved"), strerror(error));
    }
    return !error;
}

static void set(struct control_request *req, const struct dpctl_args *a,
                const struct ct_frag_limits *limits, const char *what)
{
    int error = dp_conns_set_frags(ofproto_dp(a->p), limits);
    char *text = xasprintf("%s %s", what, error ? "failed" : "successful");

    if (error) {
        dpctl_fail(req, text, strerror(error));
    } else {
        ofproto_keep_frags(a->p, limits);
        control_reply(req, text);
        free(text);
    }
}

static void fail_einval(struct control_request *req, const char *text)
{
    dpctl_fail(req, xstrdup(text), strerror(EINVAL));
}

/* "v4" or "v6": 0 or 1, else -1. */
static int family_of(const char *s)
{
    return !strcmp(s, "v4") ? 0 : !strcmp(s, "v6") ? 1 : -1;
}

static void on_change(struct control_request *req, int argc, const char *const argv[], void *d)
{
    const bool on = strstr(argv[0], "enabled") != NULL;
    struct dpctl_args a;
    struct ct_frag_limits limits;
    struct ct_frag_stats stats;

    if (!get(req, d, argc, argv, &a, &limits, &stats)) {
        return;
    }
    int family = a.argc == 1 ? family_of(a.argv[0]) : -1;
    if (family < 0) {
        fail_einval(req, "parameter missing: 'v4' or 'v6'");
        return;
    }
    limits.off[family] = !on;
    set(req, &a, &limits,
        on ? "enabling fragmentation reassembly" : "disabling fragmentation reassembly");
}

static void on_set_min(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_frag_limits limits;
    struct ct_frag_stats stats;
    uint16_t min;

    if (!get(req, d, argc, argv, &a, &limits, &stats)) {
        return;
    }
    int family = a.argc == 2 ? family_of(a.argv[0]) : -1;
    if (family < 0 || !text_to_u16(a.argv[1], &min)) {
        fail_einval(req, "parameter missing for minimum fragment size");
        return;
    }
    if (min && min < MIN_LEN_LEAST) {
        fail_einval(req, "requested minimum fragment size too small; see documentation");
        return;
    }
    limits.min_len[family] = min;
    set(req, &a, &limits, "setting minimum fragment size");
}

static void on_set_max(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_frag_limits limits;
    struct ct_frag_stats stats;

    if (!get(req, d, argc, argv, &a, &limits, &stats)) {
        return;
    }
    if (a.argc != 1 || !text_to_u32(a.argv[0], &limits.max_held)) {
        fail_einval(req, "parameter missing for maximum fragments");
        return;
    }
    if (limits.max_held > CT_FRAG_MAX_HELD) {
        fail_einval(req, "setting maximum fragments failed");
        return;
    }
    set(req, &a, &limits, "setting maximum fragments");
}

static void put_counts(const struct ct_frag_limits *limits, const struct ct_frag_stats *stats,
                       int family, struct text *t)
{
    const struct ct_frag_count *c = &stats->by[family];
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        {"accepted", c->accepted},   {"completed", c->completed},   {"expired", c->expired},
        {"too small", c->too_small}, {"overlapped", c->overlapped}, {"purged", c->purged},
    };
    int v = family ? 6 : 4;

    text_printf(t, "        min v%d frag size: %u\n", v, limits->min_len[family]);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        text_printf(t, "        v%d frags %s: %" PRIu64 "\n", v, rows[i].name, rows[i].n);
    }
}

static void on_status(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_frag_limits limits;
    struct ct_frag_stats stats;
    struct text t = TEXT_INIT;

    if (!get(req, d, argc, argv, &a, &limits, &stats)) {
        return;
    }
    text_printf(&t,
                "        Fragmentation Module Status\n"
                "        ---------------------------\n"
                "        v4 enabled: %d\n        v6 enabled: %d\n"
                "        max num frags (v4/v6): %" PRIu32 "\n        num frag: %" PRIu32 "\n",
                !limits.off[0], !limits.off[1], limits.max_held, stats.held);
    put_counts(&limits, &stats, 0, &t);
    put_counts(&limits, &stats, 1, &t);
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

void commands_register_ct_frags(struct datapaths *d)
{
    control_register("dpctl/ipf-get-status", "[-m] [dp]", 0, 2, on_status, d);
    control_register("dpctl/ipf-set-enabled", "[dp] v4|v6", 1, 2, on_change, d);
    control_register("dpctl/ipf-set-disabled", "[dp] v4|v6", 1, 2, on_change, d);
    control_register("dpctl/ipf-set-min-frag", "[dp] v4|v6 minfragment", 2, 3, on_set_min, d);
    control_register("dpctl/ipf-set-max-nfrags", "[dp] maxfrags", 1, 2, on_set_max, d);
}
