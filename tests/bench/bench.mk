# `make bench` builds and runs the micro-benchmarks, which print nanoseconds per operation.
BENCHES =
BENCHES += tests/bench/bench-ct
BENCHES += tests/bench/bench-ct-store
BENCHES += tests/bench/bench-conntrack
BENCHES += tests/bench/bench-dp
BENCHES += tests/bench/bench-classifier
BENCHES += tests/bench/bench-codec
BENCHES += tests/bench/bench-kflow
EXTRA_PROGRAMS += $(BENCHES)
bench: $(BENCHES)
	@for b in $(BENCHES); do ./$$b || exit 1; done
.PHONY: bench
# On the kernel datapath, beside Open vSwitch's daemon; KERNEL_LAB as for check-kernel.
EXTRA_DIST += tests/bench/kernel.py
bench-kernel: all
	cd '$(srcdir)/tests' && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=harness $(PYTHON3) -m bench.kernel '$(abs_top_builddir)'
.PHONY: bench-kernel
