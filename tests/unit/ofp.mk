# Unit tests of ofp.
check_PROGRAMS += tests/unit/test-error
TESTS += tests/unit/test-error
tests_unit_test_error_SOURCES = tests/unit/test-error.c
tests_unit_test_error_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_error_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-msg
TESTS += tests/unit/test-msg
tests_unit_test_msg_SOURCES = tests/unit/test-msg.c tests/unit/msg-samples.def tests/unit/frame-samples.def
tests_unit_test_msg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_msg_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-flow-mod
TESTS += tests/unit/test-flow-mod
tests_unit_test_flow_mod_SOURCES = tests/unit/test-flow-mod.c tests/unit/flow-samples.def
tests_unit_test_flow_mod_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_flow_mod_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
