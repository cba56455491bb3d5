/* exec-env.h - what exec_run() meets in its tests: stand-ins for the tracker, a recorder of what
 * leaves, and packets and actions to give it.  For one test program: it defines functions of
 * lib/ct. */
#pragma once

#include "lib/counter.h"
#include "lib/ct/ct_frag.h"
#include "lib/dp/user/exec.h"
#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/parse.h"
#include "tests/unit/packet-random.h"

/* ---- stand-ins and recorder ---- */

static uint16_t last_l4_ofs; /* What the tracker was given. */
static uint64_t last_admitted_by;
static struct ct_nat last_nat; /* Flags UINT8_MAX: none. */

enum ct_fate ct_burst_execute(struct ct *ct, const struct ct_burst *burst, unsigned number,
                              struct packet *p, const struct ct_args *args, int64_t now_ms)
{
    (void)ct;
    (void)burst;
    assert_int_equal(number, 0);
    (void)now_ms;
    assert_true(p->l3_ofs == PACKET_NO_OFS || p->l3_ofs <= p->len);
    last_l4_ofs = p->l4_ofs;
    last_admitted_by = args->admitted_by;
    last_nat = args->nat ? *args->nat : (struct ct_nat){.flags = UINT8_MAX};
    p->ct.state = CS_TRK | CS_NEW;
    p->ct.zone = args->zone;
    p->ct.mark = args->mark;
    return args->zone == 666 ? CT_DROPPED : CT_GOES_ON;
}

/* Holds first fragments; others become whole. */
struct packet *ct_frag_take(struct ct *ct, struct packet *p, uint16_t zone, int64_t now_ms)
{
    struct key key;
    (void)ct;
    (void)zone;
    (void)now_ms;
    parse_key(p, &key);
    if (!(key.ip_frag & KEY_FRAG_LATER)) {
        packet_free(p);
        return NULL;
    }
    put_be16(p->data + p->l3_ofs + 6, 0);
    p->frag_max = 44;
    parse_key(p, &key);
    return p;
}

void ct_clear(struct packet *p)
{
    p->ct = (struct packet_ct){0};
}

enum kind { OUT, RECIRC, USERSPACE };
static struct event {
    enum kind kind;
    uint32_t arg; /* Port, id, first byte of the cookie. */
    struct packet *p;
} events[4096];
static unsigned n_events;

static void note(enum kind kind, uint32_t arg, struct packet *p)
{
    assert_in_range(n_events, 0, ARRAY_SIZE(events) - 1);
    events[n_events++] = (struct event){kind, arg, p};
}

static void on_output(void *aux, struct packet *p, uint32_t port)
{
    (void)aux;
    note(OUT, port, p);
}

static void on_recirc(void *aux, struct packet *p, uint32_t id)
{
    (void)aux;
    assert_int_equal(p->recirc_id, id);
    note(RECIRC, id, p);
}

static void on_userspace(void *aux, const struct packet *p, const struct key *key,
                         const void *cookie, size_t n)
{
    (void)aux;
    assert_non_null(key);
    assert_int_equal(p->gso_type, GSO_NONE);
    assert_int_not_equal(p->csum, CSUM_PARTIAL);
    struct packet *copy = packet_clone(p, NULL);
    note(USERSPACE, n ? *(const uint8_t *)cookie : 0, copy);
}

static struct exec_env env = {
    .ct = (struct ct *)&env, .output = on_output, .recirc = on_recirc, .userspace = on_userspace};

static void forget(void)
{
    while (n_events) {
        packet_free(events[--n_events].p);
    }
}

static struct packet *tcp_packet(uint32_t payload_len)
{
    static const uint8_t payload[64000] = {1, 2, 3};
    struct key key = {.eth_type = htons(0x0800), .ip_proto = 6, .ip_ttl = 64};
    key.ip_src = htonl(0x0a000001);
    key.ip_dst = htonl(0x0a000002);
    key.tp_src = htons(1000);
    key.tp_dst = htons(80);
    return compose_packet(&key, payload, payload_len);
}

static struct packet *super_packet(uint32_t payload_len, uint16_t gso_size)
{
    struct packet *p = tcp_packet(payload_len);
    p->csum = CSUM_PARTIAL;
    p->csum_start = 34;
    p->csum_ofs = 16;
    p->gso_type = GSO_TCPV4;
    p->gso_size = gso_size;
    p->gso_hdr_len = 54;
    return p;
}

static void put(struct dp_actions *l, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(l, type, sizeof *a);
    a->u32 = u32;
}

static void put_set_ttl(struct dp_actions *l, uint8_t ttl)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = DP_SET_IP4;
    s->value.ip4.ttl = ttl;
    s->mask.ip4.ttl = 0xff;
}

static void put_userspace(struct dp_actions *l, uint8_t cookie)
{
    struct dp_action_userspace *u = dp_actions_put(l, DP_ACTION_USERSPACE, sizeof *u + 1);
    u->a.u32 = 1;
    u->cookie[0] = cookie;
}

static void put_ct(struct dp_actions *l, uint16_t zone)
{
    struct dp_action_ct *ct = dp_actions_put(l, DP_ACTION_CT, sizeof *ct);
    ct->zone = zone;
    ct->commit = true;
    ct->mark = 7;
    ct->mark_mask = UINT32_MAX;
    ct->cookie = 0x123456789abcdef0;
}

static void run(struct packet *p, struct dp_actions *l)
{
    struct key key;
    assert_false(l->overflow);
    parse_key(p, &key);
    exec_run(&env, p, &key, l->data, l->len);
    dp_actions_deinit(l);
}
