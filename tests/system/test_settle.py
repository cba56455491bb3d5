"""test_settle - barriers and FLOW_REMOVED come after cached flows have settled, while traffic runs."""
import os
import subprocess
import time

import openflow as of
from sluice import Failure, wait_for

PORT1 = of.oxm(0, b"\0\0\0\1")
IPV4_UDP = of.oxm(5, b"\x08\x00") + of.oxm(10, b"\x11")
SEND_FLOW_REM = 1
IN_KERNEL = 3  # Packets that the switch has sent and the host's kernel has not counted yet.

SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n, pause = int(sys.argv[1]), float(sys.argv[2])
print("go", flush=True)
while True:
    for i in range(n):
        s.sendto(b"x" * 100, ("10.1.1.2", 5000 + i))
    if pause:
        time.sleep(pause)
"""


def udp_rule(*actions, **kw):
    return of.flow_mod(*([of.apply_actions(*actions)] if actions else []), match=of.match(PORT1, IPV4_UDP), **kw)


def delivered(h2):
    """Datagrams that have arrived; nobody listens for them, and nobody else sends any."""
    # Without a process for it: the switch must not get time to settle meanwhile.
    with open(f"/proc/{h2.sleeper.pid}/net/snmp") as snmp:
        return int([line for line in snmp if line.startswith("Udp:")][1].split()[2])


def start(env):
    """UDP from h1 to h2 that one rule is to forward; nothing else goes to h2."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.ofctl("add-flow", "br0", "priority=50000,in_port=1,udp,tp_dst=1,actions=drop")
    mac = h2.ip("-br", "link", "show", "eth0").split()[2]
    h1.ip("neigh", "add", "10.1.1.2", "lladdr", mac, "dev", "eth0")
    h2.sleeper = env.background(h2.popen("sleep", "1000"))
    wait_for("a process in h2", lambda: os.readlink(f"/proc/{h2.sleeper.pid}/exe").endswith("sleep"))
    peer = of.connect(str(daemon.rundir / "br0.mgmt"))
    peer.send(of.set_config(128))  # A service connection gets asynchronous messages once it asks for some.
    return daemon, h1, h2, peer


def send(env, h1, n=4000, pause=0):
    """Datagrams to 'n' ports in turn; a rule that looks at the port makes each a cached flow of its own."""
    sender = env.background(h1.popen("/usr/bin/python3", "-c", SENDER, str(n), str(pause), stdout=subprocess.PIPE, text=True))
    if sender.stdout.readline().strip() != "go":
        raise Failure("no traffic")


def barrier(peer):
    """Sends a barrier; what came before its reply."""
    before = []
    peer.send(of.msg(of.BARRIER_REQUEST, xid=77))
    while True:
        m = peer.recv()
        if m.kind == of.BARRIER_REPLY:
            return before
        before.append(m)


def test_barrier(env):
    daemon, h1, h2, peer = start(env)
    send(env, h1)
    for _ in range(25):
        before = delivered(h2)
        peer.send(udp_rule(of.output(2)))
        barrier(peer)
        wait_for("packets", lambda: delivered(h2) > before)
        peer.send(udp_rule())  # The same match: drop.
        barrier(peer)
        before = delivered(h2)
        time.sleep(0.03)
        if delivered(h2) - before > IN_KERNEL:
            raise Failure(f"{delivered(h2) - before} packets took the old rule after the barrier")


def test_barrier_after_delete(env):
    daemon, h1, h2, peer = start(env)
    # A rule above, in another table, and one that tracks: all ways of depending on what is deleted.
    peer.send(of.flow_mod(of.apply_actions(of.output(2)), match=of.match(PORT1, IPV4_UDP), table=3))
    send(env, h1)
    for _ in range(10):
        daemon.ofctl("add-flow", "br0", "priority=40000,in_port=1,udp,actions=ct(table=3,zone=4)")
        before = delivered(h2)
        wait_for("packets", lambda: delivered(h2) > before)
        peer.send(of.flow_mod(table=3, command=3))
        barrier(peer)
        before = delivered(h2)
        time.sleep(0.03)
        if delivered(h2) - before > IN_KERNEL:
            raise Failure("packets passed by a deleted rule after the barrier")
        peer.send(of.flow_mod(of.apply_actions(of.output(2)), match=of.match(PORT1, IPV4_UDP), table=3))
        barrier(peer)


def test_flow_removed_counts(env):
    daemon, h1, h2, peer = start(env)
    send(env, h1, 10, 0.001)
    for i in range(15):
        before = delivered(h2)
        peer.send(udp_rule(of.output(2), flags=SEND_FLOW_REM, cookie=i))
        barrier(peer)
        time.sleep(0.05)
        peer.send(udp_rule(command=3))
        removed = barrier(peer)
        if [m.kind for m in removed] != [of.FLOW_REMOVED]:
            raise Failure(f"expected FLOW_REMOVED, got {[str(m) for m in removed]}")
        n_packets = removed[0].at("Q", 8 + 24)[0]
        try:
            wait_for("all packets", lambda: delivered(h2) - before == n_packets, 2)
        except Failure:
            raise Failure(f"FLOW_REMOVED counts {n_packets} packets, {delivered(h2) - before} have arrived\n"
                          + daemon.appctl("coverage/show") + daemon.ofctl("dump-ports", "br0"))
