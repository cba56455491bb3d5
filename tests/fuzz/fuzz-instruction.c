/* fuzz-instruction.c - libFuzzer target: a version, then a list of instructions. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct prop p;

    if (size) {
        fuzz_expect(prop_acts(true, fuzz_version(data[0]), data + 1, size - 1, &p));
    }
    return 0;
}
