"""test_nf_conntrack - the userspace tracker (tests/unit/ct-replay) beside the kernel's nf_conntrack: the same frames through
a router that writes what it thinks of each into its DSCP."""
import ctypes
import os
import random
import re
import socket
import struct
import subprocess

import frames
from sluice import Skip

RULES = """
table ip t {
    chain c {
        type filter hook forward priority 0;
        ct state invalid drop;
        ct state new ip dscp set 1;
        ct state established ct direction original ip dscp set 2;
        ct state established ct direction reply ip dscp set 3;
    }
}
"""
SAID = {1: "new", 2: "est", 3: "est|rpl"}
HOSTS = "10.0.1.1", "10.0.2.1"
END_PORT = 9


def setns(fd):
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")


class Router:
    """A kernel between hosts a and b, and the tracker beside it."""

    def __init__(self, env):
        self.ns = env.netns("r")
        self.sockets, self.n = [], 0
        for i, name in enumerate("ab"):
            env.veth("r", f"v{i}", name)
            self.ns.ip("addr", "add", f"10.0.{i + 1}.254/24", "dev", f"v{i}")
            self.ns.ip("neigh", "add", HOSTS[i], "lladdr", f"02:00:00:00:00:0{i + 1}", "dev", f"v{i}")
        self.ns.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        if self.ns.run("nft", "-f", "-", input=RULES, check=False).returncode:
            raise Skip("this kernel's nftables cannot track connections")
        links = self.ns.run("ip", "-o", "link")
        self.macs = [re.search(rf"v{i}@.*?link/ether (\S+)", links)[1] for i in (0, 1)]
        for name in "ab":
            self.sockets.append(self.open(env.netns(name).name))
        program = env.build / "tests/unit/ct-replay"
        self.replay = env.background(subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    @staticmethod
    def open(name):
        """An AF_PACKET socket of that namespace."""
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        other = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            setns(other)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            s.bind(("eth0", 0x0800))
            s.settimeout(20)
            return s
        finally:
            setns(own)
            os.close(own)
            os.close(other)

    def frame(self, d, proto, l4):
        h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, 64, proto, 0)
        h += socket.inet_aton(HOSTS[d]) + socket.inet_aton(HOSTS[1 - d])
        return frames.mac(self.macs[d]) + frames.mac(f"02:00:00:00:00:0{d + 1}") + b"\x08\0" + frames.with_csum(h, 10, b"", b"") + l4

    def show(self, d, proto, l4):
        """What both say of the frame: (kernel, ours)."""
        f = self.frame(d, proto, l4)
        self.replay.stdin.write(f"1000 {f.hex()}\n")
        self.replay.stdin.flush()
        self.sockets[d].send(f)
        self.n += 1
        end = struct.pack("!HHHH", 10000 + self.n, END_PORT, 8, 0)  # Passes always: what has not come before it was dropped.
        self.sockets[d].send(self.frame(d, 17, end))
        ours = self.replay.stdout.readline().split()[0]
        said = "inv"
        while True:
            got = self.sockets[1 - d].recv(2000)
            if got[6:12] != frames.mac(self.macs[1 - d]):
                continue
            if got[34:42] == end:
                return said, ours
            if got[23] == proto:
                said = SAID.get(got[15] >> 2, "?")

    def compare(self, name, packets):
        for i, (d, proto, l4) in enumerate(packets):
            kernel, ours = self.show(d, proto, l4)
            assert kernel == ours, f"{name}, packet {i}: the kernel says {kernel}, we say {ours}"


def sctp(d, port, tag, kind, body=b"", flags=0):
    ports = (port, 80) if d == 0 else (80, port)
    c = struct.pack("!BBH", kind, flags, 4 + len(body)) + body + b"\0" * (-len(body) % 4)
    h = struct.pack("!HHII", *ports, tag, 0)
    return d, 132, h[:8] + frames.crc32c(h + c) + c


def init(tag):
    return struct.pack("!IIHHI", tag, 1000, 1, 1, 1)


def association(port, rng):
    """An association's life as two stacks play it, and its end in one of several ways."""
    a, b = rng.randrange(1, 1 << 32), rng.randrange(1, 1 << 32)  # The tags that B's and A's packets carry.
    tags = b, a
    yield sctp(0, port, 0, 1, init(a))
    if rng.random() < 0.3:
        yield sctp(0, port, 0, 1, init(a))
    if rng.random() < 0.2:
        yield sctp(1, port, a, 6)
        return
    yield sctp(1, port, a, 2, init(b))
    yield sctp(0, port, b, 10, b"cookie")
    yield sctp(1, port, a, 11)
    for _ in range(rng.randrange(6)):
        d = rng.randrange(2)
        kind = rng.choice([0, 3, 4, 5])
        tag = tags[d] if rng.random() < 0.8 or kind > 3 else tags[d] ^ 1  # Now and then a wrong one.
        yield sctp(d, port, tag, kind, b"x" * 12)
    first = rng.randrange(2)
    end = rng.randrange(3)
    if end == 0:
        yield sctp(first, port, tags[first], 6)
    elif end == 1:
        yield sctp(first, port, tags[1 - first], 6, flags=1)
    else:
        yield sctp(first, port, tags[first], 7, b"\0\0\0\1")
        yield sctp(1 - first, port, tags[1 - first], 8)
        yield sctp(first, port, tags[first], 14)


def test_sctp(env):
    router = Router(env)
    rng = random.Random(11)
    for port in range(2000, 2060):
        router.compare(f"association {port}", association(port, rng))


def test_icmp_types(env):
    """Which types begin something, and which answer it."""
    router = Router(env)
    for d, kind in [(d, kind) for d in (0, 1, 0, 1) for kind in range(42)]:  # In later rounds replies have requests.
        l4 = frames.with_csum(struct.pack("!BBHHH", kind, 0, 0, 77, 1), 2, b"abcdefgh", b"")
        router.compare(f"ICMP type {kind}", [(d, 1, l4)])


def test_ports_and_none(env):
    """UDP with ports, GRE without keys, a protocol that nobody knows."""
    router = Router(env)

    def udp(d):
        ports = (1000, 2000) if d == 0 else (2000, 1000)
        return d, 17, struct.pack("!HHHH", *ports, 9, 0) + b"x"

    for name, one in ("UDP", udp), ("GRE", lambda d: (d, 47, b"\0\0\x08\0abcd")), ("99", lambda d: (d, 99, b"abcdefgh")):
        router.compare(name, [one(d) for d in (0, 0, 1, 0, 1, 1)])
