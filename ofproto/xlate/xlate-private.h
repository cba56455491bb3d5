/* xlate-private.h - one translation under way, for the files of this folder.
 *
 * The context has four parts: what came in; the position in the pipeline; the packet as it is by
 * now; what goes out.  What a nested scope (a patch port's peer, the tracked instance of a packet
 * that is not IP) must not change is saved and restored as struct xlate_scope.
 *
 * The packet exists twice: 'flow' is what OpenFlow sees, 'base' what the datapath's packet will
 * look like after the actions written so far.  xlate_commit() writes what takes base to flow.  Of
 * each bit of flow it is known whether the pipeline wrote it ('written'), of each bit of base
 * whether actions wrote it ('committed').  A bit that was written needs no place in the mask: the
 * action sets it whatever the packet had. */
#pragma once

#include "lib/packet/edit_encap.h"
#include "ofproto/table/groups.h"
#include "ofproto/xlate/cookie.h"
#include "ofproto/xlate/xlate.h"

#define XLATE_NO_GOTO 255

struct xlate_stack {
    uint8_t *data; /* Heap. */
    uint32_t len, cap;
};

/* A header that encap has put on the flow, and no action on the datapath's packet yet. */
struct xlate_encap {
    bool pending;
    uint32_t packet_type; /* PACKET_TYPE_* */
    uint8_t n_md;         /* Of NSH: bytes of MD type 2. */
    uint8_t md[NSH_MD2_MAX];
};

/* What nested scopes restore. */
struct xlate_scope {
    /* Position. */
    const struct xlate_bridge *bridge;
    uint64_t version;        /* Of the bridge's tables. */
    const struct rule *rule; /* Whose acts run; NULL: packet-out, or resumed. */
    uint64_t rule_cookie;
    uint8_t table_id;
    uint8_t goto_table; /* Where to go when the list is done; XLATE_NO_GOTO. */
    unsigned resubmits; /* Under way. */
    bool in_action_set;
    bool in_group; /* The action set is a bucket's. */
    bool exit;     /* `exit`: nothing more in this scope. */
    bool freezing; /* The rest is being frozen. */

    /* The packet. */
    struct flow flow;
    struct key written;
    struct flow_tun tun_written; /* Tunnel options: bits and presence. */
    bool tun_from_packet;        /* The others are what the datapath's packet has. */
    bool tracked;                /* The ct fields are those of a tracked packet. */
    struct xlate_encap encap;
    bool unparsed;  /* What follows Ethernet and its tags must be parsed again. */
    bool metered;   /* A meter may have dropped it in the pass under way. */
    uint8_t ct;     /* enum cookie_ct */
    uint32_t queue; /* That was chosen, and 1; 0: none. */
    uint16_t inv_zone;
    uint32_t mirrors; /* Bit = mirror of the bridge that has had it. */

    struct acts set;     /* Action set, in order of writing. */
    uint64_t set_cookie; /* Of the rule that wrote the set's ct; 0: there is none in it. */
    struct xlate_stack stack;
    uint32_t trunc;                    /* Outputs send no more bytes than this; 0: all. */
    struct act_check_pkt_larger check; /* While freezing, if 'checking': what is asked for. */
    bool checking;
    bool pausing;       /* While freezing: the packet waits for a controller to give it back. */
    struct acts frozen; /* While freezing: the rest of the lists, innermost first. */
};

struct xlate_ctx {
    const struct xlate_in *in;
    const struct xlate_cfg *cfg;
    struct xlate_out *out;

    struct xlate_scope s;

    /* Bounds. */
    unsigned depth, nesting, lookups;
    unsigned n_clones; /* Of the datapath, nested. */

    /* The datapath's packet. */
    struct key base, committed;
    uint32_t base_priority; /* 0: no queue was chosen for it. */
    bool dp_tracked;        /* It carries ct fields. */
    bool lasting;           /* It was changed as no commit can undo. */

    struct flow wc;
};

/* Of its tables, that this translation sees. */
static inline uint64_t xlate_version(const struct xlate_ctx *ctx, const struct xlate_bridge *b)
{
    return tables_version(b->tables) + (b->tables == ctx->in->ahead);
}

/* xlate.c */
void xlate_error(struct xlate_ctx *, enum xlate_error);
void xlate_trace_note(struct xlate_ctx *, const char *format, ...) PRINTF_LIKE(2, 3);
void xlate_trace_warn(struct xlate_ctx *, const char *format, ...) PRINTF_LIKE(2, 3);
void xlate_trace_fault(struct xlate_ctx *, const char *text); /* Translation goes on. */
void xlate_trace_value(struct xlate_ctx *, const struct subfield *);
void xlate_trace_event(struct xlate_ctx *, enum xlate_event);
void xlate_trace_recirc(struct xlate_ctx *, uint32_t id);
void xlate_trace_thaw(struct xlate_ctx *, uint8_t table_id);
void xlate_trace_act(struct xlate_ctx *, const struct act *);

static inline bool xlate_stopped(const struct xlate_ctx *ctx)
{
    return ctx->s.exit || ctx->s.freezing || ctx->out->error;
}

/* xlate_table.c: lookups, lists of acts, scopes. */
void xlate_table(struct xlate_ctx *, uint8_t table_id, uint32_t lookup_in_port, bool with_ct);
void xlate_resubmit(struct xlate_ctx *, uint8_t table_id, uint32_t lookup_in_port, bool with_ct);
void xlate_acts(struct xlate_ctx *, const void *acts, size_t len);
/* To the end of the scope: pending goto, action set, freezing. */
void xlate_finish_scope(struct xlate_ctx *);
/* False: too deep, nothing was entered.  The new scope has its own, empty action set. */
bool xlate_enter_scope(struct xlate_ctx *, struct xlate_scope *saved) MUST_USE;
void xlate_leave_scope(struct xlate_ctx *, struct xlate_scope *saved);

/* xlate_act.c */
enum xlate_next { XLATE_CONTINUE, XLATE_STOP_LIST };
enum xlate_next xlate_act(struct xlate_ctx *, const struct act *);

/* xlate_stack.c */
void xlate_stack_push(struct xlate_ctx *, const struct act_stack *);
void xlate_stack_pop(struct xlate_ctx *, const struct act_stack *);
void xlate_stack_copy(struct xlate_stack *to, const struct xlate_stack *from);
void xlate_stack_set(struct xlate_stack *, const void *data, uint32_t len);
void xlate_stack_deinit(struct xlate_stack *);

/* xlate_learn.c */
void xlate_learn(struct xlate_ctx *, const struct act_learn *);
void xlate_fin_timeout(struct xlate_ctx *, const struct act_fin_timeout *);

/* xlate_length.c: the lists end here; xlate_freeze_finish() makes the two branches. */
void xlate_check_pkt_larger(struct xlate_ctx *, const struct act_check_pkt_larger *);
void xlate_check_branches(struct xlate_ctx *);

/* xlate_clone.c */
void xlate_clone(struct xlate_ctx *, const struct act_write_actions *);
/* Around what is to leave the datapath's packet as it was, or as a commit makes it: if it did not,
 * the actions written since become a clone's. */
struct xlate_packet {
    struct key base, committed;
    uint32_t base_priority;
    bool dp_tracked, lasting;
    size_t ofs; /* Of the list of actions. */
};
void xlate_packet_begin(struct xlate_ctx *, struct xlate_packet *);
void xlate_packet_end(struct xlate_ctx *, const struct xlate_packet *);

/* xlate_hash.c: looks at what it hashes. */
uint32_t xlate_hash(struct xlate_ctx *, enum act_hash, uint16_t basis);

/* xlate_choose.c */
void xlate_multipath(struct xlate_ctx *, const struct act_multipath *);
void xlate_bundle(struct xlate_ctx *, const struct act_bundle *);
void xlate_bundle_load(struct xlate_ctx *, const struct act_bundle *);

/* xlate_set.c: the action set. */
void xlate_set_write(struct xlate_ctx *, const void *acts, size_t len);
void xlate_set_clear(struct xlate_ctx *);
void xlate_set_execute(struct xlate_ctx *);

/* xlate_header.c: tags, labels and fields. */
void xlate_push_vlan(struct xlate_ctx *, uint16_t tpid);
void xlate_pop_vlan(struct xlate_ctx *);     /* Of those in sight. */
void xlate_pop_vlan_act(struct xlate_ctx *); /* Looks for more below. */
void xlate_set_vlan(struct xlate_ctx *, uint16_t tci, uint16_t mask, bool push_if_absent);
void xlate_push_mpls(struct xlate_ctx *, uint16_t eth_type);
void xlate_pop_mpls(struct xlate_ctx *, uint16_t eth_type);
void xlate_set_field(struct xlate_ctx *, const struct act_set_field *);
void xlate_reg_move(struct xlate_ctx *, const struct act_reg_move *);
/* The low bits of a big-endian number into the field, where the packet has it. */
void xlate_write(struct xlate_ctx *, const struct subfield *, const uint8_t *bytes, unsigned n);
bool xlate_must_be_ethernet(struct xlate_ctx *, const char *what); /* False: an error. */
bool xlate_is_tag(be16 eth_type);
bool xlate_is_ip(const struct key *);
bool xlate_is_mpls(const struct key *);
void xlate_look_at_labels(struct xlate_ctx *);
void xlate_forget_payload(struct xlate_ctx *);  /* Layers 3 and 4 are out of sight. */
uint32_t xlate_first_label(struct xlate_ctx *); /* A stack entry, host order. */
unsigned xlate_mpls_depth(const struct key *);
bool xlate_mpls_all_seen(const struct key *);
unsigned xlate_vlan_depth(const struct key *);

/* xlate_ttl.c */
bool xlate_dec_ttl(struct xlate_ctx *); /* False: expired. */
bool xlate_dec_mpls_ttl(struct xlate_ctx *);
bool xlate_dec_nsh_ttl(struct xlate_ctx *);
void xlate_set_nw_ttl(struct xlate_ctx *, uint8_t);
void xlate_set_mpls_ttl(struct xlate_ctx *, uint8_t);
void xlate_copy_ttl(struct xlate_ctx *, bool inwards);

/* xlate_pbb.c */
void xlate_push_pbb(struct xlate_ctx *);
void xlate_pop_pbb(struct xlate_ctx *);

/* xlate_encap.c */
void xlate_encap(struct xlate_ctx *, const struct act_encap *);
void xlate_decap(struct xlate_ctx *, uint32_t packet_type); /* What the action says follows. */
void xlate_encap_commit(struct xlate_ctx *); /* What is pending, for xlate_commit(). */

/* xlate_type.c: fields that say what follows.  The packet is committed before they are written. */
bool xlate_type_is(const struct field *);
void xlate_type_written(struct xlate_ctx *, const struct field *);

/* xlate_commit.c */
void xlate_commit(struct xlate_ctx *);
void xlate_commit_set(struct xlate_ctx *, enum dp_set_header, const union dp_set_value *value,
                      const union dp_set_value *mask);
void xlate_commit_action(struct xlate_ctx *, enum dp_action_type, uint32_t); /* Its header alone. */
void xlate_commit_blind_pop(struct xlate_ctx *, uint16_t eth_type);
bool xlate_commit_can_write(const struct field *); /* Does an action exist for it? */

/* xlate_output.c */
void xlate_output(struct xlate_ctx *, uint32_t ofp_port, uint16_t max_len);
void xlate_output_reg(struct xlate_ctx *, const struct act_output_reg *);
void xlate_output_trunc(struct xlate_ctx *, const struct act_output_trunc *);
void xlate_output_port(struct xlate_ctx *, const struct xlate_port *);
/* 'max_len' bytes of it only; 0: all. */
void xlate_output_port_cut(struct xlate_ctx *, const struct xlate_port *, uint16_t max_len);

/* xlate_queue.c */
void xlate_set_queue(struct xlate_ctx *, uint32_t queue);
void xlate_enqueue(struct xlate_ctx *, const struct act_enqueue *);
uint32_t xlate_queue_priority(const struct xlate_ctx *); /* Of the queue, as the datapath has it. */
/* Around what goes out of the port: in between it has the DSCP that the queue gives it. */
struct xlate_dscp {
    uint8_t tos, written;
};
void xlate_dscp_begin(struct xlate_ctx *, const struct xlate_port *, struct xlate_dscp *);
void xlate_dscp_end(struct xlate_ctx *, const struct xlate_dscp *);

/* xlate_controller.c */
void xlate_controller(struct xlate_ctx *, uint8_t reason, uint16_t max_len, uint16_t controller_id);
void xlate_controller_act(struct xlate_ctx *, const struct act_controller *);
/* Freezing is done: the packet goes to the controller that it waits for. */
void xlate_controller_pause(struct xlate_ctx *);

/* xlate_sample.c */
void xlate_sample(struct xlate_ctx *, const struct act_sample *);
void xlate_sample_in(struct xlate_ctx *); /* It has come in. */
void xlate_sample_out(struct xlate_ctx *, const struct xlate_port *);

/* xlate_tunnel.c */
/* The port of a packet that came through a tunnel, which all of its members decide; NULL: none. */
const struct xlate_port *xlate_tunnel_input(struct xlate_ctx *);
bool xlate_tunnel_accept(struct xlate_ctx *, const struct xlate_port *); /* False: drop it. */
/* Emits the outer header for a port; false: there is no way to send it. */
bool xlate_tunnel_output(struct xlate_ctx *, const struct xlate_port *);
/* Is what OpenFlow sees of the tunnel no more what the packet came with? */
bool xlate_tunnel_must_be_kept(const struct xlate_ctx *);

/* xlate_options.c */
/* The options of the flow's key become the bridge's fields; 'from_packet': they are what the packet
 * came with. */
void xlate_options_read(struct xlate_ctx *, bool from_packet);
/* May a packet come in with these options?  False: drop it. */
bool xlate_options_accept(struct xlate_ctx *) MUST_USE;
/* The packet has become another one, in another bridge perhaps, without any. */
void xlate_options_forget(struct xlate_ctx *);
/* What was looked at of them goes into the mask. */
void xlate_options_settle(struct xlate_ctx *);
/* As they are now, into the key of an outer header; false: an error. */
bool xlate_options_write(struct xlate_ctx *, struct key *to) MUST_USE;
void xlate_options_delete(struct xlate_ctx *, const struct field *);
void xlate_options_written(struct xlate_ctx *, const struct flow_tun *bits);

/* xlate_normal.c */
void xlate_normal(struct xlate_ctx *);
/* Out of a port with the tag that the VLAN has there; the packet is as before afterwards.  'in':
 * where it came in, or NULL. */
void xlate_output_vlan(struct xlate_ctx *, const struct xlate_port *, const struct xlate_port *in,
                       uint16_t vlan, uint16_t snap_len);

/* xlate_in_band.c: is it for a controller of this bridge, or from one, or to find it? */
bool xlate_in_band(struct xlate_ctx *);

/* xlate_mirror.c */
/* False: nothing may come in there. */
bool xlate_mirror_in(struct xlate_ctx *, const struct xlate_port *in) MUST_USE;
void xlate_mirror_out(struct xlate_ctx *, const struct xlate_port *to);

/* xlate_group.c */
void xlate_group(struct xlate_ctx *, const struct act_u32 *);
bool xlate_group_bucket_is_live(struct xlate_ctx *, const struct bucket *);

/* xlate_group_select.c: the index of a live bucket; n_buckets: there is none. */
size_t xlate_group_select(struct xlate_ctx *, const struct group *);
size_t xlate_group_select_slot(struct xlate_ctx *, const struct group_entry *); /* By dp_hash. */

/* xlate_meter.c */
void xlate_meter(struct xlate_ctx *, uint32_t id);
/* Does the act count what passes?  Then a cached flow of its own must, behind a meter that drops.
 */
bool xlate_meter_counts(const struct xlate_ctx *, const struct act *);
/* Around actions that a meter may drop the packet ahead of, without a rule that names it. */
size_t xlate_meter_begin(struct xlate_ctx *, uint32_t id);
void xlate_meter_end(struct xlate_ctx *, size_t);

/* xlate_ct.c */
void xlate_ct(struct xlate_ctx *, const struct act_ct *);
void xlate_ct_clear(struct xlate_ctx *);
void xlate_untrack(struct xlate_ctx *); /* OpenFlow's view only. */

/* xlate_freeze.c: the way into a continuation and out of it. */
bool xlate_needs_freeze(const struct act *); /* Must the packet be parsed again before this? */
void xlate_freeze_acts(struct xlate_ctx *, const void *acts, size_t len);
void xlate_freeze_rest(struct xlate_ctx *);
void xlate_freeze_finish(struct xlate_ctx *);
/* Makes the datapath hash the packet; the list goes on behind the pass that sees the hash, with
 * this act first, which is then 'resolved'. */
void xlate_freeze_hash(struct xlate_ctx *, const struct act_u32 *group, uint32_t basis);
/* Emits RECIRC into a continuation that resumes in 'table_id', with the action set. */
void xlate_freeze_table(struct xlate_ctx *, uint8_t table_id, bool tracked);
void xlate_thaw(struct xlate_ctx *, const struct continuation *);
/* The id of what is frozen, with the rest of the lists or with this act alone, without a pass
 * through the datapath; 0: an error. */
uint32_t xlate_freeze_paused(struct xlate_ctx *);
uint32_t xlate_freeze_act(struct xlate_ctx *, const struct act *);
/* What a controller gives back goes on behind the act that paused it; registers and metadata are
 * the controller's. */
void xlate_resume(struct xlate_ctx *, const struct continuation *);
