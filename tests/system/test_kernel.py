"""test_kernel - the kernel datapath alone: what Debian's ovs-dpctl sees of it, speed, and other tools of the kernel."""
import re
import shutil
import subprocess

from sluice import Skip, wait_for
from system.test_firewall import FIREWALL, connect, serve
from system.test_slow import RESPONDER


def lines(text):
    """Flows or other lines without what changes between two looks."""
    return sorted(re.sub(r"used:[\d.]+s", "used", line) for line in text.splitlines())


SENDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in sys.stdin:
    for port in 5000, 5001, 5002:
        s.sendto(b"x", ("10.1.1.2", port))
    print("sent", flush=True)
"""


def genuine(daemon, *argv):
    return daemon.netns.run("ovs-dpctl", *argv)


def test_genuine_dpctl(env):
    """The genuine ovs-dpctl shows of our datapath what dpctl/ of our daemon shows, line by line."""
    if not shutil.which("ovs-dpctl"):
        raise Skip("openvswitch-switch is not installed")
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    daemon.add_flows("br0", FIREWALL + "table=0,priority=50,udp,tp_dst=5000,actions=push_vlan:0x8100,set_field:4101->vlan_vid,"
                     "set_field:10.9.9.9->ip_dst,dec_ttl,output:2\n"
                     "table=0,priority=50,cookie=0x1234,udp,tp_dst=5001,actions=controller(max_len=100),output:2\n"
                     "table=0,priority=50,udp,tp_dst=5002,actions=load:7->NXM_NX_REG0[],controller,output:2\n"
                     "table=0,priority=95,icmp6,icmp_type=135,nd_options_type=1,actions=NORMAL\n" + RESPONDER)
    wait_for("IPv6", lambda: h1.ping("fc00::2") == 1)
    assert h1.ping("10.1.1.2", 3) == 3
    serve(env, h2, "0.0.0.0", 8080)
    assert connect(h1, "10.1.1.2", 8080)
    h1.run("sh", "-c", "ping -c 1 -W 1 10.1.1.99 || true")
    sender = env.background(h1.popen("/usr/bin/python3", "-c", SENDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def refresh():
        print("go", file=sender.stdin, flush=True)
        assert sender.stdout.readline() == "sent\n"

    def same(command):
        refresh()
        ours, theirs = lines(daemon.appctl("dpctl/" + command[0], *command[1:])), lines(genuine(daemon, *command))
        return ours == theirs or (ours, theirs)

    for command in ["dump-flows"], ["-m", "dump-flows"], ["show"]:
        command = command[::-1]
        # A packet or an upcall may come between the two looks.
        wait_for_same(command, same)

    # Flows go when they have been idle for ten seconds, which are soon over on a busy machine: each has traffic ahead of the look.
    def neighbours():
        h1.ip("neigh", "flush", "dev", "eth0")
        h1.run("sh", "-c", "ping -c 1 -W 1 10.1.1.99 || true")
        h1.ip("-6", "neigh", "flush", "dev", "eth0")
        h1.ping("fc00::2")

    for traffic, text in ((refresh, "push_vlan(vid=5,pcp=0)"), (refresh, "rule_cookie=0x1234,controller_id=0,max_len=100)"),
                          # What a register held follows the cookie that others know: bytes to them.
                          (refresh, "userdata(05"), (neighbours, "slow_path(action)"), (neighbours, "slow_path(match)")):
        wait_for(text, lambda: traffic() or text in genuine(daemon, "dump-flows"), 20)


def wait_for_same(command, same):
    last = []

    def look():
        last[:] = [same(command)]
        return last[0] is True

    try:
        wait_for(f"the same lines of {command}", look, 20, 0.3)
    except Exception:
        ours, theirs = last[0]
        raise AssertionError(f"{command}: ours alone:\n" + "\n".join(x for x in ours if x not in theirs) +
                             "\ntheirs alone:\n" + "\n".join(x for x in theirs if x not in ours))


def test_flows_are_in_the_kernel(env):
    """Packets of known flows meet the kernel only: hits, not upcalls."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    daemon.add_flows("br0", FIREWALL)
    assert h1.ping("10.1.1.2", 3) == 3

    def lookups():
        text = daemon.appctl("dpctl/show")
        return tuple(int(re.search(rf"{word}:(\d+)", text)[1]) for word in ("hit", "missed"))

    before = lookups()
    assert h1.ping("10.1.1.2", 10) == 10
    after = lookups()
    assert after[0] - before[0] >= 36, (before, after)  # Two passes to and fro.
    assert after[1] - before[1] <= 4, (before, after)


def test_features(env):
    """What the kernel can do is asked of it, and shown."""
    daemon = env.daemon()
    env.two_hosts(daemon)
    shown = dict(line.split(": ") for line in daemon.appctl("dpif/show-dp-features", "br0").splitlines())
    # Linux 5.15 has all of these; what is younger, or may not be built in, is shown whatever it is.
    for name in ("Masked set action", "Ufid", "Truncate action", "Clone action", "Conntrack eventmask", "Conntrack clear",
                 "Check pkt length action", "Recirc", "CT state", "CT zone", "CT mark", "CT label", "CT state NAT", "CT orig tuple",
                 "CT orig tuple for IPv6", "Per-CPU upcall dispatch"):
        assert shown[name] == "Yes", shown
    assert (shown["Max VLAN headers"], shown["Sample nesting"]) == ("2", "10") and shown["Max MPLS depth"] in "3", shown
    for name in ("Conntrack timeout policy", "Conntrack NAT", "Conntrack all-zero IP SNAT", "Conntrack zone limits",
                 "MPLS Label add", "Decrement TTL action", "Explicit Drop action"):
        assert shown[name] in ("Yes", "No"), shown


def test_random_flows(env):
    """50,000 flows of every protocol under random masks, put into the kernel and dumped back: the same bits, each matched where it was."""
    done = subprocess.run([env.build / "tests/unit/kernel-flows", "50000", "0"], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == "50000 flows put, 0 refused, 50000 dumped, 0 differ\n", done.stdout


def test_removed_by_others(env):
    """A port, then the whole datapath, removed with ovs-dpctl under the running daemon: both are made again, and traffic goes on."""
    if not shutil.which("ovs-dpctl"):
        raise Skip("openvswitch-switch is not installed")
    daemon = env.daemon()
    h1, _ = env.two_hosts(daemon)
    daemon.ofctl("add-flow", "br0", "actions=NORMAL")
    wait_for("ping", lambda: h1.ping("10.1.1.2") == 1)
    numbers = sorted(re.findall(r"port \d+: p\d", daemon.appctl("dpctl/show")))
    for command in ["del-if", "ovs-system", "p2"], ["del-dp", "ovs-system"]:
        genuine(daemon, *command)
        wait_for(f"traffic after {command[0]}", lambda: h1.ping("10.1.1.2") == 1, 20)
        # What the kernel shows, not what the daemon remembers.
        assert len(re.findall(r"port \d+: p\d", genuine(daemon, "show"))) == 2
    assert len(numbers) == 2
