/* nlsock.c - see nlsock.h.  The real transport is in nlsock_open.c. */
#include "lib/dp/kernel/nlsock.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(netlink);

#define MAX_VAIN 10000 /* Datagrams in a row without anything for the request under way. */
#define HEADERS  (NLMSG_HDRLEN + GENL_HDRLEN + sizeof(struct ovs_header))

/* Names and versions of the families, in the order of the enum. */
static const struct {
    const char *name;
    uint8_t version;
} families[NLSOCK_N_FAMILIES] = {
    [NLSOCK_CTRL] = {"nlctrl", 1},
    [NLSOCK_DATAPATH] = {OVS_DATAPATH_FAMILY, OVS_DATAPATH_VERSION},
    [NLSOCK_VPORT] = {OVS_VPORT_FAMILY, OVS_VPORT_VERSION},
    [NLSOCK_FLOW] = {OVS_FLOW_FAMILY, OVS_FLOW_VERSION},
    [NLSOCK_PACKET] = {OVS_PACKET_FAMILY, OVS_PACKET_VERSION},
    [NLSOCK_METER] = {OVS_METER_FAMILY, OVS_METER_VERSION},
    [NLSOCK_CT_LIMIT] = {OVS_CT_LIMIT_FAMILY, OVS_CT_LIMIT_VERSION},
    [NLSOCK_CONNTRACK] = {"ctnetlink", NFNETLINK_V0},
    [NLSOCK_CTTIMEOUT] = {"cttimeout", NFNETLINK_V0},
};

struct nlsock *nlsock_new(const struct nlsock_transport *t)
{
    static const struct nlsock_families control_only = {.id = {[NLSOCK_CTRL] = GENL_ID_CTRL}};
    struct nlsock *s = xzalloc(sizeof *s);

    s->transport = *t;
    s->families = &control_only;
    return s;
}

void nlsock_free(struct nlsock *s)
{
    if (s) {
        s->transport.close(s->transport.aux);
        free(s->news);
        free(s);
    }
}

/* ---- requests ---- */

static bool is_netfilter(enum nlsock_family family)
{
    return family >= NLSOCK_NETFILTER;
}

static size_t header_len(enum nlsock_family family)
{
    return is_netfilter(family)    ? NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg))
           : family == NLSOCK_CTRL ? NLMSG_HDRLEN + GENL_HDRLEN
                                   : HEADERS;
}

/* Netfilter's command is half of the message's type. */
static uint16_t message_type(const struct nlsock *s, enum nlsock_family family, uint8_t cmd)
{
    uint16_t id = s->families->id[family];
    return is_netfilter(family) ? (uint16_t)(id << 8 | cmd) : id;
}

static uint8_t *put_headers(struct nlsock *s, uint8_t *at, enum nlsock_family family, uint8_t cmd,
                            uint16_t flags, int dp_ifindex)
{
    struct nlmsghdr *nlh = (void *)at;
    struct genlmsghdr *genl = (void *)(at + NLMSG_HDRLEN);

    *nlh = (struct nlmsghdr){.nlmsg_type = message_type(s, family, cmd),
                             .nlmsg_flags = NLM_F_REQUEST | flags,
                             .nlmsg_seq = ++s->seq,
                             .nlmsg_pid = s->transport.port_id};
    if (is_netfilter(family)) {
        *(struct nfgenmsg *)(void *)genl = (struct nfgenmsg){.nfgen_family = (uint8_t)dp_ifindex,
                                                             .version = families[family].version};
        return at + header_len(family);
    }
    *genl = (struct genlmsghdr){.cmd = cmd, .version = families[family].version};
    if (family != NLSOCK_CTRL) {
        struct ovs_header *ovs = (void *)(at + NLMSG_HDRLEN + GENL_HDRLEN);
        ovs->dp_ifindex = dp_ifindex;
    }
    return at + header_len(family);
}

void nlsock_begin(struct nlsock *s, enum nlsock_family family, uint8_t cmd, uint16_t flags,
                  int dp_ifindex, struct nlwr *w)
{
    /* A dump ends by itself; all else is acknowledged. */
    uint16_t ack = (flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK;
    uint8_t *attrs = put_headers(s, s->request, family, cmd, flags | ack, dp_ifindex);

    nlwr_init(w, attrs, NLSOCK_BUF - (size_t)(attrs - s->request));
    w->err = !s->families->id[family];
}

/* ---- answers ---- */

static bool take_message(const struct nlsock *s, const struct nlmsghdr *nlh, struct nlsock_msg *m)
{
    const uint8_t *at = (const uint8_t *)nlh;
    const uint8_t low = (uint8_t)nlh->nlmsg_type;

    m->family = 0;
    while (m->family < NLSOCK_N_FAMILIES &&
           (!s->families->id[m->family] || message_type(s, m->family, low) != nlh->nlmsg_type)) {
        m->family++;
    }
    if (m->family == NLSOCK_N_FAMILIES || nlh->nlmsg_len < header_len(m->family)) {
        return false;
    }
    m->seq = nlh->nlmsg_seq;
    m->flags = nlh->nlmsg_flags;
    m->attrs = at + header_len(m->family);
    m->n = nlh->nlmsg_len - header_len(m->family);
    if (is_netfilter(m->family)) {
        m->cmd = low;
        m->dp_ifindex = ((const struct nfgenmsg *)(const void *)(at + NLMSG_HDRLEN))->nfgen_family;
        return true;
    }
    m->cmd = ((const struct genlmsghdr *)(const void *)(at + NLMSG_HDRLEN))->cmd;
    m->dp_ifindex = 0;
    if (m->family != NLSOCK_CTRL) {
        m->dp_ifindex = ((const struct ovs_header *)(const void *)(at + NLMSG_HDRLEN + GENL_HDRLEN))
                            ->dp_ifindex;
    }
    return true;
}

/* The text of an extended acknowledgement, for the log. */
static void log_extended(const struct nlmsghdr *nlh)
{
    struct nlmsgerr e;
    struct nlrd r;
    size_t ofs = NLMSG_HDRLEN + sizeof e;

    memcpy(&e, (const uint8_t *)nlh + NLMSG_HDRLEN, sizeof e);
    if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || !e.error) {
        return;
    }
    if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
        ofs += e.msg.nlmsg_len > NLMSG_HDRLEN ? NLMSG_ALIGN(e.msg.nlmsg_len) - NLMSG_HDRLEN : 0;
    }
    if (ofs >= nlh->nlmsg_len) {
        return;
    }
    nlrd_init(&r, (const uint8_t *)nlh + ofs, nlh->nlmsg_len - ofs);
    while (nlrd_next(&r)) {
        if (r.type == NLMSGERR_ATTR_MSG && r.n && !r.data[r.n - 1]) {
            log_dbg_rl("the kernel says: %s", (const char *)r.data);
        }
    }
}

enum outcome { MORE, ENDED, FAILED };

/* One message of an answer to 'seq'; '*error' with FAILED. */
static enum outcome take(struct nlsock *s, const struct nlmsghdr *nlh, nlsock_cb *cb, void *aux,
                         int *error)
{
    int32_t code;
    struct nlsock_msg m;

    if (nlh->nlmsg_flags & NLM_F_DUMP_INTR) {
        *error = EINTR; /* Something changed meanwhile: what came is not whole. */
    }
    switch (nlh->nlmsg_type) {
    case NLMSG_NOOP:
        return MORE;
    case NLMSG_DONE:
    case NLMSG_ERROR:
        if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof code ||
            (nlh->nlmsg_type == NLMSG_ERROR &&
             nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nlmsgerr))) {
            *error = nlh->nlmsg_type == NLMSG_DONE ? *error : EPROTO;
            return *error ? FAILED : ENDED;
        }
        memcpy(&code, (const uint8_t *)nlh + NLMSG_HDRLEN, sizeof code);
        if (code >= 0) {
            return ENDED;
        }
        if (nlh->nlmsg_type == NLMSG_ERROR) {
            log_extended(nlh);
        }
        *error = code == INT32_MIN ? EPROTO : -code;
        return FAILED;
    default:
        if (cb && take_message(s, nlh, &m)) {
            cb(aux, &m);
        }
        return MORE;
    }
}

static const struct nlmsghdr *next_message(const uint8_t **at, size_t *left)
{
    const struct nlmsghdr *nlh = (const void *)*at;

    if (*left < NLMSG_HDRLEN || nlh->nlmsg_len < NLMSG_HDRLEN || nlh->nlmsg_len > *left) {
        return NULL;
    }
    size_t whole = MIN((size_t)NLMSG_ALIGN(nlh->nlmsg_len), *left);
    *at += whole;
    *left -= whole;
    return nlh;
}

/* Datagrams until the request 'seq' is answered. */
static int await(struct nlsock *s, uint32_t seq, nlsock_cb *cb, void *aux)
{
    int error = 0;

    for (unsigned n_vain = 0; n_vain < MAX_VAIN; n_vain++) {
        ssize_t n = s->transport.recv(s->transport.aux, s->reply, sizeof s->reply);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? ETIMEDOUT : errno;
        }
        const struct nlmsghdr *nlh;
        const uint8_t *at = s->reply;
        size_t left = (size_t)n;
        while ((nlh = next_message(&at, &left))) {
            if (nlh->nlmsg_seq != seq) {
                continue; /* Of a request that was given up, or news. */
            }
            n_vain = 0;
            enum outcome o = take(s, nlh, cb, aux, &error);
            if (o != MORE) {
                return error;
            }
        }
    }
    return EPROTO;
}

static int send_bytes(struct nlsock *s, size_t len)
{
    ssize_t n;

    do {
        n = s->transport.send(s->transport.aux, s->request, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

int nlsock_call(struct nlsock *s, struct nlwr *w, nlsock_cb *cb, void *aux)
{
    struct nlmsghdr *nlh = (void *)s->request;

    if (w->err) {
        return s->families->id[NLSOCK_DATAPATH] || nlh->nlmsg_type ? EMSGSIZE : ENOENT;
    }
    nlh->nlmsg_len = (uint32_t)(w->data + w->len - s->request);
    int error = send_bytes(s, nlh->nlmsg_len);
    return error ? error : await(s, nlh->nlmsg_seq, cb, aux);
}

int nlsock_dump_begin(struct nlsock *s, struct nlwr *w)
{
    struct nlmsghdr *nlh = (void *)s->request;

    if (w->err) {
        return EMSGSIZE;
    }
    nlh->nlmsg_len = (uint32_t)(w->data + w->len - s->request);
    return send_bytes(s, nlh->nlmsg_len);
}

bool nlsock_dump_some(struct nlsock *s, nlsock_cb *cb, void *aux, int *error)
{
    const struct nlmsghdr *nlh;
    const uint8_t *at = s->reply;
    ssize_t n;

    do {
        n = s->transport.recv(s->transport.aux, s->reply, sizeof s->reply);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        *error = errno == EAGAIN ? ETIMEDOUT : errno;
        return false;
    }
    for (size_t left = (size_t)n; (nlh = next_message(&at, &left));) {
        if (nlh->nlmsg_seq == s->seq && take(s, nlh, cb, aux, error) != MORE) {
            return false;
        }
    }
    return true;
}

static void take_news(const struct nlsock *s, const uint8_t *at, size_t left, nlsock_cb *cb,
                      void *aux)
{
    const struct nlmsghdr *nlh;
    struct nlsock_msg m;

    while ((nlh = next_message(&at, &left))) {
        if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && take_message(s, nlh, &m)) {
            cb(aux, &m);
        }
    }
}

int nlsock_recv(struct nlsock *s, nlsock_cb *cb, void *aux)
{
    ssize_t n = s->transport.recv(s->transport.aux, s->reply, sizeof s->reply);

    if (n < 0) {
        return errno;
    }
    take_news(s, s->reply, (size_t)n, cb, aux);
    return 0;
}

int nlsock_recv_many(struct nlsock *s, nlsock_cb *cb, void *aux)
{
    const struct nlsock_transport *t = &s->transport;
    size_t len[NLSOCK_NEWS] = {0};

    if (!t->recv_many) {
        int error = 0;
        unsigned i;
        for (i = 0; i < NLSOCK_NEWS && !error; i++) {
            error = nlsock_recv(s, cb, aux);
        }
        return error == EAGAIN && i > 1 ? 0 : error;
    }
    if (!s->news) {
        s->news = xmalloc((size_t)NLSOCK_NEWS * NLSOCK_NEWS_SLOT);
    }
    int n = t->recv_many(t->aux, s->news, NLSOCK_NEWS_SLOT, len, NLSOCK_NEWS);
    for (int i = 0; i < n; i++) {
        take_news(s, s->news + (size_t)i * NLSOCK_NEWS_SLOT, len[i], cb, aux);
    }
    return n < 0 ? errno : 0;
}

/* ---- batches ---- */

void nlsock_batch_begin(struct nlsock *s, struct nlsock_batch *b)
{
    *b = (struct nlsock_batch){.sock = s, .first_seq = s->seq + 1};
}

bool nlsock_batch_add(struct nlsock_batch *b, enum nlsock_family family, uint8_t cmd,
                      uint16_t flags, int dp_ifindex, size_t room, struct nlwr *w)
{
    struct nlsock *s = b->sock;

    if (b->len + HEADERS + room > NLSOCK_BUF || !s->families->id[family]) {
        return false;
    }
    uint8_t *attrs = put_headers(s, s->request + b->len, family, cmd, flags, dp_ifindex);
    nlwr_init(w, attrs, room);
    return true;
}

void nlsock_batch_end(struct nlsock_batch *b, struct nlwr *w)
{
    struct nlsock *s = b->sock;
    uint8_t *start = s->request + b->len;

    if (w->err) {
        s->seq--; /* It is not sent. */
        return;
    }
    size_t len = (size_t)(w->data + w->len - start);
    ((struct nlmsghdr *)(void *)start)->nlmsg_len = (uint32_t)len;
    b->last = b->len;
    b->len += NLMSG_ALIGN(len);
    b->n++;
}

/* The answers to a batch, as they come in. */
struct answers {
    const struct nlsock_batch *b;
    nlsock_cb *cb;
    nlsock_done *done;
    void *aux;
    unsigned next; /* The first request that nothing is known of. */
};

static void conclude(struct answers *a, unsigned end, int error)
{
    while (a->next < end) {
        a->done(a->aux, a->next++, error);
    }
}

static void take_answer(struct answers *a, const struct nlmsghdr *nlh)
{
    uint32_t i = nlh->nlmsg_seq - a->b->first_seq;
    int error = 0;

    if (i < a->next || i >= a->b->n) {
        return; /* Of a request that was given up, or news. */
    }
    conclude(a, i, 0);
    switch (take(a->b->sock, nlh, a->cb, a->aux, &error)) {
    case MORE:
        break;
    case ENDED:
    case FAILED:
        conclude(a, i + 1, error);
        break;
    }
}

/* Some datagrams of answers.  0 or errno. */
static int recv_answers(struct answers *a)
{
    struct nlsock *s = a->b->sock;
    const struct nlsock_transport *t = &s->transport;
    size_t len[NLSOCK_MANY] = {0}, slot = sizeof s->reply / NLSOCK_MANY;
    const struct nlmsghdr *nlh;
    int n;

    do {
        if (t->recv_many) {
            n = t->recv_many(t->aux, s->reply, slot, len, NLSOCK_MANY);
        } else {
            ssize_t one = t->recv(t->aux, s->reply, sizeof s->reply);
            len[0] = one < 0 ? 0 : (size_t)one;
            n = one < 0 ? -1 : 1;
        }
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? ETIMEDOUT : errno;
    }
    for (int i = 0; i < n; i++) {
        const uint8_t *at = s->reply + (size_t)i * slot;
        while ((nlh = next_message(&at, &len[i]))) {
            take_answer(a, nlh);
        }
    }
    return 0;
}

int nlsock_batch_run(struct nlsock_batch *b, nlsock_cb *cb, nlsock_done *done, void *aux)
{
    struct nlsock *s = b->sock;
    struct answers a = {.b = b, .cb = cb, .done = done, .aux = aux};
    unsigned n_vain = 0;

    if (!b->n) {
        return 0;
    }
    ((struct nlmsghdr *)(void *)(s->request + b->last))->nlmsg_flags |= NLM_F_ACK;
    int error = send_bytes(s, b->len);
    while (!error && a.next < b->n) {
        unsigned before = a.next;
        error = recv_answers(&a);
        n_vain = a.next > before ? 0 : n_vain + 1;
        error = !error && n_vain == MAX_VAIN ? EPROTO : error;
    }
    conclude(&a, b->n, error); /* Answers were lost: nobody knows of the rest. */
    return error;
}

/* ---- families ---- */

struct resolve {
    uint16_t id;
    uint32_t group;
    const char *group_name;
};

static void take_groups(struct resolve *x, const struct nlrd *groups)
{
    struct nlrd each, r;

    nlrd_init(&each, groups->data, groups->n);
    while (nlrd_next(&each)) {
        uint32_t id = 0;
        bool wanted = false;
        nlrd_init(&r, each.data, each.n);
        while (nlrd_next(&r)) {
            if (r.type == CTRL_ATTR_MCAST_GRP_ID) {
                id = nlrd_u32(&r);
            } else if (r.type == CTRL_ATTR_MCAST_GRP_NAME) {
                wanted = r.n == strlen(x->group_name) + 1 && !memcmp(r.data, x->group_name, r.n);
            }
        }
        x->group = wanted && !r.err ? id : x->group;
    }
}

static void on_family(void *x_, const struct nlsock_msg *m)
{
    struct resolve *x = x_;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == CTRL_ATTR_FAMILY_ID) {
            x->id = nlrd_u16(&r);
        } else if (r.type == CTRL_ATTR_MCAST_GROUPS) {
            take_groups(x, &r);
        }
    }
}

int nlsock_resolve(struct nlsock *s, struct nlsock_families *f)
{
    *f = (struct nlsock_families){.id = {[NLSOCK_CTRL] = GENL_ID_CTRL}};
    for (enum nlsock_family i = NLSOCK_CTRL + 1; i < NLSOCK_NETFILTER; i++) {
        struct resolve x = {.group_name = OVS_VPORT_MCGROUP};
        struct nlwr w;
        nlsock_begin(s, NLSOCK_CTRL, CTRL_CMD_GETFAMILY, 0, 0, &w);
        nlwr_put_str(&w, CTRL_ATTR_FAMILY_NAME, families[i].name);
        int error = nlsock_call(s, &w, on_family, &x);
        if (error && error != ENOENT) {
            return error;
        }
        f->id[i] = x.id;
        if (i == NLSOCK_VPORT) {
            f->vport_group = x.group;
        }
        if (!x.id && i <= NLSOCK_PACKET) {
            return ENOENT;
        }
    }
    return 0;
}
