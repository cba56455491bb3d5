/* act_port.c - OpenFlow port numbers: their text and their 16-bit forms.  See act.h. */
#include <ctype.h>
#include <strings.h>

#include "ofp/act.h"
#include "ofp/format.h"

static const struct {
    uint32_t number;
    const char *name;
} reserved_ports[] = {
    {OFPP_IN_PORT, "IN_PORT"}, {OFPP_TABLE, "TABLE"}, {OFPP_NORMAL, "NORMAL"},
    {OFPP_FLOOD, "FLOOD"},     {OFPP_ALL, "ALL"},     {OFPP_CONTROLLER, "CONTROLLER"},
    {OFPP_LOCAL, "LOCAL"},     {OFPP_ANY, "ANY"}, /* As printed; NONE is taken too. */
    {OFPP_NONE, "NONE"},       {OFPP_UNSET, "UNSET"},
};

#define OFPP10_MAX 0xff00

uint32_t port_from_10(uint16_t port)
{
    return port < OFPP10_MAX ? port : UINT32_C(0xffff0000) + port;
}

uint16_t port_to_10(uint32_t port)
{
    /* What 16 bits cannot say becomes NONE; decoders let no such port in. */
    return port < OFPP10_MAX || port >= OFPP_MAX ? (uint16_t)port : (uint16_t)OFPP_NONE;
}

/* Decimal only, as a port name could look like hex. */
static bool parse_decimal(const char *s, uint32_t *v)
{
    uint64_t x = 0;

    if (!*s) {
        return false;
    }
    for (; *s; s++) {
        if (!isdigit((unsigned char)*s)) {
            return false;
        }
        x = x * 10 + (uint64_t)(*s - '0');
        if (x > UINT32_MAX) {
            return false;
        }
    }
    *v = (uint32_t)x;
    return true;
}

/* A quoted name without its quotes and escapes; false if it is not well-formed or too long. */
static bool unquote(const char *s, char *out, size_t size)
{
    size_t n = 0;

    for (s++; *s && *s != '"'; s++) {
        if (*s == '\\' && !*++s) {
            return false;
        }
        if (n + 1 >= size) {
            return false;
        }
        out[n++] = *s;
    }
    out[n] = '\0';
    return *s == '"' && !s[1];
}

bool port_parse(const char *s, const struct name_map *names, uint32_t *port)
{
    uint32_t number;
    char name[256];

    if (parse_decimal(s, &number)) {
        if (number > UINT16_MAX && number < OFPP_MAX) {
            return false;
        }
        if (number >= OFPP10_MAX && number <= UINT16_MAX) {
            number += UINT32_C(0xffff0000); /* The 16-bit forms of the reserved ports. */
        }
        *port = number;
        return true;
    }
    if (*s == '"') {
        if (!unquote(s, name, sizeof name)) {
            return false;
        }
        s = name;
    } else {
        for (size_t i = 0; i < ARRAY_SIZE(reserved_ports); i++) {
            if (!strcasecmp(s, reserved_ports[i].name)) {
                *port = reserved_ports[i].number;
                return true;
            }
        }
    }
    return names && names->port_by_name && names->port_by_name(names->aux, s, port);
}

void port_format(uint32_t port, const struct name_map *names, struct text *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(reserved_ports); i++) {
        if (port == reserved_ports[i].number) {
            text_puts(t, reserved_ports[i].name);
            return;
        }
    }
    const char *name = names && names->port_name ? names->port_name(names->aux, port) : NULL;
    if (name) {
        text_quoted_name(t, name);
    } else {
        format_decimal(t, port < OFPP_MAX ? port : port & 0xffff);
    }
}
