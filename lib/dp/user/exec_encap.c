/* exec_encap.c - headers around whole packets: Ethernet, NSH, labels ahead of a frame.  See exec.h
 * and lib/packet/edit_encap.h, which has the bytes. */
#include "lib/counter.h"
#include "lib/dp/user/exec-private.h"
#include "lib/packet/edit_encap.h"

static bool push_nsh(struct packet *p, const uint8_t *data, uint32_t n)
{
    struct edit_nsh_header h = {.flags = data[0],
                                .ttl = data[1],
                                .mdtype = data[2],
                                .np = data[3],
                                .md = data + NSH_BASE_LEN,
                                .n_md = n - NSH_BASE_LEN};

    memcpy(&h.path, data + 4, sizeof h.path);
    return n > NSH_MAX_LEN || edit_push_nsh(p, &h); /* One that does not exist is not pushed. */
}

/* False: no headroom. */
static bool run(struct packet *p, const struct action_kernel *k)
{
    struct {
        be32 lse;
        be16 eth_type;
    } mpls;

    switch (k->a.u32) {
    case ACTION_KERNEL_PUSH_ETH:
        return edit_push_eth(p, k->data, k->data + 6);
    case ACTION_KERNEL_POP_ETH:
        edit_pop_eth(p);
        return true;
    case ACTION_KERNEL_PUSH_NSH:
        return push_nsh(p, k->data, k->n);
    case ACTION_KERNEL_POP_NSH:
        edit_pop_nsh(p);
        return true;
    case ACTION_KERNEL_ADD_MPLS:
        memcpy(&mpls.lse, k->data, sizeof mpls.lse);
        memcpy(&mpls.eth_type, k->data + 4, sizeof mpls.eth_type);
        return edit_add_mpls(p, mpls.eth_type, mpls.lse);
    default:
        return true;
    }
}

/* The packet with room for the longest header ahead of it; NULL: no memory. */
static struct packet *with_headroom(const struct packet *p, struct packet_pool *pool)
{
    struct packet *copy = packet_clone_meta(p, pool, NSH_MAX_LEN + p->len);

    if (copy) {
        memcpy(packet_put(copy, NSH_MAX_LEN + p->len) + NSH_MAX_LEN, p->data, p->len);
        packet_pull(copy, NSH_MAX_LEN);
    }
    return copy;
}

struct packet *exec_encap(struct packet *p, const struct action_kernel *k, struct packet_pool *pool)
{
    if (run(p, k)) {
        return p;
    }
    struct packet *copy = with_headroom(p, pool);
    packet_free(p);
    if (!copy) {
        counter_inc(COUNTER_drop_no_buffer);
    } else if (!run(copy, k)) { /* There is room. */
        packet_free(copy);
        copy = NULL;
    }
    return copy;
}
