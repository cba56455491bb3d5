/* field-text-private.h - what the files behind the text half of match.h share; for ofp only.
 *
 * Layer 2, pure. */
#pragma once

#include "ofp/match.h"

/* Big-endian bytes in hexadecimal, leading zeros left out; zero is a bare 0. */
void field_format_hex(const uint8_t *b, unsigned n, struct text *t);

/* Sets of named bits: ct_state, tcp_flags, tun_flags. */
struct flag_set {
    const char *noun;         /* "ct_state": "unknown ct_state flag(s)". */
    uint32_t all;             /* The bits there are. */
    const char *const *names; /* By bit; as many as 'all' has. */
};
const struct flag_set *flag_set_of(enum field_format); /* NULL: not a format of flags. */
/* `+a-b`, or `a|b` ('0' for none) where the mask covers all. */
void flag_set_format(const struct flag_set *, uint32_t value, uint32_t mask, struct text *);
/* Either form, or V or V/M in digits.  NULL, or an error text. */
char *flag_set_parse(const struct flag_set *, const char *, uint32_t *value,
                     uint32_t *mask) MUST_USE;

/* Fragment words (`later`) and the value and mask that they stand for; ends with a NULL word. */
struct frag_word {
    const char *word;
    uint8_t value, mask;
};
extern const struct frag_word frag_words[];
