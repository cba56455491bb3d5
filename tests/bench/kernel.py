"""kernel - the kernel datapath of ours beside Open vSwitch's daemon, on the same kernel in the same run: `make bench-kernel`.

  python3 -m bench.kernel BUILDDIR [--in-lab]

Upcalls (what a second and a unit of the daemon's CPU time do, each of a flow of its own), revalidation (CPU time of the daemon
for each cached flow after a rule has changed), TCP between two namespaces.  Ratios are ours to theirs.  A lab's absolute
figures mean nothing (system calls are many times dearer there); without openvswitch-switch there is no second column."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from sluice import Env, kernel_datapath, wait_for

FLOWS = 2000
ROUNDS = 3
TURNS = 3
# What is moved is looked at whole: each source port has a cached flow of its own.
RULES = """
priority=9,arp,actions=NORMAL
priority=8,udp,in_port=1,actions=move:NXM_OF_UDP_SRC[]->NXM_NX_REG0[0..15],output:2
priority=5,ip,actions=NORMAL
"""
SENDER = """
import socket, sys
for n in range(int(sys.argv[1]), int(sys.argv[2])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.1.1.1", n))
    s.sendto(b"x", ("10.1.1.2", 9))
    s.close()
"""


class Ours:
    name = "sluice"

    def __init__(self, env):
        self.env, self.daemon = env, env.daemon()
        self.hosts = env.two_hosts(self.daemon)
        self.pid = self.daemon.process.pid

    def rules(self, text):
        self.daemon.add_flows("br0", text)

    def flows(self):
        return len([line for line in self.daemon.appctl("dpctl/dump-flows").splitlines() if "actions:" in line])

    def stop(self):
        self.daemon.stop()


class Theirs:
    name = "ovs-vswitchd"

    def __init__(self, env):
        self.env = env
        d = self.folder = env.folder / "ovs"
        d.mkdir()
        self.ns = env.netns("ovs")
        self.environ = dict(os.environ, OVS_RUNDIR=str(d), OVS_LOGDIR=str(d), OVS_DBDIR=str(d), OVS_SYSCONFDIR=str(d))
        self.run("ovsdb-tool", "create", d / "conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        self.db = self.background("ovsdb-server", d / "conf.db", f"--remote=punix:{d}/db.sock", "-vconsole:off")
        wait_for("ovsdb-server", lambda: (d / "db.sock").exists())
        # It counts no CPU, and so starts no handler, on a machine that has just been started.
        wait_for("ten seconds of uptime", lambda: float(open("/proc/uptime").read().split()[0]) > 11, 15)
        self.vsctl("--no-wait", "init")
        vswitchd = shutil.which("ovs-vswitchd")
        self.process = self.background(vswitchd, f"unix:{d}/db.sock", "-vconsole:off", f"--unixctl={d}/ctl")
        self.pid = self.process.pid
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "fail_mode=secure")
        self.hosts = []
        for n in 1, 2:
            self.hosts.append(env.veth("ovs", f"p{n}", f"h{n}", addresses=[f"10.1.1.{n}/24"]))
            self.vsctl("add-port", "br0", f"p{n}", "--", "set", "interface", f"p{n}", f"ofport_request={n}")

    def run(self, *argv, **kw):
        return self.ns.run(*argv, env=self.environ, **kw)

    def background(self, *argv):
        return self.env.background(self.ns.popen(*argv, env=self.environ))

    def vsctl(self, *argv):
        return self.run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "-t", "20", *argv)

    def rules(self, text):
        self.run("ovs-ofctl", "-O", "OpenFlow13", "add-flows", f"unix:{self.folder}/br0.mgmt", "-", input=text)

    def flows(self):
        return len([line for line in self.run("ovs-appctl", "-t", f"{self.folder}/ctl", "dpctl/dump-flows").splitlines()
                    if "actions:" in line])

    def stop(self):
        self.run("ovs-appctl", "-t", f"{self.folder}/ctl", "exit", "--cleanup")
        self.process.wait()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(pid):
    """Waits until the daemon has nothing to do; when that began."""
    last, since = cpu_seconds(pid), time.monotonic()
    while time.monotonic() - since < 0.3:
        time.sleep(0.02)
        if cpu_seconds(pid) > last:
            last, since = cpu_seconds(pid), time.monotonic()
    return since


def measure(switch):
    h1, h2 = switch.hosts
    switch.rules(RULES)
    wait_for("ping", lambda: h1.ping("10.1.1.2") == 1)
    mac = h2.ip("-br", "link", "show", "eth0").split()[2]
    h1.ip("neigh", "replace", "10.1.1.2", "lladdr", mac, "dev", "eth0", "nud", "permanent")
    before, begin, cpu = switch.flows(), time.monotonic(), cpu_seconds(switch.pid)
    h1.run("/usr/bin/python3", "-c", SENDER, 0x4000, 0x4000 + FLOWS)
    seconds, cpu = settled(switch.pid) - begin, cpu_seconds(switch.pid) - cpu
    made = switch.flows() - before
    out = {"flows made": made, "of packets": FLOWS, "upcalls/s": made / seconds, "upcalls/CPU-s": made / max(cpu, 0.01)}

    def window(change):
        begin = cpu_seconds(switch.pid)
        for n in range(ROUNDS):
            if change:
                switch.rules(f"priority=1,udp,tp_dst={n + 1},actions=drop")
            time.sleep(0.8)
        return cpu_seconds(switch.pid) - begin

    idle = window(False)
    out["idle CPU-us/flow/s"] = idle / (ROUNDS * 0.8) / max(made, 1) * 1e6
    h1.run("/usr/bin/python3", "-c", SENDER, 0x4000, 0x4000 + FLOWS)  # They stay.
    n = switch.flows()
    out["revalidation CPU-us/flow"] = max(window(True) - idle, 0) / ROUNDS / max(n, 1) * 1e6
    switch.env.background(h2.popen("iperf3", "-s", "-1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    time.sleep(1)
    result = json.loads(h1.run("iperf3", "-c", "10.1.1.2", "-t", "3", "-J"))
    out["TCP Gbit/s"] = result["end"]["sum_received"]["bits_per_second"] / 1e9
    return out


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if not kernel_datapath():
        lab = os.environ.get("KERNEL_LAB")
        if not lab or "--in-lab" in sys.argv:
            sys.exit("the running kernel has no openvswitch datapath, and KERNEL_LAB names no program that runs one")
        return subprocess.run([lab, "-t", "300", "--", sys.executable, "-m", "bench.kernel", str(build), "--in-lab"]).returncode
    switches = [Ours] + ([Theirs] if shutil.which("ovs-vswitchd") else [])
    if Theirs not in switches:
        print("openvswitch-switch is not installed: nothing to compare with")
    turns = {switch.name: [] for switch in switches}
    for switch in switches * TURNS:
        env = Env(build, "bench", "system")
        try:
            s = switch(env)
            turns[switch.name].append(measure(s))
            s.stop()
        finally:
            env.close()
    print(f"{'median of ' + str(TURNS) + ' turns':26}" + "".join(f"{name:>16}" for name in turns) + f"{'ratio':>16}" * (len(turns) > 1))
    for row in turns["sluice"][0]:
        values = [statistics.median(turn[row] for turn in each) for each in turns.values()]
        ratio = f"{values[0] / values[1]:16.2f}" if len(values) > 1 and values[1] else ""
        print(f"{row:26}" + "".join(f"{value:16.1f}" for value in values) + ratio)
    return 0


if __name__ == "__main__":
    sys.exit(main())
