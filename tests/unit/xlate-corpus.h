/* xlate-corpus.h - pipelines, packets for them, and the datapath actions that come out. */
#pragma once

#define IP  "ip,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_ttl=64"
#define TCP "tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_ttl=64,tp_src=1000,tp_dst=80"

struct step {
    const char *packet, *want;
};
#define MAX_STEPS 8

static const struct test {
    const char *rules;
    struct step steps[MAX_STEPS];
} tests[] = {
    /* Table miss, output, input port. */
    {"", {{"in_port=11," IP, "drop"}}},
    {"priority=0,actions=CONTROLLER:128", {{"in_port=11," IP, "controller(0,1,0,128)"}}},
    {"priority=1,actions=CONTROLLER:128", {{"in_port=11," IP, "controller(1,1,0,128)"}}},
    {"in_port=1,actions=2,1,IN_PORT,LOCAL,77", {{"in_port=11," IP, "12,11,10"}}},
    {"actions=ALL", {{"in_port=12," IP, "11,13,14,10"}}},
    {"actions=FLOOD\nbr1 actions=drop", {{"in_port=10," IP, "11,12,13,14"}}},
    {"actions=2", {{"in_port=99," IP, "error: input port belongs to no bridge"}}},
    {"actions=2", {{"recirc_id=5,in_port=11," IP, "error: no recirculation data for recirc_id"}}},

    /* goto, metadata, registers, resubmit. */
    {"table=0,actions=write_metadata:0x5/0xf,goto_table:3\n"
     "table=3,metadata=0x5,actions=load:0x7->NXM_NX_REG0[0..3],resubmit(,9),3\n"
     "table=9,reg0=0x7,actions=2",
     {{"in_port=11," IP, "12,13"}}},
    {"table=0,actions=resubmit(3,7),1\ntable=7,in_port=3,actions=2,IN_PORT",
     {{"in_port=14," IP, "12,14,11"}}},
    {"table=0,ip,actions=move:NXM_OF_IP_SRC[0..7]->NXM_NX_REG1[8..15],resubmit(,1)\n"
     "table=1,reg1=0x100,actions=2",
     {{"in_port=11," IP, "12"}}},
    {"table=0,actions=resubmit(,0)", {{"in_port=11," IP, "error: over max translation depth"}}},
    {"table=0,actions=2,exit,3", {{"in_port=11," IP, "12"}}},
    {"table=0,actions=resubmit(,1),3\ntable=1,actions=2,exit", {{"in_port=11," IP, "12"}}},
    {"table=0,actions=note:01.02,TABLE,2",
     {{"in_port=11," IP, "error: over max translation depth"}}},

    /* Action set. */
    {"table=0,ip,actions=write_actions(output:2,set_field:aa:bb:cc:dd:ee:ff->eth_dst,dec_ttl),"
     "goto_table:1\ntable=1,actions=write_actions(output:3)",
     {{"in_port=11," IP, "set(eth(dst=aa:bb:cc:dd:ee:ff)),set(ipv4(ttl=63)),13"}}},
    {"table=0,actions=write_actions(output:2),goto_table:1\n"
     "table=1,actions=4,clear_actions",
     {{"in_port=11," IP, "14"}}},
    {"table=0,ip,actions=write_actions(set_field:1.1.1.1->ip_src)", {{"in_port=11," IP, "drop"}}},
    {"table=0,ip,actions=write_actions(CONTROLLER:65535)",
     {{"in_port=11," IP, "controller(3,1,0,65535)"}}},
    {"table=0,actions=write_actions(output:2),goto_table:1\n"
     "table=1,actset_output=2,actions=3",
     {{"in_port=11," IP, "13,12"}}},

    /* Headers. */
    {"ip,actions=dec_ttl,2,dec_ttl,3",
     {{"in_port=11," IP, "set(ipv4(ttl=63)),12,set(ipv4(ttl=62)),13"},
      {"in_port=11,ip,nw_ttl=2", "set(ipv4(ttl=1)),12,controller(2,1,0,65535)"},
      {"in_port=11,ip,nw_ttl=1", "controller(2,1,0,65535)"},
      {"in_port=11,arp", "drop"}}},
    {"tcp,actions=mod_tp_dst:8080,mod_nw_src:9.9.9.9,2",
     {{"in_port=11," TCP, "set(ipv4(src=9.9.9.9)),set(tcp(dst=8080)),12"}}},
    {"actions=push_vlan:0x8100,set_field:4101->vlan_vid,2,pop_vlan,3",
     {{"in_port=11," IP, "push_vlan(vid=5,pcp=0),12,pop_vlan,13"},
      {"in_port=11,dl_vlan=7,dl_vlan_pcp=2," IP, "push_vlan(vid=5,pcp=2),12,pop_vlan,13"}}},
    {"vlan_vid=0x1000/0x1000,actions=set_field:4101->vlan_vid,2",
     {{"in_port=11,dl_vlan=7,dl_vlan_pcp=2," IP, "pop_vlan,push_vlan(vid=5,pcp=2),12"}}},
    {"actions=load:0x1005->NXM_OF_VLAN_TCI[],2,load:0->NXM_OF_VLAN_TCI[],3",
     {{"in_port=11," IP, "push_vlan(vid=5,pcp=0),12,pop_vlan,13"}}},
    {"ip,actions=push_mpls:0x8847,set_field:9->mpls_label,2",
     {{"in_port=11," IP, "push_mpls(label=9,tc=0,ttl=64,bos=1,eth_type=0x8847),12"}}},
    {"mpls,actions=pop_mpls:0x0800,2",
     {{"in_port=11,mpls,mpls_label=7,mpls_bos=1,mpls_ttl=5", "pop_mpls(eth_type=0x800),12"}}},
    {"table=0,mpls,actions=pop_mpls:0x0800,set_field:5->reg3,resubmit(,2),4\n"
     "table=2,ip,reg3=5,actions=dec_ttl,3",
     {{"in_port=11,mpls,mpls_label=7,mpls_bos=1", "pop_mpls(eth_type=0x800),recirc(0x1)"},
      {"recirc_id=1,in_port=11," IP, "set(ipv4(ttl=63)),13,14"}}},
    {"ip,actions=push_mpls:0x8847,set_field:1->mpls_label,push_mpls:0x8847,set_field:2->mpls_label,"
     "2,"
     "pop_mpls:0x8847,3,pop_mpls:0x0800,4",
     {{"in_port=11," IP, "push_mpls(label=1,tc=0,ttl=64,bos=1,eth_type=0x8847),"
                         "push_mpls(label=2,tc=0,ttl=64,bos=0,eth_type=0x8847),12,"
                         "pop_mpls(eth_type=0x8847),13,pop_mpls(eth_type=0x800),14"}}},
    {"mpls,actions=push_mpls:0x8848,2",
     {{"in_port=11,mpls,mpls_label=7,mpls_bos=1,mpls_ttl=3",
       "push_mpls(label=7,tc=0,ttl=3,bos=0,eth_type=0x8848),12"}}},
    {"actions=9,2\nbr1 mpls,actions=pop_mpls:0x0800,1",
     {{"in_port=11,mpls,mpls_label=7,mpls_bos=1,mpls_ttl=3",
       "pop_mpls(eth_type=0x800),21,"
       "push_mpls(label=7,tc=0,ttl=3,bos=1,eth_type=0x8847),12"}}},
    {"mpls,actions=dec_mpls_ttl,2",
     {{"in_port=11,mpls,mpls_label=7,mpls_bos=1,mpls_ttl=5",
       "set(mpls(label=7,tc=0,ttl=4,bos=1)),12"},
      {"in_port=11,mpls,mpls_label=7,mpls_bos=1,mpls_ttl=1", "controller(2,1,0,65535)"}}},
    {"actions=set_field:0x99->pkt_mark,2", {{"in_port=11," IP, "set(skb_mark(0x99)),12"}}},
    {"icmp,actions=set_field:3->icmp_type,set_field:1->icmp_code,2",
     {{"in_port=11,icmp,icmp_type=8", "set(icmp(type=3,code=1)),12"}}},
    {"tcp6,actions=set_field:2001::1->ipv6_src,set_field:5->ipv6_label,dec_ttl,mod_tp_src:7,2",
     {{"in_port=11,tcp6,nw_ttl=9",
       "set(ipv6(src=2001::1,label=0x5,hlimit=8)),set(tcp(src=7)),12"}}},
    {"icmp6,icmpv6_type=135,icmpv6_code=0,actions=set_field:2001::2->nd_target,"
     "set_field:00:00:00:00:00:07->nd_sll,2",
     {{"in_port=11,icmp6,icmpv6_type=135", "set(nd(target=2001::2,sll=00:00:00:00:00:07)),12"}}},
    {"udp,actions=mod_tp_dst:9,2\nsctp,actions=mod_tp_dst:9,2",
     {{"in_port=11,udp", "set(udp(dst=9)),12"},
      {"in_port=11,sctp", "set(sctp(dst=9)),12"},
      {"in_port=11,udp,nw_frag=later", "12"}}},
    {"arp,actions=set_field:2->arp_op,set_field:1.2.3.4->arp_spa,2",
     {{"in_port=11,arp,arp_op=1", "set(arp(sip=1.2.3.4,op=2)),12"}}},

    /* Patch ports: the peer has no past, and what it does is undone. */
    {"actions=load:1->NXM_NX_REG0[],9,2\nbr1 "
     "in_port=5,reg0=0,actions=mod_dl_dst:00:00:00:00:00:09,1",
     {{"in_port=11,dl_dst=00:00:00:00:00:02," IP,
       "set(eth(dst=00:00:00:00:00:09)),21,set(eth(dst=00:00:00:00:00:02)),12"}}},
    {"actions=9\nbr1 actions=5", {{"in_port=11," IP, "drop"}}},
    {"actions=9,IN_PORT\nbr1 actions=IN_PORT",
     {{"in_port=11," IP, "error: over max translation depth"}}},

    /* Conntrack: the issue's own lines. */
    {"in_port=1,actions=ct(table=1)\n"
     "table=1,in_port=1,ip,ct_state=+trk+new,action=ct(commit),2\n"
     "table=1,in_port=1,ip,ct_state=+trk+est,action=2",
     {{"in_port=11," IP, "ct,recirc(0x1)"},
      {"recirc_id=1,in_port=11,ct_state=new|trk," IP, "ct(commit),12"},
      {"recirc_id=1,in_port=11,ct_state=est|trk," IP, "12"},
      {"recirc_id=1,in_port=11,ct_state=inv|trk," IP, "drop"}}},
    {"actions=ct(zone=1),ct(zone=NXM_NX_REG0[0..15]),2", {{"in_port=11," IP, "ct(zone=1),ct,12"}}},
    {"actions=load:0x77->NXM_NX_REG0[],ct(zone=NXM_NX_REG0[0..15]),2",
     {{"in_port=11," IP, "ct(zone=119),12"}}},
    {"ip,actions=ct(commit,exec(set_field:1->ct_mark))",
     {{"in_port=11," IP, "ct(commit,mark=0x1/0xffffffff)"}}},
    {"ip,actions=ct(commit,zone=3,exec(set_field:0x2/0xf->ct_mark,"
     "move:NXM_OF_IP_SRC[]->NXM_NX_CT_LABEL[0..31])),2",
     {{"in_port=11," IP, "ct(commit,zone=3,mark=0x2/0xf,label=0xa000001/0xffffffff),12"}}},
    {"ip,actions=dec_ttl,ct(table=2),3\ntable=2,actions=4",
     {{"in_port=11," IP, "set(ipv4(ttl=63)),ct,recirc(0x1),13"},
      {"recirc_id=1,in_port=11,ct_state=new|trk," IP, "14"}}},
    /* The original is untracked, the clone has registers and action set. */
    {"table=0,ip,actions=load:6->NXM_NX_REG5[],ct(table=1),write_actions(output:3),goto_table:2\n"
     "table=1,reg5=6,ct_state=+trk,actions=2\ntable=2,ct_state=-trk,actions=4",
     {{"in_port=11," IP, "ct,recirc(0x1),14,13"},
      {"recirc_id=1,in_port=11,ct_state=est|trk," IP, "12"}}},
    {"table=1,ct_state=+trk,actions=ct_clear,resubmit(,2)\ntable=2,ct_state=-trk,ct_mark=0,"
     "actions=2\nip,actions=ct(table=1)",
     {{"in_port=11," IP, "ct,recirc(0x1)"},
      {"recirc_id=1,in_port=11,ct_state=est|trk,ct_mark=9," IP, "ct_clear,12"}}},
    {"ip,actions=ct(commit),CONTROLLER:65535",
     {{"in_port=11," IP, "ct(commit),controller(1,1,0,65535,untracked)"}}},
    {"actions=ct_clear,2", {{"in_port=11," IP, "12"}}},
    /* Not IP: +trk+inv at once. */
    {"actions=ct(table=1,zone=7),3\n"
     "table=1,ct_state=+trk+inv,ct_zone=7,actions=2,CONTROLLER:65535\n"
     "table=1,priority=1,actions=4",
     {{"in_port=11,arp", "12,controller(1,1,1,65535,inv),13"},
      {"in_port=11," IP, "ct(zone=7),recirc(0x1),13"}}},
    {"actions=ct(table=0)", {{"in_port=11,arp", "error: over max translation depth"}}},
    /* Equal states share an id; a packet-in after the tracker takes its fields from the key. */
    {"in_port=1,actions=ct(table=1)\nin_port=2,actions=ct(table=1)\ntable=1,actions=CONTROLLER:"
     "65535",
     {{"in_port=11," IP, "ct,recirc(0x1)"},
      {"in_port=12," IP, "ct,recirc(0x2)"},
      {"in_port=11,arp", "controller(1,1,1,65535,inv)"},
      {"in_port=11," IP, "ct,recirc(0x1)"},
      {"recirc_id=2,in_port=12,ct_state=est|trk," IP, "controller(1,2,1,65535)"}}},
    /* A tracked packet enters another bridge untracked. */
    {"ip,actions=ct(table=1)\ntable=1,actions=9\nbr1 ct_state=-trk,actions=1,ct(table=3)\n"
     "br1 table=3,ct_state=+trk,actions=2",
     {{"in_port=11," IP, "ct,recirc(0x1)"},
      {"recirc_id=1,in_port=11,ct_state=est|trk," IP, "21,ct,recirc(0x2)"},
      {"recirc_id=2,in_port=11,ct_state=new|trk," IP, "22"}}},
    /* The original tuple instead of the packet's. */
    {"ip,actions=ct(table=1)\ntable=1,ct_state=+trk+est,actions=resubmit(,2,ct)\n"
     "table=2,tcp,nw_src=1.1.1.1,tp_dst=99,actions=2",
     {{"recirc_id=1,in_port=11," TCP, "error: no recirculation data for recirc_id"},
      {"in_port=11," TCP, "ct,recirc(0x1)"},
      {"recirc_id=1,in_port=11,ct_state=est|trk,ct_nw_src=1.1.1.1,ct_nw_proto=6,ct_tp_dst=99," TCP,
       "12"}}},

    /* Translation of addresses, helpers. */
    {"in_port=1,ip,actions=ct(commit,zone=4,nat(src=10.9.9.1-10.9.9.9:100-200,random)),2\n"
     "in_port=2,ip,actions=ct(zone=4,nat,table=1)\ntable=1,ct_state=+trk+est,actions=1",
     {{"in_port=11," TCP, "ct(commit,zone=4,nat(src=10.9.9.1-10.9.9.9:100-200,random)),12"},
      {"in_port=12," TCP, "ct(zone=4,nat),recirc(0x1)"},
      {"recirc_id=1,in_port=12,ct_state=est|trk|rpl," TCP, "11"}}},
    {"ipv6,actions=ct(commit,nat(dst=[fc00::1]-[fc00::9],persistent)),2",
     {{"in_port=11,tcp6,ipv6_src=fe80::1,ipv6_dst=fe80::2,tp_dst=80",
       "ct(commit,nat(dst=fc00::1-fc00::9,persistent)),12"}}},
    {"tcp,tp_dst=21,actions=ct(commit,alg=ftp,exec(set_field:7->ct_mark)),2",
     {{"in_port=11,tcp,tp_dst=21", "ct(commit,mark=0x7/0xffffffff,helper=ftp),12"}}},
    {"ip,actions=ct(commit,force,exec(set_field:0x5/0xff->ct_label)),2",
     {{"in_port=11," IP, "ct(force_commit,label=0x5/0xff),12"}}},

    /* Copies, parts, choices. */
    {"ip,actions=clone(dec_ttl,2),3",
     {{"in_port=11," IP, "set(ipv4(ttl=63)),12,set(ipv4(ttl=64)),13"}}},
    {"actions=output(port=2,max_len=100),3", {{"in_port=11," IP, "trunc(100),12,13"}}},
    {"priority=5,in_port=1,actions=conjunction(3,1/2)\npriority=5,ip,actions=conjunction(3,2/2)\n"
     "conj_id=3,actions=2",
     {{"in_port=11," IP, "12"}, {"in_port=12," IP, "drop"}}},
    {"ip,actions=learn(table=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),2",
     {{"in_port=11," IP, "12"}}},
    {"tcp,actions=multipath(symmetric_l4,1,hrw,1,0,NXM_NX_REG0[]),2", {{"in_port=11," TCP, "12"}}},
    {"ip,actions=check_pkt_larger(1000)->NXM_NX_REG0[0],resubmit(,1)\n"
     "table=1,ip,reg0=1,actions=dec_ttl,2\ntable=1,reg0=0,actions=3",
     {{"in_port=11," IP, "check_pkt_len(size=1000,gt(recirc(0x1)),le(recirc(0x2)))"}}},
    {"tcp,actions=fin_timeout(idle_timeout=5),2", {{"in_port=11," TCP, "12"}}},
    {"group group_id=1,type=all,bucket=2,bucket=dec_ttl,3\n"
     "group group_id=2,type=indirect,bucket=4\nip,actions=group:1,group:2",
     {{"in_port=11," IP, "12,set(ipv4(ttl=63)),13,set(ipv4(ttl=64)),14"}}},
    {"group group_id=3,type=select,bucket=weight:0,2,bucket=weight:7,3\nip,actions=group:3,4",
     {{"in_port=11," IP, "13,14"}}},
    {"group group_id=4,type=select,selection_method=dp_hash,bucket=2,bucket=2\nip,actions=group:4",
     {{"in_port=11," IP, "hash(l4(0)),recirc(0x1)"}}},
    {"meter 5\nip,actions=meter:5,2", {{"in_port=11," IP, "meter(105),12"}}},

    /* Headers that the kernel's actions have, and those that they have not. */
    {"ipv6,actions=set_field:fc00::5->ipv6_dst,set_field:3->ipv6_label,set_field:9->ip_dscp,2",
     {{"in_port=11,udp6,ipv6_src=fe80::1,ipv6_dst=fe80::2,nw_ttl=3",
       "set(ipv6(dst=fc00::5,label=0x3,tclass=0x24/0xfc)),12"}}},
    {"sctp,actions=set_field:99->sctp_dst,2",
     {{"in_port=11,sctp,nw_ttl=3,sctp_dst=1", "set(sctp(dst=99)),12"}}},
    {"icmp6,icmp_type=135,actions=set_field:fc00::9->nd_target,2",
     {{"in_port=11,icmp6,icmp_type=135,nw_ttl=255", "set(nd(target=fc00::9)),12"}}},
    {"arp,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],set_field:2->arp_op,IN_PORT",
     {{"in_port=11,arp,arp_op=1,dl_src=02:00:00:00:00:01",
       "set(eth(dst=02:00:00:00:00:01)),set(arp(op=2)),11"}}},
    {"icmp,actions=set_field:0->icmp_type,2",
     {{"in_port=11,icmp,icmp_type=8,nw_ttl=3", "set(icmp(type=0)),12"}}},
};
