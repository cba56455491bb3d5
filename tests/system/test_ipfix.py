"""test_ipfix - samples of real traffic, exported: the counts are those of what was sent, and tshark reads them so."""
import pathlib
import re
import shutil
import subprocess

from sluice import Skip, wait_for

HARNESS = pathlib.Path(__file__).resolve().parent.parent / "harness/ipfix.py"

# UDP datagrams from h1 to h2, one after the other.
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.1.1", 4000))
for i in range(int(sys.argv[1])):
    s.sendto(bytes(200), ("10.1.1.2", 5000))
    time.sleep(0.0005)
"""
# As much by TCP, in pieces that leave h1 as super-frames.
STREAM = """
import socket, sys
s = socket.socket()
s.bind(("10.1.1.1", 4000))
s.connect(("10.1.1.2", 5001))
s.sendall(bytes(int(sys.argv[1])))
s.shutdown(socket.SHUT_WR)
s.recv(1)
"""
SINK = """
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("10.1.1.2", 5001))
s.listen()
print("ready", flush=True)
c, _ = s.accept()
while c.recv(65536):
    pass
"""


class Collector:
    """In the switch's namespace."""

    def __init__(self, env, netns):
        self.out, self.pcap, port = (env.folder / name for name in ("records", "ipfix.pcap", "port"))
        env.background(netns.popen("/usr/bin/python3", HARNESS, "collect", port, self.out, self.pcap))
        wait_for("the collector", lambda: port.exists() and port.read_text())
        self.port = int(port.read_text())

    def records(self):
        return [line for line in self.out.read_text().splitlines() if "templates" not in line]

    def sum(self, pattern):
        """(packets, octets) of all records that match."""
        found = [re.search(r"packets=(\d+) octets=(\d+)", line) for line in self.records() if re.search(pattern, line)]
        return tuple(sum(int(f[i]) for f in found) for i in (1, 2))

    def tshark(self, *fields):
        """The fields of each record, as its dissector has them."""
        done = subprocess.run(["tshark", "-r", self.pcap, "-d", f"udp.port=={self.port},cflow", "-T", "fields", "-E", "occurrence=a",
                               *(a for f in ("_ws.malformed", "_ws.expert.message", *fields) for a in ("-e", f))],
                              capture_output=True, text=True, check=True)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        assert not any(r[0] for r in rows), f"malformed: {rows}"
        columns = [[v for r in rows for v in r[i + 2].split(",") if v] for i in range(len(fields))]
        return list(zip(*columns))


def exporter(daemon, collector, *columns):
    return ["create", "IPFIX", f'targets="127.0.0.1:{collector.port}"', "cache_active_timeout=60", "cache_max_flows=1000", *columns]


def send(h1, h2, env, stream):
    """What h1 sends; of TCP the bytes, as they go in segments."""
    assert h1.ping("10.1.1.2", count=3) == 3
    h1.run("/usr/bin/python3", "-c", SENDER, "100")
    if stream:
        sink = env.background(h2.popen("/usr/bin/python3", "-c", SINK, stdout=subprocess.PIPE, text=True))
        assert sink.stdout.readline() == "ready\n"
        h1.run("/usr/bin/python3", "-c", STREAM, stream)


def test_flows(env):
    """The action: each packet that it saw is in a record, super-frames segment by segment."""
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    collector = Collector(env, daemon.netns)
    daemon.vsctl("--", "--id=@b", "get", "bridge", "br0", "--", "--id=@i", *exporter(daemon, collector),
                 "--", "create", "Flow_Sample_Collector_Set", "id=1", "bridge=@b", "ipfix=@i")
    daemon.add_flows("br0", """
priority=1,actions=NORMAL
priority=2,in_port=1,ip,actions=sample(probability=65535,collector_set_id=1,obs_domain_id=5,obs_point_id=6,sampling_port=2,egress),2
""")
    send(h1, h2, env, 100_000)
    daemon.appctl("ipfix/flush", "br0")
    wait_for("records of all", lambda: len(collector.records()) >= 3)
    assert collector.sum("icmp") == (3, 3 * 84), collector.records()
    assert collector.sum("udp 4000>5000") == (100, 100 * 228), collector.records()
    packets, octets = collector.sum("tcp 4000>5001")
    # Headers of 52 bytes each, eight more of the SYN; what was sent again, too, on a busy machine.
    assert 100_000 <= octets - 52 * packets - 8 < 130_000 and packets > 60, collector.records()
    assert all(re.match("domain 5: point 6 p1>p2 out ", line) for line in collector.records()), collector.records()
    assert not [line for line in collector.records() if "arp" in line or "end=4" not in line], collector.records()
    rows = collector.tshark("cflow.packets", "cflow.octets", "cflow.srcaddr", "cflow.dstaddr", "cflow.protocol", "cflow.inputint")
    index = daemon.netns.ip("-o", "link", "show", "p1").split(":")[0]
    assert ("100", str(100 * 228), "10.1.1.1", "10.1.1.2", "17", index) in rows, rows
    assert ("3", str(3 * 84), "10.1.1.1", "10.1.1.2", "1", index) in rows, rows
    assert (str(packets), str(octets), "10.1.1.1", "10.1.1.2", "6", index) in rows, rows
    stats = daemon.ofctl("dump-ipfix-flow", "br0")
    assert f"sampled pkts={103 + packets}," in stats and "tx errs=0" in stats, stats
    assert daemon.appctl("coverage/read-counter", "drop_sample_full").strip() == "0"


def test_bridge(env):
    """All that comes in and goes out, or one packet of so many: about as many, and the record says the share."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    collector = Collector(env, daemon.netns)
    daemon.add_flows("br0", "actions=NORMAL")
    assert h1.ping("10.1.1.2") == 1
    daemon.vsctl("--", "--id=@i", *exporter(daemon, collector, "sampling=1", "obs_domain_id=3"), "--", "set", "bridge", "br0", "ipfix=@i")
    send(h1, h2, env, None)
    daemon.appctl("ipfix/flush", "br0")
    wait_for("records of all", lambda: len([r for r in collector.records() if "10.1.1." in r]) >= 6)
    assert collector.sum("p1> in .*udp 4000>5000") == (100, 100 * 228), collector.records()
    assert collector.sum("p1>p2 out .*udp 4000>5000") == (100, 100 * 228), collector.records()
    assert collector.sum("p2> in .*icmp type=0") == collector.sum("p2>p1 out .*icmp type=0") == (3, 3 * 84), collector.records()
    daemon.vsctl("set", "ipfix", "br0", "sampling=4", "other_config:enable-output-sampling=false")
    h1.run("/usr/bin/python3", "-c", SENDER, "800")
    daemon.appctl("ipfix/flush", "br0")
    wait_for("a record of the share", lambda: collector.sum("p=0.2500")[0])
    packets, octets = collector.sum("p1> in .*udp 4000>5000 p=0.2500")
    # 200 of 800 are expected; ten standard deviations are 122.
    assert 78 < packets < 322 and octets == packets * 228, collector.records()
    assert not [r for r in collector.records() if " out " in r and "p=0.25" in r], collector.records()
