/* ctlopts.h - what programs that send control commands share: options, and the question itself. */
#pragma once

#include <getopt.h>
#include <jansson.h>

#include "lib/base.h"
#include "lib/io/jsonrpc.h"

#define CTLOPTS_DAEMON "sluice-vswitchd"

/* Codes of the long options that each program has; short ones may differ. */
enum { CTLOPTS_TARGET = 256, CTLOPTS_TIMEOUT, CTLOPTS_RUNDIR, CTLOPTS_VERBOSE, CTLOPTS_VERSION };
#define CTLOPTS_LONG                                           \
    {"target", required_argument, NULL, CTLOPTS_TARGET},       \
        {"timeout", required_argument, NULL, CTLOPTS_TIMEOUT}, \
        {"rundir", required_argument, NULL, CTLOPTS_RUNDIR},   \
        {"verbose", optional_argument, NULL, CTLOPTS_VERBOSE}, \
        {"version", no_argument, NULL, CTLOPTS_VERSION},       \
    {                                                          \
        "help", no_argument, NULL, 'h'                         \
    }

extern const char *ctlopts_program; /* Set first. */

NORETURN void ctlopts_fatal(char *error); /* Takes it over. */
/* 'letter': the program's short form of --timeout, for its errors.  False: not one of these. */
bool ctlopts_take(int code, const char *letter, const char **target);
/* The daemon's control socket.  NULL: '*why' is a heap text. */
struct jsonrpc_client *ctlopts_connect(const char *target, char **why);
/* Appends words as they are; ends the program at one that is no text. */
void ctlopts_append(json_t *params, int argc, char *argv[]);
