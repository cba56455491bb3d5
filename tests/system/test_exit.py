"""test_exit - what the daemon leaves behind: everything a restart needs, or nothing."""
import json
import re
import signal

from sluice import wait_for

ADDRESS = "10.1.1.254"


def devices(netns):
    """Name to IPv4 address or None."""
    links = json.loads(netns.ip("-j", "addr", "show"))
    return {link["ifname"]: next((a["local"] for a in link["addr_info"] if a["family"] == "inet"), None) for link in links}


def drops(netns, device):
    """Is a frame for 'device' kept from the host's own stack?"""
    return bool(re.search(r"ingress|clsact", netns.run("tc", "qdisc", "show", "dev", device)))


def start(env):
    """br0 with an address on its LOCAL port, an internal port with another, and a host behind p1."""
    daemon = env.daemon(options=["--pidfile"])
    h1, _ = env.two_hosts(daemon)
    daemon.vsctl("add-port", "br0", "int0", "--", "set", "interface", "int0", "type=internal")
    sw = daemon.netns
    sw.ip("addr", "add", f"{ADDRESS}/24", "dev", "br0")
    sw.ip("addr", "add", "10.9.9.9/24", "dev", "int0")
    for device in ("br0", "int0"):
        sw.ip("link", "set", device, "up")
    serves(daemon, h1)
    assert drops(sw, "p1") == (env.datapath == "netdev")  # The kernel datapath takes frames before the host's stack.
    return daemon, sw, h1


def serves(daemon, h1):
    daemon.add_flows("br0", "actions=NORMAL\n")
    wait_for("an answer from LOCAL", lambda: h1.ping(ADDRESS, wait=1))


def sockets(daemon):
    return sorted(path.name for path in daemon.rundir.iterdir() if path.is_socket() or path.suffix == ".pid")


def leaves_all(env, end):
    daemon, sw, h1 = start(env)
    mac = sw.ip("-br", "link", "show", "br0").split()[2]
    end(daemon)
    assert daemon.process.wait(20) == 0
    found = devices(sw)
    assert found["br0"] == ADDRESS and found["int0"] == "10.9.9.9", found
    assert {"p1", "p2"} <= set(found), found
    assert not drops(sw, "p1") and not drops(sw, "p2")
    assert sockets(daemon) == [], sockets(daemon)
    daemon.start()
    assert daemon.vsctl("list-ports", "br0").split() == ["int0", "p1", "p2"]
    serves(daemon, h1)
    found = devices(sw)
    assert found["br0"] == ADDRESS and found["int0"] == "10.9.9.9", found
    assert sw.ip("-br", "link", "show", "br0").split()[2] == mac


def test_sigterm(env):
    leaves_all(env, lambda daemon: daemon.process.send_signal(signal.SIGTERM))


def test_exit(env):
    leaves_all(env, lambda daemon: daemon.appctl("exit"))


def test_exit_cleanup(env):
    daemon, sw, h1 = start(env)
    daemon.appctl("exit", "--cleanup")
    assert daemon.process.wait(20) == 0
    found = devices(sw)
    assert not {"br0", "int0"} & set(found), found
    assert {"p1", "p2"} <= set(found), found
    assert not drops(sw, "p1") and not drops(sw, "p2")
    assert sockets(daemon) == [], sockets(daemon)
    # The configuration is the user's: it is made again from it.
    daemon.start()
    assert {"br0", "int0"} <= set(devices(sw))
    sw.ip("addr", "add", f"{ADDRESS}/24", "dev", "br0")
    sw.ip("link", "set", "br0", "up")
    h1.ip("neigh", "flush", "all")  # The new device has an address of its own.
    serves(daemon, h1)


def test_del_br(env):
    daemon, sw, h1 = start(env)
    daemon.vsctl("add-br", "br1", "--", "set", "bridge", "br1", f"datapath_type={env.datapath}")
    daemon.vsctl("del-br", "br0")
    found = devices(sw)
    assert not {"br0", "int0"} & set(found) and "br1" in found, found
    assert {"p1", "p2"} <= set(found), found
    assert not drops(sw, "p1") and not drops(sw, "p2")
    assert not [name for name in sockets(daemon) if name.startswith("br0.")], sockets(daemon)
    daemon.vsctl("del-br", "br1")  # The last one takes the datapath with it.
    assert "br1" not in devices(sw)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(20) == 0
    daemon.start()
    assert daemon.vsctl("list-br") == ""
    assert not {"br0", "br1", "int0"} & set(devices(sw))


def test_mac_and_mtu(env):
    """Interface.mac of an internal port and mtu_request reach the device."""
    daemon = env.daemon()
    env.two_hosts(daemon)
    daemon.vsctl("set", "interface", "br0", 'mac="02:11:22:33:44:55"', "mtu_request=1400", "--",
                 "set", "interface", "p1", "mtu_request=1300")
    link = daemon.netns.ip("link", "show", "br0")
    assert "02:11:22:33:44:55" in link and "mtu 1400" in link, link
    assert "mtu 1300" in daemon.netns.ip("link", "show", "p1")


def test_fragment_handling_is_the_switchs(env):
    """What one connection sets, another sees."""
    daemon = env.daemon()
    env.two_hosts(daemon)
    daemon.ofctl("set-frags", "br0", "nx-match")
    assert daemon.ofctl("get-frags", "br0").strip() == "nx-match"
