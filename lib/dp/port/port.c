/* port.c - see port.h: what all classes share. */
#include "lib/dp/port/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"
#include "lib/packet/csum.h"
#include "lib/packet/gso.h"
#include "lib/packet/parse.h"

static const struct {
    const char *type;
    const struct port_class *class;
} types[] = {
    {"system", &port_afpacket}, {"internal", &port_tap},  {"tap", &port_tap},
    {"afxdp", &port_afxdp},     {"pcap", &port_pcap},     {"dummy", &port_dummy},
    {"vxlan", &port_tunnel},    {"geneve", &port_tunnel}, {"gre", &port_tunnel},
};

static const struct port_class *class_of(const char *type, bool dummy)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(types[i].type, type)) {
            return dummy ? &port_dummy : types[i].class;
        }
    }
    return NULL;
}

char *port_new(const char *name, const char *type, bool dummy, port_option *option, void *aux,
               struct port **out)
{
    type = *type ? type : "system";
    const struct port_class *class = class_of(type, dummy);
    *out = NULL;
    if (!class || strlen(name) >= sizeof((*out)->name)) {
        return xasprintf("could not open network device %s (%s)", name,
                         strerror(class ? ENAMETOOLONG : EAFNOSUPPORT));
    }

    struct port *p = xzalloc_cacheline(class->size);
    p->class = class;
    p->rx_fd = -1;
    strcpy(p->name, name);
    strcpy(p->type, type);
    pthread_mutex_init(&p->tx_lock, NULL);
    int error = class->open(p, option, aux);
    if (error) {
        char *why = class->explain ? class->explain(p, error) : NULL;
        char *text =
            xasprintf("could not open network device %s (%s)", name, why ? why : strerror(error));
        free(why);
        port_free(p, false);
        return text;
    }
    *out = p;
    return NULL;
}

static void close_locked(struct port *p, bool destroy)
{
    pthread_mutex_lock(&p->tx_lock);
    p->class->close(p, destroy);
    pthread_mutex_unlock(&p->tx_lock);
}

void port_suspend(struct port *p)
{
    p->gone = true;
    close_locked(p, false);
}

int port_resume(struct port *p)
{
    pthread_mutex_lock(&p->tx_lock);
    int error = p->class->open(p, NULL, NULL);
    if (error) {
        p->class->close(p, false);
    }
    pthread_mutex_unlock(&p->tx_lock);
    p->gone = error != 0;
    return error;
}

void port_free(struct port *p, bool destroy)
{
    close_locked(p, destroy);
    for (unsigned i = 0; i < PORT_MAX_SENDERS; i++) {
        for (unsigned j = 0; j < p->txq[i].n; j++) {
            packet_free(p->txq[i].pkt[j]);
        }
    }
    pthread_mutex_destroy(&p->tx_lock);
    free(p);
}

void port_get_info(const struct port *p, struct dp_port_info *info)
{
    *info = (struct dp_port_info){
        .port_no = p->no, .gone = p->gone, .full_duplex = true, .ifindex = p->ifindex};
    strcpy(info->name, p->name);
    strcpy(info->type, p->type);
    p->class->get_info(p, info);
}

void port_get_stats(struct port *p, struct dp_port_stats *s)
{
    const struct port_counters *rx = &p->rx, *tx = &p->tx;

    *s = (struct dp_port_stats){
        .rx_packets = __atomic_load_n(&rx->packets, __ATOMIC_RELAXED),
        .rx_bytes = __atomic_load_n(&rx->bytes, __ATOMIC_RELAXED),
        .rx_dropped = __atomic_load_n(&rx->dropped, __ATOMIC_RELAXED),
        .rx_errors = __atomic_load_n(&rx->errors, __ATOMIC_RELAXED),
        .tx_packets = __atomic_load_n(&tx->packets, __ATOMIC_RELAXED),
        .tx_bytes = __atomic_load_n(&tx->bytes, __ATOMIC_RELAXED),
        .tx_dropped = __atomic_load_n(&tx->dropped, __ATOMIC_RELAXED),
        .tx_errors = __atomic_load_n(&tx->errors, __ATOMIC_RELAXED),
        .rx_frame = UINT64_MAX,
        .rx_over = UINT64_MAX,
        .rx_crc = UINT64_MAX,
        .collisions = UINT64_MAX,
        .tx_aborted = UINT64_MAX,
        .tx_carrier = UINT64_MAX,
    };
    if (p->class->get_stats) {
        p->class->get_stats(p, s);
    }
}

/* ---- to another process ---- */

static void set_key(const struct port *p, char kind[32])
{
    snprintf(kind, 32, "port %s", *p->type ? p->type : "system");
}

static void put_counters(const struct port_counters *c, uint64_t value[4])
{
    value[0] = __atomic_load_n(&c->packets, __ATOMIC_RELAXED);
    value[1] = __atomic_load_n(&c->bytes, __ATOMIC_RELAXED);
    value[2] = __atomic_load_n(&c->dropped, __ATOMIC_RELAXED);
    value[3] = __atomic_load_n(&c->errors, __ATOMIC_RELAXED);
}

void port_hand_over(const struct port *p, struct handover *h, bool with_fds)
{
    struct handover_item item = {.value = {p->no}};
    char kind[32];

    if (!p->class->hand_over || p->gone) {
        return;
    }
    put_counters(&p->rx, &item.value[1]);
    put_counters(&p->tx, &item.value[5]);
    set_key(p, kind);
    handover_set_key(&item, kind, p->name);
    p->class->hand_over(p, &item);
    if (!with_fds) {
        item.n_fds = 0;
    }
    handover_offer(h, &item);
}

bool port_taken(const struct port *p, struct handover_item *item)
{
    char kind[32];

    set_key(p, kind);
    return handover_take(kind, p->name, item);
}

bool port_resume_from(struct port *p)
{
    struct handover_item item;

    if (!p->class->hand_over || p->gone || !port_taken(p, &item)) {
        return false;
    }
    handover_close_fds(&item); /* It has them already. */
    const uint64_t *v = &item.value[1];
    p->rx = (struct port_counters){v[0], v[1], v[2], v[3]};
    p->tx = (struct port_counters){v[4], v[5], v[6], v[7]};
    if (p->class->resume) {
        p->class->resume(p, &item);
    }
    return true;
}

struct packet *port_packet(const struct port_pools *pools, uint32_t len)
{
    if (len <= PORT_SMALL_BUF) {
        struct packet *pkt = packet_pool_get(pools->small);
        if (pkt) {
            return pkt;
        }
    }
    return len <= PORT_BIG_BUF ? packet_pool_get(pools->big) : NULL;
}

void port_flush(struct port *p, unsigned id)
{
    struct port_txq *q = &p->txq[id];

    if (q->n) {
        pthread_mutex_lock(&p->tx_lock);
        p->class->tx(p, q->pkt, q->n);
        pthread_mutex_unlock(&p->tx_lock);
        q->n = 0;
    }
}

struct queue_to {
    struct port *port;
    unsigned id;
};

static void put(void *aux, struct packet *pkt)
{
    const struct queue_to *to = aux;
    struct port_txq *q = &to->port->txq[to->id];

    if (q->n == PORT_TXQ_LEN) {
        port_flush(to->port, to->id);
    }
    q->pkt[q->n++] = pkt;
}

static bool can_carry(const struct port *p, const struct packet *pkt)
{
    switch (pkt->gso_type) {
    case GSO_NONE:
        return true;
    case GSO_UDP:
        return (port_can(p) & PORT_TX_USO) != 0;
    default:
        return (port_can(p) & PORT_TX_TSO) != 0;
    }
}

bool port_queue(struct port *p, unsigned id, struct packet *pkt, struct packet_pool *pool)
{
    struct queue_to to = {.port = p, .id = id};
    bool first = p->txq[id].n == 0;

    if (UNLIKELY(!can_carry(p, pkt))) {
        /* Actions may have moved the headers since the last parse. */
        struct key key;
        parse_key(pkt, &key);
        if (!gso_segment(pkt, pool, put, &to)) {
            counter_inc(COUNTER_drop_port_tx_error);
        }
        packet_free(pkt);
        return first && p->txq[id].n;
    }
    if (pkt->csum == CSUM_PARTIAL && !(port_can(p) & PORT_TX_CSUM)) {
        csum_complete(pkt);
    }
    put(&to, pkt);
    return first;
}
