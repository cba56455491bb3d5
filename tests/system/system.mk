# System tests: tests/system/test_*.py, run by tests/system/run.py.
SYSTEM_TESTS += tests/system/__init__.py tests/system/run.py tests/system/datapaths.py
SYSTEM_TESTS += \
	tests/system/test_afpacket.py \
	tests/system/test_afxdp.py \
	tests/system/test_alg.py \
	tests/system/test_controller.py \
	tests/system/test_tls.py \
	tests/system/test_mininet.py \
	tests/system/test_bundle.py tests/system/test_burst.py tests/system/test_ct.py \
	tests/system/test_group.py tests/system/test_in_band.py tests/system/test_queue.py \
	tests/system/test_handover.py tests/system/test_ipfix.py \
	tests/system/test_devices.py tests/system/test_encap.py \
	tests/system/test_events.py \
	tests/system/test_exit.py \
	tests/system/test_firewall.py \
	tests/system/test_flood.py tests/system/test_fuzz.py \
	tests/system/test_kernel_conns.py tests/system/test_kernel_dpctl.py \
	tests/system/test_kernel.py \
	tests/system/test_nat.py \
	tests/system/test_programs.py \
	tests/system/test_nf_conntrack.py \
	tests/system/test_osken.py \
	tests/system/test_restart.py \
	tests/system/test_settle.py \
	tests/system/test_slow.py \
	tests/system/test_survive.py \
	tests/system/test_tunnel.py \
	tests/system/test_upgrade.py \
	tests/system/test_user.py
