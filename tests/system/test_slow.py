"""test_slow - what the kernel datapath can neither match nor write: done by the daemon there, packet by packet, and as
right as on the userspace datapath."""
import re

from sluice import wait_for
from system.test_tunnel import transfer

MAC = "02:00:00:00:00:99"
# Answers for a host that is not there.
RESPONDER = f"""table=0,priority=100,arp,arp_op=1,arp_tpa=10.1.1.99,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],\
set_field:{MAC}->eth_src,set_field:2->arp_op,move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],set_field:{MAC}->arp_sha,\
move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],set_field:10.1.1.99->arp_spa,in_port
table=0,priority=10,arp,actions=NORMAL
"""


def slow_flows(daemon):
    return re.findall(r"slow_path\((\w+)\)", daemon.appctl("dpctl/dump-flows"))


def packets(daemon, match):
    return sum(int(n) for n in re.findall(r"n_packets=(\d+)", daemon.ofctl("dump-flows", "br0", match)))


def test_responder(env):
    """An ARP responder of rules alone answers each request, and its rule counts each."""
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.add_flows("br0", RESPONDER)
    for n in range(1, 4):
        h1.run("ip", "neigh", "flush", "all")
        h1.run("sh", "-c", "ping -c 1 -W 1 10.1.1.99 || true")
        assert MAC in h1.run("ip", "neigh", "show", "10.1.1.99")
        wait_for("its packets", lambda: packets(daemon, "arp,arp_tpa=10.1.1.99") == n)
    if env.datapath == "system":
        assert slow_flows(daemon) == ["action"]
        assert re.search(r"^dp_slow_path .*total: [2-9]", daemon.appctl("coverage/show"), re.M)


def test_tracker_between(env):
    """What stands around ct() is written here, ct() is done in the kernel, once, and later passes know of it."""
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.add_flows("br0", """table=0,priority=9,arp,actions=NORMAL
table=0,icmp,in_port=1,actions=ct(commit,zone=7,exec(load:5->NXM_NX_CT_MARK[])),set_field:1->icmp_code,LOCAL,set_field:0->icmp_code,ct(zone=7,table=1)
table=0,icmp,in_port=2,actions=ct(zone=7,table=1)
table=1,ct_state=+trk,ct_mark=5,icmp,in_port=1,actions=set_field:1->icmp_code,LOCAL,set_field:0->icmp_code,2
table=1,ct_state=+trk+est,ct_mark=5,icmp,in_port=2,actions=1
""")
    assert h1.ping("10.1.1.2", 5) == 5
    connections = [line for line in daemon.appctl("dpctl/dump-conntrack").splitlines() if "zone=7" in line]
    assert len(connections) == 1 and "mark=5" in connections[0], connections
    wait_for("all packets", lambda: (packets(daemon, "table=0,icmp"), packets(daemon, "table=1,icmp")) == (10, 10))
    if env.datapath == "system":
        assert set(slow_flows(daemon)) == {"action"}


def test_match(env):
    """Rules that look at what the kernel does not see: each packet gets its own."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", """priority=9,icmp6,icmp_type=135,nd_options_type=1,actions=NORMAL
priority=8,icmp6,icmp_type=135,actions=drop
priority=1,icmp6,actions=NORMAL
""")
    wait_for("an answer", lambda: h1.ping("fc00::2") == 1)
    before = packets(daemon, "icmp6,nd_options_type=1,icmp_type=135")
    assert before
    for _ in range(3):
        h1.run("ip", "neigh", "flush", "all")
        assert h1.ping("fc00::2", 2) == 2
    wait_for("solicitations", lambda: packets(daemon, "icmp6,nd_options_type=1,icmp_type=135") >= before + 3)
    if env.datapath == "system":
        assert set(slow_flows(daemon)) == {"match"}


def test_headers(env):
    """Headers that the kernel cannot push, pop or rename: there and back again, and the packets are the hosts' own."""
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.add_flows("br0", """table=0,priority=9,arp,actions=NORMAL
table=0,icmp,in_port=1,actions=push_pbb:0x88e7,set_field:7->pbb_isid,resubmit(,1)
table=1,eth_type=0x88e7,pbb_isid=7,actions=pop_pbb,resubmit(,2)
table=2,icmp,in_port=1,actions=push_vlan:0x8100,push_vlan:0x88a8,push_vlan:0x88a8,pop_vlan,pop_vlan,pop_vlan,2
table=0,icmp,in_port=2,actions=push_mpls:0x8847,set_mpls_ttl:9,copy_ttl_in,pop_mpls:0x0800,set_field:0x88b5->eth_type,resubmit(,1)
table=1,eth_type=0x88b5,actions=set_field:0x0800->eth_type,resubmit(,2)
table=2,icmp,in_port=2,nw_ttl=9,actions=1
""")
    assert h1.ping("10.1.1.2", 5) == 5
    wait_for("all packets", lambda: packets(daemon, "table=2") == 10)
    if env.datapath == "system":
        assert "action" in slow_flows(daemon)


def test_super_frames(env):
    """What hides the payload has super-frames segmented before, checksums completed: TCP passes, offloads as they are."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", """table=0,priority=9,arp,actions=NORMAL
table=0,tcp,in_port=1,actions=push_pbb:0x88e7,resubmit(,1)
table=1,eth_type=0x88e7,actions=pop_pbb,set_field:0x88b5->eth_type,resubmit(,2)
table=2,eth_type=0x88b5,actions=set_field:0x0800->eth_type,resubmit(,3)
table=3,tcp,actions=2
table=0,tcp,in_port=2,actions=set_field:99->ip_proto,resubmit(,1)
table=1,ip,nw_proto=99,actions=set_field:6->ip_proto,resubmit(,4)
table=4,tcp,actions=1
""")
    transfer(env, h2, h1, "10.1.1.2", 1 << 20)
    transfer(env, h1, h2, "10.1.1.1", 1 << 20)
