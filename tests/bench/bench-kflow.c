/* bench-kflow.c - what 200,000 flows of the kernel datapath cost the control thread, the kernel's
 * own share left out: a peer answers from memory.
 *
 *   bench-kflow [COUNT]
 *
 * A bridge with two tables on the kernel datapath, COUNT cached flows, each an address of its own.
 * Rows are nanoseconds of CPU time a flow of this thread: statistics pulled and paid to rules;
 * flows looked at after a rule has come that none of them meets; all translated again, with the
 * same result, and with other actions. */
#include <stdio.h>
#include <time.h>

#include "lib/dp/kernel/kernel.h"
#include "ofproto/ofproto-private.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/fake-open.h"

#define DATAGRAM 32768 /* As long as the kernel makes them. */
#define ANSWER   128
#define QUEUE    256

static struct {
    struct loop *loop;
    struct ofproto *ofproto;
    struct bridge *bridge;
    struct kernel *k;
    unsigned n;
    /* The dump as it will be answered, message behind message. */
    uint8_t *dump;
    size_t dump_len, dump_at, *stats_at; /* Where each flow's statistics stand. */
    bool dumping;
    uint32_t dump_seq;
    struct {
        _Alignas(8) uint8_t bytes[ANSWER];
        size_t n;
    } queue[QUEUE]; /* Answers to changes. */
    unsigned first, last;
    uint64_t peer_ns, n_set;
    struct nlsock_transport fake; /* For all that is not about flows. */
} b;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- the kernel's part ---- */

static size_t put_message(uint8_t *to, const struct kflow_id *id, uint8_t cmd, uint32_t seq,
                          size_t *stats_at)
{
    static const struct ovs_flow_stats stats = {.n_packets = 1, .n_bytes = 100};
    struct nlwr w;

    nlwr_init(&w, to + FK_HEADERS, ANSWER - FK_HEADERS);
    nlwr_put_data(&w, OVS_FLOW_ATTR_UFID, id, sizeof *id);
    *stats_at = FK_HEADERS + w.len + NLA_HDRLEN;
    nlwr_put_data(&w, OVS_FLOW_ATTR_STATS, &stats, sizeof stats);
    nlwr_put_u64(&w, OVS_FLOW_ATTR_USED, (uint64_t)loop_now(b.loop));
    *(struct nlmsghdr *)(void *)to = (struct nlmsghdr){.nlmsg_len = (uint32_t)(FK_HEADERS + w.len),
                                                       .nlmsg_type = fk_family_id(NLSOCK_FLOW),
                                                       .nlmsg_flags = NLM_F_MULTI,
                                                       .nlmsg_seq = seq};
    *(struct genlmsghdr *)(void *)(to + NLMSG_HDRLEN) = (struct genlmsghdr){.cmd = cmd};
    *(struct ovs_header *)(void *)(to + NLMSG_HDRLEN + GENL_HDRLEN) =
        (struct ovs_header){.dp_ifindex = 1};
    return NLMSG_ALIGN(FK_HEADERS + w.len);
}

static void answer_change(const struct nlmsghdr *req)
{
    const uint8_t *at = (const uint8_t *)req;
    struct kflow_id id = {{0, 0}};
    struct nlrd r;
    size_t unused;

    nlrd_init(&r, at + FK_HEADERS, req->nlmsg_len - FK_HEADERS);
    while (nlrd_next(&r)) {
        if (r.type == OVS_FLOW_ATTR_UFID) {
            memcpy(&id, r.data, sizeof id);
        }
    }
    b.queue[b.last % QUEUE].n =
        put_message(b.queue[b.last % QUEUE].bytes, &id, at[NLMSG_HDRLEN], req->nlmsg_seq, &unused);
    b.last++;
    b.n_set++;
}

static void answer_end(const struct nlmsghdr *req)
{
    const struct {
        struct nlmsghdr nlh;
        struct nlmsgerr e;
    } m = {{.nlmsg_len = sizeof m, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = req->nlmsg_seq},
           {.msg = *req}};

    memcpy(b.queue[b.last % QUEUE].bytes, &m, sizeof m);
    b.queue[b.last++ % QUEUE].n = sizeof m;
}

static ssize_t peer_send(void *sock, const void *data, size_t n)
{
    const struct nlmsghdr *req = data;
    const uint64_t begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
    const uint8_t *at = data;

    if (!fk_is(req, NLSOCK_FLOW)) {
        return b.fake.send(sock, data, n);
    }
    if (req->nlmsg_flags & NLM_F_DUMP && at[NLMSG_HDRLEN] == OVS_FLOW_CMD_GET) {
        b.dumping = true;
        b.dump_at = 0;
        b.dump_seq = req->nlmsg_seq;
    } else {
        for (; at < (const uint8_t *)data + n; at += NLMSG_ALIGN(req->nlmsg_len)) {
            req = (const void *)at;
            answer_change(req);
            if (req->nlmsg_flags & NLM_F_ACK) {
                answer_end(req);
            }
        }
    }
    b.peer_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
    return (ssize_t)n;
}

/* As many whole messages as a datagram holds. */
static size_t next_datagram(uint8_t *to)
{
    size_t len = 0;

    if (b.dump_at == b.dump_len) {
        memset(to, 0, NLMSG_HDRLEN + 4);
        *(struct nlmsghdr *)(void *)to = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN + 4,
                                                           .nlmsg_type = NLMSG_DONE,
                                                           .nlmsg_seq = b.dump_seq};
        b.dumping = false;
        return NLMSG_HDRLEN + 4;
    }
    while (b.dump_at + len < b.dump_len) {
        struct nlmsghdr *nlh = (void *)(b.dump + b.dump_at + len);
        if (len + NLMSG_ALIGN(nlh->nlmsg_len) > DATAGRAM) {
            break;
        }
        nlh->nlmsg_seq = b.dump_seq;
        len += NLMSG_ALIGN(nlh->nlmsg_len);
    }
    memcpy(to, b.dump + b.dump_at, len);
    b.dump_at += len;
    return len;
}

static ssize_t peer_recv(void *sock, void *to, size_t cap)
{
    const uint64_t begin = now_ns(CLOCK_THREAD_CPUTIME_ID);

    if (!b.dumping) {
        return b.fake.recv(sock, to, cap);
    }
    ssize_t n = (ssize_t)next_datagram(to);
    b.peer_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
    return n;
}

static int peer_recv_many(void *sock, void *to, size_t slot, size_t *len, unsigned n)
{
    const uint64_t begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
    unsigned i;

    for (i = 0; i < n && b.first != b.last; i++, b.first++) {
        len[i] = b.queue[b.first % QUEUE].n;
        memcpy((uint8_t *)to + i * slot, b.queue[b.first % QUEUE].bytes, len[i]);
    }
    b.peer_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
    if (!i) {
        len[0] = (size_t)b.fake.recv(sock, to, slot);
        i = 1;
    }
    return (int)i;
}

/* ---- the switch ---- */

static void must(bool ok, const char *what)
{
    if (!ok) {
        printf("bench-kflow: %s\n", what);
        exit(1);
    }
}

static void flow_mod(const char *text, int command)
{
    struct flow_mod mod;
    char *copy = xstrdup(text), *error = flow_mod_parse(copy, command, NULL, &mod);

    must(!error, error ? error : "");
    must(!bridge_flow_mod(b.bridge, &mod, NULL, NULL), text);
    flow_mod_deinit(&mod);
    free(copy);
}

static void on_settled(void *done)
{
    *(bool *)done = true;
}

static void settle(void)
{
    bool done = false;

    ofproto_settle(b.ofproto, on_settled, &done);
    while (!done) {
        loop_turn(b.loop, 100);
    }
}

static const char *no_option(void *aux UNUSED, const char *key UNUSED)
{
    return NULL;
}

static void open_switch(void)
{
    const struct port_vlan vlan = PORT_VLAN_INIT;
    uint32_t no;

    must(!ofproto_open(b.loop, "system", "/tmp", &b.ofproto), "the datapath could not be opened");
    must(!bridge_new(b.ofproto, "br0", &b.bridge), "no bridge");
    /* A device that is there, and up, for whoever runs this. */
    const struct bridge_port_config port = {
        .name = "lo", .type = "", .ofp_port = 1, .vlan = &vlan, .option = no_option};
    must(!bridge_port_add(b.bridge, &port, &no) && no == 1, "no port");
    b.k = kernel_of(ofproto_dp(b.ofproto));
    loop_timer_cancel(&b.k->timer); /* Its walks would be in our figures. */
    b.fake = b.k->sock->transport;
    b.k->sock->transport.send = peer_send;
    b.k->sock->transport.recv = peer_recv;
    b.k->sock->transport.recv_many = peer_recv_many;
}

static struct kflow_id add_flow(uint32_t i, uint32_t dp_port)
{
    struct key key = {.in_port = dp_port,
                      .eth_type = htons(0x0800),
                      .eth_src = {2, 0, 0, 0, 0, 1},
                      .eth_dst = {2, 0, 0, 0, 0, 2},
                      .ip_src = htonl(0x0a000000 + i),
                      .ip_dst = htonl(0x0b000001),
                      .ip_proto = 17,
                      .ip_ttl = 64,
                      .tp_src = htons((uint16_t)i),
                      .tp_dst = htons(9)};
    struct dp_verdict v = {.cache = true};
    bool is_new;

    b.k->up.handler.miss(b.k->up.handler.aux, NULL, &key, loop_now(b.loop), &v);
    struct kflow *f = kflow_prepare(&b.k->flows, &key, &v, loop_now(b.loop), &is_new);
    must(f && is_new, "a flow was not cached");
    kflow_installed(f, true);
    dp_actions_deinit(&v.actions);
    return f->id;
}

static void add_flows(void)
{
    struct dp_port_info info;
    uint32_t dp_port = 0;

    while (!dp_port_get(ofproto_dp(b.ofproto), dp_port, &info) || strcmp(info.name, "lo")) {
        dp_port++;
    }
    struct kflow_id *ids = xcalloc(b.n, sizeof *ids);
    for (unsigned i = 0; i < b.n; i++) {
        unsigned at = (unsigned)rand() % (i + 1); /* The kernel's order is none of ours. */
        ids[i] = ids[at];
        ids[at] = add_flow(i, dp_port);
    }
    b.dump = xmalloc((size_t)b.n * ANSWER);
    b.stats_at = xcalloc(b.n, sizeof *b.stats_at);
    for (unsigned i = 0; i < b.n; i++) {
        size_t at;
        size_t len = put_message(b.dump + b.dump_len, &ids[i], OVS_FLOW_CMD_NEW, 0, &at);
        b.stats_at[i] = b.dump_len + at;
        b.dump_len += len;
    }
    free(ids);
}

/* ---- rows ---- */

/* Each flow has seen a packet. */
static void traffic(void)
{
    for (unsigned i = 0; i < b.n; i++) {
        struct ovs_flow_stats s;
        memcpy(&s, b.dump + b.stats_at[i], sizeof s);
        s.n_packets++;
        s.n_bytes += 100;
        memcpy(b.dump + b.stats_at[i], &s, sizeof s);
    }
}

static uint64_t begin_ns;

static void begin(void)
{
    b.peer_ns = b.n_set = 0;
    begin_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void end(const char *what)
{
    uint64_t ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
    printf("kflow, %u flows, %-42s %7.1f ns a flow (%llu changed; the peer %.1f ns)\n", b.n, what,
           (double)(ns - b.peer_ns) / b.n, (unsigned long long)b.n_set, (double)b.peer_ns / b.n);
}

int main(int argc, char **argv)
{
    static const char rule[] = "table=1,priority=5,udp,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],"
                               "in_port";
    static const char same[] = "table=1,priority=6,udp,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],"
                               "in_port";
    static const char other[] =
        "table=1,priority=7,udp,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],"
        "in_port,in_port";

    b.n = argc > 1 ? (unsigned)atoi(argv[1]) : KFLOW_LIMIT;
    urcu_qsbr_register_thread();
    fk_init();
    b.loop = loop_new();
    loop_set_wait_hooks(b.loop, urcu_qsbr_thread_offline, urcu_qsbr_thread_online);
    open_switch();
    flow_mod("table=0,ip,actions=resubmit(,1)", FM_ADD);
    flow_mod(rule, FM_ADD);
    settle();
    add_flows();
    for (unsigned i = 0; i < 2; i++) {
        begin();
        ofproto_pull_stats(b.ofproto);
        end("statistics, nothing new:");
        traffic();
        begin();
        ofproto_pull_stats(b.ofproto);
        end("statistics, each flow has counted:");
        traffic();
        begin();
        flow_mod("table=1,priority=9,tcp,actions=drop", FM_ADD);
        settle();
        end("a rule has come that none meets:");
        flow_mod("table=1,tcp", FM_DELETE);
        settle();
        traffic();
        begin();
        flow_mod(same, FM_ADD);
        settle();
        end("all translated again, the same:");
        traffic();
        begin();
        flow_mod(other, FM_ADD);
        settle();
        end("all translated again, other actions:");
        flow_mod("table=1,priority=7,udp", FM_DELETE_STRICT);
        settle();
        flow_mod("table=1,priority=6,udp", FM_DELETE_STRICT);
        settle();
    }
    bridge_free(b.bridge);
    ofproto_close(b.ofproto, true);
    loop_free(b.loop);
    fk_deinit();
    free(b.dump);
    free(b.stats_at);
    urcu_qsbr_unregister_thread();
    return 0;
}
