/* vsctl_bridge.c - the verbs of sluice-vsctl about bridges, ports, controllers. */
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

static struct vrow *find_bridge(struct vctl *v, const char *name)
{
    return model_by_name(v, "Bridge", "name", name);
}

static struct vrow *need_bridge(struct vctl *v, const char *name)
{
    struct vrow *br = find_bridge(v, name);
    if (!br) {
        vsctl_fatal("no bridge named %s", name);
    }
    return br;
}

/* The bridge of a port, or NULL. */
static struct vrow *bridge_of(struct vctl *v, const struct vrow *port)
{
    for (struct vrow *r = v->rows; r; r = r->next) {
        if (!r->deleted && !strcmp(r->table, "Bridge")) {
            size_t n;
            struct vrow **ports = model_refs(v, r, "ports", "name", &n);
            bool found = false;
            for (size_t i = 0; i < n; i++) {
                found |= ports[i] == port;
            }
            free(ports);
            if (found) {
                return r;
            }
        }
    }
    return NULL;
}

static struct vrow *port_of(struct vctl *v, const struct vrow *iface)
{
    for (struct vrow *r = v->rows; r; r = r->next) {
        if (!r->deleted && !strcmp(r->table, "Port")) {
            size_t n;
            struct vrow **ifaces = model_refs(v, r, "interfaces", "name", &n);
            bool found = false;
            for (size_t i = 0; i < n; i++) {
                found |= ifaces[i] == iface;
            }
            free(ifaces);
            if (found) {
                return r;
            }
        }
    }
    return NULL;
}

static struct vrow *find_port(struct vctl *v, const char *name)
{
    return model_by_name(v, "Port", "name", name);
}

/* "cannot create X because ... already exists" */
static void check_name_is_free(struct vctl *v, const char *name, const char *what)
{
    const struct vrow *port = find_port(v, name);

    if (find_bridge(v, name)) {
        vsctl_fatal("cannot create a %s named %s because a bridge named %s already exists", what,
                    name, name);
    }
    if (port) {
        const struct vrow *br = bridge_of(v, port);
        vsctl_fatal("cannot create a %s named %s because a port named %s already exists on bridge "
                    "%s",
                    what, name, name, br ? model_string(br, "name") : "?");
    }
}

/* A port with one interface of the same name. */
static struct vrow *make_port(struct vctl *v, struct vrow *br, const char *name, const char *type)
{
    struct vrow *iface = model_by_name(v, "Interface", "name", name);

    if (iface) {
        const struct vrow *port = port_of(v, iface);
        vsctl_fatal("cannot create an interface named %s because an interface named %s already "
                    "exists on port %s",
                    name, name, port ? model_string(port, "name") : "?");
    }
    iface = model_insert(v, "Interface", NULL);
    model_set(iface, "name", json_string(name));
    model_set(iface, "type", json_string(type));
    struct vrow *port = model_insert(v, "Port", NULL);
    model_set(port, "name", json_string(name));
    model_set(port, "interfaces", json_incref(iface->ref));
    model_add_ref(br, "ports", port->ref);
    json_array_append_new(v->new_ifaces, json_string(name));
    return port;
}

static void delete_port(struct vctl *v, struct vrow *br, struct vrow *port)
{
    size_t n;
    struct vrow **ifaces = model_refs(v, port, "interfaces", "name", &n);

    for (size_t i = 0; i < n; i++) {
        ifaces[i]->deleted = true;
    }
    free(ifaces);
    port->deleted = true;
    if (br) {
        model_remove_ref(br, "ports", port->ref);
    }
}

static void cmd_init(struct vctl *v, struct vcommand *c)
{
    (void)v, (void)c; /* The daemon makes the row of Open_vSwitch. */
}

static void cmd_add_br(struct vctl *v, struct vcommand *c)
{
    const char *name = c->argv[1];

    if (c->argc > 2) {
        vsctl_fatal("fake bridges (add-br %s %s ...) are not supported", name, c->argv[2]);
    }
    if (vsctl_option(c, "--may-exist") && find_bridge(v, name)) {
        return;
    }
    check_name_is_free(v, name, "bridge");
    struct vrow *br = model_insert(v, "Bridge", NULL);
    model_set(br, "name", json_string(name));
    make_port(v, br, name, "internal");
    model_add_ref(v->root, "bridges", br->ref);
}

static void cmd_del_br(struct vctl *v, struct vcommand *c)
{
    struct vrow *br = find_bridge(v, c->argv[1]);
    size_t n;

    if (!br && vsctl_option(c, "--if-exists")) {
        return;
    }
    br = need_bridge(v, c->argv[1]);
    struct vrow **ports = model_refs(v, br, "ports", "name", &n);
    for (size_t i = 0; i < n; i++) {
        delete_port(v, NULL, ports[i]);
    }
    free(ports);
    br->deleted = true;
    model_remove_ref(v->root, "bridges", br->ref);
}

static void cmd_list_br(struct vctl *v, struct vcommand *c)
{
    size_t n;
    struct vrow **rows = model_refs(v, v->root, "bridges", "name", &n);

    for (size_t i = 0; i < n; i++) {
        text_printf(&c->out, "%s\n", model_string(rows[i], "name"));
    }
    free(rows);
}

static void cmd_br_exists(struct vctl *v, struct vcommand *c)
{
    if (!find_bridge(v, c->argv[1])) {
        c->exit_code = 2;
    }
}

static void cmd_br_to_vlan(struct vctl *v, struct vcommand *c)
{
    need_bridge(v, c->argv[1]);
    text_puts(&c->out, "0\n"); /* There are no fake bridges. */
}

static void cmd_br_to_parent(struct vctl *v, struct vcommand *c)
{
    text_printf(&c->out, "%s\n", model_string(need_bridge(v, c->argv[1]), "name"));
}

/* Without the local port. */
static void list_of_bridge(struct vctl *v, struct vcommand *c, bool ifaces)
{
    struct vrow *br = need_bridge(v, c->argv[1]);
    size_t n, n_ifaces;
    struct vrow **ports = model_refs(v, br, "ports", "name", &n);

    for (size_t i = 0; i < n; i++) {
        if (!strcmp(model_string(ports[i], "name"), c->argv[1])) {
            continue;
        }
        if (!ifaces) {
            text_printf(&c->out, "%s\n", model_string(ports[i], "name"));
            continue;
        }
        struct vrow **rows = model_refs(v, ports[i], "interfaces", "name", &n_ifaces);
        for (size_t k = 0; k < n_ifaces; k++) {
            text_printf(&c->out, "%s\n", model_string(rows[k], "name"));
        }
        free(rows);
    }
    free(ports);
}

static void cmd_list_ports(struct vctl *v, struct vcommand *c)
{
    list_of_bridge(v, c, false);
}

static void cmd_list_ifaces(struct vctl *v, struct vcommand *c)
{
    list_of_bridge(v, c, true);
}

static void cmd_add_port(struct vctl *v, struct vcommand *c)
{
    struct vrow *br = need_bridge(v, c->argv[1]), *port = find_port(v, c->argv[2]);

    if (port && vsctl_option(c, "--may-exist")) {
        const struct vrow *owner = bridge_of(v, port);
        if (owner && owner != br) {
            vsctl_fatal("\"--may-exist add-port %s %s\" but %s is actually attached to bridge %s",
                        c->argv[1], c->argv[2], c->argv[2], model_string(owner, "name"));
        }
    } else {
        check_name_is_free(v, c->argv[2], "port");
        port = make_port(v, br, c->argv[2], "");
    }
    for (int i = 3; i < c->argc; i++) {
        vsctl_set_column(v, port, c->argv[i]);
    }
}

static void cmd_del_port(struct vctl *v, struct vcommand *c)
{
    const char *name = c->argv[c->argc - 1];
    struct vrow *wanted = c->argc > 2 ? need_bridge(v, c->argv[1]) : NULL;
    struct vrow *port = find_port(v, name);

    if (!port && vsctl_option(c, "--with-iface")) {
        struct vrow *iface = model_by_name(v, "Interface", "name", name);
        port = iface ? port_of(v, iface) : NULL;
    }
    if (!port) {
        if (vsctl_option(c, "--if-exists")) {
            return;
        }
        vsctl_fatal("no port named %s", name);
    }
    struct vrow *br = bridge_of(v, port);
    if (wanted && br != wanted) {
        vsctl_fatal("bridge %s does not have a port %s", model_string(wanted, "name"), name);
    }
    if (br && !strcmp(model_string(br, "name"), name)) {
        vsctl_fatal("cannot delete port %s because it is the local port for bridge %s (deleting "
                    "this port requires deleting the entire bridge)",
                    name, name);
    }
    delete_port(v, br, port);
}

static void cmd_port_to_br(struct vctl *v, struct vcommand *c)
{
    struct vrow *port = find_port(v, c->argv[1]);
    const struct vrow *br = port ? bridge_of(v, port) : NULL;

    if (!br || !strcmp(model_string(br, "name"), c->argv[1])) {
        vsctl_fatal("no port named %s", c->argv[1]);
    }
    text_printf(&c->out, "%s\n", model_string(br, "name"));
}

static void cmd_iface_to_br(struct vctl *v, struct vcommand *c)
{
    struct vrow *iface = model_by_name(v, "Interface", "name", c->argv[1]);
    const struct vrow *port = iface ? port_of(v, iface) : NULL;
    const struct vrow *br = port ? bridge_of(v, port) : NULL;

    if (!br || !strcmp(model_string(br, "name"), c->argv[1])) {
        vsctl_fatal("no interface named %s", c->argv[1]);
    }
    text_printf(&c->out, "%s\n", model_string(br, "name"));
}

/* Controllers. */

static void cmd_get_controller(struct vctl *v, struct vcommand *c)
{
    size_t n;
    struct vrow **rows = model_refs(v, need_bridge(v, c->argv[1]), "controller", "target", &n);

    for (size_t i = 0; i < n; i++) {
        text_printf(&c->out, "%s\n", model_string(rows[i], "target"));
    }
    free(rows);
}

static void del_controllers(struct vctl *v, struct vrow *br)
{
    static const struct vtype set = {.max = INT64_MAX};
    size_t n;
    struct vrow **rows = model_refs(v, br, "controller", "target", &n);

    for (size_t i = 0; i < n; i++) {
        rows[i]->deleted = true;
    }
    free(rows);
    model_set(br, "controller", value_from_elements(&set, json_array()));
}

static void cmd_del_controller(struct vctl *v, struct vcommand *c)
{
    del_controllers(v, need_bridge(v, c->argv[1]));
}

static bool is_known_target(const char *s)
{
    static const char *const known[] = {"tcp:", "unix:", "ssl:", "ptcp:", "punix:", "pssl:"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!strncmp(s, known[i], strlen(known[i]))) {
            return true;
        }
    }
    return false;
}

static void cmd_set_controller(struct vctl *v, struct vcommand *c)
{
    struct vrow *br = need_bridge(v, c->argv[1]);

    del_controllers(v, br);
    for (int i = 2; i < c->argc; i++) {
        if (!is_known_target(c->argv[i])) {
            vsctl_fatal("%s: unknown kind of controller (tcp:, ssl:, unix:, ptcp:, pssl: or punix: "
                        "expected)",
                        c->argv[i]);
        }
        struct vrow *r = model_insert(v, "Controller", NULL);
        model_set(r, "target", json_string(c->argv[i]));
        model_add_ref(br, "controller", r->ref);
    }
}

static void cmd_get_fail_mode(struct vctl *v, struct vcommand *c)
{
    const char *mode = model_string(need_bridge(v, c->argv[1]), "fail_mode");
    if (*mode) {
        text_printf(&c->out, "%s\n", mode);
    }
}

static void cmd_del_fail_mode(struct vctl *v, struct vcommand *c)
{
    static const struct vtype set = {.max = 1};
    model_set(need_bridge(v, c->argv[1]), "fail_mode", value_from_elements(&set, json_array()));
}

static void cmd_set_fail_mode(struct vctl *v, struct vcommand *c)
{
    struct vrow *br = need_bridge(v, c->argv[1]);

    if (strcmp(c->argv[2], "standalone") && strcmp(c->argv[2], "secure")) {
        vsctl_fatal("fail-mode must be \"standalone\" or \"secure\"");
    }
    model_set(br, "fail_mode", json_string(c->argv[2]));
}

const struct vcommand_class vsctl_bridge_commands[] = {
    {"init", "", 0, 0, "", cmd_init},
    {"show", "", 0, 0, "", vsctl_show},
    {"add-br", "BRIDGE", 1, 3, "--may-exist ", cmd_add_br},
    {"del-br", "BRIDGE", 1, 1, "--if-exists ", cmd_del_br},
    {"list-br", "", 0, 0, "--real --fake ", cmd_list_br},
    {"br-exists", "BRIDGE", 1, 1, "", cmd_br_exists},
    {"br-to-vlan", "BRIDGE", 1, 1, "", cmd_br_to_vlan},
    {"br-to-parent", "BRIDGE", 1, 1, "", cmd_br_to_parent},
    {"list-ports", "BRIDGE", 1, 1, "", cmd_list_ports},
    {"add-port", "BRIDGE PORT [COLUMN[:KEY]=VALUE]...", 2, -1, "--may-exist ", cmd_add_port},
    {"del-port", "[BRIDGE] PORT", 1, 2, "--if-exists --with-iface ", cmd_del_port},
    {"port-to-br", "PORT", 1, 1, "", cmd_port_to_br},
    {"list-ifaces", "BRIDGE", 1, 1, "", cmd_list_ifaces},
    {"iface-to-br", "INTERFACE", 1, 1, "", cmd_iface_to_br},
    {"get-controller", "BRIDGE", 1, 1, "", cmd_get_controller},
    {"del-controller", "BRIDGE", 1, 1, "", cmd_del_controller},
    {"set-controller", "BRIDGE TARGET...", 1, -1, "", cmd_set_controller},
    {"get-fail-mode", "BRIDGE", 1, 1, "", cmd_get_fail_mode},
    {"del-fail-mode", "BRIDGE", 1, 1, "", cmd_del_fail_mode},
    {"set-fail-mode", "BRIDGE standalone|secure", 2, 2, "", cmd_set_fail_mode},
    {NULL, NULL, 0, 0, NULL, NULL},
};
