# Unit tests of ofp.
check_PROGRAMS += tests/unit/test-error
TESTS += tests/unit/test-error
tests_unit_test_error_SOURCES = tests/unit/test-error.c
tests_unit_test_error_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_error_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
