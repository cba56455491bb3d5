#!/usr/bin/env python3
"""Every long option that a program's --help prints, every command that it has, and every control command of the
daemon stands in a manual page; and the pages have no other long options.

  manpages.py SRCDIR        run in the build folder"""
import pathlib
import re
import subprocess
import sys

PROGRAMS = {"vswitchd/sluice-vswitchd": "", "utilities/sluice-ofctl": r"^  ([a-z][\w-]+) ",
            "utilities/sluice-vsctl": r"^  ([a-z][\w-]+)(?: |$)", "utilities/sluice-appctl": "",
            "utilities/sluice-dpctl": r"^  ([a-z][\w-]+)(?: |$)"}
OPTION = r"(?<![\w-])--([a-z][a-z-]+)"


def page(srcdir, name):
    """A page's words without its markup."""
    text = (srcdir / f"manpages/{name}.8").read_text()
    return re.sub(r"\\f.|\\", "", text).replace('"', "")


def has_word(text, word):
    return re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", text)


def control_commands(srcdir):
    text = (srcdir / "lib/io/control_builtin.c").read_text()
    found = set(re.findall(r'^    \{"([a-z/-]+)"', text, re.M))
    for path in srcdir.glob("vswitchd/*.c"):
        found |= set(re.findall(r'control_register\(\s*"([a-z/-]+)"', path.read_text()))
    return found


def main(srcdir):
    errors, n = [], 0
    for program, commands in PROGRAMS.items():
        name = pathlib.Path(program).name
        run = subprocess.run([program, "--help"], capture_output=True, text=True)
        text = page(srcdir, name)
        options = set(re.findall(OPTION, run.stdout))
        words = set(re.findall(commands, run.stdout, re.M)) if commands else set()
        if run.returncode or not options or bool(commands) != bool(words):
            errors.append(f"{program} --help: status {run.returncode}, {len(options)} options: {run.stderr}")
        errors += [f"{name}.8 lacks --{o}" for o in sorted(options) if not has_word(text, "--" + o)]
        errors += [f"{name}.8 lacks the command {w}" for w in sorted(words) if not has_word(text, w)]
        n += len(options) + len(words)
    text = page(srcdir, "sluice-appctl")
    commands = control_commands(srcdir)
    if len(commands) < 20:
        errors.append(f"only {len(commands)} control commands found in the sources: {sorted(commands)}")
    errors += [f"sluice-appctl.8 lacks the command {c}" for c in sorted(commands) if not has_word(text, c)]
    print("\n".join(errors) if errors else f"{n + len(commands)} options and commands are described")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
