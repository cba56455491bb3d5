/* link-private.h - one request, one answer over rtnetlink.  Private to lib/io. */
#pragma once

#include <libmnl/libmnl.h>

#include "lib/base.h"

/* Sends 'request' (its flags get NLM_F_REQUEST, and NLM_F_ACK unless it dumps), reads up to the ACK
 * or the end of the dump, gives each other message to 'cb' (may be NULL).  0 or errno. */
int link_transact(struct nlmsghdr *request, mnl_cb_t cb, void *aux);
