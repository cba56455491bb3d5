/* user.c - see user.h. */
#include "vswitchd/user.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"

static char *find_ids(const char *spec, int *uid, int *gid)
{
    const char *colon = strchr(spec, ':');
    char *user = colon ? xstrndup(spec, (size_t)(colon - spec)) : xstrdup(spec);
    char *error = NULL;

    *uid = *gid = -1;
    if (*user) {
        const struct passwd *pw = getpwnam(user);
        if (pw) {
            *uid = (int)pw->pw_uid;
            *gid = (int)pw->pw_gid;
        } else {
            error = xasprintf("--user: no such user: %s", user);
        }
    }
    if (!error && colon && colon[1]) {
        const struct group *gr = getgrnam(colon + 1);
        if (gr) {
            *gid = (int)gr->gr_gid;
        } else {
            error = xasprintf("--user: no such group: %s", colon + 1);
        }
    }
    free(user);
    return error;
}

char *user_give_dir(const char *dir, const char *spec)
{
    int uid, gid;
    char *error = find_ids(spec, &uid, &gid);

    if (!error && chown(dir, (uid_t)uid, (gid_t)gid)) {
        error = xasprintf("%s: cannot give it to %s (%s)", dir, spec, strerror(errno));
    }
    return error;
}

char *user_become(const char *spec)
{
    int uid, gid;
    char *error = find_ids(spec, &uid, &gid);

    if (error) {
        return error;
    }
    if (geteuid()) {
        return xasprintf("--user: only root can change the user");
    }
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
                      CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, -1)) {
        return xasprintf("--user: cannot choose capabilities");
    }
    int result = capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
    return result ? xasprintf("--user: cannot change to %s (libcap-ng error %d)", spec, result)
                  : NULL;
}
