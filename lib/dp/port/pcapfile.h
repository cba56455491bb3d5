/* pcapfile.h - frames into and out of pcap files.
 *
 * Layer 3, for the dummy and pcap ports.  Owner: whoever has the port's tx_lock (writing), its
 * worker (reading). */
#pragma once

#include "lib/base.h"

struct pcapfile_writer;
/* Truncates the file.  NULL: errno says why. */
struct pcapfile_writer *pcapfile_create(const char *path);
void pcapfile_write(struct pcapfile_writer *, const void *frame, uint32_t len); /* Flushes. */
void pcapfile_close(struct pcapfile_writer *);                                  /* NULL is fine. */

struct pcapfile_reader;
/* NULL: no Ethernet pcap file; errno says why. */
struct pcapfile_reader *pcapfile_open(const char *path);
/* The next frame, valid until the next call; NULL at the end. */
const void *pcapfile_next(struct pcapfile_reader *, uint32_t *len);
void pcapfile_reader_close(struct pcapfile_reader *);
