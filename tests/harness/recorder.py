"""recorder - a switch that takes everything, for programs that speak to switches.

  python3 -m recorder VERSION COMMAND...    VERSION is OpenFlow's on the wire, 1 to 6

Runs the command with SOCK in it replaced by a socket's name, then prints every message that came, a line of hex
each, without its xid; then the command's own output, each line behind `| `, and its status if it is not 0.
Echoes and barriers are answered, multipart requests with an empty reply; ports and tables have no names."""
import os
import socket
import struct
import subprocess
import sys
import threading

TIMEOUT = 15  # Seconds for the whole command.


def exactly(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            return None
        data += more
    return data


class Recorder:
    def __init__(self, version, path):
        self.version, self.seen = version, []
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(5)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.sock.accept()
            self.send(conn, 0, b"", 1)
            while (header := exactly(conn, 8)):
                _, kind, length, xid = struct.unpack("!BBHI", header)
                body = exactly(conn, length - 8)
                self.take(conn, kind, body, xid)

    def send(self, conn, kind, body, xid):
        conn.sendall(struct.pack("!BBHI", self.version, kind, 8 + len(body), xid) + body)

    def take(self, conn, kind, body, xid):
        barrier, multipart = (18, 16) if self.version == 1 else (20, 18)
        names = kind == 5 or kind == multipart and body[:2] == struct.pack("!H", 13)
        if kind and kind != 2 and kind != barrier and not names:
            self.seen.append(struct.pack("!BBH", self.version, kind, 8 + len(body)) + body)
        if kind == 2:
            self.send(conn, 3, body, xid)
        elif kind == barrier:
            self.send(conn, barrier + 1, b"", xid)
        elif kind == 5:
            self.send(conn, 6, bytes(7) + b"\1" + bytes(16), xid)
        elif kind == multipart:
            head = 4 if self.version == 1 else 8
            if body[:2] == b"\xff\xff":
                head += 12 if self.version == 1 else 8
            self.send(conn, multipart + 1, body[:head], xid)


def main(argv):
    path = f"recorder.{os.getpid()}"
    recorder = Recorder(int(argv[0]), path)
    run = subprocess.run([a.replace("SOCK", "unix:" + path) for a in argv[1:]], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT, check=False)
    os.unlink(path)
    for message in recorder.seen:
        print(message.hex())
    for line in run.stdout.splitlines():
        print("|", line.replace("unix:" + path, "SOCK"))
    if run.returncode:
        print("status", run.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
