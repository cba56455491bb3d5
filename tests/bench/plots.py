"""plots - cost curves over the number of flows, masks, rules and connections, as SVG by gnuplot: `plots.py BUILDDIR FOLDER`.

Each curve is a benchmark of tests/bench run for a row of sizes; its points are left beside it as FOLDER/NAME.dat."""
import pathlib
import re
import subprocess
import sys

SIZES = (1, 100, 1000, 10000, 100000, 1000000)
MASKS = (1, 3, 10, 30, 100, 300, 1000)
# name, title, axis, unit, [(label, program, arguments of a size, figure of a size)], sizes
CURVES = [
    ("packets-by-flows", "A packet through the caches", "cached flows", "ns",
     [(f"{m} masks", "bench-dp", lambda n, m=m: (n, m), lambda n, m=m: f"dp_packet_{n}_{m}") for m in (1, 4, 20)], SIZES),
    ("packets-by-masks", "A packet through the caches, 10,000 flows", "masks", "ns",
     [("packet", "bench-dp", lambda m: (10000, m), lambda m: f"dp_packet_10000_{m}")], MASKS),
    ("rules", "Flow tables", "rules", "ns",
     [(f"{what}, {m} masks", "bench-classifier", lambda n, m=m: (n, m), lambda n, m=m, what=what: f"classifier_{what}_{n}_{m}")
      for what in ("lookup", "insert") for m in (1, 32)], SIZES[1:]),
    ("connections", "The tracker, packet by packet", "connections", "ns",
     [(what, "bench-ct", lambda n: (n,), lambda n, what=what: f"ct_tcp4_{what}_{n}") for what in ("packet", "make", "sweep")], SIZES[2:]),
]


class Benches:
    """Runs each program once for a set of arguments."""

    def __init__(self, build):
        self.build, self.said = build, {}

    def figure(self, program, arguments, name):
        key = (program, arguments)
        if key not in self.said:
            argv = [self.build / "tests/bench" / program, *map(str, arguments)]
            self.said[key] = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        found = re.search(rf"^{re.escape(name)} (-?[0-9.]+) ", self.said[key], re.M)
        if not found or float(found[1]) < 0:
            sys.exit(f"plots: {program} {arguments} has no figure {name}")
        return found[1]


def draw(folder, name, title, axis, unit, columns):
    plots = ", ".join(f"'{name}.dat' using 1:{i + 2} with linespoints title \"{label}\"" for i, label in enumerate(columns))
    script = f"""set terminal svg size 800,500
set output '{name}.svg'
set title "{title}"
set xlabel "{axis}"
set ylabel "{unit}"
set logscale x
set yrange [0:*]
set key left top
set grid
plot {plots}
"""
    subprocess.run(["gnuplot"], input=script, text=True, cwd=folder, check=True)


def main(build, folder):
    benches = Benches(build)
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, axis, unit, lines, sizes in CURVES:
        with (folder / f"{name}.dat").open("w") as out:
            print("#", axis, *(label for label, *_ in lines), sep="\t", file=out)
            for size in sizes:
                values = [benches.figure(program, arguments(size), figure(size)) for _, program, arguments, figure in lines]
                print(size, *values, sep="\t", file=out, flush=True)
        draw(folder, name, title, axis, unit, [label for label, *_ in lines])
        print(folder / f"{name}.svg", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]))
