#!/usr/bin/env python3
"""Checks that the pure folders are pure, by the undefined symbols of their objects.

  purity.py BUILDDIR

No clock, no randomness, no file, no socket: time and randomness come by argument."""
import pathlib
import subprocess
import sys

PURE = ["lib/packet", "ofp", "lib/ct", "lib/dp/user", "ofproto/table", "ofproto/xlate"]
EXEMPT = {"lib/dp/user/worker.o"}  # The worker's loop.
FORBIDDEN = set("""
    clock_gettime gettimeofday time clock nanosleep usleep sleep timerfd_create
    rand random srand srandom drand48 lrand48 getrandom getentropy
    open open64 openat creat fopen fopen64 freopen read write pread pwrite readv writev
    socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg
    fallocate fallocate64 ftruncate ftruncate64 flock fstat ioctl unlink rename mkdir opendir getenv env_refresh env_init env_random env_random_bytes
    event_new event_base_new pthread_create
""".split())


def objects(build, folder):
    return sorted(str(obj.relative_to(build)) for obj in (build / folder).glob("*.o"))


def undefined(build, names):
    """(name, symbols that it wants) of each; nm is started once for all."""
    lines = subprocess.run(["nm", "-u", "-A", *names], cwd=build, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        yield name, [line.split()[-1].split("@")[0] for line in lines if line.startswith(name + ":")]


def main(build):
    errors, n = [], 0
    for folder in PURE:
        names = [name for name in objects(build, folder) if name not in EXEMPT]
        n += len(names)
        for name, used in undefined(build, names) if names else ():
            for symbol in used:
                if symbol.removeprefix("__").removesuffix("_chk") in FORBIDDEN or symbol in FORBIDDEN:
                    errors.append(f"{name}: uses {symbol}, but {folder} is pure")
    if n < 10:
        errors.append(f"only {n} objects found below {build}: build first")
    print("\n".join(errors) if errors else f"{n} objects, all pure")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
