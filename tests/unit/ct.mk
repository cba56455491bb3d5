# Unit tests of ct.
ct_tests = \
	tests/unit/test-ct \
	tests/unit/test-ct-tcp
check_PROGRAMS += $(ct_tests)
TESTS += $(ct_tests)

tests_unit_test_ct_SOURCES = tests/unit/test-ct.c tests/unit/ct-frames.h
tests_unit_test_ct_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_tcp_SOURCES = tests/unit/test-ct-tcp.c tests/unit/ct-frames.h
tests_unit_test_ct_tcp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_tcp_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)
