/* apply_tls.c - keys and certificates: the row of table SSL, or the options of the command line.
 *
 * Part of apply.h.  A change counts for connections that begin after it. */
#include "lib/io/tls.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

LOG_MODULE(apply);

static struct tls_files options; /* Of the command line; strings live as long as the process. */

void apply_tls_options(const struct tls_files *files)
{
    options = *files;
}

static bool is_true(const struct config_row *row, enum column_id id)
{
    const struct datum *d = config_datum(row, id);
    return d->n && d->keys[0].boolean;
}

void apply_tls(struct apply *a)
{
    size_t n;
    const struct config_row **rows =
        config_refs(a->config, config_root(a->config), COL_Open_vSwitch_ssl, &n);
    struct tls_files f = options;

    if (n) {
        f = (struct tls_files){.private_key = config_string(rows[0], COL_SSL_private_key, ""),
                               .certificate = config_string(rows[0], COL_SSL_certificate, ""),
                               .ca_cert = config_string(rows[0], COL_SSL_ca_cert, ""),
                               .bootstrap = is_true(rows[0], COL_SSL_bootstrap_ca_cert),
                               .protocols = config_string(rows[0], COL_SSL_ssl_protocols, ""),
                               .ciphers = config_string(rows[0], COL_SSL_ssl_ciphers, "")};
    }
    bool wanted = f.private_key || f.certificate || f.ca_cert;
    char *key = xasprintf("%s\n%s\n%s\n%d\n%s\n%s", f.private_key ? f.private_key : "",
                          f.certificate ? f.certificate : "", f.ca_cert ? f.ca_cert : "",
                          f.bootstrap, f.protocols ? f.protocols : "", f.ciphers ? f.ciphers : "");

    if (!a->tls || strcmp(key, a->tls)) {
        char *error = tls_configure(&f);
        if (error && wanted) {
            log_err("%s", error);
        }
        free(error);
        free(a->tls);
        a->tls = key;
    } else {
        free(key);
    }
    free(rows);
}
