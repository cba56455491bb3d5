/* packet_io_text.c - the text of packet-out requests; see packet_io.h. */
#include "ofp/packet_io.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"

/* The parts before the actions. */
static char *parse_item(struct packet_out *po, const char *key, const char *value,
                        const struct name_map *names)
{
    if (!*value) {
        return xasprintf("field %s missing value", key);
    }
    if (!strcmp(key, "in_port")) {
        uint32_t port;
        if (!port_parse(value, names, &port)) {
            return xasprintf("%s is not a valid OpenFlow port", value);
        }
        if (!packet_out_port_ok(port)) {
            return xasprintf("%s is not a valid OpenFlow port for PACKET_OUT", value);
        }
        packet_out_set_port(po, port);
        return NULL;
    }
    if (!strcmp(key, "packet")) {
        size_t len;
        uint8_t *data = text_to_hex(value, &len);
        if (!data) {
            return xstrdup("packet: Trailing garbage in packet data");
        }
        if (len < 14) {
            free(data);
            return xstrdup("packet: Packet data too short for Ethernet");
        }
        free(po->data_owned);
        po->data = po->data_owned = data;
        po->data_len = (uint32_t)len;
        return NULL;
    }
    const struct field *field = field_by_name(key);
    if (!field) {
        return xasprintf("unknown keyword %s", key);
    }
    if (!packet_out_is_pipeline_field(field)) {
        return xasprintf("%s is not a valid pipeline field for PACKET_OUT", key);
    }
    bool found;
    return match_parse_item(key, value, names, &po->metadata, &found);
}

static char *parse(char *text, const struct name_map *names, struct packet_out *po)
{
    char *actions = flow_mod_split_actions(text);
    char *cursor = text, *key, *value;
    while (text_next_kv(&cursor, &key, &value)) {
        char *err = parse_item(po, key, value, names);
        if (err) {
            return err;
        }
    }
    if (!po->data_owned) {
        return xstrdup("must specify packet");
    }
    return actions ? acts_parse(actions, names, false, &po->acts) : NULL;
}

char *packet_out_parse(char *text, const struct name_map *names, struct packet_out *po)
{
    *po = (struct packet_out){.buffer_id = OFP_NO_BUFFER, .acts = ACTS_INIT};
    match_init(&po->metadata);
    packet_out_set_port(po, OFPP_CONTROLLER);
    char *err = parse(text, names, po);
    if (err) {
        packet_out_deinit(po);
    }
    return err;
}
