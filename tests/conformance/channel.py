"""channel - section 6: the channel, several controllers, and what flow-mods do."""
import os
import struct

from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import (
    BARRIER_REPLY,
    BARRIER_REQUEST,
    CONTROLLER,
    ECHO_REPLY,
    ECHO_REQUEST,
    ERROR,
    FEATURES_REPLY,
    FEATURES_REQUEST,
    FLOW_REMOVED,
    GET_ASYNC_REQUEST,
    HELLO,
    PORT_STATUS,
    ROLE_REPLY,
    connect,
    control,
    hello,
    listen,
    msg,
    packet_out,
    role,
    sh,
)

UDP_FRAME = 'eth()/ip()/udp()/"data"'
MASTER, SLAVE, EQUAL, NOCHANGE = 2, 3, 1, 0
DELETE_STRICT, MODIFY, MODIFY_STRICT = 4, 1, 2


# ---- 6.1, 6.2: messages ----


@must("6.2", "Every request is answered, with its transaction's number, or has an error of that number")
def _(s):
    for kind, answer in (
        (FEATURES_REQUEST, FEATURES_REPLY),
        (ECHO_REQUEST, ECHO_REPLY),
        (BARRIER_REQUEST, BARRIER_REPLY),
    ):
        m = s.only(msg(kind, xid=0x12345678 + kind))
        assert (m.kind, m.xid) == (answer, 0x12345678 + kind)
    assert s.only(msg(200, xid=0x77)).xid == 0x77


@must("6.2", "Messages of a connection are done in order around a barrier")
def _(s):
    s.c.send(
        flow_mod(table=254, xid=1),
        msg(BARRIER_REQUEST, xid=2),
        flow_mod(table=254, xid=3),
        msg(ECHO_REQUEST, xid=4),
        msg(BARRIER_REQUEST, xid=5),
    )
    assert [s.c.recv().xid for _ in range(5)] == [1, 2, 3, 4, 5]


@must("6.2", "After a barrier's answer packets are treated by the flow-mods before it")
def _(s):
    for out in (2, 3, 4) * 3:
        s.flow(apply(output(out)))
        assert s.passes(UDP_FRAME, out=out)


@must("6.2", "A packet-in for every packet that is to go to the controller, but for limits and buffers")
def _(s):
    s.flow(apply(output(CONTROLLER)))
    s.receive(1, *[UDP_FRAME] * 20)
    assert len(s.answers()) == 20


# ---- 6.3.1: setting up ----


@must("6.3.1", "Each side sends HELLO first, with its highest version")
def _(s):
    c = connect(MGMT, b"")
    m = c.recv()
    assert m.kind == HELLO and m.version >= 4
    c.close()


@must(
    "6.3.1",
    "The version is the highest of both bitmaps, else the lower of both headers; HELLO's other elements are ignored",
)
def _(s):
    for greeting in (
        hello(4),
        hello(4, version=6),
        hello(version=4),
        msg(HELLO, struct.pack("!HHI", 9, 8, 0) + struct.pack("!HHI", 1, 8, 1 << 4), version=4),
    ):
        c = connect(MGMT, greeting)
        assert s.only(msg(ECHO_REQUEST), c=c).version == 4
        c.close()


@must("6.3.1", "No common version: HELLO_FAILED, OFPHFC_INCOMPATIBLE, and the connection ends")
def _(s):
    c = connect(MGMT, hello(7, version=7))
    m = c.recv()
    assert m.kind == ERROR and m.at("HH", 8) == (0, 0) and c.recv() is None
    c.close()


@must("6.3.1", "HELLO in mid-session changes nothing")
def _(s):
    s.ok(hello(4))
    s.ok(flow_mod())


@must("6.3.2", "A message that cannot be told from the next ends the connection, not the switch")
def _(s):
    c = connect(MGMT)
    c.send(msg(ECHO_REQUEST, length=4))
    assert c.recv() is None
    c.close()
    s.ok(flow_mod())


@must("6.3.3", "Flows stay when the connection ends, and are there for the next one")
def _(s):
    s.ok(flow_mod(apply(output(2)), flags=1))
    c = s.connect()
    c.close()
    s.c.close()
    s.c = connect(MGMT)
    assert len(s.flows()) == 1 and s.passes(UDP_FRAME)


# ---- 6.3.5: several controllers ----


@must("6.3.5", "A controller's role at first is EQUAL, with full access")
def _(s):
    assert s.only(role(NOCHANGE)).at("I", 8) == (EQUAL,)


@must("6.3.5", "One MASTER: the one before becomes SLAVE")
def _(s):
    other = s.connect()
    assert s.only(role(MASTER, generation())).at("I", 8) == (MASTER,)
    assert s.only(role(MASTER, generation()), c=other).at("I", 8) == (MASTER,)
    assert s.only(role(NOCHANGE)).at("I", 8) == (SLAVE,)


@must("6.3.5", "EQUAL controllers stay EQUAL when another becomes MASTER")
def _(s):
    other = s.connect()
    s.only(role(MASTER, generation()))
    assert s.only(role(NOCHANGE), c=other).at("I", 8) == (EQUAL,)
    s.ok(flow_mod(), c=other)


@must("6.3.5", "SLAVE: reads, and nothing that changes the switch (OFPBRC_IS_SLAVE)")
def _(s):
    s.only(role(SLAVE, generation()))
    for m in (
        flow_mod(),
        packet_out(output(2), data=b"\0" * 14),
        group_mod(0, 0, 1),
        meter_mod(0, 1, band(5)),
        port_mod(1, s.hw[1], 0, 0),
        msg(17, struct.pack("!B3xI", 0, 0)),
    ):
        s.refuse(1, 10, m)
    assert s.only(msg(FEATURES_REQUEST)).kind == FEATURES_REPLY and not s.flows()
    assert s.only(msg(GET_ASYNC_REQUEST)).kind != ERROR


@must("6.3.5", "SLAVE: only port status unless it asks for more; that goes to all controllers")
def _(s):
    s.ok(flow_mod(apply(output(CONTROLLER)), flags=1))
    other = s.connect()
    s.ok(set_config(128), c=other)
    s.only(role(SLAVE, generation()), c=other)
    s.receive(1, UDP_FRAME)
    assert s.only().kind == PACKET_IN and not s.answers(c=other)
    assert s.only(flow_mod(command=DELETE)).kind == FLOW_REMOVED and not s.answers(c=other)
    assert s.only(port_mod(2, s.hw[2], 0x40, 0x40)).kind == PORT_STATUS and s.only(c=other).kind == PORT_STATUS


@must("6.3.5", "Answers and errors go only to who asked")
def _(s):
    other = s.connect()
    assert len(s.answers(flow_mod(table=254), msg(ECHO_REQUEST))) == 2 and not s.answers(c=other)


@must(
    "6.3.5",
    "generation_id: older than the greatest seen is refused (OFPRRFC_STALE), round the corner too; EQUAL has none",
)
def _(s):
    now = generation()
    assert s.only(role(MASTER, now)).kind == ROLE_REPLY
    s.refuse(11, 0, role(MASTER, now - 1))
    s.refuse(11, 0, role(SLAVE, now - 1), c=s.connect())
    assert s.only(role(MASTER, now)).kind == ROLE_REPLY and s.only(role(EQUAL, 0)).kind == ROLE_REPLY
    assert s.only(role(MASTER, now + 2**62)).kind == ROLE_REPLY
    assert s.only(role(MASTER, now + 2**63)).kind == ROLE_REPLY
    s.refuse(11, 0, role(MASTER, now + 2**62))
    generation(2**63)


@must("6.3.5", "Roles that there are not: OFPRRFC_BAD_ROLE")
def _(s):
    s.refuse(11, 2, role(9, generation()))


# ---- 6.4: flow table modification ----


@must("6.4", "ADD with CHECK_OVERLAP: refused if another entry of the priority can match the same packet")
def _(s):
    s.ok(flow_mod(match=fields(**IP)), flow_mod(match=fields(**IP, ipv4_dst="10.0.0.2"), priority=7))
    s.refuse(5, 3, flow_mod(match=fields(in_port=1), flags=2))
    s.ok(
        flow_mod(match=fields(in_port=1), flags=2, priority=9),
        flow_mod(match=fields(**ARP), flags=2),
        flow_mod(match=fields(in_port=1), flags=2, table=1),
    )


@must("6.4", "ADD without CHECK_OVERLAP: added whatever is there")
def _(s):
    s.ok(flow_mod(match=fields(**IP)), flow_mod(match=fields(in_port=1)))
    assert len(s.flows()) == 2


@must("6.4", "ADD of an identical entry replaces it without FLOW_REMOVED; counters go on unless RESET_COUNTS")
def _(s):
    s.ok(flow_mod(apply(output(2)), flags=1))
    assert s.passes(UDP_FRAME)
    s.ok(flow_mod(apply(output(3)), flags=1))
    assert s.flows()[0].packets == 1
    s.ok(flow_mod(apply(output(4)), flags=4))
    assert s.flows()[0].packets == 0


@must("6.4", "MODIFY: instructions only; cookie, timeouts, flags, counters, duration stay")
def _(s):
    s.ok(flow_mod(apply(output(2)), match=fields(**IP), cookie=7, idle=100, hard=200, flags=1))
    assert s.passes(UDP_FRAME)
    s.warp(1000)
    s.ok(flow_mod(apply(output(3)), match=fields(**IP), command=MODIFY, cookie=9, idle=1, hard=2, flags=0))
    (f,) = s.flows()
    assert (f.cookie, f.idle, f.hard, f.packets, f.sec, f.flags & 1) == (7, 100, 200, 1, 1, 1), vars(f)
    assert s.passes(UDP_FRAME, out=3)


@must("6.4", "MODIFY with RESET_COUNTS clears counters")
def _(s):
    s.ok(flow_mod(apply(output(2))))
    assert s.passes(UDP_FRAME)
    s.ok(flow_mod(apply(output(2)), command=MODIFY, flags=4))
    assert s.flows()[0].packets == 0


@must("6.4", "MODIFY that matches nothing: no error, nothing added")
def _(s):
    s.ok(flow_mod(apply(output(2)), command=MODIFY), flow_mod(apply(output(2)), command=MODIFY_STRICT))
    assert not s.flows()


def priorities(s):
    return sorted(f.priority for f in s.flows())


def three(s):
    s.ok(
        flow_mod(priority=1),
        flow_mod(match=fields(**IP), priority=2, cookie=0x12),
        flow_mod(match=fields(**UDP), priority=3, cookie=0x22),
    )


@must("6.4", "Non-strict: all entries that the description covers, whatever their priority")
def _(s):
    three(s)
    s.ok(flow_mod(match=fields(**IP), command=DELETE, priority=9))
    assert priorities(s) == [1]


@must("6.4", "Strict: only the one with this match and priority")
def _(s):
    three(s)
    s.ok(
        flow_mod(match=fields(**IP), command=DELETE_STRICT, priority=9),
        flow_mod(match=fields(**UDP), command=DELETE_STRICT, priority=3),
    )
    assert priorities(s) == [1, 2]


@must("6.4", "MODIFY_STRICT: that one only")
def _(s):
    three(s)
    s.ok(flow_mod(apply(output(2)), match=fields(**IP), command=MODIFY_STRICT, priority=2))
    assert {f.priority: len(f.instructions) for f in s.flows()} == {1: 0, 2: 24, 3: 0}


@must("6.4", "Cookie and mask restrict MODIFY and DELETE; 0 as a mask does not")
def _(s):
    three(s)
    s.ok(flow_mod(apply(output(2)), command=MODIFY, cookie=0x10, cookie_mask=0xF0))
    assert {f.priority: len(f.instructions) for f in s.flows()} == {1: 0, 2: 24, 3: 0}
    s.ok(flow_mod(command=DELETE, cookie=0x2, cookie_mask=0xF))
    assert priorities(s) == [1]


@must("6.4", "DELETE with out_port and out_group: only entries that output there, action sets included")
def _(s):
    s.ok(
        group_mod(0, 0, 5, bucket(output(3))),
        flow_mod(apply(output(2)), priority=1),
        flow_mod(write(output(2)), priority=2),
        flow_mod(apply(group(5)), priority=3),
        flow_mod(apply(output(3)), priority=4),
    )
    s.ok(flow_mod(command=DELETE, out_port=2))
    assert priorities(s) == [3, 4]
    s.ok(flow_mod(command=DELETE, out_group=5))
    assert priorities(s) == [4]


@must("6.4", "out_port and out_group are ignored by ADD and MODIFY")
def _(s):
    s.ok(flow_mod(apply(output(2)), out_port=3, out_group=9), flow_mod(apply(output(3)), command=MODIFY, out_port=4))
    assert s.passes(UDP_FRAME, out=3)


@must("6.4", "DELETE in OFPTT_ALL: in all tables; ADD and MODIFY there: OFPFMFC_BAD_TABLE_ID")
def _(s):
    s.ok(flow_mod(), flow_mod(table=9), flow_mod(table=255, command=DELETE))
    assert not s.flows()
    s.refuse(5, 2, flow_mod(table=255))
    s.refuse(5, 2, flow_mod(table=255, command=MODIFY))


@must("6.4", "DELETE that matches nothing: no error")
def _(s):
    s.ok(flow_mod(command=DELETE), flow_mod(command=DELETE_STRICT))


@must("6.4", "A table that is full: OFPFMFC_TABLE_FULL, what is there stays")
def _(s):
    sh("sluice-vsctl -- --id=@t create flow_table flow_limit=2 -- set bridge br0 flow_tables:7=@t > /dev/null")
    try:
        s.ok(flow_mod(table=7, priority=1), flow_mod(table=7, priority=2))
        s.refuse(5, 1, flow_mod(table=7, priority=3))
        s.ok(flow_mod(table=7, priority=2))
        assert priorities(s) == [1, 2]
    finally:
        sh("sluice-vsctl clear bridge br0 flow_tables")


@must(
    "6.4",
    "An instruction, action or match that is not known, not valid, not supported: its error, and nothing is added",
)
def _(s):
    s.refuse(3, 0, flow_mod(struct.pack("!HH4x", 77, 8)))
    s.refuse(2, 0, flow_mod(apply(struct.pack("!HH4x", 99, 8))))
    s.refuse(4, 6, flow_mod(match=match(struct.pack("!HBB", 0x8000, 99 << 1, 1) + b"\1")))
    s.refuse(4, 10, flow_mod(match=match(*[b"\x80\0\x0a\x02\x08\0"] * 2)))
    s.refuse(4, 9, flow_mod(match=fields(ipv4_dst="10.0.0.1")))
    s.refuse(4, 7, flow_mod(match=fields(**IP, ip_dscp=64)))
    assert not s.flows()


@must("6.4", "A buffer with ADD: that packet goes through the table")
def _(s):
    s.flow(apply(output(CONTROLLER, 20)))
    s.receive(1, UDP_FRAME)
    number = s.only().buffer()
    s.ok(flow_mod(apply(output(2)), priority=40000, buffer=number))
    assert s.sent_by_ports() == {2: 1}
    s.refuse(1, 8, flow_mod(apply(output(2)), priority=40000, buffer=number))


@must("6.3.5", "Two that fight for MASTER for 1000 rounds: the one at fault never gets through, the other always does")
def _(s):
    one, other = s.c, s.connect()
    now = generation()
    for c in one, other:
        assert s.only(role(SLAVE, now), c=c).kind == ROLE_REPLY
    for n in range(1000):
        now = generation()
        winner, loser = (one, other) if n % 3 else (other, one)
        assert s.only(role(MASTER, now), flow_mod(cookie=n), c=winner).at("I4xQ", 8) == (MASTER, now), n
        got = s.answers(role(MASTER, now - 1, xid=2), flow_mod(cookie=0xBAD, xid=3), role(NOCHANGE, xid=4), c=loser)
        assert [(m.xid, m.at("HH", 8)) for m in got[:2]] == [(2, (11, 0)), (3, (1, 10))], n
        assert got[2].at("I4xQ", 8) == (SLAVE, now), n
        one.sent, other.sent = [], []
    assert [f.cookie for f in s.flows()] == [999]


@must("6.3.5", "Two that ask for MASTER of the same generation at the same time: the later one is, and only that")
def _(s):
    one, other = s.c, s.connect()
    for n in range(200):
        now = generation()
        for c in one, other:
            c.send(role(MASTER, now))
        assert one.recv().at("I", 8) == other.recv().at("I", 8) == (MASTER,), n
        roles = [s.only(role(NOCHANGE), c=c).at("I", 8)[0] for c in (one, other)]
        assert sorted(roles) == [MASTER, SLAVE], n
        s.refuse(1, 10, flow_mod(), c=one if roles[0] == SLAVE else other)


# ---- 6.3.3: interruption ----


def controller(s, fail_mode):
    """The switch calls this one, which it has lost when it is closed."""
    listener = listen(f"{fail_mode}.sock")
    sh(f"sluice-vsctl set-fail-mode br0 {fail_mode} -- set-controller br0 unix:{fail_mode}.sock")
    return listener, listener.accept()


def lose(s, listener, c):
    listener.close()
    c.close()
    control("time/warp", "20000", "1000")
    s.answers()


@must("6.3.3", "Fail secure mode: packets to the controller are dropped; flow entries work on and expire")
def _(s):
    listener, c = controller(s, "secure")
    try:
        s.ok(
            flow_mod(apply(output(2)), match=fields(**UDP), hard=30),
            flow_mod(apply(output(CONTROLLER)), priority=0),
            c=c,
        )
        lose(s, listener, c)
        assert s.passes(UDP_FRAME) and not s.passes("eth()/arp()")
        s.warp(11000)
        s.answers()  # To another one, who does not manage the switch.
        assert [f.priority for f in s.flows()] == [0] and not s.passes(UDP_FRAME)
    finally:
        sh("sluice-vsctl del-controller br0")


@must("6.3.3", "Fail standalone mode: as OFPP_NORMAL once the connection is lost; the entries are there when it is back")
def _(s):
    listener, c = controller(s, "standalone")
    try:
        s.ok(flow_mod(match=fields(**UDP)), c=c)
        s.receive(1, UDP_FRAME)
        assert s.sent_by_ports() == {}
        lose(s, listener, c)
        s.receive(1, UDP_FRAME)
        assert s.sent_by_ports() == {2: 1, 3: 1, 4: 1}
        os.unlink("standalone.sock")
        listener = listen("standalone.sock")
        control("time/warp", "8000", "1000")
        c = listener.accept()
        assert s.only(msg(ECHO_REQUEST), c=c).kind == ECHO_REPLY
        control("revalidator/wait")
        s.receive(1, UDP_FRAME)
        assert s.sent_by_ports() == {} and len(s.flows()) == 1
    finally:
        sh("sluice-vsctl set-fail-mode br0 secure -- del-controller br0")
        control("fdb/flush", "br0")


# ---- 6.3.6: auxiliary connections ----


@must("6.3.6", "Auxiliary connections: after the main one, of the same datapath id, each with an id; they end with it")
def _(s):
    listener = listen("aux.sock")
    sh("sluice-vsctl set-controller br0 unix:aux.sock -- set controller br0 other_config:auxiliary-connections=2")
    try:
        peers = [listener.accept() for _ in range(3)]
        features = [s.only(msg(FEATURES_REQUEST), c=c).at("QIBB", 8) for c in peers]
        assert [f[3] for f in features] == [0, 1, 2] and len({f[0] for f in features}) == 1, features
        # Each request is answered where it came from, and what is asynchronous goes by the main one.
        assert s.only(msg(ECHO_REQUEST, xid=77), c=peers[1]).xid == 77
        s.ok(flow_mod(apply(output(CONTROLLER))), c=peers[2])
        s.receive(1, UDP_FRAME)
        assert s.only(c=peers[0]).kind == PACKET_IN and not s.answers(c=peers[1]) and not s.answers(c=peers[2])
        peers[0].close()
        assert peers[1].recv() is None and peers[2].recv() is None
    finally:
        sh("sluice-vsctl del-controller br0")
