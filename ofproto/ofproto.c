/* ofproto.c - a datapath and its bridges: the handler of misses, the snapshot for translation, the
 * clockwork. See ofproto.h. */
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/admit.h"
#include "ofproto/effect.h"
#include "ofproto/learn.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/ofproto_keep.h"
#include "ofproto/ofproto_recirc.h"

LOG_MODULE(ofproto);

/* ---- the handler: worker threads, inside an RCU read section ---- */

static void on_miss(void *p_, const struct packet *pkt, const struct key *key, int64_t now_ms,
                    struct dp_verdict *v)
{
    struct ofproto *p = p_;
    struct xlate_in in = {.cfg = __atomic_load_n(&p->cfg, __ATOMIC_ACQUIRE),
                          .key = key,
                          .packet = pkt,
                          .now_ms = now_ms};
    struct xlate_out out;

    xlate_out_init(&out);
    xlate(&in, &out);
    for (unsigned i = 0; i < out.n_effects; i++) {
        effect_push(p, &out.effects[i]);
    }
    dp_actions_deinit(&v->actions);
    v->actions = out.actions;
    out.actions = DP_ACTIONS_INIT;
    v->mask = out.mask;
    v->cache = out.cache;
    v->drop_reason = out.drop_reason;
    v->credit = out.credit; /* The datapath gives it back, whether it caches or not. */
    out.credit = NULL;
    xlate_out_deinit(&out);
}

static void on_sample(struct ofproto *p, const struct packet *pkt, const struct key *key,
                      const void *cookie, size_t len)
{
    struct cookie_sample c;

    if (cookie_get_sample(cookie, len, &c)) {
        struct events_item *e = xzalloc(sizeof *e);
        e->type = EVENTS_SAMPLE;
        e->u.sample.cookie = c;
        ipfix_flow_read(&c, pkt, key, &e->u.sample.key, &e->u.sample.packet);
        if (!events_push(p->events, e)) {
            counter_inc(COUNTER_drop_sample_full);
            events_event_free(e);
        }
    }
}

static void on_packet_in(struct ofproto *p, const struct packet *pkt, const struct key *key,
                         const void *cookie, size_t len)
{
    struct events_item *e = xzalloc(sizeof *e);

    e->type = EVENTS_PACKET_IN;
    if (!cookie_get(cookie, len, &e->u.packet_in.cookie)) {
        free(e);
        return;
    }
    const struct xlate_bridge *br = xlate_cfg_bridge(__atomic_load_n(&p->cfg, __ATOMIC_ACQUIRE),
                                                     e->u.packet_in.cookie.bridge_id);
    cookie_match(&e->u.packet_in.cookie, key, br ? br->tlvs : NULL, &e->u.packet_in.metadata);
    e->u.packet_in.packet = packet_clone(pkt, NULL);
    if (!e->u.packet_in.packet || !events_push(p->events, e)) {
        counter_inc(COUNTER_drop_upcall_full);
        if (e->u.packet_in.packet) {
            packet_free(e->u.packet_in.packet);
        }
        free(e);
    }
}

static void on_userspace(void *p, const struct packet *pkt, const struct key *key,
                         const void *cookie, size_t len)
{
    if (cookie_type(cookie, len) == DP_COOKIE_CONTROLLER) {
        on_packet_in(p, pkt, key, cookie, len);
    } else {
        on_sample(p, pkt, key, cookie, len);
    }
}

/* ---- the handler: control thread ---- */

static void on_credit(void *p_, void *credit, const struct dp_flow_stats *delta)
{
    if (credit) {
        credit_apply(credit, delta);
        learn_credit(p_, credit, delta);
    }
}

static void on_release(void *p_, void *credit)
{
    struct ofproto *p = p_;
    if (credit) {
        credit_free(credit, loop_now(p->loop));
    }
}

static void on_port_changed(void *p_, uint32_t dp_port)
{
    struct ofproto *p = p_;
    struct bridge *br;
    uint32_t ofp_port;

    if (ofproto_find_dp_port(p, dp_port, &br, &ofp_port)) {
        bridge_port_refresh(bridge_port_find(br, ofp_port));
    }
    for (br = p->bridges; tunnel_map_is_tunnel(&p->cfg->tunnels, dp_port) && br; br = br->next) {
        bridge_ports_refresh_tunnels(br, dp_port);
    }
}

static void on_event(void *p_, struct events_item *e)
{
    struct ofproto *p = p_;
    int64_t now = loop_now(p->loop);

    switch (e->type) {
    case EVENTS_LEARN:
        effect_apply(p, &e->u.learn, now);
        break;
    case EVENTS_SAMPLE:
        for (struct bridge *br = p->bridges; br; br = br->next) {
            if (br->id == e->u.sample.cookie.bridge_id) {
                bridge_ipfix_sample(br, &e->u.sample.cookie, &e->u.sample.key, &e->u.sample.packet);
            }
        }
        break;
    case EVENTS_PACKET_IN:
        for (struct bridge *br = p->bridges; br; br = br->next) {
            if (br->id == e->u.packet_in.cookie.bridge_id) {
                bridge_packet_in(br, e);
            }
        }
        break;
    }
    events_event_free(e);
}

/* ---- the snapshot for translation ---- */

static void cfg_free_work(void *cfg)
{
    (void)cfg;
    urcu_qsbr_synchronize_rcu();
}

static void cfg_free_done(void *cfg)
{
    xlate_cfg_free(cfg);
}

void ofproto_cfg_update(struct ofproto *p)
{
    struct dp_features features;
    struct xlate_cfg *old = p->cfg;

    loop_call_cancel(&p->cfg_call);
    dp_get_features(p->dp, &features);
    struct xlate_cfg *cfg = xlate_cfg_new(&features, p->continuations);
    for (struct bridge *br = p->bridges; br; br = br->next) {
        struct xlate_bridge *xb = xlate_cfg_add_bridge(cfg, br->id, br->name, br->tables, br->fdb);
        struct bridge_port *port;
        xlate_bridge_set_tlvs(xb, br->tlvs);
        xb->fail_open = br->fail_open;
        xb->frags = br->frags;
        HMAP_FOR_EACH(port, node, &br->ports) {
            struct xlate_port *xp =
                xlate_cfg_add_port(xb, port->ofp_port, port->dp_port, port->name, port->peer);
            if (port->tunnel) {
                xlate_port_set_tunnel(xp, port->tunnel, port->tunnel_stats);
            }
            xp->config = port->desc.config | (port->gone ? OFPPC_PORT_DOWN : 0);
            xp->live = bridge_port_is_live(port);
            port_vlan_copy(&xp->vlan, &port->vlan);
            bridge_queues_to_cfg(port, xp);
        }
        bridge_mirrors_to_cfg(br, xb);
        bridge_tables_to_cfg(br, xb);
        bridge_ipfix_to_cfg(br, xb);
        bridge_in_band_to_cfg(br, xb);
    }
    xlate_cfg_finish(cfg);
    __atomic_store_n(&p->cfg, cfg, __ATOMIC_RELEASE);
    if (old) {
        loop_offload(p->loop, cfg_free_work, cfg_free_done, old);
    }
    revalidate_all(p->revalidator);
}

static void cfg_call(void *p)
{
    ofproto_cfg_update(p);
}

void ofproto_cfg_changed(struct ofproto *p)
{
    loop_call_schedule(&p->cfg_call);
}

/* ---- the clockwork ---- */

#define SETTLE_MS       5000  /* Bridges are configured and controllers connect. */
#define SETTLE_QUIET_MS 1000  /* Nobody is in the middle of adding rules, */
#define SETTLE_MAX_MS   30000 /* or somebody is always. */

/* Once: the rules can carry the traffic that a former process' flows have carried so far. */
static void settle(struct ofproto *p, int64_t now)
{
    int64_t age = now - p->opened_ms;
    bool quiet = now - p->rules_ms >= SETTLE_QUIET_MS;

    if (!p->settled && !p->restore_wait && age >= SETTLE_MS && (quiet || age >= SETTLE_MAX_MS)) {
        p->settled = true;
        dp_settled(p->dp);
        ofproto_recirc_settled(p);
    }
}

struct fdb_gone {
    struct ofproto *p;
    struct fdb *fdb;
};

static void on_fdb_gone(void *g_, uint16_t vlan, const uint8_t mac[6])
{
    struct fdb_gone *g = g_;
    revalidate_mac(g->p->revalidator, g->fdb, vlan, mac);
}

static void tick(void *p_)
{
    struct ofproto *p = p_;
    int64_t now = loop_now(p->loop);

    for (struct bridge *br = p->bridges; br; br = br->next) {
        struct fdb_gone gone = {p, br->fdb};
        fdb_expire(br->fdb, now, on_fdb_gone, &gone);
        bridge_pause_expire(br, now);
        bridge_in_band_tick(br, now);
        while (tables_reclaim(br->tables, 10000)) {
        }
    }
    continuations_reclaim(p->continuations, now, 1000);
    ofproto_recirc_tick(p);
    settle(p, now);
    admit_watch_tick(p->admit_watch,
                     p->settled && !p->restore_wait && now - p->rules_ms >= SETTLE_QUIET_MS);
}

/* ---- interface ---- */

char *ofproto_open(struct loop *loop, const char *dp_type, const char *rundir, struct ofproto **out)
{
    struct ofproto *p = xzalloc(sizeof *p);
    const struct dp_handler handler = {.aux = p,
                                       .rundir = rundir,
                                       .miss = on_miss,
                                       .userspace = on_userspace,
                                       .credit = on_credit,
                                       .release = on_release,
                                       .port_changed = on_port_changed};
    char *dp_name_ = xasprintf("ovs-%s", dp_type);
    uint64_t seed = env_random(loop_env(loop));

    p->loop = loop;
    p->rundir = xstrdup(rundir);
    p->zone_limit = -1;
    p->continuations = continuations_new(seed, CONTINUATION_MAX);
    p->events = events_new(loop, on_event, p);
    p->revalidator = revalidator_new(p);
    p->admit_watch = admit_watch_new(p);
    loop_call_init(&p->cfg_call, loop, cfg_call, p);
    loop_timer_init(&p->tick, loop, tick, p);
    /* The first snapshot must be there before a port can take a packet. */
    p->cfg = xlate_cfg_new(&(struct dp_features){.ct = false}, p->continuations);
    xlate_cfg_finish(p->cfg);

    char *error = dp_open(dp_type, dp_name_, loop, &handler, &p->dp);
    free(dp_name_);
    if (error) {
        ofproto_close(p, false);
        return error;
    }
    struct dp_features features;
    dp_get_features(p->dp, &features);
    continuations_start_at(p->continuations, features.first_recirc_id);
    p->opened_ms = loop_now(loop);
    ofproto_keep_open(p);
    ofproto_recirc_open(p);
    ofproto_cfg_update(p);
    loop_timer_every(&p->tick, 1000);
    *out = p;
    return NULL;
}

void ofproto_close(struct ofproto *p, bool destroy)
{
    loop_timer_cancel(&p->tick);
    loop_call_cancel(&p->cfg_call);
    admit_watch_free(p->admit_watch);
    ofproto_keep_close(p, destroy);
    ofproto_recirc_close(p, destroy);
    if (p->dp) {
        /* Workers end here; what they have told is handled while the bridges' tables are still
         * referenced. */
        dp_close(p->dp, destroy);
        p->dp = NULL;
    }
    events_free(p->events);
    revalidator_free(p->revalidator);
    xlate_cfg_free(p->cfg);
    continuations_unref(p->continuations);
    free(p->meter_ids);
    free(p->zones);
    free(p->rundir);
    free(p);
}

struct dp *ofproto_dp(struct ofproto *p)
{
    return p->dp;
}

struct bridge *ofproto_next_bridge(const struct ofproto *p, const struct bridge *br)
{
    return br ? br->next : p->bridges;
}

struct bridge *ofproto_bridge_by_name(const struct ofproto *p, const char *name)
{
    struct bridge *br = p->bridges;
    while (br && strcmp(br->name, name)) {
        br = br->next;
    }
    return br;
}

static bool find_port(const struct ofproto *p, const struct xlate_port *xp, struct bridge **br,
                      uint32_t *ofp_port)
{
    /* The snapshot is the index; it may be older than the bridges. */
    *br = xp ? ofproto_bridge_by_name(p, xp->bridge->name) : NULL;
    if (!*br || !bridge_port_find(*br, xp->ofp_port)) {
        return false;
    }
    *ofp_port = xp->ofp_port;
    return true;
}

bool ofproto_find_dp_port(const struct ofproto *p, uint32_t dp_port, struct bridge **br,
                          uint32_t *ofp_port)
{
    return find_port(p, xlate_cfg_dp_port(p->cfg, dp_port), br, ofp_port);
}

bool ofproto_find_key_port(const struct ofproto *p, const struct key *key, struct bridge **br,
                           uint32_t *ofp_port)
{
    const struct xlate_port *xp = tunnel_map_is_tunnel(&p->cfg->tunnels, key->in_port)
                                      ? tunnel_map_find(&p->cfg->tunnels, key)
                                      : xlate_cfg_dp_port(p->cfg, key->in_port);
    return find_port(p, xp, br, ofp_port);
}

void ofproto_settle(struct ofproto *p, void (*done)(void *), void *aux)
{
    revalidate_wait(p->revalidator, done, aux);
}

static enum dp_flow_decision keep(void *aux, const struct dp_flow_view *f, struct dp_verdict *v)
{
    (void)aux;
    (void)f;
    (void)v;
    return DP_FLOW_KEEP;
}

void ofproto_set_restore_wait(struct ofproto *p, bool on)
{
    p->restore_wait = on;
}

void ofproto_pull_stats(struct ofproto *p)
{
    events_run(p->events);
    dp_flow_walk(p->dp, keep, NULL);
}
