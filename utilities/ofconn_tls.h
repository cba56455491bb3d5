/* ofconn_tls.h - a blocking TLS session over a client's socket, for ofconn.c. */
#pragma once

#include <sys/types.h>

#include "lib/base.h"

struct tls;

/* Runs the handshake over the connected socket.  NULL and '*error' (heap) if it fails; ssl: needs
 * --private-key, --certificate and --ca-cert, given by tls_configure(). */
struct tls *ofconn_tls_open(int fd, char **error);
/* As send() of everything, and recv(): 0 = the end; -1 and errno, which is EPROTO where TLS failed.
 * 'flags' as those of recv(). */
int ofconn_tls_send(struct tls *, int fd, const void *, size_t);
ssize_t ofconn_tls_recv(struct tls *, int fd, void *, size_t room, int flags);
