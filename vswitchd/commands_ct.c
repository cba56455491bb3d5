/* commands_ct.c - dpctl/...conntrack and dpctl/ct-...: the connection tracker of a datapath. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto_keep.h"
#include "vswitchd/commands-private.h"

LOG_MODULE(commands_ct);

/* Sends an error that the datapath gave for 'what'; false. */
static bool failed(struct control_request *req, const char *what, int error)
{
    dpctl_fail(req, xstrdup(what), strerror(error));
    return false;
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
    bool more, stats, json;
    struct dp_conns_dump *conns;
    struct text *out; /* Of the turn. */
};

static struct dump *dumps; /* Under way. */

static struct dp *dump_dp(const struct dump *d)
{
    struct ofproto *p = NULL;

    while (d->datapaths && (p = datapaths_next(d->datapaths, p)) && p != d->p) {
    }
    return d->datapaths && p ? ofproto_dp(p) : NULL;
}

static bool dump_one(void *d_, const struct ct_info *info)
{
    struct dump *d = d_;
    const struct env *env = loop_env(datapaths_loop(d->datapaths));

    if (d->json) {
        ct_info_json(info, env->now_ms, env->wall_ms, d->out);
    } else {
        ct_info_format(info, d->more, d->stats, env->now_ms, env->wall_ms, d->out);
    }
    text_putc(d->out, '\n');
    return true;
}

static bool dump_more(void *d_, struct text *t)
{
    struct dump *d = d_;
    struct dp *dp = dump_dp(d);

    d->out = t;
    return dp && dp_conns_dump_some(dp, d->conns, dump_one, d);
}

static void dump_done(void *d_)
{
    struct dump *d = d_;
    struct dump **p = &dumps;
    int error = dp_conns_dump_end(dump_dp(d), d->conns);

    if (error) {
        log_warn_rl("dump of connections ended early (%s)", strerror(error));
    }
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

/* The arguments of a dump into A and FILTER.  False: REQ has been answered. */
static bool parse_dump(struct control_request *req, int argc, const char *const argv[], void *d,
                       struct dpctl_args *a, struct ct_filter *filter)
{
    if (!dpctl_args_parse(req, d, argc, argv, a)) {
        return false;
    }
    if (asks_for_no_zone(a)) {
        control_reply(req, NULL);
        return false;
    }
    return parse_filter(req, a, filter);
}

static void on_dump(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_filter filter = {0};

    if (!parse_dump(req, argc, argv, d, &a, &filter)) {
        return;
    }
    struct dp_conns_dump *conns;
    int error = dp_conns_dump_start(ofproto_dp(a.p), &filter, &conns);
    if (error) {
        failed(req, "dump of connections failed", error);
        return;
    }
    struct dump *dump = xzalloc(sizeof *dump);
    dump->datapaths = d;
    dump->p = a.p;
    dump->more = a.more;
    dump->stats = a.stats;
    dump->json = a.json;
    dump->conns = conns;
    dump->next = dumps;
    dumps = dump;
    control_reply_parts(req, dump_more, dump_done, dump);
}

struct expected_dump {
    struct text out;
    int32_t zone; /* Or DP_ZONE_DEFAULT: all. */
};

static void put_expected(void *d_, const struct ct_expected *x)
{
    struct expected_dump *d = d_;

    if (d->zone == DP_ZONE_DEFAULT || d->zone == x->zone) {
        ct_expected_format(x, &d->out);
        text_putc(&d->out, '\n');
    }
}

static void on_dump_expected(struct control_request *req, int argc, const char *const argv[],
                             void *d)
{
    struct dpctl_args a;
    struct ct_filter filter = {0};

    if (!parse_dump(req, argc, argv, d, &a, &filter)) {
        return;
    }
    struct expected_dump dump = {TEXT_INIT, filter.has_zone ? filter.zone : DP_ZONE_DEFAULT};
    int error = dp_conns_dump_expected(ofproto_dp(a.p), put_expected, &dump);
    if (error) {
        failed(req, "dump of expected connections failed", error);
    } else {
        control_reply(req, text_cstr(&dump.out));
    }
    text_deinit(&dump.out);
}

static void on_flush(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    struct ct_filter filter = {0};

    if (dpctl_args_parse(req, d, argc, argv, &a) && parse_filter(req, &a, &filter)) {
        int error = dp_conns_flush(ofproto_dp(a.p), &filter);
        if (error) {
            failed(req, "failed to flush conntrack", error);
        } else {
            control_reply(req, NULL);
        }
    }
}

/* A number that the datapath knows, or says 'complaint' to. */
static void reply_number(struct control_request *req, struct datapaths *d, int argc,
                         const char *const argv[], int (*get)(struct dp *, uint32_t *),
                         const char *complaint)
{
    struct dpctl_args a;
    uint32_t n;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    int error = get(ofproto_dp(a.p), &n);
    if (error) {
        failed(req, complaint, error);
        return;
    }
    char *s = xasprintf("%" PRIu32, n);
    control_reply(req, s);
    free(s);
}

static void on_get_nconns(struct control_request *req, int argc, const char *const argv[], void *d)
{
    reply_number(req, d, argc, argv, dp_conns_count, "nconns could not be retrieved");
}

static void on_get_max(struct control_request *req, int argc, const char *const argv[], void *d)
{
    reply_number(req, d, argc, argv, dp_conns_get_max, "maxconns could not be retrieved");
}

/* A number, or the memory that they may take: N{K,M,G}, at what the largest of them takes. */
static bool parse_max(const char *s, uint32_t *max)
{
    static const char units[] = "KMG";
    size_t digits = strspn(s, "0123456789");
    const char *unit = digits && s[digits] ? strchr(units, s[digits]) : NULL;
    uint32_t n;

    if (!unit || s[digits + 1]) {
        return text_to_u32(s, max);
    }
    char *number = xstrndup(s, digits);
    bool ok = text_to_u32(number, &n);
    free(number);
    *max = (uint32_t)MIN(((uint64_t)n << 10 * (unit - units + 1)) / CT_BYTES_MAX, UINT32_MAX);
    return ok && n < UINT32_MAX >> 1;
}

static void on_set_max(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    uint32_t max;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    if (a.argc != 1 || !parse_max(a.argv[0], &max)) {
        dpctl_fail(req, xstrdup("maxconns missing or malformed"), "Invalid argument");
        return;
    }
    int error = dp_conns_set_max(ofproto_dp(a.p), max);
    if (error == ERANGE) {
        dpctl_fail(req,
                   xasprintf("%s: more connections than address space is reserved for", a.argv[0]),
                   "Invalid argument");
    } else if (error) {
        failed(req, "ct set maxconns failed", error);
    } else {
        ofproto_keep_setting(a.p, SETTING_MAX_CONNS, 0, max);
        control_reply(req, "setting maxconns successful");
    }
}

static void on_tcp_seq_chk(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dpctl_args a;
    bool on = strstr(argv[0], "enable") != NULL;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    uint16_t zone = 0;
    if (a.argc > 1 ||
        (a.argc && (strncmp(a.argv[0], "zone=", 5) || !text_to_u16(a.argv[0] + 5, &zone)))) {
        dpctl_fail(req, xstrdup("invalid zone"), "Invalid argument");
        return;
    }
    const int32_t which = a.argc ? zone : DP_ZONE_DEFAULT;
    int error = dp_conns_set_tcp_liberal(ofproto_dp(a.p), which, !on);
    if (error) {
        failed(req,
               on ? "enabling TCP sequence checking failed"
                  : "disabling TCP sequence checking failed",
               error);
    } else {
        ofproto_keep_setting(a.p, SETTING_TCP_LIBERAL, which, !on);
        control_reply(req, on ? "enabled TCP sequence checking successfully"
                              : "disabled TCP sequence checking successfully");
    }
}

/* ---- numbers by protocol ---- */

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

static const char *const stats_rows[] = {"TCP",    "UDP",  "UDPLITE", "SCTP", "ICMP",
                                         "ICMPV6", "DCCP", "IGMP",    "Other"};

struct stats {
    uint64_t counts[ARRAY_SIZE(stats_rows)], total;
    uint64_t tcp_states[CT_TCP_TIME_WAIT + 1];
};

static bool count_one(void *s_, const struct ct_info *info)
{
    struct stats *s = s_;

    s->total++;
    for (size_t r = 0; r < ARRAY_SIZE(stats_rows); r++) {
        s->counts[r] += !strcmp(stats_rows[r], stats_row(info));
    }
    if (info->orig.proto == 6) {
        s->tcp_states[MIN(ct_info_tcp_state(info), CT_TCP_TIME_WAIT)]++;
    }
    return true;
}

static void put_stats(const struct stats *s, bool more, struct text *t)
{
    text_printf(t, "Connections Stats:\n    Total: %" PRIu64 "\n", s->total);
    for (size_t r = 0; r < ARRAY_SIZE(stats_rows); r++) {
        if (!s->counts[r]) {
            continue;
        }
        text_printf(t, "  %s: %" PRIu64 "\n", stats_rows[r], s->counts[r]);
        if (more && !r) {
            text_puts(t, "    Conn per TCP states:\n");
            for (uint8_t i = 0; i <= CT_TCP_TIME_WAIT; i++) {
                if (s->tcp_states[i]) {
                    text_printf(t, "\t  [%s]=%" PRIu64 "\n", ct_tcp_state_name(i),
                                s->tcp_states[i]);
                }
            }
        }
    }
}

/* Why packets were invalid, since the daemon's start. */
static void put_reasons(struct text *t)
{
    static const enum counter reasons[] = {
#define CT_REASON(ID, DOC) COUNTER_conntrack_inv_##ID,
#include "lib/ct_reasons.def"
#undef CT_REASON
    };
    const char *title = "Invalid Packets:\n";

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        uint64_t n = counter_read(reasons[i]);
        if (n) {
            text_printf(t, "%s  %s: %" PRIu64 "\n", title,
                        counter_name(reasons[i]) + strlen("conntrack_inv_"), n);
            title = "";
        }
    }
}

static void on_stats(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct stats stats = {.total = 0};
    struct dpctl_args a;
    struct ct_filter filter = {0};

    if (!dpctl_args_parse(req, d, argc, argv, &a) || !parse_filter(req, &a, &filter)) {
        return;
    }
    int error = dp_conns_dump(ofproto_dp(a.p), &filter, count_one, &stats);
    if (error) {
        failed(req, "dump of connections failed", error);
        return;
    }
    struct text t = TEXT_INIT;
    put_stats(&stats, a.more, &t);
    if (!a.argc && dp_conns_counts_invalid(ofproto_dp(a.p))) {
        put_reasons(&t);
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

void commands_register_ct(struct datapaths *d)
{
    control_register("dpctl/dump-conntrack", "[-m] [-s] [--json] [dp] [FILTER]...", 0, INT_MAX,
                     on_dump, d);
    control_register("dpctl/dump-conntrack-exp", "[dp] [zone=N]", 0, 2, on_dump_expected, d);
    control_register("dpctl/flush-conntrack", "[dp] [FILTER]...", 0, INT_MAX, on_flush, d);
    control_register("dpctl/ct-stats-show", "[-m] [dp] [zone=N]", 0, INT_MAX, on_stats, d);
    control_register("dpctl/ct-get-nconns", "[dp]", 0, 1, on_get_nconns, d);
    control_register("dpctl/ct-get-maxconns", "[dp]", 0, 1, on_get_max, d);
    control_register("dpctl/ct-set-maxconns", "[dp] N|SIZE", 1, 2, on_set_max, d);
    commands_register_ct_frags(d);
    commands_register_ct_limits(d);
    commands_register_ct_events(d);
    commands_register_ct_revalidate(d);
    control_register("dpctl/ct-enable-tcp-seq-chk", "[dp] [zone=N]", 0, 2, on_tcp_seq_chk, d);
    control_register("dpctl/ct-disable-tcp-seq-chk", "[dp] [zone=N]", 0, 2, on_tcp_seq_chk, d);
}
