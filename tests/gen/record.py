#!/usr/bin/python3
"""record.py - has genuine ovs-ofctl send every line of flows.txt in every version, to a socket that answers as a switch
would, and writes what came: flow-mods.def and requests.def, `RECORDED(VERSION, TEXT, HEX)`.

usage: record.py [OUT_FOLDER]      Needs ovs-ofctl.  Not run by the tests; its results are in the tree.

Each message is kept once, with xid 0.  A version that the tool refuses for a line has no row."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = {1: "OpenFlow10", 2: "OpenFlow11", 3: "OpenFlow12", 4: "OpenFlow13", 5: "OpenFlow14", 6: "OpenFlow15"}
BARRIERS = {1: (18, 19)}


class Switch(threading.Thread):
    """Answers HELLO, ECHO and BARRIER; keeps everything else."""

    def __init__(self, path, version):
        super().__init__(daemon=True)
        self.version = version
        self.got = []
        self.done = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.start()

    def run(self):
        while True:
            conn, _ = self.listener.accept()
            try:
                conn.sendall(struct.pack("!BBHI", self.version, 0, 8, 1))
                self.serve(conn)
            except OSError:
                pass
            conn.close()
            self.done.set()

    def serve(self, conn):
        data = b""
        request, reply = BARRIERS.get(self.version, (20, 21))
        stats = 16 if self.version == 1 else 18
        while True:
            while len(data) >= 8 and len(data) >= struct.unpack("!H", data[2:4])[0]:
                n = struct.unpack("!H", data[2:4])[0]
                msg, data = data[:n], data[n:]
                kind, xid = msg[1], msg[4:8]
                if kind == 0:
                    continue
                if kind == 2:
                    conn.sendall(bytes([self.version, 3]) + msg[2:])
                elif kind == request:
                    conn.sendall(bytes([self.version, reply, 0, 8]) + xid)
                else:
                    self.got.append(msg[:4] + b"\0\0\0\0" + msg[8:])
                    if kind == stats and msg[9] in (3, 12, 13):  # Tables and ports, of which there are none.
                        body = msg[8:10] + bytes(2 if self.version == 1 else 6)
                        conn.sendall(struct.pack("!BBH", self.version, kind + 1, 8 + len(body)) + xid + body)
                    elif kind in (stats, 7, 22, 26) or (kind == 20 and self.version == 1):
                        conn.sendall(struct.pack("!BBH", self.version, 1, 12 + len(msg)) + xid + b"\0\1\0\3" + msg)
            got = conn.recv(65536)
            if not got:
                return
            data += got


def record(folder):
    lines = [l.rstrip("\n") for l in open(os.path.join(HERE, "flows.txt"), encoding="utf-8")]
    lines = [l for l in lines if l and not l.startswith("#")]
    rows = {"flow-mods": [], "requests": []}
    seen = set()
    with tempfile.TemporaryDirectory() as tmp:
        for version, name in VERSIONS.items():
            path = os.path.join(tmp, name)
            switch = Switch(path, version)
            for line in lines:
                switch.got.clear()
                switch.done.clear()
                if line.startswith("!"):
                    words = line[1:].split(" ")
                    args = ["unix:" + path if w == "S" else w for w in words]
                else:
                    args = ["add-flow", "unix:" + path, line]
                try:
                    subprocess.run(["ovs-ofctl", "--no-names", "-t", "3", "-O", name, *args], timeout=0.7 if "monitor" in line else 5,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                except subprocess.TimeoutExpired:
                    pass
                switch.done.wait(0.05)
                for msg in switch.got:
                    if (version, msg) in seen:
                        continue
                    seen.add((version, msg))
                    rows["requests" if line.startswith("!") else "flow-mods"].append((version, line, msg.hex()))
    for what, of in rows.items():
        with open(os.path.join(folder, what + ".def"), "w", encoding="utf-8") as f:
            f.write("/* %s.def - made by record.py from flows.txt: what genuine ovs-ofctl sends. */\n" % what)
            f.write("/* clang-format off */\n")
            for version, line, data in of:
                f.write('RECORDED(%d, "%s", "%s")\n' % (version, line.replace('"', '\\"'), data))
            f.write("/* clang-format on */\n")


record(sys.argv[1] if len(sys.argv) > 1 else HERE)
