"""edits - random lists of actions over random frames: the switch against a naive model of its own.

  python3 -m edits SEED N     N cases, by way of sluice-ofctl and netdev-dummy/receive; br0 has dummy ports p1 and p2

A model frame is a tree of layers whose bytes are made anew, lengths and checksums included, after the actions; the switch
edits bytes in place and updates checksums.  Each case has flows of its own, found by its number in reg0.  Whatever the
model does not know to be there, as the switch's checks see it, is matched in a further table: so every step is parsed,
translated and looked up as well.  A difference is printed with its case, and ends the program with status 1."""
import copy
import random
import subprocess
import sys

from frames import crc32c, csum, read_pcap

IP4, IP6, ARP, MPLS, MPLS_MC, PBB = 0x0800, 0x86DD, 0x0806, 0x8847, 0x8848, 0x88E7
TCP, UDP, ICMP, ICMP6, SCTP = 6, 17, 1, 58, 132
BRIDGE = "br0"


def be(n, value):
    return value.to_bytes(n, "big")


# ---- layers ----

class Frame:
    """Addresses, tags (outermost first) and what follows: something with .type and .bytes()."""

    def __init__(self, dst, src, tags, body):
        self.dst, self.src, self.tags, self.body = dst, src, tags, body

    def bytes(self):
        tags = b"".join(be(2, tpid) + be(2, tci) for tpid, tci in self.tags)
        return self.dst + self.src + tags + be(2, self.body.type) + self.body.bytes()


class Raw:
    def __init__(self, type, data):
        self.type, self.data = type, data

    def bytes(self):
        return self.data


class Labels:
    """A stack of one or more; what is below it says its type nowhere."""

    def __init__(self, type, stack, body):
        self.type, self.stack, self.body = type, stack, body  # [label, tc, ttl], outermost first

    def bytes(self):
        last = len(self.stack) - 1
        return b"".join(be(4, label << 12 | tc << 9 | (i == last) << 8 | ttl)
                        for i, (label, tc, ttl) in enumerate(self.stack)) + self.body.bytes()


class Backbone:
    type = PBB

    def __init__(self, pcp, uca, isid, frame):
        self.pcp, self.uca, self.isid, self.frame = pcp, uca, isid, frame

    def bytes(self):
        return be(4, self.pcp << 29 | self.uca << 27 | self.isid) + self.frame.bytes()


class Arp:
    type = ARP

    def __init__(self, op, sha, spa, tha, tpa):
        self.op, self.sha, self.spa, self.tha, self.tpa = op, sha, spa, tha, tpa

    def bytes(self):
        return bytes.fromhex("0001080006 04".replace(" ", "")) + be(2, self.op) + self.sha + self.spa + self.tha + self.tpa


class Ip:
    """Either version.  'more': IPv4 options, or IPv6 extension headers as (type, bytes behind the next header's type)."""

    def __init__(self, type, src, dst, tos, ttl, label, frag, more, proto, l4):
        self.type, self.src, self.dst, self.tos, self.ttl, self.label = type, src, dst, tos, ttl, label
        self.frag, self.more, self.proto, self.l4 = frag, more, proto, l4  # frag: of the IPv4 header; l4: struct or bytes

    def pseudo(self, n):
        return self.src + self.dst + be(4, self.proto) + be(4, n)  # Sums do not mind the order.

    def bytes(self):
        payload = self.l4 if isinstance(self.l4, bytes) else self.l4.bytes(self)
        if self.type == IP4:
            n = 20 + len(self.more)
            h = (be(1, 0x40 + n // 4) + be(1, self.tos) + be(2, n + len(payload)) + be(2, 7) + be(2, self.frag) +
                 be(1, self.ttl) + be(1, self.proto))
            rest = self.src + self.dst + self.more
            return h + be(2, csum(h + b"\0\0" + rest)) + rest + payload
        kinds = [kind for kind, _ in self.more] + [self.proto]
        chain = b"".join(be(1, kinds[i + 1]) + data for i, (_, data) in enumerate(self.more))
        return (be(4, 6 << 28 | self.tos << 20 | self.label) + be(2, len(chain + payload)) + be(1, kinds[0]) +
                be(1, self.ttl) + self.src + self.dst + chain + payload)


class Ports:
    def __init__(self, src, dst, rest):
        self.src, self.dst, self.rest = src, dst, rest

    def bytes(self, ip):
        ends = be(2, self.src) + be(2, self.dst)
        if ip.proto == SCTP:
            return ends + b"tagg" + crc32c(ends + b"tagg" + b"\0" * 4 + self.rest) + self.rest
        if ip.proto == UDP:
            n = 8 + len(self.rest)
            return ends + be(2, n) + be(2, csum(ip.pseudo(n) + ends + be(2, n) + self.rest) or 0xFFFF) + self.rest
        h = ends + be(4, 1) + be(4, 2) + b"\x50\x10\x20\x00"
        return h + be(2, csum(ip.pseudo(20 + len(self.rest)) + h + self.rest)) + b"\0\0" + self.rest


class Icmp:
    def __init__(self, type, code, rest):
        self.type, self.code, self.rest = type, code, rest  # rest: list of byte strings, joined

    def bytes(self, ip):
        rest = b"".join(self.rest)
        h = be(1, self.type) + be(1, self.code)
        pseudo = ip.pseudo(4 + len(rest)) if ip.proto == ICMP6 else b""
        return h + be(2, csum(pseudo + h + rest)) + rest


# ---- random frames ----

class Gen:
    def __init__(self, rng):
        self.rng = rng

    def data(self, low, high):
        return self.rng.randbytes(self.rng.randint(low, high))

    def mac(self):
        return b"\x02" + self.rng.randbytes(5)

    def l4(self, proto):
        r = self.rng
        if proto == ICMP:
            return Icmp(r.choice([0, 8]), r.randrange(4), [self.data(4, 40)])
        if proto == ICMP6:
            kind = r.choice([128, 129, 135, 136])
            if kind < 135:
                return Icmp(kind, 0, [self.data(4, 40)])
            return Icmp(kind, 0, [b"\0\0\0\0", r.randbytes(16), be(1, kind - 134) + b"\1" + self.mac()])
        if proto in (TCP, UDP, SCTP):
            return Ports(r.randrange(65536), r.randrange(65536), self.data(0, 40))
        return self.data(0, 40)

    def ip(self):
        r, type = self.rng, self.rng.choice([IP4, IP6])
        proto = r.choice([TCP, UDP, SCTP, ICMP if type == IP4 else ICMP6, 99])
        more, frag, l4 = b"", 0, self.l4(proto)
        if type == IP4 and r.random() < 0.2:
            more = b"\1" * 4 * r.randint(1, 10)
        if type == IP6:
            more = [(kind, b"\0" + b"\1\4" + b"\0" * 4) for kind in (0, 60) if r.random() < 0.2]
        if type == IP4 and r.random() < 0.1:
            frag, l4 = 0x0010, self.data(8, 40)
        n = 4 if type == IP4 else 16
        return Ip(type, r.randbytes(n), b"\x20" + r.randbytes(n - 1), r.randrange(256), r.choice([1, 2, 64, 255]),
                  r.randrange(1 << 20), frag, more, proto, l4)

    def body(self):
        r, kind = self.rng, self.rng.random()
        if kind < 0.6:
            return self.ip()
        if kind < 0.7:
            return Arp(r.choice([1, 2]), self.mac(), r.randbytes(4), self.mac(), r.randbytes(4))
        if kind < 0.85:
            stack = [[r.randrange(16, 1 << 20), r.randrange(8), r.choice([1, 2, 64, 200])] for _ in range(r.randint(1, 3))]
            return Labels(r.choice([MPLS, MPLS, MPLS_MC]), stack, r.choice([self.ip(), Raw(0, self.data(0, 30))]))
        if kind < 0.92:
            return Backbone(r.randrange(8), r.randrange(2), r.randrange(1 << 24), self.frame(self.mac()))
        return Raw(0x88CC, self.data(0, 30))

    def frame(self, src):
        r = self.rng
        tags = [(r.choice([0x8100, 0x88A8]), r.randrange(4096) | r.randrange(8) << 13)
                for _ in range(r.choice([0, 0, 0, 1, 2, 3]))]
        return Frame(self.mac(), src, tags, self.body())


# ---- actions: each gives its text, and changes the frame; None: the packet is dropped here ----

class Drop(Exception):
    pass


def text_mac(b):
    return ":".join(f"{x:02x}" for x in b)


class Steps:
    """The actions that the model has, each with what the switch must know of the packet to accept it."""

    def __init__(self, gen):
        self.gen, self.rng = gen, gen.rng

    def visible(self, f):
        """What a key shows behind the tags: two at most, the third's TPID being the EtherType."""
        return f.body if len(f.tags) <= 2 else Raw(f.tags[2][0], b"")

    def choose(self, f):
        """(text, what must be matched, what is known afterwards or None, function)"""
        return self.rng.choice(self.all(f))

    def all(self, f):
        r, b = self.rng, self.visible(f)
        options = [self.eth_dst(), self.push_vlan()]
        if f.tags:
            options += [self.vlan(), self.pop_vlan(), self.pop_vlan()]
        n_labels = len(b.stack) if isinstance(b, Labels) else 0
        if n_labels < 3 and len(f.tags) <= 2:
            options += [self.push_mpls(b)]
        if n_labels:
            options += [self.pop_mpls(b), self.label(b), self.dec_mpls_ttl(b), self.copy_ttl(b)]
        options += [self.push_pbb()]
        if isinstance(b, Backbone):
            options += [self.pbb()] * 2 + ([self.pop_pbb()] * 3 if not f.tags else [])
        if isinstance(b, Ip):
            options += [self.ip(b), self.ip(b), self.dec_ttl(b)]
            if not isinstance(b.l4, bytes):
                options += [self.l4(b)] * 3
        if isinstance(b, Arp):
            options += [self.arp()] * 2
        return options

    def eth_dst(self):
        m = self.gen.mac()

        def run(f):
            f.dst = m
        return f"set_field:{text_mac(m)}->eth_dst", [], None, run

    def push_vlan(self):
        tpid = self.rng.choice([0x8100, 0x88A8])

        def run(f):
            f.tags.insert(0, (tpid, f.tags[0][1] & 0xEFFF if f.tags else 0))
        return f"push_vlan:{tpid:#x}", [], None, run

    def pop_vlan(self):
        def run(f):
            f.tags.pop(0)
        return "pop_vlan", ["vlan_tci=0x1000/0x1000"], [], run

    def vlan(self):
        vid, pcp = self.rng.randrange(4096), self.rng.randrange(8)

        def set_vid(f):
            f.tags[0] = f.tags[0][0], f.tags[0][1] & 0xF000 | vid

        def set_pcp(f):
            f.tags[0] = f.tags[0][0], f.tags[0][1] & 0x1FFF | pcp << 13
        need = ["vlan_tci=0x1000/0x1000"]
        return self.rng.choice([(f"set_field:{vid | 0x1000}->vlan_vid", need, None, set_vid),
                                (f"set_field:{pcp}->vlan_pcp", need, None, set_pcp)])

    def push_mpls(self, b):
        type = self.rng.choice([MPLS, MPLS_MC])
        if isinstance(b, Labels):
            new = list(b.stack[0])
        elif isinstance(b, Ip):
            new = [2 if b.type == IP6 else 0, 0, b.ttl or 64]
        else:
            new = [0, 0, 64]

        def run(f):
            if isinstance(f.body, Labels):
                f.body.stack.insert(0, new)
                f.body.type = type
            else:
                f.body = Labels(type, [new], f.body)
        return f"push_mpls:{type:#06x}", [], [f"dl_type={type:#x}"], run

    def pop_mpls(self, b):
        bottom = len(b.stack) == 1
        type = (b.body.type or 0x88CC) if bottom else self.rng.choice([MPLS, MPLS_MC])

        def run(f):
            f.body.stack.pop(0)
            f.body.type = type
            if bottom:
                f.body = f.body.body
                f.body.type = type
        return f"pop_mpls:{type:#06x}", [f"dl_type={b.type:#x}"], [f"dl_type={type:#x}"], run

    def label(self, b):
        label, tc, ttl = self.rng.randrange(1 << 20), self.rng.randrange(8), self.rng.randrange(256)
        i, text = self.rng.choice([(0, f"set_field:{label}->mpls_label"), (1, f"set_field:{tc}->mpls_tc"),
                                   (2, f"set_mpls_ttl({ttl})")])

        def run(f):
            f.body.stack[0][i] = (label, tc, ttl)[i]
        return text, [f"dl_type={b.type:#x}"], None, run

    def dec_mpls_ttl(self, b):
        def run(f):
            if f.body.stack[0][2] <= 1:
                raise Drop
            f.body.stack[0][2] -= 1
        return "dec_mpls_ttl", [f"dl_type={b.type:#x}"], None, run

    def copy_ttl(self, b):
        inwards = self.rng.random() < 0.5

        def run(f):
            stack, below = f.body.stack, f.body.body
            if len(stack) > 1:
                values = (stack[0][2], stack[1][2])
                stack[1 if inwards else 0][2] = values[0 if inwards else 1]
            elif isinstance(below, Ip) and inwards:
                below.ttl = stack[0][2]
            elif isinstance(below, Ip):
                stack[0][2] = below.ttl
        # What is below a label is told by its first bits: not from random ones.
        if len(b.stack) == 1 and not isinstance(b.body, Ip):
            return self.label(b)
        return f"copy_ttl_{'in' if inwards else 'out'}", [f"dl_type={b.type:#x}"], None, run

    def push_pbb(self):
        def run(f):
            inner = Frame(f.dst, f.src, f.tags, f.body)
            visible = self.visible(f)
            isid = visible.isid if isinstance(visible, Backbone) else 0
            f.body = Backbone(f.tags[0][1] >> 13 if f.tags else 0, 0, isid, inner)
            f.tags = []
        return "push_pbb:0x88e7", [], [f"dl_type={PBB:#x}"], run

    def pop_pbb(self):
        def run(f):
            inner = f.body.frame
            f.dst, f.src, f.tags, f.body = inner.dst, inner.src, inner.tags, inner.body
        return "pop_pbb", [f"dl_type={PBB:#x}"], [], run

    def pbb(self):
        isid, uca = self.rng.randrange(1 << 24), self.rng.randrange(2)

        def set_isid(f):
            f.body.isid = isid

        def set_uca(f):
            f.body.uca = uca
        need = [f"dl_type={PBB:#x}"]
        return self.rng.choice([(f"set_field:{isid}->pbb_isid", need, None, set_isid),
                                (f"set_field:{uca}->pbb_uca", need, None, set_uca)])

    def ip(self, b):
        r = self.rng
        a4, a6 = r.randbytes(4), b"\xfc" + r.randbytes(15)
        a = a4 if b.type == IP4 else a6
        text = ".".join(str(x) for x in a) if b.type == IP4 else ":".join(a[i:i + 2].hex() for i in range(0, 16, 2))
        name = "ip" if b.type == IP4 else "ipv6"
        tos, ttl, label = r.randrange(64), r.randrange(256), r.randrange(1 << 20)
        ecn = r.randrange(4)

        def attr(key, value):
            return lambda f: setattr(f.body, key, value)
        options = [(f"set_field:{text}->{name}_src", attr("src", a)), (f"set_field:{text}->{name}_dst", attr("dst", a)),
                   (f"mod_nw_ttl:{ttl}", attr("ttl", ttl)),
                   (f"set_field:{tos}->ip_dscp", lambda f: setattr(f.body, "tos", f.body.tos & 3 | tos << 2)),
                   (f"set_field:{ecn}->nw_ecn", lambda f: setattr(f.body, "tos", f.body.tos & ~3 | ecn))]
        if b.type == IP6:
            options += [(f"set_field:{label:#x}->ipv6_label", attr("label", label))]
        text, run = r.choice(options)
        return text, [f"dl_type={b.type:#x}"], None, run

    def dec_ttl(self, b):
        def run(f):
            if f.body.ttl <= 1:
                raise Drop
            f.body.ttl -= 1
        return "dec_ttl", [f"dl_type={b.type:#x}"], None, run

    def l4(self, b):
        r, need = self.rng, [f"dl_type={b.type:#x}", f"nw_proto={b.proto}"]
        if isinstance(b.l4, Ports):
            port, end = r.randrange(65536), r.choice(["src", "dst"])
            name = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}[b.proto]
            return f"set_field:{port}->{name}_{end}", need, None, lambda f: setattr(f.body.l4, end, port)
        if b.proto == ICMP6 and b.l4.type >= 135:
            need += [f"icmp_type={b.l4.type}", "icmp_code=0"]
            target, ll = b"\xfc" + r.randbytes(15), self.gen.mac()
            if r.random() < 0.5:
                def run(f):
                    f.body.l4.rest[1] = target
                return f"set_field:{':'.join(target[i:i + 2].hex() for i in range(0, 16, 2))}->nd_target", need, None, run

            def run(f):
                f.body.l4.rest[2] = f.body.l4.rest[2][:2] + ll
            return f"set_field:{text_mac(ll)}->nd_{'sll' if b.l4.type == 135 else 'tll'}", need, None, run
        kind, code = r.choice([3, 4]), r.randrange(256)
        v = "v6" if b.proto == ICMP6 else ""
        return r.choice([(f"set_field:{kind}->icmp{v}_type", need, None, lambda f: setattr(f.body.l4, "type", kind)),
                         (f"set_field:{code}->icmp{v}_code", need, None, lambda f: setattr(f.body.l4, "code", code))])

    def arp(self):
        a, m, op = self.rng.randbytes(4), self.gen.mac(), self.rng.randrange(1, 9)
        text = ".".join(str(x) for x in a)
        key, value, action = self.rng.choice([("spa", a, f"set_field:{text}->arp_spa"), ("tpa", a, f"set_field:{text}->arp_tpa"),
                                              ("sha", m, f"set_field:{text_mac(m)}->arp_sha"),
                                              ("tha", m, f"set_field:{text_mac(m)}->arp_tha"),
                                              ("op", op, f"set_field:{op}->arp_op")])
        return action, ["arp"], None, lambda f: setattr(f.body, key, value)


# ---- cases ----

class Case:
    def __init__(self, number, rng):
        gen = Gen(rng)
        steps = Steps(gen)
        src = b"\x06\0" + be(4, number)
        frame = gen.frame(src)
        self.number, self.sent, self.flows, self.groups, self.wanted = number, frame.bytes(), [], [], []
        self.rng = rng
        self.flows.append(f"table=0,dl_src={text_mac(src)},actions=set_field:{number}->reg0,resubmit(,1)")
        table, known, actions = 1, [], []
        try:
            for _ in range(rng.randint(1, 6)):
                text, need, then, run = steps.choose(frame)
                if not set(need) <= set(known) or rng.random() < 0.2:
                    if actions:
                        self.close(table, known, actions)
                        table, actions = table + 1, []
                    known = need
                    matched = need
                if not actions:
                    self.matched = known
                if rng.random() < 0.3:
                    actions.append(self.copy(text))
                    self.clone(frame, run)
                    continue
                actions.append(text)
                run(frame)
                known = known if then is None else then
            self.wanted.append(frame.bytes())
        except Drop:
            pass
        actions.append("output:2")
        self.flows.append(self.flow(table, actions))

    def copy(self, text):
        """What is done to a copy: in a clone, or as the action set of a bucket."""
        if "," in text or self.rng.random() < 0.6:
            return f"clone({text},output:2)"
        number = 8 * self.number + len(self.groups)
        self.groups.append(f"group_id={number},type=all,bucket=actions={text},output:2")
        return f"group:{number}"

    def clone(self, frame, run):
        frame = copy.deepcopy(frame)
        try:
            run(frame)
            self.wanted.append(frame.bytes())
        except Drop:
            pass

    def flow(self, table, actions):
        return ",".join([f"table={table}", f"reg0={self.number}", *self.matched]) + ",actions=" + ",".join(actions)

    def close(self, table, known, actions):
        self.flows.append(self.flow(table, actions + [f"resubmit(,{table + 1})"]))


def run(*command, **kw):
    done = subprocess.run(command, capture_output=True, text=True, **kw)
    if done.returncode:
        sys.exit(f"{' '.join(command)[:200]}: {done.stderr}")
    return done.stdout


def main():
    seed, n = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    cases = [Case(i + 1, rng) for i in range(n)]
    run("sluice-ofctl", "-O", "OpenFlow13", "add-groups", BRIDGE, "-", input="\n".join(g for c in cases for g in c.groups))
    run("sluice-ofctl", "-O", "OpenFlow15", "add-flows", BRIDGE, "-", input="\n".join(f for c in cases for f in c.flows))
    for i in range(0, n, 50):
        run("sluice-appctl", "netdev-dummy/receive", "p1", *[c.sent.hex() for c in cases[i:i + 50]])
    got, bad = list(read_pcap("p2-tx.pcap")), 0
    for c in cases:
        frames, got = got[:len(c.wanted)], got[len(c.wanted):]
        if sorted(frames) != sorted(c.wanted):  # What is parsed again leaves later.
            print(f"seed {seed}, case {c.number}:", *c.groups, *c.flows, f"sent   {c.sent.hex()}",
                  *[f"wanted {frame.hex()}" for frame in c.wanted], *[f"got    {frame.hex()}" for frame in frames], sep="\n")
            bad += 1
            break
    print(f"{n} cases: {'differ' if bad or got else 'as the model says'}")
    sys.exit(1 if bad or got else 0)


if __name__ == "__main__":
    main()
