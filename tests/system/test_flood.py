"""test_flood - more than anybody asked for: packets to controllers, and new addresses.  What is switched meanwhile is not slowed or
lost, and memory does not grow."""
import re
import subprocess
import time

import openflow as of
from sluice import Failure, wait_for
from system.test_burst import Load, came_in
from system.test_firewall import packets
from system.test_fuzz import heap, sanitized
from system.test_group import static_neighbour

FLOWS = """
priority=9,in_port=1,udp,tp_dst=5000,actions=output:2
priority=8,in_port=1,udp,tp_dst=6000,actions=CONTROLLER
"""
FLOOD_PPS = 30000
SECONDS = 4
GROWTH_KB = 48 << 10  # What waits for the control thread, and for peers, is bounded by less.


def flood(env, host, pps):
    sender = env.background(host.popen(env.build / "tests/bench/udp-load", "send", "10.1.1.2", 6000, pps, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True))

    def stop():
        return int(sender.communicate("\n")[0].split()[0])
    return stop


def controller(daemon, name, **columns):
    """One that the switch calls; it is to get packet-ins."""
    listener = of.listen(str(daemon.rundir / name))
    daemon.vsctl("set-controller", "br0", f"unix:{daemon.rundir}/{name}", *[w for k, v in columns.items() for w in ("--", "set", "controller", "br0", f"{k}={v}")])
    return listener.accept()


def test_packet_ins(env):
    """To one controller that does not read and one that does; beside them a session that asks, and traffic that is switched."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    static_neighbour(h1, h2)
    daemon.add_flows("br0", FLOWS)
    path = str(daemon.rundir / "br0.mgmt")
    deaf, other = of.connect(path), of.connect(path)
    deaf.send(of.set_config(128))
    load = Load(env, h1, h2)
    longest, before = 0, heap(daemon)
    stop = flood(env, h1, FLOOD_PPS)
    end, sizes = time.monotonic() + SECONDS, []
    while time.monotonic() < end:
        asked = time.monotonic()
        other.send(of.msg(of.ECHO_REQUEST))
        if not other.recv():
            raise Failure("the other session has ended")
        longest = max(longest, time.monotonic() - asked)
        sizes.append(heap(daemon))
    to_controllers = stop()
    sent, got, pps = load.stop()
    rx, full = came_in(daemon)
    print(f"  {to_controllers} packets to controllers; {sent} datagrams ({pps} a second), {got} came; {full} found the ring full; "
          f"longest echo {longest * 1000:.0f} ms; kB of heap {before}, {max(sizes)} at most")
    assert to_controllers > FLOOD_PPS, to_controllers
    switched = packets(daemon, "tp_dst=5000")
    assert got == switched and not full, (sent, switched, got, full)
    if not sanitized(env):
        assert max(sizes) < before + GROWTH_KB, sizes
    assert longest < 1, longest


def test_rate_limit(env):
    """A controller gets as many packet-ins a second as it is to have, and the burst."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    static_neighbour(h1, h2)
    daemon.add_flows("br0", FLOWS)
    c = controller(daemon, "c.sock", controller_rate_limit=1000, controller_burst_limit=100)
    c.send(of.msg(of.BARRIER_REQUEST))
    assert c.recv().kind == of.BARRIER_REPLY
    stop = flood(env, h1, 5000)
    first = c.recv()
    began, n = time.monotonic(), 1
    assert first.kind == of.PACKET_IN
    while (took := time.monotonic() - began) < 3:
        n += c.recv().kind == of.PACKET_IN
    sent = stop()
    print(f"  {n} packet-ins in {took:.2f} s of {sent} packets")
    assert abs(n - (1000 * took + 100)) <= 0.05 * 1000 * took, (n, took)


# Frames to one address, each from a new one; so many a second, and none is made up for.  Prints how many.
STRANGERS = """
import random, socket, sys, time
dst, pps, seconds = bytes.fromhex(sys.argv[1].replace(":", "")), int(sys.argv[2]), float(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
begin, sent, made_up = time.monotonic(), 0, 0
tail = b"\\x88\\xb5" + bytes(46)
while (now := time.monotonic() - begin) < seconds:
    due = now * pps - made_up
    if sent > due:
        time.sleep((sent - due) / pps)
        continue
    made_up += max(0, due - sent - 64)
    for _ in range(16):
        s.send(dst + b"\\x02" + random.randbytes(5) + tail)
    sent += 16
print(sent)
"""
STRANGERS_PPS = 50000


def test_new_addresses(env):
    """NORMAL learns from many thousand new stations a second: those that were there keep their places, and their packets pass."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    h3 = env.veth("sw", "p3", "h3")
    daemon.vsctl("add-port", "br0", "p3", "--", "set", "interface", "p3", "ofport_request=3")
    static_neighbour(h1, h2)
    daemon.add_flows("br0", "actions=NORMAL")
    assert h1.ping("10.1.1.2") == 1
    others, _ = came_in(daemon)
    load = Load(env, h1, h2)
    mac = h2.ip("-br", "link", "show", "eth0").split()[2]
    before = heap(daemon)
    strangers = int(h3.run("/usr/bin/python3", "-c", STRANGERS, mac, STRANGERS_PPS, SECONDS))
    after = heap(daemon)
    known = daemon.appctl("fdb/show", "br0")
    sent, got, pps = load.stop()
    rx, full = came_in(daemon)
    print(f"  {strangers} new addresses in {SECONDS} s, {known.count(chr(10)) - 1} in the table; {sent} datagrams ({pps} a second), {got} came; "
          f"kB of heap {before}, {after}")
    assert strangers > STRANGERS_PPS // 4 * SECONDS, strangers
    assert 8000 <= known.count("\n") - 1 <= 8192, known.count("\n")
    for host in h1, h2:
        assert host.ip("-br", "link", "show", "eth0").split()[2] in known, "a station that talks all the while was forgotten"
    assert got == rx - others and not full, (sent, rx, others, got, full)
