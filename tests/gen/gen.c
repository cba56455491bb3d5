/* gen.c - see gen.h: all of it. */
#include "tests/gen/gen.h"

const char *const gen_kind_names[GEN_N_KINDS] = {"oxm", "action", "instruction", "message"};

void gen_all(uint64_t seed, gen_fn *fn, void *aux)
{
    gen_fields(seed, fn, aux);
    gen_actions(fn, aux);
    gen_instructions(fn, aux);
    gen_messages(fn, aux);
}
