/* geneve_opt.c - see geneve_opt.h. */
#include "lib/packet/geneve_opt.h"

#define LEN_MASK 0x1f /* Words; above it: reserved. */

bool geneve_opt_next(const uint8_t *block, unsigned n, unsigned *ofs, struct geneve_opt *o)
{
    const uint8_t *p = block + *ofs;

    if (n - *ofs < GENEVE_OPT_HEADER) {
        return false;
    }
    *o = (struct geneve_opt){.class = get_be16(p),
                             .type = p[2],
                             .len = (uint8_t)((p[3] & LEN_MASK) * 4),
                             .ofs = *ofs,
                             .value = p + GENEVE_OPT_HEADER};
    if (n - *ofs < GENEVE_OPT_HEADER + (unsigned)o->len) {
        return false;
    }
    *ofs += GENEVE_OPT_HEADER + o->len;
    return true;
}

bool geneve_opts_ok(const uint8_t *block, unsigned n)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    while (geneve_opt_next(block, n, &ofs, &o)) {
    }
    return ofs == n;
}

unsigned geneve_opt_put(uint8_t *block, unsigned n, unsigned cap, const struct geneve_opt *o)
{
    uint8_t *p = block + n;

    if (cap - n < GENEVE_OPT_HEADER + (unsigned)o->len) {
        return 0;
    }
    put_be16(p, o->class);
    p[2] = o->type;
    p[3] = o->len / 4;
    memcpy(p + GENEVE_OPT_HEADER, o->value, o->len);
    return n + GENEVE_OPT_HEADER + o->len;
}
