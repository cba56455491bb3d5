/* prop.h - what must hold for any bytes and any text: the properties that test-generated checks on
 * samples and fuzzers on the rest.
 *
 * What decodes can be encoded; what was encoded decodes, and encodes to the same bytes (one
 * canonical form); what is printed parses, to what has the same bytes.  NULL, or what is wrong
 * (heap). */
#pragma once

#include "tests/gen/gen.h"

struct prop {
    enum ofp_error error; /* Of the decoder; OK if it had none. */
    bool none;            /* The message's body has no codec yet. */
    bool same;            /* The canonical form is the bytes given. */
};

char *prop_oxm(uint8_t version, const void *, size_t len, struct prop *) MUST_USE;
char *prop_acts(bool instructions, uint8_t version, const void *, size_t len,
                struct prop *) MUST_USE;
char *prop_message(const void *, size_t len, struct prop *) MUST_USE;
/* A flow.  'error' gets the parser's if it has one (heap). */
char *prop_text(const char *, char **error) MUST_USE;
/* A message that text can say as well, if it is one: modifications of groups and meters. */
char *prop_mod_text(const void *, size_t len) MUST_USE;
char *prop_sample(const struct gen_sample *, struct prop *) MUST_USE;
