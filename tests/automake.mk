# `make check`: cmocka programs (tests/unit), the checks of the tree, and the Autotest suite, which drives the real
# programs on the dummy datapath.  `make check-system`: real traffic in network namespaces, as root.

include tests/unit/lib.mk
include tests/unit/packet.mk
include tests/unit/fields.mk
include tests/unit/ofp.mk
include tests/unit/acts.mk
include tests/unit/ct.mk
include tests/unit/dp.mk
include tests/unit/ofproto.mk
include tests/unit/io.mk
include tests/gen/gen.mk
include tests/fuzz/fuzz.mk
include tests/bench/bench.mk

TREE_CHECKS = tests/check-layers.sh tests/check-purity.sh tests/check-style.sh tests/check-symbols.sh tests/check-manpages.sh
TESTS += $(TREE_CHECKS)
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = srcdir='$(abs_top_srcdir)' PYTHON3='$(PYTHON3)' CLANG_FORMAT='$(CLANG_FORMAT)'; export srcdir PYTHON3 CLANG_FORMAT;

CHECK_FILES = tests/checks/layers.py tests/checks/purity.py tests/checks/style.py tests/checks/symbols.py tests/checks/manpages.py \
	tests/checks/count.py
EXTRA_DIST += $(TREE_CHECKS) $(CHECK_FILES)

# ---- Autotest ----
TESTSUITE_AT = \
	tests/testsuite.at \
	tests/macros.at \
	tests/daemon.at \
	tests/options.at \
	tests/appctl.at \
	tests/ofctl.at \
	tests/ofctl-text.at \
	tests/ofctl-switch.at \
	tests/ofctl-group.at \
	tests/bundle.at \
	tests/vsctl.at \
	tests/group.at tests/meter.at tests/queue.at tests/monitor.at tests/pipeline.at \
	tests/fields.at \
	tests/messages.at \
	tests/versions.at \
	tests/controller.at tests/packet-in.at tests/in-band.at \
	tests/conntrack.at \
	tests/nat.at \
	tests/restart.at \
	tests/dpctl.at \
	tests/ipfix.at \
	tests/mirror.at \
	tests/table.at \
	tests/clients.at tests/conformance.at \
	tests/trace.at \
	tests/actions.at \
	tests/tunnel.at tests/encap.at
TESTSUITE = $(srcdir)/tests/testsuite
EXTRA_DIST += $(TESTSUITE_AT) $(TESTSUITE) tests/openflow13/sluice-ofctl tests/atlocal.in $(srcdir)/tests/package.m4
HARNESS = tests/harness/sluice.py tests/harness/netns.py tests/harness/edits.py tests/harness/frames.py tests/harness/openflow.py tests/harness/ipfix.py tests/harness/learning_switch.py \
	tests/harness/stateful_firewall.py tests/harness/ofctl_app.py \
	tests/harness/recorder.py tests/harness/capture.py tests/harness/authority.py
EXTRA_DIST += $(HARNESS)
# What the specification says the switch must do: a module a part of it; each leaves tests/conformance-MODULE.txt.
CONFORMANCE = tests/conformance/__init__.py tests/conformance/run.py tests/conformance/cases.py tests/conformance/switch.py \
	tests/conformance/pipeline.py tests/conformance/actions.py tests/conformance/groups.py tests/conformance/channel.py \
	tests/conformance/messages.py tests/conformance/multipart.py tests/conformance/exactness.py \
	tests/conformance/encryption.py
EXTRA_DIST += $(CONFORMANCE)

$(srcdir)/tests/package.m4: $(top_srcdir)/configure.ac
	$(AM_V_GEN){ \
	  echo 'm4_define([AT_PACKAGE_NAME], [$(PACKAGE_NAME)])'; \
	  echo 'm4_define([AT_PACKAGE_TARNAME], [$(PACKAGE_TARNAME)])'; \
	  echo 'm4_define([AT_PACKAGE_VERSION], [$(PACKAGE_VERSION)])'; \
	  echo 'm4_define([AT_PACKAGE_STRING], [$(PACKAGE_STRING)])'; \
	  echo 'm4_define([AT_PACKAGE_BUGREPORT], [$(PACKAGE_BUGREPORT)])'; \
	} >$@.tmp && mv $@.tmp $@

$(TESTSUITE): $(TESTSUITE_AT) $(srcdir)/tests/package.m4
	$(AM_V_GEN)autom4te --language=autotest -I '$(srcdir)/tests' -o $@.tmp $(srcdir)/tests/testsuite.at && mv $@.tmp $@

check-local: tests/atconfig tests/atlocal $(TESTSUITE)
	$(SHELL) '$(TESTSUITE)' -C tests AUTOTEST_PATH="tests/openflow13:vswitchd:$${SLUICE_TEST_TOOLS:+$$SLUICE_TEST_TOOLS:}utilities" -j2 $(TESTSUITEFLAGS)

DISTCLEANFILES += tests/atconfig

clean-local:
	test ! -f '$(TESTSUITE)' || $(SHELL) '$(TESTSUITE)' -C tests --clean
	rm -rf tests/pycache
	rm -f tests/system-results tests/system-results-kernel tests/conformance-*.txt

# ---- cross-checks ----
# Samples against code that is not ours; a peer that is not installed is skipped.
CROSS_FILES = tests/cross/samples.py tests/cross/ovs.py tests/cross/osken.py tests/cross/tshark.py tests/cross/differences.txt tests/cross/lacks.txt
EXTRA_DIST += $(CROSS_FILES)
check-cross: all tests/gen/gen-samples
	@status=0; for peer in ovs osken tshark; do \
	  PYTHONDONTWRITEBYTECODE=1 $(PYTHON3) '$(srcdir)'/tests/cross/$$peer.py '$(abs_top_builddir)' '$(srcdir)'; \
	  case $$? in 0|77) ;; *) status=1;; esac; \
	done; exit $$status
.PHONY: check-cross

# ---- system tests ----
SYSTEM_JOBS = 2
SYSTEM_TESTS =
include tests/system/system.mk
EXTRA_DIST += $(SYSTEM_TESTS)
# Programs that system tests run.
RUN_BY_SYSTEM_TESTS = tests/fuzz/fuzz-ofp tests/fuzz/fuzz-frames tests/bench/dp-forward tests/bench/udp-load tests/unit/ct-replay tests/unit/kernel-flows
check-programs: $(check_PROGRAMS) $(RUN_BY_SYSTEM_TESTS)
.PHONY: check-programs
check-system: all $(RUN_BY_SYSTEM_TESTS)
	cd '$(srcdir)/tests' && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=harness $(PYTHON3) -m system.run \
	  --build '$(abs_top_builddir)' --results '$(abs_top_builddir)/tests/system-results' --jobs $(SYSTEM_JOBS) $(SYSTEMFLAGS)
.PHONY: check-system
# On the kernel datapath: of the running kernel, else of the one that the program KERNEL_LAB runs (`KERNEL_LAB -t SECONDS
# -w DIR -- COMMAND`), else skipped.
check-kernel: all $(RUN_BY_SYSTEM_TESTS)
	cd '$(srcdir)/tests' && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=harness $(PYTHON3) -m system.run --datapath system \
	  --lab="$$KERNEL_LAB" --build '$(abs_top_builddir)' --results '$(abs_top_builddir)/tests/system-results-kernel' $(SYSTEMFLAGS)
.PHONY: check-kernel
EXTRA_DIST += tests/data/ofctl-samples.txt tests/data/ofctl-protocols.txt
