/* ofproto_keep.c - see ofproto_keep.h.
 *
 * They are few and seldom change: each change is a snapshot of all.  A record is a setting (8
 * bits), what of (32) and its value (32), in network order. */
#include "ofproto/ofproto_keep.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/dp/conns.h"
#include "lib/dp/dp_handover.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/wire.h"
#include "ofproto/journal.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(ofproto_keep);

#define RECORD_KIND 1
#define RECORD_LEN  9
#define N_MAX       200000 /* Each zone has two. */

struct setting {
    struct hmap_node node;
    enum ofproto_setting what;
    int32_t which;
    uint32_t value;
};

struct ofproto_keep {
    struct journal *journal;
    struct hmap settings;
};

static uint32_t hash_of(enum ofproto_setting what, int32_t which)
{
    return hash_u64((uint64_t)what << 32 | (uint32_t)which, 0);
}

static struct setting *find(const struct ofproto_keep *k, enum ofproto_setting what, int32_t which)
{
    struct setting *s;

    HMAP_FOR_EACH_WITH_HASH(s, node, hash_of(what, which), &k->settings) {
        if (s->what == what && s->which == which) {
            return s;
        }
    }
    return NULL;
}

static void put(struct ofproto_keep *k, enum ofproto_setting what, int32_t which, uint32_t value)
{
    struct setting *s = find(k, what, which);

    if (!s) {
        s = xzalloc(sizeof *s);
        s->what = what;
        s->which = which;
        hmap_insert(&k->settings, &s->node, hash_of(what, which));
    }
    s->value = value;
}

static void write_all(struct ofproto_keep *k)
{
    const struct setting *s;

    journal_begin(k->journal);
    HMAP_FOR_EACH(s, node, &k->settings) {
        struct wire_wr w = WIRE_WR_INIT(RECORD_LEN);
        wire_wr_u8(&w, (uint8_t)s->what);
        wire_wr_u32(&w, (uint32_t)s->which);
        wire_wr_u32(&w, s->value);
        journal_put_snapshot(k->journal, RECORD_KIND, w.data, w.len);
        wire_wr_deinit(&w);
    }
    journal_end(k->journal);
}

/* ---- changes ---- */

void ofproto_keep_setting(struct ofproto *p, enum ofproto_setting what, int32_t which,
                          uint32_t value)
{
    if (p->keep) {
        put(p->keep, what, which, value);
        write_all(p->keep);
    }
}

void ofproto_keep_frags(struct ofproto *p, const struct ct_frag_limits *l)
{
    struct ofproto_keep *k = p->keep;

    if (k) {
        for (int32_t family = 0; family < 2; family++) {
            put(k, SETTING_FRAG_OFF, family, l->off[family]);
            put(k, SETTING_FRAG_MIN, family, l->min_len[family]);
        }
        put(k, SETTING_FRAG_MAX, 0, l->max_held);
        write_all(k);
    }
}

void ofproto_forget_setting(struct ofproto *p, enum ofproto_setting what, int32_t which)
{
    struct setting *s = p->keep ? find(p->keep, what, which) : NULL;

    if (s) {
        hmap_remove(&p->keep->settings, &s->node);
        free(s);
        write_all(p->keep);
    }
}

/* ---- what a former process left ---- */

static int apply_frags(struct ofproto *p, const struct setting *s)
{
    struct ct_frag_limits l;
    struct ct_frag_stats stats;
    int error = dp_conns_get_frags(p->dp, &l, &stats);

    if (s->what == SETTING_FRAG_OFF) {
        l.off[s->which & 1] = s->value;
    } else if (s->what == SETTING_FRAG_MIN) {
        l.min_len[s->which & 1] = (uint16_t)s->value;
    } else {
        l.max_held = MIN(s->value, CT_FRAG_MAX_HELD);
    }
    return error ? error : dp_conns_set_frags(p->dp, &l);
}

static int apply(struct ofproto *p, const struct setting *s)
{
    switch (s->what) {
    case SETTING_LIMIT:
        return dp_conns_set_limits(p->dp,
                                   &(struct dp_zone_limit){.zone = s->which, .limit = s->value}, 1);
    case SETTING_MAX_CONNS:
        return dp_conns_set_max(p->dp, s->value);
    case SETTING_TCP_LIBERAL:
        return dp_conns_set_tcp_liberal(p->dp, s->which, s->value);
    case SETTING_FRAG_OFF:
    case SETTING_FRAG_MIN:
    case SETTING_FRAG_MAX:
        return apply_frags(p, s);
    }
    return EINVAL;
}

static bool which_ok(enum ofproto_setting what, int32_t which)
{
    return what == SETTING_LIMIT || what == SETTING_TCP_LIBERAL
               ? which >= DP_ZONE_DEFAULT && which <= UINT16_MAX
               : which == 0 || (which == 1 && what != SETTING_MAX_CONNS);
}

static void on_record(void *p_, uint8_t kind, const void *data, size_t len)
{
    struct ofproto *p = p_;
    struct wire_rd rd;

    wire_rd_init(&rd, data, len);
    const struct setting s = {.what = (enum ofproto_setting)wire_rd_u8(&rd),
                              .which = (int32_t)wire_rd_u32(&rd),
                              .value = wire_rd_u32(&rd)};
    int error = kind != RECORD_KIND || rd.err || wire_rd_left(&rd) || !which_ok(s.what, s.which) ||
                        hmap_count(&p->keep->settings) >= N_MAX
                    ? EINVAL
                    : apply(p, &s);
    if (error) {
        log_warn_rl("%s: a setting of the former process cannot be taken over (%s)", dp_name(p->dp),
                    strerror(error));
    } else {
        put(p->keep, s.what, s.which, s.value);
    }
}

void ofproto_keep_open(struct ofproto *p)
{
    if (!p->rundir || !dp_can_hand_over(p->dp)) {
        return;
    }
    char *path = xasprintf("%s/%s.settings", p->rundir, dp_name(p->dp));
    struct journal_read read;
    p->keep = xzalloc(sizeof *p->keep);
    hmap_init(&p->keep->settings);
    journal_read(path, on_record, p, &read);
    if (read.refused) {
        log_warn("%s: the settings of the former process are lost: %s", path, read.refused);
    } else if (read.n_damaged || read.n_cut) {
        log_warn("%s: %" PRIu64 " damaged settings are left out; %" PRIu64
                 " bytes at the end were cut off",
                 path, read.n_damaged, read.n_cut);
    }
    p->keep->journal = journal_new(p->loop, path);
    free(path);
}

void ofproto_keep_write(struct ofproto *p)
{
    if (p->keep) {
        write_all(p->keep);
        journal_flush(p->keep->journal);
    }
}

void ofproto_keep_close(struct ofproto *p, bool remove)
{
    struct ofproto_keep *k = p->keep;
    struct setting *s, *next;

    if (k) {
        journal_close(k->journal, remove);
        HMAP_FOR_EACH_SAFE(s, next, node, &k->settings) {
            hmap_remove(&k->settings, &s->node);
            free(s);
        }
        hmap_deinit(&k->settings);
        free(k);
        p->keep = NULL;
    }
}
