#!/usr/bin/env python3
"""A slow, obvious connection tracker, and lib/ct on the same random packets: they must agree.

  tracker.py PROGRAM [-n PACKETS] [-s SEED]...     PROGRAM is tests/model/ct-lines

The model keeps a plain list of connections by zone and looks at each of them for every packet.  It reads RFC 9293 for TCP, RFC 792
and RFC 4443 for ICMP, RFC 3022 for translation, and the tracker's reference for what these leave open (states, timeouts).

Sequence numbers: the model knows "where it belongs" (within half a window) and "far out" (beyond 2^30, more than any scaled window); the
where numbers are neither, it follows the tracker: the width of windows is not tested here (tests/unit/test-ct-tcp.c does).  Ports that translation
chooses are the tracker's choice: the model checks that it was allowed, and necessary.

Where no document says who is right, the model follows what the tracker says:
- segments of a connection one end of which was reset before it had said anything (RFC 9293 section 3.10.7: its numbers are nobody's);
- data to an end that has sent a SYN or was reset, and acknowledged nothing: its window is not known;
- a connection whose answers would be another, translated one's is not remembered, and its packets go on as +new.
SCTP, DNAT, helpers and fragments are not modelled."""
import argparse
import ipaddress
import random
import struct
import subprocess
import sys

TCP, UDP, ICMP, ICMP6, OTHER, GRE = 6, 17, 1, 58, 99, 47
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
CLOSED, SYN_SENT, ESTABLISHED, CLOSING, FIN_WAIT_2, TIME_WAIT = range(6)
SECONDS = {"syn_sent": 30, "syn_recv": 30, "established": 86400, "fin_wait": 900, "time_wait": 45, "close": 30,
           "first": 60, "single": 60, "multiple": 30, "icmp_first": 60, "icmp_reply": 30, "gre_first": 30, "gre_reply": 180}
NEAR = 4000  # Half of the windows that are sent.
ANSWERS = {ICMP: {8: 0, 13: 14, 15: 16}, ICMP6: {128: 129}}


# ---- packets ----

class Packet:
    def __init__(self, proto, src, dst, sport=0, dport=0, flags=0, seq=0, ack=0, n=0, type_=0, code=0, quote=None):
        self.proto, self.src, self.dst, self.sport, self.dport = proto, src, dst, sport, dport
        self.flags, self.seq, self.ack, self.n, self.type, self.code, self.quote = flags, seq & 0xffffffff, ack & 0xffffffff, n, type_, code, quote

    def ends(self):
        return self.src, self.sport, self.dst, self.dport

    def ip(self):
        """From the IP header on."""
        a, b = self.src.packed, self.dst.packed
        if self.proto == TCP:
            l4 = struct.pack("!HHIIBBHHH", self.sport, self.dport, self.seq, self.ack, 5 << 4, self.flags, 8000, 0, 0) + bytes(self.n)
        elif self.proto == UDP:
            l4 = struct.pack("!HHHH", self.sport, self.dport, 8 + self.n, 0) + bytes(self.n)
        elif self.proto in (ICMP, ICMP6):
            l4 = struct.pack("!BBHHH", self.type, self.code, 0, 0 if self.quote else self.sport, 0)
            l4 += self.quote if self.quote else bytes(self.n)
        elif self.proto == GRE:
            l4 = struct.pack("!HH", 0, 0x6558) + bytes(self.n)
        else:
            l4 = bytes(self.n + 8)
        l4 = bytearray(l4)
        at = {TCP: 16, UDP: 6, ICMP: 2, ICMP6: 2}.get(self.proto)
        if at:
            pseudo = b"" if self.proto == ICMP else a + b + struct.pack("!II", len(l4), self.proto)
            struct.pack_into("!H", l4, at, csum(pseudo + l4) or (0xffff if self.proto == UDP else 0))
        if len(a) == 16:
            return struct.pack("!IHBB", 6 << 28, len(l4), self.proto, 64) + a + b + l4
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, 64, self.proto, 0) + a + b
        return head[:10] + struct.pack("!H", csum(head)) + head[12:] + l4

    def frame(self):
        return bytes(12) + (b"\x86\xdd" if self.src.version == 6 else b"\x08\x00") + self.ip()


def csum(data):
    data = bytes(data) + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ends_of(frame, proto):
    """Source, port, destination, port of a frame, as translation left it; ICMP: the identifier twice."""
    at, size = (34, 4) if frame[12:14] == b"\x08\x00" else (54, 16)
    src, dst = (ipaddress.ip_address(frame[at - 2 * size + i * size:at - size + i * size]) for i in (0, 1))
    if proto in (TCP, UDP):
        return (src, *struct.unpack_from("!H", frame, at), dst, *struct.unpack_from("!H", frame, at + 2))
    if proto in (ICMP, ICMP6):
        ident = struct.unpack_from("!H", frame, at + 4)[0]
        return src, ident, dst, ident
    return src, 0, dst, 0


def turned(ends):
    return ends[2], ends[3], ends[0], ends[1]


# ---- the model ----

class End:
    def __init__(self):
        self.allows = self.lost = False
        self.state, self.next = CLOSED, None  # Behind the highest number it has sent.


class Connection:
    def __init__(self, zone, p):
        self.zone, self.proto, self.type, self.orig = zone, p.proto, p.type, p.ends()
        self.reply = turned(self.orig)
        self.replied, self.expires, self.ends = False, 0, (End(), End())

    def __str__(self):
        return f"{self.orig} reply {self.reply} replied={self.replied} {[(e.state, e.next) for e in self.ends]}"

    def has(self, ends):
        """Would a packet with these ends be its own?  Of ICMP: an answer."""
        return ends == self.reply or (ends == self.orig and self.proto not in ANSWERS)

    def live_until(self, now, name):
        self.expires = now + 1000 * SECONDS[name]


def distance(a, b):
    return abs(((a - b + (1 << 31)) & 0xffffffff) - (1 << 31))


def far(a, b):
    if a is None or b is None:
        return False
    return distance(a, b) > 1 << 30


def unclear(a, b):
    """Neither where it belongs nor far out."""
    return a is not None and b is not None and NEAR < distance(a, b) <= 1 << 30


def end_of(p):
    return (p.seq + p.n + bool(p.flags & SYN) + bool(p.flags & FIN)) & 0xffffffff


def flags_ok(f):
    """RFC 9293 section 3.5: nothing else is ever sent."""
    if f & SYN:
        return not f & (RST | FIN) and (f & ACK or not f & (PSH | URG))
    return bool(f & (ACK | RST)) and bool(f & ACK or not f & (FIN | PSH | URG))


class Model:
    def __init__(self):
        self.connections = []

    def find(self, zone, p):
        """The connection and direction (0: the original one)."""
        request = p.type
        answer = p.proto in ANSWERS and p.type in ANSWERS[p.proto].values()
        if answer:
            request = next(k for k, v in ANSWERS[p.proto].items() if v == p.type)
        for c in self.connections:
            if c.zone == zone and c.proto == p.proto and (p.proto not in ANSWERS or c.type == request):
                if not answer and c.orig == p.ends():
                    return c, 0
                if (answer or p.proto not in ANSWERS) and c.reply == p.ends():
                    return c, 1
        return None, 0

    def may_begin(self, p):
        if p.proto == TCP:
            return p.flags & (SYN | ACK) != SYN | ACK
        return p.proto not in ANSWERS or p.type in ANSWERS[p.proto]

    def begin(self, c, p, now):
        if p.proto == TCP:
            c.ends[0].state, c.ends[0].next = SYN_SENT, end_of(p)
            c.live_until(now, "syn_sent")
        else:
            c.live_until(now, {ICMP: "icmp_first", ICMP6: "icmp_first", GRE: "gre_first"}.get(p.proto, "first"))

    def update_other(self, c, direction, now):
        """The connection lives longer once it was answered, by whoever sends."""
        c.answered = getattr(c, "answered", False) or bool(direction)
        kind = {ICMP: ("icmp_first", "icmp_reply"), ICMP6: ("icmp_first", "icmp_reply"), GRE: ("gre_first", "gre_reply")}.get(c.proto, ("single", "multiple"))
        c.live_until(now, kind[c.answered])
        return "valid"

    def update_tcp(self, c, direction, p, now, said):
        src, dst = c.ends[direction], c.ends[1 - direction]
        if p.flags & (SYN | ACK | RST | FIN) == SYN:
            if src.state >= FIN_WAIT_2 and dst.state >= FIN_WAIT_2:
                return "anew"
            if src.state <= SYN_SENT and dst.state <= SYN_SENT:
                src.state, src.next = SYN_SENT, end_of(p)
                c.live_until(now, "syn_sent")
            return "opening"
        rst, synack = p.flags & RST, p.flags & (SYN | ACK) == SYN | ACK
        lost = src.lost or dst.lost  # Reset before it said anything: where its numbers are nobody knows.
        if lost and said == "inv":
            return "invalid"
        saved = src.state, src.next
        src.next = p.seq if src.next is None else src.next
        if src.state == CLOSED or (synack and src.state <= SYN_SENT and dst.state == SYN_SENT):
            # RFC 9293 section 3.10.7.3: a reset without an acknowledgment does not answer a SYN.
            if rst and not p.flags & ACK and not getattr(c, "picked_up", False):
                return "invalid"
            src.next = p.seq
        data = end_of(p) != p.seq
        inside = not (rst and (p.seq - src.next + 1) & 0xffffffff > 2)
        ack = p.ack if p.flags & ACK and not (rst and not p.ack) and dst.next is not None else dst.next
        if inside and dst.state != CLOSED:
            inside = not (data and far(p.seq, src.next)) and not far(ack, dst.next)
        silent = dst.state != CLOSED and not dst.allows  # It has acknowledged nothing: what its window allows is not known.
        if (data and (unclear(p.seq, src.next) or silent)) or (p.flags & ACK and unclear(ack, dst.next)):
            if said == "inv":
                src.state, src.next = saved
                return "invalid"
            inside = True
        inside |= lost
        if not inside:
            late = src.state >= FIN_WAIT_2 or dst.state >= FIN_WAIT_2
            if not late or (data and far(p.seq, src.next)) or (dst.state != CLOSED and far(ack, dst.next)):
                src.state, src.next = saved
                return "invalid"
        if data and (end_of(p) - src.next) & 0xffffffff < 1 << 31:
            src.next = end_of(p)
        src.allows = True
        if rst:
            dst.lost |= dst.next is None
            src.state = dst.state = TIME_WAIT
        else:
            if p.flags & FIN:
                src.state = max(src.state, CLOSING)
            else:
                src.state = max(src.state, SYN_SENT)
            if inside:  # It acknowledges what the other end sent.
                dst.state = {SYN_SENT: ESTABLISHED, CLOSING: FIN_WAIT_2}.get(dst.state, dst.state)
        low, high = sorted((src.state, dst.state))
        c.live_until(now, "close" if low >= FIN_WAIT_2 else "time_wait" if low >= CLOSING else "syn_recv" if low < ESTABLISHED else
                     "fin_wait" if high >= CLOSING else "established")
        return "valid"

    def error(self, zone, p):
        """An ICMP error goes where an answer to the packet that it quotes would go."""
        q = p.about
        c, direction = self.find(zone, Packet(q.proto, q.dst, q.src, q.dport, q.sport))
        return "inv" if not c else "rel|rpl" if direction else "rel"

    def packet(self, now, zone, commit, p, said):
        """What the tracker 'said' counts only where nothing says who is right.  The state, and the connection and direction; the connection is new if it is committed now."""
        self.connections = [c for c in self.connections if c.expires > now]
        if p.quote:
            return self.error(zone, p), None, 0
        if (p.proto == TCP and not flags_ok(p.flags)) or (p.proto in (TCP, UDP) and not (p.sport and p.dport)):
            return "inv", None, 0
        c, direction = self.find(zone, p)
        if c:
            if commit == 2 and direction:
                verdict = "anew"
            else:
                verdict = self.update_tcp(c, direction, p, now, said) if p.proto == TCP else self.update_other(c, direction, now)
            if verdict == "invalid":
                return "inv", None, 0
            if verdict != "anew":
                if verdict == "opening":
                    return "new", c, direction
                c.replied |= bool(direction)
                return ("new" if not c.replied else "est|rpl" if direction else "est"), c, direction
            self.connections.remove(c)
        if not self.may_begin(p):
            return "inv", None, 0
        if not commit:
            return "new", None, 0
        c = Connection(zone, p)
        c.picked_up = p.proto == TCP and not p.flags & SYN
        self.begin(c, p, now)
        self.connections.append(c)
        return "new", c, 0

    def check_choice(self, c, nat, ends):
        """Was translation of a new connection allowed to make these ends of it?"""
        kind, low, high, first, last = nat
        place = 0 if kind == "s" else 2
        assert low <= ends[place] <= high, f"{ends[place]} is not in the range"
        assert ends[2 - place] == c.orig[2 - place], "the other address has changed"
        others = [o for o in self.connections if o is not c and o.zone == c.zone and o.proto == c.proto and o.type == c.type]
        assert not any(o.has(turned(ends)) for o in others), "another connection has these replies"
        if c.proto not in (TCP, UDP, ICMP, ICMP6):
            assert (ends[1], ends[3]) == (0, 0)
            return
        if kind == "s":
            assert not first or first <= ends[1] <= last, "the port is not in the range"
            keep = list(ends)
            keep[1] = c.orig[1]
            if c.proto in ANSWERS:
                keep[3] = c.orig[1]
            fits = not first or first <= c.orig[1] <= last
            if ends[1] != c.orig[1] and fits:
                assert any(o.has(turned(tuple(keep))) for o in others), "the port was changed without need"
            if not first and c.proto not in ANSWERS and c.orig[1] >= 1024:
                assert ends[1] >= 1024, "an unprivileged port became a privileged one"

    def answers_are_anothers(self, c):
        return any(o.has(c.reply) for o in self.connections if o is not c and o.zone == c.zone and o.proto == c.proto and o.type == c.type)

    def exhausted(self, c, nat):
        """Was there really no tuple left?"""
        kind, low, high, first, last = nat
        others = [o for o in self.connections if o is not c and o.zone == c.zone and o.proto == c.proto and o.type == c.type]
        ports = range(first, last + 1) if first and c.proto in (TCP, UDP, ICMP, ICMP6) else [c.orig[1]]
        for i in range(int(low), int(high) + 1):
            for port in ports:
                ends = (low + (i - int(low)), port, c.orig[2], port if c.proto in ANSWERS else c.orig[3])
                if not any(o.has(turned(ends)) for o in others):
                    return False
        return True


# ---- what is sent ----

class Host:
    """A conversation as its two ends see it; mostly they behave."""

    def __init__(self, rnd, proto, v6):
        self.rnd, self.proto = rnd, proto
        net = "fc00::" if v6 else "10.0.0."
        self.a, self.b = (ipaddress.ip_address(f"{net}{rnd.randint(1, 4) + 10 * side}") for side in (0, 1))
        self.sport, self.dport = rnd.choice((100, 600, 5000, 5001)), rnd.choice((80, 443))
        if proto in ANSWERS:
            self.sport = self.dport = rnd.randint(1, 3)
            self.type = rnd.choice(list(ANSWERS[proto]))
        if proto in (OTHER, GRE):
            self.sport = self.dport = 0
        self.seq, self.sent = [rnd.getrandbits(32), rnd.getrandbits(32)], []
        self.step = 0

    def make(self, back, flags=0, seq=0, ack=0, n=0):
        ends = (self.a, self.b, self.sport, self.dport)
        if self.proto in ANSWERS:
            type_ = ANSWERS[self.proto][self.type] if back else self.type
            return Packet(self.proto, *(ends[1::-1] if back else ends[:2]), self.sport, self.sport, type_=type_, n=n)
        if back:
            return Packet(self.proto, self.b, self.a, self.dport, self.sport, flags, seq, ack, n)
        return Packet(self.proto, self.a, self.b, self.sport, self.dport, flags, seq, ack, n)

    def next(self):
        rnd = self.rnd
        if self.proto != TCP:
            return self.make(rnd.random() < 0.4, n=rnd.randint(0, 20))
        if self.sent and rnd.random() < 0.12:
            return rnd.choice(self.sent[-6:])  # Again, or out of order.
        if rnd.random() < 0.1:  # Anything, by anybody.
            back = rnd.random() < 0.5
            seq, ack = self.seq[back], self.seq[1 - back]
            if rnd.random() < 0.5:
                seq += 0x50000000
            if rnd.random() < 0.3:
                ack += 0x50000000
            return self.make(back, rnd.choice((SYN, SYN | ACK, ACK, RST, RST | ACK, FIN | ACK, FIN, 0, SYN | FIN, PSH | ACK, ACK | URG, SYN | RST)), seq, ack,
                             rnd.choice((0, 0, 10)))
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
        n = rnd.randint(0, 30) if flags == ACK and self.step > 2 else 0
        p = self.make(back, flags, self.seq[back], self.seq[1 - back] if flags & ACK else 0, n)
        self.seq[back] = end_of(p)
        self.step += 1
        if flags & RST or (flags & FIN and rnd.random() < 0.3) or rnd.random() < 0.02:
            self.step = 0 if rnd.random() < 0.7 else self.step
            self.seq = [s + rnd.randint(0, 1000) for s in self.seq]
        self.sent.append(p)
        return p


class World:
    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.model, self.now, self.hosts = Model(), 1000000, []

    def choose_nat(self, p, v6):
        rnd = self.rnd
        if rnd.random() < 0.55:
            return None
        base = ipaddress.ip_address("fd00::100" if v6 else "192.0.2.100")
        first, last = rnd.choice(((0, 0), (5000, 5003), (5000, 5000))) if p.proto != GRE and p.proto != OTHER else (0, 0)
        return ("s", base, base + rnd.choice((0, 1)), first, last)

    def next(self):
        """Time, zone, commit, translation ("-", "n", or a range for the commit), packet."""
        rnd = self.rnd
        if len(self.hosts) < 12 or rnd.random() < 0.02:
            host = Host(rnd, rnd.choice((TCP, TCP, TCP, UDP, UDP, ICMP, OTHER, GRE)), rnd.random() < 0.3)
            if host.a.version == 6 and host.proto == ICMP:
                host = Host(rnd, ICMP6, True)
            host.zone = rnd.choice((0, 1, 65535))
            host.nat = self.choose_nat(host, host.a.version == 6)
            self.hosts.append(host)
            self.hosts = self.hosts[-16:]
        host = rnd.choice(self.hosts)
        self.now += rnd.choice((0, 1, 10, 500, 3000)) if rnd.random() < 0.98 else rnd.choice((31000, 61000, 1000000))
        p = host.next()
        zone = host.zone if rnd.random() < 0.97 else 7
        known, direction = self.model.find(zone, p)
        if known is None and host.nat and p.ends()[0] == host.b and zone == host.zone:
            # What comes back goes to where the connection was translated to.
            for c in self.model.connections:
                if c.zone == zone and c.proto == p.proto and c.orig == turned(p.ends()) and c.reply != p.ends():
                    p.src, p.sport, p.dst, p.dport = c.reply
                    break
        commit = 2 if rnd.random() < 0.03 else int(rnd.random() < 0.85)
        if rnd.random() < 0.03 and p.proto in (TCP, UDP):
            about = p
            error = Packet(ICMP6 if p.src.version == 6 else ICMP, p.dst, p.src, type_=1 if p.src.version == 6 else 3, code=1, quote=p.ip())
            error.about = about
            return zone, commit, None, error
        return zone, commit, host.nat, p


def nat_text(nat):
    if not nat:
        return "-"
    kind, low, high, first, last = nat
    return f"{kind}{low.packed.hex()},{high.packed.hex()},{first},{last}"


def check(world, zone, commit, nat, p, answer):
    state, fate, why, frame = answer.split()
    ends = p.ends()
    before = list(world.model.connections)
    want, c, direction = world.model.packet(world.now, zone, commit, p, state)
    assert state == want, f"the tracker says {state} ({why}), the model {want}"
    if p.quote:
        return
    new = c is not None and c not in before
    got = ends_of(bytes.fromhex(frame), p.proto)
    if fate == "drop":
        world.model.connections.remove(c)
        assert new and nat, "dropped without need"
        assert world.model.exhausted(c, nat), "dropped, and there were tuples left"
    elif new and not nat and world.model.answers_are_anothers(c):
        world.model.connections.remove(c)  # It stays new, and is not remembered.
    elif not c or not nat:
        assert got == (ends if p.proto in (TCP, UDP, ICMP, ICMP6) else (ends[0], 0, ends[2], 0)), f"became {got}"
    elif new:
        world.model.check_choice(c, nat, got)
        c.reply = turned(got)
    else:
        there = turned(c.orig) if direction else turned(c.reply)
        assert got == there, f"became {got}, should be {there}"


def run(program, seed, n):
    world = World(seed)
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    log = []
    for i in range(n):
        zone, commit, nat, p = world.next()
        child.stdin.write(f"{world.now} {zone} {commit} {nat_text(nat)} {p.frame().hex()}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        log = log[-40:] + [f"{world.now} zone={zone} commit={commit} nat={nat_text(nat)} proto={p.proto} {p.src}:{p.sport}>{p.dst}:{p.dport}"
                           f" type={p.type} flags={p.flags:#x} seq={p.seq} ack={p.ack} n={p.n}{' error' if p.quote else ''}: {answer.strip()[:40]}"]
        try:
            check(world, zone, commit, nat, p, answer)
        except (AssertionError, ValueError) as e:
            print("\n".join(log), file=sys.stderr)
            print(*[f"has {c}" for c in world.model.connections if c.zone == zone and c.proto == p.proto], sep="\n", file=sys.stderr)
            print(f"seed {seed}, packet {i}: {e}", file=sys.stderr)
            child.kill()
            return False
    child.stdin.close()
    return child.wait() == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("-n", type=int, default=1500, help="packets by seed")
    parser.add_argument("-s", type=int, action="append", help="seeds")
    args = parser.parse_args()
    seeds = args.s or [1, 2, 3]
    ok = all([run(args.program, seed, args.n) for seed in seeds])
    if ok:
        print(f"{len(seeds) * args.n} packets: the model and the tracker agree")
    return not ok


if __name__ == "__main__":
    sys.exit(main())
