"""test_upgrade - the daemon is killed by -9 under traffic and a new one is started: the kernel's flows go on meanwhile,
nothing of an established connection is lost, and what the new daemon counts is exact."""
import json
import re
import subprocess
import time

from sluice import Failure, wait_for
from system.test_ct import udp
from system.test_firewall import FIREWALL, packets

PYTHON = "/usr/bin/python3"
ESTABLISHED = r"ct_state=\+est\+trk"

# Numbered datagrams to and fro, one in 10 ms, or as many as are asked for; a line of JSON whenever its input has one.
UDP_SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(100)
    s.sendto(data, peer)
"""
UDP_CLIENT = """
import json, select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.1.1.2", 7))
sent, back, burst = 0, set(), None
while True:
    if burst is None or burst > 0:
        s.send(b"%d" % sent)
        sent += 1
        if burst:
            burst -= 1
    end = time.monotonic() + 0.01
    while (left := end - time.monotonic()) > 0:
        ready = select.select([s, sys.stdin], [], [], left)[0]
        if s in ready:
            back.add(int(s.recv(100)))
        if sys.stdin in ready:
            word = sys.stdin.readline().strip()
            if word.isdigit():  # No more than that many from here on.
                burst = int(word)
            print(json.dumps({"sent": sent, "back": len(back), "lost": sorted(set(range(sent)) - back)[:9]}), flush=True)
"""
TCP_SERVER = """
import socket
s = socket.create_server(("0.0.0.0", 8080))
print("ready", flush=True)
c, _ = s.accept()
while b := c.recv(65536):
    c.sendall(b)
"""
TCP_CLIENT = """
import json, select, socket, sys, time
c = socket.create_connection(("10.1.1.2", 8080), timeout=30)
n, gap = 0, 0.0
while True:
    begin = time.monotonic()
    want = b"%8d" % n * 512
    c.sendall(want)
    back = b""
    while len(back) < len(want):
        back += c.recv(65536)
    if back != want:
        sys.exit("data came back changed")
    n += 1
    gap = max(gap, time.monotonic() - begin)
    while select.select([sys.stdin], [], [], 0.01)[0]:
        sys.stdin.readline()
        print(json.dumps({"n": n, "gap": gap}), flush=True)
"""


class Traffic:
    """A client and its server; ask() says how far they are."""

    def __init__(self, env, h1, h2, server, client):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.server = env.background(h2.popen(PYTHON, "-c", server, **pipes))
        if self.server.stdout.readline().strip() != "ready":
            raise Failure("no server")
        self.client = env.background(h1.popen(PYTHON, "-c", client, **pipes))

    def ask(self, word=""):
        print(word, file=self.client.stdin, flush=True)
        line = self.client.stdout.readline()
        if not line:
            raise Failure(f"the client ended with status {self.client.wait()}")
        return json.loads(line)


def start(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    wait_for("ping", lambda: h1.ping("10.1.1.2") == 1)
    for host, other in (h1, "10.1.1.2"), (h2, "10.1.1.1"):  # ARP is no part of this.
        host.ip("neigh", "replace", other, "lladdr", host.ip("neigh", "show", other).split("lladdr ")[1].split()[0], "dev", "eth0",
                "nud", "permanent")
    return daemon, h1, h2


def taken_over(daemon, times=1):
    """Waits until the former daemon's flows have given way to the new one's, for the nth time."""
    wait_for("the former daemon's flows to go",
             lambda: daemon.log.read_text().count("of a former process have given way") >= times, 30)
    time.sleep(1)


def kill_and_start_again(daemon, dead_seconds, during):
    daemon.kill()
    before = during()
    time.sleep(dead_seconds)
    after = during()
    daemon.start()
    daemon.add_flows("br0", FIREWALL)
    return before, after


def test_tcp_goes_on(env):
    """No segment is lost."""
    daemon, h1, h2 = start(env)
    tcp = Traffic(env, h1, h2, TCP_SERVER, TCP_CLIENT)
    wait_for("TCP to flow", lambda: tcp.ask()["n"] > 50)
    for times in 1, 2:
        before, after = kill_and_start_again(daemon, 2, tcp.ask)
        assert after["n"] > before["n"] + 50, f"without a daemon: {before}, {after}"
        taken_over(daemon, times)
    end = tcp.ask()
    assert end["n"] > after["n"] + 50, (after, end)
    out = h1.run("ss", "-tin", "dst", "10.1.1.2")
    print(f"  {end['n']} times 4 kB to and fro, the slowest in {end['gap'] * 1000:.0f} ms")
    # A machine that stands still has TCP send segments again that were not lost; the receiver then reports each as double.
    again, double = (int(found[1]) if (found := re.search(what + r"(\d+)", out)) else 0 for what in (r"retrans:\d+/", "dsack_dups:"))
    assert again == double, out


def test_nothing_is_lost(env):
    """Not one datagram of an established connection, and the new daemon's counters miss none."""
    daemon, h1, h2 = start(env)
    udp = Traffic(env, h1, h2, UDP_SERVER, UDP_CLIENT)
    wait_for("UDP to flow", lambda: udp.ask()["back"] > 50)
    before, after = kill_and_start_again(daemon, 2, udp.ask)
    assert after["back"] > before["back"] + 50, f"without a daemon: {before}, {after}"
    taken_over(daemon)
    udp.ask("0")
    time.sleep(0.5)
    rest = udp.ask("0")
    assert not rest["lost"], rest
    counted = packets(daemon, ESTABLISHED)
    udp.ask("100")
    wait_for("a hundred more", lambda: udp.ask()["sent"] == rest["sent"] + 100)
    wait_for("their answers", lambda: udp.ask()["back"] == rest["back"] + 100)
    wait_for("the counters", lambda: packets(daemon, ESTABLISHED) >= counted + 200)
    time.sleep(1.5)
    assert packets(daemon, ESTABLISHED) == counted + 200, (counted, packets(daemon, ESTABLISHED))
    print(f"  {rest['sent'] + 100} datagrams to and fro, none lost")


def test_counted_from_the_start(env):
    """What the former daemon's flows carry while the new one waits for its rules is counted for these, to the packet and once;
    what they carried before, while there was none, is nobody's."""
    daemon, h1, h2 = start(env)
    udp = Traffic(env, h1, h2, UDP_SERVER, UDP_CLIENT)
    rules = ESTABLISHED, r"priority=5,ip actions"  # The second pass, the first.

    def carry(n):
        sent = udp.ask(str(n))["sent"] + n
        wait_for(f"{n} answers", lambda: udp.ask()["back"] == sent)

    wait_for("UDP to flow", lambda: udp.ask()["back"] > 20)
    udp.ask("0")
    time.sleep(0.3)
    daemon.vsctl("set", "open", ".", "other_config:flow-restore-wait=true")
    daemon.kill()
    carry(30)
    daemon.start()
    daemon.add_flows("br0", FIREWALL)
    before = [packets(daemon, rule) for rule in rules]
    carry(100)
    daemon.vsctl("remove", "open", ".", "other_config", "flow-restore-wait")
    want = [n + 200 for n in before]
    wait_for("the counters", lambda: [packets(daemon, rule) for rule in rules] >= want, 20)
    carry(50)  # By flows of its own, from here on.
    want = [n + 300 for n in before]
    wait_for("the counters", lambda: [packets(daemon, rule) for rule in rules] >= want, 5)
    time.sleep(1.2)  # Another walk over the flows adds nothing.
    assert [packets(daemon, rule) for rule in rules] == want, (before, [packets(daemon, rule) for rule in rules])


SECOND_PASS = """
table=0,priority=10,arp,actions=NORMAL
table=0,priority=5,ip,in_port=1,actions=set_field:0x1234->reg3,ct(table=1)
table=0,priority=5,ip,in_port=2,actions=set_field:0x5678->reg3,ct(table=1)
table=1,priority=9,ct_state=+trk+new,udp,in_port=1,reg3=0x1234,tp_dst=101,actions=ct(commit),NORMAL
table=1,priority=9,ct_state=+trk+new,udp,in_port=1,reg3=0x1234,tp_dst=102,actions=ct(commit),NORMAL
table=1,priority=9,ct_state=+trk+new,udp,in_port=1,reg3=0x1234,tp_dst=103,actions=ct(commit),NORMAL
table=1,priority=7,ct_state=+trk+rel,icmp,reg3=0x5678,actions=NORMAL
"""


def test_new_connections(env):
    """Of a connection that comes before the former daemon's flows have given way, the first pass goes by those: where they
    send it to is known to the new daemon, and to the one after that.  Nobody listens on the ports: the other host's answer says
    that it was asked."""
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.add_flows("br0", SECOND_PASS)
    daemon.vsctl("set", "open", ".", "other_config:flow-restore-wait=true")
    wait_for("an answer", lambda: udp(h1, "10.1.1.2", 101) == "ConnectionRefusedError")
    ids = recirculations(daemon)
    assert len(ids) == 2, ids
    time.sleep(1.2)  # What is frozen is written within a second.
    for port, end in (102, daemon.kill), (103, lambda: leave(daemon)):
        end()
        daemon.start()
        wait_for("the rules to be back", lambda: "tp_dst=103" in daemon.ofctl("dump-flows", "br0"))
        got = udp(h1, "10.1.1.2", port)
        assert got == "ConnectionRefusedError", f"port {port}: {got}\n{daemon.appctl('coverage/show')}"
        assert packets(daemon, f"tp_dst={port}") == 1
    daemon.vsctl("remove", "open", ".", "other_config", "flow-restore-wait")
    taken_over(daemon)
    for port in 101, 103:
        assert udp(h1, "10.1.1.2", port) == "ConnectionRefusedError", port
    assert recirculations(daemon) == ids  # The same states have the same names.


def leave(daemon):
    """It ends by itself, and leaves what it has in the kernel."""
    daemon.appctl("exit")
    assert daemon.process.wait(20) == 0


def recirculations(daemon):
    return set(re.findall(r"recirc\((0x[0-9a-f]+)\)", daemon.appctl("dpctl/dump-flows")))
