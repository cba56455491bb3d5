/* bundle_flow.c - see bundle_flow.h. */
#include "ofproto/bundle_flow.h"

#define MAPS (FLOW_WORDS / 64)
_Static_assert(FLOW_WORDS % 64 == 0, "whole maps");

/* Behind it: value and mask of each word, then the acts. */
struct record {
    bool whole; /* Else this is all. */
    uint8_t command, table_id;
    bool modify_cookie, before_12, any_table;
    uint16_t priority, idle_timeout, hard_timeout, importance, flags;
    uint32_t buffer_id, out_port, out_group;
    uint32_t acts_len;
    uint64_t cookie, cookie_mask, new_cookie;
    uint64_t map[MAPS]; /* Words that are matched. */
};

struct word {
    uint64_t value, mask;
};

static bool is_sparse(const struct flow_mod *fm)
{
    return !fm->match.mask.tun.present && !acts_tun_options(fm->acts.data, fm->acts.len);
}

static unsigned count_words(const struct record *r)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAPS; i++) {
        n += (unsigned)__builtin_popcountll(r->map[i]);
    }
    return n;
}

void bundle_flow_put(struct wire_wr *w, const struct flow_mod *fm)
{
    const uint64_t *mask = flow_words(&fm->match.mask), *value = flow_words(&fm->match.flow);
    struct record r = {.whole = is_sparse(fm),
                       .command = fm->command,
                       .table_id = fm->table_id,
                       .modify_cookie = fm->modify_cookie,
                       .before_12 = fm->before_12,
                       .any_table = fm->any_table,
                       .priority = fm->priority,
                       .idle_timeout = fm->idle_timeout,
                       .hard_timeout = fm->hard_timeout,
                       .importance = fm->importance,
                       .flags = fm->flags,
                       .buffer_id = fm->buffer_id,
                       .out_port = fm->out_port,
                       .out_group = fm->out_group,
                       .acts_len = (uint32_t)fm->acts.len,
                       .cookie = fm->cookie,
                       .cookie_mask = fm->cookie_mask,
                       .new_cookie = fm->new_cookie};
    struct word words[FLOW_WORDS];
    unsigned n = 0;

    for (unsigned i = 0; r.whole && i < FLOW_WORDS; i++) {
        if (mask[i]) {
            r.map[i / 64] |= BIT64(i % 64);
            words[n++] = (struct word){value[i], mask[i]};
        }
    }
    size_t start = w->len;
    wire_wr_bytes(w, &r, sizeof r);
    if (r.whole) {
        wire_wr_bytes(w, words, n * sizeof words[0]);
        wire_wr_bytes(w, fm->acts.data, fm->acts.len);
        wire_wr_pad(w, start, 8);
    }
    if (w->err) {
        w->len = start;
    }
}

static void spread(const struct record *r, const struct word *word, struct match *m)
{
    for (unsigned i = 0; i < MAPS; i++) {
        for (uint64_t map = r->map[i]; map; map &= map - 1) {
            unsigned w = i * 64 + (unsigned)__builtin_ctzll(map);
            flow_words_mut(&m->flow)[w] = word->value;
            flow_words_mut(&m->mask)[w] = (word++)->mask;
        }
    }
}

bool bundle_flow_get(const struct wire_wr *w, size_t *ofs, struct flow_mod *fm)
{
    if (*ofs >= w->len) {
        return false; /* It had no room. */
    }
    const struct record *r = (const void *)(w->data + *ofs);
    const struct word *words = (const void *)(r + 1);
    unsigned n = r->whole ? count_words(r) : 0;

    *ofs += sizeof *r;
    if (!r->whole) {
        return false;
    }
    *ofs += n * sizeof *words + ROUND_UP((size_t)r->acts_len, 8u);
    *fm = (struct flow_mod){.command = r->command,
                            .table_id = r->table_id,
                            .modify_cookie = r->modify_cookie,
                            .before_12 = r->before_12,
                            .any_table = r->any_table,
                            .priority = r->priority,
                            .idle_timeout = r->idle_timeout,
                            .hard_timeout = r->hard_timeout,
                            .importance = r->importance,
                            .flags = r->flags,
                            .buffer_id = r->buffer_id,
                            .out_port = r->out_port,
                            .out_group = r->out_group,
                            .cookie = r->cookie,
                            .cookie_mask = r->cookie_mask,
                            .new_cookie = r->new_cookie};
    spread(r, words, &fm->match);
    if (r->acts_len) {
        /* Lent: who is given it only reads. */
        fm->acts = (struct acts){.data = (void *)(uintptr_t)(words + n), .len = r->acts_len};
    }
    return true;
}
