/* vsctl_tls.c - get-ssl, del-ssl, set-ssl: the row of table SSL. */
#include "utilities/vsctl.h"

static struct vrow *ssl_row(struct vctl *v)
{
    size_t n;
    struct vrow **rows = model_refs(v, v->root, "ssl", "private_key", &n);
    struct vrow *row = n ? rows[0] : NULL;

    free(rows);
    return row;
}

static void cmd_get_ssl(struct vctl *v, struct vcommand *c)
{
    const struct vrow *row = ssl_row(v);

    if (row) {
        text_printf(&c->out,
                    "Private key: %s\nCertificate: %s\nCA Certificate: %s\nBootstrap: %s\n",
                    model_string(row, "private_key"), model_string(row, "certificate"),
                    model_string(row, "ca_cert"),
                    json_is_true(model_get(row, "bootstrap_ca_cert")) ? "true" : "false");
    }
}

static void del_ssl(struct vctl *v)
{
    static const struct vtype set = {.max = 1};
    struct vrow *row = ssl_row(v);

    if (row) {
        row->deleted = true;
        model_set(v->root, "ssl", value_from_elements(&set, json_array()));
    }
}

static void cmd_del_ssl(struct vctl *v, struct vcommand *c)
{
    (void)c;
    del_ssl(v);
}

static void cmd_set_ssl(struct vctl *v, struct vcommand *c)
{
    del_ssl(v);
    struct vrow *row = model_insert(v, "SSL", NULL);
    model_set(row, "private_key", json_string(c->argv[1]));
    model_set(row, "certificate", json_string(c->argv[2]));
    model_set(row, "ca_cert", json_string(c->argv[3]));
    model_set(row, "bootstrap_ca_cert", json_boolean(vsctl_option(c, "--bootstrap")));
    model_add_ref(v->root, "ssl", row->ref);
}

const struct vcommand_class vsctl_tls_commands[] = {
    {"get-ssl", "", 0, 0, "", cmd_get_ssl},
    {"del-ssl", "", 0, 0, "", cmd_del_ssl},
    {"set-ssl", "PRIVATE-KEY CERTIFICATE CA-CERT", 3, 3, "--bootstrap ", cmd_set_ssl},
    {NULL, NULL, 0, 0, NULL, NULL},
};
