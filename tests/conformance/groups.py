"""groups - sections 5.6, 5.7, 6.5, 6.6 and 7.3.4.2, 7.3.4.4: the group table and the meter table."""
import struct

from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import CONTROLLER

UDP_FRAME = 'eth()/ip()/udp()/"data"'
TEXT = "ip 10.0.0.1>10.0.0.2 / udp 1>2 / data data"
ADD, MODIFY, REMOVE = 0, 1, 2
ALL, SELECT, INDIRECT, FF = 0, 1, 2, 3


def stats(s, number):
    s.settle()
    return s.parts(multipart(6, struct.pack("!I4x", number)))


def description(s):
    return s.parts(multipart(7))


# ---- 5.6: group types ----


@must("5.6.1", "ALL: each bucket gets a copy of the packet")
def _(s):
    s.ok(
        group_mod(
            ADD, ALL, 1, bucket(set_field("ipv4_dst", "10.9.9.9"), output(2)), bucket(output(3)), bucket(output(4))
        ),
        flow_mod(apply(group(1)), match=fields(**IP)),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent(2) == [TEXT.replace("10.0.0.2", "10.9.9.9")] and s.sent(3) == s.sent(4) == [TEXT]


@must("5.6.1", "ALL: a bucket that outputs to the ingress port sends nothing, unless it says IN_PORT")
def _(s):
    s.ok(group_mod(ADD, ALL, 1, bucket(output(1)), bucket(output(2))), flow_mod(apply(group(1))))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1}
    s.ok(group_mod(MODIFY, ALL, 1, bucket(output(0xFFFFFFF8)), bucket(output(2))))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {1: 1, 2: 1}


@must("5.6.1", "SELECT: one bucket, the same for the packets of a flow")
def _(s):
    s.ok(group_mod(ADD, SELECT, 1, *(bucket(output(n), weight=1) for n in (2, 3, 4))), flow_mod(apply(group(1))))
    s.receive(1, *[UDP_FRAME] * 9)
    assert list(s.sent_by_ports().values()) == [9]


@must("5.6.1", "SELECT: buckets of weight 0 are not chosen, the others by their weights")
def _(s):
    s.ok(
        group_mod(
            ADD, SELECT, 1, bucket(output(2), weight=3), bucket(output(3), weight=1), bucket(output(4), weight=0)
        ),
        flow_mod(apply(group(1))),
    )
    for n in range(4):
        s.receive(1, *(f"eth()/ip()/udp(src={1000 * n + i},dst=9)" for i in range(100)))
    got = s.sent_by_ports()
    assert 4 not in got and got[2] + got[3] == 400 and 240 <= got[2] <= 360, got


@must("5.6.1", "SELECT: buckets whose port is down are not chosen")
def _(s):
    s.ok(
        group_mod(ADD, SELECT, 1, bucket(output(2), weight=1, port=2), bucket(output(3), weight=1, port=3)),
        flow_mod(apply(group(1))),
    )
    s.answers(port_mod(2, s.hw[2], 1, 1))
    s.receive(1, *(f"eth()/ip()/udp(src={i})" for i in range(1, 30)))
    assert s.sent_by_ports() == {3: 29}


@must("5.6.1", "INDIRECT: its one bucket")
def _(s):
    s.ok(group_mod(ADD, INDIRECT, 1, bucket(output(2))), flow_mod(apply(group(1))))
    assert s.passes(UDP_FRAME)
    s.refuse(6, 1, group_mod(ADD, INDIRECT, 2, bucket(output(2)), bucket(output(3))))
    s.refuse(6, 1, group_mod(ADD, INDIRECT, 2))


@must(
    "5.6.1",
    "FAST FAILOVER: the first live bucket, another when its port goes down, the first again when it is up; none live: dropped",
)
def _(s):
    s.ok(group_mod(ADD, FF, 1, bucket(output(2), port=2), bucket(output(3), port=3)), flow_mod(apply(group(1))))
    for down, up, want in (None, None, {2: 1}), (2, None, {3: 1}), (3, None, {}), (None, 2, {2: 1}):
        if down:
            s.answers(port_mod(down, s.hw[down], 1, 1))
        if up:
            s.answers(port_mod(up, s.hw[up], 0, 1))
        s.receive(1, UDP_FRAME)
        assert s.sent_by_ports() == want, (down, up)


@must("5.6.1", "FAST FAILOVER: a watched group is live while one of its buckets is")
def _(s):
    s.ok(
        group_mod(ADD, FF, 2, bucket(output(2), port=2)),
        group_mod(ADD, FF, 1, bucket(group(2), group=2), bucket(output(3), port=3)),
        flow_mod(apply(group(1))),
    )
    assert s.passes(UDP_FRAME)
    s.answers(port_mod(2, s.hw[2], 1, 1))
    assert s.passes(UDP_FRAME, out=3)


@must("5.6", "A group without buckets drops; what its buckets do does not change the packet behind it")
def _(s):
    s.ok(
        group_mod(ADD, ALL, 1),
        group_mod(ADD, ALL, 2, bucket(set_ttl(9), output(3))),
        flow_mod(apply(group(1), group(2), output(2)), match=fields(**IP)),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent(2) == [TEXT] and len(s.sent(3)) == 1


@must("5.6", "Groups chain where features say so")
def _(s):
    s.ok(
        group_mod(ADD, ALL, 2, bucket(output(2)), bucket(output(3))),
        group_mod(ADD, ALL, 1, bucket(group(2)), bucket(output(4))),
        flow_mod(apply(group(1))),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1, 3: 1, 4: 1}


# ---- 6.5, 7.3.4.2: modification ----


@must("6.5", "ADD of a number that is there: OFPGMFC_GROUP_EXISTS, and the old one stays")
def _(s):
    s.ok(group_mod(ADD, ALL, 1, bucket(output(2))))
    before = description(s)
    s.refuse(6, 0, group_mod(ADD, ALL, 1, bucket(output(3))))
    assert description(s) == before


@must("6.5", "MODIFY of a number that is not there: OFPGMFC_UNKNOWN_GROUP")
def _(s):
    s.refuse(6, 8, group_mod(MODIFY, ALL, 1, bucket(output(2))))


@must("6.5", "MODIFY replaces type and buckets at once, and flows that point to it go on")
def _(s):
    s.ok(group_mod(ADD, ALL, 1, bucket(output(2))), flow_mod(apply(group(1))))
    assert s.passes(UDP_FRAME)
    s.ok(group_mod(MODIFY, INDIRECT, 1, bucket(output(3))))
    assert s.passes(UDP_FRAME, out=3) and len(s.flows()) == 1


@must("6.5", "DELETE of a number that is not there: no error")
def _(s):
    s.ok(group_mod(REMOVE, ALL, 1), group_mod(REMOVE, ALL, GROUP_ALL))


@must("6.5", "DELETE takes the flows that point to the group with it, which FLOW_REMOVED says (reason group_delete)")
def _(s):
    s.ok(
        group_mod(ADD, ALL, 1, bucket(output(2))),
        flow_mod(apply(group(1)), flags=1),
        flow_mod(write(group(1)), table=1, flags=1),
        flow_mod(apply(output(2)), table=2, flags=1),
    )
    got = s.answers(group_mod(REMOVE, ALL, 1))
    assert [m.at("BB", 18) for m in got] == [(3, 0), (3, 1)] and len(s.flows()) == 1, [str(m) for m in got]


@must("6.5", "DELETE of OFPG_ALL: all of them")
def _(s):
    s.ok(group_mod(ADD, ALL, 1), group_mod(ADD, FF, 2), group_mod(REMOVE, ALL, GROUP_ALL))
    assert not description(s)


@must("6.5", "A group in use by another: OFPGMFC_CHAINED_GROUP, or both are gone")
def _(s):
    s.ok(group_mod(ADD, ALL, 2, bucket(output(2))), group_mod(ADD, ALL, 1, bucket(group(2))))
    got = s.answers(group_mod(REMOVE, ALL, 2))
    assert [m.at("HH", 8) for m in got] in ([(6, 9)], []), [str(m) for m in got]
    assert len(description(s)) == (2 if got else 0)


@must("6.5", "A loop of groups: OFPGMFC_LOOP")
def _(s):
    s.ok(group_mod(ADD, ALL, 2, bucket(output(2))), group_mod(ADD, ALL, 1, bucket(group(2))))
    s.refuse(6, 7, group_mod(MODIFY, ALL, 2, bucket(group(1))))
    s.refuse(6, 7, group_mod(MODIFY, ALL, 2, bucket(group(2))))


@must("6.5", "A group that is not there in a bucket: OFPBAC_BAD_OUT_GROUP")
def _(s):
    s.refuse(2, 9, group_mod(ADD, ALL, 1, bucket(group(9))))


@must("6.5", "Bad group number, type, command, bucket, watch")
def _(s):
    s.refuse(6, 1, group_mod(ADD, ALL, 0xFFFFFF01, bucket(output(2))))
    s.refuse(6, 10, group_mod(ADD, 9, 1, bucket(output(2))))
    s.refuse(6, 11, group_mod(9, ALL, 1, bucket(output(2))))
    s.refuse(6, 12, group_mod(ADD, ALL, 1, struct.pack("!HHII4x", 64, 0, ANY, ANY)))
    s.refuse(6, 13, group_mod(ADD, FF, 1, bucket(output(2), port=0x10000)))
    s.refuse(6, 13, group_mod(ADD, FF, 1, bucket(output(2), group=99)))


@must("6.5", "An invalid action in a bucket: the error of the action")
def _(s):
    s.refuse(2, 0, group_mod(ADD, ALL, 1, bucket(struct.pack("!HH4x", 99, 8))))
    s.refuse(2, 4, group_mod(ADD, ALL, 1, bucket(output(ANY))))
    s.refuse(2, 4, group_mod(ADD, ALL, 1, bucket(output(0xFFFFFFF9))))


@must("6.5", "A weight where there is no choice is refused or ignored")
def _(s):
    got = s.answers(group_mod(ADD, ALL, 1, bucket(output(2), weight=5)))
    assert [m.at("HH", 8) for m in got] in ([], [(6, 1)])


@must("7.3.5.9", "GROUP statistics: all or one; one that is not there: none")
def _(s):
    s.ok(group_mod(ADD, ALL, 1, bucket(output(2))), group_mod(ADD, ALL, 2))
    s.warp(1500)
    assert len(stats(s, GROUP_ALL)) == 2 and not stats(s, 9)
    assert struct.unpack("!II", stats(s, 1)[0][32:40]) == (1, 500000000)


@must("7.3.5.10", "GROUP_DESC gives back what was sent")
def _(s):
    b = bucket(set_field("ipv4_dst", "10.9.9.9"), output(2), weight=3) + bucket(output(3), weight=1)
    s.ok(group_mod(ADD, SELECT, 1, b))
    assert description(s) == [struct.pack("!HBxI", 8 + len(b), SELECT, 1) + b]


@must("7.3.5.11", "GROUP_FEATURES: the types, capabilities, and how many there may be")
def _(s):
    m = s.only(multipart(8))
    types, caps, *rest = m.at("II4I4I", 16)
    assert types == 0xF and caps & 7 == 7 and all(rest)


# ---- 5.7, 6.6, 7.3.4.4: meters ----


@must("5.7", "A meter without a rate that is exceeded lets all pass")
def _(s):
    s.ok(meter_mod(0, 1, band(1000000)), flow_mod(meter(1), apply(output(2))))
    s.receive(1, *[UDP_FRAME] * 20)
    assert s.sent_by_ports() == {2: 20}


@must("5.7.1", "Drop band: what is beyond the rate is dropped")
def _(s):
    s.ok(meter_mod(0, 1, band(10, 5), flags=2 | 4), flow_mod(meter(1), apply(output(2))))
    passed = 0
    for _ in range(20):  # Ten seconds, 20 packets in each: 10 a second may pass, and the burst.
        s.receive(1, *[UDP_FRAME] * 10)
        passed += len(s.sent(2))
        s.warp(500)
    assert 95 <= passed <= 110, passed


@must("5.7.1", "Drop band in kbit/s counts bits")
def _(s):
    s.ok(meter_mod(0, 1, band(80, 40), flags=1 | 4), flow_mod(meter(1), apply(output(2))))
    passed = 0
    for _ in range(20):
        s.receive(1, *['eth()/ip()/udp()/"' + "x" * 958 + '"'] * 10)  # 1000 bytes each: 10 a second.
        passed += len(s.sent(2))
        s.warp(500)
    assert 95 <= passed <= 110, passed


@must("5.7.1", "DSCP remark band: the drop precedence goes up by prec_level")
def _(s):
    s.ok(
        meter_mod(0, 1, band(1, 1, kind=2, prec=1), flags=2 | 4),
        flow_mod(meter(1), apply(output(2)), match=fields(**IP)),
    )
    s.receive(1, *["eth()/ip(tos=40)/udp()"] * 5)
    got = s.sent(2)
    assert len(got) == 5 and "tos=40" in got[0] and "tos=48" in got[-1], got


@must("5.7.1", "Of several bands the one with the highest rate that is exceeded is applied")
def _(s):
    s.ok(
        meter_mod(0, 1, band(2, 2, kind=2, prec=1), band(6, 6), flags=2 | 4),
        flow_mod(meter(1), apply(output(2)), match=fields(**IP)),
    )
    s.receive(1, *["eth()/ip(tos=40)/udp()"] * 20)
    got = s.sent(2)
    assert len(got) <= 8 and sum("tos=48" in t for t in got) >= 3, got


@must("6.6", "ADD of a meter that is there, MODIFY of one that is not")
def _(s):
    s.ok(meter_mod(0, 1, band(5)))
    s.refuse(12, 1, meter_mod(0, 1, band(6)))
    s.refuse(12, 3, meter_mod(1, 2, band(6)))


@must("6.6", "MODIFY replaces flags and bands")
def _(s):
    s.ok(meter_mod(0, 1, band(5)), meter_mod(1, 1, band(70), band(90), flags=1 | 8))
    assert s.parts(multipart(10, struct.pack("!I4x", 1))) == [struct.pack("!HHI", 40, 9, 1) + band(70) + band(90)]


@must("6.6", "DELETE takes the flows that use the meter with it; of one that is not there: no error")
def _(s):
    s.ok(meter_mod(0, 1, band(5)), flow_mod(meter(1), apply(output(2))), flow_mod(priority=3), meter_mod(2, 9))
    s.ok(meter_mod(2, 1))
    assert [f.priority for f in s.flows()] == [3]


@must("6.6", "DELETE of OFPM_ALL: all of them")
def _(s):
    s.ok(meter_mod(0, 1, band(5)), meter_mod(0, 2, band(5)), meter_mod(2, ANY))
    assert not s.parts(multipart(10, struct.pack("!I4x", ANY)))


@must("7.3.4.4", "Bad meter number, command, flags, band")
def _(s):
    s.refuse(12, 2, meter_mod(0, 0, band(5)))
    s.refuse(12, 2, meter_mod(0, 0xFFFF0001, band(5)))
    s.refuse(12, 4, meter_mod(9, 1, band(5)))
    s.refuse(12, 5, meter_mod(0, 1, band(5), flags=3))
    s.refuse(12, 5, meter_mod(0, 1, band(5), flags=0x10))
    s.refuse(12, 8, meter_mod(0, 1, band(5, kind=9)))


@must("7.3.5.13", "METER_CONFIG gives back what was sent, a burst of 0 too")
def _(s):
    s.ok(meter_mod(0, 1, band(5), flags=2), meter_mod(0, 2, band(5, 7), flags=1 | 4 | 8))
    want = {1: struct.pack("!HHI", 24, 2, 1) + band(5), 2: struct.pack("!HHI", 24, 13, 2) + band(5, 7)}
    assert sorted(s.parts(multipart(10, struct.pack("!I4x", ANY)))) == sorted(want.values())
    assert s.parts(multipart(10, struct.pack("!I4x", 2))) == [want[2]]


@must("7.3.5.12", "METER statistics: duration since it was made, flows that use it")
def _(s):
    s.ok(meter_mod(0, 1, band(5), flags=2 | 8), flow_mod(meter(1)), flow_mod(meter(1), table=3))
    s.warp(1500)
    (e,) = s.parts(multipart(9, struct.pack("!I4x", 1)), 56)
    assert struct.unpack("!I", e[12:16]) == (2,) and struct.unpack("!II", e[32:40]) == (1, 500000000)


@must("7.3.5.14", "METER_FEATURES: drop and DSCP remark, kbps, pktps, burst, statistics")
def _(s):
    most, bands, caps, n_bands, colors = s.only(multipart(11)).at("IIIBB", 16)
    assert most and bands & 2 and caps & 0xF == 0xF and n_bands, (most, bands, caps, n_bands)


@must("7.3.4.4", "Meter OFPM_CONTROLLER: of all packets to controllers; no entry can name it")
def _(s):
    s.ok(meter_mod(0, 0xFFFFFFFE, band(1, 2), flags=2 | 4 | 8), flow_mod(apply(output(CONTROLLER))))
    s.receive(1, *[UDP_FRAME] * 9)
    assert 2 <= len(s.answers()) <= 3
    s.refuse(12, 2, flow_mod(meter(0xFFFFFFFE), priority=1))


@must("7.3.4.4", "Too many bands: OFPMMFC_OUT_OF_BANDS; numbers beyond what features say: OFPMMFC_OUT_OF_METERS")
def _(s):
    most, _, _, n_bands, _ = s.only(multipart(11)).at("IIIBB", 16)
    s.ok(meter_mod(0, 1, *(band(1 + n) for n in range(n_bands))))
    s.refuse(12, 11, meter_mod(0, 2, *(band(1 + n) for n in range(n_bands + 1))))
    s.refuse(12, 10, meter_mod(0, most + 1, band(5)))
