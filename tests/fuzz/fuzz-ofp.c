/* fuzz-ofp.c - OpenFlow messages mutated behind their header, from a valid one of every type
 * and one of every match field.
 *
 *   fuzz-ofp [--seed N] [--count N] [--connect tcp:ADDRESS:PORT | unix:PATH]
 *
 * Without --connect, each goes through msg_print() and its body's decoder and encoder.  With it,
 * they are written to a switch, whose replies are read and counted; when it closes the connection,
 * a new one is made.  Status 0: nothing crashed, the switch still answers an ECHO at the end.  The
 * same seed gives the same messages. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "ofp/switch.h"
#include "tests/fuzz/field_seeds.h"
#include "tests/unit/msg-again.h"

#define MAX_MSG    65535
#define WAIT_MS    5000
#define MAX_REFUSE 50 /* Connections refused in a row: the switch is down. */

static const char *const seeds[] = {
#define SAMPLE(NAME, HEX, TEXT) HEX,
#include "tests/unit/msg-samples.def"
#undef SAMPLE
#define SAMPLE(NAME, HEX, TEXT) HEX,
#include "tests/unit/group-samples.def"
#define SAMPLE(NAME, HEX, TEXT) HEX,
#include "tests/unit/meter-samples.def"
};

static uint64_t rng;

static uint32_t rnd(uint32_t n) /* 0..n-1; xorshift64*. */
{
    rng ^= rng >> 12;
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return n ? (uint32_t)((rng * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % n : 0;
}

struct buf {
    uint8_t b[MAX_MSG];
    size_t len;
};

static struct buf *parents;
static size_t n_parents;

static void add_seed(void *aux, const void *msg, size_t len)
{
    (void)aux;
    if (!(n_parents & (n_parents - 1))) { /* Twice as many: under AddressSanitizer each copies. */
        parents = xrealloc(parents, (n_parents ? 2 * n_parents : 1) * sizeof *parents);
    }
    memcpy(parents[n_parents].b, msg, len);
    parents[n_parents++].len = len;
}

/* Messages whose header is right, and one for each match field; for a switch those of 1.3, which it
 * speaks. */
static void load_seeds(bool for_switch)
{
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
        size_t len;
        uint8_t *p = text_to_hex(seeds[i], &len);
        struct wire_rd r;
        wire_rd_init(&r, p, len);
        struct msg_header h;
        if (p && !msg_decode_header(&r, &h) && (!for_switch || h.version == OFP13_VERSION)) {
            add_seed(NULL, p, len);
        }
        free(p);
    }
    char *error = field_seeds(add_seed, NULL);
    if (error) {
        fprintf(stderr, "fuzz-ofp: %s\n", error);
        exit(1);
    }
}

/* ---- mutation ---- */

static void put_interesting(struct buf *m, size_t ofs)
{
    static const uint32_t values[] = {0,      1,          4,          8,          0x7f,
                                      0x80,   0xff,       0x7fff,     0x8000,     0xffff,
                                      0xfff8, 0x7fffffff, 0x80000000, 0xfffffffd, 0xffffffff};
    uint32_t v = values[rnd(ARRAY_SIZE(values))];
    size_t n = (size_t)1 << rnd(3);
    for (size_t i = 0; i < n && ofs + i < m->len; i++) {
        m->b[ofs + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
}

static void duplicate(struct buf *m, size_t ofs)
{
    size_t n = 1 + (size_t)rnd(32); /* MIN() would draw twice. */
    n = MIN(m->len - ofs, n);
    if (m->len + n <= MAX_MSG) {
        memmove(m->b + ofs + n, m->b + ofs, m->len - ofs);
        m->len += n;
    }
}

static void splice(struct buf *m, size_t ofs)
{
    const struct buf *other = &parents[rnd((uint32_t)n_parents)];
    size_t from = OFP_HEADER_LEN + (size_t)rnd((uint32_t)other->len);
    from = MIN(other->len, from);
    size_t n = MIN(other->len - from, MAX_MSG - ofs);
    memcpy(m->b + ofs, other->b + from, n);
    m->len = MAX(m->len, ofs + n);
}

static void mutate_once(struct buf *m)
{
    if (m->len <= OFP_HEADER_LEN) {
        m->b[m->len++] = (uint8_t)rnd(256);
        return;
    }
    size_t ofs = OFP_HEADER_LEN + rnd((uint32_t)(m->len - OFP_HEADER_LEN));
    switch (rnd(8)) {
    case 0:
    case 1:
        m->b[ofs] ^= (uint8_t)BIT(rnd(8));
        break;
    case 2:
        m->b[ofs] = (uint8_t)rnd(256);
        break;
    case 3:
    case 4:
        put_interesting(m, ofs);
        break;
    case 5:
        m->len = ofs; /* Cut. */
        break;
    case 6:
        duplicate(m, ofs);
        break;
    default:
        splice(m, ofs);
        break;
    }
}

static void next_message(struct buf *m)
{
    *m = parents[rnd((uint32_t)n_parents)];
    for (uint32_t n = 1 + rnd(6); n; n--) {
        mutate_once(m);
    }
    put_be16(m->b + 2, (uint16_t)m->len);
}

/* ---- in process ---- */

static void try_codec(const struct buf *m)
{
    uint8_t *copy = xmemdup(m->b, m->len); /* Exactly as long, so that sanitizers see its end. */
    struct text s = TEXT_INIT;
    msg_print(copy, m->len, NULL, 5, &s);
    if (!s.len) {
        abort();
    }
    text_deinit(&s);
    struct wire_rd r;
    wire_rd_init(&r, copy, m->len);
    struct msg_header h;
    if (!msg_decode_header(&r, &h)) {
        struct wire_wr w = WIRE_WR_INIT(4 * MAX_MSG);
        msg_again(&r, &h, &w);
        wire_wr_deinit(&w);
    }
    free(copy);
}

/* ---- to a switch ---- */

static const char *target;
static int sock = -1;
static unsigned long n_replies, n_errors, n_connects;
static struct buf in;     /* Bytes received and not yet a whole message. */
static uint32_t echo_xid; /* Of the last ECHO_REPLY. */

static int open_socket(void)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } a = {0};
    socklen_t len;
    if (!strncmp(target, "unix:", 5) && strlen(target + 5) < sizeof a.un.sun_path) {
        a.un.sun_family = AF_UNIX;
        memcpy(a.un.sun_path, target + 5, strlen(target + 5));
        len = sizeof a.un;
    } else {
        char host[64] = "";
        unsigned port;
        if (sscanf(target, "tcp:%63[^:]:%u", host, &port) != 2 ||
            inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
            fprintf(stderr, "fuzz-ofp: %s: neither tcp:ADDRESS:PORT nor unix:PATH\n", target);
            exit(2);
        }
        a.in.sin_family = AF_INET;
        a.in.sin_port = htons((uint16_t)port);
        len = sizeof a.in;
    }
    int fd = socket(a.sa.sa_family, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, &a.sa, len)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void connect_switch(void)
{
    in.len = 0;
    for (int i = 0; sock < 0; i++) {
        if (i == MAX_REFUSE) {
            fprintf(stderr, "fuzz-ofp: %s: %s\n", target, strerror(errno));
            exit(1);
        }
        sock = open_socket();
        if (sock < 0) {
            usleep(100 * 1000);
        }
    }
    n_connects++;
    struct wire_wr w = WIRE_WR_INIT(MAX_MSG);
    hello_encode(BIT(OFP13_VERSION), 0, &w);
    if (send(sock, w.data, w.len, MSG_NOSIGNAL) < 0) {
        close(sock);
        sock = -1;
    }
    wire_wr_deinit(&w);
}

static void take_replies(void)
{
    size_t ofs = 0;
    while (in.len - ofs >= OFP_HEADER_LEN) {
        size_t len = get_be16(in.b + ofs + 2);
        if (len < OFP_HEADER_LEN) {
            fprintf(stderr, "fuzz-ofp: the switch sent a message of length %zu\n", len);
            exit(1);
        }
        if (in.len - ofs < len) {
            break;
        }
        n_replies++;
        n_errors += in.b[ofs + 1] == 1;
        if (in.b[ofs + 1] == 3) {
            echo_xid = get_be32(in.b + ofs + 4);
        }
        ofs += len;
    }
    memmove(in.b, in.b + ofs, in.len - ofs);
    in.len -= ofs;
}

/* Waits for the events; reads what there is.  False: the connection is gone. */
static bool pump(short events, short *got)
{
    struct pollfd p = {.fd = sock, .events = POLLIN | events};
    if (poll(&p, 1, WAIT_MS) <= 0) {
        fprintf(stderr, "fuzz-ofp: no sign of life for %d ms\n", WAIT_MS);
        exit(1);
    }
    if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
        ssize_t n = recv(sock, in.b + in.len, sizeof in.b - in.len, MSG_DONTWAIT);
        if (n <= 0 && !(n < 0 && errno == EAGAIN)) {
            close(sock);
            sock = -1;
            return false;
        }
        in.len += n > 0 ? (size_t)n : 0;
        take_replies();
    }
    *got = p.revents;
    return true;
}

static void send_switch(const struct buf *m)
{
    size_t sent = 0;
    while (sock < 0) {
        connect_switch();
    }
    while (sent < m->len) {
        short got;
        if (!pump(POLLOUT, &got)) {
            return; /* Closed: what was on its way is lost. */
        }
        if (got & POLLOUT) {
            ssize_t n = send(sock, m->b + sent, m->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
    }
}

/* The switch must answer on a fresh connection. */
static void check_alive(void)
{
    struct buf *echo = xzalloc(sizeof *echo);
    echo->len = OFP_HEADER_LEN;
    memcpy(echo->b, (const uint8_t[]){OFP13_VERSION, 2, 0, 8, 0xec, 0x40, 0, 1}, OFP_HEADER_LEN);
    if (sock >= 0) {
        close(sock);
        sock = -1;
    }
    echo_xid = 0;
    send_switch(echo);
    short got;
    while (echo_xid != UINT32_C(0xec400001)) {
        if (!pump(0, &got)) {
            fprintf(stderr, "fuzz-ofp: the switch closes a good connection\n");
            exit(1);
        }
    }
    free(echo);
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, count = 3000;
    for (int i = 1; i < argc; i += 2) {
        bool ok = i + 1 < argc;
        if (ok && !strcmp(argv[i], "--seed")) {
            ok = text_to_u64(argv[i + 1], &seed);
        } else if (ok && !strcmp(argv[i], "--count")) {
            ok = text_to_u64(argv[i + 1], &count);
        } else if (ok && !strcmp(argv[i], "--connect")) {
            target = argv[i + 1];
        } else {
            ok = false;
        }
        if (!ok) {
            fprintf(stderr, "usage: fuzz-ofp [--seed N] [--count N] [--connect TARGET]\n");
            return 2;
        }
    }
    load_seeds(target != NULL);
    rng = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    struct buf *m = xmalloc(sizeof *m);
    for (uint64_t i = 0; i < count; i++) {
        next_message(m);
        if (target) {
            send_switch(m);
        } else {
            try_codec(m);
        }
    }
    if (target) {
        check_alive();
    }
    printf("%" PRIu64 " messages from %zu seeds", count, n_parents);
    if (target) {
        printf(", %lu replies, %lu of them errors, %lu connections", n_replies, n_errors,
               n_connects);
    }
    printf("\n");
    free(m);
    free(parents);
    return 0;
}
