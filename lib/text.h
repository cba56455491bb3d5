/* text.h - growing strings, and the parsing and printing of the literals users type.
 *
 * Layer 0, any thread.  Parsers return NULL on success, else a heap string that names the word
 * at fault (the caller frees it): the convention of every text parser in the tree. */
#pragma once

#include <stdarg.h>

#include "lib/base.h"

struct text {
    char *s; /* NUL-terminated, or NULL when empty and never written. */
    size_t len, cap;
};

#define TEXT_INIT ((struct text){NULL, 0, 0})
void text_deinit(struct text *);
void text_clear(struct text *);
void text_putc(struct text *, char);
void text_puts(struct text *, const char *);
void text_put(struct text *, const char *, size_t);
void text_printf(struct text *, const char *fmt, ...) PRINTF_LIKE(2, 3);
void text_vprintf(struct text *, const char *fmt, va_list) PRINTF_LIKE(2, 0);
/* Removes trailing bytes equal to 'c', at most one. */
void text_chomp(struct text *, char c);
void text_truncate(struct text *, size_t len);
/* The string as a C string, never NULL; valid until the next change. */
const char *text_cstr(const struct text *);
/* Hands the string to the caller, who frees it; never NULL. */
char *text_steal(struct text *);
/* Classic 16-byte hex dump rows, `00000000  04 0e ... |....|`, offsets from 'ofs'. */
void text_hexdump(struct text *, const void *, size_t, size_t ofs);
void text_mac(struct text *, const uint8_t mac[6]);
void text_ip4(struct text *, be32);
void text_ip6(struct text *, const uint8_t ip[16]);
/* A name that is not identifier-like is printed as a quoted JSON string. */
void text_quoted_name(struct text *, const char *name);

/* Integers: decimal, 0x hex, or leading-0 octal; the whole string must be used. */
bool text_to_u64(const char *, uint64_t *);
bool text_to_u32(const char *, uint32_t *);
bool text_to_u16(const char *, uint16_t *);
bool text_to_u8(const char *, uint8_t *);
bool text_to_mac(const char *, uint8_t mac[6]);
bool text_to_ip4(const char *, be32 *);
bool text_to_ip6(const char *, uint8_t ip[16]);
/* Hex digits, white space and dots between bytes allowed.  Heap buffer, or NULL. */
uint8_t *text_to_hex(const char *, size_t *len);

/* Splits, in place, the list grammar that flows and actions share: items separated by commas
 * and/or white space, each `key`, `key=value`, `key:value` or `key(value)`; parentheses and
 * brackets nest.  On the next item: true, *cursor moves on, *key and *value point into the string
 * (NUL-terminated; 'value' is "" if absent; `key(value)` gives the inside).  False at the end. */
bool text_next_kv(char **cursor, char **key, char **value);
