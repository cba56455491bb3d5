/* table_print.c - see table_stats.h: prints TABLE and TABLE_FEATURES.  Tables that are like the one
 * before are folded, and so are field names with a common beginning: `ip_{src,dst} reg0...reg15`.
 */
#include "ofp/flow_mod.h"
#include "ofp/format.h"
#include "ofp/prop.h"
#include "ofp/table_stats.h"

static const struct bit_name instruction_names[] = {
    {BIT(6), "meter"},         {BIT(4), "apply_actions"},  {BIT(5), "clear_actions"},
    {BIT(3), "write_actions"}, {BIT(2), "write_metadata"}, {BIT(1), "goto_table"},
};
#define INSTRUCTIONS_11 0x3eu
#define INSTRUCTIONS_13 0x7eu

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
        if (field_set_has(set, i)) {
            names[n++] = fields[i].name;
        }
    }
    if (n) {
        text_puts(s, label);
        print_folded(s, names, n, 0, ' ');
        text_putc(s, '\n');
    }
}

/* ---- comparisons ---- */

static bool same_actions(const struct table_action_features *a,
                         const struct table_action_features *b)
{
    return !memcmp(a, b, sizeof *a);
}

static bool no_instructions(const struct table_instruction_features *f)
{
    return is_all_zeros(f, sizeof *f);
}

static bool same_instructions(const struct table_instruction_features *a,
                              const struct table_instruction_features *b)
{
    return !memcmp(a, b, sizeof *a);
}

/* The reference does not look at the wildcards. */
static bool same_matching(const struct table_features *a, const struct table_features *b)
{
    return !memcmp(&a->match, &b->match, sizeof a->match) &&
           !memcmp(&a->mask, &b->mask, sizeof a->mask);
}

/* The tables that may follow 'id' are what followed the one before, but for 'id' itself. */
static bool ditto_instructions(struct table_instruction_features a,
                               struct table_instruction_features b, uint8_t id)
{
    a.next[id / 8] &= (uint8_t)~BIT(id % 8);
    b.next[id / 8] &= (uint8_t)~BIT(id % 8);
    return same_instructions(&a, &b);
}

/* Alike but for number and name. */
static bool ditto(const struct table_features *a, const struct table_features *prev)
{
    return a->metadata_match == prev->metadata_match && a->metadata_write == prev->metadata_write &&
           a->max_entries == prev->max_entries && a->miss_config == prev->miss_config &&
           a->can_evict == prev->can_evict && a->can_warn_vacant == prev->can_warn_vacant &&
           ditto_instructions(a->hit, prev->hit, a->table_id) &&
           ditto_instructions(a->miss, prev->miss, a->table_id) && same_matching(a, prev);
}

/* ---- print ---- */

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

static void print_actions(struct table_printer *p, const char *label,
                          const struct table_action_features *a)
{
    struct text *s = p->out;
    text_printf(s, "      %s features:\n", label);
    if (a->actions) {
        text_puts(s, "        actions: ");
        table_features_format_actions(a->actions, p->version, s);
        text_putc(s, '\n');
    }
    print_fields(s, "        supported on Set-Field: ", &a->set_field);
}

static void print_instructions(struct table_printer *p, const struct table_instruction_features *f,
                               const struct table_instruction_features *prev)
{
    struct text *s = p->out;
    print_next_tables(s, f->next);
    if (f->instructions && prev && f->instructions == prev->instructions) {
        text_puts(s, "      (same instructions)\n");
    } else if (f->instructions) {
        text_puts(s, "      instructions: ");
        format_bits(s, f->instructions, instruction_names, ARRAY_SIZE(instruction_names), ' ');
        text_putc(s, '\n');
    }
    /* The reference folds only actions with something to set. */
    if (prev && same_actions(&f->write, &prev->write) && same_actions(&f->apply, &prev->apply) &&
        !field_set_empty(&f->write.set_field)) {
        text_puts(s, "      (same actions)\n");
    } else if (!same_actions(&f->write, &f->apply)) {
        print_actions(p, "Write-Actions", &f->write);
        print_actions(p, "Apply-Actions", &f->apply);
    } else if (f->write.actions || !field_set_empty(&f->write.set_field)) {
        print_actions(p, "Write-Actions and Apply-Actions", &f->write);
    }
}

static void print_all_instructions(struct table_printer *p, const struct table_features *t,
                                   const struct table_features *prev)
{
    struct text *s = p->out;
    if (prev && same_instructions(&t->hit, &prev->hit) &&
        same_instructions(&t->miss, &prev->miss)) {
        text_puts(s, no_instructions(&t->hit) ? "" : "    (same instructions)\n");
    } else if (!same_instructions(&t->hit, &t->miss)) {
        text_puts(s, "    instructions (other than table miss):\n");
        print_instructions(p, &t->hit, prev ? &prev->hit : NULL);
        text_puts(s, "    instructions (table miss):\n");
        print_instructions(p, &t->miss, prev ? &prev->miss : NULL);
    } else if (!no_instructions(&t->hit)) {
        text_puts(s, "    instructions (table miss and others):\n");
        print_instructions(p, &t->hit, prev ? &prev->hit : NULL);
    }
}

static void print_matching(struct text *s, const struct table_features *t,
                           const struct table_features *prev)
{
    if (field_set_empty(&t->match)) {
        return;
    }
    if (prev && same_matching(t, prev)) {
        text_puts(s, "    (same matching)\n");
        return;
    }
    struct field_set wild, exact;
    for (size_t i = 0; i < ARRAY_SIZE(wild.w); i++) {
        wild.w[i] = t->match.w[i] & ~t->mask.w[i] & t->wildcard.w[i];
        exact.w[i] = t->match.w[i] & ~t->mask.w[i] & ~t->wildcard.w[i];
    }
    text_puts(s, "    matching:\n");
    print_fields(s, "      arbitrary mask: ", &t->mask);
    print_fields(s, "      exact match or wildcard: ", &wild);
    print_fields(s, "      must exact match: ", &exact);
}

static void print_features(struct table_printer *p, const struct table_features *t,
                           const struct table_features *prev)
{
    static const char *const misses[] = {NULL, "controller", "continue", "drop"};
    struct text *s = p->out;
    if (t->metadata_match || t->metadata_write) {
        text_printf(s, "    metadata: match=%#" PRIx64 " write=%#" PRIx64 "\n", t->metadata_match,
                    t->metadata_write);
    }
    if (t->miss_config) {
        text_printf(s, "    config=%s\n", misses[t->miss_config]);
    }
    if (t->has_capabilities) {
        text_printf(s, "    eviction: %ssupported\n    vacancy events: %ssupported\n",
                    t->can_evict ? "" : "not ", t->can_warn_vacant ? "" : "not ");
    }
    if (t->max_entries) {
        text_printf(s, "    max_entries=%" PRIu32 "\n", t->max_entries);
    }
    print_all_instructions(p, t, prev);
    print_matching(s, t, prev);
}

static void print_table_name(struct table_printer *p, const struct table_features *t)
{
    text_puts(p->out, "\n  table ");
    flow_format_table(t->table_id, p->names, p->out);
    if (t->name[0]) {
        text_puts(p->out, " (\"");
        format_printable(p->out, t->name, strlen(t->name));
        text_puts(p->out, "\")");
    }
}

static void flush_dittos(struct table_printer *p)
{
    if (p->first_ditto < 0) {
        return;
    }
    if (p->first_ditto == p->prev.table_id) {
        print_table_name(p, &p->prev);
        text_puts(p->out, ": ditto\n");
    } else {
        text_printf(p->out, "\n  tables %d...%u: ditto\n", p->first_ditto, p->prev.table_id);
    }
    p->first_ditto = -1;
}

void table_printer_init(struct table_printer *p, uint8_t version, const struct name_map *names,
                        struct text *out)
{
    *p = (struct table_printer){.out = out, .names = names, .version = version, .first_ditto = -1};
}

/* What has no name is not shown, and makes no difference. */
static void drop_unknown(struct table_instruction_features *f, uint8_t version)
{
    uint32_t known = table_features_known_actions(version);

    f->instructions &= version < OFP13_VERSION ? INSTRUCTIONS_11 : INSTRUCTIONS_13;
    f->write.actions &= known;
    f->apply.actions &= known;
}

static bool has_exp_props(const struct table_features *t)
{
    struct wire_rd r;
    struct prop prop;

    wire_rd_init(&r, t->props, t->props_len);
    return table_features_next_exp(&r, &prop);
}

/* Of which the peer says nothing. */
static void print_exp_props(const struct table_features *t, struct text *s)
{
    struct wire_rd r;
    struct prop prop;

    wire_rd_init(&r, t->props, t->props_len);
    while (table_features_next_exp(&r, &prop)) {
        text_printf(s, "    experimenter property%s: 0x%08" PRIx32 ", type %" PRIu32 ":",
                    prop.type == PROP_EXPERIMENTER ? " for misses" : "", prop.experimenter,
                    prop.exp_type);
        for (size_t n = wire_rd_left(&prop.body); n; n--) {
            text_printf(s, " %02x", wire_rd_u8(&prop.body));
        }
        text_putc(s, '\n');
    }
}

void table_printer_add(struct table_printer *p, const struct table_features *features,
                       const struct table_stats *stats)
{
    struct table_features t = *features;
    const struct table_features *prev = p->any ? &p->prev : NULL;
    drop_unknown(&t.hit, p->version);
    drop_unknown(&t.miss, p->version);

    bool exact = p->names && p->names->exact;
    bool same = prev && !(exact && has_exp_props(&t)) && ditto(&t, prev);
    bool same_stats = prev && (!stats || (stats->active == p->prev_stats.active &&
                                          stats->lookup == p->prev_stats.lookup &&
                                          stats->matched == p->prev_stats.matched));
    if (same && same_stats && !t.name[0]) {
        p->first_ditto = p->first_ditto < 0 ? t.table_id : p->first_ditto;
    } else {
        flush_dittos(p);
        if (!prev && t.command) {
            static const char *const commands[] = {"replace", "modify", "enable", "disable"};
            text_printf(p->out, "\n  command: %s", commands[t.command]);
        }
        print_table_name(p, &t);
        if (same && same_stats) {
            text_puts(p->out, ": ditto");
        } else {
            text_puts(p->out, ":\n");
            if (stats) {
                text_printf(p->out,
                            "    active=%" PRIu32 ", lookup=%" PRIu64 ", matched=%" PRIu64 "\n",
                            stats->active, stats->lookup, stats->matched);
            }
            if (!same) {
                print_features(p, &t, prev);
            } else if (p->version < OFP13_VERSION || !stats) {
                text_puts(p->out, "    (same features)\n");
            }
            if (exact) {
                print_exp_props(&t, p->out);
            }
        }
    }
    p->prev = t;
    p->prev_stats = stats ? *stats : p->prev_stats;
    p->any = true;
}

void table_printer_end(struct table_printer *p)
{
    flush_dittos(p);
}
