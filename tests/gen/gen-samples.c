/* gen-samples.c - writes the samples of gen.h.
 *
 *   gen-samples [--seed N] [--kind KIND]     one a line: kind, row, version, expected, hex, how
 * made gen-samples --corpus KIND                what fuzz-KIND starts from: a hex line each
 *
 * Expected: `same` (decodes, and is the same again), `ok` (decodes, comes out in another form),
 * `any`, or the name of an error. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/gen/gen.h"

static const char *only_kind;

static void put_hex(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        printf("%02x", p[i]);
    }
}

static void write_line(void *aux UNUSED, const struct gen_sample *s)
{
    static const char *const wants[] = {"same", "ok", NULL, "any"};
    const char *kind = gen_kind_names[s->kind];

    if (!only_kind || !strcmp(only_kind, kind)) {
        printf("%s\t%s\t%u\t%s\t", kind, s->row, s->version,
               s->want == WANT_ERROR ? ofp_error_name(s->error) : wants[s->want]);
        put_hex(s->data, s->len);
        printf("\t%s\n", s->what);
    }
}

/* A fuzzer's input begins with the version, but for messages, which have it. */
static void write_seed(void *aux UNUSED, const struct gen_sample *s)
{
    if (!strcmp(only_kind, gen_kind_names[s->kind]) && strcmp(s->what, "cut")) {
        if (s->kind != GEN_MESSAGE) {
            printf("%02x", s->version);
        }
        put_hex(s->data, s->len);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    bool corpus = false;

    for (int i = 1; i < argc; i += 2) {
        bool ok = i + 1 < argc;
        if (ok && !strcmp(argv[i], "--seed")) {
            ok = text_to_u64(argv[i + 1], &seed);
        } else if (ok && (!strcmp(argv[i], "--kind") || !strcmp(argv[i], "--corpus"))) {
            only_kind = argv[i + 1];
            corpus = !strcmp(argv[i], "--corpus");
        } else {
            ok = false;
        }
        if (!ok) {
            fprintf(stderr, "usage: gen-samples [--seed N] [--kind KIND | --corpus KIND]\n");
            return 2;
        }
    }
    if (corpus && !strcmp(only_kind, "text")) {
        for (const struct gen_recorded *r = gen_flow_mods; r->text; r++) {
            put_hex((const uint8_t *)r->text, strlen(r->text));
            printf("\n");
        }
        return 0;
    }
    gen_all(seed, corpus ? write_seed : write_line, NULL);
    return 0;
}
