"""compare - pairs the benchmarks of this tree with those of another revision: `compare.py BUILDDIR SRCDIR REVISION [BENCH...]`.

Builds the other revision in a worktree beside, runs both in turns, and prints a figure's median of each and their ratio.
REPEAT=3 in the environment says how many turns.  A figure that only one of them has is left out; so are lines of the other
revision that are not `name value unit`."""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

LINE = re.compile(r"^([a-z0-9_.]+) (-?[0-9.]+) (\w+)$")
BENCHES = ["bench-ct", "bench-ct-store", "bench-conntrack", "bench-dp", "bench-classifier", "bench-codec"]


def run(program):
    """name -> (value, unit)"""
    out = subprocess.run([program], capture_output=True, text=True, check=False).stdout
    found = (LINE.match(line) for line in out.splitlines())
    return {m[1]: (float(m[2]), m[3]) for m in found if m and float(m[2]) >= 0}


def build(source, folder):
    """The benchmarks of a clean worktree, all that it has."""
    folder.mkdir()
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run(["./boot.sh"], cwd=source, stderr=subprocess.DEVNULL, **quiet)
    subprocess.run([source / "configure", "--quiet", "--disable-dependency-tracking"], cwd=folder, **quiet)
    have = re.findall(r"^BENCHES \+= (\S+)", (source / "tests/bench/bench.mk").read_text(), re.M)
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", *have], cwd=folder, **quiet)


def measure(programs):
    """name -> (unit, values of each side), the sides taking turns."""
    figures = {}
    for turn in range(int(os.environ.get("REPEAT", "3"))):
        for side, program in enumerate(programs if turn % 2 == 0 else programs[::-1]):
            side = side if turn % 2 == 0 else 1 - side
            for name, (value, unit) in run(program).items():
                figures.setdefault(name, (unit, [], []))[1 + side].append(value)
    return figures


def main(build_dir, source_dir, revision, benches):
    with tempfile.TemporaryDirectory(prefix="sluice-compare-") as temporary:
        other = pathlib.Path(temporary) / "source"
        subprocess.run(["git", "-C", source_dir, "worktree", "add", "--quiet", "--detach", other, revision], check=True)
        try:
            build(other, other / "build")
            print(f"{'figure':36} {revision[:12]:>12} {'this tree':>12}  ratio")
            for bench in benches:
                programs = [other / "build/tests/bench" / bench, build_dir / "tests/bench" / bench]
                for name, (unit, before, now) in measure(programs).items() if all(p.exists() for p in programs) else ():
                    if before and now:
                        a, b = statistics.median(before), statistics.median(now)
                        print(f"{name:36} {a:12.1f} {b:12.1f}  {b / a if a else 0:.2f} {unit}", flush=True)
        finally:
            subprocess.run(["git", "-C", source_dir, "worktree", "remove", "--force", other], check=False)


if __name__ == "__main__":
    if len(sys.argv) < 4 or not sys.argv[3]:
        sys.exit("compare: which revision? make bench-compare BASE=REVISION")
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3], sys.argv[4:] or BENCHES)
