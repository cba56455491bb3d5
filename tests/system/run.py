"""run - finds and runs the system tests.

  python3 -m system.run --build DIR [--results FILE] [--jobs N] [--datapath netdev|system]... [NAME...]

A test is a function test_* of a module tests/system/test_*.py; it takes an Env (harness/sluice.py), makes what it
needs through it, and fails by an exception.  `raise Skip(reason)` leaves it out.  Each runs in network namespaces of its
own, named by the process that runs it, which are removed whatever happens.  With --jobs as many at a time on netdev (they
wait more than they work); the kernel datapath is one for all, and so is what datapaths.ALONE names.

Without --datapath: on netdev and, if the running kernel has the openvswitch datapath, on system too (datapaths.py has what
does not).  With --lab PROGRAM, for --datapath system alone: if the running kernel has it not, all of this is run by
`PROGRAM -t SECONDS -w DIR -- ...` on one that has; "--lab=" (no program) and no such kernel: says so, counts as skipped.  SYSTEM_LEAVE_OUT and
KERNEL_LEAVE_OUT in the environment: beginnings of names that are not run this time on netdev, and on the kernel datapath."""
import argparse
import importlib
import multiprocessing
import os
import pathlib
import subprocess
import sys
import time
import traceback

from sluice import Env, Skip, kernel_datapath
from system.datapaths import ALONE, why_not

LAB_SECONDS = 1500


def tests(names):
    folder = pathlib.Path(__file__).parent
    for path in sorted(folder.glob("test_*.py")):
        module = importlib.import_module("system." + path.stem)
        for name, function in list(vars(module).items()):
            full = path.stem.removeprefix("test_") + "." + name.removeprefix("test_")
            if name.startswith("test_") and callable(function) and (
                    not names or any(full.startswith(n) for n in names)):
                yield full, function


def run(name, function, datapath, build):
    """One test; its line of the results and, if it is not ok, why."""
    begin = time.monotonic()
    env = Env(build, name, datapath)
    result, why = "ok", ""
    try:
        function(env)
        env.check_daemons()
    except Skip as skip:
        result, why = "skipped", str(skip)
    except Exception:  # A test may fail in any way; the others still run.
        result, why = "FAILED", traceback.format_exc() + env.logs()
    finally:
        try:
            env.close()
        except Exception:
            result, why = "FAILED", why + traceback.format_exc()
    shown = name if datapath == "netdev" else f"{name} on {datapath}"
    return f"{result} {shown} ({time.monotonic() - begin:.1f} s)", why


def run_named(work):
    """The same in a process of its own, which finds the function again by its name."""
    name, datapath, build = work
    function = next(f for n, f in tests([name]) if n == name)
    return run(name, function, datapath, build)


def run_all(works, jobs):
    """Yields what run() returns, in the order in which they end."""
    together = [w for w in works if w[1] == "netdev" and not w[0].startswith(ALONE)] if jobs > 1 else []
    if together:
        with multiprocessing.Pool(jobs, maxtasksperchild=1) as pool:
            yield from pool.imap_unordered(run_named, together, chunksize=1)
    for work in works:
        if work not in together:
            yield run_named(work)


def finish(lines, results):
    if results:
        results.write_text("\n".join(lines) + "\n")
    words = [line.split()[0] for line in lines]
    print(f"{words.count('ok')} passed, {words.count('FAILED')} failed, {words.count('skipped')} skipped")
    return "FAILED" in words or not words


def in_lab(args):
    """The same command where there is the kernel datapath."""
    if not args.lab:
        line = "skipped kernel: the running kernel has no openvswitch datapath, and KERNEL_LAB names no program that runs one"
        print(line)
        return finish([line], args.results)
    if args.results:
        args.results.unlink(missing_ok=True)
    argv = [args.lab, "-t", str(LAB_SECONDS), "-w", str(args.build.resolve()), "--",
            sys.executable, "-m", "system.run", *sys.argv[1:], "--in-lab"]
    status = subprocess.run(argv).returncode
    if args.results and not args.results.exists():
        args.results.write_text(f"FAILED kernel: {args.lab} ended with status {status} and without results\n")
    return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--datapath", choices=["netdev", "system"], action="append", default=[])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--lab", default="")
    parser.add_argument("--in-lab", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if os.geteuid():
        sys.exit("system tests make network namespaces: run them as root")
    if "system" in args.datapath and not kernel_datapath():
        if args.in_lab:
            sys.exit("this kernel has no openvswitch datapath")
        return in_lab(args)
    lines = []
    datapaths = args.datapath or (["netdev", "system"] if kernel_datapath() else ["netdev"])
    left_out = {datapath: tuple(os.environ.get(variable, "").split())
                for datapath, variable in (("netdev", "SYSTEM_LEAVE_OUT"), ("system", "KERNEL_LEAVE_OUT"))}
    works = [(name, datapath, args.build) for datapath in datapaths for name, _ in tests(args.names)
             if not why_not(name, datapath) and not name.startswith(left_out[datapath])]
    for line, why in run_all(works, args.jobs):
        print(line + (f": {why}" if why else ""), flush=True)
        lines.append(line)
    return finish(lines, args.results)


if __name__ == "__main__":
    sys.exit(main())
