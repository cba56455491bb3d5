/* ofctl_parse.c - see ofctl.h: commands that need no switch. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "utilities/ofctl.h"

/* Without a switch there are no names. */
static const struct name_map *words(const struct ofctl *ctl)
{
    static const struct name_map exact = {.exact = true};
    return ctl->exact ? &exact : NULL;
}

static void print_message(const struct ofctl *ctl, const void *msg, size_t len, int verbosity)
{
    struct text t = TEXT_INIT;

    msg_print(msg, len, words(ctl), verbosity, &t);
    fputs(text_cstr(&t), stdout);
    text_deinit(&t);
}

static bool read_all(FILE *f, uint8_t *p, size_t n)
{
    return fread(p, 1, n, f) == n;
}

void ofctl_ofp_parse(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    FILE *f = strcmp(argv[1], "-") ? fopen(argv[1], "rb") : stdin;
    uint8_t *msg = xmalloc(OFP_MAX_LEN + 1);
    size_t n;

    if (!f) {
        cmd_fatal("%s: open (%m)", argv[1]);
    }
    while ((n = fread(msg, 1, OFP_HEADER_LEN, f)) > 0) {
        size_t len = n == OFP_HEADER_LEN ? get_be16(msg + 2) : 0;
        if (n < OFP_HEADER_LEN) {
            cmd_fatal("%s: unexpected end of file mid-message", argv[1]);
        }
        if (len < OFP_HEADER_LEN) {
            cmd_fatal("%s: %zu-byte message is too short for OpenFlow", argv[1], len);
        }
        if (!read_all(f, msg + OFP_HEADER_LEN, len - OFP_HEADER_LEN)) {
            cmd_fatal("%s: unexpected end of file mid-message", argv[1]);
        }
        print_message(ctl, msg, len, ctl->verbosity + 2);
    }
    free(msg);
    if (f != stdin) {
        fclose(f);
    }
}

static void print_hex(const struct ofctl *ctl, const char *hex)
{
    size_t n;
    uint8_t *msg = text_to_hex(hex, &n);

    if (!msg) {
        cmd_fatal("trailing garbage following hex bytes");
    }
    print_message(ctl, msg, n, ctl->verbosity);
    free(msg);
}

/* HEX, or a file with one message in hex on each line, or with --pcap a capture. */
void ofctl_ofp_print(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    /* Of one message everything, whatever -m says; of a capture as ofp-parse-pcap does. */
    uint32_t verbosity = ctl->pcap ? (uint32_t)ctl->verbosity : 2;

    if (argc > 2 && !text_to_u32(argv[2], &verbosity)) {
        cmd_fatal("%s: invalid verbosity", argv[2]);
    }
    struct ofctl here = *ctl;
    here.verbosity = (int)MIN(verbosity, 9u);
    if (ctl->pcap) {
        pcap_print(&here, argv[1], ctl->ports, ctl->n_ports);
    } else if (!strcmp(argv[1], "-") || !access(argv[1], R_OK)) {
        struct line_reader r;
        char *line;
        lines_open(&r, argv[1], "open failed");
        while (lines_next(&r, &line)) {
            print_hex(&here, line);
        }
        lines_close(&r);
    } else {
        print_hex(&here, argv[1]);
    }
}

static void print_flow_mod(const struct ofctl *ctl, const struct flow_mod *fm, uint32_t protocol,
                           uint32_t xid)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    flow_mod_encode(fm, protocol, xid, &w);
    if (w.err) {
        cmd_fatal("the flow is too long for an OpenFlow message");
    }
    print_message(ctl, w.data, w.len, ctl->verbosity);
    wire_wr_deinit(&w);
}

/* Returns the one chosen. */
static uint32_t print_protocols(const struct ofctl *ctl, uint32_t usable)
{
    struct text t = TEXT_INIT;

    protocol_format(usable, &t);
    printf("usable protocols: %s\n", text_cstr(&t));
    usable &= ctl->protocols;
    if (!usable) {
        cmd_fatal("no usable protocol");
    }
    text_clear(&t);
    usable &= -usable; /* The lowest is the oldest. */
    protocol_format(usable, &t);
    printf("chosen protocol: %s\n", text_cstr(&t));
    text_deinit(&t);
    return usable;
}

uint8_t parse_choose_version(const struct ofctl *ctl, uint32_t usable)
{
    struct text t = TEXT_INIT;
    uint8_t version = OFP10_VERSION;

    protocol_format(usable, &t);
    printf("usable protocols: %s\n", text_cstr(&t));
    text_deinit(&t);
    usable &= ctl->protocols;
    if (!usable) {
        cmd_fatal("no usable protocol");
    }
    while (!(usable & protocol_of_version(version))) {
        version++;
    }
    printf("chosen version: OpenFlow1%d\n", version - 1);
    return version;
}

void parse_print_message(const struct ofctl *ctl, struct wire_wr *w)
{
    print_message(ctl, w->data, w->len, ctl->verbosity);
    wire_wr_deinit(w);
}

void ofctl_parse_flow(int argc, char *argv[], void *aux)
{
    struct flow_mod fm;
    char *text = xstrdup(argv[1]);
    uint32_t usable = PROTOCOL_ANY;

    flows_parse(text, FM_ADD, NULL, NULL, 0, &fm, &usable);
    print_flow_mod(aux, &fm, print_protocols(aux, usable), 1);
    flow_mod_deinit(&fm);
    free(text);
}

void ofctl_parse_flows(int argc, char *argv[], void *aux)
{
    struct flow_mod *fms = NULL;
    struct line_reader r;
    uint32_t usable = PROTOCOL_ANY;
    size_t n = 0;
    char *text;

    lines_open(&r, argv[1], "open failed");
    while (lines_next(&r, &text)) {
        fms = xrealloc(fms, (n + 1) * sizeof *fms);
        flows_parse(text, FM_ADD, NULL, r.name, r.number, &fms[n++], &usable);
    }
    lines_close(&r);
    uint32_t protocol = print_protocols(aux, usable);
    for (size_t i = 0; i < n; i++) {
        print_flow_mod(aux, &fms[i], protocol, (uint32_t)i + 1);
        flow_mod_deinit(&fms[i]);
    }
    free(fms);
}

/* Where what would be sent again is not what was read. */
static void print_differences(const uint8_t *in, size_t n_in, const struct acts *acts,
                              bool instructions, uint8_t version)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    (instructions ? acts_encode_instructions : acts_encode_actions)(acts->data, acts->len, version,
                                                                    &w);
    for (size_t i = 0; i < MAX(n_in, w.len); i++) {
        if (i >= n_in) {
            printf("%2zu: (none) -> %02x\n", i, w.data[i]);
        } else if (i >= w.len) {
            printf("%2zu: %02x -> (none)\n", i, in[i]);
        } else if (in[i] != w.data[i]) {
            printf("%2zu: %02x -> %02x\n", i, in[i], w.data[i]);
        }
    }
    wire_wr_deinit(&w);
}

static void parse_acts_line(const struct ofctl *ctl, const uint8_t *bytes, size_t n,
                            bool instructions, const char *name, uint8_t version)
{
    struct acts acts = ACTS_INIT;
    const struct msg_header h = {.version = version};
    struct wire_rd rd;

    wire_rd_init(&rd, bytes, n);
    enum ofp_error error = instructions ? acts_decode_instructions(&rd, n, &h, &acts)
                                        : acts_decode_actions(&rd, n, &h, &acts);
    if (error) {
        printf("bad %s %s: %s\n\n", name, instructions ? "instructions" : "actions",
               ofp_error_name(error));
    } else {
        struct text t = TEXT_INIT;
        acts_format(acts.data, acts.len, words(ctl), &t);
        printf("actions=%s\n", text_cstr(&t));
        print_differences(bytes, n, &acts, instructions, version);
        putchar('\n');
        text_deinit(&t);
    }
    acts_deinit(&acts);
}

/* Hex lines of a list of actions or instructions from standard input, printed as text. */
static void parse_acts(const struct ofctl *ctl, const char *name, bool instructions)
{
    uint8_t version = ofctl_version_by_name(name);
    struct line_reader r;
    char *line;

    if (!version) {
        cmd_fatal("%s: not a valid OpenFlow version", name);
    }
    lines_open(&r, "-", "open failed");
    while (lines_next(&r, &line)) {
        size_t n;
        uint8_t *bytes = text_to_hex(line, &n);
        if (!bytes) {
            cmd_fatal("Trailing garbage in hex data");
        }
        parse_acts_line(ctl, bytes, n, instructions, name, version);
        free(bytes);
    }
    lines_close(&r);
}

void ofctl_parse_actions(int argc, char *argv[], void *aux)
{
    parse_acts(aux, argv[1], false);
}

void ofctl_parse_instructions(int argc, char *argv[], void *aux)
{
    parse_acts(aux, argv[1], true);
}
