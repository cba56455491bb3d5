"""test_fuzz - mutated OpenFlow messages over a socket and mutated frames through a pipeline, into a running daemon: it
stays up, answers, forwards, and its memory is flat.

SLUICE_FUZZ_COUNT messages and as many frames (200,000; 20,000 in a build with sanitizers; 50,000 on the kernel datapath,
where nearly every one is an upcall), SLUICE_FUZZ_SEED the seed."""
import os
import re

from sluice import Failure, wait_for
from system.datapaths import NEVER_MET

SEED = int(os.environ.get("SLUICE_FUZZ_SEED", "20"))
GROWTH = 4 << 10  # kB of heap that may come after the first third: tables and queues that have grown once.
PEAK = 256 << 10  # kB: what a run of any length and at any load may take.

PIPELINE = """
table=0,priority=50,ip,actions=ct(table=1,zone=1)
table=0,priority=50,ipv6,actions=ct(table=1,zone=NXM_NX_REG0[0..15])
table=0,priority=40,arp,actions=NORMAL
table=0,priority=60,vlan_tci=0x1000/0x1003,actions=pop_vlan,set_field:02:00:00:00:00:09->eth_dst,NORMAL
table=0,priority=20,mpls,actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:2
table=0,priority=0,actions=CONTROLLER:64,NORMAL
table=1,priority=50,ct_state=+trk+inv,ip,actions=dec_ttl,output:2
table=1,priority=50,ct_state=+trk+inv,ipv6,actions=set_field:fc00::9->ipv6_dst,output:2
table=1,priority=40,ct_state=+trk+est,udp,actions=set_field:10.1.1.9->ip_src,set_field:99->udp_dst,output:2
table=1,priority=40,ct_state=+trk+est,actions=NORMAL
table=1,priority=30,ct_state=+trk+new,udp,actions=ct(commit,zone=1,exec(set_field:5->ct_mark)),push_vlan:0x88a8,output:2
table=1,priority=30,ct_state=+trk+new,udp6,actions=ct(commit,zone=NXM_NX_REG0[0..15]),dec_ttl,output:IN_PORT
table=1,priority=30,ct_state=+trk+new,ip,actions=ct(commit,zone=1),dec_ttl,resubmit(,2),NORMAL
table=1,priority=20,ct_state=+trk+new,ipv6,actions=ct(commit,zone=NXM_NX_REG0[0..15]),CONTROLLER:2000,NORMAL
table=1,priority=60,ip,nw_frag=later,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],output:IN_PORT
table=2,priority=10,ip,actions=set_field:63->nw_ttl,set_field:3->ip_dscp,output:2
"""


def sanitized(env):
    return bool(re.search(r"^SAN_CFLAGS = .*-fsanitize", (env.build / "Makefile").read_text(), re.M))


def count(env):
    default = "20000" if sanitized(env) else "50000" if env.datapath == "system" else "200000"
    return int(os.environ.get("SLUICE_FUZZ_COUNT", default))


def peak(daemon):
    """kB."""
    text = open(f"/proc/{daemon.process.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1])


def heap(daemon):
    """kB allocated and not freed.  The process's size is no measure: how many packets and flows are waiting at the worst
    moment, and so what the allocator keeps, depends on the load of the machine."""
    said = re.search(r"\bheap_kB:(\d+)", daemon.appctl("memory/show"))
    return int(said[1]) if said else 0  # The allocator of sanitizers keeps no such count.


def run_in_thirds(env, daemon, run, settle):
    """run(seed, count) three times; what it left in flows, caches and connections removed, memory after the first and the
    last must be the same but for a little."""
    n, sizes = count(env), []
    for third in range(3):
        run(SEED + third, n // 3 + (n % 3 if third == 2 else 0))
        settle()
        sizes.append(heap(daemon))
    print(f"  seed {SEED}, {n} in all; kB of heap after each third: {sizes}, peak of the process {peak(daemon)}")
    # Sanitizers keep freed memory for a while; they find leaks when the daemon ends.
    if not sanitized(env) and (sizes[2] > sizes[0] + GROWTH or peak(daemon) > PEAK):
        raise Failure(f"memory grew: {sizes}, peak {peak(daemon)}")


def answers(daemon):
    """The daemon's answer to an ECHO; it ended by itself: a failure."""
    daemon.answers()
    daemon.ofctl("probe", "br0")


def test_openflow_messages(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)

    def run(seed, n):
        print("  " + daemon.netns.run(env.build / "tests/fuzz/fuzz-ofp", "--seed", seed, "--count", n, "--connect",
                                      f"unix:{daemon.rundir}/br0.mgmt", timeout=300).strip())

    def settle():
        daemon.ofctl("del-flows", "br0")
        answers(daemon)

    run_in_thirds(env, daemon, run, settle)
    for port in "p1", "p2":  # A message may have taken them down.
        for change in "up", "forward", "receive", "flood":
            daemon.ofctl("mod-port", "br0", port, change)
    daemon.ofctl("add-flow", "br0", "actions=NORMAL")
    wait_for("a ping after all that", lambda: h1.ping("10.1.1.2") == 1)


def test_frames(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", PIPELINE)
    monitor = open(os.devnull, "w")
    env.background(daemon.netns.popen(env.build / "utilities/sluice-ofctl", f"--rundir={daemon.rundir}", "-O", "OpenFlow13",
                                      "monitor", "br0", "65535", stdout=monitor, stderr=monitor))

    def run(seed, n):
        print("  " + h1.run(env.build / "tests/fuzz/fuzz-frames", "--seed", seed, "--count", n, "--send", "eth0",
                            "--rate", 5000 if sanitized(env) else 10000, timeout=300).strip())

    def settle():
        daemon.appctl("dpctl/flush-conntrack")
        daemon.appctl("dpctl/del-flows")
        daemon.appctl("fdb/flush")
        daemon.appctl("revalidator/wait")
        answers(daemon)

    before = received(daemon)
    run_in_thirds(env, daemon, run, settle)
    got, lost = (now - then for now, then in zip(received(daemon), before))
    print(f"  {got} frames came to the port, {lost} found its ring full")
    assert got > 0.95 * (count(env) - lost) and got > lost, f"{got} of {count(env)} frames came to the port, {lost} found its ring full"
    for line in daemon.ofctl("dump-flows", "br0").splitlines():
        never = any(re.search(pattern, line) for pattern in NEVER_MET[env.datapath])
        if "actions=" in line and ("n_packets=0," in line) != never:
            raise Failure(f"{'a' if never else 'no'} frame came to this flow: {line}")
    daemon.ofctl("del-flows", "br0")
    daemon.ofctl("add-flow", "br0", "actions=NORMAL")
    wait_for("a ping after all that", lambda: h1.ping("10.1.1.2") == 1)
    if env.datapath == "system":  # Whatever came: the kernel and the daemon have understood each other.
        log = daemon.log.read_text()
        assert "could not be read" not in log and "refused a flow" not in log, log


def received(daemon):
    """Frames that came, and those for which there was no room: how many depends on the load of the machine."""
    said = re.search(r"port +1: rx pkts=(\d+), bytes=\d+, drop=(\d+)", daemon.ofctl("dump-ports", "br0", "1"))
    return int(said[1]), int(said[2])
