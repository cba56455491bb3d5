/* tls_session.c - one TLS connection between two memory buffers: see tls.h. */
#include <stdlib.h>

#include "lib/io/tls-private.h"
#include "lib/mem.h"

struct tls {
    SSL *ssl;
    BIO *in, *out; /* Of the SSL. */
    enum tls_status status;
    bool bootstrap;
    char *error;
};

struct tls *tls_new(bool server, char **error)
{
    bool bootstrap;
    SSL_CTX *ctx = tls_context(&bootstrap, error);

    if (!ctx) {
        return NULL;
    }
    struct tls *t = xzalloc(sizeof *t);
    t->status = TLS_HANDSHAKING;
    t->bootstrap = bootstrap;
    t->ssl = SSL_new(ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    SSL_CTX_free(ctx);
    if (!t->ssl || !t->in || !t->out) {
        *error = tls_why("out of memory");
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return NULL;
    }
    BIO_set_mem_eof_return(t->in, -1); /* "Try again", not the end. */
    SSL_set_bio(t->ssl, t->in, t->out);
    if (server) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
    }
    return t;
}

void tls_free(struct tls *t)
{
    if (t) {
        SSL_free(t->ssl);
        free(t->error);
        free(t);
    }
}

static void fail(struct tls *t, char *why)
{
    t->status = TLS_FAILED;
    free(t->error);
    t->error = why;
}

/* OpenSSL's reason, and what is wrong with the peer's certificate if that is it. */
static char *reason(const struct tls *t)
{
    long verdict = SSL_get_verify_result(t->ssl);
    char *why = tls_why("protocol error"), *all;

    if (verdict == X509_V_OK) {
        return why;
    }
    all = xasprintf("%s: %s", why, X509_verify_cert_error_string(verdict));
    free(why);
    return all;
}

void tls_received(struct tls *t, const void *data, size_t n)
{
    if (t->status != TLS_FAILED && BIO_write(t->in, data, (int)n) != (int)n) {
        fail(t, tls_why("out of memory"));
    }
}

static void bootstrap(struct tls *t)
{
    char *why = tls_learn_ca(SSL_get_peer_cert_chain(t->ssl));
    fail(t, why ? why : xstrdup("the CA of this peer is trusted from now, connecting anew"));
}

enum tls_status tls_status(struct tls *t)
{
    if (t->status != TLS_HANDSHAKING) {
        return t->status;
    }
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r == 1) {
        t->status = TLS_OPEN;
        if (t->bootstrap) {
            bootstrap(t);
        }
    } else {
        int e = SSL_get_error(t->ssl, r);
        if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
            fail(t, reason(t));
        }
    }
    return t->status;
}

size_t tls_read(struct tls *t, void *buffer, size_t room)
{
    size_t n = 0;

    if (t->status != TLS_OPEN || !room) {
        return 0;
    }
    ERR_clear_error();
    if (SSL_read_ex(t->ssl, buffer, room, &n)) {
        return n;
    }
    switch (SSL_get_error(t->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        break;
    case SSL_ERROR_ZERO_RETURN:
        t->status = TLS_CLOSED;
        break;
    default:
        fail(t, reason(t));
    }
    return 0;
}

bool tls_write(struct tls *t, const void *data, size_t n)
{
    size_t done;

    if (t->status != TLS_OPEN) {
        return false;
    }
    ERR_clear_error();
    /* Memory takes everything at once. */
    if (n && (!SSL_write_ex(t->ssl, data, n, &done) || done != n)) {
        fail(t, reason(t));
        return false;
    }
    return true;
}

void tls_shutdown(struct tls *t)
{
    if (t->status == TLS_OPEN) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl);
    }
}

size_t tls_output(struct tls *t, const uint8_t **data)
{
    char *p;
    long n = BIO_get_mem_data(t->out, &p);

    *data = (const uint8_t *)p;
    return n > 0 ? (size_t)n : 0;
}

void tls_sent(struct tls *t)
{
    (void)BIO_reset(t->out);
}

const char *tls_error(const struct tls *t)
{
    return t->error ? t->error : "";
}
