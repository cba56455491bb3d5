/* udp-load.c - numbered datagrams at a rate, and who counts them: for system tests of what a switch
 * may lose under load.
 *
 *   udp-load send ADDRESS PORT PPS  until standard input ends; then `SENT SECONDS`
 *   udp-load sink PORT              `ready`; until two seconds of silence; then `DISTINCT`
 *
 * The sender's datagrams leave in small groups, on time, by sendmmsg(); only what the kernel took
 * is counted.  It never makes up for time that it was not running: hundreds at once would be more
 * than the ring of a port holds, whatever the switch does. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GROUP    16
#define PAYLOAD  18         /* With the headers, a frame of 60 bytes. */
#define MAX_SEEN (1u << 28) /* Numbers of one run. */

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static bool told_to_stop(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int send_all(const char *address, const char *port, unsigned pps)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    uint8_t payload[GROUP][PAYLOAD] = {{0}};
    struct mmsghdr msgs[GROUP] = {0};
    struct iovec iov[GROUP];
    const int64_t step = INT64_C(1000000000) * GROUP / pps;
    uint64_t sent = 0;

    if (fd < 0 || !inet_pton(AF_INET, address, &to.sin_addr) ||
        connect(fd, (struct sockaddr *)&to, sizeof to)) {
        die("udp-load: connect");
    }
    prctl(PR_SET_TIMERSLACK, 1000);
    for (unsigned i = 0; i < GROUP; i++) {
        iov[i] = (struct iovec){payload[i], PAYLOAD};
        msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    int64_t begin = now_ns(), due = begin;
    while (!told_to_stop()) {
        for (unsigned i = 0; i < GROUP; i++) {
            uint32_t number = (uint32_t)sent + i;
            memcpy(payload[i], &number, sizeof number);
        }
        int n = sendmmsg(fd, msgs, GROUP, 0);
        sent += n > 0 ? (unsigned)n : 0;
        due += step;
        int64_t now = now_ns();
        if (due < now) {
            due = now;
        } else {
            sleep_until(due);
        }
    }
    printf("%" PRIu64 " %.3f\n", sent, (double)(now_ns() - begin) / 1e9);
    return 0;
}

static int sink(const char *port)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 256 << 20;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    uint8_t *seen = calloc(MAX_SEEN / 8, 1), bytes[64][PAYLOAD];
    struct mmsghdr msgs[64] = {0};
    struct iovec iov[64];
    struct timeval silence = {.tv_sec = 2};
    uint64_t distinct = 0;
    bool any = false;

    if (fd < 0 || !seen || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) ||
        bind(fd, (struct sockaddr *)&at, sizeof at)) {
        die("udp-load: sink");
    }
    for (unsigned i = 0; i < 64; i++) {
        iov[i] = (struct iovec){bytes[i], PAYLOAD};
        msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = recvmmsg(fd, msgs, 64, MSG_WAITFORONE, NULL);
        if (n <= 0) {
            break;
        }
        if (!any) { /* From the first on. */
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
            any = true;
        }
        for (int i = 0; i < n; i++) {
            uint32_t number;
            memcpy(&number, bytes[i], sizeof number);
            if (number < MAX_SEEN && !(seen[number / 8] & 1u << number % 8)) {
                seen[number / 8] |= (uint8_t)(1u << number % 8);
                distinct++;
            }
        }
    }
    printf("%" PRIu64 "\n", distinct);
    free(seen);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "send") && atoi(argv[4]) > 0) {
        return send_all(argv[2], argv[3], (unsigned)atoi(argv[4]));
    }
    if (argc == 3 && !strcmp(argv[1], "sink")) {
        return sink(argv[2]);
    }
    fprintf(stderr, "usage: udp-load send ADDRESS PORT PPS | sink PORT\n");
    return 2;
}
