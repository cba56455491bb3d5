/* oxs.c - see oxs.h. */
#include "ofp/oxs.h"

#define OXS_EXPERIMENTER 0xffff
#define EXPERIMENTER_LEN 4 /* Behind the header, not in its length. */

/* A pair of 32-bit numbers counts as known if the first is. */
enum width { U32, U64, U32_PAIR };

/* Header (class, field, length) of each, in the order of output. */
static const struct stat {
    uint32_t header;
    enum width width;
    size_t ofs;
} stats[] = {
    {0x80020008, U32_PAIR, offsetof(struct oxs, duration_sec)},
    {0x80020208, U32_PAIR, offsetof(struct oxs, idle_sec)},
    {0x80020604, U32, offsetof(struct oxs, n_flows)},
    {0x80020808, U64, offsetof(struct oxs, n_packets)},
    {0x80020a08, U64, offsetof(struct oxs, n_bytes)},
};

static void read_stat(struct wire_rd r, const struct stat *s, struct oxs *x)
{
    void *at = (char *)x + s->ofs;
    uint32_t *u32 = at;

    switch (s->width) {
    case U64:
        *(uint64_t *)at = wire_rd_u64(&r);
        break;
    case U32_PAIR:
        u32[0] = wire_rd_u32(&r);
        u32[1] = wire_rd_u32(&r);
        break;
    case U32:
        u32[0] = wire_rd_u32(&r);
        break;
    }
}

static void read_one(struct wire_rd *r, struct oxs *x)
{
    uint32_t header = wire_rd_u32(r);
    size_t extra = header >> 16 == OXS_EXPERIMENTER ? EXPERIMENTER_LEN : 0;
    struct wire_rd body = wire_rd_sub(r, (header & 0xff) + extra);

    for (size_t i = 0; !body.err && i < ARRAY_SIZE(stats); i++) {
        if (stats[i].header == header) {
            read_stat(body, &stats[i], x);
        }
    }
}

enum ofp_error oxs_decode(struct wire_rd *r, struct oxs *x)
{
    *x = OXS_UNKNOWN;
    wire_rd_skip(r, 2); /* Reserved. */
    uint16_t len = wire_rd_u16(r);
    if (r->err || len < 4) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    struct wire_rd list = wire_rd_sub(r, len - 4u);
    wire_rd_skip(r, ROUND_UP(len, 8u) - len);
    while (!list.err && wire_rd_left(&list)) {
        read_one(&list, x);
    }
    return r->err || list.err ? OFPERR_OFPBMC_BAD_LEN : OFPERR_OK;
}

static void write_one(const struct stat *s, const struct oxs *x, struct wire_wr *w)
{
    const void *at = (const char *)x + s->ofs;
    const uint32_t *u32 = at;

    if (s->width == U64 ? *(const uint64_t *)at == UINT64_MAX : u32[0] == UINT32_MAX) {
        return;
    }
    wire_wr_u32(w, s->header);
    if (s->width == U64) {
        wire_wr_u64(w, *(const uint64_t *)at);
        return;
    }
    wire_wr_u32(w, u32[0]);
    if (s->width == U32_PAIR) {
        wire_wr_u32(w, u32[1]);
    }
}

void oxs_encode(const struct oxs *x, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_u16(w, 0);
    wire_wr_u16(w, 0);
    for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
        write_one(&stats[i], x, w);
    }
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    wire_wr_pad(w, start, 8);
}
