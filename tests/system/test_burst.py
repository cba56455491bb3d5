"""test_burst - a long burst of flow-mods while traffic goes on: no packet of a flow that is there is lost, every session lives.

SLUICE_BURST_FLOWS and SLUICE_BURST_PPS (flow-mods; datagrams a second) make it longer and faster by hand."""
import os
import struct
import subprocess
import threading
import time

from openflow import BARRIER_REPLY, BARRIER_REQUEST, ECHO_REQUEST, apply_actions, connect, flow_mod, match, msg, output, oxm
from sluice import Failure
from system.test_group import static_neighbour

FLOWS = int(os.environ.get("SLUICE_BURST_FLOWS", "20000"))
PPS = int(os.environ.get("SLUICE_BURST_PPS", "2000"))

# Numbered datagrams, some every 4 ms, until standard input says so; then how many.  It never makes up for lost time:
# hundreds at once, from a sender that had to wait, are more than a port's ring has room for.
SENDER = """
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.1.1.2", 5000))
n = 0
while not select.select([sys.stdin], [], [], 0.004)[0]:
    for n in range(n + 1, n + 1 + int(sys.argv[1]) // 250):
        s.send(b"%d" % n)
print(n)
"""
# All that come, until nothing has come for two seconds.
SINK = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
s.bind(("0.0.0.0", 5000))
print("ready", flush=True)
got, s_timeout = set(), 2
n = int(s.recv(100))
s.settimeout(s_timeout)
try:
    while True:
        got.add(n)
        n = int(s.recv(100))
except OSError:
    print(len(got))
"""


def burst(number, command=0):
    """Flows of one table with masks of their own and no packets, and the barrier behind them."""
    for n in range(number):
        addresses = oxm(5, b"\x08\0"), oxm(11, struct.pack("!I", 0xC0000000 | n)), oxm(12, struct.pack("!I", n << n % 8 & 0xFFFFFFFF))
        yield flow_mod(apply_actions(output(1)), match=match(*addresses), priority=100, command=command, cookie=n)
    yield msg(BARRIER_REQUEST, xid=number)


def test_flow_mods(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    static_neighbour(h1, h2)
    daemon.add_flows("br0", "priority=50,in_port=1,udp,actions=output:2\n")
    path = str(daemon.rundir / "br0.mgmt")
    writer, other = connect(path), connect(path)
    sink = env.background(h2.popen("/usr/bin/python3", "-c", SINK, stdout=subprocess.PIPE, text=True))
    if sink.stdout.readline().strip() != "ready":
        raise Failure("no sink")
    sender = env.background(h1.popen("/usr/bin/python3", "-c", SENDER, PPS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    time.sleep(0.5)
    longest, took = 0, []
    for command in (0, 4):  # They come, and go again.
        began = time.monotonic()
        messages = b"".join(burst(FLOWS, command))
        thread = threading.Thread(target=writer.sock.sendall, args=(messages,))
        thread.start()
        answered = threading.Event()

        def wait():
            m = writer.recv()
            assert m and m.kind == BARRIER_REPLY and m.xid == FLOWS, str(m)
            answered.set()
        writer.sock.settimeout(300)
        waiter = threading.Thread(target=wait)
        waiter.start()
        while waiter.is_alive():  # The other session is answered all the while.
            asked = time.monotonic()
            other.send(msg(ECHO_REQUEST))
            if not other.recv():
                raise Failure("the other session has ended")
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.05)
        thread.join()
        if not answered.is_set():
            raise Failure("the barrier was not answered: the session has ended")
        took.append(time.monotonic() - began)
        left = daemon.ofctl("dump-aggregate", "br0")
        assert f"flow_count={FLOWS + 1 if command == 0 else 1}" in left, left
    out, _ = sender.communicate("\n")
    sent, got = int(out), int(sink.stdout.readline())
    assert sent > 100, f"only {sent} datagrams were sent in {sum(took):.1f} s"
    assert got == sent, (f"{sent - got} of {sent} datagrams lost while {FLOWS} flows came in {took[0]:.1f} s and went in {took[1]:.1f} s; "
                         f"the longest echo took {longest * 1000:.0f} ms")
    if os.environ.get("SLUICE_BURST_FLOWS"):
        print(f"{sent} datagrams, none lost; {FLOWS} flows came in {took[0]:.1f} s, went in {took[1]:.1f} s; longest echo {longest * 1000:.0f} ms")
