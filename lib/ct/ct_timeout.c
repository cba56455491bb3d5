/* ct_timeout.c - see ct_timeout.h and, for the packet's side, ct_when_init() of
 * ct_proto-private.h.
 *
 * A policy is immutable: a change is another one, and the old one goes after a grace period. */
#include "lib/ct/ct_timeout.h"

#include <stdlib.h>

#include "lib/ct/ct-private.h"
#include "lib/mem.h"

const uint32_t ct_timeout_defaults[CT_N_TIMEOUTS] = {
#define CT_TIMEOUT(ID, NAME, SECONDS) SECONDS,
#include "lib/ct/ct_timeouts.def"
#undef CT_TIMEOUT
};

static const char *const names[CT_N_TIMEOUTS] = {
#define CT_TIMEOUT(ID, NAME, SECONDS) NAME,
#include "lib/ct/ct_timeouts.def"
#undef CT_TIMEOUT
};

const char *ct_timeout_name(enum ct_timeout to)
{
    return names[to];
}

bool ct_timeout_parse(const char *name, enum ct_timeout *to)
{
    for (unsigned i = 0; i < CT_N_TIMEOUTS; i++) {
        if (!strcmp(names[i], name)) {
            *to = (enum ct_timeout)i;
            return true;
        }
    }
    return false;
}

static void free_policy(struct rcu_head *head)
{
    free(container_of_(head, struct ct_policy, rcu));
}

void ct_zone_set_timeouts(struct ct *ct, uint16_t zone, const struct ct_timeouts *want)
{
    struct ct_zone *z = &ct->table.zones[zone];
    struct ct_policy *old = z->policy, *policy = NULL;

    if (want && want->has) {
        policy = xzalloc(sizeof *policy);
        for (unsigned i = 0; i < CT_N_TIMEOUTS; i++) {
            policy->seconds[i] = want->has & BIT64(i) ? want->seconds[i] : ct_timeout_defaults[i];
        }
    }
    __atomic_store_n(&z->policy, policy, __ATOMIC_RELEASE);
    __atomic_store_n(&ct->n_policies, ct->n_policies + !!policy - !!old, __ATOMIC_RELAXED);
    if (old) {
        call_rcu(&old->rcu, free_policy);
    }
}

void ct_timeouts_deinit(struct ct *ct)
{
    for (unsigned zone = 0; ct->n_policies && zone < CT_N_ZONES; zone++) {
        struct ct_policy *p = ct->table.zones[zone].policy;
        ct->n_policies -= !!p;
        free(p); /* No worker is left. */
    }
}
