/* ct_limit.c - see ct.h: how many connections there are, and may be; whether sequence numbers
 * count. Control thread; workers read what it writes. */
#include "lib/ct/ct-private.h"

uint32_t ct_count(const struct ct *ct)
{
    return __atomic_load_n(&ct->table.n, __ATOMIC_RELAXED);
}

uint32_t ct_get_max(const struct ct *ct)
{
    return __atomic_load_n(&ct->table.max, __ATOMIC_RELAXED);
}

bool ct_set_max(struct ct *ct, uint32_t max)
{
    if (max > ct->table.reserved) {
        return false;
    }
    __atomic_store_n(&ct->table.max, max, __ATOMIC_RELAXED);
    return true;
}

void ct_set_tcp_liberal(struct ct *ct, bool liberal)
{
    __atomic_store_n(&ct->tcp_liberal, liberal, __ATOMIC_RELAXED);
}
