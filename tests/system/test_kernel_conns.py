"""test_kernel_conns - the kernel's datapath seen from outside: connections, limits, flows, ports; the same lines as the
genuine ovs-dpctl, where there is one."""
import json
import re
import shutil
import subprocess

from sluice import Skip, wait_for
from system.test_firewall import connect, serve

PIPELINE = """
table=0,priority=10,arp,actions=NORMAL
table=0,priority=10,ip,actions=ct(table=1,zone=5)
table=0,priority=10,ipv6,icmp6,actions=NORMAL
table=0,priority=20,ipv6,tcp6,actions=ct(table=1,zone=6)
table=1,ct_state=+trk+new,ip,in_port=1,actions=ct(commit,zone=5,exec(set_field:0x2a->ct_mark,set_field:0x12345->ct_label)),NORMAL
table=1,ct_state=+trk+new,ipv6,in_port=1,actions=ct(commit,zone=6),NORMAL
table=1,ct_state=+trk+est,ct_label=0x12345/0xfffff,actions=NORMAL
table=1,priority=1,ct_state=+trk+est,actions=NORMAL
"""


def world(env):
    """The pipeline on the kernel's datapath; Skip: this kernel has none."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.vsctl("set", "bridge", "br0", "datapath_type=system")
    error = daemon.vsctl("get", "bridge", "br0", "status").strip()
    if error != "{}":
        raise Skip(error)
    daemon.add_flows("br0", PIPELINE)
    return daemon, h1, h2


def genuine(daemon, *argv):
    """What Debian's ovs-dpctl says; None: there is none here."""
    if not shutil.which("ovs-dpctl"):
        return None
    done = daemon.netns.run("ovs-dpctl", *argv, "system@ovs-system", check=False)
    assert done.returncode == 0, done.stderr
    return norm(done.stdout)


def ours(daemon, *argv):
    return norm(daemon.tool("dpctl", *argv))


def norm(text):
    """Sorted lines; times that pass are not compared."""
    return sorted(re.sub(r"used:[\d.]+s", "used:T", re.sub(r"timeout=\d+", "timeout=T", line)) for line in text.splitlines())


def same(daemon, *argv):
    """Our lines, which are the genuine ones.  Asked twice, should something have changed in between."""
    for _ in range(5):
        mine, theirs = ours(daemon, *argv), genuine(daemon, *argv)
        if theirs is None or mine == theirs:
            return mine
    raise AssertionError("\n".join(["ours:", *mine, "theirs:", *theirs]))


def test_zone_timeouts(env):
    """A zone's policy is in the kernel, and connections that are committed there have it; events."""
    daemon, h1, h2 = world(env)
    h1.ping("10.1.1.2")
    daemon.vsctl("add-zone-tp", "system", "zone=5", "udp_single=7", "tcp_syn_sent=9", "icmp_first=11")
    heard = env.background(daemon.netns.popen(env.build / "utilities/sluice-appctl", f"--rundir={daemon.rundir}", "ct/events", "zone=5", "1",
                                              stdout=subprocess.PIPE, text=True))
    wait_for("the listener", lambda: "ct-listeners:1" in daemon.appctl("memory/show"))
    left = {}

    def send():
        h1.run("python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('10.1.1.2', 9))")
        for line in daemon.tool("dpctl", "dump-conntrack", "-s").splitlines():
            if line.startswith("udp,") and "dst=10.1.1.2" in line:
                left["udp"] = int(re.search(r"timeout=(\d+)", line).group(1))
        return left.get("udp", 99) <= 7

    wait_for("a UDP connection with the zone's timeout", send, every=0.3)
    # The kernel tells of its connections too.
    event = json.loads(heard.communicate(timeout=20)[0])
    assert (event["event"], event["zone"], event["proto"], event["mark"]) == ("NEW", 5, "udp", 42), event
    assert "timeout=ovs_tp_5_udp4" in daemon.tool("dpctl", "dump-flows"), daemon.tool("dpctl", "dump-flows")
    daemon.vsctl("del-zone-tp", "system", "zone=5")
    wait_for("flows without it", lambda: "timeout=" not in daemon.tool("dpctl", "dump-flows"))


def test_connections(env):
    daemon, h1, h2 = world(env)
    for name in "acct", "timestamp":
        daemon.netns.run("sh", "-c", f"echo 1 >/proc/sys/net/netfilter/nf_conntrack_{name}")
    serve(env, h2, "10.1.1.2", 8080)
    assert h1.ping("10.1.1.2", 2) == 2
    assert connect(h1, "10.1.1.2", 8080)
    [icmp] = [c for c in same(daemon, "dump-conntrack") if c.startswith("icmp,")]
    assert re.fullmatch(r"icmp,orig=\(src=10\.1\.1\.1,dst=10\.1\.1\.2,id=\d+,type=8,code=0\),"
                        r"reply=\(src=10\.1\.1\.2,dst=10\.1\.1\.1,id=\d+,type=0,code=0\),"
                        r"zone=5,mark=42,labels=0x12345", icmp), icmp
    same(daemon, "dump-conntrack", "-m")
    [icmp] = [c for c in same(daemon, "dump-conntrack", "-m", "-s") if c.startswith("icmp,")]
    assert re.search(r"packets=2,bytes=168\).*packets=2,bytes=168\),start=20\d\d-.*,id=\d+,zone=5,status=SEEN_REPLY\|CONFIRMED", icmp), icmp
    [tcp] = [c for c in same(daemon, "dump-conntrack", "-m") if c.startswith("tcp,") and "dport=8080" in c]
    assert "status=SEEN_REPLY|ASSURED|CONFIRMED" in tcp and "wscale_orig=" in tcp, tcp
    same(daemon, "ct-stats-show", "-m")
    assert int(daemon.tool("dpctl", "ct-get-maxconns")) > 1000
    done = daemon.tool("dpctl", "ct-set-maxconns", "70000", check=False)  # For the first namespace alone.
    assert (done.returncode, done.stderr) == (1, "sluice-dpctl: ct set maxconns failed (Permission denied)\n"), done
    assert int(daemon.tool("dpctl", "ct-get-nconns")) == len(daemon.conntrack())
    assert f"connections:{len(daemon.conntrack())}" in daemon.appctl("memory/show").split()


def test_flush(env):
    daemon, h1, h2 = world(env)
    serve(env, h2, "10.1.1.2", 8080)
    serve(env, h2, "fc00::2", 8080)
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    assert h1.ping("10.1.1.2") == 1 and connect(h1, "10.1.1.2", 8080) and connect(h1, "fc00::2", 8080)
    zones = lambda: sorted(re.findall(r"^(\w+),.*zone=(\d+)", "\n".join(daemon.conntrack()), re.M))
    everything = [("icmp", "5"), ("tcp", "5"), ("tcp", "6")]
    assert zones() == everything
    for none in "zone=7", "mark=1", "zone=5 labels=0x1/0x1f", "ct_nw_src=10.1.1.7", "ct_nw_proto=17":
        daemon.tool("dpctl", "flush-conntrack", *none.split())
        assert zones() == everything, none
    daemon.tool("dpctl", "flush-conntrack", "ct_ipv6_dst=fc00::2,ct_nw_proto=6")
    assert zones() == everything[:2]
    daemon.tool("dpctl", "flush-conntrack", "mark=0x2a/0xff", "ct_nw_proto=1")
    assert zones() == [("tcp", "5")]
    daemon.tool("dpctl", "flush-conntrack", "zone=5")
    assert zones() == []
    assert h1.ping("10.1.1.2") == 1 and zones() == [("icmp", "5")]
    for zone, left in ("6", [("icmp", "5")]), ("5", []):  # NXT_CT_FLUSH_ZONE
        daemon.netns.run("ovs-ofctl", "-O", "OpenFlow13", "ct-flush-zone", f"{daemon.rundir}/br0.mgmt", zone)
        wait_for("the zone's end", lambda: zones() == left)
    assert h1.ping("10.1.1.2") == 1
    daemon.tool("dpctl", "flush-conntrack")
    assert zones() == []


def test_many(env):
    """Thousands come whole, and those of one zone go."""
    daemon, h1, h2 = world(env)
    h1.run("/usr/bin/python3", "-c", """
import socket, time
for port in range(4000):
    if port % 100 == 1:
        time.sleep(.05)  # The first is a miss, and no queue is to overflow.
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.1.1.1", 2000 + port))
    s.sendto(b"x", ("10.1.1.2", 9))
    s.close()
""")
    wait_for("4000 connections", lambda: sum("dport=9)" in c for c in daemon.conntrack()) == 4000, 20)
    daemon.tool("dpctl", "flush-conntrack", "zone=5", "ct_nw_proto=17,ct_tp_dst=9")
    assert not [c for c in daemon.conntrack() if "dport=9)" in c]


def test_limits(env):
    daemon, h1, h2 = world(env)
    dpctl = lambda *argv: daemon.tool("dpctl", *argv)
    assert dpctl("ct-get-limits") == "default limit=0\n"
    dpctl("ct-set-limits", "default=9", "zone=5,limit=2", "zone=8,limit=0")
    assert h1.ping("10.1.1.2") == 1 and h1.ping("10.1.1.2") == 1
    assert h1.ping("10.1.1.2", wait=1) == 0, "a third connection in a zone that may have two"
    assert dpctl("ct-get-limits") == "default limit=9\nzone=5,limit=2,count=2\nzone=8,limit=0,count=0\n"
    assert dpctl("ct-get-limits", "zone=5,7") == "default limit=9\nzone=5,limit=2,count=2\nzone=7,limit=9,count=0\n"
    same(daemon, "ct-get-limits")
    dpctl("ct-del-limits", "zone=5")
    assert h1.ping("10.1.1.2") == 1
    dpctl("ct-del-limits", "default", "zone=8")
    assert dpctl("ct-get-limits") == "default limit=0\n"


def test_flows_and_ports(env):
    """`show` and `dump-flows` in all forms."""
    daemon, h1, h2 = world(env)
    daemon.add_flows("br0", """
table=0,priority=30,udp,tp_dst=54,actions=push_vlan:0x8100,set_field:4101->vlan_vid,2
table=0,priority=30,udp,tp_dst=55,actions=drop
table=0,priority=30,udp,tp_dst=56,actions=set_field:10.0.0.9->ip_dst,mod_nw_ttl:3,2
""")
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    assert h1.ping("10.1.1.2", 3) == 3
    h1.run("/usr/bin/python3", "-c", """
import socket
for i in range(3):
    for port in 54, 55, 56:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.1.1.2", port))
socket.socket(socket.AF_INET6).connect_ex(("fc00::2", 9))
""")
    flows = same(daemon, "dump-flows")
    if not any("recirc(" in f for f in flows):
        raise AssertionError("\n".join(flows))
    assert any("eth_type(0x0800),ipv4(proto=17,frag=no),udp(dst=54), packets:" in f and re.search(r"actions:push_vlan\(vid=5,pcp=0\),\d+$", f)
               for f in flows), flows
    for options in ["-m"], ["--names"], ["-m", "--no-names"]:
        same(daemon, "dump-flows", *options)
    [flow] = [f for f in daemon.tool("dpctl", "dump-flows", "-m", "filter=udp,udp_dst=55").splitlines() if "udp(" in f and "dst=55" in f]
    ufid = re.match(r"ufid:[-\da-f]+", flow)[0]
    assert "udp(dst=55)" in daemon.tool("dpctl", "get-flow", ufid)
    daemon.tool("dpctl", "del-flow", ufid)
    assert not any("udp(dst=55)" in f for f in same(daemon, "dump-flows"))
    shown = same(daemon, "show")
    assert any(re.fullmatch(r"  port \d+: p1", line) for line in shown) and "  port 0: ovs-system (internal)" in shown, shown
    same(daemon, "show", "-s")
    daemon.netns.ip("link", "add", "spare", "type", "dummy")
    daemon.tool("dpctl", "add-if", "spare,port_no=9")
    assert "  port 9: spare" in same(daemon, "show")
    daemon.tool("dpctl", "del-if", "spare")
    assert not any("spare" in line for line in same(daemon, "show"))


def test_without_rights(env):
    """One line says what is missing, once; the bridge keeps its type."""
    daemon = env.daemon(start=False)
    rights = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    daemon.wrapper = rights
    daemon.start()
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=system")
    shown = daemon.vsctl("show")
    if "this kernel has no openvswitch" in shown:
        raise Skip("this kernel has no openvswitch")
    assert 'error: "could not open datapath ovs-system: the kernel does not permit it (run as root, or with CAP_NET_ADMIN)"' in shown, shown
    assert "datapath_type: system" in shown
    wait_for("several attempts", lambda: daemon.appctl("coverage/read-counter", "bridge_reconfigure").strip() >= "4")
    assert daemon.log.read_text().count("does not permit") == 1
