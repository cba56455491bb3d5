# Unit tests of the kernel datapath (lib/dp/kernel), without a kernel.
KERNEL_TEST_LIBS = lib/dp/libdp.la lib/ct/libct.la lib/io/libio.la $(PACKET_LIBS) $(IO_LIBS) $(PCAP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-nlkey
TESTS += tests/unit/test-nlkey
tests_unit_test_nlkey_SOURCES = tests/unit/test-nlkey.c tests/unit/packet-random.h tests/unit/kernel-random.h
tests_unit_test_nlkey_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_nlkey_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-nlaction
TESTS += tests/unit/test-nlaction
tests_unit_test_nlaction_SOURCES = tests/unit/test-nlaction.c
tests_unit_test_nlaction_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_nlaction_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-slow
TESTS += tests/unit/test-slow
tests_unit_test_slow_SOURCES = tests/unit/test-slow.c tests/unit/kernel-random.h
tests_unit_test_slow_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_slow_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-kflow
TESTS += tests/unit/test-kflow
tests_unit_test_kflow_SOURCES = tests/unit/test-kflow.c tests/unit/fake-kernel.h tests/unit/fake-meters.h tests/unit/kernel-random.h
tests_unit_test_kflow_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kflow_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-kernel
TESTS += tests/unit/test-kernel
tests_unit_test_kernel_SOURCES = tests/unit/test-kernel.c tests/unit/fake-kernel.h tests/unit/fake-meters.h tests/unit/kernel-random.h
tests_unit_test_kernel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kernel_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-kernel-errors
TESTS += tests/unit/test-kernel-errors
tests_unit_test_kernel_errors_SOURCES = tests/unit/test-kernel-errors.c tests/unit/fake-kernel.h tests/unit/fake-meters.h tests/unit/kernel-random.h
tests_unit_test_kernel_errors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kernel_errors_LDADD = $(KERNEL_TEST_LIBS)

# Not a unit test: random flows into the real kernel (`make check-kernel`).
EXTRA_PROGRAMS += tests/unit/kernel-flows
tests_unit_kernel_flows_SOURCES = tests/unit/kernel-flows.c tests/unit/kernel-random.h
tests_unit_kernel_flows_LDADD = $(DP_LIBS)
check_PROGRAMS += tests/unit/test-nlsock
TESTS += tests/unit/test-nlsock
tests_unit_test_nlsock_SOURCES = tests/unit/test-nlsock.c
tests_unit_test_nlsock_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_nlsock_LDADD = $(KERNEL_TEST_LIBS)

check_PROGRAMS += tests/fuzz/fuzz-netlink
TESTS += tests/fuzz/fuzz-netlink
tests_fuzz_fuzz_netlink_SOURCES = tests/fuzz/fuzz-netlink.c tests/unit/fake-kernel.h tests/unit/fake-meters.h tests/unit/kernel-random.h
tests_fuzz_fuzz_netlink_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_fuzz_fuzz_netlink_LDADD = $(KERNEL_TEST_LIBS)
check_PROGRAMS += tests/unit/test-kmeter
TESTS += tests/unit/test-kmeter
tests_unit_test_kmeter_SOURCES = tests/unit/test-kmeter.c tests/unit/fake-kernel.h tests/unit/fake-meters.h
tests_unit_test_kmeter_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kmeter_LDADD = $(KERNEL_TEST_LIBS)
