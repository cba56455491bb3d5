/* dp-forward.c - a wire made of a datapath: dp-forward PORT PORT forwards between two network
 * devices (type:NAME chooses another port type than system) until it is interrupted, then prints
 * counters.  For measurements and for tests/system/test-afpacket.py.
 *
 * Option -c: each IP packet goes through the tracker and recirculates. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/dp/dp.h"
#include "lib/io/loop.h"

static bool use_ct;

static void on_miss(void *aux UNUSED, const struct packet *p UNUSED, const struct key *k,
                    int64_t now_ms UNUSED, struct dp_verdict *v)
{
    if (use_ct && !k->recirc_id && (key_is_ip4(k) || key_is_ip6(k))) {
        struct dp_action_ct *ct = dp_actions_put(&v->actions, DP_ACTION_CT, sizeof *ct);
        ct->commit = true;
        struct dp_action *a = dp_actions_put(&v->actions, DP_ACTION_RECIRC, sizeof *a);
        a->u32 = 1;
    } else {
        dp_actions_output(&v->actions, k->in_port == 1 ? 2 : 1);
    }
    v->mask.eth_type = 0xffff;
}

static void on_userspace(void *aux UNUSED, const struct packet *p UNUSED,
                         const struct key *k UNUSED, const void *cookie UNUSED, size_t n UNUSED)
{
}

static void on_credit(void *aux UNUSED, void *credit UNUSED, const struct dp_flow_stats *d UNUSED)
{
}

static void on_release(void *aux UNUSED, void *credit UNUSED)
{
}

static void on_changed(void *aux, uint32_t no)
{
    struct dp *const *dp = aux;
    struct dp_port_info i;

    if (*dp && dp_port_get(*dp, no, &i)) {
        printf("port %u %s: admin_up=%d link_up=%d gone=%d mtu=%u\n", no, i.name, i.admin_up,
               i.link_up, i.gone, i.mtu);
        fflush(stdout);
    }
}

static void on_signal(void *aux)
{
    loop_stop(aux);
}

static const char *no_option(void *aux UNUSED, const char *key UNUSED)
{
    return NULL;
}

static void add(struct dp *dp, char *arg, uint32_t want)
{
    char *colon = strchr(arg, ':');
    const char *name = colon ? colon + 1 : arg;
    uint32_t no;

    if (colon) {
        *colon = '\0';
    }
    char *error = dp_port_add(dp, name, colon ? arg : "system", want, no_option, NULL, &no);
    if (error) {
        fprintf(stderr, "dp-forward: %s\n", error);
        exit(1);
    }
}

static void print_port(struct dp *dp, uint32_t no)
{
    struct dp_port_stats s;

    dp_port_get_stats(dp, no, &s);
    printf("port %u: rx %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " dropped %" PRIu64
           " errors, tx %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " dropped %" PRIu64
           " errors\n",
           no, s.rx_packets, s.rx_bytes, s.rx_dropped, s.rx_errors, s.tx_packets, s.tx_bytes,
           s.tx_dropped, s.tx_errors);
}

int main(int argc, char *argv[])
{
    struct dp *dp = NULL;
    const struct dp_handler handler = {.aux = &dp,
                                       .miss = on_miss,
                                       .userspace = on_userspace,
                                       .credit = on_credit,
                                       .release = on_release,
                                       .port_changed = on_changed};

    if (argc > 1 && !strcmp(argv[1], "-c")) {
        use_ct = true;
        argv++;
        argc--;
    }
    if (argc != 3) {
        fprintf(stderr, "usage: dp-forward [-c] [TYPE:]PORT [TYPE:]PORT\n");
        return 1;
    }
    rcu_register_thread();
    struct loop *loop = loop_new();
    loop_set_wait_hooks(loop, rcu_thread_offline, rcu_thread_online);
    loop_signal(loop, SIGINT, on_signal, loop);
    loop_signal(loop, SIGTERM, on_signal, loop);
    char *error = dp_open("netdev", "ovs-netdev", loop, &handler, &dp);
    if (error) {
        fprintf(stderr, "dp-forward: %s\n", error);
        return 1;
    }
    add(dp, argv[1], 1);
    add(dp, argv[2], 2);
    printf("ready\n");
    fflush(stdout);
    loop_run(loop);

    print_port(dp, 1);
    print_port(dp, 2);
    uint64_t hits, misses, lost, n;
    dp_flow_stats_total(dp, &hits, &misses, &lost, &n);
    printf("hits %" PRIu64 " misses %" PRIu64 " lost %" PRIu64 " flows %" PRIu64 "\n", hits, misses,
           lost, n);
    dp_close(dp, true);
    for (unsigned c = 0; c < N_COUNTERS; c++) {
        if (counter_read(c)) {
            printf("%s %" PRIu64 "\n", counter_name(c), counter_read(c));
        }
    }
    loop_free(loop);
    rcu_unregister_thread();
    return 0;
}
