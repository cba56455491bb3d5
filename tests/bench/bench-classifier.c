/* bench-classifier.c - nanoseconds for a lookup, and for insertion and removal, in tables of up to
 * a million rules, half of which hit; bytes for each rule.
 *
 * bench-classifier [RULES MASKS]...: classifier_{insert,lookup,memory}_RULES_MASKS. */
#include <malloc.h>
#include <stdlib.h>

#include "ofproto/table/table.h"
#include "tests/bench/bench.h"

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

static void report(const char *what, uint32_t n, unsigned n_masks, double value, const char *unit)
{
    char name[64];

    snprintf(name, sizeof name, "classifier_%s_%u_%u", what, n, n_masks);
    line(name, value, unit);
}

static void bench(uint32_t n, unsigned n_masks)
{
    struct tables *ts = tables_new(1);
    struct rule_acts *acts = rule_acts_new(NULL, 0);
    struct match m;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, n_in = 0, n_found = 0;
    int64_t t0 = now_ns();

    for (uint32_t i = 0; i < n; i++) {
        struct rule_args args = {.priority = (uint16_t)(i % n_masks)};
        make_match(&m, i, n_masks);
        if (!table_find(ts, 0, &m, args.priority)) {
            tables_insert(ts, &m, &args, rule_acts_ref(acts));
            n_in++;
        }
    }
    tables_publish(ts);
    int64_t t1 = now_ns();
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    uint32_t n_lookups = 1000000;
    for (uint32_t i = 0; i < n_lookups; i++) {
        struct flow wc;
        memset(&wc, 0, sizeof wc);
        make_match(&m, (i * 7919) % (2 * n), n_masks);
        n_found += tables_lookup(ts, 0, tables_version(ts), &m.flow, &wc) != NULL;
    }
    int64_t t2 = now_ns();
    report("insert", n, n_masks, (double)(t1 - t0) / n, "ns");
    report("lookup", n, n_masks, n_found ? (double)(t2 - t1) / n_lookups : -1, "ns");
    report("memory", n, n_masks, (double)(after - before) / (double)n_in, "bytes");
    rule_acts_unref(acts);
    tables_unref(ts);
    for (int i = 0; i < 3; i++) {
        urcu_qsbr_barrier();
    }
}

int main(int argc, char *argv[])
{
    static const unsigned cases[][2] = {{100, 1},     {1000, 8},    {100000, 1},  {100000, 8},
                                        {100000, 32}, {1000000, 1}, {1000000, 32}};

    urcu_qsbr_register_thread();
    for (int i = 1; i + 1 < argc; i += 2) {
        bench((uint32_t)strtoul(argv[i], NULL, 10), (unsigned)strtoul(argv[i + 1], NULL, 10));
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases) && argc < 3; i++) {
        bench(cases[i][0], cases[i][1]);
    }
    urcu_qsbr_unregister_thread();
    return 0;
}
