/* frag.c - see frag.h. */
#include "lib/packet/frag.h"

#include "lib/counter.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"

#define FRAG_HEADER 8u /* Of IPv6. */
#define MAX_EXTHDRS 16

/* The unfragmentable part: up to the fragment header if there is one, else up to where one would
 * stand: behind hop-by-hop options and routing, and options ahead of routing.  False: malformed. */
static bool walk6(const uint8_t *l3, uint32_t end, bool *found, struct frag_info *f)
{
    uint8_t next = l3[6];
    uint32_t ofs = 40;
    uint16_t next_ofs = 6;
    f->hdr_len = 40;
    f->next_ofs = 6;
    *found = false;
    for (unsigned n = 0; n < MAX_EXTHDRS; n++) {
        if (next == 44) {
            *found = true;
            f->hdr_len = (uint16_t)ofs;
            f->next_ofs = next_ofs;
            return end - ofs >= FRAG_HEADER;
        }
        if (next != 0 && next != 43 && next != 60) {
            return true;
        }
        if (end - ofs < 8 || (l3[ofs + 1] + 1u) * 8 > end - ofs) {
            return false;
        }
        bool counts = next != 60; /* Destination options only if routing follows. */
        next_ofs = (uint16_t)ofs;
        next = l3[ofs];
        ofs += (l3[ofs + 1] + 1u) * 8;
        if (counts) {
            f->hdr_len = (uint16_t)ofs;
            f->next_ofs = next_ofs;
        }
    }
    return false;
}

static bool parse6(const uint8_t *l3, uint32_t avail, struct frag_info *f)
{
    uint32_t end = 40u + get_be16(l3 + 4);
    bool found;
    if (end > avail || !walk6(l3, end, &found, f) || !found) {
        return false;
    }
    const uint8_t *h = l3 + f->hdr_len;
    uint16_t frag = get_be16(h + 2);
    f->proto = h[0];
    f->ofs = frag & 0xfff8;
    f->more = frag & 1;
    f->id = get_be32(h + 4);
    f->data_ofs = (uint16_t)(f->hdr_len + FRAG_HEADER);
    f->data_len = end - f->data_ofs;
    return f->ofs || f->more; /* Else it is whole (RFC 6946). */
}

static bool parse4(const uint8_t *l3, uint32_t avail, struct frag_info *f)
{
    uint32_t ihl = (l3[0] & 0xf) * 4u, total = get_be16(l3 + 2);
    uint16_t frag = get_be16(l3 + 6);
    if (ihl < 20 || total < ihl || total > avail) {
        return false;
    }
    f->proto = l3[9];
    f->ofs = (frag & 0x1fff) * 8u;
    f->more = frag & 0x2000;
    f->id = get_be16(l3 + 4);
    f->hdr_len = f->data_ofs = (uint16_t)ihl;
    f->data_len = total - ihl;
    return f->ofs || f->more;
}

bool frag_parse(const struct packet *p, struct frag_info *f)
{
    uint16_t type = ip_eth_type(p);
    const uint8_t *l3 = p->data + p->l3_ofs;
    uint32_t avail = type ? p->len - p->l3_ofs : 0;
    *f = (struct frag_info){.is_ip6 = type == ETH_TYPE_IP6};
    return type == ETH_TYPE_IP4   ? avail >= 20 && l3[0] >> 4 == 4 && parse4(l3, avail, f)
           : type == ETH_TYPE_IP6 ? avail >= 40 && l3[0] >> 4 == 6 && parse6(l3, avail, f)
                                  : false;
}

/* ---- cutting ---- */

struct cut {
    const struct packet *p;
    const uint8_t *l3;
    struct frag_info f; /* Of the whole: 'data_ofs' is where what is cut begins. */
};

/* Options that later fragments repeat (RFC 791: the copied bit), padded; the header's length. */
static uint32_t put_header4(const struct cut *c, bool first, uint8_t *to)
{
    uint32_t n = first ? c->f.hdr_len : 20;
    memcpy(to, c->l3, n);
    for (uint32_t i = 20, len; !first && i < c->f.hdr_len && c->l3[i] != 0; i += len) {
        len = c->l3[i] == 1 ? 1 : i + 1 < c->f.hdr_len ? c->l3[i + 1] : 0;
        if (!len || (len < 2 && c->l3[i] != 1) || len > c->f.hdr_len - i) {
            break;
        }
        if (c->l3[i] & 0x80) {
            memcpy(to + n, c->l3 + i, len);
            n += len;
        }
    }
    while (n % 4) {
        to[n++] = 0;
    }
    to[0] = (uint8_t)(0x40 | n / 4);
    return n;
}

static uint32_t put_header6(const struct cut *c, uint8_t *to)
{
    memcpy(to, c->l3, c->f.hdr_len);
    uint8_t *h = to + c->f.hdr_len;
    h[0] = to[c->f.next_ofs];
    h[1] = 0;
    memcpy(h + 4, &c->p->frag_id, 4);
    to[c->f.next_ofs] = 44;
    return c->f.hdr_len + FRAG_HEADER;
}

/* One fragment of data [ofs, ofs + n). */
static struct packet *piece(const struct cut *c, struct packet_pool *pool, uint32_t ofs, uint32_t n,
                            bool more)
{
    uint32_t l2 = c->p->l3_ofs;
    struct packet *p = packet_clone_meta(c->p, pool, l2 + c->f.hdr_len + FRAG_HEADER + n);
    if (!p) {
        counter_inc(COUNTER_drop_no_buffer);
        return NULL;
    }
    memcpy(p->data, c->p->data, l2);
    uint8_t *l3 = p->data + l2;
    uint32_t hdr = c->f.is_ip6 ? put_header6(c, l3) : put_header4(c, ofs == 0, l3);
    memcpy(l3 + hdr, c->l3 + c->f.data_ofs + ofs, n);
    p->len = l2 + hdr + n;
    if (c->f.is_ip6) {
        put_be16(l3 + 4, (uint16_t)(hdr - 40 + n));
        put_be16(l3 + c->f.hdr_len + 2, (uint16_t)(ofs | more));
    } else {
        put_be16(l3 + 2, (uint16_t)(hdr + n));
        put_be16(l3 + 6, (uint16_t)((get_be16(l3 + 6) & 0x4000) | more << 13 | ofs / 8));
        put_be16(l3 + 10, 0);
        be16 sum = csum(l3, hdr);
        memcpy(l3 + 10, &sum, 2);
    }
    p->frag_max = 0;
    if (ofs) {
        p->l4_ofs = p->payload_ofs = PACKET_NO_OFS;
    } else {
        p->l4_ofs = (uint16_t)(l2 + hdr);
        p->payload_ofs = PACKET_NO_OFS;
    }
    return p;
}

/* Of a whole datagram: what each fragment repeats, and what is cut. */
static bool whole(const struct packet *p, struct cut *c)
{
    struct ip_info ip;
    bool found;
    if (!ip_packet(p, &ip) || ip.frag) {
        return false;
    }
    *c = (struct cut){.p = p, .l3 = p->data + p->l3_ofs, .f = {.is_ip6 = ip.version == 6}};
    uint32_t end;
    if (c->f.is_ip6) {
        end = 40u + get_be16(c->l3 + 4);
        if (!walk6(c->l3, end, &found, &c->f) || found) {
            return false;
        }
    } else {
        end = get_be16(c->l3 + 2);
        c->f.hdr_len = (uint16_t)((c->l3[0] & 0xf) * 4);
    }
    c->f.data_ofs = c->f.hdr_len;
    c->f.data_len = end - c->f.hdr_len;
    return end > p->frag_max;
}

bool frag_split(const struct packet *p, struct packet_pool *pool,
                void (*emit)(void *aux, struct packet *), void *aux)
{
    struct cut c;
    if (!p->frag_max || p->csum == CSUM_PARTIAL || !whole(p, &c)) {
        return false;
    }
    uint32_t hdr = c.f.hdr_len + (c.f.is_ip6 ? FRAG_HEADER : 0u);
    uint32_t room = p->frag_max > hdr ? (p->frag_max - hdr) & ~7u : 0;
    if (!room) {
        return false;
    }
    for (uint32_t ofs = 0, n; ofs < c.f.data_len; ofs += n) {
        n = MIN(room, c.f.data_len - ofs);
        struct packet *f = piece(&c, pool, ofs, n, ofs + n < c.f.data_len);
        if (f) {
            emit(aux, f);
        }
    }
    return true;
}
