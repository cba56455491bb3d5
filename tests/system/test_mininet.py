"""test_mininet - Mininet with the switch class of utilities/: pingall without loss, both fail modes, links that go and come."""
import pathlib
import subprocess

from sluice import Skip
from system.test_controller import App

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from functools import partial
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import RemoteController
from mininet.topo import Topo
from sluice_mininet import SluiceSwitch

setLogLevel('warning')
mode = sys.argv[2]


class Chain(Topo):
    # Three switches in a row, hosts at each.
    def build(self):
        switches = [self.addSwitch(f's{n}') for n in (1, 2, 3)]
        for n, switch in enumerate(switches):
            for k in (1, 2):
                self.addLink(self.addHost(f'h{2 * n + k}'), switch)
        self.addLink(switches[0], switches[1])
        self.addLink(switches[1], switches[2])


remote = None if mode == 'standalone' else partial(RemoteController, ip='127.0.0.1', port=6653)
net = Mininet(Chain(), switch=partial(SluiceSwitch, failMode=mode, datapath=sys.argv[3]), controller=remote, autoSetMacs=True)
net.start()
try:
    print('connected', net.waitConnected(timeout=30))
    print('loss', net.pingAll(timeout='5'))
    print('again', net.pingAll(timeout='5'))
    net.configLinkStatus('s2', 's3', 'down')
    print('down', net.ping([net['h1'], net['h6']], timeout='1'))
    net.configLinkStatus('s2', 's3', 'up')
    for _ in range(10):  # The kernel tells of a carrier up to a second late.
        lost = net.ping([net['h1'], net['h6']], timeout='2')
        if not lost:
            break
    print('up', lost)
    print('desc', net['s1'].dpctl('dump-desc').count('s1'))
finally:
    net.stop()
"""


def run(env, mode):
    if subprocess.run(["/usr/bin/python3", "-c", "import mininet"], capture_output=True).returncode:
        raise Skip("mininet is not installed")
    netns = env.netns("mn")
    netns.ip("link", "set", "lo", "up")
    app = App(env, netns) if mode == "secure" else None
    script = env.folder / "topology.py"
    script.write_text(SCRIPT)
    try:
        out = netns.run("env", f"SLUICE_BINDIR={env.build}", "/usr/bin/python3", script,
                        pathlib.Path(__file__).parent.parent.parent / "utilities", mode, env.datapath, timeout=300)
    finally:
        script.unlink()
    said = dict(line.split(" ", 1) for line in out.splitlines() if line.split(" ")[0] in
                ("connected", "loss", "again", "down", "up", "desc"))
    print(f"  {mode}: {said}")
    assert said["connected"] == "True", out
    for what in "loss", "again", "up":
        assert float(said[what]) == 0, f"{what}: {said[what]} % lost\n{out}"
    assert float(said["down"]) > 0 and said["desc"] == "1", out
    if app:
        assert len(set(app.said("^ready"))) == 3, app.said("^ready")


def test_secure(env):
    run(env, "secure")


def test_standalone(env):
    run(env, "standalone")
