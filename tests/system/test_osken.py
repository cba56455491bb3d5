"""test_osken - applications on os-ken with real traffic: a stateful firewall with Nicira's ct, and one that does all by
os_ken.lib.ofctl_v1_3.  (The learning switch is test_controller's.)"""
import json

from sluice import wait_for
from system.test_controller import App
from system.test_firewall import expect_one_way


def test_stateful_firewall(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    app = App(env, daemon.netns, name="stateful_firewall")
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653")
    app.wait("^ready [0-9a-f]{16}$", 90)
    expect_one_way(env, h1, h2)
    conns = daemon.conntrack()
    assert any(c.startswith("tcp,orig=(src=10.1.1.1,dst=10.1.1.2,") and "zone=7" in c for c in conns), conns
    assert not any("orig=(src=10.1.1.2" in c for c in conns), conns
    assert not app.said("^error"), app.said("^error")


def last(app, name):
    """The newest answer of this name: what stands for the one switch there is."""
    lines = app.said(f"^{name} ")
    return next(iter(json.loads(lines[-1][len(name) + 1:]).values())) if lines else None


def test_ofctl(env):
    daemon = env.daemon()
    h1, h2 = env.two_hosts(daemon)
    app = App(env, daemon.netns, name="ofctl_app")
    # While it reads a long answer it answers no echo; on a connection made anew it would begin from the start.
    daemon.vsctl("set-controller", "br0", "tcp:127.0.0.1:6653", "--", "set", "controller", "br0", "inactivity_probe=0")
    app.wait("^ready", 90)
    wait_for("ping through group and meter", lambda: h1.ping("10.1.1.2") == 1)
    assert h1.ping("10.1.1.2", 5) == 5
    assert "ttl=64" in h1.run("ping", "-c", 1, "10.1.1.2")  # The way back has no group.

    def counted():
        groups, meters, flows = last(app, "group_stats"), last(app, "meter_stats"), last(app, "flow_stats")
        group = {g["group_id"]: g["packet_count"] for g in groups or []}
        flow = [f["packet_count"] for f in flows or [] if f["match"].get("in_port") == 1]
        meter = [m["packet_in_count"] for m in meters or []]
        return group.get(1, 0) >= 7 and [group[1]] == flow == meter and group[2] == group[1]
    wait_for("group, meter and flow to have counted the same", counted, 60)
    # Beyond the rate: 20 packets a second.
    h1.run("ping", "-q", "-c", 200, "-i", "0.002", "-W", 1, "10.1.1.2", check=False)
    wait_for("the band to drop", lambda: last(app, "meter_stats")[0]["band_stats"][0]["packet_band_count"] > 50, 60)
    for name in ("desc_stats", "aggregate_flow_stats", "table_stats", "table_features", "port_stats", "port_desc", "group_desc",
                 "group_features", "meter_config", "meter_features"):
        assert last(app, name), f"{name}: {app.said('^' + name)[-1:]}"
    assert last(app, "meter_config")[0]["bands"][0]["rate"] == 20
    assert {g["type"] for g in last(app, "group_desc")} == {"ALL", "FF"}
    assert not app.said("^error"), app.said("^error")
