/* direct_dp.c - see direct.h: datapaths and their ports. */
#include <errno.h>
#include <stdlib.h>

#include "dpctl/direct-private.h"
#include "dpctl/show.h"
#include "lib/mem.h"

/* ---- ports as they are ---- */

static void collect(void *p_, const struct dp_port_info *info, const struct dp_port_stats *stats)
{
    struct direct_ports *p = p_;

    p->rows = xrealloc(p->rows, (p->n + 1) * sizeof *p->rows);
    p->rows[p->n++] = (struct direct_port){*info, *stats};
}

static int by_number(const void *a, const void *b)
{
    const struct direct_port *x = a, *y = b;
    return x->info.port_no < y->info.port_no ? -1 : x->info.port_no > y->info.port_no;
}

int direct_ports_read(struct direct_call *call, struct direct_ports *p)
{
    *p = (struct direct_ports){NULL, 0};
    int error = dp_direct_port_walk(call->d, call->id, collect, p);
    if (p->n) {
        qsort(p->rows, p->n, sizeof *p->rows, by_number);
    }
    return error;
}

const struct direct_port *direct_ports_find(const struct direct_ports *p, const char *name)
{
    uint32_t no;
    bool is_number = text_to_u32(name, &no);

    for (size_t i = 0; i < p->n; i++) {
        if (!strcmp(p->rows[i].info.name, name) || (is_number && p->rows[i].info.port_no == no)) {
            return &p->rows[i];
        }
    }
    return NULL;
}

/* ---- ports that come, change and go ---- */

static char *add_one(struct direct_call *call, const char *spec)
{
    struct show_new_port p;
    char *error = show_parse_port(spec, &p);

    if (!error && p.option && !p.dst_port) {
        error = xasprintf("%s: unknown option %s", p.name, p.option);
    }
    if (!error) {
        int e = dp_direct_port_add(call->d, call->id, p.name, p.type, p.number, p.dst_port, false);
        error =
            e ? direct_failed(e, "could not add network device %s to %s", p.name, call->dp) : NULL;
    }
    free(p.copy);
    return error;
}

char *direct_add_if(struct direct_call *call)
{
    char *error = NULL;

    for (int i = 0; !error && i < call->argc; i++) {
        error = add_one(call, call->argv[i]);
    }
    return error;
}

/* Type and number stay; of options there is the UDP port of a tunnel, if the kernel lets it. */
static char *set_options(const struct direct_call *call, const struct show_new_port *p,
                         const struct dp_port_info *is)
{
    struct show_new_port rest = *p;

    rest.option = p->dst_port ? NULL : p->option;
    char *error = show_must_be(&rest, is);
    if (error || !p->dst_port) {
        return error;
    }
    int e = dp_direct_port_set(call->d, call->id, is->port_no, p->dst_port);
    return e == EOPNOTSUPP ? xasprintf("%s: the kernel does not change a port's dst_port: del-if "
                                       "and add-if make it anew",
                                       is->name)
           : e             ? direct_failed(e, "%s: could not set configuration", is->name)
                           : NULL;
}

static char *set_one(const struct direct_call *call, const struct direct_ports *ports,
                     const char *spec)
{
    struct show_new_port p;
    char *error = show_parse_port(spec, &p);
    const struct direct_port *is = error ? NULL : direct_ports_find(ports, p.name);

    if (error) {
        /* Said already. */
    } else if (!is) {
        error = xasprintf("no port named %s on %s", p.name, call->dp);
    } else {
        error = set_options(call, &p, &is->info);
    }
    free(p.copy);
    return error;
}

char *direct_set_if(struct direct_call *call)
{
    struct direct_ports ports;
    int e = direct_ports_read(call, &ports);
    char *error = e ? direct_failed(e, "listing the ports of %s", call->dp) : NULL;

    for (int i = 0; !error && i < call->argc; i++) {
        error = set_one(call, &ports, call->argv[i]);
    }
    free(ports.rows);
    return error;
}

char *direct_del_if(struct direct_call *call)
{
    struct direct_ports ports;
    int e = direct_ports_read(call, &ports);
    char *error = e ? direct_failed(e, "listing the ports of %s", call->dp) : NULL;

    for (int i = 0; !error && i < call->argc; i++) {
        const struct direct_port *p = direct_ports_find(&ports, call->argv[i]);
        if (!p) {
            error = xasprintf("no port named %s on %s", call->argv[i], call->dp);
        } else if ((e = dp_direct_port_del(call->d, call->id, p->info.port_no))) {
            error = direct_failed(e, "deleting port %s from %s", call->argv[i], call->dp);
        }
    }
    free(ports.rows);
    return error;
}

/* ---- datapaths ---- */

char *direct_add_dp(struct direct_call *call)
{
    char *error;

    call->dp = direct_dp_name(call->argv[0], &error);
    if (error) {
        return error;
    }
    int e = dp_direct_new(call->d, call->dp);
    e = e ? e : dp_direct_find(call->d, call->dp, &call->id);
    if (e) {
        return direct_failed(e, "could not create datapath %s", call->dp);
    }
    call->argc--;
    call->argv++;
    return direct_add_if(call);
}

char *direct_del_dp(struct direct_call *call)
{
    int e = dp_direct_del(call->d, call->id);
    return e ? direct_failed(e, "could not delete datapath %s", call->dp) : NULL;
}

static void put_name(void *out, const char *name)
{
    text_printf(out, "system@%s\n", name);
}

char *direct_dump_dps(struct direct_call *call)
{
    int e = dp_direct_names(call->d, put_name, call->out);
    return e ? direct_failed(e, "listing the datapaths of the kernel") : NULL;
}

static char *show_one(struct direct_call *call, const char *name)
{
    struct direct_ports ports = {NULL, 0};
    struct dp_direct_stats s;
    int e = dp_direct_find(call->d, name, &call->id);

    e = e ? e : dp_direct_get_stats(call->d, call->id, &s);
    e = e ? e : direct_ports_read(call, &ports);
    if (!e) {
        show_put_datapath(call->out, "system", name,
                          &(struct show_lookups){.hits = s.hits,
                                                 .misses = s.misses,
                                                 .lost = s.lost,
                                                 .flows = s.flows,
                                                 .masks = &s.masks});
    }
    for (size_t i = 0; !e && i < ports.n; i++) {
        const struct direct_port *p = &ports.rows[i];
        show_put_port(call->out, p->info.port_no, p->info.name, p->info.type,
                      call->stats ? &p->stats : NULL);
    }
    free(ports.rows);
    return e ? direct_failed(e, "opening datapath system@%s failed", name) : NULL;
}

struct names {
    char **rows;
    size_t n;
};

static void collect_name(void *n_, const char *name)
{
    struct names *n = n_;

    n->rows = xrealloc(n->rows, (n->n + 1) * sizeof n->rows[0]);
    n->rows[n->n++] = xstrdup(name);
}

char *direct_show(struct direct_call *call)
{
    struct names all = {NULL, 0};
    char *error = NULL;

    for (int i = 0; !error && i < call->argc; i++) {
        const char *name = direct_dp_name(call->argv[i], &error);
        error = error ? error : show_one(call, name);
    }
    if (!call->argc) {
        int e = dp_direct_names(call->d, collect_name, &all);
        error = e ? direct_failed(e, "listing the datapaths of the kernel") : NULL;
    }
    for (size_t i = 0; i < all.n; i++) {
        error = error ? error : show_one(call, all.rows[i]);
        free(all.rows[i]);
    }
    free(all.rows);
    return error;
}

/* ---- caches ---- */

char *direct_cache_get_size(struct direct_call *call)
{
    struct dp_direct_stats s;
    int e = dp_direct_get_stats(call->d, call->id, &s);

    if (e) {
        return direct_failed(e, "asking %s for its caches", call->dp);
    }
    text_printf(call->out, "system@%s:\n", call->dp);
    show_put_caches(call->out, &s.masks);
    return NULL;
}

char *direct_cache_set_size(struct direct_call *call)
{
    uint32_t size;

    if (strcmp(call->argv[0], SHOW_CACHE)) {
        return xasprintf("Cache name \"%s\" not found on dpif (there is " SHOW_CACHE ")",
                         call->argv[0]);
    }
    if (!text_to_u32(call->argv[1], &size)) {
        return xasprintf("%s: not a size (Invalid argument)", call->argv[1]);
    }
    int e = dp_direct_set_cache_size(call->d, call->id, size);
    if (e) {
        return direct_failed(e, "Setting cache size failed");
    }
    text_printf(call->out, "Setting cache size successful, new size %u\n", size);
    return NULL;
}
