/* ct_tcp.c - TCP: the state machine, and what sequence numbers each end may use.
 *
 * Layer 2, pure.  RFC 9293 section 3.10.7, RFC 7323 (window scale), RFC 5961 (resets).
 *
 * The movements are rows of ct_tcp_states.def; here is what makes a segment valid:
 * - flags that no stack sends are invalid;
 * - a segment with data, SYN or FIN must lie between one window of the other end before the
 *   highest number seen, and the highest that the other end's window allows;
 * - an acknowledgment must be near what the other end sent;
 * - a reset must carry exactly the next sequence number, give or take one;
 * - once an end is done, what still comes may be off by MAXACKWINDOW.
 * An end that was first seen in mid-stream gets the largest window scale.
 *
 * A pure SYN never establishes.  Before the handshake is over it (re)opens its end; on a closed
 * connection it begins another; on a live one it changes nothing and stays +new, so that policy
 * decides, and the receiver's challenge ACK (RFC 5961 section 4) settles who is right. */
#include "lib/ct/ct_proto-private.h"

#define MAXACKWINDOW (0xffff + 1500) /* One full window and a frame. */
#define MAX_WSCALE   14

enum event { EV_SYN, EV_SYNACK, EV_ACK, EV_FIN, EV_RST, N_EVENTS };
enum role { SENDER, RECEIVER };

static const uint8_t next_state[2][CT_TCP_TIME_WAIT + 1][N_EVENTS] = {
#define CT_TCP_ROW(ROLE, STATE, SYN, SYNACK, ACK, FIN, RST)  \
    [ROLE][CT_TCP_##STATE] = {[EV_SYN] = CT_TCP_##SYN,       \
                              [EV_SYNACK] = CT_TCP_##SYNACK, \
                              [EV_ACK] = CT_TCP_##ACK,       \
                              [EV_FIN] = CT_TCP_##FIN,       \
                              [EV_RST] = CT_TCP_##RST},
#include "lib/ct/ct_tcp_states.def"
#undef CT_TCP_ROW
};

static bool seq_geq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) >= 0;
}

static enum event event_of(uint8_t flags)
{
    return flags & CT_FLAG_RST   ? EV_RST
           : flags & CT_FLAG_SYN ? (flags & CT_FLAG_ACK ? EV_SYNACK : EV_SYN)
           : flags & CT_FLAG_FIN ? EV_FIN
                                 : EV_ACK;
}

static ALWAYS_INLINE uint32_t seg_end(const struct ct_tcp_seg *s)
{
    return s->seq + s->len + !!(s->flags & CT_FLAG_SYN) + !!(s->flags & CT_FLAG_FIN);
}

static uint16_t scaled(uint16_t win, unsigned shift)
{
    return (uint16_t)MAX(1, DIV_ROUND_UP((uint32_t)win, 1u << shift));
}

/* Shift of an end's windows in segments other than SYNs. */
static unsigned shift_of(const struct ct_conn *c, const struct ct_peer *p)
{
    return p->wscale & CT_WSCALE_UNKNOWN ? MAX_WSCALE
           : c->flags & CT_F_SCALED      ? p->wscale & CT_WSCALE_MASK
                                         : 0;
}

static enum ct_timeout timeout_of(const struct ct_peer peer[2])
{
    uint8_t lo = MIN(peer[0].state, peer[1].state), hi = MAX(peer[0].state, peer[1].state);
    return lo >= CT_TCP_FIN_WAIT_2   ? CT_TO_TCP_CLOSE
           : lo >= CT_TCP_CLOSING    ? CT_TO_TCP_TIME_WAIT
           : lo < CT_TCP_ESTABLISHED ? CT_TO_TCP_SYN_RECV
           : hi >= CT_TCP_CLOSING    ? CT_TO_TCP_FIN_WAIT
                                     : CT_TO_TCP_ESTABLISHED;
}

/* First segment of an end, or its SYN once more. */
static void open_peer(struct ct_peer *p, const struct ct_tcp_seg *s, uint32_t allowed)
{
    bool syn = s->flags & CT_FLAG_SYN;
    p->seq_lo = s->seq;
    p->seq_hi = seg_end(s) + MAX(1, allowed);
    p->wscale = syn ? s->wscale : CT_WSCALE_UNKNOWN;
    p->max_win = MAX(1, s->win);
}

/* Windows are scaled from now on if both SYNs had the option.  If the other end's SYN was missed,
 * it is assumed to have agreed: a window too large is the lesser evil. */
static void negotiate(struct ct_conn *c, struct ct_peer *src, struct ct_peer *dst)
{
    bool unknown = src->wscale & CT_WSCALE_UNKNOWN;
    if (dst->wscale & CT_WSCALE_SEEN && (unknown || src->wscale & CT_WSCALE_SEEN)) {
        dst->max_win = scaled(dst->max_win, dst->wscale & CT_WSCALE_MASK);
        src->max_win = unknown ? src->max_win : scaled(src->max_win, src->wscale & CT_WSCALE_MASK);
        ct_conn_set_flags(c, c->flags | CT_F_SCALED);
    } else {
        src->wscale &= CT_WSCALE_UNKNOWN;
        dst->wscale &= CT_WSCALE_UNKNOWN;
    }
}

void ct_tcp_new(struct ct_conn *c, const struct ct_tcp_seg *s, const struct ct_when *when)
{
    open_peer(&c->peer[0], s, 1);
    c->peer[0].seq_lo = seg_end(s);
    c->peer[0].state = CT_TCP_SYN_SENT;
    c->peer[1] = (struct ct_peer){.max_win = 1, .state = CT_TCP_CLOSED};
    ct_conn_refresh(c, CT_TO_TCP_SYN_SENT, when);
}

static enum ct_verdict on_syn(struct ct_conn *c, struct ct_peer *src, const struct ct_peer *dst,
                              const struct ct_tcp_seg *s, const struct ct_when *when)
{
    if (src->state >= CT_TCP_FIN_WAIT_2 && dst->state >= CT_TCP_FIN_WAIT_2) {
        return CT_ANEW;
    }
    /* Not once the other end answered: a forged one could then move the numbers. */
    if (src->state <= CT_TCP_SYN_SENT && dst->state <= CT_TCP_SYN_SENT) {
        open_peer(src, s, dst->max_win);
        src->seq_lo = seg_end(s);
        src->state = next_state[SENDER][src->state][EV_SYN];
        ct_conn_refresh(c, CT_TO_TCP_SYN_SENT, when);
    }
    return CT_OPENING;
}

/* Numbers of a segment as they are compared. */
struct range {
    uint32_t seq, end, ack;
    unsigned src_shift, dst_shift;
};

static ALWAYS_INLINE struct range range_of(const struct ct_conn *c, const struct ct_peer *src,
                                           const struct ct_peer *dst, const struct ct_tcp_seg *s)
{
    struct range r = {.seq = s->seq, .end = seg_end(s), .ack = s->ack};
    r.dst_shift = shift_of(c, dst);
    if (!(s->flags & CT_FLAG_SYN)) { /* The window in a SYN is never scaled. */
        r.src_shift = shift_of(c, src);
    }
    /* No acknowledgment, nothing to acknowledge, or a reset that left it out. */
    if (!(s->flags & CT_FLAG_ACK) || dst->state == CT_TCP_CLOSED ||
        (s->flags & CT_FLAG_RST && s->ack == 0)) {
        r.ack = dst->seq_lo;
    }
    if (r.seq == r.end) { /* Without data its number binds nobody: keep-alives are one short. */
        r.seq = r.end = src->seq_lo;
    }
    return r;
}

/* CT_INV_NONE: it lies where it may. */
static ALWAYS_INLINE enum ct_reason in_window(const struct ct_peer *src, const struct ct_peer *dst,
                                              const struct ct_tcp_seg *s, const struct range *r)
{
    if (s->flags & CT_FLAG_RST && s->seq - src->seq_lo + 1 > 2) {
        return CT_INV_tcp_reset;
    }
    if (dst->state == CT_TCP_CLOSED) {
        return CT_INV_NONE; /* One direction only: its receiver's window is not known. */
    }
    int32_t skew = (int32_t)(dst->seq_lo - r->ack); /* Positive: acknowledges less than was sent. */
    if (!seq_geq(src->seq_hi, r->end) ||
        !seq_geq(r->seq, src->seq_lo - ((uint32_t)dst->max_win << r->dst_shift))) {
        return CT_INV_tcp_window;
    }
    return skew >= -MAXACKWINDOW && skew <= MAXACKWINDOW << r->src_shift ? CT_INV_NONE
                                                                         : CT_INV_tcp_ack;
}

/* After the end, the last packets of both sides may cross. */
static bool near_window(const struct ct_peer *src, const struct ct_peer *dst, const struct range *r)
{
    int32_t skew = (int32_t)(dst->seq_lo - r->ack);
    return (src->state >= CT_TCP_FIN_WAIT_2 || dst->state >= CT_TCP_FIN_WAIT_2) &&
           seq_geq(src->seq_hi + MAXACKWINDOW, r->end) &&
           seq_geq(r->seq, src->seq_lo - MAXACKWINDOW) && skew >= -MAXACKWINDOW &&
           skew <= MAXACKWINDOW << r->src_shift;
}

static ALWAYS_INLINE void slide(struct ct_peer *src, struct ct_peer *dst,
                                const struct ct_tcp_seg *s, const struct range *r)
{
    if (!(s->flags & (CT_FLAG_SYN | CT_FLAG_RST))) {
        src->max_win = MAX(src->max_win, s->win);
    }
    if (!seq_geq(src->seq_lo, r->end)) {
        src->seq_lo = r->end;
    }
    uint32_t allowed = r->ack + MAX(1u, (uint32_t)s->win << r->src_shift);
    if (dst->state != CT_TCP_CLOSED && seq_geq(allowed, dst->seq_hi)) {
        dst->seq_hi = allowed;
    }
    if (dst->state == CT_TCP_CLOSED) { /* Wherever it has gone on to: nobody has answered yet. */
        src->seq_hi = src->seq_lo + 1;
    }
}

bool ct_tcp_update_established(struct ct_conn *c, unsigned dir, const struct ct_tcp_seg *s,
                               const struct ct_when *when)
{
    struct ct_peer *src = &c->peer[dir], *dst = &c->peer[!dir];
    if (src->state != CT_TCP_ESTABLISHED || dst->state != CT_TCP_ESTABLISHED ||
        (s->flags & (CT_FLAG_SYN | CT_FLAG_FIN | CT_FLAG_RST | CT_FLAG_ACK)) != CT_FLAG_ACK) {
        return false;
    }
    struct ct_tcp_seg ack = *s;
    ack.flags = CT_FLAG_ACK; /* PSH and URG mean nothing here: it is known what the rest ask. */
    const struct range r = range_of(c, src, dst, &ack);
    if (in_window(src, dst, &ack, &r) != CT_INV_NONE) {
        return false;
    }
    slide(src, dst, &ack, &r);
    ct_conn_refresh(c, CT_TO_TCP_ESTABLISHED, when);
    return true;
}

enum ct_verdict ct_tcp_update(struct ct_conn *c, unsigned dir, const struct ct_tcp_seg *s,
                              bool check, const struct ct_when *when, enum ct_reason *reason)
{
    struct ct_peer *src = &c->peer[dir], *dst = &c->peer[!dir];
    if (LIKELY(check) && ct_tcp_update_established(c, dir, s, when)) {
        return CT_VALID;
    }
    enum event ev = event_of(s->flags);
    if (ev == EV_SYN) {
        return on_syn(c, src, dst, s, when);
    }

    const struct ct_peer old_src = *src, old_dst = *dst;
    const uint8_t old_flags = c->flags;
    bool synack = ev == EV_SYNACK && src->state <= CT_TCP_SYN_SENT && dst->state == CT_TCP_SYN_SENT;
    if (src->state == CT_TCP_CLOSED || synack) {
        /* A bare reset does not answer a SYN (RFC 9293 section 3.10.7.3). */
        if (check && ev == EV_RST && !(s->flags & CT_FLAG_ACK) &&
            !(dst->wscale & CT_WSCALE_UNKNOWN)) {
            *reason = CT_INV_tcp_reset;
            return CT_INVALID;
        }
        open_peer(src, s, (uint32_t)dst->max_win << shift_of(c, dst));
        if (ev != EV_RST && dst->state == CT_TCP_SYN_SENT) {
            negotiate(c, src, dst);
        }
    }
    struct range r = range_of(c, src, dst, s);
    *reason = check ? in_window(src, dst, s, &r) : CT_INV_NONE;
    bool inside = *reason == CT_INV_NONE;
    if (!inside && !near_window(src, dst, &r)) {
        *src = old_src;
        *dst = old_dst;
        ct_conn_set_flags(c, old_flags);
        return CT_INVALID;
    }
    slide(src, dst, s, &r);
    src->state = next_state[SENDER][src->state][ev];
    if (inside || ev == EV_RST) {
        dst->state = next_state[RECEIVER][dst->state][ev];
    }
    ct_conn_refresh(c, timeout_of(c->peer), when);
    return CT_VALID;
}
