"""messages - section 7: headers, structures, each message and each error."""
import struct

import frames
from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import (
    BARRIER_REPLY,
    BARRIER_REQUEST,
    CONTROLLER,
    ECHO_REPLY,
    ECHO_REQUEST,
    ERROR,
    EXPERIMENTER,
    FEATURES_REPLY,
    FEATURES_REQUEST,
    FLOW_MOD,
    FLOW_REMOVED,
    GET_ASYNC_REPLY,
    GET_ASYNC_REQUEST,
    GET_CONFIG_REPLY,
    GET_CONFIG_REQUEST,
    GROUP_MOD,
    METER_MOD,
    MULTIPART_REPLY,
    MULTIPART_REQUEST,
    NO_BUFFER,
    PACKET_OUT,
    PORT_MOD,
    PORT_STATUS,
    QUEUE_GET_CONFIG_REQUEST,
    ROLE_REQUEST,
    SET_ASYNC,
    TABLE_MOD,
    msg,
    oxm,
    packet_out,
    pad8,
    role,
    sh,
)

UDP_FRAME = 'eth()/ip()/udp()/"data"'


def oxms(m):
    """A match's fields, in the order of their numbers: any order is right in which prerequisites come first."""
    pieces, ofs, end = [], 4, struct.unpack_from("!H", m, 2)[0]
    while ofs < end:
        n = 4 + m[ofs + 3]
        pieces.append(m[ofs : ofs + n])
        ofs += n
    return sorted(pieces)


# ---- 7.1, 7.2: header, common structures ----


@must("7.1", "Another version than the one agreed on: OFPBRC_BAD_VERSION")
def _(s):
    s.refuse(1, 0, msg(ECHO_REQUEST, version=1, xid=9))


@must("7.1", "A type that is not known: OFPBRC_BAD_TYPE; one that only switches send, too")
def _(s):
    for kind, size in (30, 0), (99, 40), (255, 0), (FEATURES_REPLY, 24), (BARRIER_REPLY, 0), (PORT_STATUS, 72):
        s.refuse(1, 1, msg(kind, b"\0" * size))


@must("7.1", "A length that the type cannot have: OFPBRC_BAD_LEN")
def _(s):
    for kind in (
        FLOW_MOD,
        GROUP_MOD,
        PORT_MOD,
        TABLE_MOD,
        PACKET_OUT,
        ROLE_REQUEST,
        METER_MOD,
        SET_ASYNC,
        MULTIPART_REQUEST,
        QUEUE_GET_CONFIG_REQUEST,
    ):
        s.refuse(1, 6, msg(kind, b"\0" * 2))
    s.refuse(1, 6, msg(FEATURES_REQUEST, b"\0" * 8))
    s.refuse(1, 6, msg(BARRIER_REQUEST, b"\0" * 8))


@must("7.1.1", "Padding is ignored when it is received, and zero when it is sent")
def _(s):
    m = multipart(3)
    assert s.only(m[:12] + b"\xff" * 4).kind == MULTIPART_REPLY
    assert s.only(m).data[12:16] == b"\0" * 4
    assert all(e[1:4] == b"\0" * 3 for e in s.parts(m, 24))
    body = bytearray(flow_mod(apply(output(2))))
    body[46:48] = b"\xff\xff"
    s.ok(bytes(body))
    assert s.passes(UDP_FRAME)


@must("7.2.1", "Ports: number, address, name, configuration, state, features of each")
def _(s):
    ports = {struct.unpack("!I", e[:4])[0]: e for e in s.parts(multipart(13), 64)}
    assert set(ports) >= {1, 2, 3, 4}
    assert ports[1][16:32].rstrip(b"\0") == b"p1" and ports[1][8:14] != b"\0" * 6 and ports[1][4:8] == b"\0" * 4
    assert struct.unpack("!II", ports[1][32:40]) == (0, 4)  # OFPPS_LIVE


@must("7.2.3.1", "A match's type and length: OFPBMC_BAD_TYPE, OFPBMC_BAD_LEN")
def _(s):
    s.refuse(4, 0, flow_mod(match=struct.pack("!HH4x", 2, 4)))
    s.refuse(4, 1, flow_mod(match=struct.pack("!HH4x", 1, 2)))
    s.refuse(4, 1, flow_mod(match=struct.pack("!HH4x", 1, 64)))


@must("7.2.3.2", "A match field's length is that of its type: OFPBMC_BAD_LEN or OFPBMC_BAD_FIELD")
def _(s):
    m = s.only(flow_mod(match=match(oxm(5, b"\1"))))
    assert m.at("HH", 8) in ((4, 1), (4, 6)), str(m)


@must("7.2.3.5", "Every field that table 12 calls maskable can be masked, the others not (OFPBMC_BAD_MASK)")
def _(s):
    maskable = "metadata eth_dst eth_src vlan_vid ipv4_src ipv4_dst arp_spa arp_tpa arp_sha arp_tha ipv6_src ipv6_dst ipv6_flabel pbb_isid tunnel_id ipv6_exthdr"
    pre = {"vlan_vid": {}, "ipv4": IP, "arp": ARP, "ipv6": {"eth_type": 0x86DD}, "pbb": {"eth_type": 0x88E7}}
    for name in maskable.split():
        before = next((v for k, v in pre.items() if name.startswith(k)), {})
        value = 0x1000 if name == "vlan_vid" else 0
        s.ok(flow_mod(match=fields(**before, **{name: (value, value or 1)})))
    for name, before in (
        ("in_port", {}),
        ("eth_type", {}),
        ("ip_proto", IP),
        ("ip_dscp", IP),
        ("mpls_label", {"eth_type": 0x8847}),
        ("icmpv4_type", {**IP, "ip_proto": 1}),
    ):
        number, size = FIELDS[name]
        s.refuse(
            4,
            8,
            flow_mod(
                match=match(
                    *(field(k, v) for k, v in before.items()), oxm(number, b"\0" * size, b"\0" * (size - 1) + b"\1")
                )
            ),
        )


@must("7.2.3.5", "A bit of the value where the mask has none: OFPBMC_BAD_WILDCARDS")
def _(s):
    s.refuse(4, 5, flow_mod(match=fields(**IP, ipv4_dst=("10.0.0.1", "255.0.0.0"))))


@must("7.2.3.5", "A mask of all ones is no mask, one of all zeros is no field")
def _(s):
    s.ok(
        flow_mod(match=fields(**IP, ipv4_dst=("10.0.0.1", "255.255.255.255")), priority=1),
        flow_mod(match=fields(**IP, ipv4_dst=("0.0.0.0", "0.0.0.0")), priority=2),
    )
    by = {f.priority: f.match for f in s.flows()}
    assert by[1] == fields(**IP, ipv4_dst="10.0.0.1") and by[2] == fields(**IP)


@must("7.2.3.6", "Each field's prerequisite is in the match, before it: OFPBMC_BAD_PREREQ")
def _(s):
    for name in (
        "vlan_pcp ip_dscp ip_ecn ip_proto ipv4_src ipv4_dst tcp_src tcp_dst udp_src udp_dst sctp_src sctp_dst icmpv4_type icmpv4_code arp_op arp_spa arp_tpa arp_sha "
        "arp_tha ipv6_src ipv6_dst ipv6_flabel icmpv6_type icmpv6_code ipv6_nd_target ipv6_nd_sll ipv6_nd_tll mpls_label mpls_tc mpls_bos pbb_isid ipv6_exthdr"
    ).split():
        s.refuse(4, 9, flow_mod(match=fields(**{name: 0})))
    s.refuse(4, 9, flow_mod(match=match(field("ip_proto", 6), field("eth_type", 0x800))))
    s.refuse(4, 9, flow_mod(match=fields(**TCP, udp_dst=1)))
    s.refuse(4, 9, flow_mod(match=fields(in_phy_port=1)))


@must("7.2.3.6", "A field is in a match once: OFPBMC_DUP_FIELD")
def _(s):
    s.refuse(4, 10, flow_mod(match=match(field("eth_type", 0x800), field("eth_type", 0x800))))


@must("7.2.3.7", "Values out of range: OFPBMC_BAD_VALUE")
def _(s):
    for before, name, value in (
        ({}, "vlan_vid", 0x2000),
        (IP, "ip_dscp", 64),
        (IP, "ip_ecn", 4),
        ({"vlan_vid": 0x1005}, "vlan_pcp", 8),
        ({"eth_type": 0x8847}, "mpls_label", 1 << 20),
        ({"eth_type": 0x8847}, "mpls_tc", 8),
        ({"eth_type": 0x8847}, "mpls_bos", 2),
        ({"eth_type": 0x86DD}, "ipv6_flabel", 1 << 20),
    ):
        s.refuse(4, 7, flow_mod(match=fields(**before, **{name: value})))


@must("7.2.3.7", "Fields and classes that are not known: OFPBMC_BAD_FIELD")
def _(s):
    s.refuse(4, 6, flow_mod(match=match(oxm(99, b"\1"))))
    s.refuse(4, 6, flow_mod(match=match(struct.pack("!HBB", 0x8005, 2, 1) + b"\1")))


@must("7.2.3.7", "A match comes back in FLOW replies as it was sent")
def _(s):
    wanted = [
        fields(in_port=1, eth_dst="02:00:00:00:00:09", **UDP, udp_dst=53),
        fields(**UDP6, ipv6_src=("fe80::", "ffff::")),
        fields(vlan_vid=(0x1000, 0x1000)),
        fields(metadata=(0x50, 0xF0), **ARP, arp_spa="10.0.0.1"),
    ]
    for n, m in enumerate(wanted):
        s.flow(match=m, priority=n)
    assert [oxms(f.match) for f in sorted(s.flows(), key=lambda f: f.priority)] == [oxms(m) for m in wanted]


@must("7.2.4", "Instructions: unknown, unsupported, of a bad length, to a bad table")
def _(s):
    s.refuse(3, 0, flow_mod(instruction(77, b"\0" * 4)))
    s.refuse(3, 7, flow_mod(struct.pack("!HH4x", 4, 0)))
    s.refuse(3, 7, flow_mod(struct.pack("!HH4x", 4, 64)))
    s.refuse(3, 7, flow_mod(instruction(1, b"\0" * 12)))
    s.refuse(3, 2, flow_mod(goto(255)))
    s.refuse(3, 5, flow_mod(instruction(0xFFFF, struct.pack("!I", 0x123456))))


@must("7.2.4", "Instructions come back in FLOW replies as they were sent")
def _(s):
    i = write(output(2), set_field("eth_dst", "02:00:00:00:00:09")) + write_metadata(5, 7) + goto(3)
    s.flow(i)
    got = s.flows()[0].instructions
    pieces, ofs = [], 0
    while ofs < len(got):
        n = struct.unpack_from("!H", got, ofs + 2)[0]
        pieces.append(got[ofs : ofs + n])
        ofs += n
    assert sorted(pieces) == sorted(
        [write(output(2), set_field("eth_dst", "02:00:00:00:00:09")), write_metadata(5, 7), goto(3)]
    )


@must("7.2.5", "Actions: of a type that is not known, of a bad length, of a vendor that is not known")
def _(s):
    s.refuse(2, 0, flow_mod(apply(act(99, b"\0" * 4))))
    s.refuse(2, 1, flow_mod(apply(struct.pack("!HH4x", 0, 8))))
    s.refuse(2, 1, flow_mod(apply(struct.pack("!HH4x", 0, 0))))
    s.refuse(2, 2, flow_mod(apply(act(0xFFFF, struct.pack("!I", 0x123456)))))


@must("7.2.5", "Set-Field: a field that is not known, cannot be set, or a value out of range (OFPBAC_BAD_SET_*)")
def _(s):
    def code(field_bytes, **kw):
        return s.only(flow_mod(apply(act(25, pad8(b"\0" * 4 + field_bytes)[4:])), **kw)).at("HH", 8)

    assert code(oxm(99, b"\1")) == (2, 13)
    assert code(oxm(0, b"\0\0\0\5")) in ((2, 13), (2, 15))
    assert code(oxm(8, b"\x40"), match=fields(**IP)) == (2, 15)
    assert code(oxm(5, b"\1")) in ((2, 13), (2, 14))


@must("7.2.5", "Set-Field without its prerequisite in match or actions: OFPBAC_MATCH_INCONSISTENT")
def _(s):
    for name in "ipv4_src tcp_dst udp_dst arp_op ipv6_src icmpv4_type mpls_label vlan_vid".split():
        s.refuse(2, 10, flow_mod(apply(set_field(name, 0x1000 if name == "vlan_vid" else 0))))


# ---- 7.3.1 to 7.3.3 ----


@must("7.3.1", "FEATURES_REPLY: datapath id, buffers, tables, auxiliary id 0 on the main connection, capabilities")
def _(s):
    m = s.only(msg(FEATURES_REQUEST))
    dpid, buffers, tables, aux, caps, reserved = m.at("QIBB2xII", 8)
    assert dpid == 1 and tables >= 1 and aux == 0 and caps & 0xF == 0xF and reserved == 0


@must(
    "7.3.2",
    "SET_CONFIG has no answer; GET_CONFIG gives back what was set; unknown flags are refused (OFPSCFC_BAD_FLAGS)",
)
def _(s):
    s.ok(set_config(99))
    m = s.only(msg(GET_CONFIG_REQUEST))
    assert m.kind == GET_CONFIG_REPLY and m.at("HH", 8) == (0, 99)
    s.refuse(10, 0, set_config(128, flags=0x40))


@must("7.3.2", "miss_send_len: as much of a packet that missed goes to the controller as its action says, not more")
def _(s):
    s.ok(set_config(20), flow_mod(apply(output(CONTROLLER, 30)), priority=0))
    s.receive(1, UDP_FRAME)
    assert len(s.only().frame()) == 30


@must("7.3.3", "TABLE_MOD: table or OFPTT_ALL; a table that is not there is refused (OFPTMFC_BAD_TABLE)")
def _(s):
    s.ok(msg(TABLE_MOD, struct.pack("!B3xI", 0, 0)), msg(TABLE_MOD, struct.pack("!B3xI", 255, 0)))
    s.refuse(8, 0, msg(TABLE_MOD, struct.pack("!B3xI", 254, 0)))


# ---- 7.3.4 ----


@must("7.3.4.1", "FLOW_MOD: unknown commands and flags are refused")
def _(s):
    s.refuse(5, 6, flow_mod(command=9))
    s.refuse(5, 7, flow_mod(flags=0x8000))
    s.refuse(5, 2, flow_mod(table=254))
    s.refuse(1, 8, flow_mod(buffer=0x7777))


@must("7.3.4.1", "FLOW replies have the flags, cookie, timeouts and priority that were sent")
def _(s):
    s.flow(flags=1 | 8 | 16, cookie=0x1122334455667788, idle=60, hard=600, priority=5)
    (f,) = s.flows()
    assert (f.flags, f.cookie, f.idle, f.hard, f.priority) == (25, 0x1122334455667788, 60, 600, 5), vars(f)


@must("7.3.4.3", "PORT_MOD: port that is not there, address that is not its own")
def _(s):
    s.refuse(7, 0, port_mod(99, b"\0" * 6, 0, 0))
    s.refuse(7, 1, port_mod(1, b"\0" * 6, 0, 0))


@must("7.3.4.3", "PORT_MOD: only bits of the mask; PORT_STATUS says what has changed; OFPPC_PORT_DOWN takes it down")
def _(s):
    s.flow(apply(output(2)))
    m = s.only(port_mod(2, s.hw[2], 0xFFFFFFFF, 1))
    assert m.kind == PORT_STATUS and m.at("B", 8) == (2,) and m.at("I", 48)[0] == 1, str(m)
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {}


@must("7.2.1", "OFPPC_NO_PACKET_IN: what comes by the port and misses makes no packet-in")
def _(s):
    s.flow(apply(output(CONTROLLER)), priority=0)
    s.answers(port_mod(1, s.hw[1], 0x40, 0x40))
    s.receive(1, UDP_FRAME)
    assert not s.answers()
    s.receive(2, UDP_FRAME)
    assert s.only().kind == PACKET_IN


# ---- 7.3.7 to 7.3.10 ----


@must("7.3.7", "PACKET_OUT: with data, or with a buffer, once; without actions it is dropped")
def _(s):
    s.ok(packet_out(output(2), data=frames.make(UDP_FRAME)), packet_out(data=frames.make(UDP_FRAME)))
    assert s.sent_by_ports() == {2: 1}
    s.flow(apply(output(CONTROLLER, 20)))
    s.receive(1, UDP_FRAME)
    n = s.only().buffer()
    s.ok(packet_out(output(2), buffer=n, in_port=1))
    assert s.sent(2) == ["ip 10.0.0.1>10.0.0.2 / udp 1>2 / data data"]
    s.refuse(1, 8, packet_out(output(2), buffer=n, in_port=1))


@must("7.3.7", "PACKET_OUT: in_port is a port or CONTROLLER (OFPBRC_BAD_PORT); action errors are those of actions")
def _(s):
    s.refuse(1, 11, packet_out(output(1), data=b"\0" * 14, in_port=99))
    s.refuse(2, 0, packet_out(act(99, b"\0" * 4), data=b"\0" * 14))


@must("7.3.8", "BARRIER_REPLY has the number of its request")
def _(s):
    m = s.only(msg(BARRIER_REQUEST, xid=0xFFFFFFFF))
    assert (m.kind, m.xid) == (BARRIER_REPLY, 0xFFFFFFFF)


@must("7.3.9", "ROLE_REPLY: the role there is then, and the greatest generation id")
def _(s):
    now = generation()
    assert s.only(role(2, now)).at("I4xQ", 8) == (2, now) and s.only(role(0)).at("I4xQ", 8) == (2, now)


@must("7.3.10", "SET_ASYNC: which messages come in which role; GET_ASYNC gives it back")
def _(s):
    masks = (1, 0, 0, 7, 0, 0)
    s.ok(
        msg(SET_ASYNC, struct.pack("!6I", *masks)),
        flow_mod(apply(output(CONTROLLER)), priority=5, flags=1),
        flow_mod(apply(output(CONTROLLER)), priority=0, match=match(), table=0),
    )
    m = s.only(msg(GET_ASYNC_REQUEST))
    assert m.kind == GET_ASYNC_REPLY and m.at("6I", 8) == masks
    s.receive(1, UDP_FRAME)  # Reason action: not asked for.
    s.ok(flow_mod(command=DELETE + 1, priority=5), port_mod(2, s.hw[2], 0x40, 0x40))
    s.receive(1, UDP_FRAME)
    assert s.only().at("B", 14) == (0,)


@must(
    "7.3.10",
    "What comes at first: packet-ins but those of a bad TTL, port status, flow removed; to a slave port status only",
)
def _(s):
    p0, p1, s0, s1, f0, f1 = s.only(msg(GET_ASYNC_REQUEST)).at("6I", 8)
    assert (p0 & 7, p1, s0 & 7, s1 & 7, f0 & 0xF, f1) == (3, 0, 7, 7, 0xF, 0)


@must("7.1", "Messages come in any pieces, and many in one: each is read as a whole, in its order")
def _(s):
    stream = b"".join(msg(ECHO_REQUEST, b"z" * n, xid=n) for n in (0, 1, 3000, 7, 65527, 2))
    for n in (1, 3, 7, 8, 9, 4000, len(stream)):
        s.c.sent.append(stream[:n])
        for ofs in range(0, n * 20, n):
            s.c.sock.sendall(stream[ofs : ofs + n])
        s.c.sock.sendall(stream[n * 20 :])
        assert [s.c.recv().xid for _ in range(6)] == [0, 1, 3000, 7, 65527, 2]


@must("7.3.10", "SET_ASYNC is a connection's own, and not the next one's")
def _(s):
    other = s.connect()
    before = s.only(msg(GET_ASYNC_REQUEST)).at("6I", 8)
    s.ok(msg(SET_ASYNC, struct.pack("!6I", 0, 0, 0, 0, 0, 0)), c=other)
    assert s.only(msg(GET_ASYNC_REQUEST), c=other).at("6I", 8) == (0,) * 6
    assert s.only(msg(GET_ASYNC_REQUEST)).at("6I", 8) == before
    again = s.connect()
    s.ok(set_config(128), c=again)
    assert s.only(msg(GET_ASYNC_REQUEST), c=again).at("6I", 8) == before


# ---- 7.4: asynchronous messages ----


@must("7.4.1", "PACKET_IN: length, reason, table, cookie, match with in_port, two bytes of padding, the frame")
def _(s):
    s.ok(flow_mod(write_metadata(5), goto(3)), flow_mod(apply(output(CONTROLLER)), table=3, cookie=77))
    s.receive(1, UDP_FRAME)
    m = s.only()
    buffer, total, reason, table, cookie = m.at("IHBBQ", 8)
    assert (buffer, total, reason, table, cookie) == (NO_BUFFER, len(frames.make(UDP_FRAME)), 1, 3, 77)
    assert oxms(m.data[24:]) == oxms(fields(in_port=1, metadata=5))
    assert m.frame() == frames.make(UDP_FRAME)


@must("7.4.1", "PACKET_IN of a packet-out that outputs to the controller has its in_port")
def _(s):
    m = s.only(packet_out(output(CONTROLLER), data=frames.make(UDP_FRAME), in_port=3))
    assert m.kind == PACKET_IN and m.data[28:36] == field("in_port", 3)


@must("7.4.2", "FLOW_REMOVED has the entry's match, priority, cookie, timeouts, duration, counters")
def _(s):
    s.flow(flags=1, match=fields(**UDP), priority=9, cookie=8, idle=60, hard=7)
    s.receive(1, UDP_FRAME)
    s.warp(8000)
    m = s.only()
    assert m.kind == FLOW_REMOVED and m.at("QHBB", 8) == (8, 9, 1, 0), str(m)
    assert (
        m.at("HHQQ", 28) == (60, 7, 1, len(frames.make(UDP_FRAME)))
        and 7 <= m.at("I", 20)[0] <= 8
        and oxms(m.data[48:]) == oxms(fields(**UDP))
    ), str(m)


@must("7.4.3", "PORT_STATUS: a port that is added, changed, deleted; by the configuration too")
def _(s):
    sh("sluice-vsctl add-port br0 p9 -- set interface p9 type=dummy ofport_request=9")
    added = s.answers()
    sh("sluice-vsctl del-port br0 p9")
    gone = s.answers()
    assert (
        added[0].at("B", 8) == (0,) and gone[-1].at("B", 8) == (1,) and {m.at("I", 16)[0] for m in added + gone} == {9}
    )


@must("7.4.4", "ERROR: type, code, and the first 64 bytes of the request at least")
def _(s):
    m = s.only(msg(99, b"x" * 200, xid=5))
    assert m.kind == ERROR and len(m.data) >= 12 + 64 and m.data[12:76] == msg(99, b"x" * 200, xid=5)[:64]


# ---- 7.5: symmetric messages ----


@must("7.5.2", "ECHO_REPLY: the request's number and data, as long as it is")
def _(s):
    for data in b"", b"x", b"y" * 60000:
        m = s.only(msg(ECHO_REQUEST, data, xid=len(data)))
        assert (m.kind, m.xid, m.body) == (ECHO_REPLY, len(data), data)


@must("7.5.4", "EXPERIMENTER: one that is not known is refused (OFPBRC_BAD_EXPERIMENTER, OFPBRC_BAD_EXP_TYPE)")
def _(s):
    s.refuse(1, 3, msg(EXPERIMENTER, struct.pack("!II", 0x123456, 1)))
    s.refuse(1, 4, msg(EXPERIMENTER, struct.pack("!II", 0x2320, 9999)))
