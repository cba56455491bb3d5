/* boot.h - which run of the machine this is.
 *
 * Layer 0, any thread. */
#pragma once

#include "lib/base.h"

/* 16 bytes that are others after each boot.  False: they cannot be read. */
bool boot_get_id(uint8_t id[16]);
