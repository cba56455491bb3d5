/* dp_handover.c - see dp_handover.h: forwards to the executor. */
#include "lib/dp/dp_handover.h"

#include "lib/dp/class.h"

bool dp_can_hand_over(const struct dp *dp)
{
    return dp->class->handover != NULL;
}

void dp_hand_over(struct dp *dp, struct handover *h)
{
    dp->class->handover->hand_over(dp, h);
}

void dp_pause(struct dp *dp, struct handover *h)
{
    dp->class->handover->pause(dp, h);
}

void dp_resume(struct dp *dp)
{
    dp->class->handover->resume(dp);
}

void dp_start(struct dp *dp)
{
    if (dp->class->handover) { /* Another has begun already. */
        dp->class->handover->start(dp);
    }
}
