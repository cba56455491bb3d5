/* group_text.c - the text of groups, both ways; see group.h.
 *
 * The buckets stand last: what follows each `bucket=` up to the next belongs to it, so a bucket's
 * actions need no brackets. */
#include "ofp/group-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"
#include "ofp/match.h"
#include "ofp/protocol.h"

/* What a command takes beside the number of the group. */
enum {
    TAKES_TYPE = 1 << 0, /* And needs it. */
    TAKES_BUCKETS = 1 << 1,
    TAKES_COMMAND_BUCKET = 1 << 2,
    NEEDS_COMMAND_BUCKET = 1 << 3, /* One of them, not all. */
    NEEDS_ID = 1 << 4,
};

static const struct {
    uint16_t command;
    const char *word;  /* In files of groups. */
    const char *shown; /* In prints of messages. */
    unsigned takes;
} commands[] = {
    {GM_ADD, "add", "ADD", TAKES_TYPE | TAKES_BUCKETS | NEEDS_ID},
    {GM_MODIFY, "modify", "MOD", TAKES_TYPE | TAKES_BUCKETS | NEEDS_ID},
    {GM_ADD_OR_MODIFY, "add_or_mod", "ADD_OR_MOD", TAKES_TYPE | TAKES_BUCKETS | NEEDS_ID},
    {GM_DELETE, "delete", "DEL", 0},
    {GM_INSERT_BUCKET, "insert_bucket", "INSERT_BUCKET",
     TAKES_BUCKETS | TAKES_COMMAND_BUCKET | NEEDS_COMMAND_BUCKET | NEEDS_ID},
    {GM_REMOVE_BUCKET, "remove_bucket", "REMOVE_BUCKET", TAKES_COMMAND_BUCKET | NEEDS_ID},
};

static const char *const type_names[] = {"all", "select", "indirect", "ff"};

/* Formats with numbered buckets and properties. */
#define PROTOCOL_PROPS (PROTOCOL_OF10_ALL | PROTOCOL_NXM_ALL | PROTOCOL_OF15)

struct parser {
    struct group_mod *gm;
    const struct name_map *names;
    unsigned takes;
    uint32_t usable;
    bool has_id, has_type, has_command_bucket, has_param;
};

/* ---- numbers and names ---- */

static char *parse_u32(const char *value, uint32_t *out)
{
    if (!*value) {
        return xstrdup("missing required numeric argument");
    }
    return text_to_u32(value, out) ? NULL : xasprintf("invalid numeric format %s", value);
}

/* A number up to 'max'; '*out' also takes the greater for errors. */
static char *parse_id(const char *what, const char *value, uint32_t max, uint32_t *out)
{
    char *error = parse_u32(value, out);
    return !error && *out > max ? xasprintf("invalid %s id %" PRIu32, what, *out) : error;
}

static char *parse_group_id(const char *value, uint32_t *id)
{
    if (!strcmp(value, "all")) {
        *id = OFPG_ALL;
        return NULL;
    }
    return parse_id("group", value, OFPG_MAX, id);
}

static char *parse_type(const char *value, uint8_t *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (!strcmp(value, type_names[i])) {
            *type = (uint8_t)i;
            return NULL;
        }
    }
    *type = GROUP_FF;
    return strcmp(value, "fast_failover") ? xasprintf("invalid group type %s", value) : NULL;
}

/* Names of buckets in commands. */
static const struct {
    const char *name;
    uint32_t id;
} bucket_names[] = {{"first", BUCKET_FIRST}, {"last", BUCKET_LAST}, {"all", BUCKET_ALL}};

static const char *bucket_name(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_SIZE(bucket_names); i++) {
        if (bucket_names[i].id == id) {
            return bucket_names[i].name;
        }
    }
    return NULL;
}

static char *parse_command_bucket(struct parser *p, const char *value)
{
    p->has_command_bucket = true;
    for (size_t i = 0; i < ARRAY_SIZE(bucket_names); i++) {
        if (!strcmp(value, bucket_names[i].name)) {
            p->gm->command_bucket = bucket_names[i].id;
            if (p->takes & NEEDS_COMMAND_BUCKET && bucket_names[i].id == BUCKET_ALL) {
                return xstrdup("command_bucket_id=all is not permitted");
            }
            return NULL;
        }
    }
    char *error = parse_u32(value, &p->gm->command_bucket);
    if (!error && p->gm->command_bucket > BUCKET_MAX && !bucket_name(p->gm->command_bucket)) {
        error = xasprintf("invalid command bucket id %" PRIu32, p->gm->command_bucket);
    }
    return error;
}

/* ---- fields of the selection method ---- */

static char *parse_field(struct parser *p, const char *key, const char *value)
{
    const struct field *f = field_by_name(key);
    struct field_value v, mask;

    if (!f) {
        return xasprintf("%s: unknown field %s", value, key);
    }
    if (!f->size) {
        return xasprintf("%s: field %s is not supported", value, key);
    }
    field_value_ones(f, &v);
    if (*value) {
        char *error = field_parse(f, value, p->names, &v, &mask);
        if (error) {
            return error;
        }
        if (!is_all_ones(mask.b, f->n_bytes)) {
            return xasprintf("%s: wildcards not allowed here", value);
        }
        if (f->maskable == MASK_NONE && !is_all_ones(v.b, f->n_bytes)) {
            return xasprintf("%s: invalid mask for field %s", value, key);
        }
        if (is_all_zeros(v.b, f->n_bytes)) {
            return xasprintf("%s: values are wildcards here and must not be all-zeros", value);
        }
    }
    p->usable &= protocol_of_field(f, &v);
    return group_add_field(&p->gm->group, f, &v) ? NULL : xasprintf("%s: duplicate field", key);
}

static char *parse_fields(struct parser *p, char *text)
{
    char *key, *value, *error = NULL;

    while (!error && text_next_kv(&text, &key, &value)) {
        error = parse_field(p, key, value);
    }
    return error;
}

/* ---- buckets ---- */

static char *parse_watch_port(const char *value, const struct name_map *names, uint32_t *port)
{
    if (!port_parse(value, names, port) || (*port >= 0xff00 && *port != OFPP_ANY)) {
        return xasprintf("%s: invalid watch_port", value);
    }
    return NULL;
}

/* Puts an item of a list back as it was, in a form that reads the same. */
static void put_item(struct text *t, const char *key, const char *value)
{
    text_printf(t, *value ? "%s(%s)," : "%s%s,", key, value);
}

static char *parse_bucket_item(struct parser *p, struct bucket *b, const char *key,
                               const char *value, struct text *acts)
{
    if (!strcmp(key, "weight")) {
        return text_to_u16(value, &b->weight) ? NULL : xasprintf("invalid weight \"%s\"", value);
    } else if (!strcmp(key, "watch_port")) {
        return parse_watch_port(value, p->names, &b->watch_port);
    } else if (!strcmp(key, "watch_group")) {
        return parse_id("watch_group", value, OFPG_MAX, &b->watch_group);
    } else if (!strcmp(key, "bucket_id")) {
        return parse_id("bucket_id", value, BUCKET_MAX, &b->id);
    } else if (!strcmp(key, "action") || !strcmp(key, "actions")) {
        text_printf(acts, "%s,", value);
    } else {
        put_item(acts, key, value);
    }
    return NULL;
}

static char *parse_bucket(struct parser *p, char *text)
{
    struct bucket *b = group_add_bucket(&p->gm->group);
    struct text acts = TEXT_INIT;
    char *key, *value, *error = NULL;

    b->id = BUCKET_ALL; /* None yet. */
    while (!error && text_next_kv(&text, &key, &value)) {
        error = parse_bucket_item(p, b, key, value, &acts);
    }
    if (!error && !acts.len) {
        error = xstrdup("bucket must specify actions");
    }
    if (!error) {
        error = acts_parse(acts.s, p->names, false, &b->acts);
    }
    p->usable &= protocol_of_acts(b->acts.data, b->acts.len);
    text_deinit(&acts);
    return error;
}

/* Those without a number get the lowest that is free. */
static void number_buckets(struct group *g)
{
    uint32_t next = 0;

    for (size_t i = 0; i < g->n_buckets; i++) {
        if (g->buckets[i].id == BUCKET_ALL) {
            while (group_has_bucket(g, g->n_buckets, next)) {
                next++;
            }
            g->buckets[i].id = next++;
        }
    }
}

/* Every `bucket=` begins one. */
static char *parse_buckets(struct parser *p, char *text)
{
    char *error = NULL;

    if (!text) {
        return NULL;
    }
    if (!(p->takes & TAKES_BUCKETS)) {
        return xstrdup("bucket is not needed");
    }
    /* What a method lacks in the other formats is left out there; so with buckets all will do. */
    p->usable = PROTOCOL_ANY;
    while (text && !error) {
        text += strlen("bucket=");
        char *next = strstr(text, "bucket=");
        if (next) {
            *next = '\0';
        }
        error = parse_bucket(p, text);
        text = next;
    }
    number_buckets(&p->gm->group);
    return error;
}

/* ---- the whole ---- */

static char *parse_item(struct parser *p, const char *key, char *value)
{
    struct group *g = &p->gm->group;

    if (!strcmp(key, "command_bucket_id")) {
        return p->takes & TAKES_COMMAND_BUCKET ? parse_command_bucket(p, value)
                                               : xstrdup("command bucket id is not needed");
    } else if (!strcmp(key, "group_id")) {
        p->has_id = true;
        return parse_group_id(value, &g->id);
    } else if (!strcmp(key, "type")) {
        p->has_type = true;
        return p->takes & TAKES_TYPE ? parse_type(value, &g->type) : xstrdup("type is not needed");
    } else if (!strcmp(key, "selection_method")) {
        if (!(p->takes & TAKES_TYPE)) {
            return xstrdup("selection method is not needed");
        }
        if (strlen(value) >= sizeof g->method) {
            return xasprintf("selection method is longer than %zu bytes long",
                             sizeof g->method - 1);
        }
        memset(g->method, 0, sizeof g->method);
        memcpy(g->method, value, strlen(value));
        p->usable &= PROTOCOL_PROPS;
    } else if (!strcmp(key, "selection_method_param")) {
        p->has_param = true;
        if (!*value) {
            return xstrdup("missing required numeric argument");
        }
        p->usable &= PROTOCOL_PROPS;
        return text_to_u64(value, &g->method_param) ? NULL
                                                    : xasprintf("invalid numeric format %s", value);
    } else if (!strcmp(key, "fields")) {
        p->usable &= PROTOCOL_PROPS;
        return parse_fields(p, value);
    } else {
        return xasprintf("unknown keyword %s", key);
    }
    return NULL;
}

/* What is missing or does not go together, of the group alone. */
static char *check_group(const struct parser *p)
{
    const struct group *g = &p->gm->group;

    if (p->takes & NEEDS_ID && !p->has_id) {
        return xstrdup("must specify a group_id");
    }
    if (p->takes & TAKES_TYPE && !p->has_type) {
        return xstrdup("must specify a type");
    }
    if (p->takes & NEEDS_COMMAND_BUCKET && !p->has_command_bucket) {
        return xstrdup("must specify a command bucket id");
    }
    if (!*g->method && g->method_param) {
        return xstrdup("selection_method_param is only allowed with \"selection_method\"");
    }
    if (strcmp(g->method, "hash") && g->n_fields) {
        return xstrdup("fields may only be specified with \"selection_method=hash\"");
    }
    return NULL;
}

static char *check_buckets(const struct group_mod *gm)
{
    const struct group *g = &gm->group;

    if (gm->command == GM_INSERT_BUCKET) {
        return NULL; /* Depends on the type, which only the switch knows. */
    }
    if (g->type == GROUP_INDIRECT && g->n_buckets > 1) {
        return xstrdup("Indirect groups can have at most one bucket.");
    }
    for (size_t i = 0; i < g->n_buckets; i++) {
        const struct bucket *b = &g->buckets[i];
        if (g->type != GROUP_SELECT && b->weight) {
            return xstrdup("Only select groups can have bucket weights.");
        }
        if (g->type == GROUP_FF && b->watch_port == OFPP_ANY && b->watch_group == OFPG_ANY) {
            return xstrdup("fast failover bucket requires watch_port or watch_group");
        }
    }
    return NULL;
}

/* Takes a command word, or the first letters of one, off the front of '*text'. */
static bool take_command(char **text, uint16_t *command)
{
    size_t n = strcspn(*text, " \t");

    for (size_t i = 0; n && i < ARRAY_SIZE(commands); i++) {
        if (!strncmp(*text, commands[i].word, n)) {
            *command = commands[i].command;
            *text += n;
            return true;
        }
    }
    return false;
}

static size_t command_index(uint16_t command)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(commands) && commands[i].command != command) {
        i++;
    }
    return i;
}

char *group_mod_parse(char *text, int command, const struct name_map *names, struct group_mod *gm,
                      uint32_t *usable)
{
    struct parser p = {.gm = gm, .names = names, .usable = PROTOCOL_ANY};
    char *key, *value;
    bool is_raw;

    *gm = (struct group_mod){.command_bucket = BUCKET_ALL};
    if (command < 0) {
        gm->command = GM_ADD;
        take_command(&text, &gm->command);
    } else {
        gm->command = (uint16_t)command;
    }
    char *error = group_parse_raw(text, gm->command, gm, &is_raw);
    if (is_raw) {
        return error;
    }
    p.takes = commands[command_index(gm->command)].takes;
    if (p.takes & TAKES_COMMAND_BUCKET) {
        p.usable = PROTOCOL_PROPS;
    }
    gm->group.id = OFPG_ALL; /* Which only DELETE may leave out. */
    char *buckets = strstr(text, "bucket=");
    if (buckets) {
        *buckets = '\0';
    }
    while (!error && text_next_kv(&text, &key, &value)) {
        error = parse_item(&p, key, value);
    }
    error = error ? error : check_group(&p);
    error = error ? error : parse_buckets(&p, buckets);
    error = error ? error : check_buckets(gm);
    if (error) {
        group_mod_deinit(gm);
    }
    if (usable) {
        *usable = p.usable;
    }
    return error;
}

/* ---- format ---- */

static void format_method(const struct group *g, const struct name_map *names, struct text *t)
{
    const char *separator = "";

    if (!*g->method) {
        return;
    }
    text_printf(t, "selection_method=%s,", g->method);
    if (g->method_param) {
        text_printf(t, "selection_method_param=%" PRIu64 ",", g->method_param);
    }
    if (g->n_fields) {
        text_puts(t, g->n_fields == 1 ? "fields=" : "fields(");
    }
    for (size_t i = 0; i < g->n_fields; i++) {
        const struct group_field *gf = &g->fields[i];
        text_printf(t, "%s%s", separator, gf->field->name);
        if (!is_all_ones(gf->mask.b, gf->field->n_bytes)) {
            text_putc(t, '=');
            field_format(gf->field, &gf->mask, NULL, names, t);
        }
        separator = ",";
    }
    text_puts(t, !g->n_fields ? "" : g->n_fields == 1 ? "," : "),");
}

static void format_bucket(const struct group *g, const struct bucket *b, bool numbered,
                          const struct name_map *names, struct text *t)
{
    text_puts(t, "bucket=");
    if (numbered) {
        text_printf(t, "bucket_id:%" PRIu32 ",", b->id);
    }
    if (b->weight != group_default_weight(g)) {
        text_printf(t, "weight:%u,", b->weight);
    }
    if (b->watch_port != OFPP_ANY) {
        text_puts(t, "watch_port:");
        port_format(b->watch_port, names, t);
        text_putc(t, ',');
    }
    if (b->watch_group != OFPG_ANY) {
        text_printf(t, "watch_group:%" PRIu32 ",", b->watch_group);
    }
    text_puts(t, "actions=");
    struct name_map actions = names ? *names : (struct name_map){0};
    actions.only_actions = true;
    acts_format(b->acts.data, b->acts.len, &actions, t);
    text_putc(t, ',');
}

static void format_group(const struct group *g, bool typed, uint8_t version,
                         const struct name_map *names, struct text *t)
{
    text_printf(t, "group_id=%" PRIu32 ",", g->id);
    if (typed) {
        text_printf(t, "type=%s,", g->type < GROUP_N_TYPES ? type_names[g->type] : "unknown");
    }
    format_method(g, names, t);
    for (size_t i = 0; i < g->n_buckets; i++) {
        format_bucket(g, &g->buckets[i], group_has_props(version), names, t);
    }
    text_chomp(t, ',');
}

/* What stands before the group of a modification. */
void group_command_format(const struct group_mod *gm, struct text *t)
{
    size_t i = command_index(gm->command);

    if (i < ARRAY_SIZE(commands)) {
        text_printf(t, " %s ", commands[i].shown);
    } else {
        text_printf(t, " cmd:%u ", gm->command);
    }
}

void group_words(const struct group_mod *gm, uint8_t version, const struct name_map *names,
                 struct text *t)
{
    bool about_bucket = gm->command == GM_INSERT_BUCKET || gm->command == GM_REMOVE_BUCKET;

    if (about_bucket && group_has_props(version)) {
        const char *name = bucket_name(gm->command_bucket);
        text_puts(t, "command_bucket_id:");
        if (name) {
            text_printf(t, "%s,", name);
        } else {
            text_printf(t, "%" PRIu32 ",", gm->command_bucket);
        }
    }
    format_group(&gm->group, !about_bucket, version, names, t);
}
