/* test-datagram.c - lib/io/datagram: where to, what is sent, and what is said where it is not. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/io/datagram.h"

static void test_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "127.0.0.1",     ":1",        "127.0.0.1:",
                                      "name:1",    "127.0.0.1:0",   "::1:4739",  "[::1]",
                                      "[::1:4739", "[127.0.0.1:x]", "1.2.3.4:x", "127.0.0.1:65536"};
    static const char *const good[] = {"127.0.0.1:4739", "[::1]:4739", "192.0.2.1:1"};
    struct loop *l = loop_new();
    struct datagram *d;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *error = datagram_new(l, bad[i], &d), want[256];
        snprintf(want, sizeof want,
                 "%s: not an address and a port, as 192.0.2.1:4739 or [2001:db8::1]:4739", bad[i]);
        assert_non_null(error);
        assert_string_equal(error, want);
        free(error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_null(datagram_new(l, good[i], &d));
        assert_string_equal(datagram_target(d), good[i]);
        datagram_free(d);
    }
    datagram_free(NULL);
    loop_free(l);
}

/* A socket on a port that the kernel chooses. */
static int listener(char target[32])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(target, 32, "127.0.0.1:%u", ntohs(a.sin_port));
    return fd;
}

static void test_send(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct datagram *d;
    char target[32], got[64];
    int fd = listener(target);

    assert_null(datagram_new(l, target, &d));
    assert_int_equal(datagram_send(d, "hello", 5), 0);
    assert_int_equal(recv(fd, got, sizeof got, 0), 5);
    assert_memory_equal(got, "hello", 5);
    assert_true(datagram_room(d) > 1400); /* Loopback. */
    static uint8_t large[70000];
    assert_int_equal(datagram_send(d, large, sizeof large), EMSGSIZE);
    /* Nobody is there any more: that is heard with the next one, which goes nevertheless. */
    close(fd);
    unsigned refused = 0;
    for (unsigned i = 0; i < 4; i++) {
        int error = datagram_send(d, "hello", 5);
        assert_true(!error || error == ECONNREFUSED);
        refused += error == ECONNREFUSED;
    }
    assert_in_range(refused, 1, 4);
    datagram_free(d);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_send)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
