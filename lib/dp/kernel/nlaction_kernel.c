/* nlaction_kernel.c - see nlaction.h: actions of action_kernel.h as OVS_ACTION_ATTR_*, both ways.
 *
 * What younger kernels have than the headers that this is built with is numbered here. */
#include <string.h>

#include "lib/dp/kernel/nlaction-private.h"

#define ADD_MPLS      22
#define DEC_TTL       23
#define DROP          24
#define PSAMPLE       25
#define DEC_TTL_LIST  1
#define PSAMPLE_GROUP 1
#define PSAMPLE_DATA  2
#define HASH_SYM_L4   1
#define NSH_BASE_LEN  8

/* Those whose attribute is their bytes, and no more. */
static const uint16_t plain[ACTION_KERNEL_N] = {
    [ACTION_KERNEL_PUSH_ETH] = OVS_ACTION_ATTR_PUSH_ETH,
    [ACTION_KERNEL_POP_ETH] = OVS_ACTION_ATTR_POP_ETH,
    [ACTION_KERNEL_POP_NSH] = OVS_ACTION_ATTR_POP_NSH,
    [ACTION_KERNEL_ADD_MPLS] = ADD_MPLS,
    [ACTION_KERNEL_DROP] = DROP,
};

/* ---- to the kernel ---- */

static void put_nsh(const struct action_kernel *k, struct nlwr *w)
{
    size_t all = nlwr_nest(w, OVS_ACTION_ATTR_PUSH_NSH), key = nlwr_nest(w, OVS_KEY_ATTR_NSH);

    nlwr_put_data(w, OVS_NSH_KEY_ATTR_BASE, k->data, NSH_BASE_LEN);
    nlwr_put_data(w, k->data[2] == 1 ? OVS_NSH_KEY_ATTR_MD1 : OVS_NSH_KEY_ATTR_MD2,
                  k->data + NSH_BASE_LEN, k->n - NSH_BASE_LEN);
    nlwr_end(w, key);
    nlwr_end(w, all);
}

static void put_psample(const struct action_kernel *k, struct nlwr *w)
{
    size_t all = nlwr_nest(w, PSAMPLE | NLA_F_NESTED); /* What is younger wants the flag. */

    nlwr_put_data(w, PSAMPLE_GROUP, k->data, 4);
    if (k->n > 4) {
        nlwr_put_data(w, PSAMPLE_DATA, k->data + 4, k->n - 4);
    }
    nlwr_end(w, all);
}

static void open_nest(struct nlaction_kernel_nest *nest, uint16_t type, struct nlwr *w)
{
    nest->at[nest->n++] = nlwr_nest(w, type);
}

void nlaction_kernel_put(const struct action_kernel *k, struct nlaction_kernel_nest *nest,
                         struct nlwr *w)
{
    uint32_t basis;

    *nest = (struct nlaction_kernel_nest){.n = 0};
    switch ((enum action_kernel_kind)k->a.u32) {
    case ACTION_KERNEL_PUSH_NSH:
        put_nsh(k, w);
        break;
    case ACTION_KERNEL_HASH_SYM:
        memcpy(&basis, k->data, sizeof basis);
        nlwr_put_data(w, OVS_ACTION_ATTR_HASH,
                      &(struct ovs_action_hash){.hash_alg = HASH_SYM_L4, .hash_basis = basis},
                      sizeof(struct ovs_action_hash));
        break;
    case ACTION_KERNEL_DEC_TTL:
        open_nest(nest, DEC_TTL, w);
        open_nest(nest, DEC_TTL_LIST, w);
        nest->has_list = true;
        break;
    case ACTION_KERNEL_PSAMPLE:
        put_psample(k, w);
        break;
    case ACTION_KERNEL_PUSH_ETH:
    case ACTION_KERNEL_POP_ETH:
    case ACTION_KERNEL_POP_NSH:
    case ACTION_KERNEL_ADD_MPLS:
    case ACTION_KERNEL_DROP:
        nlwr_put_data(w, plain[k->a.u32], k->data, k->n);
        break;
    case ACTION_KERNEL_N:
        break;
    }
}

void nlaction_kernel_end(const struct nlaction_kernel_nest *nest, struct nlwr *w)
{
    for (unsigned i = nest->n; i-- > 0;) {
        nlwr_end(w, nest->at[i]);
    }
}

/* ---- from the kernel ---- */

struct found {
    enum action_kernel_kind kind;
    uint8_t data[ACTION_KERNEL_MAX];
    size_t n;
    struct nlrd list;
};

static bool add(struct found *f, const struct nlrd *r)
{
    if (f->n + r->n > sizeof f->data) {
        return false;
    }
    if (r->n) {
        memcpy(f->data + f->n, r->data, r->n);
    }
    f->n += r->n;
    return true;
}

static bool get_nsh(const struct nlrd *attr, struct found *f)
{
    struct nlrd r;

    f->kind = ACTION_KERNEL_PUSH_NSH;
    nlrd_init(&r, attr->data, attr->n);
    if (!nlrd_next(&r) || r.type != OVS_KEY_ATTR_NSH) {
        return false;
    }
    nlrd_init(&r, r.data, r.n);
    while (nlrd_next(&r)) {
        /* The base comes first, as the kernel writes it. */
        if ((r.type == OVS_NSH_KEY_ATTR_BASE) != !f->n || !add(f, &r)) {
            return false;
        }
    }
    return !r.err;
}

/* What lies side by side in an attribute: bytes, and a list. */
static bool get_parts(const struct nlrd *attr, struct found *f, enum action_kernel_kind kind,
                      uint16_t first, uint16_t second, uint16_t list)
{
    struct nlrd r;

    f->kind = kind;
    nlrd_init(&r, attr->data, attr->n);
    while (nlrd_next(&r)) {
        if (r.type == list) {
            f->list = r;
        } else if ((r.type != first && r.type != second) || (r.type == first) != !f->n ||
                   !add(f, &r)) {
            return false;
        }
    }
    return !r.err;
}

static bool get_one(const struct nlrd *r, struct found *f)
{
    struct ovs_action_hash hash;

    switch (r->type) {
    case OVS_ACTION_ATTR_PUSH_NSH:
        return get_nsh(r, f);
    case OVS_ACTION_ATTR_HASH:
        f->kind = ACTION_KERNEL_HASH_SYM;
        memcpy(&hash, r->data, sizeof hash); /* The caller has seen its length. */
        memcpy(f->data, &hash.hash_basis, sizeof hash.hash_basis);
        f->n = sizeof hash.hash_basis;
        return hash.hash_alg == HASH_SYM_L4;
    case DEC_TTL:
        return get_parts(r, f, ACTION_KERNEL_DEC_TTL, UINT16_MAX, UINT16_MAX, DEC_TTL_LIST);
    case PSAMPLE:
        return get_parts(r, f, ACTION_KERNEL_PSAMPLE, PSAMPLE_GROUP, PSAMPLE_DATA, UINT16_MAX);
    default:
        for (unsigned i = 0; i < ACTION_KERNEL_N; i++) {
            if (plain[i] && plain[i] == r->type) {
                f->kind = i;
                return add(f, r);
            }
        }
        return false;
    }
}

bool nlaction_kernel_get(const struct nlrd *attr, struct dp_actions *l, size_t *ofs,
                         struct nlrd *list)
{
    struct found f = {.kind = ACTION_KERNEL_N};

    if (!get_one(attr, &f)) {
        return false;
    }
    *list = f.list;
    *ofs = action_kernel_begin(l, f.kind, f.data, f.n);
    return l->overflow || action_kernel_check((const void *)(l->data + *ofs));
}
