/* ct_whole.c - see ct.h: the tracker as a whole, from its beginning to its end.
 *
 * Layer 2, pure; the control thread. */
#include "lib/ct/ct-private.h"
#include "lib/ct/ct_alg-private.h"
#include "lib/ct/ct_index.h"
#include "lib/ct/ct_room.h"

#include <stdlib.h>

#include "lib/mem.h"

#define MAX_CONNS_DEFAULT UINT32_C(3000000)

struct ct *ct_new(const struct ct_config *config)
{
    struct ct *ct = xzalloc_cacheline(sizeof *ct);
    struct ct_adopted adopted = {0};
    uint32_t max = config->max_conns ? config->max_conns : MAX_CONNS_DEFAULT;
    if (!ct_table_init(&ct->table, max, config->hash_seed, config->store)) {
        free(ct);
        return NULL;
    }
    if (config->later
            ? !ct_index_expect(&ct->table, config->expect)
            : !ct_kept_begin(&ct->table, config, config->adopted ? config->adopted : &adopted)) {
        ct_table_deinit(&ct->table);
        free(ct);
        return NULL;
    }
    ct->tcp_liberal = config->tcp_liberal;
    ct_frags_init(&ct->frags, config->hash_seed);
    if (!config->later && !(ct->expects = ct_expects_begin(&ct->table, config->now_ms))) {
        ct_free(ct);
        return NULL;
    }
    return ct;
}

bool ct_start(struct ct *ct, const struct ct_config *config)
{
    struct ct_adopted adopted = {0};
    return ct_kept_begin(&ct->table, config, config->adopted ? config->adopted : &adopted) &&
           (ct->expects = ct_expects_begin(&ct->table, config->now_ms)) != NULL;
}

void ct_free(struct ct *ct)
{
    if (ct) {
        ct_timeouts_deinit(ct);
        ct_table_deinit(&ct->table);
        ct_frags_deinit(&ct->frags);
        free(ct);
    }
}

unsigned ct_sweep(struct ct *ct, int64_t now_ms, unsigned budget)
{
    struct ct_table *t = &ct->table;
    unsigned n = 0;
    ct_frags_expire(&ct->frags, now_ms);
    ct_kept_tick(&t->kept, now_ms);
    ct_room_tick(ct);
    for (; budget > 0; budget--) {
        ct->sweep_pos = ct_table_next(t, ct->sweep_pos);
        if (!ct->sweep_pos) {
            __atomic_store_n(&t->tags.partial, t->tags.failed, __ATOMIC_RELAXED);
            break; /* Once round; the next call begins again. */
        }
        if (UNLIKELY(t->tags.partial)) {
            ct_tags_visit(t, ct->sweep_pos);
        }
        n += ct_table_expire(t, ct->sweep_pos, now_ms);
    }
    return n;
}
