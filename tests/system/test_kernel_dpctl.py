"""test_kernel_dpctl - sluice-dpctl on datapaths of the kernel without a daemon, beside the genuine ovs-dpctl, where there is one.

Flows that one puts are dumped as the same lines by both."""
import re
import shutil

FLOWS = [line.split("  ") for line in """\
in_port(1),eth(),eth_type(0x0806),arp()  7
in_port(8),eth(),eth_type(0x0806),arp(sip=10.0.0.0/255.0.0.0,op=1,sha=02:00:00:00:00:01)  2,7
recirc_id(0),in_port(1),eth(),eth_type(0x0800),ipv4(src=172.31.110.4,dst=172.31.0.0/255.255.0.0,tos=0x4/0xfc)  7
recirc_id(0),in_port(2),eth(src=00:00:00:00:00:01/00:00:00:ff:ff:ff),eth_type(0x0800),ipv4(proto=6,frag=no),tcp(dst=80/0xfff0),\
tcp_flags(+syn-ack)  set(ipv4(ttl=3)),set(tcp(src=8)),1
in_port(3),skb_mark(0x5/0xff),dp_hash(0x3/0x3),ct_state(+trk+est-new),ct_zone(0x5),ct_mark(0x1/0xf),eth(),eth_type(0x0800),\
ipv4(frag=later)  ct(commit,zone=7,mark=0x1/0xff,nat(src=10.0.0.1-10.0.0.9:5-9,random)),7
recirc_id(0),in_port(4),eth(),eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x86dd),ipv6(src=fc00::/ffff::,proto=58,hlimit=64,\
frag=no),icmpv6(type=135,code=0),nd(target=fc00::1))  pop_vlan,push_vlan(tpid=0x88a8,vid=7,pcp=1),1
recirc_id(0),in_port(5),eth(),eth_type(0x8847),mpls(label=5,tc=1,ttl=9,bos=1)  set(mpls(label=6,tc=2,ttl=8,bos=1)),1
recirc_id(0),tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,tos=0x4,ttl=64,flags(-df+csum+key)),in_port(6),eth(),eth_type(0x0800),\
ipv4(proto=17),udp(src=1,dst=2)  set(tunnel(tun_id=0x7,src=3.3.3.3,dst=4.4.4.4,ttl=64,flags(df|key))),1
recirc_id(0),in_port(9),eth(),eth_type(0x86dd),ipv6(proto=132,label=0x5,tclass=0x8/0xfc),sctp(src=5)  set(ipv6(hlimit=5)),set(sctp(dst=9)),1
recirc_id(0),in_port(12),eth(),eth_type(0x0800),ipv4(proto=1),icmp(type=8,code=0)  userspace(pid=7,controller(reason=1,dont_send=0,\
continuation=0,recirc_id=5,rule_cookie=0x5,controller_id=0,max_len=65535)),userspace(pid=8,userdata(0102030405060708)),trunc(100),2
recirc_id(0),tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,ttl=64,erspan(ver=1,idx=0x7/0xffffffff),flags(-df+csum+key)),in_port(23),eth(),\
eth_type(0x0800),ipv4()  set(tunnel(tun_id=0x7,dst=4.4.4.4,ttl=64,erspan(ver=2,dir=1,hwid=0x7),flags(df|key))),1
recirc_id(0),tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,ttl=64,vxlan(gbp(id=5,flags=0x8)),flags(-df+csum+key)),in_port(25),eth(),\
eth_type(0x0800),ipv4()  set(tunnel(tun_id=0x7,dst=4.4.4.4,ttl=64,vxlan(gbp(id=9,flags=0x48)),flags(df|key))),1
recirc_id(0),in_port(14),eth(),eth_type(0x1234)  set(eth(src=02:00:00:00:00:01)),set(skb_mark(0x5)),2""".splitlines()]
# What the genuine one of Debian 12 prints but does not read, or not in a file (drop); of ERSPAN's six bits of a hwid it knows four.
OURS = [line.split("  ") for line in """\
recirc_id(0),in_port(15),eth(dst=ff:ff:ff:ff:ff:ff),eth_type(0x0800),ipv4()  drop
recirc_id(0x5),in_port(3),eth(),eth_type(0x0800),ipv4(frag=no)  ct_clear,hash(l4(0)),recirc(0x7)
recirc_id(0),in_port(5),eth(),eth_type(0x8847),mpls(label=7,tc=1,ttl=9,bos=1)  pop_mpls(eth_type=0x800),1
recirc_id(0),in_port(11),eth(),eth_type(0x894f),nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x1,c2=0x2,c3=0x3,c4=0x4)  meter(5),1
recirc_id(0),in_port(16),eth(),eth_type(0x0800),ipv4(proto=6)  clone(set(tcp(dst=5)),3),check_pkt_len(size=200,gt(4),le(drop))
recirc_id(0),in_port(17),eth(),eth_type(0x0800),ipv4(proto=6)  ct(commit,force_commit,zone=1,label=0x5/0xf,helper=ftp)
recirc_id(0),in_port(18),eth(),eth_type(0x0800),ipv4()  sample(sample=50.0%,actions(userspace(pid=7,userdata(0102),actions,tunnel_out_port=3))),1
recirc_id(0),in_port(19),eth(),eth_type(0x0800),ipv4()  push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x1,c2=0x2,c3=0x3,c4=0x4),1
recirc_id(0),in_port(20),eth(),eth_type(0x0800),ipv4()  pop_eth,push_eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),1
recirc_id(0),in_port(21),eth(),eth_type(0x894f),nsh(mdtype=1,np=3)  pop_nsh(),1
recirc_id(0),tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,ttl=64,erspan(ver=2,dir=1/0x1,hwid=0xa/0xf),flags(-df+csum+key)),in_port(24),eth(),\
eth_type(0x0800),ipv4()  set(tunnel(tun_id=0x7,dst=4.4.4.4,ttl=64,erspan(ver=1,idx=0xfffff),flags(df|key))),1""".splitlines()]
# And what it does not know.
YOUNG = "recirc_id(0),in_port(22),eth(),eth_type(0x0800),ipv4()", "psample(group=7,cookie=0x0102),hash(sym_l4(3)),1"


def lines(text):
    return sorted(re.sub(r"used:[\d.]+s", "used", line) for line in text.splitlines())


class Kernel:
    def __init__(self, env):
        self.daemon = env.daemon(start=False)
        for i in 1, 3:
            self.daemon.netns.ip("link", "add", f"v{i}", "type", "veth", "peer", "name", f"v{i + 1}")
        self.has_peer = bool(shutil.which("ovs-dpctl"))

    def ours(self, *argv):
        return self.daemon.tool("dpctl", *argv)

    def peer(self, *argv):
        return self.daemon.netns.run("ovs-dpctl", *argv)

    def file(self, name, flows):
        """add-flows FILE."""
        path = self.daemon.rundir / name
        path.write_text("# Flows.\n\n" + "".join(" ".join(flow) + "\n" for flow in flows))
        return path

    def same(self, *options):
        """What both dump."""
        ours = lines(self.ours("dump-flows", "dp0", *options))
        if self.has_peer:
            theirs = lines(self.peer("dump-flows", "dp0", *options))
            assert ours == theirs, "\n".join(["differ:", *sorted(set(ours) ^ set(theirs))])
        return ours


def test_flows(env):
    """Ports and flows put by us and by the genuine one, dumped by both as the same lines; changed, fetched, deleted."""
    k = Kernel(env)
    k.ours("add-dp", "dp0", "v1", "v3,port_no=7")
    if k.has_peer:
        assert k.ours("show", "-s") == k.peer("show", "-s")
    k.ours("add-flows", "dp0", k.file("more", OURS))
    more = k.same("--names")
    assert len(more) == len(OURS), more
    k.ours("del-flows", "dp0", k.file("more", [flow[:1] for flow in OURS]))
    k.ours("add-flow", "dp0", *YOUNG)
    assert k.ours("dump-flows", "dp0").endswith(f"actions:{YOUNG[1]}\n"), k.ours("dump-flows", "dp0")
    k.ours("del-flow", "dp0", YOUNG[0])
    k.ours("add-flows", "dp0", k.file("flows", FLOWS))
    k.same("-m")
    by_us = k.same()
    assert len(by_us) == len(FLOWS), by_us
    # What is dumped says what was put.
    assert any("tcp(dst=80/0xfff0),tcp_flags(+syn-ack), packets:0, bytes:0, used:never, actions:set(ipv4(ttl=3)),set(tcp(src=8)),1" in line
               for line in by_us), by_us
    k.ours("del-flows", "dp0")
    if k.has_peer:
        k.peer("add-flows", "dp0", k.file("flows", FLOWS))
        by_peer = k.same()
        assert by_peer == by_us, "\n".join(sorted(set(by_us) ^ set(by_peer)))
        k.ours("del-flows")
    key, actions = FLOWS[2]
    uid = "ufid:01234567-89ab-cdef-0123-456789abcdef"
    k.ours("add-flow", f"{uid},{key}", actions)
    shown = k.ours("-m", "get-flow", uid)
    assert shown.startswith(uid) and shown.endswith("actions:v3\n"), shown
    assert k.ours("-s", "mod-flow", f"{uid},{key}", "drop") == "packets:0, bytes:0, used:never\n"
    assert k.ours("get-flow", uid).endswith("actions:drop\n")
    k.ours("--may-create", "--clear", "mod-flow", *FLOWS[0])
    assert k.ours("-s", "del-flow", uid) == "packets:0, bytes:0, used:never\n"
    assert len(k.ours("dump-flows", "filter=arp").splitlines()) == 1
    k.ours("del-if", "dp0", "v3")
    k.ours("del-dp", "dp0")
    assert k.ours("dump-dps") == ""


def test_refusals(env):
    """One line: what, on what, why."""
    k = Kernel(env)

    def refused(*argv):
        done = k.daemon.netns.popen(env.build / "utilities/sluice-dpctl", f"--rundir={k.daemon.rundir}", *argv, stderr=-1, text=True)
        error = done.communicate()[1]
        assert done.returncode == 1 and error.count("\n") == 1, (argv, done.returncode, error)
        return error.removeprefix("sluice-dpctl: ").strip()

    assert refused("dump-flows") == "no datapaths exist: add-dp makes one"
    k.ours("add-dp", "dp0", "v1")
    assert refused("add-if", "dp0", "v1") == "could not add network device v1 to dp0 (File exists)"
    assert refused("add-if", "dp0", "v3,speed=9") == "v3: unknown option speed=9"
    assert refused("del-if", "dp0", "v9") == "no port named v9 on dp0"
    assert refused("set-if", "dp0", "v1,type=internal") == "v1: can't change type from system to internal"
    k.ours("add-if", "dp0", "t1,type=vxlan,dst_port=4790")
    k.ours("set-if", "dp0", "t1,type=vxlan,dst_port=4790")
    assert refused("set-if", "dp0", "t1,dst_port=4791") == \
        "t1: the kernel does not change a port's dst_port: del-if and add-if make it anew"
    k.ours("del-if", "dp0", "t1")
    assert k.ours("cache-get-size", "dp0") == "system@dp0:\n  caches:\n    masks-cache: size:256\n"
    assert k.ours("cache-set-size", "dp0", "masks-cache", "512") == "Setting cache size successful, new size 512\n"
    assert "size:512" in k.ours("cache-get-size", "dp0")
    assert refused("cache-set-size", "dp0", "emc", "1") == 'Cache name "emc" not found on dpif (there is masks-cache)'
    key = "in_port(1),eth(),eth_type(0x0806),arp()"
    k.ours("add-flow", key, "1")
    assert refused("add-flow", key, "1") == "adding a flow to dp0 (File exists: mod-flow changes it)"
    assert refused("add-flow", "in_port(1),foo(1)", "1") == "parsing flow key: unknown header foo"
    assert refused("add-flow", key, "set(foo(1))") == "parsing actions: set: unknown header foo"
    assert refused("add-flow", key, "set(arp(op=1))") == "adding a flow to dp0: the kernel datapath cannot write a header of this kind"
    assert "a header is matched that packets of this EtherType" in refused("add-flow", "in_port(1),eth(),ipv4(src=1.1.1.1)", "1")
    assert refused("del-flow", "in_port(2),eth(),eth_type(0x0806),arp()") == \
        "deleting a flow of dp0 (No such file or directory: there is no such flow)"
    k.ours("del-dp", "system@dp0")
