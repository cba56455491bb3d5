/* tls.c - the TLS configuration of the process: see tls.h.  Sessions are in tls_session.c. */
#include "lib/io/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io/loop.h"
#include "lib/io/tls-private.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(tls);

#define WATCH_MS 5000
#define N_FILES  3

/* What tells one state of a file from another. */
struct file_state {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

/* One reading of the files: on the heap, and while it is under way the helper thread's alone. */
struct reading {
    char *name[N_FILES]; /* Private key, certificate, CA. */
    char *protocols, *ciphers;
    bool bootstrap; /* Asked for; after reading: and the CA is not there yet. */
    bool learning;
    struct file_state state[N_FILES];
    SSL_CTX *ctx;
    char *error;
};

static struct {
    struct reading *now; /* NULL: not configured. */
    bool under_way;
    unsigned generation; /* Of the configuration: a reading of a former one is thrown away. */
    unsigned read_generation;
    struct loop *loop;
    struct loop_timer timer;
} tls;

/* ---- reading ---- */

char *tls_why(const char *otherwise)
{
    char *text = NULL;

    for (unsigned long e; (e = ERR_get_error());) {
        const char *r = ERR_reason_error_string(e);
        char *longer = xasprintf("%s%s%s", text ? text : "", text ? ", " : "",
                                 r                         ? r
                                 : ERR_lib_error_string(e) ? ERR_lib_error_string(e)
                                                           : "?");
        free(text);
        text = longer;
    }
    return text ? text : xstrdup(otherwise);
}

static void look(const char *name, struct file_state *s)
{
    struct stat st;

    *s = (struct file_state){0};
    if (name && !stat(name, &st)) {
        *s = (struct file_state){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    }
}

/* Is the file another one than when it was read? */
static bool is_other(const struct file_state *a, const struct file_state *b)
{
    return a->dev != b->dev || a->ino != b->ino || a->size != b->size ||
           a->mtime.tv_sec != b->mtime.tv_sec || a->mtime.tv_nsec != b->mtime.tv_nsec;
}

static struct reading *reading_new(const struct tls_files *f)
{
    const char *const names[N_FILES] = {f->private_key, f->certificate, f->ca_cert};
    struct reading *r = xzalloc(sizeof *r);

    for (int i = 0; i < N_FILES; i++) {
        r->name[i] = names[i] && *names[i] ? xstrdup(names[i]) : NULL;
    }
    r->bootstrap = f->bootstrap;
    r->protocols = f->protocols && *f->protocols ? xstrdup(f->protocols) : NULL;
    r->ciphers = f->ciphers && *f->ciphers ? xstrdup(f->ciphers) : NULL;
    return r;
}

static void reading_free(struct reading *r)
{
    if (!r) {
        return;
    }
    for (int i = 0; i < N_FILES; i++) {
        free(r->name[i]);
    }
    free(r->protocols);
    free(r->ciphers);
    free(r->error);
    if (r->ctx) {
        SSL_CTX_free(r->ctx);
    }
    free(r);
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; (p = strstr(p, word)); p += n) {
        if ((p == list || strchr(", ", p[-1])) && (!p[n] || strchr(", ", p[n]))) {
            return true;
        }
    }
    return false;
}

static char *set_protocols(struct reading *r)
{
    bool v12 = !r->protocols || has_word(r->protocols, "TLSv1.2");
    bool v13 = !r->protocols || has_word(r->protocols, "TLSv1.3");

    if (!v12 && !v13) {
        return xasprintf("ssl_protocols \"%s\" has neither TLSv1.2 nor TLSv1.3: older ones are not "
                         "spoken here",
                         r->protocols);
    }
    SSL_CTX_set_min_proto_version(r->ctx, v12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(r->ctx, v13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    return NULL;
}

static char *file_error(const char *what, const char *name)
{
    char *why = tls_why("cannot be read");
    char *error = xasprintf("%s %s: %s", what, name, why);
    free(why);
    return error;
}

static char *load(struct reading *r)
{
    static const char *const what[N_FILES] = {"private key", "certificate", "CA certificate"};

    for (int i = 0; i < N_FILES; i++) {
        if (!r->name[i]) {
            return xasprintf("TLS needs a %s: none is configured", what[i]);
        }
        look(r->name[i], &r->state[i]);
    }
    char *error = openssl_load();
    if (error) {
        return error;
    }
    ERR_clear_error();
    r->learning = r->bootstrap && !r->state[2].ino;
    r->ctx = SSL_CTX_new(TLS_method());
    if (!r->ctx) {
        return tls_why("out of memory");
    }
    error = set_protocols(r);
    if (error) {
        return error;
    }
    SSL_CTX_set_options(r->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(r->ctx, SSL_MODE_RELEASE_BUFFERS);
    if (r->ciphers && !SSL_CTX_set_cipher_list(r->ctx, r->ciphers)) {
        return file_error("ssl_ciphers", r->ciphers);
    }
    if (SSL_CTX_use_certificate_chain_file(r->ctx, r->name[1]) != 1) {
        return file_error(what[1], r->name[1]);
    }
    if (SSL_CTX_use_PrivateKey_file(r->ctx, r->name[0], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(r->ctx) != 1) {
        return file_error(what[0], r->name[0]);
    }
    if (r->learning) {
        SSL_CTX_set_verify(r->ctx, SSL_VERIFY_NONE, NULL);
        return NULL;
    }
    if (SSL_CTX_load_verify_locations(r->ctx, r->name[2], NULL) != 1) {
        return file_error(what[2], r->name[2]);
    }
    SSL_CTX_set_client_CA_list(r->ctx, SSL_load_client_CA_file(r->name[2]));
    SSL_CTX_set_verify(r->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return NULL;
}

static void reading_load(struct reading *r)
{
    r->error = load(r);
    if (r->error && r->ctx) {
        SSL_CTX_free(r->ctx);
        r->ctx = NULL;
    }
}

/* ---- configuration ---- */

char *tls_configure(const struct tls_files *f)
{
    reading_free(tls.now);
    tls.generation++;
    tls.now = reading_new(f);
    reading_load(tls.now);
    return tls.now->error ? xstrdup(tls.now->error) : NULL;
}

SSL_CTX *tls_context(bool *bootstrap, char **error)
{
    const struct reading *r = tls.now;

    if (!r || !r->ctx) {
        *error = xstrdup(r ? r->error
                           : "TLS is not configured (private key, certificate, CA certificate)");
        return NULL;
    }
    *bootstrap = r->learning;
    SSL_CTX_up_ref(r->ctx);
    return r->ctx;
}

static char *write_ca(const char *name, X509 *ca)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

    if (!f) {
        char *error = xasprintf("%s: the peer's CA cannot be written (%s)", name, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    bool ok = PEM_write_X509(f, ca);
    if (fclose(f) || !ok) {
        unlink(name);
        return xasprintf("%s: the peer's CA could not be written", name);
    }
    return NULL;
}

char *tls_learn_ca(STACK_OF(X509) * chain)
{
    if (!tls.now || !tls.now->learning) {
        return xstrdup("the configuration has changed meanwhile");
    }
    int n = chain ? sk_X509_num(chain) : 0;
    X509 *last = n > 0 ? sk_X509_value(chain, n - 1) : NULL;

    if (!last || X509_check_issued(last, last) != X509_V_OK) {
        return xstrdup("the peer sends no CA certificate (self-signed, last of its chain): none to "
                       "begin with");
    }
    char *error = write_ca(tls.now->name[2], last);
    if (!error) {
        log_info("%s: the CA of the first peer was taken", tls.now->name[2]);
        SSL_CTX_free(tls.now->ctx);
        tls.now->ctx = NULL;
        free(tls.now->error);
        reading_load(tls.now);
        error = tls.now->error ? xstrdup(tls.now->error) : NULL;
    }
    return error;
}

/* ---- the files change ---- */

static void read_again(void *r_)
{
    struct reading *r = r_;
    bool other = false;

    for (int i = 0; i < N_FILES; i++) {
        struct file_state s;
        look(r->name[i], &s);
        other |= is_other(&s, &r->state[i]);
    }
    if (other) {
        reading_load(r);
    }
}

static void read_done(void *r_)
{
    struct reading *r = r_;

    tls.under_way = false;
    if (tls.read_generation != tls.generation || !tls.now || (!r->ctx && !r->error)) {
        reading_free(r); /* Of a former configuration, or nothing is new. */
    } else if (r->error) {
        log_warn("new TLS files are not usable, the former ones stay: %s", r->error);
        memcpy(tls.now->state, r->state, sizeof r->state);
        reading_free(r);
    } else {
        log_info("new TLS files are in use for new connections");
        reading_free(tls.now);
        tls.now = r;
    }
}

static void on_timer(void *aux UNUSED)
{
    const struct reading *n = tls.now;

    if (tls.under_way || !n || !n->name[0]) {
        return;
    }
    struct reading *r = reading_new(&(struct tls_files){n->name[0], n->name[1], n->name[2],
                                                        n->bootstrap, n->protocols, n->ciphers});
    memcpy(r->state, n->state, sizeof r->state);
    tls.under_way = true;
    tls.read_generation = tls.generation;
    loop_offload(tls.loop, read_again, read_done, r);
}

void tls_watch(struct loop *loop)
{
    tls.loop = loop;
    loop_timer_init(&tls.timer, loop, on_timer, NULL);
    loop_timer_every(&tls.timer, WATCH_MS);
}

void tls_deinit(void)
{
    loop_timer_cancel(&tls.timer);
    reading_free(tls.now);
    tls.now = NULL;
    tls.generation++;
}
