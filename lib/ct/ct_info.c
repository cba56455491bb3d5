/* ct_info.c - what can be seen of the table, and taken out of it: ct_dump() and ct_flush() of ct.h.
 *
 * Control thread.  A walk goes by slot numbers, so it may be interrupted; what is committed behind
 * its position is not seen. */
#include <limits.h>

#include "lib/ct/ct-private.h"

#include "lib/ct/ct_nat-private.h"
#include "lib/packet/ip.h"

static void set_end(uint8_t addr[16], const uint8_t *from, size_t n)
{
    memset(addr, 0, 16);
    memcpy(addr, from, n);
}

/* Entry locked. */
static void fill_tuples(const struct ct_table *t, uint32_t index, struct ct_info *info)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    struct ct_tuple *o = &info->orig, *r = &info->reply;
    o->is_ip6 = index & CT_INDEX_IP6;
    o->proto = c->key.proto;
    if (o->is_ip6) {
        const struct ct_addr6 *a = ct_table_addr6(t, index);
        memcpy(o->src, a->a[0], 16);
        memcpy(o->dst, a->a[1], 16);
    } else {
        set_end(o->src, (const uint8_t *)&c->key.ip4[0], 4);
        set_end(o->dst, (const uint8_t *)&c->key.ip4[1], 4);
    }
    o->src_port = c->key.port[0];
    o->dst_port = c->key.port[1];
    struct ct_ends reply;
    ct_nat_ends(t, index, 1, &reply);
    *r = *o;
    memcpy(r->src, reply.addr[0], 16);
    memcpy(r->dst, reply.addr[1], 16);
    r->src_port = reply.port[0];
    r->dst_port = reply.port[1];
    if (o->proto == IPPROTO_HDR_ICMP || o->proto == IPPROTO_HDR_ICMP6) {
        o->icmp_type = c->key.icmp_type;
        r->icmp_type = ct_extract_reply_type(o->is_ip6, o->icmp_type);
        o->icmp_code = r->icmp_code = c->icmp_code;
    }
}

static uint8_t tcp_flags(const struct ct_peer *p)
{
    return (p->wscale & CT_WSCALE_SEEN ? CT_TCP_F_WINDOW_SCALE : 0) |
           (p->wscale & CT_WSCALE_UNKNOWN ? CT_TCP_F_BE_LIBERAL : 0);
}

void ct_info_fill(const struct ct_table *t, uint32_t index, struct ct_info *info, int64_t now_ms)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    *info = (struct ct_info){
        .zone = c->key.zone,
        .mark = c->mark,
        .packets = {c->packets[0], c->packets[1]},
        .bytes = {c->bytes[0], c->bytes[1]},
        .start_ms = c->start_ms,
        .timeout_ms = c->expires_ms - now_ms,
        .seen_reply = c->flags & CT_F_SEEN_REPLY,
        .alg = ct_helper_alg(c),
    };
    fill_tuples(t, index, info);
    if (c->flags & CT_F_RELATED) {
        const struct ct_alg *a = ct_table_alg(t, index);
        struct ct_tuple *o = &info->parent;
        info->has_parent = true;
        o->is_ip6 = index & CT_INDEX_IP6;
        o->proto = a->master.proto;
        for (int i = 0; i < 2; i++) {
            uint8_t *addr = i ? o->dst : o->src;
            if (o->is_ip6) {
                memcpy(addr, a->master6.a[i], 16);
            } else {
                set_end(addr, (const uint8_t *)&a->master.ip4[i], 4);
            }
        }
        o->src_port = a->master.port[0];
        o->dst_port = a->master.port[1];
    }
    if (c->flags & CT_F_LABEL) {
        memcpy(info->label, ct_table_label(t, index), 16);
    }
    if (c->key.proto == IPPROTO_HDR_TCP) {
        for (int i = 0; i < 2; i++) {
            info->tcp_state[i] = c->peer[i].state;
            info->tcp_wscale[i] = c->peer[i].wscale & CT_WSCALE_MASK;
            info->tcp_flags[i] = tcp_flags(&c->peer[i]);
        }
    } else if (c->key.proto == IPPROTO_HDR_SCTP) {
        info->has_sctp = true;
        info->sctp_state = c->peer[0].state;
        info->sctp_vtag[0] = c->peer[0].seq_lo;
        info->sctp_vtag[1] = c->peer[1].seq_lo;
    }
}

static bool tuple_matches(const struct ct_tuple_filter *f, const struct ct_tuple *t)
{
    const struct ct_tuple *w = &f->tuple;
    if (f->has & (CT_TF_SRC | CT_TF_DST) && w->is_ip6 != t->is_ip6) {
        return false;
    }
    return (!(f->has & CT_TF_SRC) || !memcmp(w->src, t->src, 16)) &&
           (!(f->has & CT_TF_DST) || !memcmp(w->dst, t->dst, 16)) &&
           (!(f->has & CT_TF_PROTO) || w->proto == t->proto) &&
           (!(f->has & CT_TF_SRC_PORT) || w->src_port == t->src_port) &&
           (!(f->has & CT_TF_DST_PORT) || w->dst_port == t->dst_port) &&
           (!(f->has & CT_TF_ICMP_TYPE) || w->icmp_type == t->icmp_type) &&
           (!(f->has & CT_TF_ICMP_CODE) || w->icmp_code == t->icmp_code) &&
           (!(f->has & CT_TF_ICMP_ID) || w->src_port == t->src_port);
}

bool ct_filter_matches(const struct ct_filter *f, const struct ct_info *info)
{
    if ((f->has_zone && f->zone != info->zone) || (info->mark ^ f->mark) & f->mark_mask) {
        return false;
    }
    for (int i = 0; i < 16; i++) {
        if ((info->label[i] ^ f->label[i]) & f->label_mask[i]) {
            return false;
        }
    }
    if (f->has_proto && f->proto != info->orig.proto) {
        return false;
    }
    if (f->state && strcmp(f->state, ct_info_state(info)) &&
        strcmp(f->state, ct_info_replied(info) ? "REPLIED" : "UNREPLIED")) {
        return false;
    }
    return tuple_matches(&f->orig, &info->orig) && tuple_matches(&f->reply, &info->reply);
}

/* A copy of the entry in a slot, if there is a live one that the filter picks; its generation, or
 * 0. */
static uint32_t look(const struct ct_table *t, uint32_t index, const struct ct_filter *f,
                     struct ct_info *info, int64_t now_ms)
{
    struct ct_conn *c = ct_table_conn(t, index);
    if (!(__atomic_load_n(&c->flags, __ATOMIC_RELAXED) & CT_F_LIVE) ||
        ct_table_expired(c, now_ms)) {
        return 0;
    }
    ct_spin_lock(&c->lock);
    uint32_t generation = 0;
    /* A twin comes and goes without its lock. */
    const uint8_t flags = ct_conn_flags(c);
    if (flags & CT_F_LIVE && !(flags & CT_F_TWIN) && (!f->has_zone || f->zone == c->key.zone)) {
        generation = c->generation;
        ct_info_fill(t, index, info, now_ms);
    }
    ct_spin_unlock(&c->lock);
    return generation && ct_filter_matches(f, info) ? generation : 0;
}

bool ct_dump_some(struct ct *ct, const struct ct_filter *f, uint32_t *pos, unsigned budget,
                  struct ct_info *infos, unsigned *n, int64_t now_ms)
{
    unsigned room = *n;

    for (*n = 0; *n < room && budget; budget--) {
        uint32_t next = ct_table_next(&ct->table, *pos);
        if (!next) {
            return false; /* The position stays, so that the next call finds nothing. */
        }
        *n += look(&ct->table, next, f, &infos[*n], now_ms) != 0;
        *pos = next;
    }
    return true;
}

unsigned ct_dump(struct ct *ct, const struct ct_filter *f, uint32_t *pos, struct ct_info *infos,
                 unsigned n, int64_t now_ms)
{
    ct_dump_some(ct, f, pos, UINT_MAX, infos, &n, now_ms);
    return n;
}

/* Then one lookup does instead of a walk. */
bool ct_filter_is_exact(const struct ct_filter *f)
{
    const struct ct_tuple *t = &f->orig.tuple;
    uint8_t need = CT_TF_SRC | CT_TF_DST | CT_TF_PROTO;
    if (t->proto == IPPROTO_HDR_ICMP || t->proto == IPPROTO_HDR_ICMP6) {
        need |= CT_TF_ICMP_TYPE | CT_TF_ICMP_CODE | CT_TF_ICMP_ID;
    } else {
        need |= CT_TF_SRC_PORT | CT_TF_DST_PORT;
    }
    return (f->orig.has & need) == need && !f->reply.has && !f->mark_mask && !f->has_proto &&
           !f->state && is_all_zeros(f->label_mask, 16);
}

static unsigned flush_exact(struct ct_table *t, const struct ct_filter *f, int64_t now_ms)
{
    const struct ct_tuple *tuple = &f->orig.tuple;
    struct ct_lookup q = {.is_ip6 = tuple->is_ip6};
    q.key.zone = f->has_zone ? f->zone : 0;
    q.key.proto = tuple->proto;
    q.key.port[0] = tuple->src_port;
    q.key.port[1] = tuple->dst_port;
    if (tuple->is_ip6) {
        memcpy(q.addr6.a[0], tuple->src, 16);
        memcpy(q.addr6.a[1], tuple->dst, 16);
    } else {
        memcpy(&q.key.ip4[0], tuple->src, 4);
        memcpy(&q.key.ip4[1], tuple->dst, 4);
    }
    if (tuple->proto == IPPROTO_HDR_ICMP || tuple->proto == IPPROTO_HDR_ICMP6) {
        q.one_way = true;
        q.key.icmp_type = tuple->icmp_type;
        q.key.port[1] = q.key.port[0];
    }
    ct_table_prepare(t, &q);
    unsigned dir;
    uint32_t index = ct_table_find(t, &q, now_ms, &dir);
    uint32_t generation =
        index ? __atomic_load_n(&ct_table_conn(t, index)->generation, __ATOMIC_ACQUIRE) : 0;
    return index && ct_table_remove(t, index, generation, CT_ANY_CLASS, CT_ANY_TIME);
}

/* Takes out the entry in this slot if the filter picks it. */
static bool flush_slot(struct ct_table *t, uint32_t index, const struct ct_filter *f,
                       int64_t now_ms)
{
    struct ct_info info;
    uint32_t generation = look(t, index, f, &info, now_ms);
    return generation && ct_table_remove(t, index, generation, CT_ANY_CLASS, CT_ANY_TIME);
}

/* Looks at no other zone's. */
static unsigned flush_zone(struct ct_table *t, const struct ct_filter *f, int64_t now_ms)
{
    unsigned n = 0;
    for (uint32_t left = ct_zone_size(t, f->zone), generation; left > 0; left--) {
        uint32_t index = ct_zone_turn(t, f->zone, &generation);
        if (!index) {
            break;
        }
        n += flush_slot(t, index, f, now_ms);
    }
    return n;
}

static unsigned flush_tag(struct ct_table *t, enum ct_tag tag, uint32_t list,
                          const struct ct_filter *f, int64_t now_ms)
{
    unsigned n = 0;
    for (uint32_t left = ct_tag_size(t, tag, list), generation; left > 0; left--) {
        uint32_t index = ct_tag_turn(t, tag, list, &generation);
        if (!index) {
            break;
        }
        n += flush_slot(t, index, f, now_ms);
    }
    return n;
}

/* All lists that connections of this mark and label may be in: which tag and, if it is one list,
 * which (0: all).  False: those without any may be meant. */
static bool lists_of(const struct ct_filter *f, enum ct_tag *tag, uint32_t *list)
{
    uint8_t label[16];
    bool whole = true;
    for (int i = 0; i < 16; i++) {
        label[i] = f->label[i] & f->label_mask[i];
        whole &= f->label_mask[i] == 0xff;
    }
    if (f->mark & f->mark_mask) {
        *tag = CT_TAG_MARK;
        *list = f->mark_mask == UINT32_MAX ? ct_tag_of_mark(f->mark) : 0;
        return true;
    }
    *tag = CT_TAG_LABEL;
    *list = whole ? ct_tag_of_label(label) : 0;
    return !is_all_zeros(label, 16);
}

static bool flush_tags(struct ct_table *t, const struct ct_filter *f, int64_t now_ms, unsigned *n)
{
    enum ct_tag tag;
    uint32_t list;
    if (__atomic_load_n(&t->tags.partial, __ATOMIC_ACQUIRE) || !lists_of(f, &tag, &list) ||
        (f->has_zone && (!list || ct_tag_size(t, tag, list) > ct_zone_size(t, f->zone)))) {
        return false;
    }
    *n = 0;
    for (uint32_t l = list ? list : 1; l <= (list ? list : CT_TAG_LISTS); l++) {
        *n += flush_tag(t, tag, l, f, now_ms);
    }
    return true;
}

unsigned ct_flush(struct ct *ct, const struct ct_filter *f, int64_t now_ms)
{
    struct ct_table *t = &ct->table;
    unsigned n = 0;
    if (ct_filter_is_exact(f)) {
        return flush_exact(t, f, now_ms);
    }
    if (flush_tags(t, f, now_ms, &n)) {
        return n;
    }
    if (f->has_zone) {
        return flush_zone(t, f, now_ms);
    }
    for (uint32_t pos = 0; (pos = ct_table_next(t, pos)) != 0;) {
        n += flush_slot(t, pos, f, now_ms);
    }
    return n;
}
