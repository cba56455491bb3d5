/* kflow_scan.c - see kflow.h: what the flows of a former process name. */
#include "lib/dp/kernel/kflow.h"

#define MAX_DEPTH 16 /* As the kernel's own limit. */

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
                bool is_list =
                    r.type == OVS_ACTION_ATTR_SAMPLE ? nested.type == OVS_SAMPLE_ATTR_ACTIONS
                    : r.type == OVS_ACTION_ATTR_DEC_TTL
                        ? nested.type == OVS_DEC_TTL_ATTR_ACTION
                        : nested.type == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER ||
                              nested.type == OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL;
                if (is_list) {
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

static void on_flow(void *max_, const struct nlsock_msg *m)
{
    uint32_t *max = max_;
    struct nlrd r, k;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_KEY) {
            nlrd_init(&k, r.data, r.n);
            while (nlrd_next(&k)) {
                if (k.type == OVS_KEY_ATTR_RECIRC_ID) {
                    *max = MAX(*max, nlrd_u32(&k));
                }
            }
        } else if (r.type == OVS_FLOW_ATTR_ACTIONS) {
            *max = MAX(*max, scan_actions(r.data, r.n, MAX_DEPTH));
        }
    }
}

int kflow_scan_recirc(struct nlsock *sock, int dp_ifindex, uint32_t *first)
{
    uint32_t max = 0;
    struct nlwr w;

    nlsock_begin(sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, dp_ifindex, &w);
    int error = nlsock_call(sock, &w, on_flow, &max);
    *first = max == UINT32_MAX ? 1 : max + 1;
    return error == EINTR ? 0 : error; /* Flows that come meanwhile are no longer the former's. */
}
