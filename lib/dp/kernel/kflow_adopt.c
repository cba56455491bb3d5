/* kflow_adopt.c - see kflow.h: the flows of a former process give way to ours.
 *
 * Journey: dp_settled() -> each of its flows is translated as if it had missed, by our rules -> it
 * is deleted, and what it has counted since this process began is paid to those rules -> its next
 * packet misses, and makes a flow of our own.
 *
 * A former process' recirculation ids need not be ours: what it froze at last is not written down.
 * What one stands for shows where the actions of an earlier pass are laid beside our own for the
 * same packets: the id there is ours for the same state.  So passes are dumped one after the other,
 * and flows are deleted in that order: no packet is sent to a pass that has gone before.
 *
 * Not paid: flows that we would treat otherwise (other actions, a finer mask), since other rules
 * have carried them. */
#include <errno.h>
#include <stdlib.h>

#include "lib/dp/kernel/kflow-private.h"
#include "lib/io/loop.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(kflow);

#define BATCH 128

/* A flow of the former process, and who is to be paid for it. */
struct heir {
    struct kflow_id id;
    void *credit;               /* NULL: nobody. */
    struct dp_flow_stats stats; /* The last that is known of it. */
};

/* Its recirculation id, and ours. */
struct renamed {
    struct hmap_node node;
    uint32_t old_id, new_id;
    unsigned pass; /* Of the flows that match it. */
};

struct adopt {
    struct kflows *fs;
    struct heir *heirs;
    size_t n, cap;
    struct hmap ids;
    unsigned pass;
    bool more;    /* This pass leads to another one. */
    size_t batch; /* The first heir of the batch under way. */
    uint32_t first_seq;
};

/* ---- recirculation ids ---- */

static const struct renamed *find_id(const struct adopt *a, uint32_t old_id)
{
    const struct renamed *r;

    HMAP_FOR_EACH_WITH_HASH(r, node, old_id, &a->ids) {
        if (r->old_id == old_id) {
            return r;
        }
    }
    return NULL;
}

static void add_id(struct adopt *a, uint32_t old_id, uint32_t new_id)
{
    if (!find_id(a, old_id)) {
        struct renamed *r = xzalloc(sizeof *r);
        *r = (struct renamed){.old_id = old_id, .new_id = new_id, .pass = a->pass + 1};
        hmap_insert(&a->ids, &r->node, old_id);
        a->more = true;
    }
}

/* ---- actions, the kernel's and ours ---- */

static bool same_list(struct adopt *, struct nlrd theirs, struct nlrd ours, unsigned depth);

static bool same_nested(struct adopt *a, const struct nlrd *x, const struct nlrd *y, unsigned depth)
{
    struct nlrd p, q;

    nlrd_init(&p, x->data, x->n);
    nlrd_init(&q, y->data, y->n);
    if (x->type == OVS_ACTION_ATTR_CLONE) {
        return same_list(a, p, q, depth);
    }
    while (nlrd_next(&p)) {
        nlrd_init(&q, y->data, y->n);
        while (kflow_is_list(x->type, p.type) && nlrd_next(&q)) {
            struct nlrd s, t;
            nlrd_init(&s, p.data, p.n);
            nlrd_init(&t, q.data, q.n);
            if (p.type == q.type && !same_list(a, s, t, depth)) {
                return false;
            }
        }
    }
    return true;
}

/* Do both do the same in the same order, but for values and for what a recirculation id is called?
 */
static bool same_list(struct adopt *a, struct nlrd theirs, struct nlrd ours, unsigned depth)
{
    if (!depth) {
        return false;
    }
    for (;;) {
        const bool more_theirs = nlrd_next(&theirs), more_ours = nlrd_next(&ours);
        if (!more_theirs || !more_ours) {
            return !more_theirs && !more_ours;
        }
        if (theirs.type != ours.type) {
            return false;
        }
        if (theirs.type == OVS_ACTION_ATTR_RECIRC) {
            add_id(a, nlrd_u32(&theirs), nlrd_u32(&ours));
        } else if (theirs.type == OVS_ACTION_ATTR_OUTPUT) {
            if (nlrd_u32(&theirs) != nlrd_u32(&ours)) {
                return false;
            }
        } else if (!same_nested(a, &theirs, &ours, depth - 1)) {
            return false;
        }
    }
}

/* ---- masks ---- */

/* Does our mask look at nothing that theirs does not?  Bits of headers that the packets have not
 * are no attributes. */
static bool mask_within(const struct adopt *a, const struct key *key, struct key *ours,
                        const struct key *theirs)
{
    _Alignas(8) uint8_t room[4096];
    const struct nlkey_features *f = a->fs->key_features;
    struct key seen, back;
    struct nlwr w;

    nlkey_widen(key, f, ours);
    if (nlkey_fit(key, ours, f, &seen) != NLKEY_ALL) {
        return false;
    }
    nlwr_init(&w, room, sizeof room);
    nlkey_put(key, ours, f, &w);
    if (w.err || !nlkey_get(w.data, w.len, true, &back)) {
        return false;
    }
    if (!key->tun_opt_len) { /* That there are none is matched, but not told by a dump. */
        back.tun_opt_len = 0;
    }
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (key_words(&back)[i] & ~key_words(theirs)[i]) {
            return false;
        }
    }
    return true;
}

/* ---- dumps ---- */

struct former {
    struct kflow_report rep;
    struct key key, mask;
    struct nlrd actions;
};

static bool read_former(const struct nlsock_msg *m, struct former *f)
{
    unsigned found = 0;
    struct nlrd r;

    if (!kflow_read_report(m, &f->rep) || !f->rep.has_id) {
        return false;
    }
    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY) {
            found |= nlkey_get(r.data, r.n, false, &f->key) ? 1 : 0;
        } else if (r.type == OVS_FLOW_ATTR_MASK) {
            found |= nlkey_get(r.data, r.n, true, &f->mask) ? 2 : 0;
        } else if (r.type == OVS_FLOW_ATTR_ACTIONS) {
            nlrd_init(&f->actions, r.data, r.n);
            found |= 4;
        }
    }
    return found == 7;
}

/* The credit of our translation, if it does the same; NULL. */
static void *translate(struct adopt *a, const struct former *f)
{
    _Alignas(8) uint8_t room[NLACTION_MAX];
    const struct dp_handler *h = &a->fs->up->handler;
    struct dp_verdict v = {.cache = true};
    struct nlrd ours;
    struct nlwr w;
    const char *why;

    dp_actions_init(&v.actions);
    h->miss(h->aux, NULL, &f->key, loop_now(a->fs->up->loop), &v);
    nlwr_init(&w, room, sizeof room);
    bool same = v.cache && !v.actions.overflow && mask_within(a, &f->key, &v.mask, &f->mask) &&
                nlaction_put(v.actions.data, v.actions.len, &a->fs->action_env, &w, &why);
    nlrd_init(&ours, w.data, w.len);
    if (!(same && same_list(a, f->actions, ours, KFLOW_MAX_DEPTH)) && v.credit) {
        h->release(h->aux, v.credit);
        v.credit = NULL;
    }
    dp_actions_deinit(&v.actions);
    return v.credit;
}

static void on_former(void *a_, const struct nlsock_msg *m)
{
    struct adopt *a = a_;
    struct former f;

    if (!read_former(m, &f)) {
        return;
    }
    uint32_t old_id = ntohl(f.key.recirc_id);
    const struct renamed *r = old_id ? find_id(a, old_id) : NULL;
    if (old_id ? !r || r->pass != a->pass : a->pass != 0) {
        return;
    }
    struct kflow_stripe *s = kflow_stripe(a->fs, &f.rep.id);
    pthread_mutex_lock(&s->mutex);
    bool own = kflow_find_locked(s, &f.rep.id);
    pthread_mutex_unlock(&s->mutex);
    if (own) {
        return;
    }
    f.key.recirc_id = htonl(r ? r->new_id : 0);
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 64;
        a->heirs = xrealloc(a->heirs, a->cap * sizeof a->heirs[0]);
    }
    a->heirs[a->n++] =
        (struct heir){.id = f.rep.id, .credit = translate(a, &f), .stats = f.rep.stats};
}

static void dump_passes(struct adopt *a, struct nlsock *sock)
{
    do {
        struct nlwr w;
        a->more = false;
        nlsock_begin(sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, a->fs->dp_ifindex, &w);
        int error = nlsock_call(sock, &w, on_former, a);
        if (error && error != EINTR) {
            log_warn("%s: flows of a former process could not be dumped (%s): what they have "
                     "carried is not counted",
                     a->fs->up->name, strerror(error));
            return;
        }
    } while (a->more && a->pass++ < KFLOW_MAX_DEPTH);
}

/* ---- deletion ---- */

static void on_final(void *a_, const struct nlsock_msg *m)
{
    struct adopt *a = a_;
    struct kflow_report rep;
    const size_t i = a->batch + (m->seq - a->first_seq);

    if (m->cmd == OVS_FLOW_CMD_DEL && kflow_read_report(m, &rep) && i < a->n &&
        !memcmp(&rep.id, &a->heirs[i].id, sizeof rep.id)) {
        a->heirs[i].stats = rep.stats;
    }
}

static void on_deleted(void *a_, unsigned i, int error)
{
    struct adopt *a = a_;
    const struct dp_handler *h = &a->fs->up->handler;
    const struct heir *e = &a->heirs[a->batch + i];
    const struct dp_flow_stats *base = kflow_inherited(a->fs, &e->id);

    if (error && error != ENOENT) {
        log_warn_rl("%s: a flow of a former process could not be deleted (%s)", a->fs->up->name,
                    strerror(error)); /* The next walk finds it. */
    }
    if (!e->credit) {
        return;
    }
    if (e->stats.packets > base->packets && e->stats.bytes >= base->bytes) {
        struct dp_flow_stats delta = e->stats;
        delta.packets -= base->packets;
        delta.bytes -= base->bytes;
        h->credit(h->aux, e->credit, &delta);
    }
    h->release(h->aux, e->credit);
}

static void delete_all(struct adopt *a, struct nlsock *sock)
{
    for (size_t i = 0; i < a->n;) {
        struct nlsock_batch b;
        struct nlwr w;
        nlsock_batch_begin(sock, &b);
        a->batch = i;
        a->first_seq = b.first_seq;
        while (i < a->n && b.n < BATCH &&
               nlsock_batch_add(&b, NLSOCK_FLOW, OVS_FLOW_CMD_DEL, NLM_F_ECHO, a->fs->dp_ifindex,
                                KFLOW_DEL_ROOM, &w)) {
            kflow_put_del(&a->heirs[i++].id, &w);
            nlsock_batch_end(&b, &w);
        }
        int error = nlsock_batch_run(&b, on_final, on_deleted, a);
        if (error) {
            log_warn_rl("%s: the kernel's answers were lost (%s)", a->fs->up->name,
                        strerror(error));
        }
    }
}

void kflow_adopt(struct kflows *fs, struct nlsock *sock)
{
    struct adopt a = {.fs = fs, .ids = HMAP_INIT};
    struct renamed *r, *next;
    size_t n_paid = 0;

    dump_passes(&a, sock);
    for (size_t i = 0; i < a.n; i++) {
        n_paid += a.heirs[i].credit != NULL;
    }
    delete_all(&a, sock);
    log_info("%s: %zu flows of a former process have given way, %zu of them to the same actions",
             fs->up->name, a.n, n_paid);
    fs->keep_foreign = false; /* What is left goes with the next walk. */
    fs->foreign += a.n;
    kflow_forget_inherited(fs);
    HMAP_FOR_EACH_SAFE(r, next, node, &a.ids) {
        free(r);
    }
    hmap_deinit(&a.ids);
    free(a.heirs);
}
