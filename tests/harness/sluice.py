"""sluice - what a system test stands on: network namespaces, a daemon, the tools, traffic.

Everything that an Env makes is named by this process and removed by close()."""
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import netns
from netns import Failure, Netns


class Skip(Exception):
    """The machine lacks what the test needs."""


def wait_for(what, condition, seconds=10.0, every=0.05):
    """Polls until condition() is true; the value it gave."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain for: {what}")
        time.sleep(every)


def kernel_datapath():
    """Has the running kernel the openvswitch datapath?  Asking for its netlink family also loads the module."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16) as s:  # NETLINK_GENERIC
        name = b"ovs_datapath\0\0\0\0"
        ask = struct.pack("=BBHHH", 3, 1, 0, 4 + 13, 2) + name  # CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME
        s.settimeout(5)
        s.send(struct.pack("=IHHII", 16 + len(ask), 16, 5, 1, 0) + ask)  # GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK
        reply = s.recv(65536)
        kind = struct.unpack_from("=H", reply, 4)[0]
        return kind != 2  # NLMSG_ERROR: there is no such family.


class Daemon:
    """sluice-vswitchd in a namespace, with its own run directory."""

    def __init__(self, env, netns, rundir):
        self.env, self.netns, self.rundir, self.process = env, netns, rundir, None
        self.wrapper = []  # A command that runs the daemon by exec.
        self.log = rundir / "sluice-vswitchd.log"

    def start(self, *options):
        self.errors = open(self.rundir / "stderr", "a")
        self.process = self.netns.popen(
            *self.wrapper, self.env.build / "vswitchd/sluice-vswitchd", f"--rundir={self.rundir}", f"--conf={self.rundir}/conf.json",
            f"--log-file={self.log}", "-vconsole:off", "-vsyslog:off", *options, stderr=self.errors)
        wait_for("the daemon to answer", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"the daemon ended with status {self.process.returncode}")
        return self.tool("appctl", "version", check=False).returncode == 0

    def tool(self, name, *argv, **kw):
        return self.netns.run(self.env.build / f"utilities/sluice-{name}", f"--rundir={self.rundir}", *argv, **kw)

    def vsctl(self, *argv, **kw):
        return self.tool("vsctl", *argv, **kw)

    def ofctl(self, *argv, **kw):
        return self.tool("ofctl", "-O", "OpenFlow13", *argv, **kw)

    def appctl(self, *argv, **kw):
        return self.tool("appctl", *argv, **kw)

    def add_flows(self, bridge, text):
        self.ofctl("add-flows", bridge, "-", input=text)

    def conntrack(self):
        return self.appctl("dpctl/dump-conntrack").splitlines()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.appctl("exit", "--cleanup")
        if self.process.wait(20):
            raise Failure(f"the daemon ended with status {self.process.returncode}")

    def check(self):
        """Ends it if it runs; complaints of sanitizers or an unclean end are failures."""
        if self.process and self.process.poll() is None:
            self.stop()
        complaints = (self.rundir / "stderr").read_text() if self.process else ""
        if re.search(r"Sanitizer|runtime error", complaints):
            raise Failure(complaints)


class Env:
    """One test's world; 'datapath' is the datapath_type of its bridges."""

    def __init__(self, build, name, datapath="netdev"):
        self.build = pathlib.Path(build).resolve()
        self.datapath = datapath
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sluice-{name}-"))
        self.netnses, self.daemons, self.processes = {}, [], []

    def netns(self, name):
        """The namespace of that name, which the first call makes."""
        if name not in self.netnses:
            self.netnses[name] = Netns(f"sl{os.getpid()}-{name}")
        return self.netnses[name]

    def daemon(self, name="sw", start=True, options=()):
        """A daemon in namespace 'name' with its own run directory."""
        rundir = self.folder / name
        rundir.mkdir(exist_ok=True)
        daemon = Daemon(self, self.netns(name), rundir)
        self.daemons.append(daemon)
        if start:
            daemon.start(*options)
        return daemon

    def veth(self, switch, port, host, device="eth0", addresses=()):
        """A veth pair: 'port' in the switch's namespace, 'device' in the host's."""
        sw, h = self.netns(switch), self.netns(host)
        sw.ips(f"link add {port} type veth peer name {device} netns {h.name}", f"link set {port} up")
        h.ips(*(f"addr add {a} dev {device}{' nodad' if ':' in a else ''}" for a in addresses), f"link set {device} up")
        return h

    def two_hosts(self, daemon, bridge="br0", v6=False):
        """Bridge with h1 on port 1 (10.1.1.1, fc00::1) and h2 on port 2; no flows."""
        name = next(n for n, ns in self.netnses.items() if ns is daemon.netns)
        hosts = [self.veth(name, f"p{n}", f"h{n}", addresses=[f"10.1.1.{n}/24"] + ([f"fc00::{n}/64"] if v6 else []))
                 for n in (1, 2)]
        for host in () if v6 else hosts:
            # What an IPv6 stack says by itself (router solicitations, MLD) would be counted at odd moments.
            host.sysctl("ipv6/conf/all/disable_ipv6", 1)
        ports = [word for n in (1, 2) for word in ("--", "add-port", bridge, f"p{n}",
                                                   "--", "set", "interface", f"p{n}", f"ofport_request={n}")]
        daemon.vsctl("add-br", bridge, "--", "set", "bridge", bridge, f"datapath_type={self.datapath}", "fail_mode=secure", *ports)
        return hosts

    def background(self, process):
        self.processes.append(process)
        return process

    def check_daemons(self):
        for daemon in self.daemons:
            daemon.check()

    def logs(self):
        out = ""
        for daemon in self.daemons:
            for path in (daemon.log, daemon.rundir / "stderr"):
                if path.exists():
                    lines = path.read_text(errors="replace").splitlines()[-40:]
                    out += f"--- {path.name}\n" + "\n".join(lines) + "\n"
        return out

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for daemon in self.daemons:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
        netns.close(self.netnses.values())
        shutil.rmtree(self.folder, ignore_errors=True)
