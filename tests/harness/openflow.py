"""openflow - a raw OpenFlow 1.3 peer: messages as bytes, so that bad ones can be sent, and answers a line each.

  python3 -m openflow < SCRIPT    SCRIPT is Python; what is defined here is its vocabulary

  c = connect("br0.mgmt")                 a client of a switch's socket, HELLO exchanged
  s = listen("c.sock"); c = s.accept()    a controller, HELLO exchanged
  c.send(msg(BARRIER_REQUEST, xid=7)); show(c.recv())
  c.nothing()                             nothing else has come (shown by a barrier)
  sh("sluice-appctl ...")                 runs a command; a status other than 0 ends the script"""
import os
import socket
import struct
import sys

TIMEOUT = 15  # Seconds in which every answer must have come.

NAMES = ("HELLO ERROR ECHO_REQUEST ECHO_REPLY EXPERIMENTER FEATURES_REQUEST FEATURES_REPLY GET_CONFIG_REQUEST "
         "GET_CONFIG_REPLY SET_CONFIG PACKET_IN FLOW_REMOVED PORT_STATUS PACKET_OUT FLOW_MOD GROUP_MOD PORT_MOD "
         "TABLE_MOD MULTIPART_REQUEST MULTIPART_REPLY BARRIER_REQUEST BARRIER_REPLY QUEUE_GET_CONFIG_REQUEST "
         "QUEUE_GET_CONFIG_REPLY ROLE_REQUEST ROLE_REPLY GET_ASYNC_REQUEST GET_ASYNC_REPLY SET_ASYNC METER_MOD").split()
globals().update({name: number for number, name in enumerate(NAMES)})
ANY = ALL = 0xFFFFFFFF
CONTROLLER, TABLE, IN_PORT, LOCAL, FLOOD = 0xFFFFFFFD, 0xFFFFFFF9, 0xFFFFFFF8, 0xFFFFFFFE, 0xFFFFFFFB
NO_BUFFER = 0xFFFFFFFF


# ---- messages to send ----

def msg(kind, body=b"", xid=1, version=4, length=None):
    return struct.pack("!BBHI", version, kind, 8 + len(body) if length is None else length, xid) + body


def pad8(b):
    return b + b"\0" * (-len(b) % 8)


def hello(*versions, version=None):
    """With the version bitmap; without versions: the bare header."""
    bitmap = struct.pack("!HHI", 1, 8, sum(1 << v for v in versions)) if versions else b""
    return msg(HELLO, bitmap, version=version or max(versions))


def oxm(field, value, mask=b""):
    """An OXM of the basic class; value and mask as bytes."""
    return struct.pack("!HBB", 0x8000, field << 1 | bool(mask), len(value) + len(mask)) + value + mask


def match(*oxms):
    body = b"".join(oxms)
    return pad8(struct.pack("!HH", 1, 4 + len(body)) + body)


def output(port, max_len=0xFFFF):
    return struct.pack("!HHIH6x", 0, 16, port, max_len)


def apply_actions(*actions):
    body = b"".join(actions)
    return struct.pack("!HH4x", 4, 8 + len(body)) + body


def flow_mod(*instructions, match=match(), cookie=0, cookie_mask=0, table=0, command=0, idle=0, hard=0, priority=32768,
             buffer=NO_BUFFER, out_port=ANY, out_group=ANY, flags=0, xid=1):
    return msg(FLOW_MOD, struct.pack("!QQBBHHHIIIH2x", cookie, cookie_mask, table, command, idle, hard, priority, buffer,
                                     out_port, out_group, flags) + match + b"".join(instructions), xid=xid)


def packet_out(*actions, data=b"", buffer=NO_BUFFER, in_port=CONTROLLER, xid=1):
    body = b"".join(actions)
    return msg(PACKET_OUT, struct.pack("!IIH6x", buffer, in_port, len(body)) + body + data, xid=xid)


def multipart(kind, body=b"", flags=0, xid=1):
    return msg(MULTIPART_REQUEST, struct.pack("!HH4x", kind, flags) + body, xid=xid)


def port_mod(port, addr, config, mask, xid=1):
    return msg(PORT_MOD, struct.pack("!I4x6s2xIII4x", port, addr, config, mask, 0), xid=xid)


def role(number, generation=0, xid=1):
    return msg(ROLE_REQUEST, struct.pack("!I4xQ", number, generation), xid=xid)


def set_config(miss_send_len, flags=0, xid=1):
    return msg(SET_CONFIG, struct.pack("!HH", flags, miss_send_len), xid=xid)


# ---- messages received ----

class Message:
    def __init__(self, data, sent):
        self.data, self.sent = data, sent
        self.version, self.kind, self.length, self.xid = struct.unpack("!BBHI", data[:8])
        self.body = data[8:]

    def at(self, form, ofs):
        return struct.unpack_from("!" + form, self.data, ofs)

    def __str__(self):
        name = NAMES[self.kind] if self.kind < len(NAMES) else str(self.kind)
        text = getattr(self, "text_" + name, lambda: "")()
        return f"{name}{' ' if text else ''}{text}"

    def text_HELLO(self):
        return f"version {self.version}, {self.body.hex()}"

    def text_ERROR(self):
        kind, code = self.at("HH", 8)
        if kind == 0:
            return f"{kind}/{code}: {self.data[12:].decode()}"
        where = 16 if kind == 0xFFFF else 12
        who = f"experimenter {self.at('I', 12)[0]:#x} {code}" if where == 16 else f"{kind}/{code}"
        want = next((m for m in reversed(self.sent) if m[4:8] == self.data[4:8]), b"")[:64]
        data = "the request" if self.data[where:] == want else f"OTHER DATA {self.data[where:].hex()}"
        return f"{who} xid={self.xid} with the first {len(self.data) - where} bytes of {data}"

    def text_ECHO_REPLY(self):
        return f"xid={self.xid} {self.body.hex()}".strip()

    def text_BARRIER_REPLY(self):
        return f"xid={self.xid}"

    def text_PACKET_IN(self):
        buffer, total, reason, table, cookie, _, match_len = self.at("IHBBQHH", 8)
        start = 24 + (match_len + 7) // 8 * 8 + 2
        fields = self.data[28:24 + match_len]
        shown = "buffered" if buffer != NO_BUFFER else "unbuffered"
        return (f"{shown} total_len={total} reason={reason} table={table} cookie={cookie:#x} match={fields.hex()} "
                f"data={len(self.data) - start}")

    def buffer(self):
        return self.at("I", 8)[0]

    def frame(self):
        return self.data[24 + (self.at("H", 26)[0] + 7) // 8 * 8 + 2:]

    def text_FLOW_REMOVED(self):
        cookie, priority, reason, table, sec, nsec, idle, hard, packets, size = self.at("QHBBIIHHQQ", 8)
        return (f"cookie={cookie:#x} priority={priority} reason={reason} table={table} duration={sec}.{nsec // 1000000:03d} "
                f"idle={idle} hard={hard} packets={packets} bytes={size}")

    def text_PORT_STATUS(self):
        reason, = self.at("B", 8)
        number, = self.at("I", 16)
        config, state = self.at("II", 48)
        name = self.data[32:48].rstrip(b"\0").decode()
        return f"{('add', 'delete', 'modify')[reason]} {number} {name} config={config:#x} state={state:#x}"

    def text_ROLE_REPLY(self):
        return "role={} generation={:#x}".format(*self.at("I4xQ", 8))

    def text_FEATURES_REPLY(self):
        return "dpid={:016x} buffers={} tables={} aux={} capabilities={:#x}".format(*self.at("QIBB2xI", 8))

    def text_GET_CONFIG_REPLY(self):
        return "flags={} miss_send_len={}".format(*self.at("HH", 8))

    def text_MULTIPART_REPLY(self):
        return "type={} flags={} length={}".format(*self.at("HH", 8), self.length)


class Peer:
    def __init__(self, sock):
        self.sock, self.sent, self.left = sock, [], b""
        sock.settimeout(TIMEOUT)

    def send(self, *messages):
        self.sent += messages
        self.sock.sendall(b"".join(messages))

    def read(self, n):
        while len(self.left) < n:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.left += more
        data, self.left = self.left[:n], self.left[n:]
        return data

    def recv(self):
        """The next message; None: the connection was closed."""
        try:
            header = self.read(8)
            return Message(header + self.read(struct.unpack("!H", header[2:4])[0] - 8), self.sent)
        except (EOFError, ConnectionResetError):
            return None

    def ask(self, message):
        """Sends; shows what comes, up to the answer of a barrier that follows."""
        self.send(message)
        self.nothing()

    def nothing(self, xid=0xBABA):
        """Shows what comes before the answer to a barrier: nothing, if the test is right about it."""
        self.send(msg(BARRIER_REQUEST, xid=xid))
        while True:
            m = self.recv()
            if m and m.kind == BARRIER_REPLY and m.xid == xid:
                return
            show(m)
            if not m:
                return

    def close(self):
        self.sock.close()


def connect(path, greeting=None):
    """Empty bytes as greeting: none is sent, and the switch's is left unread."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    peer = Peer(sock)
    return greet(peer, greeting)


def greet(peer, greeting=None):
    if greeting is None:
        greeting = hello(4)
    if greeting:
        peer.send(greeting)
        peer.hello = peer.recv()
    return peer


class Listener:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen()
        self.sock.settimeout(TIMEOUT)

    def accept(self, greeting=None):
        return greet(Peer(self.sock.accept()[0]), greeting)

    def close(self):
        self.sock.close()


listen = Listener


def show(m):
    print(m if m else "closed", flush=True)


def sh(command):
    sys.stdout.flush()
    status = os.system(command)
    if status:
        raise SystemExit(f"{command}: status {status}")


def control(method, *params):
    """What `sluice-appctl METHOD PARAMS` does, without a process for each: scripts do it hundreds of times."""
    import json
    with open("sluice-vswitchd.pid") as f:  # The run directory is where a test is.
        pid = f.read().strip()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"sluice-vswitchd.{pid}.ctl")
        s.sendall(json.dumps({"id": 0, "method": method, "params": params}).encode())
        text = b""
        while True:
            more = s.recv(65536)
            text += more
            try:
                reply = json.loads(text)
                break
            except ValueError:
                if not more:
                    raise SystemExit(f"{method}: no answer") from None
    if reply["error"] is not None:
        raise SystemExit(f"{method}: {reply['error']}")
    return reply["result"]


def receive(port, expression):
    """A frame (see frames.py) arrives at a dummy port."""
    import frames
    control("netdev-dummy/receive", port, frames.make(expression).hex())


if __name__ == "__main__":
    exec(compile(sys.stdin.read(), "script", "exec"))
