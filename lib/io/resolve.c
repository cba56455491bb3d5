/* resolve.c - see resolve.h. */
#include "lib/io/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"

/* Look-ups take seconds while name servers do not answer.  Others (grace periods, fsync) wait for
 * the same few helper threads: only some are for names. */
#define MAX_RUNNING 2

struct resolve {
    struct resolve *next; /* In 'queue'. */
    struct loop *loop;
    char *host;
    char port[8];
    resolve_cb *cb; /* NULL once cancelled.  The loop's. */
    void *aux;
    struct resolve_addr addr[RESOLVE_MAX]; /* The helper's until it is done. */
    size_t n;
};

static struct resolve *queue, **queue_tail = &queue; /* The control thread's. */
static unsigned n_running;

static size_t look_up(const char *host, const char *port, int flags, struct resolve_addr *addr,
                      size_t max)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    size_t n = 0;

    if (getaddrinfo(host, port, &hints, &list)) {
        return 0;
    }
    for (struct addrinfo *a = list; a && n < max; a = a->ai_next) {
        if (a->ai_addrlen <= sizeof addr->ss) {
            memcpy(&addr[n].ss, a->ai_addr, a->ai_addrlen);
            addr[n++].len = a->ai_addrlen;
        }
    }
    freeaddrinfo(list);
    return n;
}

bool resolve_literal(const char *host, uint16_t port, struct resolve_addr *a)
{
    char service[8];

    snprintf(service, sizeof service, "%u", port);
    return look_up(host, service, AI_NUMERICHOST, a, 1) == 1;
}

static void work(void *r_)
{
    struct resolve *r = r_;
    r->n = look_up(r->host, r->port, 0, r->addr, RESOLVE_MAX);
}

static void resolve_free(struct resolve *r)
{
    free(r->host);
    free(r);
}

static void done(void *r_);

static void start_next(void)
{
    while (queue && n_running < MAX_RUNNING) {
        struct resolve *r = queue;
        queue = r->next;
        if (!queue) {
            queue_tail = &queue;
        }
        if (r->cb) {
            n_running++;
            loop_offload(r->loop, work, done, r);
        } else {
            resolve_free(r);
        }
    }
}

static void done(void *r_)
{
    struct resolve *r = r_;

    n_running--;
    start_next();
    if (r->cb) {
        r->cb(r->aux, r->addr, r->n);
    }
    resolve_free(r);
}

struct resolve *resolve_start(struct loop *l, const char *host, uint16_t port, resolve_cb *cb,
                              void *aux)
{
    struct resolve *r = xzalloc(sizeof *r);

    r->host = xstrdup(host);
    snprintf(r->port, sizeof r->port, "%u", port);
    r->loop = l;
    r->cb = cb;
    r->aux = aux;
    *queue_tail = r;
    queue_tail = &r->next;
    start_next();
    return r;
}

void resolve_cancel(struct resolve *r)
{
    r->cb = NULL;
}
