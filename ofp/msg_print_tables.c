/* msg_print_tables.c - prints TABLE_FEATURES (OpenFlow 1.3.5 section 7.3.5.5); see msg_print.h.
 * Tables that are like the one before are folded, and so are field names with a common beginning:
 * `ip_{src,dst} reg0...reg15`. */
#include "ofp/flow_mod.h"
#include "ofp/msg_print.h"

#define N_WORDS DIV_ROUND_UP(MF_N_IDS, 64)

struct field_set {
    uint64_t w[N_WORDS];
};

/* What may be done in one kind of instruction. */
struct action_features {
    uint32_t actions; /* Bit n = standard action n. */
    struct field_set set_field;
};

struct features {          /* For matching packets, and for table miss. */
    uint32_t instructions; /* Bit n = instruction n. */
    uint8_t next[32];      /* Bitmap of tables. */
    struct action_features write, apply;
};

struct table_print {
    uint8_t id;
    char name[33];
    uint64_t metadata_match, metadata_write;
    uint32_t max_entries;
    struct features hit, miss;
    struct field_set match, mask, wildcard;
};

static bool set_has(const struct field_set *s, int id)
{
    return s->w[id / 64] >> (id % 64) & 1;
}

/* ---- decode ---- */

static void decode_ids(struct wire_rd *r, uint32_t *bits)
{
    *bits = 0;
    while (wire_rd_left(r) && !r->err) {
        uint16_t id = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        wire_rd_skip(r, len >= 4 ? len - 4u : SIZE_MAX);
        *bits |= id < 32 ? BIT(id) : 0; /* Experimenters' are not shown. */
    }
}

static void decode_fields(struct wire_rd *r, const struct msg_header *h, struct field_set *set,
                          struct field_set *masked)
{
    memset(set, 0, sizeof *set);
    while (wire_rd_left(r) && !r->err) {
        const struct field *f = NULL;
        bool has_mask;
        if (!tlv_header_decode(r, h, &f, &has_mask) && f) {
            set->w[f->id / 64] |= BIT64(f->id % 64);
            if (masked && has_mask) {
                masked->w[f->id / 64] |= BIT64(f->id % 64);
            }
        }
    }
}

/* One property; the odd ones are for table miss. */
static void decode_prop(struct wire_rd *r, const struct msg_header *h, uint16_t type,
                        struct table_print *t)
{
    struct features *f = type & 1 ? &t->miss : &t->hit;
    switch (type & ~1) {
    case 0:
        decode_ids(r, &f->instructions);
        break;
    case 2:
        memset(f->next, 0, sizeof f->next);
        while (wire_rd_left(r)) {
            uint8_t table = wire_rd_u8(r);
            f->next[table / 8] |= (uint8_t)BIT(table % 8);
        }
        break;
    case 4:
        decode_ids(r, &f->write.actions);
        break;
    case 6:
        decode_ids(r, &f->apply.actions);
        break;
    case 8:
        decode_fields(r, h, &t->match, &t->mask);
        break;
    case 10:
        decode_fields(r, h, &t->wildcard, NULL);
        break;
    case 12:
        decode_fields(r, h, &f->write.set_field, NULL);
        break;
    case 14:
        decode_fields(r, h, &f->apply.set_field, NULL);
        break;
    default: /* Experimenters'. */
        r->p = r->end;
        break;
    }
}

static enum ofp_error decode_props(struct wire_rd *r, const struct msg_header *h,
                                   struct table_print *t)
{
    struct wire_rd again = *r;
    /* What is said of hits holds for misses unless said otherwise: hits first. */
    for (int odd = 0; odd < 2; odd++) {
        struct wire_rd p = again;
        while (wire_rd_left(&p)) {
            uint16_t type = wire_rd_u16(&p);
            uint16_t len = wire_rd_u16(&p);
            struct wire_rd body = wire_rd_sub(&p, len >= 4 ? len - 4u : SIZE_MAX);
            wire_rd_skip(&p, (size_t)(ROUND_UP(len, 8) - len));
            if (p.err) {
                return OFPERR_OFPBPC_BAD_LEN;
            }
            if ((type & 1) == odd) {
                decode_prop(&body, h, type, t);
            }
            if (body.err) {
                return OFPERR_OFPBPC_BAD_LEN;
            }
        }
        t->miss = odd ? t->miss : t->hit;
    }
    return OFPERR_OK;
}

static enum ofp_error decode_table(struct wire_rd *r, const struct msg_header *h,
                                   struct table_print *t)
{
    memset(t, 0, sizeof *t);
    uint16_t len = wire_rd_u16(r);
    struct wire_rd e = wire_rd_sub(r, len >= 64 ? len - 2u : SIZE_MAX);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    t->id = wire_rd_u8(&e);
    wire_rd_skip(&e, 5);
    wire_rd_copy(&e, t->name, 32);
    t->metadata_match = wire_rd_u64(&e);
    t->metadata_write = wire_rd_u64(&e);
    wire_rd_skip(&e, 4);
    t->max_entries = wire_rd_u32(&e);
    return decode_props(&e, h, t);
}

/* ---- names ---- */

/* Length of the beginning up to and with the next underscore, 0 if there is none. */
static size_t prefix_len(const char *s)
{
    const char *p = strchr(s, '_');
    return p ? (size_t)(p - s) + 1 : 0;
}

/* Do 'a' and 'b' differ only in that the number at the end of 'b' is 'step' higher? */
static bool numbered(const char *a, const char *b, unsigned step)
{
    size_t stem = strcspn(a, "0123456789");
    uint32_t from, to;
    return !strncmp(a, b, stem) && text_to_u32(a + stem, &from) && text_to_u32(b + stem, &to) &&
           to == from + step;
}

/* 'names' have their first 'skip' bytes in common, printed already. */
static void print_folded(struct text *s, const char *const *names, size_t n, size_t skip,
                         char separator)
{
    for (size_t i = 0, j; i < n; i = j) {
        const char *name = names[i] + skip;
        size_t prefix = prefix_len(name);
        if (i) {
            text_putc(s, separator);
        }
        j = i + 1;
        while (prefix && j < n && !strncmp(names[j] + skip, name, prefix)) {
            j++;
        }
        if (j - i > 1) {
            text_printf(s, "%.*s{", (int)prefix, name);
            print_folded(s, names + i, j - i, skip + prefix, ',');
            text_putc(s, '}');
            continue;
        }
        while (j < n && numbered(name, names[j] + skip, (unsigned)(j - i))) {
            j++;
        }
        text_puts(s, name);
        if (j - i > 1) {
            text_printf(s, "...%s", names[j - 1] + skip);
        }
    }
}

static void print_fields(struct text *s, const char *label, const struct field_set *set)
{
    const char *names[MF_N_IDS];
    size_t n = 0;
    for (int i = 0; i < MF_N_IDS; i++) {
        if (set_has(set, i)) {
            names[n++] = fields[i].name;
        }
    }
    if (n) {
        text_puts(s, label);
        print_folded(s, names, n, 0, ' ');
        text_putc(s, '\n');
    }
}

void msg_print_action_bits(struct text *s, uint32_t actions)
{
    static const struct bit_name names[] = {
        {BIT(0), "output"},      {BIT(22), "group"},        {BIT(25), "set_field"},
        {BIT(18), "strip_vlan"}, {BIT(17), "push_vlan"},    {BIT(23), "mod_nw_ttl"},
        {BIT(24), "dec_ttl"},    {BIT(15), "set_mpls_ttl"}, {BIT(16), "dec_mpls_ttl"},
        {BIT(19), "push_mpls"},  {BIT(20), "pop_mpls"},     {BIT(21), "set_queue"},
    };
    uint32_t known = 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        known |= names[i].bit;
    }
    if (actions & known) {
        format_bits(s, actions & known, names, ARRAY_SIZE(names), ' ');
    } else {
        text_puts(s, "<none>");
    }
}

/* ---- print ---- */

void msg_print_table_dittos(struct msg_print *p, unsigned first, unsigned last)
{
    if (first == last) {
        text_printf(p->out, "\n  table %u: ditto\n", first);
    } else {
        text_printf(p->out, "\n  tables %u...%u: ditto\n", first, last);
    }
}

static void print_next_tables(struct text *s, const uint8_t next[32])
{
    bool any = false;
    for (unsigned i = 0, j; i < 256; i = j) {
        j = i + 1;
        if (!(next[i / 8] & BIT(i % 8))) {
            continue;
        }
        while (j < 256 && next[j / 8] & BIT(j % 8)) {
            j++;
        }
        text_puts(s, any ? "," : "      next tables: ");
        text_printf(s, j - i > 1 ? "%u-%u" : "%u", i, j - 1);
        any = true;
    }
    text_puts(s, any ? "\n" : "");
}

static void print_action_features(struct text *s, const char *label,
                                  const struct action_features *a)
{
    text_printf(s, "      %s features:\n        actions: ", label);
    msg_print_action_bits(s, a->actions);
    text_putc(s, '\n');
    print_fields(s, "        supported on Set-Field: ", &a->set_field);
}

static bool same_actions(const struct features *a, const struct features *b)
{
    return !memcmp(&a->write, &b->write, sizeof a->write) &&
           !memcmp(&a->apply, &b->apply, sizeof a->apply);
}

static void print_features(struct text *s, const struct features *f, const struct features *prev)
{
    static const struct bit_name instructions[] = {
        {BIT(6), "meter"},         {BIT(4), "apply_actions"},  {BIT(5), "clear_actions"},
        {BIT(3), "write_actions"}, {BIT(2), "write_metadata"}, {BIT(1), "goto_table"},
    };
    print_next_tables(s, f->next);
    text_puts(s, "      instructions: ");
    format_bits(s, f->instructions, instructions, ARRAY_SIZE(instructions), ' ');
    text_putc(s, '\n');
    if (prev && same_actions(f, prev)) {
        text_puts(s, "      (same actions)\n");
    } else if (!memcmp(&f->write, &f->apply, sizeof f->write)) {
        print_action_features(s, "Write-Actions and Apply-Actions", &f->write);
    } else {
        print_action_features(s, "Write-Actions", &f->write);
        print_action_features(s, "Apply-Actions", &f->apply);
    }
}

static bool same_features(const struct features *a, const struct features *b)
{
    return a->instructions == b->instructions && !memcmp(a->next, b->next, sizeof a->next) &&
           same_actions(a, b);
}

static bool same_matching(const struct table_print *a, const struct table_print *b)
{
    return !memcmp(&a->match, &b->match, sizeof a->match) &&
           !memcmp(&a->mask, &b->mask, sizeof a->mask) &&
           !memcmp(&a->wildcard, &b->wildcard, sizeof a->wildcard);
}

static void print_matching(struct text *s, const struct table_print *t,
                           const struct table_print *prev)
{
    if (prev && same_matching(t, prev)) {
        text_puts(s, "    (same matching)\n");
        return;
    }
    struct field_set wild, exact;
    for (size_t i = 0; i < N_WORDS; i++) {
        wild.w[i] = t->match.w[i] & ~t->mask.w[i] & t->wildcard.w[i];
        exact.w[i] = t->match.w[i] & ~t->mask.w[i] & ~t->wildcard.w[i];
    }
    text_puts(s, "    matching:\n");
    print_fields(s, "      arbitrary mask: ", &t->mask);
    print_fields(s, "      exact match or wildcard: ", &wild);
    print_fields(s, "      must exact match: ", &exact);
}

static void print_table(struct msg_print *p, const struct table_print *t,
                        const struct table_print *prev)
{
    struct text *s = p->out;
    text_printf(s, "\n  table %u", t->id);
    if (t->name[0]) {
        text_puts(s, " (\"");
        format_escaped(s, t->name, strlen(t->name));
        text_puts(s, "\")");
    }
    text_printf(s,
                ":\n    metadata: match=0x%" PRIx64 " write=0x%" PRIx64 "\n"
                "    max_entries=%" PRIu32 "\n",
                t->metadata_match, t->metadata_write, t->max_entries);
    if (same_features(&t->hit, &t->miss)) {
        if (prev && same_features(&t->hit, &prev->hit) && same_features(&t->miss, &prev->miss)) {
            text_puts(s, "    (same instructions)\n");
        } else {
            text_puts(s, "    instructions (table miss and others):\n");
            print_features(s, &t->hit, prev ? &prev->hit : NULL);
        }
    } else {
        text_puts(s, "    instructions (other than table miss):\n");
        print_features(s, &t->hit, prev ? &prev->hit : NULL);
        text_puts(s, "    instructions (table miss):\n");
        print_features(s, &t->miss, prev ? &prev->miss : NULL);
    }
    print_matching(s, t, prev);
}

/* Alike but for the number, and for the next tables, which necessarily differ. */
static bool ditto(const struct table_print *a, const struct table_print *b)
{
    return !strcmp(a->name, b->name) && a->metadata_match == b->metadata_match &&
           a->metadata_write == b->metadata_write && a->max_entries == b->max_entries &&
           a->hit.instructions == b->hit.instructions &&
           a->miss.instructions == b->miss.instructions && same_actions(&a->hit, &b->hit) &&
           same_actions(&a->miss, &b->miss) && same_matching(a, b);
}

enum ofp_error msg_print_table_features(struct msg_print *p, struct wire_rd *r)
{
    struct table_print prev, t;
    int first = -1; /* Of the tables like 'prev' that are not printed yet. */
    bool any = false;
    if (!msg_version_in(p->h->version, OFP13_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    for (;;) {
        bool end = !wire_rd_left(r);
        enum ofp_error err = end ? OFPERR_OK : decode_table(r, p->h, &t);
        bool same = !err && !end && any && ditto(&t, &prev);
        if (first >= 0 && !same) {
            msg_print_table_dittos(p, (unsigned)first, prev.id);
            first = -1;
        }
        if (err || end) {
            return err;
        }
        if (same) {
            first = first < 0 ? t.id : first;
        } else {
            print_table(p, &t, any ? &prev : NULL);
        }
        prev = t;
        any = true;
    }
}
