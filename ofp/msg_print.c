/* msg_print.c - prints any message, whatever its bytes; see msg.h.  Bodies are printed by the
 * functions that messages.def names; what cannot be decoded is shown as hex. */
#include "ofp/msg_print.h"

#include "ofp/packet_io.h"
#include "ofp/switch.h"

/* An ERROR holds a message, and so may that one: a peer must not choose how deep we go. */
#define MAX_DEPTH 3

static msg_printer *const printers[MSG_N_TYPES] = {
#define MSG(ID, NAME, DIR, FORM, V10, V11, V12, V13, V14, V15, MIN_, UNIT, PRINT) \
    [MSG_##ID] = msg_print_##PRINT,
#include "ofp/messages.def"
#undef MSG
};

/* `NAME (OF1.3) (xid=0x1):` */
static void print_header(const struct msg_header *h, struct text *s)
{
    text_puts(s, msg_name(h->type));
    if (h->version != OFP10_VERSION) {
        text_printf(s, " (%s)", msg_version_name(h->version));
    }
    text_printf(s, " (xid=0x%" PRIx32 "):", h->xid);
}

static void print_mp_flags(const struct msg_header *h, struct text *s)
{
    bool request = msg_direction(h->type) == MSG_DIR_CTL;
    uint16_t known = request && h->version < OFP13_VERSION ? 0 : OFPMPF_MORE;
    if (!h->mp_flags) {
        return;
    }
    text_puts(s, " flags=");
    if (h->mp_flags & known) {
        text_puts(s, "[more]");
    }
    if (h->mp_flags & ~known) {
        text_printf(s, "[***unknown flags 0x%04x***]", h->mp_flags & ~known);
    }
}

/* A message that says it is longer or shorter than it is. */
static void print_wrong_len(const uint8_t *msg, size_t len, struct text *s)
{
    size_t said = get_be16(msg + 2);
    if (said > len) {
        /* The name can be told from the first bytes: multipart experimenter headers are longest. */
        uint8_t start[24];
        size_t n = MIN(len, sizeof start);
        memcpy(start, msg, n);
        put_be16(start + 2, (uint16_t)n);
        struct wire_rd r;
        wire_rd_init(&r, start, n);
        struct msg_header h;
        if (msg_decode_header(&r, &h) == OFPERR_OK || h.type != MSG_N_TYPES) {
            print_header(&h, s);
            text_putc(s, '\n');
        }
        text_printf(s, "(***truncated to %zu bytes from %zu***)\n", len, said);
    } else {
        text_printf(s, "(***only uses %zu bytes out of %zu***)\n", said, len);
    }
    text_hexdump(s, msg, len, 0);
}

static enum ofp_error print_body(struct msg_print *p, struct wire_rd *body)
{
    struct text *s = p->out;
    print_header(p->h, s);
    if (msg_is_multipart(p->h->type)) {
        print_mp_flags(p->h, s);
    }
    size_t before = s->len;
    enum ofp_error err = printers[p->h->type](p, body);
    if (err) {
        bool any = s->len > before;
        if (any) {
            text_chomp(s, ' ');
            text_chomp(s, '\n');
        }
        text_putc(s, any ? '\n' : ' ');
    } else if (s->s[s->len - 1] != '\n') {
        text_putc(s, '\n');
    }
    return err;
}

static void print_message(const void *msg, size_t len, struct msg_print *p)
{
    struct text *s = p->out;
    if (!len) {
        text_puts(s, "OpenFlow message is empty\n");
        return;
    }
    if (len < OFP_HEADER_LEN) {
        text_printf(s, "OpenFlow packet too short (only %zu bytes):\n", len);
        text_hexdump(s, msg, len, 0);
        return;
    }
    if (get_be16((const uint8_t *)msg + 2) != len) {
        print_wrong_len(msg, len, s);
        return;
    }
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    struct msg_header h;
    enum ofp_error err = msg_decode_header(&r, &h);
    if (!err) {
        h.table_in_command = true; /* Who did not agree so sends a zero there. */
        p->h = &h;
        p->msg = msg;
        err = print_body(p, &r);
    }
    if (err) {
        text_printf(s, "***decode error: %s***\n", ofp_error_name(err));
        text_hexdump(s, msg, len, 0);
    } else if (p->verbosity >= 5 && !p->depth) {
        if (s->len && s->s[s->len - 1] != '\n') {
            text_putc(s, '\n');
        }
        text_hexdump(s, msg, len, 0);
    }
}

void msg_print(const void *msg, size_t len, const struct name_map *names, int verbosity,
               struct text *s)
{
    struct msg_print p = {.names = names, .verbosity = verbosity, .out = s};
    print_message(msg, len, &p);
}

void msg_print_nested(struct msg_print *p, const void *msg, size_t len)
{
    if (p->depth >= MAX_DEPTH) {
        text_hexdump(p->out, msg, len, 0);
        return;
    }
    struct msg_print inner = *p;
    inner.depth++;
    print_message(msg, len, &inner);
}

enum ofp_error msg_print_nested_body(struct msg_print *p, const void *msg,
                                     const struct msg_header *h)
{
    struct msg_print inner = *p;
    struct wire_rd r;
    struct msg_header again;

    wire_rd_init(&r, msg, h->len);
    enum ofp_error err = msg_decode_header(&r, &again);
    inner.h = h;
    inner.msg = msg;
    inner.depth++;
    return err ? err : printers[h->type](&inner, &r);
}

void msg_print_frame(struct msg_print *p, const struct match *metadata, const void *frame,
                     uint32_t len)
{
    const uint8_t *b = frame;
    if (p->verbosity > 0) {
        packet_summary(ntohl(metadata->flow.key.packet_type), frame, len, p->out);
        text_putc(p->out, '\n');
    }
    for (uint32_t row = 0; p->verbosity > 2 && row < len; row += 16) {
        text_printf(p->out, "%08" PRIx32 " ", row);
        for (uint32_t i = row; i < MIN(row + 16, len); i++) {
            text_printf(p->out, "%c%02x", i == row + 8 ? '-' : ' ', b[i]);
        }
        text_putc(p->out, '\n');
    }
}

void msg_print_enum(struct text *s, const char *const *names, size_t n, unsigned value)
{
    if (value < n && names[value]) {
        text_puts(s, names[value]);
    } else {
        text_printf(s, "%u", value);
    }
}

/* ---- bodies without a file of their own ---- */

enum ofp_error msg_print_empty(struct msg_print *p, struct wire_rd *r)
{
    (void)p;
    (void)r;
    return OFPERR_OK;
}

enum ofp_error msg_print_raw(struct msg_print *p, struct wire_rd *r)
{
    (void)r;
    text_putc(p->out, '\n');
    text_hexdump(p->out, p->msg, p->h->len, 0);
    return OFPERR_OK;
}

enum ofp_error msg_print_hello(struct msg_print *p, struct wire_rd *r)
{
    uint32_t versions;
    enum ofp_error err = hello_decode_body(r, p->h->version, &versions);
    text_puts(p->out, "\n version bitmap: ");
    for (unsigned v = 0; v < 32; v++) {
        if (versions & BIT(v)) {
            text_printf(p->out, "0x%02x, ", v);
        }
    }
    text_truncate(p->out, p->out->len - 2);
    if (err) {
        text_puts(p->out, "\n unknown data in hello:\n");
        text_hexdump(p->out, p->msg, p->h->len, 0);
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_error(struct msg_print *p, struct wire_rd *r)
{
    (void)r;
    struct wire_rd payload;
    enum ofp_error error = ofp_error_decode(p->msg, p->h->len, &payload);
    if (!error) {
        return OFPERR_OFPBRC_BAD_LEN; /* Not one that we know. */
    }
    text_printf(p->out, " %s\n", ofp_error_name(error));
    if (error == OFPERR_OFPHFC_INCOMPATIBLE || error == OFPERR_OFPHFC_EPERM) {
        format_escaped(p->out, payload.p, wire_rd_left(&payload));
        text_putc(p->out, '\n');
    } else {
        msg_print_nested(p, payload.p, wire_rd_left(&payload));
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_echo(struct msg_print *p, struct wire_rd *r)
{
    text_printf(p->out, " %zu bytes of payload\n", wire_rd_left(r));
    if (p->verbosity > 1) {
        text_hexdump(p->out, r->p, wire_rd_left(r), 0);
    }
    return OFPERR_OK;
}
