/* upcall_queue.c - see upcall_queue.h. */
#include "lib/dp/kernel/upcall_queue.h"

#include <stdlib.h>

#include "lib/mem.h"

void upcall_queue_init(struct upcall_queues *qs)
{
    memset(qs, 0, sizeof *qs);
    for (unsigned i = 0; i < UPCALL_QUEUES; i++) {
        qs->begun[i].tail = &qs->begun[i].first;
        qs->fresh[i].tail = &qs->fresh[i].first;
    }
}

void upcall_queue_deinit(struct upcall_queues *qs)
{
    for (struct upcall_item *item; (item = upcall_queue_take(qs));) {
        free(item);
    }
}

/* By its port and its pass.  What is malformed has some; whoever reads it on finds that out. */
static struct upcall_queue *queue_of(struct upcall_queues *qs, const struct nlsock_msg *m)
{
    uint32_t port = 0, recirc_id = 0;
    struct nlrd r, key;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_PACKET_ATTR_KEY) {
            nlrd_init(&key, r.data, r.n);
            while (nlrd_next(&key)) {
                if (key.type == OVS_KEY_ATTR_IN_PORT) {
                    port = nlrd_u32(&key);
                } else if (key.type == OVS_KEY_ATTR_RECIRC_ID) {
                    recirc_id = nlrd_u32(&key);
                }
            }
        }
    }
    return recirc_id ? &qs->begun[port % UPCALL_QUEUES] : &qs->fresh[port % UPCALL_QUEUES];
}

bool upcall_queue_put(struct upcall_queues *qs, const struct nlsock_msg *m)
{
    struct upcall_queue *q = queue_of(qs, m);
    struct upcall_item *item;
    const size_t size = sizeof *item + m->n;

    if (q->bytes + size > UPCALL_QUEUE_BYTES - qs->bytes || !(item = mem_try_zalloc(size))) {
        return false;
    }
    memcpy(item->attrs, m->attrs, m->n);
    item->msg = *m;
    item->msg.attrs = item->attrs;
    *q->tail = item;
    q->tail = &item->next;
    q->bytes += size;
    qs->bytes += size;
    qs->n++;
    return true;
}

struct upcall_item *upcall_queue_take(struct upcall_queues *qs)
{
    if (!qs->n) {
        return NULL;
    }
    while (!qs->begun[qs->turn].first && !qs->fresh[qs->turn].first) {
        qs->turn = (qs->turn + 1) % UPCALL_QUEUES;
    }
    struct upcall_queue *q =
        qs->begun[qs->turn].first ? &qs->begun[qs->turn] : &qs->fresh[qs->turn];
    struct upcall_item *item = q->first;
    q->first = item->next;
    q->tail = q->first ? q->tail : &q->first;
    q->bytes -= sizeof *item + item->msg.n;
    qs->bytes -= sizeof *item + item->msg.n;
    qs->n--;
    qs->turn = (qs->turn + 1) % UPCALL_QUEUES;
    return item;
}
