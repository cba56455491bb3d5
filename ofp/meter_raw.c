/* meter_raw.c - meters as text, and those that the usual words do not say in full (no bands, flags
 * without a name) as the bytes of their message: `raw_meter(1.3,HEX)`; see meter.h.
 *
 * HEX is a whole METER_MOD, whatever prints; its command must be the reader's.  Pure. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act.h"
#include "ofp/format.h"
#include "ofp/meter.h"

static const char word[] = "raw_meter";

static bool same(const struct wire_wr *w, const struct meter_mod *mm)
{
    struct wire_wr w2 = WIRE_WR_INIT(OFP_MAX_LEN);

    meter_mod_encode(mm, OFP13_VERSION, 0, &w2);
    bool same = format_same(w, &w2);
    wire_wr_deinit(&w2);
    return same;
}

static bool words_say_all(const char *text, const struct meter_mod *mm, const struct wire_wr *w)
{
    struct meter_mod again;
    char *copy = xstrdup(text);
    char *error = meter_mod_parse(copy, mm->command, &again);
    bool all = !error && same(w, &again);

    if (!error) {
        meter_deinit(&again.meter);
    }
    free(error);
    free(copy);
    return all;
}

static void format_exact(const struct meter_mod *mm, struct text *t)
{
    struct text words = TEXT_INIT;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    meter_words(&mm->meter, &words);
    meter_mod_encode(mm, OFP13_VERSION, 0, &w);
    if (w.err || words_say_all(text_cstr(&words), mm, &w)) {
        text_puts(t, text_cstr(&words));
    } else {
        text_printf(t, "%s(", word);
        format_raw(t, OFP13_VERSION, w.data, w.len);
        text_puts(t, ")\n");
    }
    wire_wr_deinit(&w);
    text_deinit(&words);
}

void meter_format(const struct meter *m, const struct name_map *names, struct text *t)
{
    if (names && names->exact) {
        format_exact(&(struct meter_mod){.command = MM_ADD, .meter = *m}, t);
    } else {
        meter_words(m, t);
    }
}

void meter_mod_format(const struct meter_mod *mm, const struct name_map *names, struct text *t)
{
    meter_command_format(mm->command, t);
    if (names && names->exact) {
        format_exact(mm, t);
    } else {
        meter_words(&mm->meter, t);
    }
}

static char *parse_message(const uint8_t *data, size_t len, struct meter_mod *mm)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    if (msg_decode_header(&r, &h) || h.len != len || h.type != MSG_METER_MOD) {
        return xasprintf("%s: not a meter mod message", word);
    }
    enum ofp_error error = meter_mod_decode(&r, &h, mm);
    return error ? xasprintf("%s: %s", word, ofp_error_name(error)) : NULL;
}

char *meter_parse_raw(const char *text, int command, struct meter_mod *mm, bool *is_raw)
{
    uint8_t *data;
    size_t len;

    *is_raw = format_raw_word_parse(text, word, &data, &len);
    if (!*is_raw) {
        return NULL;
    }
    char *error = data ? parse_message(data, len, mm)
                       : xasprintf("%s: expected (VERSION,HEX) and nothing else", word);
    free(data);
    if (!error && mm->command != command) {
        meter_deinit(&mm->meter);
        error = xasprintf("%s: the message has another command", word);
    }
    return error;
}
