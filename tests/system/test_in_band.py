"""test_in_band - a switch whose controller is reached through its own ports: it connects before there is any rule, and the
controller is found behind a router and by another switch too."""
import subprocess

from sluice import Failure, wait_for

# A controller that says HELLO and FEATURES_REQUEST, answers echoes, and adds no rule.
CONTROLLER = """
import socket, sys, threading
def serve(c):
    c.sendall(bytes.fromhex("0400000800000001" "0405000800000002"))
    while data := c.recv(4096):
        for ofs in range(0, len(data) - 7):
            if data[ofs:ofs + 4] == b"\\x04\\x02\\x00\\x08":
                c.sendall(b"\\x04\\x03" + data[ofs + 2:ofs + 8])
s = socket.create_server((sys.argv[1], 6653), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=s.accept()[:1], daemon=True).start()
"""


def controller(env, host, address="0.0.0.0"):
    process = env.background(host.popen("/usr/bin/python3", "-c", CONTROLLER, address, stdout=subprocess.PIPE, text=True))
    if process.stdout.readline().strip() != "ready":
        raise Failure("no controller")


def connected(daemon):
    return daemon.vsctl("--bare", "--columns=is_connected", "list", "controller").split()[:1] == ["true"]


def local(daemon, address):
    """The bridge's own host has the address on its LOCAL port."""
    daemon.netns.ips(f"addr add {address} dev br0{' nodad' if ':' in address else ''}", "link set br0 up")


def call(daemon, target):
    daemon.vsctl("set-controller", "br0", target, "--", "set", "controller", "br0", "max_backoff=1000")


def test_on_the_link(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    local(daemon, "10.1.1.254/24")
    local(daemon, "fc00::254/64")
    controller(env, h1)
    controller(env, h1, "fc00::1")
    daemon.vsctl("set", "bridge", "br0", "other_config:disable-in-band=true")
    call(daemon, "tcp:10.1.1.1:6653")
    assert h2.ping("10.1.1.1", 1, wait=1) == 0
    assert not connected(daemon)
    daemon.vsctl("remove", "bridge", "br0", "other_config", "disable-in-band")
    wait_for("the controller on the link", lambda: connected(daemon))
    assert "actions" not in daemon.ofctl("dump-flows", "br0")
    # The switch has no rules: the hosts' own packets are nobody's, and no ARP of theirs is answered.
    assert h2.ping("10.1.1.1", 1, wait=1) == 0
    call(daemon, "tcp:[fc00::1]:6653")
    wait_for("the controller by IPv6", lambda: connected(daemon))
    daemon.ofctl("add-flow", "br0", "priority=65535,actions=drop")  # It is in nobody's way.
    daemon.appctl("bridge/reconnect", "br0")
    wait_for("it to be gone", lambda: "BACKOFF" in daemon.vsctl("get", "controller", "br0", "status"), 5)
    wait_for("the controller to be found again", lambda: connected(daemon))


def test_behind_a_router(env):
    """h1 is a router, and the controller behind it; what the router asks for is answered too."""
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    local(daemon, "10.1.1.254/24")
    daemon.netns.ip("route", "add", "10.2.2.0/24", "via", "10.1.1.1")
    far = env.veth("h1", "far", "far", addresses=["10.2.2.9/24"])
    h1.ip("addr", "add", "10.2.2.1/24", "dev", "far")
    h1.sysctl("ipv4/ip_forward", 1)
    far.ip("route", "add", "default", "via", "10.2.2.1")
    controller(env, far)
    call(daemon, "tcp:10.2.2.9:6653")
    wait_for("the controller behind the router", lambda: connected(daemon))
    assert "in-band: router 10.1.1.1\n" in daemon.appctl("bridge/dump-flows", "br0")
    # The router has forgotten the switch, asks for it, and is answered.
    h1.ip("neigh", "flush", "all")
    assert "REACHABLE" not in h1.ip("neigh", "show", "10.1.1.254")
    daemon.appctl("bridge/reconnect", "br0")
    wait_for("the controller again", lambda: connected(daemon))


def test_behind_another_switch(env):
    """Two switches in a row, neither with a rule; the controller beside the first, which lets the second one's talk pass."""
    first, second = env.daemon(), env.daemon("sw2")
    h1, _ = env.two_hosts(first)
    local(first, "10.1.1.254/24")
    env.netns("sw").ips(f"link add p3 type veth peer name q1 netns {second.netns.name}", "link set p3 up")
    second.netns.ip("link", "set", "q1", "up")
    first.vsctl("add-port", "br0", "p3")
    second.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "fail_mode=secure", "--", "add-port", "br0", "q1")
    local(second, "10.1.1.253/24")
    controller(env, h1)
    for daemon in first, second:
        call(daemon, "tcp:10.1.1.1:6653")
        wait_for("the switch to connect", lambda: connected(daemon))
    assert connected(first)


def test_by_name(env):
    """A name is asked for, and each of its addresses tried; by a name nothing is in-band."""
    daemon = env.daemon()
    env.two_hosts(daemon)
    controller(env, daemon.netns, "127.0.0.1")  # Not at ::1, which localhost is too where there is IPv6.
    call(daemon, "tcp:localhost:6653")
    wait_for("the controller by its name", lambda: connected(daemon))
    assert "in-band" not in daemon.appctl("bridge/dump-flows", "br0")
    call(daemon, "tcp:no-such-host.invalid:6653")
    wait_for("the look-up to fail", lambda: "no-such-host.invalid:6653: connection failed" in daemon.log.read_text())
    assert not connected(daemon)
