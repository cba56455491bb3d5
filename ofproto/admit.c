/* admit.c - see admit.h. */
#include "ofproto/admit.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/packet/ip.h"
#include "ofproto/ofproto-private.h"

#define MAX_PASSES 16
#define MAX_PORTS  1024 /* Tried for one connection. */
#define BLOOM_BITS (UINT32_C(1) << 22)
#define MAX_ENDS   256 /* Of one step; a step sees fewer connections. */

struct admit_run {
    struct ofproto *p;
    struct admit_config config;
    struct admit_result result;
    struct dp_conns_dump *dump;
    uint64_t *translated;           /* Bloom filter: tuples that others became. */
    bool looking;                   /* The filter is complete. */
    uint32_t bridge_id, first_port; /* The port that admitted the last one is tried first. */
    struct ct_info ends[MAX_ENDS];
    unsigned n_ends;
};

/* ---- one packet ---- */

struct pass {
    const struct ct_info *info;
    const struct xlate_out *out;
    struct key queue[MAX_PASSES];
    unsigned n;
    bool overflow;
};

static void set_first_key(const struct ct_tuple *t, struct key *k)
{
    *k = (struct key){.eth_type = htons(t->is_ip6 ? 0x86dd : 0x0800),
                      .ip_proto = t->proto,
                      .ip_ttl = 64};
    if (t->is_ip6) {
        memcpy(k->ip6_src, t->src, 16);
        memcpy(k->ip6_dst, t->dst, 16);
    } else {
        memcpy(&k->ip_src, t->src, 4);
        memcpy(&k->ip_dst, t->dst, 4);
    }
    k->tp_src = t->src_port;
    k->tp_dst = t->dst_port;
    if (t->proto == IPPROTO_HDR_ICMP || t->proto == IPPROTO_HDR_ICMP6) {
        k->tp_src = htons(t->icmp_type);
        k->tp_dst = htons(t->icmp_code);
    } else if (t->proto == IPPROTO_HDR_TCP) {
        k->tcp_flags = htons(0x002);
    }
}

/* What the tracker says of a first packet; related connections have their parent's tuple. */
static void set_tracked(const struct pass *s, const struct dp_action_ct *ct, struct key *k)
{
    const struct ct_info *info = s->info;
    const struct ct_tuple *t = info->has_parent ? &info->parent : &info->orig;

    k->ct_state = htonl(CS_TRK | CS_NEW | (info->has_parent ? CS_REL : 0));
    k->ct_zone = htons(ct->zone);
    k->ct_mark = htonl(info->has_parent ? info->mark : 0);
    memset(k->ct_label, 0, sizeof k->ct_label);
    if (info->has_parent) {
        memcpy(k->ct_label, info->label, sizeof k->ct_label);
    }
    k->ct_proto = t->proto;
    if (t->is_ip6) {
        memcpy(k->ct_ip6_src, t->src, 16);
        memcpy(k->ct_ip6_dst, t->dst, 16);
    } else {
        memcpy(&k->ct_ip_src, t->src, 4);
        memcpy(&k->ct_ip_dst, t->dst, 4);
    }
    k->ct_tp_src = t->src_port;
    k->ct_tp_dst = t->dst_port;
}

static void on_event(void *s_, const struct xlate_trace_event *ev)
{
    struct pass *s = s_;

    if (ev->event != XLATE_EV_RECIRC) {
        return;
    }
    if (s->n == MAX_PASSES) {
        s->overflow = true;
        return;
    }
    const struct dp_action *last = dp_actions_last(&s->out->actions);
    struct key *k = &s->queue[s->n++];
    *k = *ev->key;
    k->recirc_id = htonl(ev->recirc_id);
    if (last && last->type == DP_ACTION_CT) {
        set_tracked(s, (const void *)last, k);
    }
}

/* Is it committed in this zone?  '*translates': by a ct that may make another tuple of it. */
static bool commits(const void *actions, size_t len, uint16_t zone, bool *translates)
{
    const struct dp_action *a;

    DP_ACTION_FOR_EACH(a, actions, len) {
        const struct dp_action_ct *ct = (const void *)a;
        const struct dp_action_check_pkt_len *c = (const void *)a;
        if (a->type == DP_ACTION_CT) {
            if (ct->commit && ct->zone == zone) {
                return true;
            }
            *translates |= ct->nat;
        } else if (a->type == DP_ACTION_CLONE || a->type == DP_ACTION_SAMPLE) {
            if (commits(a + 1, a->len - sizeof *a, zone, translates)) {
                return true;
            }
        } else if (a->type == DP_ACTION_CHECK_PKT_LEN) {
            if (commits(dp_action_branch(c, true), c->gt_len, zone, translates) ||
                commits(dp_action_branch(c, false), c->le_len, zone, translates)) {
                return true;
            }
        }
    }
    return false;
}

/* Has the answer to do with what the tuple does not tell? */
static bool looked_at_unknown(const struct key *m)
{
    return m->skb_mark || m->dp_hash || m->ip_tos || m->ip_ttl || m->ip6_label || m->ip6_exthdr ||
           m->vlan[0].tci || !is_all_zeros(m->eth_src, 6) || !is_all_zeros(m->eth_dst, 6) ||
           !is_all_zeros((const uint8_t *)m + KEY_TUN_OFS, KEY_TUN_SIZE);
}

static enum admit try_port(struct ofproto *p, const struct xlate_port *port,
                           const struct ct_info *info)
{
    struct pass s = {.info = info, .n = 1};
    enum admit verdict = ADMIT_NO;

    set_first_key(&info->orig, &s.queue[0]);
    s.queue[0].in_port = port->dp_port;
    for (unsigned i = 0; i < s.n && verdict != ADMIT_YES; i++) {
        struct xlate_in in = {.cfg = p->cfg,
                              .key = &s.queue[i],
                              .now_ms = loop_now(p->loop),
                              .revalidation = true,
                              .trace = on_event,
                              .trace_aux = &s};
        struct xlate_out out;
        bool translates = false;
        if (!i) {
            in.bridge = port->bridge;
            in.ofp_in_port = port->ofp_port;
        }
        xlate_out_init(&out);
        s.out = &out;
        xlate(&in, &out);
        if (commits(out.actions.data, out.actions.len, info->zone, &translates)) {
            verdict = ADMIT_YES;
        } else if (translates || s.overflow || out.error || looked_at_unknown(&out.mask)) {
            verdict = ADMIT_UNKNOWN;
        }
        xlate_out_deinit(&out);
    }
    return verdict;
}

static enum admit check(struct admit_run *r, const struct ct_info *info)
{
    const struct xlate_cfg *cfg = r->p->cfg;
    const struct xlate_bridge *last = xlate_cfg_bridge(cfg, r->bridge_id);
    const struct xlate_port *first = last ? xlate_cfg_ofp_port(last, r->first_port) : NULL;
    enum admit verdict = first ? try_port(r->p, first, info) : ADMIT_NO;
    unsigned n = 0;

    for (const struct xlate_bridge *b = cfg->bridges; b && verdict != ADMIT_YES; b = b->next) {
        for (size_t i = 0; i < b->n_ports && verdict != ADMIT_YES; i++) {
            const struct xlate_port *port = b->port_list[i];
            if (port == first || port->dp_port == DP_PORT_NONE) {
                continue; /* What a patch port brings came in elsewhere. */
            }
            if (n++ == MAX_PORTS) {
                return ADMIT_UNKNOWN;
            }
            enum admit now = try_port(r->p, port, info);
            verdict = now == ADMIT_NO ? verdict : now;
            if (now == ADMIT_YES) {
                r->bridge_id = b->id;
                r->first_port = port->ofp_port;
            }
        }
    }
    return verdict;
}

/* ---- what others were translated to ---- */

static uint32_t bloom_hash(const uint8_t src[16], const uint8_t dst[16], be16 sport, be16 dport,
                           uint8_t proto)
{
    uint64_t w[5];

    memcpy(&w[0], src, 16);
    memcpy(&w[2], dst, 16);
    w[4] = (uint64_t)proto << 32 | (uint64_t)sport << 16 | dport;
    return (uint32_t)hash_words(w, ARRAY_SIZE(w), 0) % BLOOM_BITS;
}

static bool is_translated(const struct ct_info *i)
{
    return memcmp(i->orig.src, i->reply.dst, 16) || memcmp(i->orig.dst, i->reply.src, 16) ||
           i->orig.src_port != i->reply.dst_port || i->orig.dst_port != i->reply.src_port;
}

static bool note_translated(void *r_, const struct ct_info *i)
{
    struct admit_run *r = r_;

    if (is_translated(i)) {
        uint32_t bit = bloom_hash(i->reply.dst, i->reply.src, i->reply.dst_port, i->reply.src_port,
                                  i->reply.proto);
        r->translated[bit / 64] |= BIT64(bit % 64);
    }
    return true;
}

static bool may_come_of_another(const struct admit_run *r, const struct ct_info *i)
{
    uint32_t bit =
        bloom_hash(i->orig.src, i->orig.dst, i->orig.src_port, i->orig.dst_port, i->orig.proto);
    return r->translated[bit / 64] & BIT64(bit % 64);
}

/* ---- all connections ---- */

static bool look(void *r_, const struct ct_info *info)
{
    struct admit_run *r = r_;

    if (!ct_info_replied(info)) {
        return true; /* It is decided anew soon enough. */
    }
    enum admit verdict = check(r, info);
    if (verdict == ADMIT_NO && may_come_of_another(r, info)) {
        verdict = ADMIT_UNKNOWN;
    }
    r->result.n++;
    r->result.n_unknown += verdict == ADMIT_UNKNOWN;
    r->result.n_refused += verdict == ADMIT_NO;
    if (verdict != ADMIT_NO) {
        return true;
    }
    if (r->config.refused) {
        r->config.refused(r->config.aux, info);
    }
    if (r->config.end && r->n_ends < MAX_ENDS) {
        r->ends[r->n_ends++] = *info;
    }
    return true;
}

/* Not from within the dump. */
static void end_refused(struct admit_run *r)
{
    for (unsigned i = 0; i < r->n_ends; i++) {
        const struct ct_info *info = &r->ends[i];
        struct ct_filter f = {.has_zone = true, .zone = info->zone};
        f.orig.tuple = info->orig;
        f.orig.has = CT_TF_SRC | CT_TF_DST | CT_TF_PROTO;
        f.orig.has |= info->orig.proto == IPPROTO_HDR_ICMP || info->orig.proto == IPPROTO_HDR_ICMP6
                          ? CT_TF_ICMP_TYPE | CT_TF_ICMP_CODE | CT_TF_ICMP_ID
                          : CT_TF_SRC_PORT | CT_TF_DST_PORT;
        r->result.n_ended += !dp_conns_flush(r->p->dp, &f);
    }
    r->n_ends = 0;
}

int admit_run_start(struct ofproto *p, const struct admit_config *config, struct admit_run **out)
{
    static const struct ct_filter all;
    struct admit_run *r = xzalloc(sizeof *r);

    r->p = p;
    r->config = *config;
    int error = dp_conns_dump_start(p->dp, &all, &r->dump);
    if (error) {
        free(r);
        return error;
    }
    r->translated = xcalloc(BLOOM_BITS / 64, sizeof *r->translated);
    *out = r;
    return 0;
}

bool admit_run_some(struct admit_run *r)
{
    if (loop_call_pending(&r->p->cfg_call)) {
        ofproto_cfg_update(r->p);
    }
    bool more = dp_conns_dump_some(r->p->dp, r->dump, r->looking ? look : note_translated, r);
    end_refused(r);
    if (more || r->looking) {
        return more;
    }
    /* Once more, now that it is known what others were translated to. */
    int error = dp_conns_dump_end(r->p->dp, r->dump);
    r->dump = NULL;
    r->looking = true;
    return !error && !dp_conns_dump_start(r->p->dp, &r->config.filter, &r->dump);
}

void admit_run_free(struct admit_run *r, bool gone, struct admit_result *result)
{
    if (result) {
        *result = r->result;
    }
    if (r->dump) {
        (void)dp_conns_dump_end(gone ? NULL : r->p->dp, r->dump);
    }
    free(r->translated);
    free(r);
}
