/* msg_print_monitor.c - prints flow monitors' requests and replies; see msg_print.h. */
#include "ofp/flow_monitor.h"
#include "ofp/msg_print.h"

enum ofp_error msg_print_flow_monitor_request(struct msg_print *p, struct wire_rd *r)
{
    for (;;) {
        struct flow_monitor_request req;
        bool end;
        enum ofp_error error = flow_monitor_request_decode(r, p->h, &req, &end);
        if (error || end) {
            return error;
        }
        flow_monitor_format(&req, p->names, p->out);
    }
}

enum ofp_error msg_print_flow_monitor_reply(struct msg_print *p, struct wire_rd *r)
{
    for (;;) {
        struct flow_update u;
        bool end;
        enum ofp_error error = flow_update_decode(r, p->h, &u, &end);
        if (error || end) {
            return error;
        }
        flow_update_format(&u, p->names, p->out);
        flow_update_deinit(&u);
    }
}

enum ofp_error msg_print_monitor_cancel(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id;
    enum ofp_error error = flow_monitor_cancel_decode(r, &id);

    if (!error) {
        text_printf(p->out, " id=%" PRIu32, id);
    }
    return error;
}
