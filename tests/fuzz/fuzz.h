/* fuzz.h - what the fuzz targets share: libFuzzer's entry point, and the end of a run that found
 * something. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "tests/gen/prop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 'wrong' as the properties give it. */
static inline void fuzz_expect(char *wrong)
{
    if (wrong) {
        fprintf(stderr, "%s\n", wrong);
        abort();
    }
}

/* The first byte says the OpenFlow version. */
static inline uint8_t fuzz_version(uint8_t byte)
{
    return (uint8_t)(OFP10_VERSION + (byte + OFP15_VERSION - OFP10_VERSION) % OFP15_VERSION);
}
