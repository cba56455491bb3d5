/* fuzz-message.c - libFuzzer target: a whole message, whose header gets the right length. */
#include <string.h>

#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct prop p;

    if (size >= OFP_HEADER_LEN && size <= OFP_MAX_LEN) {
        uint8_t *msg = xmemdup(data, size);
        put_be16(msg + 2, (uint16_t)size);
        fuzz_expect(prop_message(msg, size, &p));
        free(msg);
    }
    return 0;
}
