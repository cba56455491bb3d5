"""test_restart - the daemon is killed while flows and configuration are being changed, again and again: it starts each
time, with every transaction that was acknowledged, and none by half."""
import re
import threading
import time

from sluice import Daemon, Failure, wait_for

KILLS = 20


class Writer(threading.Thread):
    """Adds and deletes bridges, each in one transaction with a port and an external id; 'sure' is what was acknowledged,
    'doubtful' what was asked when the daemon died."""

    def __init__(self, daemon, number, sure):
        super().__init__()
        self.daemon, self.number, self.sure, self.doubtful, self.n = daemon, number, sure, None, 0
        self.refused = None

    def run(self):
        while True:
            self.n += 1
            name = f"b{self.number}x{self.n % 7}"
            exists = name in self.sure
            if exists:
                words = ["--no-wait", "del-br", name]
            else:
                words = ["--no-wait", "add-br", name, "--", "set", "bridge", name, "datapath_type=dummy", f"external_ids:n={self.n}",
                         "--", "add-port", name, name + "p", "--", "set", "interface", name + "p", "type=dummy"]
            done = self.daemon.vsctl("-t", "5", *words, check=False)
            if done.returncode:
                self.doubtful = name
                if "connection failed" not in done.stderr:
                    self.refused = f"{words}: {done.stderr}"
                return
            if exists:
                del self.sure[name]
            else:
                self.sure[name] = str(self.n)


def change_flows(daemon, stop):
    """Adds and deletes flows until the daemon is gone."""
    text = "\n".join(f"table={n % 8},priority={n},tcp,tcp_dst={n},actions=ct(table={n % 8 + 1})" for n in range(1, 2000))
    while not stop.is_set():
        daemon.ofctl("add-flows", "br0", "-", input=text, check=False)
        daemon.ofctl("del-flows", "br0", check=False)


def configuration(daemon):
    """Bridge -> its external id; a bridge without the rest of its transaction is a failure."""
    found = {}
    for name in daemon.vsctl("list-br").split():
        if name == "br0":
            continue
        ports = daemon.vsctl("list-ports", name).split()
        n = daemon.vsctl("--if-exists", "get", "bridge", name, "external_ids:n", check=False).stdout.strip().strip('"')
        kind = daemon.vsctl("get", "bridge", name, "datapath_type").strip()
        if ports != [name + "p"] or not n or kind != "dummy":
            raise Failure(f"half a transaction: bridge {name} has ports {ports}, external id '{n}', type {kind}")
        found[name] = n
    return found


def test_killed_while_changing(env):
    daemon = env.daemon()
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail_mode=secure")
    sure, n_acknowledged = {}, 0
    for kill in range(KILLS):
        writers = [Writer(daemon, number, {k: v for k, v in sure.items() if k.startswith(f"b{number}x")}) for number in range(2)]
        stop = threading.Event()
        flows = threading.Thread(target=change_flows, args=(daemon, stop))
        for thread in [*writers, flows]:
            thread.start()
        time.sleep(0.15 + 0.02 * kill)  # At another moment each time.
        daemon.kill()
        stop.set()
        for thread in [*writers, flows]:
            thread.join()
        n_acknowledged += sum(w.n - 1 for w in writers)
        daemon.start()
        now = configuration(daemon)
        sure = {}
        for w in writers:
            if w.refused:
                raise Failure(w.refused)
            for name in set(w.sure) | {k for k in now if k.startswith(f"b{w.number}x")}:
                if name != w.doubtful and now.get(name) != w.sure.get(name):
                    raise Failure(f"kill {kill}: bridge {name} is {now.get(name)}, acknowledged was {w.sure.get(name)}; "
                                  f"in doubt was {w.doubtful}")
        sure = now
        if daemon.vsctl("get", "bridge", "br0", "fail_mode").strip() != "secure":
            raise Failure("br0 has lost its fail mode")
        daemon.ofctl("add-flow", "br0", "actions=NORMAL")
        daemon.ofctl("probe", "br0")
    print(f"  {n_acknowledged} transactions acknowledged between {KILLS} kills")
    if n_acknowledged < KILLS:
        raise Failure("hardly anything was changed: the test shows nothing")


def test_flows_and_ports_come_back(env):
    """Traffic after kill -9: ports keep their numbers, the ingress drop is not there twice, the firewall is back."""
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    flows = "arp,actions=NORMAL\nip,actions=ct(table=1)\ntable=1,ct_state=+trk+new,ip,in_port=1,actions=ct(commit),2\n" \
            "table=1,ct_state=+trk+est,ip,actions=NORMAL\n"
    daemon.add_flows("br0", flows)
    assert h1.ping("10.1.1.2", 2) == 2
    numbers = ports(daemon)
    daemon.kill()
    daemon.start()
    assert ports(daemon) == numbers, (ports(daemon), numbers)
    assert h1.ping("10.1.1.2", 2) == 2
    assert h2.ping("10.1.1.1", wait=1) == 0
    filters = daemon.netns.run("tc", "filter", "show", "dev", "p1", "ingress").strip().splitlines()
    daemon.kill()
    daemon.start()
    again = daemon.netns.run("tc", "filter", "show", "dev", "p1", "ingress").strip().splitlines()
    assert len(again) == len(filters), (again, filters)


def ports(daemon):
    return re.findall(r"^ +(\w+)\((\w+)\)", daemon.ofctl("dump-ports-desc", "br0", "--names"), re.M)


def dropped(netns, device):
    return "bpf" in netns.run("tc", "filter", "show", "dev", device, "ingress")


def test_drops_of_ports_that_do_not_come_back(env):
    """A killed daemon's configuration is lost: the next start gives its devices back to the host, but not those of a
    daemon that lives beside it."""
    daemon = env.daemon()
    env.two_hosts(daemon)
    sw = daemon.netns
    sw.ip("link", "add", "p3", "type", "veth", "peer", "name", "q3")
    rundir = env.folder / "other"
    rundir.mkdir()
    other = Daemon(env, sw, rundir)
    env.daemons.append(other)
    other.start()
    other.vsctl("add-br", "br1", "--", "set", "bridge", "br1", f"datapath_type={env.datapath}", "--", "add-port", "br1", "p3")
    daemon.kill()
    (daemon.rundir / "conf.json").unlink()
    assert all(dropped(sw, port) for port in ("p1", "p2", "p3")), "a killed daemon cannot clean up"
    daemon.start()
    assert [port for port in ("p1", "p2", "p3") if dropped(sw, port)] == ["p3"]
    assert "clsact" not in sw.run("tc", "qdisc", "show", "dev", "p1")


def numbers(daemon):
    return dict(line.split() for line in daemon.vsctl("-f", "table", "--columns=name,ofport", "list", "interface").splitlines()[2:])


def test_numbers_wait_for_devices(env):
    """Devices that are made after the daemon has started, in another order, have the OpenFlow numbers that they had."""
    daemon = env.daemon()
    sw = daemon.netns

    def make(*names):
        for name in names:
            sw.ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-peer")

    make("v1", "v2")
    daemon.vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={env.datapath}", "--", "add-port", "br0", "v1", "--",
                 "add-port", "br0", "v2")
    before = numbers(daemon)
    assert {before["v1"], before["v2"]} == {"1", "2"}, before
    daemon.kill()
    for name in "v1", "v2":
        sw.ip("link", "del", name)
    daemon.start()
    assert daemon.vsctl("get", "interface", "v1", "error").strip() == '"could not open network device v1 (No such device)"'
    # A new port takes none of theirs.
    make("v3")
    daemon.vsctl("add-port", "br0", "v3")
    assert numbers(daemon)["v3"] == "3", numbers(daemon)
    for name in "v2", "v1":
        make(name)
        wait_for(f"{name} to be open", lambda: f"({name})" in daemon.ofctl("--names", "dump-ports-desc", "br0"))
    assert numbers(daemon) == before | {"v3": "3"}, numbers(daemon)
