/* resolve.c - see resolve.h. */
#include "lib/io/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"

struct resolve {
    char *host;
    char port[8];
    resolve_cb *cb; /* NULL once cancelled.  The loop's. */
    void *aux;
    struct resolve_addr addr[RESOLVE_MAX]; /* The helper's until it is done. */
    size_t n;
};

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

static void done(void *r_)
{
    struct resolve *r = r_;

    if (r->cb) {
        r->cb(r->aux, r->addr, r->n);
    }
    free(r->host);
    free(r);
}

struct resolve *resolve_start(struct loop *l, const char *host, uint16_t port, resolve_cb *cb,
                              void *aux)
{
    struct resolve *r = xzalloc(sizeof *r);

    r->host = xstrdup(host);
    snprintf(r->port, sizeof r->port, "%u", port);
    r->cb = cb;
    r->aux = aux;
    loop_offload(l, work, done, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    r->cb = NULL;
}
