"""test_queue - queues of a port on real traffic: what each passes, and what it counts."""
import re
import subprocess

from sluice import wait_for

# Datagrams to two ports as fast as the way out takes them, for the seconds said.
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    for port in 5001, 5002:
        for i in range(4):
            s.sendto(bytes(1000), ("10.1.1.2", port))
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
                 "--", "--id=@a", "create", "queue", "other-config:max-rate=8000000",
                 "--", "--id=@b", "create", "queue", "other-config:max-rate=4000000")
    tree = env.netns("sw").run("tc", "class", "show", "dev", "p2")
    assert re.search(r"class htb 1:2 parent 1:fffe .*rate \S+ ceil 8Mbit", tree), tree
    assert re.search(r"class htb 1:3 parent 1:fffe .*rate \S+ ceil 4Mbit", tree), tree
    daemon.add_flows("br0", FLOWS)
    assert h1.ping("10.1.1.2") == 1
    assert queue_stats(daemon) == {1: (0, 0), 2: (0, 0)}
    h1.run("/usr/bin/python3", "-c", SENDER, "2")
    stats = queue_stats(daemon)
    # 2 s at 8 and 4 Mbit/s, and what the buckets and the queue hold: only the order of magnitude is asked
    # for here, for the machine may be busy; but twice the rate is about twice the bytes.
    assert 1_000_000 < stats[1][0] < 4_000_000, stats
    assert 1.5 < stats[1][0] / stats[2][0] < 2.5, stats
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
