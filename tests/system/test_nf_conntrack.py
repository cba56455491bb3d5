"""test_nf_conntrack - the userspace tracker (tests/unit/ct-replay) beside the kernel's nf_conntrack: the same frames through
a router that writes what it thinks of each into its DSCP."""
import random
import re
import shutil
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


class Router:
    """A kernel between hosts a and b, and the tracker beside it."""

    def __init__(self, env):
        self.ns = env.netns("r")
        self.sockets, self.n = [], 0
        for i, name in enumerate("ab"):
            env.veth("r", f"v{i}", name)
            self.ns.ips(f"addr add 10.0.{i + 1}.254/24 dev v{i}", f"neigh add {HOSTS[i]} lladdr 02:00:00:00:00:0{i + 1} dev v{i}")
        self.ns.sysctl("ipv4/ip_forward", 1)
        if self.ns.run("nft", "-f", "-", input=RULES, check=False).returncode:
            raise Skip("this kernel's nftables cannot track connections")
        links = self.ns.run("ip", "-o", "link")
        self.macs = [re.search(rf"v{i}@.*?link/ether (\S+)", links)[1] for i in (0, 1)]
        for name in "ab":
            self.sockets.append(self.open(env.netns(name)))
        program = env.build / "tests/unit/ct-replay"
        self.replay = env.background(subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    @staticmethod
    def open(netns):
        """An AF_PACKET socket of that namespace."""
        with netns.inside():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            s.bind(("eth0", 0x0800))
        s.settimeout(20)
        return s

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
        ours, *_, self.timeout = self.replay.stdout.readline().split()
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


# ---- timeouts ----

# The kernel's, and ours for the same.  TCP's have other names, and where a kernel's has several of ours it differs on purpose
# (ARCHITECTURE.md, "Connections").
TIMEOUTS = {
    "tcp": {"syn_sent": "tcp_syn_sent", "syn_recv": "tcp_syn_recv", "established": "tcp_established", "fin_wait": "tcp_fin_wait",
            "close_wait": "tcp_fin_wait", "last_ack": "tcp_time_wait", "time_wait": "tcp_close", "close": "tcp_close"},
    "udp": {"": "udp_first udp_single udp_multiple", "stream": "udp_multiple"},
    "icmp": {"": "icmp_first icmp_reply"},
    "gre": {"": "gre_unreplied gre_replied", "stream": "gre_replied"},
    "sctp": {"closed": "sctp_closed sctp_cookie_wait"} | {name: f"sctp_{name}" for name in (
        "cookie_wait", "cookie_echoed", "established", "shutdown_sent", "shutdown_recd", "shutdown_ack_sent", "heartbeat_sent")},
    "generic": {"": "udp_first udp_single udp_multiple"},
}
APART = 10000  # Seconds between the kernel's, so that what is left tells which it is.


class Timeouts(Router):
    """A router whose timeouts are told by what is left of them."""

    def __init__(self, env):
        super().__init__(env)
        if not shutil.which("conntrack"):
            raise Skip("there is no conntrack(8)")
        self.names = []
        for proto, names in TIMEOUTS.items():
            for name in names:
                self.names.append((proto, name))
                key = "_".join(filter(None, ("nf_conntrack", proto, "timeout", name)))
                self.ns.sysctl(f"netfilter/{key}", APART * len(self.names))
        for name in ("max_retrans", "unacknowledged"):  # Ours are no shorter for what is not acknowledged.
            self.ns.sysctl(f"netfilter/nf_conntrack_tcp_timeout_{name}", APART * 100)

    def kernel(self, proto, port):
        """The names that our timeout may have, by what the kernel's table says."""
        for line in self.ns.run("conntrack", "-L").splitlines():
            fields = line.split()
            if fields[1] == str(proto) and (not port or f"sport={port}" in fields or f"dport={port}" in fields):
                name = self.names[(int(fields[2]) - 1) // APART]
                return TIMEOUTS[name[0]][name[1]].split()
        return ["-"]

    def compare(self, name, packets):
        for i, (d, proto, l4) in enumerate(packets):
            kernel, ours = self.show(d, proto, l4)
            assert kernel == ours, f"{name}, packet {i}: the kernel says {kernel}, we say {ours}"
            port = struct.unpack_from("!H", l4, 2 * d)[0] if proto in (6, 17, 132, 136) else 0
            kernel = self.kernel(proto, port)
            assert self.timeout in kernel, f"{name}, packet {i} ({d} {l4.hex()}): the kernel's timeout is {kernel}, ours {self.timeout}"


class Ends:
    """Two stacks of TCP, as far as their headers go."""

    def __init__(self, port, rng):
        self.port, self.next = port, [rng.randrange(1 << 32), rng.randrange(1 << 32)]

    def say(self, d, flags, n=0):
        ports = (self.port, 80) if d == 0 else (80, self.port)
        ack = self.next[1 - d] if flags & ACK else 0
        l4 = struct.pack("!HHIIBBHHH", *ports, self.next[d], ack, 5 << 4, flags, 8000, 0, 0) + bytes(n)
        self.next[d] = (self.next[d] + n + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff
        pseudo = socket.inet_aton(HOSTS[d]) + socket.inet_aton(HOSTS[1 - d]) + struct.pack("!HH", 6, len(l4))
        return d, 6, frames.with_csum(l4, 16, b"", pseudo)


FIN, SYN, RST, ACK = 1, 2, 4, 16


def tcp_life(port, rng):
    """A connection's life as two stacks play it, and its end in one of several ways."""
    e = Ends(port, rng)
    syn = e.say(0, SYN)
    yield syn
    if rng.random() < 0.3:
        yield syn
    yield e.say(1, SYN | ACK)
    yield e.say(0, ACK)
    for _ in range(rng.randrange(5)):
        d = rng.randrange(2)
        yield e.say(d, ACK, rng.randrange(20))
        yield e.say(1 - d, ACK)
    d, end = rng.randrange(2), rng.randrange(5)
    if end == 0:
        yield e.say(d, RST | ACK)
        return
    fin = e.say(d, FIN | ACK)
    yield fin
    if end == 1:  # Both at once: the other's has not seen this one.
        e.next[d] -= 1
        other = e.say(1 - d, FIN | ACK)
        e.next[d] += 1
        yield other
        yield e.say(d, ACK)
        yield e.say(1 - d, ACK)
        return
    yield e.say(1 - d, ACK)
    for _ in range(rng.randrange(3)):  # Half closed.
        yield e.say(1 - d, ACK, 10)
        yield e.say(d, ACK)
    last = e.say(1 - d, FIN | ACK)
    yield last
    if end == 3:
        yield last
    yield e.say(d, ACK)
    if end == 4:  # And a new one in its place.
        e.next = [(n + 100000) & 0xffffffff for n in e.next]
        yield e.say(0, SYN)
        yield e.say(1, SYN | ACK)
        yield e.say(0, ACK)


def test_tcp_timeouts(env):
    router, rng = Timeouts(env), random.Random(12)
    for port in range(2000, 2014):
        router.compare(f"connection {port}", tcp_life(port, rng))


def test_sctp_timeouts(env):
    router, rng = Timeouts(env), random.Random(13)
    for port in range(2000, 2012):
        router.compare(f"association {port}", association(port, rng))


def test_other_timeouts(env):
    router = Timeouts(env)
    # Of UDP-Lite it sums a pseudo-header that says UDP, and finds all packets invalid.
    router.ns.sysctl("netfilter/nf_conntrack_checksum", 0)
    for name, proto in ("UDP", 17), ("UDP-Lite", 136):
        for port in range(2000, 2003):
            def packet(d, port=port, proto=proto):
                ports = (port, 80) if d == 0 else (80, port)
                l4 = struct.pack("!HHHH", *ports, 9 if proto == 17 else 0, 0) + b"x"
                pseudo = socket.inet_aton(HOSTS[d]) + socket.inet_aton(HOSTS[1 - d]) + struct.pack("!HH", proto, len(l4))
                return d, proto, frames.with_csum(l4, 6, b"", pseudo)
            router.compare(name, [packet(d) for d in (0, 0, 1, 0, 1)])
    echo = [(d, 1, frames.with_csum(struct.pack("!BBHHH", 0 if d else 8, 0, 0, 77, 1), 2, b"abcdefgh", b"")) for d in (0, 0, 1, 0)]
    router.compare("ICMP", echo)
    router.compare("GRE", [(d, 47, b"\0\0\x08\0abcd") for d in (0, 0, 1, 0)])
    router.compare("99", [(d, 99, b"abcdefgh") for d in (0, 0, 1, 0)])
