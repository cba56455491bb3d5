/* ofctl_echo.c - see ofctl.h: probe and ping. */
#include <stdlib.h>

#include "lib/env.h"
#include "lib/mem.h"
#include "ofp/msg.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

/* One echo; anything else than its bytes back ends the program. */
static void echo(struct session *s, const void *payload, size_t n, uint32_t xid)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    size_t len;

    msg_encode_simple(MSG_ECHO_REQUEST, s->version, xid, payload, n, &w);
    ofconn_send(s->conn, &w);
    const uint8_t *msg = ofconn_recv_reply(s->conn, xid, &len);
    const uint8_t echo_reply = 3;
    if (msg[1] != echo_reply || len != OFP_HEADER_LEN + n ||
        (n && memcmp(msg + OFP_HEADER_LEN, payload, n))) {
        cmd_fatal("reply does not match request");
    }
}

void ofctl_probe(int argc, char *argv[], void *aux)
{
    struct session s;

    session_open(&s, aux, argv[1]);
    echo(&s, NULL, 0, ofconn_next_xid(s.conn));
    session_close(&s);
}

void ofctl_ping(int argc, char *argv[], void *aux)
{
    struct session s;
    struct env env;
    /* As far as it is a number, in decimal, like ovs-ofctl. */
    unsigned n = argc > 2 ? (unsigned)strtoull(argv[2], NULL, 10) : 64;

    if (n > OFP_MAX_LEN - OFP_HEADER_LEN) {
        cmd_fatal("payload must be between 0 and %d bytes", OFP_MAX_LEN - OFP_HEADER_LEN);
    }
    uint8_t *payload = xmalloc(n + 1u);
    env_init(&env);
    env_random_bytes(payload, n);
    session_open(&s, aux, argv[1]);
    for (int i = 0; i < 10; i++) {
        uint32_t xid = ofconn_next_xid(s.conn);
        env_refresh(&env);
        int64_t start = env.now_us;
        echo(&s, payload, n, xid);
        env_refresh(&env);
        printf("%u bytes from %s: xid=%08" PRIx32 " time=%.1f ms\n", n, argv[1], xid,
               (double)(env.now_us - start) / 1000);
    }
    free(payload);
    session_close(&s);
}
