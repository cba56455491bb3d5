/* msg-check.h - what tests of message modules check of each sample: how it prints, that it survives
 * decode and encode, that no cut or changed byte harms. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit/msg-again.h"

struct msg_sample {
    const char *name, *hex, *text;
};

static inline char *msg_check_print(const void *msg, size_t len)
{
    struct text s = TEXT_INIT;
    msg_print(msg, len, NULL, 2, &s);
    return text_steal(&s);
}

/* The text; where it ends with an error, the bytes follow. */
static inline void msg_check_text(const struct msg_sample *sample)
{
    size_t len;
    uint8_t *msg = text_to_hex(sample->hex, &len);
    struct text want = TEXT_INIT;
    assert_non_null(msg);
    text_puts(&want, sample->text);
    if (strstr(sample->text, "***decode error")) {
        text_hexdump(&want, msg, len, 0);
    }
    char *got = msg_check_print(msg, len);
    if (strcmp(got, text_cstr(&want))) {
        print_error("%s: %s", sample->name, got);
    }
    assert_string_equal(got, text_cstr(&want));
    free(got);
    text_deinit(&want);
    free(msg);
}

static inline void msg_check_again_once(const void *msg, size_t len, struct wire_wr *w)
{
    struct wire_rd r;
    struct msg_header h;
    wire_rd_init(&r, msg, len);
    if (!msg_decode_header(&r, &h)) {
        msg_again(&r, &h, w);
    }
}

/* Decodes and encodes: true if the bytes are the same again; else they are so the second time. */
static inline bool msg_check_again(const struct msg_sample *sample)
{
    size_t len;
    uint8_t *msg = text_to_hex(sample->hex, &len);
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
    msg_check_again_once(msg, len, &w);
    if (w.err || !w.len) {
        fail_msg("%s: not encoded", sample->name);
    }
    bool same = w.len == len && !memcmp(w.data, msg, len);
    if (!same) {
        msg_check_again_once(w.data, w.len, &w2);
        assert_int_equal(w2.len, w.len);
        assert_memory_equal(w2.data, w.data, w.len);
    }
    wire_wr_deinit(&w);
    wire_wr_deinit(&w2);
    free(msg);
    return same;
}

static inline void msg_check_any(const void *msg, size_t len)
{
    struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN);
    free(msg_check_print(msg, len));
    msg_check_again_once(msg, len, &w);
    wire_wr_deinit(&w);
}

/* Every shorter message, in a block of its own so that sanitizers see over-reads, and every byte
 * changed. */
static inline void msg_check_malformed(const struct msg_sample *sample)
{
    static const uint8_t masks[] = {0xff, 0x01, 0x80, 0x08};
    size_t len;
    uint8_t *msg = text_to_hex(sample->hex, &len);
    for (size_t n = OFP_HEADER_LEN; n < len; n++) {
        uint8_t *cut = xmemdup(msg, n);
        put_be16(cut + 2, (uint16_t)n);
        msg_check_any(cut, n);
        free(cut);
    }
    for (size_t n = OFP_HEADER_LEN; n < len; n++) {
        for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
            msg[n] ^= masks[m];
            msg_check_any(msg, len);
            msg[n] ^= masks[m];
        }
    }
    free(msg);
}
