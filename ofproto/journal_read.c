/* journal_read.c - see journal.h: the reader. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/boot.h"
#include "ofproto/journal-private.h"

static const char *refusal(const uint8_t *data, size_t size)
{
    struct journal_header h;
    uint8_t boot_id[16];

    if (size < sizeof h) {
        return "it is cut off";
    }
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, JOURNAL_MAGIC, sizeof h.magic)) {
        return "it is no journal";
    }
    if (h.version != JOURNAL_VERSION) {
        return "it is of another version";
    }
    return !boot_get_id(boot_id) || memcmp(h.boot_id, boot_id, sizeof boot_id)
               ? "it is of another boot"
               : NULL;
}

static void read_records(const uint8_t *p, size_t left, journal_cb *cb, void *aux,
                         struct journal_read *out)
{
    struct journal_record r;

    while (left >= sizeof r) {
        memcpy(&r, p, sizeof r);
        if (r.len > JOURNAL_RECORD_MAX || r.len > left - sizeof r) {
            break; /* Nothing says where the next one begins. */
        }
        if (r.check == journal_check(&r, p + sizeof r)) {
            out->n_records++;
            cb(aux, r.kind, p + sizeof r, r.len);
        } else {
            out->n_damaged++;
        }
        p += sizeof r + r.len;
        left -= sizeof r + r.len;
    }
    out->n_cut = left;
}

void journal_read(const char *path, journal_cb *cb, void *aux, struct journal_read *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    *out = (struct journal_read){.found = fd >= 0 || errno != ENOENT};
    if (fd < 0 || fstat(fd, &st)) {
        out->refused = out->found ? strerror(errno) : NULL;
    } else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        out->refused = "it is not a regular file of our own";
    } else if (!st.st_size) {
        out->refused = "it is cut off";
    } else {
        size_t size = (size_t)st.st_size;
        uint8_t *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            out->refused = strerror(errno);
        } else {
            out->refused = refusal(data, size);
            if (!out->refused) {
                size_t head = sizeof(struct journal_header);
                read_records(data + head, size - head, cb, aux, out);
            }
            munmap(data, size);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}
