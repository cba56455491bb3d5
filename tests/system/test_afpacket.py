"""test_afpacket - the ports of the userspace datapath alone (tests/bench/dp-forward, no switch): AF_PACKET and TAP,
offloads, VLAN tags, the ingress drop, devices that go and come."""
import re
import signal
import subprocess
import threading

from sluice import Failure, Skip, wait_for

SEND = """
import hashlib, os, socket, sys
data = os.urandom(1 << 20)
n = int(sys.argv[3])
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
h = hashlib.sha256()
for _ in range(n):
    s.sendall(data)
    h.update(data)
s.shutdown(socket.SHUT_WR)
assert s.recv(100).decode() == h.hexdigest()
print(h.hexdigest())
"""
RECEIVE = """
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
c, _ = s.accept()
h = hashlib.sha256()
while data := c.recv(1 << 20):
    h.update(data)
c.sendall(h.hexdigest().encode())
"""
UDP_ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(70000)
    s.sendto(data, peer)
"""
UDP_ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(float(sys.argv[4]))
s.connect((sys.argv[1], int(sys.argv[2])))
data = b"x" * int(sys.argv[3])
try:
    s.send(data)
    print("same" if s.recv(70000) == data else "different")
except OSError as e:
    print(type(e).__name__)
"""
PYTHON = "/usr/bin/python3"


class Forward:
    """dp-forward in a namespace."""

    def __init__(self, env, netns, *ports):
        program = env.build / "tests/bench/dp-forward"
        if not program.exists():
            subprocess.run(["make", "-s", "tests/bench/dp-forward"], cwd=env.build, check=True)
        self.lines = []
        self.process = env.background(netns.popen(program, *ports, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        threading.Thread(target=self.read, daemon=True).start()
        wait_for("dp-forward to be ready", lambda: "ready" in self.lines or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise Failure("\n".join(self.lines))

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def wait(self, pattern):
        wait_for(f"dp-forward to say {pattern}", lambda: [x for x in self.lines if re.search(pattern, x)])

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(20):
            raise Failure("\n".join(self.lines))
        return "\n".join(self.lines)


def background(env, netns, code, *argv):
    process = env.background(netns.popen(PYTHON, "-c", code, *argv, stdout=subprocess.PIPE, text=True))
    process.stdout.readline()
    return process


def transfer(env, source, sink, address, megabytes=100):
    background(env, sink, RECEIVE, address, 5000 + megabytes)
    source.run(PYTHON, "-c", SEND, address, 5000 + megabytes, megabytes)


def ask(netns, address, size=100, seconds=3):
    return netns.run(PYTHON, "-c", UDP_ASK, address, 7, size, seconds).strip()


def wire(env):
    h1 = env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24", "fc00::1/64"])
    h2 = env.veth("sw", "p2", "h2", addresses=["10.1.1.2/24", "fc00::2/64"])
    return env.netns("sw"), h1, h2


def test_tcp_with_offloads(env):
    sw, h1, h2 = wire(env)
    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2")
    transfer(env, h2, h1, "fc00::1", 99)
    said = forward.stop()
    packets, size = map(int, re.search(r"port 1: rx (\d+) packets (\d+) bytes", said).groups())
    assert size / packets > 3000, f"no super-frames: {said}"
    assert not re.search(r"drop_port_[rt]x_error", said), said


TAGGED = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 0))
if sys.argv[1] == "send":
    for tpid, tci in (0x8100, 0xa005), (0x88a8, 7):
        s.send(bytes.fromhex("020000000002020000000001") + struct.pack("!HHH", tpid, tci, 0x88b5) + b"payload" * 9)
else:
    s.setsockopt(263, 8, 1)  # PACKET_AUXDATA: tags are taken out of frames.
    print("ready", flush=True)
    seen = []
    while len(seen) < 2:
        frame, aux, _, _ = s.recvmsg(2000, 200)
        if frame[12:14] == b"\\x88\\xb5":
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", aux[0][2])
            seen.append((hex(tpid), hex(tci), frame[14:77] == b"payload" * 9))
    print(seen)
"""


def test_vlan_tags(env):
    """Tags, which the kernel keeps beside the frame, pass with all their bits."""
    sw, h1, h2 = wire(env)
    forward = Forward(env, sw, "p1", "p2")
    receiver = background(env, h2, TAGGED, "receive")
    h1.run(PYTHON, "-c", TAGGED, "send")
    wait_for("the frames to arrive", lambda: receiver.poll() is not None)
    seen = receiver.stdout.read().strip()
    assert seen == "[('0x8100', '0xa005', True), ('0x88a8', '0x7', True)]", seen
    forward.stop()


def test_vlan_devices(env):
    """Super-frames with a tag."""
    sw, h1, h2 = wire(env)
    for n, h in (1, h1), (2, h2):
        if h.run("ip", "link", "add", "link", "eth0", "name", "v5", "type", "vlan", "id", "5", check=False).returncode:
            raise Skip("this kernel has no VLAN devices")
        h.ip("addr", "add", f"10.5.5.{n}/24", "dev", "v5")
        h.ip("link", "set", "v5", "up")
    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.5.5.2", 20)
    forward.stop()


def test_without_offloads(env):
    """Complete checksums, and fragments of large datagrams."""
    sw, h1, h2 = wire(env)
    for h in h1, h2:
        h.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2", 10)
    background(env, h2, UDP_ECHO, "10.1.1.2", 7)
    for size in 1, 1400, 9000, 60000:
        assert ask(h1, "10.1.1.2", size) == "same", size
    forward.stop()


def test_too_long(env):
    """A frame that the way out's MTU does not allow is an error that is counted."""
    sw, h1, h2 = wire(env)
    sw.ip("link", "set", "p2", "mtu", "1000")
    forward = Forward(env, sw, "p1", "p2")
    background(env, h2, UDP_ECHO, "10.1.1.2", 7)
    assert ask(h1, "10.1.1.2", 900) == "same"
    assert ask(h1, "10.1.1.2", 1200, 0.5) != "same"
    sw.ip("link", "set", "p2", "mtu", "1500")
    forward.wait("port 2 p2: .* mtu=1500")
    assert ask(h1, "10.1.1.2", 1200) == "same"
    said = forward.stop()
    assert re.search("port 2: .* tx .* 1 errors", said), said


def ingress_filters(netns):
    return netns.run("tc", "filter", "show", "dev", "p1", "ingress").strip()


def test_ingress_drop(env):
    """The host's stack does not take what a port takes; a killed process's drop is replaced, and goes in the end."""
    sw, h1, h2 = wire(env)
    sw.ip("addr", "add", "10.1.1.9/24", "dev", "p1")
    background(env, sw, UDP_ECHO, "10.1.1.9", 7)
    assert ask(h1, "10.1.1.9") == "same", "the address answers while there is no port"
    assert not ingress_filters(sw)
    h1.ip("neigh", "flush", "all")

    forward = Forward(env, sw, "p1", "p2")
    assert ingress_filters(sw)
    assert ask(h1, "10.1.1.9", seconds=1) != "same", "the stack takes what the port takes"
    forward.process.kill()
    forward.process.wait()
    assert ingress_filters(sw), "nobody was there to remove it"

    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2", 3)
    forward.stop()
    assert not ingress_filters(sw), ingress_filters(sw)
    # What h1 asked in vain for its address a while ago: that would fail what comes between the last time and giving up.
    h1.ip("neigh", "flush", "all")
    assert (said := ask(h1, "10.1.1.9")) == "same", said


def test_device_comes_and_goes(env):
    sw, h1, h2 = wire(env)
    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2", 3)
    h1.ip("link", "set", "eth0", "down")
    forward.wait("port 1 p1: admin_up=1 link_up=0 gone=0")
    h1.ip("link", "set", "eth0", "up")
    forward.wait("port 1 p1: admin_up=1 link_up=1 gone=0")
    sw.ip("link", "set", "p1", "down")
    forward.wait("port 1 p1: admin_up=0 link_up=0 gone=0")
    before = cpu_ticks(forward.process.pid)
    threading.Event().wait(0.5)
    assert cpu_ticks(forward.process.pid) - before < 10, "it spins on a device that is down"
    sw.ip("link", "set", "p1", "up")
    transfer(env, h1, h2, "10.1.1.2", 4)

    h1.ip("link", "del", "eth0")
    forward.wait("port 1 p1: admin_up=0 link_up=0 gone=1")
    env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24"])
    forward.wait("port 1 p1: .* gone=0")
    transfer(env, h1, h2, "10.1.1.2", 5)
    sw.ip("link", "set", "p2", "down")
    sw.ip("link", "set", "p2", "name", "other")
    forward.wait("port 2 p2: admin_up=0 link_up=0 gone=1")
    assert "clsact" not in sw.run("tc", "qdisc", "show", "dev", "other")
    sw.ip("link", "set", "other", "name", "p2")
    sw.ip("link", "set", "p2", "up")
    forward.wait("port 2 p2: admin_up=1 link_up=1 gone=0")
    transfer(env, h1, h2, "10.1.1.2", 6)
    forward.stop()


def cpu_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_idle_takes_no_cpu(env):
    sw, h1, h2 = wire(env)
    forward = Forward(env, sw, "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2", 3)
    threading.Event().wait(1)
    before = cpu_ticks(forward.process.pid)
    threading.Event().wait(2)
    assert cpu_ticks(forward.process.pid) - before <= 4
    forward.stop()


def test_tap(env):
    """LOCAL: the host's own stack behind a TAP, with offloads, and its device is kept until the port is destroyed."""
    h1 = env.veth("sw", "p1", "h1", addresses=["10.1.1.1/24"])
    sw = env.netns("sw")
    forward = Forward(env, sw, "p1", "internal:br0")
    sw.ip("addr", "add", "10.1.1.2/24", "dev", "br0")
    sw.ip("link", "set", "br0", "up")
    transfer(env, h1, sw, "10.1.1.2", 50)
    transfer(env, sw, h1, "10.1.1.1", 51)
    forward.process.kill()
    forward.process.wait()
    assert "10.1.1.2" in sw.ip("addr", "show", "br0")

    forward = Forward(env, sw, "p1", "internal:br0")
    transfer(env, h1, sw, "10.1.1.2", 5)
    sw.ip("link", "set", "br0", "down")
    forward.wait("port 2 br0: admin_up=0")
    sw.ip("link", "set", "br0", "up")
    forward.stop()
    assert "br0" not in sw.ip("link")


def test_tracked(env):
    """Super-frames through the tracker and a second pass."""
    sw, h1, h2 = wire(env)
    forward = Forward(env, sw, "-c", "p1", "p2")
    transfer(env, h1, h2, "10.1.1.2", 60)
    transfer(env, h2, h1, "fc00::1", 61)
    said = forward.stop()
    assert re.search(r"port 2: rx \d+ packets", said)


def test_no_such_device(env):
    sw = env.netns("sw")
    try:
        Forward(env, sw, "p9", "p10")
    except Failure as failure:
        assert "could not open network device p9 (No such device)" in str(failure)
    else:
        raise Failure("it opened")
