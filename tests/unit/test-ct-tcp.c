/* test-ct-tcp.c - TCP through the tracker: rows of segments in, states out, on a fake clock. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

/* One segment, and what is seen.  's' of 0 keeps the clock. */
struct row {
    int dir; /* 0 = A to B. */
    uint8_t flags;
    uint32_t seq, ack, len;
    uint16_t win;
    int wscale; /* 1 + shift. */
    int s;      /* Seconds that pass before it. */
    const char *want;
    const char *states; /* "ORIG REPLY", NULL: not looked at. */
};

struct script {
    const char *name;
    bool liberal;
    struct row rows[16];
};

static const char *const names[] = {"CLOSED",      "LISTEN",     "SYN_SENT",   "SYN_RECV",
                                    "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING",
                                    "LAST_ACK",    "FIN_WAIT_2", "TIME_WAIT"};

static void check_states(struct ct *ct, const char *want, int64_t now)
{
    struct ct_filter filter = {0};
    struct ct_info info;
    uint32_t pos = 0;
    char got[64] = "none";
    if (ct_dump(ct, &filter, &pos, &info, 1, now)) {
        snprintf(got, sizeof got, "%s %s", names[info.tcp_state[0]], names[info.tcp_state[1]]);
    }
    assert_string_equal(got, want);
}

static void run_script(const struct script *s, bool ip6)
{
    struct ct_config config = {.max_conns = 100, .hash_seed = 7, .tcp_liberal = s->liberal};
    struct ct *ct = ct_new(&config);
    int64_t now = 1000000;
    assert_non_null(ct);
    for (const struct row *r = s->rows; r->want; r++) {
        struct frame f = {.ip6 = ip6,
                          .back = r->dir,
                          .proto = IPPROTO_HDR_TCP,
                          .flags = r->flags,
                          .seq = r->seq,
                          .ack = r->ack,
                          .len = r->len,
                          .win = r->win,
                          .wscale = r->wscale};
        now += r->s * 1000;
        struct packet_ct got = run_commit(ct, &f, 5, now);
        char buf[32];
        if (strcmp(state_text(got.state, buf), r->want)) {
            fail_msg("%s%s, row %d: %s instead of %s", s->name, ip6 ? " (IPv6)" : "",
                     (int)(r - s->rows), buf, r->want);
        }
        if (r->states) {
            check_states(ct, r->states, now);
        }
    }
    ct_free(ct);
}

#define HANDSHAKE                                                                                \
    {.flags = SYN, .seq = 100, .want = "new"},                                                   \
        {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .want = "est|rpl"},               \
    {                                                                                            \
        .flags = ACK, .seq = 101, .ack = 501, .want = "est", .states = "ESTABLISHED ESTABLISHED" \
    }

static const struct script scripts[] = {
    {"handshake, data, close",
     false,
     {{.flags = SYN, .seq = 100, .want = "new", .states = "SYN_SENT CLOSED"},
      {.dir = 1,
       .flags = SYN | ACK,
       .seq = 500,
       .ack = 101,
       .want = "est|rpl",
       .states = "ESTABLISHED SYN_SENT"},
      {.flags = ACK, .seq = 101, .ack = 501, .want = "est", .states = "ESTABLISHED ESTABLISHED"},
      {.flags = ACK | PSH, .seq = 101, .ack = 501, .len = 1000, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 1101, .len = 700, .want = "est|rpl"},
      {.flags = FIN | ACK,
       .seq = 1101,
       .ack = 1201,
       .want = "est",
       .states = "CLOSING ESTABLISHED"},
      {.dir = 1,
       .flags = ACK,
       .seq = 1201,
       .ack = 1102,
       .want = "est|rpl",
       .states = "FIN_WAIT_2 ESTABLISHED"},
      {.dir = 1,
       .flags = FIN | ACK,
       .seq = 1201,
       .ack = 1102,
       .want = "est|rpl",
       .states = "FIN_WAIT_2 CLOSING"},
      {.flags = ACK, .seq = 1102, .ack = 1202, .want = "est", .states = "FIN_WAIT_2 FIN_WAIT_2"},
      /* A SYN on what is closed begins anew. */
      {.flags = SYN, .seq = 90000000, .want = "new", .states = "SYN_SENT CLOSED"}}},
    {"SYNs that are retransmitted",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.flags = SYN, .seq = 100, .s = 1, .want = "new"},
      {.flags = SYN, .seq = 100, .s = 2, .want = "new", .states = "SYN_SENT CLOSED"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .want = "est|rpl"},
      {.flags = SYN, .seq = 100, .want = "new", .states = "ESTABLISHED SYN_SENT"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .want = "est"},
      {.flags = SYN, .seq = 100, .want = "new", .states = "ESTABLISHED ESTABLISHED"}}},
    {"a SYN with another number",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.flags = SYN, .seq = 0x70000000, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 0x70000001, .want = "est|rpl"},
      {.flags = ACK, .seq = 0x70000001, .ack = 501, .len = 10, .want = "est"}}},
    {"a SYN on a live connection changes nothing",
     false,
     {HANDSHAKE,
      {.flags = SYN, .seq = 0x7000000, .want = "new"},
      {.dir = 1, .flags = SYN, .seq = 0x7000000, .want = "new"},
      {.flags = ACK, .seq = 101, .ack = 501, .len = 5, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 106, .len = 5, .want = "est|rpl"}}},
    {"a forged SYN after the answer moves no numbers",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .want = "est|rpl"},
      {.dir = 1, .flags = SYN, .seq = 0x50000000, .want = "new"},
      {.flags = ACK, .seq = 101, .ack = 501, .want = "est"}}},
    {"simultaneous open",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = SYN, .seq = 500, .want = "new", .states = "SYN_SENT SYN_SENT"},
      {.flags = SYN | ACK, .seq = 100, .ack = 501, .want = "new"},
      {.dir = 1,
       .flags = SYN | ACK,
       .seq = 500,
       .ack = 101,
       .want = "est|rpl",
       .states = "ESTABLISHED ESTABLISHED"}}},
    {"out of state first segments", false, {{.flags = SYN | ACK, .want = "inv", .states = "none"}}},
    {"SYN and FIN", false, {{.flags = SYN | FIN, .want = "inv", .states = "none"}}},
    {"SYN and RST", false, {{.flags = SYN | RST, .want = "inv", .states = "none"}}},
    {"lone FIN", false, {{.flags = FIN, .want = "inv", .states = "none"}}},
    {"no flags", false, {{.flags = 0, .want = "inv", .states = "none"}}},
    {"all flags", false, {{.flags = 0x3f, .want = "inv", .states = "none"}}},
    {"PSH only", false, {{.flags = PSH, .want = "inv", .states = "none"}}},
    {"first RST", false, {{.flags = RST, .want = "new", .states = "SYN_SENT CLOSED"}}},
    {"mid-stream pick-up",
     false,
     {{.flags = ACK, .seq = 5000, .ack = 9000, .len = 100, .want = "new"},
      {.flags = ACK, .seq = 5100, .ack = 9000, .len = 60000, .want = "new"},
      {.flags = ACK, .seq = 65100, .ack = 9000, .len = 60000, .want = "new"},
      {.dir = 1, .flags = ACK, .seq = 9000, .ack = 125100, .len = 9, .want = "est|rpl"},
      {.flags = ACK, .seq = 125100, .ack = 9009, .len = 50000, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 9009, .ack = 175100, .want = "est|rpl"},
      /* Large windows are assumed, not all. */
      {.flags = ACK, .seq = 0x7f000000, .ack = 9009, .len = 1, .want = "inv"}}},
    {"window, both ends",
     false,
     {HANDSHAKE,
      {.flags = ACK, .seq = 101, .ack = 501, .len = 8000, .want = "est"},
      {.flags = ACK, .seq = 8101, .ack = 501, .len = 1, .want = "inv"}, /* Beyond B's window. */
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 4101, .win = 5000, .want = "est|rpl"},
      {.flags = ACK, .seq = 8101, .ack = 501, .len = 1000, .want = "est"},
      {.flags = ACK, .seq = 9101, .ack = 501, .len = 1, .want = "inv"},
      {.flags = ACK, .seq = 101, .ack = 501, .len = 100, .want = "inv"},  /* A window back. */
      {.flags = ACK, .seq = 2101, .ack = 501, .len = 100, .want = "est"}, /* Retransmission. */
      {.dir = 1, .flags = ACK, .seq = 8501, .ack = 9101, .len = 1, .want = "inv"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 9101, .len = 8000, .want = "est|rpl"},
      {.flags = FIN | ACK, .seq = 0x10000000, .ack = 501, .want = "inv"},
      {.flags = ACK, .seq = 0x10000000, .ack = 501, .want = "est"}, /* No data: number unchecked. */
      {.flags = ACK, .seq = 9101, .ack = 501 + 8000 + 70000, .want = "inv"},
      {.flags = ACK, .seq = 9101, .ack = 501u - 70000u, .want = "inv"}}},
    {"the same, liberal",
     true,
     {HANDSHAKE,
      {.flags = ACK, .seq = 80101, .ack = 501, .len = 8000, .want = "est"},
      {.flags = ACK, .seq = 1, .ack = 0x40000000, .len = 8000, .want = "est"},
      {.flags = SYN | FIN, .want = "inv"}}},
    {"window scaling",
     false,
     {{.flags = SYN, .seq = 100, .win = 65535, .wscale = 8, .want = "new"},
      {.dir = 1,
       .flags = SYN | ACK,
       .seq = 500,
       .ack = 101,
       .win = 60000,
       .wscale = 5,
       .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .win = 1000, .want = "est"},
      /* B may send 1000 << 7. */
      {.dir = 1,
       .flags = ACK,
       .seq = 501,
       .ack = 101,
       .len = 60000,
       .win = 5000,
       .want = "est|rpl"},
      {.dir = 1,
       .flags = ACK,
       .seq = 60501,
       .ack = 101,
       .len = 60000,
       .win = 5000,
       .want = "est|rpl"},
      {.dir = 1, .flags = ACK, .seq = 120501, .ack = 101, .len = 8001, .win = 5000, .want = "inv"},
      {.dir = 1,
       .flags = ACK,
       .seq = 120501,
       .ack = 101,
       .len = 8000,
       .win = 5000,
       .want = "est|rpl"},
      /* A may send 5000 << 4. */
      {.flags = ACK, .seq = 101, .ack = 501, .len = 60000, .win = 1000, .want = "est"},
      {.flags = ACK, .seq = 60101, .ack = 501, .len = 20001, .win = 1000, .want = "inv"},
      {.flags = ACK, .seq = 60101, .ack = 501, .len = 20000, .win = 1000, .want = "est"}}},
    {"window scaling of one end is none",
     false,
     {{.flags = SYN, .seq = 100, .win = 4000, .wscale = 8, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .win = 5000, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .win = 4000, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 101, .len = 4001, .want = "inv"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 101, .len = 4000, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .len = 8001, .want = "inv"}}},
    {"numbers wrap",
     false,
     {{.flags = SYN, .seq = 0xffffff00, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 0xfffffffe, .ack = 0xffffff01, .want = "est|rpl"},
      {.flags = ACK, .seq = 0xffffff01, .ack = 0xffffffff, .want = "est"},
      {.flags = ACK, .seq = 0xffffff01, .ack = 0xffffffff, .len = 7000, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 0xffffffff, .ack = 6745, .len = 3000, .want = "est|rpl"},
      {.flags = ACK, .seq = 6745, .ack = 2999, .len = 7000, .want = "est"}}},
    {"reset answers a SYN",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = RST, .seq = 0, .want = "inv", .states = "SYN_SENT CLOSED"},
      {.dir = 1,
       .flags = RST | ACK,
       .seq = 0,
       .ack = 101,
       .want = "est|rpl",
       .states = "TIME_WAIT TIME_WAIT"},
      {.flags = SYN, .seq = 7, .s = 1, .want = "new", .states = "SYN_SENT CLOSED"}}},
    {"reset must be exact",
     false,
     {HANDSHAKE,
      {.dir = 1, .flags = RST, .seq = 503, .want = "inv"},
      {.dir = 1, .flags = RST, .seq = 499, .want = "inv"},
      {.dir = 1, .flags = RST | ACK, .seq = 0x10000, .ack = 101, .want = "inv"},
      {.flags = RST, .seq = 100000, .want = "inv", .states = "ESTABLISHED ESTABLISHED"},
      {.dir = 1, .flags = RST, .seq = 501, .want = "est|rpl", .states = "TIME_WAIT TIME_WAIT"},
      {.flags = ACK, .seq = 101, .ack = 501, .len = 3, .want = "est"}}},
    {"half-close: the other side still sends",
     false,
     {HANDSHAKE,
      {.flags = FIN | ACK, .seq = 101, .ack = 501, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 102, .len = 3000, .want = "est|rpl"},
      {.flags = ACK, .seq = 102, .ack = 3501, .s = 800, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 3501, .ack = 102, .len = 3000, .s = 800, .want = "est|rpl"},
      {.flags = SYN, .seq = 12345, .want = "new", .states = "FIN_WAIT_2 ESTABLISHED"},
      {.flags = ACK, .seq = 102, .ack = 6501, .s = 899, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 6501, .ack = 102, .s = 900, .want = "new"}}},
    {"timeout: SYN_SENT",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .s = 30, .want = "inv"}}},
    {"timeout: in time",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .s = 29, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .s = 29, .want = "est"},
      {.flags = ACK, .seq = 101, .ack = 501, .s = 86399, .want = "est"},
      {.flags = ACK, .seq = 101, .ack = 501, .s = 86400, .want = "new"}}},
    {"timeout: SYN_RECV",
     false,
     {{.flags = SYN, .seq = 100, .want = "new"},
      {.dir = 1, .flags = SYN | ACK, .seq = 500, .ack = 101, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .s = 30, .want = "new"}}},
    {"timeout: TIME_WAIT",
     false,
     {HANDSHAKE,
      {.flags = FIN | ACK, .seq = 101, .ack = 501, .want = "est"},
      {.dir = 1,
       .flags = FIN | ACK,
       .seq = 501,
       .ack = 102,
       .want = "est|rpl",
       .states = "FIN_WAIT_2 CLOSING"},
      {.dir = 1, .flags = ACK, .seq = 502, .ack = 102, .s = 44, .want = "est|rpl"},
      {.dir = 1, .flags = ACK, .seq = 502, .ack = 102, .s = 45, .want = "new"}}},
    {"timeout: CLOSE",
     false,
     {HANDSHAKE,
      {.dir = 1, .flags = RST, .seq = 501, .want = "est|rpl"},
      {.flags = ACK, .seq = 101, .ack = 501, .s = 29, .want = "est"},
      {.dir = 1, .flags = SYN | ACK, .seq = 501, .ack = 501, .s = 30, .want = "inv"}}},
    {"timeout: CLOSE after both FINs",
     false,
     {HANDSHAKE,
      {.flags = FIN | ACK, .seq = 101, .ack = 501, .want = "est"},
      {.dir = 1, .flags = FIN | ACK, .seq = 501, .ack = 102, .want = "est|rpl"},
      {.flags = ACK, .seq = 102, .ack = 502, .want = "est"},
      {.flags = ACK, .seq = 102, .ack = 502, .s = 29, .want = "est"},
      {.flags = ACK, .seq = 102, .ack = 502, .s = 30, .want = "new"}}},
    {"keep-alive and window probe",
     false,
     {HANDSHAKE,
      {.flags = ACK, .seq = 100, .ack = 501, .want = "est"},
      {.flags = ACK, .seq = 100, .ack = 501, .len = 1, .want = "est"},
      {.dir = 1, .flags = ACK, .seq = 501, .ack = 101, .want = "est|rpl"}}},
};

static void test_scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        run_script(&scripts[i], false);
        run_script(&scripts[i], true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
