/* msg_print_switch.c - prints messages about the switch and its ports; see msg_print.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/msg_print.h"
#include "ofp/port_stats.h"
#include "ofp/switch.h"

static int compare_ports(const void *a_, const void *b_)
{
    const struct ofp_port *a = a_, *b = b_;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* All ports up to the end of 'r', by number, whatever order the switch has; what came before an
 * error is printed. */
static enum ofp_error print_ports(struct msg_print *p, struct wire_rd *r)
{
    struct ofp_port *ports = NULL;
    enum ofp_error err = OFPERR_OK;
    size_t n = 0, max = 0;

    while (wire_rd_left(r) && !err) {
        if (n == max) {
            max = max ? 2 * max : 8;
            ports = xrealloc(ports, max * sizeof *ports);
        }
        err = ofp_port_decode(r, p->h->version, &ports[n]);
        n += err == OFPERR_OK;
    }
    if (n) {
        qsort(ports, n, sizeof *ports, compare_ports);
    }
    for (size_t i = 0; i < n; i++) {
        ofp_port_format(&ports[i], p->h->version, p->out);
    }
    free(ports);
    return err;
}

enum ofp_error msg_print_features_reply(struct msg_print *p, struct wire_rd *r)
{
    struct switch_features f;
    enum ofp_error err = switch_features_decode(r, p->h, &f);
    if (err) {
        return err;
    }
    switch_features_format(&f, p->h->version, p->out);
    return print_ports(p, r);
}

enum ofp_error msg_print_switch_config(struct msg_print *p, struct wire_rd *r)
{
    static const char *const frags[] = {"normal", "drop", "reassemble", "nx-match"};
    struct switch_config c;
    enum ofp_error err = switch_config_decode(r, p->h, &c);
    if (err) {
        return err;
    }
    text_printf(p->out, " frags=%s%s miss_send_len=%u", frags[c.flags],
                c.invalid_ttl ? " invalid_ttl_to_controller" : "", c.miss_send_len);
    return OFPERR_OK;
}

enum ofp_error msg_print_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    struct switch_desc d;
    enum ofp_error err = switch_desc_decode(r, &d);
    if (err) {
        return err;
    }
    const struct {
        const char *label, *value;
    } lines[] = {{"Manufacturer", d.manufacturer},
                 {"Hardware", d.hardware},
                 {"Software", d.software},
                 {"Serial Num", d.serial},
                 {"DP Description", d.dp}};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        text_printf(p->out, "\n%s: ", lines[i].label);
        format_printable(p->out, lines[i].value, strlen(lines[i].value));
    }
    return OFPERR_OK;
}

/* ---- ports ---- */

enum ofp_error msg_print_port_status(struct msg_print *p, struct wire_rd *r)
{
    static const char *const reasons[] = {"ADD", "DEL", "MOD"};
    enum port_status_reason reason;
    struct ofp_port port;
    enum ofp_error err = port_status_decode(r, p->h, &reason, &port);
    if (err) {
        return err;
    }
    text_printf(p->out, " %s:", reasons[reason]);
    ofp_port_format(&port, p->h->version, p->out);
    return OFPERR_OK;
}

enum ofp_error msg_print_port_mod(struct msg_print *p, struct wire_rd *r)
{
    struct port_mod pm;
    enum ofp_error err = port_mod_decode(r, p->h, &pm);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    text_puts(s, " port: ");
    port_format(pm.port, p->names, s);
    text_puts(s, ": addr:");
    text_mac(s, pm.hw_addr);
    text_puts(s, "\n     config: ");
    ofp_port_format_config(pm.config, s);
    text_puts(s, "\n     mask:   ");
    ofp_port_format_config(pm.mask, s);
    text_puts(s, "\n     advertise: ");
    if (pm.advertise) {
        ofp_port_format_features(pm.advertise, s);
    } else {
        text_puts(s, "UNCHANGED");
    }
    return OFPERR_OK;
}

static enum ofp_error print_port_request(struct msg_print *p, struct wire_rd *r, const char *label)
{
    uint32_t port;
    enum ofp_error err = port_request_decode(r, p->h, &port);
    if (!err) {
        text_puts(p->out, label);
        port_format(port, p->names, p->out);
    }
    return err;
}

enum ofp_error msg_print_port_stats_request(struct msg_print *p, struct wire_rd *r)
{
    return print_port_request(p, r, " port_no=");
}

enum ofp_error msg_print_port_desc_request(struct msg_print *p, struct wire_rd *r)
{
    return print_port_request(p, r, " port=");
}

enum ofp_error msg_print_port_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    text_putc(p->out, '\n');
    return print_ports(p, r);
}

enum ofp_error msg_print_port_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct wire_rd count = *r;
    struct ofp_port_stats ps;
    bool end = false;
    unsigned n = 0;
    while (!ofp_port_stats_decode(&count, p->h->version, &ps, &end) && !end) {
        ofp_port_stats_deinit(&ps);
        n++;
    }
    ofp_port_stats_deinit(&ps);
    text_printf(p->out, " %u ports\n", n);
    for (;;) {
        enum ofp_error err = ofp_port_stats_decode(r, p->h->version, &ps, &end);
        if (!err && !end) {
            ofp_port_stats_format(&ps, p->names, p->out);
        }
        ofp_port_stats_deinit(&ps);
        if (err || end) {
            return err;
        }
    }
}
