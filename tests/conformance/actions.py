"""actions - sections 5.9 to 5.12: instructions, action set, action lists, actions."""
import struct

import frames
from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import CONTROLLER, SET_ASYNC, msg, packet_out

UDP_FRAME = 'eth()/ip()/udp()/"data"'
UDP_TEXT = "ip 10.0.0.1>10.0.0.2 / udp 1>2 / data data"


# ---- 5.9: instructions ----


@must("5.9", "An entry has at most one instruction of a type")
def _(s):
    m = s.only(flow_mod(goto(1), goto(2)))
    assert m.kind == 1
    assert not s.flows()


@must(
    "5.9",
    "They are executed as Meter, Apply-Actions, Clear-Actions, Write-Actions, Write-Metadata, Goto, however they were sent",
)
def _(s):
    s.ok(
        flow_mod(write(output(3)), goto(1)),
        flow_mod(goto(2), write_metadata(5), write(output(2)), CLEAR, apply(output(4)), table=1),
        flow_mod(table=2, match=fields(metadata=5)),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1, 4: 1}


@must("5.9", "Apply-Actions: at once, without a change to the action set")
def _(s):
    s.ok(
        flow_mod(write(output(2)), goto(1)),
        flow_mod(apply(set_field("ipv4_dst", "10.9.9.9"), output(3)), table=1, match=fields(**IP)),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent(2) == s.sent(3) == [UDP_TEXT.replace("10.0.0.2", "10.9.9.9")]


@must("5.9", "Clear-Actions: empties the action set")
def _(s):
    s.ok(flow_mod(write(output(2)), goto(1)), flow_mod(CLEAR, table=1))
    assert not s.passes(UDP_FRAME)


@must("5.9", "Write-Actions: merges into the set; what is there of a type is overwritten, set_field for each field")
def _(s):
    s.ok(
        flow_mod(write(output(2), set_field("ipv4_dst", "10.9.9.9")), goto(1), match=fields(**IP)),
        flow_mod(write(output(3), set_field("ipv4_src", "10.8.8.8")), goto(2), table=1, match=fields(**IP)),
        flow_mod(write(set_field("ipv4_dst", "10.7.7.7")), table=2, match=fields(**IP)),
    )
    s.receive(1, UDP_FRAME)
    assert not s.sent(2) and s.sent(3) == ["ip 10.8.8.8>10.7.7.7 / udp 1>2 / data data"]


@must("5.9", "Write-Metadata: only the bits of its mask")
def _(s):
    s.ok(
        flow_mod(write_metadata(0xFF00, 0xFFFF), goto(1)),
        flow_mod(write_metadata(0x12, 0x00FF), goto(2), table=1),
        flow_mod(apply(output(2)), table=2, match=fields(metadata=0xFF12)),
    )
    assert s.passes(UDP_FRAME)


@must("5.9", "An entry whose instructions the switch cannot execute is refused, and not added")
def _(s):
    s.refuse(3, 0, flow_mod(instruction(77, b"\0" * 4)))
    s.refuse(3, 5, flow_mod(instruction(0xFFFF, struct.pack("!I", 0x123456))))
    s.refuse(12, 2, flow_mod(meter(5)))
    assert not s.flows()


@must("5.9", "Meter: an entry's packets pass its meter, or are dropped by it, before all else")
def _(s):
    s.ok(meter_mod(0, 3, band(1, 1), flags=2 | 4), flow_mod(apply(output(2)), meter(3)))
    s.receive(1, *[UDP_FRAME] * 10)
    assert len(s.sent(2)) < 10


# ---- 5.10: action set ----


@must("5.10", "The set is empty at first, and carried from table to table")
def _(s):
    s.ok(flow_mod(goto(1)), flow_mod(write(output(2)), goto(2), table=1), flow_mod(goto(3), table=2), flow_mod(table=3))
    assert s.passes(UDP_FRAME)


@must(
    "5.10",
    "Order: copy TTL inwards, pop, push-MPLS, push-PBB, push-VLAN, copy TTL outwards, decrement TTL, set, qos, group, output",
)
def _(s):
    s.flow(write(output(2), DEC_TTL, push(17, 0x8100), set_field("vlan_vid", 0x1007)), match=fields(**IP, vlan_vid=0))
    s.receive(1, UDP_FRAME)
    assert s.sent(2) == ["vlan 7 / ip 10.0.0.1>10.0.0.2 ttl=63 / udp 1>2 / data data"]


@must("5.10", "Order: pop before push")
def _(s):
    s.flow(
        write(output(2), push(17, 0x8100), set_field("vlan_vid", 0x1009), POP_VLAN),
        match=fields(vlan_vid=(0x1000, 0x1000)),
    )
    s.receive(1, "eth()/vlan(vid=5)/ip()/udp()")
    assert s.sent(2) == ["vlan 9 / ip 10.0.0.1>10.0.0.2 / udp 1>2"]


@must("5.10", "Order: decrement before set: what was set is not decremented")
def _(s):
    s.flow(write(output(2), set_ttl(9), DEC_TTL), match=fields(**IP))
    s.receive(1, UDP_FRAME)
    assert s.sent(2) == [UDP_TEXT.replace("10.0.0.2", "10.0.0.2 ttl=9")]


@must("5.10", "A group in the set: the output in it is ignored")
def _(s):
    s.ok(group_mod(0, 0, 5, bucket(output(3))), flow_mod(write(output(2), group(5))))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {3: 1}


@must("5.10", "Neither output nor group in the set: dropped")
def _(s):
    s.flow(write(set_ttl(9)), match=fields(**IP))
    assert not s.passes(UDP_FRAME)


@must("5.10", "The set of a group's bucket is executed on a copy, and has its own order")
def _(s):
    s.ok(
        group_mod(0, 0, 5, bucket(output(3), set_field("ipv4_dst", "10.9.9.9")), bucket(output(4))),
        flow_mod(apply(group(5), output(2)), match=fields(**IP)),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent(3) == [UDP_TEXT.replace("10.0.0.2", "10.9.9.9")] and s.sent(4) == s.sent(2) == [UDP_TEXT]


# ---- 5.11: action list ----


@must("5.11", "A list is executed in its order, each action on what the one before has left")
def _(s):
    s.flow(
        apply(output(2), set_field("ipv4_dst", "10.9.9.9"), output(3), set_field("ipv4_dst", "10.7.7.7"), output(4)),
        match=fields(**IP),
    )
    s.receive(1, UDP_FRAME)
    assert [s.sent(n)[0].split()[1] for n in (2, 3, 4)] == [
        "10.0.0.1>10.0.0.2",
        "10.0.0.1>10.9.9.9",
        "10.0.0.1>10.7.7.7",
    ]


@must("5.11", "An action occurs as often as it is listed: two outputs, two pushes")
def _(s):
    s.flow(apply(output(2), output(2), push(17, 0x8100), push(17, 0x8100), output(3)), match=fields(vlan_vid=0))
    s.receive(1, UDP_FRAME)
    assert len(s.sent(2)) == 2 and s.sent(3)[0].startswith("vlan 0 / vlan 0 / ip")


@must("5.11", "After the list the pipeline goes on with the packet as it is then")
def _(s):
    s.ok(
        flow_mod(apply(push(17, 0x8100), set_field("vlan_vid", 0x1005)), goto(1), match=fields(vlan_vid=0)),
        flow_mod(apply(output(2)), table=1, match=fields(vlan_vid=0x1005)),
    )
    assert s.passes(UDP_FRAME)


@must("5.11", "A packet-out's actions are a list, executed at once")
def _(s):
    s.ok(packet_out(set_field("ipv4_dst", "10.9.9.9"), output(2), data=frames.make(UDP_FRAME)))
    assert s.sent(2) == [UDP_TEXT.replace("10.0.0.2", "10.9.9.9")]


# ---- 5.12: actions ----


@must("5.12", "Output: a port that is not there drops, or is refused")
def _(s):
    s.answers(flow_mod(apply(output(99), output(2))))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() in ({}, {2: 1})


@must("5.12", "Output to the controller: max_len bytes, or all with OFPCML_NO_BUFFER")
def _(s):
    s.ok(
        flow_mod(apply(output(CONTROLLER, 20)), match=fields(in_port=1)),
        flow_mod(apply(output(CONTROLLER, 0xFFFF)), match=fields(in_port=2)),
    )
    s.receive(1, UDP_FRAME)
    short = s.only()
    s.receive(2, UDP_FRAME)
    whole = s.only()
    assert (
        len(short.frame()) == 20
        and short.buffer() != 0xFFFFFFFF
        and short.at("H", 12) == (len(frames.make(UDP_FRAME)),)
    )
    assert whole.frame() == frames.make(UDP_FRAME) and whole.buffer() == 0xFFFFFFFF


@must("5.12", "Set-Queue: forwarding goes on where the port has no such queue")
def _(s):
    s.flow(apply(set_queue(3), output(2)))
    assert s.passes(UDP_FRAME)


@must("5.12", "No action: dropped")
def _(s):
    s.flow(apply())
    assert not s.passes(UDP_FRAME)


@must("5.12", "Group: through that group; one that is not there is refused")
def _(s):
    s.refuse(2, 9, flow_mod(apply(group(77))))
    s.ok(group_mod(0, 0, 77, bucket(output(2))), flow_mod(apply(group(77))))
    assert s.passes(UDP_FRAME)


def becomes(s, frame, text, *actions, values=None, with_eth=False):
    refused = s.answers(flow_mod(apply(*actions, output(2)), match=fields(**(values or {}))))
    if refused and not offers(s, *actions):
        assert refused[0].at("HH", 8) == (2, 0), str(refused[0])
        return  # An optional action that the switch does not offer is refused as one that it does not know.
    assert not refused, str(refused[0])
    s.receive(1, frame)
    got = s.sent(2, with_eth)
    assert got == [text], got


def offers(s, *actions):
    """Does TABLE_FEATURES of table 0 name all these types among what can be applied?"""
    first = s.parts(multipart(12))[0]
    ofs = 64
    while ofs < len(first):
        kind, size = struct.unpack_from("!HH", first, ofs)
        if kind == 6:
            known = set(struct.unpack(f"!{(size - 4) // 4}I", first[ofs + 4 : ofs + size]))
        ofs += (size + 7) // 8 * 8
    return all(struct.unpack("!H", a[:2])[0] << 16 | 4 in known for a in actions)


IP_TEXT = "ip 10.0.0.1>10.0.0.2"
TAGGED = {"vlan_vid": (0x1000, 0x1000)}
A = "02:00:00:00:00:0a"
for what, frame, text, actions, values in (
    (
        "Push VLAN 0x8100: outermost, VID 0 and PCP 0 on untagged",
        "eth()/ip()/udp()",
        f"vlan 0 / {IP_TEXT} / udp 1>2",
        (push(17, 0x8100),),
        {"vlan_vid": 0},
    ),
    (
        "Push VLAN 0x88a8 on untagged",
        "eth()/ip()/udp()",
        f"svlan 0 / {IP_TEXT} / udp 1>2",
        (push(17, 0x88A8),),
        {"vlan_vid": 0},
    ),
    (
        "Push VLAN on a tagged frame: with its VID and PCP (5.12.1)",
        "eth()/vlan(vid=5,pcp=3)/ip()/udp()",
        f"svlan 5 pcp=3 / vlan 5 pcp=3 / {IP_TEXT} / udp 1>2",
        (push(17, 0x88A8),),
        TAGGED,
    ),
    (
        "Push VLAN on a tagged frame: before the tag that is there",
        "eth()/vlan(vid=5,pcp=3)/ip()/udp()",
        f"svlan 6 pcp=3 / vlan 5 pcp=3 / {IP_TEXT} / udp 1>2",
        (push(17, 0x88A8), set_field("vlan_vid", 0x1006)),
        TAGGED,
    ),
    (
        "Pop VLAN: the outermost",
        "eth()/vlan(vid=5)/vlan(vid=6)/ip()/udp()",
        f"vlan 6 / {IP_TEXT} / udp 1>2",
        (POP_VLAN,),
        TAGGED,
    ),
    (
        "Push MPLS: before all that follows Ethernet and VLAN; TTL of IP (5.12.1)",
        "eth()/ip(ttl=33)/udp()",
        f"mpls 0 ttl=33 / {IP_TEXT} ttl=33 / udp 1>2",
        (push(19, 0x8847),),
        IP,
    ),
    (
        "Push MPLS on MPLS copies label, TC and TTL (5.12.1)",
        "eth()/mpls(label=9,tc=3,ttl=44)/ip()/udp()",
        f"mpls 9 tc=3 bos=0 ttl=44 / mpls 9 tc=3 ttl=44 / {IP_TEXT} / udp 1>2",
        (push(19, 0x8847),),
        MPLS,
    ),
    (
        "Push MPLS behind the VLAN tag",
        "eth()/vlan(vid=5)/ip()/udp()",
        f"vlan 5 / mpls 0 / {IP_TEXT} / udp 1>2",
        (push(19, 0x8847),),
        {**IP, "vlan_vid": 0x1005},
    ),
    (
        "Pop MPLS: the outermost, with the given type",
        "eth()/mpls(label=9)/ip()/udp()",
        f"{IP_TEXT} / udp 1>2",
        (pop_mpls(0x800),),
        MPLS,
    ),
    (
        "Pop MPLS of one of several",
        "eth()/mpls(label=9)/mpls(label=8)/ip()/udp()",
        f"mpls 8 / {IP_TEXT} / udp 1>2",
        (pop_mpls(0x8847),),
        MPLS,
    ),
    ("Set MPLS TTL", "eth()/mpls(label=9)/ip()/udp()", f"mpls 9 ttl=7 / {IP_TEXT} / udp 1>2", (set_mpls_ttl(7),), MPLS),
    (
        "Decrement MPLS TTL",
        "eth()/mpls(label=9)/ip()/udp()",
        f"mpls 9 ttl=63 / {IP_TEXT} / udp 1>2",
        (DEC_MPLS_TTL,),
        MPLS,
    ),
    ("Set IP TTL, the checksum with it", "eth()/ip()/udp()", f"{IP_TEXT} ttl=7 / udp 1>2", (set_ttl(7),), IP),
    ("Decrement IP TTL, the checksum with it", "eth()/ip()/udp()", f"{IP_TEXT} ttl=63 / udp 1>2", (DEC_TTL,), IP),
    (
        "Copy TTL outwards, MPLS to MPLS",
        "eth()/mpls(label=9,ttl=5)/mpls(label=8,ttl=77)/ip()/udp()",
        f"mpls 9 bos=0 ttl=77 / mpls 8 ttl=77 / {IP_TEXT} / udp 1>2",
        (COPY_TTL_OUT,),
        MPLS,
    ),
    (
        "Copy TTL outwards, IP to MPLS",
        "eth()/mpls(label=9,ttl=5)/ip(ttl=77)/udp()",
        f"mpls 9 ttl=77 / {IP_TEXT} ttl=77 / udp 1>2",
        (COPY_TTL_OUT,),
        MPLS,
    ),
    (
        "Copy TTL inwards, MPLS to MPLS",
        "eth()/mpls(label=9,ttl=5)/mpls(label=8,ttl=77)/ip()/udp()",
        f"mpls 9 bos=0 ttl=5 / mpls 8 ttl=5 / {IP_TEXT} / udp 1>2",
        (COPY_TTL_IN,),
        MPLS,
    ),
    (
        "Copy TTL inwards, MPLS to IP",
        "eth()/mpls(label=9,ttl=5)/ip(ttl=77)/udp()",
        f"mpls 9 ttl=5 / {IP_TEXT} ttl=5 / udp 1>2",
        (COPY_TTL_IN,),
        MPLS,
    ),
    (
        "Set-Field vlan_vid",
        "eth()/vlan(vid=5,pcp=3)/ip()/udp()",
        f"vlan 6 pcp=3 / {IP_TEXT} / udp 1>2",
        (set_field("vlan_vid", 0x1006),),
        TAGGED,
    ),
    (
        "Set-Field vlan_pcp",
        "eth()/vlan(vid=5)/ip()/udp()",
        f"vlan 5 pcp=6 / {IP_TEXT} / udp 1>2",
        (set_field("vlan_pcp", 6),),
        TAGGED,
    ),
    ("Set-Field ip_dscp", "eth()/ip(tos=1)/udp()", f"{IP_TEXT} tos=41 / udp 1>2", (set_field("ip_dscp", 10),), IP),
    ("Set-Field ip_ecn", "eth()/ip(tos=40)/udp()", f"{IP_TEXT} tos=43 / udp 1>2", (set_field("ip_ecn", 3),), IP),
    (
        "Set-Field ipv4_src",
        "eth()/ip()/tcp()",
        "ip 10.7.7.7>10.0.0.2 / tcp 1>2 S",
        (set_field("ipv4_src", "10.7.7.7"),),
        IP,
    ),
    (
        "Set-Field ipv4_dst",
        "eth()/ip()/tcp()",
        "ip 10.0.0.1>10.7.7.7 / tcp 1>2 S",
        (set_field("ipv4_dst", "10.7.7.7"),),
        IP,
    ),
    ("Set-Field tcp_src", "eth()/ip()/tcp()", f"{IP_TEXT} / tcp 9>2 S", (set_field("tcp_src", 9),), TCP),
    ("Set-Field tcp_dst", "eth()/ip()/tcp()", f"{IP_TEXT} / tcp 1>9 S", (set_field("tcp_dst", 9),), TCP),
    ("Set-Field udp_src", "eth()/ip()/udp()", f"{IP_TEXT} / udp 9>2", (set_field("udp_src", 9),), UDP),
    ("Set-Field udp_dst", "eth()/ip()/udp()", f"{IP_TEXT} / udp 1>9", (set_field("udp_dst", 9),), UDP),
    (
        "Set-Field sctp_src, its CRC-32c with it",
        "eth()/ip()/sctp()",
        f"{IP_TEXT} / sctp 9>2",
        (set_field("sctp_src", 9),),
        SCTP,
    ),
    ("Set-Field sctp_dst", "eth()/ip()/sctp()", f"{IP_TEXT} / sctp 1>9", (set_field("sctp_dst", 9),), SCTP),
    (
        "Set-Field icmpv4_type",
        "eth()/ip()/icmp(type=8,id=7)",
        f"{IP_TEXT} / icmp 0",
        (set_field("icmpv4_type", 0),),
        ICMP,
    ),
    (
        "Set-Field icmpv4_code",
        "eth()/ip()/icmp(type=3)",
        f"{IP_TEXT} / icmp 3 code=4",
        (set_field("icmpv4_code", 4),),
        ICMP,
    ),
    (
        "Set-Field mpls_label",
        "eth()/mpls(label=9)/ip()/udp()",
        f"mpls 77 / {IP_TEXT} / udp 1>2",
        (set_field("mpls_label", 77),),
        MPLS,
    ),
    (
        "Set-Field mpls_tc",
        "eth()/mpls(label=9)/ip()/udp()",
        f"mpls 9 tc=5 / {IP_TEXT} / udp 1>2",
        (set_field("mpls_tc", 5),),
        MPLS,
    ),
):
    must("5.12", what)(lambda s, f=frame, t=text, a=actions, v=values: becomes(s, f, t, *a, values=v))


@must("5.12", "Set-Field eth_src and eth_dst")
def _(s):
    becomes(
        s,
        "eth()/ip()/udp()",
        f"eth {A}>02:00:00:00:00:0b / {IP_TEXT} / udp 1>2",
        set_field("eth_src", A),
        set_field("eth_dst", "02:00:00:00:00:0b"),
        with_eth=True,
    )


@must("5.12", "Set-Field of ARP's fields")
def _(s):
    becomes(
        s,
        "eth()/arp(op=1)",
        f"arp 2 10.7.7.7>10.7.7.8 {A}>02:00:00:00:00:0b",
        set_field("arp_op", 2),
        set_field("arp_spa", "10.7.7.7"),
        set_field("arp_tpa", "10.7.7.8"),
        set_field("arp_sha", A),
        set_field("arp_tha", "02:00:00:00:00:0b"),
        values=ARP,
    )


@must("5.12", "Set-Field of IPv6's fields and hop limit, checksums with them")
def _(s):
    becomes(
        s,
        'eth()/ip6(src="fe80::1",dst="fe80::2")/udp()',
        "ip6 fe80::7>fe80::8 tc=40 hlim=7 label=77 / udp 1>2",
        set_field("ipv6_src", "fe80::7"),
        set_field("ipv6_dst", "fe80::8"),
        set_field("ipv6_flabel", 77),
        set_field("ip_dscp", 10),
        set_ttl(7),
        values=IP6,
    )


@must("5.12", "Set-Field of ICMPv6 type and code")
def _(s):
    becomes(
        s,
        'eth()/ip6(src="fe80::1",dst="fe80::2")/icmp6(type=128)',
        "ip6 fe80::1>fe80::2 / icmp6 129 code=1",
        set_field("icmpv6_type", 129),
        set_field("icmpv6_code", 1),
        values=ICMP6,
    )


@must("5.12", "Set-Field of neighbour discovery's fields")
def _(s):
    becomes(
        s,
        f'eth()/ip6(src="fe80::1",dst="fe80::2")/nd(type=135,target="fe80::2",sll="{A}")',
        "ip6 fe80::1>fe80::2 / nd 135 fe80::7 sll=02:00:00:00:00:0b",
        set_field("ipv6_nd_target", "fe80::7"),
        set_field("ipv6_nd_sll", "02:00:00:00:00:0b"),
        values={**ICMP6, "icmpv6_type": 135},
    )


@must("5.12", "Push and Pop PBB: the frame within comes back as it was")
def _(s):
    if not offers(s, push(26, 0x88E7)):
        s.refuse(2, 0, flow_mod(apply(push(26, 0x88E7))))
        return
    s.flow(apply(push(26, 0x88E7), output(3), set_field("pbb_isid", 0x777), output(4), POP_PBB, output(2)))
    s.receive(1, "eth()/ip()/udp()")
    assert s.sent(2, True) == [f"eth 02:00:00:00:00:01>02:00:00:00:00:02 / {IP_TEXT} / udp 1>2"]
    assert "pbb 0 " in s.sent(3)[0] and f"pbb {0x777} " in s.sent(4)[0]


@must("5.12", "Set-Field of metadata and tunnel_id: seen by later tables")
def _(s):
    s.ok(
        flow_mod(apply(set_field("tunnel_id", 5)), goto(1)),
        flow_mod(apply(output(2)), table=1, match=fields(tunnel_id=5)),
    )
    assert s.passes(UDP_FRAME)


@must("5.12", "Decrement TTL to 0: not forwarded, to the controller with reason invalid_ttl if it asks for that")
def _(s):
    s.flow(apply(DEC_TTL, output(2)), match=fields(**IP))
    s.receive(1, "eth()/ip(ttl=1)/udp()")
    assert s.sent_by_ports() == {} and not s.answers()
    s.ok(msg(SET_ASYNC, struct.pack("!6I", 7, 0, 7, 0, 15, 0)))
    s.receive(1, "eth()/ip(ttl=1)/udp()")
    assert s.only().at("B", 14) == (2,)


@must("5.12", "Set-Field of in_port, in_phy_port or of metadata's kin that cannot be set is refused")
def _(s):
    s.refuse(2, 15, flow_mod(apply(set_field("in_port", 5))))
    s.refuse(2, 15, flow_mod(apply(set_field("in_phy_port", 5)), match=fields(in_port=5)))


@must("5.12", "Tags: only push types that are tags; pop where there is one")
def _(s):
    s.refuse(2, 5, flow_mod(apply(push(17, 0x1234)), match=fields(vlan_vid=0)))
    s.refuse(2, 5, flow_mod(apply(push(19, 0x1234))))
    s.refuse(2, 10, flow_mod(apply(POP_VLAN), match=fields(vlan_vid=0)))


@must("5.12", "Copy TTL and decrements are refused where match says that there is no such header")
def _(s):
    s.refuse(2, 10, flow_mod(apply(DEC_MPLS_TTL), match=fields(**IP)))
    s.refuse(2, 10, flow_mod(apply(DEC_TTL), match=fields(**ARP)))
