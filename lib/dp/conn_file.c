/* conn_file.c - see conn_file.h. */
#include "lib/dp/conn_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/boot.h"
#include "lib/ct/ct_index.h"
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
    int former_fd; /* With its lock, while 'fd' is a file that is to take its place; -1: none. */
    struct ct_store store;
    void *index; /* While it is handed over. */
    size_t index_size;
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

static char *next_path(const struct conn_file *f)
{
    return xasprintf("%s.new", f->path);
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

static bool reset(void *f_)
{
    struct conn_file *f = f_;

    if (!f->store.size || f->former_fd >= 0) {
        return !ftruncate(f->fd, 0);
    }
    char *path = next_path(f);
    unlink(path); /* Of one that was killed here. */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !lock(fd)) {
        log_warn("%s: cannot be made (%s)", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
    } else {
        f->former_fd = f->fd;
        f->fd = fd;
    }
    free(path);
    return f->former_fd >= 0;
}

/* The new one is whole. */
static void replace(struct conn_file *f)
{
    char *path = next_path(f);

    if (f->former_fd >= 0) {
        if (rename(path, f->path)) {
            log_warn("%s: cannot take its place (%s): connections will not outlive this process",
                     path, strerror(errno));
        }
        close(f->former_fd);
        f->former_fd = -1;
    }
    free(path);
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

/* The file that a former process has open, with its lock. */
static bool take_fd(struct conn_file *f)
{
    struct handover_item item;

    if (!handover_take("conns", f->path, &item)) {
        return false;
    }
    if (item.n_fds != 1) {
        handover_close_fds(&item);
        return false;
    }
    f->fd = item.fds[0];
    return true;
}

struct conn_file *conn_file_open(const char *path)
{
    struct conn_file *f = xzalloc(sizeof *f);

    f->path = xstrdup(path);
    f->store = (struct ct_store){.aux = f, .map = map, .fill = fill, .reset = reset};
    f->fd = f->former_fd = -1;
    if (!take_fd(f)) {
        f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    }
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

/* ---- from one process to the next ---- */

#define INDEX_ROOM ((size_t)1 << 20) /* To grow by while the next process starts. */

/* An anonymous file that both have mapped, all of its memory there. */
static bool map_index(struct conn_file *f, int fd, size_t size, int protection)
{
    void *at = mmap(NULL, size, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    f->index = at;
    f->index_size = size;
    return true;
}

static void unmap_index(struct conn_file *f)
{
    if (f->index) {
        munmap(f->index, f->index_size);
    }
    f->index = NULL;
}

void conn_file_hand_over(struct conn_file *f, const struct ct *ct, struct handover *h)
{
    struct handover_item item = {.n_fds = 1, .fds = {f->fd}};
    uint32_t n_slots[2];
    size_t size = ct_index_size(ct);

    handover_set_key(&item, "conns", f->path);
    handover_offer(h, &item);
    unmap_index(f);
    size = ROUND_UP(size + size / 4 + INDEX_ROOM, INDEX_ROOM);
    int fd = memfd_create("sluice-index", MFD_CLOEXEC);
    if (fd >= 0 && !ftruncate(fd, (off_t)size) && map_index(f, fd, size, PROT_READ | PROT_WRITE)) {
        memset(f->index, 0, size); /* To be written without a fault a page. */
        ct_index_slots(ct, n_slots);
        item = (struct handover_item){.value = {size, n_slots[0], n_slots[1]},
                                      .n_fds = 1,
                                      .fds = {fd}};
        handover_set_key(&item, "index", f->path);
        handover_offer(h, &item);
    }
    if (fd >= 0) {
        close(fd);
    }
}

void conn_file_hand_over_index(struct conn_file *f, struct ct *ct, struct handover *h)
{
    struct handover_item item = {.n_fds = 0};

    /* With so many new ones meanwhile that it has no room, the next process does without. */
    if (f->index && ct_index_size(ct) <= f->index_size) {
        item.value[0] = ct_index_write(ct, f->index);
        handover_set_key(&item, "indexed", f->path);
        handover_offer(h, &item);
    }
}

void conn_file_expect_index(struct conn_file *f, uint32_t n_slots[2])
{
    struct handover_item item;
    struct stat st;

    if (handover_take("index", f->path, &item)) {
        if (item.n_fds == 1 && !fstat(item.fds[0], &st) && st.st_size > 0 &&
            (size_t)st.st_size == item.value[0] &&
            map_index(f, item.fds[0], (size_t)st.st_size, PROT_READ)) {
            n_slots[0] = (uint32_t)item.value[1];
            n_slots[1] = (uint32_t)item.value[2];
        }
        handover_close_fds(&item);
    }
}

const void *conn_file_take_index(struct conn_file *f, size_t *size)
{
    struct handover_item item;
    struct stat st;

    if (!fstat(f->fd, &st)) {
        f->store.size = (size_t)st.st_size; /* It has grown meanwhile. */
    }
    if (!handover_take("indexed", f->path, &item)) {
        return NULL;
    }
    handover_close_fds(&item);
    *size = (size_t)item.value[0];
    return *size <= f->index_size ? f->index : NULL;
}

void conn_file_end_handover(struct conn_file *f)
{
    unmap_index(f);
}

void conn_file_report(struct conn_file *f, const struct ct_adopted *a)
{
    replace(f);
    if (a->refused) {
        log_warn("%s: the connections of the former process are lost: %s", f->path, a->refused);
    } else if (a->found) {
        log_info("%s: %" PRIu32 " connections of the former process go on, %" PRIu32
                 " have expired",
                 f->path, a->n_kept, a->n_expired);
    }
    if (a->from_version) {
        log_info("%s: converted from version %" PRIu32 " of the table; %" PRIu32
                 " connections have no place in today's",
                 f->path, a->from_version, a->n_unfit);
    }
    if (a->index_refused) {
        log_info("%s: the index that was handed over is made anew: %s", f->path, a->index_refused);
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
    unmap_index(f);
    if (f->former_fd >= 0) { /* It has not come so far. */
        char *path = next_path(f);
        unlink(path);
        free(path);
        close(f->former_fd);
    }
    if (f->fd >= 0) {
        close(f->fd);
    }
    free(f->path);
    free(f);
}
