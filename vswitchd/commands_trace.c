/* commands_trace.c - ofproto/trace and ofproto/trace-packet-out: arguments as ovs-appctl's. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "lib/packet/parse.h"
#include "ofp/match.h"
#include "ofproto/trace.h"
#include "vswitchd/commands-private.h"
#include "dpctl/exact_flow.h"

#define MAX_CT_NEXT 64
#define MAX_ARGS    4 /* DP or bridge, flow, packet, actions. */
#define MAX_L7      65000

struct args {
    const char *words[MAX_ARGS];
    int n;
    uint32_t ct_next[MAX_CT_NEXT];
    unsigned n_ct_next;
    bool names, generate, consistent;
    uint8_t *l7; /* Heap. */
    size_t l7_len;
};

/* ---- options ---- */

static char *check_ct_state(const char *text, uint32_t state)
{
    const char *why = NULL;

    if (state && !(state & CS_TRK)) {
        why = "If \"trk\" is unset, no other flags are set";
    } else if (state & CS_INV && state & ~(uint32_t)(CS_TRK | CS_INV)) {
        why = "when \"inv\" is set, only \"trk\" may also be set";
    } else if (state & CS_NEW && state & CS_RPL) {
        why = "\"new\" and \"rpy\" are mutually exclusive";
    } else if (state & CS_NEW && state & CS_EST) {
        why = "\"new\" and \"est\" are mutually exclusive";
    }
    return why ? xasprintf("%s: invalid connection state: %s", text, why) : NULL;
}

static char *parse_ct_next(const char *text, struct args *a)
{
    static const char *const names[] = {"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"};
    char *copy = xstrdup(text), *save = NULL, *error = NULL;
    uint32_t state = 0;

    for (char *w = strtok_r(copy, "|, ", &save); w && !error; w = strtok_r(NULL, "|, ", &save)) {
        size_t i = 0;
        while (i < ARRAY_SIZE(names) && strcmp(names[i], w)) {
            i++;
        }
        if (i == ARRAY_SIZE(names)) {
            error = xasprintf("%s: unknown connection tracking state flag", w);
        } else {
            state |= 1u << i;
        }
    }
    free(copy);
    error = error ? error : check_ct_state(text, state);
    if (!error && a->n_ct_next == MAX_CT_NEXT) {
        error = xstrdup("too many --ct-next options");
    }
    if (!error) {
        a->ct_next[a->n_ct_next++] = state;
    }
    return error;
}

static char *parse_l7(const char *option, const char *value, struct args *a)
{
    uint32_t len;

    free(a->l7);
    a->l7 = NULL;
    if (!strcmp(option, "--l7")) {
        a->l7 = text_to_hex(value, &a->l7_len);
        return a->l7 && a->l7_len <= MAX_L7 ? NULL : xasprintf("%s: not a payload in hex", value);
    }
    if (!text_to_u32(value, &len) || len > MAX_L7) {
        return xasprintf("%s: not the length of a payload", value);
    }
    a->l7_len = len;
    a->l7 = xmalloc(len + 1);
    for (uint32_t i = 0; i < len; i++) {
        a->l7[i] = (uint8_t)i;
    }
    return NULL;
}

static char *parse_args(int argc, const char *const argv[], struct args *a)
{
    char *error = NULL;

    for (int i = 1; !error && i < argc; i++) {
        const char *s = argv[i];
        if (!strcmp(s, "-generate") || !strcmp(s, "--generate")) {
            a->generate = true;
        } else if (!strcmp(s, "-consistent") || !strcmp(s, "--consistent")) {
            a->consistent = true;
        } else if (!strcmp(s, "-names") || !strcmp(s, "--names")) {
            a->names = true;
        } else if (!strcmp(s, "--no-names") || !strcmp(s, "-no-names")) {
            a->names = false;
        } else if (!strcmp(s, "--ct-next") || !strcmp(s, "--l7") || !strcmp(s, "--l7-len")) {
            error = ++i == argc               ? xasprintf("Missing argument for option %s", s)
                    : !strcmp(s, "--ct-next") ? parse_ct_next(argv[i], a)
                                              : parse_l7(s, argv[i], a);
        } else if (a->n == MAX_ARGS) {
            error = xasprintf("%s: one argument too many", s);
        } else {
            a->words[a->n++] = s;
        }
    }
    return error;
}

/* ---- flow and packet ---- */

struct subject {
    struct bridge *br;
    struct flow flow;
    struct packet *pkt;
};

static bool dp_port_by_name(void *p_, const char *name, uint32_t *dp_port)
{
    struct ofproto *p = p_;

    for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
        for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
            struct bridge_port_info info;
            if (bridge_port_info(br, n, &info) && !strcmp(info.name, name)) {
                *dp_port = info.dp_port;
                return true;
            }
        }
    }
    return false;
}

static char *parse_odp(struct ofproto *p, const char *text, struct subject *s)
{
    struct key *key = &s->flow.key;
    uint32_t ofp_port;
    char *error = dp_key_parse(text, dp_port_by_name, p, key);

    if (error) {
        char *t = xasprintf("Bad datapath flow syntax: %s: %s", text, error);
        free(error);
        return t;
    }
    if (!ofproto_find_key_port(p, key, &s->br, &ofp_port)) {
        return xasprintf("%u: no bridge has this datapath port", key->in_port);
    }
    s->flow.in_port = htonl(ofp_port);
    return NULL;
}

static char *parse_br(struct bridge *br, const char *text, struct subject *s)
{
    struct name_map names = trace_names(br);
    struct match m;
    char *error = exact_flow_parse(text, &names, &m);

    s->br = br;
    s->flow = m.flow;
    memset(&s->flow.tun, 0, sizeof s->flow.tun);
    error = error ? error : trace_put_options(br, &m, &s->flow.key);
    if (error) {
        char *t = xasprintf("Bad openflow flow syntax: %s: %s", text, error);
        free(error);
        return t;
    }
    return NULL;
}

/* The first words: [DP] ODP_FLOW, or BRIDGE BR_FLOW.  '*used': how many. */
static char *parse_subject(struct datapaths *d, const struct args *a, struct subject *s, int *used)
{
    struct bridge *br = a->n > 1 ? datapaths_bridge(d, a->words[0]) : NULL;
    struct ofproto *p = NULL;

    *used = 2;
    if (br) {
        return parse_br(br, a->words[1], s);
    }
    while (a->n > 1 && (p = datapaths_next(d, p)) && !dpctl_names_datapath(p, a->words[0])) {
    }
    if (p) {
        return parse_odp(p, a->words[1], s);
    }
    if (!strchr(a->words[0], '(')) {
        return xasprintf("%s: unknown bridge", a->words[0]);
    }
    *used = 1;
    p = datapaths_next(d, NULL);
    if (!p || datapaths_next(d, p)) {
        return xstrdup(p ? "multiple datapaths, specify one" : "no datapath exists");
    }
    return parse_odp(p, a->words[0], s);
}

/* A frame given in digits says all but the metadata; one that is asked for is made of the flow. */
static char *parse_packet(const struct args *a, const char *hex, struct subject *s)
{
    struct key meta = s->flow.key;
    size_t n;

    if (!hex) {
        s->pkt = a->generate ? compose_packet(&s->flow.key, a->l7, (uint32_t)a->l7_len) : NULL;
        return NULL;
    }
    if (a->generate) {
        return xstrdup("Cannot specify both a packet and -generate");
    }
    uint8_t *frame = text_to_hex(hex, &n);
    if (!frame || !n || n > 65535) {
        free(frame);
        return xasprintf("Trailing garbage in packet data: %s", hex);
    }
    s->pkt = packet_new_data(frame, (uint32_t)n);
    s->pkt->packet_type = meta.packet_type;
    free(frame);
    if (!parse_key(s->pkt, &s->flow.key)) {
        return xstrdup("packet too short");
    }
    size_t meta_len = offsetof(struct key, packet_type);
    memcpy(&s->flow.key, &meta, meta_len);
    return NULL;
}

/* ---- commands ---- */

static char *run(const struct args *a, const struct acts *acts, struct subject *s, int used,
                 struct text *out)
{
    char *error = a->n > used + 1 ? xstrdup("too many arguments")
                                  : parse_packet(a, a->n > used ? a->words[used] : NULL, s);

    if (!error) {
        const struct trace_request req = {.flow = s->flow,
                                          .packet = s->pkt,
                                          .effects = s->pkt != NULL && (!acts || a->consistent),
                                          .names = a->names,
                                          .ct_next = a->ct_next,
                                          .n_ct_next = a->n_ct_next,
                                          .acts = acts};
        trace_run(s->br, &req, out);
    }
    return error;
}

static void finish(struct control_request *req, struct args *a, struct subject *s, char *error,
                   struct text *out)
{
    if (error) {
        control_reply_error(req, error);
        free(error);
    } else {
        control_reply(req, text_cstr(out));
    }
    text_deinit(out);
    free(a->l7);
    if (s->pkt) {
        packet_free(s->pkt);
    }
}

static void on_trace(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct args a = {.n = 0};
    struct subject s = {.pkt = NULL};
    struct text out = TEXT_INIT;
    int used = 0;

    char *error = parse_args(argc, argv, &a);
    if (!error && !a.n) {
        error = xstrdup("a bridge or datapath and a flow are needed");
    }
    error = error ? error : parse_subject(d, &a, &s, &used);
    error = error ? error : run(&a, NULL, &s, used, &out);
    finish(req, &a, &s, error, &out);
}

/* The same with actions at the end, which run in the place of the tables. */
static void on_trace_packet_out(struct control_request *req, int argc, const char *const argv[],
                                void *d)
{
    struct args a = {.n = 0};
    struct subject s = {.pkt = NULL};
    struct text out = TEXT_INIT;
    struct acts acts = ACTS_INIT;
    int used = 0;

    char *error = parse_args(argc, argv, &a);
    if (!error && a.n < 2) {
        error = xstrdup("a bridge or datapath, a flow and actions are needed");
    }
    const char *actions = error ? NULL : a.words[--a.n];
    error = error ? error : parse_subject(d, &a, &s, &used);
    if (!error) {
        struct name_map names = trace_names(s.br);
        char *copy = xstrdup(actions);
        error = acts_parse(copy, &names, false, &acts);
        free(copy);
    }
    error = error ? error : trace_check_acts(s.br, &s.flow, &acts);
    error = error ? error : run(&a, &acts, &s, used, &out);
    finish(req, &a, &s, error, &out);
    acts_deinit(&acts);
}

#define USAGE                                                                           \
    "{[dp_name] odp_flow | bridge br_flow} [--ct-next STATES]... [--names|--no-names] " \
    "[-generate | packet] [--l7 HEX | --l7-len N]"

void commands_register_trace(struct datapaths *d)
{
    control_register("ofproto/trace", USAGE, 1, INT_MAX, on_trace, d);
    control_register("ofproto/trace-packet-out", USAGE " [-consistent] actions", 2, INT_MAX,
                     on_trace_packet_out, d);
}
