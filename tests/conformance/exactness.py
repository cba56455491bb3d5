"""exactness - section 5.8: after any packets, changes and evictions every counter shows what has happened, a second later
at most; FLOW_REMOVED has the last word.  A model that is a dictionary, beside the switch, on random histories."""

import random
import struct

import frames
from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import FLOW_REMOVED, sh

STEPS = 120
MODIFY_STRICT, DELETE_STRICT, RESET_COUNTS = 2, 4, 4
FRAME = {dst: frames.make(f'eth()/ip()/udp(dst={dst})/"{"x" * dst}"') for dst in range(1, 7)}


class Model:
    """A rule of table 0 for some UDP ports, one below all that are left, and one in table 1."""

    def __init__(self, s, seed):
        self.s, self.random = s, random.Random(seed)
        self.rules = {}  # (table, dst; None: any): [packets, bytes, where to]
        self.count = {}  # (what, number): [packets, bytes]
        self.lookups = {0: [0, 0], 1: [0, 0]}
        s.ok(
            group_mod(0, 0, 1, bucket(output(2)), bucket(output(3))),
            group_mod(0, 2, 2, bucket(output(4))),
            meter_mod(0, 1, band(1000000), flags=2 | 8),
        )
        self.before = self.read_fixed()
        self.add(0, None, "table")
        self.add(1, None, 2)

    def add(self, table, dst, to, reset=False):
        old = self.rules.get((table, dst))
        flags = 1 | (RESET_COUNTS if reset else 0)
        self.s.ok(
            flow_mod(
                *self.instructions(to), table=table, match=self.match(dst), priority=self.priority(dst), flags=flags
            )
        )
        self.rules[table, dst] = [0, 0, to] if reset or not old else [old[0], old[1], to]

    @staticmethod
    def match(dst):
        return fields(**UDP, udp_dst=dst) if dst else fields()

    @staticmethod
    def priority(dst):
        return 10 if dst else 1

    @staticmethod
    def instructions(to):
        return {
            "table": (goto(1),),
            "group1": (apply(group(1)),),
            "group2": (apply(group(2), output(2)),),
            "meter": (meter(1), apply(output(3))),
        }.get(to) or (apply(output(to)),)

    def add_to(self, what, number, size):
        c = self.count.setdefault((what, number), [0, 0])
        c[0] += 1
        c[1] += size

    # ---- what happens ----

    def receive(self, port, dst):
        size = len(FRAME[dst])
        self.add_to("rx", port, size)
        table, key = 0, (0, dst) if (0, dst) in self.rules else (0, None)
        while True:
            self.lookups[table][0] += 1
            rule = self.rules.get(key)
            if not rule:
                return
            self.lookups[table][1] += 1
            rule[0] += 1
            rule[1] += size
            if rule[2] != "table":
                break
            table, key = 1, (1, None)
        outs = {"group1": (2, 3), "group2": (4, 2), "meter": (3,)}.get(rule[2], (rule[2],))
        if rule[2] in ("group1", "group2"):
            self.add_to("group", int(rule[2][-1]), size)
        if rule[2] == "meter":
            self.add_to("meter", 1, size)
        for out in outs:
            if out != port:
                self.add_to("tx", out, size)

    def packets(self):
        port, dsts = self.random.choice((1, 4)), self.random.choices(list(FRAME), k=self.random.randint(1, 12))
        self.s.receive(port, *(FRAME[d] for d in dsts))
        for d in dsts:
            self.receive(port, d)

    def change(self):
        dst, to = self.random.choice(list(FRAME)), self.random.choice((2, 3, "table", "group1", "group2", "meter"))
        if (0, dst) in self.rules and self.random.random() < 0.4:
            self.s.ok(flow_mod(*self.instructions(to), match=self.match(dst), priority=10, command=MODIFY_STRICT))
            self.rules[0, dst][2] = to
        else:
            self.add(0, dst, to, reset=self.random.random() < 0.3)

    def delete(self):
        gone = [k for k in self.rules if k[1]]
        if gone:
            table, dst = self.random.choice(gone)
            m = self.s.only(flow_mod(command=DELETE_STRICT, table=table, match=self.match(dst), priority=10))
            packets, size, _ = self.rules.pop((table, dst))
            assert m.kind == FLOW_REMOVED and m.at("QQ", 32) == (packets, size), f"{m}, not {packets}, {size}"

    def purge(self):
        control("revalidator/purge")

    def wait(self):
        self.s.warp(self.random.choice((100, 1000, 12000)))

    # ---- what there is ----

    def read_fixed(self):
        """Of ports, groups and meters: what they have counted."""
        got = {}
        for e in self.s.parts(multipart(4, struct.pack("!I4x", ANY)), 112):
            n, rx, tx, rx_bytes, tx_bytes = struct.unpack("!I4x4Q", e[:40])
            got["rx", n], got["tx", n] = (rx, rx_bytes), (tx, tx_bytes)
        for e in self.s.parts(multipart(6, struct.pack("!I4x", 0xFFFFFFFC))):
            n, packets, size = struct.unpack("!I8xQQ", e[4:32])
            got["group", n] = packets, size
            assert all(
                b == (packets, size) for b in struct.iter_unpack("!QQ", e[40:])
            ), "a bucket differs from its group"
        e = self.s.only(multipart(9, struct.pack("!I4x", 1)))
        got["meter", 1] = e.at("QQ", 32)
        for e in self.s.parts(multipart(3), 24):
            if e[0] < 2:
                got["table", e[0]] = struct.unpack("!QQ", e[8:])
        return got

    def check(self):
        flows = {(f.table, f.priority, f.match): (f.packets, f.bytes) for f in self.s.flows()}
        want = {(t, self.priority(d), self.match(d)): tuple(r[:2]) for (t, d), r in self.rules.items()}
        assert flows == want, (flows, want)
        now = self.read_fixed()
        for key, (packets, size) in now.items():
            if key[0] == "table":
                assert (packets, size) == tuple(a + b for a, b in zip(self.before[key], self.lookups[key[1]])), key
            else:
                was = self.before[key]
                assert [packets - was[0], size - was[1]] == self.count.get(key, [0, 0]), key


for seed in range(1, 9):

    @must("5.8", f"Counters are exact over packets, changes, deletions, evictions, time: random history {seed}")
    def _(s, seed=seed):
        model = Model(s, seed)
        for _ in range(STEPS):
            step = model.random.choices(
                (model.packets, model.change, model.delete, model.purge, model.wait, model.check), (10, 4, 2, 1, 2, 1)
            )[0]
            step()
        model.check()
        got = {m.at("H", 16)[0]: 0 for m in s.answers(flow_mod(command=DELETE, table=255))}
        assert set(got) <= {1, 10}


# ---- rates and shares ----


def offered(s, frame, packets, ms, step=10):
    """Of so many packets, evenly over so many milliseconds, how many pass from p1 to p2?"""
    per_step = packets * step // ms
    at_once = 100000 // len(frame)  # What a control command may have.
    for _ in range(ms // step):
        for i in range(0, per_step, at_once):
            s.receive(1, *[frame] * min(at_once, per_step - i))
        s.warp(step)
    return len(s.sent(2)), per_step * (ms // step)


for what, flags, rate, burst, size, ms in (
    ("1,000 packets/s", 2, 1000, 20, 60, 4000),
    ("100,000 packets/s", 2, 100000, 2000, 60, 100),
    ("10 Mbit/s", 1, 10000, 200, 1000, 2000),
    ("1,000 Mbit/s", 1, 1000000, 20000, 1500, 50),
):

    @must("5.7.1", f"A drop band of {what} passes that, within 3 %, of twice as much")
    def _(s, flags=flags, rate=rate, burst=burst, size=size, ms=ms):
        s.ok(meter_mod(0, 1, band(rate, burst), flags=flags | 4 | 8), flow_mod(meter(1), apply(output(2))))
        frame = frames.make(f'eth()/ip()/udp()/"{"x" * (size - 42)}"')
        unit = 1 if flags == 2 else size * 8 / 1000
        got, of = offered(s, frame, int(2 * rate / unit * ms / 1000), ms)
        # The bucket is full at first, and filled between the first and the last of the packets.
        want = rate / unit * (ms - 10) / 1000 + burst / unit
        assert of >= 1.5 * want and abs(got - want) <= 0.03 * want, (got, of, want)
        e = s.only(multipart(9, struct.pack("!I4x", 1)))
        assert e.at("Q", 32) == (of,) and e.at("Q", 56) == (of - got,), (e.at("Q", 32), e.at("Q", 56))


WEIGHTS = (1, 1, 2)


def expect_fair_shares(s):
    """Group 1 shares 10,000 flows by WEIGHTS, within 5 %; each keeps its bucket when all that is cached is forgotten."""
    s.ok(flow_mod(apply(group(1))))
    flows = [
        frames.make(f'eth()/ip(src="10.{i >> 8}.{i & 255}.7")/udp(src={1024 + i * 7 % 60000})') for i in range(10000)
    ]

    def round_of():
        before = list(counts)
        for i in range(0, len(flows), 500):
            s.receive(1, *flows[i : i + 500])
        s.settle()
        (e,) = s.parts(multipart(6, struct.pack("!I4x", 1)))
        counts[:] = [c for c, _ in struct.iter_unpack("!QQ", e[40:])]
        return [b - a for a, b in zip(before, counts)]

    counts = [0, 0, 0]
    first = round_of()
    for got, weight in zip(first, WEIGHTS):
        want = len(flows) * weight / sum(WEIGHTS)
        assert abs(got - want) <= 0.05 * want, first
    control("revalidator/purge")
    assert round_of() == first


@must("5.6.1", "SELECT: 10,000 flows share the buckets by weight within 5 %, and each keeps its own")
def _(s):
    s.ok(group_mod(0, 1, 1, *(bucket(output(n), weight=w) for n, w in zip((2, 3, 4), WEIGHTS))))
    expect_fair_shares(s)


# Methods of the extension, with what they hash.
for method in "dp_hash", "hash,fields(ip_src,udp_src)":

    @must("5.6.1", f"SELECT by {method}: 10,000 flows share the buckets as by default")
    def _(s, method=method):
        buckets = ",".join(f"bucket=bucket_id:{n},weight:{w},output:{n}" for n, w in zip((2, 3, 4), WEIGHTS))
        sh(f"sluice-ofctl -O OpenFlow15 add-group br0 'group_id=1,type=select,selection_method={method},{buckets}'")
        expect_fair_shares(s)
