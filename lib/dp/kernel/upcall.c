/* upcall.c - see upcall.h. */
#include "lib/dp/kernel/upcall.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/dp/kernel/slow.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/packet/packet.h"
#include "lib/packet/parse.h"

LOG_MODULE(upcall);

/* One upcall: owned until the turn ends, since the kernel may refuse what is asked for it. */
struct upcall {
    struct upcall_item *item; /* The attributes point into it. */
    uint8_t cmd;
    struct packet *packet;
    struct key key;
    const uint8_t *key_attrs, *cookie, *mru, *hash;
    uint16_t n_key_attrs, n_cookie;
    struct dp_actions actions; /* For the packet. */
    bool refused;              /* The kernel has refused a flow with these. */
};

/* What a request of the batch was for. */
struct sent {
    struct kflow *flow; /* Put; NULL: a packet. */
    struct upcall *u;
    int error;
};

struct turn {
    struct upcall_thread *t;
    struct nlsock_batch batch;
    struct sent sent[2 * UPCALL_BATCH];
    unsigned n;
    struct upcall upcalls[UPCALL_BATCH];
    unsigned n_upcalls;
};

/* It changes if the datapath is deleted, and made again. */
static int dp_ifindex(const struct upcall_thread *t)
{
    return __atomic_load_n(&t->dp_ifindex, __ATOMIC_RELAXED);
}

/* ---- requests ---- */

static void on_done(void *turn_, unsigned i, int error)
{
    struct turn *turn = turn_;
    turn->sent[i].error = error;
}

static void put_flow(struct turn *, struct upcall *, struct kflow *);
static void execute(struct turn *, struct upcall *, bool refused);

static void conclude_flow(struct turn *turn, const struct sent *s)
{
    const char *name = turn->t->up->name;

    if (slow_is_refusal(s->error) && kflow_refused(s->flow)) {
        log_info_rl("%s: the kernel refused the actions of a flow (%s): its packets take the slow "
                    "path",
                    name, strerror(s->error));
        s->u->refused = true;
        put_flow(turn, s->u, s->flow);
        return;
    }
    if (s->error && s->error != EEXIST) {
        log_warn_rl("%s: the kernel refused a flow (%s)", name, strerror(s->error));
    }
    /* If nobody knows, the next dump does. */
    kflow_installed(s->flow, !s->error || nlsock_is_unknown(s->error));
}

/* An error that comes of running the actions is not taken for a refusal of the list, which would
 * run some of them twice: the flow has been refused as well. */
static void conclude_packet(struct turn *turn, const struct sent *s)
{
    if (s->u->refused && slow_is_refusal(s->error)) {
        s->u->refused = false; /* Once. */
        execute(turn, s->u, true);
    } else if (s->error) {
        counter_inc(COUNTER_drop_kernel);
        log_dbg_rl("%s: the kernel did not run a packet's actions (%s)", turn->t->up->name,
                   strerror(s->error));
    }
}

/* Sends the batch.  What takes the slow path after all is in the next one. */
static void flush(struct turn *turn)
{
    struct sent sent[ARRAY_SIZE(turn->sent)];
    const unsigned n = turn->n;

    if (n) {
        int error = nlsock_batch_run(&turn->batch, NULL, on_done, turn);
        if (error) {
            log_warn_rl("%s: upcalls could not be answered (%s)", turn->t->up->name,
                        strerror(error));
        }
    }
    memcpy(sent, turn->sent, n * sizeof sent[0]);
    turn->n = 0;
    nlsock_batch_begin(turn->t->requests, &turn->batch);
    for (unsigned i = 0; i < n; i++) {
        if (sent[i].flow) {
            conclude_flow(turn, &sent[i]);
        } else {
            conclude_packet(turn, &sent[i]);
        }
    }
}

static bool add(struct turn *turn, struct upcall *u, enum nlsock_family family, uint8_t cmd,
                uint16_t flags, size_t room, struct nlwr *w)
{
    struct upcall_thread *t = turn->t;

    if (turn->n == ARRAY_SIZE(turn->sent) ||
        !nlsock_batch_add(&turn->batch, family, cmd, flags, dp_ifindex(t), room, w)) {
        flush(turn);
        if (!nlsock_batch_add(&turn->batch, family, cmd, flags, dp_ifindex(t), room, w)) {
            return false;
        }
    }
    turn->sent[turn->n++] = (struct sent){.u = u};
    return true;
}

static void end(struct turn *turn, struct nlwr *w)
{
    turn->n -= w->err;
    nlsock_batch_end(&turn->batch, w);
}

static void put_flow(struct turn *turn, struct upcall *u, struct kflow *f)
{
    struct nlwr w;
    bool ok =
        add(turn, u, NLSOCK_FLOW, OVS_FLOW_CMD_NEW, NLM_F_CREATE | NLM_F_EXCL, NLACTION_MAX, &w);

    if (ok) {
        if (!kflow_put(turn->t->flows, f, &w)) {
            w.err = true;
        }
        ok = !w.err;
        if (ok) {
            turn->sent[turn->n - 1].flow = f;
        }
        end(turn, &w);
    }
    if (!ok) {
        kflow_installed(f, false);
    }
}

/* The kernel's own words, with what a struct key does not hold; of a packet whose type is another
 * by now those that say its type are not its own. */
static void put_key(const struct upcall *u, const struct packet *p, struct nlwr *w)
{
    size_t nest = nlwr_nest(w, OVS_PACKET_ATTR_KEY);
    struct nlrd r;

    nlrd_init(&r, u->key_attrs, u->n_key_attrs);
    while (nlrd_next(&r)) {
        bool is_type = r.type == OVS_KEY_ATTR_ETHERNET || r.type == OVS_KEY_ATTR_ETHERTYPE;
        if (!is_type) {
            nlwr_put_data(w, r.type, r.data, r.n);
        }
    }
    if (p->packet_type) {
        nlwr_put_u16(w, OVS_KEY_ATTR_ETHERTYPE, htons(packet_eth_type(p, 0)));
    }
    nlwr_end(w, nest);
}

/* False: the kernel cannot run these. */
static bool ask(struct turn *turn, struct upcall *u, const struct packet *p, const void *actions,
                size_t len)
{
    struct nlwr w;
    const char *why;

    if (!len ||
        !add(turn, u, NLSOCK_PACKET, OVS_PACKET_CMD_EXECUTE, 0, NLACTION_MAX + p->len, &w)) {
        return true;
    }
    nlwr_put_data(&w, OVS_PACKET_ATTR_PACKET, p->data, p->len);
    if (p->packet_type == u->key.packet_type) {
        nlwr_put_data(&w, OVS_PACKET_ATTR_KEY, u->key_attrs, u->n_key_attrs);
    } else {
        put_key(u, p, &w);
    }
    size_t nest = nlwr_nest(&w, OVS_PACKET_ATTR_ACTIONS);
    bool ok = nlaction_put(actions, len, &turn->t->flows->action_env, &w, &why);
    w.err |= !ok;
    nlwr_end(&w, nest);
    if (u->mru) {
        nlwr_put_data(&w, OVS_PACKET_ATTR_MRU, u->mru, 2);
    }
    if (u->hash) {
        nlwr_put_data(&w, OVS_PACKET_ATTR_HASH, u->hash, 8);
    }
    end(turn, &w);
    return ok;
}

/* ---- the slow path ---- */

struct slow {
    struct turn *turn;
    struct upcall *u;
};

static void slow_execute(void *s_, const struct packet *p, const void *actions, size_t len)
{
    const struct slow *s = s_;

    if (!ask(s->turn, s->u, p, actions, len)) {
        counter_inc(COUNTER_drop_kernel);
        log_warn_rl("%s: a packet's actions are too long", s->turn->t->up->name);
    }
}

static void slow_refuse(void *s_, const char *why)
{
    const struct slow *s = s_;

    counter_inc(COUNTER_drop_kernel);
    log_warn_rl("%s: a packet was dropped: %s", s->turn->t->up->name, why);
}

/* Runs the upcall's actions on its packet. */
static void execute(struct turn *turn, struct upcall *u, bool refused)
{
    struct slow s = {turn, u};
    const struct slow_env env = {.aux = &s,
                                 .actions = &turn->t->flows->action_env,
                                 .execute = slow_execute,
                                 .refuse = slow_refuse};

    if (refused || !ask(turn, u, u->packet, u->actions.data, u->actions.len)) {
        struct packet *p = packet_clone(u->packet, NULL);
        if (p) {
            slow_run(&env, p, u->actions.data, u->actions.len, refused);
        }
    }
}

/* Takes the actions over. */
static void run_verdict(struct turn *turn, struct upcall *u, struct dp_verdict *v, bool refused)
{
    if (v->actions.overflow) {
        counter_inc(COUNTER_drop_xlate_error);
    } else if (v->actions.len) {
        u->actions = v->actions;
        dp_actions_init(&v->actions);
        execute(turn, u, refused);
    } else {
        counter_inc(v->drop_reason ? (enum counter)v->drop_reason : COUNTER_drop_action);
    }
}

/* A packet of a flow that stands in the kernel as a slow one. */
static void on_slow(struct turn *turn, struct upcall *u)
{
    struct upcall_thread *t = turn->t;
    const struct dp_handler *h = &t->up->handler;
    struct dp_verdict v = {.cache = true};
    struct dp_cookie cookie;
    bool refused;

    dp_actions_init(&v.actions);
    if (slow_rest(u->cookie, u->n_cookie, &u->actions, &refused)) {
        execute(turn, u, refused); /* It has been here before. */
    } else if (u->n_cookie == sizeof cookie) {
        memcpy(&cookie, u->cookie, sizeof cookie);
        counter_inc(COUNTER_dp_slow_path);
        h->miss(h->aux, u->packet, &u->key, t->env.now_ms, &v);
        kflow_run_once(t->flows, v.credit, u->packet->len, t->env.now_ms);
        run_verdict(turn, u, &v, cookie.slow_path.refused);
    }
    dp_actions_deinit(&v.actions);
}

/* ---- upcalls ---- */

static void on_miss(struct turn *turn, struct upcall *u)
{
    struct upcall_thread *t = turn->t;
    const struct dp_handler *h = &t->up->handler;
    struct dp_verdict v = {.cache = true};
    bool is_new;

    counter_inc(COUNTER_dp_miss);
    dp_actions_init(&v.actions);
    h->miss(h->aux, u->packet, &u->key, t->env.now_ms, &v);
    struct kflow *f = kflow_prepare(t->flows, &u->key, &v, t->env.now_ms, &is_new);
    if (f && is_new) {
        kflow_hit(f, u->packet->len, t->env.now_ms);
        put_flow(turn, u, f);
    } else {
        kflow_run_once(t->flows, v.credit, u->packet->len, t->env.now_ms);
    }
    run_verdict(turn, u, &v, false);
    dp_actions_deinit(&v.actions);
}

static bool read_upcall(struct upcall *u)
{
    const struct nlsock_msg *m = &u->item->msg;
    struct nlrd r;

    u->cmd = m->cmd;
    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case OVS_PACKET_ATTR_PACKET:
            packet_free(u->packet);
            u->packet = packet_new_data(r.data, r.n);
            break;
        case OVS_PACKET_ATTR_KEY:
            u->key_attrs = r.data;
            u->n_key_attrs = r.n;
            break;
        case OVS_PACKET_ATTR_USERDATA:
            u->cookie = r.data;
            u->n_cookie = r.n;
            break;
        case OVS_PACKET_ATTR_MRU:
            u->mru = r.n == 2 ? r.data : NULL;
            break;
        case OVS_PACKET_ATTR_HASH:
            u->hash = r.n == 8 ? r.data : NULL;
            break;
        default:
            break;
        }
    }
    return !r.err && u->packet && u->key_attrs && (u->cmd != OVS_PACKET_CMD_ACTION || u->cookie);
}

/* Of the packet, which a queue chosen in an earlier pass has left there: no key has it. */
static uint32_t priority_of(const struct upcall *u)
{
    uint32_t priority = 0;
    struct nlrd r;

    nlrd_init(&r, u->key_attrs, u->n_key_attrs);
    while (nlrd_next(&r)) {
        if (r.type == OVS_KEY_ATTR_PRIORITY) {
            priority = nlrd_u32(&r);
        }
    }
    return priority;
}

/* What the kernel's key does not have, from the frame; offsets for whoever looks into it. */
static bool complete_key(struct upcall *u)
{
    struct key k, parsed;

    if (!nlkey_get(u->key_attrs, u->n_key_attrs, false, &k)) {
        return false;
    }
    u->packet->packet_type = k.packet_type;
    if (!parse_key(u->packet, &parsed)) {
        return false;
    }
    if (!k.eth_type) { /* What it says of an inner tag that was cut off. */
        k.eth_type = parsed.eth_type;
    }
    k.nd_options_type = parsed.nd_options_type;
    k.nd_reserved = parsed.nd_reserved;
    k.ip6_exthdr = k.ip6_exthdr ? k.ip6_exthdr : parsed.ip6_exthdr;
    k.pbb_isid = parsed.pbb_isid;
    k.pbb_uca = parsed.pbb_uca;
    u->key = k;
    u->packet->in_port = k.in_port;
    u->packet->recirc_id = ntohl(k.recirc_id);
    u->packet->mark = ntohl(k.skb_mark);
    u->packet->priority = priority_of(u);
    return true;
}

static void on_action(struct turn *turn, struct upcall *u)
{
    const struct dp_handler *h = &turn->t->up->handler;
    uint16_t type = DP_COOKIE_NONE;

    memcpy(&type, u->cookie, MIN(u->n_cookie, sizeof type));
    if (type == DP_COOKIE_SLOW_PATH) {
        on_slow(turn, u);
    } else {
        h->userspace(h->aux, u->packet, &u->key, u->cookie, u->n_cookie);
    }
}

static void handle(struct turn *turn, struct upcall_item *item)
{
    struct upcall *u = &turn->upcalls[turn->n_upcalls++];

    *u = (struct upcall){.item = item};
    dp_actions_init(&u->actions);
    if (!read_upcall(u) || !complete_key(u)) {
        counter_inc(COUNTER_drop_parse_short);
        log_warn_rl("%s: an upcall of the kernel could not be read", turn->t->up->name);
    } else if (u->cmd == OVS_PACKET_CMD_ACTION) {
        on_action(turn, u);
    } else if (u->cmd == OVS_PACKET_CMD_MISS) {
        on_miss(turn, u);
    }
}

static void upcall_deinit(struct upcall *u)
{
    dp_actions_deinit(&u->actions);
    packet_free(u->packet);
    free(u->item);
}

static void on_message(void *t_, const struct nlsock_msg *m)
{
    struct upcall_thread *t = t_;

    if (m->family == NLSOCK_PACKET && m->dp_ifindex == dp_ifindex(t) &&
        !upcall_queue_put(&t->queues, m)) {
        counter_inc(COUNTER_drop_miss_budget);
    }
}

/* The socket is shared by ports: it is emptied before any of them is served. */
static void drain(struct upcall_thread *t)
{
    for (unsigned i = 0; i < UPCALL_DRAIN; i++) {
        int error = nlsock_recv_many(t->upcalls, on_message, t);
        if (error == ENOBUFS) {
            __atomic_add_fetch(&t->n_lost, 1, __ATOMIC_RELAXED);
            counter_inc(COUNTER_drop_miss_budget);
        } else if (error) {
            break; /* EAGAIN: all is read. */
        }
    }
}

static void take_turn(struct upcall_thread *t)
{
    struct upcall_item *item;
    struct turn turn;

    turn.t = t;
    turn.n = turn.n_upcalls = 0;
    env_refresh(&t->env);
    nlsock_batch_begin(t->requests, &turn.batch);
    drain(t);
    for (unsigned i = 0; i < UPCALL_BATCH && (item = upcall_queue_take(&t->queues)); i++) {
        handle(&turn, item);
    }
    while (turn.n) { /* What was refused is asked for otherwise, once. */
        flush(&turn);
    }
    for (unsigned i = 0; i < turn.n_upcalls; i++) {
        upcall_deinit(&turn.upcalls[i]);
    }
}

/* ---- the thread ---- */

static void keep_net_admin(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = 1u << CAP_NET_ADMIN, .permitted = 1u << CAP_NET_ADMIN}};

    if (syscall(SYS_capset, &head, caps)) {
        log_warn("an upcall thread cannot keep NET_ADMIN alone (%s)", strerror(errno));
    }
}

static void *thread_main(void *t_)
{
    struct upcall_thread *t = t_;
    struct pollfd fds[] = {{.fd = t->upcalls->transport.fd, .events = POLLIN},
                           {.fd = t->wake_fd, .events = POLLIN}};

    keep_net_admin();
    rcu_register_thread();
    while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
        rcu_thread_offline();
        poll(fds, ARRAY_SIZE(fds), t->queues.n ? 0 : -1);
        rcu_thread_online();
        if (fds[0].revents || t->queues.n) {
            take_turn(t);
        }
    }
    rcu_unregister_thread();
    return NULL;
}

char *upcall_start(struct upcall_thread *t, struct kflows *flows, const struct dp *up,
                   int dp_ifindex, const struct nlsock_families *families)
{
    sigset_t all, old;

    *t = (struct upcall_thread){.flows = flows, .up = up, .dp_ifindex = dp_ifindex, .wake_fd = -1};
    env_init(&t->env);
    upcall_queue_init(&t->queues);
    int error = nlsock_open(true, &t->upcalls);
    error = error ? error : nlsock_open(false, &t->requests);
    if (!error && (t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        error = errno;
    }
    if (!error) {
        t->upcalls->families = t->requests->families = families;
        /* Signals are the control thread's. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        error = pthread_create(&t->thread, NULL, thread_main, t);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    if (error) {
        nlsock_free(t->upcalls);
        nlsock_free(t->requests);
        if (t->wake_fd >= 0) {
            close(t->wake_fd);
        }
        return xasprintf("could not start an upcall thread (%s)", strerror(error));
    }
    pthread_setname_np(t->thread, "upcall");
    return NULL;
}

void upcall_stop(struct upcall_thread *t)
{
    uint64_t one = 1;

    __atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
    ssize_t unused UNUSED = write(t->wake_fd, &one, sizeof one);
    pthread_join(t->thread, NULL);
    upcall_queue_deinit(&t->queues);
    nlsock_free(t->upcalls);
    nlsock_free(t->requests);
    close(t->wake_fd);
}

uint32_t upcall_pid(const struct upcall_thread *t)
{
    return t->upcalls->transport.port_id;
}
