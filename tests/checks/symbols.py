#!/usr/bin/env python3
"""Checks that no global symbol of ours has the name of one of a library we link with: the linker would silently take
ours for the library's own calls, or the other way round.

  symbols.py PROGRAM"""
import re
import subprocess
import sys


def symbols(*argv):
    out = subprocess.run(["nm", *argv], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in out.splitlines()]
    return {(row[-1], row[-2]) for row in rows if len(row) >= 2}


def main(program):
    ours = {name for name, kind in symbols("--defined-only", program) if kind in "TDBR"}
    errors = []
    libraries = re.findall(r"=> (/\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout)
    for library in libraries:
        if re.search(r"/lib(a|ub)san", library):
            continue  # Sanitizers take over functions by design.
        theirs = {name.split("@")[0] for name, kind in symbols("-D", "--defined-only", library) if kind in "TWDBRiV"}
        for name in sorted(ours & theirs):
            if not name.startswith("_") and name != "environ":
                errors.append(f"{name}: also a symbol of {library}")
    if not libraries or len(ours) < 100:
        errors.append(f"{program}: {len(libraries)} libraries, {len(ours)} symbols: not our program?")
    print("\n".join(errors) if errors else f"{len(ours)} symbols, none of {len(libraries)} libraries has one of them")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
