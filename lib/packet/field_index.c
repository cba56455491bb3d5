/* field_index.c - see field.h: rows by code point and by name.
 *
 * Two open-addressing tables, filled once by a constructor before main() and constant afterwards,
 * so any thread may read them.  A code point is found by class and field number; the length is
 * compared afterwards. */
#include "lib/hash.h"
#include "lib/packet/field.h"

#define SLOTS      2048 /* Power of two, several times the number of keys. */
#define EMPTY      UINT16_MAX
#define FIELD_BITS UINT32_C(0xfffffe00) /* Class and field of a header. */

_Static_assert(MF_N_IDS < EMPTY, "an id fits");

static uint16_t by_header[SLOTS];
static uint16_t by_name[SLOTS];

static uint32_t header_hash(uint32_t header, uint32_t experimenter)
{
    return hash_u64((uint64_t)experimenter << 32 | (header & FIELD_BITS), 0);
}

/* Not hash_string(): the constructor may run before that one's own initialisation. */
static uint32_t name_hash(const char *s)
{
    uint64_t h = 0;
    for (; *s; s++) {
        h = hash_mix(h, (uint8_t)*s);
    }
    return (uint32_t)h;
}

static void put(uint16_t table[SLOTS], uint32_t hash, enum field_id id)
{
    uint32_t i = hash % SLOTS;
    while (table[i] != EMPTY) {
        i = (i + 1) % SLOTS;
    }
    table[i] = (uint16_t)id;
}

__attribute__((__constructor__)) static void index_fields(void)
{
    memset(by_header, 0xff, sizeof by_header);
    memset(by_name, 0xff, sizeof by_name);
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        put(by_name, name_hash(f->name), f->id);
        if (f->alias) {
            put(by_name, name_hash(f->alias), f->id);
        }
        for (unsigned i = 0; i < FIELD_MAX_CODEPOINTS && f->cp[i].name; i++) {
            put(by_name, name_hash(f->cp[i].name), f->id);
            put(by_header, header_hash(f->cp[i].header, f->cp[i].experimenter), f->id);
        }
    }
}

static bool has_name(const struct field *f, const char *name)
{
    if (!strcmp(f->name, name) || (f->alias && !strcmp(f->alias, name))) {
        return true;
    }
    for (unsigned i = 0; i < FIELD_MAX_CODEPOINTS && f->cp[i].name; i++) {
        if (!strcmp(f->cp[i].name, name)) {
            return true;
        }
    }
    return false;
}

const struct field *field_by_name(const char *name)
{
    for (uint32_t i = name_hash(name) % SLOTS; by_name[i] != EMPTY; i = (i + 1) % SLOTS) {
        if (has_name(&fields[by_name[i]], name)) {
            return &fields[by_name[i]];
        }
    }
    return NULL;
}

const struct field_codepoint *field_codepoint_by_header(uint32_t header, uint32_t experimenter,
                                                        const struct field **field)
{
    uint32_t i = header_hash(header, experimenter) % SLOTS;
    for (; by_header[i] != EMPTY; i = (i + 1) % SLOTS) {
        const struct field *f = &fields[by_header[i]];
        for (unsigned k = 0; k < FIELD_MAX_CODEPOINTS && f->cp[k].name; k++) {
            if (!((f->cp[k].header ^ header) & FIELD_BITS) &&
                f->cp[k].experimenter == experimenter) {
                *field = f;
                return &f->cp[k];
            }
        }
    }
    *field = NULL;
    return NULL;
}

const struct field *field_by_header(uint32_t header, uint32_t experimenter)
{
    const struct field *f;
    const struct field_codepoint *cp = field_codepoint_by_header(header, experimenter, &f);
    return cp && cp->header == header ? f : NULL;
}

const struct field_codepoint *field_codepoint(const struct field *f, uint8_t version)
{
    const struct field_codepoint *best = NULL;
    for (unsigned i = 0; i < FIELD_MAX_CODEPOINTS && f->cp[i].name; i++) {
        if (!best || f->cp[i].min_version <= version) {
            best = &f->cp[i];
        }
    }
    return best;
}

const char *field_code_name(const struct field *f)
{
    const struct field_codepoint *cp = field_codepoint(f, 1);
    return cp ? cp->name : f->cp[0].name ? f->cp[0].name : f->name;
}
