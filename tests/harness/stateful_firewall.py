"""stateful_firewall - an os-ken application: what port 1 begins may go on, what port 2 begins may not.

Its flows have Nicira's ct action and match ct_state, as os-ken encodes them.  Says `ready DPID`, `error TYPE CODE`."""
from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_3

NEW, EST, REL, INV, TRK = 1, 2, 4, 16, 32
ZONE = 7


class StatefulFirewall(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def add(self, dp, table, priority, actions, **match):
        p = dp.ofproto_parser
        inst = [p.OFPInstructionActions(dp.ofproto.OFPIT_APPLY_ACTIONS, actions)] if actions else []
        dp.send_msg(p.OFPFlowMod(datapath=dp, table_id=table, priority=priority, match=p.OFPMatch(**match), instructions=inst))

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def features(self, ev):
        dp = ev.msg.datapath
        p = dp.ofproto_parser

        def track(table, flags=0):
            return p.NXActionCT(flags=flags, zone_src="", zone_ofs_nbits=ZONE, recirc_table=table, alg=0, actions=[])

        normal = p.OFPActionOutput(dp.ofproto.OFPP_NORMAL)
        self.add(dp, 0, 10, [normal], eth_type=0x806)
        self.add(dp, 0, 5, [track(1)], eth_type=0x800)
        self.add(dp, 1, 30, [normal], eth_type=0x800, ct_state=(TRK | EST, TRK | EST | INV))
        self.add(dp, 1, 30, [normal], eth_type=0x800, ct_state=(TRK | REL, TRK | REL | INV))
        self.add(dp, 1, 20, [track(255, flags=1), normal], eth_type=0x800, in_port=1, ct_state=(TRK | NEW, TRK | NEW))
        self.add(dp, 1, 10, [], eth_type=0x800)
        dp.send_msg(p.OFPBarrierRequest(dp))

    @set_ev_cls(ofp_event.EventOFPBarrierReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def barrier(self, ev):
        print("ready", "%016x" % ev.msg.datapath.id, flush=True)

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, ev):
        print("error", ev.msg.type, ev.msg.code, flush=True)
