/* commands_ct_limits.c - dpctl/ct-set-limits, ct-get-limits, ct-del-limits: connections by zone. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ofproto_keep.h"
#include "vswitchd/commands-private.h"

#define N_ZONES 65536

/* A list of zones and limits out of arguments. */
struct limits {
    struct dp_zone_limit *rows;
    size_t n;
};

static void add(struct limits *l, int32_t zone, uint32_t limit)
{
    l->rows = xrealloc(l->rows, (l->n + 1) * sizeof *l->rows);
    l->rows[l->n++] = (struct dp_zone_limit){.zone = zone, .limit = limit};
}

static void reply(struct control_request *req, struct limits *l, const char *what, int error)
{
    if (error) {
        dpctl_fail(req, xstrdup(what), strerror(error));
    } else {
        control_reply(req, NULL);
    }
    free(l->rows);
}

/* zone=N,limit=L */
static bool parse_zone_limit(const char *s, struct limits *l)
{
    char *copy = xstrdup(s), *comma = strchr(copy, ',');
    uint16_t zone;
    uint32_t limit;
    bool ok = comma != NULL;

    if (ok) {
        *comma = '\0';
        ok = !strncmp(copy, "zone=", 5) && text_to_u16(copy + 5, &zone) &&
             !strncmp(comma + 1, "limit=", 6) && text_to_u32(comma + 7, &limit);
    }
    if (ok) {
        add(l, zone, limit);
    }
    free(copy);
    return ok;
}

static void on_set(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct limits l = {NULL, 0};
    struct dpctl_args a;
    uint32_t limit;
    bool ok = true;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    for (int i = 0; ok && i < a.argc; i++) {
        if (!i && !strncmp(a.argv[i], "default=", 8)) {
            ok = text_to_u32(a.argv[i] + 8, &limit);
            if (!ok) {
                dpctl_fail(req, xstrdup("invalid default limit"), "Invalid argument");
                return;
            }
            add(&l, DP_ZONE_DEFAULT, limit);
        } else if (!(ok = parse_zone_limit(a.argv[i], &l))) {
            dpctl_fail(req, xstrdup("failed to parse zone limit"), "Invalid argument");
            free(l.rows);
            return;
        }
    }
    int error = dp_conns_set_limits(ofproto_dp(a.p), l.rows, l.n);
    for (size_t i = 0; !error && i < l.n; i++) {
        ofproto_keep_setting(a.p, SETTING_LIMIT, l.rows[i].zone, l.rows[i].limit);
    }
    reply(req, &l, "failed to set conntrack limit", error);
}

/* zone=N[,N]... */
static bool parse_zones(const char *s, struct limits *l)
{
    if (strncmp(s, "zone=", 5)) {
        return false;
    }
    char *copy = xstrdup(s + 5), *save = NULL;
    uint16_t zone;
    bool ok = copy[0] != '\0';
    for (char *word = strtok_r(copy, ",", &save); ok && word; word = strtok_r(NULL, ",", &save)) {
        ok = l->n <= N_ZONES && text_to_u16(word, &zone);
        if (ok) {
            add(l, zone, 0);
        }
    }
    free(copy);
    return ok;
}

static void on_del(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct limits l = {NULL, 0};
    struct dpctl_args a;
    int i = 0;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    if (i < a.argc && !strcmp(a.argv[i], "default")) {
        add(&l, DP_ZONE_DEFAULT, 0);
        i++;
    }
    if ((i < a.argc && !parse_zones(a.argv[i++], &l)) || i < a.argc || !l.n) {
        dpctl_fail(req, xstrdup("invalid zone"), "Invalid argument");
        free(l.rows);
        return;
    }
    int error = dp_conns_del_limits(ofproto_dp(a.p), l.rows, l.n);
    for (size_t k = 0; !error && k < l.n; k++) {
        ofproto_forget_setting(a.p, SETTING_LIMIT, l.rows[k].zone);
    }
    reply(req, &l, "failed to delete conntrack limit", error);
}

static int by_zone(const void *a, const void *b)
{
    const struct dp_zone_limit *x = a, *y = b;
    return x->zone < y->zone ? -1 : x->zone > y->zone;
}

static void collect(void *l_, const struct dp_zone_limit *z)
{
    struct limits *l = l_;

    add(l, z->zone, z->limit);
    l->rows[l->n - 1].count = z->count;
}

static void on_get(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct limits wanted = {NULL, 0}, l = {NULL, 0};
    struct text t = TEXT_INIT;
    struct dpctl_args a;

    if (!dpctl_args_parse(req, d, argc, argv, &a)) {
        return;
    }
    if (a.argc > 1 || (a.argc && !parse_zones(a.argv[0], &wanted))) {
        free(wanted.rows);
        dpctl_fail(req, xstrdup("invalid zone"), "Invalid argument");
        return;
    }
    if (wanted.n) {
        add(&wanted, DP_ZONE_DEFAULT, 0); /* Shown always. */
    }
    int error = dp_conns_get_limits(ofproto_dp(a.p), wanted.rows, wanted.n, collect, &l);
    free(wanted.rows);
    if (error) {
        reply(req, &l, "failed to get conntrack limit", error);
        return;
    }
    if (l.n) {
        qsort(l.rows, l.n, sizeof *l.rows, by_zone); /* The default first. */
    }
    for (size_t i = 0; i < l.n; i++) {
        const struct dp_zone_limit *z = &l.rows[i];
        if (z->zone == DP_ZONE_DEFAULT) {
            text_printf(&t, "default limit=%" PRIu32 "\n", z->limit);
        } else {
            text_printf(&t, "zone=%" PRId32 ",limit=%" PRIu32 ",count=%" PRIu32 "\n", z->zone,
                        z->limit, z->count);
        }
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
    free(l.rows);
}

void commands_register_ct_limits(struct datapaths *d)
{
    control_register("dpctl/ct-set-limits", "[dp] [default=L] [zone=N,limit=L]...", 1, INT_MAX,
                     on_set, d);
    control_register("dpctl/ct-del-limits", "[dp] [default] [zone=N[,N]...]", 1, 3, on_del, d);
    control_register("dpctl/ct-get-limits", "[dp] [zone=N[,N]...]", 0, 2, on_get, d);
}
