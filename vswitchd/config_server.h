/* config_server.h - the configuration served to clients: JSON-RPC with the methods of RFC 7047 that
 * sluice-vsctl uses (list_dbs, get_schema, transact, echo).
 *
 * Layer 5, control thread.  Other methods (monitor...) are answered with "unknown method". */
#pragma once

#include "vswitchd/config.h"

struct config_server;
/* 'path': the Unix socket.  NULL, or a heap string. */
char *config_server_open(struct loop *, const char *path, struct config *,
                         struct config_server **) MUST_USE;
void config_server_close(struct config_server *); /* NULL is fine. */
