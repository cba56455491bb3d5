/* flow_mod_text.c - the text of flow modifications and of flow and aggregate requests; see
 * flow_mod.h.  A row of 'keys' says which word is allowed with which command. */
#include "ofp/flow_mod-private.h"

#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"

/* What a command takes beside the match, table and cookie. */
enum {
    TAKES_ACTIONS = 1 << 0,
    TAKES_TIMEOUTS = 1 << 1,
    TAKES_PRIORITY = 1 << 2,
    TAKES_FLAGS = 1 << 3,
    TAKES_IMPORTANCE = 1 << 4,
    TAKES_FILTERS = 1 << 5, /* out_port, out_group */
    NEVER_MASKS_COOKIE = 1 << 6,
};

static const struct {
    const char *word;  /* In files of flows. */
    const char *shown; /* In prints of messages. */
    unsigned takes;
} commands[] = {
    [FM_ADD] = {"add", "ADD",
                TAKES_ACTIONS | TAKES_TIMEOUTS | TAKES_PRIORITY | TAKES_FLAGS | TAKES_IMPORTANCE |
                    NEVER_MASKS_COOKIE},
    [FM_MODIFY] = {"modify", "MOD", TAKES_ACTIONS | TAKES_TIMEOUTS | TAKES_PRIORITY | TAKES_FLAGS},
    [FM_MODIFY_STRICT] = {"modify_strict", "MOD_STRICT",
                          TAKES_ACTIONS | TAKES_TIMEOUTS | TAKES_PRIORITY | TAKES_FLAGS},
    [FM_DELETE] = {"delete", "DEL", TAKES_FILTERS},
    [FM_DELETE_STRICT] = {"delete_strict", "DEL_STRICT", TAKES_FILTERS | TAKES_PRIORITY},
};
#define REQUEST_TAKES TAKES_FILTERS

static const struct bit_name flag_names[] = {
    {OFPFF_SEND_FLOW_REM, "send_flow_rem"},  {OFPFF_CHECK_OVERLAP, "check_overlap"},
    {OFPFF_RESET_COUNTS, "reset_counts"},    {OFPFF_NO_PKT_COUNTS, "no_packet_counts"},
    {OFPFF_NO_BYT_COUNTS, "no_byte_counts"},
};

/* ---- parse ---- */

char *flow_mod_split_actions(char *text)
{
    for (char *p = text; (p = strstr(p, "action")); p++) {
        char *end = p + strlen("action");
        end += *end == 's';
        if (*end == '=') {
            *p = '\0';
            return end + 1;
        }
    }
    return NULL;
}

static char *parse_u16(const char *key, const char *value, uint16_t *out)
{
    return text_to_u16(value, out) ? NULL : xasprintf("invalid %s \"%s\"", key, value);
}

/* Like text_to_u64() with `-1` and other negative numbers as two's complement. */
static char *parse_u64(const char *value, uint64_t *out)
{
    bool negative = *value == '-';
    if (!text_to_u64(value + negative, out)) {
        return xasprintf("invalid numeric format %s", value);
    }
    *out = negative ? -*out : *out;
    return NULL;
}

static char *parse_cookie(char *value, unsigned takes, struct flow_mod *fm)
{
    char *mask = strchr(value, '/');
    if (mask) {
        if (takes & NEVER_MASKS_COOKIE) {
            return xstrdup("flow additions cannot use a cookie mask");
        }
        *mask = '\0';
        if (takes & TAKES_ACTIONS && !fm->modify_cookie) {
            fm->new_cookie = UINT64_MAX; /* In 1.0: to stay as it is. */
        }
        char *err = parse_u64(value, &fm->cookie);
        return err ? err : parse_u64(mask + 1, &fm->cookie_mask);
    }
    if (!(takes & TAKES_ACTIONS)) {
        return xasprintf(
            "cannot set cookie (to match on a cookie, specify a mask, e.g. cookie=%s/-1)", value);
    }
    fm->modify_cookie = !(takes & NEVER_MASKS_COOKIE);
    return parse_u64(value, &fm->new_cookie);
}

char *flow_mod_parse_table(const char *value, const struct name_map *names, uint8_t *table)
{
    uint8_t number;
    if (text_to_u8(value, &number) ||
        (names && names->table_by_name && names->table_by_name(names->aux, value, &number))) {
        *table = number;
        return NULL;
    }
    return xasprintf("unknown table \"%s\"", value);
}

char *flow_mod_parse_group(const char *value, uint32_t *group)
{
    if (!strcasecmp(value, "any")) {
        *group = OFPG_ANY;
    } else if (!strcasecmp(value, "all")) {
        *group = UINT32_C(0xfffffffc);
    } else if (!text_to_u32(value, group)) {
        return xasprintf("%s is not a valid OpenFlow group", value);
    }
    return NULL;
}

static bool parse_flag(const char *key, unsigned takes, struct flow_mod *fm)
{
    for (size_t i = 0; takes & TAKES_FLAGS && i < ARRAY_SIZE(flag_names); i++) {
        if (!strcmp(key, flag_names[i].name)) {
            fm->flags |= (uint16_t)flag_names[i].bit;
            return true;
        }
    }
    return false;
}

/* What dump-flows prints of a flow's life, and words of old scripts: read and dropped, so that such
 * output can be fed back. */
static bool is_ignored(const char *key, bool has_value)
{
    static const char *const with_value[] = {"duration", "n_packets", "n_bytes", "idle_age",
                                             "hard_age"};
    for (size_t i = 0; has_value && i < ARRAY_SIZE(with_value); i++) {
        if (!strcmp(key, with_value[i])) {
            return true;
        }
    }
    return !strcmp(key, "no_readonly_table") || !strcmp(key, "allow_hidden_fields");
}

/* Words of a flow that are neither match fields nor flags. */
static char *parse_property(const char *key, char *value, unsigned takes,
                            const struct name_map *names, struct flow_mod *fm)
{
    if (!*value) {
        return xasprintf("field %s missing value", key);
    } else if (!strcmp(key, "table")) {
        return flow_mod_parse_table(value, names, &fm->table_id);
    } else if (!strcmp(key, "cookie")) {
        return parse_cookie(value, takes, fm);
    } else if (takes & TAKES_FILTERS && !strcmp(key, "out_port")) {
        return port_parse(value, names, &fm->out_port)
                   ? NULL
                   : xasprintf("%s is not a valid OpenFlow port", value);
    } else if (takes & TAKES_FILTERS && !strcmp(key, "out_group")) {
        return flow_mod_parse_group(value, &fm->out_group);
    } else if (takes & TAKES_PRIORITY && !strcmp(key, "priority")) {
        return parse_u16(key, value, &fm->priority);
    } else if (takes & TAKES_TIMEOUTS && !strcmp(key, "idle_timeout")) {
        return parse_u16(key, value, &fm->idle_timeout);
    } else if (takes & TAKES_TIMEOUTS && !strcmp(key, "hard_timeout")) {
        return parse_u16(key, value, &fm->hard_timeout);
    } else if (takes & TAKES_IMPORTANCE && !strcmp(key, "importance")) {
        return parse_u16(key, value, &fm->importance);
    }
    return xasprintf("unknown keyword %s", key);
}

/* Which formats have room for what stands beside match and actions. */
static uint32_t protocol_of_properties(const struct flow_mod *fm)
{
    uint32_t set = PROTOCOL_ANY;

    set &= fm->table_id != OFPTT_ALL ? PROTOCOL_TIDS : PROTOCOL_ANY;
    set &= fm->cookie_mask ? PROTOCOL_NXM_ALL | PROTOCOL_OF11_UP : PROTOCOL_ANY;
    set &= fm->out_group != OFPG_ANY ? PROTOCOL_OF11_UP : PROTOCOL_ANY;
    set &= fm->flags & OFPFF_RESET_COUNTS ? PROTOCOL_OXM : PROTOCOL_ANY;
    set &=
        fm->flags & (OFPFF_NO_PKT_COUNTS | OFPFF_NO_BYT_COUNTS) ? PROTOCOL_OF13_UP : PROTOCOL_ANY;
    return set;
}

static char *parse_items(char *text, unsigned takes, const struct name_map *names,
                         struct flow_mod *fm, struct flow_notes *notes)
{
    char *cursor = text, *key, *value;
    while (text_next_kv(&cursor, &key, &value)) {
        if (parse_flag(key, takes, fm) || is_ignored(key, *value)) {
            continue;
        }
        const struct field *field;
        struct field_value mask;
        bool found = false;
        char *err = match_parse_field(key, value, names, &fm->match, &found, &field, &mask);
        if (!err && !found) {
            err = parse_property(key, value, takes, names, fm);
        }
        if (err) {
            return err;
        }
        if (found && field) {
            notes->usable &= protocol_of_field(field, &mask);
        }
    }
    match_normalise(&fm->match, &notes->dropped);
    notes->usable &= protocol_of_match(&fm->match) & protocol_of_properties(fm);
    return NULL;
}

static void init(struct flow_mod *fm, int command)
{
    *fm = (struct flow_mod){
        .command = (uint8_t)command,
        .table_id = OFPTT_ALL,
        .priority = OFP_DEFAULT_PRIORITY,
        .buffer_id = OFP_NO_BUFFER,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .acts = ACTS_INIT,
    };
    match_init(&fm->match);
}

static char *parse_actions(char *actions, const struct name_map *names, struct flow_mod *fm,
                           struct flow_notes *notes, bool soft)
{
    char *err = acts_parse(actions, names, true, &fm->acts);
    if (err) {
        return err;
    }
    const struct act_limits limits = {.cur_table = fm->table_id};
    enum ofp_error error = acts_check(&fm->acts, &fm->match, &limits, !soft);
    notes->usable &= protocol_of_acts(fm->acts.data, fm->acts.len);
    if (!error && soft && acts_check(&fm->acts, &fm->match, &limits, true)) {
        notes->usable &= ~PROTOCOL_OF11_UP;
        error = notes->usable ? OFPERR_OK : OFPERR_OFPBAC_MATCH_INCONSISTENT;
    }
    return error ? xasprintf("actions are invalid with specified match (%s)", ofp_error_name(error))
                 : NULL;
}

/* The command that 'text' starts with, and past it; ADD if there is none.  Any beginning of the
 * word will do; of two that begin so it is the first. */
static int parse_command(char **text)
{
    char *start = *text;
    while (isspace((unsigned char)*start)) {
        start++;
    }
    size_t len = strcspn(start, ", \t\r\n");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (len && !strncmp(commands[i].word, start, len)) {
            *text = start + len;
            return (int)i;
        }
    }
    return FM_ADD;
}

static char *parse(char *text, int command, const struct name_map *names, struct flow_mod *fm,
                   struct flow_notes *notes, bool soft)
{
    if (command < 0) {
        command = parse_command(&text);
    }
    init(fm, command);
    unsigned takes = commands[command].takes;
    char *actions = NULL;
    if (takes & TAKES_ACTIONS) {
        actions = flow_mod_split_actions(text);
        if (!actions) {
            return xstrdup("must specify an action");
        }
    }
    char *err = parse_items(text, takes, names, fm, notes);
    if (!err && actions) {
        err = parse_actions(actions, names, fm, notes, soft);
    }
    if (err) {
        flow_mod_deinit(fm);
    }
    return err;
}

char *flow_mod_parse(char *text, int command, const struct name_map *names, struct flow_mod *fm)
{
    struct flow_notes notes = FLOW_NOTES_INIT;
    char *err = parse(text, command, names, fm, &notes, false);

    text_deinit(&notes.dropped);
    return err;
}

char *flow_mod_parse_notes(char *text, int command, const struct name_map *names,
                           struct flow_mod *fm, struct flow_notes *notes)
{
    *notes = FLOW_NOTES_INIT;
    notes->usable = PROTOCOL_ANY;
    return parse(text, command, names, fm, notes, true);
}

char *flow_stats_request_parse_notes(char *text, bool aggregate, const struct name_map *names,
                                     struct flow_stats_request *req, struct flow_notes *notes)
{
    struct flow_mod fm;
    *notes = FLOW_NOTES_INIT;
    notes->usable = PROTOCOL_ANY;
    init(&fm, FM_DELETE);
    char *err = parse_items(text, REQUEST_TAKES, names, &fm, notes);
    /* Requests have a table in all formats. */
    notes->usable |= notes->usable & PROTOCOL_OF10_TID ? PROTOCOL_OF10 : 0;
    notes->usable |= notes->usable & PROTOCOL_NXM_TID ? PROTOCOL_NXM : 0;
    *req = (struct flow_stats_request){
        .aggregate = aggregate,
        .table_id = fm.table_id,
        .out_port = fm.out_port,
        .out_group = fm.out_group,
        .cookie = fm.cookie,
        .cookie_mask = fm.cookie_mask,
        .match = fm.match,
    };
    return err;
}

char *flow_stats_request_parse(char *text, bool aggregate, const struct name_map *names,
                               struct flow_stats_request *req)
{
    struct flow_notes notes;
    char *err = flow_stats_request_parse_notes(text, aggregate, names, req, &notes);

    text_deinit(&notes.dropped);
    return err;
}

/* ---- print ---- */

void flow_format_table(uint8_t table, const struct name_map *names, struct text *s)
{
    const char *name = names && names->table_name ? names->table_name(names->aux, table) : NULL;
    if (name) {
        text_quoted_name(s, name);
    } else {
        format_decimal(s, table);
    }
}

void flow_format_flags(uint16_t flags, struct text *s)
{
    if (flags) {
        format_bits(s, flags, flag_names, ARRAY_SIZE(flag_names), ' ');
        text_putc(s, ' ');
    }
}

/* The match and one space, or nothing at all. */
static void print_match(const struct match *match, const struct name_map *names, int priority,
                        struct text *s)
{
    size_t before = s->len;
    match_format(match, names, priority, s);
    text_chomp(s, ',');
    if (s->len > before) {
        text_putc(s, ' ');
    }
}

void flow_mod_print(const struct flow_mod *fm, const struct name_map *names, struct text *s)
{
    if (fm->command < ARRAY_SIZE(commands)) {
        text_puts(s, commands[fm->command].shown);
    } else {
        text_printf(s, "cmd:%u", fm->command);
    }
    if (fm->table_id) {
        text_puts(s, " table:");
        flow_format_table(fm->table_id, names, s);
    }
    text_putc(s, ' ');
    print_match(&fm->match, names, fm->priority, s);
    if (fm->new_cookie && fm->new_cookie != UINT64_MAX) {
        text_printf(s, "cookie:0x%" PRIx64 " ", fm->new_cookie);
    }
    if (fm->cookie_mask) {
        text_printf(s, "cookie:0x%" PRIx64 "/0x%" PRIx64 " ", fm->cookie, fm->cookie_mask);
    }
    const struct {
        const char *name;
        uint16_t value;
    } numbers[] = {{"idle", fm->idle_timeout},
                   {"hard", fm->hard_timeout},
                   {"importance", fm->importance}};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i].value) {
            text_printf(s, "%s:%u ", numbers[i].name, numbers[i].value);
        }
    }
    if (fm->buffer_id != OFP_NO_BUFFER) {
        text_printf(s, "buf:0x%" PRIx32 " ", fm->buffer_id);
    }
    if (fm->out_port != OFPP_ANY) {
        text_puts(s, "out_port:");
        port_format(fm->out_port, names, s);
        text_putc(s, ' ');
    }
    flow_format_flags(fm->flags, s);
    text_puts(s, "actions=");
    acts_format(fm->acts.data, fm->acts.len, names, s);
}

static void format_counters(const struct flow_stats *fs, const struct name_map *names,
                            struct text *s)
{
    text_puts(s, "duration=");
    format_duration(s, fs->duration_sec, fs->duration_nsec);
    text_puts(s, ", table=");
    flow_format_table(fs->table_id, names, s);
    text_puts(s, ", ");
    format_counter(s, "n_packets", fs->n_packets);
    text_puts(s, ", ");
    format_counter(s, "n_bytes", fs->n_bytes);
    text_puts(s, ", ");
}

void flow_stats_format(const struct flow_stats *fs, const struct name_map *names, bool stats,
                       struct text *s)
{
    text_putc(s, ' ');
    if (stats || fs->cookie) {
        text_puts(s, "cookie=");
        format_hex(s, fs->cookie);
        text_puts(s, ", ");
    }
    if (stats) {
        format_counters(fs, names, s);
    } else if (fs->table_id) {
        text_puts(s, "table=");
        flow_format_table(fs->table_id, names, s);
        text_puts(s, ", ");
    }
    if (fs->idle_timeout) {
        text_printf(s, "idle_timeout=%u, ", fs->idle_timeout);
    }
    if (fs->hard_timeout) {
        text_printf(s, "hard_timeout=%u, ", fs->hard_timeout);
    }
    flow_format_flags(fs->flags, s);
    if (fs->importance) {
        text_printf(s, "importance=%u, ", fs->importance);
    }
    if (stats && fs->idle_age >= 0) {
        text_printf(s, "idle_age=%d, ", fs->idle_age);
    }
    if (stats && fs->hard_age >= 0 && (uint32_t)fs->hard_age != fs->duration_sec) {
        text_printf(s, "hard_age=%d, ", fs->hard_age);
    }
    print_match(&fs->match, names, fs->priority, s);
    text_puts(s, "actions=");
    acts_format(fs->acts.data, fs->acts.len, names, s);
}
