/* act_output.c - outputs with an argument more: enqueue and output(port=P,max_len=N).  Wire and
 * text; see act-private.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* ---- enqueue ---- */

bool act_port_has_queues(uint32_t port)
{
    return port < 0xff00 || port == OFPP_IN_PORT || port == OFPP_LOCAL;
}

static void put_enqueue(struct acts *out, uint32_t port, uint32_t queue)
{
    struct act_enqueue *a = acts_put(out, ACT_ENQUEUE, sizeof *a);
    a->port = port;
    a->queue = queue;
}

enum ofp_error act_dec_enqueue(struct act_decoder *d, const struct act_wire *row UNUSED,
                               struct wire_rd *r)
{
    uint32_t port = port_from_10(wire_rd_u16(r));

    wire_rd_skip(r, 6);
    if (!act_port_has_queues(port)) {
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    put_enqueue(d->out, port, wire_rd_u32(r));
    return OFPERR_OK;
}

void act_enc_enqueue(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                     struct wire_wr *w)
{
    const struct act_enqueue *e = (const void *)a;

    wire_wr_u16(w, port_to_10(e->port));
    wire_wr_zeros(w, 6);
    wire_wr_u32(w, e->queue);
}

/* OpenFlow 1.1 has no such action: the queue is set, used and left again. */
void act_encode_enqueue_11(const struct act_enqueue *e, uint8_t version, struct wire_wr *w)
{
    const struct act_u32 queue = {.act = {.type = ACT_SET_QUEUE}, .value = e->queue};
    const struct act_output output = {.act = {.type = ACT_OUTPUT},
                                      .port = e->port,
                                      .max_len = UINT16_MAX};
    const struct act_null pop = {.act = {.type = ACT_POP_QUEUE}};

    act_encode_as(&queue.act, &act_wires[RAW_SET_QUEUE], version, w);
    act_encode_as(&output.act, &act_wires[RAW_OUTPUT_11], version, w);
    act_encode_as(&pop.act, &act_wires[RAW_POP_QUEUE], version, w);
}

/* PORT:QUEUE or PORT,QUEUE */
char *act_parse_enqueue(struct act_parser *p, char *arg)
{
    char *word = strsep(&arg, ":,");
    uint32_t port, queue;

    if (!*word || !arg || !*arg) {
        return xstrdup("\"enqueue\" syntax is \"enqueue:PORT:QUEUE\" or \"enqueue(PORT,QUEUE)\"");
    }
    if (!port_parse(word, p->names, &port)) {
        return xasprintf("%s: enqueue to unknown port", word);
    }
    if (!text_to_u32(arg, &queue)) {
        return xasprintf("invalid numeric format %s", arg);
    }
    put_enqueue(p->out, port, queue);
    return NULL;
}

void act_format_enqueue(const struct act_enqueue *e, const struct name_map *names, struct text *t)
{
    text_puts(t, "enqueue:");
    port_format(e->port, names, t);
    text_printf(t, ":%" PRIu32, e->queue);
}

/* ---- truncated output ---- */

enum ofp_error act_dec_output_trunc(struct act_decoder *d, const struct act_wire *row UNUSED,
                                    struct wire_rd *r)
{
    struct act_output_trunc *a = acts_put(d->out, ACT_OUTPUT_TRUNC, sizeof *a);

    a->port = port_from_10(wire_rd_u16(r));
    a->max_len = wire_rd_u32(r);
    return a->max_len >= OUTPUT_TRUNC_MIN ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
}

void act_enc_output_trunc(const struct act *a, const struct act_wire *row UNUSED,
                          uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_output_trunc *o = (const void *)a;

    wire_wr_u16(w, port_to_10(o->port));
    wire_wr_u32(w, o->max_len);
}

static bool is_flood_or_pipeline(uint32_t port)
{
    return port >= OFPP_UNSET && port != OFPP_IN_PORT && port != OFPP_LOCAL;
}

static char *parse_trunc_port(const struct act_parser *p, const char *s, uint32_t *port)
{
    if (!port_parse(s, p->names, port)) {
        return xasprintf("output to unknown truncate port: %s", s);
    }
    return is_flood_or_pipeline(*port) ? xasprintf("output to unsupported truncate port: %s", s)
                                       : NULL;
}

bool act_is_output_trunc(const char *arg)
{
    return strstr(arg, "port=") && strstr(arg, "max_len=");
}

char *act_parse_output_trunc(struct act_parser *p, char *arg)
{
    uint32_t port = OFPP_NONE, max_len = 0;
    char *key, *value, *error = NULL;

    while (!error && text_next_kv(&arg, &key, &value)) {
        if (!strcmp(key, "port")) {
            error = parse_trunc_port(p, value, &port);
        } else if (strcmp(key, "max_len")) {
            error = xasprintf("invalid key '%s' in output_trunc argument", key);
        } else if (!text_to_u32(value, &max_len)) {
            error = xasprintf("invalid numeric format %s", value);
        }
    }
    if (!error && max_len < OUTPUT_TRUNC_MIN) {
        error = xasprintf("max_len %" PRIu32 " is less than the minimum value %d", max_len,
                          OUTPUT_TRUNC_MIN);
    }
    if (!error) {
        struct act_output_trunc *a = acts_put(p->out, ACT_OUTPUT_TRUNC, sizeof *a);
        a->port = port;
        a->max_len = max_len;
    }
    return error;
}

void act_format_output_trunc(const struct act_output_trunc *o, const struct name_map *names,
                             struct text *t)
{
    text_puts(t, "output(port=");
    port_format(o->port, names, t);
    text_printf(t, ",max_len=%" PRIu32 ")", o->max_len);
}
