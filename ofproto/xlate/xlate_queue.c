/* xlate_queue.c - the queue that outputs go through: set_queue, pop_queue, enqueue.  See
 * xlate-private.h.  OpenFlow 1.3.5 section 5.12; 1.0 section 5.2.4 (enqueue).
 *
 * A queue is a priority on the datapath's packet, which its port's scheduler takes for the class.
 * What a packet came with is not looked at: pop_queue gives it back the 0 of one that no queue was
 * chosen for.  Which queues a port has is the port's: a number that it does not have is its
 * default. */
#include <linux/pkt_sched.h>

#include "ofproto/xlate/xlate-private.h"

static uint32_t priority_of(const struct xlate_ctx *ctx, uint32_t queue)
{
    return ctx->cfg->features.priority_is_class ? TC_H_MAKE(1u << 16, queue + 1) : queue;
}

void xlate_set_queue(struct xlate_ctx *ctx, uint32_t queue)
{
    ctx->s.priority = priority_of(ctx, queue);
}

void xlate_enqueue(struct xlate_ctx *ctx, const struct act_enqueue *a)
{
    uint32_t outer = ctx->s.priority;

    ctx->s.priority = priority_of(ctx, a->queue);
    xlate_output(ctx, a->port, 0);
    ctx->s.priority = outer;
}
