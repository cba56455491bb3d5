"""traffic.py - what is sent through the model and the tracker: conversations whose ends mostly behave, at random."""
import ipaddress
import random

import sctp
from packets import ACK, ANSWERS, DCCP, FIN, GRE, ICMP, ICMP6, OTHER, PSH, RST, SCTP, SYN, TCP, UDP, UDPLITE, URG, WITH_PORTS, Packet, turned

KINDS = ("tcp", "tcp", "tcp", "udp", "udp", "icmp", "other", "gre", "sctp", "sctp", "udplite", "dccp", "ftp", "tftp", "chain", "frag")
PROTOS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "other": OTHER, "gre": GRE, "sctp": SCTP, "udplite": UDPLITE, "dccp": DCCP, "ftp": TCP,
          "tftp": UDP, "frag": UDP}
FTP_PORT, TFTP_PORT = 21, 69


class Sent:
    """One line to the tracker: a packet, or the fragment (offset, bytes, more) of one."""

    def __init__(self, host, p, zone, commit, nat, alg=0, fragment=None, marks=(0, 0, 0, 0)):
        self.host, self.p, self.zone, self.commit, self.nat, self.alg, self.fragment = host, p, zone, commit, nat, alg, fragment
        self.marks = marks

    def frame(self):
        if not self.fragment:
            return self.p.frame()
        offset, data, more = self.fragment
        return self.p.ethernet(self.p.ip(data, offset, more))


class Host:
    """A conversation as its two ends see it; mostly they behave."""
    alg = 0

    def __init__(self, rnd, kind, v6):
        self.rnd, self.kind = rnd, kind
        self.proto = rnd.choice((TCP, UDP, SCTP)) if kind == "chain" else PROTOS[kind]
        if self.proto == ICMP and v6:
            self.proto = ICMP6
        net = "fc00::" if v6 else "10.0.0."
        self.a, self.b = (ipaddress.ip_address(f"{net}{rnd.randint(1, 4) + 10 * side}") for side in (0, 1))
        self.sport, self.dport = rnd.choice((100, 600, 5000, 5001)), rnd.choice((80, 443))
        if self.proto in ANSWERS:
            self.sport = self.dport = rnd.randint(1, 3)
            self.type = rnd.choice(list(ANSWERS[self.proto]))
        if self.proto in (OTHER, GRE):
            self.sport = self.dport = 0
        self.seq, self.sent = [rnd.getrandbits(32), rnd.getrandbits(32)], []
        self.step, self.talk = 0, sctp.Talk(rnd)
        self.fragments = 0.5 if kind == "frag" else 0.03
        self.zones = rnd.sample((0, 1, 65535), 2 if kind == "chain" else 1)
        self.nats = [self.choose_nat("d", v6), self.choose_nat("s", v6)] if kind == "chain" else [
            self.choose_nat(rnd.choice("sd"), v6) if rnd.random() < 0.45 else None]

    def choose_nat(self, kind, v6):
        rnd = self.rnd
        base = ipaddress.ip_address(("fd00::100" if v6 else "192.0.2.100") if kind == "s" else "fc00::20" if v6 else "10.0.0.20")
        first, last = rnd.choice(((0, 0), (5000, 5003), (5000, 5000))) if self.proto in (*WITH_PORTS, *ANSWERS) else (0, 0)
        return kind, base, base + rnd.choice((0, 1)), first, last

    def make(self, back, flags=0, seq=0, ack=0, data=b""):
        p = Packet(self.proto, self.a, self.b, self.sport, self.dport, flags, seq, ack, data)
        if back:
            p = p.moved(turned(p.ends()))
        if self.proto in ANSWERS:
            p.type = ANSWERS[self.proto][self.type] if back else self.type
        return p

    def next(self):
        """Direction and packet."""
        rnd = self.rnd
        if self.proto == SCTP:
            back, tag, chunks = self.talk.next()
            p = self.make(back)
            p.tag, p.chunks = tag, chunks
            return back, p
        if self.proto != TCP:
            back = rnd.random() < 0.4
            return back, self.make(back, data=rnd.randbytes(rnd.randint(0, 20 if self.kind != "frag" else 100)))
        return self.next_tcp()

    def next_tcp(self):
        rnd = self.rnd
        if self.sent and rnd.random() < 0.12:
            return rnd.choice(self.sent[-6:])  # Again, or out of order.
        if rnd.random() < 0.1:  # Anything, by anybody.
            back = rnd.random() < 0.5
            seq, ack = self.seq[back], self.seq[1 - back]
            if rnd.random() < 0.5:
                seq += 0x50000000
            if rnd.random() < 0.3:
                ack += 0x50000000
            return back, self.make(back, rnd.choice((SYN, SYN | ACK, ACK, RST, RST | ACK, FIN | ACK, FIN, 0, SYN | FIN, PSH | ACK, ACK | URG, SYN | RST)),
                                   seq, ack, bytes(rnd.choice((0, 0, 10))))
        back = self.step % 2 == 1 if self.step < 3 else rnd.random() < 0.5
        if self.step == 0:
            flags = SYN
        elif self.step == 1:
            flags = SYN | ACK
        elif rnd.random() < 0.12:
            flags = FIN | ACK
        elif rnd.random() < 0.06:
            flags = RST | ACK
        else:
            flags = ACK
        data = rnd.randbytes(rnd.randint(0, 30)) if flags == ACK and self.step > 2 else b""
        p = self.say(back, flags, data)
        self.step += 1
        if flags & RST or (flags & FIN and rnd.random() < 0.3) or rnd.random() < 0.02:
            self.step = 0 if rnd.random() < 0.7 else self.step
            self.seq = [s + rnd.randint(0, 1000) for s in self.seq]
        self.sent.append((back, p))
        return back, p

    def say(self, back, flags, data=b""):
        p = self.make(back, flags, self.seq[back], self.seq[1 - back] if flags & ACK else 0, data)
        self.seq[back] = p.seq + p.n + bool(flags & SYN) + bool(flags & FIN)
        return p


def ftp_line(word, address, port):
    """RFC 959, RFC 2428: a line that names a place."""
    comma = ",".join(str(b) for b in (*address.packed, port >> 8, port & 255))
    return {b"229 ": f"229 Extended (|||{port}|)\r\n", b"EPRT": f"EPRT |{2 if address.version == 6 else 1}|{address}|{port}|\r\n",
            b"227 ": f"227 Passive ({comma}).\r\n", b"PORT": f"PORT {comma}\r\n"}[word].encode()


class Control(Host):
    """A client of FTP or TFTP and its server.  They send in order, a line a segment; what is expected is another's to send."""

    def __init__(self, rnd, kind, v6):
        super().__init__(rnd, kind, v6)
        self.alg = self.dport = FTP_PORT if kind == "ftp" else TFTP_PORT
        self.fragments = 0
        self.sport = rnd.randint(1024, 65000) if kind == "ftp" else self.sport  # What lies elsewhere in a stream has no place in it.
        self.last, self.heard = [None, None], [None, None]
        self.own = [self.a, self.b]  # As each knows itself.

    def heard_of(self, back, out):
        """A segment has come to the other end, perhaps from and to others than its sender knows."""
        self.own[1 - back] = out.dst
        if self.kind == "ftp":
            self.heard[1 - back] = out.seq + out.n + bool(out.flags & SYN) + bool(out.flags & FIN)

    def line(self, back):
        """A place, rarely another's, or none."""
        rnd = self.rnd
        if rnd.random() < 0.3:
            return b"NOOP\r\n" if not back else b"200 Fine\r\n"
        place = self.own[back] + (rnd.random() < 0.05)
        word = (b"229 " if back else b"EPRT") if self.a.version == 6 or rnd.random() < 0.5 else b"227 " if back else b"PORT"
        return ftp_line(word, place, rnd.choice((9999, 10000, 30050, 30051, 30052)))

    def next(self):
        rnd = self.rnd
        if self.kind == "tftp":
            return False, self.make(False, data=rnd.choice((b"\0\1file\0octet\0", b"\0\2file\0octet\0", b"\0\3file")))
        if self.step < 3:
            back = self.step == 1
            self.step += 1
            return back, self.say(back, (SYN, SYN | ACK, ACK)[self.step - 1])
        back = rnd.random() < 0.5
        if not self.last[back] or rnd.random() < 0.9:
            self.last[back] = self.say(back, ACK | PSH, self.line(back))
        self.last[back].ack = self.last[back].ack if self.heard[back] is None else self.heard[back] & 0xffffffff
        return back, self.last[back]


class Expected(Host):
    """Who sends what a control connection has announced."""

    def __init__(self, rnd, expected):
        super().__init__(rnd, "tcp" if expected.proto == TCP else "udp", expected.src.version == 6)
        self.a, self.b, self.sport, self.dport = expected.src, expected.dst, rnd.choice((20, 2000, 3000)), expected.dport
        self.zones, self.nats, self.fragments = [expected.zone], ["n"], 0


class World:
    def __init__(self, seed, kinds):
        self.rnd, self.kinds = random.Random(seed), kinds
        self.now, self.hosts, self.queue, self.ident = 1000000, [], [], 0

    def new_host(self, model):
        rnd = self.rnd
        expected = [e for e in model.expected if e.expires > self.now]
        if expected and rnd.random() < 0.5:
            return Expected(rnd, rnd.choice(expected))
        kind = rnd.choice(self.kinds)
        return (Control if kind in ("ftp", "tftp") else Host)(rnd, kind, rnd.random() < 0.3)

    def next(self, model):
        rnd = self.rnd
        self.now += rnd.choice((0, 1, 10, 500, 3000)) if rnd.random() < 0.98 else rnd.choice((31000, 61000, 1000000))
        if self.queue and rnd.random() < 0.5:
            return self.queue.pop(0)
        if len(self.hosts) < 12 or rnd.random() < 0.02:
            self.hosts = self.hosts[-15:] + [self.new_host(model)]
        host = rnd.choice(self.hosts)
        back, p = host.next()
        step = len(host.zones) - 1 if back else 0
        if back and any(host.nats):
            p = self.answer(model, host, p)
        zone = host.zones[step] if host.alg or rnd.random() < 0.97 else 7
        return self.send(Sent(host, p, zone, self.commit(), host.nats[step], host.alg, marks=self.marks()))

    def commit(self):
        return 2 if self.rnd.random() < 0.03 else int(self.rnd.random() < 0.85)

    def marks(self):
        """What a commit writes: mark, mask, label, mask."""
        rnd = self.rnd
        if rnd.random() < 0.7:
            return 0, 0, 0, 0
        return rnd.getrandbits(32), rnd.choice((0, 0xff, 0xffffffff)), rnd.getrandbits(128), rnd.choice((0, 1, 0xff << 64, (1 << 128) - 1))

    @staticmethod
    def answer(model, host, p):
        """What comes back goes to where the connection was translated to."""
        ends = turned(p.ends())
        for zone in host.zones:
            c = next((c for c in model.connections if c.zone == zone and c.proto == p.proto and c.orig == ends and c.reply != turned(ends)), None)
            ends = turned(c.reply) if c else ends
        return p.moved(turned(ends))

    def send(self, sent):
        """Now and then in fragments, which come in any order, twice, or overlap."""
        rnd, p = self.rnd, sent.p
        if rnd.random() >= sent.host.fragments or len(p.transport()) < 8:
            return sent
        self.ident += 1
        p = sent.p = p.moved(p.ends())
        p.ident = self.ident
        l4 = p.transport()
        cuts = sorted({0, *(8 * rnd.randrange(1, len(l4) // 8 + 1) for _ in range(rnd.randint(1, 3)))} - {len(l4)})
        if len(cuts) < 2:
            return sent
        parts = [(a, l4[a:b], b < len(l4)) for a, b in zip(cuts, cuts[1:] + [len(l4)])]
        if rnd.random() < 0.3:
            parts.append(rnd.choice(parts))
        if rnd.random() < 0.1:
            at = 8 * rnd.randrange(len(l4) // 8)
            parts.append((at, l4[at:at + 8], at + 8 < len(l4)))
        rnd.shuffle(parts)
        lines = [Sent(sent.host, p, sent.zone if rnd.random() < 0.98 else 7, sent.commit, sent.nat, sent.alg, part, sent.marks) for part in parts]
        self.queue += lines[1:]
        return lines[0]

    def passed(self, sent, p):
        """It goes on as 'p': to the next zone, and perhaps somebody has a complaint about it."""
        rnd, host = self.rnd, sent.host
        if host.alg and not p.quote:
            host.heard_of(sent.p.src != host.a, p)
        if rnd.random() < 0.04 and not p.quote:
            router = rnd.choice((p.dst, host.a + 100))
            v6 = p.src.version == 6
            quote = p.ip()
            quote = quote[:rnd.choice((len(quote), (40 if v6 else 20) + 8))]
            error = Packet(ICMP6 if v6 else ICMP, router, p.src, type_=rnd.choice((1, 3) if v6 else (3, 11)), code=1, quote=quote, about=p)
            self.queue.append(Sent(host, error, sent.zone, self.commit(), "n" if sent.nat else None, marks=self.marks()))
        if len(host.zones) > 1 and not p.quote and sent.zone in host.zones:
            at = host.zones.index(sent.zone)
            other = 1 - at
            forward = p.ends()[2] != host.a  # The original direction goes through the zones in their order.
            if forward == (at == 0):
                self.queue.append(Sent(host, p, host.zones[other], self.commit(), host.nats[other]))
