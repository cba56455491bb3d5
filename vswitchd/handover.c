/* handover.c - see handover.h. */
#include "vswitchd/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "lib/dp/dp_handover.h"
#include "lib/io/stream.h"
#include "lib/io/unix_socket.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto_keep.h"

LOG_MODULE(handover);

#define MODE       0600
#define HELLO_MS   1000
#define LOAD_MS    60000 /* The new process opens everything. */
#define GONE_MS    1000
#define GO_MS      5000 /* It has nothing left to do but to say TAKEN. */
#define SEND_S     10
#define RETRY_MS   5    /* Until the configuration is on the disk, */
#define STORE_WAIT 2000 /* so often. */

struct handover_server {
    struct loop *loop;
    char *path;
    int fd;
    struct unix_socket_id id;
    struct loop_fd watch;
    struct loop_timer retry;
    struct handover peer; /* fd -1: none. */
    int n_tries;
    struct config *config;
    struct datapaths *datapaths;
    void (*gone)(void *aux, bool pidfile);
    void *aux;
};

/* ---- the process that runs ---- */

static void hang_up(struct handover_server *s)
{
    if (s->peer.fd >= 0) {
        close(s->peer.fd);
    }
    s->peer = (struct handover){.fd = -1};
    loop_timer_cancel(&s->retry);
    loop_fd_want(&s->watch, LOOP_READ);
}

static void refuse(struct handover_server *s, const char *why)
{
    struct handover_item item = {.n_fds = 0};

    log_warn("not handed over: %s", why);
    strncpy(item.key, why, sizeof item.key - 1);
    handover_put(&s->peer, HANDOVER_REFUSED, &item);
    hang_up(s);
}

/* NULL, or why not. */
static const char *refusal(const struct handover_server *s)
{
    for (struct ofproto *p = datapaths_next(s->datapaths, NULL); p;
         p = datapaths_next(s->datapaths, p)) {
        if (!dp_can_hand_over(ofproto_dp(p))) {
            return "there is a bridge with datapath_type=system: end this process and start the "
                   "other one, the kernel forwards meanwhile";
        }
    }
    return NULL;
}

static void write_rules(struct handover_server *s)
{
    struct ofproto *p = NULL;

    while ((p = datapaths_next(s->datapaths, p))) {
        ofproto_pull_stats(p);
        ofproto_keep_write(p);
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            bridge_keep_write(br);
        }
    }
}

static void offer(struct handover_server *s)
{
    struct ofproto *p = NULL;

    struct handover_item item = {.value = {s->id.dev, s->id.ino}, .n_fds = 1, .fds = {s->fd}};

    handover_set_key(&item, "listen", s->path);
    handover_offer(&s->peer, &item);
    listeners_hand_over(&s->peer);
    config_hand_over(s->config, &s->peer);
    while ((p = datapaths_next(s->datapaths, p))) {
        dp_hand_over(ofproto_dp(p), &s->peer);
    }
    handover_put(&s->peer, HANDOVER_LOAD, NULL);
}

/* The other process takes its time; the workers, which go on, wait for grace periods meanwhile. */
static enum handover_kind wait_for(struct handover_server *s, struct handover_item *item,
                                   int timeout_ms)
{
    urcu_qsbr_thread_offline();
    enum handover_kind kind = handover_get(&s->peer, item, timeout_ms);
    urcu_qsbr_thread_online();
    return kind;
}

/* Nobody has taken it. */
static void resume(struct handover_server *s, bool paused)
{
    struct ofproto *p = NULL;

    while (paused && (p = datapaths_next(s->datapaths, p))) {
        dp_resume(ofproto_dp(p));
    }
    write_rules(s); /* The other one may have begun files of its own. */
    log_warn("the process that was to take over has failed: going on");
    hang_up(s);
}

/* The last word: after this either the other one has said TAKEN, or it cannot any more. */
static bool is_taken(struct handover_server *s, struct handover_item *item)
{
    if (handover_get(&s->peer, item, GO_MS) == HANDOVER_TAKEN) {
        return true;
    }
    shutdown(s->peer.fd, SHUT_RD);
    return handover_get(&s->peer, item, 0) == HANDOVER_TAKEN;
}

static void serve(struct handover_server *s)
{
    struct handover_item item;
    struct ofproto *p = NULL;

    log_info("handing over to another process");
    write_rules(s);
    offer(s);
    if (wait_for(s, &item, LOAD_MS) != HANDOVER_READY || s->peer.failed) {
        resume(s, false);
        return;
    }
    env_refresh(loop_env(s->loop));
    handover_steps_begin();
    struct handover_item go = {.value = {(uint64_t)loop_env(s->loop)->now_us}};
    while ((p = datapaths_next(s->datapaths, p))) {
        dp_pause(ofproto_dp(p), &s->peer);
    }
    handover_put(&s->peer, HANDOVER_GO, &go);
    if (!is_taken(s, &item)) {
        resume(s, true);
        return;
    }
    handover_step("answer");
    log_info("handed over: %s us", handover_steps_text());
    /* Not before the other one has begun: the end of a large process takes a core for a while. */
    handover_get(&s->peer, &(struct handover_item){.n_fds = 0}, GONE_MS);
    s->gone(s->aux, item.value[0]);
}

/* The next process reads the configuration's file. */
static void try_serve(void *s_)
{
    struct handover_server *s = s_;

    if (config_is_stored(s->config)) {
        serve(s);
    } else if (++s->n_tries == STORE_WAIT) {
        refuse(s, "the configuration cannot be written");
    } else {
        loop_timer_after(&s->retry, RETRY_MS);
    }
}

static void on_connect(void *s_, unsigned events UNUSED)
{
    struct handover_server *s = s_;
    const struct timeval timeout = {.tv_sec = SEND_S};
    struct handover_item item;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    s->peer = (struct handover){.fd = fd};
    loop_fd_want(&s->watch, 0); /* One at a time. */
    s->n_tries = 0;
    if (!handover_peer_ok(fd)) {
        refuse(s, "the other process is another user's");
        return;
    }
    enum handover_kind kind = handover_get(&s->peer, &item, HELLO_MS);
    handover_close_fds(&item);
    const char *why = kind != HANDOVER_HELLO              ? "it does not say hello"
                      : item.value[0] != HANDOVER_VERSION ? "it is of another version: end this "
                                                            "process and start the other one"
                                                          : refusal(s);
    if (why) {
        refuse(s, why);
    } else {
        try_serve(s);
    }
}

char *handover_server_open(struct loop *loop, const char *path, struct config *config,
                           struct datapaths *datapaths, void (*gone)(void *, bool), void *aux,
                           struct handover_server **out)
{
    struct handover_server *s = xzalloc(sizeof *s);

    *s = (struct handover_server){.loop = loop,
                                  .path = xstrdup(path),
                                  .peer = {.fd = -1},
                                  .config = config,
                                  .datapaths = datapaths,
                                  .gone = gone,
                                  .aux = aux};
    struct handover_item item;
    if (handover_take("listen", path, &item) && item.n_fds == 1) {
        s->fd = item.fds[0];
        s->id = (struct unix_socket_id){.dev = item.value[0], .ino = item.value[1]};
    } else {
        s->fd = unix_socket_listen(path, MODE, &s->id);
    }
    if (s->fd < 0) {
        char *error = xasprintf("%s: cannot listen (%s)", path, strerror(-s->fd));
        free(s->path);
        free(s);
        return error;
    }
    loop_timer_init(&s->retry, loop, try_serve, s);
    loop_fd_init(&s->watch, loop, s->fd, on_connect, s);
    loop_fd_want(&s->watch, LOOP_READ);
    *out = s;
    return NULL;
}

void handover_server_close(struct handover_server *s)
{
    if (s) {
        hang_up(s);
        loop_fd_deinit(&s->watch);
        close(s->fd);
        unix_socket_unlink(s->path, &s->id);
        free(s->path);
        free(s);
    }
}

/* ---- the process that starts ---- */

static struct handover old = {.fd = -1};

/* All items up to that message, which '*item' gets; NULL, or what came instead. */
static char *receive(enum handover_kind last, int timeout_ms, struct handover_item *item)
{
    for (;;) {
        enum handover_kind kind = handover_get(&old, item, timeout_ms);
        if (kind == HANDOVER_ITEM) {
            handover_keep(item);
            continue;
        }
        handover_close_fds(item);
        if (kind == last) {
            return NULL;
        }
        return kind == HANDOVER_REFUSED
                   ? xasprintf("the running process does not hand over: %s", item->key)
                   : xstrdup("the running process has ended, or hangs, in the middle of handing "
                             "over");
    }
}

char *handover_begin(const char *path, bool *found)
{
    old = (struct handover){.fd = unix_socket_connect(path, 0)};
    *found = old.fd >= 0;
    if (old.fd == -ENOENT || old.fd == -ECONNREFUSED) {
        log_info("there is no process to take over from: starting as usual");
        return NULL;
    }
    if (!*found) {
        return xasprintf("%s: cannot connect (%s)", path, strerror(-old.fd));
    }
    if (!handover_peer_ok(old.fd)) {
        return xasprintf("%s: its process is another user's", path);
    }
    handover_put(&old, HANDOVER_HELLO, &(struct handover_item){.value = {HANDOVER_VERSION}});
    handover_set_waits(true);
    return receive(HANDOVER_LOAD, LOAD_MS, &(struct handover_item){.n_fds = 0});
}

char *handover_finish(struct datapaths *datapaths, bool pidfile)
{
    struct env *env = loop_env(datapaths_loop(datapaths));
    struct ofproto *p = NULL;
    struct handover_item go;

    handover_put(&old, HANDOVER_READY, NULL);
    char *error = receive(HANDOVER_GO, LOAD_MS, &go);
    if (error) {
        return error;
    }
    handover_put(&old, HANDOVER_TAKEN, &(struct handover_item){.value = {pidfile}});
    if (old.failed) {
        return xstrdup("the running process has waited too long, and goes on");
    }
    handover_set_waits(false);
    env_refresh(env);
    handover_steps_begin();
    while ((p = datapaths_next(datapaths, p))) {
        dp_start(ofproto_dp(p));
    }
    env_refresh(env);
    log_info("went on in the place of the former process: packets waited for %" PRId64 " us (%s)",
             MAX(env->now_us - (int64_t)go.value[0], 0), handover_steps_text());
    close(old.fd);
    return NULL;
}
