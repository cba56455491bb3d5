/* resolve.h - host names to addresses without blocking the loop.  Private to lib/io.
 *
 * Literals are answered at once; names on a helper thread. */
#pragma once

#include <sys/socket.h>

#include "lib/io/loop.h"

#define RESOLVE_MAX 8

struct resolve_addr {
    struct sockaddr_storage ss;
    socklen_t len;
};

/* A literal address: true, '*a' filled. */
bool resolve_literal(const char *host, uint16_t port, struct resolve_addr *a);

struct resolve; /* A look-up under way. */
typedef void resolve_cb(void *aux, const struct resolve_addr *, size_t n); /* n == 0: failed. */
struct resolve *resolve_start(struct loop *, const char *host, uint16_t port, resolve_cb *,
                              void *aux);
/* The callback will not come.  After it has come the handle is invalid. */
void resolve_cancel(struct resolve *);
