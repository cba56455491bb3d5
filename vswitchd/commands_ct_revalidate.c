/* commands_ct_revalidate.c - ct/revalidate: connections whose first packet the rules of today would
 * not let in. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/admit.h"
#include "vswitchd/commands-private.h"

struct revalidation {
    struct revalidation *next;
    struct datapaths *datapaths; /* NULL: they have gone. */
    struct ofproto *p;           /* To be found among the datapaths before use. */
    struct admit_run *run;
    struct text *out; /* Of the turn. */
};

static struct revalidation *revalidations; /* Under way. */

static bool is_there(const struct revalidation *r)
{
    struct ofproto *p = NULL;

    while (r->datapaths && (p = datapaths_next(r->datapaths, p)) && p != r->p) {
    }
    return r->datapaths && p;
}

static void on_refused(void *r_, const struct ct_info *info)
{
    struct revalidation *r = r_;
    const struct env *env = loop_env(datapaths_loop(r->datapaths));

    ct_info_format(info, false, false, env->now_ms, env->wall_ms, r->out);
    text_putc(r->out, '\n');
}

static bool more(void *r_, struct text *t)
{
    struct revalidation *r = r_;
    struct admit_result result;

    r->out = t;
    if (!is_there(r)) {
        return false;
    }
    if (admit_run_some(r->run)) {
        return true;
    }
    admit_run_free(r->run, false, &result);
    r->run = NULL;
    text_printf(t,
                "%" PRIu64 " connections checked, %" PRIu64 " would not be admitted, %" PRIu64
                " ended; not known of %" PRIu64 "\n",
                result.n, result.n_refused, result.n_ended, result.n_unknown);
    return false;
}

static void done(void *r_)
{
    struct revalidation *r = r_, **at = &revalidations;

    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    if (r->run) {
        admit_run_free(r->run, !is_there(r), NULL);
    }
    free(r);
}

void commands_stop_ct_revalidate(void)
{
    for (struct revalidation *r = revalidations; r; r = r->next) {
        r->datapaths = NULL;
    }
}

static bool parse_zone(struct control_request *req, const struct dpctl_args *a, struct ct_filter *f)
{
    int wrong = a->argc > 1; /* Which word. */

    f->has_zone = a->argc;
    if (wrong ||
        (a->argc && (strncmp(a->argv[0], "zone=", 5) || !text_to_u16(a->argv[0] + 5, &f->zone)))) {
        dpctl_fail(req, xasprintf("%s: neither a datapath nor zone=N", a->argv[wrong]),
                   "Invalid argument");
        return false;
    }
    return true;
}

static void on_revalidate(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct admit_config config = {.end = false};
    const char **left = xcalloc((size_t)argc + 1, sizeof *left);
    struct dpctl_args a;
    int n = 0;

    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "--end")) {
            config.end = true;
        } else if (strcmp(argv[i], "--report")) {
            left[n++] = argv[i];
        }
    }
    bool ok = dpctl_args_parse(req, d, n, left, &a) && parse_zone(req, &a, &config.filter);
    free(left); /* 'a' has pointed there. */
    if (!ok) {
        return;
    }
    struct revalidation *r = xzalloc(sizeof *r);
    config.refused = on_refused;
    config.aux = r;
    r->datapaths = d;
    r->p = a.p;
    int error = admit_run_start(a.p, &config, &r->run);
    if (error) {
        free(r);
        dpctl_fail(req, xstrdup("dump of connections failed"), strerror(error));
        return;
    }
    r->next = revalidations;
    revalidations = r;
    control_reply_parts(req, more, done, r);
}

void commands_register_ct_revalidate(struct datapaths *d)
{
    control_register("ct/revalidate", "[--report | --end] [dp] [zone=N]", 0, 4, on_revalidate, d);
}
