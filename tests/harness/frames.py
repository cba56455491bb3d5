"""frames - Ethernet frames in one line of text, both ways.

  python3 -m frames make EXPR...     frames as hex, a line each, for netdev-dummy/receive
  python3 -m frames show [-e] [--new] P-tx.pcap    one line a frame that port P has sent; -e: with Ethernet addresses; --new: those
                                     from the number in P.seen on, which is then that of the next to come

EXPR joins layers by `/`, as scapy does (which is not used: it takes longer to load than a test to run):
  eth(src, dst, type) vlan(vid, pcp, tpid) mpls(label, tc, bos, ttl)
  nsh(spi, si, ttl, flags, np, c: four words, or md2: bytes of MD type 2)
  pbb(isid, uca, pcp, src, dst)  arp(op, sha, spa, tha, tpa) ip(src, dst, ttl, tos, proto, frag, mf, id) ip6(src, dst, hlim, tc, label, proto)
  tcp(src, dst, flags, seq, ack) udp(src, dst) sctp(src, dst) icmp(type, code, id, seq) icmp6(type, code)
  nd(type, target, sll, tll) and text or bytes as payload
Lengths, types and checksums are filled in; what `show` prints is checked byte by byte: lengths and checksums
that are wrong show as `BAD ...`.  What has its usual value is not shown (ttl 64, tos 0, code 0, pcp 0 ...)."""
import _socket as socket  # Addresses alone: the other one takes longer to load than all of this.
import os
import struct
import sys

TYPES = {"ip": 0x0800, "arp": 0x0806, "vlan": 0x8100, "ip6": 0x86DD, "mpls": 0x8847, "pbb": 0x88E7, "nsh": 0x894F}
NEXT = {"ip": 1, "ip6": 2, "eth": 3, "nsh": 4, "mpls": 5}  # Of NSH (RFC 8300).
PROTOS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58, "nd": 58, "sctp": 132}
FLAGS = "FSRPAUECN"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(b):
    return ":".join(f"{byte:02x}" for byte in b)


def addr4(text):
    return socket.inet_aton(text)


def addr6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def text4(b):
    return socket.inet_ntop(socket.AF_INET, b)


def text6(b):
    return socket.inet_ntop(socket.AF_INET6, b)


def csum(b):
    """RFC 1071; 0 over data that includes its right checksum."""
    b += b"\0" * (len(b) % 2)
    total = sum(struct.unpack(f"!{len(b) // 2}H", b))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def crc32c(b):
    crc = 0xFFFFFFFF
    for byte in b:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


class Layer:
    """Layers joined by `/`; bytes(layer) builds what is within first."""

    def __init__(self, name, build, **kw):
        self.name, self.build, self.kw, self.up = name, build, kw, None

    def __truediv__(self, other):
        last = self
        while last.up:
            last = last.up
        last.up = other if isinstance(other, Layer) else Layer("data", lambda kw, payload, up, pseudo: to_bytes(other))
        return self

    def bytes(self, pseudo=None):
        inner = pseudo
        if self.name in ("ip", "ip6"):
            inner = self.pseudo()
        payload = self.up.bytes(inner) if self.up else b""
        return self.build(self.kw, payload, self.up.name if self.up else None, pseudo)

    def pseudo(self):
        """The pseudo-header of what is within, as a function of its length and protocol."""
        f, t = (addr4, "!BBH") if self.name == "ip" else (addr6, "!IHBB")
        ends = f(self.kw["src"]) + f(self.kw["dst"])
        if self.name == "ip":
            return lambda n, proto: ends + struct.pack(t, 0, proto, n)
        return lambda n, proto: ends + struct.pack(t, n, 0, 0, proto)


def to_bytes(x):
    return x if isinstance(x, bytes) else x.encode()


def layer(name, build, **defaults):
    def make(**kw):
        unknown = set(kw) - set(defaults)
        if unknown:
            raise SystemExit(f"{name} has no {unknown}")
        return Layer(name, build, **{**defaults, **kw})
    return make


def with_csum(header, ofs, payload, cover):
    """Puts the checksum of cover + header + payload at 'ofs' of the header."""
    value = csum(cover + header + payload)
    return header[:ofs] + struct.pack("!H", value) + header[ofs + 2:] + payload


def build_eth(kw, payload, up, pseudo):
    return mac(kw["dst"]) + mac(kw["src"]) + struct.pack("!H", kw["type"] or TYPES.get(up, 0)) + payload


def build_vlan(kw, payload, up, pseudo):
    return struct.pack("!HH", kw["pcp"] << 13 | kw["vid"], kw["type"] or TYPES.get(up, 0)) + payload


def build_mpls(kw, payload, up, pseudo):
    bos = kw["bos"] if kw["bos"] is not None else up != "mpls"
    return struct.pack("!I", kw["label"] << 12 | kw["tc"] << 9 | bos << 8 | kw["ttl"]) + payload


def build_pbb(kw, payload, up, pseudo):
    return (struct.pack("!I", kw["pcp"] << 29 | kw["uca"] << 27 | kw["isid"]) + mac(kw["dst"]) + mac(kw["src"]) +
            struct.pack("!H", TYPES.get(up, 0)) + payload)


def build_nsh(kw, payload, up, pseudo):
    md = struct.pack("!4I", *kw["c"]) if kw["md2"] is None else kw["md2"]
    np = kw["np"] if kw["np"] is not None else NEXT.get(up, 0)
    first = kw["flags"] << 12 | kw["ttl"] << 6 | (8 + len(md)) // 4
    return struct.pack("!HBBI", first, 1 if kw["md2"] is None else 2, np, kw["spi"] << 8 | kw["si"]) + md + payload


def build_arp(kw, payload, up, pseudo):
    return (struct.pack("!HHBBH", 1, 0x800, 6, 4, kw["op"]) + mac(kw["sha"]) + addr4(kw["spa"]) + mac(kw["tha"]) +
            addr4(kw["tpa"]) + payload)


def build_ip(kw, payload, up, pseudo):
    proto = kw["proto"] if kw["proto"] is not None else PROTOS.get(up, 0)
    h = struct.pack("!BBHHHBBH", 0x45, kw["tos"], 20 + len(payload), kw["id"], kw["mf"] << 13 | kw["frag"] // 8,
                    kw["ttl"], proto, 0) + addr4(kw["src"]) + addr4(kw["dst"])
    return with_csum(h, 10, b"", b"") + payload


def build_ip6(kw, payload, up, pseudo):
    proto = kw["proto"] if kw["proto"] is not None else PROTOS.get(up, 59)
    return (struct.pack("!IHBB", 6 << 28 | kw["tc"] << 20 | kw["label"], len(payload), proto, kw["hlim"]) +
            addr6(kw["src"]) + addr6(kw["dst"]) + payload)


def build_tcp(kw, payload, up, pseudo):
    flags = sum(1 << FLAGS.index(c) for c in kw["flags"])
    h = struct.pack("!HHIIBBHHH", kw["src"], kw["dst"], kw["seq"], kw["ack"], 0x50, flags, 8192, 0, 0)
    return with_csum(h, 16, payload, pseudo(len(h) + len(payload), 6) if pseudo else b"")


def build_udp(kw, payload, up, pseudo):
    h = struct.pack("!HHHH", kw["src"], kw["dst"], 8 + len(payload), 0)
    return with_csum(h, 6, payload, pseudo(len(h) + len(payload), 17) if pseudo else b"")


def build_sctp(kw, payload, up, pseudo):
    h = struct.pack("!HHII", kw["src"], kw["dst"], 1, 0)
    return h[:8] + crc32c(h + payload) + payload


def build_icmp(kw, payload, up, pseudo):
    return with_csum(struct.pack("!BBHHH", kw["type"], kw["code"], 0, kw["id"], kw["seq"]), 2, payload, b"")


def build_icmp6(kw, payload, up, pseudo):
    body = struct.pack("!HH", kw["id"], kw["seq"]) + payload
    return with_csum(struct.pack("!BBH", kw["type"], kw["code"], 0), 2, body, pseudo(4 + len(body), 58))


def build_nd(kw, payload, up, pseudo):
    body = b"\0" * 4 + addr6(kw["target"])
    for kind, key in (1, "sll"), (2, "tll"):
        if kw[key]:
            body += bytes([kind, 1]) + mac(kw[key])
    return with_csum(struct.pack("!BBH", kw["type"], 0, 0), 2, body, pseudo(4 + len(body), 58))


M1, M2 = "02:00:00:00:00:01", "02:00:00:00:00:02"
eth = layer("eth", build_eth, src=M1, dst=M2, type=None)
vlan = layer("vlan", build_vlan, vid=0, pcp=0, type=None)
mpls = layer("mpls", build_mpls, label=0, tc=0, bos=None, ttl=64)
pbb = layer("pbb", build_pbb, isid=0, uca=0, pcp=0, src=M1, dst=M2)
nsh = layer("nsh", build_nsh, spi=0, si=255, ttl=63, flags=0, np=None, c=(0, 0, 0, 0), md2=None)
arp = layer("arp", build_arp, op=1, sha=M1, spa="10.0.0.1", tha="00:00:00:00:00:00", tpa="10.0.0.2")
ip = layer("ip", build_ip, src="10.0.0.1", dst="10.0.0.2", ttl=64, tos=0, proto=None, frag=0, mf=0, id=0)
ip6 = layer("ip6", build_ip6, src="fc00::1", dst="fc00::2", hlim=64, tc=0, label=0, proto=None)
tcp = layer("tcp", build_tcp, src=1, dst=2, flags="S", seq=0, ack=0)
udp = layer("udp", build_udp, src=1, dst=2)
sctp = layer("sctp", build_sctp, src=1, dst=2)
icmp = layer("icmp", build_icmp, type=8, code=0, id=0, seq=0)
icmp6 = layer("icmp6", build_icmp6, type=128, code=0, id=0, seq=0)
nd = layer("nd", build_nd, type=135, target="fc00::2", sll=None, tll=None)


def make(expression):
    return eval(expression).bytes()  # The expression is the test's own text.


# ---- showing ----

class Shown:
    """A frame's text, layer by layer."""

    def __init__(self, frame, with_eth):
        self.words = []
        if with_eth:
            self.put("eth", f"{mac_text(frame[6:12])}>{mac_text(frame[:6])}")
        self.ethertype(struct.unpack("!H", frame[12:14])[0], frame[14:])

    def put(self, name, *words, **usual):
        """usual: name=(value, usual value)"""
        more = [f"{k}={v}" for k, (v, u) in usual.items() if v != u]
        self.words.append(" ".join([name, *words, *more]))

    def bad(self, what):
        self.words.append(f"BAD {what}")

    def data(self, b):
        if b:
            printable = all(32 < byte < 127 for byte in b)
            self.words.append(f"data {b.decode() if printable else '0x' + b.hex()}")

    def ethertype(self, kind, b):
        names = {0x0800: self.ip, 0x0806: self.arp, 0x8035: self.arp, 0x86DD: self.ip6, 0x8847: self.mpls, 0x8848: self.mpls,
                 0x88E7: self.pbb, 0x894F: self.nsh}
        if kind in (0x8100, 0x88A8) and len(b) >= 4:
            tci, inner = struct.unpack("!HH", b[:4])
            self.put("vlan" if kind == 0x8100 else "svlan", str(tci & 0xFFF), pcp=(tci >> 13, 0), dei=(tci >> 12 & 1, 0))
            self.ethertype(inner, b[4:])
        elif kind in names:
            try:
                names[kind](b)
            except (struct.error, IndexError):
                self.bad("truncated")
        else:
            self.put(f"type 0x{kind:04x}")
            self.data(b)

    def mpls(self, b):
        lse = struct.unpack("!I", b[:4])[0]
        bos = lse >> 8 & 1
        self.put("mpls", str(lse >> 12), tc=(lse >> 9 & 7, 0), bos=(bos, 1), ttl=(lse & 255, 64))
        if not bos:
            self.mpls(b[4:])
        elif b[4] >> 4 == 4:
            self.ip(b[4:])
        else:
            self.data(b[4:])

    def pbb(self, b):
        tci = struct.unpack("!I", b[:4])[0]
        self.put("pbb", str(tci & 0xFFFFFF), f"{mac_text(b[10:16])}>{mac_text(b[4:10])}", pcp=(tci >> 29, 0), uca=(tci >> 27 & 1, 0))
        self.ethertype(struct.unpack("!H", b[16:18])[0], b[18:])

    def nsh(self, b):
        first, mdtype, np, path = struct.unpack("!HBBI", b[:8])
        md, inner = b[8:(first & 63) * 4], b[(first & 63) * 4:]
        self.put("nsh", str(path >> 8), ttl=(first >> 6 & 63, 63), si=(path & 255, 255), flags=(first >> 12, 0), np=(np, 3),
                 md1=(md.hex() if mdtype == 1 else "00" * 16, "00" * 16), md2=(md.hex() if mdtype == 2 else None, None))
        if np == 3:
            self.put("eth", f"{mac_text(inner[6:12])}>{mac_text(inner[:6])}")
            self.ethertype(struct.unpack("!H", inner[12:14])[0], inner[14:])
        else:
            self.ethertype({1: 0x0800, 2: 0x86DD, 4: 0x894F, 5: 0x8847}.get(np, 0), inner)

    def arp(self, b):
        op = struct.unpack("!H", b[6:8])[0]
        self.put("arp", str(op), f"{text4(b[14:18])}>{text4(b[24:28])}", f"{mac_text(b[8:14])}>{mac_text(b[18:24])}")

    def ip(self, b):
        header = (b[0] & 15) * 4
        total, ident, frag = struct.unpack("!HHH", b[2:8])
        self.put("ip", f"{text4(b[12:16])}>{text4(b[16:20])}", tos=(b[1], 0), ttl=(b[8], 64), frag=((frag & 0x1FFF) * 8, 0),
                 mf=(frag >> 13 & 1, 0))
        if csum(b[:header]):
            self.bad("ip checksum")
        if total > len(b):
            self.bad("ip length")
        inner = b[header:total]
        if frag & 0x1FFF:
            self.data(inner)
        else:
            self.l4(b[9], inner, b[12:20] + struct.pack("!BBH", 0, b[9], len(inner)), frag & 0x2000)

    def ip6(self, b):
        word, n = struct.unpack("!IH", b[:6])
        self.put("ip6", f"{text6(b[8:24])}>{text6(b[24:40])}", tc=(word >> 20 & 255, 0), hlim=(b[7], 64),
                 label=(word & 0xFFFFF, 0))
        if n != len(b) - 40:
            self.bad("ip6 length")
        self.l4(b[6], b[40:], b[8:40] + struct.pack("!IHBB", len(b) - 40, 0, 0, b[6]), False)

    def l4(self, proto, b, pseudo, fragment):
        handler = {1: self.icmp, 6: self.tcp, 17: self.udp, 58: self.icmp6, 132: self.sctp}.get(proto)
        if not handler:
            self.put(f"proto {proto}")
            self.data(b)
            return
        handler(b)
        covered = b if proto == 1 else pseudo + b
        if proto == 132:
            good = crc32c(b[:8] + b"\0" * 4 + b[12:]) == b[8:12]
        else:
            good = not csum(covered) or (proto == 17 and b[6:8] == b"\0\0")
        if not good and not fragment:
            self.bad("checksum")

    def tcp(self, b):
        src, dst, seq, ack, off, flags = struct.unpack("!HHIIBB", b[:14])
        self.put("tcp", f"{src}>{dst}", "".join(c for i, c in enumerate(FLAGS) if flags >> i & 1))
        self.data(b[(off >> 4) * 4:])

    def udp(self, b):
        src, dst, n, _ = struct.unpack("!HHHH", b[:8])
        self.put("udp", f"{src}>{dst}")
        if n != len(b):
            self.bad("udp length")
        self.data(b[8:])

    def sctp(self, b):
        self.put("sctp", "{}>{}".format(*struct.unpack("!HH", b[:4])))
        self.data(b[12:])

    def icmp(self, b):
        self.put("icmp", str(b[0]), code=(b[1], 0))
        self.data(b[8:])

    def icmp6(self, b):
        if b[0] not in (135, 136):
            self.put("icmp6", str(b[0]), code=(b[1], 0))
            self.data(b[8:])
            return
        options, words = b[24:], []
        while len(options) >= 8 and options[1]:
            words.append(f"{ {1: 'sll', 2: 'tll'}.get(options[0], options[0]) }={mac_text(options[2:8])}")
            options = options[options[1] * 8:]
        self.put("nd", str(b[0]), text6(b[8:24]), *words, code=(b[1], 0))


def read_pcap(path):
    with open(path, "rb") as f:
        b = f.read()
    order = "<" if b[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    ofs = 24
    while ofs < len(b):
        caplen = struct.unpack(order + "I", b[ofs + 8:ofs + 12])[0]
        yield b[ofs + 16:ofs + 16 + caplen]
        ofs += 16 + caplen


def describe(frame, with_eth=False):
    return " / ".join(Shown(frame, with_eth).words)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        for expression in sys.argv[2:]:
            print(make(expression).hex())
    elif sys.argv[1] == "hex":
        for frame in read_pcap(sys.argv[2]):
            print(frame.hex())
    else:
        frames, first = list(read_pcap(sys.argv[-1])), 1
        if "--new" in sys.argv:
            seen = sys.argv[-1].removesuffix("-tx.pcap") + ".seen"
            if os.path.exists(seen):
                with open(seen, encoding="ascii") as f:
                    first = int(f.read())
            with open(seen, "w", encoding="ascii") as f:
                print(len(frames) + 1, file=f)
        for frame in frames[first - 1:]:
            print(describe(frame, "-e" in sys.argv))
