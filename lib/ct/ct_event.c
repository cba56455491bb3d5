/* ct_event.c - see ct_event.h.
 *
 * The ring: a slot's 'turn' says who may use it next.  Whoever moves 'head' over a slot whose turn
 * it is alone writes it, then passes it to the reader, who passes it to the next round. */
#include "lib/ct/ct_event-private.h"

#include <stdlib.h>

#include "lib/ct/ct-private.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/packet/ip.h"

#define MASK      (CT_EVENT_RING - 1)
#define PUT_TRIES 64 /* Others that were quicker. */

struct slot {
    uint32_t turn;
    struct ct_event event;
};

struct ct_events {
    struct slot *slots;
    void (*ready)(void *aux);
    void *aux;
    uint64_t n_lost;
    _Alignas(CACHE_LINE) uint32_t head; /* Writers'. */
    bool waiting;                       /* The reader has found nothing. */
    _Alignas(CACHE_LINE) uint32_t tail; /* The reader's. */
};

/* A slot to write, or NULL. */
static struct slot *claim(struct ct_events *e, uint32_t *pos)
{
    *pos = __atomic_load_n(&e->head, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < PUT_TRIES; i++) {
        struct slot *s = &e->slots[*pos & MASK];
        uint32_t turn = __atomic_load_n(&s->turn, __ATOMIC_ACQUIRE);
        if (turn != *pos) {
            if ((int32_t)(turn - *pos) < 0) {
                return NULL; /* Full. */
            }
            *pos = __atomic_load_n(&e->head, __ATOMIC_RELAXED);
        } else if (__atomic_compare_exchange_n(&e->head, pos, *pos + 1, false, __ATOMIC_RELAXED,
                                               __ATOMIC_RELAXED)) {
            return s;
        }
    }
    return NULL;
}

void ct_event_put(struct ct_table *t, uint32_t index, enum ct_event_type type, int64_t now_ms)
{
    struct ct_events *e = t->events;
    uint32_t pos;
    struct slot *s = claim(e, &pos);

    if (!s) {
        __atomic_fetch_add(&e->n_lost, 1, __ATOMIC_RELAXED);
        return;
    }
    s->event.type = type;
    ct_info_fill(t, index, &s->event.info, now_ms);
    __atomic_store_n(&s->turn, pos + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* Either we see that it waits, or it sees the slot. */
    if (__atomic_load_n(&e->waiting, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(&e->waiting, false, __ATOMIC_RELAXED)) {
        e->ready(e->aux);
    }
}

uint64_t ct_event_look(const struct ct_table *t, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    uint64_t words[3] = {(uint64_t)c->peer[0].state << 40 | (uint64_t)c->peer[1].state << 32 |
                         c->mark};

    if (c->key.proto != IPPROTO_HDR_TCP && c->key.proto != IPPROTO_HDR_SCTP) {
        words[0] = c->mark; /* Its state is whether there was a reply. */
    }
    words[0] ^= (uint64_t)(c->flags & CT_F_SEEN_REPLY) << 48;
    if (c->flags & CT_F_LABEL) {
        memcpy(&words[1], ct_table_label(t, index), 16);
    }
    return hash_words(words, 3, 0);
}

static bool next(struct ct_events *e, struct ct_event *event)
{
    struct slot *s = &e->slots[e->tail & MASK];

    if (__atomic_load_n(&s->turn, __ATOMIC_ACQUIRE) != e->tail + 1) {
        return false;
    }
    *event = s->event;
    __atomic_store_n(&s->turn, e->tail + CT_EVENT_RING, __ATOMIC_RELEASE);
    e->tail++;
    return true;
}

void ct_events_listen(struct ct *ct, unsigned mask, void (*ready)(void *aux), void *aux)
{
    struct ct_table *t = &ct->table;
    struct ct_event old;

    if (mask && !t->events) {
        struct ct_events *e = xzalloc_cacheline(sizeof *e);
        e->slots = xcalloc(CT_EVENT_RING, sizeof *e->slots);
        for (uint32_t i = 0; i < CT_EVENT_RING; i++) {
            e->slots[i].turn = i;
        }
        e->ready = ready;
        e->aux = aux;
        t->events = e;
    }
    if (mask && !t->event_mask) {
        while (next(t->events, &old)) {
        }
        t->events->waiting = true;
    }
    __atomic_store_n(&t->event_mask, (uint8_t)mask, __ATOMIC_RELEASE);
}

bool ct_event_next(struct ct *ct, struct ct_event *event)
{
    struct ct_events *e = ct->table.events;

    if (!e) {
        return false;
    }
    if (next(e, event)) {
        return true;
    }
    __atomic_store_n(&e->waiting, true, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return next(e, event);
}

uint64_t ct_events_lost(const struct ct *ct)
{
    return ct->table.events ? __atomic_load_n(&ct->table.events->n_lost, __ATOMIC_RELAXED) : 0;
}

void ct_events_free(struct ct_events *e)
{
    if (e) {
        free(e->slots);
        free(e);
    }
}
