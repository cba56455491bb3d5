"""run - does the switch do what OpenFlow Switch Specification 1.3.5 says it must?

  python3 -m conformance.run MODULE    in the folder of a daemon with bridge br0 and its dummy ports p1 to p4

A case is a function under @must(SECTION, WHAT) of a module of this folder; it gets the Switch, fails by an exception.
Prints a line each: ok, FAILED or skipped, the section, what the switch must do."""
import importlib
import sys
import traceback

from conformance.cases import CASES, Skip
from conformance.switch import Switch


def main():
    importlib.import_module("conformance." + sys.argv[1])
    switch, failed = Switch(), 0
    for section, what, case in CASES:
        why, result = "", "ok"
        try:
            switch.reset()
            case(switch)
        except Skip as skip:
            result, what = "skipped", f"{what}: {skip}"
        except Exception:  # A case may fail in any way; the others still run.
            result, why, failed = "FAILED", traceback.format_exc(), failed + 1
        print(f"{result:7} {section:9} {what}", flush=True)
        sys.stderr.write(why)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
