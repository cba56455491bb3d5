/* boot.c - see boot.h. */
#include "lib/boot.h"

#include <stdio.h>

#include "lib/uuid.h"

bool boot_get_id(uint8_t id[16])
{
    char text[UUID_TEXT_LEN + 1] = "";
    struct uuid uuid;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool ok = f && fgets(text, sizeof text, f) && uuid_parse(text, &uuid);

    if (f) {
        fclose(f);
    }
    if (ok) {
        memcpy(id, uuid.b, sizeof uuid.b);
    }
    return ok;
}
