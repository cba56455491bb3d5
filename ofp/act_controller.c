/* act_controller.c - the controller action, in both Nicira forms and in text; see act-private.h.
 *
 * NXAST_CONTROLLER has room for length, connection and reason; NXAST_CONTROLLER2 is a list of
 * properties.  A plain `controller` is an output, see act_parse_controller(). */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

enum prop {
    PROP_MAX_LEN,
    PROP_CONTROLLER_ID,
    PROP_REASON,
    PROP_USERDATA,
    PROP_PAUSE,
    PROP_METER_ID,
    PROP_N,
};
#define PROP_HEADER       4
#define PROP_EXPERIMENTER 0xffff
/* So that the action with all other properties is not too long for its length field. */
#define USERDATA_MAX (65528 - 16 - 4 * 8 - 8 - PROP_HEADER)

static const char *const reasons[] = {"no_match",   "action", "invalid_ttl",
                                      "action_set", "group",  "packet_out"};

const char *act_reason_name(uint8_t reason)
{
    return reason < ARRAY_SIZE(reasons) ? reasons[reason] : NULL;
}

static void put(struct acts *out, const struct act_controller *c, const uint8_t *userdata)
{
    struct act_controller *a = acts_put(out, ACT_CONTROLLER, sizeof *a + c->n_userdata);

    a->act.raw = c->act.raw;
    a->max_len = c->max_len;
    a->controller_id = c->controller_id;
    a->meter_id = c->meter_id;
    a->n_userdata = c->n_userdata;
    a->reason = c->reason;
    a->pause = c->pause;
    if (c->n_userdata) {
        memcpy(a->userdata, userdata, c->n_userdata);
    }
}

/* ---- wire ---- */

enum ofp_error act_dec_controller(struct act_decoder *d, const struct act_wire *row UNUSED,
                                  struct wire_rd *r)
{
    struct act_controller *a = acts_put(d->out, ACT_CONTROLLER, sizeof *a);
    a->max_len = wire_rd_u16(r);
    a->controller_id = wire_rd_u16(r);
    a->reason = wire_rd_u8(r);
    return OFPERR_OK;
}

void act_enc_controller(const struct act *a, const struct act_wire *row UNUSED,
                        uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_controller *c = (const void *)a;
    wire_wr_u16(w, c->max_len);
    wire_wr_u16(w, c->controller_id);
    wire_wr_u8(w, c->reason);
}

/* A property of 'n' bytes behind its header, which 'r' covers with its padding. */
static enum ofp_error decode_prop(uint16_t type, size_t n, struct wire_rd *r,
                                  struct act_controller *c, const uint8_t **userdata)
{
    static const uint8_t sizes[PROP_N] = {
        [PROP_MAX_LEN] = 2, [PROP_CONTROLLER_ID] = 2, [PROP_REASON] = 1, [PROP_METER_ID] = 4};

    if (type >= PROP_N) {
        return type == PROP_EXPERIMENTER ? OFPERR_OFPBPC_BAD_EXP_TYPE : OFPERR_OFPBPC_BAD_TYPE;
    }
    if (sizes[type] && (n < sizes[type] || n > 4)) {
        return OFPERR_OFPBPC_BAD_LEN; /* More than the property and its padding. */
    }
    switch ((enum prop)type) {
    case PROP_MAX_LEN:
        c->max_len = wire_rd_u16(r);
        break;
    case PROP_CONTROLLER_ID:
        c->controller_id = wire_rd_u16(r);
        break;
    case PROP_REASON:
        c->reason = wire_rd_u8(r);
        break;
    case PROP_USERDATA:
        *userdata = r->p;
        c->n_userdata = (uint16_t)n;
        break;
    case PROP_PAUSE:
        c->pause = true;
        break;
    case PROP_METER_ID:
        c->meter_id = wire_rd_u32(r);
        break;
    case PROP_N:
        break;
    }
    return OFPERR_OK;
}

enum ofp_error act_dec_controller2(struct act_decoder *d, const struct act_wire *row UNUSED,
                                   struct wire_rd *r)
{
    struct act_controller c = {.act.raw = RAW_CONTROLLER2,
                               .max_len = UINT16_MAX,
                               .reason = ACT_REASON_ACTION};
    const uint8_t *userdata = NULL;
    const uint8_t *zero = wire_rd_bytes(r, 6);

    if (zero && !is_all_zeros(zero, 6)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    while (wire_rd_left(r)) { /* Multiples of 8 bytes, so that a header is always there. */
        uint16_t type = get_be16(r->p), len = get_be16(r->p + 2);
        if (len < PROP_HEADER || len > wire_rd_left(r)) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
        struct wire_rd prop = wire_rd_sub(r, ROUND_UP(len, 8));
        wire_rd_skip(&prop, PROP_HEADER);
        enum ofp_error error = decode_prop(type, len - PROP_HEADER, &prop, &c, &userdata);
        if (error) {
            return error;
        }
    }
    put(d->out, &c, userdata);
    return OFPERR_OK;
}

static size_t begin_prop(enum prop type, struct wire_wr *w)
{
    size_t start = w->len;
    wire_wr_u16(w, (uint16_t)type);
    wire_wr_u16(w, 0);
    return start;
}

static void end_prop(size_t start, struct wire_wr *w)
{
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    wire_wr_pad(w, start, 8);
}

/* The two bytes behind the value count as the property's. */
static void put_prop16(enum prop type, uint16_t value, struct wire_wr *w)
{
    size_t start = begin_prop(type, w);
    wire_wr_u16(w, value);
    wire_wr_zeros(w, 2);
    end_prop(start, w);
}

void act_enc_controller2(const struct act *a, const struct act_wire *row UNUSED,
                         uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_controller *c = (const void *)a;

    wire_wr_zeros(w, 6);
    if (c->max_len != UINT16_MAX) {
        put_prop16(PROP_MAX_LEN, c->max_len, w);
    }
    if (c->controller_id) {
        put_prop16(PROP_CONTROLLER_ID, c->controller_id, w);
    }
    if (c->reason != ACT_REASON_ACTION) {
        size_t start = begin_prop(PROP_REASON, w);
        wire_wr_u8(w, c->reason);
        end_prop(start, w);
    }
    if (c->n_userdata) {
        size_t start = begin_prop(PROP_USERDATA, w);
        wire_wr_bytes(w, c->userdata, c->n_userdata);
        end_prop(start, w);
    }
    if (c->pause) {
        end_prop(begin_prop(PROP_PAUSE, w), w);
    }
    if (c->meter_id) {
        size_t start = begin_prop(PROP_METER_ID, w);
        wire_wr_u32(w, c->meter_id);
        end_prop(start, w);
    }
}

/* ---- text ---- */

void act_format_controller(const struct act_controller *c, struct text *t)
{
    const char *reason = act_reason_name(c->reason);

    if (c->reason == ACT_REASON_ACTION && !c->controller_id && !act_controller_is_extended(c)) {
        text_printf(t, "CONTROLLER:%u", c->max_len);
        return;
    }
    text_puts(t, "controller(");
    if (!reason) {
        text_printf(t, "reason=%u,", c->reason);
    } else if (c->reason != ACT_REASON_ACTION) {
        text_printf(t, "reason=%s,", reason);
    }
    if (c->max_len != UINT16_MAX) {
        text_printf(t, "max_len=%u,", c->max_len);
    }
    if (c->controller_id) {
        text_printf(t, "id=%u,", c->controller_id);
    }
    if (c->n_userdata) {
        text_puts(t, "userdata=");
        for (size_t i = 0; i < c->n_userdata; i++) {
            text_printf(t, "%s%02x", i ? "." : "", c->userdata[i]);
        }
        text_putc(t, ',');
    }
    text_puts(t, c->pause ? "pause," : "");
    if (c->meter_id) {
        text_printf(t, "meter_id=%" PRIu32 ",", c->meter_id);
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}

static char *parse_reason(const char *s, uint8_t *reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        if (!strcmp(s, reasons[i])) {
            *reason = (uint8_t)i;
            return NULL;
        }
    }
    return xasprintf("unknown reason \"%s\"", s);
}

static char *parse_u16(const char *key, const char *value, uint16_t *out)
{
    return text_to_u16(value, out) ? NULL : xasprintf("invalid %s \"%s\"", key, value);
}

static char *parse_userdata(const char *value, struct act_controller *c, uint8_t **userdata)
{
    size_t n;

    free(*userdata);
    *userdata = text_to_hex(value, &n);
    if (!*userdata) {
        return xstrdup("bad hex digit in `controller' action `userdata'");
    }
    if (n > USERDATA_MAX) {
        return xstrdup("controller: userdata is too long");
    }
    c->n_userdata = (uint16_t)n;
    return NULL;
}

static char *parse_meter_id(const char *value, uint32_t *meter_id)
{
    return text_to_u32(value, meter_id) ? NULL : xasprintf("invalid numeric format %s", value);
}

static char *parse_item(const char *key, const char *value, struct act_controller *c,
                        uint8_t **userdata)
{
    if (!strcmp(key, "reason")) {
        return parse_reason(value, &c->reason);
    }
    if (!strcmp(key, "max_len")) {
        return parse_u16(key, value, &c->max_len);
    }
    if (!strcmp(key, "id")) {
        return parse_u16(key, value, &c->controller_id);
    }
    if (!strcmp(key, "userdata")) {
        return parse_userdata(value, c, userdata);
    }
    if (!strcmp(key, "pause")) {
        c->pause = true;
        return NULL;
    }
    if (!strcmp(key, "meter_id")) {
        return parse_meter_id(value, &c->meter_id);
    }
    return xasprintf("unknown key \"%s\" parsing controller action", key);
}

static void put_output(struct acts *out, uint16_t max_len)
{
    struct act_output *a = acts_put(out, ACT_OUTPUT, sizeof *a);
    a->port = OFPP_CONTROLLER;
    a->max_len = max_len;
}

/* A length, or keys; what an output can say becomes one. */
char *act_parse_controller(struct act_parser *p, char *arg)
{
    struct act_controller c = {.max_len = UINT16_MAX, .reason = ACT_REASON_ACTION};
    uint8_t *userdata = NULL;
    char *key, *value, *error = NULL;

    if (*arg && strspn(arg, "0123456789abcdefxABCDEFX") == strlen(arg)) {
        uint64_t v;
        error = act_parse_int(p, arg, UINT16_MAX, &v);
        if (!error) {
            put_output(p->out, (uint16_t)v);
        }
        return error;
    }
    while (!error && text_next_kv(&arg, &key, &value)) {
        error = parse_item(key, value, &c, &userdata);
    }
    if (!error) {
        if (c.reason == ACT_REASON_ACTION && !c.controller_id && !userdata &&
            !act_controller_is_extended(&c)) {
            put_output(p->out, c.max_len);
        } else {
            put(p->out, &c, userdata);
        }
    }
    free(userdata);
    return error;
}
