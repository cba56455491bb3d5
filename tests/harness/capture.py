"""capture - packet captures with TCP segments in them.

  python3 -m capture FILE LINKTYPE < SCRIPT    SCRIPT is Python; what is defined here is its vocabulary

  put(ether(ip4(tcp(5000, 6653, seq, data, SYN))))     a frame, one second after the one before it"""
import struct
import sys

SYN = 2
ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276
FRAMES = []


def msg(kind, body=b"", xid=1, version=4):
    return struct.pack("!BBHI", version, kind, 8 + len(body), xid) + body


def tcp(sport, dport, seq, data=b"", flags=0x10, options=b""):
    words = 5 + len(options) // 4
    return struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, 0, words << 4, flags, 1024, 0, 0) + options + data


def ip4(payload, src="10.0.0.1", dst="10.0.0.2", proto=6, fragment=0, options=b""):
    addresses = b"".join(bytes(map(int, a.split("."))) for a in (src, dst))
    words = 5 + len(options) // 4
    return struct.pack("!BBHHHBBH", 0x40 | words, 0, 4 * words + len(payload), 0, fragment, 64, proto, 0) + addresses + \
        options + payload


def ip6(payload, src=1, dst=2, extension=b""):
    first = 6 if not extension else 0
    return struct.pack("!IHBB", 6 << 28, len(extension) + len(payload), first, 64) + src.to_bytes(16, "big") + \
        dst.to_bytes(16, "big") + extension + payload


def ether(payload, kind=0x0800, vlan=None, pad=True):
    tag = struct.pack("!HH", 0x8100, vlan) if vlan is not None else b""
    frame = bytes(12) + tag + struct.pack("!H", kind) + payload
    return frame.ljust(60, b"\xee") if pad else frame


def put(*frames):
    FRAMES.extend(frames)


def main(argv):
    exec(compile(sys.stdin.read(), "script", "exec"), globals())
    with open(argv[0], "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, int(argv[1])))
        for i, frame in enumerate(FRAMES):
            f.write(struct.pack("<IIII", 1000 + i, 1000 * i, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    main(sys.argv[1:])
