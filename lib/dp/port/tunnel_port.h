/* tunnel_port.h - what the two files of a tunnel port share: tunnel_port.c opens it and receives,
 * tunnel_tx.c sends.
 *
 * A tunnel port of the userspace datapath is a pair of the kernel's own sockets, one for IPv4 and
 * one for IPv6: UDP ones, or raw ones for GRE.  So routes, neighbours, policies, fragments and
 * outer checksums are the host's, whether the way out is a bridge of ours or not; only the tunnel's
 * own header is made and read here (lib/packet/tunnel.h). */
#pragma once

#include <netinet/in.h>

#include "lib/dp/port/port.h"
#include "lib/packet/tunnel.h"

/* Sockets to send from: their ports tell flows apart, for who spreads load by outer headers. */
#define TUNNEL_N_TX 4

struct tunnel_tx {
    int fd;          /* -1: none. */
    int8_t df, csum; /* As the socket is set; -1: not yet. */
};

struct tunnel_side { /* One family. */
    int rx;          /* -1: the host has no such family. */
    struct tunnel_tx tx[TUNNEL_N_TX];
    unsigned n_tx;
};

struct tunnel_port {
    struct port up;
    enum tunnel_type type;
    uint16_t dst_port;
    bool gbp;
    bool admin_up;
    struct tunnel_side side[2]; /* IPv4, IPv6 */
    uint8_t (*overflow)[65536]; /* For each datagram of a batch, what a small packet cannot hold. */
};

static inline struct tunnel_port *tunnel_port_of(const struct port *p)
{
    return container_of_((struct port *)(uintptr_t)p, struct tunnel_port, up);
}

/* tunnel_tx.c */
void tunnel_port_tx(struct port *, struct packet **, unsigned n);
