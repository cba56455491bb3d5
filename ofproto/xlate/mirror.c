/* mirror.c - see mirror.h. */
#include "ofproto/xlate/mirror.h"

#include <stdlib.h>

#include "lib/mem.h"

struct mirror_count *mirror_count_new(void)
{
    struct mirror_count *c = xzalloc(sizeof *c);
    c->refs = 1;
    return c;
}

void mirror_count_ref(struct mirror_count *c)
{
    __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
}

void mirror_count_unref(struct mirror_count *c)
{
    if (c && !__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL)) {
        free(c);
    }
}

void mirror_copy(struct mirror *to, const struct mirror *from)
{
    *to = *from;
    to->vlans = from->vlans ? xmemdup(from->vlans, PORT_VLAN_WORDS * sizeof(uint64_t)) : NULL;
    mirror_count_ref(to->count);
}

void mirror_deinit(struct mirror *m)
{
    free(m->vlans);
    mirror_count_unref(m->count);
    m->vlans = NULL;
    m->count = NULL;
}
