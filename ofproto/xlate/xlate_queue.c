/* xlate_queue.c - the queue that outputs go through: set_queue, pop_queue, enqueue.  See
 * xlate-private.h.  OpenFlow 1.3.5 section 5.12; 1.0 section 5.2.4 (enqueue).
 *
 * A queue that has a DSCP (Queue dscp) writes it into IPv4 and IPv6 on their way out of a port,
 * where it was chosen; what comes behind such an output has what was there before.
 *
 * A queue is a priority on the datapath's packet, which its port's scheduler takes for the class.
 * What a packet came with is not looked at: pop_queue gives it back the 0 of one that no queue was
 * chosen for.  Which queues a port has is the port's: a number that it does not have is its
 * default. */
#include <linux/pkt_sched.h>
#include <stdlib.h>

#include "ofproto/xlate/xlate-private.h"

#define TOS_DSCP 0xfc /* RFC 2474; the other bits are ECN. */

uint32_t xlate_queue_priority(const struct xlate_ctx *ctx)
{
    if (!ctx->s.queue) {
        return 0;
    }
    return ctx->cfg->features.priority_is_class ? TC_H_MAKE(1u << 16, ctx->s.queue)
                                                : ctx->s.queue - 1;
}

void xlate_set_queue(struct xlate_ctx *ctx, uint32_t queue)
{
    ctx->s.queue = queue + 1;
}

void xlate_enqueue(struct xlate_ctx *ctx, const struct act_enqueue *a)
{
    uint32_t outer = ctx->s.queue;

    xlate_set_queue(ctx, a->queue);
    xlate_output(ctx, a->port, 0);
    ctx->s.queue = outer;
}

static int compare_dscps(const void *a_, const void *b_)
{
    const struct xlate_queue_dscp *a = a_, *b = b_;
    return a->queue < b->queue ? -1 : a->queue > b->queue;
}

void xlate_dscp_begin(struct xlate_ctx *ctx, const struct xlate_port *port, struct xlate_dscp *old)
{
    struct key *k = &ctx->s.flow.key;
    const struct xlate_queue_dscp *d = NULL;

    *old = (struct xlate_dscp){k->ip_tos, ctx->s.written.ip_tos};
    if (ctx->s.queue && port->n_dscps) {
        const struct xlate_queue_dscp wanted = {.queue = ctx->s.queue - 1};
        d = bsearch(&wanted, port->dscps, port->n_dscps, sizeof wanted, compare_dscps);
    }
    if (d && xlate_is_ip(k) && !ctx->s.unparsed) {
        k->ip_tos = (uint8_t)(d->dscp << 2) | (k->ip_tos & (uint8_t)~TOS_DSCP);
        ctx->s.written.ip_tos |= TOS_DSCP;
    }
}

void xlate_dscp_end(struct xlate_ctx *ctx, const struct xlate_dscp *old)
{
    ctx->s.flow.key.ip_tos = old->tos;
    ctx->s.written.ip_tos = old->written;
}
