"""test_nat - address translation on real traffic, with offloads as they are: TCP, UDP, ICMP, errors, balancing."""
import re
import subprocess

from sluice import wait_for
from system.test_ct import udp
from system.test_firewall import connect, serve

# Inside is port 1.  Its packets leave as .240; what comes to the virtual server .64 goes to .2, port 8080.
NAT = """
priority=100,arp,actions=NORMAL
priority=100,icmp6,icmp_type=135,actions=NORMAL
priority=100,icmp6,icmp_type=136,actions=NORMAL
priority=10,in_port=1,ct_state=-trk,ip,actions=ct(table=1,zone=1,nat)
priority=10,in_port=1,ct_state=-trk,ipv6,actions=ct(table=1,zone=1,nat)
priority=10,in_port=2,ct_state=-trk,ip,actions=ct(table=2,zone=1,nat)
priority=10,in_port=2,ct_state=-trk,ipv6,actions=ct(table=2,zone=1,nat)
table=1,priority=9,ct_state=+new+trk,tcp,nw_dst=10.1.1.64,actions=ct(commit,zone=1,nat(dst=10.1.1.2:8080)),2
table=1,priority=9,ct_state=+new+trk,ip,nw_dst=10.1.1.64,actions=ct(commit,zone=1,nat(dst=10.1.1.2)),2
table=1,priority=9,ct_state=+new+trk,tcp6,ipv6_dst=fc00::64,actions=ct(commit,zone=1,nat(dst=[fc00::2]:8080)),2
table=1,priority=8,ct_state=+new+trk,ip,actions=ct(commit,zone=1,nat(src=10.1.1.240)),2
table=1,priority=8,ct_state=+new+trk,ipv6,actions=ct(commit,zone=1,nat(src=fc00::240)),2
table=1,priority=7,ct_state=+est+trk,actions=2
table=1,priority=7,ct_state=+rel+trk,actions=2
table=2,ct_state=+est+trk,actions=1
table=2,ct_state=+rel+trk,actions=1
"""


def mac_of(host):
    return re.search(r"ether (\S+)", host.run("ip", "link", "show", "eth0"))[1]


def nat_hosts(env):
    """Two hosts; addresses that only exist by translation answer to nobody's ARP, so they are told."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", NAT)
    for host, other, addresses in ((h1, h2, ("10.1.1.64", "fc00::64")), (h2, h1, ("10.1.1.240", "fc00::240"))):
        for address in addresses:
            host.ip("neigh", "replace", address, "lladdr", mac_of(other), "dev", "eth0")
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    return daemon, h1, h2


def conns(daemon, proto, tail=""):
    return [c for c in daemon.conntrack() if c.startswith(proto + ",") and tail in c]


def test_snat(env):
    daemon, h1, h2 = nat_hosts(env)
    assert h1.ping("10.1.1.2", 2) == 2
    assert conns(daemon, "icmp", "reply=(src=10.1.1.2,dst=10.1.1.240,")
    for address, nat in (("10.1.1.2", "10.1.1.240"), ("fc00::2", "fc00::240")):
        serve(env, h2, address, 80)
        assert connect(h1, address, 80, size=3000000)
        assert conns(daemon, "tcp", f"reply=(src={address},dst={nat},sport=80,")
    # What comes from outside to the address is nobody's.
    assert not connect(h2, "10.1.1.240", 80, timeout=0.5)


def test_dnat(env):
    daemon, h1, h2 = nat_hosts(env)
    for address, virtual in (("10.1.1.2", "10.1.1.64"), ("fc00::2", "fc00::64")):
        serve(env, h2, address, 8080)
        assert connect(h1, virtual, 80, size=3000000)
        assert [c for c in conns(daemon, "tcp", f"dst={virtual},") if f"reply=(src={address}," in c and "sport=8080" in c]
    assert h1.ping("10.1.1.64", 2) == 2


def test_errors_inside(env):
    """What a host answers to a translated packet reaches the socket that sent the original one."""
    daemon, h1, h2 = nat_hosts(env)
    assert udp(h1, "10.1.1.2", 9999) == "ConnectionRefusedError"  # By SNAT, ...
    assert udp(h1, "fc00::2", 9999) == "ConnectionRefusedError"
    assert udp(h1, "10.1.1.64", 9999) == "ConnectionRefusedError"  # ... and by DNAT.


def test_router_behind(env):
    """Time exceeded and packet too big, of a router that has only seen translated packets."""
    daemon, h1, h2 = nat_hosts(env)
    h3 = env.netns("h3")
    h2.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", h3.name)
    h2.ip("addr", "add", "10.2.2.1/24", "dev", "eth1")
    h2.ip("link", "set", "eth1", "mtu", "1300", "up")
    h3.ip("addr", "add", "10.2.2.3/24", "dev", "eth0")
    h3.ip("link", "set", "eth0", "up")
    # What h3 sends fits the link (a veth drops what is longer than its peer's MTU); what it asks for does not.
    h3.ip("route", "add", "default", "via", "10.2.2.1", "mtu", "1300", "advmss", "1460")
    h1.ip("route", "add", "10.2.2.0/24", "via", "10.1.1.2")
    h2.sysctl("ipv4/ip_forward", 1)
    assert h1.ping("10.2.2.3", 1) == 1
    said = h1.run("ping", "-c", "1", "-W", "2", "-t", "1", "10.2.2.3", check=False).stdout
    assert "From 10.1.1.2" in said and "Time to live exceeded" in said, said
    said = h1.run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1400", "10.2.2.3", check=False).stdout
    assert re.search("mtu ?= ?1300", said), said
    h1.ip("route", "flush", "cache")
    serve(env, h3, "10.2.2.3", 80)
    assert connect(h1, "10.2.2.3", 80, size=500000)


def test_balance(env):
    """A virtual address before four servers (the kernel goes by the addresses of a connection, so many clients ask)."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    for last in range(10, 14):
        h2.ip("addr", "add", f"10.1.1.{last}/24", "dev", "eth0")
    daemon.add_flows("br0", """
priority=100,arp,actions=NORMAL
in_port=1,ip,actions=ct(commit,nat(dst=10.1.1.10-10.1.1.13)),2
in_port=2,ip,actions=ct(table=1,nat)
table=1,ct_state=+est+trk,ip,actions=1
""")
    for last in range(100, 164):
        h1.ip("addr", "add", f"10.1.1.{last}/32", "dev", "eth0")
    h1.ip("neigh", "replace", "10.1.1.64", "lladdr", mac_of(h2), "dev", "eth0")
    server = env.background(h2.popen("/usr/bin/python3", "-c", """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answer from the address that was asked.
s.bind(("0.0.0.0", 53))
print("ready", flush=True)
while True:
    data, control, _, peer = s.recvmsg(100, 100)
    s.sendmsg([socket.inet_ntoa(control[0][2][8:12]).encode()], [(socket.IPPROTO_IP, 8, bytes(4) + control[0][2][8:12] + bytes(4))], 0, peer)
""", stdout=subprocess.PIPE, text=True))
    assert server.stdout.readline().strip() == "ready"
    said = h1.run("/usr/bin/python3", "-c", """
import socket
for i in range(64):
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.settimeout(2)
    c.bind((f"10.1.1.{100 + i}", 0))
    c.connect(("10.1.1.64", 53))
    c.send(b"who")
    print(c.recv(100).decode())
""").split()
    assert len(said) == 64
    counts = {address: said.count(address) for address in set(said)}
    assert set(counts) == {f"10.1.1.{last}" for last in range(10, 14)}, counts
    assert min(counts.values()) >= 4, counts
