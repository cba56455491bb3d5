/* openssl.c - see openssl-private.h. */
#define OPENSSL_BY_NAME
#include "lib/io/openssl-private.h"

struct openssl openssl;

#define lib openssl /* As LAZY_ROW calls it. */
static const struct lazy_function functions[] = {
#define FUNCTION LAZY_ROW
#include "lib/io/openssl.def"
#undef FUNCTION
};

char *openssl_load(void)
{
    return lazy_load(SONAME_SSL, functions, ARRAY_SIZE(functions)); /* With libcrypto. */
}
