/* apply_qos.c - the queues of a bridge's ports.  Part of apply.h. */
#include <stdlib.h>

#include "lib/io/link_htb.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

LOG_MODULE(apply_qos);

static uint64_t number(const struct config_row *row, enum column_id id, const char *key)
{
    return (uint64_t)config_map_integer(row, id, key, 0);
}

/* How many there are; '*queues' is heap. */
static size_t read_queues(struct apply *a, const char *port, const struct config_row *qos,
                          struct bridge_queue_config **queues)
{
    const struct datum *d = config_datum(qos, COL_QoS_queues);
    size_t n = 0;

    *queues = xcalloc(d->n + 1, sizeof **queues);
    for (uint32_t i = 0; i < d->n; i++) {
        const struct config_row *row = config_value_ref(a->config, qos, COL_QoS_queues, i);
        int64_t id = d->keys[i].integer;
        if (id >= LINK_HTB_MAX_QUEUES) {
            log_warn_rl("port %s: queue %" PRId64 " is beyond %d, the last that a port can have",
                        port, id, LINK_HTB_MAX_QUEUES - 1);
        } else if (row) {
            (*queues)[n++] = (struct bridge_queue_config){
                .queue = (uint32_t)id,
                .priority = (uint16_t)MIN(number(row, COL_Queue_other_config, "priority"), 7),
                .dscp = (int16_t)config_integer(row, COL_Queue_dscp, -1),
                .min_rate = number(row, COL_Queue_other_config, "min-rate"),
                .max_rate = number(row, COL_Queue_other_config, "max-rate"),
                .burst = number(row, COL_Queue_other_config, "burst")};
        }
    }
    return n;
}

void apply_qos(struct apply *a, const struct applied_bridge *b, const struct applied_port *p,
               const struct config_row *port)
{
    size_t n;
    const struct config_row **rows = config_refs(a->config, port, COL_Port_qos, &n);
    const char *type = n ? config_string(rows[0], COL_QoS_type, "") : "";

    if (!strcmp(type, "linux-htb")) {
        struct bridge_queue_config *queues;
        struct bridge_qos_config c = {.max_rate =
                                          number(rows[0], COL_QoS_other_config, "max-rate")};
        c.n = read_queues(a, p->name, rows[0], &queues);
        c.queues = queues;
        bridge_port_set_qos(b->bridge, p->ofp_port, &c);
        free(queues);
    } else {
        if (*type && strcmp(type, "linux-noop")) {
            log_warn_rl("%s: QoS type \"%s\" of port %s is not known here: use linux-htb", b->name,
                        type, p->name);
        }
        bridge_port_set_qos(b->bridge, p->ofp_port, NULL);
    }
    free(rows);
}
