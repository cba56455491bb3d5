"""test_burst - a long burst of flow-mods while traffic goes on: no packet of a flow that is there is lost, every session lives.

SLUICE_BURST_FLOWS and SLUICE_BURST_PPS (flow-mods; datagrams a second) make it longer and faster by hand."""
import os
import re
import struct
import subprocess
import threading
import time

from openflow import BARRIER_REPLY, BARRIER_REQUEST, ECHO_REQUEST, apply_actions, connect, flow_mod, match, msg, output, oxm
from sluice import Failure
from system.test_group import static_neighbour

FLOWS = int(os.environ.get("SLUICE_BURST_FLOWS", "20000"))
PPS = int(os.environ.get("SLUICE_BURST_PPS", "5000"))


class Load:
    """Numbered datagrams from one host to another, and how many of them came (tests/bench/udp-load.c)."""

    def __init__(self, env, h1, h2, port=5000):
        program = env.build / "tests/bench/udp-load"
        self.sink = env.background(h2.popen(program, "sink", port, stdout=subprocess.PIPE, text=True))
        if self.sink.stdout.readline().strip() != "ready":
            raise Failure("no sink")
        self.sender = env.background(h1.popen(program, "send", "10.1.1.2", port, PPS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        try:  # It stands for another machine, and goes before the switch's workers.
            os.setpriority(os.PRIO_PROCESS, self.sender.pid, -15)
        except OSError:
            pass
        time.sleep(0.5)

    def stop(self):
        """Sent, got, and how many a second were sent."""
        out, _ = self.sender.communicate("\n")
        sent, seconds = int(out.split()[0]), float(out.split()[1])
        return sent, int(self.sink.stdout.readline()), int(sent / seconds)


def came_in(daemon):
    """Of port 1: packets, and those that its ring had no room for."""
    return tuple(map(int, re.search(r"port  1: rx pkts=(\d+), bytes=\d+, drop=(\d+)", daemon.ofctl("dump-ports", "br0")).groups()))


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
    load = Load(env, h1, h2)
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
    sent, got, pps = load.stop()
    assert sent > 100, f"only {sent} datagrams were sent in {sum(took):.1f} s"
    # What a host's own backlog dropped on the way to the switch (others share it) is not the switch's.
    rx, full = came_in(daemon)
    assert got == rx and not full, (f"of {sent} datagrams ({pps} a second) {rx} came in, {full} found the ring full and {got} arrived while {FLOWS} flows "
                                    f"came in {took[0]:.1f} s and went in {took[1]:.1f} s; the longest echo took {longest * 1000:.0f} ms")
    assert sent - rx < sent / 100, f"{sent - rx} of {sent} datagrams never came to the switch"
    if os.environ.get("SLUICE_BURST_FLOWS"):
        assert longest < 0.1, f"the longest echo took {longest * 1000:.0f} ms"
        print(f"{sent} datagrams, {pps} a second, none lost; {FLOWS} flows came in {took[0]:.1f} s, went in {took[1]:.1f} s; longest echo {longest * 1000:.0f} ms")
