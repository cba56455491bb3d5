/* xlate.h - translation: from a packet's key to datapath actions, by the OpenFlow pipeline.
 *
 * Layer 4, pure: configuration, tables, key and time in; actions, mask, credit and effects out.
 * Journey: a miss in the datapath -> xlate() -> the verdict is cached and run -> its credit comes
 * back with statistics (credit.h).  Packet-out, ofproto/trace and revalidation call the same
 * function.
 *
 * Invariants:
 * - Every packet that is equal to the key under the returned mask gets the same actions.
 * - Nothing outside the result is changed, but: a continuation may be made (continuation.h).
 * - Recursion, resubmits, actions are bounded; a bound that is hit gives an error and no actions.
 * Threads: any registered RCU reader, inside one read section.
 * Specification: OpenFlow 1.3.5 section 5; ct: the Nicira extension. */
#pragma once

#include "lib/dp/dp.h"
#include "ofp/port.h"
#include "ofproto/table/table.h"
#include "ofproto/xlate/cfg.h"
#include "ofproto/xlate/continuation.h"
#include "ofproto/xlate/credit.h"
#include "ofproto/xlate/fdb.h"

#define XLATE_MAX_DEPTH     64   /* Resubmits to the same or an earlier table, patch ports, ct. */
#define XLATE_MAX_NESTING   1024 /* All resubmits that have not returned. */
#define XLATE_MAX_RESUBMITS 4096 /* Table lookups in one translation. */
#define XLATE_MAX_EFFECTS   16
#define XLATE_MAX_STACK     65536  /* Bytes that push has put there. */
#define XLATE_MAX_QUEUES    0xf000 /* Of a port: a class of the kernel has 16 bits. */

enum xlate_error {
    XLATE_OK,
    XLATE_NO_PORT,          /* The datapath port belongs to no bridge. */
    XLATE_NO_CONTINUATION,  /* Unknown recirculation id. */
    XLATE_NO_BRIDGE,        /* The continuation's bridge is gone. */
    XLATE_TOO_DEEP,         /* XLATE_MAX_DEPTH or XLATE_MAX_NESTING. */
    XLATE_TOO_MANY_LOOKUPS, /* XLATE_MAX_RESUBMITS. */
    XLATE_TOO_MANY_ACTIONS, /* DP_ACTIONS_MAX, or the action set outgrew ACTS_MAX. */
    XLATE_TOO_MANY_CONTINUATIONS,
    XLATE_TOO_MANY_LABELS, /* More MPLS labels or VLAN tags than the datapath can have. */
    XLATE_STACK_OVERFLOW,  /* XLATE_MAX_STACK. */
    XLATE_TOO_MANY_OPTIONS,
    XLATE_UNSUPPORTED_PACKET_TYPE, /* The packet is of a type that an action is not for. */
    XLATE_UNSUPPORTED,             /* An action that flow-mods should have been refused for. */
    XLATE_N_ERRORS
};
const char *xlate_error_text(enum xlate_error);

/* ---- trace ---- */

enum xlate_event {
    XLATE_EV_BRIDGE, /* Processing begins in 'bridge'. */
    XLATE_EV_RULE,   /* 'rule' of 'table_id' matched. */
    XLATE_EV_MISS,   /* No rule of 'table_id' matched. */
    XLATE_EV_THAW,   /* A continuation goes on; 'text' says where. */
    XLATE_EV_ACT,    /* 'act' is being executed. */
    XLATE_EV_SET,    /* The action set is being executed. */
    XLATE_EV_NOTE,   /* 'text' says what was decided. */
    XLATE_EV_WARN,   /* 'text' says what could not be done. */
    XLATE_EV_ERROR,  /* 'text' says why translation ended. */
    XLATE_EV_RECIRC, /* The packet, now 'key', goes to 'recirc_id'. */
    XLATE_EV_END,    /* Nothing follows. */
};
struct xlate_trace_event {
    enum xlate_event event;
    int depth; /* Of indentation. */
    const struct xlate_bridge *bridge;
    uint8_t table_id;
    const struct rule *rule;
    const struct act *act;
    const char *text;
    const struct flow *flow; /* As it is now. */
    const struct key *key;   /* RECIRC: the datapath's packet. */
    uint32_t recirc_id;
};
typedef void xlate_trace_sink(void *aux, const struct xlate_trace_event *);

/* ---- in ---- */

struct xlate_in {
    const struct xlate_cfg *cfg;
    const struct key *key;       /* As parsed, metadata included. */
    const struct packet *packet; /* Or NULL (trace, revalidation). */
    int64_t now_ms;
    bool revalidation; /* Only counted differently. */
    /* Tables whose next version counts, which is not published yet (table.h), or NULL: the control
     * thread's, who makes it. */
    const struct tables *ahead;

    /* Packet-out: these acts, in this bridge, with this OpenFlow input port
     * (OFPP_CONTROLLER and the like allowed) and pipeline fields.  'bridge' NULL: a packet that
     * came in through its key's in_port. */
    const struct xlate_bridge *bridge;
    uint32_t ofp_in_port;
    bool is_packet_out; /* With 'bridge': runs the acts, be there none; else table 0. */
    const void *acts;
    size_t acts_len;
    const struct continuation
        *resume;                 /* A packet-out that goes on there instead of the acts; or NULL. */
    const struct flow *metadata; /* Registers and metadata to begin with, or NULL. */

    xlate_trace_sink *trace; /* Or NULL. */
    void *trace_aux;
};

/* ---- out ---- */

/* A one-shot effect, for the control thread. */
struct xlate_effect {
    struct learned *learned; /* Put this in; or NULL: */
    struct fdb *fdb;         /* learn the address.  The credit has a reference on either. */
    uint8_t mac[6];
    uint16_t vlan;
    uint32_t ofp_port;
};

struct xlate_out {
    struct dp_actions actions; /* Empty: drop. */
    struct key mask;           /* Every bit looked at. */
    struct credit *credit;     /* Never NULL after xlate(); the caller's. */
    struct xlate_effect effects[XLATE_MAX_EFFECTS];
    unsigned n_effects;
    enum xlate_error error;
    bool cache;           /* May this be cached? */
    unsigned drop_reason; /* enum counter; 0 = COUNTER_drop_action. */
    unsigned n_lookups;   /* Table lookups done. */
    int64_t now_ms;       /* Of the translation. */
};
void xlate_out_init(struct xlate_out *);
/* Frees what the caller has not taken out (by setting actions to DP_ACTIONS_INIT, credit to NULL).
 * A credit is released at once: only for results that were not given to the datapath. */
void xlate_out_deinit(struct xlate_out *);

void xlate(const struct xlate_in *, struct xlate_out *);

/* Can this switch, on a datapath with these features, execute the acts?  For flow-mods and
 * packet-outs. */
enum ofp_error xlate_can_execute(const void *acts, size_t len, const struct dp_features *) MUST_USE;
/* Can rules match this on such a datapath? */
enum ofp_error xlate_can_match(const struct match *, const struct dp_features *) MUST_USE;
