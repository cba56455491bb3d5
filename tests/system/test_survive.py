"""test_survive - a daemon that nobody manages is killed, or ended, under many established TCP connections: the next one
has rules and connections back before its ports open, so that every connection goes on, and no packet of them is ever
+inv.  SLUICE_SURVIVE_CONNS says how many connections (2000)."""
import json
import os
import re
import resource
import subprocess
import time

from sluice import Failure, wait_for

PYTHON = "/usr/bin/python3"
CONNECTIONS = int(os.environ.get("SLUICE_SURVIVE_CONNS", "2000"))

FLOWS = """
table=0,priority=10,arp,actions=NORMAL
table=0,priority=5,ip,actions=ct(table=1,zone=7)
table=1,priority=40,ct_state=+trk+inv,actions=drop
table=1,priority=30,ct_state=+trk+est,ct_mark=0x5,actions=NORMAL
table=1,priority=20,ct_state=+trk+new,in_port=1,ip,actions=ct(commit,zone=7,exec(set_field:0x5->ct_mark)),NORMAL
table=1,priority=10,ct_state=+trk+new,actions=drop
"""

ECHO = """
import selectors, socket, sys
sel = selectors.DefaultSelector()
first = int(sys.argv[1])
for port in range(first, first + 4):
    s = socket.create_server(("0.0.0.0", port), backlog=4096)
    sel.register(s, selectors.EVENT_READ, None)
print("ready", flush=True)
while True:
    for key, _ in sel.select():
        if key.data is None:
            c, _ = key.fileobj.accept()
            sel.register(c, selectors.EVENT_READ, c)
        else:
            data = key.data.recv(4096)
            if data:
                key.data.send(data)
            else:
                sel.unregister(key.data)
                key.data.close()
"""
# On a line of input: each connection says something, and has it back.  Prints how many did, and how long that took.
CLIENT = """
import json, selectors, socket, sys, time
conns = []
for i in range(int(sys.argv[2])):
    conns.append(socket.create_connection(("10.1.1.2", int(sys.argv[1]) + i % 4), timeout=30))
print("ready", flush=True)
for line in sys.stdin:
    word, begin = line.encode().strip(), time.monotonic()
    sel, left, wrong = selectors.DefaultSelector(), set(conns), 0
    for c in conns:
        try:
            c.send(word)
            sel.register(c, selectors.EVENT_READ)
        except OSError:
            wrong += 1
            left.discard(c)
    while left and time.monotonic() - begin < 60:
        for key, _ in sel.select(1):
            try:
                data = key.fileobj.recv(100)
            except OSError:
                data = b""
            wrong += data != word
            left.discard(key.fileobj)
            sel.unregister(key.fileobj)
    print(json.dumps({"answered": len(conns) - len(left) - wrong, "seconds": time.monotonic() - begin}), flush=True)
"""


def packets(daemon, pattern):
    lines = [line for line in daemon.ofctl("dump-flows", "br0").splitlines() if re.search(pattern, line)]
    return sum(int(re.search(r"n_packets=(\d+)", line)[1]) for line in lines)


class Connections:
    """Pairs of a client and a server, each with as many connections as one process may have files."""

    def __init__(self, env, h1, h2, n):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        h1.sysctl("ipv4/ip_local_port_range", "1024 65000")
        self.clients = []
        while n:
            part = min(n, hard - 100, 60000)
            first = 8000 + 4 * len(self.clients)
            for host, argv in (h2, (ECHO, str(first))), (h1, (CLIENT, str(first), str(part))):
                process = env.background(host.popen(PYTHON, "-c", *argv, **pipes))
                if process.stdout.readline().strip() != "ready":
                    raise Failure("a host's program does not begin")
            self.clients.append(process)
            n -= part

    def say(self, word):
        for client in self.clients:
            print(word, file=client.stdin, flush=True)

    def answered(self):
        """How many connections have had an answer, and when the last one had."""
        lines = [json.loads(client.stdout.readline()) for client in self.clients]
        return sum(line["answered"] for line in lines), max(line["seconds"] for line in lines)

    def close(self):
        for client in self.clients:
            client.stdin.close()
            client.wait(60)


def established(daemon):
    return sum("state=ESTABLISHED" in line for line in daemon.conntrack())


def test_connections_go_on(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.vsctl("set", "bridge", "br0", "fail_mode=secure")
    daemon.add_flows("br0", FLOWS)
    wait_for("ARP", lambda: h1.ping("10.1.1.2") == 1)
    conns = Connections(env, h1, h2, CONNECTIONS)
    conns.say("one")
    assert conns.answered()[0] == CONNECTIONS
    assert established(daemon) == CONNECTIONS
    rules = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^ ]*", "", line)
                   for line in daemon.ofctl("dump-flows", "br0").splitlines() if "actions" in line)
    for how in "killed", "ended":
        # Packets that come while nobody is there are lost, and sent again.
        if how == "killed":
            daemon.kill()
        else:
            daemon.appctl("exit")
            daemon.process.wait(20)
        conns.say(how)
        time.sleep(0.5)
        begin = time.monotonic()
        daemon.start()
        started = time.monotonic() - begin
        answered, seconds = conns.answered()
        assert answered == CONNECTIONS, (how, answered)
        assert established(daemon) == CONNECTIONS, how
        assert packets(daemon, r"ct_state=\+inv") == 0, daemon.ofctl("dump-flows", "br0")
        again = sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^ ]*", "", line)
                       for line in daemon.ofctl("dump-flows", "br0").splitlines() if "actions" in line)
        assert again == rules, (again, rules)
        print(f"  {how}: {CONNECTIONS} connections go on; the daemon answered after {started * 1000:.0f} ms, the last peer "
              f"{seconds:.2f} s after the daemon had gone")
    # The tracker lives: what is new from outside is still refused, and what ends, ends.
    assert h2.ping("10.1.1.1", wait=1) == 0
    conns.close()
    wait_for("the connections to close", lambda: established(daemon) == 0, 10 + CONNECTIONS / 1000)
