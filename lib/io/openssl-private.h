/* openssl-private.h - OpenSSL, loaded when the first keys are configured.  Private to lib/io.
 *
 * Most switches and nearly all commands speak no TLS, and libcrypto is what costs a process the
 * most to start.  Behind this header the functions of openssl.def go by pointers, also where
 * OpenSSL's macros call them; one that is not in it is missing when the program is linked. */
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/lazy.h"

struct openssl {
#define FUNCTION LAZY_POINTER
#include "lib/io/openssl.def"
#undef FUNCTION
};
extern struct openssl openssl;

/* Before any other function of it, on the control thread.  NULL, or a heap text why not. */
char *openssl_load(void) MUST_USE;

#ifndef OPENSSL_BY_NAME
#define BIO_ctrl                           openssl.BIO_ctrl
#define BIO_free                           openssl.BIO_free
#define BIO_new                            openssl.BIO_new
#define BIO_s_mem                          openssl.BIO_s_mem
#define BIO_write                          openssl.BIO_write
#define ERR_clear_error                    openssl.ERR_clear_error
#define ERR_get_error                      openssl.ERR_get_error
#define ERR_lib_error_string               openssl.ERR_lib_error_string
#define ERR_reason_error_string            openssl.ERR_reason_error_string
#define OPENSSL_sk_num                     openssl.OPENSSL_sk_num
#define OPENSSL_sk_value                   openssl.OPENSSL_sk_value
#define PEM_write_X509                     openssl.PEM_write_X509
#define SSL_CTX_check_private_key          openssl.SSL_CTX_check_private_key
#define SSL_CTX_ctrl                       openssl.SSL_CTX_ctrl
#define SSL_CTX_free                       openssl.SSL_CTX_free
#define SSL_CTX_load_verify_locations      openssl.SSL_CTX_load_verify_locations
#define SSL_CTX_new                        openssl.SSL_CTX_new
#define SSL_CTX_set_cipher_list            openssl.SSL_CTX_set_cipher_list
#define SSL_CTX_set_client_CA_list         openssl.SSL_CTX_set_client_CA_list
#define SSL_CTX_set_options                openssl.SSL_CTX_set_options
#define SSL_CTX_set_verify                 openssl.SSL_CTX_set_verify
#define SSL_CTX_up_ref                     openssl.SSL_CTX_up_ref
#define SSL_CTX_use_PrivateKey_file        openssl.SSL_CTX_use_PrivateKey_file
#define SSL_CTX_use_certificate_chain_file openssl.SSL_CTX_use_certificate_chain_file
#define SSL_do_handshake                   openssl.SSL_do_handshake
#define SSL_free                           openssl.SSL_free
#define SSL_get_error                      openssl.SSL_get_error
#define SSL_get_peer_cert_chain            openssl.SSL_get_peer_cert_chain
#define SSL_get_verify_result              openssl.SSL_get_verify_result
#define SSL_load_client_CA_file            openssl.SSL_load_client_CA_file
#define SSL_new                            openssl.SSL_new
#define SSL_read_ex                        openssl.SSL_read_ex
#define SSL_set_accept_state               openssl.SSL_set_accept_state
#define SSL_set_bio                        openssl.SSL_set_bio
#define SSL_set_connect_state              openssl.SSL_set_connect_state
#define SSL_shutdown                       openssl.SSL_shutdown
#define SSL_write_ex                       openssl.SSL_write_ex
#define TLS_method                         openssl.TLS_method
#define X509_check_issued                  openssl.X509_check_issued
#define X509_verify_cert_error_string      openssl.X509_verify_cert_error_string
#endif
