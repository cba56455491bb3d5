/* act_raw.c - acts that the usual words do not say in full, as the bytes of a message; see act.h.
 *
 * The usual text is the peer's, and leaves things out: which of several forms an action came in,
 * masks of tunnel flags, a limit of bytes to a port that has none.  Where the reader asks for all
 * (name_map.exact), an act is printed in words only if these give it back; else as
 *
 *   raw_actions(1.3,HEX)       an action list as OpenFlow 1.3 has it
 *   raw_instructions(1.3,HEX)  the same of instructions
 *
 * which stand at the outermost level only.  Two lists are the same if every version of OpenFlow has
 * the same bytes for both.  Pure; the words come back through the decoder, whose checks hold. */
#include "ofp/act-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"

static void encode(bool instructions, const void *acts, size_t len, uint8_t version,
                   struct wire_wr *w)
{
    if (instructions) {
        acts_encode_instructions(acts, len, version, w);
    } else {
        acts_encode_actions(acts, len, version, w);
    }
}

/* In 1.5 a meter is an action, too. */
static bool is_only_actions(const void *acts, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (act_infos[a->type].rank != ACT_RANK_APPLY && a->type != ACT_METER) {
            return false;
        }
    }
    return true;
}

static bool same_in(uint8_t version, const void *acts, size_t len, const struct acts *other)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);

    encode(true, acts, len, version, &w);
    encode(true, other->data, other->len, version, &w2);
    bool same = format_same(&w, &w2);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return same;
}

static bool same(const void *acts, size_t len, const struct acts *other)
{
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        if (!same_in(v, acts, len, other)) {
            return false;
        }
    }
    return true;
}

/* Does 'text' read as these acts? */
static bool text_says_all(const char *text, const void *acts, size_t len, bool instructions)
{
    struct acts again = ACTS_INIT;
    char *copy = xstrdup(text);
    char *error = acts_parse(copy, NULL, instructions, &again);
    bool all = !error && same(acts, len, &again);

    free(error);
    free(copy);
    acts_deinit(&again);
    return all;
}

static enum ofp_error decode(bool instructions, uint8_t version, const void *data, size_t len,
                             struct acts *out)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    return instructions ? acts_decode_instructions(&r, len, &h, out)
                        : acts_decode_actions(&r, len, &h, out);
}

/* Appends the form of 'version'; false if it is not the same. */
static bool format_as(uint8_t version, bool instructions, const void *acts, size_t len,
                      struct text *t)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts again = ACTS_INIT;

    encode(instructions, acts, len, version, &w);
    bool good =
        !w.err && !decode(instructions, version, w.data, w.len, &again) && same(acts, len, &again);
    if (good) {
        text_printf(t, "%s(", instructions ? "raw_instructions" : "raw_actions");
        format_raw(t, version, w.data, w.len);
        text_putc(t, ')');
    }
    acts_deinit(&again);
    wire_wr_deinit(&w);
    return good;
}

/* False if no version has all of it. */
static bool format_bytes(const void *acts, size_t len, struct text *t)
{
    bool instructions = !is_only_actions(acts, len);
    static const uint8_t versions[] = {OFP13_VERSION, OFP15_VERSION, OFP10_VERSION,
                                       OFP14_VERSION, OFP12_VERSION, OFP11_VERSION};

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        if (format_as(versions[i], instructions, acts, len, t)) {
            return true;
        }
    }
    return false;
}

static void format_each(const void *acts, size_t len, const struct name_map *names, struct text *t)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        struct text one = TEXT_INIT;
        acts_format(a, a->len, NULL, &one);
        text_puts(t, a == acts ? "" : ",");
        if (text_says_all(text_cstr(&one), a, a->len, !names->only_actions) ||
            !format_bytes(a, a->len, t)) {
            struct name_map words = *names;
            words.exact = false;
            acts_format(a, a->len, &words, t);
        }
        text_deinit(&one);
    }
}

void act_format_exact(const void *acts, size_t len, const struct name_map *names, struct text *t)
{
    struct text numbers = TEXT_INIT;

    /* What is right one by one may be wrong in a row: a meter behind actions. */
    const struct name_map plain = {.only_actions = names->only_actions};
    format_each(acts, len, &plain, &numbers);
    if (text_says_all(text_cstr(&numbers), acts, len, !names->only_actions) ||
        !format_bytes(acts, len, t)) {
        format_each(acts, len, names, t);
    }
    text_deinit(&numbers);
}

static void append(struct acts *out, const struct acts *list)
{
    const struct act *a;

    ACT_FOR_EACH(a, list->data, list->len) {
        memcpy(acts_put(out, a->type, a->len), a, a->len);
    }
}

static char *parse(struct act_parser *p, bool instructions, const char *arg)
{
    uint8_t version;
    size_t len;

    if (p->outer != OUTER_NONE || p->depth > 1) {
        return xasprintf("%s is allowed at the outermost level only", p->word);
    }
    if (instructions && !p->instructions) {
        return xasprintf("%s not allowed here", p->word);
    }
    uint8_t *data = format_raw_parse(arg, &version, &len);
    if (!data) {
        return xasprintf("%s: expected VERSION,HEX, such as 1.3,0000001000000001ffff000000000000",
                         p->word);
    }
    struct acts list = ACTS_INIT;
    enum ofp_error error = decode(instructions, version, data, len, &list);
    free(data);
    if (!error) {
        append(p->out, &list);
    }
    acts_deinit(&list);
    return error ? xasprintf("%s: %s", p->word, ofp_error_name(error)) : NULL;
}

char *act_parse_raw_actions(struct act_parser *p, char *arg)
{
    return parse(p, false, arg);
}

char *act_parse_raw_instructions(struct act_parser *p, char *arg)
{
    return parse(p, true, arg);
}
