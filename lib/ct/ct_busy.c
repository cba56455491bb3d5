/* ct_busy.c - see ct_busy.h.  Sources are found by the method of Misra and Gries: a few candidates
 * whose counts are lowered together by whatever is none of them, so that none of a large share is
 * missed. */
#include "lib/ct/ct_busy.h"

#include <stdlib.h>

#include "lib/ct/ct-private.h"

#define SAMPLE     16384u /* Slots looked at. */
#define CANDIDATES 16

struct candidate {
    bool is_ip6;
    uint8_t addr[16];
    uint32_t n;
};

static void note(struct candidate c[CANDIDATES], bool is_ip6, const uint8_t addr[16])
{
    struct candidate *free_one = NULL;
    for (int i = 0; i < CANDIDATES; i++) {
        if (!c[i].n) {
            free_one = &c[i];
        } else if (c[i].is_ip6 == is_ip6 && !memcmp(c[i].addr, addr, 16)) {
            c[i].n++;
            return;
        }
    }
    if (free_one) {
        *free_one = (struct candidate){.is_ip6 = is_ip6, .n = 1};
        memcpy(free_one->addr, addr, 16);
        return;
    }
    for (int i = 0; i < CANDIDATES; i++) {
        c[i].n--;
    }
}

/* The source of the live connection in a slot.  A twin is none: its source is whom it went to. */
static bool source(const struct ct_table *t, uint32_t index, uint8_t addr[16])
{
    struct ct_conn *c = ct_table_conn(t, index);
    memset(addr, 0, 16);
    ct_spin_lock(&c->lock);
    bool live = (ct_conn_flags(c) & (CT_F_LIVE | CT_F_TWIN)) == CT_F_LIVE;
    if (live && index & CT_INDEX_IP6) {
        memcpy(addr, ct_table_addr6(t, index)->a[0], 16);
    } else if (live) {
        memcpy(addr, &c->key.ip4[0], 4);
    }
    ct_spin_unlock(&c->lock);
    return live;
}

static int by_n(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->n < y->n ? 1 : -(x->n > y->n);
}

static void look_at_sources(const struct ct_table *t, struct ct_busy *b)
{
    struct candidate c[CANDIDATES] = {0};
    uint32_t seen = 0;
    for (int family = 0; family < 2; family++) {
        uint32_t used = __atomic_load_n(&t->pools[family].n_used, __ATOMIC_ACQUIRE);
        uint32_t step = (used / (SAMPLE / 2) + 1) | 1; /* Connections and twins may alternate. */
        for (uint32_t slot = 1; slot < used; slot += step) {
            uint8_t addr[16];
            if (source(t, slot | (family ? CT_INDEX_IP6 : 0), addr)) {
                note(c, family, addr);
                seen++;
            }
        }
    }
    qsort(c, CANDIDATES, sizeof *c, by_n);
    for (int i = 0; i < CT_BUSY_N && seen; i++) {
        b->sources[i].is_ip6 = c[i].is_ip6;
        memcpy(b->sources[i].addr, c[i].addr, 16);
        b->sources[i].percent = (uint32_t)(UINT64_C(100) * c[i].n / seen);
    }
}

void ct_busy_look(const struct ct *ct, struct ct_busy *b)
{
    *b = (struct ct_busy){.zones = {{0}}};
    for (uint32_t zone = 0; zone < CT_N_ZONES; zone++) {
        uint32_t n = ct_zone_size(&ct->table, (uint16_t)zone);
        int i = CT_BUSY_N;
        for (; i > 0 && n > b->zones[i - 1].n; i--) {
            if (i < CT_BUSY_N) {
                b->zones[i] = b->zones[i - 1];
            }
        }
        if (i < CT_BUSY_N && n) {
            b->zones[i].zone = (uint16_t)zone;
            b->zones[i].n = n;
        }
    }
    look_at_sources(&ct->table, b);
}

void ct_busy_format(const struct ct_busy *b, struct text *t)
{
    text_puts(t, "busiest zones");
    for (int i = 0; i < CT_BUSY_N && b->zones[i].n; i++) {
        text_printf(t, "%s %u (%" PRIu32 " connections)", i ? "," : "", b->zones[i].zone,
                    b->zones[i].n);
    }
    for (int i = 0; i < CT_BUSY_N && b->sources[i].percent; i++) {
        text_puts(t, i ? ", " : "; sources ");
        if (b->sources[i].is_ip6) {
            text_ip6(t, b->sources[i].addr);
        } else {
            be32 ip;
            memcpy(&ip, b->sources[i].addr, 4);
            text_ip4(t, ip);
        }
        text_printf(t, " (%" PRIu32 "%%)", b->sources[i].percent);
    }
}
