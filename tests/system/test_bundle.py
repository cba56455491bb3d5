"""test_bundle - while traffic runs, a packet sees none or all of a bundle, through all its passes."""
import os
import subprocess

from sluice import Failure
from system.test_firewall import packets
from system.test_group import static_neighbour

BUNDLES = int(os.environ.get("SLUICE_BUNDLES", "100"))
PPS = 20000
# Each pass of a packet writes and asks for the same number, so that with rules of two bundles it fits none of table 1 or 2.
FLOWS = """
table=0,priority=9,in_port=1,udp,actions=mod_nw_tos:4,ct(table=1)
table=1,priority=9,udp,nw_tos=4,actions=ct(table=2,zone=1)
table=2,priority=9,udp,nw_tos=4,actions=output:2
table=1,priority=1,udp,actions=drop
table=2,priority=1,udp,actions=drop
"""


def change(to):
    """Everything that asks for one number asks for the other one."""
    return f"""flow add table=0,priority=9,in_port=1,udp,actions=mod_nw_tos:{to},ct(table=1)
flow add table=1,priority=9,udp,nw_tos={to},actions=ct(table=2,zone=1)
flow add table=2,priority=9,udp,nw_tos={to},actions=output:2
flow delete_strict table=1,priority=9,udp,nw_tos={12 - to}
flow delete_strict table=2,priority=9,udp,nw_tos={12 - to}
"""


def test_through_all_passes(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    static_neighbour(h1, h2)
    daemon.add_flows("br0", FLOWS)
    sender = env.background(h1.popen(env.build / "tests/bench/udp-load", "send", "10.1.1.2", 5000, PPS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for n in range(BUNDLES):
        daemon.tool("ofctl", "-O", "OpenFlow14", "bundle", "br0", "-", input=change((8, 4)[n % 2]))
    sent = int(sender.communicate("\n")[0].split()[0])
    if sent < 50 * BUNDLES:
        raise Failure(f"only {sent} datagrams were sent")
    mixed = [packets(daemon, f"table={table},.*priority=1,") for table in (1, 2)]
    print(f"  {BUNDLES} bundles, {sent} datagrams, {mixed} of them with a part of one")
    assert mixed == [0, 0], f"of {sent} datagrams {mixed} saw a part of a bundle"
