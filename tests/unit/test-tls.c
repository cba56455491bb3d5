/* test-tls.c - lib/io/tls and TLS streams: mutual certificates, who is refused and why, handshakes
 * cut short, new files without a restart, the first CA taken over.  Keys and certificates are made
 * here. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/env.h"
#include "lib/io/stream.h"
#include "lib/io/tls.h"
#include "lib/mem.h"
#include "lib/text.h"

static struct loop *loop;
static char dir[] = "/tmp/test-tls-XXXXXX";

/* ---- certificates ---- */

struct id {
    EVP_PKEY *key;
    X509 *cert;
};

static struct id ca, other_ca;

static void add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

/* Signed by 'by', or by itself; valid from a day ago until 'seconds' from now. */
static struct id make_id(const char *name, const struct id *by, long seconds)
{
    static long serial;
    struct id id = {EVP_EC_gen("P-256"), X509_new()};
    const struct id *signer = by ? by : &id;

    X509_set_version(id.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), seconds);
    X509_set_pubkey(id.cert, id.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(id.cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, X509_get_subject_name(signer->cert));
    add_ext(id.cert, signer->cert, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
    assert_true(X509_sign(id.cert, signer->key, EVP_sha256()) > 0);
    return id;
}

static void id_free(struct id *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
}

static char *path(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

/* NAME.key and NAME.crt, the latter with the issuer behind it if 'chain'. */
static void write_id(const char *name, const struct id *id, const struct id *chain)
{
    char *key = xasprintf("%s/%s.key", dir, name), *crt = xasprintf("%s/%s.crt", dir, name);
    FILE *f = fopen(key, "w");
    PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    f = fopen(crt, "w");
    PEM_write_X509(f, id->cert);
    if (chain) {
        PEM_write_X509(f, chain->cert);
    }
    fclose(f);
    free(key);
    free(crt);
}

/* The process becomes NAME, who trusts the authority in TRUST.crt.  The text of an error, or NULL.
 */
static char *configure(const char *name, const char *trust, bool bootstrap, const char *protocols)
{
    char *key = xasprintf("%s/%s.key", dir, name), *crt = xasprintf("%s/%s.crt", dir, name),
         *cacert = xasprintf("%s/%s.crt", dir, trust);
    char *error = tls_configure(&(struct tls_files){key, crt, cacert, bootstrap, protocols, NULL});
    free(key);
    free(crt);
    free(cacert);
    return error;
}

static void become(const char *name, const char *trust)
{
    assert_null(configure(name, trust, false, NULL));
}

/* ---- ends ---- */

struct end {
    struct stream *s;
    struct text in;
    bool connected, closed;
    int error;
    size_t take; /* Most bytes used in a call; 0 = all. */
};

static void on_connected(void *e_)
{
    struct end *e = e_;
    assert_false(e->connected);
    e->connected = true;
}

static size_t on_recv(void *e_, const uint8_t *p, size_t n)
{
    struct end *e = e_;
    size_t use = e->take ? MIN(e->take, n) : n;
    text_put(&e->in, (const char *)p, use);
    return use;
}

static void on_closed(void *e_, int error)
{
    struct end *e = e_;
    assert_false(e->closed);
    e->closed = true;
    e->error = error;
}

static const struct stream_cb cb = {on_connected, on_recv, NULL, on_closed};

static struct end server;

static void on_accept(void *aux, struct stream *s)
{
    (void)aux;
    stream_free(server.s);
    server.s = s;
    stream_set_cb(s, &cb, &server);
}

static void end_reset(struct end *e)
{
    stream_free(e->s);
    text_deinit(&e->in);
    *e = (struct end){.s = NULL};
}

static void turns(int n)
{
    while (n-- > 0) {
        loop_turn(loop, 2);
    }
}

/* Until both have their connection, or one its end. */
static void settle(const struct end *a, const struct end *b)
{
    for (int i = 0; i < 500 && !a->closed && !b->closed && !(a->connected && b->connected); i++) {
        loop_turn(loop, 2);
    }
}

static struct listener *listen_tls(char **target)
{
    struct listener *l;
    assert_null(listener_open(loop, "pssl:0:127.0.0.1", 0, on_accept, NULL, &l));
    *target = xasprintf("ssl:127.0.0.1:%u", listener_port(l));
    return l;
}

/* A client who is CLIENT trusting CTRUST comes to a server who is SERVER trusting STRUST. */
static void meet(const char *s, const char *strust, const char *c, const char *ctrust,
                 struct end *client)
{
    char *target;
    struct listener *l = listen_tls(&target);

    end_reset(&server);
    *client = (struct end){.s = NULL};
    become(c, ctrust);
    assert_null(stream_connect(loop, target, 0, &cb, client, &client->s));
    become(s, strust); /* A session keeps what it was begun with; the server's begins now. */
    settle(client, &server);
    turns(20);
    listener_close(l);
    free(target);
}

/* ---- tests ---- */

static void test_talk(void **state)
{
    (void)state;
    struct end client;
    char *big = xzalloc(1 << 20);

    memset(big, 'x', 1 << 20);
    meet("switch", "ca", "controller", "ca", &client);
    assert_true(client.connected && server.connected && !client.closed && !server.closed);
    assert_true(stream_send(client.s, "hello", 5));
    assert_true(stream_send(server.s, big, 1 << 20));
    for (int i = 0; i < 500 && client.in.len < 1 << 20; i++) {
        turns(1);
    }
    assert_string_equal(text_cstr(&server.in), "hello");
    assert_int_equal(client.in.len, 1 << 20);
    stream_free_flushed(server.s); /* The farewell is part of what is flushed. */
    server.s = NULL;
    turns(10);
    assert_true(client.closed);
    assert_int_equal(client.error, 0);
    free(big);
    end_reset(&client);
    end_reset(&server);
}

/* What is sent before the handshake is done waits for it; small uses and pauses lose nothing. */
static void test_early_slices_pauses(void **state)
{
    (void)state;
    struct end client = {.take = 3};
    char *target;
    struct listener *l = listen_tls(&target);

    become("switch", "ca");
    end_reset(&server);
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
    assert_true(stream_send(client.s, "early", 5));
    assert_int_equal(stream_queued(client.s), 5);
    settle(&client, &server);
    turns(10);
    assert_string_equal(text_cstr(&server.in), "early");
    stream_pause(client.s, true);
    assert_true(stream_send(server.s, "abcdefgh", 8));
    turns(10);
    assert_int_equal(client.in.len, 0);
    stream_pause(client.s, false);
    turns(10);
    assert_string_equal(text_cstr(&client.in), "abc"); /* The rest with more behind it. */
    assert_true(stream_send(server.s, "i", 1));
    turns(10);
    assert_true(client.in.len >= 6);
    listener_close(l);
    free(target);
    end_reset(&client);
    end_reset(&server);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *server, *strust, *client, *ctrust;
    } cases[] = {
        {"switch", "ca", "stranger", "ca"},      /* The client's authority is another. */
        {"stranger", "ca", "controller", "ca"},  /* The server's. */
        {"switch", "other", "controller", "ca"}, /* Trusts another one. */
        {"switch", "ca", "expired", "ca"},       {"expired", "ca", "controller", "ca"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct end client;
        meet(cases[i].server, cases[i].strust, cases[i].client, cases[i].ctrust, &client);
        /* With TLS 1.3 a client is done before the server has seen its certificate. */
        assert_true(server.closed && client.closed);
        assert_false(server.connected);
        assert_true(server.error == EPROTO || client.error == EPROTO);
        end_reset(&client);
        end_reset(&server);
    }
}

static void test_cut_and_garbage(void **state)
{
    (void)state;
    static const char *const first[] = {"", "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
                                        "\x04\x00\x00\x08\x00\x00\x00\x01"};
    char *target;
    struct listener *l = listen_tls(&target);

    become("switch", "ca");
    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        struct end client = {.s = NULL};
        char *plain = xasprintf("tcp:%s", target + 4);
        end_reset(&server);
        assert_null(stream_connect(loop, plain, 0, &cb, &client, &client.s));
        turns(10);
        assert_true(server.s && !server.connected);
        stream_send(client.s, first[i], strlen(first[i]) + (i == 3 ? 7 : 0));
        turns(10);
        stream_free(client.s);
        client.s = NULL;
        turns(10);
        assert_true(server.closed && !server.connected && server.error);
        end_reset(&client);
        free(plain);
    }
    listener_close(l);
    free(target);
    end_reset(&server);
}

static void test_protocols(void **state)
{
    (void)state;
    static const struct {
        const char *server, *client;
        bool works;
    } cases[] = {
        {"TLSv1.2", NULL, true},
        {"TLSv1.3", "TLSv1.3", true},
        {"TLSv1.2", "TLSv1.3", false},
        {"TLSv1.1,TLSv1.2", "TLSv1.2,TLSv1.3", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct end client = {.s = NULL};
        char *target;
        struct listener *l = listen_tls(&target);
        end_reset(&server);
        assert_null(configure("controller", "ca", false, cases[i].client));
        assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
        assert_null(configure("switch", "ca", false, cases[i].server));
        settle(&client, &server);
        assert_int_equal(client.connected && server.connected, cases[i].works);
        listener_close(l);
        free(target);
        end_reset(&client);
    }
    char *error = configure("switch", "ca", false, "TLSv1,TLSv1.1");
    assert_string_equal(error, "ssl_protocols \"TLSv1,TLSv1.1\" has neither TLSv1.2 nor TLSv1.3: "
                               "older ones are not spoken here");
    free(error);
    end_reset(&server);
}

static void test_configuration_errors(void **state)
{
    (void)state;
    struct stream *s;
    char *error = tls_configure(&(struct tls_files){NULL, "x", "y", false, NULL, NULL});

    assert_string_equal(error, "TLS needs a private key: none is configured");
    free(error);
    error = configure("nobody", "ca", false, NULL);
    assert_non_null(strstr(error, "certificate "));
    assert_non_null(strstr(error, "nobody.crt: "));
    free(error);
    error = stream_connect(loop, "ssl:127.0.0.1:1", 0, &cb, NULL, &s);
    assert_non_null(error);
    assert_int_equal(strncmp(error, "ssl:127.0.0.1:1: certificate ", 29), 0);
    free(error);
    /* The key of one, the certificate of another. */
    char *key = path("switch.key"), *crt = path("controller.crt"), *cacert = path("ca.crt");
    error = tls_configure(&(struct tls_files){key, crt, cacert, false, NULL, NULL});
    assert_non_null(strstr(error, "private key "));
    free(error);
    free(key);
    free(crt);
    free(cacert);
}

/* New files are found within 5 seconds; useless ones are not taken. */
static void test_new_files(void **state)
{
    (void)state;
    struct end client;
    struct id fresh = make_id("reborn", &ca, 3600), foreign = make_id("foreign", &other_ca, 3600);
    char *crt = path("reborn.crt");

    write_id("reborn", &foreign, NULL);
    become("reborn", "ca");
    write_id("reborn", &fresh, NULL);
    env_time_warp(6000);
    turns(20);
    end_reset(&server);
    char *target;
    struct listener *l = listen_tls(&target);
    client = (struct end){.s = NULL};
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s)); /* Both ends are it. */
    settle(&client, &server);
    assert_true(client.connected && server.connected);
    end_reset(&client);
    end_reset(&server);
    FILE *f = fopen(crt, "w");
    fputs("half a file", f);
    fclose(f);
    env_time_warp(6000);
    turns(20);
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
    settle(&client, &server);
    assert_true(client.connected && server.connected);
    listener_close(l);
    free(target);
    free(crt);
    end_reset(&client);
    end_reset(&server);
    id_free(&fresh);
    id_free(&foreign);
}

static void test_bootstrap(void **state)
{
    (void)state;
    struct end client = {.s = NULL};
    char *target, *learned = path("learned.crt");
    struct listener *l = listen_tls(&target);
    struct stat st;

    assert_null(configure("switch", "learned", true, NULL));
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
    become("chained", "ca");
    end_reset(&server);
    settle(&client, &server);
    turns(10);
    /* Learned by the configuration of that time; ours has changed since, so nothing was written. */
    assert_true(client.closed && client.error == EPROTO && !client.connected);
    assert_int_equal(stat(learned, &st), -1);
    end_reset(&client);
    end_reset(&server);

    /* Both ends one configuration, which learns from itself. */
    assert_null(configure("chained", "learned", true, NULL));
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
    settle(&client, &server);
    turns(10);
    assert_true(client.closed && client.error == EPROTO);
    assert_int_equal(stat(learned, &st), 0);
    end_reset(&client);
    end_reset(&server);
    assert_null(stream_connect(loop, target, 0, &cb, &client, &client.s));
    settle(&client, &server);
    assert_true(client.connected && server.connected);
    listener_close(l);
    free(target);
    free(learned);
    end_reset(&client);
    end_reset(&server);
}

static void make_people(void)
{
    struct id id;

    ca = make_id("our CA", NULL, 86400);
    other_ca = make_id("another CA", NULL, 86400);
    write_id("ca", &ca, NULL);
    write_id("other", &other_ca, NULL);
    static const struct {
        const char *name;
        const struct id *by, *chain;
        long seconds;
    } people[] = {{"switch", &ca, NULL, 86400},
                  {"controller", &ca, NULL, 86400},
                  {"stranger", &other_ca, NULL, 86400},
                  {"expired", &ca, NULL, -3600},
                  {"chained", &ca, &ca, 86400}};
    for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
        id = make_id(people[i].name, people[i].by, people[i].seconds);
        write_id(people[i].name, &id, people[i].chain);
        id_free(&id);
    }
}

static void remove_people(void)
{
    char *command = xasprintf("rm -r %s", dir);
    if (system(command)) {
        fprintf(stderr, "%s stays\n", dir);
    }
    free(command);
    id_free(&ca);
    id_free(&other_ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_talk),      cmocka_unit_test(test_early_slices_pauses),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_cut_and_garbage),
        cmocka_unit_test(test_protocols), cmocka_unit_test(test_configuration_errors),
        cmocka_unit_test(test_new_files), cmocka_unit_test(test_bootstrap),
    };
    if (!mkdtemp(dir)) {
        return 1;
    }
    make_people();
    loop = loop_new();
    env_time_stop();
    tls_watch(loop);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tls_deinit();
    loop_free(loop);
    remove_people();
    return rc;
}
