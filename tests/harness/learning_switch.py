"""learning_switch - an os-ken application: a MAC-learning switch on OpenFlow 1.3.

It learns from packet-ins, installs a flow for a known pair and floods the rest; it exercises a real controller's
handshake, table-miss rule, PACKET_IN, FLOW_MOD, PACKET_OUT, PORT_STATUS, BARRIER and multipart requests.  One line on
standard output for each event, for the test to read:

  ready DPID PORTS | packet_in PORT REASON | flow DST PORT | port REASON NO NAME | barrier | desc TEXT | error TYPE CODE"""
from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3


def say(*words):
    print(*words, flush=True)


class LearningSwitch(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.macs = {}

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def features(self, ev):
        dp = ev.msg.datapath
        p = dp.ofproto_parser
        self.add_flow(dp, 0, p.OFPMatch(), [p.OFPActionOutput(dp.ofproto.OFPP_CONTROLLER, dp.ofproto.OFPCML_NO_BUFFER)])
        dp.send_msg(p.OFPPortDescStatsRequest(dp, 0))
        dp.send_msg(p.OFPDescStatsRequest(dp, 0))
        dp.send_msg(p.OFPBarrierRequest(dp))

    def add_flow(self, dp, priority, match, actions):
        p = dp.ofproto_parser
        inst = [p.OFPInstructionActions(dp.ofproto.OFPIT_APPLY_ACTIONS, actions)]
        dp.send_msg(p.OFPFlowMod(datapath=dp, priority=priority, match=match, instructions=inst,
                                 flags=dp.ofproto.OFPFF_SEND_FLOW_REM))

    @set_ev_cls(ofp_event.EventOFPPortDescStatsReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def ports(self, ev):
        dp = ev.msg.datapath
        names = ",".join(sorted(port.name.decode() for port in ev.msg.body))
        say("ready", "%016x" % dp.id, names)

    @set_ev_cls(ofp_event.EventOFPDescStatsReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def desc(self, ev):
        say("desc", ev.msg.body.sw_desc.decode())

    @set_ev_cls(ofp_event.EventOFPBarrierReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def barrier(self, ev):
        say("barrier")

    @set_ev_cls(ofp_event.EventOFPPortStatus, MAIN_DISPATCHER)
    def port_status(self, ev):
        reason = {0: "add", 1: "delete", 2: "modify"}[ev.msg.reason]
        say("port", reason, ev.msg.desc.port_no, ev.msg.desc.name.decode(), "state=%d" % ev.msg.desc.state)

    @set_ev_cls(ofp_event.EventOFPFlowRemoved, MAIN_DISPATCHER)
    def flow_removed(self, ev):
        say("removed", ev.msg.priority, ev.msg.reason, ev.msg.packet_count)

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, ev):
        say("error", ev.msg.type, ev.msg.code)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, ev):
        msg, dp = ev.msg, ev.msg.datapath
        p, ofp = dp.ofproto_parser, dp.ofproto
        port = msg.match["in_port"]
        eth = packet.Packet(msg.data).get_protocol(ethernet.ethernet)
        say("packet_in", port, msg.reason)
        table = self.macs.setdefault(dp.id, {})
        table[eth.src] = port
        out = table.get(eth.dst, ofp.OFPP_FLOOD)
        actions = [p.OFPActionOutput(out)]
        if out != ofp.OFPP_FLOOD:
            self.add_flow(dp, 1, p.OFPMatch(in_port=port, eth_dst=eth.dst, eth_src=eth.src), actions)
            say("flow", eth.dst, out)
        dp.send_msg(p.OFPPacketOut(datapath=dp, buffer_id=msg.buffer_id, in_port=port, actions=actions,
                                   data=msg.data if msg.buffer_id == ofp.OFP_NO_BUFFER else None))
