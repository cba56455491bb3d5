/* async.c - see async.h.  OpenFlow 1.3.5 section 7.3.10, 1.4 section 7.3.10; nicira-ext. */
#include "ofp/async.h"

#include "ofp/prop.h"

#define N_REASONS      6
#define N_KINDS_13     3      /* Those that have a mask without properties. */
#define PROP_FIRST_EXP 0xfffe /* For secondary; 0xffff for others. */

/* The reasons, and the first version that has them. */
static const struct {
    const char *label;
    struct {
        const char *name;
        uint8_t first;
    } reasons[N_REASONS];
} kinds[ASYNC_N_KINDS] = {
    [ASYNC_PACKET_IN] = {"       PACKET_IN",
                         {{"no_match", 1},
                          {"action", 1},
                          {"invalid_ttl", 1},
                          {"action_set", OFP14_VERSION},
                          {"group", OFP14_VERSION},
                          {"packet_out", OFP14_VERSION}}},
    [ASYNC_PORT_STATUS] = {"     PORT_STATUS", {{"add", 1}, {"delete", 1}, {"modify", 1}}},
    [ASYNC_FLOW_REMOVED] = {"    FLOW_REMOVED",
                            {{"idle", 1},
                             {"hard", 1},
                             {"delete", 1},
                             {"group_delete", 1},
                             {"meter_delete", 1},
                             {"eviction", 1}}},
    [ASYNC_ROLE_STATUS] = {"     ROLE_STATUS",
                           {{"primary_request", 1},
                            {"configuration_changed", 1},
                            {"experimenter_data_changed", 1}}},
    [ASYNC_TABLE_STATUS] = {"    TABLE_STATUS",
                            {[3] = {"vacancy_down", 1}, [4] = {"vacancy_up", 1}}},
    [ASYNC_REQUESTFORWARD] = {"  REQUESTFORWARD",
                              {{"group_mod_request", 1}, {"meter_mod_request", 1}}},
};

static uint32_t known_reasons(enum async_kind kind, uint8_t version)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < N_REASONS; i++) {
        if (kinds[kind].reasons[i].name && version >= kinds[kind].reasons[i].first) {
            bits |= BIT(i);
        }
    }
    return bits;
}

static bool has_props(enum msg_type type, uint8_t version)
{
    return type == MSG_NXT_SET_ASYNC_CONFIG2 ||
           (version >= OFP14_VERSION && type != MSG_NXT_SET_ASYNC_CONFIG);
}

static enum ofp_error decode_props(struct wire_rd *r, const struct msg_header *h,
                                   struct async_config *a)
{
    bool loose = h->type == MSG_GET_ASYNC_REPLY;

    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode_exp(r, PROP_FIRST_EXP, &p);
        if (error) {
            return error;
        }
        unsigned kind = p.type / 2u, role = p.type & 1 ? 0 : 1;
        if (kind >= ASYNC_N_KINDS) {
            if (!loose) {
                return p.type >= PROP_FIRST_EXP ? OFPERR_OFPBPC_BAD_EXP_TYPE
                                                : OFPERR_OFPACFC_UNSUPPORTED;
            }
            continue;
        }
        uint32_t mask, known = known_reasons((enum async_kind)kind, h->version);
        error = prop_u32(&p, &mask);
        if (!error && mask & ~known && !loose) {
            error = OFPERR_OFPACFC_INVALID;
        }
        if (error) {
            return error;
        }
        a->mask[kind][role] = mask & known;
        a->given |= BIT(p.type);
    }
    return OFPERR_OK;
}

enum ofp_error async_decode(struct wire_rd *r, const struct msg_header *h, struct async_config *a)
{
    *a = (struct async_config){.given = 0};
    if (has_props(h->type, h->version)) {
        return decode_props(r, h, a);
    }
    for (unsigned kind = 0; kind < N_KINDS_13; kind++) {
        uint32_t known = known_reasons((enum async_kind)kind, h->version);
        a->mask[kind][0] = wire_rd_u32(r) & known;
        a->mask[kind][1] = wire_rd_u32(r) & known;
        a->given |= 3u << (2 * kind);
    }
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void async_encode(const struct async_config *a, enum msg_type type, uint8_t version, uint32_t xid,
                  struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);
    if (has_props(type, version)) {
        for (uint16_t prop = 0; prop < 2 * ASYNC_N_KINDS; prop++) {
            if (a->given & BIT(prop)) {
                enum async_kind kind = (enum async_kind)(prop / 2);
                prop_put_u32(w, prop,
                             a->mask[kind][prop & 1 ? 0 : 1] & known_reasons(kind, version));
            }
        }
    } else {
        for (size_t kind = 0; kind < N_KINDS_13; kind++) {
            uint32_t known = known_reasons((enum async_kind)kind, version);
            wire_wr_u32(w, a->mask[kind][0] & known);
            wire_wr_u32(w, a->mask[kind][1] & known);
        }
    }
    msg_finish(w, start);
}

static void format_role(const struct async_config *a, int role, uint8_t version, struct text *s)
{
    text_printf(s, "\n %s:\n", role ? "secondary" : "primary");
    for (size_t kind = 0; kind < ASYNC_N_KINDS; kind++) {
        uint32_t mask = a->mask[kind][role] & known_reasons((enum async_kind)kind, version);
        text_printf(s, "%s:%s", kinds[kind].label, mask ? "" : " (off)");
        for (size_t i = 0; i < N_REASONS; i++) {
            if (mask & BIT(i)) {
                text_printf(s, " %s", kinds[kind].reasons[i].name);
            }
        }
        text_putc(s, '\n');
    }
}

void async_format(const struct async_config *a, uint8_t version, struct text *s)
{
    format_role(a, 0, version, s);
    format_role(a, 1, version, s);
}
