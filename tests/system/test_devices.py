"""test_devices - devices that vanish and return under a running daemon: what controllers, the configuration and rules
see of it."""
from openflow import connect, set_config
from sluice import Failure, Skip, wait_for

FLOWS = "arp,actions=NORMAL\nin_port=1,ip,actions=2\nin_port=2,ip,actions=1\n"


def column(daemon, name, what):
    return daemon.vsctl("get", "interface", name, what).strip().strip('"')


def status(peer, wanted):
    """The next PORT_STATUS but for changes of links."""
    while True:
        text = str(peer.recv())
        if text.startswith("PORT_STATUS modify"):
            continue
        if not text.startswith(f"PORT_STATUS {wanted} "):
            raise Failure(f"{text}, not {wanted}")
        return


def ports(daemon):
    return [line.split(":")[0].strip() for line in daemon.ofctl("--names", "dump-ports-desc", "br0").splitlines() if "addr:" in line]


def check_gone(daemon, peer, name, number):
    status(peer, f"delete {number} {name}")
    wait_for(f"ofport of {name} to be -1", lambda: column(daemon, name, "ofport") == "-1")
    assert column(daemon, name, "error") == f"could not open network device {name} (No such device)"
    assert column(daemon, name, "link_state") == "[]"
    assert not [port for port in ports(daemon) if name in port], ports(daemon)
    done = daemon.ofctl("mod-port", "br0", str(number), "up", check=False)
    assert done.returncode == 1, done
    assert f"output:{name}" in (flows := daemon.ofctl("--names", "dump-flows", "br0")) or f"output:{number}" in flows, flows


def check_back(daemon, peer, name, number):
    status(peer, f"add {number} {name}")
    wait_for(f"ofport of {name} to be {number}", lambda: column(daemon, name, "ofport") == str(number))
    assert column(daemon, name, "error") == "[]"


def test_vanish_and_return(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    sw = daemon.netns
    # Their numbers are their own, nobody asked for them.
    daemon.vsctl("clear", "interface", "p1", "ofport_request", "--", "clear", "interface", "p2", "ofport_request")
    daemon.add_flows("br0", FLOWS)
    flows = daemon.ofctl("--no-stats", "dump-flows", "br0")
    assert h1.ping("10.1.1.2") == 1
    peer = connect(str(daemon.rundir / "br0.mgmt"))
    peer.ask(set_config(128))

    h1.ip("link", "del", "eth0")
    check_gone(daemon, peer, "p1", 1)
    # Nobody else gets the number, over a restart too.
    sw.ip("link", "add", "p3", "type", "veth", "peer", "name", "q3")
    daemon.vsctl("add-port", "br0", "p3")
    status(peer, "add 3 p3")
    assert daemon.ofctl("--no-stats", "dump-flows", "br0") == flows
    env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24"])
    check_back(daemon, peer, "p1", 1)
    wait_for("traffic to pass again", lambda: h1.ping("10.1.1.2") == 1)

    # A renamed device is another one.
    sw.ip("link", "set", "p2", "down")
    sw.ip("link", "set", "p2", "name", "other")
    check_gone(daemon, peer, "p2", 2)
    assert "clsact" not in sw.run("tc", "qdisc", "show", "dev", "other")
    sw.ip("link", "set", "other", "name", "p2")
    sw.ip("link", "set", "p2", "up")
    check_back(daemon, peer, "p2", 2)
    wait_for("traffic to pass again", lambda: h1.ping("10.1.1.2") == 1)

    # One that is deleted while it is away is announced once only.
    sw.ip("link", "del", "p3")
    status(peer, "delete 3 p3")
    daemon.vsctl("del-port", "p3")
    h1.ip("link", "del", "eth0")
    check_gone(daemon, peer, "p1", 1)


def test_number_outlives_restart(env):
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.vsctl("clear", "interface", "p1", "ofport_request", "--", "clear", "interface", "p2", "ofport_request")
    h1.ip("link", "del", "eth0")
    wait_for("ofport to be -1", lambda: column(daemon, "p1", "ofport") == "-1")
    daemon.kill()
    daemon.start()
    assert column(daemon, "p1", "ofport") == "-1"
    daemon.netns.ip("link", "add", "p3", "type", "veth", "peer", "name", "q3")
    daemon.vsctl("add-port", "br0", "p3")
    assert column(daemon, "p3", "ofport") == "3"
    env.veth("sw", "p1", "h1")
    wait_for("ofport to be 1", lambda: column(daemon, "p1", "ofport") == "1")


# Congestion experienced outside, but a packet inside that cannot say so.
WRONG_FRAME = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 3)
vxlan = bytes.fromhex("0800000000000700")
ethernet = bytes.fromhex("ffffffffffff0200000000010800")
ip = bytes.fromhex("4500001400000000403b66970a0000010a000002")
for _ in range(3):
    s.sendto(vxlan + ethernet + ip, ("127.0.0.1", 4789))
"""


def test_errors_of_devices(env):
    """dump-ports has the errors that only the device knows."""
    daemon = env.daemon()
    sw = daemon.netns
    if sw.run("ip", "link", "add", "v1", "type", "vxlan", "id", "7", "remote", "127.0.0.1", "dstport", "4789", check=False).returncode:
        raise Skip("this kernel has no VXLAN devices")
    sw.ip("link", "set", "v1", "up")
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "--", "add-port", "br0", "v1")
    sw.run("/usr/bin/python3", "-c", WRONG_FRAME)
    text = daemon.ofctl("dump-ports", "br0", "v1")
    assert "frame=3, over=0, crc=0\n" in text and "coll=0\n" in text, text
    assert "?" not in (text := daemon.ofctl("dump-ports", "br0")), text
    wait_for("the column to have it", lambda: "rx_frame_err=3" in daemon.vsctl("get", "interface", "v1", "statistics"))
