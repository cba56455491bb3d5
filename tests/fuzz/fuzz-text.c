/* fuzz-text.c - libFuzzer target: a flow in text. */
#include <string.h>

#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xzalloc(size + 1), *error;

    memcpy(text, data, size);
    if (strlen(text) == size) {
        fuzz_expect(prop_text(text, &error));
        free(error);
    }
    free(text);
    return 0;
}
