#!/usr/bin/env python3
"""Checks the arrows of ARCHITECTURE.md by reading every #include.

  layers.py SRCDIR

A file may include headers of its own folder and of the folders that the table allows, nothing
else; some system headers belong to one folder only; `x-private.h` stays in its folder."""
import pathlib
import re
import sys

# folder -> folders it may include, beside itself and lib/ (layer 0).
ARROWS = {
    "lib": [],
    "lib/packet": [],
    "lib/io": [],
    "ofp": ["lib/packet"],
    "lib/ct": ["lib/packet"],
    "lib/dp": ["lib/packet", "lib/ct", "lib/io"],
    "lib/dp/user": ["lib/dp", "lib/dp/port", "lib/packet", "lib/ct", "lib/io"],
    "lib/dp/kernel": ["lib/dp", "lib/packet", "lib/ct", "lib/io"],
    "lib/dp/port": ["lib/dp", "lib/packet", "lib/io"],
    "ofproto": ["ofproto/conn", "ofproto/xlate", "ofproto/table", "lib/dp", "ofp", "lib/packet",
                "lib/ct", "lib/io"],
    "ofproto/conn": ["ofp", "lib/packet", "lib/io"],
    "ofproto/xlate": ["ofproto/table", "lib/dp", "ofp", "lib/packet"],
    "ofproto/table": ["ofp", "lib/packet"],
    "dpctl": ["lib/dp", "ofp", "lib/packet"],
    "vswitchd": ["dpctl", "ofproto", "ofproto/conn", "lib/dp", "ofp", "lib/packet", "lib/ct", "lib/io"],
    "utilities": ["dpctl", "ofp", "lib/packet", "lib/io"],
}
# dp.c forwards to the executors by class.h alone; userspace.c opens one, and userspace_events.c waits for it.
# The slow path runs what the kernel cannot by the other executor's code.
EXTRA = {"lib/dp/userspace.c": ["lib/dp/user", "lib/dp/port"], "lib/dp/userspace_events.c": ["lib/dp/user"],
         "lib/dp/kernel/slow.c": ["lib/dp/user"]}
# system header (prefix) -> the folders that may use it
OWNED = {
    "event2/": ["lib/io"],
    "openssl/": ["lib/io"],
    "libmnl/": ["lib/io", "lib/dp/kernel"],
    "pcap": ["lib/dp/port", "utilities"],
    "bpf/": ["lib/dp/port"],
    "cap-ng.h": ["vswitchd"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def check(root):
    errors, n = [], 0
    for folder, allowed in ARROWS.items():
        for path in sorted((root / folder).glob("*.[ch]")) + sorted((root / folder).glob("*.def")):
            n += 1
            name = str(path.relative_to(root))
            may = {folder, "lib", *allowed, *EXTRA.get(name, [])}
            for own, system in INCLUDE.findall(path.read_text()):
                if own:
                    target = str(pathlib.PurePosixPath(own).parent)
                    if not (root / own).exists():
                        errors.append(f"{name}: includes {own}: write its path from the root")
                    elif target not in may:
                        errors.append(f"{name}: includes {own}, but {folder} may not include {target}")
                    elif own.endswith("-private.h") and target != folder:
                        errors.append(f"{name}: includes {own}, which is private to {target}")
                for prefix, owners in OWNED.items():
                    if system.startswith(prefix) and folder not in owners:
                        errors.append(f"{name}: includes <{system}>, which only {', '.join(owners)} may")
    if n < 30:
        errors.append(f"only {n} files read below {root}: wrong folder?")
    return errors, n


if __name__ == "__main__":
    found, count = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else f"{count} files, every arrow points downwards")
    sys.exit(bool(found))
