/* netdev.c - see netdev.h. */
#include "lib/dp/port/netdev.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/link.h"

/* ethtool has no speed for most virtual devices: then it stays unknown. */
static void get_speed(const char *name, struct dp_port_info *info)
{
    struct ethtool_cmd cmd = {.cmd = ETHTOOL_GSET};
    struct ifreq ifr = {.ifr_data = (void *)&cmd};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return;
    }
    strncpy(ifr.ifr_name, name, sizeof ifr.ifr_name - 1);
    if (!ioctl(fd, SIOCETHTOOL, &ifr)) {
        /* ethtool_cmd_speed() shifts an int beyond its sign. */
        uint32_t speed = (uint32_t)cmd.speed_hi << 16 | cmd.speed;
        info->speed_mbps = speed == (uint32_t)SPEED_UNKNOWN ? 0 : speed;
        info->full_duplex = cmd.duplex != DUPLEX_HALF;
    }
    close(fd);
}

void netdev_get_info(const char *name, struct dp_port_info *info)
{
    struct link_info link;

    int error = link_get(name, &link);
    if (error) {
        info->gone |= error == ENODEV;
        return;
    }
    memcpy(info->mac, link.mac, sizeof info->mac);
    info->mtu = link.mtu;
    info->admin_up = link.admin_up;
    info->link_up = link.admin_up && link.carrier;
    get_speed(name, info);
}

void netdev_get_stats(const struct port *p, struct dp_port_stats *s)
{
    struct link_stats link;

    if (p->ifindex && !link_get_stats(p->ifindex, &link)) {
        s->rx_frame = link.rx_frame_errors;
        s->rx_over = link.rx_over_errors;
        s->rx_crc = link.rx_crc_errors;
        s->collisions = link.collisions;
    }
}

int netdev_set_up(const char *name, bool up)
{
    struct link_info link;
    int error = link_get(name, &link);

    return error ? error : link_set_up(link.ifindex, up);
}

bool netdev_too_long(const struct port *p, const struct packet *pkt)
{
    uint32_t max = __atomic_load_n(&p->mtu, __ATOMIC_RELAXED) + ETH_HLEN;

    if (pkt->len <= max || pkt->gso_type != GSO_NONE) {
        return false;
    }
    return pkt->len > max + 4 || get_be16(pkt->data + 12) != ETH_P_8021Q;
}

unsigned netdev_rx_queues(const char *name)
{
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
    struct ifreq ifr = {.ifr_data = (void *)&channels};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strncpy(ifr.ifr_name, name, sizeof ifr.ifr_name - 1);
    bool known = fd >= 0 && !ioctl(fd, SIOCETHTOOL, &ifr);
    if (fd >= 0) {
        close(fd);
    }
    return known ? MAX(channels.combined_count + channels.rx_count, 1) : 1;
}
