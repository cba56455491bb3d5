/* pcap_port.c - a port made of files: options:rx_pcap=FILE is replayed from when the port is
 * opened, as fast as the worker takes it; options:tx_pcap=FILE records what is sent. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/dp/port/pcapfile.h"
#include "lib/dp/port/port.h"

struct pcap_port {
    struct port up;
    struct pcapfile_reader *rx;
    struct pcapfile_writer *tx;
};

static struct pcap_port *pcap_of(const struct port *p)
{
    return container_of_(p, struct pcap_port, up);
}

static int pcap_port_open(struct port *p, port_option *option, void *aux)
{
    struct pcap_port *pp = pcap_of(p);
    const char *rx = option ? option(aux, "rx_pcap") : NULL;
    const char *tx = option ? option(aux, "tx_pcap") : NULL;

    if (tx && *tx && !(pp->tx = pcapfile_create(tx))) {
        return errno;
    }
    if (rx && *rx) {
        if (!(pp->rx = pcapfile_open(rx))) {
            return errno;
        }
        /* Readable until the file is at its end. */
        p->rx_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        if (p->rx_fd < 0) {
            return errno;
        }
    }
    return 0;
}

static void pcap_port_close(struct port *p, bool destroy UNUSED)
{
    struct pcap_port *pp = pcap_of(p);

    pcapfile_reader_close(pp->rx);
    pcapfile_close(pp->tx);
    if (p->rx_fd >= 0) {
        close(p->rx_fd);
    }
    pp->rx = NULL;
    pp->tx = NULL;
    p->rx_fd = -1;
}

static int pcap_port_rx(struct port *p, const struct port_pools *pools, struct packet **pkts,
                        int max)
{
    struct pcap_port *pp = pcap_of(p);
    int n = 0;

    while (n < max) {
        uint32_t len;
        const void *frame = pcapfile_next(pp->rx, &len);
        if (!frame) {
            return n ? n : -1;
        }
        struct packet *pkt = port_packet(pools, len);
        if (!pkt) {
            port_add(&p->rx.dropped, 1);
            continue;
        }
        memcpy(packet_put(pkt, len), frame, len);
        port_count(&p->rx, len);
        pkts[n++] = pkt;
    }
    return n;
}

static void pcap_port_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct pcap_port *pp = pcap_of(p);

    for (unsigned i = 0; i < n; i++) {
        if (pp->tx) {
            pcapfile_write(pp->tx, pkts[i]->data, pkts[i]->len);
        }
        port_count(&p->tx, pkts[i]->len);
        packet_free(pkts[i]);
    }
}

static int pcap_port_set_up(struct port *p UNUSED, bool up UNUSED)
{
    return EOPNOTSUPP;
}

static void pcap_port_get_info(const struct port *p UNUSED, struct dp_port_info *info)
{
    info->mtu = 1500;
    info->admin_up = info->link_up = true;
}

const struct port_class port_pcap = {
    .size = sizeof(struct pcap_port),
    .open = pcap_port_open,
    .close = pcap_port_close,
    .rx = pcap_port_rx,
    .tx = pcap_port_tx,
    .set_up = pcap_port_set_up,
    .get_info = pcap_port_get_info,
};
