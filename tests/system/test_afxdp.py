"""test_afxdp - ports of type afxdp: real TCP with default offloads, beside AF_PACKET ports too; what it cannot take is said;
no program is left on a device, however the daemon ends."""
import re
import time

from sluice import wait_for
from system.test_afpacket import ask, background, transfer, UDP_ECHO
from system.test_firewall import FIREWALL
from system.test_handover import judge, stream, upgrade
from system.test_survive import Connections

def programs(netns, port="p1"):
    return re.findall(r"xdp\w*", netns.run("ip", "-d", "link", "show", "dev", port).split("prog")[0].split("qdisc")[0])


def switch(env, types=("afxdp", "afxdp"), flows=FIREWALL, mode=None):
    daemon = env.daemon()
    hosts = [env.veth("sw", f"p{n}", f"h{n}", addresses=[f"10.1.1.{n}/24", f"fc00::{n}/64"]) for n in (1, 2)]
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "fail_mode=secure")
    for n, kind in enumerate(types, 1):
        options = [f"options:xdp-mode={mode}"] if mode and kind == "afxdp" else []
        daemon.vsctl("add-port", "br0", f"p{n}", "--", "set", "interface", f"p{n}", f"type={kind}", f"ofport_request={n}", *options)
        assert daemon.vsctl("get", "interface", f"p{n}", "error").strip() == "[]"
    daemon.add_flows("br0", flows)
    return daemon, *hosts


def both_ways(env, h1, h2, megabytes=20):
    transfer(env, h1, h2, "10.1.1.2", megabytes)
    transfer(env, h1, h2, "fc00::2", megabytes + 1)


def test_stateful_tcp(env):
    """Default offloads: what a sender leaves to a device is completed, and the tracker takes it."""
    daemon, h1, h2 = switch(env)
    assert programs(daemon.netns) == ["xdp"], "natively"
    both_ways(env, h1, h2)
    background(env, h2, UDP_ECHO, "10.1.1.2", 7)
    assert ask(h1, "10.1.1.2", 1000) == "same"
    sent, got = (int(x) for x in re.search(r"port +p?1: rx pkts=(\d+), bytes=(\d+)", daemon.ofctl("dump-ports", "br0", "1")).groups())
    assert sent > 20000 and got > 40 << 20, (sent, got)


def test_beside_afpacket(env):
    """Super-frames from an AF_PACKET port leave in segments."""
    _, h1, h2 = switch(env, ("system", "afxdp"))
    both_ways(env, h1, h2)


def test_generic(env):
    """Through the host's generic hook, which does not keep a peer from sending super-frames: that is the peer's to set."""
    daemon, h1, h2 = switch(env, mode="generic")
    assert programs(daemon.netns) == ["xdpgeneric"]
    for h in h1, h2:
        h.run("ethtool", "-K", "eth0", "tso", "off", "gso", "off")
    both_ways(env, h1, h2, 5)


def test_no_queues(env):
    """What goes past a device's queues cannot have a QoS: the port says so, no class stays, and packets pass."""
    daemon, h1, _ = switch(env, ("system", "afxdp"), flows="actions=NORMAL")
    for n in 1, 2:
        daemon.vsctl("--", "set", "port", f"p{n}", "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb",
                     "other-config:max-rate=100000000", "queues:1=@a", "--", "--id=@a", "create", "queue", "other-config:max-rate=1000000")
    wait_for("the error", lambda: "queues of its QoS cannot be made" in daemon.vsctl("get", "interface", "p2", "error"))
    assert daemon.vsctl("get", "interface", "p1", "error").strip() == "[]"
    assert "htb" not in daemon.netns.run("tc", "qdisc", "show", "dev", "p2")
    assert h1.ping("10.1.1.2") == 1
    daemon.vsctl("clear", "port", "p2", "qos")
    wait_for("no error", lambda: daemon.vsctl("get", "interface", "p2", "error").strip() == "[]")


def test_no_program_left(env):
    daemon, h1, _ = switch(env, flows="actions=NORMAL")
    assert h1.ping("10.1.1.2") == 1
    daemon.vsctl("del-port", "br0", "p2")
    assert not programs(daemon.netns, "p2") and programs(daemon.netns)
    daemon.kill()
    wait_for("the kernel to take the program off", lambda: not programs(daemon.netns))
    daemon.start()
    assert programs(daemon.netns)
    daemon.stop()
    assert not programs(daemon.netns)


def test_refused(env):
    """What a port cannot be is said on it, and its frames stay the host's."""
    daemon = env.daemon()
    env.veth("sw", "p1", "h1")
    daemon.vsctl("add-br", "br0")

    def error(*settings):
        daemon.vsctl("add-port", "br0", "p1", "--", "set", "interface", "p1", "type=afxdp", *settings, check=False)
        text = daemon.vsctl("get", "interface", "p1", "error").strip()
        daemon.vsctl("del-port", "br0", "p1")
        return text

    assert "is best-effort" in error("options:xdp-mode=fast")
    daemon.netns.ip("link", "set", "p1", "mtu", "9000")
    assert "MTU is 9000, and AF_XDP takes at most 3818" in error()
    daemon.netns.ip("link", "set", "p1", "mtu", "3818")
    assert error() == "[]"
    daemon.netns.ip("link", "set", "p1", "mtu", "1500")
    assert "zerocopy" not in error("options:xdp-mode=native-with-zerocopy") and not programs(daemon.netns)


def test_device_comes_back(env):
    daemon, h1, h2 = switch(env, flows="actions=NORMAL")
    assert h1.ping("10.1.1.2") == 1
    daemon.netns.ip("link", "set", "p2", "down")
    wait_for("the port to be down", lambda: "LINK_DOWN" in daemon.ofctl("show", "br0"))
    daemon.netns.ip("link", "set", "p2", "up")
    wait_for("frames again", lambda: h1.ping("10.1.1.2", wait=1) == 1)
    daemon.netns.ip("link", "del", "p2")
    time.sleep(0.2)
    env.veth("sw", "p2", "h2", addresses=["10.1.1.2/24"])
    h1.ip("neigh", "flush", "all")
    wait_for("frames of the new device", lambda: h1.ping("10.1.1.2", wait=1) == 1)


def test_upgrade(env):
    """A new daemon goes on with the same sockets, rings and frames: nothing is lost or sent twice."""
    daemon, h1, h2 = switch(env)
    wait_for("ARP", lambda: h1.ping("10.1.1.2") >= 0)
    conns = Connections(env, h1, h2, 50)
    conns.say("one")
    assert conns.answered()[0] == 50
    for turn in range(2):
        end = stream(env, h1, h2)
        time.sleep(0.3)
        upgrade(daemon)
        judge(end())
        conns.say(f"turn{turn}")
        assert conns.answered()[0] == 50
    assert programs(daemon.netns)
    conns.close()
