/* ofproto_recirc.c - see ofproto_recirc.h.
 *
 * Ids go up, so that those which are new are a range.  Nothing is written when one goes: the next
 * process takes back what it finds, and lets go of what no flow of its own names.  A snapshot has
 * what is alive, and what a former process left of bridges that have not come yet. */
#include "ofproto/ofproto_recirc.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/journal.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/xlate/continuation_record.h"

LOG_MODULE(ofproto_recirc);

#define RECORD_KIND 1
#define SLICE       2000 /* Of one turn of the loop. */

_Static_assert(CONTINUATION_RECORD_MAX <= JOURNAL_RECORD_MAX, "a record");

/* What a former process left. */
struct left {
    void *data; /* Heap; NULL: its bridge has come. */
    size_t len;
};

struct ofproto_recirc {
    struct journal *journal;
    uint32_t next; /* From here on nothing is written yet. */
    uint32_t *ids; /* Written; some are gone. */
    size_t n, cap;
    struct left *left;
    size_t n_left, cap_left;
    struct continuation **held; /* References, until settled. */
    size_t n_held;
    bool again;   /* Ids have begun anew: what is written of the first ones must go. */
    bool walking; /* A snapshot is under way: */
    size_t at;    /* this far in 'ids', */
    size_t alive; /* of which so many are still there and stand at its beginning. */
    struct loop_call slice;
};

/* ---- writing ---- */

static const struct bridge *bridge_of(const struct ofproto *p, const struct continuation *c)
{
    const struct bridge *br = p->bridges;

    while (br && br->id != c->state.bridge_id) {
        br = br->next;
    }
    return br;
}

static void write_one(struct ofproto *p, const struct continuation *c, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(CONTINUATION_RECORD_MAX);
    const struct bridge *br = bridge_of(p, c);

    if (br && continuation_record_put(c, br->name, br->tlvs, &w)) {
        if (snapshot) {
            journal_put_snapshot(p->recirc->journal, RECORD_KIND, w.data, w.len);
        } else {
            journal_put(p->recirc->journal, RECORD_KIND, w.data, w.len);
        }
    }
    wire_wr_deinit(&w);
}

static void note(struct ofproto_recirc *r, uint32_t id)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->ids = xrealloc(r->ids, r->cap * sizeof r->ids[0]);
    }
    r->ids[r->n++] = id;
}

/* Up to 'max' of what has come since the last time. */
static void write_new(struct ofproto *p, size_t max)
{
    struct ofproto_recirc *r = p->recirc;
    const uint32_t end = continuations_next_id(p->continuations);

    r->again |= end < r->next;
    for (size_t n = 0; r->next != end && n < max; r->next++) {
        const struct continuation *c = continuation_find(p->continuations, r->next);
        if (c) {
            write_one(p, c, false);
            note(r, c->id);
            n++;
        }
    }
}

/* ---- snapshots ---- */

static void begin(struct ofproto_recirc *r)
{
    journal_begin(r->journal);
    r->again = false;
    r->walking = true;
    r->at = r->alive = 0;
    for (size_t i = 0; i < r->n_left; i++) {
        if (r->left[i].data) {
            journal_put_snapshot(r->journal, RECORD_KIND, r->left[i].data, r->left[i].len);
        }
    }
    loop_call_schedule(&r->slice);
}

static void on_slice(void *p_)
{
    struct ofproto *p = p_;
    struct ofproto_recirc *r = p->recirc;

    for (unsigned i = 0; i < SLICE && r->at < r->n; i++) {
        const uint32_t id = r->ids[r->at++];
        const struct continuation *c = continuation_find(p->continuations, id);
        if (c) {
            write_one(p, c, true);
            r->ids[r->alive++] = id;
        }
    }
    if (r->at < r->n) {
        loop_call_schedule(&r->slice);
    } else {
        r->n = r->alive;
        r->walking = false;
        journal_end(r->journal);
    }
}

void ofproto_recirc_tick(struct ofproto *p)
{
    struct ofproto_recirc *r = p->recirc;

    if (r) {
        write_new(p, SLICE);
        if (!r->walking && (r->again || journal_wants_snapshot(r->journal))) {
            begin(r);
        }
    }
}

void ofproto_recirc_write(struct ofproto *p)
{
    if (p->recirc) {
        write_new(p, SIZE_MAX);
    }
}

/* ---- what a former process left ---- */

static void on_record(void *p_, uint8_t kind, const void *data, size_t len)
{
    struct ofproto *p = p_;
    struct ofproto_recirc *r = p->recirc;

    /* Only what flows name: what is larger will be given out again. */
    if (kind != RECORD_KIND || continuation_record_id(data, len) >= r->next ||
        r->n_left >= CONTINUATION_MAX) {
        return;
    }
    if (r->n_left == r->cap_left) {
        r->cap_left = r->cap_left ? 2 * r->cap_left : 64;
        r->left = xrealloc(r->left, r->cap_left * sizeof r->left[0]);
    }
    r->left[r->n_left++] = (struct left){.data = xmemdup(data, len), .len = len};
}

void ofproto_recirc_open(struct ofproto *p)
{
    struct dp_features features;
    struct journal_read read;

    dp_get_features(p->dp, &features);
    if (!p->rundir || !features.keeps_flows) {
        return;
    }
    char *path = xasprintf("%s/%s.recirc", p->rundir, dp_name(p->dp));
    struct ofproto_recirc *r = xzalloc(sizeof *r);
    p->recirc = r;
    r->next = continuations_next_id(p->continuations);
    loop_call_init(&r->slice, p->loop, on_slice, p);
    journal_read(path, on_record, p, &read);
    if (read.refused && r->next > 1) { /* Some are named. */
        log_warn("%s: what recirculation ids of the former process mean is lost: %s", path,
                 read.refused);
    }
    r->held = xcalloc(r->n_left + 1, sizeof r->held[0]);
    r->journal = journal_new(p->loop, path);
    free(path);
}

static bool restore(struct ofproto *p, const struct bridge *br, const struct left *l)
{
    struct ofproto_recirc *r = p->recirc;
    struct continuation_record rec;

    if (!continuation_record_get(l->data, l->len, br->tlvs, &rec)) {
        return false;
    }
    rec.state.bridge_id = br->id;
    struct continuation *c = continuation_restore(p->continuations, rec.id, &rec.state,
                                                  rec.acts.data, rec.set.data, rec.stack);
    continuation_record_deinit(&rec);
    if (c) {
        r->held[r->n_held++] = c;
        note(r, c->id);
    }
    return c;
}

void ofproto_recirc_bridge(struct ofproto *p, const struct bridge *br)
{
    struct ofproto_recirc *r = p->recirc;
    size_t n = 0;

    for (size_t i = 0; r && i < r->n_left; i++) {
        struct left *l = &r->left[i];
        if (l->data && continuation_record_is_of(l->data, l->len, br->name)) {
            n += restore(p, br, l);
            free(l->data);
            l->data = NULL;
        }
    }
    if (n) {
        log_info("%s: %zu recirculation ids of the former process are back", br->name, n);
    }
}

static void forget_left(struct ofproto_recirc *r)
{
    for (size_t i = 0; i < r->n_left; i++) {
        free(r->left[i].data);
    }
    free(r->left);
    r->left = NULL;
    r->n_left = r->cap_left = 0;
}

void ofproto_recirc_settled(struct ofproto *p)
{
    struct ofproto_recirc *r = p->recirc;

    if (r) {
        for (size_t i = 0; i < r->n_held; i++) {
            continuation_put(p->continuations, r->held[i], loop_now(p->loop));
        }
        r->n_held = 0;
        forget_left(r);
    }
}

void ofproto_recirc_close(struct ofproto *p, bool remove)
{
    struct ofproto_recirc *r = p->recirc;

    if (r) {
        ofproto_recirc_settled(p);
        loop_call_cancel(&r->slice);
        journal_close(r->journal, remove);
        free(r->held);
        free(r->ids);
        free(r);
        p->recirc = NULL;
    }
}
