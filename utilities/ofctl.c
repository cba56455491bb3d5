/* ofctl.c - sluice-ofctl: options, the table of commands.  See ofctl.h; the commands are in
 * ofctl_*.c, texts and exit codes those of ovs-ofctl. */
#include "utilities/ofctl.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"

/* Versions offered unless -O says which. */
#define DEFAULT_VERSIONS OFP_VERSIONS /* As the switch: the highest that both have is spoken. */

static const struct {
    const char *name;
    uint8_t version;
} version_names[] = {
    {"OpenFlow10", OFP10_VERSION}, {"OpenFlow11", OFP11_VERSION}, {"OpenFlow12", OFP12_VERSION},
    {"OpenFlow13", OFP13_VERSION}, {"OpenFlow14", OFP14_VERSION}, {"OpenFlow15", OFP15_VERSION},
};

/* Calls 'each' with every word of a list with commas. */
static void for_words(const char *list, void (*each)(struct ofctl *, const char *),
                      struct ofctl *ctl)
{
    char *copy = xstrdup(list), *state = NULL;

    for (char *w = strtok_r(copy, ", ", &state); w; w = strtok_r(NULL, ", ", &state)) {
        each(ctl, w);
    }
    free(copy);
}

uint8_t ofctl_version_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(version_names); i++) {
        if (!strcmp(name, version_names[i].name)) {
            return version_names[i].version;
        }
    }
    return 0;
}

static void add_version(struct ofctl *ctl, const char *word)
{
    uint8_t version = ofctl_version_by_name(word);

    if (!version) {
        cmd_fatal("Unknown OpenFlow version: \"%s\"", word);
    }
    ctl->versions |= BIT(version);
}

static void set_protocols(void *aux, const char *arg)
{
    struct ofctl *ctl = aux;

    ctl->versions = 0;
    for_words(arg, add_version, ctl);
}

/* Flow formats and versions narrow each other: narrow_protocols(). */
static void set_flow_format(void *aux, const char *arg)
{
    struct ofctl *ctl = aux;

    cmd_check(protocol_parse(arg, &ctl->protocols));
}

static void narrow_protocols(struct ofctl *ctl)
{
    uint32_t of_versions = 0;
    struct text enabled = TEXT_INIT, formats = TEXT_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(version_names); i++) {
        uint8_t v = version_names[i].version;
        if (ctl->versions & BIT(v)) {
            of_versions |= protocol_of_version(v);
            text_printf(&enabled, "%s%s", enabled.len ? ", " : "", version_names[i].name);
        }
    }
    if (!(ctl->protocols & of_versions)) {
        protocol_format(ctl->protocols, &formats);
        cmd_fatal("None of the enabled OpenFlow versions (%s) supports any of the enabled flow "
                  "formats (%s).  (Use -O to enable additional OpenFlow versions or -F to enable "
                  "additional flow formats.)",
                  text_cstr(&enabled), text_cstr(&formats));
    }
    ctl->protocols &= of_versions;
    for (size_t i = 0; i < ARRAY_SIZE(version_names); i++) {
        uint8_t v = version_names[i].version;
        if (!(ctl->protocols & protocol_of_version(v))) {
            ctl->versions &= ~BIT(v); /* Nothing could be said of flows in it. */
        }
    }
    text_deinit(&enabled);
    text_deinit(&formats);
}

static void set_strict(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->strict = true;
}

static void set_readd(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->readd = true;
}

static void set_read_only(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->read_only = true;
}

static void set_may_create(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->may_create = true;
}

static void set_pcap(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->pcap = true;
}

static void add_port(void *aux, const char *arg)
{
    struct ofctl *ctl = aux;
    uint16_t port;

    if (!text_to_u16(arg, &port) || !port) {
        cmd_fatal("%s: invalid port", arg);
    }
    if (ctl->n_ports == OFCTL_MAX_PORTS) {
        cmd_fatal("too many ports");
    }
    ctl->ports[ctl->n_ports++] = port;
}

static void set_more(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->verbosity++;
}

static void set_timestamp(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->timestamp = true;
}

static void set_names(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->names = NAMES_YES;
}

static void set_no_names(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->names = NAMES_NO;
}

static void set_exact(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->exact = true;
}

static void set_stats(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->no_stats = false;
}

static void set_no_stats(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->no_stats = true;
}

static void add_sort_key(struct ofctl *ctl, const char *name, bool descending)
{
    const struct field *f = NULL;

    if (name && strcmp(name, "priority")) {
        f = field_by_name(name);
        if (!f || !f->size) {
            cmd_fatal("%s: unknown field name", name);
        }
    }
    if (ctl->n_sort >= OFCTL_MAX_SORT - (name ? 1u : 0u)) {
        cmd_fatal("too many sort keys");
    }
    ctl->sort[ctl->n_sort++] = (struct sort_key){f, descending};
}

static void set_sort(void *aux, const char *arg)
{
    add_sort_key(aux, arg, false);
}

static void set_rsort(void *aux, const char *arg)
{
    add_sort_key(aux, arg, true);
}

static void set_packet_in_format(void *aux, const char *arg)
{
    static const struct {
        const char *name;
        int number;
    } formats[] = {{"standard", 0},
                   {"openflow10", 0},
                   {"nxt_packet_in", 1},
                   {"nxm", 1},
                   {"nxt_packet_in2", 2}};

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (!strcmp(arg, formats[i].name)) {
            ((struct ofctl *)aux)->packet_in_format = formats[i].number;
            return;
        }
    }
    cmd_fatal("unknown packet-in format `%s'", arg);
}

static void set_detach(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->detach = true;
}

static void set_no_chdir(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->no_chdir = true;
}

static void set_pidfile(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->pidfile = arg ? arg : "";
}

static void set_overwrite_pidfile(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->overwrite_pidfile = true;
}

static void set_unixctl(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->unixctl = arg;
}

static void set_private_key(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->tls.private_key = arg;
}

static void set_certificate(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->tls.certificate = arg;
}

static void set_ca_cert(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->tls.ca_cert = arg;
}

static void set_ssl_protocols(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->tls.protocols = arg;
}

static void set_ssl_ciphers(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->tls.ciphers = arg;
}

static void set_bundle(void *aux, const char *arg)
{
    ((struct ofctl *)aux)->bundle = true;
}

static void set_color(void *aux, const char *arg)
{
    static const struct {
        const char *word;
        bool colours;
    } words[] = {{"never", false}, {"no", false},  {"none", false},
                 {"auto", false},  {"tty", false}, {"if-tty", false},
                 {"always", true}, {"yes", true},  {"force", true}};
    size_t i = 0;

    while (arg && i < ARRAY_SIZE(words) && strcmp(arg, words[i].word)) {
        i++;
    }
    if (i == ARRAY_SIZE(words)) {
        cmd_fatal("incorrect value `%s' for --color", arg);
    }
    if (words[i].colours) {
        cmd_fatal("--color=%s is not supported: output has no colours", arg);
    }
}

static const struct cmd_option options[] = {
    {"protocols", 'O', CMD_ARG_REQUIRED, "VERSIONS", "OpenFlow versions allowed", set_protocols},
    {"flow-format", 'F', CMD_ARG_REQUIRED, "FORMATS", "flow formats allowed", set_flow_format},
    {"packet-in-format", 'P', CMD_ARG_REQUIRED, "FORMAT", "packet-in format (monitor)",
     set_packet_in_format},
    {"strict", 0, CMD_ARG_NONE, NULL, "mod-flows, del-flows: match priority and masks exactly",
     set_strict},
    {"read-only", 0, CMD_ARG_NONE, NULL, "refuse commands that change the switch", set_read_only},
    {"readd", 0, CMD_ARG_NONE, NULL, "replace-flows: send unchanged flows too", set_readd},
    {"bundle", 0, CMD_ARG_NONE, NULL, "changes happen all at once or not at all", set_bundle},
    {"may-create", 0, CMD_ARG_NONE, NULL, "mod-group: create the group if there is none",
     set_may_create},
    {"pcap", 0, CMD_ARG_NONE, NULL, "ofp-print: the argument is a packet capture", set_pcap},
    {"port", 0, CMD_ARG_REQUIRED, "PORT", "ofp-print --pcap: OpenFlow's port; may be repeated",
     add_port},
    {"more", 'm', CMD_ARG_NONE, NULL, "print more; may be repeated", set_more},
    {"timestamp", 0, CMD_ARG_NONE, NULL, "monitor, snoop: print the time", set_timestamp},
    {"detach", 0, CMD_ARG_NONE, NULL, "monitor, snoop: run in the background", set_detach},
    {"no-chdir", 0, CMD_ARG_NONE, NULL, "with --detach: keep the working directory", set_no_chdir},
    {"pidfile", 0, CMD_ARG_OPTIONAL, "FILE", "monitor, snoop: write a pid file", set_pidfile},
    {"overwrite-pidfile", 0, CMD_ARG_NONE, NULL, "even if the process in it lives",
     set_overwrite_pidfile},
    {"unixctl", 0, CMD_ARG_REQUIRED, "SOCKET", "monitor, snoop: control socket, or none",
     set_unixctl},
    {"private-key", 'p', CMD_ARG_REQUIRED, "FILE", "ssl: targets: our key", set_private_key},
    {"certificate", 'c', CMD_ARG_REQUIRED, "FILE", "ssl: targets: our certificate",
     set_certificate},
    {"ca-cert", 'C', CMD_ARG_REQUIRED, "FILE", "ssl: targets: who may be the switch", set_ca_cert},
    {"ssl-protocols", 0, CMD_ARG_REQUIRED, "LIST", "ssl: TLSv1.2, TLSv1.3 or both",
     set_ssl_protocols},
    {"ssl-ciphers", 0, CMD_ARG_REQUIRED, "LIST", "ssl: ciphers of TLS 1.2", set_ssl_ciphers},
    {"sort", 0, CMD_ARG_OPTIONAL, "FIELD", "dump-flows: sort, ascending", set_sort},
    {"rsort", 0, CMD_ARG_OPTIONAL, "FIELD", "dump-flows: sort, descending", set_rsort},
    {"names", 0, CMD_ARG_NONE, NULL, "show port names", set_names},
    {"no-names", 0, CMD_ARG_NONE, NULL, "show port numbers", set_no_names},
    {"exact", 0, CMD_ARG_NONE, NULL, "print what words leave out as bytes: raw_actions(...)",
     set_exact},
    {"stats", 0, CMD_ARG_NONE, NULL, "show statistics (default)", set_stats},
    {"no-stats", 0, CMD_ARG_NONE, NULL, "leave statistics out", set_no_stats},
    {"color", 0, CMD_ARG_OPTIONAL, "WHEN", NULL, set_color},
};

static const struct cmd commands[] = {
    {"show", "SWITCH", 1, 1, ofctl_show, "show the switch and its ports", false},
    {"dump-desc", "SWITCH", 1, 1, ofctl_dump_desc, "print the switch's description", false},
    {"dump-tables", "SWITCH", 1, 1, ofctl_dump_tables, "print table statistics", false},
    {"dump-table-features", "SWITCH", 1, 1, ofctl_dump_table_features, "print table features",
     false},
    {"dump-table-desc", "SWITCH", 1, 1, ofctl_dump_table_desc,
     "print how tables are configured (OpenFlow 1.4)", false},
    {"mod-table", "SWITCH TABLE SETTING", 3, 3, ofctl_mod_table, "change a table's configuration",
     true},
    {"mod-port", "SWITCH PORT ACTION", 3, 3, ofctl_mod_port, "change a port's configuration", true},
    {"get-config", "SWITCH", 1, 1, ofctl_get_config, "print the switch's configuration", false},
    {"set-config", "SWITCH KEY=VALUE...", 2, CMD_NO_MAX, ofctl_set_config,
     "set frags= and miss_send_len=", true},
    {"get-frags", "SWITCH", 1, 1, ofctl_get_frags, "print how fragments are handled", false},
    {"set-frags", "SWITCH MODE", 2, 2, ofctl_set_frags, "set how fragments are handled", true},
    {"dump-ports", "SWITCH [PORT]", 1, 2, ofctl_dump_ports, "print port statistics", false},
    {"dump-ports-desc", "SWITCH [PORT]", 1, 2, ofctl_dump_ports_desc, "print ports", false},
    {"dump-flows", "SWITCH [FLOW]", 1, 2, ofctl_dump_flows, "print flows", false},
    {"dump-aggregate", "SWITCH [FLOW]", 1, 2, ofctl_dump_aggregate, "print the sum over flows",
     false},
    {"queue-stats", "SWITCH [PORT [QUEUE]]", 1, 3, ofctl_queue_stats, "print queue statistics",
     false},
    {"queue-get-config", "SWITCH [PORT [QUEUE]]", 1, 3, ofctl_queue_get_config,
     "print how queues are configured", false},
    {"dump-ipfix-bridge", "SWITCH", 1, 1, ofctl_dump_ipfix_bridge,
     "print counters of the bridge's IPFIX exporter", false},
    {"dump-ipfix-flow", "SWITCH", 1, 1, ofctl_dump_ipfix_flow,
     "print counters of the flows' IPFIX exporters", false},
    {"add-tlv-map", "SWITCH MAP[,MAP...]", 2, 2, ofctl_add_tlv_map, "map tunnel options to fields",
     true},
    {"del-tlv-map", "SWITCH [MAP[,MAP...]]", 1, 2, ofctl_del_tlv_map,
     "remove maps of tunnel options", true},
    {"dump-tlv-map", "SWITCH", 1, 1, ofctl_dump_tlv_map, "print the maps of tunnel options", false},
    {"ct-flush-zone", "SWITCH ZONE", 2, 2, ofctl_ct_flush_zone, "forget a zone's connections",
     true},
    {"ct-flush", "SWITCH [zone=N] [mark=X[/M]] [labels=X[/M]] [ORIG [REPLY]]", 1, 6, ofctl_ct_flush,
     "forget tracked connections", true},
    {"add-flow", "SWITCH FLOW", 2, 2, ofctl_add_flow, "add a flow", true},
    {"add-flows", "SWITCH FILE", 2, 2, ofctl_add_flows, "add the flows of a file", true},
    {"mod-flows", "SWITCH FLOW", 2, 2, ofctl_mod_flows, "change the actions of flows", true},
    {"del-flows", "SWITCH [FLOW]", 1, 2, ofctl_del_flows, "delete flows", true},
    {"replace-flows", "SWITCH FILE", 2, 2, ofctl_replace_flows, "make the flows those of a file",
     true},
    {"diff-flows", "SOURCE1 SOURCE2", 2, 2, ofctl_diff_flows, "compare switches or files", false},
    {"add-group", "SWITCH GROUP", 2, 2, ofctl_add_group, "add a group", true},
    {"add-groups", "SWITCH FILE", 2, 2, ofctl_add_groups, "add the groups of a file", true},
    {"mod-group", "SWITCH GROUP", 2, 2, ofctl_mod_group, "change a group", true},
    {"del-groups", "SWITCH [GROUP]", 1, 2, ofctl_del_groups, "delete a group, or all", true},
    {"insert-buckets", "SWITCH GROUP", 2, 2, ofctl_insert_buckets, "add buckets to a group", true},
    {"remove-buckets", "SWITCH GROUP", 2, 2, ofctl_remove_buckets, "take buckets off a group",
     true},
    {"dump-groups", "SWITCH [GROUP]", 1, 2, ofctl_dump_groups, "print groups", false},
    {"dump-group-stats", "SWITCH [GROUP]", 1, 2, ofctl_dump_group_stats, "print group statistics",
     false},
    {"dump-group-features", "SWITCH", 1, 1, ofctl_dump_group_features, "print group features",
     false},
    {"add-meter", "SWITCH METER", 2, 2, ofctl_add_meter, "add a meter", true},
    {"mod-meter", "SWITCH METER", 2, 2, ofctl_mod_meter, "change a meter", true},
    {"del-meter", "SWITCH [METER]", 1, 2, ofctl_del_meters, "delete a meter, or all", true},
    {"del-meters", "SWITCH [METER]", 1, 2, ofctl_del_meters, "delete a meter, or all", true},
    {"dump-meter", "SWITCH [METER]", 1, 2, ofctl_dump_meters, "print a meter, or all", false},
    {"dump-meters", "SWITCH [METER]", 1, 2, ofctl_dump_meters, "print a meter, or all", false},
    {"meter-stats", "SWITCH [METER]", 1, 2, ofctl_meter_stats, "print meter statistics", false},
    {"meter-features", "SWITCH", 1, 1, ofctl_meter_features, "print meter features", false},
    {"bundle", "SWITCH FILE", 2, 2, ofctl_bundle, "make the changes of a file, all or none", true},
    {"packet-out", "SWITCH \"in_port=P packet=HEX actions=A\"", 2, CMD_NO_MAX, ofctl_packet_out,
     "send a packet through actions", true},
    {"monitor", "SWITCH [MISS_LEN] [resume] [watch:SPEC]", 1, 3, ofctl_monitor,
     "print what the switch sends", false},
    {"snoop", "SWITCH", 1, 1, ofctl_snoop, "print what the switch and controller say", false},
    {"probe", "TARGET", 1, 1, ofctl_probe, "see whether the switch answers", false},
    {"ping", "TARGET [BYTES]", 1, 2, ofctl_ping, "time ten echoes", false},
    {"ofp-parse", "FILE", 1, 1, ofctl_ofp_parse, "print the messages in a file", false},
    {"ofp-parse-pcap", "FILE [PORT...]", 1, CMD_NO_MAX, ofctl_ofp_parse_pcap,
     "print the messages in a packet capture", false},
    {"ofp-print", "HEX [VERBOSITY]", 1, 2, ofctl_ofp_print, NULL, false},
    {"parse-flow", "FLOW", 1, 1, ofctl_parse_flow, NULL, false},
    {"parse-flows", "FILE", 1, 1, ofctl_parse_flows, NULL, false},
    {"parse-group", "GROUP", 1, 1, ofctl_parse_group, NULL, false},
    {"parse-meter", "METER", 1, 1, ofctl_parse_meter, NULL, false},
    {"parse-actions", "VERSION", 1, 1, ofctl_parse_actions, NULL, false},
    {"parse-instructions", "VERSION", 1, 1, ofctl_parse_instructions, NULL, false},
};

int main(int argc, char *argv[])
{
    static const struct cmd_program program = {
        .synopsis = "manages OpenFlow switches",
        .version_note = "OpenFlow versions 0x1:0x6",
        .commands = commands,
        .n_commands = ARRAY_SIZE(commands),
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .permute = true,
    };
    struct ofctl ctl = {.versions = DEFAULT_VERSIONS,
                        .protocols = PROTOCOL_ANY,
                        .packet_in_format = -1};

    int first = cmd_options(&program, argc, argv, &ctl);
    narrow_protocols(&ctl);
    free(tls_configure(&ctl.tls)); /* An ssl: target says what is wrong with it. */
    if (ctl.n_sort) {
        add_sort_key(&ctl, NULL, true); /* What is alike otherwise comes by priority. */
    }
    cmd_run(&program, argc - first, argv + first, ctl.read_only, &ctl);
    tls_deinit();
    if (fflush(stdout) || ferror(stdout)) {
        cmd_fatal("write error on standard output");
    }
    return 0;
}
