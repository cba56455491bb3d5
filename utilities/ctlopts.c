/* ctlopts.c - see ctlopts.h. */
#include "utilities/ctlopts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/ctlsock.h"

const char *ctlopts_program;

void ctlopts_fatal(char *error)
{
    fprintf(stderr, "%s: %s\n", ctlopts_program, error);
    free(error);
    exit(1);
}

bool ctlopts_take(int code, const char *letter, const char **target)
{
    uint32_t seconds;

    switch (code) {
    case CTLOPTS_TARGET:
        *target = optarg;
        return true;
    case CTLOPTS_TIMEOUT:
        if (!text_to_u32(optarg, &seconds) || !seconds) {
            ctlopts_fatal(xasprintf("value %s on %s or --timeout is invalid", optarg, letter));
        }
        alarm(seconds);
        return true;
    case CTLOPTS_RUNDIR:
        dirs_set_rundir(optarg);
        return true;
    case CTLOPTS_VERBOSE: /* Nothing is logged. */
    case 'v':
        return true;
    case CTLOPTS_VERSION:
    case 'V':
        printf("%s (Sluice) %s\n", ctlopts_program, PACKAGE_VERSION);
        exit(0);
    default:
        return false;
    }
}

struct jsonrpc_client *ctlopts_connect(const char *target, char **why)
{
    struct jsonrpc_client *client = NULL;
    char *path = ctlsock_find(target, why);
    int error = path ? jsonrpc_client_open(path, &client) : 0;

    if (error) {
        *why = xasprintf("cannot connect to \"%s\" (%s)", path, strerror(error));
    }
    free(path);
    return client;
}

void ctlopts_append(json_t *params, int argc, char *argv[])
{
    for (int i = 0; i < argc; i++) {
        json_t *s = json_string(argv[i]);
        if (!s) {
            ctlopts_fatal(xasprintf("argument %d is not valid UTF-8", i + 1));
        }
        json_array_append_new(params, s);
    }
}
