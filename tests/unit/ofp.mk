# Unit tests of ofp.
check_PROGRAMS += tests/unit/test-error
TESTS += tests/unit/test-error
tests_unit_test_error_SOURCES = tests/unit/test-error.c
tests_unit_test_error_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_error_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-msg
TESTS += tests/unit/test-msg
MSG_AGAIN = tests/unit/msg-again.h tests/unit/msg-again.c
MSG_AGAIN += tests/unit/msg-again-switch.c tests/unit/msg-again-flow.c
MSG_AGAIN += tests/unit/msg-again-control.c
MSG_AGAIN += tests/unit/msg-again-group.c
tests_unit_test_msg_SOURCES = tests/unit/test-msg.c $(MSG_AGAIN)
tests_unit_test_msg_SOURCES += tests/unit/msg-samples.def tests/unit/frame-samples.def
tests_unit_test_msg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_msg_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-switch-msg
TESTS += tests/unit/test-switch-msg
tests_unit_test_switch_msg_SOURCES = tests/unit/test-switch-msg.c $(MSG_AGAIN)
tests_unit_test_switch_msg_SOURCES += tests/unit/switch-samples.def
tests_unit_test_switch_msg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_switch_msg_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-flow-mod
TESTS += tests/unit/test-flow-mod
tests_unit_test_flow_mod_SOURCES = tests/unit/test-flow-mod.c tests/unit/flow-samples.def
tests_unit_test_flow_mod_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_flow_mod_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-flow-msg
TESTS += tests/unit/test-flow-msg
tests_unit_test_flow_msg_SOURCES = tests/unit/test-flow-msg.c $(MSG_AGAIN)
tests_unit_test_flow_msg_SOURCES += tests/unit/flow-msg-prints.def tests/unit/flow-msg-encodes.def
tests_unit_test_flow_msg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_flow_msg_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test-msg-framing
TESTS += tests/unit/test-msg-framing
tests_unit_test_msg_framing_SOURCES = tests/unit/test-msg-framing.c
tests_unit_test_msg_framing_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_msg_framing_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)

# Mutated messages, against the codec or a daemon; a short run is part of the tests.
check_PROGRAMS += tests/fuzz/fuzz-ofp
TESTS += tests/fuzz/fuzz-ofp
tests_fuzz_fuzz_ofp_SOURCES = tests/fuzz/fuzz-ofp.c tests/fuzz/field_seeds.c tests/fuzz/field_seeds.h $(MSG_AGAIN)
tests_fuzz_fuzz_ofp_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_ofp_LDADD = $(OFP_LIBS)

# Groups and meters.
check_PROGRAMS += tests/unit/test-group tests/unit/test-meter
TESTS += tests/unit/test-group tests/unit/test-meter
tests_unit_test_group_SOURCES = tests/unit/test-group.c tests/unit/group-samples.def tests/unit/msg-check.h $(MSG_AGAIN)
tests_unit_test_group_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_group_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_meter_SOURCES = tests/unit/test-meter.c tests/unit/meter-samples.def tests/unit/msg-check.h $(MSG_AGAIN)
tests_unit_test_meter_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_meter_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)

# What sluice-ofctl reads captures with.
check_PROGRAMS += tests/unit/test-reassembly
TESTS += tests/unit/test-reassembly
tests_unit_test_reassembly_SOURCES = tests/unit/test-reassembly.c utilities/reassembly.c utilities/reassembly.h
tests_unit_test_reassembly_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reassembly_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
