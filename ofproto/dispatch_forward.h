/* dispatch_forward.h - REQUESTFORWARD: who has asked for it hears of what others change in groups
 * and meters.  Control thread.  OpenFlow 1.4.1 section 7.4.8; before 1.4 the extension. */
#pragma once

#include "ofproto/ofproto-private.h"

/* A message that has been carried out.  Of others than GROUP_MOD and METER_MOD nobody hears. */
void dispatch_forward(struct bridge *, const struct ofconn *by, const void *msg, size_t len);
