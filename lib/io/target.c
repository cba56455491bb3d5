/* target.c - see target.h. */
#include "lib/io/target.h"

#include <stdio.h>

#include "lib/text.h"
#include "lib/mem.h"

static const struct {
    const char *prefix;
    enum target_kind kind;
    bool passive;
} kinds[] = {
    {"tcp:", TARGET_TCP, false}, {"ssl:", TARGET_SSL, false}, {"unix:", TARGET_UNIX, false},
    {"ptcp:", TARGET_TCP, true}, {"pssl:", TARGET_SSL, true}, {"punix:", TARGET_UNIX, true},
};

static char *parse_port(const char *name, const char *s, bool passive, uint16_t *port)
{
    if (*s && (!text_to_u16(s, port) || (!*port && !passive))) {
        return xasprintf("%s: \"%s\" is not a port number", name, s);
    }
    return NULL;
}

static char *set_host(const char *name, const char *s, size_t len, struct target *t)
{
    if (len > 1 && s[0] == '[' && s[len - 1] == ']') {
        s++;
        len -= 2;
    }
    if (!len || len >= sizeof t->host || memchr(s, '[', len) || memchr(s, ']', len)) {
        return xasprintf("%s: bad host name", name);
    }
    memcpy(t->host, s, len);
    t->host[len] = '\0';
    return NULL;
}

/* HOST[:PORT] */
static char *parse_active(const char *name, const char *s, struct target *t)
{
    const char *close = *s == '[' ? strchr(s, ']') : NULL;
    const char *end = close ? close + 1 : strchr(s, ':');
    size_t len = end ? (size_t)(end - s) : strlen(s);
    char *error = set_host(name, s, len, t);

    if (error) {
        return error;
    }
    if (end && *end && *end != ':') {
        return xasprintf("%s: expected \":PORT\" after the address", name);
    }
    return end && *end ? parse_port(name, end + 1, false, &t->port) : NULL;
}

/* [PORT][:IP] */
static char *parse_passive(const char *name, const char *s, struct target *t)
{
    const char *colon = strchr(s, ':');
    char port[8];

    if (colon && colon[1]) {
        char *error = set_host(name, colon + 1, strlen(colon + 1), t);
        if (error) {
            return error;
        }
    }
    size_t len = colon ? (size_t)(colon - s) : strlen(s);
    if (len >= sizeof port) {
        return xasprintf("%s: bad port number", name);
    }
    memcpy(port, s, len);
    port[len] = '\0';
    return parse_port(name, port, true, &t->port);
}

char *target_parse(const char *name, uint16_t default_port, struct target *t)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t n = strlen(kinds[i].prefix);
        if (strncmp(name, kinds[i].prefix, n)) {
            continue;
        }
        t->kind = kinds[i].kind;
        t->passive = kinds[i].passive;
        t->port = default_port;
        if (t->kind == TARGET_UNIX) {
            size_t len = strlen(name + n);
            if (!len || len >= sizeof t->path) {
                return xasprintf("%s: bad path", name);
            }
            memcpy(t->path, name + n, len + 1);
            return NULL;
        }
        return t->passive ? parse_passive(name, name + n, t) : parse_active(name, name + n, t);
    }
    return xasprintf(
        "%s: unknown kind of target (tcp:, ssl:, unix:, ptcp:, pssl: or punix: expected)", name);
}
