"""packets.py - packets as the model and its traffic have them, and their bytes."""
import copy
import ipaddress
import struct

ICMP, TCP, UDP, DCCP, GRE, ICMP6, OTHER, SCTP, UDPLITE = 1, 6, 17, 33, 47, 58, 99, 132, 136
WITH_PORTS = TCP, UDP, DCCP, SCTP, UDPLITE
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ANSWERS = {ICMP: {8: 0, 13: 14, 15: 16}, ICMP6: {128: 129}}
CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP: 2, ICMP6: 2, UDPLITE: 6, DCCP: 6, SCTP: 8}


def csum(data):
    data = bytes(data) + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def crc32c_table():
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
        yield i


CRC32C = tuple(crc32c_table())


def crc32c(data):
    """RFC 9260 appendix A, as its bytes lie in the packet."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xff]
    return struct.pack("<I", crc ^ 0xffffffff)


def turned(ends):
    return ends[2], ends[3], ends[0], ends[1]


class Packet:
    """'quote': the bytes of the packet that an ICMP error is about, 'about' that packet."""

    def __init__(self, proto, src, dst, sport=0, dport=0, flags=0, seq=0, ack=0, data=b"", type_=0, code=0, quote=None, about=None):
        self.proto, self.src, self.dst, self.sport, self.dport = proto, src, dst, sport, dport
        self.flags, self.seq, self.ack, self.data, self.type, self.code = flags, seq & 0xffffffff, ack & 0xffffffff, data, type_, code
        self.quote, self.about, self.ident, self.tag, self.chunks = quote, about, 1, 0, ()

    @property
    def n(self):
        return len(self.data)

    def ends(self):
        return self.src, self.sport, self.dst, self.dport

    def moved(self, ends):
        """The same between other ends."""
        p = copy.copy(self)
        p.src, p.sport, p.dst, p.dport = ends
        return p

    def header(self):
        """Of the transport, its checksum zero."""
        ports = struct.pack("!HH", self.sport, self.dport)
        if self.proto == TCP:
            return ports + struct.pack("!IIBBHHH", self.seq, self.ack, 5 << 4, self.flags, 8000, 0, 0)
        if self.proto in (UDP, UDPLITE):
            return ports + struct.pack("!HH", 8 + self.n if self.proto == UDP else 0, 0)
        if self.proto == DCCP:  # A header of four words that covers all data; type DATA.
            return ports + struct.pack("!BBHBBHI", 4, 0, 0, 2 << 1 | 1, 0, 0, 7)
        if self.proto == SCTP:
            return ports + struct.pack("!II", self.tag, 0)
        if self.proto in (ICMP, ICMP6):
            return struct.pack("!BBHHH", self.type, self.code, 0, 0 if self.quote else self.sport, 0)
        if self.proto == GRE:
            return struct.pack("!HH", 0, 0x6558)
        return bytes(8)

    def transport(self):
        l4 = bytearray(self.header() + (self.quote or b"".join(c.bytes() for c in self.chunks) or self.data))
        at = CHECKSUM_AT.get(self.proto)
        if self.proto == SCTP:
            l4[at:at + 4] = crc32c(l4)
        elif at:
            pseudo = b"" if self.proto == ICMP else self.src.packed + self.dst.packed + struct.pack("!II", len(l4), self.proto)
            struct.pack_into("!H", l4, at, csum(pseudo + l4) or (0xffff if self.proto in (UDP, UDPLITE) else 0))  # RFC 768, RFC 3828.
        return bytes(l4)

    def ip(self, l4=None, offset=0, more=False):
        """From the IP header on; or the fragment that has this part of the transport's bytes."""
        whole = l4 is None
        l4 = self.transport() if whole else l4
        a, b = self.src.packed, self.dst.packed
        if len(a) == 16:
            if whole:
                return struct.pack("!IHBB", 6 << 28, len(l4), self.proto, 64) + a + b + l4
            return (struct.pack("!IHBB", 6 << 28, 8 + len(l4), 44, 64) + a + b +
                    struct.pack("!BBHI", self.proto, 0, offset | more, self.ident) + l4)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), self.ident & 0xffff, more << 13 | offset >> 3, 64, self.proto, 0) + a + b
        return head[:10] + struct.pack("!H", csum(head)) + head[12:] + l4

    def ethernet(self, ip):
        return bytes(12) + (b"\x86\xdd" if self.src.version == 6 else b"\x08\x00") + ip

    def frame(self):
        return self.ethernet(self.ip())


def payload_of(frame):
    """Of a frame of TCP without options."""
    return frame[(34 if frame[12:14] == b"\x08\x00" else 54) + 20:]


def ends_of(frame, proto):
    """Source, port, destination, port of a frame, as translation left it; ICMP: the identifier twice."""
    at, size = (34, 4) if frame[12:14] == b"\x08\x00" else (54, 16)
    src, dst = (ipaddress.ip_address(frame[at - 2 * size + i * size:at - size + i * size]) for i in (0, 1))
    if proto in WITH_PORTS:
        return (src, *struct.unpack_from("!H", frame, at), dst, *struct.unpack_from("!H", frame, at + 2))
    if proto in ANSWERS:
        ident = struct.unpack_from("!H", frame, at + 4)[0]
        return src, ident, dst, ident
    return src, 0, dst, 0
