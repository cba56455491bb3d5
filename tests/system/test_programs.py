"""test_programs - what people run, through address translation: DNS, SSH, HTTP, SCTP, traceroute, path MTU, a balancer."""
import os
import pathlib
import re
import shutil
import subprocess

from sluice import Failure, Skip, wait_for
from system.test_firewall import connect, serve
from system.test_nat import conns, mac_of, nat_hosts

USRSCTP = pathlib.Path("/usr/lib/usrsctp")

def need(program, package):
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        raise Skip(f"no {program} (Debian: {package})")
    return found

# ---- DNS ----

def test_dns(env):
    """Questions by UDP and TCP, to the server and to its virtual address; an answer too large for UDP is asked for by TCP."""
    dnsmasq, dig = need("dnsmasq", "dnsmasq-base"), need("dig", "bind9-dnsutils")
    daemon, h1, h2 = nat_hosts(env)
    strings = ",".join(f"{i:0200}" for i in range(9))
    env.background(h2.popen(dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=root",
                            "--bind-interfaces", "--listen-address=10.1.1.2", "--listen-address=fc00::2", "--address=/a.test/192.0.2.7",
                            f"--txt-record=long.test,{strings}", stderr=subprocess.DEVNULL))
    wait_for("the server", lambda: "10.1.1.2:53 " in h2.run("ss", "-lun"))

    def ask(server, *argv):
        return h1.run(dig, "+short", "+time=3", "+tries=2", f"@{server}", *argv).strip()

    for server in "10.1.1.2", "10.1.1.64", "fc00::2":
        for _ in range(5):
            assert ask(server, "a.test") == "192.0.2.7"
        assert conns(daemon, "udp", "dport=53)"), daemon.conntrack()
    for server in "10.1.1.2", "fc00::2":
        assert ask(server, "+tcp", "a.test") == "192.0.2.7"
        daemon.appctl("dpctl/flush-conntrack")
        assert ask(server, "+bufsize=600", "long.test", "TXT").count('"') == 18
        assert conns(daemon, "udp", "dport=53)") and conns(daemon, "tcp", "dport=53)"), daemon.conntrack()

# ---- SSH ----

SSHD = """
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
PermitRootLogin yes
UsePAM no
PidFile none
ListenAddress 10.1.1.2
ListenAddress fc00::2
"""

def test_ssh(env):
    """A megabyte there and back, and a session that says something, rests, and says more."""
    sshd, ssh = need("sshd", "openssh-server"), need("ssh", "openssh-client")
    daemon, h1, h2 = nat_hosts(env)
    for name in "host", "user":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", env.folder / name], check=True)
    (env.folder / "sshd_config").write_text(SSHD.format(folder=env.folder))
    rest = pathlib.Path("/run/sshd")  # It wants that folder, empty.
    made = not rest.exists()
    rest.mkdir(exist_ok=True)
    try:
        env.background(h2.popen(sshd, "-D", "-f", env.folder / "sshd_config", stderr=subprocess.DEVNULL))
        wait_for("the server", lambda: "10.1.1.2:22 " in h2.run("ss", "-ltn"))
        to = [ssh, "-F", "none", "-q", "-i", env.folder / "user", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=/dev/null",
              "-o", "StrictHostKeyChecking=no", "-o", "ConnectTimeout=10"]
        text = "0123456789abcde\n" * 65536
        for address in "10.1.1.2", "fc00::2":
            assert h1.run(*to, f"root@{address}", "cat", input=text) == text
        session = env.background(h1.popen(*to, "root@10.1.1.2", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for line in "first\n", "second\n":
            session.stdin.write(line)
            session.stdin.flush()
            assert session.stdout.readline() == line
        session.stdin.close()
        assert session.wait(20) == 0
    finally:
        if made:
            rest.rmdir()
    assert conns(daemon, "tcp", "dst=10.1.1.240,sport=22,"), daemon.conntrack()

# ---- HTTP ----

HTTPD = """
import functools, http.server, socket, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_message = lambda *a: None
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
s = Server(("::", 8080), functools.partial(Handler, directory=sys.argv[1]))
print("ready", flush=True)
s.serve_forever()
"""

def test_http_keep_alive(env):
    """Many requests on one connection, to a virtual server."""
    curl = need("curl", "curl")
    daemon, h1, h2 = nat_hosts(env)
    (env.folder / "file").write_bytes(bytes(range(256)) * 1000)
    server = env.background(h2.popen("/usr/bin/python3", "-c", HTTPD, env.folder, stdout=subprocess.PIPE, text=True))
    if server.stdout.readline().strip() != "ready":
        raise Failure("no HTTP server")
    for host, real in ("10.1.1.64", "10.1.1.2"), ("[fc00::64]", "fc00::2"):
        argv = [a for _ in range(20) for a in ("-o", "/dev/null", f"http://{host}/file")]
        out = h1.run(curl, "-s", "-m", "20", "-w", "%{num_connects} %{http_code} %{size_download}\n", *argv).splitlines()
        assert out == ["1 200 256000"] + ["0 200 256000"] * 19, out
        assert len([c for c in conns(daemon, "tcp", "sport=8080,") if f"src={real}," in c]) == 1, daemon.conntrack()

# ---- SCTP ----

# Where the kernel has SCTP it answers what is meant for a stack of userspace with ABORT, so there its own two talk.
SCTP_ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
s.bind(("0.0.0.0", 7))
s.listen()
print("ready", flush=True)
c = s.accept()[0]
while data := c.recv(1000):
    c.sendall(data)
"""
SCTP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
s.settimeout(60)
s.connect((sys.argv[1], int(sys.argv[2])))
for line in sys.stdin:
    s.sendall(line.encode())
    print(s.recv(1000).decode(), end="", flush=True)
"""

def sctp_programs():
    """An echo server's command and a client's, which sends lines and says what comes back."""
    if pathlib.Path("/proc/sys/net/sctp").is_dir():
        return [["/usr/bin/python3", "-c", program] for program in (SCTP_ECHO, SCTP_CLIENT)]
    if not USRSCTP.is_dir():
        raise Skip("no usrsctp programs (Debian: libusrsctp-examples)")
    return [USRSCTP / "echo_server"], ["stdbuf", "-oL", USRSCTP / "client"]

def test_sctp(env):
    """Two stacks of SCTP talk by address translation; their association shows its state and tags."""
    echo, client = sctp_programs()
    daemon, h1, h2 = nat_hosts(env)
    server = env.background(h2.popen(*echo, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
    if echo[0] == "/usr/bin/python3" and server.stdout.readline().strip() != "ready":
        raise Failure("no server")
    client = env.background(h1.popen("timeout", 90, *client, "10.1.1.2", "7", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True))
    for line in "over there\n", "and again\n":
        client.stdin.write(line)
        client.stdin.flush()
        while line.strip() not in (said := client.stdout.readline()):
            if not said:
                raise Failure("the client has ended\n" + "\n".join(daemon.conntrack()))
    shown = conns(daemon, "sctp", "dst=10.1.1.240,")
    assert len(shown) == 1 and re.search(r"state=ESTABLISHED,vtag_orig=\d+,vtag_reply=\d+", shown[0]), shown

# ---- routers ----

def behind(env, h1, h2, v6=False):
    """A host behind h2, by a link of 1300 bytes, which both of its ends know: a veth drops frames beyond what its end takes
    and tells nobody, unless it is many at once.  What h3 says to its peers is as much as Ethernet carries, so that
    theirs come to the router too big."""
    h3 = env.netns("h3")
    h2.ips(f"link add eth1 type veth peer name eth0 netns {h3.name}", "link set eth1 mtu 1300 up",
           "addr add 10.2.2.1/24 dev eth1", "addr add fc02::1/64 dev eth1 nodad")
    h3.ips("link set eth0 mtu 1300 up", "addr add 10.2.2.3/24 dev eth0", "addr add fc02::3/64 dev eth0 nodad",
           "route add default via 10.2.2.1 advmss 1440", "route add default via fc02::1 advmss 1440")
    h1.ips("route add 10.2.2.0/24 via 10.1.1.2", "route add fc02::/64 via fc00::2")
    h2.sysctl("ipv4/ip_forward", 1)
    h2.sysctl("ipv6/conf/all/forwarding", 1)
    return h3

def test_traceroute(env):
    """Each hop's complaint comes to who asked, whatever he asks with."""
    traceroute = need("traceroute", "traceroute")
    daemon, h1, h2 = nat_hosts(env)
    behind(env, h1, h2)
    for far, near in ("10.2.2.3", "10.1.1.2"), ("fc02::3", "fc00::2"):
        for how in ("-U",), ("-I",), ("-T", "-p", "81"), ():
            out = h1.run(traceroute, *how, "-n", "-q", "1", "-w", "5", "-m", "5", far)
            hops = [line.split()[1] for line in out.splitlines()[1:]]
            assert hops == [near, far], f"{how}: {out}"

def test_path_mtu(env):
    """A router's "too big" about translated packets reaches their sender, who sends smaller ones from then on."""
    daemon, h1, h2 = nat_hosts(env)
    h3 = behind(env, h1, h2)
    for address in "10.2.2.3", "fc02::3":
        serve(env, h3, address, 80)
        assert connect(h1, address, 80, size=500000)
        assert "mtu 1300" in h1.ip("route", "get", address), h1.ip("route", "get", address)

# ---- a balancer ----

ASK = """
import socket, sys
for i in range(64):
    said = []
    for _ in range(3):
        c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        c.settimeout(5)
        c.bind((f"10.1.1.{100 + i}", 0))
        c.connect(("10.1.1.64", 53))
        for _ in range(2):
            c.send(b"who")
            said.append(c.recv(100).decode())
    print(*said)
"""
ANSWER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answer from the address that was asked.
s.bind(("0.0.0.0", 53))
print("ready", flush=True)
while True:
    data, control, _, peer = s.recvmsg(100, 100)
    s.sendmsg([socket.inet_ntoa(control[0][2][8:12]).encode()], [(socket.IPPROTO_IP, 8, bytes(4) + control[0][2][8:12] + bytes(4))], 0, peer)
"""

def test_group_balance(env):
    """A select group before four servers: each gets its share, and a client the same one whenever it comes."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    for last in range(10, 14):
        h2.ip("addr", "add", f"10.1.1.{last}/24", "dev", "eth0")
    for last in range(100, 164):
        h1.ip("addr", "add", f"10.1.1.{last}/32", "dev", "eth0")
    h1.ip("neigh", "replace", "10.1.1.64", "lladdr", mac_of(h2), "dev", "eth0")
    buckets = ",".join(f"bucket=weight:1,actions=ct(commit,table=2,nat(dst=10.1.1.{last}))" for last in range(10, 14))
    daemon.tool("ofctl", "-O", "OpenFlow15", "add-group", "br0", f"group_id=1,type=select,selection_method=hash,fields(ip_src),{buckets}")
    daemon.add_flows("br0", """
priority=100,arp,actions=NORMAL
priority=10,in_port=1,ip,actions=ct(table=1,nat)
priority=10,in_port=2,ip,actions=ct(table=3,nat)
table=1,ct_state=+new+trk,ip,nw_dst=10.1.1.64,actions=group:1
table=1,ct_state=+est+trk,ip,actions=2
table=2,ip,actions=2
table=3,ct_state=+est+trk,ip,actions=1
""")
    server = env.background(h2.popen("/usr/bin/python3", "-c", ANSWER, stdout=subprocess.PIPE, text=True))
    if server.stdout.readline().strip() != "ready":
        raise Failure("no server")
    said = [line.split() for line in h1.run("/usr/bin/python3", "-c", ASK).splitlines()]
    assert len(said) == 64 and all(len(answers) == 6 for answers in said), said
    assert all(len(set(answers)) == 1 for answers in said), [answers for answers in said if len(set(answers)) > 1]
    counts = {address: sum(answers[0] == address for answers in said) for address in {answers[0] for answers in said}}
    assert set(counts) == {f"10.1.1.{last}" for last in range(10, 14)} and min(counts.values()) >= 6, counts
