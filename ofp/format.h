/* format.h - the small forms that the printers of several messages share.
 *
 * Layer 2, pure.  No state; each function appends to a text. */
#pragma once

#include "lib/text.h"

struct bit_name {
    uint32_t bit;
    const char *name;
};

/* The names of the bits set, separated by 'separator', then what has no name as hex; "0" if none.
 */
void format_bits(struct text *, uint32_t bits, const struct bit_name *, size_t n, char separator);
/* `5s`, `5.123s`, `5.123456789s`: no fraction if it is zero, else milliseconds if they are whole,
 * else as many digits as needed. */
void format_duration(struct text *, uint32_t sec, uint32_t nsec);
void format_decimal(struct text *, uint64_t); /* Where there are many: printf takes its time. */
void format_hex(struct text *, uint64_t);     /* 0x... */
/* `NAME=N`, with `?` for UINT64_MAX (unknown). */
void format_counter(struct text *, const char *name, uint64_t);
/* `VERSION,HEX`: bytes of a message of this version of OpenFlow, `1.3,00190008...`. */
void format_raw(struct text *, uint8_t version, const void *, size_t len);
/* Reads it: a heap buffer, or NULL. */
uint8_t *format_raw_parse(const char *, uint8_t *version, size_t *len);
/* The same of a text that is wholly `WORD(VERSION,HEX)`.  False, and nothing in *DATA: TEXT does
 * not begin with `WORD(`.  True and *DATA NULL: it goes on otherwise. */
bool format_raw_word_parse(const char *text, const char *word, uint8_t **data, size_t *len);
/* Are these the same bytes, or can neither be sent? */
struct wire_wr;
bool format_same(const struct wire_wr *, const struct wire_wr *);
/* Bytes that a peer sent as a name or text: control characters, quotes and backslashes as \ooo. */
void format_escaped(struct text *, const void *, size_t);
/* The same, but quotes, backslashes and whatever else a terminal shows stand as they are. */
void format_printable(struct text *, const void *, size_t);
