/* bundle_flow.c - see bundle_flow.h.
 *
 * A buffer begins with the place of its last whole record.  A record that differs from that one in
 * the values that it matches alone, and perhaps in what its acts are but not in how long, says only
 * these: bundles are rows of such flows, and memory that was never touched before costs more than
 * all that is done with it. */
#include "ofproto/bundle_flow.h"

#define MAPS (FLOW_WORDS / 64)
_Static_assert(FLOW_WORDS % 64 == 0, "whole maps");

enum kind { ABSENT /* and that is all */, WHOLE, ALIKE };

/* Behind it: struct fixed and the masks if it is whole; the values; the acts, padded. */
struct head {
    uint8_t kind;
    bool own_acts; /* Else those of 'like'. */
    uint32_t like; /* The whole record; itself, if it is one. */
};

struct fixed {
    uint64_t cookie, cookie_mask, new_cookie;
    uint64_t map[MAPS]; /* Words that are matched. */
    uint32_t buffer_id, out_port, out_group;
    uint32_t acts_len;
    uint16_t priority, idle_timeout, hard_timeout, importance, flags;
    uint8_t command, table_id;
    bool modify_cookie, before_12, any_table;
};

#define FIRST 8 /* Where records begin. */
_Static_assert(sizeof(struct head) == 8 && sizeof(struct fixed) % 8 == 0, "aligned");

static bool is_sparse(const struct flow_mod *fm)
{
    return !fm->match.mask.tun.present && !acts_tun_options(fm->acts.data, fm->acts.len);
}

static unsigned count_words(const struct fixed *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAPS; i++) {
        n += (unsigned)__builtin_popcountll(f->map[i]);
    }
    return n;
}

/* All bytes of '*f', for it is compared as such.  Returns how many words are matched. */
static unsigned take_apart(const struct flow_mod *fm, struct fixed *f, uint64_t *masks,
                           uint64_t *values)
{
    const uint64_t *mask = flow_words(&fm->match.mask), *value = flow_words(&fm->match.flow);
    unsigned n = 0;

    memset(f, 0, sizeof *f);
    f->cookie = fm->cookie;
    f->cookie_mask = fm->cookie_mask;
    f->new_cookie = fm->new_cookie;
    f->buffer_id = fm->buffer_id;
    f->out_port = fm->out_port;
    f->out_group = fm->out_group;
    f->acts_len = (uint32_t)fm->acts.len;
    f->priority = fm->priority;
    f->idle_timeout = fm->idle_timeout;
    f->hard_timeout = fm->hard_timeout;
    f->importance = fm->importance;
    f->flags = fm->flags;
    f->command = fm->command;
    f->table_id = fm->table_id;
    f->modify_cookie = fm->modify_cookie;
    f->before_12 = fm->before_12;
    f->any_table = fm->any_table;
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        if (mask[i]) {
            f->map[i / 64] |= BIT64(i % 64);
            masks[n] = mask[i];
            values[n++] = value[i];
        }
    }
    return n;
}

/* The parts of a whole record. */
struct parts {
    const struct fixed *fixed;
    const uint64_t *masks, *values;
    const void *acts;
    unsigned n;
};

static struct parts parts_at(const struct wire_wr *w, size_t ofs)
{
    struct parts p = {.fixed = (const void *)(w->data + ofs + sizeof(struct head))};

    p.n = count_words(p.fixed);
    p.masks = (const void *)(p.fixed + 1);
    p.values = p.masks + p.n;
    p.acts = p.values + p.n;
    return p;
}

/* 0: there is none. */
static uint32_t *last_whole(const struct wire_wr *w)
{
    return (uint32_t *)(void *)w->data;
}

void bundle_flow_put(struct wire_wr *w, const struct flow_mod *fm)
{
    uint64_t masks[FLOW_WORDS], values[FLOW_WORDS];
    struct head h = {.kind = ABSENT};
    struct fixed f;
    unsigned n = 0;

    if (!w->len) {
        wire_wr_zeros(w, FIRST);
    }
    if (w->err) {
        return;
    }
    size_t start = w->len;
    if (is_sparse(fm)) {
        n = take_apart(fm, &f, masks, values);
        h = (struct head){.kind = WHOLE, .own_acts = true, .like = (uint32_t)start};
        uint32_t last = *last_whole(w);
        struct parts p = last ? parts_at(w, last) : (struct parts){.n = 0};
        if (last && !memcmp(p.fixed, &f, sizeof f) &&
            !memcmp(p.masks, masks, n * sizeof masks[0])) {
            h = (struct head){.kind = ALIKE, .like = last};
            h.own_acts = f.acts_len && memcmp(p.acts, fm->acts.data, f.acts_len);
        }
    }
    wire_wr_bytes(w, &h, sizeof h);
    if (h.kind == WHOLE) {
        wire_wr_bytes(w, &f, sizeof f);
        wire_wr_bytes(w, masks, n * sizeof masks[0]);
    }
    wire_wr_bytes(w, values, n * sizeof values[0]);
    if (h.own_acts) {
        wire_wr_bytes(w, fm->acts.data, fm->acts.len);
        wire_wr_pad(w, start, 8);
    }
    if (w->err) {
        w->len = start;
    } else if (h.kind == WHOLE) {
        *last_whole(w) = h.like;
    }
}

static void spread(const struct parts *p, const uint64_t *value, struct match *m)
{
    const uint64_t *mask = p->masks;

    for (unsigned i = 0; i < MAPS; i++) {
        for (uint64_t map = p->fixed->map[i]; map; map &= map - 1) {
            unsigned w = i * 64 + (unsigned)__builtin_ctzll(map);
            flow_words_mut(&m->flow)[w] = *value++;
            flow_words_mut(&m->mask)[w] = *mask++;
        }
    }
}

bool bundle_flow_get(const struct wire_wr *w, size_t *ofs, struct flow_mod *fm)
{
    *ofs = MAX(*ofs, FIRST);
    if (*ofs >= w->len) {
        return false; /* It had no room. */
    }
    const struct head *h = (const void *)(w->data + *ofs);
    if (h->kind == ABSENT) {
        *ofs += sizeof *h;
        return false;
    }
    struct parts p = parts_at(w, h->like);
    const struct fixed *f = p.fixed;
    const uint64_t *values = h->kind == WHOLE ? p.values : (const void *)(h + 1);
    const void *acts = h->own_acts ? values + p.n : p.acts;

    *ofs = (size_t)((const uint8_t *)(values + p.n) - w->data) +
           (h->own_acts ? ROUND_UP((size_t)f->acts_len, 8u) : 0);
    *fm = (struct flow_mod){.command = f->command,
                            .table_id = f->table_id,
                            .modify_cookie = f->modify_cookie,
                            .before_12 = f->before_12,
                            .any_table = f->any_table,
                            .priority = f->priority,
                            .idle_timeout = f->idle_timeout,
                            .hard_timeout = f->hard_timeout,
                            .importance = f->importance,
                            .flags = f->flags,
                            .buffer_id = f->buffer_id,
                            .out_port = f->out_port,
                            .out_group = f->out_group,
                            .cookie = f->cookie,
                            .cookie_mask = f->cookie_mask,
                            .new_cookie = f->new_cookie};
    spread(&p, values, &fm->match);
    if (f->acts_len) {
        /* Lent: who is given it only reads. */
        fm->acts = (struct acts){.data = (void *)(uintptr_t)acts, .len = f->acts_len};
    }
    return true;
}
