# Unit tests of io.
IO_TESTS = tests/unit/test-loop tests/unit/test-stream tests/unit/test-jsonrpc
check_PROGRAMS += $(IO_TESTS)
TESTS += $(IO_TESTS)
tests_unit_test_loop_SOURCES = tests/unit/test-loop.c
tests_unit_test_loop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_loop_LDADD = $(IO_LIBS) $(CMOCKA_LIBS)
tests_unit_test_stream_SOURCES = tests/unit/test-stream.c
tests_unit_test_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_stream_LDADD = $(IO_LIBS) $(CMOCKA_LIBS)
tests_unit_test_jsonrpc_SOURCES = tests/unit/test-jsonrpc.c
tests_unit_test_jsonrpc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jsonrpc_LDADD = $(IO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-config
TESTS += tests/unit/test-config
tests_unit_test_config_SOURCES = tests/unit/test-config.c
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_LDADD = vswitchd/libconfig.la $(IO_LIBS) $(CMOCKA_LIBS)
