/* ct_busy.h - who fills the table: for the log, when it or a zone is full.
 *
 * Layer 2, pure; control thread.  Zones are exact, sources a sample. */
#pragma once

#include "lib/ct/ct.h"

#define CT_BUSY_N 3

struct ct_busy {
    struct {
        uint16_t zone;
        uint32_t n;     /* Connections; 0: no more. */
    } zones[CT_BUSY_N]; /* Busiest first. */
    struct {
        bool is_ip6;
        uint8_t addr[16];
        uint32_t percent; /* At least so many of the connections; 0: no more. */
    } sources[CT_BUSY_N];
};
void ct_busy_look(const struct ct *, struct ct_busy *);
void ct_busy_format(const struct ct_busy *, struct text *); /* "zones 5 (1000), sources ..." */
