/* kernel.h - the kernel datapath object: openvswitch.ko behind dp.h.
 *
 * Layer 3, control thread only.  kernel.c opens and closes it; ports are in kport.c, flows in
 * kflow.h, upcalls in upcall.h.
 *
 * Invariants: datapath and ports outlive the daemon unless they are to be destroyed; a daemon that
 * comes later takes them over by their names.  Datapath port numbers are the kernel's. */
#pragma once

#include "lib/dp/kernel/upcall.h"
#include "lib/io/link.h"
#include "lib/io/loop.h"

struct kernel_port {
    struct kernel_port *next;
    uint32_t no;
    char name[64], type[16];
    uint32_t vport;    /* OVS_VPORT_TYPE_* */
    uint16_t dst_port; /* Of tunnels over UDP, as is 'gbp'. */
    bool gbp;
    bool internal; /* The kernel made its device, and removes it with the port. */
    bool gone;     /* Its device has vanished, and the port with it. */
    struct link_info link;
};

struct kernel {
    struct dp up;
    int ifindex; /* Of the datapath: its local device; 0: it has gone, and is to be made again. */
    bool opened; /* The members below are initialised. */
    struct nlsock *sock;
    struct nlsock *ct_dump, *ct_requests; /* kct.c: opened when first needed. */
    struct kct_events *ct_events;         /* kct_event.c: NULL: nobody listens. */
    uint64_t *ct_timeout_zones;           /* kct_timeout.c: have a policy; NULL: none yet, */
    uint64_t *ct_timeout_old;             /* and had one that is in use still. */
    struct nlsock_families families;
    struct nlkey_features key_features;
    struct nlaction_env action_env;
    struct dp_features features;
    struct dp_meter_features meter_features;
    bool per_cpu; /* The kernel chooses the upcall thread by CPU. */
    struct kflows flows;
    struct upcall_thread threads[UPCALL_MAX_THREADS];
    unsigned n_threads;
    struct kernel_port *ports;
    struct link_monitor *monitor;
    struct nlsock *news; /* Ports that others add and remove; NULL: not heard of. */
    struct loop_fd news_fd;
    bool adopted; /* The datapath was there, and has not been cleared up. */
    struct loop_timer timer;
};

static inline struct kernel *kernel_of(const struct dp *up)
{
    return container_of_((struct dp *)(uintptr_t)up, struct kernel, up);
}

/* kport.c */
void kport_init(struct kernel *);
void kport_deinit(struct kernel *, bool destroy);
/* Operations of the class. */
char *kport_add(struct dp *, const char *name, const char *type, uint32_t want_no,
                const char *(*option)(void *aux, const char *key), void *aux, uint32_t *port_no);
void kport_del(struct dp *, uint32_t port_no, bool destroy_device);
bool kport_get(const struct dp *, uint32_t port_no, struct dp_port_info *);
void kport_get_stats(const struct dp *, uint32_t port_no, struct dp_port_stats *);
int kport_set_up(struct dp *, uint32_t port_no, bool up);
/* Ports that have vanished without their devices are made again. */
void kport_restore(struct kernel *);
/* Removes the vports that are not ports here. */
void kport_remove_foreign(struct kernel *);

/* kprobe.c: what this kernel can do.  False: it is too old, its flows have no names. */
bool kprobe_run(struct kernel *) MUST_USE;
void kprobe_format_more(const struct dp *,
                        struct text *); /* Asks it now.  Operation of the class. */

/* kmeter.c: meters. */
extern const struct dp_meters_class kernel_meters;
void kmeter_probe(struct kernel *);

/* kshow.c: what the kernel has.  Operations of the class. */
void kshow_port_walk(const struct dp *, dp_port_cb *, void *aux);
bool kshow_get_mask_stats(const struct dp *, struct dp_mask_stats *);

/* kct.c: connections. */
extern const struct dp_conns_class kct_conns;
void kct_deinit(struct kernel *, bool destroy); /* The datapath has gone then. */
/* Timeout policies that a former process left are removed, unless their zones get some again. */
void kct_timeouts_inherit(struct kernel *);
void kct_timeouts_tick(struct kernel *); /* Once a second: removes what nothing uses any more. */
