"""osken.py - os-ken parses our samples and serializes them to the same bytes; what it builds parses in our tool.

usage: osken.py BUILD SRCDIR"""
import logging
import os
import signal
import sys

import samples

try:
    from os_ken.ofproto import ofproto_parser, ofproto_protocol
    import os_ken.ofproto.ofproto_v1_0_parser  # noqa: F401
    import os_ken.ofproto.ofproto_v1_2_parser  # noqa: F401
    import os_ken.ofproto.ofproto_v1_3_parser  # noqa: F401
    import os_ken.ofproto.ofproto_v1_4_parser  # noqa: F401
    import os_ken.ofproto.ofproto_v1_5_parser  # noqa: F401
except ImportError as e:
    print("skipped: %s" % e)
    sys.exit(samples.SKIP)

VERSIONS = (1, 3, 4, 5, 6)  # It has no 1.1.


def datapath(version):
    return ofproto_protocol.ProtocolDesc(version)


class Stuck(Exception):
    """os-ken loops on some lengths."""


def stuck(_signal, _frame):
    raise Stuck("no end in 0.2 s")


class Reasons(logging.Handler):
    """What its parser logs instead of raising it."""
    last = ""

    def emit(self, record):
        self.last = repr(record.exc_info[1]) if record.exc_info else record.getMessage()


reasons = Reasons()


def parse(dp, msg):
    reasons.last = ""
    version, kind, length, xid = ofproto_parser.header(msg)
    parsed = ofproto_parser.msg(dp, version, kind, length, xid, msg)
    if parsed is None:
        raise ValueError(reasons.last)
    return parsed


def again(dp, msg):
    """In hex, what os-ken makes of its parsed message, or why it makes nothing of it."""
    try:
        parsed = parse(dp, msg)
    except Exception as e:  # What it does not know, it says in many ways.
        return "not parsed: %s" % (e if isinstance(e, ValueError) else repr(e))
    parsed.buf = None
    try:
        parsed.serialize()
    except (NotImplementedError, TypeError, AttributeError) as e:
        return "not serialized: %r" % e
    out = bytearray(parsed.buf)
    if len(out) == 8 < len(msg):
        return "not serialized: the header alone"
    out[4:8] = msg[4:8]
    return out.hex()


def check_samples(build, report):
    signal.signal(signal.SIGALRM, stuck)
    for s in samples.load(build):
        if s.version not in VERSIONS or s.want != "same":
            continue
        msg = s.in_flow_mod()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            out = again(datapath(s.version), msg)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        report.n += 1
        if out != msg.hex():
            report.differ((s.kind, s.row, s.version, s.how), "  %s\n" % msg.hex(), out + "\n")


# ---- what os-ken builds ----

FIELDS = {  # Name of a field, value, what ours prints, prerequisites.
    "in_port": (7, "in_port=7", {}),
    "metadata": ((5, 0xFF), "metadata=0x5/0xff", {}),
    "eth_dst": ("00:11:22:33:44:55", "dl_dst=00:11:22:33:44:55", {}),
    "eth_src": (("00:11:22:00:00:00", "ff:ff:ff:00:00:00"), "dl_src=00:11:22:00:00:00/ff:ff:ff:00:00:00", {}),
    "eth_type": (0x88CC, "dl_type=0x88cc", {}),
    "vlan_vid": (0x1005, "dl_vlan=5", {}),
    "vlan_pcp": (3, "dl_vlan_pcp=3", {"vlan_vid": 0x1005}),
    "ip_dscp": (10, "nw_tos=40", {"eth_type": 0x800}),
    "ip_ecn": (2, "nw_ecn=2", {"eth_type": 0x800}),
    "ip_proto": (47, "nw_proto=47", {"eth_type": 0x800}),
    "ipv4_src": ("1.2.3.4", "nw_src=1.2.3.4", {"eth_type": 0x800}),
    "ipv4_dst": (("1.2.0.0", "255.255.0.0"), "nw_dst=1.2.0.0/16", {"eth_type": 0x800}),
    "tcp_src": (80, "tp_src=80", {"eth_type": 0x800, "ip_proto": 6}),
    "tcp_dst": (80, "tp_dst=80", {"eth_type": 0x86DD, "ip_proto": 6}),
    "udp_src": (80, "tp_src=80", {"eth_type": 0x800, "ip_proto": 17}),
    "udp_dst": (80, "tp_dst=80", {"eth_type": 0x800, "ip_proto": 17}),
    "sctp_src": (80, "tp_src=80", {"eth_type": 0x800, "ip_proto": 132}),
    "sctp_dst": (80, "tp_dst=80", {"eth_type": 0x800, "ip_proto": 132}),
    "icmpv4_type": (8, "icmp_type=8", {"eth_type": 0x800, "ip_proto": 1}),
    "icmpv4_code": (3, "icmp_code=3", {"eth_type": 0x800, "ip_proto": 1}),
    "arp_op": (2, "arp_op=2", {"eth_type": 0x806}),
    "arp_spa": ("1.2.3.4", "arp_spa=1.2.3.4", {"eth_type": 0x806}),
    "arp_tpa": ("1.2.3.4", "arp_tpa=1.2.3.4", {"eth_type": 0x806}),
    "arp_sha": ("00:11:22:33:44:55", "arp_sha=00:11:22:33:44:55", {"eth_type": 0x806}),
    "arp_tha": ("00:11:22:33:44:55", "arp_tha=00:11:22:33:44:55", {"eth_type": 0x806}),
    "ipv6_src": ("fe80::1", "ipv6_src=fe80::1", {"eth_type": 0x86DD}),
    "ipv6_dst": (("fe80::", "ffc0::"), "ipv6_dst=fe80::/10", {"eth_type": 0x86DD}),
    "ipv6_flabel": (0x12345, "ipv6_label=0x12345", {"eth_type": 0x86DD}),
    "icmpv6_type": (128, "icmp_type=128", {"eth_type": 0x86DD, "ip_proto": 58}),
    "icmpv6_code": (1, "icmp_code=1", {"eth_type": 0x86DD, "ip_proto": 58}),
    "ipv6_nd_target": ("fe80::1", "nd_target=fe80::1", {"eth_type": 0x86DD, "ip_proto": 58, "icmpv6_type": 135, "icmpv6_code": 0}),
    "ipv6_nd_sll": ("00:11:22:33:44:55", "nd_sll=00:11:22:33:44:55", {"eth_type": 0x86DD, "ip_proto": 58, "icmpv6_type": 135, "icmpv6_code": 0}),
    "ipv6_nd_tll": ("00:11:22:33:44:55", "nd_tll=00:11:22:33:44:55", {"eth_type": 0x86DD, "ip_proto": 58, "icmpv6_type": 136, "icmpv6_code": 0}),
    "mpls_label": (9, "mpls_label=9", {"eth_type": 0x8847}),
    "mpls_tc": (3, "mpls_tc=3", {"eth_type": 0x8847}),
    "mpls_bos": (1, "mpls_bos=1", {"eth_type": 0x8847}),
    "pbb_isid": (9, "pbb_isid=9", {"eth_type": 0x88E7}),
    "tunnel_id": (5, "tun_id=0x5", {}),
    "ipv6_exthdr": (5, "ipv6_exthdr=5", {"eth_type": 0x86DD}),
    "pbb_uca": (1, "pbb_uca=1", {"eth_type": 0x88E7}),
    "tcp_flags": (2, "tcp_flags=syn", {"eth_type": 0x800, "ip_proto": 6}),
    "actset_output": (5, "actset_output=5", {}),
    "tun_ipv4_src": ("1.2.3.4", "tun_src=1.2.3.4", {}),
    "ct_state": ((0x21, 0x21), "ct_state=+new+trk", {}),
    "ct_zone": (5, "ct_zone=5", {}),
    "ct_mark": (5, "ct_mark=0x5", {}),
    "reg0": (5, "reg0=0x5", {}),
    "pkt_mark": (5, "pkt_mark=0x5", {}),
    "conj_id": (5, "conj_id=5", {}),
}


def actions_of(p, o):
    """Name of an action, how it is built, what ours prints; what a version's parser lacks is left out."""
    def nx(name):
        return getattr(p, "NXAction" + name)

    return [
        ("output", lambda: p.OFPActionOutput(3), "output:3"),
        ("controller", lambda: p.OFPActionOutput(o.OFPP_CONTROLLER, 100), "CONTROLLER:100"),
        ("group", lambda: p.OFPActionGroup(5), "group:5"),
        ("set_queue", lambda: p.OFPActionSetQueue(5), "set_queue:5"),
        ("push_vlan", lambda: p.OFPActionPushVlan(0x8100), "push_vlan:0x8100"),
        ("push_mpls", lambda: p.OFPActionPushMpls(0x8847), "push_mpls:0x8847"),
        ("set_field", lambda: p.OFPActionSetField(eth_dst="00:11:22:33:44:55"), "set_field:00:11:22:33:44:55->eth_dst"),
        ("metadata", lambda: p.OFPActionSetField(metadata=5), "set_field:0x5->metadata"),
        ("resubmit", lambda: nx("ResubmitTable")(in_port=0xFFF8, table_id=4), "resubmit(,4)"),
        ("resubmit port", lambda: nx("Resubmit")(in_port=4), "resubmit:4"),
        ("load", lambda: nx("RegLoad")(ofs_nbits=3, dst="reg1", value=5), "load:0x5->NXM_NX_REG1[0..3]"),
        ("move", lambda: nx("RegMove")(src_field="reg1", dst_field="reg2", n_bits=8), "move:NXM_NX_REG1[0..7]->NXM_NX_REG2[0..7]"),
        ("note", lambda: nx("Note")(note=[1, 2, 3]), "note:01.02.03.00.00.00"),
        ("exit", lambda: nx("Exit")(), "exit"),
        ("set_tunnel", lambda: nx("SetTunnel")(tun_id=5), "set_tunnel:0x5"),
        ("set_tunnel64", lambda: nx("SetTunnel64")(tun_id=5), "set_tunnel64:0x5"),
        ("output reg", lambda: nx("OutputReg")(ofs_nbits=15, src="reg1", max_len=100), "output:NXM_NX_REG1[0..15]"),
        ("multipath", lambda: nx("Multipath")(fields=0, basis=50, algorithm=0, max_link=1, arg=0, ofs_nbits=31, dst="reg2"),
         "multipath(eth_src,50,modulo_n,2,0,NXM_NX_REG2[])"),
        ("conjunction", lambda: nx("Conjunction")(clause=1, n_clauses=2, id_=5), "conjunction(5,2/2)"),
        ("ct", lambda: nx("CT")(flags=1, zone_src="", zone_ofs_nbits=4, recirc_table=2, alg=0, actions=[]), "ct(commit,table=2,zone=4)"),
        ("ct_clear", lambda: nx("CTClear")(), "ct_clear"),
        ("controller nx", lambda: nx("Controller")(max_len=100, controller_id=5, reason=1), "controller(max_len=100,id=5)"),
        ("bundle", lambda: nx("Bundle")(algorithm=1, fields=0, basis=0, slave_type=2, n_slaves=2, ofs_nbits=0, dst=0, slaves=[2, 3]),
         "bundle(eth_src,0,hrw,ofport,members:2,3)"),
        ("sample", lambda: nx("Sample")(probability=3, collector_set_id=1, obs_domain_id=2, obs_point_id=3),
         "sample(probability=3,collector_set_id=1,obs_domain_id=2,obs_point_id=3)"),
        ("fin_timeout", lambda: nx("FinTimeout")(fin_idle_timeout=30, fin_hard_timeout=60), "fin_timeout(idle_timeout=30,hard_timeout=60)"),
        ("learn", lambda: nx("Learn")(table_id=10, specs=[]), "learn(table=10)"),
        ("dec_ttl ids", lambda: nx("DecTtlCntIds")(cnt_ids=[1, 2, 3]), "dec_ttl(1,2,3)"),
        ("output trunc", lambda: nx("OutputTrunc")(port=3, max_len=100), "output(port=3,max_len=100)"),
    ]


def built(version):
    """(kind, name, message, text) of flow-mods that os-ken builds in a version."""
    dp = datapath(version)
    p, o = dp.ofproto_parser, dp.ofproto
    for name, (value, text, prereqs) in FIELDS.items():
        if version < 3:
            continue
        try:
            fm = p.OFPFlowMod(dp, match=p.OFPMatch(**prereqs, **{name: value}), instructions=[])
            fm.serialize()
        except (KeyError, AttributeError, TypeError):
            continue
        yield "field", name, bytes(fm.buf), text
    for name, make, text in actions_of(p, o):
        try:
            actions = [make()]
            match = p.OFPMatch(eth_type=0x800, ip_proto=6) if version >= 3 else p.OFPMatch(dl_type=0x800, nw_proto=6)
            if version >= 3:
                inst = [p.OFPInstructionActions(o.OFPIT_APPLY_ACTIONS, actions)]
                fm = p.OFPFlowMod(dp, match=match, instructions=inst)
            else:
                fm = p.OFPFlowMod(dp, match=match, cookie=0, command=0, actions=actions)
            fm.serialize()
        except (KeyError, AttributeError, TypeError, AssertionError):
            continue
        yield "built action", name, bytes(fm.buf), text


def check_built(build, report):
    rows = [(v, *b) for v in VERSIONS for b in built(v)]
    printed = samples.printed(os.path.join(build, "utilities/sluice-ofctl"), [r[3] for r in rows])
    for (version, kind, name, msg, text), got in zip(rows, printed):
        report.n += 1
        if version == 6 and name in ("load", "move"):
            continue  # 1.5 has set_field and copy_field for them.
        if text not in got or "decode error" in got:
            report.differ((kind, name, version, "built"), "  %s\n  ours:   %s  wanted: %s\n" % (msg.hex(), got, text), msg.hex())


def main(build, srcdir):
    logging.getLogger().handlers = [reasons]
    report = samples.Report("osken", srcdir)
    check_samples(build, report)
    check_built(build, report)
    return report.finish()


sys.exit(main(*sys.argv[1:]))
