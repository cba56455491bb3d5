#!/usr/bin/env python3
"""Checks what clang-format cannot: files open with a comment that names them, stay below 600 lines, carry no
unfinished-work marks; and runs clang-format itself where it is installed.

  style.py SRCDIR [CLANG-FORMAT]"""
import pathlib
import re
import subprocess
import sys

FOLDERS = ["lib", "ofp", "ofproto", "dpctl", "vswitchd", "utilities", "tests"]
CAP = 600
TWICE = re.compile(r"\bM(IN|AX)\([^;]*__atomic_load")  # The macros evaluate it twice.
MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def main(root, clang_format):
    errors, sources = [], []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".c", ".h", ".def"):
                continue
            name, text = str(path.relative_to(root)), path.read_text()
            if path.suffix != ".def":
                sources.append(str(path))
                if text.count("\n") > CAP:
                    errors.append(f"{name}: {text.count(chr(10))} lines, the cap is {CAP}: is there a second noun in it?")
            if not text.startswith(f"/* {path.name}"):
                errors.append(f"{name}: must open with '/* {path.name} - what it is'")
            if MARK.search(text):
                errors.append(f"{name}: carries a mark of unfinished work")
            if TWICE.search(text):
                errors.append(f"{name}: MIN or MAX of an atomic load, which is read twice and may change in between")
    if len(sources) < 30:
        errors.append(f"only {len(sources)} files below {root}: wrong folder?")
    if clang_format:
        run = subprocess.run([clang_format, "--dry-run", "-Werror", "--ferror-limit=3", *sources],
                             capture_output=True, text=True)
        if run.returncode:
            errors.append(run.stderr)
    print("\n".join(errors) if errors else f"{len(sources)} files in style")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
