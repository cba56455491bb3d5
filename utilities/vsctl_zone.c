/* vsctl_zone.c - timeouts and limits of zones of connections: rows of Datapath, CT_Zone and
 * CT_Timeout_Policy.
 *
 * A zone's row comes with the first that is said of it, and goes with the last. */
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

/* Elements of a column, an array; new reference. */
static json_t *elements_of(struct vctl *v, const struct vrow *row, const char *column)
{
    const struct vtype type = value_type(v, row->table, column);
    return value_elements(&type, model_get(row, column));
}

/* The row that a map has under this key; NULL: none. */
static struct vrow *map_row(struct vctl *v, const struct vrow *row, const char *column,
                            const json_t *key)
{
    json_t *pairs = elements_of(v, row, column);
    const json_t *pair = map_find(pairs, key);
    struct vrow *found = pair ? model_follow(v, json_array_get(pair, 1)) : NULL;

    json_decref(pairs);
    return found;
}

/* 'ref' NULL: takes it out. */
static void map_put(struct vctl *v, struct vrow *row, const char *column, const json_t *key,
                    const json_t *ref)
{
    const struct vtype type = value_type(v, row->table, column);
    json_t *pairs = elements_of(v, row, column);
    const json_t *old = map_find(pairs, key);

    for (size_t i = json_array_size(pairs); old && i-- > 0;) {
        if (json_array_get(pairs, i) == old) {
            json_array_remove(pairs, i);
            old = NULL;
        }
    }
    if (ref) {
        json_array_append_new(pairs, json_pack("[O, O]", key, ref));
    }
    model_set(row, column, value_from_elements(&type, pairs));
}

static struct vrow *find_datapath(struct vctl *v, const char *name)
{
    json_t *key = json_string(name);
    struct vrow *dp = map_row(v, v->root, "datapaths", key);

    json_decref(key);
    return dp;
}

static struct vrow *get_datapath(struct vctl *v, const char *name)
{
    struct vrow *dp = find_datapath(v, name);

    if (!dp) {
        json_t *key = json_string(name);
        dp = model_insert(v, "Datapath", NULL);
        map_put(v, v->root, "datapaths", key, dp->ref);
        json_decref(key);
    }
    return dp;
}

static json_t *parse_zone(const char *word)
{
    const char *s = strncmp(word, "zone=", 5) ? word : word + 5;
    uint16_t zone;

    if (!text_to_u16(s, &zone)) {
        vsctl_fatal("%s: not a zone (zone=0 to zone=65535)", word);
    }
    return json_integer(zone);
}

static struct vrow *get_zone(struct vctl *v, struct vrow *dp, const json_t *key)
{
    struct vrow *zone = map_row(v, dp, "ct_zones", key);

    if (!zone) {
        zone = model_insert(v, "CT_Zone", NULL);
        map_put(v, dp, "ct_zones", key, zone->ref);
    }
    return zone;
}

/* A column that holds one element at most. */
static bool is_empty(struct vctl *v, const struct vrow *row, const char *column)
{
    json_t *elements = elements_of(v, row, column);
    bool empty = !json_array_size(elements);

    json_decref(elements);
    return empty;
}

static void clear(struct vctl *v, struct vrow *row, const char *column)
{
    struct vtype type = value_type(v, row->table, column);
    model_set(row, column, value_from_elements(&type, json_array()));
}

static struct vrow *policy_of(struct vctl *v, const struct vrow *zone)
{
    json_t *refs = elements_of(v, zone, "timeout_policy");
    struct vrow *policy = json_array_size(refs) ? model_follow(v, json_array_get(refs, 0)) : NULL;

    json_decref(refs);
    return policy;
}

/* What has been said of the zone may have been the last. */
static void trim_zone(struct vctl *v, struct vrow *dp, const json_t *key, struct vrow *zone)
{
    if (is_empty(v, zone, "timeout_policy") && is_empty(v, zone, "limit")) {
        map_put(v, dp, "ct_zones", key, NULL);
        zone->deleted = true;
    }
}

/* ---- timeouts ---- */

static void cmd_add_tp(struct vctl *v, struct vcommand *c)
{
    struct vrow *dp = get_datapath(v, c->argv[1]);
    json_t *key = parse_zone(c->argv[2]), *pairs = json_array();
    struct vrow *zone = get_zone(v, dp, key);

    json_decref(key);
    if (policy_of(v, zone)) {
        if (vsctl_option(c, "--may-exist")) {
            json_decref(pairs);
            return;
        }
        vsctl_fatal("zone %s already has timeouts: del-zone-tp removes them", c->argv[2]);
    }
    for (int i = 3; i < c->argc; i++) {
        const char *equals = strchr(c->argv[i], '=');
        uint32_t seconds;
        if (!equals || !text_to_u32(equals + 1, &seconds)) {
            vsctl_fatal("%s: not a timeout (NAME=SECONDS, as udp_first=60)", c->argv[i]);
        }
        char *name = xstrndup(c->argv[i], (size_t)(equals - c->argv[i]));
        json_array_append_new(pairs, json_pack("[s, I]", name, (json_int_t)seconds));
        free(name);
    }
    struct vrow *policy = model_insert(v, "CT_Timeout_Policy", NULL);
    struct vtype type = value_type(v, "CT_Timeout_Policy", "timeouts");
    model_set(policy, "timeouts", value_from_elements(&type, pairs));
    model_add_ref(zone, "timeout_policy", policy->ref);
}

/* NULL, if that is no error. */
static struct vrow *need_zone(struct vctl *v, const struct vcommand *c, struct vrow **dp,
                              json_t **key, const char *column)
{
    *key = parse_zone(c->argv[2]);
    *dp = find_datapath(v, c->argv[1]);
    struct vrow *zone = *dp ? map_row(v, *dp, "ct_zones", *key) : NULL;

    if (zone && !is_empty(v, zone, column)) {
        return zone;
    }
    if (!vsctl_option(c, "--if-exists")) {
        vsctl_fatal("%s: zone %s of datapath %s has none", c->argv[0], c->argv[2], c->argv[1]);
    }
    json_decref(*key);
    return NULL;
}

static void cmd_del_tp(struct vctl *v, struct vcommand *c)
{
    json_t *key;
    struct vrow *dp, *zone = need_zone(v, c, &dp, &key, "timeout_policy");

    if (zone) {
        struct vrow *policy = policy_of(v, zone);
        clear(v, zone, "timeout_policy");
        if (policy) {
            policy->deleted = true;
        }
        trim_zone(v, dp, key, zone);
        json_decref(key);
    }
}

/* Calls for each zone of the datapath, by number. */
static void for_each_zone(struct vctl *v, struct vcommand *c,
                          void (*show)(struct vctl *, json_int_t, const struct vrow *,
                                       struct text *))
{
    const struct vrow *dp = find_datapath(v, c->argv[1]);

    if (!dp) {
        return;
    }
    json_t *pairs = elements_of(v, dp, "ct_zones");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const struct vrow *zone = model_follow(v, json_array_get(pair, 1));
        if (zone) {
            show(v, json_integer_value(json_array_get(pair, 0)), zone, &c->out);
        }
    }
    json_decref(pairs);
}

static void show_tp(struct vctl *v, json_int_t number, const struct vrow *zone, struct text *out)
{
    const struct vrow *policy = policy_of(v, zone);

    if (!policy) {
        return;
    }
    text_printf(out, "Zone:%" JSON_INTEGER_FORMAT ", Timeout Policies:", number);
    json_t *pairs = elements_of(v, policy, "timeouts");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        text_printf(out, " %s=%" JSON_INTEGER_FORMAT, json_string_value(json_array_get(pair, 0)),
                    json_integer_value(json_array_get(pair, 1)));
    }
    text_putc(out, '\n');
    json_decref(pairs);
}

static void cmd_list_tp(struct vctl *v, struct vcommand *c)
{
    for_each_zone(v, c, show_tp);
}

/* ---- limits ---- */

static void cmd_set_limit(struct vctl *v, struct vcommand *c)
{
    uint32_t limit;

    if (!text_to_u32(c->argv[3], &limit)) {
        vsctl_fatal("%s: not a limit", c->argv[3]);
    }
    struct vrow *dp = get_datapath(v, c->argv[1]);
    if (!strcmp(c->argv[2], "default")) {
        model_set(dp, "ct_zone_default_limit", json_integer(limit));
        return;
    }
    json_t *key = parse_zone(c->argv[2]);
    model_set(get_zone(v, dp, key), "limit", json_integer(limit));
    json_decref(key);
}

static void cmd_del_limit(struct vctl *v, struct vcommand *c)
{
    json_t *key;

    if (!strcmp(c->argv[2], "default")) {
        struct vrow *dp = find_datapath(v, c->argv[1]);
        if (dp && !is_empty(v, dp, "ct_zone_default_limit")) {
            clear(v, dp, "ct_zone_default_limit");
        } else if (!vsctl_option(c, "--if-exists")) {
            vsctl_fatal("datapath %s has no default limit", c->argv[1]);
        }
        return;
    }
    struct vrow *dp, *zone = need_zone(v, c, &dp, &key, "limit");
    if (zone) {
        clear(v, zone, "limit");
        trim_zone(v, dp, key, zone);
        json_decref(key);
    }
}

static void show_limit(struct vctl *v, json_int_t number, const struct vrow *zone, struct text *out)
{
    if (!is_empty(v, zone, "limit")) {
        text_printf(out, "zone=%" JSON_INTEGER_FORMAT ",limit=%" JSON_INTEGER_FORMAT "\n", number,
                    json_integer_value(model_get(zone, "limit")));
    }
}

static void cmd_list_limits(struct vctl *v, struct vcommand *c)
{
    const struct vrow *dp = find_datapath(v, c->argv[1]);

    if (dp && !is_empty(v, dp, "ct_zone_default_limit")) {
        text_printf(&c->out, "default limit=%" JSON_INTEGER_FORMAT "\n",
                    json_integer_value(model_get(dp, "ct_zone_default_limit")));
    }
    for_each_zone(v, c, show_limit);
}

const struct vcommand_class vsctl_zone_commands[] = {
    {"add-zone-tp", "DATAPATH zone=N TIMEOUT=SECONDS...", 3, -1, "--may-exist ", cmd_add_tp},
    {"del-zone-tp", "DATAPATH zone=N", 2, 2, "--if-exists ", cmd_del_tp},
    {"list-zone-tp", "DATAPATH", 1, 1, "", cmd_list_tp},
    {"set-zone-limit", "DATAPATH zone=N|default LIMIT", 3, 3, "", cmd_set_limit},
    {"del-zone-limit", "DATAPATH zone=N|default", 2, 2, "--if-exists ", cmd_del_limit},
    {"list-zone-limits", "DATAPATH", 1, 1, "", cmd_list_limits},
    {NULL, NULL, 0, 0, NULL, NULL},
};
