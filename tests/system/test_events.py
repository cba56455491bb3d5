"""test_events - who listens to connections and does not read: packets come through and memory does not grow; what was lost is
said, and with what was seen it is all there was."""
import json
import signal
import subprocess

from sluice import Failure, wait_for
from system.test_fuzz import heap, sanitized

FLOWS = """
table=0,priority=10,arp,actions=NORMAL
table=0,priority=7,udp,tp_dst=8,actions=ct(table=1,zone=8)
table=0,priority=7,udp,tp_src=8,actions=ct(table=1,zone=8)
table=0,priority=5,ip,actions=ct(table=1,zone=7)
table=1,ct_state=+trk+new,ct_zone=8,ip,actions=ct(commit,zone=8),NORMAL
table=1,ct_state=+trk,in_port=1,ct_zone=7,ip,actions=ct(commit,zone=7,exec(move:NXM_OF_IP_TOS[]->NXM_NX_CT_MARK[0..7])),NORMAL
table=1,ct_state=+trk+est,ip,actions=NORMAL
"""
ECHO = """
import selectors, socket
sel = selectors.DefaultSelector()
for port in 7, 8:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", port))
    sel.register(s, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in sel.select():
        data, peer = key.fileobj.recvfrom(100)
        key.fileobj.sendto(data, peer)
"""
# A line of input: port of the server, first port of the client, how many of them, TOS.  A datagram from each, one after the
# other; prints how many were answered.
CLIENT = """
import socket, sys
for line in sys.stdin:
    server, first, n, tos = map(int, line.split())
    back = 0
    for port in range(first, first + n):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("10.1.1.1", port))
            s.settimeout(5)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            s.sendto(b"x", ("10.1.1.2", server))
            try:
                back += s.recv(100) == b"x"
            except OSError:
                pass
    print(back, flush=True)
"""
CONNECTIONS = 3000
ROUNDS = 3
# Of heap, from the first round on, in which the reader's queue is filled: the events of a round are of more text.
GROWTH_KB = 1000


class Traffic:
    def __init__(self, env, h1, h2):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        server = env.background(h2.popen("/usr/bin/python3", "-c", ECHO, **pipes))
        if server.stdout.readline().strip() != "ready":
            raise Failure("no server")
        self.client = env.background(h1.popen("/usr/bin/python3", "-c", CLIENT, **pipes))

    def run(self, server, first, n, tos=0):
        print(server, first, n, tos, file=self.client.stdin, flush=True)
        back = int(self.client.stdout.readline())
        assert back == n, f"{back} of {n} datagrams came back"


class Listener:
    """ct/events into a file."""

    def __init__(self, env, daemon, name, *argv):
        self.path = env.folder / name
        self.daemon = daemon
        before = self.there()
        with self.path.open("w") as out:
            self.process = env.background(daemon.netns.popen(
                env.build / "utilities/sluice-appctl", f"--rundir={daemon.rundir}", "ct/events", *argv, stdout=out))
        wait_for("the listener", lambda: self.there() == before + 1)

    def there(self):
        words = self.daemon.appctl("memory/show").split()
        return next((int(w.split(":")[1]) for w in words if w.startswith("ct-listeners:")), 0)

    def events(self):
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait_for_port(self, port):
        wait_for(f"the event of port {port}", lambda: f'"sport":{port}' in self.path.read_text(), 20)


def test_slow_reader(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FLOWS)
    daemon.vsctl("add-zone-tp", env.datapath, "zone=7", "udp_first=900", "udp_single=900", "udp_multiple=900")  # None ends.
    traffic = Traffic(env, h1, h2)
    wait_for("the hosts to know each other", lambda: h1.ping("10.1.1.2") == 1)
    daemon.appctl("dpctl/flush-conntrack")
    slow = Listener(env, daemon, "slow", "zone=7", "--update")
    quick = Listener(env, daemon, "quick", "zone=8")
    traffic.run(8, 900, 3)
    traffic.run(7, 900, 3)
    slow.wait_for_port(902)
    slow.process.send_signal(signal.SIGSTOP)
    sizes = []
    for tos in range(ROUNDS):  # The first makes connections, the others change their marks.
        traffic.run(7, 20000, CONNECTIONS, 4 * tos)
        sizes.append(heap(daemon))
    traffic.run(8, 903, 1)
    quick.wait_for_port(903)  # The daemon has dealt with all that was before.
    said = len(slow.path.read_text())
    print(f"  kB of heap after each round: {sizes}")
    if not sanitized(env) and sizes[-1] > sizes[0] + GROWTH_KB:
        raise Failure(f"memory grew: {sizes}")

    slow.process.send_signal(signal.SIGCONT)
    wait_for("the reader to be told of its loss", lambda: '"event":"lost"' in slow.path.read_text(), 20)
    traffic.run(7, 904, 1)
    slow.wait_for_port(904)
    seen = slow.events()
    lost = sum(e["lost"] for e in seen if e["event"] == "lost")
    seen = [e for e in seen if e["event"] != "lost"]
    # NEW and the first answer, each; in the other rounds, the mark.
    total = 4 * 2 + CONNECTIONS * (2 + ROUNDS - 1)
    print(f"  {len(seen)} events seen of {total}, {lost} lost")
    assert {e["zone"] for e in seen} == {7} and {e["event"] for e in seen} == {"NEW", "UPDATE"}, seen[:3]
    assert lost > CONNECTIONS, lost
    assert len(seen) + lost == total, (len(seen), lost, total)
    assert [(e["event"], e["zone"]) for e in quick.events()] == 4 * [("NEW", 8)], quick.events()

    # Neither a reader's end nor the daemon's waits for somebody who does not read.
    idle = Listener(env, daemon, "idle", "--update")
    for stopped in slow, idle:
        stopped.process.send_signal(signal.SIGSTOP)
    traffic.run(7, 20000, CONNECTIONS, 4 * ROUNDS)
    before = slow.there()
    slow.process.kill()
    wait_for("the listener to go", lambda: slow.there() == before - 1)
    daemon.stop()

