/* queue.c - see queue.h.  OpenFlow 1.0 sections 5.3.4 and 5.3.5, 1.3.5 sections 7.3.6
 * and 7.3.5.8, 1.4 sections 7.3.5.9 and 7.3.5.10. */
#include "ofp/queue.h"

#include "ofp/port.h"
#include "ofp/prop.h"

#define PROP_MIN_RATE  1
#define PROP_MAX_RATE  2
#define OLD_PROP_LEN   16 /* Of a rate before 1.4. */
#define OLD_PROP_HDR   8
#define STATS_LEN_FULL 40

/* ---- requests ---- */

enum ofp_error queue_request_decode(struct wire_rd *r, const struct msg_header *h,
                                    struct queue_request *q)
{
    bool config = h->type == MSG_QUEUE_GET_CONFIG_REQUEST;

    *q = (struct queue_request){.queue = QUEUE_ALL};
    enum ofp_error error = ofp_port_decode_number(r, h->version, &q->port);
    wire_rd_skip(r, h->version == OFP10_VERSION ? 2 : config ? 4 : 0);
    if (!config) {
        q->queue = wire_rd_u32(r);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (error) {
        return error;
    }
    if (config && q->port >= OFPP_MAX && !(q->port == OFPP_ANY && h->version >= OFP11_VERSION)) {
        return OFPERR_OFPQOFC_BAD_PORT;
    }
    if (h->type == MSG_QUEUE_STATS_REQUEST && h->version == OFP10_VERSION && q->port == OFPP_ALL) {
        q->port = OFPP_ANY; /* How 1.0 says it. */
    }
    return OFPERR_OK;
}

void queue_request_encode(const struct queue_request *q, enum msg_type type, uint8_t version,
                          uint32_t xid, struct wire_wr *w)
{
    bool config = type == MSG_QUEUE_GET_CONFIG_REQUEST;
    bool stats10 = type == MSG_QUEUE_STATS_REQUEST && version == OFP10_VERSION;
    size_t start = msg_start(w, type, version, xid);

    ofp_port_encode_number(stats10 && q->port == OFPP_ANY ? OFPP_ALL : q->port, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 2 : config ? 4 : 0);
    if (!config) {
        wire_wr_u32(w, q->queue);
    }
    msg_finish(w, start);
}

/* ---- configuration ---- */

enum ofp_error queue_config_decode_port(struct wire_rd *r, uint8_t version, uint32_t *port)
{
    enum ofp_error error = ofp_port_decode_number(r, version, port);

    wire_rd_skip(r, version == OFP10_VERSION ? 6 : 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : error;
}

void queue_config_encode_port(uint32_t port, uint8_t version, struct wire_wr *w)
{
    ofp_port_encode_number(port, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 6 : 4);
}

static uint16_t *rate_of(struct queue_config *q, uint16_t prop)
{
    return prop == PROP_MIN_RATE ? &q->min_rate : prop == PROP_MAX_RATE ? &q->max_rate : NULL;
}

static enum ofp_error decode_old_props(struct wire_rd *r, struct queue_config *q)
{
    while (wire_rd_left(r)) {
        const uint8_t *start = r->p;
        uint16_t type = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        struct wire_rd p =
            wire_rd_sub(r, len >= OLD_PROP_HDR && len % 8 == 0 ? len - 4u : SIZE_MAX);
        uint16_t *rate = rate_of(q, type);
        if (r->err || (rate && len != OLD_PROP_LEN)) {
            r->err = true;
            return OFPERR_OFPBRC_BAD_LEN;
        }
        if (rate) {
            wire_rd_skip(&p, 4);
            *rate = wire_rd_u16(&p);
        } else if (type == PROP_EXPERIMENTER) {
            prop_keep(&q->props, start, len);
        }
    }
    return OFPERR_OK;
}

static enum ofp_error decode_props(struct wire_rd *r, struct queue_config *q)
{
    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode(r, &p);
        uint16_t *rate = error ? NULL : rate_of(q, p.type);
        error = rate ? prop_u16(&p, rate) : error;
        if (error) {
            return error;
        }
        if (!rate) {
            prop_keep(&q->props, p.start, p.len);
        }
    }
    return OFPERR_OK;
}

/* queue, [port,] length, padding; from 1.4 on the port is first. */
enum ofp_error queue_config_decode(struct wire_rd *r, uint8_t version, uint32_t port,
                                   struct queue_config *q, bool *end)
{
    bool has_port = version >= OFP12_VERSION, new = version >= OFP14_VERSION;
    size_t header = has_port ? 16 : 8;
    enum ofp_error error = OFPERR_OK;

    *q = (struct queue_config){.port = port,
                               .min_rate = QUEUE_RATE_UNSET,
                               .max_rate = QUEUE_RATE_UNSET};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (new) {
        error = ofp_port_decode_number(r, version, &q->port);
    }
    q->queue = wire_rd_u32(r);
    if (has_port && !new) {
        wire_rd_skip(r, 4); /* That of the request. */
    }
    size_t len = wire_rd_u16(r);
    wire_rd_skip(r, has_port ? 6 : 2);
    struct wire_rd p = wire_rd_sub(r, len >= header && len % 8 == 0 ? len - header : SIZE_MAX);
    if (error || r->err) {
        return error ? error : OFPERR_OFPBRC_BAD_LEN;
    }
    return new ? decode_props(&p, q) : decode_old_props(&p, q);
}

static void put_rate(uint16_t type, uint16_t rate, uint8_t version, struct wire_wr *w)
{
    if (rate == QUEUE_RATE_UNSET) {
        return;
    }
    size_t start = prop_start(w, type);
    wire_wr_zeros(w, version < OFP14_VERSION ? 4 : 0);
    wire_wr_u16(w, rate);
    wire_wr_zeros(w, version < OFP14_VERSION ? 6 : 2);
    prop_finish(w, start);
}

void queue_config_encode(const struct queue_config *q, uint8_t version, struct wire_wr *w)
{
    bool has_port = version >= OFP12_VERSION, new = version >= OFP14_VERSION;
    size_t start = w->len;

    if (new) {
        wire_wr_u32(w, q->port);
    }
    wire_wr_u32(w, q->queue);
    if (has_port && !new) {
        wire_wr_u32(w, q->port);
    }
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_zeros(w, has_port ? 6 : 2);
    put_rate(PROP_MIN_RATE, q->min_rate, version, w);
    put_rate(PROP_MAX_RATE, q->max_rate, version, w);
    wire_wr_bytes(w, q->props.bytes, q->props.len);
    wire_wr_patch16(w, len_ofs, (uint16_t)(w->len - start));
}

/* ---- statistics ---- */

static enum ofp_error decode_stats(struct wire_rd *r, uint8_t version, struct queue_stats *q)
{
    enum ofp_error error = ofp_port_decode_number(r, version, &q->port);

    wire_rd_skip(r, version == OFP10_VERSION ? 2 : 0);
    q->queue = wire_rd_u32(r);
    q->bytes = wire_rd_u64(r);
    q->packets = wire_rd_u64(r);
    q->errors = wire_rd_u64(r);
    if (version >= OFP13_VERSION) {
        q->duration_sec = wire_rd_u32(r);
        q->duration_nsec = wire_rd_u32(r);
    }
    return r->err ? OFPERR_OFPBRC_BAD_LEN : error;
}

enum ofp_error queue_stats_decode(struct wire_rd *r, uint8_t version, struct queue_stats *q,
                                  bool *end)
{
    *q = (struct queue_stats){.duration_sec = UINT32_MAX, .duration_nsec = UINT32_MAX};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (version < OFP14_VERSION) {
        return decode_stats(r, version, q);
    }
    size_t len = wire_rd_u16(r);
    struct wire_rd s =
        wire_rd_sub(r, r->err || len < STATS_LEN_FULL + 8 || len % 8 ? SIZE_MAX : len - 2);
    wire_rd_skip(&s, 6);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = decode_stats(&s, version, q);
    while (!error && wire_rd_left(&s)) {
        struct prop p;
        error = prop_decode(&s, &p);
        if (!error) {
            prop_keep(&q->props, p.start, p.len);
        }
    }
    return error;
}

void queue_stats_encode(const struct queue_stats *q, uint8_t version, struct wire_wr *w)
{
    if (version >= OFP14_VERSION) {
        wire_wr_u16(w, (uint16_t)(STATS_LEN_FULL + 8 + q->props.len));
        wire_wr_zeros(w, 6);
    }
    ofp_port_encode_number(q->port, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 2 : 0);
    wire_wr_u32(w, q->queue);
    wire_wr_u64(w, q->bytes);
    wire_wr_u64(w, q->packets);
    wire_wr_u64(w, q->errors);
    if (version >= OFP13_VERSION) {
        wire_wr_u32(w, q->duration_sec);
        wire_wr_u32(w, q->duration_nsec);
    }
    if (version >= OFP14_VERSION) {
        wire_wr_bytes(w, q->props.bytes, q->props.len);
    }
}
