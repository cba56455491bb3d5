/* dummy.c - a port for tests: frames come from dp_port_receive(), what is sent is counted and, with
 * options:tx_pcap=FILE, recorded.  Needs no kernel device. */
#include <errno.h>

#include "lib/dp/port/pcapfile.h"
#include "lib/dp/port/port.h"

struct dummy {
    struct port up;
    struct pcapfile_writer *tx_pcap;
    uint8_t mac[6];
    bool admin_up;
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
    .get_info = dummy_get_info,
};
