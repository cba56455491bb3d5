/* nlsock.h - netlink with the openvswitch families and with netfilter's subsystems: requests,
 * dumps, batches.
 *
 * Layer 3.  One socket is used by one thread.  The transport is injected, so that tests can stand
 * in for the kernel with any answer, and with any error.
 *
 * Invariants: a reply is taken only with the sequence number of the request under way; whatever
 * else comes is ignored.  Every wait is bounded: requests are answered by the kernel synchronously,
 * and a receive that brings nothing for NLSOCK_TIMEOUT_MS is an error (ETIMEDOUT).
 * Errors are positive errno values; the kernel's extended acknowledgement text goes to the log. */
#pragma once

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/openvswitch.h>
#include <sys/types.h>

#include "lib/dp/kernel/nlwr.h"

#define NLSOCK_TIMEOUT_MS 5000
#define NLSOCK_BUF        131072 /* Of a request, and of one datagram. */
#define NLSOCK_MANY       64     /* Short datagrams that are received at once. */

struct nlsock_transport {
    /* A whole datagram, or -1 and errno. */
    ssize_t (*send)(void *aux, const void *, size_t);
    ssize_t (*recv)(void *aux, void *, size_t); /* Blocks; EAGAIN after NLSOCK_TIMEOUT_MS. */
    /* As that, up to 'n' datagrams, each to the next 'slot' bytes, which it is not longer than:
     * their lengths, and how many.  NULL: only one by one. */
    int (*recv_many)(void *aux, void *, size_t slot, size_t *len, unsigned n);
    void (*close)(void *aux);
    void *aux;
    int fd; /* For polling; -1: none. */
    uint32_t port_id;
};

enum nlsock_family {
    NLSOCK_CTRL,
    NLSOCK_DATAPATH,
    NLSOCK_VPORT,
    NLSOCK_FLOW,
    NLSOCK_PACKET,
    NLSOCK_METER,
    NLSOCK_CT_LIMIT,
    NLSOCK_NETFILTER, /* From here on: subsystems of netfilter, on sockets of their own. */
    NLSOCK_CONNTRACK = NLSOCK_NETFILTER,
    NLSOCK_CTTIMEOUT,
    NLSOCK_N_FAMILIES
};

/* Looked up once, shared by all sockets.  0: this kernel does not have it. */
struct nlsock_families {
    uint16_t id[NLSOCK_N_FAMILIES];
    uint32_t vport_group; /* Multicast: ports come, go, change; 0: none. */
};

struct nlsock {
    struct nlsock_transport transport;
    const struct nlsock_families *families;
    uint32_t seq;
    uint8_t *news; /* NLSOCK_NEWS slots, once they are needed. */
    _Alignas(8) uint8_t request[NLSOCK_BUF];
    _Alignas(8) uint8_t reply[NLSOCK_BUF];
};

/* A netlink socket of this process' network namespace.  'news': for what the kernel sends by
 * itself; receiving never waits.  0 or errno. */
int nlsock_open(bool news, struct nlsock **);
/* For requests to its subsystems; or, with SOCK_NONBLOCK in 'flags', for what they tell. */
int nlsock_open_netfilter(struct nlsock **, int flags);
int nlsock_open_real(int protocol, int flags, struct nlsock **); /* NETLINK_*, SOCK_*. */
struct nlsock *nlsock_new(const struct nlsock_transport *);      /* Takes it over. */
void nlsock_free(struct nlsock *);
/* Real sockets: the group's messages come to it as well.  0 or errno. */
int nlsock_join(struct nlsock *, uint32_t group);
/* ENOENT: no openvswitch in this kernel. */
int nlsock_resolve(struct nlsock *, struct nlsock_families *) MUST_USE;

/* One message of a reply, behind its headers. */
struct nlsock_msg {
    enum nlsock_family family;
    uint8_t cmd;
    uint16_t flags; /* NLM_F_* */
    int dp_ifindex; /* Netfilter: AF_*. */
    uint32_t seq;   /* Of the request that it answers. */
    const void *attrs;
    size_t n;
};
typedef void nlsock_cb(void *aux, const struct nlsock_msg *);

/* Begins a request in the socket's buffer; attributes are added with 'w'.  Netfilter: 'dp_ifindex'
 * is AF_*. */
void nlsock_begin(struct nlsock *, enum nlsock_family, uint8_t cmd, uint16_t flags, int dp_ifindex,
                  struct nlwr *w);
/* Sends it and waits for the answer: each message of it to 'cb' (NULL: only success counts). */
int nlsock_call(struct nlsock *, struct nlwr *w, nlsock_cb *cb, void *aux) MUST_USE;

/* A dump in steps, between which nothing else is asked on this socket. */
int nlsock_dump_begin(struct nlsock *, struct nlwr *w) MUST_USE; /* Sends it. */
/* One datagram of the answer.  False: that was the last, or '*error'. */
bool nlsock_dump_some(struct nlsock *, nlsock_cb *cb, void *aux, int *error) MUST_USE;

/* Several requests in one datagram; nlsock_batch_add() may be called until it says false (full),
 * and nlsock_batch_run() calls 'done' for each in order, with 0 or its errno.  Answers come in the
 * order of requests, and errors always: only the last request asks for an acknowledgement, and
 * whatever was not refused until then has been done. */
struct nlsock_batch {
    struct nlsock *sock;
    size_t len, last; /* Bytes; where the last request begins. */
    unsigned n;
    uint32_t first_seq; /* That of request i is first_seq + i. */
};
typedef void nlsock_done(void *aux, unsigned index, int error);
/* With such an error nobody knows whether a request was carried out: its answer was lost. */
static inline bool nlsock_is_unknown(int error)
{
    return error == ENOBUFS || error == ETIMEDOUT || error == ENOSPC || error == EPROTO;
}
void nlsock_batch_begin(struct nlsock *, struct nlsock_batch *);
/* Room of 'room' bytes for one more request; NULL writer error: does not fit. */
bool nlsock_batch_add(struct nlsock_batch *, enum nlsock_family, uint8_t cmd, uint16_t flags,
                      int dp_ifindex, size_t room, struct nlwr *w) MUST_USE;
void nlsock_batch_end(struct nlsock_batch *, struct nlwr *w); /* The request is complete. */
int nlsock_batch_run(struct nlsock_batch *, nlsock_cb *cb, nlsock_done *done, void *aux) MUST_USE;

/* What the kernel sends by itself (upcalls, notifications): one datagram, not waiting.  0, EAGAIN,
 * or another errno (ENOBUFS: some were lost). */
int nlsock_recv(struct nlsock *, nlsock_cb *cb, void *aux) MUST_USE;
/* As that, up to NLSOCK_NEWS datagrams at once. */
#define NLSOCK_NEWS      32
#define NLSOCK_NEWS_SLOT 69696 /* A packet of 64 kB, and what is said of it. */
int nlsock_recv_many(struct nlsock *, nlsock_cb *cb, void *aux) MUST_USE;
