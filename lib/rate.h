/* rate.h - token bucket over injected time.  Layer 0, pure, one owner. */
#pragma once

#include "lib/base.h"

struct rate {
    uint64_t per_s; /* Tokens per second. */
    uint64_t burst; /* Most tokens kept. */
    uint64_t milli; /* Tokens now, times 1000. */
    int64_t last_ms;
};

void rate_init(struct rate *, uint64_t per_s, uint64_t burst, int64_t now_ms); /* Starts full. */
bool rate_take(struct rate *, uint64_t n, int64_t now_ms);
