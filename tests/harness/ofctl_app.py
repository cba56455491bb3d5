"""ofctl_app - an os-ken application that does everything by os_ken.lib.ofctl_v1_3, as its REST application does: groups,
meters, flows, and every statistic, asked for again and again (save the features of tables, which are the same each time
and which os-ken takes seconds to read).

What port 1 sends passes meter 1 and goes through group 1.  Says, a line each: `ready`, `NAME DICTIONARY` for each answer,
`error TYPE CODE`."""
import json

from os_ken.base import app_manager
from os_ken.controller import dpset, ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub, ofctl_utils, ofctl_v1_3
from os_ken.ofproto import ofproto_v1_3

REPLIES = [ofp_event.EventOFPDescStatsReply, ofp_event.EventOFPFlowStatsReply, ofp_event.EventOFPAggregateStatsReply,
           ofp_event.EventOFPTableStatsReply, ofp_event.EventOFPTableFeaturesStatsReply, ofp_event.EventOFPPortStatsReply,
           ofp_event.EventOFPPortDescStatsReply, ofp_event.EventOFPQueueStatsReply, ofp_event.EventOFPGroupStatsReply,
           ofp_event.EventOFPGroupDescStatsReply, ofp_event.EventOFPGroupFeaturesStatsReply,
           ofp_event.EventOFPMeterStatsReply, ofp_event.EventOFPMeterConfigStatsReply,
           ofp_event.EventOFPMeterFeaturesStatsReply]
ASKED = ("desc_stats flow_stats aggregate_flow_stats table_stats port_stats port_desc queue_stats group_stats "
         "group_desc group_features meter_stats meter_config meter_features").split()
ofctl_utils.DEFAULT_TIMEOUT = 60  # Seconds that it waits for an answer; one that comes later is lost.


class OfctlApp(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]
    _CONTEXTS = {"dpset": dpset.DPSet}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waiters = {}

    @set_ev_cls(dpset.EventDP, dpset.DPSET_EV_DISPATCHER)
    def comes(self, ev):
        if ev.enter:
            hub.spawn(self.drive, ev.dp)

    def drive(self, dp):
        o = dp.ofproto
        ofctl_v1_3.mod_meter_entry(dp, {"meter_id": 1, "flags": ["PKTPS", "BURST", "STATS"],
                                        "bands": [{"type": "DROP", "rate": 20, "burst_size": 20}]}, o.OFPMC_ADD)
        ofctl_v1_3.mod_group_entry(dp, {"type": "ALL", "group_id": 2, "buckets": [
            {"actions": [{"type": "SET_NW_TTL", "nw_ttl": 33}, {"type": "OUTPUT", "port": 2}]}]}, o.OFPGC_ADD)
        ofctl_v1_3.mod_group_entry(dp, {"type": "FF", "group_id": 1, "buckets": [
            {"watch_port": 2, "actions": [{"type": "GROUP", "group_id": 2}]}]}, o.OFPGC_ADD)
        ofctl_v1_3.mod_flow_entry(dp, {"priority": 10, "match": {"eth_type": 0x806}, "actions": [
            {"type": "OUTPUT", "port": o.OFPP_NORMAL}]}, o.OFPFC_ADD)
        ofctl_v1_3.mod_flow_entry(dp, {"priority": 5, "match": {"in_port": 1, "eth_type": 0x800}, "actions": [
            {"type": "METER", "meter_id": 1}, {"type": "GROUP", "group_id": 1}]}, o.OFPFC_ADD)
        ofctl_v1_3.mod_flow_entry(dp, {"priority": 5, "match": {"in_port": 2, "eth_type": 0x800}, "actions": [
            {"type": "OUTPUT", "port": 1}]}, o.OFPFC_ADD)
        print("ready", flush=True)
        self.ask(dp, "table_features")
        while True:
            for name in ASKED:
                self.ask(dp, name)
            hub.sleep(0.5)

    def ask(self, dp, name):
        print(name, json.dumps(getattr(ofctl_v1_3, "get_" + name)(dp, self.waiters), default=str), flush=True)

    @set_ev_cls(REPLIES, MAIN_DISPATCHER)
    def reply(self, ev):
        msg = ev.msg
        waiting = self.waiters.get(msg.datapath.id, {})
        if msg.xid in waiting:
            lock, messages = waiting[msg.xid]
            messages.append(msg)
            if not msg.flags & msg.datapath.ofproto.OFPMPF_REPLY_MORE:
                del waiting[msg.xid]
                lock.set()

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def error(self, ev):
        print("error", ev.msg.type, ev.msg.code, flush=True)
