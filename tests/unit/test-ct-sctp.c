/* test-ct-sctp.c - SCTP associations: states, verification tags, chunks. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"

#define T0 INT64_C(5000000)

enum { DATA, INIT, INIT_ACK, SACK, HB, HB_ACK, ABORT, SHUT, SHUT_ACK, ERR, ECHO, COOKIE_ACK };
#define DONE 14

struct step {
    bool back;
    uint8_t type;
    uint32_t tag, init_tag;
    const char *want;       /* The state on the packet, */
    enum ct_sctp_state now; /* and of the association; not looked at if invalid. */
    int s;                  /* Seconds that pass before it. */
    uint8_t flags;
};

/* A's packets carry 200, B's 100. */
#define HANDSHAKE                                                         \
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},              \
        {true, INIT_ACK, 100, 200, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0}, \
        {false, ECHO, 200, 0, "est", CT_SCTP_COOKIE_ECHOED, 0, 0},        \
    {                                                                     \
        true, COOKIE_ACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0    \
    }

static const struct step life[] = {
    HANDSHAKE,
    {false, DATA, 200, 0, "est", CT_SCTP_ESTABLISHED, 209, 0},
    {true, SACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 209, 0},
    {true, SACK, 101, 0, "inv", 0, 0, 0},
    {false, DATA, 100, 0, "inv", 0, 0, 0},
    {true, SHUT, 100, 0, "est|rpl", CT_SCTP_SHUTDOWN_RECD, 0, 0},
    {false, SHUT_ACK, 200, 0, "est", CT_SCTP_SHUTDOWN_ACK_SENT, 2, 0},
    {true, DONE, 100, 0, "est|rpl", CT_SCTP_CLOSED, 2, 0},
    {false, INIT, 0, 300, "new", CT_SCTP_COOKIE_WAIT, 9, 0}, /* Anew. */
    {.want = NULL}};
static const struct step shut_by_client[] = {
    HANDSHAKE,
    {false, SHUT, 200, 0, "est", CT_SCTP_SHUTDOWN_SENT, 0, 0},
    {true, SHUT_ACK, 100, 0, "est|rpl", CT_SCTP_SHUTDOWN_ACK_SENT, 0, 0},
    {false, DONE, 100, 0, "est", CT_SCTP_CLOSED, 0, 1}, /* Reflected tag, T bit. */
    {.want = NULL}};
static const struct step aborts[] = {HANDSHAKE,
                                     {true, ABORT, 5, 0, "inv", 0, 0, 0},
                                     {true, ABORT, 200, 0, "inv", 0, 0,
                                      0}, /* Reflected without the T bit. */
                                     {true, ABORT, 200, 0, "est|rpl", CT_SCTP_CLOSED, 0, 1},
                                     {.want = NULL}};
static const struct step refused[] = {{false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
                                      {true, ABORT, 100, 0, "est|rpl", CT_SCTP_CLOSED, 0, 0},
                                      {.want = NULL}};
static const struct step openings[] = {
    {false, INIT, 7, 100, "inv", 0, 0, 0}, /* INIT carries no tag. */
    {false, DATA, 7, 0, "inv", 0, 0, 0},
    {false, INIT_ACK, 7, 9, "inv", 0, 0, 0},
    {false, ECHO, 7, 0, "inv", 0, 0, 0},
    {false, ABORT, 7, 0, "inv", 0, 0, 0},
    {false, SHUT_ACK, 7, 0, "inv", 0, 0, 0},
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 2, 0},
    {true, INIT_ACK, 99, 200, "inv", 0, 0, 0},
    {true, INIT_ACK, 100, 200, "inv", 0, 1, 0}, /* Sending it again kept nothing alive. */
    {.want = NULL}};
/* The client's INIT was sent twice and answered twice: the first answer counts. */
static const struct step answered_twice[] = {
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, INIT_ACK, 100, 200, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, INIT_ACK, 100, 201, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0},
    {false, ECHO, 200, 0, "est", CT_SCTP_COOKIE_ECHOED, 0, 0},
    {true, COOKIE_ACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0},
    {false, DATA, 200, 0, "est", CT_SCTP_ESTABLISHED, 0, 0},
    {.want = NULL}};
/* A restart: old tags hold until the cookie comes back; a forged INIT changes nothing. */
static const struct step restart[] = {
    HANDSHAKE,
    {false, INIT, 0, 110, "est", CT_SCTP_ESTABLISHED, 0, 0},
    {true, SACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0},
    {true, INIT_ACK, 110, 210, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0},
    {false, DATA, 200, 0, "est", CT_SCTP_ESTABLISHED, 0, 0},
    {false, ECHO, 210, 0, "est", CT_SCTP_ESTABLISHED, 0, 0},
    {true, COOKIE_ACK, 110, 0, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0},
    {false, DATA, 200, 0, "inv", 0, 0, 0},
    {false, DATA, 210, 0, "est", CT_SCTP_ESTABLISHED, 0, 0},
    {.want = NULL}};
static const struct step crossing[] = {
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, INIT, 0, 200, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0},
    {false, INIT_ACK, 200, 100, "est", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, INIT_ACK, 100, 200, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, ECHO, 100, 0, "est|rpl", CT_SCTP_COOKIE_ECHOED, 0, 0},
    {false, ECHO, 200, 0, "est", CT_SCTP_COOKIE_ECHOED, 0, 0},
    {true, COOKIE_ACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 0, 0},
    {.want = NULL}};
static const struct step path[] = {{false, HB, 200, 0, "new", CT_SCTP_HEARTBEAT_SENT, 0, 0},
                                   {false, HB, 200, 0, "new", CT_SCTP_HEARTBEAT_SENT, 29, 0},
                                   {true, SACK, 100, 0, "inv", 0, 0, 0},
                                   {true, HB_ACK, 100, 0, "est|rpl", CT_SCTP_ESTABLISHED, 29, 0},
                                   {false, HB, 201, 0, "inv", 0, 0, 0},
                                   {false, DATA, 200, 0, "est", CT_SCTP_ESTABLISHED, 209, 0},
                                   {.want = NULL}};
static const struct step stale_cookie[] = {
    {false, INIT, 0, 100, "new", CT_SCTP_COOKIE_WAIT, 0, 0},
    {true, INIT_ACK, 100, 200, "est|rpl", CT_SCTP_COOKIE_WAIT, 0, 0},
    {false, ECHO, 200, 0, "est", CT_SCTP_COOKIE_ECHOED, 0, 0},
    {true, ERR, 100, 0, "est|rpl", CT_SCTP_CLOSED, 0, 0},
    {.want = NULL}};

static void run_steps(const char *name, const struct step *steps, bool ip6)
{
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 100, .hash_seed = 99});
    int64_t now = T0;
    for (const struct step *st = steps; st->want; st++) {
        struct frame f = {.ip6 = ip6,
                          .proto = IPPROTO_HDR_SCTP,
                          .back = st->back,
                          .type = st->type,
                          .code = st->flags,
                          .seq = st->tag,
                          .ack = st->init_tag,
                          .len = 4};
        char buf[32];
        now += st->s * 1000;
        struct packet_ct got = run_commit(ct, &f, 0, now);
        if (strcmp(state_text(got.state, buf), st->want)) {
            fail_msg("%s, step %d: %s (%d) instead of %s", name, (int)(st - steps), buf,
                     got.inv_reason, st->want);
        }
        struct ct_info info = {0};
        ct_dump(ct, &(struct ct_filter){0}, &(uint32_t){0}, &info, 1, now);
        if (!(got.state & CS_INV) && got.conn.generation && info.sctp_state != st->now) {
            fail_msg("%s, step %d: state %d", name, (int)(st - steps), info.sctp_state);
        }
    }
    ct_free(ct);
}

static void test_scripts(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        run_steps("life", life, ip6);
        run_steps("shut by the client", shut_by_client, ip6);
        run_steps("aborts", aborts, ip6);
        run_steps("refused", refused, ip6);
        run_steps("openings", openings, ip6);
        run_steps("answered twice", answered_twice, ip6);
        run_steps("restart", restart, ip6);
        run_steps("crossing", crossing, ip6);
        run_steps("path", path, ip6);
        run_steps("stale cookie", stale_cookie, ip6);
    }
}

/* ---- chunks ---- */

static const struct {
    const char *bytes; /* Type, flags, length, body; without padding at the end. */
    uint32_t n;
    bool ok;
} packets[] = {
    {"", 0, false},
    {"\3\0\0\4", 4, true},
    {"\3\0\0\3", 4, false},
    {"\3\0\0\5", 4, false},
    {"\3\0\0\5x", 5, true},
    {"\3\0\0\5x\0\0\0\0\0\0\10abcd", 16, true},
    {"\3\0\0\5x\0\0\0\0\0\0", 11, false},     /* Half a header. */
    {"\1\0\0\20\0\0\0\7aaaabbbb", 16, false}, /* INIT without its end. */
    {"\1\0\0\24\0\0\0\7aaaabbbbcccc", 20, true},
    {"\1\0\0\24\0\0\0\0aaaabbbbcccc", 20, false},         /* Tag zero. */
    {"\1\0\0\24\0\0\0\7aaaabbbbcccc\3\0\0\4", 24, false}, /* Not alone. */
    {"\3\0\0\4\13\0\0\4", 8, false},                      /* COOKIE_ACK is the first. */
    {"\13\0\0\4\3\0\0\4", 8, true},
    {"\12\0\0\10abcd\0\0\0\5x", 13, true}, /* COOKIE_ECHO and data. */
    {"\16\0\0\4\3\0\0\4", 8, false},
};

static void test_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        uint8_t *b = calloc(1, 12 + packets[i].n); /* Sanitizers see each overrun. */
        memcpy(b + 12, packets[i].bytes, packets[i].n);
        struct ct_sctp_seg s = {b, 12 + packets[i].n};
        if (ct_sctp_ok(&s) != packets[i].ok) {
            fail_msg("row %zu", i);
        }
        free(b);
    }
}

/* Any chunks in any state: no crash, and a state that there is. */
static void test_any(void **state)
{
    (void)state;
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 1000, .hash_seed = 99});
    uint32_t seed = 12345;
    for (uint32_t i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        struct frame f = {.proto = IPPROTO_HDR_SCTP,
                          .back = seed >> 31,
                          .type = (uint8_t)(seed >> 16 & 0xf),
                          .code = seed >> 20 & 1,
                          .seq = seed >> 24 & 3,
                          .ack = seed >> 26 & 3,
                          .sport = (uint16_t)(1 + i / 40)};
        run_commit(ct, &f, 0, T0);
    }
    struct ct_info infos[16];
    uint32_t pos = 0;
    unsigned closed = 0, established = 0;
    for (unsigned n; (n = ct_dump(ct, &(struct ct_filter){0}, &pos, infos, 16, T0)) != 0;) {
        for (unsigned i = 0; i < n; i++) {
            assert_in_range(infos[i].sctp_state, 0, CT_SCTP_N_STATES - 1);
            closed += infos[i].sctp_state == CT_SCTP_CLOSED;
            established += infos[i].sctp_state == CT_SCTP_ESTABLISHED;
        }
    }
    assert_in_range(closed, 10, 500);
    assert_in_range(established, 10, 500);
    ct_free(ct);
}

static void test_shown(void **state)
{
    (void)state;
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 10, .hash_seed = 99});
    struct text t = TEXT_INIT;
    for (const struct step *st = life; st < life + 4; st++) {
        run_commit(ct,
                   &(struct frame){.proto = 132,
                                   .back = st->back,
                                   .type = st->type,
                                   .seq = st->tag,
                                   .ack = st->init_tag},
                   0, T0);
    }
    ct_dump_all(ct, &t, false, false, T0);
    assert_string_equal(text_cstr(&t),
                        "sctp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1000,dport=80),"
                        "reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=1000),"
                        "protoinfo=(state=ESTABLISHED,vtag_orig=200,vtag_reply=100)\n");
    text_deinit(&t);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_shown),
    };
    rcu_register_thread();
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return result;
}
