/* journal.h - a file of records that says how something stands, and how it changes: what a bridge
 * has been told, for the next process.
 *
 * Layer 4, control thread; helper threads write, so that the loop never waits for a disk, and
 * nothing is ever synced: the file outlives the process, not the machine.  They write at once, but
 * after a write what comes in the next milliseconds waits for their end.
 *
 * A record is idempotent and says how one thing stands now (or that it is gone), so that a snapshot
 * may be taken while things change: it is the walk's records with those of the changes in between,
 * in order of time, in a new file that then takes the old one's place.  Who owns the journal takes
 * the snapshots, when journal_wants_snapshot() says so: at first, when the file has doubled, and
 * after an error.  A file that could not be written to the end is removed: half is worse than none.
 *
 * File: a header (magic, version, boot), then records of a length, a check sum, a kind and the
 * bytes.  Of another boot or version it is refused, as a whole; a record that is damaged is
 * skipped, one that is cut off ends the file. */
#pragma once

#include "lib/io/loop.h"

struct journal;

#define JOURNAL_RECORD_MAX 70000 /* Bytes. */

struct journal_read {
    const char *refused; /* Why all of it was; NULL: it was read, or there is none. */
    bool found;
    uint64_t n_records, n_damaged;
    uint64_t n_cut; /* Bytes at the end that are no record. */
};
/* Calls 'cb' for each record of the file. */
typedef void journal_cb(void *aux, uint8_t kind, const void *data, size_t len);
void journal_read(const char *path, journal_cb *, void *aux, struct journal_read *);

/* Writes nothing before its first snapshot is taken; until then what journal_read() found stays. */
struct journal *journal_new(struct loop *, const char *path);
/* Waits until all is written, outside of read sections, as do journal_begin() for what was given
 * to a helper thread before, and journal_close().  It goes on. */
void journal_flush(struct journal *);
/* The same; 'remove': the file goes. */
void journal_close(struct journal *, bool remove);

void journal_put(struct journal *, uint8_t kind, const void *data, size_t len); /* A change. */

bool journal_wants_snapshot(const struct journal *);
bool journal_is_kept(const struct journal *); /* There is a file, and changes go into it. */
bool journal_idle(const struct journal *);    /* All is written: a snapshot may begin at once. */
void journal_begin(struct journal *);         /* A snapshot; one that is under way is dropped. */
void journal_put_snapshot(struct journal *, uint8_t kind, const void *data, size_t len);
bool journal_busy(const struct journal *); /* Much is not written yet: the walk should pause. */
void journal_end(struct journal *);        /* It is complete. */
