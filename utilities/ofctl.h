/* ofctl.h - what the files of sluice-ofctl share: the options, and talking to one switch.
 *
 * Utilities only; one thread, failures end the program (cmd_fatal()). */
#pragma once

#include <stdio.h>

#include "lib/io/tls.h"
#include "lib/cmd.h"
#include "ofp/flow_mod.h"
#include "ofp/protocol.h"
#include "utilities/names.h"
#include "utilities/ofconn.h"

enum when_names { NAMES_AUTO, NAMES_NO, NAMES_YES };

#define OFCTL_MAX_PORTS 64
#define OFCTL_MAX_SORT  16
struct sort_key {
    const struct field *field; /* NULL: priority. */
    bool descending;
};

struct ofctl {
    uint32_t versions; /* -O: bit n = wire version n. */
    bool strict, readd, read_only, no_stats, timestamp;
    bool bundle;        /* Changes go in one bundle. */
    bool may_create;    /* mod-group */
    bool pcap;          /* ofp-print */
    bool exact;         /* What words leave out is printed as bytes. */
    uint32_t protocols; /* -F, as far as the versions have them: PROTOCOL_* */
    enum when_names names;
    int verbosity;        /* -m */
    int packet_in_format; /* -P: NXT_SET_PACKET_IN_FORMAT's; -1: not given. */
    /* Monitor and snoop as daemons. */
    bool detach, no_chdir, overwrite_pidfile;
    const char *pidfile; /* "": the usual place. */
    const char *unixctl;
    uint16_t ports[OFCTL_MAX_PORTS]; /* --port: OpenFlow's in captures. */
    size_t n_ports;
    struct sort_key sort[OFCTL_MAX_SORT];
    size_t n_sort;
    struct tls_files tls; /* For ssl: targets. */
};

/* `OpenFlow13`; 0: unknown. */
uint8_t ofctl_version_by_name(const char *name);

/* One switch, for the time of a command. */
struct session {
    const struct ofctl *ctl;
    struct ofconn *conn;
    uint8_t version;
    uint32_t protocol; /* Of flows: the version's plain one until session_choose_*(). */
    struct names names;
    const struct name_map *out; /* For printing; NULL: numbers. */
    int more;                   /* Added to -m: 1, or 2 where messages come by themselves. */
    bool bundling;              /* A bundle is open, */
    struct wire_wr adds;        /* and these messages to it are not sent yet. */
};
void session_open(struct session *, const struct ofctl *, const char *target);
void session_close(struct session *);

/* Sends the request (whose xid must be 'xid'), gives each reply to 'each' until the last of them.
 * An error is printed, and ends the program. */
typedef void reply_cb(struct session *, const uint8_t *msg, size_t len, void *aux);
void session_dump(struct session *, struct wire_wr *request, uint32_t xid, reply_cb *each,
                  void *aux);
/* The common case: prints them on standard output. */
void session_print_replies(struct session *, struct wire_wr *request, uint32_t xid);
/* A request without a reply: waits for a barrier, so that an error shows. */
void session_transact(struct session *, struct wire_wr *request);
/* The same; false if the switch refuses it. */
bool session_try(struct session *, struct wire_wr *request) MUST_USE;
/* Agrees with the switch on a format among 'usable' and -F's, for flow modifications or for
 * requests; ends the program if there is none. */
void session_choose_protocol(struct session *, uint32_t usable);
void session_choose_dump_protocol(struct session *, uint32_t usable);
/* Sends a barrier and waits for it; an error of anything before it ends the program. */
void session_barrier(struct session *);
/* Whole messages, as one bundle; frees their bytes.  Errors end the program (ofctl_bundle.c). */
void session_bundle(struct session *, struct wire_wr *messages);
/* The same by and by: the message at 'ofs' of those so far, of which each must come; and the end.
 */
bool session_bundle_may_add(const struct session *);
void session_bundle_add(struct session *, const struct wire_wr *messages, size_t ofs);
void session_bundle_commit(struct session *, struct wire_wr *messages);
/* Ends the program if what was negotiated is none of these formats. */
void session_check_usable(const struct session *, uint32_t usable);
void session_print(const struct session *, const uint8_t *msg, size_t len, FILE *);

/* A line of a file of flows without its comment and the blanks around it; false at the end. */
struct line_reader {
    const char *name; /* As given; "-" is standard input. */
    FILE *stream;
    char *line; /* Heap. */
    size_t cap;
    int number;
};
/* 'what': could not be done to it, in the words of the message: "open" or "open failed". */
void lines_open(struct line_reader *, const char *name, const char *what);
bool lines_next(struct line_reader *, char **text);
void lines_close(struct line_reader *);

/* Flows from text.  What is wrong with one ends the program; what had to be dropped of its match is
 * logged.  'file' NULL: the text is from the command line.  'usable' loses the formats that cannot
 * carry the flow. */
void flows_parse(char *text, int command, const struct name_map *, const char *file, int line,
                 struct flow_mod *, uint32_t *usable);
/* Returns the formats that can carry the request. */
uint32_t flows_parse_request(const char *text, bool aggregate, const struct name_map *,
                             struct flow_stats_request *);
/* Ends the program if no format that may be used can carry the flows. */
void flows_check_usable(const struct ofctl *, uint32_t usable);

/* As flows_parse(), for groups; and into a message, or the program ends. */
struct group_mod;
void group_mods_parse(char *text, int command, const struct name_map *, const char *file, int line,
                      struct group_mod *, uint32_t *usable);
void group_mods_encode(const struct group_mod *, uint8_t version, uint32_t xid, struct wire_wr *);

/* For parse-group and parse-meter: prints the usable protocols and the version chosen, which is the
 * oldest; prints a message, whose bytes it frees. */
uint8_t parse_choose_version(const struct ofctl *, uint32_t usable);
void parse_print_message(const struct ofctl *, struct wire_wr *);
/* ofctl_pcap.c: the OpenFlow messages in a capture. */
void pcap_print(const struct ofctl *, const char *file, const uint16_t *ports, size_t n_ports);

/* The commands, by file. */
typedef void ofctl_command(int argc, char *argv[], void *aux);
ofctl_command ofctl_show, ofctl_dump_desc, ofctl_dump_tables, ofctl_dump_ports,
    ofctl_dump_ports_desc, ofctl_dump_aggregate, ofctl_get_config, ofctl_set_config,
    ofctl_get_frags, ofctl_set_frags, ofctl_mod_port; /* ofctl_show.c */
ofctl_command ofctl_dump_table_features, ofctl_dump_table_desc, ofctl_mod_table, ofctl_queue_stats,
    ofctl_queue_get_config, ofctl_add_tlv_map, ofctl_del_tlv_map, ofctl_dump_tlv_map,
    ofctl_dump_ipfix_bridge, ofctl_dump_ipfix_flow, ofctl_ct_flush,
    ofctl_ct_flush_zone; /* ofctl_switch.c */
ofctl_command ofctl_add_flow, ofctl_add_flows, ofctl_mod_flows, ofctl_del_flows,
    ofctl_packet_out;                                /* ofctl_mod.c */
ofctl_command ofctl_bundle;                          /* ofctl_bundle.c */
ofctl_command ofctl_dump_flows;                      /* ofctl_dump.c */
ofctl_command ofctl_replace_flows, ofctl_diff_flows; /* ofctl_diff.c */
ofctl_command ofctl_monitor, ofctl_snoop;            /* ofctl_monitor.c */
ofctl_command ofctl_probe, ofctl_ping;               /* ofctl_echo.c */
ofctl_command ofctl_ofp_parse, ofctl_ofp_print, ofctl_parse_flow, ofctl_parse_flows,
    ofctl_parse_actions, ofctl_parse_instructions; /* ofctl_parse.c */
ofctl_command ofctl_add_group, ofctl_add_groups, ofctl_mod_group, ofctl_del_groups,
    ofctl_insert_buckets, ofctl_remove_buckets, ofctl_dump_groups, ofctl_dump_group_stats,
    ofctl_dump_group_features, ofctl_parse_group; /* ofctl_group.c */
ofctl_command ofctl_add_meter, ofctl_mod_meter, ofctl_del_meters, ofctl_dump_meters,
    ofctl_meter_stats, ofctl_meter_features, ofctl_parse_meter; /* ofctl_meter.c */
ofctl_command ofctl_ofp_parse_pcap;                             /* ofctl_pcap.c */
