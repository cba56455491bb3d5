/* unix_socket.h - Unix domain stream sockets at paths of any length.
 *
 * Layer 1.  Returns descriptors or negative errno values. */
#pragma once

#include <sys/types.h>

#include "lib/base.h"

/* 'flags': SOCK_NONBLOCK or 0; the descriptor is close-on-exec. */
int unix_socket_connect(const char *path, int flags);
/* Nonblocking listener; the socket gets mode 'mode'.  A socket that nobody listens on is replaced;
 * -EADDRINUSE if somebody does, -EEXIST if the path is something else.  '*id' recognises it for
 * unix_socket_unlink(). */
struct unix_socket_id {
    dev_t dev;
    ino_t ino;
};
int unix_socket_listen(const char *path, mode_t mode, struct unix_socket_id *id);
/* Removes a socket that nobody listens on; -EADDRINUSE if somebody does, -EEXIST if the path is
 * something else, 0 also if there is nothing. */
int unix_socket_remove_stale(const char *path);
/* Removes the socket unless it has been replaced by another. */
void unix_socket_unlink(const char *path, const struct unix_socket_id *id);
