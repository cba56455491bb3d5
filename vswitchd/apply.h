/* apply.h - makes the switch what the configuration says.
 *
 * Layer 5.  Journey: a transaction commits -> apply compares what is wanted with what is there and
 * makes the smallest change -> status columns say what came of it -> the transaction is answered.
 *
 * Invariants: what did not change in the configuration is not touched; an error in one port or
 * bridge leaves the others alone, stands in its row, and is tried again each second. Owner: the
 * control thread. */
#pragma once

#include <stdbool.h>

struct apply;
struct config;
struct datapaths;
struct tls_files;

struct apply *apply_new(struct config *, struct datapaths *);
/* Removes all bridges; 'destroy': with the devices that were made for them. */
void apply_free(struct apply *, bool destroy);
/* The command line's keys and certificates, for as long as table SSL has no row; the strings must
 * live on.  Before apply_new(). */
void apply_tls_options(const struct tls_files *);
