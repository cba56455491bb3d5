/* ct_sctp.c - SCTP: chunks, the state machine, verification tags.
 *
 * Layer 2, pure.  RFC 9260.  A third step of ct_execute(), as ct_tcp.c: the association is locked.
 * The movements are rows of ct_sctp_states.def.
 *
 * Of an association, peer[0].state is the state, and of each end
 *   seq_lo  the tag that its packets carry (chosen by the other end; 0: not known yet)
 *   seq_hi  the tag that its packets will carry if a handshake under way is completed: a restart or
 *           a crossing INIT changes nothing until its cookie was echoed with the new tag.
 *
 *   wscale  INIT_OPEN or 0
 *
 * An association begins by INIT, or, of another path of one, by HEARTBEAT; nothing else tells the
 * tags.  A packet moves all or nothing: chunk by chunk on a copy. */
#include "lib/ct/ct_proto-private.h"

#define COMMON_HEADER 12u
#define INIT_MIN      20u /* The fixed part of INIT and INIT_ACK. */
#define T_BIT         0x01
#define INIT_OPEN     1 /* 'wscale' of an end that has sent INIT, and no cookie yet. */

enum event {
    INIT,
    INIT_ACK,
    ABORT,
    SHUTDOWN,
    SHUTDOWN_ACK,
    ERROR,
    COOKIE_ECHO,
    COOKIE_ACK,
    SHUTDOWN_DONE,
    HEARTBEAT,
    HEARTBEAT_ACK,
    OTHER, /* Data, its acknowledgment, what is not known. */
    N_EVENTS
};
enum direction { ORIG, REPLY };

#define CL CT_SCTP_CLOSED
#define CW CT_SCTP_COOKIE_WAIT
#define CE CT_SCTP_COOKIE_ECHOED
#define ES CT_SCTP_ESTABLISHED
#define SS CT_SCTP_SHUTDOWN_SENT
#define SR CT_SCTP_SHUTDOWN_RECD
#define SA CT_SCTP_SHUTDOWN_ACK_SENT
#define HS CT_SCTP_HEARTBEAT_SENT
static const uint8_t next_state[2][N_EVENTS][CT_SCTP_N_STATES] = {
#define CT_SCTP_ROW(DIR, CHUNK, ...) [DIR][CHUNK] = {__VA_ARGS__},
#include "lib/ct/ct_sctp_states.def"
#undef CT_SCTP_ROW
};
#undef CL
#undef CW
#undef CE
#undef ES
#undef SS
#undef SR
#undef SA
#undef HS

static const uint8_t timeouts[CT_SCTP_N_STATES] = {
    [CT_SCTP_CLOSED] = CT_TO_SCTP_CLOSED,
    [CT_SCTP_COOKIE_WAIT] = CT_TO_SCTP_COOKIE_WAIT,
    [CT_SCTP_COOKIE_ECHOED] = CT_TO_SCTP_COOKIE_ECHOED,
    [CT_SCTP_ESTABLISHED] = CT_TO_SCTP_ESTABLISHED,
    [CT_SCTP_SHUTDOWN_SENT] = CT_TO_SCTP_SHUTDOWN_SENT,
    [CT_SCTP_SHUTDOWN_RECD] = CT_TO_SCTP_SHUTDOWN_RECD,
    [CT_SCTP_SHUTDOWN_ACK_SENT] = CT_TO_SCTP_SHUTDOWN_ACK_SENT,
    [CT_SCTP_HEARTBEAT_SENT] = CT_TO_SCTP_HEARTBEAT_SENT,
};

/* ---- chunks ---- */

static enum event event_of(uint8_t type)
{
    static const uint8_t events[16] = {
        [0] = OTHER,        [1] = INIT,          [2] = INIT_ACK,       [3] = OTHER,
        [4] = HEARTBEAT,    [5] = HEARTBEAT_ACK, [6] = ABORT,          [7] = SHUTDOWN,
        [8] = SHUTDOWN_ACK, [9] = ERROR,         [10] = COOKIE_ECHO,   [11] = COOKIE_ACK,
        [12] = OTHER,       [13] = OTHER,        [14] = SHUTDOWN_DONE, [15] = OTHER,
    };
    return type < ARRAY_SIZE(events) ? (enum event)events[type] : OTHER;
}

struct chunk {
    enum event event;
    uint8_t flags;
    uint32_t tag; /* Of INIT and INIT_ACK: the initiate tag. */
};

/* The chunk at *ofs, and *ofs beyond it.  False: no more, or none that is whole. */
static bool next_chunk(const struct ct_sctp_seg *s, uint32_t *ofs, struct chunk *c)
{
    if (*ofs > s->len || s->len - *ofs < 4) {
        return false;
    }
    const uint8_t *b = s->data + *ofs;
    uint32_t len = get_be16(b + 2);
    *c = (struct chunk){.event = event_of(b[0]), .flags = b[1]};
    bool init = c->event == INIT || c->event == INIT_ACK;
    if (len < (init ? INIT_MIN : 4) || len > s->len - *ofs) {
        return false;
    }
    if (init) {
        c->tag = get_be32(b + 4);
    }
    *ofs += ROUND_UP(len, 4u);
    return true;
}

/* Chunks that are alone in their packet (sections 3.3.2, 3.3.3, 3.3.13), or its first (6.10). */
static bool may_stand(enum event event, unsigned nth, bool last)
{
    switch (event) {
    case INIT:
    case INIT_ACK:
    case SHUTDOWN_DONE:
        return nth == 0 && last;
    case COOKIE_ECHO:
    case COOKIE_ACK:
        return nth == 0;
    default:
        return true;
    }
}

bool ct_sctp_ok(const struct ct_sctp_seg *s)
{
    uint32_t ofs = COMMON_HEADER;
    struct chunk c;
    unsigned n = 0;
    for (; ofs < s->len; n++) {
        if (!next_chunk(s, &ofs, &c) || !may_stand(c.event, n, ofs >= s->len) ||
            ((c.event == INIT || c.event == INIT_ACK) && !c.tag)) {
            return false;
        }
    }
    return n > 0;
}

/* ---- tags ---- */

/* May a chunk come from this end under the packet's tag? (Section 8.5.) */
static bool tag_ok(const struct ct_peer *src, const struct ct_peer *dst, const struct chunk *c,
                   uint32_t tag)
{
    bool pending = src->seq_hi && tag == src->seq_hi;
    switch (c->event) {
    case INIT:
        return tag == 0;
    case INIT_ACK: /* The other end's INIT has said which. */
        return pending && dst->wscale == INIT_OPEN;
    case COOKIE_ECHO:
        return pending || (src->seq_lo && tag == src->seq_lo);
    case ABORT:
        return pending || (src->seq_lo && tag == src->seq_lo) ||
               (c->flags & T_BIT && dst->seq_lo && tag == dst->seq_lo);
    case SHUTDOWN_DONE:
        return src->seq_lo && !(c->flags & T_BIT) ? tag == src->seq_lo
                                                  : dst->seq_lo && tag == dst->seq_lo;
    case HEARTBEAT:
    case HEARTBEAT_ACK:
        return tag && (!src->seq_lo || tag == src->seq_lo);
    default:
        return src->seq_lo && tag == src->seq_lo;
    }
}

/* What a chunk tells of the tags. */
static void learn_tags(struct ct_peer peer[2], unsigned dir, const struct chunk *c, uint32_t tag)
{
    struct ct_peer *src = &peer[dir], *dst = &peer[!dir];
    uint8_t state = peer[0].state;
    bool opening = state == CT_SCTP_COOKIE_WAIT || state == CT_SCTP_HEARTBEAT_SENT;
    switch (c->event) {
    case INIT:
    case INIT_ACK:
        dst->seq_hi = c->tag;
        /* Of several INIT_ACKs (an INIT was sent again) the cookie will tell which one counts. */
        if (opening && (!dst->seq_lo || (c->event == INIT && dir == ORIG))) {
            dst->seq_lo = c->tag;
        }
        src->wscale = c->event == INIT ? INIT_OPEN : src->wscale;
        break;
    case COOKIE_ECHO:
        if (src->seq_hi && dst->seq_hi && tag == src->seq_hi) { /* Both are in use from now on. */
            src->seq_lo = src->seq_hi;
            dst->seq_lo = dst->seq_hi;
        }
        src->wscale = 0;
        break;
    case HEARTBEAT:
    case HEARTBEAT_ACK:
        src->seq_lo = tag;
        break;
    default:
        break;
    }
}

/* ---- associations ---- */

bool ct_sctp_new(struct ct_conn *c, const struct ct_sctp_seg *s, const struct ct_when *when)
{
    uint32_t ofs = COMMON_HEADER, tag = get_be32(s->data + 4);
    struct chunk chunk;
    if (!next_chunk(s, &ofs, &chunk)) {
        return false;
    }
    if (chunk.event == INIT && tag == 0) {
        c->peer[0].state = CT_SCTP_COOKIE_WAIT;
        c->peer[0].wscale = INIT_OPEN;
        c->peer[1].seq_lo = c->peer[1].seq_hi = chunk.tag;
    } else if (chunk.event == HEARTBEAT && tag) {
        c->peer[0].state = CT_SCTP_HEARTBEAT_SENT;
        c->peer[0].seq_lo = tag;
    } else {
        return false;
    }
    ct_conn_refresh(c, timeouts[c->peer[0].state], when);
    return true;
}

enum ct_verdict ct_sctp_update(struct ct_conn *c, unsigned dir, const struct ct_sctp_seg *s,
                               const struct ct_when *when, enum ct_reason *reason)
{
    uint32_t ofs = COMMON_HEADER, tag = get_be32(s->data + 4);
    struct ct_peer peer[2] = {c->peer[0], c->peer[1]};
    struct chunk chunk;
    bool waits = false;
    while (next_chunk(s, &ofs, &chunk)) {
        uint8_t *state = &peer[0].state;
        if (chunk.event == INIT && *state == CT_SCTP_CLOSED && tag == 0) {
            return CT_ANEW;
        }
        if (!tag_ok(&peer[dir], &peer[!dir], &chunk, tag)) {
            *reason = CT_INV_sctp_tag;
            return CT_INVALID;
        }
        uint8_t next = next_state[dir][chunk.event][*state];
        learn_tags(peer, dir, &chunk, tag);
        /* An INIT sent once more must not keep alive what is never answered. */
        waits |= chunk.event == INIT && next == *state;
        *state = next;
    }
    memcpy(c->peer, peer, sizeof peer);
    if (!waits) {
        ct_conn_refresh(c, timeouts[peer[0].state], when);
    }
    return CT_VALID;
}

enum ct_class ct_sctp_class(const struct ct_conn *c)
{
    switch ((enum ct_sctp_state)c->peer[0].state) {
    case CT_SCTP_ESTABLISHED:
        return CT_CLASS_ESTABLISHED;
    case CT_SCTP_COOKIE_WAIT:
    case CT_SCTP_COOKIE_ECHOED:
    case CT_SCTP_HEARTBEAT_SENT:
        return CT_CLASS_UNREPLIED;
    default:
        return CT_CLASS_CLOSING;
    }
}
