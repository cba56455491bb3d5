/* msg_print_group.c - prints group messages; see msg_print.h.  Forms are group_text.c's. */
#include "ofp/group.h"
#include "ofp/msg_print.h"

enum ofp_error msg_print_group_mod(struct msg_print *p, struct wire_rd *r)
{
    struct group_mod gm;
    enum ofp_error error = group_mod_decode(r, p->h, &gm);

    if (!error) {
        text_putc(p->out, '\n');
        group_mod_format(&gm, p->h->version, p->names, p->out);
        group_mod_deinit(&gm);
    }
    return error;
}

enum ofp_error msg_print_group_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    struct group g;
    bool end;
    enum ofp_error error;

    while (!(error = group_desc_decode(r, p->h, &g, &end)) && !end) {
        text_puts(p->out, "\n ");
        group_format(&g, p->h->version, p->names, p->out);
        group_deinit(&g);
    }
    return error;
}

enum ofp_error msg_print_group_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id;
    enum ofp_error error = group_request_decode(r, p->h, &id);

    if (error) {
        return error;
    }
    if (id == OFPG_ANY || id == OFPG_ALL) {
        text_printf(p->out, " group_id=%s", id == OFPG_ANY ? "ANY" : "ALL");
    } else {
        text_printf(p->out, " group_id=%" PRIu32, id);
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_group_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct group_stats s;
    bool end;
    enum ofp_error error;

    while (!(error = group_stats_decode(r, p->h, &s, &end)) && !end) {
        text_puts(p->out, "\n ");
        group_stats_format(&s, p->out);
        group_stats_deinit(&s);
    }
    if (error) {
        text_puts(p->out, " ***parse error***");
    }
    return error;
}

enum ofp_error msg_print_group_features_reply(struct msg_print *p, struct wire_rd *r)
{
    struct group_features f;
    enum ofp_error error = group_features_decode(r, &f);

    if (!error) {
        group_features_format(&f, p->h->version, p->out);
    }
    return error;
}
