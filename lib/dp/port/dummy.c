/* dummy.c - a port for tests: frames come from dp_port_receive(), what is sent is counted and, with
 * options:tx_pcap=FILE, recorded.  Needs no kernel device.
 *
 * Its queues shape nothing: what leaves by each is counted, and what leaves by none that it has, as
 * queue 0's, if it has that (link_htb.h). */
#include <errno.h>
#include <stdlib.h>

#include "lib/dp/port/pcapfile.h"
#include "lib/dp/port/port.h"
#include "lib/mem.h"

struct dummy {
    struct port up;
    struct pcapfile_writer *tx_pcap;
    uint8_t mac[6];
    bool admin_up;
    struct dp_queue_stats *queues; /* Ascending; heap. */
    size_t n_queues;
};

static struct dummy *dummy_of(const struct port *p)
{
    return container_of_(p, struct dummy, up);
}

static int dummy_open(struct port *p, port_option *option, void *aux)
{
    static uint32_t next_mac = 0xaa550000; /* Control thread only. */
    struct dummy *d = dummy_of(p);
    const char *file = option ? option(aux, "tx_pcap") : NULL;

    d->mac[0] = 0xaa;
    d->mac[1] = 0x55;
    put_be32(&d->mac[2], next_mac++);
    d->admin_up = true;
    if (file && *file) {
        d->tx_pcap = pcapfile_create(file);
        return d->tx_pcap ? 0 : errno;
    }
    return 0;
}

static void dummy_close(struct port *p, bool destroy UNUSED)
{
    struct dummy *d = dummy_of(p);

    pcapfile_close(d->tx_pcap);
    d->tx_pcap = NULL;
    free(d->queues);
    d->queues = NULL;
    d->n_queues = 0;
}

static int compare_queues(const void *a_, const void *b_)
{
    const struct dp_queue_stats *a = a_, *b = b_;
    return a->queue < b->queue ? -1 : a->queue > b->queue;
}

/* NULL: the port does not have it. */
static struct dp_queue_stats *find_queue(const struct dummy *d, uint32_t queue)
{
    const struct dp_queue_stats wanted = {.queue = queue};
    return d->n_queues ? bsearch(&wanted, d->queues, d->n_queues, sizeof *d->queues, compare_queues)
                       : NULL;
}

/* Those that stay go on counting. */
static int dummy_set_queues(struct port *p, const uint32_t *queues, size_t n)
{
    struct dummy *d = dummy_of(p);
    struct dp_queue_stats *all = xcalloc(n + 1, sizeof *all);

    for (size_t i = 0; i < n; i++) {
        const struct dp_queue_stats *old = find_queue(d, queues[i]);
        all[i] = old ? *old : (struct dp_queue_stats){.queue = queues[i]};
    }
    free(d->queues);
    d->queues = all;
    d->n_queues = n;
    return 0;
}

static void dummy_get_queue_stats(const struct port *p, struct dp_queue_stats *s, size_t n)
{
    const struct dummy *d = dummy_of(p);

    for (size_t i = 0; i < n; i++) {
        const struct dp_queue_stats *q = find_queue(d, s[i].queue);
        s[i].packets = q ? q->packets : 0;
        s[i].bytes = q ? q->bytes : 0;
    }
}

static void count_queue(const struct dummy *d, const struct packet *pkt)
{
    struct dp_queue_stats *q = find_queue(d, pkt->priority);

    q = q ? q : find_queue(d, 0);
    if (q) {
        q->packets++;
        q->bytes += pkt->len;
    }
}

static int dummy_rx(struct port *p UNUSED, const struct port_pools *pools UNUSED,
                    struct packet **pkts UNUSED, int max UNUSED)
{
    return 0;
}

static void dummy_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct dummy *d = dummy_of(p);

    for (unsigned i = 0; i < n; i++) {
        if (d->tx_pcap) {
            pcapfile_write(d->tx_pcap, pkts[i]->data, pkts[i]->len);
        }
        port_count(&p->tx, pkts[i]->len);
        count_queue(d, pkts[i]);
        packet_free(pkts[i]);
    }
}

static int dummy_set_up(struct port *p, bool up)
{
    dummy_of(p)->admin_up = up;
    return 0;
}

static void dummy_get_info(const struct port *p, struct dp_port_info *info)
{
    const struct dummy *d = dummy_of(p);

    memcpy(info->mac, d->mac, sizeof info->mac);
    info->mtu = 1500;
    info->admin_up = info->link_up = d->admin_up;
}

const struct port_class port_dummy = {
    .size = sizeof(struct dummy),
    .open = dummy_open,
    .close = dummy_close,
    .rx = dummy_rx,
    .tx = dummy_tx,
    .set_up = dummy_set_up,
    .set_queues = dummy_set_queues,
    .get_queue_stats = dummy_get_queue_stats,
    .get_info = dummy_get_info,
};
