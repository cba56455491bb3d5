/* gen-recorded.c - see gen.h: what genuine ovs-ofctl sent. */
#include "tests/gen/gen.h"

#define RECORDED(VERSION, TEXT, HEX) {VERSION, TEXT, HEX},

const struct gen_recorded gen_flow_mods[] = {
#include "tests/gen/flow-mods.def"
    {0, NULL, NULL}};

const struct gen_recorded gen_requests[] = {
#include "tests/gen/requests.def"
    {0, NULL, NULL}};

bool gen_is_known(const char *line)
{
    static const char *const words[] = {
#define KNOWN(WORDS, WHY) WORDS,
#define REFUSED(...)
#include "tests/gen/known.def"
#undef KNOWN
#undef REFUSED
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strstr(line, words[i])) {
            return true;
        }
    }
    return false;
}

enum ofp_error gen_refused(const struct gen_recorded *r)
{
    static const struct {
        const char *words;
        uint8_t last;
        enum ofp_error error;
    } rows[] = {
#define KNOWN(...)
#define REFUSED(WORDS, LAST, ERROR, WHY) {WORDS, LAST, OFPERR_##ERROR},
#include "tests/gen/known.def"
#undef KNOWN
#undef REFUSED
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strstr(r->text, rows[i].words) && r->version <= rows[i].last) {
            return rows[i].error;
        }
    }
    return OFPERR_OK;
}

bool gen_flow_parts(const uint8_t *msg, size_t len, struct gen_flow_parts *parts)
{
    static const uint8_t flow_mod_type = 14, vendor_type = 4;
    uint8_t version = msg[0];

    if (msg[1] == flow_mod_type && version == OFP10_VERSION) {
        *parts = (struct gen_flow_parts){8, 72};
    } else if (msg[1] == flow_mod_type && version == OFP11_VERSION) {
        *parts = (struct gen_flow_parts){48, 136};
    } else if (msg[1] == flow_mod_type && len >= 56) {
        *parts = (struct gen_flow_parts){48, 48 + ROUND_UP(get_be16(msg + 50), 8u)};
    } else if (msg[1] == vendor_type && len >= 48 && get_be32(msg + 8) == NX_VENDOR_ID &&
               get_be32(msg + 12) == 13) {
        *parts = (struct gen_flow_parts){48, 48 + ROUND_UP(get_be16(msg + 40), 8u)};
    } else {
        return false;
    }
    return parts->acts <= len;
}
