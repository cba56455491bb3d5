/* counter.c - see counter.h.  Owner: each thread writes its own array; the list of arrays is under
 * a mutex, taken when a thread begins and when somebody reads. */
#include "lib/counter.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

struct array {
    uint64_t value[N_COUNTERS];
    struct array *next;
};

static const struct {
    const char *name, *doc;
} info[N_COUNTERS] = {
#define COUNTER(ID, DOC) {#ID, DOC},
#include "lib/counters.def"
#undef COUNTER
};

_Thread_local uint64_t *counter_mine;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* Arrays outlive their threads, so that sums never go back; threads are few. */
static struct array *arrays;

/* What counter_tick() has seen: one sample a second, kept for an hour in two grains. */
#define N_SECONDS 60
#define N_MINUTES 60
static uint64_t per_second[N_SECONDS][N_COUNTERS];
static uint64_t per_minute[N_MINUTES][N_COUNTERS];
static unsigned second_idx;
static int64_t last_tick_ms;

uint64_t *counter_thread_init(void)
{
    struct array *a = xzalloc_cacheline(sizeof *a);

    pthread_mutex_lock(&mutex);
    a->next = arrays;
    arrays = a;
    pthread_mutex_unlock(&mutex);
    return counter_mine = a->value;
}

uint64_t counter_read(enum counter c)
{
    uint64_t sum = 0;

    pthread_mutex_lock(&mutex);
    for (struct array *a = arrays; a; a = a->next) {
        sum += __atomic_load_n(&a->value[c], __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&mutex);
    return sum;
}

bool counter_by_name(const char *name, enum counter *c)
{
    for (int i = 0; i < N_COUNTERS; i++) {
        if (!strcmp(info[i].name, name)) {
            *c = (enum counter)i;
            return true;
        }
    }
    return false;
}

const char *counter_name(enum counter c)
{
    return info[c].name;
}

const char *counter_doc(enum counter c)
{
    return info[c].doc;
}

void counter_tick(int64_t now_ms)
{
    if (now_ms - last_tick_ms < 1000) {
        return;
    }
    last_tick_ms = now_ms;
    second_idx++;
    for (int c = 0; c < N_COUNTERS; c++) {
        uint64_t v = counter_read((enum counter)c);
        per_second[second_idx % N_SECONDS][c] = v;
        if (second_idx % 60 == 0) {
            per_minute[second_idx / 60 % N_MINUTES][c] = v;
        }
    }
}

static double rate_over(uint64_t now, unsigned seconds, int c)
{
    if (seconds < N_SECONDS) {
        return (double)(now - per_second[(second_idx - seconds) % N_SECONDS][c]) / seconds;
    }
    if (seconds == 60) {
        return (double)(now - per_second[(second_idx + 1) % N_SECONDS][c]) / seconds;
    }
    return (double)(now - per_minute[(second_idx / 60 + 1) % N_MINUTES][c]) / seconds;
}

void counter_show(struct text *t)
{
    uint64_t now[N_COUNTERS], names = 0;
    unsigned never = 0;

    for (int c = 0; c < N_COUNTERS; c++) {
        now[c] = counter_read((enum counter)c);
        if (now[c]) {
            names = hash_mix(names, hash_string(info[c].name, 0));
        }
    }
    text_printf(
        t, "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash=%08x:\n",
        (unsigned)names);
    for (int c = 0; c < N_COUNTERS; c++) {
        if (!now[c]) {
            never++;
            continue;
        }
        text_printf(t, "%-24s %5.1f/sec %9.3f/sec %13.4f/sec   total: %" PRIu64 "\n", info[c].name,
                    rate_over(now[c], 5, c), rate_over(now[c], 60, c), rate_over(now[c], 3600, c),
                    now[c]);
    }
    text_printf(t, "%u events never hit\n", never);
}
