/* ct_alg-private.h - helpers: control connections of FTP and TFTP say where data will come from.
 *
 * Layer 2, pure; lib/ct only; any worker.
 * ct_ftp.c reads lines, ct_alg.c segments and datagrams, ct_expect.c remembers what is expected.
 *
 * Invariants:
 * - An expectation is of one source and one destination address, both ends of its control
 *   connection, and of one port; it is for one connection, and not for longer than that lives.
 * - A control connection has at most CT_EXPECT_PER_MASTER, all together CT_EXPECT_MAX.
 * Lock order: entry, then expectations. */
#pragma once

#include "lib/ct/ct_nat-private.h"

/* ---- ct_ftp.c: a line without its end ---- */

#define CT_FTP_TEXT 64
enum ct_ftp_form { CT_FTP_COMMAS, CT_FTP_EPRT, CT_FTP_229 };
struct ct_ftp {
    enum ct_ftp_form form; /* CT_FTP_229 has no address. */
    bool is_ip6;
    char delimiter;
    uint8_t addr[16];
    uint16_t port;           /* Host order. */
    const char *begin, *end; /* What of the line names the place. */
};
bool ct_ftp_parse(const char *line, size_t n, bool from_client, struct ct_ftp *);
/* Could the beginning of a line be one that ct_ftp_parse() takes?  Does it name the place yet? */
bool ct_ftp_may_be(const char *line, size_t n, bool from_client);
bool ct_ftp_has_arguments(const char *line, size_t n, bool from_client);
/* Another place in the same form; its length. */
size_t ct_ftp_format(const struct ct_ftp *, const uint8_t addr[16], uint16_t port,
                     char out[CT_FTP_TEXT]);

/* ---- ct_expect.c ---- */

#define CT_EXPECT_MAX        4096u
#define CT_EXPECT_PER_MASTER 8u
#define CT_EXPECT_MS         300000
#define CT_EXPECT_TAKEN_MS   60000 /* So long it is remembered that it has come. */

struct ct_expect {
    struct ct_ends tuple; /* The source port is any. */
    struct ct_ends to;    /* What its packets are to be translated to; source port: as it is. */
    uint16_t zone;
    be16 asked; /* The port that the control connection named. */
    struct ct_ref master;
    int64_t expires_ms;
};

/* They lie in the table's store, where the next process finds them. */
struct ct_expects;
size_t ct_expects_size(void);
/* The table has been taken over, or begins: what of a former process' is whole, has not expired and
 * has its control connection stays.  NULL: no memory. */
struct ct_expects *ct_expects_begin(struct ct_table *, int64_t now_ms) MUST_USE;
/* Remembers it, or that it was said once more.  'again': in a segment that was read before, and
 * what has come since is not waited for.  If 'to' differs from 'tuple', the port may be
 * another so that the tuple is expected once; returns it.  0: no room (counted). */
be16 ct_expect_add(struct ct_expects *, const struct ct_expect *, bool again, int64_t now_ms);
/* How each of them begins: with their lock, and how many wait. */
struct ct_expects_head {
    struct ct_spin lock;
    uint32_t n;
};
/* A hint: is anything? */
static inline bool ct_expect_any(const struct ct_expects *x)
{
    return __atomic_load_n(&((const struct ct_expects_head *)(const void *)x)->n, __ATOMIC_RELAXED);
}
/* Is this tuple expected?  'take': and no longer, from now on. */
bool ct_expect_find(struct ct_expects *, const struct ct_lookup *, bool take, int64_t now_ms,
                    struct ct_expect *);
/* The next that waits, and has not expired, from *pos (0 at first) on; false: no more. */
bool ct_expect_next(struct ct_expects *, uint32_t *pos, int64_t now_ms, struct ct_expect *);

/* ---- ct_alg.c ---- */

struct ct;

/* Entry locked; a packet of a connection with a helper, rewritten already if it is translated.
 * False: it must not go on. */
bool ct_alg_packet(struct ct *, struct packet *, uint32_t index, unsigned dir, int64_t now_ms);
/* An acknowledgment, in the numbers of whom it goes to. */
uint32_t ct_alg_ack(const struct ct_table *, uint32_t index, unsigned dir, uint32_t ack);
/* Before an entry with a helper, or a related one, goes into the table.  False: no memory. */
bool ct_alg_begin(struct ct_table *, uint32_t index);

/* ---- ct_relate.c ---- */

/* What a connection that is expected has of its control connection. */
struct ct_relation {
    bool yes, has_label;
    uint32_t mark;
    uint8_t label[16];
    struct ct_key key; /* Its original tuple. */
    struct ct_addr6 addr6;
    struct ct_expect e;
};
/* Is the tuple, for which there is no entry, expected? */
void ct_relate(struct ct *, const struct ct_lookup *, int64_t now_ms, struct ct_relation *);
/* A new entry, after ct_alg_begin(), becomes related. */
void ct_relate_inherit(struct ct_table *, uint32_t index, const struct ct_relation *);
