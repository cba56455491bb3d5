"""run - finds and runs the system tests.

  python3 -m system.run --build DIR [--results FILE] [NAME...]

A test is a function test_* of a module tests/system/test_*.py; it takes an Env (harness/sluice.py), makes what it
needs through it, and fails by an exception.  `raise Skip(reason)` leaves it out.  Each runs in network namespaces of its
own, named by this process, which are removed whatever happens."""
import argparse
import importlib
import os
import pathlib
import sys
import time
import traceback

from sluice import Env, Skip


def tests(names):
    folder = pathlib.Path(__file__).parent
    for path in sorted(folder.glob("test_*.py")):
        module = importlib.import_module("system." + path.stem)
        for name, function in list(vars(module).items()):
            full = path.stem.removeprefix("test_") + "." + name.removeprefix("test_")
            if name.startswith("test_") and callable(function) and (
                    not names or any(full.startswith(n) for n in names)):
                yield full, function


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--keep-logs", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if os.geteuid():
        sys.exit("system tests make network namespaces: run them as root")
    lines = []
    for name, function in tests(args.names):
        begin = time.monotonic()
        env = Env(args.build, name)
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
        line = f"{result} {name} ({time.monotonic() - begin:.1f} s)"
        print(line + (f": {why}" if why else ""), flush=True)
        lines.append(line)
    if args.results:
        args.results.write_text("\n".join(lines) + "\n")
    words = [line.split()[0] for line in lines]
    print(f"{words.count('ok')} passed, {words.count('FAILED')} failed, {words.count('skipped')} skipped")
    return "FAILED" in words or not words


if __name__ == "__main__":
    sys.exit(main())
