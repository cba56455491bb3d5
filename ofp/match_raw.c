/* match_raw.c - a match that the usual words do not say in full, as the bytes of a message:
 * `raw_match(1.5,HEX)`, the fields as a list of OXM (in 1.0, NXM); see match.h.
 *
 * The usual text is the peer's, and leaves things out: fields of NSH without its type, most masks
 * of tunnel fields, Ethernet's packet_type.  Where the reader asks for all (name_map.exact), a
 * match is printed in words only if these give it back.  Two matches are the same if every version
 * has the same bytes for both.  Pure. */
#include "ofp/match-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"
#include "ofp/msg.h"

static bool same(const struct match *a, const struct match *b)
{
    bool all = true;

    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION && all; v++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
        match_encode_tlvs(a, v, &w);
        match_encode_tlvs(b, v, &w2);
        all = format_same(&w, &w2);
        wire_wr_deinit(&w);
        wire_wr_deinit(&w2);
    }
    return all;
}

/* 'text' is modified. */
static bool words_say_all(char *text, const struct match *m)
{
    struct match again;
    char *key, *value, *error = NULL;
    bool found = true;

    match_init(&again);
    while (found && !error && text_next_kv(&text, &key, &value)) {
        error = match_parse_item(key, value, NULL, &again, &found);
    }
    bool all = found && !error;
    free(error);
    if (all) {
        match_normalise(&again, NULL); /* As a flow's is when read. */
    }
    return all && same(m, &again);
}

/* Prerequisites are the switch's to ask for, as of words. */
static enum ofp_error decode(uint8_t version, const void *data, size_t len, struct match *m)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    enum ofp_error error = match_decode_tlvs(&r, len, &h, true, m, NULL, NULL);
    if (error == OFPERR_OFPBMC_BAD_PREREQ) {
        wire_rd_init(&r, data, len);
        error = match_decode_tlvs(&r, len, &h, false, m, NULL, NULL);
    }
    return error;
}

static bool format_as(uint8_t version, const struct match *m, struct text *t)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct match again;

    match_encode_tlvs(m, version, &w);
    bool good = !w.err && !decode(version, w.data, w.len, &again) && same(m, &again);
    if (good) {
        text_puts(t, "raw_match(");
        format_raw(t, version, w.data, w.len);
        text_putc(t, ')');
    }
    wire_wr_deinit(&w);
    return good;
}

bool match_format_raw(const struct match *m, struct text *t)
{
    static const uint8_t versions[] = {OFP13_VERSION, OFP15_VERSION, OFP10_VERSION};
    struct text words = TEXT_INIT;
    bool done = false;

    match_format(m, NULL, -1, &words);
    char *copy = xstrdup(text_cstr(&words));
    if (!words_say_all(copy, m)) {
        for (size_t i = 0; i < ARRAY_SIZE(versions) && !done; i++) {
            done = format_as(versions[i], m, t);
        }
    }
    free(copy);
    text_deinit(&words);
    return done;
}

char *match_parse_raw(const char *value, struct match *m)
{
    struct match raw, none;
    uint8_t version;
    size_t len;

    match_init(&none);
    if (!match_equal(m, &none)) {
        return xstrdup("raw_match: allowed only without other fields");
    }
    uint8_t *data = format_raw_parse(value, &version, &len);
    if (!data) {
        return xstrdup("raw_match: expected VERSION,HEX, such as 1.3,8000000400000001");
    }
    enum ofp_error error = decode(version, data, len, &raw);
    free(data);
    if (error) {
        return xasprintf("raw_match: %s", ofp_error_name(error));
    }
    *m = raw;
    return NULL;
}
