"""test_controller - a real controller framework (os-ken) and the genuine ovs-ofctl as peers."""
import re
import shutil
import subprocess
import threading

from sluice import Failure, Skip, wait_for


def without_unknown(text):
    """Ours, without what the genuine tool has no name for."""
    return re.sub(r" (in_phy_port|copy_ttl_(in|out)|push_pbb|pop_pbb)\b", "", text)


class App:
    """An os-ken application and what it has said so far."""

    def __init__(self, env, netns, port=6653, *options, name="learning_switch"):
        try:
            subprocess.run(["/usr/bin/python3", "-c", "import os_ken"], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            raise Skip("python3-os-ken is not installed")
        import pathlib
        app = pathlib.Path(__file__).parent.parent / f"harness/{name}.py"
        runner = "import sys; from os_ken.cmd.manager import main; sys.argv[0] = 'osken-manager'; main()"
        self.process = env.background(netns.popen("/usr/bin/python3", "-c", runner, "--ofp-tcp-listen-port", port, *options, app,
                                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def said(self, pattern):
        return [line for line in self.lines if re.search(pattern, line)]

    def wait(self, pattern, seconds=20):
        try:
            return wait_for(f"the controller to say {pattern}", lambda: self.said(pattern), seconds)
        except Failure as failure:
            raise Failure(f"{failure}; it said: {self.lines[-20:]}")


def test_os_ken_learning_switch(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    app = App(env, daemon.netns)
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653")
    app.wait(r"^ready [0-9a-f]{16} br0,p1,p2$")
    app.wait("^barrier$")
    wait_for("ping through the controller", lambda: h1.ping("10.1.1.2") == 1)
    app.wait("^packet_in 1 ")
    app.wait("^flow .* 1$")
    assert h1.ping("10.1.1.2", 5) == 5
    packet_ins = len(app.said("^packet_in"))
    assert h1.ping("10.1.1.2", 5) == 5
    assert len(app.said("^packet_in")) <= packet_ins + 2, "known pairs still go to the controller"
    # Ports come and go while it runs.
    env.veth("sw", "p3", "h3", addresses=["10.1.1.3/24"])
    daemon.vsctl("add-port", "br0", "p3", "--", "set", "interface", "p3", "ofport_request=3")
    app.wait("^port add 3 p3")
    env.netns("h3").ip("link", "set", "eth0", "down")
    app.wait("^port modify 3 p3 state=1")
    env.netns("h3").ip("link", "set", "eth0", "up")
    app.wait("^port modify 3 p3 state=4")
    assert wait_for("ping to the new port", lambda: h1.ping("10.1.1.3") == 1)
    assert not app.said("^error"), app.said("^error")
    daemon.vsctl("del-port", "br0", "p3")
    app.wait("^port delete 3 p3")
    daemon.ofctl("del-flows", "br0")
    app.wait("^removed 1 2 ")
    # From here on a PACKET_OUT may cross the deletion of its in_port: OFPBRC_BAD_PORT.
    errors = [line for line in app.said("^error") if line != "error 1 11"]
    assert not errors, errors


def test_controller_reconnects(env):
    daemon = env.daemon()
    env.two_hosts(daemon)
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653")
    app = App(env, daemon.netns)  # It comes later than the switch.
    app.wait("^ready")
    app.process.kill()
    app.process.wait()
    again = App(env, daemon.netns)
    again.wait("^ready", 30)


VERSIONS = ["OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"]


def test_genuine_ofctl(env):
    """The genuine ovs-ofctl drives our daemon, and agrees with ours to the letter."""
    if not shutil.which("ovs-ofctl"):
        raise Skip("openvswitch-common is not installed")
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    mgmt = f"unix:{daemon.rundir}/br0.mgmt"

    def genuine(*argv, **kw):
        return daemon.netns.run("ovs-ofctl", "-O", "OpenFlow13", *argv, **kw)

    genuine("add-flow", mgmt, "table=0,priority=10,arp,actions=NORMAL")
    genuine("add-flows", mgmt, "-", input="""
table=0,priority=10,ip,in_port=1,actions=ct(table=1,zone=5)
table=0,priority=10,ip,in_port=2,actions=ct(table=2,zone=5)
table=1,ip,ct_state=+trk+new,actions=ct(commit,zone=5,exec(set_field:1->ct_mark)),output:2
table=1,ip,ct_state=+trk+est,actions=load:0x5->NXM_NX_REG3[0..15],move:NXM_NX_REG3[]->NXM_NX_REG4[],output:2
table=2,ip,ct_state=+trk+est-inv,ct_mark=0x1/0xf,idle_timeout=600,send_flow_rem,actions=dec_ttl,set_field:10.1.1.1->ip_dst,output:1
table=3,dl_vlan=5,dl_vlan_pcp=3,actions=pop_vlan,push_vlan:0x8100,set_field:4102->vlan_vid,resubmit(,4)
table=3,ipv6,ipv6_dst=fc00::/16,actions=write_actions(output:1),goto_table:5
table=4,priority=0,actions=CONTROLLER:128
table=5,metadata=0x5/0xff,actions=clear_actions,write_metadata:0x7/0xff
""")
    for command in (["dump-flows", "--no-stats"], ["dump-ports-desc"], ["show"], ["dump-desc"], ["dump-tables"],
                    ["get-frags"], ["dump-aggregate"]):
        theirs = strip(genuine(*command[1:], command[0], mgmt))
        ours = strip(daemon.ofctl(*command[1:], command[0], mgmt))
        assert ours == theirs, f"{command}:\nours:\n{ours}\ntheirs:\n{theirs}"
    for version in VERSIONS:
        for command in (["dump-flows", "--no-stats"], ["dump-ports-desc"], ["show"], ["dump-tables"], ["get-frags"], ["dump-aggregate"]):
            argv = ["-O", version, *command[1:], command[0], mgmt]
            theirs = strip(daemon.netns.run("ovs-ofctl", *argv))
            ours = without_unknown(strip(daemon.tool("ofctl", *argv)))
            assert ours == theirs, f"{version}: {command}:\nours:\n{ours}\ntheirs:\n{theirs}"
        for tool in (lambda *argv: daemon.netns.run("ovs-ofctl", *argv)), (lambda *argv: daemon.tool("ofctl", *argv)):
            tool("-O", version, "add-flow", mgmt, "priority=77,tcp,nw_src=192.0.2.0/24,tp_dst=80,actions=mod_nw_tos:8,output:2")
            line = tool("-O", version, "dump-flows", mgmt, "tcp")
            assert "priority=77,tcp,nw_src=192.0.2.0/24,tp_dst=80 actions=" in line, line
            tool("-O", version, "--strict", "del-flows", mgmt, "priority=77,tcp,nw_src=192.0.2.0/24,tp_dst=80")
            assert "priority=77" not in tool("-O", version, "dump-flows", mgmt)
    assert h1.ping("10.1.1.2", 3) == 3
    dump = genuine("dump-flows", mgmt, "table=1")
    assert "n_packets=1," in dump and "n_packets=2," in dump, dump
    genuine("mod-flows", mgmt, "table=3,dl_vlan=5,actions=drop")
    genuine("--strict", "del-flows", mgmt, "table=4,priority=0")
    genuine("mod-port", mgmt, "1", "down")
    assert "PORT_DOWN" in daemon.ofctl("show", "br0")
    genuine("mod-port", mgmt, "1", "up")
    genuine("probe", mgmt)
    genuine("ping", mgmt)
    done = genuine("add-flow", mgmt, "actions=group:99", check=False)
    assert done.returncode == 1 and "OFPT_ERROR" in done.stderr, done.stderr
    genuine("del-flows", mgmt)
    assert genuine("--no-stats", "dump-flows", mgmt).strip() == ""


def strip(text):
    return re.sub(r"\(xid=0x[0-9a-f]+\)", "", text)


def test_our_ofctl_and_genuine_switch(env):
    """Our sluice-ofctl drives the genuine ovs-vswitchd, and sees what the genuine tool sees."""
    if not shutil.which("ovs-vswitchd"):
        raise Skip("openvswitch-switch is not installed")
    raise_if_cannot_run_genuine_switch = shutil.which("ovsdb-server")
    if not raise_if_cannot_run_genuine_switch:
        raise Skip("openvswitch-switch is not installed")
    ns = env.netns("ovs")
    d = env.folder / "ovs"
    d.mkdir()
    import os
    environ = dict(os.environ, OVS_RUNDIR=str(d), OVS_LOGDIR=str(d), OVS_DBDIR=str(d), OVS_SYSCONFDIR=str(d))
    ns.run("ovsdb-tool", "create", d / "conf.db", "/usr/share/openvswitch/vswitch.ovsschema", env=environ)
    env.background(ns.popen("ovsdb-server", d / "conf.db", f"--remote=punix:{d}/db.sock", "-vconsole:off", env=environ))
    wait_for("ovsdb-server", lambda: (d / "db.sock").exists())
    ns.run("ovs-vsctl", f"--db=unix:{d}/db.sock", "--no-wait", "init", env=environ)
    env.background(ns.popen("ovs-vswitchd", f"unix:{d}/db.sock", "-vconsole:off", "--enable-dummy=override", env=environ))
    ns.run("ovs-vsctl", f"--db=unix:{d}/db.sock", "-t", "10", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy",
           "fail_mode=secure", "--", "add-port", "br0", "p1", "--", "set", "interface", "p1", "type=dummy", "ofport_request=1",
           env=environ)
    mgmt = f"unix:{d}/br0.mgmt"

    def ours(*argv, **kw):
        return ns.run(env.build / "utilities/sluice-ofctl", "-O", "OpenFlow13", *argv, **kw)

    def genuine(*argv, **kw):
        return ns.run("ovs-ofctl", "-O", "OpenFlow13", *argv, **kw)

    ours("add-flows", mgmt, "-", input="""
table=0,priority=10,ip,in_port=1,actions=ct(table=1,zone=5)
table=1,ip,ct_state=+trk+new,actions=ct(commit,zone=NXM_NX_REG0[0..15],exec(set_field:1->ct_mark)),output:1
table=3,dl_vlan=5,dl_vlan_pcp=3,actions=pop_vlan,mod_vlan_vid:7,resubmit(,4)
table=5,tcp,tp_dst=0x50/0xfff0,actions=mod_nw_tos:4,set_field:3->reg3,note:aa.bb,drop
table=5,arp,arp_spa=10.0.0.0/8,actions=move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],load:2->NXM_OF_ARP_OP[],IN_PORT
table=5,cookie=0x77,hard_timeout=900,udp6,actions=write_actions(set_field:fc00::1->ipv6_dst,output:1),goto_table:9
""".replace(",drop\n", "\n"))
    for command in (["dump-flows", "--no-stats"], ["dump-ports-desc"], ["show"], ["dump-desc"], ["dump-tables"], ["dump-aggregate"]):
        a, b = strip(ours(*command[1:], command[0], mgmt)), strip(genuine(*command[1:], command[0], mgmt))
        assert a == b, f"{command}:\nours:\n{a}\ntheirs:\n{b}"
    ours("del-flows", mgmt, "table=5")
    assert strip(ours("dump-aggregate", mgmt)).strip().endswith("flow_count=3")
    ours("del-flows", mgmt)


def test_tshark_reads_every_message(env):
    """tshark's OpenFlow dissector must read all that we send without a complaint."""
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    capture = env.folder / "of.pcap"
    sniffer = env.background(daemon.netns.popen("tcpdump" if shutil.which("tcpdump") else "dumpcap", "-i", "lo", "-w", capture,
                                                *(["-U"] if shutil.which("tcpdump") else []), stderr=subprocess.DEVNULL))
    wait_for("the capture to begin", capture.exists)
    app = App(env, daemon.netns)
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653")
    app.wait("^ready")
    wait_for("ping", lambda: h1.ping("10.1.1.2") == 1)
    target = "tcp:127.0.0.1:6654"
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653", "ptcp:6654:127.0.0.1")
    wait_for("the passive listener", lambda: daemon.ofctl("probe", target, check=False).returncode == 0)
    for command in (["show"], ["dump-flows"], ["dump-tables"], ["dump-ports"], ["dump-desc"], ["dump-aggregate"], ["get-config"],
                    ["dump-table-features"]):
        daemon.ofctl(command[0], target, check=False)
    daemon.ofctl("add-flow", target, "actions=group:99", check=False)
    daemon.ofctl("add-flow", target, "table=254,actions=drop", check=False)  # Its error has all of the request.
    daemon.ofctl("del-flows", target)
    app.wait("^removed")
    import signal
    import time
    time.sleep(1)
    sniffer.send_signal(signal.SIGINT)
    sniffer.wait()
    out = subprocess.run(["tshark", "-r", capture, "-d", "tcp.port==6654,openflow", "-Y",
                          "openflow_v4 && _ws.malformed && (tcp.dstport==6653 || tcp.srcport==6654)",
                          "-T", "fields", "-e", "frame.number", "-e", "openflow_v4.type", "-e", "openflow_v4.length"],
                         capture_output=True, text=True)
    complaints = [line.split() for line in out.stdout.splitlines()]
    # An error carries the first 64 bytes of the request; of a longer one the dissector misses the rest.
    complaints = [c for c in complaints if not (c[1].startswith("1,") and c[2].startswith("76,") and
                                                int(c[2].split(",")[1]) > 64)]
    seen = subprocess.run(["tshark", "-r", capture, "-d", "tcp.port==6654,openflow", "-Y", "openflow_v4", "-T", "fields", "-e",
                           "openflow_v4.type"], capture_output=True, text=True).stdout
    types = {t for line in seen.split() for t in line.split(",")}
    assert {"0", "6", "10", "19", "21"} <= types, f"the capture has only message types {sorted(types)}"
    assert "1" in types, "no error was seen"
    assert not complaints, f"frame, message types, lengths: {complaints}"
