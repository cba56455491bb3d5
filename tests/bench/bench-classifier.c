/* bench-classifier.c - nanoseconds for a lookup, and for insertion and removal, in tables of up to
 * a million rules; bytes for each rule. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ofproto/table/table.h"

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Rules of 'n_masks' shapes, all on IPv4 destinations of different lengths and some ports. */
static void make_match(struct match *m, uint32_t i, unsigned n_masks)
{
    unsigned shape = i % n_masks;

    memset(m, 0, sizeof *m);
    m->mask.key.eth_type = UINT16_MAX;
    m->flow.key.eth_type = htons(0x800);
    m->mask.key.ip_dst = htonl(UINT32_MAX << shape % 8);
    m->flow.key.ip_dst = htonl(i * 2654435761u) & m->mask.key.ip_dst;
    m->mask.key.tp_dst = shape / 8 ? htons((uint16_t)(UINT16_MAX << (shape / 8 - 1))) : 0;
    m->flow.key.tp_dst = htons((uint16_t)i) & m->mask.key.tp_dst;
}

static void bench(uint32_t n, unsigned n_masks)
{
    struct tables *ts = tables_new(1);
    struct rule_acts *acts = rule_acts_new(NULL, 0);
    struct match m;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, n_in = 0, n_found = 0;
    uint64_t t0 = now_ns();

    for (uint32_t i = 0; i < n; i++) {
        struct rule_args args = {.priority = (uint16_t)(i % n_masks)};
        make_match(&m, i, n_masks);
        if (!table_find(ts, 0, &m, args.priority)) {
            tables_insert(ts, &m, &args, rule_acts_ref(acts));
            n_in++;
        }
    }
    tables_publish(ts);
    uint64_t t1 = now_ns();
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    uint32_t n_lookups = 1000000;
    for (uint32_t i = 0; i < n_lookups; i++) {
        struct flow wc;
        memset(&wc, 0, sizeof wc);
        make_match(&m, (i * 7919) % (2 * n), n_masks);
        n_found += tables_lookup(ts, 0, tables_version(ts), &m.flow, &wc) != NULL;
    }
    uint64_t t2 = now_ns();
    printf("%8zu rules, %2u masks: insert %4zu ns, lookup %4zu ns (%zu%% hit), %zu bytes a rule\n",
           n_in, n_masks, (size_t)((t1 - t0) / n), (size_t)((t2 - t1) / n_lookups),
           n_found * 100 / n_lookups, (after - before) / n_in);
    rule_acts_unref(acts);
    tables_unref(ts);
    for (int i = 0; i < 3; i++) {
        urcu_qsbr_barrier();
    }
}

int main(void)
{
    static const struct {
        uint32_t n;
        unsigned n_masks;
    } cases[] = {{100, 1},     {1000, 8},    {100000, 1},  {100000, 8},
                 {100000, 32}, {1000000, 1}, {1000000, 32}};

    urcu_qsbr_register_thread();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bench(cases[i].n, cases[i].n_masks);
    }
    urcu_qsbr_unregister_thread();
    return 0;
}
