/* ct_alg.c - see ct_alg-private.h: packets of connections with a helper.
 *
 * FTP (RFC 959, RFC 2428): the stream of each side is read line by line.  A line may be split over
 * segments: what was left of the last one is kept, and once more the state before it, for when that
 * segment comes again.  A segment from elsewhere in the stream is not read.
 * In a translated connection the place that a line names is rewritten, which may change its length:
 * all that follows, and what acknowledges it, is shifted from then on.  That needs the place in one
 * segment: of one that ends within it nothing is sent on, so that the sender may send more at once;
 * a sender that does not has its line passed on as it is after some tries.
 * TFTP (RFC 1350): a request's answers come from another port. */
#include "lib/ct/ct-private.h"

#include "lib/ct/ct_alg-private.h"
#include "lib/counter.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"

#define HELD_MAX  3 /* Times that the same incomplete segment is not sent on. */
#define LINES_MAX 8 /* Places named in one segment that are looked at. */
#define LINE_MAX  256u

static bool after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* ---- shifted streams ---- */

static uint32_t shift_of(const struct ct_shift *s, uint32_t seq)
{
    return (uint32_t)(after(seq, s->pos) ? s->after : s->before);
}

uint32_t ct_shift_back(const struct ct_shift *s, uint32_t seq)
{
    return (uint32_t)(after(seq - (uint32_t)s->before, s->pos) ? s->after : s->before);
}

static bool is_shifted(const struct ct_alg *a)
{
    return a->shift[0].before || a->shift[0].after || a->shift[1].before || a->shift[1].after;
}

uint32_t ct_alg_ack(const struct ct_table *t, uint32_t index, unsigned dir, uint32_t ack)
{
    return ack - ct_shift_back(&ct_table_alg(t, index)->shift[!dir], ack);
}

/* The segment at 'seq' became longer by this. */
static void record(struct ct_shift *s, uint32_t seq, int32_t longer)
{
    struct ct_shift next = {.pos = seq, .before = s->after, .after = s->after + longer};
    if (longer && (s->before == s->after || after(seq, s->pos)) && ct_shift_ok(&next)) {
        *s = next;
    }
}

/* Blocks of a selective acknowledgment (RFC 2018 section 3). */
static void shift_sack(uint8_t *opt, uint32_t len, const struct ct_shift *s)
{
    for (uint32_t i = 0; i < len && opt[i] != 0;) {
        if (opt[i] == 1) {
            i++;
            continue;
        }
        if (len - i < 2 || opt[i + 1] < 2 || opt[i + 1] > len - i) {
            break;
        }
        for (uint32_t j = i + 2; opt[i] == 5 && j + 4 <= i + opt[i + 1]; j += 4) {
            uint32_t edge = get_be32(opt + j);
            put_be32(opt + j, edge - ct_shift_back(s, edge));
        }
        i += opt[i + 1];
    }
}

/* ---- a segment ---- */

struct segment {
    struct packet *p;
    struct ip_info ip;
    uint32_t l4_ofs; /* From 'data'. */
    uint32_t payload_ofs, len;
    uint32_t seq; /* As it came. */
    bool changed;
};

static bool open_segment(struct packet *p, struct segment *s)
{
    s->p = p;
    s->changed = false;
    if (!ip_packet(p, &s->ip) || !s->ip.has_l4 || s->ip.l4_len < 20) {
        return false;
    }
    s->l4_ofs = p->l3_ofs + (uint32_t)s->ip.l4_ofs;
    const uint8_t *l4 = p->data + s->l4_ofs;
    uint32_t header = (l4[12] >> 4) * 4u;
    if (header < 20 || header > s->ip.l4_len) {
        return false;
    }
    s->payload_ofs = s->l4_ofs + header;
    s->len = s->ip.l4_len - header;
    s->seq = get_be32(l4 + 4);
    return true;
}

/* Puts 'n' bytes in the place of 'old_n' at 'ofs' of the payload.  False: no room. */
static bool replace(struct segment *s, uint32_t ofs, uint32_t old_n, const char *text, uint32_t n)
{
    struct packet *p = s->p;
    uint32_t tail = s->len - ofs - old_n, at = s->payload_ofs + ofs;
    if (n > old_n) {
        if (s->ip.l4_ofs + s->ip.l4_len + (n - old_n) > UINT16_MAX) {
            return false;
        }
        p->len = s->payload_ofs + s->len; /* Padding goes. */
        if (!packet_put(p, n - old_n)) {
            return false;
        }
    }
    memmove(p->data + at + n, p->data + at + old_n, tail);
    memcpy(p->data + at, text, n);
    s->len += n - old_n;
    s->ip.l4_len += n - old_n;
    p->len = s->payload_ofs + s->len;
    s->changed = true;
    return true;
}

/* Lengths and sums of what was changed. */
static void close_segment(struct segment *s)
{
    struct packet *p = s->p;
    uint8_t *l3 = p->data + p->l3_ofs, *field = p->data + s->l4_ofs + 16;
    be16 sum;
    if (s->ip.version == 6) {
        put_be16(l3 + 4, (uint16_t)(s->ip.l4_ofs + s->ip.l4_len - 40));
    } else {
        put_be16(l3 + 2, (uint16_t)(s->ip.l4_ofs + s->ip.l4_len));
        memset(l3 + 10, 0, 2);
        sum = csum(l3, s->ip.l4_ofs);
        memcpy(l3 + 10, &sum, sizeof sum);
    }
    if (p->csum == CSUM_PARTIAL) {
        sum = (be16)~csum_fold(csum_pseudo(l3, &s->ip, s->ip.l4_len));
        memcpy(field, &sum, sizeof sum);
    } else {
        csum_l4_set(p);
    }
}

/* Sequence number and acknowledgments, in the numbers of whom they go to. */
static void shift_segment(struct segment *s, const struct ct_alg *a, unsigned dir)
{
    uint8_t *l4 = s->p->data + s->l4_ofs;
    const struct ct_shift *other = &a->shift[!dir];
    put_be32(l4 + 4, s->seq + shift_of(&a->shift[dir], s->seq));
    if (l4[13] & CT_FLAG_ACK) {
        uint32_t ack = get_be32(l4 + 8);
        put_be32(l4 + 8, ack - ct_shift_back(other, ack));
        shift_sack(l4 + 20, s->payload_ofs - s->l4_ofs - 20, other);
    }
    s->changed = true;
}

/* ---- what is expected ---- */

/* Of the connection that will come to 'port' of the sender of direction 'dir'. */
static be16 expect(struct ct *ct, uint32_t index, unsigned dir, be16 port, bool again,
                   int64_t now_ms)
{
    const struct ct_conn *c = ct_table_conn(&ct->table, index);
    struct ct_expect e = {.zone = c->key.zone,
                          .asked = port,
                          .master = {index, c->generation},
                          .expires_ms = now_ms + CT_EXPECT_MS};
    struct ct_ends mine;
    ct_nat_ends(&ct->table, index, dir, &mine);
    ct_nat_ends(&ct->table, index, !dir, &e.tuple);
    e.to = mine;
    memcpy(e.to.addr[0], mine.addr[1], 16);
    memcpy(e.to.addr[1], mine.addr[0], 16);
    e.tuple.port[0] = e.to.port[0] = 0;
    e.tuple.port[1] = e.to.port[1] = port;
    return ct_expect_add(ct->expects, &e, again, now_ms);
}

/* ---- FTP ---- */

struct reader {
    struct ct *ct;
    uint32_t index;
    unsigned dir;
    int64_t now_ms;
    struct segment *s;
    struct ct_line head; /* What came before the segment of its first line. */
    bool again;          /* The segment has been read before. */
    bool moved;          /* The other end knows the sender by another address. */
    int32_t longer;      /* What the segment became by rewriting. */
    unsigned n_lines;
};

/* One line, of which the first 'head_n' bytes came before, and the rest is at 'ofs' of the payload.
 * Returns by how much it became longer. */
static int32_t on_line(struct reader *r, const char *line, uint32_t n, uint32_t head_n,
                       uint32_t ofs)
{
    const struct ct_table *t = &r->ct->table;
    struct ct_ends mine, theirs;
    struct ct_ftp f;
    if (!ct_ftp_parse(line, n, !r->dir, &f) || r->n_lines++ >= LINES_MAX) {
        return 0;
    }
    ct_nat_ends(t, r->index, r->dir, &mine);
    ct_nat_ends(t, r->index, !r->dir, &theirs);
    bool with_addr = f.form != CT_FTP_229;
    uint32_t at = (uint32_t)(f.begin - line), old_n = (uint32_t)(f.end - f.begin);
    /* Only of its own address, and only where it can be told to the other end. */
    if ((with_addr && (f.is_ip6 != mine.is_ip6 || memcmp(f.addr, mine.addr[0], 16))) ||
        (r->moved && with_addr && at < head_n)) {
        counter_inc(COUNTER_conntrack_alg_ignored);
        return 0;
    }
    be16 port = expect(r->ct, r->index, r->dir, htons(f.port), r->again, r->now_ms);
    if (!port || (port == htons(f.port) && !(r->moved && with_addr)) || at < head_n) {
        return 0;
    }
    char text[CT_FTP_TEXT];
    uint32_t new_n = (uint32_t)ct_ftp_format(&f, theirs.addr[1], ntohs(port), text);
    if (!replace(r->s, ofs + at - head_n, old_n, text, new_n)) {
        counter_inc(COUNTER_conntrack_alg_ignored);
        return 0;
    }
    return (int32_t)(new_n - old_n);
}

/* The end of the payload that is no whole line: kept for the next segment.  False: it must not be
 * sent on, for it names a part of a place that is to be rewritten. */
static bool on_rest(struct reader *r, struct ct_alg *a, const char *line, uint32_t n)
{
    bool hold = r->moved && ct_ftp_has_arguments(line, n, !r->dir) && a->held[r->dir] < HELD_MAX;
    struct ct_line *now = &a->now[r->dir];
    a->held[r->dir] = hold ? a->held[r->dir] + 1 : 0;
    if (hold) {
        return false;
    }
    a->last[r->dir] = r->head;
    a->last[r->dir].seq = r->s->seq;
    a->last[r->dir].known = true;
    uint32_t end = r->s->seq + r->s->len - (uint32_t)r->longer;
    if (now->known && after(now->seq, end)) {
        return true; /* It was seen before, and more. */
    }
    now->known = true;
    now->seq = end;
    /* Else the rest of a line that is of no interest: nothing is, up to its end. */
    now->skip = n > sizeof now->text || (n && !ct_ftp_may_be(line, n, !r->dir));
    now->n = now->skip ? 0 : (uint8_t)n;
    memcpy(now->text, line, now->n);
    return true;
}

/* All lines of a segment.  False: see on_rest(). */
static bool read_lines(struct reader *r, struct ct_alg *a)
{
    uint32_t ofs = 0, head_n = r->head.n;
    bool skip = r->head.skip;
    char line[LINE_MAX];
    memcpy(line, r->head.text, head_n);
    for (;;) {
        const char *begin = (const char *)r->s->p->data + r->s->payload_ofs + ofs;
        uint32_t left = r->s->len - ofs;
        const char *end = left ? memchr(begin, '\n', left) : NULL;
        uint32_t n = end ? (uint32_t)(end - begin) : left;
        uint32_t fit = MIN(n, LINE_MAX - head_n);
        memcpy(line + head_n, begin, fit);
        if (!end) {
            bool whole = fit == n && !skip;
            /* A line of which the end is not of interest looks like no line at all. */
            return on_rest(r, a, whole ? line : "\n", whole ? head_n + fit : 1);
        }
        if (!skip && fit == n) {
            int32_t longer = on_line(r, line, head_n + n, head_n, ofs);
            r->longer += longer;
            n = (uint32_t)((int32_t)n + longer);
        }
        ofs += n + 1;
        head_n = 0;
        skip = false;
    }
}

static bool on_ftp(struct ct *ct, struct packet *p, uint32_t index, unsigned dir, int64_t now_ms)
{
    struct ct_alg *a = ct_table_alg(&ct->table, index);
    const bool nat = ct_table_conn(&ct->table, index)->flags & CT_F_NAT;
    struct segment s;
    if (!open_segment(p, &s)) {
        return true;
    }
    const struct ct_line *now = &a->now[dir], *last = &a->last[dir];
    const struct ct_line *head = !now->known || now->seq == s.seq    ? now
                                 : last->known && last->seq == s.seq ? last
                                                                     : NULL;
    struct ct_ends mine, theirs;
    ct_nat_ends(&ct->table, index, dir, &mine);
    ct_nat_ends(&ct->table, index, !dir, &theirs);
    struct reader r = {.ct = ct, .index = index, .dir = dir, .now_ms = now_ms, .s = &s};
    r.moved = memcmp(mine.addr[0], theirs.addr[1], 16) != 0;
    r.head = head ? *head : r.head;
    r.again = head == last;
    if (s.len && head && !read_lines(&r, a)) {
        return false;
    }
    if (nat && (is_shifted(a) || r.longer)) {
        shift_segment(&s, a, dir);
        record(&a->shift[dir], s.seq, r.longer);
    }
    if (s.changed) {
        close_segment(&s);
    }
    return true;
}

/* ---- TFTP ---- */

static void on_tftp(struct ct *ct, const struct packet *p, uint32_t index, unsigned dir,
                    int64_t now_ms)
{
    struct ip_info ip;
    if (dir || !ip_packet(p, &ip) || !ip.has_l4 || ip.l4_len < 10) {
        return;
    }
    unsigned opcode = get_be16(p->data + p->l3_ofs + ip.l4_ofs + 8);
    if (opcode != 1 && opcode != 2) { /* A request to read or to write. */
        return;
    }
    struct ct_ends mine, theirs;
    ct_nat_ends(&ct->table, index, 0, &mine);
    ct_nat_ends(&ct->table, index, 1, &theirs);
    const struct ct_conn *c = ct_table_conn(&ct->table, index);
    struct ct_expect e = {.tuple = theirs,
                          .to = mine,
                          .zone = c->key.zone,
                          .asked = theirs.port[1],
                          .master = {index, c->generation},
                          .expires_ms = now_ms + CT_EXPECT_MS};
    memcpy(e.to.addr[0], mine.addr[1], 16);
    memcpy(e.to.addr[1], mine.addr[0], 16);
    e.tuple.port[0] = e.to.port[0] = 0;
    e.to.port[1] = mine.port[0];
    ct_expect_add(ct->expects, &e, false, now_ms);
}

/* ---- for ct.c ---- */

bool ct_alg_packet(struct ct *ct, struct packet *p, uint32_t index, unsigned dir, int64_t now_ms)
{
    switch ((enum ct_helper)ct_table_conn(&ct->table, index)->helper) {
    case CT_HELPER_FTP:
        return on_ftp(ct, p, index, dir, now_ms);
    case CT_HELPER_TFTP:
        on_tftp(ct, p, index, dir, now_ms);
        return true;
    case CT_HELPER_NONE:
        break;
    }
    return true;
}

bool ct_alg_begin(struct ct_table *t, uint32_t index)
{
    if (!ct_table_touch_alg(t, index)) {
        return false;
    }
    memset(ct_table_alg(t, index), 0, sizeof(struct ct_alg)); /* The slot's last owner's. */
    return true;
}
