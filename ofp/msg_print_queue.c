/* msg_print_queue.c - prints queue statistics and configuration; see msg_print.h.  Read straight
 * from the wire: the switch has no queues of its own yet. */
#include "ofp/act.h"
#include "ofp/msg_print.h"

#define QUEUE_ALL     UINT32_C(0xffffffff)
#define PROP_MIN_RATE 1
#define PROP_MAX_RATE 2

enum ofp_error msg_print_queue_get_config_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t port = wire_rd_u32(r);
    if (!msg_version_in(p->h->version, OFP11_VERSION, OFP13_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    text_puts(p->out, " port=");
    port_format(port, p->names, p->out);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

/* Rates are tenths of a percent; more than all of it means that there is no limit. */
static void print_rate(struct text *s, const char *name, uint16_t rate)
{
    if (rate > 1000) {
        text_printf(s, " %s:(disabled)", name);
    } else {
        text_printf(s, " %s:%u.%u%%", name, rate / 10, rate % 10);
    }
}

static enum ofp_error print_queue(struct text *s, struct wire_rd *q, uint32_t id)
{
    text_printf(s, "queue %" PRIu32 ":", id);
    while (wire_rd_left(q)) {
        uint16_t prop = wire_rd_u16(q);
        uint16_t len = wire_rd_u16(q);
        struct wire_rd body = wire_rd_sub(q, len >= 4 ? len - 4u : SIZE_MAX);
        if (q->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        wire_rd_skip(&body, 4);
        uint16_t rate = wire_rd_u16(&body);
        if (prop == PROP_MIN_RATE || prop == PROP_MAX_RATE) {
            if (body.err) {
                return OFPERR_OFPBRC_BAD_LEN;
            }
            print_rate(s, prop == PROP_MIN_RATE ? "min_rate" : "max_rate", rate);
        }
    }
    text_putc(s, '\n');
    return OFPERR_OK;
}

enum ofp_error msg_print_queue_get_config_reply(struct msg_print *p, struct wire_rd *r)
{
    enum ofp_error err = msg_print_queue_get_config_request(p, r);
    wire_rd_skip(r, 4);
    text_putc(p->out, '\n');
    while (!err && wire_rd_left(r)) {
        uint32_t id = wire_rd_u32(r);
        wire_rd_skip(r, 4);
        uint16_t len = wire_rd_u16(r);
        wire_rd_skip(r, 6);
        struct wire_rd queue = wire_rd_sub(r, len >= 16 ? len - 16u : SIZE_MAX);
        err = r->err ? OFPERR_OFPBRC_BAD_LEN : print_queue(p->out, &queue, id);
    }
    return err;
}

enum ofp_error msg_print_queue_stats_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t port = wire_rd_u32(r);
    uint32_t queue = wire_rd_u32(r);
    if (p->h->version == OFP10_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    text_puts(p->out, " port=");
    port_format(port, p->names, p->out);
    if (queue == QUEUE_ALL) {
        text_puts(p->out, " queue=ALL");
    } else {
        text_printf(p->out, " queue=%" PRIu32, queue);
    }
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error msg_print_queue_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct text *s = p->out;
    if (p->h->version != OFP13_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    text_printf(s, " %zu queues\n", wire_rd_left(r) / 40);
    while (wire_rd_left(r)) {
        uint32_t port = wire_rd_u32(r);
        uint32_t queue = wire_rd_u32(r);
        uint64_t bytes = wire_rd_u64(r);
        uint64_t packets = wire_rd_u64(r);
        uint64_t errors = wire_rd_u64(r);
        uint32_t sec = wire_rd_u32(r);
        uint32_t nsec = wire_rd_u32(r);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        text_puts(s, "  port ");
        port_format(port, p->names, s);
        text_printf(s, " queue %" PRIu32 ": ", queue);
        format_counter(s, "bytes", bytes);
        text_puts(s, ", ");
        format_counter(s, "pkts", packets);
        text_puts(s, ", ");
        format_counter(s, "errors", errors);
        text_puts(s, ", duration=");
        if (sec == UINT32_MAX) {
            text_putc(s, '?');
        } else {
            format_duration(s, sec, nsec);
        }
        text_putc(s, '\n');
    }
    return OFPERR_OK;
}
