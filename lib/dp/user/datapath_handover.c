/* datapath_handover.c - see dp_handover.h: the userspace datapath, from one process to the next.
 *
 * Layer 3, control thread.  The workers stop between two batches: what they had received is out,
 * and what they had not is in rings and queues that the next process has mapped already.  Then
 * ports say how far they have read, and the tracker gives its index; both are a few hundred
 * microseconds. */
#include <stdlib.h>

#include "lib/dp/conn_file.h"
#include "lib/dp/user/datapath.h"
#include "lib/log.h"

LOG_MODULE(dpif_netdev);

static void offer_ports(struct datapath *dp, struct handover *h, bool with_fds)
{
    for (uint32_t i = 0; i < dp->n_ports; i++) {
        if (dp->ports->by_no[i]) {
            port_hand_over(dp->ports->by_no[i], h, with_fds);
        }
    }
}

static void hand_over(struct dp *up, struct handover *h)
{
    struct datapath *dp = datapath_of(up);

    offer_ports(dp, h, true);
    if (dp->conns) {
        conn_file_hand_over(dp->conns, dp->ct, h);
    }
}

static void pause_all(struct dp *up, struct handover *h)
{
    struct datapath *dp = datapath_of(up);

    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_pause(dp->workers[i]);
    }
    handover_step("workers");
    offer_ports(dp, h, false);
    handover_step("ports");
    if (dp->conns) {
        conn_file_hand_over_index(dp->conns, dp->ct, h);
        handover_step("index");
    }
}

static void resume_all(struct dp *up)
{
    struct datapath *dp = datapath_of(up);

    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_resume(dp->workers[i]);
    }
    if (dp->conns) {
        conn_file_end_handover(dp->conns);
    }
}

/* What was handed over is of no use: an empty one, in memory. */
static void start_anew(struct datapath *dp)
{
    struct ct_config config = {.now_ms = loop_now(dp->up.loop), .hash_seed = dp->ct_seed};
    struct ct *ct = ct_new(&config);

    if (!ct) {
        log_emer("%s: no memory for the table of connections", dp->up.name);
        abort();
    }
    for (unsigned i = 0; i < dp->n_workers; i++) {
        dp->workers[i]->pass.env.ct = ct; /* They receive nothing yet. */
    }
    ct_free(dp->ct);
    dp->ct = ct;
    conn_file_close(dp->conns, true);
    dp->conns = NULL;
}

/* False: it is of no use. */
static bool start_tracker(struct datapath *dp, struct ct_adopted *adopted)
{
    struct ct_config config = {.now_ms = loop_now(dp->up.loop), .adopted = adopted};

    config.index = conn_file_take_index(dp->conns, &config.index_size);
    return ct_start(dp->ct, &config);
}

static void start_ports(struct datapath *dp)
{
    dp->waits = false;
    for (uint32_t i = 0; i < dp->n_ports; i++) {
        struct port *p = dp->ports->by_no[i];
        if (p) {
            port_resume_from(p);
        }
    }
    datapath_ports_attach(dp);
}

/* Packets wait: what can be done behind the last port is done there. */
static void start(struct dp *up)
{
    struct datapath *dp = datapath_of(up);
    struct ct_adopted adopted = {0};

    if (!dp->waits) {
        return;
    }
    /* Without a file it has begun already, empty. */
    bool ok = !dp->conns || start_tracker(dp, &adopted);
    handover_step("index");
    if (!ok) {
        log_err("%s: the table of connections cannot be taken over: they are lost", dp->up.name);
        start_anew(dp);
    }
    start_ports(dp);
    handover_step("ports");
    if (dp->conns) {
        conn_file_report(dp->conns, &adopted);
        conn_file_end_handover(dp->conns);
    }
}

const struct dp_handover_class userspace_handover = {
    .hand_over = hand_over, .pause = pause_all, .resume = resume_all, .start = start};
