/* ct.c - see ct.h: a packet's way through the tracker.
 *
 * What is seen on a packet:
 *   new          no entry, or one that no reply has confirmed yet
 *   est (+rpl)   an entry both of whose ends were seen
 *   rel (+rpl)   an ICMP error about an entry
 *   inv          neither: malformed, out of state, unknown error
 * An entry that is found is locked for the few instructions of its update; it may have been removed
 * between lookup and lock, and is then looked up once more. */
#include "lib/ct/ct-private.h"
#include "lib/ct/ct_alg-private.h"
#include "lib/ct/ct_event-private.h"
#include "lib/ct/ct_known-private.h"

#include "lib/counter.h"
#include "lib/hash.h"
#include "lib/packet/ip.h"

void ct_clear(struct packet *p)
{
    p->ct = (struct packet_ct){0};
}

/* ---- what goes onto the packet ---- */

static inline void set_tuple(struct packet_ct *pct, const struct ct_key *k,
                             const struct ct_addr6 *addr6, uint8_t icmp_code)
{
    pct->orig_proto = k->proto;
    pct->orig_is_ip6 = addr6 != NULL;
    if (addr6) {
        memcpy(pct->orig_src, addr6->a[0], 16);
        memcpy(pct->orig_dst, addr6->a[1], 16);
    } else {
        const be32 src[4] = {k->ip4[0]}, dst[4] = {k->ip4[1]};
        memcpy(pct->orig_src, src, 16);
        memcpy(pct->orig_dst, dst, 16);
    }
    bool icmp = k->proto == IPPROTO_HDR_ICMP || k->proto == IPPROTO_HDR_ICMP6;
    pct->orig_tp_src = icmp ? htons(k->icmp_type) : k->port[0];
    pct->orig_tp_dst = icmp ? htons(icmp_code) : k->port[1];
}

/* The rest of it is for whoever says what the packet is: on_no_entry(), set_invalid() or
 * set_from_conn(). */
static inline void begin_packet(struct packet_ct *pct, uint16_t zone)
{
    pct->zone = zone;
    pct->inv_reason = 0;
    pct->conn = (struct ct_ref){0};
}

/* Entry locked. */
static inline void set_mark_label(const struct ct_table *t, struct packet_ct *pct, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    pct->mark = c->mark;
    if (c->flags & CT_F_LABEL) {
        memcpy(pct->label, ct_table_label(t, index), 16);
    } else {
        memset(pct->label, 0, 16);
    }
}

/* Entry locked. */
static inline void set_from_conn(const struct ct_table *t, struct packet_ct *pct, uint32_t index,
                                 uint8_t state)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    pct->state = CS_TRK | state;
    pct->conn = (struct ct_ref){index, c->generation};
    if (UNLIKELY(c->flags & CT_F_RELATED)) {
        const struct ct_alg *a = ct_table_alg(t, index);
        pct->state |= CS_REL;
        set_tuple(pct, &a->master, index & CT_INDEX_IP6 ? &a->master6 : NULL, 0);
    } else {
        set_tuple(pct, &c->key, index & CT_INDEX_IP6 ? ct_table_addr6(t, index) : NULL,
                  c->icmp_code);
    }
    set_mark_label(t, pct, index);
}

static void set_some_mark_label(struct ct_table *t, uint32_t index, const struct ct_args *args,
                                bool label_too)
{
    struct ct_conn *c = ct_table_conn(t, index);
    const bool live = c->flags & CT_F_LIVE;
    const uint32_t before = c->mark;
    c->mark = (args->mark & args->mark_mask) | (c->mark & ~args->mark_mask);
    if (live && UNLIKELY(c->mark != before)) {
        ct_tag_move(t, CT_TAG_MARK, index, ct_tag_of_mark(before), ct_tag_of_mark(c->mark));
    }
    if (!label_too || !ct_table_touch_label(t, index)) {
        return;
    }
    uint8_t *label = ct_table_label(t, index);
    if (!(c->flags & CT_F_LABEL)) {
        memset(label, 0, 16); /* The slot's last owner may have had one. */
        __atomic_store_n(&c->flags, c->flags | CT_F_LABEL, __ATOMIC_RELAXED);
    }
    const uint32_t list = live ? ct_tag_of_label(label) : 0;
    for (int i = 0; i < 16; i++) {
        label[i] =
            (uint8_t)((args->label[i] & args->label_mask[i]) | (label[i] & ~args->label_mask[i]));
    }
    if (live && ct_tag_of_label(label) != list) {
        ct_tag_move(t, CT_TAG_LABEL, index, list, ct_tag_of_label(label));
    }
}

/* Entry locked, or nobody else's yet. */
static inline void write_mark_label(struct ct_table *t, uint32_t index, const struct ct_args *args)
{
    const bool label_too = !is_all_zeros(args->label_mask, sizeof args->label_mask);
    if (args->mark_mask || label_too) {
        set_some_mark_label(t, index, args, label_too);
    }
}

static void set_invalid(struct packet_ct *pct, enum ct_reason reason)
{
    *pct = (struct packet_ct){.state = CS_TRK | CS_INV,
                              .zone = pct->zone,
                              .inv_reason = (uint8_t)reason};
    counter_inc(COUNTER_conntrack_invalid);
    counter_inc(ct_reason_counter(reason));
}

/* ---- entries ---- */

/* Finds and locks; 0: none. */
static inline uint32_t find_locked(struct ct_table *t, const struct ct_lookup *q, int64_t now_ms,
                                   unsigned *dir)
{
    if (q->ahead && LIKELY(ct_table_lock_ahead(t, q, now_ms, dir))) {
        return q->ahead;
    }
    for (int i = 0; i < 2; i++) {
        uint32_t index = ct_table_find(t, q, now_ms, dir);
        if (!index) {
            return 0;
        }
        struct ct_conn *c = ct_table_conn(t, index);
        ct_spin_lock(&c->lock);
        /* A removed slot is not reused before a grace period: alive, it is the one found. */
        if (ct_conn_flags(c) & CT_F_LIVE && !ct_table_expired(c, now_ms)) {
            return index;
        }
        ct_spin_unlock(&c->lock);
    }
    return 0;
}

/* Whether sequence numbers matter is asked only about a segment that failed by them. */
static bool is_liberal(const struct ct *ct, uint16_t zone)
{
    return __atomic_load_n(&ct->tcp_liberal, __ATOMIC_RELAXED) ||
           __atomic_load_n(&ct->table.zones[zone].liberal, __ATOMIC_RELAXED);
}

static inline enum ct_verdict update(struct ct *ct, struct ct_conn *c, unsigned dir,
                                     const struct ct_packet *x, int64_t now_ms,
                                     enum ct_reason *reason)
{
    const struct ct_when when = ct_when(ct, c->key.zone, now_ms);
    if (c->key.proto == IPPROTO_HDR_SCTP) {
        return ct_sctp_update(c, dir, &x->sctp, &when, reason);
    }
    if (c->key.proto != IPPROTO_HDR_TCP) {
        return ct_other_update(c, dir, &when);
    }
    enum ct_verdict v = ct_tcp_update(c, dir, &x->tcp, true, &when, reason);
    return UNLIKELY(v == CT_INVALID) && is_liberal(ct, c->key.zone)
               ? ct_tcp_update(c, dir, &x->tcp, false, &when, reason)
               : v;
}

static inline void reclass(struct ct_table *t, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    enum ct_class class = c->key.proto == IPPROTO_HDR_TCP    ? ct_tcp_class(c)
                          : c->key.proto == IPPROTO_HDR_SCTP ? ct_sctp_class(c)
                          : c->flags & CT_F_SEEN_REPLY       ? CT_CLASS_ESTABLISHED
                                                             : CT_CLASS_UNREPLIED;
    if (UNLIKELY(class != c->class)) {
        ct_slot_set_class(t, index, class);
    }
}

/* The entry of the connection that this packet begins.  False: it may not begin one. */
static bool begin(const struct ct *ct, struct ct_conn *c, const struct ct_packet *x, int64_t now_ms)
{
    const struct ct_when when = ct_when(ct, x->q.key.zone, now_ms);
    if (x->q.key.proto == IPPROTO_HDR_TCP) {
        ct_tcp_new(c, &x->tcp, &when);
    } else if (x->q.key.proto == IPPROTO_HDR_SCTP) {
        return ct_sctp_new(c, &x->sctp, &when);
    } else {
        ct_other_new(c, &when);
    }
    return true;
}

static bool may_begin(const struct ct *ct, const struct ct_packet *x, int64_t now_ms)
{
    if (x->q.is_reply) {
        return false;
    }
    if (UNLIKELY(x->q.key.proto == IPPROTO_HDR_SCTP)) {
        struct ct_conn probe = {.key = x->q.key};
        return begin(ct, &probe, x, now_ms);
    }
    return x->q.key.proto != IPPROTO_HDR_TCP || ct_tcp_begins(&x->tcp);
}

/* Entry locked, or nobody else's yet: how the packet, if it is to be translated here, and not yet
 * was, is to be rewritten. */
static inline void plan_nat(const struct ct_table *t, uint8_t *state, uint32_t index, unsigned dir,
                            const struct ct_args *args, struct ct_nat_plan *plan)
{
    plan->state = 0;
    if (UNLIKELY(ct_table_conn(t, index)->flags & CT_F_NAT) && args->nat &&
        !(*state & (CS_SNAT | CS_DNAT))) {
        ct_nat_plan(t, index, dir, plan);
        *state |= plan->state;
    }
}

static bool pick_nat(struct ct *ct, uint32_t index, const struct ct_packet *x,
                     const struct ct_nat *nat, int64_t now_ms)
{
    uint64_t random = 0;
    if (!nat || !(nat->flags & (CT_NAT_SRC | CT_NAT_DST))) {
        return true;
    }
    if (nat->flags & CT_NAT_RANDOM) {
        uint64_t n = __atomic_fetch_add(&ct->n_random, 1, __ATOMIC_RELAXED);
        random = hash_words(&n, 1, ct->table.seed ^ (uint64_t)now_ms);
    }
    return ct_nat_pick(&ct->table, index, &x->q, nat, random, now_ms);
}

static uint8_t helper_of(uint16_t alg, uint8_t proto)
{
    return alg == 21 && proto == IPPROTO_HDR_TCP   ? CT_HELPER_FTP
           : alg == 69 && proto == IPPROTO_HDR_UDP ? CT_HELPER_TFTP
                                                   : CT_HELPER_NONE;
}

enum done {
    DONE,
    AGAIN, /* The entry is over, or another worker was quicker: look again. */
    DROP,
};

/* Entry locked: the helper reads the packet, once it is translated if it is to be.  False: it must
 * not go on. */
static bool help(struct ct *ct, struct packet *p, uint32_t index, unsigned dir, bool translated,
                 int64_t now_ms)
{
    const struct ct_conn *c = ct_table_conn(&ct->table, index);
    return (c->flags & CT_F_NAT && !translated) || ct_alg_packet(ct, p, index, dir, now_ms);
}

/* As its control connection is, or as the action says. */
static bool translate(struct ct *ct, uint32_t index, const struct ct_packet *x,
                      const struct ct_args *args, const struct ct_relation *r, int64_t now_ms)
{
    if (args->nat && r->yes && memcmp(&r->e.tuple, &r->e.to, sizeof r->e.to)) {
        return ct_nat_set(&ct->table, index, &x->q, &r->e.to, now_ms);
    }
    return pick_nat(ct, index, x, args->nat, now_ms);
}

/* Commits. */
static enum done create(struct ct *ct, struct packet *p, const struct ct_packet *x,
                        const struct ct_args *args, struct ct_relation *r, int64_t now_ms)
{
    struct ct_table *t = &ct->table;
    uint32_t index = ct_slot_alloc(t, &x->q, now_ms);
    if (!index) {
        return DROP; /* Full. */
    }
    struct ct_conn *c = ct_table_conn(t, index);
    begin(ct, c, x, now_ms);
    c->start_ms = now_ms;
    c->admitted_by = args->admitted_by;
    if (x->q.one_way) {
        c->icmp_code = x->icmp_code;
    } else {
        c->helper = helper_of(args->alg, x->q.key.proto);
    }
    ct_conn_count(c, 0, x->l3_len);
    if (UNLIKELY(r->yes || ct_helper_of(c)) && !ct_alg_begin(t, index)) {
        ct_slot_give_back(t, index);
        return DROP;
    }
    if (UNLIKELY(r->yes)) {
        ct_relate_inherit(t, index, r);
    }
    write_mark_label(t, index, args);
    if (!translate(ct, index, x, args, r, now_ms)) {
        ct_slot_give_back(t, index);
        counter_inc(COUNTER_conntrack_nat_exhausted);
        return DROP;
    }
    /* Once it is in the table it is everybody's. */
    const struct ct_ref ref = {index, c->generation};
    const uint32_t mark = c->mark;
    const bool helper = ct_helper_of(c) != CT_HELPER_NONE, labelled = c->flags & CT_F_LABEL;
    uint8_t label[16];
    struct ct_nat_plan plan;
    if (UNLIKELY(labelled)) {
        memcpy(label, ct_table_label(t, index), sizeof label);
    }
    uint8_t state = p->ct.state;
    plan_nat(t, &state, index, 0, args, &plan);
    if (!ct_table_insert(t, index, &x->q, now_ms)) {
        return AGAIN;
    }
    p->ct.state = state;
    p->ct.conn = ref;
    p->ct.mark = mark;
    if (UNLIKELY(labelled)) {
        memcpy(p->ct.label, label, sizeof label);
    }
    if (plan.state) {
        ct_nat_apply(p, &plan);
    }
    if (UNLIKELY(r->yes)) {
        ct_expect_find(ct->expects, &x->q, true, now_ms, &r->e);
    }
    bool ok = true;
    if (UNLIKELY(helper) && ct_table_lock_live(c, ref.generation, now_ms)) {
        ok = help(ct, p, index, 0, plan.state, now_ms);
        ct_spin_unlock(&c->lock);
    }
    return ok ? DONE : DROP;
}

static enum done on_no_entry(struct ct *ct, struct packet *p, const struct ct_packet *x,
                             const struct ct_args *args, int64_t now_ms)
{
    if (!may_begin(ct, x, now_ms)) {
        set_invalid(&p->ct, x->q.is_reply                       ? CT_INV_icmp_reply
                            : x->q.key.proto == IPPROTO_HDR_TCP ? CT_INV_tcp_synack
                                                                : CT_INV_sctp_new);
        return DONE;
    }
    p->ct.state = CS_TRK | CS_NEW;
    p->ct.mark = 0;
    memset(p->ct.label, 0, sizeof p->ct.label);
    set_tuple(&p->ct, &x->q.key, x->q.is_ip6 ? &x->q.addr6 : NULL, x->icmp_code);
    struct ct_relation r;
    r.yes = false;
    if (UNLIKELY(ct_expect_any(ct->expects))) {
        ct_relate(ct, &x->q, now_ms, &r);
    }
    if (UNLIKELY(r.yes)) {
        p->ct.state |= CS_REL;
        p->ct.mark = r.mark;
        set_tuple(&p->ct, &r.key, x->q.is_ip6 ? &r.addr6 : NULL, 0);
        if (r.has_label) {
            memcpy(p->ct.label, r.label, 16);
        }
    }
    return args->commit ? create(ct, p, x, args, &r, now_ms) : DONE;
}

/* Entry locked; unlocks it. */
static enum done on_entry(struct ct *ct, struct packet *p, const struct ct_packet *x,
                          uint32_t index, unsigned dir, const struct ct_args *args, int64_t now_ms)
{
    struct ct_table *t = &ct->table;
    struct ct_conn *c = ct_table_conn(t, index);
    uint32_t generation = c->generation;
    enum ct_reason reason = CT_INV_NONE;
    struct ct_packet shifted;
    const bool watched = ct_event_wanted(t, CT_EVENT_UPDATE);
    const uint64_t before = watched ? ct_event_look(t, index) : 0;
    if (UNLIKELY(c->helper == CT_HELPER_FTP) && x->q.key.proto == IPPROTO_HDR_TCP) {
        shifted = *x; /* What its stream was made longer by is not its own. */
        shifted.tcp.ack = ct_alg_ack(t, index, dir, x->tcp.ack);
        x = &shifted;
    }
    enum ct_verdict v =
        args->commit && args->force && dir ? CT_ANEW : update(ct, c, dir, x, now_ms, &reason);

    if (UNLIKELY(v == CT_ANEW)) {
        ct_spin_unlock(&c->lock);
        ct_table_remove(t, index, generation, CT_ANY_CLASS, CT_ANY_TIME);
        return AGAIN;
    }
    if (UNLIKELY(v == CT_INVALID)) {
        ct_spin_unlock(&c->lock);
        set_invalid(&p->ct, reason);
        return DONE;
    }
    ct_conn_count(c, dir, x->l3_len);
    uint8_t state = CS_NEW;
    if (v == CT_VALID) {
        if (dir && !(c->flags & CT_F_SEEN_REPLY)) {
            __atomic_store_n(&c->flags, c->flags | CT_F_SEEN_REPLY, __ATOMIC_RELAXED);
        }
        state = !(c->flags & CT_F_SEEN_REPLY) ? CS_NEW : dir ? CS_EST | CS_RPL : CS_EST;
    }
    reclass(t, index);
    if (args->commit) {
        write_mark_label(t, index, args);
    }
    if (UNLIKELY(watched) && ct_event_look(t, index) != before) {
        ct_event(t, index, CT_EVENT_UPDATE, now_ms);
    }
    struct ct_nat_plan plan;
    set_from_conn(t, &p->ct, index, state);
    plan_nat(t, &p->ct.state, index, dir, args, &plan);
    bool ok = true;
    if (UNLIKELY(c->helper) && !x->q.one_way) {
        if (plan.state) {
            ct_nat_apply(p, &plan);
        }
        ok = help(ct, p, index, dir, plan.state, now_ms);
        plan.state = 0;
    }
    ct_spin_unlock(&c->lock);
    if (UNLIKELY(plan.state)) {
        ct_nat_apply(p, &plan);
    }
    return ok ? DONE : DROP;
}

static void on_error(struct ct *ct, struct packet *p, const struct ct_packet *x,
                     const struct ct_args *args, int64_t now_ms)
{
    struct ct_table *t = &ct->table;
    unsigned dir;
    uint32_t index = find_locked(t, &x->q, now_ms, &dir);
    if (!index) {
        set_invalid(&p->ct, CT_INV_icmp_unknown);
        return;
    }
    if (args->commit) {
        write_mark_label(t, index, args);
    }
    struct ct_nat_plan plan;
    set_from_conn(t, &p->ct, index, dir ? CS_REL | CS_RPL : CS_REL);
    plan_nat(t, &p->ct.state, index, dir, args, &plan);
    ct_spin_unlock(&ct_table_conn(t, index)->lock);
    if (plan.state) {
        ct_nat_apply_error(p, &plan);
    }
    counter_inc(COUNTER_conntrack_related);
}

/* A second ct in the zone of the first: what the first said stands; only commit has effects.
 * AGAIN: it must be looked up all the same. */
static enum done again(struct ct *ct, struct packet *p, const struct ct_args *args, int64_t now_ms)
{
    struct packet_ct *pct = &p->ct;
    if (pct->state & CS_INV) {
        return DONE;
    }
    if (!pct->conn.generation) { /* Only what is committed is translated. */
        return args->commit ? AGAIN : DONE;
    }
    if (args->commit && args->force && pct->state & CS_RPL) {
        return AGAIN;
    }
    struct ct_conn *c = ct_table_conn(&ct->table, pct->conn.index);
    if (!ct_table_lock_live(c, pct->conn.generation, now_ms)) {
        return AGAIN;
    }
    if (args->commit) {
        const bool watched = ct_event_wanted(&ct->table, CT_EVENT_UPDATE);
        const uint64_t before = watched ? ct_event_look(&ct->table, pct->conn.index) : 0;
        write_mark_label(&ct->table, pct->conn.index, args);
        if (UNLIKELY(watched) && ct_event_look(&ct->table, pct->conn.index) != before) {
            ct_event(&ct->table, pct->conn.index, CT_EVENT_UPDATE, now_ms);
        }
    }
    struct ct_nat_plan plan;
    set_mark_label(&ct->table, pct, pct->conn.index);
    plan_nat(&ct->table, &pct->state, pct->conn.index, !!(pct->state & CS_RPL), args, &plan);
    bool ok = true, error = !(pct->state & (CS_NEW | CS_EST));
    if (plan.state && !error) {
        ct_nat_apply(p, &plan);
        if (ct_helper_of(c)) {
            ok = help(ct, p, pct->conn.index, !!(pct->state & CS_RPL), true, now_ms);
        }
    }
    ct_spin_unlock(&c->lock);
    if (plan.state && error) {
        ct_nat_apply_error(p, &plan);
    }
    return ok ? DONE : DROP;
}

/* All but ct_known(). */
static enum ct_fate track_long(struct ct *ct, struct packet *p, enum ct_kind kind,
                               const struct ct_packet *x, uint32_t index, unsigned dir,
                               const struct ct_args *args, int64_t now_ms)
{
    begin_packet(&p->ct, args->zone);
    if (UNLIKELY(kind == CT_KIND_INVALID)) {
        set_invalid(&p->ct, x->reason);
        return CT_GOES_ON;
    }
    if (UNLIKELY(kind == CT_KIND_ERROR)) {
        on_error(ct, p, x, args, now_ms);
        return CT_GOES_ON;
    }
    for (int i = 0; i < 3; i++) { /* Once more if another worker was quicker. */
        if (i) {
            index = find_locked(&ct->table, &x->q, now_ms, &dir);
        }
        enum done done = index ? on_entry(ct, p, x, index, dir, args, now_ms) : AGAIN;
        if (done == AGAIN) {
            done = on_no_entry(ct, p, x, args, now_ms);
        }
        if (done != AGAIN) {
            return done == DROP ? CT_DROPPED : CT_GOES_ON;
        }
    }
    /* Removed and committed by others all the time, or its answers would be another connection's:
     * it stays new, uncommitted. */
    return CT_GOES_ON;
}

static ALWAYS_INLINE enum ct_fate track(struct ct *ct, struct packet *p, enum ct_kind kind,
                                        const struct ct_packet *x, const struct ct_args *args,
                                        int64_t now_ms)
{
    uint32_t index = 0;
    unsigned dir = 0;
    if (LIKELY(kind == CT_KIND_PACKET) && !ct_table_still_absent(&ct->table, &x->q)) {
        index = find_locked(&ct->table, &x->q, now_ms, &dir);
        if (index && LIKELY(ct_known(ct, &p->ct, x, index, dir, args->commit, now_ms))) {
            return CT_GOES_ON;
        }
    }
    return track_long(ct, p, kind, x, index, dir, args, now_ms);
}

/* Sets *fate if this was all. */
static bool was_again(struct ct *ct, struct packet *p, const struct ct_args *args, int64_t now_ms,
                      enum ct_fate *fate)
{
    if (!(p->ct.state & CS_TRK) || p->ct.zone != args->zone) {
        return false;
    }
    enum done done = again(ct, p, args, now_ms);
    *fate = done == DROP ? CT_DROPPED : CT_GOES_ON;
    return done != AGAIN;
}

enum ct_fate ct_execute(struct ct *ct, struct packet *p, const struct ct_args *args, int64_t now_ms)
{
    enum ct_fate fate;
    if (was_again(ct, p, args, now_ms, &fate)) {
        return fate;
    }
    struct ct_packet x;
    enum ct_kind kind = ct_extract(p, args->zone, &x);
    if (kind != CT_KIND_INVALID) {
        ct_table_prepare(&ct->table, &x.q);
    }
    return track(ct, p, kind, &x, args, now_ms);
}

enum ct_fate ct_execute_extracted(struct ct *ct, struct packet *p, enum ct_kind kind,
                                  const struct ct_packet *x, const struct ct_args *args,
                                  int64_t now_ms)
{
    enum ct_fate fate;
    return was_again(ct, p, args, now_ms, &fate) ? fate : track(ct, p, kind, x, args, now_ms);
}
