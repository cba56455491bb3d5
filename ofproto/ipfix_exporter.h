/* ipfix_exporter.h - from samples to collectors: a cache of flows, messages, and who gets them.
 *
 * Layer 4.  Owner: the control thread, which it never blocks: what a socket does not take is lost,
 * and counted.  A bridge has one for all its packets, and one for each of its collector sets
 * (bridge_ipfix.c).
 *
 * Records that samples make in one turn of the loop go in messages together, before it sleeps. */
#pragma once

#include "lib/io/loop.h"
#include "lib/text.h"
#include "ofp/ipfix.h"
#include "ofproto/ipfix_cache.h"

struct ipfix_exporter_config {
    const char *const *targets; /* `IP:PORT` */
    size_t n_targets;
    int64_t active_ms, template_ms;
    uint32_t max_flows;
};

struct ipfix_exporter;

/* 'interface' is asked when a record is made; what it gives must stay until it is asked again, or
 * the exporter is left. */
struct ipfix_exporter *ipfix_exporter_new(struct loop *, const struct ipfix_exporter_config *,
                                          void (*interface)(void *aux, uint32_t ofp_port,
                                                            struct ipfix_interface *),
                                          void *aux);
void ipfix_exporter_free(struct ipfix_exporter *); /* What it has is sent first. */
/* Has it anybody to send to?  Else nothing need be sampled. */
bool ipfix_exporter_has_target(const struct ipfix_exporter *);
void ipfix_exporter_sample(struct ipfix_exporter *, const struct ipfix_flow_key *,
                           const struct ipfix_flow_packet *);
void ipfix_exporter_flush(struct ipfix_exporter *); /* What is cached, too. */
/* All but 'collector_set'. */
void ipfix_exporter_get_stats(const struct ipfix_exporter *, struct ipfix_stats *);
/* A line each target, behind 'indent'. */
void ipfix_exporter_show(const struct ipfix_exporter *, const char *indent, struct text *);
