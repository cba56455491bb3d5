"""pipeline - sections 4 and 5.1 to 5.5, 5.8: ports, tables, matching, misses, removal, counters."""
from conformance.cases import must
from conformance.switch import *  # The vocabulary of cases.
from openflow import (
    CONTROLLER,
    FEATURES_REQUEST,
    FLOOD,
    FLOW_REMOVED,
    IN_PORT,
    LOCAL,
    TABLE,
    control,
    msg,
    packet_out,
    port_mod,
)
import frames
import struct

UDP_FRAME = 'eth()/ip()/udp()/"data"'
ALL_PORTS, NORMAL = 0xFFFFFFFC, 0xFFFFFFFA


# ---- 4: ports ----


@must("4.5", "ALL: every standard port but the one the packet came from, and none that is OFPPC_NO_FWD")
def _(s):
    s.flow(apply(output(ALL_PORTS)))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1, 3: 1, 4: 1}
    s.answers(port_mod(3, s.hw[3], 0x20, 0x20))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1, 4: 1}


@must("4.5", "CONTROLLER: as an output, a packet-in; as in_port, what a controller sent")
def _(s):
    s.flow(apply(output(CONTROLLER)), match=fields(in_port=1))
    s.flow(apply(output(2)), match=fields(in_port=CONTROLLER))
    s.receive(1, UDP_FRAME)
    assert s.only().kind == PACKET_IN
    s.ok(packet_out(output(TABLE), data=frames.make(UDP_FRAME)))
    assert s.sent_by_ports() == {2: 1}


@must("4.5", "TABLE: a packet-out starts at the first table")
def _(s):
    s.flow(apply(output(2)), match=fields(in_port=3))
    s.ok(packet_out(output(TABLE), data=frames.make(UDP_FRAME), in_port=3))
    assert s.sent_by_ports() == {2: 1}


@must("4.5", "TABLE: valid only in a packet-out's action list")
def _(s):
    s.refuse(2, 4, flow_mod(apply(output(TABLE))))


@must("4.5", "FLOOD: every port but the ingress port; NORMAL: the same until an address is learned")
def _(s):
    for port in FLOOD, NORMAL:
        s.flow(apply(output(port)))
        s.receive(1, UDP_FRAME)
        assert s.sent_by_ports() == {2: 1, 3: 1, 4: 1}, port
        s.settle()  # What was learned is known.
    s.receive(4, 'eth(src="02:00:00:00:00:02",dst="02:00:00:00:00:01")/arp()')
    assert s.sent_by_ports() == {1: 1}
    s.settle()
    assert s.passes(UDP_FRAME, out=4)
    control("fdb/flush", "br0")


@must("7.2.1", "OFPPC_NO_FWD: no action sends to the port; OFPPC_PORT_DOWN: nothing goes there or comes from it")
def _(s):
    s.ok(group_mod(0, 0, 1, bucket(output(2))), flow_mod(apply(output(2), group(1), output(ALL_PORTS), output(FLOOD))))
    s.answers(port_mod(2, s.hw[2], 0x20, 0x20))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {3: 2, 4: 2}
    s.answers(port_mod(2, s.hw[2], 1, 0x21))
    s.receive(1, UDP_FRAME)
    s.receive(2, UDP_FRAME)
    assert s.sent_by_ports() == {3: 2, 4: 2}


@must("4.5", "IN_PORT: back by the port it came from, which naming that port is not")
def _(s):
    s.flow(apply(output(1)), match=fields(in_port=1))
    s.flow(apply(output(IN_PORT)), match=fields(in_port=2))
    s.receive(1, UDP_FRAME)
    s.receive(2, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1}


@must("4.5", "ANY: no port to output to")
def _(s):
    s.refuse(2, 4, flow_mod(apply(output(ANY))))


@must("4.5", "LOCAL: the switch's own port is an ingress port and an output")
def _(s):
    s.ok(
        flow_mod(apply(output(LOCAL)), match=fields(in_port=1)), flow_mod(apply(output(2)), match=fields(in_port=LOCAL))
    )
    s.receive(1, UDP_FRAME)
    control("netdev-dummy/receive", "br0", frames.make(UDP_FRAME).hex())
    assert s.sent_by_ports() == {2: 1}
    assert [f.packets for f in s.flows(match=fields(in_port=1))] == [1]


# ---- 5.1: pipeline ----


@must("5.1", "Tables are numbered from 0 on; a packet starts in table 0")
def _(s):
    s.flow(apply(output(3)), table=1)
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {}
    s.flow(apply(output(2)))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1}


@must("5.1", "Goto: only to a table of a higher number than its own")
def _(s):
    s.flow(goto(6), table=5)
    s.refuse(3, 2, flow_mod(goto(5), table=5))
    s.refuse(3, 2, flow_mod(goto(4), table=5))


@must("5.1", "The last table of the pipeline has no Goto")
def _(s):
    last = s.only(msg(FEATURES_REQUEST)).at("B", 20)[0] - 1
    s.ok(flow_mod(apply(output(1)), table=last), flow_mod(goto(last), table=last - 1))
    s.refuse(3, 2, flow_mod(goto(last + 1), table=last))


@must("5.1", "Without Goto the pipeline ends and the action set is executed")
def _(s):
    s.ok(flow_mod(write(output(2)), goto(1)), flow_mod(goto(9), table=1), flow_mod(table=9))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1}


@must("5.1.1", "A flow entry whose actions are not consistent with its match is refused or works")
def _(s):
    s.refuse(2, 10, flow_mod(apply(set_field("ipv4_src", "10.0.0.9")), match=fields(**ARP)))


# ---- 5.2, 5.3: entries and matching ----


@must("5.2", "An entry is known by match and priority in its table: the same ones replace it")
def _(s):
    s.ok(
        flow_mod(apply(output(2)), match=fields(**IP), priority=5),
        flow_mod(apply(output(3)), match=fields(**IP), priority=5),
        flow_mod(apply(output(4)), match=fields(**IP), priority=6),
        flow_mod(apply(output(4)), match=fields(**IP), priority=5, table=1),
    )
    assert sorted((f.table, f.priority) for f in s.flows()) == [(0, 5), (0, 6), (1, 5)]


@must("5.2", "Cookies select flows in requests and modifications, and play no part in forwarding")
def _(s):
    s.ok(flow_mod(cookie=0x12, priority=1), flow_mod(cookie=0x22, priority=2))
    assert [f.priority for f in s.flows(cookie=0x20, cookie_mask=0xF0)] == [2]


@must("5.3", "The highest priority that matches is selected, and that one's counters count")
def _(s):
    s.ok(
        flow_mod(apply(output(2)), priority=10),
        flow_mod(apply(output(3)), match=fields(**UDP), priority=20),
        flow_mod(apply(output(4)), match=fields(**TCP), priority=30),
    )
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {3: 1}
    assert {f.priority: f.packets for f in s.flows()} == {10: 0, 20: 1, 30: 0}


@must("5.3", "A field that is left out matches everything; in_port matches the ingress port")
def _(s):
    s.flow(apply(output(2)), match=fields(in_port=3))
    s.receive(1, UDP_FRAME)
    s.receive(3, UDP_FRAME)
    assert s.sent_by_ports() == {2: 1}


@must("5.3", "Changes made by Apply-Actions are seen by the matches of later tables")
def _(s):
    s.ok(
        flow_mod(apply(set_field("ipv4_dst", "10.9.9.9")), goto(1), match=fields(**IP)),
        flow_mod(apply(output(2)), table=1, match=fields(**IP, ipv4_dst="10.9.9.9")),
    )
    assert s.passes(UDP_FRAME)


@must("5.3", "Fragments: OFPC_FRAG_NORMAL passes them; OFPC_FRAG_DROP drops them")
def _(s):
    s.flow(apply(output(2)))
    assert s.passes('eth()/ip(mf=1)/udp()/"12345678"') and s.passes('eth()/ip(frag=8,proto=17)/"12345678"')
    s.ok(set_config(128, flags=1))
    s.receive(1, 'eth()/ip(mf=1)/udp()/"12345678"', 'eth()/ip(frag=8,proto=17)/"12345678"')
    try:
        assert s.sent_by_ports() == {}
        assert s.passes(UDP_FRAME)
    finally:
        s.ok(set_config(128))


def matches(s, yes, no, **values):
    s.flow(apply(output(2)), match=fields(**values))
    for expression in yes if isinstance(yes, tuple) else (yes,):
        assert s.passes(expression), f"does not match {expression}"
    for expression in no if isinstance(no, tuple) else (no,):
        assert not s.passes(expression), f"matches {expression}"


A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
NS = 'eth()/ip6(src="fe80::1",dst="fe80::2")/nd(type=135,target="fe80::2",sll="02:00:00:00:00:0a")'
NA = 'eth()/ip6(src="fe80::1",dst="fe80::2")/nd(type=136,target="fe80::2",tll="02:00:00:00:00:0a")'
# Every match field of table 12 (7.2.3.7): what it matches, what it does not, the match.
for name, yes, no, values in (
    ("eth_dst", f'eth(dst="{A}")', f'eth(dst="{B}")', {"eth_dst": A}),
    (
        "eth_dst with a mask",
        f'eth(dst="{A}")',
        'eth(dst="04:00:00:00:00:0a")',
        {"eth_dst": (A.replace("0a", "00"), "ff:00:00:00:00:00")},
    ),
    ("eth_src", f'eth(src="{A}")', f'eth(src="{B}")', {"eth_src": A}),
    (
        "eth_src with a mask",
        f'eth(src="{B}")',
        'eth(src="02:00:00:00:01:0b")',
        {"eth_src": ("02:00:00:00:00:00", "ff:ff:ff:ff:ff:00")},
    ),
    ("eth_type", "eth()/arp()", "eth()/ip()", ARP),
    ("eth_type, that behind VLAN tags", "eth()/vlan(vid=5)/arp()", "eth()/vlan(vid=5)/ip()", ARP),
    (
        "vlan_vid none: untagged only",
        "eth()/ip()",
        ("eth()/vlan(vid=5)/ip()", "eth()/vlan(vid=0)/ip()"),
        {"vlan_vid": 0},
    ),
    (
        "vlan_vid present with mask: any tag",
        ("eth()/vlan(vid=5)/ip()", "eth()/vlan(vid=0)/ip()"),
        "eth()/ip()",
        {"vlan_vid": (0x1000, 0x1000)},
    ),
    ("vlan_vid of a value", "eth()/vlan(vid=5)/ip()", ("eth()/vlan(vid=6)/ip()", "eth()/ip()"), {"vlan_vid": 0x1005}),
    (
        "vlan_vid of the outermost tag",
        "eth()/vlan(vid=5)/vlan(vid=6)/ip()",
        "eth()/vlan(vid=6)/vlan(vid=5)/ip()",
        {"vlan_vid": 0x1005},
    ),
    ("vlan_pcp", "eth()/vlan(vid=5,pcp=3)/ip()", "eth()/vlan(vid=5,pcp=4)/ip()", {"vlan_vid": 0x1005, "vlan_pcp": 3}),
    ("ip_dscp of IPv4", "eth()/ip(tos=40)/udp()", "eth()/ip(tos=44)/udp()", {**IP, "ip_dscp": 10}),
    ("ip_dscp of IPv6", "eth()/ip6(tc=40)/udp()", "eth()/ip6(tc=44)/udp()", {**IP6, "ip_dscp": 10}),
    ("ip_ecn", "eth()/ip(tos=42)/udp()", "eth()/ip(tos=41)/udp()", {**IP, "ip_ecn": 2}),
    ("ip_proto of IPv4", "eth()/ip()/udp()", "eth()/ip()/tcp()", UDP),
    ("ip_proto of IPv6", "eth()/ip6()/udp()", "eth()/ip6()/tcp()", UDP6),
    ("ipv4_src", 'eth()/ip(src="10.1.0.1")', 'eth()/ip(src="10.1.0.2")', {**IP, "ipv4_src": "10.1.0.1"}),
    (
        "ipv4_src with any mask",
        'eth()/ip(src="10.1.7.1")',
        'eth()/ip(src="10.1.7.2")',
        {**IP, "ipv4_src": ("10.0.0.1", "255.0.0.255")},
    ),
    ("ipv4_dst", 'eth()/ip(dst="10.1.0.1")', 'eth()/ip(dst="10.1.0.2")', {**IP, "ipv4_dst": "10.1.0.1"}),
    (
        "ipv4_dst with a mask",
        'eth()/ip(dst="10.1.7.1")',
        'eth()/ip(dst="10.2.7.1")',
        {**IP, "ipv4_dst": ("10.1.0.0", "255.255.0.0")},
    ),
    ("tcp_src", "eth()/ip()/tcp(src=7)", ("eth()/ip()/tcp(src=8)", "eth()/ip()/udp(src=7)"), {**TCP, "tcp_src": 7}),
    ("tcp_dst", "eth()/ip()/tcp(dst=7)", "eth()/ip()/tcp(dst=8)", {**TCP, "tcp_dst": 7}),
    ("udp_src", "eth()/ip()/udp(src=7)", ("eth()/ip()/udp(src=8)", "eth()/ip()/tcp(src=7)"), {**UDP, "udp_src": 7}),
    ("udp_dst", "eth()/ip6()/udp(dst=7)", "eth()/ip6()/udp(dst=8)", {**UDP6, "udp_dst": 7}),
    ("sctp_src", "eth()/ip()/sctp(src=7)", "eth()/ip()/sctp(src=8)", {**SCTP, "sctp_src": 7}),
    ("sctp_dst", "eth()/ip()/sctp(dst=7)", "eth()/ip()/sctp(dst=8)", {**SCTP, "sctp_dst": 7}),
    ("icmpv4_type", "eth()/ip()/icmp(type=0)", "eth()/ip()/icmp(type=8)", {**ICMP, "icmpv4_type": 0}),
    ("icmpv4_code", "eth()/ip()/icmp(type=3,code=1)", "eth()/ip()/icmp(type=3,code=2)", {**ICMP, "icmpv4_code": 1}),
    ("arp_op", "eth()/arp(op=2)", "eth()/arp(op=1)", {**ARP, "arp_op": 2}),
    ("arp_spa", 'eth()/arp(spa="10.3.0.1")', 'eth()/arp(spa="10.3.0.2")', {**ARP, "arp_spa": "10.3.0.1"}),
    (
        "arp_tpa",
        'eth()/arp(tpa="10.3.0.1")',
        'eth()/arp(tpa="10.3.0.2")',
        {**ARP, "arp_tpa": ("10.3.0.1", "255.255.255.255")},
    ),
    ("arp_sha", f'eth()/arp(sha="{A}")', f'eth()/arp(sha="{B}")', {**ARP, "arp_sha": A}),
    ("arp_tha", f'eth()/arp(tha="{A}")', f'eth()/arp(tha="{B}")', {**ARP, "arp_tha": A}),
    ("ipv6_src", 'eth()/ip6(src="fe80::7")', 'eth()/ip6(src="fe80::8")', {**IP6, "ipv6_src": "fe80::7"}),
    (
        "ipv6_src with a mask",
        'eth()/ip6(src="fe80::7")',
        'eth()/ip6(src="fd80::7")',
        {**IP6, "ipv6_src": ("fe80::", "ffff::")},
    ),
    ("ipv6_dst", 'eth()/ip6(dst="fe80::7")', 'eth()/ip6(dst="fe80::8")', {**IP6, "ipv6_dst": "fe80::7"}),
    ("ipv6_flabel", "eth()/ip6(label=77)", "eth()/ip6(label=78)", {**IP6, "ipv6_flabel": 77}),
    ("icmpv6_type", "eth()/ip6()/icmp6(type=128)", "eth()/ip6()/icmp6(type=129)", {**ICMP6, "icmpv6_type": 128}),
    (
        "icmpv6_code",
        "eth()/ip6()/icmp6(type=1,code=3)",
        "eth()/ip6()/icmp6(type=1,code=4)",
        {**ICMP6, "icmpv6_code": 3},
    ),
    (
        "ipv6_nd_target",
        NS,
        NS.replace('target="fe80::2"', 'target="fe80::3"'),
        {**ICMP6, "icmpv6_type": 135, "ipv6_nd_target": "fe80::2"},
    ),
    ("ipv6_nd_sll", NS, NS.replace("00:0a", "00:0b"), {**ICMP6, "icmpv6_type": 135, "ipv6_nd_sll": A}),
    ("ipv6_nd_tll", NA, NA.replace("00:0a", "00:0b"), {**ICMP6, "icmpv6_type": 136, "ipv6_nd_tll": A}),
    ("mpls_label", "eth()/mpls(label=77)/ip()", "eth()/mpls(label=78)/ip()", {**MPLS, "mpls_label": 77}),
    ("mpls_tc", "eth()/mpls(label=77,tc=3)/ip()", "eth()/mpls(label=77,tc=4)/ip()", {**MPLS, "mpls_tc": 3}),
    ("mpls_bos", "eth()/mpls(label=77)/ip()", "eth()/mpls(label=77)/mpls(label=1)/ip()", {**MPLS, "mpls_bos": 1}),
    (
        "pbb_isid",
        frames.mac(A) + frames.mac(B) + bytes.fromhex("88e700000777") + bytes(14),
        frames.mac(A) + frames.mac(B) + bytes.fromhex("88e700000778") + bytes(14),
        {"eth_type": 0x88E7, "pbb_isid": 0x777},
    ),
    (
        "ipv6_exthdr",
        frames.mac(A)
        + frames.mac(B)
        + bytes.fromhex("86dd60000000000800ff")
        + bytes(32)
        + bytes.fromhex("3b00010400000000"),
        "eth()/ip6()/udp()",
        {**IP6, "ipv6_exthdr": (0x40, 0x40)},
    ),
):
    must("7.2.3.7", f"Match field {name}")(lambda s, yes=yes, no=no, values=values: matches(s, yes, no, **values))


@must("7.2.3.7", "Match field metadata, masked, as Write-Metadata left it")
def _(s):
    s.ok(
        flow_mod(write_metadata(0xA5, 0xF0), goto(1)),
        flow_mod(apply(output(2)), table=1, match=fields(metadata=(0xA0, 0xF0))),
        flow_mod(apply(output(3)), table=1, priority=1),
    )
    assert s.passes(UDP_FRAME)


@must("7.2.3.7", "Match field in_phy_port: with in_port, where the port is physical")
def _(s):
    s.flow(apply(output(2)), match=fields(in_port=1, in_phy_port=1))
    assert s.passes(UDP_FRAME)


@must("7.2.3.7", "Match field tunnel_id: 0 where there is no tunnel")
def _(s):
    s.ok(
        flow_mod(apply(output(2)), match=fields(tunnel_id=0)),
        flow_mod(apply(output(3)), match=fields(tunnel_id=5), priority=40000),
    )
    assert s.passes(UDP_FRAME)


@must("5.3", "A header that a frame does not have has no field that could match")
def _(s):
    s.flow(apply(output(2)), match=fields(**UDP, udp_dst=2))
    assert s.passes(UDP_FRAME) and not s.passes('eth()/ip(frag=8,proto=17)/"\\x00\\x01\\x00\\x02\\x00\\x08\\x00\\x00"')


# ---- 5.4: table miss ----


@must("5.4", "Without a table-miss entry a packet that matches nothing is dropped, in any table")
def _(s):
    s.receive(1, UDP_FRAME)
    s.flow(write(output(2)), goto(1))
    s.receive(1, UDP_FRAME)
    assert s.sent_by_ports() == {} and not s.answers()


@must("5.4", "The table-miss entry is the one that matches all at priority 0: to the controller, reason no_match")
def _(s):
    s.flow(apply(output(CONTROLLER)), priority=0)
    s.receive(1, UDP_FRAME)
    assert s.only().at("B", 14) == (0,)


@must("5.4", "The table-miss entry may drop, or go to a later table")
def _(s):
    s.ok(flow_mod(priority=0, table=1), flow_mod(goto(2), priority=0), flow_mod(apply(output(2)), table=2))
    assert s.passes(UDP_FRAME)
    s.flow(priority=0)
    assert not s.passes(UDP_FRAME)


@must("5.4", "An entry to the controller that is no table-miss gives reason action")
def _(s):
    s.flow(apply(output(CONTROLLER)), priority=1)
    s.receive(1, UDP_FRAME)
    assert s.only().at("B", 14) == (1,)
    s.ok(flow_mod(command=DELETE), flow_mod(apply(output(CONTROLLER)), priority=0, match=fields(**IP)))
    s.receive(1, UDP_FRAME)
    assert s.only().at("B", 14) == (1,)


@must("5.4", "There is no table-miss entry at first; a controller adds, changes, removes it, and it can expire")
def _(s):
    assert not s.flows()
    s.flow(apply(output(2)), priority=0, hard=5)
    assert s.passes(UDP_FRAME)
    s.warp(6000)
    assert not s.flows() and not s.passes(UDP_FRAME)


# ---- 5.5: removal ----


def removed(s):
    m = s.only()
    assert m.kind == FLOW_REMOVED, str(m)
    return m


@must("5.5", "idle_timeout: gone when no packet has matched for so long")
def _(s):
    s.flow(apply(output(2)), idle=10, flags=1)
    for _ in range(3):
        s.warp(8000)
        s.receive(1, UDP_FRAME)
    s.warp(9000)
    assert len(s.flows()) == 1
    s.warp(2000)
    assert removed(s).at("B", 18) == (0,) and not s.flows()


@must("5.5", "hard_timeout: gone after so long, whatever has matched")
def _(s):
    s.flow(apply(output(2)), hard=10, idle=60, flags=1)
    for _ in range(3):
        s.warp(3000)
        s.receive(1, UDP_FRAME)
    s.warp(2000)
    m = removed(s)
    assert m.at("B", 18) == (1,) and m.at("Q", 32) == (3,)


@must("5.5", "A controller deletes: FLOW_REMOVED says so, with duration and counters")
def _(s):
    s.flow(apply(output(2)), flags=1, cookie=7, priority=9)
    s.receive(1, UDP_FRAME, UDP_FRAME)
    s.warp(1500)
    m = s.only(flow_mod(command=DELETE))
    assert m.at("QHBBII", 8) == (7, 9, 2, 0, 1, 500000000) and m.at("QQ", 32) == (
        2,
        2 * len(frames.make(UDP_FRAME)),
    ), str(m)


@must("5.5", "Without OFPFF_SEND_FLOW_REM nothing is said")
def _(s):
    s.flow(hard=1)
    s.warp(2000)
    assert not s.answers() and not s.flows()


@must("5.5", "idle and hard timeouts of 6,000 entries: each to the second, none before, used ones stay")
def _(s):
    for n in range(3000):
        s.c.send(
            flow_mod(match=fields(metadata=n), table=1, idle=1 + n % 60, cookie=n, flags=1),
            flow_mod(match=fields(metadata=n), table=2, hard=1 + n % 60, cookie=n, flags=1),
        )
    s.flow(apply(output(2)), idle=5)
    assert not s.answers()
    for second in range(1, 61):
        s.warp(1000)
        s.receive(1, UDP_FRAME)
        got = [(m.at("B", 19)[0], m.at("Q", 8)[0], m.at("B", 18)[0], m.at("I", 20)[0]) for m in s.answers()]
        want = [(2 - (reason == 0), n, reason, second) for reason in (0, 1) for n in range(second - 1, 3000, 60)]
        assert sorted(got) == sorted(want), (second, len(got), got[:3])
    assert [f.idle for f in s.flows()] == [5] and len(s.sent(2)) == 60


# ---- 5.8: counters ----


@must("5.8", "Flow entries: packets, bytes, and the time they have been there")
def _(s):
    s.flow(apply(output(2)), flags=0)
    s.receive(1, *[UDP_FRAME] * 5)
    s.warp(2250)
    (f,) = s.flows()
    assert (f.packets, f.bytes, f.sec, f.nsec) == (5, 5 * len(frames.make(UDP_FRAME)), 2, 250000000)


@must("5.8", "Tables: look-ups, matches and active entries")
def _(s):
    def table():
        s.settle()
        return next(struct.unpack("!IQQ", e[4:]) for e in s.parts(multipart(3), 24) if e[0] == 0)

    s.flow(apply(output(2)), match=fields(**UDP))
    before = table()
    s.receive(1, UDP_FRAME, "eth()/arp()", UDP_FRAME)
    after = table()
    assert after[0] == 1 and (after[1] - before[1], after[2] - before[2]) == (3, 2), (before, after)


@must("5.8", "Ports: packets and bytes received and sent, the time they have been there")
def _(s):
    def port(n):
        return struct.unpack("!12QII", s.only(multipart(4, struct.pack("!I4x", n))).data[24:128])

    s.flow(apply(output(2)))
    one, two = port(1), port(2)
    s.receive(1, UDP_FRAME, UDP_FRAME)
    s.settle()
    one2, two2, size = port(1), port(2), 2 * len(frames.make(UDP_FRAME))
    assert (one2[0] - one[0], one2[2] - one[2], two2[1] - two[1], two2[3] - two[3]) == (2, size, 2, size)


@must("5.8", "Ports: what OFPPC_NO_RECV drops counts as received or dropped, and is not forwarded")
def _(s):
    s.flow(apply(output(2)))
    s.answers(port_mod(1, s.hw[1], 4, 4))
    assert not s.passes(UDP_FRAME)


@must("5.8", "Groups: reference count, packets, bytes, each bucket's")
def _(s):
    s.ok(
        group_mod(0, 0, 5, bucket(output(2)), bucket(output(3))),
        flow_mod(apply(group(5))),
        flow_mod(write(group(5)), table=1),
    )
    s.receive(1, UDP_FRAME, UDP_FRAME)
    s.settle()
    (e,) = s.parts(multipart(6, struct.pack("!I4x", 5)))
    size = 2 * len(frames.make(UDP_FRAME))
    assert struct.unpack("!II4xQQ", e[4:32]) == (5, 2, 2, size) and struct.unpack("!4Q", e[40:72]) == (2, size, 2, size)


@must("5.8", "Meters: flows, packets and bytes in, each band's")
def _(s):
    s.ok(meter_mod(0, 5, band(2, 2), flags=2 | 4 | 8), flow_mod(meter(5), apply(output(2))))
    s.receive(1, *[UDP_FRAME] * 6)
    s.settle()
    (e,) = s.parts(multipart(9, struct.pack("!I4x", 5)), 56)
    size = len(frames.make(UDP_FRAME))
    flows, packets, size_in = struct.unpack("!IQQ", e[12:32])
    hit, size_hit = struct.unpack("!QQ", e[40:56])
    assert (flows, packets, size_in) == (1, 6, 6 * size) and size_hit == hit * size and len(s.sent(2)) == 6 - hit, (
        flows,
        packets,
        hit,
    )


@must("5.8", "Queues: a port without queues has none to count, and a queue of none is an error")
def _(s):
    assert not s.parts(multipart(5, struct.pack("!II", ANY, ANY)), 40)
    s.refuse(9, 1, multipart(5, struct.pack("!II", 1, 9)))
    s.refuse(9, 0, multipart(5, struct.pack("!II", 99, ANY)))
