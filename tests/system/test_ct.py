"""test_ct - the tracker on real traffic: related errors, zones, mark and label, expiry, bad packets."""
import re
import subprocess
import time

from sluice import Failure, Skip, wait_for
from system.test_firewall import FIREWALL, connect, packets, serve

UDP = """
import socket, sys
c = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
c.settimeout(2)
c.connect((sys.argv[1], int(sys.argv[2])))
c.send(b"hello")
try:
    print(c.recv(100).decode())
except OSError as e:
    print(type(e).__name__)
"""


def udp(host, address, port):
    """What a datagram to there brought: the answer, or the name of the error."""
    return host.run("/usr/bin/python3", "-c", UDP, address, port).strip()


def flow_packets(daemon, pattern):
    return packets(daemon, pattern)


def test_related_udp_port_unreachable(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", FIREWALL)
    assert udp(h1, "10.1.1.2", 9999) == "ConnectionRefusedError"
    assert flow_packets(daemon, r"ct_state=\+rel\+trk") == 1
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    assert udp(h1, "fc00::2", 9999) == "ConnectionRefusedError"
    assert flow_packets(daemon, r"ct_state=\+rel\+trk") == 2


def test_related_tcp_port_unreachable(env):
    """A host that answers a SYN by an ICMP error instead of a reset."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    h2.run("nft", "add", "table", "inet", "t")
    h2.run("nft", "add", "chain", "inet", "t", "c", "{ type filter hook input priority 0 ; }")
    reject = ["nft", "add", "rule", "inet", "t", "c", "tcp", "dport", "7777", "reject", "with", "icmp", "type", "port-unreachable"]
    if h2.run(*reject, check=False).returncode:
        raise Skip("this kernel's nftables cannot reject")
    begin = time.monotonic()
    assert not connect(h1, "10.1.1.2", 7777, timeout=3)
    assert time.monotonic() - begin < 2.5, "the ICMP error did not arrive"
    assert flow_packets(daemon, r"ct_state=\+rel\+trk") >= 1


def test_two_zones(env):
    """The same 5-tuple in two zones is two connections; a commit in one is new in the other."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", """
table=0,priority=10,arp,actions=NORMAL
table=0,in_port=1,ip,actions=ct(zone=1,table=1)
table=0,in_port=2,ip,actions=ct(zone=1,table=3)
table=1,ct_state=+trk+new,ip,actions=ct(commit,zone=1),ct(zone=2,table=2)
table=1,ct_state=+trk+est,ip,actions=ct(zone=2,table=2)
table=2,ct_state=+trk+new,ip,actions=ct(commit,zone=2),2
table=2,ct_state=+trk+est,ip,actions=2
table=3,ct_state=+trk+est,ip,actions=ct(zone=2,table=4)
table=4,ct_state=+trk+est,ip,actions=1
""")
    assert h1.ping("10.1.1.2", 2) == 2
    zones = sorted(re.search(r"zone=(\d+)", c)[1] for c in daemon.conntrack() if c.startswith("icmp,"))
    assert zones == ["1", "2"], zones
    daemon.appctl("dpctl/flush-conntrack", "zone=2")
    assert [re.search(r"zone=(\d+)", c)[1] for c in daemon.conntrack()] == ["1"]


def test_zone_from_register_mark_and_label(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", """
table=0,priority=10,arp,actions=NORMAL
table=0,in_port=1,ip,actions=load:7->NXM_NX_REG0[0..15],load:0xaa->NXM_NX_REG1[],ct(zone=NXM_NX_REG0[0..15],table=1)
table=0,in_port=2,ip,actions=ct(zone=7,table=2)
table=1,ct_state=+trk+new,ip,actions=ct(commit,zone=NXM_NX_REG0[0..15],exec(move:NXM_NX_REG1[]->NXM_NX_CT_MARK[],set_field:0xbb00000000->ct_label)),2
table=1,ct_state=+trk+est,ct_mark=0xaa,ip,actions=2
table=2,ct_state=+trk+est,ct_mark=0xaa,ct_label=0xbb00000000/0xff00000000,ip,actions=1
""")
    assert h1.ping("10.1.1.2", 3) == 3
    conns = [c for c in daemon.conntrack() if c.startswith("icmp,")]
    assert len(conns) == 1 and conns[0].endswith(",zone=7,mark=170,labels=0xbb00000000"), conns
    # The pings are of one connection: the third met +est with the mark.
    assert flow_packets(daemon, r"table=1,.*ct_state=\+est\+trk,ct_mark=0xaa") == 2


def test_idle_expiry(env):
    """Time passes (warped): an idle UDP connection goes, and its reply is refused."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    udp(h1, "10.1.1.2", 9999)
    assert any(c.startswith("udp,") for c in daemon.conntrack())
    daemon.appctl("time/warp", "70000")
    wait_for("the connection to expire", lambda: not any(c.startswith("udp,") for c in daemon.conntrack()))


def test_invalid(env):
    """Bad checksums and out-of-state segments come back +inv."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    # A rule for IPv4 alone: what the hosts' IPv6 stacks say of themselves (MLD) is invalid too.
    daemon.add_flows("br0", FIREWALL + "table=1,priority=50,ct_state=+trk+inv,ip,actions=drop\n")
    invalid = r"priority=50,ct_state=\+inv\+trk,ip"
    code = """
import logging; logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *
e = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")/IP(src="10.1.1.1", dst="10.1.1.2")
sendp([e/TCP(sport=1, dport=2, flags="SA"), e/TCP(sport=3, dport=4, flags="SF"), e/UDP(sport=5, dport=6, chksum=0x1234)/b"x",
       e/ICMP(type=0)], iface="eth0", verbose=False)
"""
    h1.run("/usr/bin/python3", "-c", code)
    wait_for("four invalid packets", lambda: flow_packets(daemon, invalid) == 4)
    assert not daemon.conntrack()


def test_not_ip_is_invalid(env):
    """ct() takes any packet; one that is not IP comes back +trk+inv without a datapath ct action."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", """
table=0,in_port=1,actions=ct(table=1)
table=1,ct_state=+trk+inv,arp,actions=2
""")
    h1.ping("10.1.1.2", 1, wait=1)
    assert flow_packets(daemon, r"table=1,.*arp") >= 1
    assert not any("ct" in line.split("actions:")[1] for line in daemon.appctl("dpctl/dump-flows").splitlines()
                   if "eth_type(0x0806)" in line)


def test_the_five_lines(env):
    """The lines that the project promises, as they stand."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    for line in ("in_port=1,actions=ct(table=1)", "in_port=1,ip,ct_state=+trk+new,action=ct(commit),2",
                 "in_port=1,ip,ct_state=+trk+est,action=2", "actions=ct(zone=1),ct(zone=NXM_NX_REG0[0..15])",
                 "actions=ct(commit,exec(set_field:1->ct_mark))"):
        daemon.ofctl("add-flow", "br0", line)
    daemon.ofctl("add-flow", "br0", "table=1,in_port=1,ip,ct_state=+trk+new,action=ct(commit),2")
    daemon.ofctl("add-flow", "br0", "table=1,arp,action=2")
    daemon.ofctl("add-flow", "br0", "table=1,ct_state=+trk+inv,action=2")
    h2.run("ip", "neigh", "add", "10.1.1.1", "lladdr", h1_mac(h1), "dev", "eth0")
    h1.run("ip", "neigh", "add", "10.1.1.2", "lladdr", h1_mac(h2), "dev", "eth0")
    h1.ping("10.1.1.2", 1, wait=1)
    assert any(c.startswith("icmp,orig=(src=10.1.1.1") for c in daemon.conntrack()), daemon.conntrack()
    assert flow_packets(daemon, r"table=1,.*ct_state=\+new\+trk,ip,in_port=1 actions=ct\(commit\),output:2") == 1


def h1_mac(host):
    return re.search(r"link/ether (\S+)", host.ip("link", "show", "eth0"))[1]


LARGE = """
import socket, sys
v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
s.connect((sys.argv[1], 7007))
for n in 2000, 9000, 40000:
    data = bytes(i * 31 & 255 for i in range(n))
    s.send(data)
    print(n, s.recv(65536) == data)
"""

ECHO_LARGE = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 7007))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
"""


def test_fragments(env):
    """Large datagrams through ct: tracked as wholes, sent on as fragments no larger than they came."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", FIREWALL)
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    for address in "10.1.1.2", "fc00::2":
        for size in 4000, 20000:
            out = h1.run("ping", "-c", "2", "-i", "0.2", "-W", "3", "-s", size, address, check=False).stdout
            assert " 2 received" in out, out
    server = h2.popen("/usr/bin/python3", "-c", ECHO_LARGE, stdout=subprocess.PIPE)
    try:
        assert server.stdout.readline() == b"ready\n"
        for address in "10.1.1.2", "fc00::2":
            out = h1.run("/usr/bin/python3", "-c", LARGE, address)
            assert out.split() == ["2000", "True", "9000", "True", "40000", "True"], out
    finally:
        server.kill()
        server.wait()
    if env.datapath == "netdev":
        joined = int(daemon.appctl("coverage/read-counter", "frag_joined"))
        assert joined >= 2 * 2 * 2 * 2 + 2 * 3 * 2, joined
