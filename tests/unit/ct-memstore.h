/* ct-memstore.h - a store for the tracker on an anonymous file, for tests and fuzzing. */
#pragma once

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include "lib/ct/ct-private.h"

struct memstore {
    struct ct_store store;
    int fd;
    size_t room; /* fill() refuses beyond so many bytes of the file in use; 0: no limit. */
};

static inline bool memstore_map(void *m_, void *at, size_t offset, size_t bytes)
{
    const struct memstore *m = m_;
    return mmap(at, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, m->fd, (off_t)offset) != MAP_FAILED;
}

static inline bool memstore_fill(void *m_, size_t offset, size_t bytes)
{
    const struct memstore *m = m_;
    struct stat st;
    return !(m->room && !fstat(m->fd, &st) && (size_t)st.st_blocks * 512 + bytes > m->room) &&
           !fallocate(m->fd, 0, (off_t)offset, (off_t)bytes);
}

static inline bool memstore_reset(void *m_)
{
    const struct memstore *m = m_;
    return !ftruncate(m->fd, 0);
}

static inline void memstore_init(struct memstore *m)
{
    *m = (struct memstore){.fd = memfd_create("memstore", MFD_CLOEXEC)};
    m->store = (struct ct_store){.aux = m,
                                 .boot_id = {1, 2, 3},
                                 .map = memstore_map,
                                 .fill = memstore_fill,
                                 .reset = memstore_reset};
}

static inline void memstore_deinit(struct memstore *m)
{
    close(m->fd);
}

/* As the next process does. */
static inline struct ct *memstore_open(struct memstore *m, int64_t now_ms, struct ct_adopted *a)
{
    struct stat st;
    struct ct_config config = {
        .max_conns = 100000, .hash_seed = 77, .store = &m->store, .now_ms = now_ms, .adopted = a};
    *a = (struct ct_adopted){.found = false};
    m->store.size = fstat(m->fd, &st) ? 0 : (size_t)st.st_size;
    return ct_new(&config);
}

/* Where a part begins in the file: conns, labels; then conns, labels and addresses of IPv6. */
static inline size_t memstore_part(const struct memstore *m, unsigned i)
{
    struct ct_header h;
    return pread(m->fd, &h, sizeof h, 0) == (ssize_t)sizeof h ? h.parts[i].offset : 0;
}
