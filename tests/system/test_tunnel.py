"""test_tunnel - VXLAN, Geneve and GRE ports against the kernel's own tunnel devices."""
import hashlib
import re
import shutil
import subprocess

from sluice import Failure, Skip, wait_for

KERNEL = {
    "vxlan": lambda remote, local, key: ["type", "vxlan", "id", key, "remote", remote, "local", local, "dstport", 4789],
    "geneve": lambda remote, local, key: ["type", "geneve", "id", key, "remote", remote],
    "gre": lambda remote, local, key: ["type", "ip6gretap" if ":" in remote else "gretap", "remote", remote, "local", local, "key", key],
}


def underlay(env, v6=False, options=()):
    """A switch with h1 on port 1, and a peer beyond an underlay network that is not on the bridge."""
    daemon = env.daemon(options=options)
    h1 = env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24", "fd00:1::1/64"])
    peer = env.veth("sw", "u0", "peer", addresses=["172.31.1.2/24", "fc00:31::2/64"])
    daemon.netns.ip("addr", "add", "172.31.1.1/24", "dev", "u0")
    daemon.netns.ip("addr", "add", "fc00:31::1/64", "dev", "u0", "nodad")
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "fail_mode=secure",
                 "--", "add-port", "br0", "p1", "--", "set", "interface", "p1", "ofport_request=1")
    h1.ip("link", "set", "eth0", "mtu", "1400")
    return daemon, h1, peer


def add_tunnel(daemon, name, kind, number, **options):
    daemon.vsctl("add-port", "br0", name, "--", "set", "interface", name, f"type={kind}", f"ofport_request={number}",
                 *(f"options:{k}={v}" for k, v in options.items()))
    error = daemon.vsctl("get", "interface", name, "error").strip()
    if error != "[]":
        raise Failure(f"{name}: {error}")


def peer_device(peer, kind, remote, local, key, addresses, name="t0"):
    done = peer.run("ip", "link", "add", name, *KERNEL[kind](remote, local, key), check=False)
    if "Unknown device type" in done.stderr:
        raise Skip(f"this kernel has no {kind} devices")
    if done.returncode:
        raise Failure(done.stderr)
    for address in addresses:
        peer.ip("addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
    peer.ip("link", "set", name, "mtu", "1400", "up")


def transfer(env, server, client, address, size=4 << 20):
    """'size' bytes of TCP, whole and in order."""
    program = ("import socket,sys,hashlib\n"
               "l = socket.create_server(('0.0.0.0', 5001))\n"
               "print('up', flush=True)\n"
               "c = l.accept()[0]; h = hashlib.sha256(); n = 0\n"
               "while (d := c.recv(65536)):\n"
               "    h.update(d); n += len(d)\n"
               "print(n, h.hexdigest(), flush=True)\n")
    s = env.background(server.popen("/usr/bin/python3", "-c", program, stdout=subprocess.PIPE, text=True))
    assert s.stdout.readline() == "up\n"
    client.run("/usr/bin/python3", "-c",
               f"import socket; c = socket.create_connection(('{address}', 5001), 10); c.sendall(bytes(range(256)) * {size // 256}); c.close()")
    want = f"{size} {hashlib.sha256(bytes(range(256)) * (size // 256)).hexdigest()}\n"
    assert s.stdout.readline() == want


def same_as_genuine(daemon):
    """The genuine ovs-dpctl shows the flows of our tunnels as we do."""
    def lines(text):
        return sorted(re.sub(r"used:[\d.]+s", "used", line) for line in text.splitlines())

    for options in [], ["-m"]:
        wait_for(f"the same flows of {options}", lambda: lines(daemon.appctl("dpctl/dump-flows", *options)) ==
                 lines(daemon.netns.run("ovs-dpctl", "dump-flows", *options)), every=0.3)


def both_ways(env, kind, v6=False):
    daemon, h1, peer = underlay(env, v6)
    ours, theirs = ("fc00:31::1", "fc00:31::2") if v6 else ("172.31.1.1", "172.31.1.2")
    peer_device(peer, kind, ours, theirs, 42, ["10.1.1.2/24", "fd00:1::2/64"])
    add_tunnel(daemon, "t0", kind, 2, remote_ip=theirs, key=42)
    daemon.add_flows("br0", "in_port=1,actions=2\nin_port=2,tun_id=42,actions=1\n")
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    assert h1.ping("fd00:1::2", 2) == 2
    transfer(env, peer, h1, "10.1.1.2")
    transfer(env, h1, peer, "10.1.1.1")
    if env.datapath == "system" and shutil.which("ovs-dpctl"):
        same_as_genuine(daemon)
    return daemon, h1, peer


def test_vxlan(env):
    daemon, h1, peer = both_ways(env, "vxlan")
    shown = daemon.appctl("dpif/show")
    assert "t0 2/" in shown and ": (vxlan: key=42, remote_ip=172.31.1.2)" in shown, shown
    assert "vxlan_sys_4789 (vxlan: packet_type=ptap)" in daemon.appctl("dpctl/show"), daemon.appctl("dpctl/show")
    flows = daemon.appctl("dpctl/dump-flows")
    assert "tunnel(tun_id=0x2a,src=172.31.1.2,dst=172.31.1.1" in flows, flows
    assert "set(tunnel(tun_id=0x2a,dst=172.31.1.2,ttl=64,tp_dst=4789,flags(df|key)))" in flows, flows
    # Both directions are counted at the tunnel's own port.
    before = daemon.ofctl("dump-ports", "br0", "2")
    assert "rx pkts=0" not in before and "tx pkts=0" not in before, before


def test_vxlan_v6(env):
    both_ways(env, "vxlan", v6=True)


def test_geneve(env):
    both_ways(env, "geneve")


def test_gre(env):
    both_ways(env, "gre")


# A peer of Geneve by hand: what came, with its options in hex; back goes the frame, with other options.
GENEVE_PEER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 6081))
print("up", flush=True)
for line in sys.stdin:
    options = bytes.fromhex(line)
    data, address = s.recvfrom(2000)
    n = data[0] % 64 * 4
    print(f"{data[1]:02x}", data[8:8 + n].hex(), flush=True)
    f = data[8 + n:]
    f = f[6:12] + f[:6] + f[12:26] + f[30:34] + f[26:30] + f[36:38] + f[34:36] + f[38:40] + bytes(2) + f[42:]  # A checksum may be partial.
    critical = 0x40 if len(options) > 2 and options[2] & 0x80 else 0
    s.sendto(bytes([len(options) // 4, critical]) + data[2:8] + options + f, (address[0], 6081))
"""

ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[1]))
s.sendto(b"hello", ("10.1.1.2", 7))
try:
    print(s.recv(100).decode())
except TimeoutError:
    print("nothing")
"""


def test_geneve_options(env):
    """Options go out as the pipeline wrote them, decide what comes in, and are still there behind the tracker."""
    daemon, h1, peer = underlay(env)
    add_tunnel(daemon, "t0", "geneve", 2, remote_ip="172.31.1.2", key=42)
    daemon.ofctl("add-tlv-map", "br0", "{class=0x102,type=0x80,len=4}->tun_metadata0,{class=0x102,type=1,len=8}->tun_metadata1")
    daemon.add_flows("br0", "in_port=1,udp,actions=set_field:0xa1b2c3d4->tun_metadata0,set_field:0x55->tun_metadata1,2\n"
                            "in_port=2,ip,tun_metadata1=0x700/0xff00,actions=ct(table=1)\n"
                            "table=1,in_port=2,tun_metadata0=0x55/0xff,tun_metadata1=0x77/0xff,actions=1\n")
    h1.ip("neigh", "add", "10.1.1.2", "lladdr", "02:00:00:00:00:99", "dev", "eth0")
    program = env.background(peer.popen("/usr/bin/python3", "-c", GENEVE_PEER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert program.stdout.readline() == "up\n"

    def ask(options, timeout="1"):
        program.stdin.write(options + "\n")
        program.stdin.flush()
        answer = h1.run("/usr/bin/python3", "-c", ASK, timeout).strip()
        sent = program.stdout.readline().strip()
        assert sent == "40 " + "01028001a1b2c3d4" + "010201020000000000000055", sent
        return answer

    good = "0102800100000a55" + "0102010200000000" + "0000" + "0777"
    wait_for("an answer", lambda: ask(good) == "hello")
    for _ in range(3):
        assert ask(good, "5") == "hello"
    # Another order, and an option that nobody knows ahead of them.
    assert ask("ffff0101deadbeef" + good[16:] + good[:16], "5") == "hello"
    assert ask(good.replace("0a55", "0b55"), "5") == "hello", "bits that are not matched"
    assert ask(good.replace("0a55", "0a56")) == "nothing", "another value"
    assert ask(good.replace("0777", "0677")) == "nothing", "another value of the second option"
    assert ask(good[:16]) == "nothing", "one option alone"
    assert ask("") == "nothing", "no options"
    assert ask("0102ff01deadbeef" + good) == "nothing", "a critical option that is not mapped"
    assert ask(good, "5") == "hello"
    flows = daemon.appctl("dpctl/dump-flows")
    assert "geneve({class=0x102,type=0x80,len=4,0x55/0xff}" in flows, flows
    assert "geneve({class=0x102,type=0x80,len=4,0xa1b2c3d4}{class=0x102,type=0x1,len=8,0x55})" in flows, flows
    if env.datapath == "system" and shutil.which("ovs-dpctl"):
        same_as_genuine(daemon)


def need(peer, *argv):
    """Something of the kernel's own that the test wants; a kernel without it: skipped."""
    done = peer.run(*argv, check=False)
    if done.returncode:
        raise Skip(f"this kernel: {' '.join(map(str, argv))}: {done.stderr.strip()}")


def tunnel_of_kernel(peer, kind, *options):
    """A device of the kernel whose packets bring their tunnel with them."""
    need(peer, "ip", "link", "add", "t0", "type", kind, "external", *options)
    peer.ip("addr", "add", "10.1.1.2/24", "dev", "t0")
    peer.ip("link", "set", "t0", "mtu", "1300", "up")


def test_geneve_options_of_the_kernel(env):
    """The kernel's geneve device writes options by its routes, and looks at ours by its filters."""
    daemon, h1, peer = underlay(env)
    tunnel_of_kernel(peer, "geneve")
    add_tunnel(daemon, "t0", "geneve", 2, remote_ip="172.31.1.2", key="flow")
    daemon.ofctl("add-tlv-map", "br0", "{class=0x102,type=0x80,len=4}->tun_metadata0,{class=0x102,type=1,len=8}->tun_metadata1")
    daemon.add_flows("br0", "in_port=1,actions=set_field:42->tun_id,set_field:0xa1b2c3d4->tun_metadata0,set_field:0x55->tun_metadata1,2\n"
                            "in_port=2,tun_id=42,tun_metadata0=0x0a0b0c0d,tun_metadata1=0x1122334455667788,actions=1\n")
    h1.ip("neigh", "add", "10.1.1.2", "lladdr", peer.ip("-br", "link", "show", "t0").split()[2], "dev", "eth0")
    peer.ip("neigh", "add", "10.1.1.1", "lladdr", h1.ip("-br", "link", "show", "eth0").split()[2], "dev", "t0")

    def answer_with(options):
        need(peer, "ip", "route", "replace", "10.1.1.1/32", "encap", "ip", "id", "42", "dst", "172.31.1.1", "ttl", "64",
             "geneve_opts", options, "dev", "t0")

    need(peer, "tc", "qdisc", "add", "dev", "t0", "clsact")
    need(peer, "tc", "filter", "add", "dev", "t0", "ingress", "protocol", "ip", "flower", "enc_key_id", "42", "geneve_opts",
         "0102:80:a1b2c3d4,0102:01:0000000000000055", "action", "pass")
    peer.run("tc", "filter", "add", "dev", "t0", "ingress", "protocol", "ip", "pref", "60000", "matchall", "action", "drop")
    good = "0x102:0x80:0a0b0c0d,0x102:0x1:1122334455667788"
    answer_with(good)
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    transfer(env, peer, h1, "10.1.1.2", 1 << 20)
    transfer(env, h1, peer, "10.1.1.1", 1 << 20)
    for other in good.replace("0c0d", "0c0e"), good.replace("7788", "7789"), good.split(",")[0], good.replace("0x102:0x80", "0x103:0x80"):
        answer_with(other)
        assert h1.ping("10.1.1.2", wait=1) == 0, other
    answer_with(",".join(reversed(good.split(","))))
    assert h1.ping("10.1.1.2", 2) == 2, "the other order"


def test_vxlan_gbp(env):
    """A group policy is the mark of the kernel's packets, both ways."""
    daemon, h1, peer = underlay(env)
    need(peer, "ip", "link", "add", "t0", "type", "vxlan", "id", 42, "remote", "172.31.1.1", "local", "172.31.1.2", "dstport", 4789, "gbp")
    peer.ip("addr", "add", "10.1.1.2/24", "dev", "t0")
    peer.ip("link", "set", "t0", "mtu", "1400", "up")
    add_tunnel(daemon, "t0", "vxlan", 2, remote_ip="172.31.1.2", key=42, exts="gbp")
    daemon.add_flows("br0", "priority=9,arp,in_port=1,actions=2\npriority=9,arp,in_port=2,actions=1\n"
                            "in_port=1,actions=set_field:0x55->tun_gbp_id,set_field:0x8->tun_gbp_flags,2\n"
                            "in_port=2,tun_gbp_id=0x123,actions=1\n")
    peer.run("nft", "-f", "-", input="table ip t {\nchain in {\ntype filter hook input priority 0;\niifname t0 meta mark != 0x80055 drop\n}\n}\n")
    wait_for("the tunnel", lambda: peer.run("ping", "-c1", "-W1", "-m", "291", "10.1.1.1", check=False).returncode == 0)
    assert "5 received" in peer.run("ping", "-c5", "-i0.2", "-m", "291", "10.1.1.1")
    assert peer.run("ping", "-c1", "-W1", "-m", "292", "10.1.1.1", check=False).returncode
    flows = daemon.appctl("dpctl/dump-flows")
    assert "vxlan(gbp(id=291)" in flows and "vxlan(gbp(id=85,flags=0x8))" in flows, flows
    daemon.ofctl("add-flow", "br0", "in_port=1,actions=set_field:0x56->tun_gbp_id,set_field:0x8->tun_gbp_flags,2")
    assert peer.run("ping", "-c1", "-W1", "-m", "291", "10.1.1.1", check=False).returncode
    if env.datapath == "system" and shutil.which("ovs-dpctl"):
        same_as_genuine(daemon)


def between_daemons(env, kind):
    """Two switches of our own, each with a host."""
    daemon, h1, peer = underlay(env)
    other = env.daemon("peer")
    h2 = env.veth("peer", "p1", "h2", addresses=["10.1.1.2/24"])
    h2.ip("link", "set", "eth0", "mtu", "1400")
    other.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "fail_mode=secure",
                "--", "add-port", "br0", "p1", "--", "set", "interface", "p1", "ofport_request=1")
    # The kernel's shared GRE device takes no packets with checksums.
    csum = "false" if kind == "gre" and env.datapath == "system" else "true"
    for switch, remote, local in (daemon, "172.31.1.2", "172.31.1.1"), (other, "172.31.1.1", "172.31.1.2"):
        add_tunnel(switch, "t0", kind, 2, remote_ip=remote, local_ip=local, key="flow", csum=csum)
        switch.add_flows("br0", "in_port=1,actions=set_field:77->tun_id,2\nin_port=2,tun_id=77,actions=1\n")
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    transfer(env, h2, h1, "10.1.1.2")


def test_between_vxlan(env):
    between_daemons(env, "vxlan")


def test_between_geneve(env):
    between_daemons(env, "geneve")


def test_between_gre(env):
    between_daemons(env, "gre")


def test_way_out_on_the_bridge(env):
    """The local address is on the bridge itself, and the underlay's device a port of another bridge."""
    daemon = env.daemon()
    h1 = env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24"])
    peer = env.veth("sw", "u0", "peer", addresses=["172.31.1.2/24"])
    for bridge, port in ("br-phy", "u0"), ("br0", "p1"):
        daemon.vsctl("add-br", bridge, "--", "set", "bridge", bridge, f"datapath_type={env.datapath}",
                     "--", "add-port", bridge, port)
    daemon.netns.ip("addr", "add", "172.31.1.1/24", "dev", "br-phy")
    daemon.netns.ip("link", "set", "br-phy", "up")
    h1.ip("link", "set", "eth0", "mtu", "1400")
    peer_device(peer, "vxlan", "172.31.1.1", "172.31.1.2", 42, ["10.1.1.2/24"])
    add_tunnel(daemon, "t0", "vxlan", 2, remote_ip="172.31.1.2", key=42)
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    transfer(env, peer, h1, "10.1.1.2")


def test_restart(env):
    """Numbers stay over a restart, and the datapath port is taken over or made again; packets go on."""
    daemon, h1, peer = both_ways(env, "vxlan")
    before = daemon.ofctl("dump-ports-desc", "br0")
    daemon.kill()
    daemon.start()
    daemon.add_flows("br0", "in_port=1,actions=2\nin_port=2,tun_id=42,actions=1\n")
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    numbers = [line for line in before.splitlines() if "(t0)" in line]
    assert numbers and numbers[0].split("(")[0] in daemon.ofctl("dump-ports-desc", "br0"), before
    assert daemon.appctl("dpctl/show").count("vxlan_sys_4789") == 1
    daemon.vsctl("del-port", "t0")
    assert "vxlan_sys" not in daemon.appctl("dpctl/show")
    assert "vxlan_sys" not in daemon.netns.ip("link")


def test_port_in_use(env):
    """A device of the kernel has the UDP port: said at the interface, and tried again until it is free."""
    daemon, h1, peer = underlay(env)
    daemon.netns.ip("link", "add", "other", "type", "vxlan", "id", "1", "dstport", "4789")
    daemon.netns.ip("link", "set", "other", "up")
    daemon.vsctl("add-port", "br0", "t0", "--", "set", "interface", "t0", "type=vxlan", "ofport_request=2",
                 "options:remote_ip=172.31.1.2", "options:key=42")
    error = daemon.vsctl("get", "interface", "t0", "error")
    assert "UDP port 4789 is in use" in error, error
    daemon.netns.ip("link", "del", "other")
    wait_for("the port", lambda: daemon.vsctl("get", "interface", "t0", "error").strip() == "[]")
    peer_device(peer, "vxlan", "172.31.1.1", "172.31.1.2", 42, ["10.1.1.2/24"])
    daemon.add_flows("br0", "in_port=1,actions=2\nin_port=2,tun_id=42,actions=1\n")
    wait_for("the tunnel", lambda: h1.ping("10.1.1.2") == 1)
