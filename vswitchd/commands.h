/* commands.h - the control commands that look into the switch: dpctl, dpif, fdb, bridge, ofproto,
 * revalidator, netdev-dummy.
 *
 * Layer 5.  What is true of every daemon (vlog, coverage, version) is in lib/io/control. */
#pragma once

struct datapaths;

void commands_register(struct datapaths *);        /* All of them. */
void commands_unregister(void);                    /* Before the datapaths go. */
void commands_register_dpctl(struct datapaths *);  /* commands_dpctl.c */
void commands_register_ct(struct datapaths *);     /* commands_ct.c */
void commands_register_bridge(struct datapaths *); /* commands_bridge.c */
