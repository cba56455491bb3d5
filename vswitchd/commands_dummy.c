/* commands_dummy.c - netdev-dummy/: frames for test ports, and their links. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/packet/compose.h"
#include "vswitchd/commands-private.h"

#define MAX_FRAME 65535

static bool find_port(struct datapaths *d, const char *name, struct dp **dp, uint32_t *dp_port)
{
    for (struct ofproto *p = NULL; (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE;
                 n = bridge_next_port(br, n)) {
                struct bridge_port_info info;
                if (bridge_port_info(br, n, &info) && !strcmp(info.name, name)) {
                    *dp = ofproto_dp(p);
                    *dp_port = info.dp_port;
                    return true;
                }
            }
        }
    }
    return false;
}

/* Hexadecimal digits, or a flow in ODP text; 'len' is the frame's length, 0: as it comes. */
static char *make_frame(const char *s, uint32_t len, struct packet **pkt)
{
    size_t n;
    uint8_t *frame = text_to_hex(s, &n);
    struct key key;

    *pkt = NULL;
    if (frame && n && n <= MAX_FRAME) {
        *pkt = packet_new_data(frame, (uint32_t)n);
    }
    free(frame);
    if (*pkt) {
        return NULL;
    }
    char *error = strchr(s, '(') ? dp_key_parse(s, NULL, NULL, &key)
                                 : xstrdup("not a frame in hexadecimal digits");
    if (error) {
        char *text = xasprintf("%s: %s", s, error);
        free(error);
        return text;
    }
    *pkt = compose_packet(&key, NULL, 0);
    if (len > (*pkt)->len) {
        uint32_t more = len - (*pkt)->len;
        uint8_t *zeros = xzalloc(more);
        packet_free(*pkt);
        *pkt = compose_packet(&key, zeros, more);
        free(zeros);
    }
    return NULL;
}

/* Frame 'argv[*i]' with the option behind it arrives. */
static char *receive_one(struct dp *dp, uint32_t dp_port, int argc, const char *const argv[],
                         int *i)
{
    const char *frame = argv[(*i)++];
    struct packet *pkt;
    uint32_t len = 0;

    if (*i < argc && !strcmp(argv[*i], "--len")) {
        if (++*i == argc || !text_to_u32(argv[*i], &len) || len > MAX_FRAME) {
            return xasprintf("too small or too big packet len");
        }
        ++*i;
    }
    char *error = make_frame(frame, len, &pkt);
    if (!error && !dp_port_receive(dp, dp_port, pkt)) {
        error = xasprintf("%s: not a dummy port", argv[1]);
    }
    return error;
}

/* netdev-dummy/receive PORT [--qid N] FRAME [--len N]...: frames arrive, one after the other.
 * Dummy ports have one queue, so its number says nothing. */
static void on_receive(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct dp *dp = NULL;
    uint32_t dp_port = DP_PORT_NONE, qid;
    char *error = NULL;
    int i = 2;

    if (!find_port(d, argv[1], &dp, &dp_port)) {
        error = xasprintf("%s: no such port", argv[1]);
    } else if (!strcmp(argv[2], "--qid")) {
        i = 4;
        if (argc < 5 || !text_to_u32(argv[3], &qid)) {
            error = xstrdup("--qid needs a number, and a frame behind it");
        }
    }
    while (!error && i < argc) {
        error = receive_one(dp, dp_port, argc, argv, &i);
    }
    if (error) {
        control_reply_error(req, error);
        free(error);
    } else {
        control_reply(req, NULL);
    }
}

void commands_register_dummy(struct datapaths *d)
{
    control_register("netdev-dummy/receive", "port [--qid N] frame|flow [--len N]...", 2, INT_MAX,
                     on_receive, d);
}
