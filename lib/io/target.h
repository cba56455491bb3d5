/* target.h - connection targets as people write them.
 *
 * Layer 1, pure parsing.  Active: tcp:HOST[:PORT] (IPv6 in brackets), ssl:HOST[:PORT],
 * unix:PATH.  Passive: ptcp:[PORT][:IP], pssl:[PORT][:IP], punix:PATH. */
#pragma once

#include "lib/base.h"

enum target_kind { TARGET_TCP, TARGET_SSL, TARGET_UNIX };

struct target {
    enum target_kind kind;
    bool passive;
    char host[256];  /* Name or literal without brackets; "" = any (passive).  TCP, SSL. */
    uint16_t port;   /* Host order; passive 0 = the kernel chooses. */
    char path[4096]; /* UNIX. */
};

/* NULL, or a heap string that names what is wrong. */
char *target_parse(const char *, uint16_t default_port, struct target *) MUST_USE;
