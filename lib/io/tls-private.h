/* tls-private.h - what tls.c (configuration) gives tls_session.c.  Private to lib/io. */
#pragma once

#include "lib/io/openssl-private.h"
#include "lib/io/tls.h"

/* What OpenSSL has queued as errors, oldest first, and empties its queue; heap. */
char *tls_why(const char *otherwise);
/* A reference to the context of new sessions; NULL and '*error'. '*bootstrap': the peer's CA is
 * still to be learned. */
SSL_CTX *tls_context(bool *bootstrap, char **error);
/* Takes the CA of a verified-by-nobody chain into the configured file.  NULL or why not, heap. */
char *tls_learn_ca(STACK_OF(X509) *);
