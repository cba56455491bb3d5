"""datapaths - which system tests run on which datapath, and why not.

Every test runs on the userspace datapath (netdev) and, from the same source, on the kernel's (system), save what this
file names.  A name stands for all that begin with it."""

NOT_ON = {
    "netdev": {
        "kernel.": "what only the kernel datapath has",
        "kernel_conns.": "the kernel's tracker, seen through the daemon and through its own tools",
        "kernel_dpctl.": "datapaths of the kernel without a daemon",
        "upgrade.": "the packets' way is in the daemon that is killed",
    },
    "system": {
        "afpacket.": "the ports of the userspace datapath alone",
        "afxdp.": "as that",
        "bundle.": "each pass is looked up by itself there, by design",
        "burst.": "the kernel forwards meanwhile, and a slow guest takes minutes over the flow-mods",
        "controller.controller_reconnects": "of connections to controllers: no packet passes the datapath",
        "controller.genuine_ofctl": "of messages to a bridge, read back: no packet passes the datapath",
        "controller.tshark_reads_every_message": "as genuine_ofctl",
        "events.": "the readers' queues are the same (kernel_conns.zone_timeouts has the kernel's events), and a slow guest takes minutes",
        "group.meter_accuracy": "the kernel's meters count a super-frame as one packet",
        "flood.": "as burst, and addresses learned by a slow guest are few",
        "fuzz.openflow_messages": "as genuine_ofctl",
        "handover.": "the kernel forwards meanwhile: one daemon ends, another begins (upgrade.)",
        "tls.": "of connections to controllers: no packet passes the datapath",
        "ct.idle_expiry": "warps time, which the kernel's tracker does not follow",
        "mininet.secure": "mininet.standalone is there for the ports; the fail mode is nothing that a datapath knows of",
        "nf_conntrack.": "compares the userspace tracker with the kernel's, without a datapath",
        "restart.drops_of_ports": "what keeps frames of AF_PACKET ports from the host's stack; the kernel's ports need nothing",
        "restart.killed_while_changing": "its bridges are of type dummy, whatever the datapath",
        "tunnel.port_in_use": "devices of the kernel share a UDP port",
        "user.tun_of_root_alone": "/dev/net/tun, which internal ports of the kernel datapath do not use",
    },
}

# Tests that run with no other beside them.
ALONE = ("mininet.",)  # Mininet names its devices itself.

# Matches that no packet meets there, whatever comes.
NEVER_MET = {
    "netdev": {"table=1,.*nw_frag=later": "the tracker puts fragments together; behind ct() they are whole until they leave"},
    "system": {"table=1,.*nw_frag=later": "as above"},
}


def why_not(name, datapath):
    """Why a test does not run there; None if it does."""
    return next((why for prefix, why in NOT_ON[datapath].items() if name.startswith(prefix)), None)
