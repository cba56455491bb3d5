/* reassembly.c - see reassembly.h.  Sequence numbers are compared modulo 2**32; kept segments are
 * in a list in order of their first byte and may overlap. */
#include "utilities/reassembly.h"

#include <stdlib.h>

#include "lib/mem.h"

struct segment {
    struct segment *next;
    uint32_t seq;
    size_t len;
    uint8_t data[];
};

struct stream {
    struct stream *newer; /* In order of last use, the oldest first. */
    struct reassembly_flow flow;
    uint32_t next; /* The number of the byte that is due. */
    struct segment *kept;
    size_t n_kept; /* Bytes, headers included. */
    void *owned;
};

struct reassembly {
    struct stream *oldest;
    size_t n_streams;
    reassembly_data *data;
    void (*drop)(void *owned);
    void *aux;
};

/* How far 'a' is behind 'b'; negative if before. */
static int32_t distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static void give(struct reassembly *r, struct stream *s, uint32_t seq, bool gap,
                 const uint8_t *data, size_t len)
{
    uint32_t old = gap ? 0 : s->next - seq; /* What has been seen of it. */

    if (!gap && len <= old) {
        return;
    }
    s->next = seq + (uint32_t)len;
    r->data(r->aux, &s->flow, &s->owned, gap, data + old, len - old);
}

/* Gives out kept segments as far as they follow on; with 'skip', the first one whatever is missing
 * before it. */
static void give_kept(struct reassembly *r, struct stream *s, bool skip)
{
    struct segment *seg;

    while ((seg = s->kept) && (skip || distance(seg->seq, s->next) <= 0)) {
        s->kept = seg->next;
        s->n_kept -= sizeof *seg + seg->len;
        give(r, s, seg->seq, distance(seg->seq, s->next) > 0, seg->data, seg->len);
        free(seg);
        skip = false;
    }
}

static void keep(struct stream *s, uint32_t seq, const uint8_t *data, size_t len)
{
    struct segment **p = &s->kept;

    while (*p && distance((*p)->seq, seq) <= 0) {
        if ((*p)->seq == seq && (*p)->len >= len) {
            return; /* Once more. */
        }
        p = &(*p)->next;
    }
    struct segment *seg = xmalloc(sizeof *seg + len);
    *seg = (struct segment){.next = *p, .seq = seq, .len = len};
    memcpy(seg->data, data, len);
    *p = seg;
    s->n_kept += sizeof *seg + len;
}

static void flush(struct reassembly *r, struct stream *s)
{
    while (s->kept) {
        give_kept(r, s, true);
    }
}

static void stream_free(struct reassembly *r, struct stream *s)
{
    flush(r, s);
    r->drop(s->owned);
    free(s);
}

/* Takes the flow's stream off the list; NULL if there is none. */
static struct stream *take_stream(struct reassembly *r, const struct reassembly_flow *flow)
{
    for (struct stream **p = &r->oldest; *p; p = &(*p)->newer) {
        struct stream *s = *p;
        if (!memcmp(&s->flow, flow, sizeof *flow)) {
            *p = s->newer;
            r->n_streams--;
            return s;
        }
    }
    return NULL;
}

static void put_newest(struct reassembly *r, struct stream *s)
{
    struct stream **p = &r->oldest;

    while (*p) {
        p = &(*p)->newer;
    }
    s->newer = NULL;
    *p = s;
    r->n_streams++;
}

void reassembly_segment(struct reassembly *r, const struct reassembly_flow *flow, uint32_t seq,
                        bool syn, const uint8_t *data, size_t len)
{
    struct stream *s = take_stream(r, flow);

    seq += syn;
    if (s && syn && s->next != seq) { /* A new connection between the same ports. */
        stream_free(r, s);
        s = NULL;
    }
    if (!s) {
        s = xzalloc(sizeof *s);
        s->flow = *flow;
        s->next = seq;
        if (r->n_streams >= REASSEMBLY_MAX_STREAMS) {
            struct stream *oldest = r->oldest;
            r->oldest = oldest->newer;
            r->n_streams--;
            stream_free(r, oldest);
        }
    }
    put_newest(r, s);
    if (!len) {
        return;
    }
    if (distance(seq, s->next) > 0) {
        keep(s, seq, data, len);
        while (s->n_kept > REASSEMBLY_MAX_KEPT) {
            give_kept(r, s, true);
        }
    } else {
        give(r, s, seq, false, data, len);
        give_kept(r, s, false);
    }
}

struct reassembly *reassembly_new(reassembly_data *data, void (*drop)(void *owned), void *aux)
{
    struct reassembly *r = xzalloc(sizeof *r);

    r->data = data;
    r->drop = drop;
    r->aux = aux;
    return r;
}

void reassembly_free(struct reassembly *r)
{
    struct stream *s;

    while ((s = r->oldest)) {
        r->oldest = s->newer;
        stream_free(r, s);
    }
    free(r);
}
