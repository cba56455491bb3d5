/* effect.c - see effect.h. */
#include "ofproto/effect.h"

#include "lib/mem.h"
#include "ofproto/learn.h"
#include "ofproto/ofproto-private.h"

void effect_push(struct ofproto *p, const struct xlate_effect *fx)
{
    struct events_item *e = xzalloc(sizeof *e);

    e->type = EVENTS_LEARN;
    e->u.learn = *fx;
    if (fx->learned) {
        learned_ref(fx->learned);
    } else {
        fdb_ref(fx->fdb);
    }
    if (!events_push(p->events, e)) {
        events_event_free(e); /* The next packet from there tells it again. */
    }
}

static struct bridge *bridge_of(const struct ofproto *p, const struct fdb *fdb)
{
    struct bridge *br = p->bridges;

    while (br && br->fdb != fdb) {
        br = br->next;
    }
    return br;
}

void effect_apply(struct ofproto *p, const struct xlate_effect *fx, int64_t now_ms)
{
    if (fx->learned) {
        learn_apply(p, fx->learned, now_ms);
    } else if (fdb_learn(fx->fdb, fx->vlan, fx->mac, fx->ofp_port, now_ms)) {
        struct fdb_entry_info e = {.vlan = fx->vlan, .ofp_port = fx->ofp_port, .used_ms = now_ms};
        struct bridge *br = bridge_of(p, fx->fdb);
        revalidate_mac(p->revalidator, fx->fdb, fx->vlan, fx->mac);
        if (br) { /* Else it has gone meanwhile. */
            memcpy(e.mac, fx->mac, sizeof e.mac);
            bridge_keep_learned(br, &e);
        }
    }
}
