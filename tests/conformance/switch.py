"""switch - the switch under test as cases see it: a connection, ports p1 to p4 of the dummy datapath, a stopped clock.

What cases say of messages is bytes (harness/openflow.py), what they say of frames is text (harness/frames.py)."""
import os
import struct

import frames
from openflow import (
    ANY,
    BARRIER_REPLY,
    BARRIER_REQUEST,
    ERROR,
    GROUP_MOD,
    METER_MOD,
    MULTIPART_REPLY,
    PACKET_IN,
    connect,
    control,
    flow_mod,
    match,
    msg,
    multipart,
    output,
    oxm,
    pad8,
    port_mod,
    set_config,
)

MGMT = "br0.mgmt"
PORTS = (1, 2, 3, 4)
GROUP_ALL = 0xFFFFFFFC
DELETE = 3
GENERATION = [1]  # Of roles: the switch keeps it from case to case.

# Match fields of OpenFlow 1.3 in the order of their numbers (7.2.3.7), with their sizes.
FIELDS = """in_port:4 in_phy_port:4 metadata:8 eth_dst:6 eth_src:6 eth_type:2 vlan_vid:2 vlan_pcp:1 ip_dscp:1 ip_ecn:1 ip_proto:1
ipv4_src:4 ipv4_dst:4 tcp_src:2 tcp_dst:2 udp_src:2 udp_dst:2 sctp_src:2 sctp_dst:2 icmpv4_type:1 icmpv4_code:1 arp_op:2
arp_spa:4 arp_tpa:4 arp_sha:6 arp_tha:6 ipv6_src:16 ipv6_dst:16 ipv6_flabel:4 icmpv6_type:1 icmpv6_code:1 ipv6_nd_target:16
ipv6_nd_sll:6 ipv6_nd_tll:6 mpls_label:4 mpls_tc:1 mpls_bos:1 pbb_isid:3 tunnel_id:8 ipv6_exthdr:2""".split()
FIELDS = {word.split(":")[0]: (number, int(word.split(":")[1])) for number, word in enumerate(FIELDS)}


def to_wire(name, value):
    """A number, or an address as text, as the field's bytes."""
    size = FIELDS[name][1]
    if isinstance(value, int):
        return value.to_bytes(size, "big")
    return {4: frames.addr4, 6: frames.mac, 16: frames.addr6}[size](value)


def field(name, value, mask=None):
    return oxm(FIELDS[name][0], to_wire(name, value), b"" if mask is None else to_wire(name, mask))


def fields(**values):
    """A match; a value may be (value, mask).  Prerequisites are the caller's."""
    return match(*(field(name, *(v if isinstance(v, tuple) else (v,))) for name, v in values.items()))


IP, ARP, IP6, MPLS = ({"eth_type": t} for t in (0x800, 0x806, 0x86DD, 0x8847))
TCP, UDP, ICMP, SCTP = ({**IP, "ip_proto": p} for p in (6, 17, 1, 132))
UDP6, ICMP6 = ({**IP6, "ip_proto": p} for p in (17, 58))


# ---- actions and instructions ----


def act(kind, body=b""):
    return struct.pack("!HH", kind, 4 + len(body)) + body


def set_field(name, value):
    return act(25, pad8(b"\0" * 4 + field(name, value))[4:])


def group(number):
    return act(22, struct.pack("!I", number))


def set_queue(number):
    return act(21, struct.pack("!I", number))


def push(kind, ethertype):
    """push_vlan 17, push_mpls 19, push_pbb 26"""
    return act(kind, struct.pack("!H2x", ethertype))


POP_VLAN, POP_PBB = act(18, b"\0" * 4), act(27, b"\0" * 4)
DEC_TTL, DEC_MPLS_TTL = act(24, b"\0" * 4), act(16, b"\0" * 4)
COPY_TTL_OUT, COPY_TTL_IN = act(11, b"\0" * 4), act(12, b"\0" * 4)


def pop_mpls(ethertype):
    return act(20, struct.pack("!H2x", ethertype))


def set_ttl(ttl):
    return act(23, struct.pack("!B3x", ttl))


def set_mpls_ttl(ttl):
    return act(15, struct.pack("!B3x", ttl))


def instruction(kind, body=b""):
    return struct.pack("!HH", kind, 4 + len(body)) + body


def apply(*actions):
    return instruction(4, b"\0" * 4 + b"".join(actions))


def write(*actions):
    return instruction(3, b"\0" * 4 + b"".join(actions))


CLEAR = instruction(5, b"\0" * 4)


def goto(table):
    return instruction(1, struct.pack("!B3x", table))


def write_metadata(value, mask=2**64 - 1):
    return instruction(2, struct.pack("!4xQQ", value, mask))


def meter(number):
    return instruction(6, struct.pack("!I", number))


# ---- messages ----


def bucket(*actions, weight=0, port=ANY, group=ANY):
    body = b"".join(actions)
    return struct.pack("!HHII4x", 16 + len(body), weight, port, group) + body


def group_mod(command, kind, number, *buckets, xid=1):
    """command: 0 add, 1 modify, 2 delete; kind: 0 all, 1 select, 2 indirect, 3 fast failover"""
    return msg(GROUP_MOD, struct.pack("!HBxI", command, kind, number) + b"".join(buckets), xid=xid)


def band(rate, burst=0, kind=1, prec=0):
    return struct.pack("!HHII", kind, 16, rate, burst) + (struct.pack("!B3x", prec) if kind == 2 else b"\0" * 4)


def meter_mod(command, number, *bands, flags=2, xid=1):
    """command: 0 add, 1 modify, 2 delete; flags: 1 kbps, 2 pktps, 4 burst, 8 stats"""
    return msg(METER_MOD, struct.pack("!HHI", command, flags, number) + b"".join(bands), xid=xid)


def flow_request(kind=1, table=255, out_port=ANY, out_group=ANY, cookie=0, cookie_mask=0, match=match()):
    """kind: 1 flows, 2 aggregate"""
    return multipart(kind, struct.pack("!B3xII4xQQ", table, out_port, out_group, cookie, cookie_mask) + match)


def generation(step=1):
    GENERATION[0] += step
    return GENERATION[0]


class Flow:
    """An entry of a FLOW reply."""

    def __init__(self, b):
        (
            _,
            self.table,
            self.sec,
            self.nsec,
            self.priority,
            self.idle,
            self.hard,
            self.flags,
            self.cookie,
            self.packets,
            self.bytes,
        ) = struct.unpack("!HBxIIHHHH4xQQQ", b[:48])
        size = (struct.unpack("!H", b[50:52])[0] + 7) // 8 * 8
        self.match, self.instructions = b[48 : 48 + size], b[48 + size :]


class Switch:
    def __init__(self):
        self.seen = {n: 0 for n in PORTS}
        self.others = []
        self.c = connect(MGMT)
        self.reset()
        self.hw = {}
        for port in self.parts(multipart(13), 64):
            self.hw[struct.unpack("!I", port[:4])[0]] = port[8:14]

    # ---- messages ----

    def connect(self):
        """One more controller; it ends with the case."""
        self.others.append(connect(MGMT))
        return self.others[-1]

    def answers(self, *messages, c=None):
        """What comes up to the answer of a barrier that follows."""
        c = c or self.c
        c.send(*messages, msg(BARRIER_REQUEST, xid=0xBABA))
        got = []
        while True:
            m = c.recv()
            if m is None:
                raise EOFError("the switch closed the connection")
            if m.kind == BARRIER_REPLY and m.xid == 0xBABA:
                return got
            got.append(m)

    def only(self, *messages, c=None):
        got = self.answers(*messages, c=c)
        assert len(got) == 1, f"one answer expected: {[str(m) for m in got]}"
        return got[0]

    def ok(self, *messages, c=None):
        got = self.answers(*messages, c=c)
        assert not got, f"no answer expected: {[str(m) for m in got]}"

    def refuse(self, kind, code, message, c=None):
        """The error, with the right xid and data."""
        m = self.only(message, c=c)
        assert m.kind == ERROR, f"an error expected: {m}"
        assert m.at("HH", 8) == (kind, code), f"error {kind}/{code} expected: {m}"
        assert m.data[4:8] == message[4:8], "the error has another xid"
        assert m.data[12:] == message[: len(m.data) - 12] and len(m.data) - 12 >= min(
            64, len(message)
        ), "not the request's data"

    def parts(self, request, size=None):
        """The entries of a multipart reply: of a size, or by the length in their first two bytes."""
        entries = []
        more = True
        got = self.answers(request)
        for m in got:
            assert m.kind == MULTIPART_REPLY and more, str(m)
            more, ofs = m.at("H", 10)[0] & 1, 16
            while ofs < m.length:
                n = size or m.at("H", ofs)[0]
                entries.append(m.data[ofs : ofs + n])
                ofs += n
        assert got and not more, "the last part says that there is more"
        return entries

    def flow(self, *instructions, **kw):
        self.ok(flow_mod(*instructions, **kw))

    def flows(self, **kw):
        self.settle()
        return [Flow(b) for b in self.parts(flow_request(**kw))]

    # ---- packets and time ----

    def receive(self, port, *expressions):
        control(
            "netdev-dummy/receive",
            f"p{port}",
            *(frames.make(e).hex() if isinstance(e, str) else e.hex() for e in expressions),
        )

    def sent(self, port, with_eth=False):
        """What the port has sent since it was asked last."""
        every = list(frames.read_pcap(f"p{port}-tx.pcap")) if os.path.exists(f"p{port}-tx.pcap") else []
        new, self.seen[port] = every[self.seen[port] :], len(every)
        return [frames.describe(f, with_eth) for f in new]

    def sent_by_ports(self):
        return {n: len(texts) for n in PORTS if (texts := self.sent(n))}

    def passes(self, expression, port=1, out=2):
        """Does a frame that comes in by one port go out by another?"""
        self.receive(port, expression)
        return self.sent_by_ports() == {out: 1}

    def warp(self, ms):
        control("time/warp", str(ms))

    def settle(self):
        """Counters of cached flows have reached their rules."""
        control("revalidator/wait")

    # ---- from case to case ----

    def reset(self):
        for peer in self.others:
            peer.close()
        self.others = []
        self.c.close()
        self.c = connect(MGMT)
        self.answers(
            set_config(128), flow_mod(command=DELETE, table=255), group_mod(2, 0, GROUP_ALL), meter_mod(2, ANY)
        )
        for n in PORTS:
            if getattr(self, "hw", None):
                self.answers(port_mod(n, self.hw[n], 0, 0x65))
        for n in PORTS:
            self.sent(n)
