/* ct-ftp.h - a control connection of FTP, for the tests of helpers. */
#pragma once

#include "tests/unit/ct-nat.h"

struct ftp {
    struct ct *ct;
    bool ip6;
    struct ct_nat nat; /* flags 0: none. */
    uint32_t seq[2];   /* Of each end, as it counts itself. */
    uint32_t got[2];   /* What of it the other end saw: acknowledged. */
    uint8_t a, b;      /* What the server knows the client by, what the client knows it by. */
    uint16_t sport, dport;
};

static inline struct packet *text_packet(struct frame f, const char *text)
{
    f.len = (uint32_t)strlen(text);
    struct packet *p = frame_packet(&f);
    memcpy(p->data + p->len - f.len, text, f.len);
    csum_l4_set(p);
    p->csum = CSUM_UNKNOWN;
    return p;
}

/* The frame of one end, as it leaves it. */
static inline struct frame ftp_frame(const struct ftp *t, bool server, uint8_t flags)
{
    struct frame f = {
        .ip6 = t->ip6, .proto = IPPROTO_HDR_TCP, .back = server, .flags = flags, .win = 60000};
    f.sport = server ? t->sport : 1000;
    f.dport = server ? 21 : t->dport;
    f.a = server ? t->a : 1;
    f.b = server ? 2 : t->b;
    f.seq = t->seq[server];
    f.ack = t->got[!server];
    return f;
}

static inline struct ct_args ftp_args(const struct ftp *t)
{
    return (struct ct_args){.nat = t->nat.flags || t->b != 2 || t->a != 1 ? &t->nat : NULL};
}

/* One end says something; what the other end reads, after the header, or "dropped", "inv". */
static inline const char *say(struct ftp *t, bool server, const char *text)
{
    static char buf[2][400];
    static unsigned n;
    char *out = buf[++n % 2];
    struct packet *p = text_packet(ftp_frame(t, server, ACK | PSH), text);
    struct ct_args args = ftp_args(t);
    if (ct_execute(t->ct, p, &args, T0) == CT_DROPPED) {
        packet_free(p);
        return "dropped";
    }
    if (!(p->ct.state & CS_EST)) {
        packet_free(p);
        return "inv";
    }
    check_sums(p);
    struct ip_info ip;
    assert_true(ip_packet(p, &ip));
    const uint8_t *l4 = p->data + p->l3_ofs + ip.l4_ofs;
    assert_int_equal(get_be32(l4 + 4), t->got[server]); /* No gap in the stream that is read. */
    assert_int_equal(get_be32(l4 + 8), t->seq[!server]);
    snprintf(out, sizeof buf[0], "%.*s", (int)(ip.l4_len - 20), l4 + 20);
    t->seq[server] += (uint32_t)strlen(text);
    t->got[server] += ip.l4_len - 20;
    packet_free(p);
    return out;
}

static inline void ftp_begin(struct ftp *t, struct ct *ct, bool ip6, const struct ct_nat *nat)
{
    *t = (struct ftp){.ct = ct,
                      .ip6 = ip6,
                      .seq = {100, 900},
                      .got = {100, 900},
                      .a = 1,
                      .b = 2,
                      .sport = 1000,
                      .dport = 21};
    struct ct_args commit = {.commit = true, .alg = 21, .mark = 5, .mark_mask = 255, .nat = nat};
    commit.label[3] = commit.label_mask[3] = 7;
    if (nat && nat->flags & CT_NAT_DST) {
        t->b = 64;
    }
    struct frame f = ftp_frame(t, false, SYN);
    f.ack = 0;
    assert_state(run_args(t->ct, &f, &commit, T0), "new");
    if (nat) {
        t->nat = (struct ct_nat){0};
        t->a = nat->flags & CT_NAT_SRC ? 50 : 1;
    }
    t->seq[0]++;
    t->got[0]++;
    f = ftp_frame(t, true, SYN | ACK);
    struct ct_args args = {.nat = nat ? &bare : NULL};
    assert_true(run(t->ct, &f, &args).ct.state & CS_EST);
    t->seq[1]++;
    t->got[1]++;
    assert_string_equal(say(t, false, ""), "");
}

static inline void ftp_open(struct ftp *t, bool ip6, const struct ct_nat *nat)
{
    ftp_begin(t, new_ct(), ip6, nat);
}

/* The first packet of a data connection; its state, mark and tuple. */
static inline const char *data(struct ftp *t, uint8_t src, uint8_t dst, uint16_t dport,
                               bool commits, bool from_server)
{
    static char buf[100];
    struct frame f = {.ip6 = t->ip6,
                      .proto = IPPROTO_HDR_TCP,
                      .a = src,
                      .b = dst,
                      .sport = 20,
                      .dport = dport,
                      .flags = SYN};
    if (!from_server) {
        f.sport = 3000;
    }
    struct ct_args args = {.commit = commits, .nat = &bare};
    struct result r = run(t->ct, &f, &args);
    char st[32];
    snprintf(buf, sizeof buf, "%s %u %s", state_text(r.ct.state, st), r.ct.mark, r.text);
    if (r.ct.state & CS_REL) {
        assert_int_equal(r.ct.label[3], 7);
        assert_int_equal(r.ct.orig_tp_src, htons(1000)); /* The control connection's. */
        assert_int_equal(r.ct.orig_tp_dst, htons(21));
    }
    return buf;
}
