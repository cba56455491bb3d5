/* config_store.c - see config_store.h. */
#include "vswitchd/config_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"

#define MAX_SIZE (256 * 1024 * 1024)

static enum store_step stop_before = STORE_DONE;

void store_stop_before(enum store_step step)
{
    stop_before = step;
}

char *store_lock(const char *path, int *fd)
{
    char *lock = xasprintf("%s.lock", path), *error = NULL;

    *fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        error = xasprintf("%s: cannot open lock file (%s)", lock, strerror(errno));
    } else if (flock(*fd, LOCK_EX | LOCK_NB)) {
        error = errno == EWOULDBLOCK
                    ? xasprintf("%s: the configuration is in use by another process", path)
                    : xasprintf("%s: cannot lock (%s)", lock, strerror(errno));
        close(*fd);
        *fd = -1;
    }
    free(lock);
    return error;
}

char *store_read(const char *path, char **text, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *text = NULL;
    *len = 0;
    if (fd < 0) {
        return errno == ENOENT ? NULL : xasprintf("%s: cannot open (%s)", path, strerror(errno));
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_SIZE) {
        close(fd);
        return xasprintf("%s: not a regular file of a sane size", path);
    }
    size_t size = (size_t)st.st_size;
    char *s = xmalloc(size + 1);
    while (*len < size) {
        ssize_t n = read(fd, s + *len, size - *len);
        if (n <= 0) {
            char *error = xasprintf("%s: cannot read (%s)", path,
                                    n ? strerror(errno) : "unexpected end of file");
            free(s);
            close(fd);
            return error;
        }
        *len += (size_t)n;
    }
    close(fd);
    s[size] = '\0';
    *text = s;
    return NULL;
}

static bool write_all(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t done = write(fd, s, n);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            s += done;
            n -= (size_t)done;
        }
    }
    return true;
}

/* The temporary file, complete and on the disk. */
static char *write_temporary(const char *tmp, const char *text)
{
    size_t len = strlen(text);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0) {
        return xasprintf("%s: cannot create (%s)", tmp, strerror(errno));
    }
    if (stop_before == STORE_WRITE_HALF || stop_before == STORE_FSYNC) {
        bool ok = write_all(fd, text, stop_before == STORE_FSYNC ? len : len / 2);
        close(fd);
        return xasprintf("%s: stopped (%d)", tmp, ok);
    }
    char *error = NULL;
    if (!write_all(fd, text, len) || fsync(fd)) {
        error = xasprintf("%s: cannot write (%s)", tmp, strerror(errno));
    }
    if (close(fd) && !error) {
        error = xasprintf("%s: cannot close (%s)", tmp, strerror(errno));
    }
    if (error) {
        unlink(tmp);
    }
    return error;
}

static char *sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *error = NULL;

    if (fd < 0 || fsync(fd)) {
        error = xasprintf("%s: cannot sync the directory (%s)", dir, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    free(dir);
    return error;
}

char *store_write(const char *path, const char *text)
{
    char *tmp, *error;

    if (stop_before == STORE_OPEN) {
        return xstrdup("stopped");
    }
    tmp = xasprintf("%s.tmp", path);
    error = write_temporary(tmp, text);
    if (!error && stop_before == STORE_RENAME) {
        error = xstrdup("stopped");
    }
    if (!error && rename(tmp, path)) {
        error = xasprintf("%s: cannot replace (%s)", path, strerror(errno));
        unlink(tmp);
    }
    free(tmp);
    if (!error && stop_before == STORE_FSYNC_DIR) {
        error = xstrdup("stopped");
    }
    return error ? error : sync_directory_of(path);
}
