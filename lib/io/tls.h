/* tls.h - TLS for streams: the keys and certificates of the process, and sessions that turn bytes
 * of one side into bytes of the other.
 *
 * Layer 1, over OpenSSL.  Owner: the control thread.  A session has no descriptor: the stream gives
 * it what arrived and sends what it wants sent, so nothing here blocks.
 *
 * Invariants: both ends prove who they are (mutual certificates, one CA), TLS 1.2 at least, no
 * renegotiation; plaintext comes out only after the peer was verified.  Names in certificates are
 * not compared with host names: the CA is the switch's own, as is usual for OpenFlow.
 * RFC 5246, RFC 8446; OpenFlow 1.3.5 section 6.3.4. */
#pragma once

#include "lib/base.h"

struct loop;
struct tls;

/* NULL: not given.  All three files are needed, but for 'ca_cert' with 'bootstrap': where it does
 * not exist, the CA of the first peer is taken into it, and the connection made anew. */
struct tls_files {
    const char *private_key, *certificate, *ca_cert;
    bool bootstrap;
    const char *protocols; /* "TLSv1.2,TLSv1.3": those allowed; NULL: both. */
    const char *ciphers;   /* OpenSSL's list for TLS 1.2; NULL: its own. */
};

/* Reads the files.  NULL, or a heap string that says what is wrong: then new sessions are refused
 * with it.  Sessions under way go on with what they have. */
char *tls_configure(const struct tls_files *) MUST_USE;
/* Looks at the files each 5 seconds, on a helper thread, and takes new ones for new sessions; files
 * that cannot be used are logged, and the former ones stay.  Once a process. */
void tls_watch(struct loop *);
void tls_deinit(void);

/* NULL and '*error' (heap) if TLS is not configured or could not be. */
struct tls *tls_new(bool server, char **error);
void tls_free(struct tls *); /* NULL is fine. */

enum tls_status { TLS_OPEN, TLS_HANDSHAKING, TLS_CLOSED, TLS_FAILED };

/* Ciphertext that has arrived. */
void tls_received(struct tls *, const void *, size_t);
/* Goes on with the handshake, or says how the session is. */
enum tls_status tls_status(struct tls *);
/* Plaintext, up to 'room' bytes; 0: none for now, ask tls_status() for the end. */
size_t tls_read(struct tls *, void *, size_t room);
/* Only while TLS_OPEN.  False: the session has failed. */
bool tls_write(struct tls *, const void *, size_t);
void tls_shutdown(struct tls *); /* Queues the farewell. */
/* What is to be sent; valid until the next call.  tls_sent() drops it. */
size_t tls_output(struct tls *, const uint8_t **);
void tls_sent(struct tls *);
const char *tls_error(const struct tls *); /* Why TLS_FAILED. */
