/* ofconn_tls.c - see ofconn_tls.h. */
#include "utilities/ofconn_tls.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/io/tls.h"
#include "lib/mem.h"

/* Sends what the session wants sent; 0 or -1 and errno. */
static int flush(struct tls *t, int fd)
{
    const uint8_t *data;
    size_t len = tls_output(t, &data);

    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, data + done, len - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    tls_sent(t);
    return 0;
}

/* More ciphertext; 1, or as recv(). */
static ssize_t receive(struct tls *t, int fd, int flags)
{
    uint8_t buffer[16384];
    ssize_t n = recv(fd, buffer, sizeof buffer, flags);

    if (n <= 0) {
        return n;
    }
    tls_received(t, buffer, (size_t)n);
    return 1;
}

struct tls *ofconn_tls_open(int fd, char **error)
{
    struct tls *t = tls_new(false, error);

    while (t) {
        enum tls_status status = tls_status(t);
        int sent = flush(t, fd);
        if (status == TLS_OPEN && !sent) {
            break;
        }
        ssize_t n = status == TLS_HANDSHAKING && !sent ? receive(t, fd, 0) : -1;
        if (n <= 0 && !(n < 0 && errno == EINTR && status == TLS_HANDSHAKING)) {
            *error = xstrdup(status == TLS_FAILED ? tls_error(t)
                             : n                  ? strerror(errno)
                                                  : "closed during the handshake");
            tls_free(t);
            t = NULL;
        }
    }
    return t;
}

int ofconn_tls_send(struct tls *t, int fd, const void *data, size_t n)
{
    if (!tls_write(t, data, n)) {
        errno = EPROTO;
        return -1;
    }
    return flush(t, fd);
}

ssize_t ofconn_tls_recv(struct tls *t, int fd, void *data, size_t room, int flags)
{
    for (;;) {
        size_t got = tls_read(t, data, room);
        if (got) {
            return (ssize_t)got;
        }
        enum tls_status status = tls_status(t);
        if (status != TLS_OPEN) {
            errno = EPROTO;
            return status == TLS_CLOSED ? 0 : -1;
        }
        ssize_t n = flush(t, fd) ? -1 : receive(t, fd, flags);
        if (n <= 0) {
            return n;
        }
    }
}
