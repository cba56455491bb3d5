/* slow.c - see slow.h. */
#include "lib/dp/kernel/slow.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/dp/action_kernel.h"
#include "lib/dp/user/exec.h"
#include "lib/mem.h"

#define MAX_DEPTH 16 /* Of clones. */

enum kind {
    EDIT,  /* Of the frame: can be done here. */
    AWAY,  /* A copy goes; the packet stays as it is. */
    STATE, /* The kernel's own, that later actions see. */
};

static enum kind kind_of(const struct dp_action *a)
{
    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_SET:
        return a->u32 == DP_SET_SKB_MARK || a->u32 == DP_SET_SKB_PRIORITY || a->u32 == DP_SET_TUNNEL
                   ? STATE
                   : EDIT;
    case DP_ACTION_PUSH_VLAN:
    case DP_ACTION_POP_VLAN:
    case DP_ACTION_PUSH_MPLS:
    case DP_ACTION_POP_MPLS:
    case DP_ACTION_COPY_TTL:
    case DP_ACTION_PUSH_PBB:
    case DP_ACTION_POP_PBB:
        return EDIT;
    case DP_ACTION_OUTPUT:
    case DP_ACTION_USERSPACE:
    case DP_ACTION_RECIRC:
    case DP_ACTION_TRUNC: /* For the output behind it. */
    case DP_ACTION_CLONE:
    case DP_ACTION_SAMPLE:
    case DP_ACTION_CHECK_PKT_LEN:
        return AWAY;
    case DP_ACTION_KERNEL:
        return action_kernel_is_encap(a) ? EDIT : STATE;
    case DP_ACTION_HASH:
    case DP_ACTION_CT:
    case DP_ACTION_CT_CLEAR:
    case DP_ACTION_METER:
    case DP_ACTION_N:
        break;
    }
    return STATE;
}

static const struct dp_action *next(const struct dp_action *a)
{
    return (const void *)((const uint8_t *)a + a->len);
}

static size_t distance(const struct dp_action *a, const struct dp_action *b)
{
    return (size_t)((const uint8_t *)b - (const uint8_t *)a);
}

static void append(struct dp_actions *list, const struct dp_action *a, const struct dp_action *end)
{
    for (; a < end; a = next(a)) {
        memcpy(dp_actions_put(list, a->type, a->len), a, list->overflow ? sizeof *a : a->len);
    }
}

/* ---- edits ---- */

static void keep(void *p_, struct packet *p, uint32_t port UNUSED)
{
    struct packet **kept = p_;

    if (*kept) {
        packet_free(p);
    } else {
        *kept = p;
    }
}

/* The packet after these edits; NULL: no memory. */
static struct packet *edit(struct packet *p, const struct dp_action *a, const struct dp_action *end)
{
    struct packet *kept = NULL;
    const struct exec_env env = {.aux = &kept, .output = keep};
    struct dp_actions list = DP_ACTIONS_INIT;

    append(&list, a, end);
    dp_actions_output(&list, 0);
    exec_run(&env, p, NULL, list.data, list.len);
    dp_actions_deinit(&list);
    return kept;
}

struct run {
    const struct slow_env *env;
    struct packet *p; /* Ours; NULL: given away. */
    const struct dp_action *a, *end;
    const struct dp_action *last; /* Behind it the kernel can do everything. */
    bool refused;                 /* See slow.h. */
    unsigned depth;
};

/* ---- there and back ---- */

/* The kernel runs from r->a up to 'there' and gives the packet back for what follows. */
static void send_and_wait(const struct run *r, const struct dp_action *there)
{
    const struct slow_env *env = r->env;
    const size_t n = distance(there, r->end);
    struct dp_actions list = DP_ACTIONS_INIT;

    append(&list, r->a, there);
    struct dp_action_userspace *u =
        dp_actions_put(&list, DP_ACTION_USERSPACE, sizeof *u + sizeof(struct dp_cookie) + n);
    if (list.overflow) {
        env->refuse(env->aux, "what is left of a list of actions is too long");
    } else {
        struct dp_cookie cookie;
        dp_cookie_slow_path(&cookie, DP_SLOW_ACTION | (r->refused ? DP_SLOW_REFUSED : 0));
        u->a.u32 = (uint32_t)(sizeof cookie + n);
        memcpy(u->cookie, &cookie, sizeof cookie);
        memcpy(u->cookie + sizeof cookie, there, n);
        env->execute(env->aux, r->p, list.data, list.len);
    }
    dp_actions_deinit(&list);
}

bool slow_rest(const void *data, size_t len, struct dp_actions *rest, bool *refused)
{
    struct dp_cookie cookie;

    if (len <= sizeof cookie || len - sizeof cookie > DP_ACTIONS_MAX) {
        return false;
    }
    memcpy(&cookie, data, sizeof cookie);
    len -= sizeof cookie;
    if (cookie.type != DP_COOKIE_SLOW_PATH) {
        return false;
    }
    *refused = cookie.slow_path.refused;
    /* The bytes are aligned to four. */
    uint64_t *copy = mem_try_zalloc(ROUND_UP(len, 8));
    if (copy) {
        memcpy(copy, (const uint8_t *)data + sizeof cookie, len);
    }
    bool ok = copy && dp_actions_check(copy, len);
    if (ok) {
        dp_actions_clear(rest);
        append(rest, (const void *)copy, (const void *)((const uint8_t *)copy + len));
    }
    free(copy);
    return ok;
}

/* ---- the list ---- */

static bool has_edit(const void *actions, size_t len, unsigned depth)
{
    const struct dp_action *a;

    DP_ACTION_FOR_EACH(a, actions, len) {
        const struct dp_action_check_pkt_len *c = (const void *)a;
        if (kind_of(a) == EDIT) {
            return true;
        }
        if (depth < MAX_DEPTH &&
            (a->type == DP_ACTION_CLONE
                 ? has_edit(a + 1, a->len - sizeof *a, depth + 1)
                 : a->type == DP_ACTION_CHECK_PKT_LEN &&
                       (has_edit(dp_action_branch(c, true), c->gt_len, depth + 1) ||
                        has_edit(dp_action_branch(c, false), c->le_len, depth + 1)))) {
            return true;
        }
    }
    return false;
}

static bool can(const struct run *r, const struct dp_action *a)
{
    return nlaction_can(a, a->len, r->env->actions) &&
           !(r->refused && has_edit(a, a->len, r->depth));
}

static void run(const struct slow_env *, struct packet *, const void *actions, size_t len,
                bool refused, unsigned depth);

/* An action that the kernel cannot do, and that is not an edit. */
static void run_other(struct run *r)
{
    const void *list = r->a + 1;
    size_t len = r->a->len - sizeof *r->a;

    if (r->a->type == DP_ACTION_CHECK_PKT_LEN) {
        const struct dp_action_check_pkt_len *c = (const void *)r->a;
        bool gt = r->p->len > c->a.u32;
        list = dp_action_branch(c, gt);
        len = gt ? c->gt_len : c->le_len;
    } else if (r->a->type != DP_ACTION_CLONE) {
        list = NULL;
    }
    if (!list || r->depth + 1 >= MAX_DEPTH) {
        r->env->refuse(r->env->aux, "neither the kernel nor the slow path can run an action");
        r->a = r->end;
        return;
    }
    struct packet *copy = packet_clone(r->p, NULL);
    if (copy) {
        run(r->env, copy, list, len, r->refused, r->depth + 1);
    }
    r->a = next(r->a);
}

/* One piece, from r->a on, at or ahead of r->last. */
static void run_piece(struct run *r)
{
    const struct dp_action *begin = r->a, *a = r->a;

    switch (kind_of(a)) {
    case EDIT:
        while (a < r->end && kind_of(a) == EDIT) {
            a = next(a);
        }
        r->p = edit(r->p, begin, a);
        r->a = a;
        break;
    case AWAY:
        while (a < r->end && kind_of(a) == AWAY && can(r, a)) {
            a = next(a);
        }
        if (a == begin) {
            run_other(r);
        } else {
            r->env->execute(r->env->aux, r->p, begin, distance(begin, a));
            r->a = a;
        }
        break;
    case STATE:
        while (a < r->end && can(r, a)) {
            a = next(a);
        }
        if (a == begin) {
            run_other(r);
        } else {
            send_and_wait(r, a);
            r->a = r->end;
        }
        break;
    }
}

static void run(const struct slow_env *env, struct packet *p, const void *actions, size_t len,
                bool refused, unsigned depth)
{
    struct run r = {.env = env,
                    .p = p,
                    .a = actions,
                    .end = (const void *)((const uint8_t *)actions + len),
                    .refused = refused,
                    .depth = depth};

    for (const struct dp_action *a = r.a; a < r.end; a = next(a)) {
        if (!can(&r, a)) {
            r.last = a;
        }
    }
    while (r.p && r.last && r.a <= r.last) {
        run_piece(&r);
    }
    if (r.p && r.a < r.end) {
        env->execute(env->aux, r.p, r.a, distance(r.a, r.end));
    }
    if (r.p) {
        packet_free(r.p);
    }
}

bool slow_is_refusal(int error)
{
    return error == EINVAL || error == EOPNOTSUPP || error == ERANGE || error == EMSGSIZE ||
           error == E2BIG;
}

bool slow_is_refused_packet(int error, const void *actions, size_t len)
{
    const struct dp_action *a;

    DP_ACTION_FOR_EACH(a, actions, len) {
        if (a->type == DP_ACTION_CT) {
            return false;
        }
    }
    return slow_is_refusal(error) && has_edit(actions, len, 0);
}

void slow_run(const struct slow_env *env, struct packet *p, const void *actions, size_t len,
              bool refused)
{
    run(env, p, actions, len, refused, 0);
}
