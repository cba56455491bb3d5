/* action_kernel.h - datapath actions in the kernel's own form: headers around packets (encap and
 * decap in OpenFlow), and those that no translation makes, of flows that others put into the
 * kernel, and that tools show and put by hand.
 *
 * Layer 3, any thread.  One form for all, DP_ACTION_KERNEL: what the kernel's attribute holds
 * beside nested actions, as bytes, and a list.  Text is here, netlink in kernel/nlaction_kernel.c.
 * The userspace datapath runs those of headers (user/exec_encap.c); the others do nothing there. */
#pragma once

#include "lib/dp/action.h"

enum action_kernel_kind {
    ACTION_KERNEL_PUSH_ETH, /* Source and destination, 12 bytes. */
    ACTION_KERNEL_POP_ETH,  /* Nothing, as POP_NSH. */
    ACTION_KERNEL_PUSH_NSH, /* flags, ttl, mdtype, np, path header; 16 bytes of context (mdtype 1)
                               or the options. */
    ACTION_KERNEL_POP_NSH,
    ACTION_KERNEL_HASH_SYM, /* Basis, host order. */
    ACTION_KERNEL_ADD_MPLS, /* Label entry, EtherType, flags: 4, 2, 2 bytes. */
    ACTION_KERNEL_DEC_TTL,  /* Nothing; the list for packets whose TTL is over. */
    ACTION_KERNEL_PSAMPLE,  /* Group, host order; a cookie of up to 16 bytes. */
    ACTION_KERNEL_DROP,     /* Reason, host order. */
    ACTION_KERNEL_N
};

struct action_kernel {
    struct dp_action a; /* u32: enum action_kernel_kind */
    uint32_t n, list_len;
    uint8_t data[]; /* 'n' bytes, from the next multiple of 8 on the list. */
};
#define ACTION_KERNEL_MAX \
    280 /* Bytes of 'data', its list not counted: an NSH with all its options. */

static inline const void *action_kernel_list(const struct action_kernel *k)
{
    return k->data + ROUND_UP(k->n, 8);
}

/* Appends one without its list; what is appended until _end() is the list. Returns an offset. */
size_t action_kernel_begin(struct dp_actions *, enum action_kernel_kind, const void *data,
                           size_t n);
void action_kernel_end(struct dp_actions *, size_t);
/* Is it about a header around the packet, so that it changes the frame and nothing else? */
static inline bool action_kernel_is_encap(const struct dp_action *a)
{
    return a->type == DP_ACTION_KERNEL &&
           (a->u32 <= ACTION_KERNEL_POP_NSH || a->u32 == ACTION_KERNEL_ADD_MPLS);
}
/* Is it well-formed, its list aside? */
bool action_kernel_check(const struct action_kernel *);
/* Its bytes as text; 'list' prints the list. */
void action_kernel_put(const struct action_kernel *, void (*list)(void *aux, struct text *),
                       void *aux, struct text *);
/* ACTION_KERNEL_N: no word for one of these. */
enum action_kernel_kind action_kernel_of(const char *name);
/* 'list' reads the list, appending.  NULL, or a heap error text. */
char *action_kernel_parse(enum action_kernel_kind, char *value,
                          char *(*list)(void *aux, char *text), void *aux,
                          struct dp_actions *) MUST_USE;
