/* ofctl_flows.c - see ofctl.h: flows from text, with what there is to say beside an error. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "utilities/ofctl.h"

LOG_MODULE(ofp_match); /* The name that users silence with -v. */

static void log_dropped(struct flow_notes *notes)
{
    char *lines = text_steal(&notes->dropped), *state = NULL;

    if (lines && *lines) {
        log_info("normalization changed ofp_match, details:");
        for (char *l = strtok_r(lines, "\n", &state); l; l = strtok_r(NULL, "\n", &state)) {
            log_info("%s", l);
        }
    }
    free(lines);
}

void flows_parse(char *text, int command, const struct name_map *names, const char *file, int line,
                 struct flow_mod *fm, uint32_t *usable)
{
    struct flow_notes notes;
    char *error = flow_mod_parse_notes(text, command, names, fm, &notes);

    log_dropped(&notes);
    if (error && file) {
        cmd_fatal("%s:%d: %s", file, line, error);
    }
    cmd_check(error);
    *usable &= notes.usable;
}

uint32_t flows_parse_request(const char *text, bool aggregate, const struct name_map *names,
                             struct flow_stats_request *request)
{
    struct flow_notes notes;
    char *copy = xstrdup(text);
    char *error = flow_stats_request_parse_notes(copy, aggregate, names, request, &notes);

    log_dropped(&notes);
    cmd_check(error);
    free(copy);
    return notes.usable;
}

void flows_check_usable(const struct ofctl *ctl, uint32_t usable)
{
    struct text can = TEXT_INIT, may = TEXT_INIT;

    if (!(usable & ctl->protocols)) {
        protocol_format(usable, &can);
        protocol_format(ctl->protocols, &may);
        cmd_fatal("none of the usable flow formats (%s) is among the allowed flow formats (%s)",
                  text_cstr(&can), text_cstr(&may));
    }
}
