"""test_queue - queues of a port on real traffic: what each passes, and what it counts."""
import re
import time

from sluice import wait_for

# Datagrams to two ports, until it is ended: more than the way out takes, wherever this runs.
SENDER = """
import socket, time
# One socket each: what waits in a queue counts for its sender's buffer.
socks = {port: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for port in (5001, 5002)}
while True:
    for port, s in socks.items():
        for i in range(8):
            try:
                s.sendto(bytes(1000), socket.MSG_DONTWAIT, ("10.1.1.2", port))
            except BlockingIOError:
                break
    time.sleep(0.001)
"""
FLOWS = """
priority=10,in_port=1,udp,tp_dst=5001,actions=set_queue:1,output:2
priority=10,in_port=1,udp,tp_dst=5002,actions=enqueue:2:2
priority=1,actions=NORMAL
"""


def queue_stats(daemon):
    text = daemon.ofctl("-O", "OpenFlow13", "queue-stats", "br0", "2")
    return {int(q): (int(n), int(p)) for q, n, p in re.findall(r"queue (\d+): bytes=(\d+), pkts=(\d+)", text)}


def test_rates(env):
    """Two classes of one port: each passes its rate, set and changed by vsctl, and the OpenFlow counters say so."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.vsctl("--", "set", "port", "p2", "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb",
                 "other-config:max-rate=100000000", "queues:1=@a", "queues:2=@b",
                 "--", "--id=@a", "create", "queue", "other-config:max-rate=1000000",
                 "--", "--id=@b", "create", "queue", "other-config:max-rate=500000")
    tree = env.netns("sw").run("tc", "class", "show", "dev", "p2")
    assert re.search(r"class htb 1:2 parent 1:fffe .*rate \S+ ceil 1Mbit", tree), tree
    assert re.search(r"class htb 1:3 parent 1:fffe .*rate \S+ ceil 500Kbit", tree), tree
    daemon.add_flows("br0", FLOWS)
    assert h1.ping("10.1.1.2") == 1
    assert queue_stats(daemon) == {1: (0, 0), 2: (0, 0)}
    sender = env.background(h1.popen("/usr/bin/python3", "-c", SENDER))
    wait_for("both queues to be busy", lambda: min(n for n, _ in queue_stats(daemon).values()) > 50_000)
    began, before = time.monotonic(), queue_stats(daemon)
    time.sleep(3)
    stats, seconds = queue_stats(daemon), time.monotonic() - began
    sender.kill()
    rates = {q: (stats[q][0] - before[q][0]) * 8 / seconds for q in (1, 2)}
    # The machine may be busy, but twice the rate is about twice the bytes.
    assert 600_000 < rates[1] < 1_400_000 and 1.6 < rates[1] / rates[2] < 2.4, rates
    assert stats[1][1] == stats[1][0] // 1042, stats
    queue = re.search(r"2=(\S+?)[,}]", daemon.vsctl("get", "qos", daemon.vsctl("get", "port", "p2", "qos").strip(), "queues"))[1]
    daemon.vsctl("set", "queue", queue, "other-config:max-rate=16000000")
    tree = env.netns("sw").run("tc", "class", "show", "dev", "p2")
    assert re.search(r"class htb 1:3 .* ceil 16Mbit", tree), tree
    assert queue_stats(daemon)[1] >= stats[1], "counters of a queue that stays"
    daemon.vsctl("clear", "port", "p2", "qos")
    assert "htb" not in env.netns("sw").run("tc", "qdisc", "show", "dev", "p2")
    assert queue_stats(daemon) == {}
    wait_for("packets without the queues", lambda: h1.ping("10.1.1.2") == 1)
