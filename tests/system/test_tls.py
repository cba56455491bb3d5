"""test_tls - controllers and clients over TLS: real ones (os-ken, the genuine ovs-ofctl, Python's ssl), who is refused, handshakes
cut short, new certificates without a restart."""
import pathlib
import re
import shutil
import socket
import ssl
import struct
import threading

from authority import Authority, has_openssl
from sluice import Skip, wait_for
from system.test_controller import App

HELLO = bytes.fromhex("0400000800000001")


class Controller:
    """Accepts TLS connections in the switch's namespace, as NAME, and answers HELLO and echo requests."""

    def __init__(self, daemon, authority, name, port=6653, trust="ca", newest=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if newest:
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(authority.path(f"{name}.crt"), authority.path(f"{name}.key"))
        context.load_verify_locations(authority.path(f"{trust}.crt"))
        context.verify_mode = ssl.CERT_REQUIRED
        self.context, self.peers, self.failures, self.bytes = context, 0, 0, b""
        with daemon.netns.inside():
            self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                peer = self.context.wrap_socket(plain, server_side=True)
                self.peers += 1
                peer.sendall(HELLO)
                while data := peer.recv(4096):
                    self.bytes += data
                    for kind, xid in messages(data):
                        if kind == 2:
                            peer.sendall(struct.pack("!BBHI", 4, 3, 8, xid))
            except (ssl.SSLError, OSError):
                self.failures += 1

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # Wakes accept(); close() alone leaves the port taken.
        self.listener.close()


def messages(data):
    while len(data) >= 8:
        _, kind, length, xid = struct.unpack("!BBHI", data[:8])
        yield kind, xid
        data = data[max(length, 8):]


def connected(daemon):
    return daemon.vsctl("--bare", "--columns=is_connected", "list", "controller").strip() == "true"


def log_says(daemon, pattern, seconds=10):
    return wait_for(f"the log to say {pattern}", lambda: re.search(pattern, daemon.log.read_text()), seconds)


def set_up(env):
    if not has_openssl():
        raise Skip("openssl is not installed")
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    authority = Authority(pathlib.Path(daemon.rundir))
    authority.issue("switch")
    authority.issue("controller")
    return daemon, h1, authority


def test_controllers(env):
    """os-ken over TLS; then our own and the genuine ofctl on a passive target."""
    daemon, h1, authority = set_up(env)
    daemon.vsctl("set-ssl", *authority.files("switch"))
    assert "Bootstrap: false" in daemon.vsctl("get-ssl")
    key, crt, ca = authority.files("controller")
    app = App(env, daemon.netns, 6655, "--ofp-ssl-listen-port", "6653", "--ctl-privkey", key, "--ctl-cert", crt, "--ca-certs", ca)
    daemon.vsctl("set-controller", "br0", "ssl:127.0.0.1:6653", "pssl:6654")
    app.wait("^ready")
    wait_for("ping through the controller", lambda: h1.ping("10.1.1.2") == 1)
    target = "ssl:127.0.0.1:6654"
    big = "".join(f"table=3,priority=5,ip,nw_src=10.{i >> 8}.{i & 255}.1,actions=output:2\n" for i in range(5000))
    daemon.tool("ofctl", "-O", "OpenFlow13", *authority.options("controller"), "add-flows", target, "-", input=big)
    dump = daemon.tool("ofctl", "-O", "OpenFlow13", *authority.options("controller"), "dump-flows", target, "table=3")
    assert dump.count("table=3,") == 5000, dump.count("table=3,")
    if shutil.which("ovs-ofctl"):
        theirs = daemon.netns.run("ovs-ofctl", "-O", "OpenFlow13", *authority.options("controller"), "dump-flows", target, "table=3")
        assert theirs.count("table=3,") == 5000, theirs.count("table=3,")
    bad = daemon.tool("ofctl", "-O", "OpenFlow13", "show", target, check=False)
    assert bad.returncode == 1 and "private key" in bad.stderr, bad
    plain = daemon.tool("ofctl", "-O", "OpenFlow13", "show", "tcp:127.0.0.1:6654", check=False, timeout=30)
    assert plain.returncode == 1, plain
    daemon.vsctl("del-ssl")
    assert daemon.vsctl("get-ssl") == ""
    refused = daemon.tool("ofctl", "-O", "OpenFlow13", *authority.options("controller"), "show", target, check=False)
    assert refused.returncode == 1, refused
    log_says(daemon, "refused: TLS needs a private key")


def test_refused_logged_retried(env):
    """A controller that the switch does not trust, one whose certificate has expired, one who knows no TLS newer than 1.1, one who
    hangs up in the middle of the handshake: each is refused and logged, tried again, and the right one then gets through."""
    daemon, h1, authority = set_up(env)
    other = Authority(pathlib.Path(daemon.rundir), "other")
    other.issue("stranger")
    authority.issue("expired", days="-1")
    daemon.vsctl("set-ssl", *authority.files("switch"))
    daemon.vsctl("set-controller", "br0", "ssl:127.0.0.1:6653", "--", "set", "controller", "br0", "max_backoff=1000")
    for name, why in ("stranger", "certificate verify failed: (self-signed|unable to get)"), ("expired", "certificate has expired"):
        controller = Controller(daemon, authority, name)
        log_says(daemon, rf"ssl:127.0.0.1:6653: TLS: .*{why}")
        wait_for("a second try", lambda: controller.failures >= 2)
        assert not connected(daemon)
        controller.close()
    old = Controller(daemon, authority, "controller", newest=ssl.TLSVersion.TLSv1_1)
    log_says(daemon, r"ssl:127.0.0.1:6653: TLS: .*(protocol version|unsupported protocol)")
    wait_for("a second try of TLS 1.1", lambda: old.failures >= 2)
    assert not connected(daemon) and not old.peers
    old.close()
    # Cut: after the first bytes of the handshake.
    with daemon.netns.inside():
        cutter = socket.create_server(("127.0.0.1", 6653))
    for _ in range(2):
        peer, _ = cutter.accept()
        assert peer.recv(1)
        peer.close()
    cutter.close()
    log_says(daemon, r"TLS: the peer ended the connection during the handshake|Connection reset")
    # Mute: it accepts, and says nothing; the switch gives up by itself.
    with daemon.netns.inside():
        mute = socket.create_server(("127.0.0.1", 6653))
    peers = [mute.accept()[0] for _ in range(2)]
    mute.close()
    for peer in peers:
        peer.close()
    right = Controller(daemon, authority, "controller")
    wait_for("the right one to get through", lambda: connected(daemon))
    assert right.peers == 1 and right.bytes[:2] == b"\x06\x00", right.bytes[:8]
    right.close()


def test_new_certificates(env):
    """Certificates are replaced on disk: the next connection has the new ones, nothing is restarted, the old connection stays."""
    daemon, h1, authority = set_up(env)
    daemon.vsctl("set-ssl", *authority.files("switch"))
    daemon.vsctl("set-controller", "br0", "pssl:6654")

    def serial():
        out = daemon.netns.run("openssl", "s_client", "-connect", "127.0.0.1:6654", "-cert", authority.path("controller.crt"), "-key",
                               authority.path("controller.key"), input="", check=False)
        pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", out.stdout, re.S)
        return pem and pem[0]

    first = wait_for("the listener", serial)
    authority.issue("switch")
    second = wait_for("the new certificate", lambda: (now := serial()) and now != first and now, 20)
    assert second != first
    log_says(daemon, "new TLS files are in use")
    daemon.tool("ofctl", "-O", "OpenFlow13", *authority.options("controller"), "show", "ssl:127.0.0.1:6654")


def test_bootstrap(env):
    """The first controller's CA is taken, and no other later."""
    daemon, h1, authority = set_up(env)
    chain = pathlib.Path(authority.path("controller.crt"))
    chain.write_text(chain.read_text() + pathlib.Path(authority.path("ca.crt")).read_text())
    learned = pathlib.Path(daemon.rundir) / "learned.crt"
    key, crt, _ = authority.files("switch")
    daemon.vsctl("--bootstrap", "set-ssl", key, crt, learned)
    daemon.vsctl("set-controller", "br0", "ssl:127.0.0.1:6653", "--", "set", "controller", "br0", "max_backoff=1000")
    controller = Controller(daemon, authority, "controller")
    wait_for("the connection after the CA was learned", lambda: connected(daemon))
    assert learned.read_text() == pathlib.Path(authority.path("ca.crt")).read_text()
    controller.close()
