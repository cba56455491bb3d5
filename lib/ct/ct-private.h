/* ct-private.h - the tracker itself, for the files that implement ct.h. */
#pragma once

#include "lib/ct/ct_frag-private.h"
#include "lib/ct/ct_proto-private.h"
#include "lib/ct/ct_table-private.h"

struct ct_expects;

struct ct {
    struct ct_table table;
    struct ct_frags frags;
    struct ct_expects *expects;
    bool tcp_liberal;    /* Written by the control thread, read by workers. */
    uint32_t n_policies; /* The same: zones with timeouts of their own. */
    uint32_t sweep_pos;  /* Control thread. */
    uint64_t n_random;   /* Ports asked for at random so far. */
};

/* ct.c.  ct_execute() of a packet of which ct_extract() and ct_table_prepare() have said all. */
enum ct_fate ct_execute_extracted(struct ct *, struct packet *, enum ct_kind,
                                  const struct ct_packet *, const struct ct_args *, int64_t now_ms);

/* ct_room.c.  ct_room_make(), now and then at even distances. */
void ct_room_tick(struct ct *);

/* ct_info.c.  Entry locked: a copy. */
void ct_info_fill(const struct ct_table *, uint32_t index, struct ct_info *, int64_t now_ms);

/* ct_info_text.c: parts of a line. */
void ct_info_put_tuple(const struct ct_tuple *, struct text *);
void ct_info_put_mark(uint32_t mark, const uint8_t label[16], struct text *);

/* ct_timeout.c */
extern const uint32_t ct_timeout_defaults[CT_N_TIMEOUTS];
void ct_timeouts_deinit(struct ct *);

/* Valid until the caller's next quiescent state. */
static inline struct ct_when ct_when(const struct ct *ct, uint16_t zone, int64_t now_ms)
{
    const struct ct_policy *p =
        UNLIKELY(__atomic_load_n(&ct->n_policies, __ATOMIC_RELAXED))
            ? __atomic_load_n(&ct->table.zones[zone].policy, __ATOMIC_ACQUIRE)
            : NULL;
    return (struct ct_when){now_ms, p ? p->seconds : ct_timeout_defaults};
}
