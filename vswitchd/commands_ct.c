/* commands_ct.c - dpctl/...conntrack and dpctl/ct-...: the connection tracker of a datapath. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "vswitchd/commands-private.h"

/* Of one turn of the loop: connections shown, entries of the table looked at. */
#define SLICE_CONNS 128
#define SLICE_SLOTS 4096

/* The tracker and the arguments; NULL: the error has been sent. */
static struct ct *tracker(struct control_request *req, struct datapaths *d, int argc,
                          const char *const argv[], struct dpctl_args *a)
{
    if (!dpctl_args_parse(req, d, argc, argv, a)) {
        return NULL;
    }
    struct ct *ct = dp_ct(ofproto_dp(a->p));
    if (!ct) {
        dpctl_fail(req, xstrdup("this datapath has no connection tracker of its own"),
                   "Operation not supported");
    }
    return ct;
}

static bool parse_filter(struct control_request *req, const struct dpctl_args *a,
                         struct ct_filter *filter)
{
    char **args = xcalloc((size_t)a->argc + 1, sizeof *args);

    for (int i = 0; i < a->argc; i++) {
        args[i] = xstrdup(a->argv[i]); /* Parsed in place. */
    }
    char *error = ct_filter_parse(a->argc, args, filter);
    for (int i = 0; i < a->argc; i++) {
        free(args[i]);
    }
    free(args);
    if (error) {
        dpctl_fail(req, error, "Invalid argument");
    }
    return !error;
}

/* zone=N beyond the numbers that zones have: nothing can be in it. */
static bool asks_for_no_zone(const struct dpctl_args *a)
{
    uint64_t zone;

    return a->argc && !strncmp(a->argv[0], "zone=", 5) && text_to_u64(a->argv[0] + 5, &zone) &&
           zone > UINT16_MAX;
}

/* dump-conntrack of a large table takes many turns of the loop; what is committed meanwhile may be
 * in it or not. */
struct dump {
    struct dump *next;
    struct datapaths *datapaths; /* NULL: they have gone. */
    const struct ofproto *p;     /* To be found among the datapaths before use. */
    bool more, stats;
    struct ct_filter filter;
    uint32_t pos;
};

static struct dump *dumps; /* Under way. */

static struct ct *dump_tracker(const struct dump *d)
{
    struct ofproto *p = NULL;

    while (d->datapaths && (p = datapaths_next(d->datapaths, p)) && p != d->p) {
    }
    return d->datapaths && p ? dp_ct(ofproto_dp(p)) : NULL;
}

static bool dump_more(void *d_, struct text *t)
{
    struct dump *d = d_;
    struct ct *ct = dump_tracker(d);
    struct ct_info infos[SLICE_CONNS];
    unsigned n = ARRAY_SIZE(infos);

    if (!ct) {
        return false;
    }
    const struct env *env = loop_env(datapaths_loop(d->datapaths));
    bool more = ct_dump_some(ct, &d->filter, &d->pos, SLICE_SLOTS, infos, &n, env->now_ms);
    for (unsigned i = 0; i < n; i++) {
        ct_info_format(&infos[i], d->more, d->stats, env->now_ms, env->wall_ms, t);
        text_putc(t, '\n');
    }
    return more;
}

static void dump_done(void *d_)
{
    struct dump *d = d_;
    struct dump **p = &dumps;

    while (*p != d) {
        p = &(*p)->next;
    }
    *p = d->next;
    free(d);
}

void commands_stop_dumps(void)
{
    for (struct dump *d = dumps; d; d = d->next) {
        d->datapaths = NULL;
    }
}

static void on_dump(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_filter filter = {0};
    struct ct *ct = tracker(req, d, argc, argv, &a);

    if (ct && asks_for_no_zone(&a)) {
        control_reply(req, NULL);
        return;
    }
    if (!ct || !parse_filter(req, &a, &filter)) {
        return;
    }
    struct dump *dump = xzalloc(sizeof *dump);
    dump->datapaths = d;
    dump->p = a.p;
    dump->more = a.more;
    dump->stats = a.stats;
    dump->filter = filter;
    dump->next = dumps;
    dumps = dump;
    control_reply_parts(req, dump_more, dump_done, dump);
}

static void on_flush(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_filter filter = {0};
    struct ct *ct = tracker(req, d, argc, argv, &a);

    if (ct && parse_filter(req, &a, &filter)) {
        ct_flush(ct, &filter, loop_now(datapaths_loop(d)));
        control_reply(req, NULL);
    }
}

static void reply_number(struct control_request *req, uint64_t n)
{
    char *s = xasprintf("%" PRIu64, n);
    control_reply(req, s);
    free(s);
}

static void on_get_nconns(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct *ct = tracker(req, d, argc, argv, &a);
    if (ct) {
        reply_number(req, ct_count(ct));
    }
}

static void on_get_max(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct *ct = tracker(req, d, argc, argv, &a);
    if (ct) {
        reply_number(req, ct_get_max(ct));
    }
}

static void on_set_max(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    uint32_t max;
    struct ct *ct = tracker(req, d, argc, argv, &a);

    if (!ct) {
        return;
    }
    if (a.argc != 1 || !text_to_u32(a.argv[0], &max)) {
        dpctl_fail(req, xstrdup("maxconns missing or malformed"), "Invalid argument");
    } else if (!ct_set_max(ct, max)) {
        dpctl_fail(req,
                   xasprintf("%s: more connections than address space is reserved for", a.argv[0]),
                   "Invalid argument");
    } else {
        control_reply(req, "setting maxconns successful");
    }
}

static void on_tcp_seq_chk(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct *ct = tracker(req, d, argc, argv, &a);
    bool on = strstr(argv[0], "enable") != NULL;

    if (ct) {
        ct_set_tcp_liberal(ct, !on);
        control_reply(req, on ? "enabled TCP sequence checking successfully"
                              : "disabled TCP sequence checking successfully");
    }
}

static const char *stats_row(const struct ct_info *i)
{
    switch (i->orig.proto) {
    case 6:
        return "TCP";
    case 17:
        return "UDP";
    case 136:
        return "UDPLITE";
    case 132:
        return "SCTP";
    case 1:
        return "ICMP";
    case 58:
        return "ICMPV6";
    case 33:
        return "DCCP";
    case 2:
        return "IGMP";
    default:
        return "Other";
    }
}

static void on_stats(struct control_request *req, int argc, const char *const argv[], void *d)
{
    static const char *const rows[] = {"TCP",    "UDP",  "UDPLITE", "SCTP", "ICMP",
                                       "ICMPV6", "DCCP", "IGMP",    "Other"};
    uint64_t counts[ARRAY_SIZE(rows)] = {0}, total = 0;
    struct dpctl_args a;
    struct ct_filter filter = {0};
    struct ct *ct = tracker(req, d, argc, argv, &a);

    if (!ct || !parse_filter(req, &a, &filter)) {
        return;
    }
    struct ct_info infos[64];
    uint32_t pos = 0;
    unsigned n;
    while (
        (n = ct_dump(ct, &filter, &pos, infos, ARRAY_SIZE(infos), loop_now(datapaths_loop(d))))) {
        total += n;
        for (unsigned i = 0; i < n; i++) {
            for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
                counts[r] += !strcmp(rows[r], stats_row(&infos[i]));
            }
        }
    }
    struct text t = TEXT_INIT;
    text_printf(&t, "Connections Stats:\n    Total: %" PRIu64 "\n", total);
    for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
        if (counts[r]) {
            text_printf(&t, "  %s: %" PRIu64 "\n", rows[r], counts[r]);
        }
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

void commands_register_ct(struct datapaths *d)
{
    control_register("dpctl/dump-conntrack", "[-m] [-s] [dp] [zone=N]", 0, INT_MAX, on_dump, d);
    control_register("dpctl/flush-conntrack",
                     "[dp] [zone=N] [mark=X[/M]] [labels=X[/M]] [ORIG [REPLY]]", 0, INT_MAX,
                     on_flush, d);
    control_register("dpctl/ct-stats-show", "[dp] [zone=N]", 0, INT_MAX, on_stats, d);
    control_register("dpctl/ct-get-nconns", "[dp]", 0, 1, on_get_nconns, d);
    control_register("dpctl/ct-get-maxconns", "[dp]", 0, 1, on_get_max, d);
    control_register("dpctl/ct-set-maxconns", "[dp] N", 1, 2, on_set_max, d);
    control_register("dpctl/ct-enable-tcp-seq-chk", "[dp]", 0, 1, on_tcp_seq_chk, d);
    control_register("dpctl/ct-disable-tcp-seq-chk", "[dp]", 0, 1, on_tcp_seq_chk, d);
}
