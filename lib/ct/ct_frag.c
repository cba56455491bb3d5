/* ct_frag.c - see ct_frag.h.
 *
 * A datagram is known by zone, addresses, protocol (IPv4) and identification.  Its parts are a list
 * by offset.  An exact copy of a part is dropped; any other overlap ends the datagram: it stays as
 * 'dead' until its time is up, and what still comes for it is dropped too. */
#include "lib/ct/ct_frag.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/packet/csum.h"
#include "lib/packet/frag.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

struct part {
    struct part *next;
    struct packet *p; /* Ours, on the heap. */
    struct frag_info f;
};

struct frag_key {
    uint8_t addr[32]; /* Source, destination; IPv4: eight bytes. */
    uint32_t id;
    uint16_t zone;
    uint8_t proto, is_ip6;
};
_Static_assert(sizeof(struct frag_key) == 40, "compared and hashed as bytes");

struct ct_datagram {
    struct ct_datagram *next; /* In the bucket. */
    struct cds_list_head age;
    struct frag_key key;
    uint32_t bucket;
    int64_t expires_ms;
    struct part *parts;
    uint32_t n, bytes; /* Of data. */
    uint32_t total;    /* Of data; 0: the last fragment has not come. */
    uint32_t cost;     /* Of frames held. */
    uint16_t largest;
    bool dead;
};

void ct_frags_init(struct ct_frags *fs, uint64_t seed)
{
    fs->seed = seed;
    fs->limits.max_held = CT_FRAG_MAX_HELD;
    CDS_INIT_LIST_HEAD(&fs->ages);
}

/* ---- datagrams, locked ---- */

static void detach(struct ct_frags *fs, struct ct_datagram *d)
{
    struct ct_datagram **p = &fs->buckets[d->bucket];
    while (*p != d) {
        p = &(*p)->next;
    }
    *p = d->next;
    cds_list_del(&d->age);
    fs->n -= d->n + d->dead;
    fs->bytes -= d->cost;
}

static void free_parts(struct ct_datagram *d)
{
    for (struct part *part = d->parts, *next; part; part = next) {
        next = part->next;
        packet_free(part->p);
        free(part);
    }
    d->parts = NULL;
}

static void discard(struct ct_frags *fs, struct ct_datagram *d, enum counter why)
{
    struct ct_frag_count *count = &fs->counts[d->key.is_ip6];
    *(why == COUNTER_drop_frag_timeout ? &count->expired : &count->purged) += d->n;
    counter_add(why, d->n);
    detach(fs, d);
    free_parts(d);
    free(d);
}

/* An overlap: nothing of it is kept but that it was. */
static void kill_datagram(struct ct_frags *fs, struct ct_datagram *d)
{
    counter_add(COUNTER_drop_frag_overlap, d->n);
    fs->counts[d->key.is_ip6].overlapped += d->n + 1; /* And the one that came. */
    fs->n -= d->n;
    fs->n += !d->dead; /* It takes a place all the same. */
    fs->bytes -= d->cost;
    free_parts(d);
    d->n = d->cost = 0;
    d->dead = true;
}

static void expire_locked(struct ct_frags *fs, int64_t now_ms)
{
    while (!cds_list_empty(&fs->ages)) {
        struct ct_datagram *d = container_of_(fs->ages.next, struct ct_datagram, age);
        if (d->expires_ms > now_ms) {
            break;
        }
        discard(fs, d, COUNTER_drop_frag_timeout);
    }
}

void ct_frags_expire(struct ct_frags *fs, int64_t now_ms)
{
    ct_spin_lock(&fs->lock);
    expire_locked(fs, now_ms);
    ct_spin_unlock(&fs->lock);
}

void ct_frags_deinit(struct ct_frags *fs)
{
    ct_frags_expire(fs, INT64_MAX);
}

static struct ct_datagram *find(struct ct_frags *fs, const struct frag_key *key, int64_t now_ms)
{
    uint64_t w[5];
    memcpy(w, key, sizeof w);
    uint32_t bucket = (uint32_t)(hash_words(w, 5, fs->seed) % CT_FRAG_BUCKETS);
    for (struct ct_datagram *d = fs->buckets[bucket]; d; d = d->next) {
        if (!memcmp(&d->key, key, sizeof *key)) {
            return d;
        }
    }
    struct ct_datagram *d = mem_try_zalloc(sizeof *d);
    if (d) {
        d->key = *key;
        d->bucket = bucket;
        d->next = fs->buckets[bucket];
        d->expires_ms = now_ms + CT_FRAG_MAX_MS;
        fs->buckets[bucket] = d;
        cds_list_add_tail(&d->age, &fs->ages);
    }
    return d;
}

/* What the fragment does to the datagram. */
enum effect { ADDED, COMPLETE, AGAIN, OVERLAP };

static enum effect add(struct ct_datagram *d, struct part *part)
{
    const struct frag_info *f = &part->f;
    uint32_t end = f->ofs + f->data_len;
    struct part **at = &d->parts;
    if (d->dead) {
        return OVERLAP;
    }
    while (*at && (*at)->f.ofs < f->ofs) {
        if ((*at)->f.ofs + (*at)->f.data_len > f->ofs) {
            return OVERLAP;
        }
        at = &(*at)->next;
    }
    if (*at && (*at)->f.ofs < end) {
        bool same =
            (*at)->f.ofs == f->ofs && (*at)->f.data_len == f->data_len && (*at)->f.more == f->more;
        return same ? AGAIN : OVERLAP;
    }
    if (d->total ? end > d->total || !f->more : !f->more && *at) {
        return OVERLAP; /* Beyond the end, or another end. */
    }
    if (!f->more) {
        d->total = end;
    }
    part->next = *at;
    *at = part;
    d->n++;
    d->bytes += f->data_len;
    d->cost += part->p->len;
    d->largest = MAX(d->largest, (uint16_t)(f->data_ofs + f->data_len));
    return d->bytes == d->total && d->total ? COMPLETE : ADDED;
}

/* ---- the whole ---- */

static struct packet *join(const struct ct_datagram *d)
{
    const struct part *first = d->parts;
    const struct packet *p = first->p;
    const struct frag_info *f = &first->f;
    uint32_t hdr = p->l3_ofs + f->hdr_len;
    struct packet *whole = packet_clone_meta(p, NULL, hdr + d->total);
    if (!whole) {
        counter_inc(COUNTER_drop_no_buffer);
        return NULL;
    }
    memcpy(whole->data, p->data, hdr);
    whole->len = hdr + d->total;
    for (const struct part *part = first; part; part = part->next) {
        memcpy(whole->data + hdr + part->f.ofs, part->p->data + part->p->l3_ofs + part->f.data_ofs,
               part->f.data_len);
        whole->n_recirc = MAX(whole->n_recirc, part->p->n_recirc);
    }
    uint8_t *l3 = whole->data + p->l3_ofs;
    if (f->is_ip6) {
        l3[f->next_ofs] = f->proto;
        put_be16(l3 + 4, (uint16_t)(f->hdr_len - 40 + d->total));
        whole->frag_id = htonl(f->id);
    } else {
        put_be16(l3 + 2, (uint16_t)(f->hdr_len + d->total));
        put_be16(l3 + 6, get_be16(l3 + 6) & 0x4000);
        put_be16(l3 + 10, 0);
        be16 sum = csum(l3, f->hdr_len);
        memcpy(l3 + 10, &sum, 2);
    }
    whole->frag_max = d->largest;
    whole->csum = CSUM_UNKNOWN;
    struct key key;
    parse_key(whole, &key);
    counter_inc(COUNTER_frag_joined);
    return whole;
}

/* ---- fragments ---- */

static bool well_formed(const struct packet *p, const struct frag_info *f)
{
    const uint8_t *l3 = p->data + p->l3_ofs;
    return f->data_len && (!f->more || f->data_len % 8 == 0) && p->gso_type == GSO_NONE &&
           f->hdr_len - (f->is_ip6 ? 40u : 0u) + f->ofs + f->data_len <= UINT16_MAX &&
           (f->is_ip6 || csum(l3, f->hdr_len) == 0);
}

static struct frag_key key_of(const struct packet *p, const struct frag_info *f, uint16_t zone)
{
    const uint8_t *l3 = p->data + p->l3_ofs;
    struct frag_key key = {.id = f->id, .zone = zone, .is_ip6 = f->is_ip6};
    if (f->is_ip6) {
        memcpy(key.addr, l3 + 8, 32);
    } else {
        memcpy(key.addr, l3 + 12, 8);
        key.proto = f->proto;
    }
    return key;
}

/* Room for one more: the oldest datagrams go first. */
static void make_room(struct ct_frags *fs, const struct ct_datagram *not_this, uint32_t bytes)
{
    const uint32_t max = __atomic_load_n(&fs->limits.max_held, __ATOMIC_RELAXED);
    while (fs->n >= max || fs->bytes + bytes > CT_FRAG_MAX_BYTES) {
        struct cds_list_head *oldest = fs->ages.next;
        if (oldest == &not_this->age) {
            oldest = oldest->next;
        }
        if (oldest == &fs->ages) {
            break;
        }
        discard(fs, container_of_(oldest, struct ct_datagram, age), COUNTER_drop_frag_full);
    }
}

/* True: the datagram is complete, and the caller's. */
static bool hold(struct ct_frags *fs, struct part *part, const struct frag_key *key, int64_t now_ms,
                 struct ct_datagram **out)
{
    ct_spin_lock(&fs->lock);
    expire_locked(fs, now_ms);
    struct ct_datagram *d = find(fs, key, now_ms);
    enum effect effect = AGAIN;
    if (d && d->n < CT_FRAG_MAX_PARTS) {
        make_room(fs, d, part->p->len);
        effect = add(d, part);
    }
    bool added = effect == ADDED || effect == COMPLETE;
    if (added) {
        fs->counts[key->is_ip6].accepted++;
        fs->n++;
        fs->bytes += part->p->len;
    }
    if (effect == COMPLETE) {
        fs->counts[key->is_ip6].completed += d->n;
        detach(fs, d);
    } else if (effect == OVERLAP) {
        kill_datagram(fs, d);
    }
    ct_spin_unlock(&fs->lock);
    if (!added) {
        counter_inc(effect == OVERLAP ? COUNTER_drop_frag_overlap
                    : d               ? COUNTER_drop_frag_again
                                      : COUNTER_drop_no_buffer);
        packet_free(part->p);
        free(part);
    }
    *out = d;
    return effect == COMPLETE;
}

/* Smaller than the least that is set. */
static bool is_small(struct ct_frags *fs, const struct frag_info *f)
{
    uint16_t min = __atomic_load_n(&fs->limits.min_len[f->is_ip6], __ATOMIC_RELAXED);
    if (!f->more || f->data_ofs + f->data_len >= min) {
        return false;
    }
    ct_spin_lock(&fs->lock);
    fs->counts[f->is_ip6].too_small++;
    ct_spin_unlock(&fs->lock);
    return true;
}

struct packet *ct_frag_take(struct ct *ct, struct packet *p, uint16_t zone, int64_t now_ms)
{
    struct frag_info f;
    if (!frag_parse(p, &f) || __atomic_load_n(&ct->frags.limits.off[f.is_ip6], __ATOMIC_RELAXED)) {
        return p;
    }
    const bool ok = well_formed(p, &f);
    if (!ok || is_small(&ct->frags, &f)) {
        counter_inc(ok ? COUNTER_drop_frag_small : COUNTER_drop_frag_bad);
        packet_free(p);
        return NULL;
    }
    struct frag_key key = key_of(p, &f, zone);
    struct part *part = mem_try_alloc(sizeof *part);
    struct packet *copy = packet_clone(p, NULL); /* The worker's buffers are not for waiting. */
    packet_free(p);
    if (!part || !copy) {
        counter_inc(COUNTER_drop_no_buffer);
        free(part);
        packet_free(copy);
        return NULL;
    }
    *part = (struct part){.p = copy, .f = f};
    struct ct_datagram *d;
    if (!hold(&ct->frags, part, &key, now_ms, &d)) {
        return NULL;
    }
    struct packet *whole = join(d);
    free_parts(d);
    free(d);
    return whole;
}

/* ---- for the control thread ---- */

void ct_frag_get_limits(const struct ct *ct, struct ct_frag_limits *limits)
{
    *limits = ct->frags.limits;
}

void ct_frag_set_limits(struct ct *ct, const struct ct_frag_limits *limits)
{
    struct ct_frag_limits *to = &ct->frags.limits;
    for (int i = 0; i < 2; i++) {
        __atomic_store_n(&to->off[i], limits->off[i], __ATOMIC_RELAXED);
        __atomic_store_n(&to->min_len[i], limits->min_len[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&to->max_held, MIN(limits->max_held, CT_FRAG_MAX_HELD), __ATOMIC_RELAXED);
}

void ct_frag_get_stats(struct ct *ct, struct ct_frag_stats *stats)
{
    ct_spin_lock(&ct->frags.lock);
    stats->held = ct->frags.n;
    memcpy(stats->by, ct->frags.counts, sizeof stats->by);
    ct_spin_unlock(&ct->frags.lock);
}
