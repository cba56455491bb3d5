"""run - does the switch do what OpenFlow Switch Specification 1.3.5 says it must?

  python3 -m conformance.run MODULE    in the folder of a daemon with bridge br0 and its dummy ports p1 to p4

A case is a function under @must(SECTION, WHAT) of a module of this folder; it gets the Switch, fails by an exception.
Prints a line each: ok or FAILED, the section, what the switch must do."""
import importlib
import sys
import traceback

from conformance.cases import CASES
from conformance.switch import Switch


def main():
    importlib.import_module("conformance." + sys.argv[1])
    switch, failed = Switch(), 0
    for section, what, case in CASES:
        why = ""
        try:
            switch.reset()
            case(switch)
        except Exception:  # A case may fail in any way; the others still run.
            why, failed = traceback.format_exc(), failed + 1
        print(f"{'FAILED' if why else 'ok':6} {section:9} {what}", flush=True)
        sys.stderr.write(why)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
