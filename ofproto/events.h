/* events.h - from workers to the control thread: addresses to learn, packets for the controller,
 * samples.
 *
 * Layer 4.  Each thread that pushes has a bounded single-producer ring of its own, made at its
 * first push; an eventfd wakes the loop.  A full ring refuses and the producer counts: nothing ever
 * blocks a worker. */
#pragma once

#include "lib/io/loop.h"
#include "lib/packet/packet.h"
#include "ofproto/ipfix_flow.h"
#include "ofproto/xlate/xlate.h"

struct events;

enum events_type { EVENTS_LEARN, EVENTS_PACKET_IN, EVENTS_SAMPLE };

struct events_item {
    enum events_type type;
    union {
        struct xlate_effect learn; /* With a reference to what it names. */
        struct {
            struct cookie cookie;
            struct match metadata;
            struct packet *packet; /* Owned. */
        } packet_in;
        struct {
            struct cookie_sample cookie;
            struct ipfix_flow_key key;
            struct ipfix_flow_packet packet;
        } sample;
    } u;
};

/* 'handle' runs on the loop and owns the event and what is in it (events_event_free()). */
struct events *events_new(struct loop *, void (*handle)(void *aux, struct events_item *),
                          void *aux);
void events_free(struct events *); /* No thread pushes any more. */
/* Any thread.  False: the ring is full, or too many bytes wait; the event is still the caller's. */
bool events_push(struct events *, struct events_item *) MUST_USE;
void events_run(struct events *); /* Handles what waits by now; control thread. */
void events_event_free(struct events_item *);
