/* names.h - a switch's names of ports and tables, fetched when first needed.
 *
 * Utilities only.  On input names are always taken; on output they are shown if the user, or a
 * terminal, wants them. */
#pragma once

#include "ofp/port.h"
#include "utilities/ofconn.h"

struct names {
    struct ofconn *conn; /* NULL: there are no names. */
    bool fetched;
    struct ofp_port *ports; /* Heap. */
    size_t n_ports;
    bool tables_fetched;
    char tables[256][33]; /* "": none. */
    struct name_map in, out, exact /* without names */;
};

void names_init(struct names *, struct ofconn *);
void names_deinit(struct names *);
/* For parsing; fetches at the first name, so not while other replies are awaited. */
const struct name_map *names_input(struct names *);
/* For printing: without names unless 'show'; 'exact' as in struct name_map; NULL if neither.
 * Fetches at once. */
const struct name_map *names_output(struct names *, bool show, bool exact);
/* A port by its number (in decimal; 65534 is LOCAL) or else its name, which is how ovs-ofctl finds
 * it; NULL if the switch has no such port. */
const struct ofp_port *names_find_port(struct names *, const char *);
