#!/usr/bin/env python3
"""Adds up what the suites of a build folder reported, and closes with `N passed, N failed, N skipped`.

  count.py BUILDDIR...

Reads automake's *.trs files, Autotest's testsuite.log and the system tests' results.  Status 1 if anything failed
or if a suite left no results."""
import pathlib
import re
import sys


def automake(build):
    passed = failed = skipped = 0
    for trs in build.glob("tests/**/*.trs"):
        result = re.search(r":test-result: (\w+)", trs.read_text())
        word = result[1] if result else "FAIL"
        # A cmocka program counts by its own test functions.
        log = trs.with_suffix(".log")
        text = log.read_text(errors="replace") if log.exists() else ""
        n = len(re.findall(r"^\[       OK \]", text, re.M))
        bad = len(re.findall(r"^\[  FAILED  \] \w+$", text, re.M))
        if word == "SKIP":
            skipped += 1
        elif word == "PASS":
            passed += max(n, 1)
        else:
            passed += n
            failed += max(bad // 2, 1)
    return passed, failed, skipped


def autotest(build):
    log = build / "tests/testsuite.log"
    if not log.exists():
        return 0, 0, 0
    text = log.read_text(errors="replace")
    ok = len(re.findall(r"^\s*\d+\. .*: ok\s", text, re.M)) or len(re.findall(r" ok +\(", text))
    bad = len(re.findall(r"^\s*\d+\. .*: FAILED ", text, re.M))
    skip = len(re.findall(r"^\s*\d+\. .*: skipped ", text, re.M))
    return ok, bad, skip


def system(build):
    words = []
    for results in build.glob("tests/system-results*"):
        words += [line.split()[0] for line in results.read_text().splitlines() if line.strip()]
    return words.count("ok"), words.count("FAILED"), words.count("skipped")


def main(folders):
    total = [0, 0, 0]
    missing = False
    for folder in map(pathlib.Path, folders):
        for suite in (automake, autotest, system):
            counts = suite(folder)
            missing |= suite is automake and not any(counts)
            total = [a + b for a, b in zip(total, counts)]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return bool(total[1]) or missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
