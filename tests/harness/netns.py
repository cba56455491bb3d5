"""netns - network namespaces with hosts in them, and commands that run there.

A system test makes them by Env.netns() (sluice.py), which removes them.  What `ip netns` and nsenter do is done here by system
calls: a test makes three namespaces and runs fifty commands, and half of its time went to processes that did no more."""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
FOLDER = pathlib.Path("/run/netns")  # That of `ip netns`, for who looks by hand.
OWN = "/proc/thread-self/ns/net"
CLONE_NEWNET, MS_BIND, MNT_DETACH = 0x40000000, 0x1000, 2
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Failure(Exception):
    """What was seen is not what was wanted."""


def system_call(name, *argv):
    if getattr(LIBC, name)(*argv):
        raise OSError(ctypes.get_errno(), f"{name}{argv}: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def back_again():
    """What the body does to the thread's network namespace is undone."""
    with open(OWN, "rb") as own:
        try:
            yield
        finally:
            system_call("setns", own.fileno(), CLONE_NEWNET)


class Netns:
    """A network namespace with a host in it."""

    def __init__(self, name):
        self.name, self.path = name, FOLDER / name
        FOLDER.mkdir(exist_ok=True)
        self.path.touch(exist_ok=False)
        with back_again():
            system_call("unshare", CLONE_NEWNET)
            system_call("mount", OWN.encode(), bytes(self.path), None, MS_BIND, None)
            with socket.socket() as s:
                fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))

    @contextlib.contextmanager
    def inside(self):
        """The thread is in the namespace, and what it starts stays there."""
        with back_again():
            with open(self.path, "rb") as f:
                system_call("setns", f.fileno(), CLONE_NEWNET)
            yield

    def run(self, *argv, check=True, timeout=60, **kw):
        """Output of a command; check=False: the CompletedProcess, whatever its status."""
        with self.inside():
            done = subprocess.run([*map(str, argv)], capture_output=True, text=True, timeout=timeout, **kw)
        if check and done.returncode:
            raise Failure(f"{self.name}: {' '.join(map(str, argv))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if check else done

    def popen(self, *argv, **kw):
        with self.inside():
            return subprocess.Popen([*map(str, argv)], **kw)

    def ip(self, *argv):
        return self.run("ip", *argv)

    def ips(self, *commands):
        """Commands of ip, a line each, by one process."""
        self.run("ip", "-batch", "-", input="\n".join(commands) + "\n")

    def sysctl(self, key, value):
        """Sets net/KEY."""
        with self.inside():
            pathlib.Path("/proc/sys/net", key).write_text(f"{value}\n")

    def ping(self, address, count=1, wait=2):
        """How many of 'count' echo requests were answered."""
        done = self.run("ping", "-q", "-c", count, "-i", "0.2", "-W", wait, address, check=False)
        found = re.search(r"(\d+) received", done.stdout)
        return int(found[1]) if found else 0


def close(netnses):
    """Ends the processes that are in them, and removes them."""
    inodes = {os.stat(netns.path).st_ino for netns in netnses}
    for process in pathlib.Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if os.stat(process / "ns/net").st_ino in inodes:
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:  # It has just ended, or is of those that nobody may look into.
            pass
    for netns in netnses:
        system_call("umount2", bytes(netns.path), MNT_DETACH)
        netns.path.unlink()
