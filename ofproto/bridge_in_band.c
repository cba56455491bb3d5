/* bridge_in_band.c - in-band control: which controllers, and which routers on the way to them,
 * translation lets the switch's own host talk to whatever the rules say (xlate_in_band.c).
 *
 * Those that the switch calls itself, by a literal address that is not the host's own, save where
 * the configuration says out-of-band.  Routes change: they are looked at every ten seconds.  Names
 * are not: who asks for one through the switch would need the answer first. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/io/link.h"
#include "lib/io/target.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "ofproto/ofproto-private.h"

#define ROUTES_MS 10000

/* False: none that is reached by a network. */
static bool parse(const char *s, struct xlate_in_band_peer *p)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    struct target t;
    char *error = target_parse(s, OFP_PORT, &t);

    memset(p, 0, sizeof *p);
    if (error || t.passive || t.kind == TARGET_UNIX) {
        free(error);
        return false;
    }
    p->ip6 = inet_pton(AF_INET6, t.host, p->addr) == 1;
    p->port = htons(t.port);
    return p->ip6 ? memcmp(p->addr, loopback6, 16) != 0
                  : inet_pton(AF_INET, t.host, p->addr) == 1 && p->addr[0] != 127;
}

static bool is_there(const struct xlate_in_band_peer *list, size_t n,
                     const struct xlate_in_band_peer *p)
{
    for (size_t i = 0; i < n; i++) {
        if (!memcmp(&list[i], p, sizeof *p)) {
            return true;
        }
    }
    return false;
}

/* The list, whose first n are controllers, with the routers behind them. */
static size_t add_routers(struct xlate_in_band_peer *list, size_t n)
{
    size_t n_all = n;

    for (size_t i = 0; i < n; i++) {
        struct xlate_in_band_peer router = {.ip6 = list[i].ip6};
        if (!link_route_get(list[i].ip6 ? AF_INET6 : AF_INET, list[i].addr, router.addr) &&
            !is_all_zeros(router.addr, sizeof router.addr) && !is_there(list, n_all, &router)) {
            list[n_all++] = router;
        }
    }
    return n_all;
}

/* Takes the list. */
static void set(struct bridge *br, struct xlate_in_band_peer *list, size_t n)
{
    size_t n_all = add_routers(list, n);
    bool changed =
        n_all != br->n_in_band || (n_all && memcmp(list, br->in_band, n_all * sizeof *list));

    free(br->in_band);
    br->in_band = list;
    br->n_in_band = n_all;
    br->routes_ms = loop_now(br->ofproto->loop);
    if (changed) {
        ofproto_cfg_changed(br->ofproto);
    }
}

void bridge_in_band_set(struct bridge *br, const struct controller_config *c, size_t n)
{
    struct xlate_in_band_peer *list = xcalloc(2 * n + 1, sizeof *list);
    size_t n_peers = 0;

    for (size_t i = 0; i < n; i++) {
        struct xlate_in_band_peer p;
        if (c[i].in_band && parse(c[i].target, &p) && !is_there(list, n_peers, &p)) {
            list[n_peers++] = p;
        }
    }
    set(br, list, n_peers);
}

void bridge_in_band_tick(struct bridge *br, int64_t now_ms)
{
    if (!br->n_in_band || now_ms - br->routes_ms < ROUTES_MS) {
        return;
    }
    struct xlate_in_band_peer *list = xcalloc(2 * br->n_in_band, sizeof *list);
    size_t n = 0;
    for (; n < br->n_in_band && br->in_band[n].port; n++) {
        list[n] = br->in_band[n];
    }
    set(br, list, n);
}

void bridge_in_band_to_cfg(const struct bridge *br, struct xlate_bridge *xb)
{
    const struct bridge_port *local = bridge_port_by_ofp(br, OFPP_LOCAL);

    if (br->n_in_band && local) {
        xb->in_band = xmalloc(sizeof *xb->in_band + br->n_in_band * sizeof *br->in_band);
        memcpy(xb->in_band->mac, local->desc.hw_addr, 6);
        xb->in_band->n = br->n_in_band;
        memcpy(xb->in_band->peers, br->in_band, br->n_in_band * sizeof *br->in_band);
    }
}

void bridge_in_band_show(const struct bridge *br, struct text *t)
{
    char addr[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < br->n_in_band; i++) {
        const struct xlate_in_band_peer *p = &br->in_band[i];
        inet_ntop(p->ip6 ? AF_INET6 : AF_INET, p->addr, addr, sizeof addr);
        if (p->port) {
            text_printf(t, "in-band: controller %s port %u\n", addr, ntohs(p->port));
        } else {
            text_printf(t, "in-band: router %s\n", addr);
        }
    }
}
