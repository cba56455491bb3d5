/* bridge_pause.c - packets that wait for a controller: controller(pause), NXT_RESUME.  Journey: a
 * PACKET_IN with a continuation -> the controller gives both back -> translation goes on.
 *
 * What the controller gets of the state is its name and a check; the state stays here, for
 * PAUSE_MS after the last packet that has it, and so cannot be changed by a peer.  Bounded: the one
 * that has waited longest goes first.  Control thread. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

#define PAUSE_MS   60000
#define MAX_PAUSED 1024

struct bridge_pause {
    struct continuation *continuation; /* Reference. */
    int64_t last_ms;
};

static void drop(struct bridge *br, struct bridge_pause *p, int64_t now)
{
    continuation_put(br->ofproto->continuations, p->continuation, now);
    *p = br->paused[--br->n_paused];
}

void bridge_pause_expire(struct bridge *br, int64_t now)
{
    for (size_t i = br->n_paused; i-- > 0;) {
        if (br->paused[i].last_ms + PAUSE_MS <= now) {
            drop(br, &br->paused[i], now);
        }
    }
}

void bridge_pause_deinit(struct bridge *br)
{
    bridge_pause_expire(br, INT64_MAX);
    free(br->paused);
}

static struct bridge_pause *oldest(struct bridge *br)
{
    struct bridge_pause *p = &br->paused[0];

    for (size_t i = 1; i < br->n_paused; i++) {
        p = br->paused[i].last_ms < p->last_ms ? &br->paused[i] : p;
    }
    return p;
}

void bridge_pause_put(struct bridge *br, const struct continuation *c,
                      uint8_t name[BRIDGE_PAUSE_NAME])
{
    int64_t now = loop_now(br->ofproto->loop);
    struct bridge_pause *p = NULL;

    put_be32(name, c->id);
    put_be32(name + 4, c->hash);
    for (size_t i = 0; i < br->n_paused; i++) {
        if (br->paused[i].continuation == c) {
            br->paused[i].last_ms = now;
            return;
        }
    }
    if (!br->paused) {
        br->paused = xcalloc(MAX_PAUSED, sizeof *br->paused);
    }
    if (br->n_paused == MAX_PAUSED) {
        drop(br, oldest(br), now);
    }
    p = &br->paused[br->n_paused++];
    p->continuation = continuation_ref(br->ofproto->continuations, c);
    p->last_ms = now;
}

const struct continuation *bridge_pause_find(const struct bridge *br, const uint8_t *name,
                                             size_t len)
{
    for (size_t i = 0; len == BRIDGE_PAUSE_NAME && i < br->n_paused; i++) {
        const struct continuation *c = br->paused[i].continuation;
        if (c->id == get_be32(name) && c->hash == get_be32(name + 4)) {
            return c;
        }
    }
    return NULL;
}
