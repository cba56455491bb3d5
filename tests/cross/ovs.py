"""ovs.py - genuine ovs-ofctl and ours print every sample alike, and parse the same flows to the same lines.

usage: ovs.py BUILD SRCDIR"""
import os
import shutil
import subprocess
import sys
import tempfile

import samples

VERSIONS = ["OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"]


def compare_prints(build, ours, report):
    every = samples.load(build)
    messages = [s.message() for s in every]
    theirs = samples.printed("ovs-ofctl", messages)
    mine = samples.printed(ours, messages)
    for s, msg, a, b in zip(every, messages, mine, theirs):
        report.compare((s.kind, s.row, s.version, s.how), msg.hex(), a, b)


def flows(srcdir):
    with open(os.path.join(srcdir, "tests/gen/flows.txt"), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f if line.strip() and line[0] not in "#!"]


def parse(tool, version, line):
    run = subprocess.run([tool, "-voff", "-O", version, "parse-flow", line], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False, encoding="utf-8")
    error = run.stderr.splitlines()[-1:] if run.returncode else []
    return run.stdout + "".join(e.split(": ", 1)[-1] + "\n" for e in error)


def compare_flows(srcdir, ours, report):
    for version in VERSIONS:
        for line in flows(srcdir):
            a, b = parse(ours, version, line), parse("ovs-ofctl", version, line)
            report.compare(("flow", line, VERSIONS.index(version) + 1, ""), "", a, b)


def main(build, srcdir):
    if not shutil.which("ovs-ofctl"):
        print("skipped: no ovs-ofctl here")
        return samples.SKIP
    ours = os.path.join(build, "utilities/sluice-ofctl")
    report = samples.Report("ovs", srcdir)
    compare_prints(build, ours, report)
    compare_flows(srcdir, ours, report)
    return report.finish()


sys.exit(main(*sys.argv[1:]))
