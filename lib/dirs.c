/* dirs.c - see dirs.h. */
#include "lib/dirs.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"

static char *rundir;

static const char *from_env(const char *a, const char *b, const char *builtin)
{
    const char *s = getenv(a);

    if ((!s || !*s) && b) {
        s = getenv(b);
    }
    return s && *s ? s : builtin;
}

void dirs_set_rundir(const char *dir)
{
    char *cwd = *dir == '/' ? NULL : getcwd(NULL, 0);

    free(rundir);
    rundir = cwd ? xasprintf("%s/%s", cwd, dir) : xstrdup(dir);
    free(cwd);
}

const char *dirs_rundir(void)
{
    return rundir ? rundir : from_env("SLUICE_RUNDIR", "OVS_RUNDIR", SLUICE_RUNDIR_DEFAULT);
}

char *dirs_in_rundir(const char *name)
{
    return *name == '/' ? xstrdup(name) : xasprintf("%s/%s", dirs_rundir(), name);
}

const char *dirs_logdir(void)
{
    return from_env("SLUICE_LOGDIR", "OVS_LOGDIR", SLUICE_LOGDIR);
}

const char *dirs_sysconfdir(void)
{
    return from_env("SLUICE_SYSCONFDIR", NULL, SLUICE_SYSCONFDIR);
}
