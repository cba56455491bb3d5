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
        wrap = {"oxm": lambda: self.flow_mod(self.data, b""), "action": self.packet_out,
                "instruction": lambda: self.flow_mod(b"", self.data), "message": lambda: self.data}
        return wrap[self.kind]()

    def in_flow_mod(self):
        """As message(), with actions in a flow-mod: not every peer reads packet-outs."""
        if self.kind != "action":
            return self.message()
        if self.version == OF10:
            body = struct.pack("!I36xQHHHHIHH", 0x003820FF, 0, 0, 0, 0, 0x8000, 0xFFFFFFFF, 0xFFFF, 0)
            return header(OF10, 14, body + self.data)
        return self.flow_mod(b"", struct.pack("!HHI", 4, 8 + len(self.data), 0) + self.data)

    def packet_out(self):
        if self.version == OF10:
            body = struct.pack("!IHH", 0xFFFFFFFF, 0xFFFD, len(self.data))
        elif self.version < OF15:
            body = struct.pack("!IIH6x", 0xFFFFFFFF, 0xFFFFFFFD, len(self.data))
        else:
            body = struct.pack("!IHxxHHIIxxxx", 0xFFFFFFFF, len(self.data), 1, 12, 0x80000004, 0xFFFFFFFD)
        return header(self.version, 13, body + self.data + FRAME)

    def flow_mod(self, tlvs, instructions):
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
    """differences.txt and lacks.txt: `check | kind | regular expression ... | why`, one a line."""
    rules = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                rules.append(Rule(*[w.strip() for w in line.split(" | ")]))
    return rules


class Rule:
    """One line: where it applies, what it excuses, why, and how often it did."""

    def __init__(self, check, kind, pattern, *rest):
        self.check, self.kind, self.pattern, self.why, self.n = check, kind, pattern, rest[-1], 0
        self.theirs = rest[0] if len(rest) > 1 else ""

    def excuses(self, check, kind, text, theirs):
        return (self.check == check and self.kind in (kind, "*") and re.search(self.pattern, text, re.S) and
                re.search(self.theirs, theirs, re.S))


class Report:
    """What differs, by row, a few of each in full.  Only three ways not to be alike: a line of differences.txt says that
    it is meant; or a line of lacks.txt that the peer does not know the word, and the peer's own answer shows it; or it is an
    error.  A line that is never used is one, too: then the peer has learnt the word."""

    def __init__(self, name, srcdir, shown=int(os.environ.get("CROSS_SHOWN", 40))):
        self.name, self.shown = name, shown
        read = lambda f: [r for r in load_rules(os.path.join(srcdir, "tests/cross", f)) if r.check == name]
        self.differences, lacks = read("differences.txt"), read("lacks.txt")
        self.lacks = [r for r in lacks if r.kind != "word"]
        self.words = [r for r in lacks if r.kind == "word"]
        self.groups = {}
        self.n = self.without = 0

    def compare(self, sample, msg, ours, theirs):
        """'sample': kind, row, version, how."""
        self.n += 1
        if ours != theirs and not self.without_words(ours, theirs):
            self.differ(sample, "  %s\n  ours:   %s" % (msg, ours), theirs)

    def without_words(self, ours, theirs):
        """Alike but for names that the peer has not?"""
        used = [r for r in self.words if r.pattern in ours]
        for rule in used:
            before = r"(?<!\w)" if rule.theirs else " "
            ours = re.sub(before + re.escape(rule.pattern), rule.theirs, ours)
        if ours != theirs or not used:
            return False
        for rule in used:
            rule.n += 1
        self.without += 1
        return True

    def differ(self, sample, detail, theirs):
        kind, row, version, how = sample
        text = "%s, %s, OpenFlow 1.%d\n%s" % (row, how, version - 1, detail)
        for rule in self.differences + self.lacks:
            if rule.excuses(self.name, kind, text, theirs):
                rule.n += 1
                return
        group = self.groups.setdefault((kind, row, how if kind != "message" else ""), [])
        group.append((version, how, "%s  %s: %s" % (detail, self.name, theirs)))

    def finish(self):
        total = sum(len(g) for g in self.groups.values())
        for (kind, row, how), group in sorted(self.groups.items(), key=lambda g: -len(g[1]))[: self.shown]:
            version, first_how, detail = group[0]
            print("%dx %s %s, first 1.%d, %s:\n%s" % (len(group), kind, row, version - 1, first_how, detail))
        for rule in self.differences:
            print("%s: %d differ as meant: %s" % (self.name, rule.n, rule.why))
        for rule in self.lacks + self.words:
            print("%s: %d not known to the peer: %s" % (self.name, rule.n, rule.why))
        whole = not os.environ.get("CROSS_KINDS") and not os.environ.get("CROSS_VERSIONS")
        unused = [r for r in self.differences + self.lacks + self.words if whole and not r.n]
        for rule in unused:
            print("%s: nothing differs so any more: %s" % (self.name, rule.why))
        print("%s: %d compared, %d not known to the peer, %d differ as meant, %d differ in %d groups" %
              (self.name, self.n, self.without + sum(r.n for r in self.lacks), sum(r.n for r in self.differences), total, len(self.groups)))
        return 1 if total or unused else 0
