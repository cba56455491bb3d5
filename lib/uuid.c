/* uuid.c - see uuid.h. */
#include "lib/uuid.h"

#include <stdio.h>

#include "lib/env.h"

void uuid_generate(struct uuid *u)
{
    env_random_bytes(u->b, sizeof u->b);
    u->b[6] = (u->b[6] & 0x0f) | 0x40;
    u->b[8] = (u->b[8] & 0x3f) | 0x80;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *s, struct uuid *u)
{
    size_t n = 0;

    memset(u, 0, sizeof *u);
    for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
        if (is_dash(i)) {
            if (s[i] != '-') {
                return false;
            }
            continue;
        }
        int v = hex_value(s[i]);
        if (v < 0) {
            return false;
        }
        u->b[n / 2] = (uint8_t)(u->b[n / 2] << 4 | v);
        n++;
    }
    return s[UUID_TEXT_LEN] == '\0';
}

char *uuid_format(const struct uuid *u, char s[UUID_TEXT_LEN + 1])
{
    char *p = s;

    for (size_t i = 0; i < sizeof u->b; i++) {
        p += sprintf(p, "%02x%s", u->b[i], i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
    }
    return s;
}
