"""test_queue - queues of a port on real traffic: what each passes, and what it counts."""
import re
import subprocess
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


# A timer that is late by less than this many bits loses nothing.
BURST = "other-config:burst=160000"
# Datagrams of one DSCP and ECN, IPv4 and IPv6, until it is ended.
MARKER = """
import socket, time
v4, v6 = (socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_INET6))
v4.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x21)
v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 0x21)
while True:
    v4.sendto(b"4", ("10.1.1.2", 5003))
    v6.sendto(b"6", ("fc00::2", 5003))
    time.sleep(0.03)
"""
# What ten datagrams of each came with.
READER = """
import socket
v4, v6 = (socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_INET6))
v4.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
v4.bind(("10.1.1.2", 5003))
v6.bind(("fc00::2", 5003))
for s in v4, v6:
    s.settimeout(10)
    print(*[hex(s.recvmsg(10, 100)[1][0][2][0]) for i in range(10)])
"""
MARKING_FLOWS = """
priority=10,in_port=1,udp,tp_dst=5003,actions=set_queue:1,output:2,pop_queue,output:2
priority=10,in_port=1,udp6,tp_dst=5003,actions=enqueue:2:1,output:2
priority=1,actions=NORMAL
"""


def queue_stats(daemon):
    """Of each queue: bytes, packets, and how old it is in seconds."""
    text = daemon.ofctl("-O", "OpenFlow13", "queue-stats", "br0", "2")
    found = re.findall(r"queue (\d+): bytes=(\d+), pkts=(\d+), errors=\d+, duration=([0-9.]+)s", text)
    return {int(q): (int(n), int(p), float(age)) for q, n, p, age in found}


def measure(daemon, seconds):
    """The rates of queues 1 and 2 in bit/s, by the daemon's clock."""
    before = queue_stats(daemon)
    time.sleep(seconds)
    after = queue_stats(daemon)
    return {q: (after[q][0] - before[q][0]) * 8 / (after[q][2] - before[q][2]) for q in (1, 2)}


def expect_rates(rates, wanted):
    assert all(0.95 * wanted[q] < rates[q] < 1.05 * wanted[q] for q in wanted), (rates, wanted)


def test_rates(env):
    """Two classes of one port: each passes its smallest rate where there is not enough, and its largest one where there is."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.vsctl("--", "set", "port", "p2", "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb",
                 "other-config:max-rate=4000000", "queues:1=@a", "queues:2=@b",
                 "--", "--id=@a", "create", "queue", "other-config:min-rate=1000000", BURST,
                 "--", "--id=@b", "create", "queue", "other-config:min-rate=3000000", "other-config:max-rate=3500000", BURST)
    tree = env.netns("sw").run("tc", "class", "show", "dev", "p2")
    assert re.search(r"class htb 1:2 parent 1:fffe .*rate 1Mbit ceil 4Mbit", tree), tree
    assert re.search(r"class htb 1:3 parent 1:fffe .*rate 3Mbit ceil 3500Kbit", tree), tree
    daemon.add_flows("br0", FLOWS)
    assert h1.ping("10.1.1.2") == 1
    assert {q: s[:2] for q, s in queue_stats(daemon).items()} == {1: (0, 0), 2: (0, 0)}
    sender = env.background(h1.popen("/usr/bin/python3", "-c", SENDER))
    wait_for("both queues to be busy", lambda: min(s[0] for s in queue_stats(daemon).values()) > 50_000)
    expect_rates(measure(daemon, 1), {1: 1_000_000, 2: 3_000_000})
    stats = queue_stats(daemon)
    assert stats[1][1] == stats[1][0] // 1042, stats
    qos = daemon.vsctl("get", "port", "p2", "qos").strip()
    queues = dict(re.findall(r"(\d)=(\S+?)[,}]", daemon.vsctl("get", "qos", qos, "queues")))
    daemon.vsctl("set", "qos", qos, "other-config:max-rate=100000000",
                 "--", "set", "queue", queues["1"], "other-config:min-rate=500000", "other-config:max-rate=2000000",
                 "--", "set", "queue", queues["2"], "other-config:min-rate=500000", "other-config:max-rate=1000000")
    tree = env.netns("sw").run("tc", "class", "show", "dev", "p2")
    assert re.search(r"class htb 1:3 .*rate 500Kbit ceil 1Mbit", tree), tree
    assert queue_stats(daemon)[1] >= stats[1], "counters of a queue that stays"
    time.sleep(0.3)  # What a class may send at once, before its rate tells.
    expect_rates(measure(daemon, 1), {1: 2_000_000, 2: 1_000_000})
    sender.kill()
    daemon.vsctl("clear", "port", "p2", "qos")
    assert "htb" not in env.netns("sw").run("tc", "qdisc", "show", "dev", "p2")
    assert queue_stats(daemon) == {}
    wait_for("packets without the queues", lambda: h1.ping("10.1.1.2") == 1)


def test_dscp(env):
    """What a queue marks: ECN stays, checksums hold (the receiver's kernel looks), and the copy beside it is as it came."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.vsctl("--", "set", "port", "p2", "qos=@q", "--", "--id=@q", "create", "qos", "type=linux-htb", "queues:1=@a",
                 "--", "--id=@a", "create", "queue", "dscp=46", "other-config:max-rate=100000000")
    daemon.add_flows("br0", MARKING_FLOWS)
    reader = env.background(h2.popen("/usr/bin/python3", "-c", READER, stdout=subprocess.PIPE, text=True))
    env.background(h1.popen("/usr/bin/python3", "-c", MARKER))
    for seen in reader.communicate(timeout=20)[0].splitlines():
        # The two ways to the port may overtake each other, and it may begin and end amid a pair.
        assert abs(seen.count("0xb9") - seen.count("0x21")) <= 2 and len(set(seen.split())) == 2, seen
