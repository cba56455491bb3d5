"""datapaths - which system tests run on which datapath, and why not.

Every test runs on the userspace datapath (netdev) and, from the same source, on the kernel's (system); what this table
names does not on the latter.  A name stands for itself and all that begins with it."""

NOT_ON_SYSTEM = {
    "afpacket.": "the ports of the userspace datapath alone",
    "ct.idle_expiry": "warps time, which the kernel's tracker does not follow",
    "restart.drops_of_ports": "the ingress drop of AF_PACKET ports: the kernel takes a port's frames before the host's stack",
    "restart.killed_while_changing": "bridges of type dummy: no datapath under test",
    "user.tun_of_root_alone": "internal ports of the kernel datapath are no TAP devices",
}


def why_not(name, datapath):
    """Why a test does not run there; None if it does."""
    if datapath != "system":
        return None
    return next((why for prefix, why in NOT_ON_SYSTEM.items() if name.startswith(prefix)), None)
