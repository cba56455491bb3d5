/* act_integer.c - integers of any length in the text of actions, as big-endian bytes aligned to the
 * right; see act-private.h. */
#include <ctype.h>

#include "ofp/act-private.h"

const char *act_wide_parse(const char *s, uint8_t wide[ACT_WIDE_MAX])
{
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    unsigned base = hex ? 16 : s[0] == '0' ? 8 : 10;

    memset(wide, 0, ACT_WIDE_MAX);
    if (!isdigit((unsigned char)*s)) {
        return NULL;
    }
    for (s += hex ? 2 : 0; isxdigit((unsigned char)*s); s++) {
        unsigned digit = (unsigned)(isdigit((unsigned char)*s) ? *s - '0' : (*s | 0x20) - 'a' + 10);
        if (digit >= base) {
            break;
        }
        for (size_t i = ACT_WIDE_MAX; i-- > 0;) {
            digit += wide[i] * base;
            wide[i] = (uint8_t)digit;
            digit >>= 8;
        }
        if (digit) {
            return NULL;
        }
    }
    return s;
}

bool act_wide_fits(const uint8_t *wide, size_t len, unsigned n_bits)
{
    size_t whole = n_bits / 8;

    return whole >= len ||
           (is_all_zeros(wide, len - whole - 1) && !(wide[len - whole - 1] >> n_bits % 8));
}

void act_wide_format(const uint8_t *wide, size_t len, struct text *t)
{
    size_t i = 0;

    while (i < len && !wide[i]) {
        i++;
    }
    if (i == len) {
        text_putc(t, '0');
        return;
    }
    text_printf(t, "%#x", wide[i]);
    while (++i < len) {
        text_printf(t, "%02x", wide[i]);
    }
}
