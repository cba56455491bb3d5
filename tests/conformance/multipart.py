"""multipart - sections 7.3.5 and 7.3.6: multipart messages, queue configuration."""
import struct

import frames
from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import ERROR, FEATURES_REQUEST, QUEUE_GET_CONFIG_REPLY, QUEUE_GET_CONFIG_REQUEST, msg, role

UDP_FRAME = 'eth()/ip()/udp()/"data"'


# ---- 7.3.5: multipart ----


@must("7.3.5", "Types that are not known: OFPBRC_BAD_MULTIPART, experimenters' OFPBRC_BAD_EXPERIMENTER")
def _(s):
    s.refuse(1, 2, multipart(99))
    s.refuse(1, 3, multipart(0xFFFF, struct.pack("!II", 0x123456, 1)))


@must(
    "7.3.5",
    "A reply may have several parts: all but the last say MORE, all have the request's number; an empty one has one part",
)
def _(s):
    s.ok(*(flow_mod(match=fields(in_port=n)) for n in range(1, 1501)))
    got = s.answers(flow_request())
    assert (
        len(got) > 1
        and [m.at("H", 10)[0] & 1 for m in got] == [1] * (len(got) - 1) + [0]
        and {m.xid for m in got} == {1}
    )
    assert not s.parts(flow_request(table=9))


@must(
    "7.3.5",
    "A request in parts is answered once they are all there, or its buffer overflows (OFPBRC_MULTIPART_BUFFER_OVERFLOW)",
)
def _(s):
    s.refuse(1, 13, multipart(0, flags=1))


@must("7.3.5.1", "DESC: five strings of their sizes, ended by zeros")
def _(s):
    m = s.only(multipart(0))
    assert m.length == 16 + 1056 and all(
        m.data[o] and m.data[o + n - 1] == 0 for o, n in ((16, 256), (272, 256), (528, 256), (784, 32), (816, 256))
    )


@must("7.3.5.2", "FLOW: table, match, cookie, out_port and out_group select")
def _(s):
    s.ok(
        group_mod(0, 0, 5, bucket(output(2))),
        flow_mod(apply(output(2)), priority=1),
        flow_mod(apply(group(5)), priority=2, match=fields(**IP)),
        flow_mod(priority=3, table=1, cookie=7, match=fields(**UDP)),
    )

    def got(**kw):
        return sorted(f.priority for f in s.flows(**kw))

    assert (
        got(),
        got(table=1),
        got(match=fields(**IP)),
        got(cookie=7, cookie_mask=0xFF),
        got(out_port=2),
        got(out_group=5),
    ) == ([1, 2, 3], [3], [2, 3], [3], [1], [2])


@must("7.3.5.3", "AGGREGATE: the sum of what the same request selects")
def _(s):
    s.ok(flow_mod(apply(output(2)), match=fields(**UDP)), flow_mod(apply(output(2)), match=fields(**TCP)))
    s.receive(1, UDP_FRAME, "eth()/ip()/tcp()", UDP_FRAME)
    s.settle()
    size = 2 * len(frames.make(UDP_FRAME)) + len(frames.make("eth()/ip()/tcp()"))
    assert s.only(flow_request(kind=2)).at("QQI", 16) == (3, size, 2)
    assert s.only(flow_request(kind=2, match=fields(**TCP))).at("QQI", 16)[0] == 1


@must("7.3.5.4", "TABLE: every table once")
def _(s):
    n = s.only(msg(FEATURES_REQUEST)).at("B", 20)[0]
    assert [e[0] for e in s.parts(multipart(3), 24)] == list(range(n))


@must("7.3.5.5", "TABLE_FEATURES: every table, with all the properties that must be there")
def _(s):
    n = s.only(msg(FEATURES_REQUEST)).at("B", 20)[0]
    entries = s.parts(multipart(12))
    assert [e[2] for e in entries] == list(range(n))
    for e in entries:
        kinds, ofs = set(), 64
        while ofs < len(e):
            kind, size = struct.unpack_from("!HH", e, ofs)
            kinds.add(kind)
            ofs += (size + 7) // 8 * 8
        assert ofs == len(e) and kinds >= {0, 2, 4, 6, 8, 10, 12, 14}, kinds


def in_parts(entries, size=60000):
    """A TABLE_FEATURES request of several messages."""
    parts, body = [], b""
    for e in entries:
        if len(body) + len(e) > size:
            parts.append(body)
            body = b""
        body += e
    parts.append(body)
    return [multipart(12, p, flags=int(n + 1 < len(parts)), xid=9) for n, p in enumerate(parts)]


def named(entry, name):
    return entry[:8] + name.ljust(32, b"\0") + entry[40:]


@must("7.3.5.5", "TABLE_FEATURES with a body, in several parts: what is asked for is what the reply says, and the next")
def _(s):
    before = s.parts(multipart(12))
    after = [named(e, b"t%d" % e[2]) for e in before]
    try:
        got = s.answers(*in_parts(after))
        assert {m.xid for m in got} == {9} and b"".join(m.data[16:] for m in got) == b"".join(after)
        assert s.parts(multipart(12)) == after
    finally:
        s.answers(*in_parts(before))
    assert s.parts(multipart(12)) == before


@must("7.3.5.5", "TABLE_FEATURES with a body that cannot be: OFPET_TABLE_FEATURES_FAILED, and nothing has changed")
def _(s):
    before = s.parts(multipart(12))

    def refused(code, *entries):
        got = s.answers(*in_parts(entries))
        assert [m.at("HH", 8) for m in got] == [(13, code)], [str(m) for m in got]
        assert s.parts(multipart(12)) == before

    first, last = named(before[0], b"other"), before[-1]
    refused(0, first, *before[1:-1], last[:2] + b"\xfe" + last[3:])  # A table that is not there.
    refused(1, first, *before[1:-1], last[:40] + b"\0" * 16 + last[56:])  # Metadata.
    refused(3, b"\0\x3c" + first[2:], *before[1:])
    refused(4, first, *before[1:-1], last[:60] + b"\0\0\0\7" + last[64:])  # max_entries
    refused(5, first, *before[1:-1])  # A table less.


@must("6.3.5", "SLAVE: may not change TABLE_FEATURES, but read them")
def _(s):
    before = s.parts(multipart(12))
    s.only(role(3, generation()))
    s.refuse(1, 10, multipart(12, before[0]))
    assert s.parts(multipart(12)) == before


@must("7.3.5", "A request of parts without end: OFPBRC_MULTIPART_BUFFER_OVERFLOW, and the switch goes on")
def _(s):
    entry = s.parts(multipart(12))[0]
    part = multipart(12, entry * (60000 // len(entry)), flags=1)
    got = s.answers(*[part] * 40)
    assert got and {m.at("HH", 8) for m in got} == {(1, 13)}, [str(m) for m in got]


@must(
    "7.3.5.6", "PORT: all of them or one; what is not counted is all ones; a port that is not there is an error or none"
)
def _(s):
    every = {struct.unpack("!I", e[:4])[0] for e in s.parts(multipart(4, struct.pack("!I4x", ANY)), 112)}
    assert every >= {1, 2, 3, 4}
    assert len(s.parts(multipart(4, struct.pack("!I4x", 2)), 112)) == 1
    m = s.only(multipart(4, struct.pack("!I4x", 99)))
    assert m.kind == ERROR and m.at("HH", 8) == (1, 11) or m.length == 16


@must("7.3.6", "QUEUE_GET_CONFIG: a port's queues; a port that is not there is refused (OFPQOFC_BAD_PORT)")
def _(s):
    m = s.only(msg(QUEUE_GET_CONFIG_REQUEST, struct.pack("!I4x", 1)))
    assert m.kind == QUEUE_GET_CONFIG_REPLY and m.at("I", 8) == (1,)
    s.refuse(9, 0, msg(QUEUE_GET_CONFIG_REQUEST, struct.pack("!I4x", 99)))
