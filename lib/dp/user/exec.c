/* exec.c - see exec.h. */
#include "lib/dp/user/exec.h"

#include "lib/counter.h"
#include "lib/ct/ct_frag.h"
#include "lib/dp/user/exec-private.h"
#include "lib/dp/user/meter.h"
#include "lib/hash.h"
#include "lib/packet/csum.h"
#include "lib/packet/edit.h"
#include "lib/packet/frag.h"
#include "lib/packet/gso.h"
#include "lib/packet/parse.h"

/* A list on its way over a packet. */
struct run {
    const struct exec_env *env;
    struct packet *p;      /* Ours; NULL once it is given away or dropped. */
    const struct key *key; /* Of the packet as it stands; NULL: parse again before use. */
    bool offsets_ok;       /* The packet's offsets hold, even where the key does not. */
    unsigned depth;        /* Of nesting. */
    unsigned ct_number;    /* For the `ct` that the list begins with; 0 afterwards. */
    struct key own_key;
};

static const struct key *get_key(struct run *r)
{
    if (!r->key) {
        parse_key(r->p, &r->own_key);
        r->key = &r->own_key;
        r->offsets_ok = true;
    }
    return r->key;
}

static void need_offsets(struct run *r)
{
    if (!r->offsets_ok) {
        r->key = NULL;
        get_key(r);
    }
}

/* The packet itself if no action follows, else a copy; NULL: no buffer for one. */
static struct packet *take(struct run *r, bool last)
{
    struct packet *p = r->p;

    if (last) {
        r->p = NULL;
    } else {
        p = packet_clone(p, r->env->pool);
        if (!p) {
            counter_inc(COUNTER_drop_no_buffer);
        }
    }
    return p;
}

/* ---- as on the wire: segmented, checksum complete, cut ---- */

struct wire {
    struct run *run;
    uint32_t max_len;
    const struct dp_action *action; /* OUTPUT or USERSPACE: where to. */
};

static void wire_emit(void *aux, struct packet *p)
{
    const struct wire *w = aux;
    const struct exec_env *env = w->run->env;

    csum_complete(p);
    p->trunc = false;
    if (p->len > w->max_len) {
        p->len = w->max_len;
        p->l3_ofs = p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
        p->csum = CSUM_UNKNOWN;
    }
    if (w->action->type == DP_ACTION_OUTPUT) {
        env->output(env->aux, p, w->action->u32);
    } else {
        const struct dp_action_userspace *u = (const void *)w->action;
        env->userspace(env->aux, p, w->run->key, u->cookie, u->a.u32);
        packet_free(p);
    }
}

static void wire_copies(struct run *r, const struct dp_action *a)
{
    uint32_t max_len = r->p->trunc ? r->p->trunc_len : UINT32_MAX;
    struct wire w = {.run = r, .max_len = max_len, .action = a};

    need_offsets(r);
    if (r->p->gso_type == GSO_NONE || !gso_segment(r->p, r->env->pool, wire_emit, &w)) {
        struct packet *copy = take(r, false);
        if (copy) {
            copy->gso_type = GSO_NONE;
            wire_emit(&w, copy);
        }
    }
    r->p->trunc = false;
}

/* ---- fragments again ---- */

struct fragments {
    const struct exec_env *env;
    uint32_t port;
};

static void emit_fragment(void *aux, struct packet *p)
{
    const struct fragments *f = aux;

    f->env->output(f->env->aux, p, f->port);
}

/* What was put together leaves as it came.  False: it is no larger than that. */
static bool output_fragments(struct run *r, uint32_t port)
{
    struct fragments f = {r->env, port};

    need_offsets(r);
    csum_complete(r->p);
    return frag_split(r->p, r->env->pool, emit_fragment, &f);
}

static void do_output(struct run *r, const struct dp_action *a, bool last)
{
    if (UNLIKELY(r->p->trunc)) {
        wire_copies(r, a);
        return;
    }
    if (UNLIKELY(r->p->frag_max) && output_fragments(r, a->u32)) {
        return;
    }
    struct packet *p = take(r, last);
    if (p) {
        r->env->output(r->env->aux, p, a->u32);
    }
}

static void do_userspace(struct run *r, const struct dp_action *a)
{
    const struct dp_action_userspace *u = (const void *)a;

    get_key(r);
    if (r->p->gso_type != GSO_NONE || r->p->csum == CSUM_PARTIAL || r->p->trunc) {
        wire_copies(r, a);
    } else {
        r->env->userspace(r->env->aux, r->p, r->key, u->cookie, u->a.u32);
    }
}

static void do_recirc(struct run *r, const struct dp_action *a, bool last)
{
    struct packet *p = take(r, last);
    if (p) {
        p->recirc_id = a->u32;
        r->env->recirc(r->env->aux, p, a->u32);
    }
}

_Static_assert(DP_NAT_SRC == CT_NAT_SRC && DP_NAT_DST == CT_NAT_DST &&
                   DP_NAT_PERSISTENT == CT_NAT_PERSISTENT && DP_NAT_HASH == CT_NAT_HASH &&
                   DP_NAT_RANDOM == CT_NAT_RANDOM,
               "the action's flags are the tracker's");

static void do_ct(struct run *r, const struct dp_action *a)
{
    const struct dp_action_ct *ct = (const void *)a;
    struct ct_nat nat;
    struct ct_args args = {
        .zone = ct->zone,
        .commit = ct->commit,
        .force = ct->force,
        .mark = ct->mark,
        .mark_mask = ct->mark_mask,
        .alg = ct->alg,
        .admitted_by = ct->cookie,
    };

    memcpy(args.label, ct->label, sizeof args.label);
    memcpy(args.label_mask, ct->label_mask, sizeof args.label_mask);
    if (ct->nat) {
        nat = (struct ct_nat){
            .flags = ct->nat_flags,
            .has_addr = ct->nat_af,
            .is_ip6 = ct->nat_af == 6,
            .port_min = ct->nat_port_min,
            .port_max = ct->nat_port_max,
        };
        memcpy(nat.addr_min, ct->nat_min, sizeof nat.addr_min);
        memcpy(nat.addr_max, ct->nat_max, sizeof nat.addr_max);
        args.nat = &nat;
    }
    unsigned number = r->ct_number;
    r->ct_number = 0;
    need_offsets(r);
    if (r->env->ct && UNLIKELY(frag_suspected(r->p))) {
        number = 0;
        r->p = ct_frag_take(r->env->ct, r->p, args.zone, r->env->now_ms);
        if (!r->p) {
            return;
        }
    }
    if (r->env->ct) {
        if (ct_burst_execute(r->env->ct, r->env->burst, number, r->p, &args, r->env->now_ms) ==
            CT_DROPPED) {
            packet_free(r->p);
            r->p = NULL;
        }
    } else {
        r->p->ct = (struct packet_ct){.state = CS_TRK | CS_INV, .zone = ct->zone};
    }
    r->key = NULL;
}

static void do_hash(struct run *r, uint32_t basis)
{
    const struct key *k = get_key(r);
    const uint64_t ports = (uint64_t)k->ip_proto << 32 | (uint32_t)k->tp_src << 16 | k->tp_dst;
    uint64_t w[5] = {ports, (uint64_t)k->ip_src << 32 | k->ip_dst};
    size_t n = 2;

    if (key_is_ip6(k)) {
        memcpy(&w[1], k->ip6_src, 16);
        memcpy(&w[3], k->ip6_dst, 16);
        n = 5;
    }
    uint32_t h = (uint32_t)hash_words(w, n, basis);
    r->p->hash = h ? h : 1; /* Zero says "none". */
    r->key = NULL;
}

/* ---- header changes ---- */

/* Is what follows something else afterwards?  Nobody then segments what was a super-frame. */
static bool hides_payload(const struct dp_action *a)
{
    return a->type == DP_ACTION_PUSH_MPLS || a->type == DP_ACTION_PUSH_PBB ||
           (a->type == DP_ACTION_KERNEL &&
            (a->u32 == ACTION_KERNEL_PUSH_NSH || a->u32 == ACTION_KERNEL_ADD_MPLS)) ||
           (a->type == DP_ACTION_SET && (a->u32 == DP_SET_ETH_TYPE || a->u32 == DP_SET_IP_PROTO));
}

static void do_set(struct run *r, const struct dp_action *a)
{
    need_offsets(r);
    r->key = NULL;
    r->offsets_ok = !hides_payload(a);
    exec_set(r->p, (const struct dp_action_set *)(const void *)a);
}

static bool push_tag(struct packet *p, const struct dp_action *a)
{
    if (a->type == DP_ACTION_PUSH_PBB) {
        return edit_push_pbb(p, htonl(a->u32));
    }
    if (a->type == DP_ACTION_PUSH_VLAN) {
        return edit_push_vlan(p, htons((uint16_t)(a->u32 >> 16)), htons((uint16_t)a->u32));
    }
    const struct dp_action_push_mpls *mpls = (const void *)a;
    return edit_push_mpls(p, mpls->eth_type, mpls->lse);
}

static void do_push(struct run *r, const struct dp_action *a)
{
    need_offsets(r);
    r->key = NULL;
    if (push_tag(r->p, a)) {
        return;
    }
    /* No headroom left: a copy has it anew.  Without one the packet must not leave untagged. */
    struct packet *copy = take(r, false);
    packet_free(r->p);
    r->p = copy;
    if (copy && !push_tag(copy, a)) {
        packet_free(copy);
        r->p = NULL;
    }
}

static void do_encap(struct run *r, const struct action_kernel *k)
{
    need_offsets(r);
    r->key = NULL;
    r->p = exec_encap(r->p, k, r->env->pool);
    r->offsets_ok = k->a.u32 != ACTION_KERNEL_POP_NSH;
}

/* ---- meters ---- */

/* The class stays (AF1 to AF4); precedence goes up to 3.  Other code points have none. */
static void raise_precedence(struct run *r, uint8_t level)
{
    const struct key *k = get_key(r);
    uint8_t dscp = k->ip_tos >> 2, class = dscp >> 3, prec = dscp >> 1 & 3;

    if (dscp & 1 || class < 1 || class > 4 || !prec) {
        return;
    }
    uint8_t tos = (uint8_t)(class << 5 | MIN(3, prec + level) << 3);
    static const uint8_t none[16];
    if (key_is_ip4(k)) {
        edit_ip4(r->p, 0, 0, 0, 0, tos, 0xfc, 0, 0);
    } else if (key_is_ip6(k)) {
        edit_ip6(r->p, none, none, none, none, 0, 0, tos, 0xfc, 0, 0);
    }
    r->key = NULL;
}

static void do_meter(struct run *r, uint32_t id)
{
    uint32_t n = 1;
    uint64_t bytes = r->p->len;
    uint8_t level;

    if (!r->env->meters) {
        return;
    }
    if (r->p->gso_type != GSO_NONE) {
        gso_count(r->p, &n, &bytes);
    }
    if (!meters_run(r->env->meters, id, n, bytes, r->env->now_ms, &level)) {
        counter_inc(COUNTER_drop_meter);
        packet_free(r->p);
        r->p = NULL;
    } else if (level) {
        raise_precedence(r, level);
    }
}

/* ---- the list ---- */

static void run_list(struct run *, const void *actions, size_t len);

/* The list on a copy. */
static void run_nested(struct run *r, const void *actions, size_t len, bool last)
{
    if (r->depth + 1 >= EXEC_MAX_DEPTH) {
        return;
    }
    struct run nested = {
        .env = r->env,
        .key = r->key,
        .offsets_ok = r->offsets_ok,
        .depth = r->depth + 1,
    };
    nested.p = take(r, last);
    if (nested.p) {
        nested.p->trunc = false;
        run_list(&nested, actions, len);
        packet_free(nested.p);
    }
}

static void do_clone(struct run *r, const struct dp_action *a, bool last)
{
    run_nested(r, a + 1, a->len - sizeof *a, last);
}

/* One of 2^32 numbers, all as likely (splitmix64). */
static uint32_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32 ^ z);
}

static void do_sample(struct run *r, const struct dp_action *a, bool last)
{
    const bool always = a->u32 == DP_SAMPLE_ALWAYS;

    if (always || (r->env->random && draw(r->env->random) < a->u32)) {
        run_nested(r, a + 1, a->len - sizeof *a, last);
    }
}

/* As long as a frame on the wire: of a super-frame, its longest segment. */
static uint32_t wire_len(struct run *r)
{
    if (r->p->gso_type == GSO_NONE) {
        return r->p->len;
    }
    need_offsets(r);
    return MIN(r->p->len, r->p->payload_ofs + (uint32_t)r->p->gso_size);
}

static void do_check_pkt_len(struct run *r, const struct dp_action *a, bool last)
{
    const struct dp_action_check_pkt_len *c = (const void *)a;
    bool gt = wire_len(r) > a->u32;

    run_nested(r, dp_action_branch(c, gt), gt ? c->gt_len : c->le_len, last);
}

static void run_one(struct run *r, const struct dp_action *a, bool last)
{
    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_OUTPUT:
        do_output(r, a, last);
        break;
    case DP_ACTION_USERSPACE:
        do_userspace(r, a);
        break;
    case DP_ACTION_SET:
        do_set(r, a);
        break;
    case DP_ACTION_PUSH_VLAN:
    case DP_ACTION_PUSH_MPLS:
    case DP_ACTION_PUSH_PBB:
        do_push(r, a);
        break;
    case DP_ACTION_POP_VLAN:
        need_offsets(r);
        edit_pop_vlan(r->p);
        r->key = NULL;
        break;
    case DP_ACTION_POP_MPLS:
        need_offsets(r);
        edit_pop_mpls(r->p, htons((uint16_t)a->u32));
        r->key = NULL;
        r->offsets_ok = false; /* What was below the label is known only now. */
        break;
    case DP_ACTION_POP_PBB:
        need_offsets(r);
        edit_pop_pbb(r->p);
        r->key = NULL;
        r->offsets_ok = false;
        break;
    case DP_ACTION_COPY_TTL:
        need_offsets(r);
        edit_copy_ttl(r->p, a->u32 != 0);
        r->key = NULL;
        break;
    case DP_ACTION_RECIRC:
        do_recirc(r, a, last);
        break;
    case DP_ACTION_HASH:
        do_hash(r, a->u32);
        break;
    case DP_ACTION_CT:
        do_ct(r, a);
        break;
    case DP_ACTION_CT_CLEAR:
        ct_clear(r->p);
        r->key = NULL;
        break;
    case DP_ACTION_TRUNC:
        r->p->trunc = true;
        r->p->trunc_len = a->u32;
        break;
    case DP_ACTION_CLONE:
        do_clone(r, a, last);
        break;
    case DP_ACTION_SAMPLE:
        do_sample(r, a, last);
        break;
    case DP_ACTION_CHECK_PKT_LEN:
        do_check_pkt_len(r, a, last);
        break;
    case DP_ACTION_METER:
        do_meter(r, a->u32);
        break;
    case DP_ACTION_KERNEL:
        do_encap(r, (const void *)a);
        break;
    case DP_ACTION_N:
        break;
    }
}

struct rest {
    const struct run *run;
    const void *actions;
    size_t len;
};

static void run_rest(void *aux, struct packet *segment)
{
    const struct rest *rest = aux;
    struct run r;

    r.env = rest->run->env;
    r.p = segment;
    r.key = NULL;
    r.offsets_ok = true;
    r.depth = rest->run->depth;
    r.ct_number = 0;
    run_list(&r, rest->actions, rest->len);
    packet_free(r.p);
}

/* Below a label, and the like, nobody segments any more, neither the kernel nor gso_segment(): each
 * segment takes the rest of the list by itself.  False: it is not what its metadata says. */
static bool split(struct run *r, const void *actions, size_t len)
{
    struct rest rest = {r, actions, len};

    if (!gso_segment(r->p, r->env->pool, run_rest, &rest)) {
        return false;
    }
    packet_free(r->p);
    r->p = NULL;
    return true;
}

static void run_list(struct run *r, const void *actions, size_t len)
{
    const uint8_t *end = len ? (const uint8_t *)actions + len : NULL;
    const struct dp_action *a;

    DP_ACTION_FOR_EACH(a, actions, len) {
        if (!r->p) {
            break;
        }
        if (UNLIKELY(r->p->gso_type != GSO_NONE) && hides_payload(a) &&
            split(r, a, (size_t)(end - (const uint8_t *)a))) {
            break;
        }
        run_one(r, a, (const uint8_t *)a + a->len >= end);
    }
}

const struct dp_action_ct *exec_first_ct(const void *actions, size_t len)
{
    const struct dp_action *a = actions;
    return len && a->type == DP_ACTION_CT ? (const void *)a : NULL;
}

void exec_run(const struct exec_env *env, struct packet *p, const struct key *key,
              const void *actions, size_t len)
{
    struct run r;

    /* Not an initialiser: own_key is large and mostly stays unused. */
    r.env = env;
    r.p = p;
    r.key = key;
    r.offsets_ok = key != NULL;
    r.depth = 0;
    r.ct_number = env->ct_number;
    run_list(&r, actions, len);
    packet_free(r.p);
}
