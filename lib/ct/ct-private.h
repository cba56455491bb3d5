/* ct-private.h - the tracker itself, for the files that implement ct.h. */
#pragma once

#include "lib/ct/ct_frag-private.h"
#include "lib/ct/ct_proto-private.h"
#include "lib/ct/ct_table-private.h"

struct ct_expects;

struct ct {
    struct ct_table table;
    struct ct_frags frags;
    struct ct_expects *expects;
    bool tcp_liberal;   /* Written by the control thread, read by workers. */
    uint32_t sweep_pos; /* Control thread. */
    uint64_t n_random;  /* Ports asked for at random so far. */
};
