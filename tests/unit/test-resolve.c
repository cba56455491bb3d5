/* test-resolve.c - lib/io/resolve: slow name servers keep neither other jobs nor each other for
 * ever. */
#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/io/resolve.h"

/* Instead of libc's: each look-up lasts until the test lets it go. */
static sem_t let_go;
static unsigned n_looked_up;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)host, (void)service, (void)hints, (void)list;
    __atomic_add_fetch(&n_looked_up, 1, __ATOMIC_RELAXED);
    sem_wait(&let_go);
    return EAI_AGAIN;
}

static unsigned n_answers;

static void on_resolved(void *aux, const struct resolve_addr *addr, size_t n)
{
    (void)aux, (void)addr;
    assert_int_equal(n, 0);
    n_answers++;
}

static void nothing(void *aux)
{
    (void)aux;
}

static void note(void *done)
{
    *(bool *)done = true;
}

static void test_slow(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct resolve *r[8];
    bool done = false;

    sem_init(&let_go, 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
        r[i] = resolve_start(l, "name.example", 1, on_resolved, NULL);
    }
    loop_offload(l, nothing, note, &done);
    for (int i = 0; i < 100 && !done; i++) {
        loop_turn(l, 100);
    }
    assert_true(done);
    assert_int_equal(n_answers, 0);
    resolve_cancel(r[0]); /* Under way. */
    resolve_cancel(r[6]); /* Not begun: never looked up. */
    for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
        sem_post(&let_go);
    }
    for (int i = 0; i < 100 && n_answers < 6; i++) {
        loop_turn(l, 100);
    }
    assert_int_equal(n_answers, 6);
    assert_int_equal(n_looked_up, 7);
    loop_free(l);
    sem_destroy(&let_go);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_slow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
