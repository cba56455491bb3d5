/* daemon.c - see daemon.h. */
#include "vswitchd/daemon.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/mem.h"

static int ready_fd = -1; /* The parent waits at the other end. */
static char *pidfile;
static struct stat pidfile_stat;

static NORETURN void wait_for_child(pid_t pid, int fd)
{
    char byte;
    int status;
    ssize_t n;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

char *daemon_detach(void)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC)) {
        return xasprintf("cannot make a pipe (%s)", strerror(errno));
    }
    pid_t pid = fork();
    if (pid < 0) {
        return xasprintf("cannot fork (%s)", strerror(errno));
    }
    if (pid > 0) {
        close(fds[1]);
        wait_for_child(pid, fds[0]);
    }
    close(fds[0]);
    ready_fd = fds[1];
    setsid();
    return NULL;
}

void daemon_ready(bool chdir_root)
{
    if (ready_fd < 0) {
        return;
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        for (int fd = 0; fd < 3; fd++) {
            dup2(null, fd);
        }
        if (null > 2) {
            close(null);
        }
    }
    if (chdir_root && chdir("/")) {
        chdir_root = false; /* Nothing depends on it. */
    }
    if (write(ready_fd, "", 1) == 1) {
        close(ready_fd);
    }
    ready_fd = -1;
}

/* The process that holds the lock of 'fd', or 0. */
static pid_t lock_holder(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

static char *check_old_pidfile(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    pid_t pid = lock_holder(fd);
    close(fd);
    return pid ? xasprintf("%s: already running as pid %ld, aborting", path, (long)pid) : NULL;
}

char *daemon_write_pidfile(const char *path, bool overwrite)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[32];
    char *error = overwrite ? NULL : check_old_pidfile(path);

    if (error) {
        return error;
    }
    /* Complete and locked before it has its name. */
    char *tmp = xasprintf("%s.tmp%ld", path, (long)getpid());
    int fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (fd < 0 || fcntl(fd, F_SETLK, &lock) || write(fd, text, (size_t)n) != n ||
        fstat(fd, &pidfile_stat) || rename(tmp, path)) {
        error = xasprintf("%s: cannot write pid file (%s)", path, strerror(errno));
        unlink(tmp);
        if (fd >= 0) {
            close(fd);
        }
    } else {
        pidfile = xstrdup(path); /* The descriptor stays open: it holds the lock. */
    }
    free(tmp);
    return error;
}

void daemon_remove_pidfile(void)
{
    struct stat st;

    if (pidfile) {
        if (!stat(pidfile, &st) && st.st_dev == pidfile_stat.st_dev &&
            st.st_ino == pidfile_stat.st_ino) {
            unlink(pidfile);
        }
        free(pidfile);
        pidfile = NULL;
    }
}

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

char *daemon_give_to_user(const char *dir, const char *spec)
{
    int uid, gid;
    char *error = find_ids(spec, &uid, &gid);

    if (!error && chown(dir, (uid_t)uid, (gid_t)gid)) {
        error = xasprintf("%s: cannot give it to %s (%s)", dir, spec, strerror(errno));
    }
    return error;
}

char *daemon_become_user(const char *spec)
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
                      CAP_NET_ADMIN, CAP_NET_RAW, -1)) {
        return xasprintf("--user: cannot choose capabilities");
    }
    int result = capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
    return result ? xasprintf("--user: cannot change to %s (libcap-ng error %d)", spec, result)
                  : NULL;
}
