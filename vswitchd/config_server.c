/* config_server.c - see config_server.h. */
#include "vswitchd/config_server.h"

#include <stdlib.h>

#include "lib/io/jsonrpc.h"
#include "lib/mem.h"

#define MAX_MESSAGE (16 * 1024 * 1024)

struct config_server {
    struct config *config;
    struct jsonrpc_server *rpc;
};

static void transacted(void *rq, json_t *result, json_t *error)
{
    if (error) {
        jsonrpc_reply_error(rq, json_incref(error));
    } else {
        jsonrpc_reply(rq, json_incref(result));
    }
}

static void handle(void *server_, struct jsonrpc_request *rq, const char *method, json_t *params)
{
    struct config_server *server = server_;

    if (!strcmp(method, "transact")) {
        config_transact(server->config, params, transacted, rq);
    } else if (!strcmp(method, "echo")) {
        jsonrpc_reply(rq, json_incref(params));
    } else if (!strcmp(method, "list_dbs")) {
        jsonrpc_reply(rq, json_pack("[s]", SCHEMA_NAME));
    } else if (!strcmp(method, "get_schema")) {
        const char *db = json_string_value(json_array_get(params, 0));
        if (db && !strcmp(db, SCHEMA_NAME)) {
            jsonrpc_reply(rq, schema_to_json());
        } else {
            jsonrpc_reply_error(rq, datum_error("unknown database", "%s", db ? db : ""));
        }
    } else {
        jsonrpc_reply_error(rq, datum_error("unknown method", "%s", method));
    }
}

char *config_server_open(struct loop *loop, const char *path, struct config *config,
                         struct config_server **serverp)
{
    struct config_server *server = xzalloc(sizeof *server);
    char *target = xasprintf("punix:%s", path);

    server->config = config;
    char *error = jsonrpc_server_open(loop, target, MAX_MESSAGE, handle, server, &server->rpc);
    free(target);
    if (error) {
        free(server);
        server = NULL;
    }
    *serverp = server;
    return error;
}

void config_server_close(struct config_server *server)
{
    if (server) {
        jsonrpc_server_close(server->rpc);
        free(server);
    }
}
