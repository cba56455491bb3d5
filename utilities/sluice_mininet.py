"""sluice_mininet - switches for Mininet that are bridges of sluice-vswitchd.

    mn --custom sluice_mininet.py --switch sluice --controller remote --topo tree,2

or, in a script, Mininet(switch=SluiceSwitch, ...).  All switches of a network are bridges of one daemon, which is started with the
first of them and ends with the last.  The programs are looked for where SLUICE_BINDIR names a folder (an installed Sluice needs
none: PATH), else beside this file in a build tree.  Options of the class: failMode (secure or standalone), datapath (netdev or
system), protocols ("OpenFlow13"), reconnectms.
"""
import atexit
import os
import shutil
import subprocess
import tempfile
import time

from mininet.log import error
from mininet.node import Switch


class SluiceError(Exception):
    """What a program said when it failed."""


class Daemon:
    """The one sluice-vswitchd of this process, in a run directory of its own."""

    bridges = 0
    process = None
    folder = None

    @staticmethod
    def program(name):
        folders = [os.environ[key] for key in ("SLUICE_BINDIR",) if key in os.environ]
        for folder in folders:
            for candidate in os.path.join(folder, name), os.path.join(folder, "utilities", name), os.path.join(folder, "vswitchd", name):
                if os.access(candidate, os.X_OK):
                    return candidate
        found = shutil.which(name)
        if not found:
            raise SluiceError(f"{name} is not on PATH: install Sluice, or name the folder of its programs in SLUICE_BINDIR")
        return found

    @classmethod
    def run(cls, name, *argv, check=True):
        done = subprocess.run([cls.program(name), f"--rundir={cls.folder}", *argv], capture_output=True, text=True)
        if check and done.returncode:
            raise SluiceError(f"{name} {' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    @classmethod
    def hold(cls):
        """One bridge more."""
        if not cls.process:
            cls.folder = tempfile.mkdtemp(prefix="sluice-mininet-")
            cls.process = subprocess.Popen([cls.program("sluice-vswitchd"), f"--rundir={cls.folder}", f"--conf={cls.folder}/conf.json",
                                            f"--log-file={cls.folder}/log", "-vconsole:off", "-vsyslog:off"])
            atexit.register(cls.end)
            cls.wait()
        cls.bridges += 1

    @classmethod
    def wait(cls, seconds=10):
        deadline = time.monotonic() + seconds
        while "sluice" not in cls.run("sluice-appctl", "version", check=False):
            if cls.process.poll() is not None or time.monotonic() > deadline:
                raise SluiceError(f"sluice-vswitchd did not start; its log is {cls.folder}/log")
            time.sleep(0.05)

    @classmethod
    def release(cls):
        cls.bridges -= 1
        if not cls.bridges:
            cls.end()

    @classmethod
    def end(cls):
        if cls.process:
            cls.run("sluice-appctl", "exit", "--cleanup", check=False)
            cls.process.wait()
            cls.process = None
            shutil.rmtree(cls.folder, ignore_errors=True)


class SluiceSwitch(Switch):
    """A bridge of sluice-vswitchd; its ports have the numbers that Mininet gives them."""

    def __init__(self, name, failMode="secure", datapath="netdev", protocols="OpenFlow13", reconnectms=1000, **params):
        Switch.__init__(self, name, **params)
        self.failMode, self.datapath, self.protocols, self.reconnectms = failMode, datapath, protocols, reconnectms

    @classmethod
    def setup(cls):
        Daemon.program("sluice-vswitchd")

    def vsctl(self, *argv, check=True):
        return Daemon.run("sluice-vsctl", *argv, check=check)

    def dpctl(self, *argv):
        """Mininet's name for ovs-ofctl COMMAND SWITCH ...; its text."""
        command, *rest = argv
        return Daemon.run("sluice-ofctl", "-O", self.protocols.split(",")[0], command, self.name, *rest, check=False)

    def port_words(self, intf):
        return ["--", "--may-exist", "add-port", self.name, intf.name,
                "--", "set", "Interface", intf.name, f"ofport_request={self.ports[intf]}"]

    def start(self, controllers):
        Daemon.hold()
        words = ["--may-exist", "add-br", self.name, "--", "set", "Bridge", self.name, f"datapath_type={self.datapath}",
                 f"fail_mode={self.failMode}", f"other_config:datapath-id={self.dpid}", f"other_config:dp-desc={self.name}",
                 f"protocols={self.protocols}"]
        for intf in self.intfList():
            if self.ports.get(intf) and not intf.IP():
                words += self.port_words(intf)
        targets = [f"{c.protocol}:{c.IP()}:{c.port}" for c in controllers]
        if self.listenPort:
            targets.append(f"ptcp:{self.listenPort}")
        if targets:
            words += ["--", "set-controller", self.name, *targets]
        self.vsctl(*words)
        if targets and self.reconnectms:
            for row in self.vsctl("get", "Bridge", self.name, "controller").strip("[]\n").split(", "):
                self.vsctl("set", "Controller", row, f"max_backoff={max(1000, self.reconnectms)}")
        for intf in self.intfList():
            wrong = self.vsctl("get", "Interface", intf.name, "error", check=False).strip() if self.ports.get(intf) else ""
            if wrong and wrong != "[]":
                error(f"{self.name}: {intf.name}: {wrong}\n")

    def attach(self, intf):
        self.vsctl(*self.port_words(intf)[1:])

    def detach(self, intf):
        self.vsctl("--if-exists", "del-port", self.name, intf.name)

    def connected(self):
        """To all its controllers; a standalone switch is content without."""
        if self.failMode == "standalone":
            return True
        rows = self.vsctl("get", "Bridge", self.name, "controller").strip("[]\n")
        active = [row for row in rows.split(", ") if row and "ptcp:" not in self.vsctl("get", "Controller", row, "target")]
        return bool(active) and all(self.vsctl("get", "Controller", row, "is_connected").strip() == "true" for row in active)

    def stop(self, deleteIntfs=True):
        self.vsctl("--if-exists", "del-br", self.name, check=False)
        Daemon.release()
        Switch.stop(self, deleteIntfs)


switches = {"sluice": SluiceSwitch}
