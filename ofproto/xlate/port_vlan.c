/* port_vlan.c - see port_vlan.h. */
#include "ofproto/xlate/port_vlan.h"

#include <stdlib.h>

#include "lib/mem.h"

#define BITMAP_SIZE (PORT_VLAN_WORDS * sizeof(uint64_t))

static uint64_t *copy_bitmap(const uint64_t *map)
{
    return map ? xmemdup(map, BITMAP_SIZE) : NULL;
}

void port_vlan_copy(struct port_vlan *to, const struct port_vlan *from)
{
    *to = *from;
    to->trunks = copy_bitmap(from->trunks);
    to->cvlans = copy_bitmap(from->cvlans);
}

void port_vlan_deinit(struct port_vlan *v)
{
    free(v->trunks);
    free(v->cvlans);
    v->trunks = v->cvlans = NULL;
}

static bool equal_bitmaps(const uint64_t *a, const uint64_t *b)
{
    return a && b ? !memcmp(a, b, BITMAP_SIZE) : a == b;
}

bool port_vlan_equal(const struct port_vlan *a, const struct port_vlan *b)
{
    return a->mode == b->mode && a->priority == b->priority && a->is_protected == b->is_protected &&
           a->tag == b->tag && a->outer_tpid == b->outer_tpid &&
           equal_bitmaps(a->trunks, b->trunks) && equal_bitmaps(a->cvlans, b->cvlans);
}

static bool has(const uint64_t *map, uint16_t vlan)
{
    return !map || map[vlan / 64] & BIT64(vlan % 64);
}

static bool is_native(const struct port_vlan *v)
{
    return v->mode == PORT_VLAN_NATIVE_TAGGED || v->mode == PORT_VLAN_NATIVE_UNTAGGED;
}

bool port_vlan_carries(const struct port_vlan *v, uint16_t vlan)
{
    switch ((enum port_vlan_mode)v->mode) {
    case PORT_VLAN_ACCESS:
    case PORT_VLAN_TUNNEL:
        return v->tag == vlan;
    case PORT_VLAN_NATIVE_TAGGED:
    case PORT_VLAN_NATIVE_UNTAGGED:
        return v->tag == vlan || has(v->trunks, vlan);
    case PORT_VLAN_TRUNK:
        break;
    }
    return has(v->trunks, vlan);
}

static bool is_tagged(const struct key *k)
{
    return (k->vlan[0].tci & htons(VLAN_CFI)) != 0;
}

/* 0 for a priority tag, and without one. */
static uint16_t outer_vid(const struct key *k)
{
    return is_tagged(k) ? ntohs(k->vlan[0].tci) & VLAN_VID_MASK : 0;
}

bool port_vlan_of(const struct port_vlan *v, const struct key *k, uint16_t *vlan)
{
    uint16_t vid = outer_vid(k);

    switch ((enum port_vlan_mode)v->mode) {
    case PORT_VLAN_ACCESS:
        *vlan = v->tag;
        return !vid; /* A priority tag is none. */
    case PORT_VLAN_TUNNEL:
        *vlan = v->tag;
        return has(v->cvlans, vid);
    case PORT_VLAN_NATIVE_TAGGED:
    case PORT_VLAN_NATIVE_UNTAGGED:
    case PORT_VLAN_TRUNK:
        break;
    }
    *vlan = vid || !is_native(v) ? vid : v->tag;
    return port_vlan_carries(v, *vlan);
}

/* Does the VLAN show on this port? */
static bool leaves_tagged(const struct port_vlan *v, uint16_t vlan)
{
    switch ((enum port_vlan_mode)v->mode) {
    case PORT_VLAN_ACCESS:
    case PORT_VLAN_TUNNEL:
        return false;
    case PORT_VLAN_NATIVE_UNTAGGED:
        return vlan && vlan != v->tag;
    case PORT_VLAN_NATIVE_TAGGED:
    case PORT_VLAN_TRUNK:
        break;
    }
    return vlan != 0;
}

struct port_vlan_change port_vlan_out(const struct port_vlan *out, const struct port_vlan *in,
                                      const struct key *k, uint16_t vlan)
{
    /* What came through a tunnel port is wrapped here, so its own tags are not the bridge's. */
    bool wrapped = in && in->mode == PORT_VLAN_TUNNEL;
    bool bears =
        is_tagged(k) && !wrapped; /* The outer tag is that of the VLAN, or of its priority. */
    uint16_t tci = is_tagged(k) ? ntohs(k->vlan[0].tci) : 0;
    uint16_t pcp = bears ? tci & (uint16_t) ~(VLAN_VID_MASK | VLAN_CFI) : 0;
    uint16_t tpid = wrapped ? in->outer_tpid : bears ? ntohs(k->vlan[0].tpid) : 0x8100;
    struct port_vlan_change c = {.pop = bears};

    if (leaves_tagged(out, vlan)) {
        c.tpid = tpid;
        c.tci = (uint16_t)(pcp | VLAN_CFI | vlan);
    } else if (out->mode != PORT_VLAN_TUNNEL &&
               (out->priority == PORT_VLAN_PCP_ALWAYS ||
                (out->priority == PORT_VLAN_PCP_IF_NONZERO && pcp))) {
        c.tpid = 0x8100;
        c.tci = (uint16_t)(pcp | VLAN_CFI);
    }
    if (c.pop && c.tci == tci && c.tpid == ntohs(k->vlan[0].tpid)) {
        return (struct port_vlan_change){0}; /* It is there already. */
    }
    return c;
}
