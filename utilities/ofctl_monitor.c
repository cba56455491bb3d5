/* ofctl_monitor.c - see ofctl.h: listening to a switch, and echoes. */
#include <stdlib.h>
#include <time.h>

#include "lib/env.h"
#include "lib/mem.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

static void print_time(void)
{
    struct timespec now;
    struct tm tm;
    char s[32];

    clock_gettime(CLOCK_REALTIME, &now);
    strftime(s, sizeof s, "%Y-%m-%d %H:%M:%S", localtime_r(&now.tv_sec, &tm));
    fprintf(stderr, "%s.%03ld: ", s, now.tv_nsec / 1000000);
}

/* Prints what comes until the peer closes, which ends the program. */
static void NORETURN listen_forever(struct session *s)
{
    for (;;) {
        size_t len;
        const uint8_t *msg = ofconn_recv(s->conn, &len);
        if (s->ctl->timestamp) {
            print_time();
        }
        session_print(s, msg, len, stderr);
        fflush(stderr);
    }
}

static void set_miss_send_len(struct session *s, uint16_t miss_send_len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct switch_config config;
    struct msg_header h;
    struct wire_rd r;
    size_t len;

    uint32_t xid = ofconn_next_xid(s->conn);
    msg_encode_simple(MSG_GET_CONFIG_REQUEST, s->version, xid, NULL, 0, &w);
    ofconn_send(s->conn, &w);
    const uint8_t *msg = ofconn_recv_reply(s->conn, xid, &len);
    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_GET_CONFIG_REPLY ||
        switch_config_decode(&r, &config)) {
        session_print(s, msg, len, stderr);
        cmd_exit(1);
    }
    config.miss_send_len = miss_send_len;
    switch_config_encode(&config, false, s->version, ofconn_next_xid(s->conn), &w);
    session_transact(s, &w);
}

void ofctl_monitor(int argc, char *argv[], void *aux)
{
    struct session s;
    uint16_t miss_send_len;

    session_open(&s, aux, argv[1]);
    for (int i = 2; i < argc; i++) {
        if (text_to_u16(argv[i], &miss_send_len)) {
            set_miss_send_len(&s, miss_send_len);
        } else if (!strcmp(argv[i], "invalid_ttl")) {
            cmd_fatal("invalid_ttl needs OpenFlow 1.0 to 1.2");
        } else if (!strncmp(argv[i], "watch:", 6)) {
            cmd_fatal("%s: flow monitors are not supported", argv[i]);
        } else {
            cmd_fatal("%s: unsupported \"monitor\" argument", argv[i]);
        }
    }
    listen_forever(&s);
}

void ofctl_snoop(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct session s = {.ctl = ctl};

    s.conn = ofconn_open(argv[1], ctl->versions, ".snoop");
    s.version = ofconn_version(s.conn);
    ofconn_only_listen(s.conn);
    listen_forever(&s);
}

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
    uint16_t n = 64;

    if (argc > 2 && (!text_to_u16(argv[2], &n) || n > OFP_MAX_LEN - OFP_HEADER_LEN)) {
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
        printf("%u bytes from %s: xid=%08" PRIx32 " time=%.1f ms\n", (unsigned)n, argv[1], xid,
               (double)(env.now_us - start) / 1000);
    }
    free(payload);
    session_close(&s);
}
