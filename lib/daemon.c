/* daemon.c - see daemon.h. */
#include "lib/daemon.h"

#include <errno.h>
#include <fcntl.h>
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

void daemon_ready(bool chdir_root, bool keep_stderr)
{
    if (ready_fd < 0) {
        return;
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        for (int fd = 0; fd < (keep_stderr ? 2 : 3); fd++) {
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
