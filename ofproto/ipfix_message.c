/* ipfix_message.c - see ipfix_message.h. */
#include "ofproto/ipfix_message.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

#define PROTOCOL     10
#define HEADER_LEN   16
#define SET_LEN      4 /* The head of a set. */
#define TEMPLATE_SET 2
#define FIRST_ID     256 /* Of templates. */
#define MAX_PADDING  3
#define MAX_NAME     63 /* As long as the kernel and the datapath have them. */
#define RECORD_MAX   1024

struct ipfix_domain {
    struct hmap_node node;
    uint32_t id;
    uint32_t sequence; /* Records sent so far. */
    int64_t templates_ms, used_ms;
};

/* ---- templates and records ---- */

/* Without IPFIX_VLAN, which each of them exists with, too: odd templates. */
static const uint8_t kinds[IPFIX_N_TEMPLATES / 2] = {
    IPFIX_ANY,
    IPFIX_IP4,
    IPFIX_IP4 | IPFIX_PORTS,
    IPFIX_IP4 | IPFIX_PORTS | IPFIX_TCP,
    IPFIX_IP4 | IPFIX_ICMP4,
    IPFIX_IP6,
    IPFIX_IP6 | IPFIX_PORTS,
    IPFIX_IP6 | IPFIX_PORTS | IPFIX_TCP,
    IPFIX_IP6 | IPFIX_ICMP6,
};

static void write_u8(struct wire_wr *w, uint8_t v, size_t n UNUSED)
{
    wire_wr_u8(w, v);
}

static void write_u16(struct wire_wr *w, uint16_t v, size_t n UNUSED)
{
    wire_wr_u16(w, v);
}

static void write_u32(struct wire_wr *w, uint32_t v, size_t n UNUSED)
{
    wire_wr_u32(w, v);
}

static void write_u64(struct wire_wr *w, uint64_t v, size_t n UNUSED)
{
    wire_wr_u64(w, v);
}

/* IEEE 754 (RFC 7011 section 6.1.4). */
static void write_f64(struct wire_wr *w, double v, size_t n UNUSED)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    wire_wr_u64(w, bits);
}

static void write_bytes(struct wire_wr *w, const uint8_t *v, size_t n)
{
    wire_wr_bytes(w, v, n);
}

/* Section 7: the length first. */
static void write_name(struct wire_wr *w, const char *v, size_t n UNUSED)
{
    const size_t len = MIN(strlen(v), MAX_NAME);
    wire_wr_u8(w, (uint8_t)len);
    wire_wr_bytes(w, v, len);
}

#define ELEMENT(ID, KINDS, NUMBER, LEN, HOW, VALUE)                       \
    static void put_##ID(const struct ipfix_record *r, struct wire_wr *w) \
    {                                                                     \
        write_##HOW(w, VALUE, LEN);                                       \
    }
#include "ofproto/ipfix_elements.def"
#undef ELEMENT

static const struct element {
    uint8_t kinds;
    uint16_t number, len;
    void (*put)(const struct ipfix_record *, struct wire_wr *);
} elements[] = {
#define ELEMENT(ID, KINDS, NUMBER, LEN, HOW, VALUE) {KINDS, NUMBER, LEN, put_##ID},
#include "ofproto/ipfix_elements.def"
#undef ELEMENT
};

static bool is_in(const struct element *e, uint8_t kind)
{
    return !e->kinds || e->kinds & kind;
}

static uint8_t kind_of(unsigned index)
{
    return kinds[index / 2] | (index % 2 ? IPFIX_VLAN : 0);
}

uint16_t ipfix_message_template_id(uint8_t kind)
{
    uint16_t i = 0;

    while (i < IPFIX_N_TEMPLATES && kind_of(i) != kind) {
        i++;
    }
    return FIRST_ID + i;
}

void ipfix_message_put_template(unsigned index, struct wire_wr *w)
{
    const uint8_t kind = kind_of(index);
    uint16_t n = 0;

    wire_wr_u16(w, (uint16_t)(FIRST_ID + index));
    const size_t count_ofs = w->len;
    wire_wr_u16(w, 0);
    for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
        if (is_in(&elements[i], kind)) {
            wire_wr_u16(w, elements[i].number);
            wire_wr_u16(w, elements[i].len);
            n++;
        }
    }
    wire_wr_patch16(w, count_ofs, n);
}

void ipfix_message_put_record(const struct ipfix_record *r, struct wire_wr *w)
{
    for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
        if (is_in(&elements[i], r->key->kind)) {
            elements[i].put(r, w);
        }
    }
}

/* ---- messages ---- */

static void begin_message(struct ipfix_messages *m, struct ipfix_domain *d)
{
    m->domain = d;
    m->w.len = 0;
    m->set_ofs = 0;
    m->n_records = 0;
    wire_wr_u16(&m->w, PROTOCOL);
    wire_wr_u16(&m->w, 0); /* Its length; */
    wire_wr_u32(&m->w, 0); /* when it is sent. */
    wire_wr_u32(&m->w, d->sequence);
    wire_wr_u32(&m->w, d->id);
}

static void end_set(struct ipfix_messages *m)
{
    if (m->set_ofs) {
        wire_wr_pad(&m->w, m->set_ofs, 4); /* Less than any record (section 3.3.1). */
        wire_wr_patch16(&m->w, m->set_ofs + 2, (uint16_t)(m->w.len - m->set_ofs));
        m->set_ofs = 0;
    }
}

static void begin_set(struct ipfix_messages *m, uint16_t id)
{
    end_set(m);
    m->set_ofs = m->w.len;
    m->set_id = id;
    wire_wr_u16(&m->w, id);
    wire_wr_u16(&m->w, 0);
}

void ipfix_messages_flush(struct ipfix_messages *m, int64_t wall_ms)
{
    if (!m->domain) {
        return;
    }
    const uint32_t seconds = (uint32_t)(wall_ms / 1000);
    end_set(m);
    wire_wr_patch16(&m->w, 2, (uint16_t)m->w.len);
    wire_wr_patch16(&m->w, 4, (uint16_t)(seconds >> 16));
    wire_wr_patch16(&m->w, 6, (uint16_t)seconds);
    m->domain->sequence += m->n_records;
    m->domain = NULL;
    if (!m->w.err) {
        m->send(m->aux, m->w.data, m->w.len);
    }
    m->w.err = false;
}

/* Is there room for 'n' bytes more in a set of this id? */
static bool has_room(const struct ipfix_messages *m, uint16_t id, size_t n)
{
    const bool same_set = m->set_ofs && m->set_id == id;
    return m->w.len + (same_set ? 0 : MAX_PADDING + SET_LEN) + n + MAX_PADDING <= m->max;
}

/* What is in m->record. */
static void put_record(struct ipfix_messages *m, struct ipfix_domain *d, uint16_t set_id,
                       int64_t wall_ms)
{
    if (m->domain && (m->domain != d || !has_room(m, set_id, m->record.len))) {
        ipfix_messages_flush(m, wall_ms);
    }
    if (!m->domain) {
        begin_message(m, d);
    }
    if (!m->set_ofs || m->set_id != set_id) {
        begin_set(m, set_id);
    }
    wire_wr_bytes(&m->w, m->record.data, m->record.len);
}

static void put_templates(struct ipfix_messages *m, struct ipfix_domain *d, int64_t now_ms,
                          int64_t wall_ms)
{
    ipfix_messages_flush(m, wall_ms);
    for (unsigned i = 0; i < IPFIX_N_TEMPLATES; i++) {
        m->record.len = 0;
        ipfix_message_put_template(i, &m->record);
        put_record(m, d, TEMPLATE_SET, wall_ms);
    }
    ipfix_messages_flush(m, wall_ms);
    d->templates_ms = now_ms;
}

/* ---- domains ---- */

static size_t hash_domain(uint32_t id)
{
    return hash_u64(id, 0);
}

static void forget_oldest(struct ipfix_messages *m)
{
    struct ipfix_domain *d, *oldest = NULL;

    HMAP_FOR_EACH(d, node, &m->domains) {
        if (d != m->domain && (!oldest || d->used_ms < oldest->used_ms)) {
            oldest = d;
        }
    }
    hmap_remove(&m->domains, &oldest->node);
    free(oldest);
}

/* With its templates sent. */
static struct ipfix_domain *get_domain(struct ipfix_messages *m, uint32_t id, int64_t now_ms,
                                       int64_t wall_ms)
{
    struct ipfix_domain *d;

    HMAP_FOR_EACH_WITH_HASH(d, node, hash_domain(id), &m->domains) {
        if (d->id == id) {
            return d;
        }
    }
    if (hmap_count(&m->domains) == IPFIX_MESSAGE_DOMAINS) {
        forget_oldest(m);
    }
    d = xzalloc(sizeof *d);
    d->id = id;
    hmap_insert(&m->domains, &d->node, hash_domain(id));
    put_templates(m, d, now_ms, wall_ms);
    return d;
}

int64_t ipfix_messages_refresh(struct ipfix_messages *m, int64_t now_ms, int64_t wall_ms)
{
    struct ipfix_domain *d;
    int64_t next = INT64_MAX;

    HMAP_FOR_EACH(d, node, &m->domains) {
        if (now_ms - d->templates_ms >= m->template_ms) {
            put_templates(m, d, now_ms, wall_ms);
        }
        next = MIN(next, d->templates_ms + m->template_ms);
    }
    return next;
}

/* ---- interface ---- */

void ipfix_messages_init(struct ipfix_messages *m, size_t max, int64_t template_ms,
                         void (*send)(void *aux, const void *data, size_t len), void *aux)
{
    *m = (struct ipfix_messages){
        .send = send, .aux = aux, .max = MAX(max, IPFIX_MESSAGE_MIN), .template_ms = template_ms};
    hmap_init(&m->domains);
    wire_wr_init(&m->w, UINT16_MAX);
    wire_wr_init(&m->record, RECORD_MAX);
}

void ipfix_messages_deinit(struct ipfix_messages *m)
{
    struct ipfix_domain *d, *next;

    HMAP_FOR_EACH_SAFE(d, next, node, &m->domains) {
        hmap_remove(&m->domains, &d->node);
        free(d);
    }
    hmap_deinit(&m->domains);
    wire_wr_deinit(&m->w);
    wire_wr_deinit(&m->record);
}

void ipfix_messages_put(struct ipfix_messages *m, const struct ipfix_record *r, int64_t now_ms,
                        int64_t wall_ms)
{
    struct ipfix_domain *d = get_domain(m, r->key->domain, now_ms, wall_ms);

    d->used_ms = now_ms;
    m->record.len = 0;
    ipfix_message_put_record(r, &m->record);
    put_record(m, d, ipfix_message_template_id(r->key->kind), wall_ms);
    m->n_records++;
}
