/* msg_print_queue.c - prints queue statistics and configuration; see msg_print.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act.h"
#include "ofp/msg_print.h"
#include "ofp/queue.h"

static void print_queue_id(struct text *s, uint32_t queue)
{
    if (queue == QUEUE_ALL) {
        text_puts(s, " queue=ALL");
    } else {
        text_printf(s, " queue=%" PRIu32, queue);
    }
}

/* A configuration request for all queues does not say so. */
static enum ofp_error print_request(struct msg_print *p, struct wire_rd *r, bool config)
{
    struct queue_request q;
    enum ofp_error err = queue_request_decode(r, p->h, &q);
    if (!err) {
        text_puts(p->out, " port=");
        port_format(q.port, p->names, p->out);
        if (!config || q.queue != QUEUE_ALL) {
            print_queue_id(p->out, q.queue);
        }
    }
    return err;
}

enum ofp_error msg_print_queue_get_config_request(struct msg_print *p, struct wire_rd *r)
{
    return print_request(p, r, true);
}

enum ofp_error msg_print_queue_desc_request(struct msg_print *p, struct wire_rd *r)
{
    return print_request(p, r, true);
}

enum ofp_error msg_print_queue_stats_request(struct msg_print *p, struct wire_rd *r)
{
    return print_request(p, r, false);
}

/* ---- configuration ---- */

/* Rates are tenths of a percent; more than all of it means that there is no limit. */
static void print_rate(struct text *s, const char *name, uint16_t rate)
{
    if (rate == QUEUE_RATE_UNSET) {
        return;
    }
    if (rate > 1000) {
        text_printf(s, " %s:(disabled)", name);
    } else {
        text_printf(s, " %s:%u.%u%%", name, rate / 10, rate % 10);
    }
}

static int compare_queues(const void *a_, const void *b_)
{
    const struct queue_config *a = a_, *b = b_;
    return a->port != b->port     ? (a->port < b->port ? -1 : 1)
           : a->queue != b->queue ? (a->queue < b->queue ? -1 : 1)
                                  : 0;
}

/* By port and number; what came before an error is printed. */
static enum ofp_error print_configs(struct msg_print *p, struct wire_rd *r, uint32_t port)
{
    struct queue_config *queues = NULL;
    size_t n = 0, max = 0;
    enum ofp_error err;

    for (;;) {
        bool end;
        if (n == max) {
            max = max ? 2 * max : 8;
            queues = xrealloc(queues, max * sizeof *queues);
        }
        err = queue_config_decode(r, p->h->version, port, &queues[n], &end);
        if (err || end) {
            break;
        }
        n++;
    }
    if (n) {
        text_putc(p->out, ' ');
        qsort(queues, n, sizeof *queues, compare_queues);
    }
    for (size_t i = 0; i < n; i++) {
        if (!i || queues[i].port != queues[i - 1].port) {
            text_puts(p->out, "port=");
            port_format(queues[i].port, p->names, p->out);
            text_putc(p->out, '\n');
        }
        text_printf(p->out, "queue %" PRIu32 ":", queues[i].queue);
        print_rate(p->out, "min_rate", queues[i].min_rate);
        print_rate(p->out, "max_rate", queues[i].max_rate);
        text_putc(p->out, '\n');
    }
    free(queues);
    return err;
}

enum ofp_error msg_print_queue_get_config_reply(struct msg_print *p, struct wire_rd *r)
{
    uint32_t port;
    enum ofp_error err = queue_config_decode_port(r, p->h->version, &port);
    if (!wire_rd_left(r)) {
        return OFPERR_OK; /* Without queues it does not matter whose there are none. */
    }
    return err ? err : print_configs(p, r, port);
}

enum ofp_error msg_print_queue_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    return print_configs(p, r, OFPP_ANY);
}

/* ---- statistics ---- */

static void print_stats(struct msg_print *p, const struct queue_stats *q)
{
    struct text *s = p->out;
    text_puts(s, "  port ");
    port_format(q->port, p->names, s);
    text_printf(s, " queue %" PRIu32 ": ", q->queue);
    format_counter(s, "bytes", q->bytes);
    text_puts(s, ", ");
    format_counter(s, "pkts", q->packets);
    text_puts(s, ", ");
    format_counter(s, "errors", q->errors);
    text_puts(s, ", duration=");
    if (q->duration_sec == UINT32_MAX) {
        text_putc(s, '?');
    } else {
        format_duration(s, q->duration_sec, q->duration_nsec);
    }
    text_putc(s, '\n');
}

enum ofp_error msg_print_queue_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct wire_rd count = *r;
    struct queue_stats q;
    bool end = false;
    unsigned n = 0;
    while (!queue_stats_decode(&count, p->h->version, &q, &end) && !end) {
        n++;
    }
    text_printf(p->out, " %u queues\n", n);
    for (;;) {
        enum ofp_error err = queue_stats_decode(r, p->h->version, &q, &end);
        if (err || end) {
            return err;
        }
        print_stats(p, &q);
    }
}
