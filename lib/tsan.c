/* tsan.c - what ThreadSanitizer cannot see: that a grace period of liburcu comes after all that
 * readers did before it.
 *
 * Layer 0; only with --enable-thread-sanitizer, where the linker puts these functions in front of
 * liburcu's (--wrap): the library itself is built without the sanitizer.  All grace periods count
 * as one, so that it may overlook a use after too short a wait (AddressSanitizer finds those), and
 * reports no use after a proper one.  What is published to readers goes by __atomic operations,
 * which it sees by itself. */
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "lib/mem.h"

void __tsan_acquire(void *);
void __tsan_release(void *);

void __real_urcu_qsbr_quiescent_state(void);
void __real_urcu_qsbr_thread_offline(void);
void __real_urcu_qsbr_unregister_thread(void);
void __real_urcu_qsbr_synchronize_rcu(void);
void __real_urcu_qsbr_barrier(void);
void __real_urcu_qsbr_call_rcu(struct rcu_head *, void (*)(struct rcu_head *));
void __wrap_urcu_qsbr_quiescent_state(void);
void __wrap_urcu_qsbr_thread_offline(void);
void __wrap_urcu_qsbr_unregister_thread(void);
void __wrap_urcu_qsbr_synchronize_rcu(void);
void __wrap_urcu_qsbr_barrier(void);
void __wrap_urcu_qsbr_call_rcu(struct rcu_head *, void (*)(struct rcu_head *));

const char *__tsan_default_suppressions(void);

/* What liburcu allocates and frees for itself; and that a page is touched, by an atomic operation
 * that changes nothing, while the owner of a slot on it may write there. */
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:liburcu-qsbr\n"
           "race:ct_arena_populate\n";
}

static char readers; /* Stands for what readers have done, */
static char called;  /* and for what calls have. */

struct call {
    struct rcu_head head, *theirs;
    void (*func)(struct rcu_head *);
};

void __wrap_urcu_qsbr_quiescent_state(void)
{
    __tsan_release(&readers);
    __real_urcu_qsbr_quiescent_state();
}

void __wrap_urcu_qsbr_thread_offline(void)
{
    __tsan_release(&readers);
    __real_urcu_qsbr_thread_offline();
}

void __wrap_urcu_qsbr_unregister_thread(void)
{
    __tsan_release(&readers);
    __real_urcu_qsbr_unregister_thread();
}

void __wrap_urcu_qsbr_synchronize_rcu(void)
{
    __real_urcu_qsbr_synchronize_rcu();
    __tsan_acquire(&readers);
}

void __wrap_urcu_qsbr_barrier(void)
{
    __real_urcu_qsbr_barrier();
    __tsan_acquire(&called);
}

static void run(struct rcu_head *head)
{
    struct call *c = container_of_(head, struct call, head);
    __tsan_acquire(&readers);
    __tsan_acquire(c);
    c->func(c->theirs);
    __tsan_release(&called);
    free(c);
}

void __wrap_urcu_qsbr_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
    struct call *c = xzalloc(sizeof *c);
    c->theirs = head;
    c->func = func;
    __tsan_release(c);
    __real_urcu_qsbr_call_rcu(&c->head, run);
}
