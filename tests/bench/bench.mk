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
# Beside another revision, in turns: make bench-compare BASE=REVISION [BENCH='bench-dp bench-codec']
EXTRA_DIST += tests/bench/bench.h tests/bench/compare.py tests/bench/plots.py
bench-compare: $(BENCHES)
	@$(PYTHON3) '$(srcdir)/tests/bench/compare.py' '$(abs_top_builddir)' '$(abs_top_srcdir)' '$(BASE)' $(BENCH)
.PHONY: bench-compare
# Cost curves as SVG, by gnuplot.
bench-plots: $(BENCHES)
	@$(PYTHON3) '$(srcdir)/tests/bench/plots.py' '$(abs_top_builddir)' bench-plots
.PHONY: bench-plots
