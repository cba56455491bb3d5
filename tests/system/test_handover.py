"""test_handover - an upgrade in service: a new daemon goes on in the place of the one that runs, under many established
TCP connections and a stream of datagrams.  Nothing of a connection is lost, nothing turns +inv, no packet is sent twice,
and none is lost unless the host was so busy that a port's ring overflowed.  The gap is printed, not judged.
SLUICE_HANDOVER_CONNS says how many connections (1000), SLUICE_HANDOVER_PPS how many datagrams a second (5000),
SLUICE_HANDOVER_FROM the build folder of another revision, from and to which one goes over too, SLUICE_HANDOVER_REALTIME=1 that the daemons run before all else: what they need themselves, on a busy machine."""
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import time

from sluice import Failure, Skip, wait_for
from system.test_survive import FLOWS, Connections, established, packets

PYTHON = "/usr/bin/python3"
CONNECTIONS = int(os.environ.get("SLUICE_HANDOVER_CONNS", "1000"))
PPS = int(os.environ.get("SLUICE_HANDOVER_PPS", "5000"))
REALTIME = os.environ.get("SLUICE_HANDOVER_REALTIME") == "1"
RING = 1024  # Frames that wait in a port's ring.

# Numbered datagrams, evenly, until its input ends; then how many.
SENDER = """
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.1.1.2", 9))
pps, n, begin = int(sys.argv[1]), 0, time.monotonic()
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    due = int((time.monotonic() - begin) * pps)
    if due - n > pps // 100:  # We did not run: no burst for that.
        begin += (due - n) / pps
        due = n + 1
    while n < due:
        s.send(b"%d" % n)
        n += 1
    time.sleep(0.0001)
print(n, flush=True)
"""
# By the kernel's time stamps: the longest time between two, what is missing, what came twice.
RECEIVER = """
import json, select, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
s.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
s.bind(("0.0.0.0", 9))
seen, last, longest, twice = set(), None, (0, 0), 0
print("ready", flush=True)
while True:
    ready = select.select([s, sys.stdin], [], [])[0]
    if s in ready:
        data, control, _, _ = s.recvmsg(100, 100)
        sec, ns = struct.unpack("qq", control[0][2][:16])
        now = sec * 1000000000 + ns
        twice += data in seen
        seen.add(data)
        if last is not None:
            longest = max(longest, (now - last, int(data)))
        last = now
    elif sys.stdin in ready:
        sent = int(sys.stdin.readline())
        lost = [n for n in range(sent) if b"%d" % n not in seen]
        print(json.dumps({"gap_ms": longest[0] / 1e6, "at": longest[1], "lost": len(lost), "first": lost[:3], "twice": twice}),
              flush=True)
        sys.exit()
"""


def stream(env, h1, h2):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    receiver = env.background(h2.popen(PYTHON, "-c", RECEIVER, **pipes))
    receiver.stdout.readline()
    sender = env.background(h1.popen(PYTHON, "-c", SENDER, str(PPS), **pipes))
    sender.stdout.readline()

    def end():
        sender.stdin.close()
        sent = int(sender.stdout.readline())
        time.sleep(0.3)  # The last are on their way.
        print(sent, file=receiver.stdin, flush=True)
        return json.loads(receiver.stdout.readline()) | {"sent": sent}

    return end


def upgrade(daemon):
    former = daemon.process
    if REALTIME:
        subprocess.run(["chrt", "-a", "-f", "-p", "10", str(former.pid)], check=True)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    daemon.start("--upgrade")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    if former.wait(60):
        raise Failure(f"the former process ended with status {former.returncode}")
    wait_for("the new daemon to answer", daemon.answers)


def judge(seen):
    if seen["twice"] or (seen["lost"] and seen["gap_ms"] / 1000 * PPS < RING * 0.8):
        raise Failure(f"datagrams: {seen}")


def ready(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.vsctl("set", "bridge", "br0", "fail_mode=secure")
    daemon.add_flows("br0", FLOWS)
    wait_for("ARP", lambda: h1.ping("10.1.1.2") == 1)
    return daemon, h1, h2


def test_connections_go_on(env):
    daemon, h1, h2 = ready(env)
    daemon.vsctl("add-port", "br0", "in0", "--", "set", "interface", "in0", "type=internal")
    conns = Connections(env, h1, h2, CONNECTIONS)
    conns.say("one")
    assert conns.answered()[0] == CONNECTIONS
    rules = daemon.ofctl("dump-flows", "br0").count("actions")
    for turn in range(2):  # The new one hands over too.
        # First with a stream alone: what all connections say at once would overflow a ring at any time.
        if not turn:
            end = stream(env, h1, h2)
            time.sleep(0.3)
            upgrade(daemon)
            seen = end()
            judge(seen)
        conns.say(f"turn{turn}")
        if turn:
            upgrade(daemon)
        answered, _ = conns.answered()
        assert answered == CONNECTIONS, answered
        assert established(daemon) == CONNECTIONS
        assert packets(daemon, r"ct_state=\+inv") == 0, daemon.ofctl("dump-flows", "br0")
        assert daemon.ofctl("dump-flows", "br0").count("actions") == rules
        text = daemon.log.read_text()
        kept = re.findall(r"(\d+) connections of the former process go on", text)
        assert "is made anew" not in text and len(kept) == turn + 1 and int(kept[-1]) > CONNECTIONS, text[-2000:]
    waited = [int(us) / 1000 for us in re.findall(r"packets waited for (\d+) us", text)]
    for before, behind in zip(re.findall(r"handed over: (.*)", text), re.findall(r"packets waited for .* us \((.*)\)", text)):
        print(f"  microseconds: {before}; then {behind}")
    print(f"  {CONNECTIONS} connections go on; {seen['sent']} datagrams at {PPS}/s: longest gap {seen['gap_ms']:.1f} ms, "
          f"{seen['lost']} lost, {seen['twice']} twice; between two daemons {waited} ms")
    assert daemon.vsctl("get", "interface", "in0", "error").strip() == "[]"
    assert h2.ping("10.1.1.1", wait=1) == 0, "what is new from outside is refused"
    conns.close()
    wait_for("the connections to close", lambda: established(daemon) == 0, 10 + CONNECTIONS / 1000)


def test_another_build(env):
    """From a daemon of another revision to this one and back, in service; and this one starts on what that one left."""
    other, this = os.environ.get("SLUICE_HANDOVER_FROM"), env.build
    if not other:
        raise Skip("SLUICE_HANDOVER_FROM names no build")
    env.build = pathlib.Path(other).resolve()
    daemon, h1, h2 = ready(env)
    version = daemon.appctl("version")
    conns = Connections(env, h1, h2, CONNECTIONS)
    conns.say("one")
    assert conns.answered()[0] == CONNECTIONS
    rules = daemon.ofctl("dump-flows", "br0").count("actions")
    end = stream(env, h1, h2)
    for n, env.build in enumerate((this, pathlib.Path(other).resolve(), this)):
        upgrade(daemon)
        conns.say(f"turn{n}")
        answered, _ = conns.answered()
        assert answered == CONNECTIONS, (n, answered)
    judge(end())
    env.build = pathlib.Path(other).resolve()
    for signal in "kill", "terminate":
        getattr(daemon.process, signal)()
        daemon.process.wait(20)
        daemon.start()
        wait_for("the daemon to answer", daemon.answers)
        conns.say(signal)
        assert conns.answered()[0] == CONNECTIONS, signal
        env.build = this
    assert established(daemon) == CONNECTIONS
    assert packets(daemon, r"ct_state=\+inv") == 0, daemon.ofctl("dump-flows", "br0")
    assert daemon.ofctl("dump-flows", "br0").count("actions") == rules
    text = daemon.log.read_text()
    assert "is made anew" not in text and "are lost" not in text, text[-2000:]
    print(f"  with {version.strip()} at {other}: {CONNECTIONS} connections go on")
    conns.close()


def test_failure_leaves_the_former(env):
    """The new one cannot start, or is killed: the former goes on, with all that it had, and what changes then is kept."""
    daemon, h1, h2 = ready(env)
    conns = Connections(env, h1, h2, 20)
    conns.say("one")
    assert conns.answered()[0] == 20
    end = stream(env, h1, h2)
    former = daemon.process
    for options in ["--unixctl=/nowhere/x.ctl"], ["--conf=/proc/nowhere"]:
        new = daemon.netns.popen(env.build / "vswitchd/sluice-vswitchd", f"--rundir={daemon.rundir}", f"--conf={daemon.rundir}/conf.json",
                                 "-vconsole:off", "-vsyslog:off", "--upgrade", *options, stderr=subprocess.PIPE)
        error = new.communicate(timeout=60)[1]
        assert new.returncode == 1, (new.returncode, error)
        wait_for("the former one to go on", daemon.answers)
    assert former.poll() is None
    seen = end()
    judge(seen)
    assert daemon.log.read_text().count("has failed: going on") == 2
    conns.say("two")
    assert conns.answered()[0] == 20
    daemon.ofctl("add-flow", "br0", "table=5,priority=7,actions=drop")
    wait_for("the journal", lambda: b"\0" in (daemon.rundir / "br0.rules").read_bytes())
    upgrade(daemon)
    assert "priority=7" in daemon.ofctl("dump-flows", "br0")
    conns.say("three")
    assert conns.answered()[0] == 20
    assert packets(daemon, r"ct_state=\+inv") == 0
    conns.close()


HELLO, ITEM, LOAD, READY, GO, TAKEN = 1, 2, 3, 4, 5, 6
MESSAGE = struct.Struct("=II256s24Q")  # lib/io/handover.c
VERSION = 2


class Successor:
    """What a new daemon says to the one that runs, up to some step."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(daemon.rundir / "handover.sock"))

    def say(self, kind, value=0):
        self.socket.sendall(MESSAGE.pack(kind, 0, b"", value, *[0] * 23))

    def hear(self, kind):
        """All up to that message; the descriptors that come along are closed."""
        while True:
            data, fds, _, _ = socket.recv_fds(self.socket, MESSAGE.size, 12)
            for fd in fds:
                os.close(fd)
            while data and len(data) < MESSAGE.size:
                data += self.socket.recv(MESSAGE.size - len(data))
            if not data:
                raise Failure(f"the running daemon hangs up instead of saying {kind}")
            got = MESSAGE.unpack(data)[0]
            if got == kind:
                return
            if got != ITEM:
                raise Failure(f"the running daemon says {got} instead of {kind}")

    def go_as_far_as(self, step):
        for kind in HELLO, LOAD, READY, GO, TAKEN:
            if kind <= step:
                if kind in (LOAD, GO):
                    self.hear(kind)
                else:
                    self.say(kind, VERSION if kind == HELLO else 0)


def test_crash_at_each_step(env):
    """The new daemon is gone after each of the steps: up to TAKEN the former one goes on, and nothing is lost."""
    daemon, h1, h2 = ready(env)
    conns = Connections(env, h1, h2, 20)
    end = stream(env, h1, h2)
    former = daemon.process
    steps = 0, HELLO, LOAD, READY, GO
    for n, step in enumerate(steps):
        successor = Successor(daemon)
        successor.go_as_far_as(step)
        successor.socket.close()
        wait_for("the former one to go on", daemon.answers)
        conns.say(f"step{step}")
        assert conns.answered()[0] == 20, step
        wait_for("it to say so", lambda: len(re.findall("going on|not handed over", daemon.log.read_text())) == n + 1)
    assert former.poll() is None
    judge(end())
    assert packets(daemon, r"ct_state=\+inv") == 0
    # Behind TAKEN it ends, and what the next one finds is what a crash leaves.
    successor = Successor(daemon)
    successor.go_as_far_as(TAKEN)
    successor.socket.close()
    assert former.wait(60) == 0
    daemon.start()
    conns.say("again")
    assert conns.answered()[0] == 20
    assert packets(daemon, r"ct_state=\+inv") == 0
    conns.close()


def test_killed_at_each_step(env):
    """The former daemon is killed while it hands over: the new one says so and ends, and a start takes over all."""
    daemon, h1, h2 = ready(env)
    conns = Connections(env, h1, h2, 20)
    for step in HELLO, LOAD, READY, GO, TAKEN:
        successor = Successor(daemon)
        successor.go_as_far_as(step)
        daemon.process.kill()
        daemon.process.wait()
        successor.socket.close()
        daemon.start("--upgrade")  # There is nobody to take over from.
        conns.say(f"step{step}")
        assert conns.answered()[0] == 20, step
        assert established(daemon) == 20
        assert packets(daemon, r"ct_state=\+inv") == 0, step
    # And by a real one, which is left alone.
    former = daemon.process
    new = daemon.netns.popen(env.build / "vswitchd/sluice-vswitchd", f"--rundir={daemon.rundir}", f"--conf={daemon.rundir}/conf.json",
                             "-vconsole:off", "-vsyslog:off", "--upgrade", f"--log-file={daemon.rundir}/new.log")
    text = "handing over"
    before = daemon.log.read_text().count(text)
    wait_for("it to begin", lambda: former.poll() is not None or daemon.log.read_text().count(text) > before)
    former.kill()
    former.wait()
    wait_for("the new one to run, or to give up",
             lambda: new.poll() is not None or daemon.tool("appctl", "version", check=False).returncode == 0, 60)
    if new.poll() is None:
        daemon.process = new
    else:
        assert new.returncode == 1
        daemon.start()
    conns.say("last")
    assert conns.answered()[0] == 20
    assert packets(daemon, r"ct_state=\+inv") == 0
    conns.close()


def test_two_at_once(env):
    """Two daemons are to take over at the same time: one after the other does, and nothing is lost."""
    daemon, h1, h2 = ready(env)
    conns = Connections(env, h1, h2, 20)
    end = stream(env, h1, h2)
    former = daemon.process
    both = [daemon.netns.popen(env.build / "vswitchd/sluice-vswitchd", f"--rundir={daemon.rundir}", f"--conf={daemon.rundir}/conf.json",
                               "-vconsole:off", "-vsyslog:off", "--upgrade", f"--log-file={daemon.rundir}/{name}.log")
            for name in ("a", "b")]
    assert former.wait(60) == 0
    wait_for("one of the two to end", lambda: any(p.poll() is not None for p in both), 60)
    ended, daemon.process = sorted(both, key=lambda p: p.poll() is None)
    assert ended.returncode == 0, ended.returncode
    wait_for("the other one to answer", daemon.answers)
    judge(end())
    conns.say("both")
    assert conns.answered()[0] == 20
    assert established(daemon) == 20
    assert packets(daemon, r"ct_state=\+inv") == 0
    conns.close()


def test_listeners_and_tunnels(env):
    """Sockets that others know of are the new daemon's, with who waits there; a tunnel's too."""
    daemon, h1, h2 = ready(env)
    daemon.vsctl("set-controller", "br0", "ptcp:6690", "--", "add-port", "br0", "vx", "--", "set", "interface", "vx", "type=vxlan",
                 "options:remote_ip=10.1.1.9")
    wait_for("the listener", lambda: ":6690" in daemon.netns.run("ss", "-ltn"))
    upgrade(daemon)
    assert daemon.vsctl("get", "interface", "vx", "error").strip() == "[]"
    assert daemon.tool("ofctl", "-O", "OpenFlow13", "dump-flows", "tcp:127.0.0.1:6690").count("actions") == 6
    assert daemon.netns.run("ss", "-lun").count(":4789") == 2  # IPv4, IPv6.
    assert len([p for p in daemon.rundir.iterdir() if p.suffix == ".ctl"]) == 1
    assert re.search(r"Connected|is_connected|Controller", daemon.vsctl("show"))
