/* flow_monitor_text.c - see flow_monitor.h: the text of flow monitors and of what they report. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod-private.h"
#include "ofp/flow_monitor.h"
#include "ofp/format.h"
#include "ofp/port.h"

static const struct bit_name flag_names[] = {
    {FLOW_MONITOR_INITIAL, "initial"},     {FLOW_MONITOR_ADD, "add"},
    {FLOW_MONITOR_DELETE, "delete"},       {FLOW_MONITOR_MODIFY, "modify"},
    {FLOW_MONITOR_ACTIONS, "actions"},     {FLOW_MONITOR_OWN, "own"},
    {FLOW_MONITOR_NO_ABBREV, "no_abbrev"},
};

/* ---- parse ---- */

/* `!word`: all flags are set to begin with. */
static bool parse_flag(const char *key, struct flow_monitor_request *req)
{
    for (size_t i = 0; *key == '!' && i < ARRAY_SIZE(flag_names); i++) {
        if (!strcmp(key + 1, flag_names[i].name)) {
            req->flags &= (uint16_t)~flag_names[i].bit;
            return true;
        }
    }
    return false;
}

static char *parse_property(const char *key, const char *value, const struct name_map *names,
                            const char *all, struct flow_monitor_request *req)
{
    if (!*value) {
        return xasprintf("%s: field %s missing value", all, key);
    } else if (!strcmp(key, "table")) {
        return flow_mod_parse_table(value, names, &req->table_id);
    } else if (!strcmp(key, "out_port")) {
        return port_parse(value, names, &req->out_port)
                   ? NULL
                   : xasprintf("%s is not a valid OpenFlow port", value);
    } else if (!strcmp(key, "out_group")) {
        return flow_mod_parse_group(value, &req->out_group);
    }
    return xasprintf("%s: unknown keyword %s", all, key);
}

static char *parse(char *text, const struct name_map *names, const char *all,
                   struct flow_monitor_request *req, uint32_t *usable)
{
    char *cursor = text, *key, *value;

    while (text_next_kv(&cursor, &key, &value)) {
        const struct field *field;
        struct field_value mask;
        bool found;
        if (parse_flag(key, req)) {
            continue;
        }
        char *error = match_parse_field(key, value, names, &req->match, &found, &field, &mask);
        if (!error && !found) {
            error = parse_property(key, value, names, all, req);
        }
        if (error) {
            return error;
        }
        if (found && field) {
            *usable &= protocol_of_field(field, &mask);
        }
    }
    return NULL;
}

char *flow_monitor_parse(char *text, const struct name_map *names, struct flow_monitor_request *req,
                         uint32_t *usable)
{
    *req = (struct flow_monitor_request){
        .command = FLOW_MONITOR_CMD_ADD,
        .table_id = OFPTT_ALL,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };
    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
        req->flags |= (uint16_t)(flag_names[i].bit & ~FLOW_MONITOR_NO_ABBREV);
    }
    match_init(&req->match);
    *usable = PROTOCOL_ANY;
    char *all = xstrdup(text);
    char *error = parse(text, names, all, req, usable);
    free(all);
    *usable &= protocol_of_match(&req->match);
    return error;
}

/* ---- format ---- */

static void put_match(const struct match *m, const struct name_map *names, struct text *s)
{
    text_putc(s, ' ');
    match_format(m, names, -1, s);
    text_chomp(s, ',');
}

void flow_monitor_format(const struct flow_monitor_request *req, const struct name_map *names,
                         struct text *s)
{
    text_printf(s, "\n id=%" PRIu32, req->id);
    if (req->command == FLOW_MONITOR_CMD_DELETE) {
        text_puts(s, " command=delete");
        return;
    }
    text_puts(s, " flags=");
    format_bits(s, req->flags, flag_names, ARRAY_SIZE(flag_names), ',');
    if (req->out_port != OFPP_ANY) {
        text_puts(s, " out_port=");
        port_format(req->out_port, names, s);
    }
    if (req->out_group != OFPG_ANY) {
        text_printf(s, " out_group=%" PRIu32, req->out_group);
    }
    if (req->table_id != OFPTT_ALL) {
        text_puts(s, " table=");
        flow_format_table(req->table_id, names, s);
    }
    put_match(&req->match, names, s);
    text_chomp(s, ' '); /* There is no match. */
}

static void put_flow(const struct flow_update *u, const struct name_map *names, struct text *s)
{
    text_puts(s, " table=");
    flow_format_table(u->table_id, names, s);
    if (u->idle_timeout) {
        text_printf(s, " idle_timeout=%u", u->idle_timeout);
    }
    if (u->hard_timeout) {
        text_printf(s, " hard_timeout=%u", u->hard_timeout);
    }
    text_printf(s, " cookie=%s%" PRIx64, u->cookie ? "0x" : "", u->cookie);
    if (!is_all_zeros(&u->match.mask, sizeof u->match.mask)) {
        put_match(&u->match, names, s); /* A space at least. */
    }
    if (u->acts.len) {
        text_puts(s, s->s[s->len - 1] == ' ' ? "actions=" : " actions=");
        acts_format(u->acts.data, u->acts.len, names, s);
    }
}

void flow_update_format(const struct flow_update *u, const struct name_map *names, struct text *s)
{
    static const char *const events[] = {"INITIAL", "ADDED",  "DELETED", "MODIFIED",
                                         "ABBREV",  "PAUSED", "RESUMED"};

    text_printf(s, "\n event=%s", events[u->event]);
    switch (u->event) {
    case FLOW_UPDATE_ABBREV:
        text_printf(s, " xid=0x%" PRIx32, u->xid);
        break;
    case FLOW_UPDATE_PAUSED:
    case FLOW_UPDATE_RESUMED:
        break;
    case FLOW_UPDATE_DELETED:
        text_puts(s, " reason=");
        flow_removed_format_reason(u->reason, s);
        put_flow(u, names, s);
        break;
    default:
        put_flow(u, names, s);
        break;
    }
}
