/* kflow_scan.c - see kflow.h: what the flows of a former process name, and have counted. */
#include <stdlib.h>

#include "lib/dp/kernel/kflow-private.h"
#include "lib/mem.h"

bool kflow_is_list(uint16_t action, uint16_t attr)
{
    switch (action) {
    case OVS_ACTION_ATTR_SAMPLE:
        return attr == OVS_SAMPLE_ATTR_ACTIONS;
    case OVS_ACTION_ATTR_CHECK_PKT_LEN:
        return attr == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER ||
               attr == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL;
    case OVS_ACTION_ATTR_DEC_TTL:
        return attr == OVS_DEC_TTL_ATTR_ACTION;
    default:
        return false;
    }
}

/* The largest id that a list of actions, or one nested in it, sends to. */
static uint32_t scan_actions(const void *attrs, size_t n, unsigned depth)
{
    struct nlrd r;
    uint32_t max = 0;

    nlrd_init(&r, attrs, n);
    while (depth && nlrd_next(&r)) {
        uint32_t id = 0;
        struct nlrd nested;
        switch (r.type) {
        case OVS_ACTION_ATTR_RECIRC:
            id = r.n == sizeof id ? nlrd_u32(&r) : 0;
            break;
        case OVS_ACTION_ATTR_CLONE:
            id = scan_actions(r.data, r.n, depth - 1);
            break;
        case OVS_ACTION_ATTR_SAMPLE:
        case OVS_ACTION_ATTR_CHECK_PKT_LEN:
        case OVS_ACTION_ATTR_DEC_TTL: /* Lists among other attributes. */
            nlrd_init(&nested, r.data, r.n);
            while (nlrd_next(&nested)) {
                if (kflow_is_list(r.type, nested.type)) {
                    id = MAX(id, scan_actions(nested.data, nested.n, depth - 1));
                }
            }
            break;
        default:
            break;
        }
        max = MAX(max, id);
    }
    return max;
}

struct scan {
    struct kflows *fs;
    uint32_t max;
};

static void note(struct kflows *fs, const struct kflow_report *rep)
{
    struct kflow_former *f = xzalloc(sizeof *f);

    f->id = rep->id;
    f->stats = rep->stats;
    hmap_insert(&fs->formers, &f->node, (size_t)f->id.w[1]);
}

static void on_flow(void *scan_, const struct nlsock_msg *m)
{
    struct scan *s = scan_;
    struct kflow_report rep;
    struct nlrd r, k;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY) {
            nlrd_init(&k, r.data, r.n);
            while (nlrd_next(&k)) {
                if (k.type == OVS_KEY_ATTR_RECIRC_ID) {
                    s->max = MAX(s->max, nlrd_u32(&k));
                }
            }
        } else if (r.type == OVS_FLOW_ATTR_ACTIONS) {
            s->max = MAX(s->max, scan_actions(r.data, r.n, KFLOW_MAX_DEPTH));
        }
    }
    if (kflow_read_report(m, &rep) && rep.has_id && rep.stats.packets) {
        note(s->fs, &rep);
    }
}

int kflow_inherit(struct kflows *fs, struct nlsock *sock, uint32_t *first)
{
    struct scan s = {.fs = fs};
    struct nlwr w;

    nlsock_begin(sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, fs->dp_ifindex, &w);
    int error = nlsock_call(sock, &w, on_flow, &s);
    *first = s.max == UINT32_MAX ? 1 : s.max + 1;
    fs->keep_foreign = !error || error == EINTR; /* What comes meanwhile is not the former's. */
    return fs->keep_foreign ? 0 : error;
}

const struct dp_flow_stats *kflow_inherited(const struct kflows *fs, const struct kflow_id *id)
{
    static const struct dp_flow_stats none;
    const struct kflow_former *f;

    HMAP_FOR_EACH_WITH_HASH(f, node, (size_t)id->w[1], &fs->formers) {
        if (!memcmp(&f->id, id, sizeof *id)) {
            return &f->stats;
        }
    }
    return &none;
}

void kflow_forget_inherited(struct kflows *fs)
{
    struct kflow_former *f, *next;

    HMAP_FOR_EACH_SAFE(f, next, node, &fs->formers) {
        free(f);
    }
    hmap_deinit(&fs->formers);
    hmap_init(&fs->formers);
}
