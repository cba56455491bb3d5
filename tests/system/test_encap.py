"""test_encap - service function chains: frames within NSH over Ethernet, on both datapaths."""
import re
import subprocess

from sluice import wait_for
from system.test_tunnel import transfer

# Host 1's frames leave by port 3 within NSH, come back in by port 4, and what is within goes on; the other way round too.
CHAIN = """table=0,in_port=1,actions=encap(nsh{md}),set_field:0x123->nsh_spi,set_field:7->nsh_si,encap(ethernet),\
set_field:02:00:00:00:00:0a->eth_dst,3
table=0,in_port=2,actions=encap(nsh{md}),set_field:0x456->nsh_spi,encap(ethernet),set_field:02:00:00:00:00:0b->eth_dst,4
table=0,in_port=4,dl_dst=02:00:00:00:00:0a,dl_type=0x894f,nsh_spi=0x123,nsh_si=7,actions={forward}decap,decap,resubmit(,1)
table=0,in_port=3,dl_dst=02:00:00:00:00:0b,dl_type=0x894f,nsh_spi=0x456,nsh_np=3,nsh_ttl=63,actions=decap,resubmit(,2)
table=1,packet_type=(0,0),actions=2
table=2,packet_type=(1,0x894f),actions=decap,resubmit(,3)
table=3,dl_type=0x894f,actions=drop
table=3,priority=1,actions=1
"""
# Of all protocols: a datapath of the kernel takes frames before those sockets that ask for one.
SNIFF = """import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("p4", 3))
s.settimeout(20)
print("ready", flush=True)
frame = b""
while not frame.startswith(bytes.fromhex("02000000000a")):
    frame = s.recv(2000)
print(frame.hex(), flush=True)
"""


def chain(env, md="", forward=""):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    sw = daemon.netns
    sw.ip("link", "add", "p3", "type", "veth", "peer", "name", "p4")
    for port in "p3", "p4":
        sw.ip("link", "set", port, "up", "mtu", "1600")
        daemon.vsctl("add-port", "br0", port, "--", "set", "interface", port, f"ofport_request={port[1]}")
    daemon.add_flows("br0", CHAIN.format(md=md, forward=forward))
    return daemon, h1, h2


def one_frame(env, daemon, h1):
    """What passes the device between ports 3 and 4."""
    watch = env.background(daemon.netns.popen("python3", "-c", SNIFF, stdout=subprocess.PIPE, text=True))
    assert watch.stdout.readline() == "ready\n"
    h1.run("sh", "-c", "ping -c 1 -W 1 10.1.1.2 || true")
    return bytes.fromhex(watch.stdout.readline().strip())


def test_chain(env):
    daemon, h1, h2 = chain(env)
    assert h1.ping("10.1.1.2", 5) == 5
    transfer(env, h2, h1, "10.1.1.2")
    flows = daemon.appctl("dpctl/dump-flows")
    for action in "push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x123,si=7", "pop_eth,pop_nsh(),recirc(":
        assert action in flows, flows
    assert "slow_path" not in flows, flows
    frame = one_frame(env, daemon, h1)
    assert frame[:14].hex() == "02000000000a" + "000000000000" + "894f", frame.hex()
    assert frame[14:38].hex() == "0fc60103" + "00012307" + "00" * 16, frame.hex()
    assert frame[50:52] in (b"\x08\x00", b"\x08\x06"), frame.hex()


def test_metadata(env):
    """MD type 2."""
    daemon, h1, _ = chain(env, md="(md_type=2,tlv(0x1000,10,0x12345678))")
    assert h1.ping("10.1.1.2", 3) == 3
    frame = one_frame(env, daemon, h1)
    assert frame[14:30].hex() == "0fc40203" + "00012307" + "10000a04" + "12345678", frame.hex()


def test_fields(env):
    """A kernel does not set fields of NSH: the daemon does, packet by packet."""
    daemon, h1, _ = chain(env, forward="dec_nsh_ttl,set_field:5->nsh_c1,")
    assert h1.ping("10.1.1.2", 3) == 3
    flows = daemon.appctl("dpctl/dump-flows")
    slow = re.findall(r"slow_path\((\w+)\)", flows)
    assert set(slow) == ({"action"} if env.datapath == "system" else set()), flows


ARP = "ffffffffffff020000000001080600010800060400010200000000010a0101630000000000000a010102" + "00" * 18


def test_on_and_off(env):
    """What one list puts on and takes off again: a kernel refuses such lists, and no packet is lost for it."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    both = "encap(nsh),encap(ethernet),decap,decap"
    daemon.add_flows("br0", f"""in_port=1,actions={both},2
in_port=2,actions={both},1
priority=40000,in_port=2,icmp,icmp_type=8,actions=ct(table=1,zone=5)
table=1,ct_state=+new,ip,actions=ct(commit,zone=5),{both},1
""")
    assert h1.ping("10.1.1.2", 5) == 5
    assert h2.ping("10.1.1.1", 5) == 5
    transfer(env, h2, h1, "10.1.1.2")
    flows = daemon.appctl("dpctl/dump-flows")
    assert ("slow_path(action)" in flows) == (env.datapath == "system"), flows
    assert len([c for c in daemon.conntrack() if c.startswith("icmp,orig=(src=10.1.1.2,") and "zone=5" in c]) == 1, daemon.conntrack()
    h1.ip("addr", "add", "10.1.1.99/24", "dev", "eth0")
    daemon.ofctl("packet-out", "br0", f"in_port=1,packet={ARP},actions={both},2")  # A question that host 2 takes up.
    wait_for("the neighbour", lambda: "10.1.1.99" in h2.ip("neigh"))
    dropped = daemon.appctl("coverage/read-counter", "drop_kernel").strip()
    assert dropped == "0", dropped
