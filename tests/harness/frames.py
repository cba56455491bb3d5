"""frames - Ethernet frames as hex for netdev-dummy/receive, and back: `frames.py make SPEC`, `frames.py show PCAP`.

SPEC is a Python expression of scapy layers without imports, e.g.
  Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")/IP(src="10.1.1.1",dst="10.1.1.2")/TCP(sport=1,dport=2,flags="S")
show prints one line a frame: scapy's summary."""
import sys

import logging
logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *  # noqa: E402,F401,F403  All layers are the expression's vocabulary.


def make(spec):
    return bytes(eval(spec)).hex()  # The expression is the test's own text.


def show(path):
    return "\n".join(packet.summary() for packet in rdpcap(path))


if __name__ == "__main__":
    print({"make": make, "show": show}[sys.argv[1]](sys.argv[2]))
