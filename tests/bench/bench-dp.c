/* bench-dp.c - nanoseconds per packet of a pass: parse, cache, actions (one output).
 *
 * bench-dp [FLOWS MASKS]...: dp_packet_FLOWS_MASKS. */
#include <stdlib.h>

#include "lib/dp/user/pass.h"
#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "tests/bench/bench.h"

#define N_PACKETS (1u << 21)

static unsigned n_masks;
static uint64_t n_out;

/* Flows by destination port; their masks differ in a field that all packets have at zero. */
static void on_miss(void *aux, const struct packet *p, const struct key *k, int64_t now_ms,
                    struct dp_verdict *v)
{
    (void)aux, (void)p, (void)now_ms;
    v->mask.eth_type = 0xffff;
    v->mask.ip_dst = UINT32_MAX;
    v->mask.tp_dst = 0xffff;
    v->mask.nsh_c[0] = ntohs(k->tp_dst) % n_masks;
    dp_actions_output(&v->actions, 2);
}

static void on_output(void *aux, struct packet *p, uint32_t port)
{
    (void)aux, (void)port;
    n_out++;
    packet_free(p);
}

static void run(unsigned n_flows, unsigned masks)
{
    static const struct dp_handler handler = {.miss = on_miss};
    struct packet_pool *pool = packet_pool_new(2048, 64, 64);
    struct pass *p = xzalloc(sizeof *p);
    struct packet **frames = xcalloc(n_flows, sizeof *frames);

    n_masks = masks;
    if (!pass_init(p, &handler, NULL, 1, pool, on_output, NULL)) {
        exit(1);
    }
    for (unsigned i = 0; i < n_flows; i++) {
        struct key k = {.eth_type = htons(0x800),
                        .ip_src = htonl(1),
                        .ip_dst = htonl(0x0a000000 + i / 50000),
                        .ip_proto = 17,
                        .ip_ttl = 64,
                        .tp_src = htons(9),
                        .tp_dst = htons((uint16_t)(i % 50000))};
        frames[i] = compose_packet(&k, "payload", 7);
    }
    int64_t begin = 0;
    for (unsigned n = 0; n < N_PACKETS + n_flows + 4096; n += PASS_BATCH) {
        struct packet *batch[PASS_BATCH];
        if (!begin && n >= n_flows + 4096) {
            begin = now_ns();
        }
        for (unsigned i = 0; i < PASS_BATCH; i++) {
            batch[i] = packet_clone(frames[(n + i) % n_flows], pool);
            batch[i]->in_port = 1;
        }
        pass_run(p, batch, PASS_BATCH, 1);
    }
    char name[64];
    snprintf(name, sizeof name, "dp_packet_%u_%u", n_flows, masks);
    line(name, (double)(now_ns() - begin) / N_PACKETS, "ns");
    /* Flows stay: the process ends soon. */
    for (unsigned i = 0; i < n_flows; i++) {
        packet_free(frames[i]);
    }
    free(frames);
}

int main(int argc, char *argv[])
{
    static const unsigned cases[][2] = {{1, 1},      {1000, 1},   {1000, 20},
                                        {100000, 1}, {100000, 4}, {100000, 20}};

    for (int i = 1; i + 1 < argc; i += 2) {
        run((unsigned)strtoul(argv[i], NULL, 10), (unsigned)strtoul(argv[i + 1], NULL, 10));
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases) && argc < 3; i++) {
        run(cases[i][0], cases[i][1]);
    }
    return n_out == 0;
}
