# `make bench` builds and runs the micro-benchmarks, which print nanoseconds per operation.
BENCHES =
BENCHES += tests/bench/bench-ct
BENCHES += tests/bench/bench-dp
BENCHES += tests/bench/bench-classifier
BENCHES += tests/bench/bench-codec
EXTRA_PROGRAMS += $(BENCHES)
bench: $(BENCHES)
	@for b in $(BENCHES); do ./$$b || exit 1; done
.PHONY: bench
