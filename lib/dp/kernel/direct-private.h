/* direct-private.h - what direct.c and direct_flow.c share. */
#pragma once

#include "lib/dp/direct.h"
#include "lib/dp/kernel/nlsock.h"

struct dp_direct {
    struct nlsock *sock;
    struct nlsock_families families;
};
