"""samples.py - the samples of tests/gen for the cross-checks: read, wrapped into whole messages, and what both tools
print for them."""
import os
import re
import struct
import subprocess
import tempfile

OF10, OF11, OF12, OF13, OF14, OF15 = range(1, 7)
MARK = 0xEE000000  # xid of the ECHO_REQUEST before each message.
FRAME = bytes.fromhex("00112233445500112233446688b5") + bytes(46)  # In packet-outs.
SKIP = 77  # Exit status of a check that cannot run, as automake has it.


class Sample:
    def __init__(self, line):
        self.kind, self.row, version, self.want, data, self.how = line.rstrip("\n").split("\t")
        self.version = int(version)
        self.data = bytes.fromhex(data)

    def message(self):
        """A whole message with the sample in it; None where the version has no place for it."""
        wrap = {"oxm": self.flow_mod, "action": self.packet_out, "instruction": self.flow_mod, "message": lambda: self.data}
        return wrap[self.kind]()

    def packet_out(self):
        if self.version == OF10:
            body = struct.pack("!IHH", 0xFFFFFFFF, 0xFFFD, len(self.data))
        elif self.version < OF15:
            body = struct.pack("!IIH6x", 0xFFFFFFFF, 0xFFFFFFFD, len(self.data))
        else:
            body = struct.pack("!IHxxHHIIxxxx", 0xFFFFFFFF, len(self.data), 1, 12, 0x80000004, 0xFFFFFFFD)
        return header(self.version, 13, body + self.data + FRAME)

    def flow_mod(self):
        tlvs, instructions = (self.data, b"") if self.kind == "oxm" else (b"", self.data)
        if self.version == OF10:
            body = struct.pack("!IIQHHHHIHHH6x", 0x2320, 13, 0, 0, 0, 0, 0x8000, 0xFFFFFFFF, 0xFFFF, 0, len(tlvs))
            return header(OF10, 4, body + pad(tlvs))
        if self.version == OF11:
            if self.kind == "oxm":
                return None
            match = struct.pack("!HHII6s6s6s6s", 0, 88, 0, 0x3FF, bytes(6), b"\xff" * 6, bytes(6), b"\xff" * 6)
            match += bytes(88 - len(match))
        else:
            match = pad(struct.pack("!HH", 1, 4 + len(tlvs)) + tlvs)
        body = struct.pack("!QQBBHHHIIIHH", 0, 0, 0, 0, 0, 0, 0x8000, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
        return header(self.version, 14, body + match + instructions)


def pad(b):
    return b + bytes(-len(b) % 8)


def header(version, kind, body):
    return struct.pack("!BBHI", version, kind, 8 + len(body), 0) + body


def load(build):
    """All samples that make a message; CROSS_KINDS=oxm,action and CROSS_VERSIONS=4,6 (wire versions) choose some."""
    out = subprocess.run([os.path.join(build, "tests/gen/gen-samples")], stdout=subprocess.PIPE, check=True)
    samples = [Sample(line) for line in out.stdout.decode().splitlines()]
    kinds, versions = os.environ.get("CROSS_KINDS", ""), os.environ.get("CROSS_VERSIONS", "")
    return [s for s in samples if (not kinds or s.kind in kinds.split(",")) and
            (not versions or str(s.version) in versions.split(",")) and
            s.message() is not None and len(s.message()) <= 65535]


def printed(tool, messages):
    """What ofp-parse says to each message, in one run of the tool."""
    with tempfile.NamedTemporaryFile() as f:
        for i, msg in enumerate(messages):
            f.write(struct.pack("!BBHI", OF10, 2, 8, MARK + i) + msg)
        f.flush()
        run = subprocess.run([tool, "-voff", "ofp-parse", f.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    text = run.stdout.decode("utf-8", "replace")
    if run.returncode:
        raise RuntimeError("%s: status %d: %s" % (tool, run.returncode, run.stderr.decode()[:500]))
    parts = re.split(r"^OFPT_ECHO_REQUEST \(xid=0xee[0-9a-f]{6}\): 0 bytes of payload\n", text, flags=re.M)[1:]
    if len(parts) != len(messages):
        raise RuntimeError("%s: %d answers to %d messages" % (tool, len(parts), len(messages)))
    return parts


def load_rules(path):
    """differences.txt: `check | kind | regular expression on row, how, version, ours and theirs | why`, one a line."""
    rules = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                check, kind, pattern, why = [w.strip() for w in line.split(" | ")]
                rules.append([check, kind, re.compile(pattern, re.S), why, 0])
    return rules


def excused(rules, check, kind, text):
    for rule in rules:
        if rule[0] in (check, "*") and rule[1] in (kind, "*") and rule[2].search(text):
            rule[4] += 1
            return True
    return False


class Report:
    """Differences by row, a few of each in full."""

    def __init__(self, name, srcdir, shown=int(os.environ.get("CROSS_SHOWN", 40))):
        self.name, self.shown = name, shown
        self.rules = load_rules(os.path.join(srcdir, "tests/cross/differences.txt"))
        self.groups = {}
        self.n = 0

    def differ(self, kind, row, version, how, detail):
        if not excused(self.rules, self.name, kind, "%s, %s, OpenFlow 1.%d\n%s" % (row, how, version - 1, detail)):
            self.groups.setdefault((kind, row, how if kind != "message" else ""), []).append((version, how, detail))

    def finish(self):
        total = sum(len(g) for g in self.groups.values())
        for (kind, row, how), group in sorted(self.groups.items(), key=lambda g: -len(g[1]))[: self.shown]:
            version, first_how, detail = group[0]
            print("%dx %s %s, first 1.%d, %s:\n%s" % (len(group), kind, row, version - 1, first_how, detail))
        for rule in self.rules:
            if rule[0] == self.name:
                print("%s: %d differ as meant: %s" % (self.name, rule[4], rule[3]))
        print("%s: %d compared, %d differ in %d groups" % (self.name, self.n, total, len(self.groups)))
        return 1 if total else 0
