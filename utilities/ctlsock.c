/* ctlsock.c - see ctlsock.h. */
#include "utilities/ctlsock.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dirs.h"
#include "lib/io/jsonrpc.h"
#include "lib/mem.h"

/* The control socket that answers, of those that match RUNDIR/NAME.*.ctl; NULL: none, or several
 * ('*error'). */
static char *find_answering(const char *name, char **error)
{
    char *pattern = xasprintf("%s/%s.*.ctl", dirs_rundir(), name), *found = NULL;
    glob_t g = {.gl_pathc = 0};

    if (!glob(pattern, 0, NULL, &g)) {
        for (size_t i = 0; !*error && i < g.gl_pathc; i++) {
            struct jsonrpc_client *c;
            if (jsonrpc_client_open(g.gl_pathv[i], &c)) {
                continue; /* Left over by a process that was killed. */
            }
            jsonrpc_client_close(c);
            if (found) {
                *error = xasprintf("several of %s answer: choose one with --target", pattern);
            } else {
                found = xstrdup(g.gl_pathv[i]);
            }
        }
    }
    globfree(&g);
    free(pattern);
    if (*error) {
        free(found);
        return NULL;
    }
    return found;
}

/* The process whose pid file this is. */
static char *of_pid(FILE *f, const char *pidfile, const char *target, char **error)
{
    long pid;

    if (fscanf(f, "%ld", &pid) != 1 || pid <= 0) {
        *error = xasprintf("%s: malformed pid file", pidfile);
        return NULL;
    }
    return xasprintf("%s/%s.%ld.ctl", dirs_rundir(), target, pid);
}

char *ctlsock_find(const char *target, char **error)
{
    *error = NULL;
    if (*target == '/') {
        return xstrdup(target);
    }
    char *pidfile = xasprintf("%s/%s.pid", dirs_rundir(), target), *path;
    FILE *f = fopen(pidfile, "re");
    if (f) {
        path = of_pid(f, pidfile, target, error);
        fclose(f);
    } else {
        int e = errno;
        path = find_answering(target, error);
        if (!path && !*error) {
            *error = xasprintf("cannot read pidfile \"%s\" (%s)", pidfile, strerror(e));
        }
    }
    free(pidfile);
    return path;
}
