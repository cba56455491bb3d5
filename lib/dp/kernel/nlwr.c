/* nlwr.c - see nlwr.h. */
#include "lib/dp/kernel/nlwr.h"

#include <string.h>

void nlwr_init(struct nlwr *w, void *data, size_t cap)
{
    *w = (struct nlwr){.data = data, .cap = cap};
}

void *nlwr_put(struct nlwr *w, uint16_t type, size_t n)
{
    size_t whole = NLA_HDRLEN + NLA_ALIGN(n);

    if (w->err || n > UINT16_MAX - NLA_HDRLEN || whole > w->cap - w->len) {
        w->err = true;
        return NULL;
    }
    struct nlattr *a = (void *)(w->data + w->len);
    memset(a, 0, whole);
    a->nla_type = type;
    a->nla_len = (uint16_t)(NLA_HDRLEN + n);
    w->len += whole;
    return (uint8_t *)a + NLA_HDRLEN;
}

void nlwr_put_data(struct nlwr *w, uint16_t type, const void *data, size_t n)
{
    void *to = nlwr_put(w, type, n);
    if (to && n) {
        memcpy(to, data, n);
    }
}

void nlwr_put_u8(struct nlwr *w, uint16_t type, uint8_t v)
{
    nlwr_put_data(w, type, &v, sizeof v);
}

void nlwr_put_u16(struct nlwr *w, uint16_t type, uint16_t v)
{
    nlwr_put_data(w, type, &v, sizeof v);
}

void nlwr_put_u32(struct nlwr *w, uint16_t type, uint32_t v)
{
    nlwr_put_data(w, type, &v, sizeof v);
}

void nlwr_put_u64(struct nlwr *w, uint16_t type, uint64_t v)
{
    nlwr_put_data(w, type, &v, sizeof v);
}

void nlwr_put_str(struct nlwr *w, uint16_t type, const char *s)
{
    nlwr_put_data(w, type, s, strlen(s) + 1);
}

void nlwr_put_flag(struct nlwr *w, uint16_t type)
{
    nlwr_put(w, type, 0);
}

size_t nlwr_nest(struct nlwr *w, uint16_t type)
{
    size_t at = w->len;
    nlwr_put(w, type, 0);
    return at;
}

void nlwr_end(struct nlwr *w, size_t nest)
{
    if (w->err) {
        return;
    }
    if (w->len - nest > UINT16_MAX) {
        w->err = true;
        return;
    }
    ((struct nlattr *)(void *)(w->data + nest))->nla_len = (uint16_t)(w->len - nest);
}

void nlrd_init(struct nlrd *r, const void *data, size_t n)
{
    *r = (struct nlrd){.p = data, .end = n ? (const uint8_t *)data + n : data};
}

bool nlrd_next(struct nlrd *r)
{
    size_t left = (size_t)(r->end - r->p);
    struct nlattr a;

    if (r->err || !left) {
        return false;
    }
    if (left < NLA_HDRLEN) {
        r->err = true;
        return false;
    }
    memcpy(&a, r->p, sizeof a);
    if (a.nla_len < NLA_HDRLEN || a.nla_len > left) {
        r->err = true;
        return false;
    }
    r->type = a.nla_type & NLA_TYPE_MASK;
    r->n = (uint16_t)(a.nla_len - NLA_HDRLEN);
    r->data = r->p + NLA_HDRLEN;
    r->p += MIN((size_t)NLA_ALIGN(a.nla_len), left);
    return true;
}

static void get(struct nlrd *r, void *to, size_t n)
{
    memset(to, 0, n);
    if (r->n == n) {
        memcpy(to, r->data, n);
    } else {
        r->err = true;
    }
}

uint8_t nlrd_u8(struct nlrd *r)
{
    uint8_t v;
    get(r, &v, sizeof v);
    return v;
}

uint16_t nlrd_u16(struct nlrd *r)
{
    uint16_t v;
    get(r, &v, sizeof v);
    return v;
}

uint32_t nlrd_u32(struct nlrd *r)
{
    uint32_t v;
    get(r, &v, sizeof v);
    return v;
}

uint64_t nlrd_u64(struct nlrd *r)
{
    uint64_t v;
    get(r, &v, sizeof v);
    return v;
}
