"""ipfix - an IPFIX collector (RFC 7011) that believes nothing: headers, sequence numbers, sets and padding are checked.

  python3 -m ipfix collect PORTFILE OUT [PCAP]
      listens on 127.0.0.1, writes the port there, a line each record to OUT, and the datagrams to PCAP, for others to read

A line has what a record has and is not usual: `domain 11: p1>p2 out 02:..:01>02:..:02 ip 10.0.0.1>10.0.0.2 udp 1>2
packets=3 octets=84 l2=126 end=2`.  Templates that are repeated show as `domain 11: templates again`."""
import socket
import struct
import sys

# Number -> name, and how it is read.
ELEMENTS = {
    1: ("octets", int), 2: ("packets", int), 4: ("proto", int), 5: ("tos", int), 6: ("tcp_flags", int), 7: ("src_port", int),
    8: ("src", "ip"), 10: ("in_index", int), 11: ("dst_port", int), 12: ("dst", "ip"), 14: ("out_index", int), 27: ("src", "ip"),
    28: ("dst", "ip"), 31: ("label", int), 56: ("src_mac", "mac"), 58: ("vlan_id", int), 60: ("version", int), 61: ("direction", int),
    80: ("dst_mac", "mac"), 82: ("name", str), 136: ("end", int), 138: ("point", int), 152: ("start_ms", int), 153: ("end_ms", int),
    176: ("icmp_type", int), 177: ("icmp_code", int), 178: ("icmp_type", int), 179: ("icmp_code", int), 192: ("ttl", int),
    195: ("dscp", int), 240: ("header", int), 243: ("vlan", int), 244: ("pcp", int), 256: ("eth_type", int),
    311: ("probability", float), 352: ("l2", int),
}
PROTOS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}


def value(how, b):
    if how is int:
        return int.from_bytes(b, "big")
    if how is float:
        return struct.unpack("!d", b)[0]
    if how is str:
        return b.decode()
    if how == "mac":
        return ":".join(f"{byte:02x}" for byte in b)
    return socket.inet_ntop(socket.AF_INET if len(b) == 4 else socket.AF_INET6, b)


class Collector:
    """What one exporter says, message by message."""

    def __init__(self):
        self.templates = {}  # (domain, id) -> [(element, length)]
        self.sequences = {}  # domain -> of the next message
        self.times = []      # export times
        self.sizes = []

    def message(self, b):
        """(domain, "templates" or "templates again" or a record, a dict) of each."""
        version, length, seconds, sequence, domain = struct.unpack("!HHIII", b[:16])
        assert version == 10 and length == len(b), (version, length, len(b))
        assert sequence == self.sequences.get(domain, sequence), f"domain {domain}: sequence {sequence}, not {self.sequences[domain]}"
        self.times.append(seconds)
        self.sizes.append(length)
        found, b = [], b[16:]
        while b:
            set_id, n = struct.unpack("!HH", b[:4])
            assert 4 <= n <= len(b) and n % 4 == 0, f"a set of {n} bytes, {len(b)} are left"
            body, b = b[4:n], b[n:]
            found += self.template_set(domain, body) if set_id == 2 else self.data_set(domain, set_id, body)
        self.sequences[domain] = (sequence + sum(isinstance(what, dict) for _, what in found)) % 2 ** 32
        return found

    def template_set(self, domain, b):
        new, known = 0, 0
        while len(b) >= 4:
            template, n = struct.unpack("!HH", b[:4])
            fields = [struct.unpack("!HH", b[4 + 4 * i:8 + 4 * i]) for i in range(n)]
            assert template >= 256 and n and all(number in ELEMENTS for number, _ in fields), (template, fields)
            known += (domain, template) in self.templates
            new += (domain, template) not in self.templates
            assert self.templates.setdefault((domain, template), fields) == fields
            b = b[4 + 4 * n:]
        assert not b
        return [(domain, "templates" if new else "templates again")]

    def data_set(self, domain, set_id, b):
        fields = self.templates[domain, set_id]  # Which must have come ahead.
        least = sum(1 if n == 65535 else n for _, n in fields)
        found = []
        while len(b) >= least:
            record = {}
            for number, n in fields:
                name, how = ELEMENTS[number]
                if n == 65535:
                    n, b = b[0], b[1:]
                if name == "name":
                    name = "out" if "in" in record else "in"
                record[name] = value(how, b[:n])
                b = b[n:]
            found.append((domain, record))
        assert len(b) < 4 and not any(b), f"padding {b.hex()}"
        return found


def line(domain, r):
    """A record in words."""
    if isinstance(r, str):
        return f"domain {domain}: {r}"
    words = [f"domain {domain}:"]
    words += [f"point {r['point']}"] if r["point"] else []
    words += [f"{r['in']}>{r['out']}", "out" if r["direction"] else "in", f"{r['src_mac']}>{r['dst_mac']}"]
    words += [f"vlan {r['vlan']}/{r['pcp']}"] if "vlan" in r else []
    if "src" in r:
        assert r["dscp"] == r["tos"] >> 2
        words += [{4: "ip", 6: "ip6"}[r["version"]], f"{r['src']}>{r['dst']}"]
        words += [f"tos={r['tos']}"] if r["tos"] else []
        words += [f"ttl={r['ttl']}"] if r["ttl"] != 64 else []
        words += [PROTOS.get(r["proto"], f"proto={r['proto']}")]
    else:
        words += [f"type={r['eth_type']:#06x}"]
    words += [f"{r['src_port']}>{r['dst_port']}"] if "src_port" in r else []
    words += [f"flags={r['tcp_flags']:#x}"] if "tcp_flags" in r else []
    words += [f"type={r['icmp_type']} code={r['icmp_code']}"] if "icmp_type" in r else []
    words += [f"p={r['probability']:.4f}"] if r["probability"] != 1 else []
    words += [f"packets={r['packets']}"]
    words += [f"octets={r['octets']}"] if "octets" in r else []
    words += [f"l2={r['l2']}", f"end={r['end']}"]
    return " ".join(words)


def frame(data, peer, port):
    """A datagram as it was on the wire, near enough for a dissector."""
    udp = struct.pack("!HHHH", peer[1], port, 8 + len(data), 0) + data
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(peer[0]), b"\x7f\0\0\1") + udp


def collect(portfile, out, pcap=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("127.0.0.1", 0))
    with open(portfile, "w") as f:
        f.write(f"{s.getsockname()[1]}\n")
    collectors = {}
    capture = pcap and open(pcap, "wb", buffering=0)
    if capture:
        capture.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))  # Raw IP.
    with open(out, "w") as f:
        while True:
            data, peer = s.recvfrom(65536)
            if capture:
                b = frame(data, peer, s.getsockname()[1])
                capture.write(struct.pack("=IIII", 0, 0, len(b), len(b)) + b)
            for found in collectors.setdefault(peer, Collector()).message(data):
                f.write(line(*found) + "\n")
            f.flush()


if __name__ == "__main__":
    assert sys.argv[1] == "collect"
    collect(*sys.argv[2:])
