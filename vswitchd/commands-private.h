/* commands-private.h - what the files of control commands share. */
#pragma once

#include "lib/io/control.h"
#include "lib/text.h"
#include "vswitchd/commands.h"
#include "vswitchd/datapaths.h"

/* Options ahead of the arguments of a dpctl command. */
struct dpctl_args {
    struct ofproto *p; /* The datapath that was named, or the only one. */
    bool more, stats, names, json;
    int argc; /* What is left. */
    const char *const *argv;
};

/* Does 'name' ([TYPE@]NAME) mean this datapath? */
bool dpctl_names_datapath(const struct ofproto *, const char *name);
/* What stands in brackets behind a port: an internal port of the userspace datapath is a TAP
 * device. */
const char *dpctl_shown_type(const struct dp *, const char *type);
/* Reads options and the optional datapath.  False: the error has been sent. */
bool dpctl_args_parse(struct control_request *, struct datapaths *, int argc,
                      const char *const argv[], struct dpctl_args *);
/* A datapath of the kernel that is named (system@NAME) and is none of ours: the command runs there,
 * and has been answered.  False: it is for ours. */
bool dpctl_elsewhere(struct control_request *, const struct datapaths *, int argc,
                     const char *const argv[]);
/* The datapaths go: dumps under way end where they are. */
void commands_stop_dumps(void);
/* Sends 'PROGRAM: TEXT (REASON)' as an error; takes 'text' over.  'reason' may be NULL. */
void dpctl_fail(struct control_request *, char *text, const char *reason);

void commands_register_ct_events(struct datapaths *); /* commands_ct_events.c */
void commands_stop_ct_events(void);
unsigned commands_n_ct_listeners(void);
void commands_register_ct_revalidate(struct datapaths *); /* commands_ct_revalidate.c */
void commands_stop_ct_revalidate(void);
void commands_register_ct_frags(struct datapaths *);    /* commands_ct_frags.c */
void commands_register_ct_limits(struct datapaths *);   /* commands_ct_limits.c */
void commands_register_dpctl_flows(struct datapaths *); /* commands_dpctl_flows.c */
void commands_register_dpctl_show(struct datapaths *);  /* commands_dpctl_show.c */
void commands_register_dummy(struct datapaths *);       /* commands_dummy.c */
void commands_register_trace(struct datapaths *);       /* commands_trace.c */
