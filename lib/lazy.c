/* lazy.c - see lazy.h. */
#include "lib/lazy.h"

#include <dlfcn.h>

#include "lib/mem.h"

char *lazy_load(const char *library, const struct lazy_function *functions, size_t n)
{
    if (!n || *functions[n - 1].pointer) {
        return NULL;
    }
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        return xasprintf("%s cannot be loaded (%s)", library, dlerror());
    }
    for (size_t i = 0; i < n; i++) {
        void *f = dlsym(handle, functions[i].name);
        if (!f) {
            return xasprintf("%s has no %s", library, functions[i].name);
        }
        *functions[i].pointer = f;
    }
    return NULL;
}
