/* handover.h - what a process hands to the one that goes on in its place: descriptors with a few
 * numbers each, named by a key, over a Unix socket.
 *
 * Layer 1, control thread.  This is the channel, and what came through it until its new owner asks
 * for it by the key; who says what in which order is vswitchd/handover.c.  A message is of a fixed
 * size, so that nothing is allocated for a peer.  The peer must be of our own user, or root.
 *
 * A key is `KIND NAME`; its owner says what its numbers and descriptors are: `listen TARGET`
 * (stream_listen.c), `port TYPE NAME` (lib/dp/port), `conns DATAPATH` and `index DATAPATH`
 * (lib/dp), `lock FILE` (vswitchd/config.c). */
#pragma once

#include "lib/base.h"

#define HANDOVER_VERSION 2u /* Of messages and what is in them: another is refused. */
#define HANDOVER_KEY     256
#define HANDOVER_VALUES  24
#define HANDOVER_FDS     12

struct handover_item {
    char key[HANDOVER_KEY];
    uint64_t value[HANDOVER_VALUES];
    unsigned n_fds;
    int fds[HANDOVER_FDS];
};

enum handover_kind {
    HANDOVER_HELLO = 1, /* New to old: value[0] HANDOVER_VERSION. */
    HANDOVER_ITEM,      /* Old to new: something more. */
    HANDOVER_LOAD,      /* Old to new: that was all there is, but the datapaths' last state. */
    HANDOVER_READY,     /* New to old: all is prepared. */
    HANDOVER_GO,        /* Old to new: behind the last state; nobody touches a packet now.
                         * value[0]: since when, monotonic, in microseconds. */
    HANDOVER_TAKEN,  /* New to old: it will.  value[0]: it has the pid file.  Nothing goes back now.
                      */
    HANDOVER_REFUSED /* Old to new: 'key' says why. */
};

/* ---- giving ---- */

struct handover {
    int fd;      /* -1: none. */
    bool failed; /* Nothing is sent any more. */
};
void handover_put(struct handover *, enum handover_kind, const struct handover_item *); /* Lent. */
/* HANDOVER_ITEM. 'fds' are lent. */
void handover_offer(struct handover *, const struct handover_item *);
void handover_set_key(struct handover_item *, const char *kind, const char *name);

/* ---- taking ---- */

/* The next message; its descriptors are the caller's.  0: the peer has gone, was silent for that
 * long, or sends nonsense. */
enum handover_kind handover_get(struct handover *, struct handover_item *, int timeout_ms);
/* Is the peer one that we give to, and take from? */
bool handover_peer_ok(int fd);

/* What has come is kept until somebody takes it. */
void handover_keep(const struct handover_item *); /* Its descriptors are taken over. */
/* True: it is the caller's now. */
bool handover_take(const char *kind, const char *name, struct handover_item *) MUST_USE;
void handover_close_items(void); /* Nobody wants them. */
void handover_close_fds(struct handover_item *);
/* From LOAD to GO: the former process still has the packets and answers its clients. */
bool handover_waits(void);
void handover_set_waits(bool);

/* ---- how long it took, for the log ---- */

void handover_steps_begin(void);
void handover_step(const char *name);  /* What has been done since the last step, or the begin. */
const char *handover_steps_text(void); /* `NAME MICROSECONDS, ...`; lives until the next begin. */
