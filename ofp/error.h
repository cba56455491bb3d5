/* error.h - OpenFlow errors: one row each in errors.def.
 *
 * Layer 2, pure.  A row says the name, and per version the type and code, or experimenter and
 * number.  Decoders return enum ofp_error, OFPERR_OK = 0 on success. */
#pragma once

#include "lib/text.h"
#include "lib/wire.h"

enum ofp_error {
    OFPERR_OK = 0,
#define OFPERR(ID, ...) OFPERR_##ID, /* OFPERR_OFPBAC_BAD_TYPE and so on. */
#include "ofp/errors.def"
#undef OFPERR
    OFPERR_N
};

const char *ofp_error_name(enum ofp_error); /* "OFPBAC_BAD_TYPE" */
bool ofp_error_by_name(const char *, enum ofp_error *);

/* A whole OFPT_ERROR message that answers 'request' (its first 64 bytes are included).  An error
 * that the version lacks becomes NXBRC_UNENCODABLE_ERROR. */
void ofp_error_encode_reply(enum ofp_error, const void *request, size_t request_len,
                            struct wire_wr *);
/* The same with any payload, all of it; 'version' must be one of 1.0 to 1.5. */
void ofp_error_encode(enum ofp_error, uint8_t version, uint32_t xid, const void *data,
                      size_t data_len, struct wire_wr *);
/* HELLO_FAILED with a text. */
void ofp_error_encode_hello(enum ofp_error, uint8_t version, const char *text, struct wire_wr *);
/* 'msg' is a whole message; the payload points into it.  0 if unknown. */
enum ofp_error ofp_error_decode(const void *msg, size_t len, struct wire_rd *payload);
