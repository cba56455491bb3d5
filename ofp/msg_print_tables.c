/* msg_print_tables.c - prints messages about flow tables; see msg_print.h. */
#include "ofp/msg_print.h"
#include "ofp/table_mod.h"
#include "ofp/table_stats.h"

enum ofp_error msg_print_table_mod(struct msg_print *p, struct wire_rd *r)
{
    struct table_config c;
    enum ofp_error err = table_mod_decode(r, p->h, &c);
    if (!err) {
        table_mod_format(&c, p->h->version, p->names, p->out);
    }
    return err;
}

enum ofp_error msg_print_table_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct table_printer t;
    table_printer_init(&t, p->h->version, p->names, p->out);
    for (;;) {
        struct table_stats stats;
        struct table_features features;
        bool end;
        enum ofp_error err = table_stats_decode(r, p->h->version, &stats, &features, &end);
        if (err || end) {
            table_printer_end(&t);
            return err;
        }
        table_printer_add(&t, &features, &stats);
    }
}

enum ofp_error msg_print_table_features(struct msg_print *p, struct wire_rd *r)
{
    struct table_printer t;
    table_printer_init(&t, p->h->version, p->names, p->out);
    for (;;) {
        struct table_features features;
        bool end;
        enum ofp_error err = table_features_decode(r, p->h, &features, &end);
        if (err || end) {
            table_printer_end(&t);
            return err;
        }
        table_printer_add(&t, &features, NULL);
    }
}

enum ofp_error msg_print_table_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    for (;;) {
        struct table_config c;
        bool end;
        enum ofp_error err = table_desc_decode(r, &c, &end);
        if (err || end) {
            return err;
        }
        table_desc_format(&c, p->names, p->out);
    }
}

enum ofp_error msg_print_table_status(struct msg_print *p, struct wire_rd *r)
{
    enum table_status_reason reason;
    struct table_config c;
    enum ofp_error err = table_status_decode(r, &reason, &c);
    if (!err) {
        text_printf(p->out, " reason=%s\ntable_desc:-",
                    reason == TABLE_VACANCY_DOWN ? "VACANCY_DOWN" : "VACANCY_UP");
        table_desc_format(&c, p->names, p->out);
    }
    return err;
}

void msg_print_action_bits(struct text *s, uint32_t actions)
{
    table_features_format_actions(actions, OFP13_VERSION, s);
}
