/* conn_file.c - see conn_file.h. */
#include "lib/dp/conn_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/boot.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(conn_file);

#define TMPFS  0x01021994 /* f_type; statfs(2). */
#define RAMFS  0x858458f6
#define TRIES  100 /* For a lock that a dying process still has, */
#define TRY_MS 10  /* that long apart. */

struct conn_file {
    char *path;
    int fd;
    struct ct_store store;
};

static bool map(void *f_, void *at, size_t offset, size_t bytes)
{
    const struct conn_file *f = f_;
    return mmap(at, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, f->fd, (off_t)offset) != MAP_FAILED;
}

static bool fill(void *f_, size_t offset, size_t bytes)
{
    const struct conn_file *f = f_;
    int error;

    do {
        error = fallocate(f->fd, 0, (off_t)offset, (off_t)bytes) ? errno : 0;
    } while (error == EINTR);
    if (error) {
        log_warn_rl("%s: no room for more connections (%s): those beyond it will not outlive this "
                    "process",
                    f->path, strerror(error));
    }
    return !error;
}

static bool reset(void *f_)
{
    const struct conn_file *f = f_;
    return !ftruncate(f->fd, 0);
}

static bool lock(int fd)
{
    for (int i = 0; i < TRIES; i++) {
        if (!flock(fd, LOCK_EX | LOCK_NB)) {
            return true;
        }
        if (errno != EWOULDBLOCK) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
    }
    return false;
}

/* What is wrong with the file, or NULL. */
static const char *check(struct conn_file *f)
{
    struct stat st;
    struct statfs fs;

    if (fstat(f->fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1) {
        return "not a regular file of our own";
    }
    if (!lock(f->fd)) {
        return "another process has it";
    }
    if (fstat(f->fd, &st)) { /* Its owner may have written until now. */
        return strerror(errno);
    }
    f->store.size = (size_t)st.st_size;
    if (!boot_get_id(f->store.boot_id)) {
        return "the boot's id cannot be read";
    }
    if (!fstatfs(f->fd, &fs) && fs.f_type != TMPFS && (uint32_t)fs.f_type != RAMFS) {
        log_info("%s is not on tmpfs: every change of a connection will be written to a disk",
                 f->path);
    }
    return NULL;
}

struct conn_file *conn_file_open(const char *path)
{
    struct conn_file *f = xzalloc(sizeof *f);

    f->path = xstrdup(path);
    f->store = (struct ct_store){.aux = f, .map = map, .fill = fill, .reset = reset};
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    const char *error = f->fd < 0 ? strerror(errno) : check(f);
    if (error) {
        log_warn("%s: cannot be used (%s): connections will not outlive this process", path, error);
        conn_file_close(f, false);
        return NULL;
    }
    return f;
}

const struct ct_store *conn_file_store(const struct conn_file *f)
{
    return &f->store;
}

void conn_file_report(const struct conn_file *f, const struct ct_adopted *a)
{
    if (a->refused) {
        log_warn("%s: the connections of the former process are lost: %s", f->path, a->refused);
    } else if (a->found) {
        log_info("%s: %" PRIu32 " connections of the former process go on, %" PRIu32
                 " have expired",
                 f->path, a->n_kept, a->n_expired);
    }
    if (a->n_damaged || a->n_locked) {
        log_warn("%s: %" PRIu32 " damaged connections are dropped; %" PRIu32
                 " that were being written are kept",
                 f->path, a->n_damaged, a->n_locked);
    }
}

void conn_file_close(struct conn_file *f, bool remove)
{
    if (!f) {
        return;
    }
    if (remove) {
        unlink(f->path);
    }
    if (f->fd >= 0) {
        close(f->fd);
    }
    free(f->path);
    free(f);
}
