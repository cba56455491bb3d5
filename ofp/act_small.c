/* act_small.c - actions of a few numbers: fin_timeout, dec_ttl with controllers, conjunction; and
 * the debug actions.  Wire and text; see act-private.h. */
#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* ---- fin_timeout ---- */

enum ofp_error act_dec_fin_timeout(struct act_decoder *d, const struct act_wire *row UNUSED,
                                   struct wire_rd *r)
{
    struct act_fin_timeout *a = acts_put(d->out, ACT_FIN_TIMEOUT, sizeof *a);

    a->idle = wire_rd_u16(r);
    a->hard = wire_rd_u16(r);
    return OFPERR_OK;
}

void act_enc_fin_timeout(const struct act *a, const struct act_wire *row UNUSED,
                         uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_fin_timeout *f = (const void *)a;

    wire_wr_u16(w, f->idle);
    wire_wr_u16(w, f->hard);
}

char *act_parse_fin_timeout(struct act_parser *p, char *arg)
{
    uint16_t idle = 0, hard = 0;
    char *key, *value;

    while (text_next_kv(&arg, &key, &value)) {
        uint16_t *seconds = !strcmp(key, "idle_timeout")   ? &idle
                            : !strcmp(key, "hard_timeout") ? &hard
                                                           : NULL;
        if (!seconds) {
            return xasprintf("invalid key '%s' in 'fin_timeout' argument", key);
        }
        if (!text_to_u16(value, seconds)) {
            return xasprintf("invalid %s \"%s\"", key, value);
        }
    }
    struct act_fin_timeout *a = acts_put(p->out, ACT_FIN_TIMEOUT, sizeof *a);
    a->idle = idle;
    a->hard = hard;
    return NULL;
}

void act_format_fin_timeout(const struct act_fin_timeout *f, struct text *t)
{
    text_puts(t, "fin_timeout(");
    if (f->idle) {
        text_printf(t, "idle_timeout=%u,", f->idle);
    }
    if (f->hard) {
        text_printf(t, "hard_timeout=%u,", f->hard);
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}

/* ---- dec_ttl(ID,...) ---- */

enum ofp_error act_dec_dec_ttl_ids(struct act_decoder *d, const struct act_wire *row UNUSED,
                                   struct wire_rd *r)
{
    uint16_t n = wire_rd_u16(r);

    if (wire_rd_u32(r)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    if (wire_rd_left(r) < n * 2u) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    struct act_dec_ttl_ids *a = acts_put(d->out, ACT_DEC_TTL_IDS, sizeof *a + n * 2u);
    a->n = n;
    for (size_t i = 0; i < n; i++) {
        a->ids[i] = wire_rd_u16(r);
    }
    return OFPERR_OK;
}

void act_enc_dec_ttl_ids(const struct act *a, const struct act_wire *row UNUSED,
                         uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_dec_ttl_ids *ids = (const void *)a;

    wire_wr_u16(w, ids->n);
    wire_wr_zeros(w, 4);
    for (size_t i = 0; i < ids->n; i++) {
        wire_wr_u16(w, ids->ids[i]);
    }
}

/* As many as an action has room for. */
#define MAX_IDS ((65528 - 16) / 2)

static char *parse_ids(char *arg, uint16_t *ids, uint16_t *n)
{
    char *save = NULL;

    for (char *s = strtok_r(arg, ", ", &save); s; s = strtok_r(NULL, ", ", &save)) {
        if (*n >= MAX_IDS) {
            return xasprintf("dec_ttl: more than %d controller ids", MAX_IDS);
        }
        if (!text_to_u16(s, &ids[(*n)++])) {
            return xasprintf("dec_ttl: invalid controller id \"%s\"", s);
        }
    }
    return *n ? NULL : xstrdup("dec_ttl_cnt_ids: expected at least one controller id.");
}

char *act_parse_dec_ttl(struct act_parser *p, char *arg)
{
    uint16_t n = 0;

    if (!*arg) {
        return act_parse_null(p, arg);
    }
    uint16_t *ids = xzalloc(strlen(arg) * sizeof *ids); /* Room for more than there are words. */
    char *error = parse_ids(arg, ids, &n);
    if (!error) {
        struct act_dec_ttl_ids *a = acts_put(p->out, ACT_DEC_TTL_IDS, sizeof *a + n * 2u);
        a->n = n;
        memcpy(a->ids, ids, n * 2u);
    }
    free(ids);
    return error;
}

void act_format_dec_ttl_ids(const struct act_dec_ttl_ids *a, struct text *t)
{
    text_puts(t, "dec_ttl(");
    for (size_t i = 0; i < a->n; i++) {
        text_printf(t, "%s%u", i ? "," : "", a->ids[i]);
    }
    text_putc(t, ')');
}

/* ---- conjunction ---- */

enum ofp_error act_dec_conjunction(struct act_decoder *d, const struct act_wire *row UNUSED,
                                   struct wire_rd *r)
{
    struct act_conjunction *a = acts_put(d->out, ACT_CONJUNCTION, sizeof *a);

    a->clause = wire_rd_u8(r);
    a->n_clauses = wire_rd_u8(r);
    a->id = wire_rd_u32(r);
    return a->n_clauses < 2 || a->n_clauses > CONJUNCTION_MAX_CLAUSES || a->clause >= a->n_clauses
               ? OFPERR_NXBAC_BAD_CONJUNCTION
               : OFPERR_OK;
}

void act_enc_conjunction(const struct act *a, const struct act_wire *row UNUSED,
                         uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_conjunction *c = (const void *)a;

    wire_wr_u8(w, c->clause);
    wire_wr_u8(w, c->n_clauses);
    wire_wr_u32(w, c->id);
}

/* The number up to 'end' (one of the characters in it, or the end of text), blanks around it. */
static bool take_number(char **arg, const char *end, uint32_t *v)
{
    char *word = strsep(arg, end);

    if (!word) {
        return false;
    }
    while (isspace((unsigned char)*word)) {
        word++;
    }
    for (size_t n = strlen(word); n && isspace((unsigned char)word[n - 1]); n--) {
        word[n - 1] = '\0';
    }
    return text_to_u32(word, v);
}

/* ID,CLAUSE/N_CLAUSES */
char *act_parse_conjunction(struct act_parser *p, char *arg)
{
    uint32_t id, clause, n;

    if (!take_number(&arg, ",", &id) || !take_number(&arg, "/", &clause) ||
        !take_number(&arg, "", &n)) {
        return xstrdup("\"conjunction\" syntax is \"conjunction(id,i/n)\"");
    }
    if (n < 2) {
        return xstrdup("conjunction must have at least 2 clauses");
    }
    if (n > CONJUNCTION_MAX_CLAUSES) {
        return xasprintf("conjunction must have at most %d clauses", CONJUNCTION_MAX_CLAUSES);
    }
    if (!clause) {
        return xstrdup("clause index must be positive");
    }
    if (clause > n) {
        return xstrdup("clause index must be less than or equal to number of clauses");
    }
    struct act_conjunction *a = acts_put(p->out, ACT_CONJUNCTION, sizeof *a);
    a->clause = (uint8_t)(clause - 1);
    a->n_clauses = (uint8_t)n;
    a->id = id;
    return NULL;
}

void act_format_conjunction(const struct act_conjunction *c, struct text *t)
{
    text_printf(t, "conjunction(%" PRIu32 ",%u/%u)", c->id, c->clause + 1u, c->n_clauses);
}

/* The word that the user wrote, where one type has several. */
static const char *word_of(const struct act *a)
{
    return a->type == ACT_SET_FIELD && act_raw_is_legacy(a->raw) ? act_wires[a->raw].name
                                                                 : act_infos[a->type].name;
}

char *act_conjunction_verify(const void *acts, size_t len)
{
    const struct act *a, *other = NULL;
    bool conjunction = false;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == ACT_CONJUNCTION) {
            conjunction = true;
        } else if (a->type != ACT_NOTE && !other) {
            other = a;
        }
    }
    return conjunction && other
               ? xasprintf("\"conjunction\" actions may be used along with \"note\" but not any "
                           "other kind of action (such as the \"%s\" action used here)",
                           word_of(other))
               : NULL;
}

/* ---- debug ---- */

/* Of tests only: no switch takes them. */
enum ofp_error act_dec_debug(struct act_decoder *d UNUSED, const struct act_wire *row UNUSED,
                             struct wire_rd *r UNUSED)
{
    return OFPERR_OFPBAC_BAD_VENDOR_TYPE;
}

void act_enc_debug(const struct act *a UNUSED, const struct act_wire *row UNUSED,
                   uint8_t version UNUSED, struct wire_wr *w UNUSED)
{
}
