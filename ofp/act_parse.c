/* act_parse.c - acts from text: the words of actions.def; see act.h.  The words that set fields are
 * in act_parse_field.c, ct and nat in act_ct_text.c. */
#include "ofp/act-private.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/mem.h"

/* The words of the rows; RAW_ names the wire form whose type and field they mean. */
static const struct word {
    const char *name;
    act_parse_fn *parse;
    uint8_t raw;
} words[] = {
#define ACT_WORD(WORD, PARSER, RAW) {WORD, act_parse_##PARSER, RAW_##RAW},
#include "ofp/actions.def"
};

/* ---- arguments ---- */

/* The whole argument as an integer up to 'max'. */
char *act_parse_int(const struct act_parser *p, const char *arg, uint64_t max, uint64_t *v)
{
    if (!*arg) {
        return xstrdup("missing required numeric argument");
    }
    if (!text_to_u64(arg, v)) {
        return xasprintf("invalid numeric format %s", arg);
    }
    return *v <= max ? NULL : xasprintf("invalid %s \"%s\"", p->word, arg);
}

bool act_parse_table(const struct name_map *names, const char *s, uint8_t *table)
{
    uint64_t v;

    if (text_to_u64(s, &v)) {
        *table = (uint8_t)v;
        return v <= UINT8_MAX;
    }
    return names && names->table_by_name && names->table_by_name(names->aux, s, table);
}

static enum act_type word_type(const struct act_parser *p)
{
    return act_wires[p->raw].type;
}

/* ---- simple actions ---- */

char *act_parse_null(struct act_parser *p, char *arg)
{
    if (*arg) {
        return xasprintf("%s: no argument allowed (%s)", p->word, arg);
    }
    struct act_null *a = acts_put(p->out, word_type(p), sizeof *a);
    a->act.raw = p->raw == RAW_STRIP_VLAN ? p->raw : RAW_NONE;
    return NULL;
}

/* A TTL, all of them. */
char *act_parse_u8(struct act_parser *p, char *arg)
{
    const char *what = p->raw == RAW_SET_MPLS_TTL ? "MPLS TTL" : "TTL";
    char *error = NULL;
    uint64_t v;

    if (!*arg && p->raw == RAW_SET_MPLS_TTL) {
        error = xstrdup("set_mpls_ttl: expected ttl.");
    } else if (!text_to_u64(arg, &v) || v > UINT8_MAX) {
        error = xasprintf("invalid %s \"%s\"", what, arg);
    }
    if (!error) {
        struct act_u8 *a = acts_put(p->out, word_type(p), sizeof *a);
        a->value = (uint8_t)v;
    }
    return error;
}

char *act_parse_u16(struct act_parser *p, char *arg)
{
    uint64_t v;
    char *error = NULL;

    if (!text_to_u64(arg, &v) || v > UINT16_MAX) {
        error = xasprintf("invalid %s \"%s\"", p->word, arg);
    } else {
        struct act_u16 *a = acts_put(p->out, word_type(p), sizeof *a);
        a->value = (uint16_t)v;
    }
    return error;
}

char *act_parse_u32(struct act_parser *p, char *arg)
{
    uint64_t v;
    char *error = act_parse_int(p, arg, UINT32_MAX, &v);

    if (!error) {
        struct act_u32 *a = acts_put(p->out, word_type(p), sizeof *a);
        a->value = (uint32_t)v;
    }
    return error;
}

char *act_parse_meter(struct act_parser *p, char *arg)
{
    return act_parse_u32(p, arg);
}

char *act_parse_note(struct act_parser *p, char *arg)
{
    size_t n;
    uint8_t *data = text_to_hex(arg, &n);

    if (!data) {
        return xstrdup("bad hex digit in `note' argument");
    }
    /* On the wire 10 bytes precede the data, and the whole is padded. */
    size_t padded = ROUND_UP(10 + n, 8) - 10;
    char *error = NULL;
    if (padded > 65528 - 10) {
        error = xstrdup("note: too long");
    } else {
        struct act_note *a = acts_put(p->out, ACT_NOTE, sizeof *a + padded);
        a->n = (uint16_t)padded;
        memcpy(a->data, data, n);
    }
    free(data);
    return error;
}

/* ---- output ---- */

static void put_output(struct acts *out, uint32_t port, uint16_t max_len)
{
    struct act_output *a = acts_put(out, ACT_OUTPUT, sizeof *a);
    a->port = port;
    a->max_len = max_len;
}

static bool parse_port_action(struct act_parser *p, const char *s)
{
    uint32_t port;

    if (!port_parse(s, p->names, &port)) {
        return false;
    }
    put_output(p->out, port, port == OFPP_CONTROLLER ? UINT16_MAX : 0);
    return true;
}

char *act_parse_output(struct act_parser *p, char *arg)
{
    struct subfield src;

    if (act_is_output_trunc(arg)) {
        return act_parse_output_trunc(p, arg);
    }
    if (parse_port_action(p, arg)) {
        return NULL;
    }
    char *error = subfield_parse(arg, &src);
    if (error) {
        free(error);
        return xasprintf("%s: output to unknown port", arg);
    }
    struct act_output_reg *a = acts_put(p->out, ACT_OUTPUT_REG, sizeof *a);
    a->src = src;
    a->max_len = UINT16_MAX;
    return NULL;
}

/* ---- resubmit ---- */

/* PORT, or [PORT],[TABLE][,ct] */
char *act_parse_resubmit(struct act_parser *p, char *arg)
{
    char *port = strsep(&arg, ","), *table = strsep(&arg, ","), *ct = strsep(&arg, ",");
    struct act_resubmit r = {.in_port = OFPP_IN_PORT, .table = OFPTT_ALL};

    if (*port && !port_parse(port, p->names, &r.in_port)) {
        return xasprintf("%s: resubmit to unknown port", port);
    }
    if (table && *table && !act_parse_table(p->names, table, &r.table)) {
        return xasprintf("%s: resubmit to unknown table", table);
    }
    if (ct && strcmp(ct, "ct")) {
        return xasprintf("%s: unknown parameter", ct);
    }
    if (arg) {
        return xasprintf("%s: unknown parameter", arg);
    }
    if (r.in_port == OFPP_IN_PORT && r.table == OFPTT_ALL) {
        return xstrdup("at least one \"in_port\" or \"table\" must be specified on resubmit");
    }
    struct act_resubmit *a = acts_put(p->out, ACT_RESUBMIT, sizeof *a);
    a->in_port = r.in_port;
    a->table = r.table;
    a->ct = ct != NULL;
    return NULL;
}

/* ---- clone ---- */

char *act_parse_clone(struct act_parser *p, char *arg)
{
    struct act_parser nested = {
        .names = p->names, .out = p->out, .outer = OUTER_CLONE, .depth = p->depth};
    size_t size = sizeof(struct act_write_actions);
    size_t ofs = act_nest_begin(p->out, ACT_CLONE, size);
    char *error = act_parse_list(&nested, arg);

    if (error) {
        return error;
    }
    return act_nest_end(p->out, ofs, size) ? NULL : xstrdup("clone: too many actions");
}

/* ---- instructions ---- */

char *act_parse_clear_actions(struct act_parser *p, char *arg)
{
    if (*arg) {
        return xasprintf("clear_actions: no argument allowed (%s)", arg);
    }
    acts_put(p->out, ACT_CLEAR_ACTIONS, sizeof(struct act_null));
    return NULL;
}

char *act_parse_write_actions(struct act_parser *p, char *arg)
{
    struct act_parser nested = {
        .names = p->names, .out = p->out, .outer = OUTER_WRITE_ACTIONS, .depth = p->depth};
    size_t size = sizeof(struct act_write_actions);
    if (!p->instructions) { /* Before what is nested is looked at: no recursion on the text's word.
                             */
        return xstrdup("write_actions instruction not allowed here");
    }
    size_t ofs = act_nest_begin(p->out, ACT_WRITE_ACTIONS, size);
    char *error = act_parse_list(&nested, arg);

    if (error) {
        return error;
    }
    if (p->out->len == ofs + size) {
        p->out->len = ofs; /* Nothing to write: no instruction. */
        return NULL;
    }
    return act_nest_end(p->out, ofs, size) ? NULL : xstrdup("write_actions: too many actions");
}

char *act_parse_write_metadata(struct act_parser *p, char *arg)
{
    uint64_t value, mask = UINT64_MAX;
    char *slash = strchr(arg, '/');

    if (slash) {
        *slash = '\0';
        char *error = act_parse_int(p, slash + 1, UINT64_MAX, &mask);
        if (error) {
            return error;
        }
    }
    char *error = act_parse_int(p, arg, UINT64_MAX, &value);
    if (error) {
        return error;
    }
    struct act_write_metadata *a = acts_put(p->out, ACT_WRITE_METADATA, sizeof *a);
    a->value = value;
    a->mask = mask;
    return NULL;
}

char *act_parse_goto_table(struct act_parser *p, char *arg)
{
    uint8_t table;

    if (!act_parse_table(p->names, arg, &table)) {
        return xasprintf("unknown table \"%s\"", arg);
    }
    struct act_goto_table *a = acts_put(p->out, ACT_GOTO_TABLE, sizeof *a);
    a->table = table;
    return NULL;
}

char *act_parse_apply_actions(struct act_parser *p UNUSED, char *arg UNUSED)
{
    return xstrdup("apply_actions is the default instruction");
}

/* ---- lists ---- */

static const struct word *find_word(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcasecmp(key, words[i].name)) {
            return &words[i];
        }
    }
    return NULL;
}

static char *parse_item(struct act_parser *p, char *key, char *value)
{
    const struct word *word = find_word(key);

    if (word) {
        p->word = word->name;
        p->raw = word->raw;
        p->bytes = word->parse == act_parse_raw_actions;
        return word->parse(p, value);
    }
    if (!*value && parse_port_action(p, key)) {
        return NULL;
    }
    return xasprintf("unknown action %s", key);
}

static const char *rank_name(const struct act *a)
{
    enum act_rank rank = act_infos[a->type].rank;
    return rank == ACT_RANK_APPLY ? "apply_actions" : act_infos[a->type].name;
}

static char *check_order(const struct act *a, const struct act *prev)
{
    enum act_rank rank = act_infos[a->type].rank;
    enum act_rank before = prev ? act_infos[prev->type].rank : ACT_RANK_METER;

    if (prev && rank == before && rank != ACT_RANK_APPLY) {
        return xasprintf("duplicate %s instruction not allowed, for OpenFlow 1.1+ compatibility",
                         rank_name(a));
    }
    if (rank < before) {
        return xasprintf("invalid instruction ordering: %s must appear before %s, for OpenFlow "
                         "1.1+ compatibility",
                         rank_name(a), rank_name(prev));
    }
    return NULL;
}

static const struct act *act_at(const struct acts *acts, size_t ofs)
{
    return (const struct act *)(const void *)((const char *)acts->data + ofs);
}

/* What was just parsed, at 'ofs'; the one before it at 'prev' (SIZE_MAX: none). */
static char *check_item(const struct act_parser *p, size_t ofs, size_t prev)
{
    const struct act *a = act_at(p->out, ofs);
    char *error = NULL;

    if (a->type == ACT_METER && (p->outer == OUTER_CLONE || p->outer == OUTER_WRITE_ACTIONS)) {
        return xasprintf("%s action doesn't support nested action meter",
                         p->outer == OUTER_CLONE ? "clone" : "write_actions");
    }
    if (!p->instructions && p->outer != OUTER_CT && !p->bytes &&
        act_infos[a->type].rank != ACT_RANK_APPLY) {
        return xasprintf("%s instruction not allowed here", act_infos[a->type].name);
    }
    /* What an action set may not hold is left to the switch to refuse. */
    if (act_verify(a, p->outer == OUTER_WRITE_ACTIONS ? OUTER_NONE : p->outer, &error)) {
        return error;
    }
    return check_order(a, prev == SIZE_MAX ? NULL : act_at(p->out, prev));
}

static char *parse_items(struct act_parser *p, char *text)
{
    size_t prev = SIZE_MAX, n = 0, start = p->out->len;
    bool drop = false;
    char *key, *value;

    while (text_next_kv(&text, &key, &value)) {
        size_t ofs = p->out->len;
        n++;
        if (!strcasecmp(key, "drop") && !*value) {
            drop = true;
            continue;
        }
        char *error = parse_item(p, key, value);
        if (!error && p->out->len > ofs) {
            error = check_item(p, ofs, prev);
            prev = ofs;
        }
        if (!error && p->out->len > ACTS_MAX) {
            error = xasprintf("%s: too many actions", key);
        }
        if (error) {
            return error;
        }
    }
    if (drop && n > 1) {
        return xstrdup("\"drop\" must not be accompanied by any other action or instruction");
    }
    return p->out->len == start
               ? NULL
               : act_conjunction_verify(act_at(p->out, start), p->out->len - start);
}

char *act_parse_list(struct act_parser *p, char *text)
{
    if (p->depth >= ACT_MAX_DEPTH) { /* No recursion on the text's word. */
        return xstrdup("Action nested too deeply");
    }
    p->depth++;
    char *error = parse_items(p, text);
    p->depth--;
    return error;
}

char *acts_parse(char *text, const struct name_map *names, bool instructions, struct acts *out)
{
    struct act_parser p = {.names = names, .out = out, .instructions = instructions};
    return act_parse_list(&p, text);
}
