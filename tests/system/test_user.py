"""test_user - an unprivileged daemon (--user), and devices that no switch should take."""
import os
import pathlib
import pwd
import re
import stat

from sluice import Failure, wait_for

NET_ADMIN = 1 << 12
KEPT = 1 << 10 | NET_ADMIN | 1 << 13  # NET_BIND_SERVICE, NET_RAW


def threads(daemon):
    """Of each thread of the daemon: its name and its status file as a dictionary."""
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        yield status["Name"], status


def test_user(env):
    """Ports are opened and traffic flows without root; workers have no capability, nobody has more than it needs."""
    user = pwd.getpwnam("nobody")
    daemon = env.daemon(start=False)
    env.folder.chmod(0o755)  # The user must get there.
    os.chown(daemon.rundir, user.pw_uid, user.pw_gid)
    daemon.start("--user=nobody", "--pidfile")
    h1, _ = env.two_hosts(daemon)
    daemon.add_flows("br0", "actions=NORMAL\n")
    assert h1.ping("10.1.1.2", 2) == 2
    seen = set()
    for name, status in threads(daemon):
        seen.add(re.sub(r"\d+$", "", name))
        assert set(status["Uid"].split()) == {str(user.pw_uid)}, (name, status["Uid"])
        assert set(status["Gid"].split()) == {str(user.pw_gid)}, (name, status["Gid"])
        for which in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
            caps = int(status[which], 16)
            assert not caps & ~KEPT, (name, which, hex(caps))
            # What meets packets has none, but for threads that put flows into the kernel.
            needs = {"worker": 0, "helper": 0, "upcall": NET_ADMIN}.get(re.sub(r"\d+$", "", name), KEPT)
            assert not caps & ~needs or which == "CapBnd", (name, which, hex(caps))
    assert {"sluice-vswitchd", "worker" if env.datapath == "netdev" else "upcall", "helper"} <= seen, seen
    # A port of the privileged range, which is where some controllers look.
    daemon.vsctl("set-controller", "br0", "ptcp:653:127.0.0.1")
    assert "127.0.0.1:653" in daemon.netns.run("ss", "-Hltn"), daemon.netns.run("ss", "-ltn")
    # What it wrote is its own: it can start again.
    assert (daemon.rundir / "conf.json").stat().st_uid == user.pw_uid
    daemon.kill()
    daemon.start("--user=nobody", "--pidfile")
    daemon.add_flows("br0", "actions=NORMAL\n")
    assert h1.ping("10.1.1.2", 2) == 2


def test_tun_of_root_alone(env):
    """Some systems keep /dev/net/tun to root: what fails says which file that is, and what helps; other ports work."""
    user = pwd.getpwnam("nobody")
    daemon = env.daemon(start=False)
    env.folder.chmod(0o755)
    os.chown(daemon.rundir, user.pw_uid, user.pw_gid)
    tun = env.folder / "tun"
    os.mknod(tun, 0o600 | stat.S_IFCHR, os.makedev(10, 200))
    # Nobody else is to see the other file; in a chroot, / is no mount.
    private = "mount --make-rprivate / 2>/dev/null || mount --make-rprivate /dev"
    daemon.wrapper = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c",
                      private + ' && mount --bind "$0" /dev/net/tun && exec "$@"', tun]
    daemon.start("--user=nobody")
    daemon.netns.ip("link", "add", "p1", "type", "veth", "peer", "name", "q1")
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "--", "add-port", "br0", "p1", check=False)
    assert daemon.vsctl("get", "interface", "p1", "ofport").strip() == "1"
    error = daemon.vsctl("get", "interface", "br0", "error").strip()
    assert error == ('"could not open network device br0 (/dev/net/tun: Permission denied: the daemon\'s user may not open it, '
                     'chmod 0666 /dev/net/tun lets it)"'), error
    tun.chmod(0o666)
    wait_for("LOCAL to be open", lambda: daemon.vsctl("get", "interface", "br0", "ofport").strip() == "65534")


def test_loopback_is_refused(env):
    """As a port it would take what the host says to itself."""
    daemon = env.daemon()
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}")
    done = daemon.vsctl("add-port", "br0", "lo", check=False)
    error = {"netdev": "could not open network device lo (Invalid argument)",
             "system": "could not add network device lo to ovs-system (Invalid argument)"}[env.datapath]
    if error not in done.stderr:
        raise Failure(done.stderr)
    assert daemon.vsctl("get", "interface", "lo", "ofport").strip() == "-1"
    assert "clsact" not in daemon.netns.run("tc", "qdisc", "show", "dev", "lo")
    assert daemon.netns.ping("127.0.0.1") == 1
