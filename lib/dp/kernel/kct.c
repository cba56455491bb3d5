/* kct.c - conns.h over the kernel's tracker (ctnetlink).  It is the whole network namespace's: what
 * others than this datapath track is seen too, and flushed.
 *
 * A dump is a stream from a socket of its own; what a filtered flush finds in it is deleted by
 * another one meanwhile, in batches. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dp/kernel/kct-private.h"
#include "lib/dp/kernel/kct_info.h"
#include "lib/env.h"
#include "lib/mem.h"

#define MAX_SYSCTL "/proc/sys/net/netfilter/nf_conntrack_max"
#define DEL_ROOM   128 /* Bytes of attributes. */
#define DEL_BATCH  256

static int need(struct nlsock **sock)
{
    return *sock ? 0 : nlsock_open_netfilter(sock, 0);
}

int kct_need_requests(struct kernel *k)
{
    return need(&k->ct_requests);
}

void kct_deinit(struct kernel *k, bool destroy)
{
    kct_events_deinit(k);
    kct_timeouts_deinit(k, destroy);
    nlsock_free(k->ct_dump);
    nlsock_free(k->ct_requests);
    k->ct_dump = k->ct_requests = NULL;
}

/* nfnetlink says so of a subsystem that it does not have: nf_conntrack_netlink is not loaded. */
static int explain(int error)
{
    return error == EINVAL ? EOPNOTSUPP : error;
}

/* ---- dump ---- */

struct dump {
    struct dp_conns_dump up;
    struct nlsock *sock;
    bool ended; /* The kernel has said all. */
};

static int dump_start(struct dp *dp, struct dp_conns_dump **out)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;
    int error = need(&k->ct_dump);

    if (error) {
        return error;
    }
    nlsock_begin(k->ct_dump, NLSOCK_CONNTRACK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, &w);
    error = nlsock_dump_begin(k->ct_dump, &w);
    if (error) {
        return error;
    }
    struct dump *d = xzalloc(sizeof *d);
    d->sock = k->ct_dump;
    k->ct_dump = NULL; /* Until the dump has ended. */
    *out = &d->up;
    return 0;
}

struct step {
    struct dump *d;
    const struct env *env;
    dp_conn_cb *cb;
    void *aux;
};

static void on_conn(void *s_, const struct nlsock_msg *m)
{
    const struct step *s = s_;
    struct dp_conns_dump *d = &s->d->up;
    struct ct_info info;

    if (!d->enough && m->cmd == IPCTNL_MSG_CT_NEW &&
        kct_info_get(m->attrs, m->n, s->env->now_ms, s->env->wall_ms, &info) &&
        ct_filter_matches(&d->filter, &info)) {
        d->enough = !s->cb(s->aux, &info);
    }
}

/* One datagram of the kernel's: a hundred connections or so. */
static bool dump_some(struct dp *dp, struct dp_conns_dump *up, dp_conn_cb *cb, void *aux)
{
    struct dump *d = container_of_(up, struct dump, up);
    struct step step = {.d = d, .env = loop_env(dp->loop), .cb = cb, .aux = aux};
    int error = 0;

    if (!d->ended && !nlsock_dump_some(d->sock, on_conn, &step, &error)) {
        /* EINTR: the table changed, as ever. */
        up->error = error == EINTR ? 0 : explain(error);
        d->ended = true;
    }
    return !d->ended;
}

static void dump_end(struct dp *dp, struct dp_conns_dump *up)
{
    struct dump *d = container_of_(up, struct dump, up);
    struct kernel *k = dp ? kernel_of(dp) : NULL;

    if (k && !k->ct_dump && d->ended && !up->error) {
        k->ct_dump = d->sock; /* For the next. */
    } else {
        nlsock_free(d->sock);
    }
    free(d);
}

/* ---- flush ---- */

struct flush {
    struct nlsock *sock;
    struct nlsock_batch batch;
    int error;
};

static void on_deleted(void *f_, unsigned index UNUSED, int error)
{
    struct flush *f = f_;
    /* ENOENT: it has ended by itself. */
    f->error = f->error || error == ENOENT ? f->error : error;
}

static void run_batch(struct flush *f)
{
    int error = nlsock_batch_run(&f->batch, NULL, on_deleted, f);
    f->error = f->error ? f->error : error;
    nlsock_batch_begin(f->sock, &f->batch);
}

static bool flush_one(void *f_, const struct ct_info *info)
{
    struct flush *f = f_;
    int family = info->orig.is_ip6 ? AF_INET6 : AF_INET;
    struct nlwr w;

    if (f->batch.n == DEL_BATCH) {
        run_batch(f);
    }
    if (nlsock_batch_add(&f->batch, NLSOCK_CONNTRACK, IPCTNL_MSG_CT_DELETE, 0, family, DEL_ROOM,
                         &w)) {
        kct_info_put_name(info, &w);
        nlsock_batch_end(&f->batch, &w);
    }
    return !f->error;
}

static bool picks_all(const struct ct_filter *f)
{
    return !f->has_zone && !f->mark_mask && is_all_zeros(f->label_mask, 16) && !f->orig.has &&
           !f->reply.has && !f->has_proto && !f->state;
}

static int flush(struct dp *dp, const struct ct_filter *filter)
{
    struct kernel *k = kernel_of(dp);
    struct ct_filter wanted = *filter;
    struct nlwr w;
    int error = need(&k->ct_requests);

    if (error) {
        return error;
    }
    if (picks_all(filter)) {
        nlsock_begin(k->ct_requests, NLSOCK_CONNTRACK, IPCTNL_MSG_CT_DELETE, 0, AF_UNSPEC, &w);
        return nlsock_call(k->ct_requests, &w, NULL, NULL);
    }
    wanted.has_zone |= ct_filter_is_exact(filter);
    struct flush f = {.sock = k->ct_requests};
    nlsock_batch_begin(f.sock, &f.batch);
    error = dp_conns_dump(dp, &wanted, flush_one, &f);
    run_batch(&f);
    return error ? error : f.error;
}

/* ---- numbers ---- */

struct numbers {
    uint32_t entries, max;
    bool has_entries, has_max;
};

static void on_numbers(void *n_, const struct nlsock_msg *m)
{
    struct numbers *n = n_;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == CTA_STATS_GLOBAL_ENTRIES) {
            n->entries = ntohl(nlrd_u32(&r));
            n->has_entries = !r.err;
        } else if (r.type == CTA_STATS_GLOBAL_MAX_ENTRIES) {
            n->max = ntohl(nlrd_u32(&r));
            n->has_max = !r.err;
        }
    }
}

static int get_numbers(struct dp *dp, struct numbers *n)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;
    int error = need(&k->ct_requests);

    *n = (struct numbers){.has_max = false};
    if (error) {
        return error;
    }
    nlsock_begin(k->ct_requests, NLSOCK_CONNTRACK, IPCTNL_MSG_CT_GET_STATS, 0, AF_UNSPEC, &w);
    return explain(nlsock_call(k->ct_requests, &w, on_numbers, n));
}

static int count(struct dp *dp, uint32_t *out)
{
    struct numbers n;
    int error = get_numbers(dp, &n);

    *out = n.entries;
    return error ? error : n.has_entries ? 0 : EOPNOTSUPP;
}

static int get_max(struct dp *dp, uint32_t *out)
{
    struct numbers n;
    int error = get_numbers(dp, &n);

    *out = n.max;
    return error ? error : n.has_max ? 0 : EOPNOTSUPP; /* Before Linux 5.9. */
}

/* The kernel has one for all namespaces; only the first may write it. */
static int set_max(struct dp *dp UNUSED, uint32_t max)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%" PRIu32, max);
    int fd = open(MAX_SYSCTL, O_WRONLY | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT ? EOPNOTSUPP : errno;
    }
    int error = write(fd, text, (size_t)n) == n ? 0 : errno;
    close(fd);
    return error;
}

const struct dp_conns_class kct_conns = {
    .dump_start = dump_start,
    .dump_some = dump_some,
    .dump_end = dump_end,
    .flush = flush,
    .count = count,
    .get_max = get_max,
    .set_max = set_max,
    .get_limits = kct_get_limits,
    .set_limits = kct_set_limits,
    .del_limits = kct_del_limits,
    .set_timeouts = kct_set_timeouts,
    .events = &kct_conn_events,
};
