/* flow_line.c - see flow_line.h.  Texts: those of ovs-appctl dpctl. */
#include "dpctl/flow_line.h"

#include <stdlib.h>

#include "dpctl/exact_flow.h"
#include "lib/mem.h"
#include "lib/uuid.h"

void flow_line_put_ufid(struct text *t, const struct flow_line_ufid *id)
{
    text_printf(t, FLOW_LINE_UFID "%08x-%04x-%04x-%04x-%04x%08x", id->w[0], id->w[1] >> 16,
                id->w[1] & 0xffff, id->w[2] >> 16, id->w[2] & 0xffff, id->w[3]);
}

bool flow_line_parse_ufid(const char *s, struct flow_line_ufid *id, const char **rest)
{
    const size_t prefix = strlen(FLOW_LINE_UFID);
    struct uuid u;

    if (strncmp(s, FLOW_LINE_UFID, prefix)) {
        return false;
    }
    const size_t n = strcspn(s, ",");
    if (!rest && s[n]) {
        return false;
    }
    char *copy = xstrdup(s + prefix);
    copy[n - prefix] = '\0';
    bool ok = uuid_parse(copy, &u);
    free(copy);
    for (int i = 0; ok && i < 4; i++) {
        id->w[i] = get_be32(u.b + 4 * i);
    }
    if (rest) {
        *rest = s + n + (s[n] == ',');
    }
    return ok;
}

static void put_tcp_flags(struct text *t, uint16_t flags)
{
    static const char letters[] = "SFPRU.ECN"; /* In this order. */
    static const uint16_t bits[] = {0x002, 0x001, 0x008, 0x004, 0x020, 0x010, 0x040, 0x080, 0x100};

    if (flags) {
        text_puts(t, ", flags:");
        for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
            if (flags & bits[i]) {
                text_putc(t, letters[i]);
            }
        }
    }
}

void flow_line_put_stats(struct text *t, const struct dp_flow_stats *s, int64_t now_ms)
{
    text_printf(t, "packets:%" PRIu64 ", bytes:%" PRIu64 ", used:", s->packets, s->bytes);
    if (s->used_ms) {
        int64_t age = MAX(now_ms - s->used_ms, 0);
        text_printf(t, "%" PRId64 ".%03ds", age / 1000, (int)(age % 1000));
    } else {
        text_puts(t, "never");
    }
    put_tcp_flags(t, s->tcp_flags);
}

/* ---- filters ---- */

/* One item of an exact flow: each field after what it needs. */
static char *parse_filter_item(const char *key, const char *value, struct match *m)
{
    uint32_t port;
    bool exact;

    if (!strcmp(key, "in_port")) {
        /* Of the datapath, as in what is dumped. */
        if (!text_to_u32(value, &port)) {
            return xasprintf("bad value for in_port (%s)", value);
        }
        m->flow.key.in_port = port;
        m->mask.key.in_port = UINT32_MAX;
        return NULL;
    }
    return exact_flow_item(key, value, NULL, m, &exact);
}

char *flow_line_parse_filter(const char *s, struct match *m)
{
    char *copy = xstrdup(s), *cursor = copy, *key, *value, *error = NULL;

    match_init(m);
    while (!error && text_next_kv(&cursor, &key, &value)) {
        error = parse_filter_item(key, value, m);
    }
    free(copy);
    if (error) {
        char *text = xasprintf("Failed to parse filter (%s: %s)", s, error);
        free(error);
        error = text;
    }
    return error;
}

char *flow_line_parse_types(const char *s, bool *ours)
{
    static const struct {
        const char *name;
        bool ours;
    } types[] = {{"ovs", true},        {"tc", false},           {"dpdk", false},
                 {"offloaded", false}, {"non-offloaded", true}, {"partially-offloaded", false},
                 {"all", true}};
    char *copy = xstrdup(s), *save = NULL, *error = NULL;

    *ours = false;
    for (char *w = strtok_r(copy, ",", &save); w && !error; w = strtok_r(NULL, ",", &save)) {
        size_t i = 0;
        while (i < ARRAY_SIZE(types) && strcmp(types[i].name, w)) {
            i++;
        }
        if (i == ARRAY_SIZE(types)) {
            error = xasprintf("Failed to parse type (%s)", w);
        } else {
            *ours |= types[i].ours;
        }
    }
    free(copy);
    return error;
}

bool flow_line_passes(const struct match *filter, const struct key *fkey, const struct key *fmask)
{
    const uint64_t *want = flow_words(&filter->flow), *mask = flow_words(&filter->mask);

    for (size_t i = 0; i < KEY_WORDS; i++) {
        if ((key_words(fkey)[i] ^ want[i]) & mask[i] & key_words(fmask)[i]) {
            return false;
        }
    }
    return true;
}

char *flow_line_select(struct flow_line_selection *s, const char *arg, const char **reason)
{
    *reason = NULL;
    if (!s->has_filter && !strncmp(arg, "filter=", 7)) {
        s->has_filter = true;
        return flow_line_parse_filter(arg + 7, &s->filter);
    }
    if (!s->has_types && !strncmp(arg, "type=", 5)) {
        s->has_types = true;
        *reason = "Invalid argument";
        return flow_line_parse_types(arg + 5, &s->ours);
    }
    if (!strncmp(arg, "pmd=", 4)) {
        *reason = "Operation not supported";
        return xasprintf("%s: flows are not dumped by thread here", arg);
    }
    *reason = "Invalid argument";
    return xstrdup("datapath not found");
}
