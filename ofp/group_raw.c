/* group_raw.c - groups as text, and those that the usual words do not say in full as the bytes of
 * their message: `raw_group(1.5,HEX)`; see group.h.
 *
 * HEX is a whole GROUP_MOD (of 1.0, Nicira's), whatever prints; its command must be the reader's.
 * In words as long as they read as the same message of the version at hand.  Pure. */
#include "ofp/group-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"

static const char word[] = "raw_group";

static bool same(const struct group_mod *a, const struct group_mod *b, uint8_t version)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);

    group_mod_encode(a, version, 0, &w);
    group_mod_encode(b, version, 0, &w2);
    bool same = !w.err && format_same(&w, &w2);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return same;
}

/* 'text': of a group, without a command's word. */
static bool words_say_all(const char *text, const struct group_mod *gm, uint8_t version)
{
    struct group_mod again;
    char *copy = xstrdup(text);
    char *error = group_mod_parse(copy, gm->command, NULL, &again, NULL);
    bool all = !error && same(gm, &again, version);

    if (!error) {
        group_mod_deinit(&again);
    }
    free(error);
    free(copy);
    return all;
}

/* The group in words that say all, or as bytes, behind what 't' has. */
static void format_exact(const struct group_mod *gm, uint8_t version, const struct name_map *names,
                         struct text *t)
{
    const struct name_map plain = {.exact = true};
    struct text words = TEXT_INIT;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    group_words(gm, version, &plain, &words);
    group_mod_encode(gm, version, 0, &w);
    if (w.err || words_say_all(text_cstr(&words), gm, version)) {
        group_words(gm, version, names, t);
    } else {
        text_printf(t, "%s(", word);
        format_raw(t, version, w.data, w.len);
        text_putc(t, ')');
    }
    wire_wr_deinit(&w);
    text_deinit(&words);
}

void group_format(const struct group *g, uint8_t version, const struct name_map *names,
                  struct text *t)
{
    const struct group_mod gm = {.command = GM_ADD, .command_bucket = BUCKET_ALL, .group = *g};

    if (names && names->exact) {
        format_exact(&gm, version, names, t);
    } else {
        group_words(&gm, version, names, t);
    }
}

void group_mod_format(const struct group_mod *gm, uint8_t version, const struct name_map *names,
                      struct text *t)
{
    group_command_format(gm, t);
    if (names && names->exact) {
        format_exact(gm, version, names, t);
    } else {
        group_words(gm, version, names, t);
    }
}

static char *parse_message(const uint8_t *data, size_t len, struct group_mod *gm)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    if (msg_decode_header(&r, &h) || h.len != len ||
        (h.type != MSG_GROUP_MOD && h.type != MSG_NXT_GROUP_MOD)) {
        return xasprintf("%s: not a group mod message", word);
    }
    enum ofp_error error = group_mod_decode(&r, &h, gm);
    return error ? xasprintf("%s: %s", word, ofp_error_name(error)) : NULL;
}

char *group_parse_raw(const char *text, int command, struct group_mod *gm, bool *is_raw)
{
    uint8_t *data;
    size_t len;

    *is_raw = format_raw_word_parse(text, word, &data, &len);
    if (!*is_raw) {
        return NULL;
    }
    char *error = data ? parse_message(data, len, gm)
                       : xasprintf("%s: expected (VERSION,HEX) and nothing else", word);
    free(data);
    if (!error && command >= 0 && gm->command != command) {
        group_mod_deinit(gm);
        error = xasprintf("%s: the message has another command", word);
    }
    return error;
}
