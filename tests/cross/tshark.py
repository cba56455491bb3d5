"""tshark.py - tshark's dissector finds nothing malformed in what we take for good.

usage: tshark.py BUILD SRCDIR"""
import shutil
import struct
import subprocess
import sys
import tempfile

import samples

PORT = 6653
LINKTYPE_RAW = 101
NETWORK = struct.pack("!4s4s", b"\x0a\0\0\1", b"\x0a\0\0\2")


def packet(msg):
    """A whole message as one UDP-free TCP segment: each in a connection of its own, so that none waits for another."""
    packet.n += 1
    tcp = struct.pack("!HHIIBBHHH", 50000, PORT, 1, 1, 0x50, 0x18, 65535, 0, 0)
    total = 20 + len(tcp) + len(msg)
    client = struct.pack("!I", 0x0A000100 + packet.n)
    return struct.pack("!BBHHHBBH", 0x45, 0, total, packet.n % 65536, 0, 64, 6, 0) + client + NETWORK[4:] + tcp + msg


packet.n = 0


def write_pcap(f, messages):
    f.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))
    for msg in messages:
        data = packet(msg)
        f.write(struct.pack("=IIII", packet.n, 0, len(data), len(data)) + data)
    f.flush()


def main(build, srcdir):
    if not shutil.which("tshark"):
        print("skipped: no tshark here")
        return samples.SKIP
    report = samples.Report("tshark", srcdir)
    # Of whole messages those in canonical form: the others are odd, and known to be.
    good = [s for s in samples.load(build) if len(s.message()) < 60000
            and (s.want == "same" or (s.want == "ok" and s.kind != "message"))]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        write_pcap(f, [s.message() for s in good])
        out = subprocess.run(["tshark", "-n", "-r", f.name, "-d", "tcp.port==%d,openflow" % PORT, "-o", "tcp.check_checksum:FALSE",
                              "-o", "tcp.analyze_sequence_numbers:FALSE", "-T", "fields", "-e", "frame.number",
                              "-e", "_ws.col.Protocol", "-e", "_ws.malformed", "-e", "_ws.expert.severity", "-e", "_ws.expert.message"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()
    seen = 0
    for s, line in zip(good, out.splitlines()):
        report.n += 1
        _, protocol, malformed, severity, message = (line.split("\t") + [""] * 5)[:5]
        seen += protocol == "OpenFlow"
        texts = [m for m in message.split(",") if "not dissected" not in m]  # What it cannot do, it says so.
        inside = malformed.startswith("[Malformed Packet: IPv4]")  # The frame of a packet-in: it may be anything.
        severe = texts and any(int(v) >= 0x600000 for v in severity.split(",") if v)  # Warnings and errors.
        if (malformed or severe) and not inside:
            report.differ((s.kind, s.row, s.version, s.how), "  %s\n" % s.message().hex(), "%s %s\n" % (malformed, message))
    print("tshark: %d of %d dissected as OpenFlow" % (seen, len(good)))
    return report.finish() or (1 if seen < len(good) else 0)


sys.exit(main(*sys.argv[1:]))
