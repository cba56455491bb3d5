/* replay.c - main() of a fuzz target without libFuzzer: runs the inputs of corpus files.
 *
 *   fuzz-X FILE...    a hex line an input, or, with --raw, the whole file */
#include <string.h>

#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"

static size_t n_inputs;

static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = xmemdup(data, len ? len : 1); /* So that a read behind it shows. */

    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    n_inputs++;
}

static void run_lines(FILE *f, const char *name)
{
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, f) > 0) {
        size_t len;
        line[strcspn(line, "\n")] = '\0';
        uint8_t *data = text_to_hex(line, &len);
        if (!data) {
            fprintf(stderr, "%s: a line that is not hex\n", name);
            exit(1);
        }
        run(data, len);
        free(data);
    }
    free(line);
}

static void run_raw(FILE *f)
{
    uint8_t *data = xmalloc(1 << 20);

    run(data, fread(data, 1, 1 << 20, f));
    free(data);
}

int main(int argc, char **argv)
{
    bool raw = argc > 1 && !strcmp(argv[1], "--raw");

    for (int i = 1 + raw; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        if (raw) {
            run_raw(f);
        } else {
            run_lines(f, argv[i]);
        }
        fclose(f);
    }
    printf("%zu inputs\n", n_inputs);
    return n_inputs ? 0 : 1;
}
