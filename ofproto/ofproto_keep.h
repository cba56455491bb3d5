/* ofproto_keep.h - what commands have set on a datapath outlives the process: limits of connections
 * and fragments, leniency; in RUNDIR/ovs-TYPE.settings (journal.h).
 *
 * Layer 4, control thread.  Who has told the datapath says so here.  What the configuration says is
 * not kept, and wins over what is; the kernel keeps its own. */
#pragma once

#include "lib/base.h"

struct ofproto;
struct ct_frag_limits;

enum ofproto_setting {
    SETTING_LIMIT = 1,   /* Connections of zone 'which', DP_ZONE_DEFAULT: of the others. */
    SETTING_MAX_CONNS,   /* 'which' is 0, as of SETTING_FRAG_MAX. */
    SETTING_TCP_LIBERAL, /* Of zone 'which', or of all. */
    SETTING_FRAG_OFF,    /* 'which': 0 for IPv4, 1 for IPv6. */
    SETTING_FRAG_MIN,
    SETTING_FRAG_MAX,
};

/* In place of what it was. */
void ofproto_keep_setting(struct ofproto *, enum ofproto_setting, int32_t which, uint32_t value);
void ofproto_keep_frags(struct ofproto *, const struct ct_frag_limits *); /* All of them. */
void ofproto_forget_setting(struct ofproto *, enum ofproto_setting, int32_t which);

/* For ofproto.c.  The datapath is open: it gets what a former process left. */
void ofproto_keep_open(struct ofproto *);
void ofproto_keep_write(struct ofproto *); /* All of it, now. */
void ofproto_keep_close(struct ofproto *, bool remove);
