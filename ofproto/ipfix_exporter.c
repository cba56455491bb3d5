/* ipfix_exporter.c - see ipfix_exporter.h. */
#include "ofproto/ipfix_exporter.h"

#include <stdlib.h>

#include "lib/io/datagram.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(ipfix);

#define MAX_MESSAGE 1400 /* Where the way would take more: tunnels ahead may not. */

struct ipfix_exporter_target {
    struct datagram *out;
    uint64_t sent, lost;
    int error; /* Of the last one that was lost; 0: the last one was sent. */
};

struct ipfix_exporter {
    struct loop *loop;
    void (*interface)(void *, uint32_t, struct ipfix_interface *);
    void *aux;
    struct ipfix_exporter_target *targets;
    size_t n_targets;
    struct ipfix_cache cache;
    struct ipfix_messages messages;
    struct loop_timer timer;
    struct loop_call turn; /* Something was put. */
    uint64_t counters[IPFIX_N_COUNTERS];
};

static void on_message(void *x_, const void *data, size_t len)
{
    struct ipfix_exporter *x = x_;

    for (size_t i = 0; i < x->n_targets; i++) {
        struct ipfix_exporter_target *t = &x->targets[i];
        int error = datagram_send(t->out, data, len);
        if (error && error != t->error) {
            log_warn_rl("%s: IPFIX messages are lost (%s)", datagram_target(t->out),
                        strerror(error));
        }
        t->error = error;
        *(error ? &t->lost : &t->sent) += 1;
        x->counters[error ? IPFIX_TX_ERRORS : IPFIX_TX_PACKETS]++;
    }
}

static void on_expire(void *x_, const struct ipfix_flow_key *key, const struct ipfix_count *count,
                      enum ipfix_reason reason)
{
    struct ipfix_exporter *x = x_;
    struct env *env = loop_env(x->loop);
    struct ipfix_record r = {.key = key, .count = count, .reason = (uint8_t)reason};

    x->interface(x->aux, key->in_port, &r.in);
    x->interface(x->aux, key->out_port, &r.out);
    ipfix_messages_put(&x->messages, &r, env->now_ms, env->wall_ms);
}

/* What is due now, and when something is again. */
static void run(void *x_)
{
    struct ipfix_exporter *x = x_;
    struct env *env = loop_env(x->loop);
    int64_t flow = ipfix_cache_run(&x->cache, env->now_ms);
    int64_t templates = ipfix_messages_refresh(&x->messages, env->now_ms, env->wall_ms);
    int64_t next = MIN(flow, templates);

    ipfix_messages_flush(&x->messages, env->wall_ms);
    if (next != INT64_MAX) {
        loop_timer_at(&x->timer, next);
    }
}

/* What all ways take in one piece. */
static size_t message_size(const struct ipfix_exporter *x)
{
    size_t size = MAX_MESSAGE;

    for (size_t i = 0; i < x->n_targets; i++) {
        size_t room = datagram_room(x->targets[i].out);
        size = MIN(size, room ? room : IPFIX_MESSAGE_MIN);
    }
    return size;
}

struct ipfix_exporter *ipfix_exporter_new(struct loop *loop, const struct ipfix_exporter_config *c,
                                          void (*interface)(void *aux, uint32_t ofp_port,
                                                            struct ipfix_interface *),
                                          void *aux)
{
    struct ipfix_exporter *x = xzalloc(sizeof *x);

    x->loop = loop;
    x->interface = interface;
    x->aux = aux;
    x->targets = xcalloc(c->n_targets + 1, sizeof *x->targets);
    for (size_t i = 0; i < c->n_targets; i++) {
        char *error = datagram_new(loop, c->targets[i], &x->targets[x->n_targets].out);
        if (error) {
            log_err("IPFIX target %s", error);
            free(error);
        } else {
            x->n_targets++;
        }
    }
    ipfix_cache_init(&x->cache, env_random(loop_env(loop)), c->max_flows, c->active_ms, on_expire,
                     x);
    ipfix_messages_init(&x->messages, message_size(x), c->template_ms, on_message, x);
    loop_timer_init(&x->timer, loop, run, x);
    loop_call_init(&x->turn, loop, run, x);
    return x;
}

void ipfix_exporter_flush(struct ipfix_exporter *x)
{
    ipfix_cache_flush(&x->cache);
    run(x);
}

void ipfix_exporter_free(struct ipfix_exporter *x)
{
    if (!x) {
        return;
    }
    ipfix_exporter_flush(x);
    loop_timer_cancel(&x->timer);
    loop_call_cancel(&x->turn);
    ipfix_cache_deinit(&x->cache);
    ipfix_messages_deinit(&x->messages);
    for (size_t i = 0; i < x->n_targets; i++) {
        datagram_free(x->targets[i].out);
    }
    free(x->targets);
    free(x);
}

bool ipfix_exporter_has_target(const struct ipfix_exporter *x)
{
    return x->n_targets;
}

static enum ipfix_counter counter_of(const struct ipfix_flow_key *key, bool malformed)
{
    if (key->kind & IPFIX_IP4) {
        return malformed ? IPFIX_IPV4_ERRORS : IPFIX_IPV4;
    }
    return malformed ? IPFIX_IPV6_ERRORS : IPFIX_IPV6;
}

void ipfix_exporter_sample(struct ipfix_exporter *x, const struct ipfix_flow_key *key,
                           const struct ipfix_flow_packet *p)
{
    const struct env *env = loop_env(x->loop);

    x->counters[IPFIX_PACKETS]++;
    x->counters[IPFIX_ERRORS] += p->malformed;
    if (key->kind & (IPFIX_IP4 | IPFIX_IP6)) {
        x->counters[counter_of(key, p->malformed)]++;
    }
    x->counters[IPFIX_TOTAL_FLOWS] += ipfix_cache_add(&x->cache, key, p, env->now_ms, env->wall_ms);
    loop_call_schedule(&x->turn);
}

void ipfix_exporter_get_stats(const struct ipfix_exporter *x, struct ipfix_stats *s)
{
    *s = (struct ipfix_stats){.collector_set = 0};
    memcpy(s->counters, x->counters, sizeof s->counters);
    s->counters[IPFIX_CURRENT_FLOWS] = hmap_count(&x->cache.flows);
}

void ipfix_exporter_show(const struct ipfix_exporter *x, const char *indent, struct text *t)
{
    for (size_t i = 0; i < x->n_targets; i++) {
        const struct ipfix_exporter_target *to = &x->targets[i];
        text_printf(t, "%s%s: %" PRIu64 " messages sent, %" PRIu64 " lost", indent,
                    datagram_target(to->out), to->sent, to->lost);
        if (to->error) {
            text_printf(t, " (%s)", strerror(to->error));
        }
        text_putc(t, '\n');
    }
}
