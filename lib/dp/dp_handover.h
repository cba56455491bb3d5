/* dp_handover.h - a datapath goes from one process to the next, with the packets that wait in it.
 *
 * Layer 3, control thread.  The old process: dp_hand_over() while traffic flows, dp_pause() at the
 * last moment, and either its end or dp_resume().  The new one opens the datapath and its ports as
 * always, which take what was handed over (lib/io/handover.h), but receive nothing before
 * dp_start(). */
#pragma once

#include "lib/dp/dp.h"
#include "lib/io/handover.h"

struct dp_handover_class {
    void (*hand_over)(struct dp *, struct handover *);
    void (*pause)(struct dp *, struct handover *);
    void (*resume)(struct dp *);
    void (*start)(struct dp *);
};

bool dp_can_hand_over(const struct dp *);
void dp_hand_over(struct dp *, struct handover *); /* Offers sockets and files. */
/* No packet is touched from its return on; offers how far ports and connections have come. */
void dp_pause(struct dp *, struct handover *);
void dp_resume(struct dp *); /* Nobody has taken it. */
/* Goes on where the former process has stopped; it was opened while handover_waits(). */
void dp_start(struct dp *);
