/* field_format.c - see match.h: values of fields as text, by the format column of fields.def. */
#include "ofp/field-text-private.h"

#include <stdlib.h>

#include "ofp/format.h"

void field_format_hex(const uint8_t *b, unsigned n, struct text *t)
{
    while (n && !*b) {
        b++;
        n--;
    }
    if (!n) {
        text_putc(t, '0');
        return;
    }
    text_printf(t, "0x%x", *b);
    while (--n) {
        text_printf(t, "%02x", *++b);
    }
}

/* The length of the prefix that a mask is, or -1. */
static int prefix_len(const uint8_t *mask, unsigned n)
{
    unsigned bits = 0;

    while (bits < n * 8 && mask[bits / 8] >> (7 - bits % 8) & 1) {
        bits++;
    }
    for (unsigned i = bits; i < n * 8; i++) {
        if (mask[i / 8] >> (7 - i % 8) & 1) {
            return -1;
        }
    }
    return (int)bits;
}

static void put_address(const uint8_t *a, unsigned n, struct text *t)
{
    if (n == 4) {
        be32 ip;
        memcpy(&ip, a, 4);
        text_ip4(t, ip);
    } else if (n == 16) {
        text_ip6(t, a);
    } else {
        text_mac(t, a);
    }
}

static void put_masked_address(const uint8_t *a, const uint8_t *mask, unsigned n, struct text *t)
{
    put_address(a, n, t);
    if (!mask) {
        return;
    }
    int plen = n == 6 ? -1 : prefix_len(mask, n);
    text_putc(t, '/');
    if (plen >= 0) {
        text_printf(t, "%d", plen);
    } else {
        put_address(mask, n, t);
    }
}

static void put_decimal(uint64_t value, uint64_t mask, bool exact, struct text *t)
{
    format_decimal(t, value);
    if (!exact) {
        text_printf(t, "/0x%" PRIx64, mask);
    }
}

static void put_frag(uint64_t value, uint64_t mask, struct text *t)
{
    for (const struct frag_word *w = frag_words; w->word; w++) {
        if (w->value == (value & 3) && w->mask == (mask & 3)) {
            text_puts(t, w->word);
            return;
        }
    }
    text_printf(t, "0x%" PRIx64 "/0x%" PRIx64, value, mask & 3);
}

void field_format(const struct field *f, const struct field_value *v,
                  const struct field_value *mask, const struct name_map *names, struct text *t)
{
    if (mask && is_all_zeros(mask->b, f->n_bytes)) {
        text_puts(t, "ANY");
        return;
    }
    bool exact = !mask || is_all_ones(mask->b, f->n_bytes);
    uint64_t value = field_value_to_u64(f, v);
    uint64_t mask_bits = exact ? UINT64_MAX : field_value_to_u64(f, mask);
    unsigned n = f->n_bytes;

    switch (f->format) {
    case FMT_DECIMAL:
        put_decimal(value, mask_bits, exact, t);
        break;
    case FMT_HEX:
        field_format_hex(v->b, n, t);
        if (!exact) {
            text_putc(t, '/');
            field_format_hex(mask->b, n, t);
        }
        break;
    case FMT_MAC:
    case FMT_IP4:
    case FMT_IP6:
        put_masked_address(v->b, exact ? NULL : mask->b, n, t);
        break;
    case FMT_PORT10:
    case FMT_PORT:
        if (!exact) { /* Bits of a number: set_field on NXM_OF_IN_PORT_W. */
            put_decimal(value, mask_bits, exact, t);
        } else {
            port_format(f->format == FMT_PORT10 ? port_from_10((uint16_t)value) : (uint32_t)value,
                        names, t);
        }
        break;
    case FMT_FRAG:
        put_frag(value, mask_bits, t);
        break;
    case FMT_CT_STATE:
    case FMT_TCP_FLAGS:
    case FMT_TUN_FLAGS:
        flag_set_format(flag_set_of(f->format), (uint32_t)value, (uint32_t)mask_bits, t);
        break;
    case FMT_PACKET_TYPE:
        text_printf(t, value >> 16 == 1 ? "(%u,%#x)" : "(%u,%u)", (unsigned)(value >> 16),
                    (unsigned)(value & 0xffff));
        break;
    }
}
