/* msg_print_meter.c - prints meter messages; see msg_print.h.  Forms are meter_text.c's. */
#include "ofp/meter.h"
#include "ofp/msg_print.h"

enum ofp_error msg_print_meter_mod(struct msg_print *p, struct wire_rd *r)
{
    struct meter_mod mm;
    enum ofp_error error = meter_mod_decode(r, p->h, &mm);

    if (!error) {
        meter_mod_format(&mm, p->names, p->out);
        meter_deinit(&mm.meter);
    }
    return error;
}

enum ofp_error msg_print_meter_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id;
    enum ofp_error error = meter_request_decode(r, &id);

    if (!error) {
        text_putc(p->out, ' ');
        meter_format_id(id, '=', p->out);
    }
    return error;
}

enum ofp_error msg_print_meter_config_reply(struct msg_print *p, struct wire_rd *r)
{
    struct meter m;
    bool end;
    enum ofp_error error;

    while (!(error = meter_config_decode(r, &m, &end)) && !end) {
        text_putc(p->out, '\n');
        meter_format(&m, p->names, p->out);
        meter_deinit(&m);
    }
    return error;
}

enum ofp_error msg_print_meter_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct meter_stats s;
    bool end;
    enum ofp_error error;

    while (!(error = meter_stats_decode(r, &s, &end)) && !end) {
        text_putc(p->out, '\n');
        meter_stats_format(&s, p->out);
        meter_stats_deinit(&s);
    }
    return error;
}

enum ofp_error msg_print_meter_features_reply(struct msg_print *p, struct wire_rd *r)
{
    struct meter_features f;
    enum ofp_error error = meter_features_decode(r, &f);

    if (!error) {
        meter_features_format(&f, p->out);
    }
    return error;
}
