/* rate.c - see rate.h. */
#include "lib/rate.h"

void rate_init(struct rate *r, uint64_t per_s, uint64_t burst, int64_t now_ms)
{
    *r = (struct rate){.per_s = per_s, .burst = burst, .milli = burst * 1000, .last_ms = now_ms};
}

bool rate_take(struct rate *r, uint64_t n, int64_t now_ms)
{
    if (now_ms > r->last_ms) {
        uint64_t elapsed = (uint64_t)(now_ms - r->last_ms);
        uint64_t full = r->burst * 1000;
        /* per_s tokens a second are per_s thousandths a millisecond. */
        uint64_t gained = r->per_s && elapsed > full / r->per_s ? full : elapsed * r->per_s;
        r->milli = MIN(r->milli + gained, full);
        r->last_ms = now_ms;
    }
    if (r->milli < n * 1000) {
        return false;
    }
    r->milli -= n * 1000;
    return true;
}
