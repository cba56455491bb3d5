/* kflow-private.h - what the files of kflow.h share. */
#pragma once

#include "lib/dp/kernel/kflow.h"

struct kflow_once {
    struct kflow_once *next;
    void *credit;
    struct dp_flow_stats stats;
};

/* What a flow of a former process had counted when it was taken over. */
struct kflow_former {
    struct hmap_node node;
    struct kflow_id id;
    struct dp_flow_stats stats;
};

/* What the kernel says of a flow. */
struct kflow_report {
    struct kflow_id id;
    bool has_id;
    struct dp_flow_stats stats;
};

#define KFLOW_MAX_DEPTH 16 /* Of lists of actions, as the kernel's own limit. */

struct kflow_stripe *kflow_stripe(struct kflows *, const struct kflow_id *);
/* The stripe's mutex is held. */
struct kflow *kflow_find_locked(struct kflow_stripe *, const struct kflow_id *);

/* Control thread: pays in and releases what ran once. */
void kflow_collect_once(struct kflows *);
/* Takes it out of the table, pays in the rest, releases its credit. */
void kflow_free(struct kflows *, struct kflow *);

/* kflow_walk.c: false: not a flow, or malformed. */
bool kflow_read_report(const struct nlsock_msg *, struct kflow_report *);
/* Attributes of OVS_FLOW_CMD_DEL, KFLOW_DEL_ROOM bytes, answered with numbers only. */
#define KFLOW_DEL_ROOM 64
void kflow_put_del(const struct kflow_id *, struct nlwr *);

/* kflow_scan.c: is this attribute of that action a list of actions? */
bool kflow_is_list(uint16_t action, uint16_t attr);
/* Zeros if nothing is known of it. */
const struct dp_flow_stats *kflow_inherited(const struct kflows *, const struct kflow_id *);
void kflow_forget_inherited(struct kflows *);
