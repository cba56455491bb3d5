"""model.py - a slow, obvious connection tracker: see tracker.py for what it reads and where it follows the tracker."""
import copy
import ipaddress

import sctp
from packets import (ACK, ANSWERS, FIN, GRE, ICMP, ICMP6, PSH, RST, SCTP, SYN, TCP, UDP, URG, WITH_PORTS, Packet, turned)
from traffic import FTP_PORT, TFTP_PORT, ftp_line

CLOSED, SYN_SENT, ESTABLISHED, CLOSING, FIN_WAIT_2, TIME_WAIT = range(6)
SECONDS = {"syn_sent": 30, "syn_recv": 30, "established": 86400, "fin_wait": 900, "time_wait": 45, "close": 30,
           "first": 60, "single": 60, "multiple": 30, "icmp_first": 60, "icmp_reply": 30, "gre_first": 30, "gre_reply": 180}
NEAR = 4000  # Half of the windows that are sent.
FAR = (0xffff + 1500) << 14  # The largest window, and a segment more.
EXPECTED_SECONDS, EXPECTED_BY_ONE = 300, 8
TAKEN_SECONDS = 60  # So long it is remembered that one has come.
FRAGMENT_SECONDS = 15

class End:
    def __init__(self):
        self.allows = self.lost = False
        self.doubt = False  # Whether it has come to its state, the answers do not tell.
        self.state, self.next = CLOSED, None  # Behind the highest number it has sent.


class Connection:
    def __init__(self, zone, p):
        self.zone, self.proto, self.type, self.orig = zone, p.proto, p.type, p.ends()
        self.reply = turned(self.orig)
        self.replied, self.expires, self.ends = False, 0, (End(), End())
        self.association, self.related, self.alg, self.read = None, None, 0, [None, None]
        self.vague, self.sure = False, 0
        self.mark, self.label, self.longer = 0, 0, ([], [])  # Of each direction, where its stream was made longer and by how much.

    def __str__(self):
        return f"{self.orig} reply {self.reply} replied={self.replied} {[(e.state, e.next) for e in self.ends]}"

    def has(self, ends):
        """Would a packet with these ends be its own?  Of ICMP: an answer."""
        return ends == self.reply or (ends == self.orig and self.proto not in ANSWERS)

    def is_translated(self):
        return self.reply != turned(self.orig)

    def write(self, marks):
        mark, mask, label, label_mask = marks
        self.mark = (mark & mask) | (self.mark & ~mask)
        self.label = (label & label_mask) | (self.label & ~label_mask)

    def seen(self):
        """Mark, label, and the original tuple: the master's, if there is one."""
        about = self.related.master if self.related else self
        return self.mark, self.label, about.original()

    def original(self):
        return original(self.proto, self.type, self.orig)

    def shift(self, direction, seq):
        """By how much what lies at 'seq' of a stream has moved.  Only the last place is remembered, as the kernel does it: what is
        about an earlier one (an error that quotes a command before the last) is taken to be behind that."""
        places = self.longer[direction]
        before = sum(n for _, n in places[:-1])
        return before + (places[-1][1] if places and after(seq, places[-1][0]) else 0)

    def shift_back(self, direction, ack):
        """By how much what the receiver calls 'ack' had moved."""
        before = sum(n for _, n in self.longer[direction][:-1])
        return self.shift(direction, ack - before)

    def live_until(self, now, name):
        self.expires = now + 1000 * SECONDS[name]
        self.sure = now + 1000 * min(SECONDS["syn_recv"], SECONDS[name])

    def may_be_gone(self, now, p):
        """Is it the tracker's to say whether it still lives?  A SYN does not tell."""
        return self.vague and now >= self.sure and p.ends() in (self.orig, self.reply) and p.flags & (SYN | ACK) != SYN


def distance(a, b):
    return abs(((a - b + (1 << 31)) & 0xffffffff) - (1 << 31))


def far(a, b):
    if a is None or b is None:
        return False
    return distance(a, b) > FAR


def unclear(a, b):
    """Neither where it belongs nor far out."""
    return a is not None and b is not None and NEAR < distance(a, b) <= FAR


def after(a, b):
    return 0 < (a - b) & 0xffffffff < 1 << 31


def original(proto, kind, ends):
    src, sport, dst, dport = ends
    return (proto, src, dst, kind, 0) if proto in ANSWERS else (proto, src, dst, sport, dport)


def end_of(p):
    return (p.seq + p.n + bool(p.flags & SYN) + bool(p.flags & FIN)) & 0xffffffff


def flags_ok(f):
    """RFC 9293 section 3.5: nothing else is ever sent."""
    if f & SYN:
        return not f & (RST | FIN) and (f & ACK or not f & (PSH | URG))
    return bool(f & (ACK | RST)) and bool(f & ACK or not f & (FIN | PSH | URG))


def answer_to(q):
    """A packet that goes the other way."""
    p = Packet(q.proto, q.dst, q.src, q.dport, q.sport)
    if q.proto in ANSWERS:
        pairs = ANSWERS[q.proto] | {v: k for k, v in ANSWERS[q.proto].items()}
        p.type = pairs[q.type]
    return p


def ftp_place(data, direction):
    """The address (None: it has none) and port that a line of this direction names; None: it names no place."""
    word, line = data[:4], data.decode()
    if word not in ((b"227 ", b"229 ") if direction else (b"PORT", b"EPRT")):
        return None
    if word in (b"PORT", b"227 "):
        numbers = line.replace("(", " ").replace(")", " ").split()[-2 if direction else -1].split(",")
        return ipaddress.ip_address(".".join(numbers[:4])), int(numbers[4]) << 8 | int(numbers[5])
    place = line.split("|")
    return ipaddress.ip_address(place[2]) if place[2] else None, int(place[3])


class Expected:
    """A connection that a control connection has announced.  'to': what its packets are to be translated to."""

    def __init__(self, master, src, dst, dport, to, asked, expires):
        self.master, self.zone, self.proto, self.expires = master, master.zone, master.proto, expires
        self.src, self.dst, self.dport, self.to, self.asked = src, dst, dport, to, asked
        self.taken = False

    def place(self):
        return self.zone, self.proto, self.src, self.dst, self.dport


class Datagram:
    """Fragments of one, by offset: how many bytes, and whether there are more."""

    def __init__(self, expires):
        self.expires, self.parts, self.dead = expires, {}, False

    def add(self, offset, n, more):
        """Is it whole?  RFC 5722: what overlaps ends the datagram; the same once more does not."""
        if self.dead or self.parts.get(offset) == (n, more):
            return False
        last = [o + size for o, (size, m) in self.parts.items() if not m]
        overlaps = any(o < offset + n and offset < o + size for o, (size, _) in self.parts.items())
        beyond = (last and (not more or offset + n > last[0])) or (not more and any(o > offset for o in self.parts))
        if overlaps or beyond:
            self.dead, self.parts = True, {}
            return False
        self.parts[offset] = n, more
        last = [o + size for o, (size, m) in self.parts.items() if not m]
        return bool(last) and sum(size for size, _ in self.parts.values()) == last[0]


class Model:
    def __init__(self):
        self.connections, self.expected, self.datagrams = [], [], {}

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
        if p.proto == SCTP:
            return sctp.may_begin(p)
        return p.proto not in ANSWERS or p.type in ANSWERS[p.proto]

    def begin(self, c, p, now):
        if p.proto == TCP:
            c.ends[0].state, c.ends[0].next = SYN_SENT, end_of(p)
            c.live_until(now, "syn_sent")
        elif p.proto == SCTP:
            c.association = sctp.Association(p)
            c.expires = now + 1000 * c.association.seconds()
        else:
            c.live_until(now, {ICMP: "icmp_first", ICMP6: "icmp_first", GRE: "gre_first"}.get(p.proto, "first"))

    def update_other(self, c, direction, now):
        """The connection lives longer once it was answered, by whoever sends."""
        c.answered = getattr(c, "answered", False) or bool(direction)
        kind = {ICMP: ("icmp_first", "icmp_reply"), ICMP6: ("icmp_first", "icmp_reply"), GRE: ("gre_first", "gre_reply")}.get(c.proto, ("single", "multiple"))
        c.live_until(now, kind[c.answered])
        return "valid"

    def update_sctp(self, c, direction, p, now):
        result = c.association.packet(direction, p)
        if result in (None, "anew"):
            return result or "invalid"
        c.association, longer = result
        if longer:
            c.expires = now + 1000 * c.association.seconds()
        return "valid"

    def update(self, c, direction, p, now, said, shown):
        if p.proto == TCP:
            return self.update_tcp(c, direction, p, now, said, shown)
        if p.proto == SCTP:
            return self.update_sctp(c, direction, p, now)
        return self.update_other(c, direction, now)

    def update_tcp(self, c, direction, p, now, said, shown):
        src, dst = c.ends[direction], c.ends[1 - direction]
        if p.flags & (SYN | ACK | RST | FIN) == SYN:
            if src.state >= FIN_WAIT_2 and dst.state >= FIN_WAIT_2:
                # Perhaps one end is not so far: then the packet still shows what it is a part of, if that is anything.
                old = (src.doubt or dst.doubt) and shown == c.seen() != (0, 0, original(p.proto, p.type, p.ends()))
                return "opening" if old else "anew"
            if src.state <= SYN_SENT and dst.state <= SYN_SENT:
                src.state, src.next, c.picked_up = SYN_SENT, end_of(p), False
                c.live_until(now, "syn_sent")
            return "opening"
        rst, synack = p.flags & RST, p.flags & (SYN | ACK) == SYN | ACK
        lost = src.lost or dst.lost  # Reset before it said anything: where its numbers are nobody knows.
        if lost and said == "inv":
            return "invalid"
        saved, doubt = (src.state, src.next), False
        src.next = p.seq if src.next is None else src.next
        if src.state == CLOSED or (synack and src.state <= SYN_SENT and dst.state == SYN_SENT):
            # RFC 9293 section 3.10.7.3: a reset without an acknowledgment does not answer a SYN.
            if rst and not p.flags & ACK and not getattr(c, "picked_up", False):
                src.state, src.next = saved
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
            # Perhaps let through only because it is near, after an end: then it acknowledges nothing, and states stay.
            doubt = max(src.state, dst.state) >= FIN_WAIT_2
            c.vague |= doubt
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
            src.doubt = dst.doubt = False
        else:
            if p.flags & FIN:
                src.state = max(src.state, CLOSING)
            else:
                src.state = max(src.state, SYN_SENT)
            if inside:  # It acknowledges what the other end sent.
                dst.doubt = doubt and (dst.doubt or dst.state in (SYN_SENT, CLOSING))
                dst.state = {SYN_SENT: ESTABLISHED, CLOSING: FIN_WAIT_2}.get(dst.state, dst.state)
        # If one has not come so far, it lives longer.
        low, high = sorted(e.state - (e.doubt and e.state == FIN_WAIT_2) for e in (src, dst))
        c.live_until(now, "close" if low >= FIN_WAIT_2 else "time_wait" if low >= CLOSING else "syn_recv" if low < ESTABLISHED else
                     "fin_wait" if high >= CLOSING else "established")
        return "valid"

    def error(self, zone, p):
        """An ICMP error goes where an answer to the packet that it quotes would go."""
        q = p.about
        c, direction = self.find(zone, answer_to(q))
        return ("inv" if not c else "rel|rpl" if direction else "rel"), c, direction

    def malformed(self, p):
        if p.proto == TCP and not flags_ok(p.flags):
            return True
        return (p.proto == SCTP and not sctp.well_formed(p.chunks)) or (p.proto in WITH_PORTS and not (p.sport and p.dport))

    def packet(self, now, zone, commit, p, said, shown, alg=0, marks=(0, 0, 0, 0)):
        """What the tracker 'said', and what it has 'shown' with the packet (as Connection.seen()), counts only where nothing says who is right.  The state, the connection and direction, and what it is
        related to; the connection is new if it is committed now."""
        self.connections = [c for c in self.connections if c.expires > now]
        self.expected = [e for e in self.expected if e.expires > now]
        if p.quote:
            state, c, direction = self.error(zone, p)
            if c and commit == 2:
                c.write(marks)
            return state, c, direction, None
        if self.malformed(p):
            return "inv", None, 0, None
        c, direction = self.find(zone, p)
        if c and said.startswith("new") and c.may_be_gone(now, p):
            self.connections.remove(c)
            c, direction = None, 0
        if c:
            verdict = "anew" if commit == 2 and direction else self.update(c, direction, self.as_sent(c, direction, p), now, said, shown)
            if verdict == "invalid":
                return "inv", None, 0, None
            if verdict != "anew":
                c.replied |= bool(direction) and verdict != "opening"
                known = c.replied and verdict != "opening"
                state = ["est" if known else "new"] + ["rel"] * bool(c.related) + ["rpl"] * bool(known and direction)
                if commit == 2 or (commit and state[0] == "new"):
                    c.write(marks)
                return "|".join(state), c, direction, None
            self.connections.remove(c)
        if not self.may_begin(p):
            return "inv", None, 0, None
        related = next((e for e in self.expected if not e.taken and e.place() == (zone, p.proto, p.src, p.dst, p.dport) and e.master in self.connections), None)
        state = "new|rel" if related else "new"
        if not commit:
            return state, None, 0, related
        c = Connection(zone, p)
        if related:
            c.mark, c.label = related.master.mark, related.master.label
        c.write(marks)
        c.picked_up = p.proto == TCP and not p.flags & SYN
        c.related, c.alg = related, alg
        self.begin(c, p, now)
        self.connections.append(c)
        return state, c, 0, related

    # ---- helpers ----

    @staticmethod
    def as_sent(c, direction, p):
        """What a packet acknowledges, in the numbers of who sent that."""
        p = copy.copy(p)
        p.ack = (p.ack - c.shift_back(1 - direction, p.ack)) & 0xffffffff
        return p

    def help(self, c, direction, p, out, got, now):
        """A packet of a connection with a helper has gone through as 'out' ('got': with that payload), and the connection's ends are
        settled.  What it must have become."""
        if c.alg == TFTP_PORT and not direction and p.data[:2] in (b"\0\1", b"\0\2"):
            src, _, dst, dport = c.reply
            self.expect(Expected(c, src, dst, dport, (c.orig[2], c.orig[0], c.orig[1]), dport, now + 1000 * EXPECTED_SECONDS), dport)
        if c.alg != FTP_PORT:
            return out
        out = copy.copy(out)
        out.seq = (p.seq + c.shift(direction, p.seq)) & 0xffffffff
        if p.flags & ACK:
            out.ack = self.as_sent(c, direction, p).ack
        known = c.read[direction]
        if p.data and (not known or p.seq in known):  # Not from elsewhere in the stream.
            end = (p.seq + p.n) & 0xffffffff
            if known and (known[0] - end) & 0xffffffff < 1 << 31:
                end = known[0]
            c.read[direction] = end, p.seq
            again = bool(known) and known[0] != p.seq
            out.data = self.read_line(c, direction, p, got, now, again)
            if len(out.data) != p.n and p.seq not in [at for at, _ in c.longer[direction]]:
                c.longer[direction].append((p.seq, len(out.data) - p.n))
        return out

    def read_line(self, c, direction, p, got, now, again):
        """A line that names a place of its sender's names it as the other end knows it."""
        place = ftp_place(p.data, direction)
        if not place or place[0] not in (None, p.src):
            return p.data
        mine, theirs = (c.reply, c.orig) if direction else (c.orig, c.reply)
        asked, chosen = place[1], (ftp_place(got, direction) or place)[1]
        port = self.expect(Expected(c, theirs[0], theirs[2], chosen, (mine[2], mine[0], asked), asked, now + 1000 * EXPECTED_SECONDS), chosen, again)
        return ftp_line(p.data[:4], theirs[2], port)

    def take(self, e, now):
        """It has come: who announced it is remembered for a while."""
        e.taken, e.expires = True, min(e.expires, now + 1000 * TAKEN_SECONDS)

    def expect(self, new, chosen, again=False):
        """The port under which it is expected.  A segment that comes again awaits nothing that has come since."""
        own = [e for e in self.expected if e.master is new.master]
        for e in own:
            if (e.asked, e.src, e.dst) == (new.asked, new.src, new.dst):
                if not (again and e.taken):
                    e.expires, e.taken = new.expires, False
                return e.dport
        if len(own) >= EXPECTED_BY_ONE:
            self.expected.remove(min(own, key=lambda e: e.expires))
        movable = (new.src, new.dst) != new.to[:2] and new.proto == TCP
        if movable:  # Another port than was asked for only where that is expected already.
            places = [e.place() for e in self.expected if not e.taken]
            assert chosen == new.asked or (*new.place()[:4], new.asked) in places, "another port was announced without need"
            assert not any(not e.taken and e.place() == new.place() and e.master in self.connections for e in self.expected), "announced twice"
        self.expected = [e for e in self.expected if e.place() != new.place()] + [new]
        return chosen

    # ---- fragments ----

    def fragment(self, now, zone, p, offset, n, more):
        """Is the datagram whole with it?"""
        self.datagrams = {k: d for k, d in self.datagrams.items() if d.expires > now}
        key = zone, p.src, p.dst, p.ident, p.proto if p.src.version == 4 else 0
        d = self.datagrams.setdefault(key, Datagram(now + 1000 * FRAGMENT_SECONDS))
        if not d.add(offset, n, more):
            return False
        del self.datagrams[key]
        return True

    # ---- translation ----

    def others(self, c):
        return [o for o in self.connections if o is not c and o.zone == c.zone and o.proto == c.proto and o.type == c.type]

    def taken(self, c, ends):
        return any(o.has(turned(ends)) for o in self.others(c))

    def check_choice(self, c, nat, ends):
        """Was translation of a new connection allowed to make these ends of it?"""
        kind, low, high, first, last = nat
        place = 0 if kind == "s" else 2
        assert low <= ends[place] <= high, f"{ends[place]} is not in the range"
        assert ends[2 - place] == c.orig[2 - place], "the other address has changed"
        assert not self.taken(c, ends), "another connection has these replies"
        if c.proto not in (*WITH_PORTS, *ANSWERS):
            assert (ends[1], ends[3]) == (0, 0)
            return
        ranged = bool(first) and (kind == "s" or c.proto not in ANSWERS)
        if ranged:
            assert first <= ends[place + 1] <= last, "the port is not in the range"
        elif kind == "d" and c.proto not in ANSWERS:
            assert ends[3] == c.orig[3], "the other port has changed"
        keep = list(ends)
        keep[1] = c.orig[1]
        if c.proto in ANSWERS:
            keep[3] = c.orig[1]
        if ends[1] != c.orig[1] and (kind == "d" or not ranged or first <= c.orig[1] <= last):
            assert self.taken(c, tuple(keep)), "the port was changed without need"
        if not (ranged and kind == "s") and c.proto not in ANSWERS and c.orig[1] >= 1024:
            assert ends[1] >= 1024, "an unprivileged port became a privileged one"

    def check_related(self, c, ends):
        """A connection that was expected goes where it was announced to be."""
        assert (ends[0], ends[2], ends[3]) == c.related.to, f"{ends} is not where {c.related.to} is"
        assert not self.taken(c, ends), "another connection has these replies"
        if ends[1] != c.orig[1]:
            assert self.taken(c, (ends[0], c.orig[1], *ends[2:])), "the port was changed without need"

    def answers_are_anothers(self, c):
        return self.taken(c, turned(c.reply))

    def exhausted(self, c, nat):
        """Was there really no tuple left?"""
        kind, low, high, first, last = nat
        ported = c.proto in (*WITH_PORTS, *ANSWERS)
        if ported and (kind == "d" or not first):
            return False  # There are always other source ports.
        for i in range(int(high) - int(low) + 1):
            for port in range(first, last + 1) if ported else [0]:
                ends = list(c.orig)
                ends[0 if kind == "s" else 2] = low + i
                if ported:
                    ends[1] = port
                    ends[3] = port if c.proto in ANSWERS else c.orig[3]
                if not self.taken(c, tuple(ends)):
                    return False
        return True

    def error_becomes(self, p, c, direction):
        """The frame of an ICMP error about a translated connection: as if nothing had been (RFC 5508 section 4.2)."""
        before, after = (c.reply, turned(c.orig)) if direction else (c.orig, turned(c.reply))
        if before == after:
            return p.frame()
        changes = [before[i:i + 2] != after[i:i + 2] for i in (0, 2)]
        if c.proto in ANSWERS:  # The identifier is both ends'; it counts as the requester's.
            changes = [before[i] != after[i] or (i == 2 * direction and before[1] != after[1]) for i in (0, 2)]
        about = p.about.moved(turned(after))
        if c.proto == TCP:  # As its sender counts.
            about.seq = (about.seq - c.shift_back(1 - direction, about.seq)) & 0xffffffff
        quoted = about.ip()[:len(p.quote)]
        if c.proto == SCTP:  # Its checksum is of a whole packet, which is not there.
            at = (40 if p.src.version == 6 else 20) + 8
            quoted = quoted[:at] + p.quote[at:at + 4] + quoted[at + 4:]
        src, dst = after[0] if changes[0] else p.src, after[2] if changes[1] else p.dst
        return Packet(p.proto, src, dst, type_=p.type, code=p.code, quote=quoted).frame()
