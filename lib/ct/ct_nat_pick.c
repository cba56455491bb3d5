/* ct_nat_pick.c - see ct_nat-private.h: a reply tuple for a connection that is to be translated.
 *
 * An address of the range is taken by a hash, so that connections spread over it, then a port so
 * that no other connection has the tuple.  A source port that need not change does not; one that
 * must stays in its class (RFC 6056 section 3.4: privileged ports say something).  What is tried is
 * bounded, however large the ranges are. */
#include "lib/ct/ct_nat-private.h"

#include "lib/hash.h"
#include "lib/packet/ip.h"

#define ADDRESSES_MAX 4u   /* Of the range that are tried. */
#define PORTS_FIRST   128u /* In a row; then from elsewhere half as many, down to PORTS_LAST. */
#define PORTS_LAST    16u

struct range {
    uint16_t min, max;
};

struct pick {
    struct ct_table *table;
    uint32_t index;
    const struct ct_lookup *q;
    const struct ct_nat *nat;
    int64_t now_ms;
    uint64_t hash;  /* Where to begin among addresses. */
    uint64_t start; /* And among ports. */
    bool is_icmp, has_ports;
    struct ct_ends orig;
};

static void lookup_of(const struct pick *p, const struct ct_ends *fwd, struct ct_lookup *q)
{
    *q = (struct ct_lookup){
        .is_ip6 = fwd->is_ip6, .one_way = p->is_icmp, .is_reply = p->is_icmp, .key = p->q->key};
    for (int i = 0; i < 2; i++) {
        int from = p->is_icmp ? i : !i;
        if (fwd->is_ip6) {
            memcpy(q->addr6.a[i], fwd->addr[from], 16);
        } else {
            memcpy(&q->key.ip4[i], fwd->addr[from], 4);
        }
        q->key.port[i] = fwd->port[from];
    }
    ct_table_prepare(p->table, q);
}

/* Takes the tuple if it is free. */
static bool try(const struct pick *p, const struct ct_ends *fwd)
{
    if (!memcmp(fwd, &p->orig, sizeof *fwd)) {
        return !ct_table_taken(p->table, p->q, 0, p->now_ms);
    }
    struct ct_lookup q;
    lookup_of(p, fwd, &q);
    return ct_twin_insert(p->table, p->index, &q, p->now_ms);
}

static void set_port(const struct pick *p, struct ct_ends *fwd, int end, uint16_t port)
{
    fwd->port[end] = htons(port);
    if (p->is_icmp) {
        fwd->port[!end] = fwd->port[end];
    }
}

/* Tries ports of a range for one end. */
static bool try_range(const struct pick *p, struct ct_ends *fwd, int end, struct range r)
{
    uint32_t size = (uint32_t)r.max - r.min + 1;
    uint64_t at = p->start;
    for (uint32_t n = MIN(size, PORTS_FIRST);; n /= 2) {
        for (uint32_t i = 0; i < n; i++) {
            set_port(p, fwd, end, (uint16_t)(r.min + (at + i) % size));
            if (try(p, fwd)) {
                return true;
            }
        }
        if (n >= size || n <= PORTS_LAST) {
            return false;
        }
        at = hash_u64(at, p->hash);
    }
}

static struct range class_of(const struct pick *p, uint16_t port)
{
    return p->is_icmp    ? (struct range){0, 65535}
           : port < 512  ? (struct range){1, 511}
           : port < 1024 ? (struct range){600, 1023}
                         : (struct range){1024, 65535};
}

/* Source port: as it is, unless told otherwise, or another. */
static bool pick_source(const struct pick *p, struct ct_ends *fwd, bool ranged)
{
    uint16_t port = ntohs(p->orig.port[0]);
    struct range r =
        ranged ? (struct range){p->nat->port_min, p->nat->port_max} : class_of(p, port);
    bool anew = p->nat->flags & CT_NAT_RANDOM || (ranged && p->nat->flags & CT_NAT_HASH);
    fwd->port[0] = p->orig.port[0];
    if (!anew && port >= r.min && port <= r.max && try(p, fwd)) {
        return true;
    }
    return try_range(p, fwd, 0, r);
}

static bool pick_port(const struct pick *p, struct ct_ends *fwd)
{
    const struct ct_nat *nat = p->nat;
    if (!p->has_ports) {
        return try(p, fwd);
    }
    bool ranged = nat->port_min;
    if (nat->flags & CT_NAT_SRC) {
        return pick_source(p, fwd, ranged);
    }
    if (ranged && !p->is_icmp) {
        if (try_range(p, fwd, 1, (struct range){nat->port_min, nat->port_max})) {
            return true;
        }
        set_port(p, fwd, 1,
                 (uint16_t)(nat->port_min + p->start % (nat->port_max - nat->port_min + 1u)));
    } else if (try(p, fwd)) {
        return true;
    }
    return pick_source(p, fwd, false); /* Another connection of this source goes there already. */
}

/* ---- addresses as numbers ---- */

static __uint128_t number(const uint8_t *a, bool is_ip6)
{
    return is_ip6 ? (__uint128_t)get_be64(a) << 64 | get_be64(a + 8) : get_be32(a);
}

static void set_address(struct ct_ends *fwd, int end, __uint128_t n)
{
    if (fwd->is_ip6) {
        put_be64(fwd->addr[end], (uint64_t)(n >> 64));
        put_be64(fwd->addr[end] + 8, (uint64_t)n);
    } else {
        put_be32(fwd->addr[end], (uint32_t)n);
    }
}

static bool pick_address(const struct pick *p)
{
    const struct ct_nat *nat = p->nat;
    struct ct_ends fwd = p->orig;
    if (!nat->has_addr) {
        return pick_port(p, &fwd);
    }
    int end = nat->flags & CT_NAT_SRC ? 0 : 1;
    __uint128_t min = number(nat->addr_min, nat->is_ip6), max = number(nat->addr_max, nat->is_ip6);
    __uint128_t size = max - min + 1; /* 0: all of them. */
    __uint128_t at = (__uint128_t)hash_mix(p->hash, 1) << 64 | p->hash;
    for (unsigned i = 0; i < ADDRESSES_MAX && (i < size || !size); i++) {
        fwd = p->orig;
        set_address(&fwd, end, size ? min + (at + i) % size : at + i);
        if (pick_port(p, &fwd)) {
            return true;
        }
    }
    return false;
}

static bool proto_has_ports(uint8_t proto)
{
    return proto == IPPROTO_HDR_TCP || proto == IPPROTO_HDR_UDP || proto == IPPROTO_HDR_SCTP ||
           proto == IPPROTO_HDR_UDPLITE || proto == IPPROTO_HDR_DCCP;
}

static struct pick new_pick(struct ct_table *t, uint32_t index, const struct ct_lookup *q,
                            int64_t now_ms)
{
    struct pick p = {.table = t, .index = index, .q = q, .now_ms = now_ms, .is_icmp = q->one_way};
    ct_nat_ends(t, index, 0, &p.orig);
    p.has_ports = p.is_icmp || (proto_has_ports(p.orig.proto) && p.orig.port[0]);
    return p;
}

bool ct_nat_set(struct ct_table *t, uint32_t index, const struct ct_lookup *q,
                const struct ct_ends *to, int64_t now_ms)
{
    struct pick p = new_pick(t, index, q, now_ms);
    struct ct_ends fwd = *to;
    fwd.port[0] = p.orig.port[0];
    p.start = ntohs(fwd.port[0]);
    return try(&p, &fwd) || try_range(&p, &fwd, 0, class_of(&p, ntohs(fwd.port[0])));
}

bool ct_nat_pick(struct ct_table *t, uint32_t index, const struct ct_lookup *q,
                 const struct ct_nat *nat, uint64_t random, int64_t now_ms)
{
    struct pick p = new_pick(t, index, q, now_ms);
    uint64_t seed = t->seed, w[3];

    p.nat = nat;
    if (nat->has_addr && nat->is_ip6 != p.orig.is_ip6) {
        return false;
    }
    memcpy(w, p.orig.addr[0], 16);
    uint64_t src = hash_words(w, 2, nat->flags & CT_NAT_PERSISTENT ? 0 : seed);
    memcpy(w, p.orig.addr[1], 16);
    w[2] = (uint64_t)p.orig.port[0] << 16 | p.orig.port[1];
    uint64_t tuple = hash_words(w, 3, src ^ seed);
    p.hash = nat->flags & CT_NAT_PERSISTENT ? src : tuple;
    p.start = nat->flags & CT_NAT_RANDOM ? random : tuple >> 16;
    return pick_address(&p);
}
