/* jsonrpc_client.c - the blocking client of jsonrpc.h.  For programs of one command: nothing
 * else waits while it does. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/io/json_frame.h"
#include "lib/io/jsonrpc.h"
#include "lib/io/unix_socket.h"
#include "lib/mem.h"
#include "lib/text.h"

#define MAX_REPLY (256u * 1024 * 1024)

struct jsonrpc_client {
    int fd;
    json_int_t next_id;
    uint8_t buf[65536]; /* 'len' bytes from 'ofs' are not used yet. */
    size_t ofs, len;
};

int jsonrpc_client_open(const char *path, struct jsonrpc_client **clientp)
{
    int fd = unix_socket_connect(path, 0);

    *clientp = NULL;
    if (fd < 0) {
        return -fd;
    }
    *clientp = xzalloc(sizeof **clientp);
    (*clientp)->fd = fd;
    return 0;
}

void jsonrpc_client_close(struct jsonrpc_client *c)
{
    if (c) {
        close(c->fd);
        free(c);
    }
}

static int64_t real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the socket is ready for 'events'.  'deadline' 0 = none. */
static int wait_ready(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = events};
        int64_t left = deadline ? deadline - real_ms() : -1;
        if (deadline && left <= 0) {
            return ETIMEDOUT;
        }
        int n = poll(&pfd, 1, (int)MIN(left, INT32_MAX));
        if (n > 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return errno;
        }
    }
}

static int send_all(int fd, const char *s, int64_t deadline)
{
    size_t left = strlen(s);

    while (left) {
        ssize_t n = send(fd, s, left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            s += n;
            left -= (size_t)n;
        } else if (errno == EAGAIN) {
            int error = wait_ready(fd, POLLOUT, deadline);
            if (error) {
                return error;
            }
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* Takes the string of a reply's result out of the message as it comes. */
struct tap {
    jsonrpc_text *text;
    void *aux;
    enum { TAP_HEAD, TAP_INSIDE, TAP_BEHIND } where;
    char escape[13]; /* Of one character: \n, \u00e4, or two of these. */
    size_t n_escape;
};

static size_t put_utf8(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    unsigned n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = n; i-- > 0; c >>= 6) {
        out[i] = (char)(i ? 0x80 | (c & 0x3f) : marks[n] | c);
    }
    return n;
}

/* One more character of an escape; hands over what it means once it is whole. */
static void tap_escape(struct tap *t, char ch)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *named;
    char out[4];

    t->escape[t->n_escape++] = ch;
    if (t->n_escape == 1) {
        return;
    }
    if (t->escape[1] != 'u') {
        named = strchr(from, t->escape[1]);
        out[0] = named && *named ? to[named - from] : t->escape[1];
        t->text(t->aux, out, 1);
        t->n_escape = 0;
        return;
    }
    if (t->n_escape != 6 && t->n_escape != 12) {
        return;
    }
    t->escape[t->n_escape] = '\0';
    uint32_t c = (uint32_t)strtoul(t->escape + 2, NULL, 16) & 0xffff;
    if (t->n_escape == 6 && c >= 0xd800 && c < 0xdc00) {
        return; /* Half of one. */
    }
    if (t->n_escape == 12) {
        c = 0x10000 + ((c & 0x3ff) << 10 | (strtoul(t->escape + 8, NULL, 16) & 0x3ff));
    }
    t->text(t->aux, out, put_utf8(c, out));
    t->n_escape = 0;
}

/* What is not of the string goes to 'rest'. */
static void tap_put(struct tap *t, const char *s, size_t n, struct text *rest)
{
    static const char mark[] = ",\"result\":\"";
    const size_t n_mark = strlen(mark);
    size_t i = 0;

    for (; t->where == TAP_HEAD && i < n; i++) {
        text_putc(rest, s[i]);
        if (rest->len > 256) {
            t->where = TAP_BEHIND; /* No such reply. */
        } else if (rest->len >= n_mark && !memcmp(rest->s + rest->len - n_mark, mark, n_mark)) {
            t->where = TAP_INSIDE;
        }
    }
    while (t->where == TAP_INSIDE && i < n) {
        size_t plain = t->n_escape ? 0 : i;
        while (!t->n_escape && plain < n && s[plain] != '"' && s[plain] != '\\') {
            plain++;
        }
        if (!t->n_escape && plain > i) {
            t->text(t->aux, s + i, plain - i);
            i = plain;
        } else if (!t->n_escape && s[i] == '"') {
            t->where = TAP_BEHIND;
        } else {
            tap_escape(t, s[i++]);
        }
    }
    text_put(rest, s + i, n - i);
}

static int recv_message(struct jsonrpc_client *c, int64_t deadline, struct tap *tap, json_t **msg)
{
    struct json_frame frame = {0};
    struct text t = TEXT_INIT;
    bool complete = false;
    int error = 0;

    while (!error && !complete) {
        if (!c->len) {
            error = wait_ready(c->fd, POLLIN, deadline);
            ssize_t n = error ? 0 : recv(c->fd, c->buf, sizeof c->buf, MSG_DONTWAIT);
            if (error || n <= 0) {
                error = error ? error : !n ? ECONNRESET : errno == EAGAIN ? 0 : errno;
                continue;
            }
            c->ofs = 0;
            c->len = (size_t)n;
        }
        size_t used = json_frame_scan(&frame, c->buf + c->ofs, c->len, &complete);
        if (tap) {
            tap_put(tap, (const char *)c->buf + c->ofs, used, &t);
        } else {
            text_put(&t, (const char *)c->buf + c->ofs, used);
        }
        c->ofs += used;
        c->len -= used;
        if (frame.bad || t.len > MAX_REPLY) {
            error = EPROTO;
        }
    }
    if (!error) {
        *msg = json_loadb(t.s, t.len, 0, NULL);
        error = json_is_object(*msg) ? 0 : EPROTO;
        if (error) {
            json_decref(*msg);
        }
    }
    text_deinit(&t);
    return error;
}

static int call(struct jsonrpc_client *c, const char *method, json_t *params, int timeout_ms,
                struct tap *tap, json_t **result, json_t **error_reply)
{
    int64_t deadline = timeout_ms ? real_ms() + timeout_ms : 0;
    json_int_t id = c->next_id++;
    json_t *request = json_pack("{s:I, s:s, s:o}", "id", id, "method", method, "params", params);
    char *s = request ? json_dumps(request, JSON_COMPACT) : NULL;
    int error = s ? send_all(c->fd, s, deadline) : EINVAL;

    *result = *error_reply = NULL;
    free(s);
    json_decref(request);
    while (!error) {
        json_t *msg;
        error = recv_message(c, deadline, tap, &msg);
        if (error) {
            break;
        }
        bool ours =
            json_integer_value(json_object_get(msg, "id")) == id && !json_object_get(msg, "method");
        if (ours) {
            *result = json_incref(json_object_get(msg, "result"));
            *error_reply = json_incref(json_object_get(msg, "error"));
            error = *result && *error_reply ? 0 : EPROTO;
        }
        json_decref(msg);
        if (ours) {
            break;
        }
    }
    if (error) {
        json_decref(*result);
        json_decref(*error_reply);
        *result = *error_reply = NULL;
    }
    return error;
}

int jsonrpc_call(struct jsonrpc_client *c, const char *method, json_t *params, int timeout_ms,
                 json_t **result, json_t **error_reply)
{
    return call(c, method, params, timeout_ms, NULL, result, error_reply);
}

int jsonrpc_call_text(struct jsonrpc_client *c, const char *method, json_t *params,
                      jsonrpc_text *text, void *aux, json_t **result, json_t **error_reply)
{
    struct tap tap = {.text = text, .aux = aux};
    return call(c, method, params, 0, &tap, result, error_reply);
}
