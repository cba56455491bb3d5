# Unit tests of dp.
include tests/unit/kernel.mk

# Keys and actions in text.
check_PROGRAMS += tests/unit/test-format
TESTS += tests/unit/test-format
tests_unit_test_format_SOURCES = tests/unit/test-format.c
tests_unit_test_format_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_format_LDADD = lib/dp/libdp.a $(PACKET_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-odp
TESTS += tests/unit/test-odp
tests_unit_test_odp_SOURCES = tests/unit/test-odp.c tests/unit/odp-random.h tests/unit/packet-random.h
tests_unit_test_odp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_odp_LDADD = lib/dp/libdp.a $(PACKET_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-exec
TESTS += tests/unit/test-exec
tests_unit_test_exec_SOURCES = tests/unit/test-exec.c tests/unit/exec-env.h tests/unit/packet-random.h
tests_unit_test_exec_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
# Not libct: the program has a stand-in for the tracker.
tests_unit_test_exec_LDADD = lib/dp/libdp.a $(PACKET_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-cache
TESTS += tests/unit/test-cache
tests_unit_test_cache_SOURCES = tests/unit/test-cache.c
tests_unit_test_cache_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cache_LDADD = lib/dp/libdp.a $(PACKET_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-dp
TESTS += tests/unit/test-dp
tests_unit_test_dp_SOURCES = tests/unit/test-dp.c tests/unit/dp-fixture.h
tests_unit_test_dp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
# Not libct: the program has a stand-in for the tracker.
tests_unit_test_dp_LDADD = lib/dp/libdp.a lib/io/libio.a $(PACKET_LIBS) $(IO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-pass
TESTS += tests/unit/test-pass
tests_unit_test_pass_SOURCES = tests/unit/test-pass.c tests/unit/dp-fixture.h
tests_unit_test_pass_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
# Not libct: the program has a stand-in for the tracker.
tests_unit_test_pass_LDADD = lib/dp/libdp.a lib/io/libio.a $(PACKET_LIBS) $(IO_LIBS) $(CMOCKA_LIBS)

# Not a test: a wire made of a datapath, for measurements and system tests.
EXTRA_PROGRAMS += tests/bench/dp-forward tests/bench/udp-load
tests_bench_udp_load_SOURCES = tests/bench/udp-load.c
tests_bench_dp_forward_SOURCES = tests/bench/dp-forward.c
tests_bench_dp_forward_LDADD = $(DP_LIBS)
EXTRA_DIST += tests/system/test_afpacket.py

tests_bench_bench_dp_SOURCES = tests/bench/bench-dp.c
tests_bench_bench_dp_LDADD = $(DP_LIBS)
check_PROGRAMS += tests/unit/test-port
TESTS += tests/unit/test-port
tests_unit_test_port_SOURCES = tests/unit/test-port.c
tests_unit_test_port_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_port_LDADD = lib/dp/libdp.a lib/io/libio.a $(PACKET_LIBS) $(IO_LIBS) $(CMOCKA_LIBS)

# The kernel's connections, without a kernel.
check_PROGRAMS += tests/unit/test-kct
TESTS += tests/unit/test-kct
tests_unit_test_kct_SOURCES = tests/unit/test-kct.c tests/unit/kct-samples.def
tests_unit_test_kct_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kct_LDADD = lib/dp/libdp.a $(CT_LIBS) lib/io/libio.a $(PACKET_LIBS) $(IO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-meters
TESTS += tests/unit/test-meters
tests_unit_test_meters_SOURCES = tests/unit/test-meters.c
tests_unit_test_meters_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_meters_LDADD = $(DP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-conn-file
TESTS += tests/unit/test-conn-file
tests_unit_test_conn_file_SOURCES = tests/unit/test-conn-file.c
tests_unit_test_conn_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conn_file_LDADD = $(DP_LIBS) $(CMOCKA_LIBS)
