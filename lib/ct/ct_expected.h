/* ct_expected.h - what helpers expect, as users see it: connections that have been announced and
 * have not come yet.  Layer 2, pure; control thread. */
#pragma once

#include "lib/ct/ct.h"

struct ct_expected {
    struct ct_tuple tuple;  /* As its first packet will have it; source port 0: any. */
    struct ct_tuple parent; /* The original tuple of the control connection, */
    uint16_t zone;
    uint32_t mark; /* and what it will inherit. */
    uint8_t label[16];
};

/* A walk: *pos starts 0; returns the number filled (up to n), 0 at the end. */
unsigned ct_expected_dump(struct ct *, uint32_t *pos, struct ct_expected *, unsigned n,
                          int64_t now_ms);
void ct_expected_format(const struct ct_expected *, struct text *); /* Without newline. */
