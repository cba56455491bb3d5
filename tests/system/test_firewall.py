"""test_firewall - the stateful firewall between two hosts: what is allowed, what is refused."""
import re
import time

from sluice import Failure, wait_for

FIREWALL = """
table=0,priority=10,arp,actions=NORMAL
table=0,priority=10,icmp6,icmp_type=135,actions=NORMAL
table=0,priority=10,icmp6,icmp_type=136,actions=NORMAL
table=0,priority=5,ip,actions=ct(table=1)
table=0,priority=5,ipv6,actions=ct(table=1)
table=1,priority=40,ct_state=+trk+inv,actions=drop
table=1,priority=30,ct_state=+trk+est,actions=NORMAL
table=1,priority=30,ct_state=+trk+rel,actions=NORMAL
table=1,priority=20,ct_state=+trk+new,in_port=1,actions=ct(commit),NORMAL
table=1,priority=10,ct_state=+trk+new,actions=drop
"""

SERVER = """
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("listening", flush=True)
while True:
    c, _ = s.accept()
    total = 0
    while b := c.recv(1 << 20):
        total += len(b)
        c.sendall(b)
    c.close()
"""
CLIENT = """
import socket, sys, threading
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[4]))
c.settimeout(20)
data = bytes(range(251)) * (int(sys.argv[3]) // 251 + 1)
t = threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)))
t.start()
back = bytearray()
while b := c.recv(1 << 20): back += b
t.join()
sys.exit(0 if bytes(back) == data else "data came back changed")
"""


def serve(env, host, address, port):
    import subprocess
    server = env.background(host.popen("/usr/bin/python3", "-c", SERVER, address, port, stdout=subprocess.PIPE, text=True))
    if server.stdout.readline().strip() != "listening":
        raise Failure(f"no server on {address} port {port}")


def connect(host, address, port, size=300000, timeout=3.0):
    return host.run("/usr/bin/python3", "-c", CLIENT, address, port, size, timeout, check=False, timeout=60).returncode == 0


def packets(daemon, pattern):
    """n_packets of the one flow whose text matches."""
    found = [line for line in daemon.ofctl("dump-flows", "br0").splitlines() if re.search(pattern, line)]
    if len(found) != 1:
        raise Failure(f"{len(found)} flows match {pattern}")
    return int(re.search(r"n_packets=(\d+)", found[0])[1])


def expect_one_way(env, h1, h2):
    """h1 may begin what it likes with h2, and h2 nothing."""
    assert h1.ping("10.1.1.2", 3) == 3
    assert h2.ping("10.1.1.1", 1, wait=1) == 0
    serve(env, h2, "0.0.0.0", 8080)
    serve(env, h1, "0.0.0.0", 8081)
    assert connect(h1, "10.1.1.2", 8080)
    assert not connect(h2, "10.1.1.1", 8081, timeout=1.5)


def test_allowed_and_refused(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    expect_one_way(env, h1, h2)
    assert packets(daemon, r"priority=10,ct_state=\+new\+trk actions=drop") >= 2
    conns = daemon.conntrack()
    assert any(c.startswith("tcp,orig=(src=10.1.1.1,dst=10.1.1.2,") and "dport=8080" in c for c in conns), conns
    assert not any("orig=(src=10.1.1.2" in c for c in conns), conns


def test_v6(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", FIREWALL)
    wait_for("ping fc00::2", lambda: h1.ping("fc00::2") == 1)
    assert h2.ping("fc00::1", 1, wait=1) == 0
    serve(env, h2, "::", 8080)
    serve(env, h1, "::", 8081)
    assert connect(h1, "fc00::2", 8080)
    assert not connect(h2, "fc00::1", 8081, timeout=1.5)
    conns = daemon.conntrack()
    assert any(c.startswith("icmpv6,orig=(src=fc00::1,dst=fc00::2,") for c in conns), conns
    assert any(c.startswith("tcp,orig=(src=fc00::1,dst=fc00::2,") for c in conns), conns


def test_host_stack_does_not_take_frames(env):
    """A frame that a port takes is not taken by the switch's own host as well."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    sw = daemon.netns
    sw.ip("addr", "add", "10.1.1.100/24", "dev", "p1")  # The host would answer ARP and ping on it.
    daemon.add_flows("br0", "actions=drop")
    assert h1.ping("10.1.1.100", 1, wait=1) == 0
    daemon.vsctl("del-port", "br0", "p1")
    wait_for("the host to answer on a port that was given back", lambda: h1.ping("10.1.1.100") == 1)
    # After kill -9 the drop may stay; the next start takes the port again or cleans up.
    daemon.vsctl("add-port", "br0", "p1", "--", "set", "interface", "p1", "ofport_request=1")
    daemon.kill()
    daemon.start()
    daemon.vsctl("del-port", "br0", "p1")
    wait_for("the host to answer after kill -9, restart and del-port", lambda: h1.ping("10.1.1.100") == 1)


def test_iperf(env):
    """TCP with default offloads through the stateful pipeline: works, and moves data at a plausible speed."""
    import json
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    env.background(h2.popen("iperf3", "-s", "-1", stdout=-3, stderr=-3))
    time.sleep(0.5)
    out = json.loads(h1.run("iperf3", "-c", "10.1.1.2", "-t", "3", "-J", timeout=30))
    bits = out["end"]["sum_received"]["bits_per_second"]
    print(f"  iperf3 through the stateful pipeline: {bits / 1e9:.2f} Gbit/s, {out['end']['sum_sent']['retransmits']} retransmits")
    assert bits > 50e6, f"{bits / 1e6:.0f} Mbit/s: offloads are broken"
