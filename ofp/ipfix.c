/* ipfix.c - see ipfix.h; nicira-ext. */
#include "ofp/ipfix.h"

#include "ofp/format.h"

enum ofp_error ipfix_stats_decode(struct wire_rd *r, struct ipfix_stats *s, bool *end)
{
    *s = (struct ipfix_stats){.collector_set = 0};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    for (size_t i = 0; i < IPFIX_N_COUNTERS; i++) {
        s->counters[i] = wire_rd_u64(r);
    }
    s->collector_set = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void ipfix_stats_encode(const struct ipfix_stats *s, struct wire_wr *w)
{
    for (size_t i = 0; i < IPFIX_N_COUNTERS; i++) {
        wire_wr_u64(w, s->counters[i]);
    }
    wire_wr_u32(w, s->collector_set);
    wire_wr_zeros(w, 4);
}

void ipfix_stats_format(const struct ipfix_stats *stats, bool bridge, struct text *s)
{
    static const struct {
        uint8_t counter; /* enum ipfix_counter */
        const char *name;
    } counters[] = {
        {IPFIX_TOTAL_FLOWS, "flows"},     {IPFIX_CURRENT_FLOWS, "current flows"},
        {IPFIX_PACKETS, "sampled pkts"},  {IPFIX_IPV4, "ipv4 ok"},
        {IPFIX_IPV6, "ipv6 ok"},          {IPFIX_TX_PACKETS, "tx pkts"},
        {IPFIX_ERRORS, "pkts errs"}, /* On the second line. */
        {IPFIX_IPV4_ERRORS, "ipv4 errs"}, {IPFIX_IPV6_ERRORS, "ipv6 errs"},
        {IPFIX_TX_ERRORS, "tx errs"},
    };

    if (bridge) {
        text_puts(s, "\n  bridge ipfix: ");
    } else {
        text_printf(s, "  id %3" PRIu32 ": ", stats->collector_set);
    }
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
        if (counters[i].counter == IPFIX_ERRORS) {
            text_puts(s, bridge ? "\n                " : "\n          ");
        } else if (i) {
            text_puts(s, ", ");
        }
        format_counter(s, counters[i].name, stats->counters[counters[i].counter]);
    }
    text_putc(s, '\n');
}
