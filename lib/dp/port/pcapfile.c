/* pcapfile.c - see pcapfile.h.  A frame's bytes that the capture left out are gone: such frames are
 * replayed as short as they are. */
#include "lib/dp/port/pcapfile.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "lib/lazy.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(pcapfile);

/* libpcap brings eight libraries with it, and few ports are files. */
#define FUNCTIONS(X)   \
    X(pcap_open_dead)  \
    X(pcap_dump_fopen) \
    X(pcap_dump_flush) \
    X(pcap_dump_close) \
    X(pcap_dump) X(pcap_fopen_offline) X(pcap_datalink) X(pcap_next_ex) X(pcap_close)
static struct {
    FUNCTIONS(LAZY_POINTER)
} lib;
static const struct lazy_function functions[] = {FUNCTIONS(LAZY_ROW)};

static bool load(void)
{
    char *error = lazy_load(SONAME_PCAP, functions, ARRAY_SIZE(functions));

    if (error) {
        log_err("%s", error);
        free(error);
        errno = ELIBACC;
    }
    return !error;
}

struct pcapfile_writer {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
};

struct pcapfile_reader {
    pcap_t *pcap;
};

struct pcapfile_writer *pcapfile_create(const char *path)
{
    FILE *f = load() ? fopen(path, "wbe") : NULL; /* Not left to libpcap: errno must tell. */
    if (!f) {
        return NULL;
    }
    struct pcapfile_writer *w = xzalloc(sizeof *w);
    w->pcap = lib.pcap_open_dead(DLT_EN10MB, 262144);
    w->dumper = w->pcap ? lib.pcap_dump_fopen(w->pcap, f) : NULL;
    if (!w->dumper) {
        fclose(f);
        pcapfile_close(w);
        errno = EIO;
        return NULL;
    }
    lib.pcap_dump_flush(w->dumper);
    return w;
}

void pcapfile_write(struct pcapfile_writer *w, const void *frame, uint32_t len)
{
    struct pcap_pkthdr h = {.caplen = len, .len = len};

    gettimeofday(&h.ts, NULL);
    lib.pcap_dump((u_char *)w->dumper, &h, frame);
    lib.pcap_dump_flush(w->dumper);
}

void pcapfile_close(struct pcapfile_writer *w)
{
    if (w) {
        if (w->dumper) {
            lib.pcap_dump_close(w->dumper);
        }
        if (w->pcap) {
            lib.pcap_close(w->pcap);
        }
        free(w);
    }
}

struct pcapfile_reader *pcapfile_open(const char *path)
{
    char error[PCAP_ERRBUF_SIZE];
    FILE *f = load() ? fopen(path, "rbe") : NULL;
    if (!f) {
        return NULL;
    }
    pcap_t *pcap = lib.pcap_fopen_offline(f, error);
    if (!pcap) {
        fclose(f);
        errno = EINVAL;
        return NULL;
    }
    if (lib.pcap_datalink(pcap) != DLT_EN10MB) {
        lib.pcap_close(pcap);
        errno = EINVAL;
        return NULL;
    }
    struct pcapfile_reader *r = xmalloc(sizeof *r);
    r->pcap = pcap;
    return r;
}

const void *pcapfile_next(struct pcapfile_reader *r, uint32_t *len)
{
    struct pcap_pkthdr *h;
    const u_char *data;

    if (lib.pcap_next_ex(r->pcap, &h, &data) != 1) {
        return NULL;
    }
    *len = h->caplen;
    return data;
}

void pcapfile_reader_close(struct pcapfile_reader *r)
{
    if (r) {
        lib.pcap_close(r->pcap);
        free(r);
    }
}
