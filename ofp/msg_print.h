/* msg_print.h - what the printers of message bodies share; see msg_print() in msg.h.
 *
 * Layer 2, pure; for ofp/msg_print*.c only.  One printer per body, named by the PRINT column of
 * messages.def.  A printer appends to 'out' behind `NAME (OF1.3) (xid=0x1):`, so it begins with a
 * space or a newline; what it wrote before an error stays, the hex of the message follows. */
#pragma once

#include "ofp/format.h"
#include "ofp/match.h"
#include "ofp/msg.h"

struct msg_print {
    const struct msg_header *h;
    const uint8_t *msg; /* The whole message, h->len bytes. */
    const struct name_map *names;
    int verbosity;
    int depth; /* Of messages within messages. */
    struct text *out;
};

typedef enum ofp_error msg_printer(struct msg_print *, struct wire_rd *body);

msg_printer msg_print_hello;
msg_printer msg_print_error;
msg_printer msg_print_echo;
msg_printer msg_print_empty;
msg_printer msg_print_features_reply;
msg_printer msg_print_switch_config;
msg_printer msg_print_packet_in;
msg_printer msg_print_flow_removed;
msg_printer msg_print_port_status;
msg_printer msg_print_packet_out;
msg_printer msg_print_flow_mod;
msg_printer msg_print_group_mod;
msg_printer msg_print_port_mod;
msg_printer msg_print_table_mod;
msg_printer msg_print_queue_get_config_request;
msg_printer msg_print_queue_get_config_reply;
msg_printer msg_print_role;
msg_printer msg_print_async;
msg_printer msg_print_meter_mod;
msg_printer msg_print_role_status;
msg_printer msg_print_raw;
msg_printer msg_print_requestforward;
msg_printer msg_print_bundle_control;
msg_printer msg_print_bundle_add;
msg_printer msg_print_desc_reply;
msg_printer msg_print_flow_stats_request;
msg_printer msg_print_flow_stats_reply;
msg_printer msg_print_aggregate_reply;
msg_printer msg_print_table_stats_reply;
msg_printer msg_print_port_stats_request;
msg_printer msg_print_port_stats_reply;
msg_printer msg_print_queue_stats_request;
msg_printer msg_print_queue_stats_reply;
msg_printer msg_print_group_request;
msg_printer msg_print_group_stats_reply;
msg_printer msg_print_group_desc_reply;
msg_printer msg_print_group_features_reply;
msg_printer msg_print_meter_request;
msg_printer msg_print_meter_stats_reply;
msg_printer msg_print_meter_config_reply;
msg_printer msg_print_meter_features_reply;
msg_printer msg_print_table_features;
msg_printer msg_print_port_desc_request;
msg_printer msg_print_port_desc_reply;
msg_printer msg_print_nx_role;
msg_printer msg_print_nx_flow_format;
msg_printer msg_print_nx_flow_mod_table_id;
msg_printer msg_print_nx_packet_in_format;
msg_printer msg_print_nx_controller_id;
msg_printer msg_print_nx_resume;
msg_printer msg_print_monitor_cancel;
msg_printer msg_print_flow_monitor_request;
msg_printer msg_print_flow_monitor_reply;
msg_printer msg_print_tlv_table_mod;
msg_printer msg_print_tlv_table_reply;
msg_printer msg_print_ct_flush_zone;
msg_printer msg_print_ct_flush;
msg_printer msg_print_table_desc_reply;
msg_printer msg_print_table_status;
msg_printer msg_print_queue_desc_request;
msg_printer msg_print_queue_desc_reply;
msg_printer msg_print_bundle_features_request;
msg_printer msg_print_bundle_features_reply;
msg_printer msg_print_controller_status;
msg_printer msg_print_controller_status_reply;
msg_printer msg_print_flow_counters_reply;
msg_printer msg_print_ipfix_stats;

/* A message inside another one; 'len' bytes, which may be anything. */
void msg_print_nested(struct msg_print *, const void *msg, size_t len);
/* The body alone of a message inside, which msg_decode_header() took. */
enum ofp_error msg_print_nested_body(struct msg_print *, const void *msg,
                                     const struct msg_header *);
/* A frame of the packet_type in 'metadata': summary line and, if asked for, its bytes. */
void msg_print_frame(struct msg_print *, const struct match *metadata, const void *frame,
                     uint32_t len);
/* The names of standard actions, bit n = action number n; `<none>`. */
void msg_print_action_bits(struct text *, uint32_t actions);
/* `NAME` of a small enumeration, or the number. */
void msg_print_enum(struct text *, const char *const *names, size_t n, unsigned value);
