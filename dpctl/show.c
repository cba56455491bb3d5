/* show.c - see show.h.  Texts: those of ovs-appctl dpctl. */
#include "dpctl/show.h"

#include "lib/mem.h"

static void put_counter(struct text *t, const char *name, uint64_t value)
{
    if (value == UINT64_MAX) {
        text_printf(t, "%s:?", name);
    } else {
        text_printf(t, "%s:%" PRIu64, name, value);
    }
}

/* `RX bytes:2931 (2.9 KiB)` */
static void put_bytes(struct text *t, const char *name, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    double value = (double)bytes / 1024;

    put_counter(t, name, bytes);
    if (bytes == UINT64_MAX || bytes < 1024) {
        return;
    }
    for (; value >= 1024 && unit + 1 < ARRAY_SIZE(units); value /= 1024) {
        unit++;
    }
    text_printf(t, " (%.1f %s)", value, units[unit]);
}

static void put_port_stats(struct text *t, const struct dp_port_stats *s)
{
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"    RX packets", s->rx_packets},
        {" errors", s->rx_errors},
        {" dropped", s->rx_dropped},
        {" overruns", s->rx_over},
        {" frame", s->rx_frame},
        {"\n    TX packets", s->tx_packets},
        {" errors", s->tx_errors},
        {" dropped", s->tx_dropped},
        {" aborted", s->tx_aborted},
        {" carrier", s->tx_carrier},
        {"\n    collisions", s->collisions},
    };

    for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
        put_counter(t, counters[i].name, counters[i].value);
    }
    put_bytes(t, "\n    RX bytes", s->rx_bytes);
    put_bytes(t, "  TX bytes", s->tx_bytes);
    text_putc(t, '\n');
}

void show_put_caches(struct text *t, const struct dp_mask_stats *m)
{
    if (m->cache_size != UINT32_MAX) {
        text_printf(t, "  caches:\n    " SHOW_CACHE ": size:%" PRIu32 "\n", m->cache_size);
    }
}

static void put_masks(struct text *t, const struct dp_mask_stats *mp, uint64_t n_packets)
{
    const struct dp_mask_stats m = *mp;
    const double packets = n_packets ? (double)n_packets : 1;

    text_printf(t, "  masks: hit:%" PRIu64 " total:%" PRIu64 " hit/pkt:%.2f\n", m.hits, m.n_masks,
                n_packets ? (double)m.hits / packets : 0.0);
    if (m.has_cache_hits && m.cache_hits) {
        text_printf(t, "  cache: hit:%" PRIu64 " hit-rate:%.2f%%\n", m.cache_hits,
                    100 * (double)m.cache_hits / packets);
    }
    show_put_caches(t, mp);
}

void show_put_datapath(struct text *t, const char *type, const char *name,
                       const struct show_lookups *l)
{
    text_printf(t,
                "%s@%s:\n  lookups: hit:%" PRIu64 " missed:%" PRIu64 " lost:%" PRIu64
                "\n  flows: %" PRIu64 "\n",
                type, name, l->hits, l->misses, l->lost, l->flows);
    if (l->masks) {
        put_masks(t, l->masks, l->hits + l->misses);
    }
}

void show_put_port(struct text *t, uint32_t port_no, const char *name, const char *type,
                   const struct dp_port_stats *stats)
{
    text_printf(t, "  port %" PRIu32 ": %s", port_no, name);
    if (strcmp(type, "system")) {
        bool tunnel = !strcmp(type, "vxlan") || !strcmp(type, "geneve") || !strcmp(type, "gre");
        text_printf(t, " (%s%s)", type, tunnel ? ": packet_type=ptap" : "");
    }
    text_putc(t, '\n');
    if (stats) {
        put_port_stats(t, stats);
    }
}

/* ---- ports in commands ---- */

char *show_parse_port(const char *s, struct show_new_port *p)
{
    char *save = NULL;

    *p = (struct show_new_port){.copy = xstrdup(s), .type = "system", .number = DP_PORT_NONE};
    p->name = strtok_r(p->copy, ",", &save);
    if (!p->name) {
        return xasprintf("%s: missing network device name", s);
    }
    for (char *word; (word = strtok_r(NULL, ",", &save));) {
        bool ok = true;
        if (!strncmp(word, "type=", 5)) {
            p->type = word + 5;
            p->has_type = true;
        } else if (!strncmp(word, "port_no=", 8)) {
            ok = text_to_u32(word + 8, &p->number);
        } else if (!strncmp(word, "dst_port=", 9)) {
            ok = text_to_u16(word + 9, &p->dst_port);
            p->option = word;
        } else {
            p->option = word;
        }
        if (!ok) {
            return xasprintf("%s: unknown option %s", p->name, word);
        }
    }
    return NULL;
}

char *show_must_be(const struct show_new_port *p, const struct dp_port_info *is)
{
    if (p->has_type && strcmp(p->type, is->type)) {
        return xasprintf("%s: can't change type from %s to %s", is->name, is->type, p->type);
    }
    if (p->number != DP_PORT_NONE && p->number != is->port_no) {
        return xasprintf("%s: can't change port number from %u to %u", is->name, is->port_no,
                         p->number);
    }
    return p->option ? xasprintf("%s: %s: this port has no options that dpctl can change", is->name,
                                 p->option)
                     : NULL;
}
