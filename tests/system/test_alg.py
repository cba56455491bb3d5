"""test_alg - helpers on real traffic: FTP and TFTP through the firewall and through address translation."""
import pathlib
import shutil
import subprocess

from sluice import Failure, Skip, wait_for
from system.test_nat import mac_of

# Only control connections are let through; their data follows because it is related.
FLOWS = """
priority=100,arp,actions=NORMAL
priority=100,icmp6,icmp_type=135,actions=NORMAL
priority=100,icmp6,icmp_type=136,actions=NORMAL
priority=10,in_port=1,ip,actions=ct(table=1,zone=1,nat)
priority=10,in_port=1,ipv6,actions=ct(table=1,zone=1,nat)
priority=10,in_port=2,ip,actions=ct(table=2,zone=1,nat)
priority=10,in_port=2,ipv6,actions=ct(table=2,zone=1,nat)
table=1,ct_state=+new-rel+trk,tcp,tp_dst=21,actions=ct(commit,zone=1,alg=ftp{nat4},exec(set_field:7->ct_mark)),2
table=1,ct_state=+new-rel+trk,tcp6,tp_dst=21,actions=ct(commit,zone=1,alg=ftp{nat6},exec(set_field:7->ct_mark)),2
table=1,ct_state=+new-rel+trk,udp,tp_dst=69,actions=ct(commit,zone=1,alg=tftp{nat4}),2
table=1,ct_state=+new+rel+trk,actions=ct(commit,zone=1,nat),2
table=1,ct_state=+est+trk,actions=2
table=2,ct_state=+new+rel+trk,actions=ct(commit,zone=1,nat),1
table=2,ct_state=+est+trk,actions=1
"""

SERVER = """
import sys
try:
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer
except ImportError:
    sys.exit("absent")
import logging
logging.disable(logging.CRITICAL)
authorizer = DummyAuthorizer()
authorizer.add_anonymous(sys.argv[1], perm="elrw", msg_login="hello")
FTPHandler.authorizer = authorizer
FTPHandler.permit_foreign_addresses = True
servers = [FTPServer((address, 21), FTPHandler) for address in sys.argv[2:]]
print("ready", flush=True)
servers[0].serve_forever()  # All of them: they share the loop.
"""
CLIENT = """
import ftplib, io, sys
for mode in "passive", "active":
    ftp = ftplib.FTP(timeout=10)
    ftp.connect(sys.argv[1], 21)
    ftp.login()
    ftp.set_pasv(mode == "passive")
    for i in range(3):
        got = io.BytesIO()
        ftp.retrbinary("RETR file", got.write)
        assert got.getvalue() == bytes(range(256)) * 4000, len(got.getvalue())
        assert "file" in ftp.nlst()
    ftp.storbinary("STOR other", io.BytesIO(b"x" * 300000))
    assert ftp.size("other") == 300000
    ftp.quit()
    print(mode)
"""


def serve_ftp(env, host, folder, *addresses):
    server = env.background(host.popen("/usr/bin/python3", "-W", "ignore", "-c", SERVER, folder, *addresses,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    if server.stdout.readline().strip() != "ready":
        said = server.stderr.read().strip()
        if said == "absent":
            raise Skip("no pyftpdlib (Debian: python3-pyftpdlib)")
        raise Failure(f"no FTP server: {said}")


def hosts(env, nat):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon, v6=True)
    nats = {"nat4": ",nat(src=10.1.1.240)", "nat6": ",nat(src=fc00::240)"} if nat else {"nat4": "", "nat6": ""}
    daemon.add_flows("br0", FLOWS.format(**nats))
    if nat:
        for address in ("10.1.1.240", "fc00::240"):
            h2.ip("neigh", "replace", address, "lladdr", mac_of(h1), "dev", "eth0")
    folder = pathlib.Path(daemon.rundir) / "files"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "file").write_bytes(bytes(range(256)) * 4000)
    return daemon, h1, h2, folder


def ftp(env, nat):
    daemon, h1, h2, folder = hosts(env, nat)
    addresses = "10.1.1.2", "fc00::2"
    serve_ftp(env, h2, folder, *addresses)
    for address in addresses:
        done = h1.run("/usr/bin/python3", "-c", CLIENT, address, check=False)
        assert done.stdout.split() == ["passive", "active"], f"{address}: {done.stdout}{done.stderr}\n" + "\n".join(daemon.conntrack())
    assert any("helper=ftp" in c for c in daemon.conntrack()), daemon.conntrack()
    # Data connections have the mark of theirs.
    data = [c for c in daemon.conntrack() if "dport=21," not in c and "sport=21," not in c and c.startswith("tcp,")]
    assert data and all("mark=7" in c for c in data), data


def test_ftp(env):
    ftp(env, nat=False)


def test_ftp_through_nat(env):
    ftp(env, nat=True)


def test_tftp(env):
    if not shutil.which("tftp") or not shutil.which("in.tftpd"):
        raise Skip("no tftp or in.tftpd (Debian: tftp-hpa, tftpd-hpa)")
    for nat in (False, True):
        daemon, h1, h2, folder = hosts(env, nat) if not nat else (daemon, h1, h2, folder)
        if nat:
            daemon.ofctl("del-flows", "br0")
            daemon.add_flows("br0", FLOWS.format(nat4=",nat(src=10.1.1.240)", nat6=""))
            h2.ip("neigh", "replace", "10.1.1.240", "lladdr", mac_of(h1), "dev", "eth0")
        else:
            env.background(h2.popen("in.tftpd", "-L", "-4", "-s", folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for("the server", lambda: ":69 " in h2.run("ss", "-lun"))
        to = folder / "got"
        to.unlink(missing_ok=True)
        h1.run("tftp", "-m", "binary", "10.1.1.2", "-c", "get", "file", to, check=False)
        assert to.exists() and to.read_bytes() == bytes(range(256)) * 4000, daemon.conntrack()
        daemon.appctl("dpctl/flush-conntrack")
