"""sctp.py - associations of SCTP as RFC 9260 has them: the model's state machine, and what two stacks say.

The state is the original sender's as far as it can be seen between the two.  Where the RFC speaks of end points only, the model
follows the tracker: what is bundled moves all or nothing, and an association is begun by INIT, or on another path by HEARTBEAT."""
import struct

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK = range(12)
SHUTDOWN_COMPLETE = 14
SECONDS = {"closed": 10, "cookie_wait": 3, "cookie_echoed": 3, "established": 210, "shutdown_sent": 3, "shutdown_received": 3,
           "shutdown_ack_sent": 3, "heartbeat_sent": 30}


class Chunk:
    def __init__(self, kind, flags=0, tag=0):
        self.kind, self.flags, self.tag = kind, flags, tag

    def bytes(self):
        body = struct.pack("!IIHHI", self.tag, 1000, 1, 1, 1) if self.kind in (INIT, INIT_ACK) else b"abcd"
        return struct.pack("!BBH", self.kind, self.flags, 4 + len(body)) + body


def well_formed(chunks):
    """Sections 3.3.2, 3.3.3, 3.3.13: alone in their packet; 6.10: a cookie's are first.  An initiate tag is not 0."""
    for i, c in enumerate(chunks):
        if c.kind in (INIT, INIT_ACK, SHUTDOWN_COMPLETE) and len(chunks) > 1:
            return False
        if c.kind in (COOKIE_ECHO, COOKIE_ACK) and i:
            return False
        if c.kind in (INIT, INIT_ACK) and not c.tag:
            return False
    return bool(chunks)


class Association:
    def __init__(self, p):
        """Of a packet that may_begin()."""
        self.tags, self.coming, self.asked = [0, 0], [0, 0], [False, False]
        if p.chunks[0].kind == INIT:
            self.state, self.asked[0] = "cookie_wait", True
            self.tags[1] = self.coming[1] = p.chunks[0].tag
        else:
            self.state = "heartbeat_sent"
            self.tags[0] = p.tag

    def copy(self):
        other = object.__new__(Association)
        other.tags, other.coming, other.asked, other.state = self.tags[:], self.coming[:], self.asked[:], self.state
        return other

    def seconds(self):
        return SECONDS[self.state]

    def tag_ok(self, d, c, tag):
        """Section 8.5, and for handshakes under way 5.2."""
        own, other, coming = self.tags[d], self.tags[1 - d], self.coming[d]
        if c.kind == INIT:
            return tag == 0
        if not tag:
            return False
        if c.kind == INIT_ACK:
            return tag == coming and self.asked[1 - d]
        if c.kind == COOKIE_ECHO:
            return tag in (own, coming)
        if c.kind == ABORT:
            return tag in (own, coming) or bool(c.flags & 1 and tag == other)
        if c.kind == SHUTDOWN_COMPLETE:
            return tag == (own if own and not c.flags & 1 else other)
        if c.kind in (HEARTBEAT, HEARTBEAT_ACK):
            return tag == own or not own
        return tag == own

    def learn(self, d, c, tag):
        if c.kind in (INIT, INIT_ACK):
            self.coming[1 - d] = c.tag
            if self.state in ("cookie_wait", "heartbeat_sent") and (not self.tags[1 - d] or (c.kind == INIT and not d)):
                self.tags[1 - d] = c.tag
            self.asked[d] |= c.kind == INIT
        elif c.kind == COOKIE_ECHO:
            if self.coming[1 - d] and tag == self.coming[d]:
                self.tags = self.coming[:]
            self.asked[d] = False
        elif c.kind in (HEARTBEAT, HEARTBEAT_ACK):
            self.tags[d] = tag

    def after(self, d, c):
        """The state behind a chunk: figure 3, and section 9."""
        kind, state = c.kind, self.state
        if kind == ABORT:
            return "closed"
        if state == "heartbeat_sent":
            if kind == INIT and not d:
                return "cookie_wait"
            return "established" if d and kind in (DATA, SACK, HEARTBEAT, HEARTBEAT_ACK) else state
        if kind == COOKIE_ECHO and state == "cookie_wait":
            return "cookie_echoed"
        if d and state == "cookie_echoed" and kind in (COOKIE_ACK, ERROR):
            return "established" if kind == COOKIE_ACK else "closed"
        if kind == SHUTDOWN and state == "established":
            return "shutdown_received" if d else "shutdown_sent"
        if kind == SHUTDOWN_ACK and state in ("shutdown_sent", "shutdown_received"):
            return "shutdown_ack_sent"
        if kind == SHUTDOWN_COMPLETE and state == "shutdown_ack_sent":
            return "closed"
        return state

    def packet(self, d, p):
        """The association afterwards and whether it lives longer; "anew"; or None: an invalid packet."""
        a, longer = self.copy(), True
        for c in p.chunks:
            if c.kind == INIT and a.state == "closed" and not p.tag:
                return "anew"
            if not a.tag_ok(d, c, p.tag):
                return None
            state = a.after(d, c)
            a.learn(d, c, p.tag)
            longer &= c.kind != INIT or state != a.state
            a.state = state
        return a, longer


def may_begin(p):
    first = p.chunks[0]
    return (first.kind == INIT and not p.tag) or (first.kind == HEARTBEAT and bool(p.tag))


# ---- what two stacks say ----

class Talk:
    """next(): direction, tag and chunks; mostly as two stacks would."""

    def __init__(self, rnd):
        self.rnd, self.script = rnd, []

    def life(self):
        rnd = self.rnd
        a, b = (rnd.randint(1, 0xffffffff) for _ in range(2))  # What B's and A's packets carry.
        self.tags = b, a
        if rnd.random() < 0.1:
            yield 0, b, [Chunk(HEARTBEAT)]
            yield 1, a, [Chunk(HEARTBEAT_ACK)]
        else:
            yield 0, 0, [Chunk(INIT, tag=a)]
            if rnd.random() < 0.2:  # Both open at once.
                yield 1, 0, [Chunk(INIT, tag=b)]
            yield 1, a, [Chunk(INIT_ACK, tag=b)]
            yield 0, b, [Chunk(COOKIE_ECHO)] + ([Chunk(DATA)] if rnd.random() < 0.3 else [])
            yield 1, a, [Chunk(ERROR)] if rnd.random() < 0.1 else [Chunk(COOKIE_ACK), Chunk(SACK)]
        for _ in range(rnd.randrange(8)):
            d = rnd.randrange(2)
            yield d, self.tags[d], [Chunk(rnd.choice((DATA, SACK, HEARTBEAT, HEARTBEAT_ACK))) for _ in range(rnd.randint(1, 3))]
        if rnd.random() < 0.2:  # A restart of either end.
            d, new, other = rnd.randrange(2), rnd.randint(1, 0xffffffff), rnd.randint(1, 0xffffffff)
            yield d, 0, [Chunk(INIT, tag=new)]
            yield 1 - d, new, [Chunk(INIT_ACK, tag=other)]
            self.tags = (other, new) if not d else (new, other)
            yield d, other, [Chunk(COOKIE_ECHO)]
            yield 1 - d, new, [Chunk(COOKIE_ACK)]
        d, end = rnd.randrange(2), rnd.randrange(5)
        if end == 0:
            yield d, self.tags[d], [Chunk(ABORT)]
        elif end == 1:
            yield d, self.tags[1 - d], [Chunk(ABORT, 1)]
        elif end < 4:
            yield d, self.tags[d], [Chunk(SHUTDOWN)]
            yield 1 - d, self.tags[1 - d], [Chunk(SHUTDOWN_ACK)]
            yield (d, self.tags[d], [Chunk(SHUTDOWN_COMPLETE)]) if end == 2 else (d, self.tags[1 - d], [Chunk(SHUTDOWN_COMPLETE, 1)])

    def next(self):
        rnd = self.rnd
        if not self.script:
            self.script = list(self.life())
        if rnd.random() < 0.12:  # Anything, by anybody.
            d = rnd.randrange(2)
            tag = rnd.choice((0, self.tags[0], self.tags[1], 77))
            kinds = [rnd.choice((*range(12), SHUTDOWN_COMPLETE)) for _ in range(rnd.choice((1, 1, 1, 2)))]
            return d, tag, [Chunk(kind, rnd.randrange(2), rnd.choice((0, 5, 6, *self.tags))) for kind in kinds]
        return self.script[0] if rnd.random() < 0.1 else self.script.pop(0)
