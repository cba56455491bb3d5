"""encryption - section 6.3.4: connections to controllers by TLS."""
import pathlib
import socket
import ssl

from authority import Authority, has_openssl
from conformance.cases import Skip, must
from openflow import ECHO_REPLY, ECHO_REQUEST, HELLO, Peer, hello, msg, sh

FOLDER = pathlib.Path(".").absolute()


def authority(name="ca"):
    if not has_openssl():
        raise Skip("openssl is not installed")
    return Authority(FOLDER, name)


class Controller:
    """A listener with a certificate; it trusts what 'trust' has signed."""

    def __init__(self, certificate, trust="ca"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(FOLDER / f"{certificate}.crt", FOLDER / f"{certificate}.key")
        self.context.load_verify_locations(FOLDER / f"{trust}.crt")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(10)

    def accept(self):
        """The switch, which has shown its certificate; with the first byte it is sure of ours."""
        plain, _ = self.listener.accept()
        plain.settimeout(10)
        return Peer(self.context.wrap_socket(plain, server_side=True))


def call(controller):
    """The switch is told to call, with key and certificate of its own, and what it is to trust."""
    sh(f"sluice-vsctl set-ssl {FOLDER}/switch.key {FOLDER}/switch.crt {FOLDER}/ca.crt")
    sh(f"sluice-vsctl set-controller br0 ssl:127.0.0.1:{controller.listener.getsockname()[1]}")


def hang_up():
    sh("sluice-vsctl del-controller br0 -- del-ssl")


def is_refused(controller):
    try:
        return controller.accept().recv() is None
    except (ssl.SSLError, OSError):
        return True


@must("6.3.4", "The switch initiates the TLS connection; both show certificates; HELLO and messages go by it")
def _(s):
    ca = authority()
    for name in "switch", "controller":
        ca.issue(name)
    controller = Controller("controller")
    try:
        call(controller)
        c = controller.accept()
        assert c.recv().kind == HELLO and c.sock.getpeercert()["subject"] == ((("commonName", "switch"),),)
        c.send(hello(4), msg(ECHO_REQUEST, b"x", xid=3))
        m = c.recv()
        assert (m.kind, m.xid, m.body) == (ECHO_REPLY, 3, b"x")
    finally:
        hang_up()


@must("6.3.4", "A controller whose certificate is not of the authority that the switch is configured with is refused")
def _(s):
    ca, other = authority(), authority("other")
    ca.issue("switch")
    other.issue("stranger")
    controller = Controller("stranger")
    try:
        call(controller)
        assert is_refused(controller)
    finally:
        hang_up()


@must("6.3.4", "A controller without TLS at that address is refused, and no OpenFlow message is sent to it in the clear")
def _(s):
    authority().issue("switch")
    controller = Controller("switch")
    try:
        call(controller)
        plain, _ = controller.listener.accept()
        plain.settimeout(10)
        plain.sendall(hello(4) + hello(4))
        got = b""
        try:
            while data := plain.recv(4096):
                got += data
        except OSError:
            pass
        assert got[:1] == b"\x16" and hello(4)[:4] not in got, got[:16]
    finally:
        hang_up()
