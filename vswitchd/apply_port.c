/* apply_port.c - the ports of a bridge: wanted and there.  See apply.h. */
#include <stdlib.h>

#include "lib/io/link.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/act.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

LOG_MODULE(apply_port);

static void port_free(struct applied_port *p)
{
    free(p->name);
    free(p->how);
    free(p->error);
    free(p);
}

void apply_ports_free(struct applied_bridge *b)
{
    struct applied_port *next;

    for (struct applied_port *p = b->ports; p; p = next) {
        next = p->next;
        port_free(p);
    }
    b->ports = NULL;
}

static const char *option(void *row, const char *key)
{
    return config_map(row, COL_Interface_options, key);
}

/* All that makes one device another: its type, its options, the number that is asked for. */
static char *describe(const struct config_row *iface)
{
    struct text t = TEXT_INIT;
    const struct datum *options = config_datum(iface, COL_Interface_options);

    text_printf(&t, "%s,%" PRId64, config_string(iface, COL_Interface_type, ""),
                config_integer(iface, COL_Interface_ofport_request, 0));
    for (uint32_t i = 0; i < options->n; i++) {
        text_printf(&t, ",%s=%s", options->keys[i].string, options->values[i].string);
    }
    return text_steal(&t);
}

static uint8_t vlan_mode(const struct config_row *port)
{
    static const struct {
        const char *word;
        enum port_vlan_mode mode;
    } modes[] = {{"trunk", PORT_VLAN_TRUNK},
                 {"access", PORT_VLAN_ACCESS},
                 {"native-tagged", PORT_VLAN_NATIVE_TAGGED},
                 {"native-untagged", PORT_VLAN_NATIVE_UNTAGGED},
                 {"dot1q-tunnel", PORT_VLAN_TUNNEL}};
    bool has_tag = config_datum(port, COL_Port_tag)->n;
    const char *word = config_string(port, COL_Port_vlan_mode, "");

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (!strcmp(word, modes[i].word)) {
            return (uint8_t)modes[i].mode;
        }
    }
    return has_tag ? PORT_VLAN_ACCESS : PORT_VLAN_TRUNK;
}

/* What 'v' points to are 'trunks' and 'cvlans', the caller's. */
static struct port_vlan vlan_of(const struct config_row *port, uint64_t trunks[PORT_VLAN_WORDS],
                                uint64_t cvlans[PORT_VLAN_WORDS])
{
    const char *pcp = config_map(port, COL_Port_other_config, "priority-tags");
    const char *outer = config_map(port, COL_Port_other_config, "qinq-ethtype");
    const struct datum *prot = config_datum(port, COL_Port_protected);

    return (struct port_vlan){
        .mode = vlan_mode(port),
        .priority = !pcp                         ? PORT_VLAN_PCP_NEVER
                    : !strcmp(pcp, "always")     ? PORT_VLAN_PCP_ALWAYS
                    : !strcmp(pcp, "if-nonzero") ? PORT_VLAN_PCP_IF_NONZERO
                                                 : PORT_VLAN_PCP_NEVER,
        .is_protected = prot->n && prot->keys[0].boolean,
        .tag = (uint16_t)config_integer(port, COL_Port_tag, 0),
        .outer_tpid = outer && !strcmp(outer, "802.1q") ? 0x8100 : 0x88a8,
        .trunks = (uint64_t *)(uintptr_t)apply_vlan_bitmap(port, COL_Port_trunks, trunks),
        .cvlans = (uint64_t *)(uintptr_t)apply_vlan_bitmap(port, COL_Port_cvlans, cvlans)};
}

static int64_t number_had(const struct config_row *iface)
{
    int64_t had = config_integer(iface, COL_Interface_ofport_kept, 0);
    return had > 0 && had < 0xff00 ? had : 0;
}

static bool wants_number(const struct config_row *iface)
{
    return number_had(iface) || config_integer(iface, COL_Interface_ofport_request, 0) > 0;
}

/* A bit for each number that another interface of the bridge has, or had when its device was last
 * there. */
static void find_taken(struct apply *a, const struct config_row *bridge,
                       const struct config_row *self, uint64_t taken[0xff00 / 64])
{
    size_t n_ports, n_ifaces;
    const struct config_row **ports = config_refs(a->config, bridge, COL_Bridge_ports, &n_ports);

    memset(taken, 0, 0xff00 / 64 * sizeof *taken);
    for (size_t i = 0; i < n_ports; i++) {
        const struct config_row **ifaces =
            config_refs(a->config, ports[i], COL_Port_interfaces, &n_ifaces);
        if (n_ifaces && ifaces[0] != self) {
            int64_t n = number_had(ifaces[0]);
            taken[n / 64] |= BIT64(n % 64);
        }
        free(ifaces);
    }
    free(ports);
}

/* The number it asks for, unless that is another's; else the one it had; else the first that is
 * nobody's.  So each port has its number again after a restart, which adds them in no particular
 * order, and those whose devices are not there yet later. */
static uint32_t choose_number(struct apply *a, const struct config_row *bridge,
                              const struct config_row *iface)
{
    int64_t had = number_had(iface);
    int64_t asked = config_integer(iface, COL_Interface_ofport_request, 0);
    uint64_t taken[0xff00 / 64];

    if (had && (!asked || asked == had)) {
        return (uint32_t)had;
    }
    find_taken(a, bridge, iface, taken);
    if (asked && !(taken[asked / 64] & BIT64(asked % 64))) {
        return (uint32_t)asked;
    }
    int64_t n = had ? had : 1;
    while (!had && n < 0xff00 - 1 && taken[n / 64] & BIT64(n % 64)) {
        n++;
    }
    return (uint32_t)n;
}

static char *add_device(struct applied_bridge *b, struct applied_port *p,
                        const struct config_row *port, const struct config_row *iface,
                        uint32_t number)
{
    uint64_t trunks[PORT_VLAN_WORDS], cvlans[PORT_VLAN_WORDS];
    struct port_vlan vlan = vlan_of(port, trunks, cvlans);
    bool local = !strcmp(p->name, b->name);
    struct bridge_port_config c = {.name = p->name,
                                   .type = local ? "internal"
                                                 : config_string(iface, COL_Interface_type, ""),
                                   .ofp_port = number,
                                   .vlan = &vlan,
                                   .option = option,
                                   .aux = (void *)(uintptr_t)iface};
    return bridge_port_add(b->bridge, &c, &p->ofp_port);
}

static void remove_port(struct applied_bridge *b, struct applied_port *p)
{
    for (struct applied_port **i = &b->ports; *i; i = &(*i)->next) {
        if (*i == p) {
            *i = p->next;
            break;
        }
    }
    if (p->ofp_port) {
        bridge_port_del(b->bridge, p->ofp_port, true);
    }
    port_free(p);
}

struct applied_port *apply_find_port(const struct applied_bridge *b, const char *name)
{
    struct applied_port *p = b->ports;
    while (p && strcmp(p->name, name)) {
        p = p->next;
    }
    return p;
}

/* The address and MTU that the configuration asks for.  An address is for devices of our own only:
 * another's belongs to its owner. */
static void set_up_device(struct applied_bridge *b, struct applied_port *p,
                          const struct config_row *iface)
{
    const char *wanted = config_string(iface, COL_Interface_mac, NULL);
    int64_t mtu = config_integer(iface, COL_Interface_mtu_request, 0);
    struct bridge_port_info info;
    uint8_t mac[6];
    int error = 0;

    if (!bridge_port_info(b->bridge, p->ofp_port, &info) || !info.dp.ifindex) {
        return;
    }
    if (wanted && strcmp(info.dp.type, "system") && text_to_mac(wanted, mac) &&
        memcmp(mac, info.dp.mac, 6)) {
        error = link_set_mac(info.dp.ifindex, mac);
    }
    if (!error && mtu > 0 && mtu <= UINT16_MAX && mtu != info.dp.mtu) {
        error = link_set_mtu(info.dp.ifindex, (unsigned)mtu);
    }
    if (error) {
        log_warn_rl("%s: cannot set the address or MTU of %s (%s)", b->name, p->name,
                    strerror(error));
    }
}

static bool apply_interface(struct apply *a, struct applied_bridge *b,
                            const struct config_row *bridge, const struct config_row *port,
                            const struct config_row *iface)
{
    const char *name = config_string(iface, COL_Interface_name, "");
    struct applied_port *p = apply_find_port(b, name);
    uint64_t trunks[PORT_VLAN_WORDS], cvlans[PORT_VLAN_WORDS];

    if (!p) {
        p = xzalloc(sizeof *p);
        p->name = xstrdup(name);
        p->how = describe(iface);
        p->next = b->ports;
        b->ports = p;
    }
    p->wanted = true;
    if (p->ofp_port) {
        struct port_vlan vlan = vlan_of(port, trunks, cvlans);
        bridge_port_set_vlan(b->bridge, p->ofp_port, &vlan);
    } else {
        char *error = add_device(b, p, port, iface, choose_number(a, bridge, iface));
        if (error && (!p->error || strcmp(error, p->error))) {
            log_warn("%s: %s", b->name, error);
        }
        free(p->error);
        p->error = error;
    }
    if (p->ofp_port) {
        set_up_device(b, p, iface);
        apply_qos(a, b, p, port);
    }
    apply_status_port(a, b, p);
    return !p->ofp_port;
}

/* Ports that had or ask for a number come first, so that none of them finds it taken. */
static bool apply_pass(struct apply *a, struct applied_bridge *b, const struct config_row *bridge,
                       const struct config_row *const *ports, size_t n, bool numbered)
{
    bool failed = false;

    for (size_t i = 0; i < n; i++) {
        size_t n_ifaces;
        const struct config_row **ifaces =
            config_refs(a->config, ports[i], COL_Port_interfaces, &n_ifaces);
        if (n_ifaces && wants_number(ifaces[0]) == numbered) {
            failed |= apply_interface(a, b, bridge, ports[i], ifaces[0]);
        }
        /* More than one interface is a bond: one of them alone keeps the network free of loops. */
        for (size_t k = 1; k < n_ifaces; k++) {
            config_set_string(
                a->config, ifaces[k], COL_Interface_error,
                "bonds are not supported: only the first interface of a port is used");
        }
        free(ifaces);
    }
    return failed;
}

bool apply_ports(struct apply *a, struct applied_bridge *b, const struct config_row *bridge)
{
    size_t n;
    const struct config_row **ports = config_refs(a->config, bridge, COL_Bridge_ports, &n);
    struct applied_port *next;

    for (struct applied_port *p = b->ports; p; p = p->next) {
        p->wanted = false;
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_ifaces;
        const struct config_row **ifaces =
            config_refs(a->config, ports[i], COL_Port_interfaces, &n_ifaces);
        struct applied_port *p =
            n_ifaces ? apply_find_port(b, config_string(ifaces[0], COL_Interface_name, "")) : NULL;
        char *how = p ? describe(ifaces[0]) : NULL;
        if (p) {
            p->wanted = !strcmp(how, p->how);
        }
        free(how);
        free(ifaces);
    }
    for (struct applied_port *p = b->ports; p; p = next) {
        next = p->next;
        if (!p->wanted) {
            remove_port(b, p);
        }
    }
    bool failed = apply_pass(a, b, bridge, ports, n, true);
    failed |= apply_pass(a, b, bridge, ports, n, false);
    free(ports);
    return failed;
}
