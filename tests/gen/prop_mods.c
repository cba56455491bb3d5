/* prop_mods.c - see prop.h: modifications of groups and meters, printed exactly and read again, are
 * the same message. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "ofp/act.h"
#include "ofp/group.h"
#include "ofp/meter.h"
#include "tests/gen/prop.h"

static const struct name_map exact = {.exact = true};

/* Behind the command's word, which parsers get as a number. */
static char *arguments(const struct text *t)
{
    const char *s = text_cstr(t);

    s += strspn(s, " ");
    s += strcspn(s, " ");
    return xstrdup(s);
}

/* NULL, or what is wrong. */
static char *compare(const struct text *t, const char *error, const struct wire_wr *w,
                     const struct wire_wr *w2)
{
    if (error) {
        return xasprintf("prints exactly as `%s', which does not parse: %s", text_cstr(t), error);
    }
    if (w->len != w2->len || memcmp(w->data, w2->data, w->len)) {
        return xasprintf("prints exactly as `%s', which reads as another", text_cstr(t));
    }
    return NULL;
}

static char *group_again(struct wire_rd *r, const struct msg_header *h)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    struct text t = TEXT_INIT;
    struct group_mod gm, gm2;
    char *wrong = NULL;

    if (group_mod_decode(r, h, &gm)) {
        return NULL;
    }
    group_mod_format(&gm, h->version, &exact, &t);
    char *text = arguments(&t);
    char *error = group_mod_parse(text, gm.command, NULL, &gm2, NULL);
    group_mod_encode(&gm, h->version, 0, &w);
    if (!error) {
        group_mod_encode(&gm2, h->version, 0, &w2);
        group_mod_deinit(&gm2);
    }
    wrong = compare(&t, error, &w, &w2);
    free(error);
    free(text);
    group_mod_deinit(&gm);
    text_deinit(&t);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

static char *meter_again(struct wire_rd *r, const struct msg_header *h)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    struct text t = TEXT_INIT;
    struct meter_mod mm, mm2;
    char *wrong = NULL;

    if (meter_mod_decode(r, h, &mm)) {
        return NULL;
    }
    meter_mod_format(&mm, &exact, &t);
    char *text = arguments(&t);
    char *error = meter_mod_parse(text, mm.command, &mm2);
    meter_mod_encode(&mm, h->version, 0, &w);
    if (!error) {
        meter_mod_encode(&mm2, h->version, 0, &w2);
        meter_deinit(&mm2.meter);
    }
    wrong = compare(&t, error, &w, &w2);
    free(error);
    free(text);
    meter_deinit(&mm.meter);
    text_deinit(&t);
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    return wrong;
}

char *prop_mod_text(const void *msg, size_t len)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h)) {
        return NULL;
    }
    return h.type == MSG_GROUP_MOD   ? group_again(&r, &h)
           : h.type == MSG_METER_MOD ? meter_again(&r, &h)
                                     : NULL;
}
